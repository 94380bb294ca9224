// What frames bring beside readings, and what gateways are answered.

#include "store_fixture.hpp"

#include <releve/store/uplink_ledger.hpp>

#include <algorithm>
#include <random>

namespace releve::store::test {

class Extras : public StoreTest {
protected:
    MeterId meter = add_meter("0000021861348497");
    BatchWriter writer{address, 1};
    Numbers numbers;
    std::uint64_t counter = 0;

    FrameWrite with(FrameExtras extras)
    {
        FrameWrite write;
        write.meter = meter;
        write.counter = ++counter;
        write.digest = counter;
        write.received_at = at("2024-03-30T10:00:00Z");
        write.extra() = std::move(extras);
        return write;
    }
    FrameWrite live(const char* when, std::int64_t value)
    {
        FrameExtras extras;
        extras.live.push_back({"PAPP", at(when), value, Unit::volt_ampere, 0, true});
        extras.live.push_back({"BASE", at(when), value * 10, Unit::watt_hour, 0, false});
        return with(std::move(extras));
    }
    BatchResult write(std::vector<FrameWrite> frames, std::vector<ReceptionWrite> receptions = {})
    {
        auto request = numbers.request(frames);
        request.receptions = receptions;
        return writer.write(request).value();
    }
};

TEST_F(Extras, live_values_are_the_last_and_sums_by_half_hour)
{
    add_usage_point("09876543210987");
    install(meter, "09876543210987");
    (void)write({live("2024-03-30T09:59:58Z", 100), live("2024-03-30T10:00:00Z", 300), live("2024-03-30T10:00:02Z", 500)});
    (void)write({live("2024-03-30T10:00:04Z", 700)});
    EXPECT_EQ(ask(DbRole::owner, "SELECT label, value, unit FROM live_value ORDER BY label"), "BASE|7000|30\nPAPP|700|28");
    EXPECT_EQ(ask(DbRole::owner, "SELECT label, to_char(start AT TIME ZONE 'UTC', 'HH24:MI'), samples, total FROM live_half_hour "
                                 "ORDER BY start"),
              "PAPP|09:30|1|100\nPAPP|10:00|3|1500");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_day"), "0");
    const std::string household = add_token("household", {}, {"09876543210987"});
    EXPECT_EQ(ask(DbRole::api, "SELECT count(*) FROM live_value", household), "2");
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(ask(DbRole::api, "SELECT count(*) FROM live_value", household), "0");
    EXPECT_EQ(ask(DbRole::api, "SELECT count(*) FROM live_half_hour", household), "0");
}

TEST_F(Extras, live_values_of_a_home_that_chose_daily_totals_meanwhile_are_refused)
{
    add_usage_point("09876543210987", "root", "daily");
    install(meter, "09876543210987");
    const auto result = write({live("2024-03-30T10:00:00Z", 300)});
    EXPECT_EQ(result.outcomes.front(), FrameOutcome::refused);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM live_value"), "0");
}

TEST_F(Extras, an_event_is_noted_once)
{
    const FrameExtras alarm{.events = {{"low_battery", "", at("2024-03-30T06:00:00Z")}}, .live = {}, .command_sent = {}, .command_result = {}};
    (void)write({with(alarm)});
    (void)write({with(alarm)});
    EXPECT_EQ(ask(DbRole::owner, "SELECT kind, batch FROM event"), "low_battery|1");
}

TEST_F(Extras, a_command_is_sent_and_finished_with_the_frames_that_say_so)
{
    owner("INSERT INTO command (meter_id, kind, summary, payload, key_id, counter, created_at, expires_at) VALUES "
          "(1, 'exec_instping', '', '', 1, 7, '2024-03-30', '2024-04-30')");
    FrameExtras sent;
    sent.command_sent = CommandId{1};
    (void)write({with(sent)});
    (void)write({with(sent)});
    EXPECT_EQ(ask(DbRole::owner, "SELECT state, attempts FROM command"), "sent|2");
    FrameExtras done;
    done.command_result = {CommandId{1}, true, "ok"};
    (void)write({with(done)});
    (void)write({with(sent)}); // late, of another writer's memory
    EXPECT_EQ(ask(DbRole::owner, "SELECT state, result, attempts FROM command"), "done|ok|2");
    CollectStore{address}.expire_commands(at("2025-01-01T00:00:00Z"));
    EXPECT_EQ(ask(DbRole::owner, "SELECT state FROM command"), "done");
}

TEST_F(Extras, the_best_signal_of_the_last_frame_stays_whatever_the_order)
{
    std::vector<ReceptionWrite> heard;
    for (const std::uint64_t frame : {1U, 2U, 3U})
        for (const int dbm : {-110, -70, 0})
            heard.push_back({meter, frame, "gw" + std::to_string(dbm), static_cast<std::int16_t>(dbm + static_cast<int>(frame) * (dbm != 0)),
                             at("2024-03-30T10:00:00Z"), 1});
    std::mt19937 chance{5};
    for (int round = 0; round < 20; ++round) {
        std::ranges::shuffle(heard, chance);
        std::optional<ReceptionWrite> in_memory;
        for (const ReceptionWrite& one : heard) {
            (void)write({live("2024-03-30T10:00:00Z", 1)}, {one});
            if (!in_memory)
                in_memory = one;
            else
                combine(*in_memory, one);
        }
        EXPECT_EQ(ask(DbRole::owner, "SELECT counter, gateway, signal_dbm, heard_by FROM meter_reception"), "3|gw-70|-67|3");
        EXPECT_EQ(in_memory->gateway, "gw-70");
        EXPECT_EQ(in_memory->heard_by, 3);
        owner("TRUNCATE meter_reception");
    }
}

class Ledger : public StoreTest {
protected:
    UplinkLedgerStore ledger{address};

    void SetUp() override { owner("INSERT INTO gateway (id, organisation) VALUES ('gw', 'root')"); }
    void acknowledge(std::initializer_list<std::uint64_t> sequences)
    {
        std::vector<UplinkAckRow> rows;
        for (const std::uint64_t sequence : sequences)
            rows.push_back({"gw", sequence, sequence * 10, Bytes(3, std::byte{0x5a}), at("2024-03-30T10:00:00Z")});
        ledger.save(rows);
    }
    std::uint64_t up_to() { return ledger.gateway("gw")->acknowledged_up_to; }
};

TEST_F(Ledger, numbers_are_acknowledged_up_to_the_first_that_is_missing)
{
    EXPECT_EQ(up_to(), 0U);
    acknowledge({2, 3});
    EXPECT_EQ(up_to(), 0U);
    acknowledge({5});
    acknowledge({1});
    EXPECT_EQ(up_to(), 3U);
    acknowledge({4});
    EXPECT_EQ(up_to(), 5U);
    acknowledge({4, 7});
    EXPECT_EQ(up_to(), 5U);
}

TEST_F(Ledger, an_answer_stays_as_it_was_given_first)
{
    EXPECT_FALSE(ledger.find("gw", 1));
    acknowledge({1});
    const UplinkAckRow other{"gw", 1, 99, {}, at("2024-03-30T11:00:00Z")};
    ledger.save({&other, 1});
    const auto found = ledger.find("gw", 1);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->digest, 10U);
    EXPECT_EQ(found->ack, Bytes(3, std::byte{0x5a}));
    EXPECT_FALSE(ledger.gateway("nobody"));
}

TEST_F(Ledger, answers_are_let_go_by_age_and_with_them_what_never_came)
{
    acknowledge({1, 3});
    CollectStore{address}.prune({}, at("2024-04-10T10:00:00Z"));
    EXPECT_TRUE(ledger.find("gw", 3)) << "2 may still come";
    EXPECT_EQ(up_to(), 1U);
    CollectStore{address}.prune({}, at("2024-12-30T10:00:00Z"));
    EXPECT_FALSE(ledger.find("gw", 1));
    EXPECT_FALSE(ledger.find("gw", 3));
    EXPECT_EQ(up_to(), 3U) << "2 would now be too old";
}

TEST_F(StoreTest, a_dongle_hangs_beside_the_meter_and_nothing_else_does)
{
    add_usage_point("09876543210987");
    install(add_meter("4c4b590000000001"), "09876543210987");
    const MeterId dongle = add_meter("0000021861348497"), other = add_meter("4c4b590000000002");
    owner("INSERT INTO installation (meter_id, usage_point, validity, purpose) VALUES (" + std::to_string(dongle.value) +
          ", '09876543210987', tstzrange('2024-01-01', NULL), 'live')");
    EXPECT_EQ(ask(DbRole::owner, "INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + std::to_string(other.value) +
                                     ", '09876543210987', tstzrange('2024-06-01', NULL))"),
              "error 23P01");
}

} // namespace releve::store::test
