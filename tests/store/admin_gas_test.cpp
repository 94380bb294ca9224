// Networks, gateways, numbered keys, dongles, commands and conversion coefficients, as the command line changes them.

#include "store_fixture.hpp"

#include <releve/crypto/aes.hpp>
#include <releve/store/admin_store.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

namespace releve::store::test {

namespace {

const std::string address_of_meter = "8d04785634120103";
const std::string gas_point = "21000000000001";

Bytes key_bytes(int key)
{
    return Bytes(16, static_cast<std::byte>(key));
}

} // namespace

class AdminGas : public StoreTest {
protected:
    AdminStore store{address, test_model};
    crypto::Key256 master = crypto::Key256::from(Bytes(32, std::byte{9})).value();

    static MeterImportRow row(std::uint8_t key_id, int key)
    {
        MeterImportRow row;
        row.line = 2;
        row.system_title = address_of_meter;
        row.protocol = "wize";
        row.model = "test";
        row.policy = "authenticated_encrypted";
        row.replay = "strict";
        row.key_id = key_id;
        row.encryption_key = key_bytes(key);
        row.usage_point = gas_point;
        row.energy = "gas";
        row.installed_from = at("2024-01-01T00:00:00Z");
        return row;
    }
    static MeterImportRow electric(const char* title, const char* protocol, const char* from = "2024-01-01T00:00:00Z")
    {
        MeterImportRow electric = row(0, 1);
        electric.system_title = title;
        electric.protocol = protocol;
        electric.encryption_key = {};
        electric.usage_point = "01000000000001";
        electric.energy = "electricity";
        electric.installed_from = at(from);
        return electric;
    }
    result<ImportSummary> import(const std::vector<MeterImportRow>& rows) { return store.import_meters(rows, master, "root", false); }
    /// A meter with Kenc 1 and Kchg.
    void import_meter() { EXPECT_TRUE(import({row(1, 1), row(15, 15)})); }

    static NewCommand read_command(int n = 0)
    {
        NewCommand command;
        command.address = address_of_meter;
        command.kind = "read_parameters";
        command.summary = "clock";
        command.message = Bytes{std::byte{0x10}, static_cast<std::byte>(n)};
        command.created_at = at("2024-03-01T10:00:00Z");
        command.expires_at = at("2124-03-01T10:00:00Z");
        return command;
    }
    static NewCommand write_key(std::uint8_t key_id, int key)
    {
        NewCommand command = read_command();
        command.kind = "write_key";
        command.new_key_id = key_id;
        command.new_key = crypto::Key128::from(key_bytes(key)).value();
        return command;
    }
    result<QueuedCommand> queue(const NewCommand& command) { return store.queue_command(command, master); }
    std::string refusal(const NewCommand& command)
    {
        const auto queued = queue(command);
        EXPECT_FALSE(queued);
        return queued ? "" : queued.error().detail;
    }
    /// "key id/generation=first byte" of every key that the collector loads.
    std::set<std::string> loaded_keys()
    {
        std::set<std::string> keys;
        for (const DeviceRow& device : CollectStore{address}.load_devices().rows)
            for (const WrappedKey& key : device.keys) {
                const Bytes clear =
                    crypto::unwrap_secret(master, key.encryption, key_context(device.meter, key.generation, "encryption")).value();
                keys.insert(std::to_string(key.key_id) + "/" + std::to_string(key.generation) + "=" +
                            std::to_string(std::to_integer<int>(clear[0])));
            }
        return keys;
    }
};

// ---------------------------------------------------------------- import

TEST_F(AdminGas, keys_count_on_by_meter_and_each_number_has_its_two_newest)
{
    EXPECT_EQ(import({row(1, 11), row(2, 12), row(15, 13)}).value().keys_new, 3);
    EXPECT_EQ(import({row(1, 11), row(2, 12), row(15, 13)}).value().keys_new, 0);
    EXPECT_EQ(import({row(2, 22)}).value().keys_new, 1);
    EXPECT_EQ(loaded_keys(), (std::set<std::string>{"1/1=11", "2/2=12", "15/3=13", "2/4=22"}));
    EXPECT_EQ(import({row(2, 12)}).value().keys_new, 0) << "the one before the newest of its number";
    EXPECT_EQ(import({row(1, 11)}).value().keys_new, 0) << "the newest of its number, however many came since";
    EXPECT_EQ(import({row(1, 12)}).value().keys_new, 1) << "known, but under another number";
    EXPECT_EQ(import({row(2, 32)}).value().keys_new, 1);
    EXPECT_EQ(loaded_keys(), (std::set<std::string>{"1/1=11", "1/5=12", "15/3=13", "2/4=22", "2/6=32"}));
}

TEST_F(AdminGas, a_dongle_hangs_beside_the_meter_and_neither_ends_the_other)
{
    (void)import({electric("4c4b590000000001", "dlms")}).value();
    (void)import({electric("0000021728123456", "tic", "2024-02-01T00:00:00Z")}).value();
    const std::string installed = "SELECT m.protocol, i.purpose, upper_inf(i.validity) FROM installation i JOIN meter m ON m.id = "
                                  "i.meter_id ORDER BY i.id";
    EXPECT_EQ(ask(DbRole::owner, installed), "dlms|metering|t\ntic|live|t");
    (void)import({electric("4c4b590000000002", "dlms", "2024-03-01T00:00:00Z")}).value();
    EXPECT_EQ(ask(DbRole::owner, installed), "dlms|metering|f\ntic|live|t\ndlms|metering|t");
    (void)import({electric("0000021728123457", "tic", "2024-04-01T00:00:00Z")}).value();
    EXPECT_EQ(ask(DbRole::owner, installed), "dlms|metering|f\ntic|live|f\ndlms|metering|t\ntic|live|t");
    const auto again = import({electric("0000021728123458", "tic", "2024-04-01T00:00:00Z")});
    EXPECT_EQ(again.error().detail,
              "row 2, column installed_from: another meter has been at this usage point since 2024-04-01T00:00:00Z");
    const auto other = import({electric("0000021728123457", "dlms", "2024-04-01T00:00:00Z")});
    EXPECT_EQ(other.error().detail, "row 2, column protocol: this meter is installed for another purpose: live");
}

// ---------------------------------------------------------------- networks and gateways

TEST_F(AdminGas, a_network_has_one_kmac_which_only_the_collector_reads)
{
    CollectStore collector{address};
    (void)collector.last_batch();
    const auto wrapped = [&](int key) { return crypto::wrap_secret(master, key_bytes(key), network_key_context(7)); };
    EXPECT_TRUE(store.set_network(7, wrapped(1)));
    EXPECT_EQ(collector.wait_for_notifications(std::chrono::minutes{1}), std::vector<std::string>{"devices:*"});
    EXPECT_TRUE(store.set_network(7, wrapped(2)));
    const auto networks = collector.load_networks();
    ASSERT_EQ(networks.size(), 1U);
    EXPECT_EQ(crypto::unwrap_secret(master, networks[0].kmac, network_key_context(7)).value(), key_bytes(2));
    ASSERT_EQ(store.list_networks().size(), 1U);
    EXPECT_EQ(store.list_networks()[0].netid, 7);
    EXPECT_EQ(ask(DbRole::work, "SELECT kmac FROM wize_network"), "error 42501");
    EXPECT_EQ(ask(DbRole::owner, "SELECT action, detail FROM audit"), "set_network|network 7\nset_network|network 7");
}

TEST_F(AdminGas, gateways_are_added_once_and_disabled_and_enabled)
{
    EXPECT_TRUE(store.add_gateway({.id = "roof-1", .organisation = "root", .label = "Town hall", .crc_may_be_zero = true}));
    EXPECT_EQ(store.add_gateway({.id = "roof-1", .organisation = "root", .label = ""}).error().detail,
              "the gateway `roof-1` is there already");
    EXPECT_EQ(store.add_gateway({.id = "roof 1", .organisation = "root", .label = ""}).error().code, errc::bad_parameter);
    EXPECT_EQ(store.add_gateway({.id = "roof-2", .organisation = "nowhere", .label = ""}).error().code, errc::not_found);
    owner("UPDATE gateway SET acknowledged_up_to = 12, last_batch_at = '2024-03-01T10:00:00Z'");
    EXPECT_TRUE(store.set_gateway_disabled("roof-1", true));
    const auto listed = store.list_gateways();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].label, "Town hall");
    EXPECT_TRUE(listed[0].crc_may_be_zero && listed[0].disabled_at);
    EXPECT_EQ(listed[0].acknowledged_up_to, 12U);
    EXPECT_EQ(listed[0].last_batch_at, at("2024-03-01T10:00:00Z"));
    EXPECT_TRUE(store.set_gateway_disabled("roof-1", true));
    EXPECT_EQ(store.list_gateways()[0].disabled_at, listed[0].disabled_at) << "since when it is, is not forgotten";
    EXPECT_TRUE(store.set_gateway_disabled("roof-1", false));
    EXPECT_FALSE(store.list_gateways()[0].disabled_at);
    EXPECT_EQ(store.set_gateway_disabled("roof-9", true).error().code, errc::not_found);
    EXPECT_TRUE(store.change_gateway("roof-1", "The tower", {}));
    EXPECT_TRUE(store.change_gateway("roof-1", {}, false));
    EXPECT_EQ(store.list_gateways()[0].label, "The tower");
    EXPECT_FALSE(store.list_gateways()[0].crc_may_be_zero);
    EXPECT_EQ(store.change_gateway("roof-9", "", {}).error().code, errc::not_found);
    EXPECT_EQ(ask(DbRole::owner, "SELECT action FROM audit ORDER BY id"),
              "add_gateway\ndisable_gateway\ndisable_gateway\nenable_gateway\nchange_gateway\nchange_gateway");
}

// ---------------------------------------------------------------- commands

TEST_F(AdminGas, a_command_waits_wrapped_with_its_counter_and_key)
{
    import_meter();
    CollectStore collector{address};
    (void)collector.last_batch();
    const auto queued = queue(read_command(7)).value();
    EXPECT_EQ(queued.counter, 1);
    EXPECT_EQ(queued.key_id, 1);
    EXPECT_EQ(collector.wait_for_notifications(std::chrono::minutes{1}),
              std::vector<std::string>{"devices:" + address_of_meter});
    const auto device = collector.load_devices().rows.at(0);
    ASSERT_EQ(device.commands.size(), 1U);
    EXPECT_EQ(device.commands[0].id, queued.id);
    EXPECT_EQ(crypto::unwrap_secret(master, device.commands[0].payload, command_context(device.meter, 1)).value(),
              (Bytes{std::byte{0x10}, std::byte{7}}));
    EXPECT_EQ(ask(DbRole::owner, "SELECT action, organisation, detail FROM audit ORDER BY id DESC LIMIT 1"),
              "queue_command|root|command 1, read_parameters to " + address_of_meter + ": clock");
    EXPECT_EQ(ask(DbRole::work, "SELECT payload FROM command"), "error 42501");
}

TEST_F(AdminGas, commands_go_to_wize_meters_whose_keys_are_known)
{
    EXPECT_EQ(refusal(read_command()), "there is no meter " + address_of_meter);
    auto bare = row(0, 0);
    bare.encryption_key = {};
    (void)import({bare}).value();
    EXPECT_EQ(refusal(read_command()), "no key of this meter is known: import one first");
    (void)import({row(2, 2)}).value();
    EXPECT_EQ(queue(read_command()).value().key_id, 2);
    EXPECT_EQ(refusal(write_key(3, 3)),
              "keys are written under key 15 (Kchg), and none of this meter is known: import it first");
    EXPECT_EQ(loaded_keys(), std::set<std::string>{"2/1=2"}) << "nothing of it stays";
    (void)import({row(15, 15)}).value();
    EXPECT_EQ(queue(read_command()).value().key_id, 2) << "Kchg is for keys";
    auto electric_meter = read_command();
    electric_meter.address = "4c4b590000000001";
    (void)import({electric("4c4b590000000001", "dlms")}).value();
    EXPECT_EQ(refusal(electric_meter), "4c4b590000000001 is a meter of the protocol dlms: only Wize meters take commands");
}

TEST_F(AdminGas, no_more_than_sixteen_wait)
{
    import_meter();
    for (int i = 0; i < commands_open_max; ++i)
        ASSERT_TRUE(queue(read_command(i)));
    EXPECT_EQ(refusal(read_command()), "16 commands wait for this meter already, which is the most: cancel one, or wait until one is "
                                       "over");
    const auto open = store.list_commands(address_of_meter, true, 100);
    ASSERT_EQ(open.size(), 16U);
    EXPECT_EQ(open.front().counter, 16) << "the newest first";
    EXPECT_TRUE(store.cancel_command(open.back().id));
    EXPECT_EQ(store.cancel_command(open.back().id).error().detail,
              "command " + std::to_string(open.back().id.value) + " is cancelled already");
    EXPECT_EQ(store.cancel_command(CommandId{999}).error().code, errc::not_found);
    EXPECT_EQ(queue(read_command()).value().counter, 17);
    EXPECT_EQ(store.list_commands(address_of_meter, true, 100).size(), 16U);
    EXPECT_EQ(store.list_commands("", false, 100).size(), 17U);
    EXPECT_EQ(store.list_commands("", false, 3).size(), 3U);
    EXPECT_TRUE(store.list_commands("0000000000000000", false, 3).empty());
    // Time that is over makes room, also before the collector has noted it.
    owner("UPDATE command SET expires_at = created_at + interval '1 second' WHERE state = 'queued'");
    auto later = read_command();
    later.created_at += Seconds{60};
    EXPECT_TRUE(queue(later));
    EXPECT_EQ(store.list_commands(address_of_meter, true, 100).size(), 1U);
    EXPECT_EQ(store.list_commands(address_of_meter, false, 100).at(1).state, "expired");
}

TEST_F(AdminGas, counters_go_round_after_65536)
{
    import_meter();
    (void)queue(read_command()).value();
    owner("UPDATE command SET counter = 65535, state = 'done'");
    EXPECT_EQ(queue(read_command()).value().counter, 0);
    EXPECT_EQ(queue(read_command()).value().counter, 1);
}

TEST_F(AdminGas, commands_queued_at_once_have_counters_of_their_own_and_keep_the_limit)
{
    import_meter();
    constexpr int clerks = 4, each = 6;
    std::vector<std::vector<std::uint16_t>> given(clerks);
    std::vector<std::thread> threads;
    for (int clerk = 0; clerk < clerks; ++clerk)
        threads.emplace_back([&, clerk] {
            AdminStore own{address};
            for (int i = 0; i < each; ++i)
                if (const auto queued = own.queue_command(read_command(i), master))
                    given[static_cast<std::size_t>(clerk)].push_back(queued->counter);
        });
    for (std::thread& thread : threads)
        thread.join();
    std::set<std::uint16_t> counters;
    std::size_t count = 0;
    for (const auto& some : given) {
        counters.insert(some.begin(), some.end());
        count += some.size();
    }
    EXPECT_EQ(count, 16U);
    EXPECT_EQ(counters.size(), 16U);
    EXPECT_EQ(*counters.begin(), 1);
    EXPECT_EQ(*counters.rbegin(), 16);
}

TEST_F(AdminGas, a_written_key_is_known_at_once_and_the_present_one_is_not_forgotten)
{
    import_meter();
    const auto queued = queue(write_key(1, 21)).value();
    EXPECT_EQ(queued.key_id, 15);
    EXPECT_EQ(loaded_keys(), (std::set<std::string>{"1/1=1", "1/3=21", "15/2=15"}));
    EXPECT_EQ(store.list_commands("", true, 1).at(0).summary, "key 1");
    EXPECT_TRUE(queue(write_key(1, 21))) << "the same once more";
    EXPECT_EQ(refusal(write_key(1, 31)).substr(0, 60), "command 2 brought another key 1 that the meter has not confi");
    owner("UPDATE command SET state = 'failed'");
    EXPECT_FALSE(queue(write_key(1, 31))) << "it may have been taken although no answer came";
    EXPECT_EQ(loaded_keys(), (std::set<std::string>{"1/1=1", "1/3=21", "15/2=15"}));
    owner("UPDATE command SET state = 'done'");
    EXPECT_EQ(queue(write_key(2, 41)).value().key_id, 15);
    EXPECT_EQ(queue(read_command()).value().key_id, 1) << "key 2 is not confirmed";
    owner("UPDATE command SET state = 'done' WHERE summary = 'key 2'");
    EXPECT_EQ(queue(read_command()).value().key_id, 2);
    EXPECT_TRUE(queue(write_key(2, 51)));
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM audit WHERE detail LIKE '%31%' OR detail LIKE '%15151515%'"), "0");
}

// ---------------------------------------------------------------- conversion coefficients

class Coefficients : public AdminGas {
protected:
    Coefficients() { owner("INSERT INTO usage_point (id, energy, organisation) VALUES ('" + gas_point + "', 'gas', 'root')"); }

    result<std::int64_t> set(const char* from, const char* to, std::int64_t value)
    {
        Coefficient coefficient{gas_point, day(from), {}, value, 0};
        if (to != nullptr)
            coefficient.to = day(to);
        return store.set_coefficients({&coefficient, 1});
    }
    /// "from..to=value" by day.
    std::string believed(std::optional<Instant> known_at = {})
    {
        std::string text;
        for (const KnownCoefficient& row : store.list_coefficients(gas_point, known_at).value())
            text += (text.empty() ? "" : " ") + to_iso8601(row.from) + ".." + (row.to ? to_iso8601(*row.to) : "") + "=" +
                    std::to_string(row.kwh_per_m3_e5);
        return text;
    }
};

TEST_F(Coefficients, a_correction_keeps_the_days_around_it)
{
    EXPECT_EQ(set("2024-01-01", nullptr, 1'100'000).value(), 1);
    EXPECT_EQ(set("2024-02-01", "2024-03-01", 1'129'000).value(), 1);
    EXPECT_EQ(believed(), "2024-01-01..2024-02-01=1100000 2024-02-01..2024-03-01=1129000 2024-03-01..=1100000");
    EXPECT_EQ(set("2024-01-15", "2024-02-15", 1'150'000).value(), 1) << "over two";
    EXPECT_EQ(believed(), "2024-01-01..2024-01-15=1100000 2024-01-15..2024-02-15=1150000 2024-02-15..2024-03-01=1129000 "
                          "2024-03-01..=1100000");
    EXPECT_EQ(set("2024-01-01", nullptr, 1'000'000).value(), 1) << "over all";
    EXPECT_EQ(believed(), "2024-01-01..=1000000");
    EXPECT_EQ(set("2024-05-01", "2024-06-01", 1'000'000).value(), 0) << "believed already";
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM audit WHERE usage_point = '" + gas_point + "'"), "4");
    EXPECT_EQ(ask(DbRole::owner, "SELECT detail FROM audit ORDER BY id OFFSET 1 LIMIT 1"),
              "1129000e-5 kWh per m3 from 2024-02-01 to 2024-03-01");
}

TEST_F(Coefficients, what_cannot_be_is_refused)
{
    add_usage_point("01000000000001");
    Coefficient electric{"01000000000001", day("2024-01-01"), {}, 1'100'000, 3};
    EXPECT_EQ(store.set_coefficients({&electric, 1}).error().detail,
              "row 3, column usage_point: 01000000000001 has electricity, not gas");
    electric.usage_point = "99999999999999";
    electric.line = 0;
    EXPECT_EQ(store.set_coefficients({&electric, 1}).error().detail, "usage_point: there is no usage point 99999999999999");
    EXPECT_EQ(set("2024-01-01", nullptr, 99'999).error().code, errc::bad_parameter);
    EXPECT_EQ(set("2024-01-01", nullptr, 2'000'001).error().code, errc::bad_parameter);
    EXPECT_EQ(set("2024-01-01", "2024-01-01", 1'100'000).error().detail, "to: is not after `from`");
    EXPECT_EQ(store.list_coefficients("99999999999999", {}).error().code, errc::not_found);
    const std::vector<Coefficient> rows{{gas_point, day("2024-01-01"), {}, 1'100'000, 2},
                                        {"99999999999999", day("2024-01-01"), {}, 1'100'000, 3}};
    EXPECT_EQ(store.set_coefficients(rows).error().code, errc::bad_csv);
    EXPECT_EQ(believed(), "") << "all or none";
}

TEST_F(Coefficients, known_at_an_instant_is_what_was_believed_then)
{
    (void)set("2024-01-01", nullptr, 1'100'000).value();
    // As if it had been believed for an hour: instants are asked for in whole seconds.
    owner("UPDATE conversion_coefficient SET known = tstzrange(lower(known) - interval '1 hour', NULL)");
    const Instant then = std::chrono::floor<Seconds>(std::chrono::system_clock::now()) - std::chrono::minutes{30};
    (void)set("2024-02-01", nullptr, 1'129'000).value();
    EXPECT_EQ(believed(then), "2024-01-01..=1100000");
    EXPECT_EQ(believed(then - std::chrono::hours{1}), "");
    EXPECT_EQ(believed(), "2024-01-01..2024-02-01=1100000 2024-02-01..=1129000");
}

TEST_F(Coefficients, whatever_is_set_what_was_known_at_an_earlier_instant_never_changes)
{
    pg::Connection connection{address, DbRole::owner};
    const auto known_at = [&](const std::string& moment) {
        const pg::Rows rows = connection.run("SELECT coalesce(string_agg(validity::text || kwh_per_m3_e5, ' ' ORDER BY validity), "
                                             "'') FROM conversion_coefficient WHERE known @> $1::text::timestamptz",
                                             pg::Params{}.add(moment));
        return std::string{rows.text(0, 0)};
    };
    std::map<int, std::int64_t> days; // a day's coefficient, as a plain reading of the calls gives it
    std::vector<std::pair<std::string, std::string>> seen;
    std::mt19937 random{20240};
    constexpr int horizon = 40;
    for (int step = 0; step < 60; ++step) {
        const int from = static_cast<int>(random() % horizon), length = 1 + static_cast<int>(random() % 12);
        const std::int64_t value = 1'100'000 + static_cast<std::int64_t>(random() % 3);
        Coefficient coefficient{gas_point, day("2024-01-01") + std::chrono::days{from}, {}, value, 0};
        coefficient.to = coefficient.from + std::chrono::days{length};
        ASSERT_TRUE(store.set_coefficients({&coefficient, 1}));
        for (int d = from; d < from + length; ++d)
            days[d] = value;
        const std::string moment{connection.run("SELECT clock_timestamp()::text", {}).text(0, 0)};
        seen.emplace_back(moment, known_at(moment));
        std::map<int, std::int64_t> now;
        for (const KnownCoefficient& row : store.list_coefficients(gas_point, {}).value())
            for (CivilDay d = row.from; d < *row.to; d += std::chrono::days{1})
                ASSERT_TRUE(now.emplace((d - day("2024-01-01")).count(), row.kwh_per_m3_e5).second);
        ASSERT_EQ(now, days) << "step " << step;
    }
    for (const auto& [moment, answer] : seen)
        EXPECT_EQ(known_at(moment), answer) << moment;
    EXPECT_EQ(ask(DbRole::work, "DELETE FROM conversion_coefficient"), "error 42501");
}

TEST_F(Coefficients, two_who_set_at_once_are_one_after_the_other)
{
    constexpr int each = 15;
    const auto set_some = [&](std::int64_t value) {
        AdminStore own{address};
        for (int i = 0; i < each; ++i) {
            const Coefficient coefficient{gas_point, day("2024-01-01") + std::chrono::days{i}, {}, value + i, 0};
            EXPECT_TRUE(own.set_coefficients({&coefficient, 1}));
        }
    };
    std::thread other{set_some, 1'200'000};
    set_some(1'100'000);
    other.join();
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM conversion_coefficient WHERE isempty(known)"), "0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM audit WHERE action = 'set_coefficient'"), std::to_string(2 * each));
}

} // namespace releve::store::test
