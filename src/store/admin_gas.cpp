// Radio networks, gateways and commands to meters.

#include "admin_impl.hpp"
#include "admin_keys.hpp"

#include <releve/crypto/aes.hpp>

namespace releve::store {

namespace {

constexpr std::uint8_t keysel_change = 15; // of Kchg, under which keys are written

} // namespace

// ---------------------------------------------------------------- networks and gateways

result<void> AdminStore::set_network(std::uint8_t netid, ByteView kmac)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        work.run("INSERT INTO wize_network (netid, kmac) VALUES ($1::int2, $2::bytea) "
                 "ON CONFLICT (netid) DO UPDATE SET kmac = $2::bytea, recorded_at = now()",
                 {netid, kmac});
        note_change(work, {"set_network", {}, {}, "network " + std::to_string(netid)});
        // It is of no one device: the collector loads everything again. Gateways it looks up at each batch.
        work.run("SELECT pg_notify('releve_devices', 'devices:*')");
        return {};
    });
}

std::vector<KnownNetwork> AdminStore::list_networks()
{
    return impl_->session
        .transaction([](Work& work) -> result<std::vector<KnownNetwork>> {
            std::vector<KnownNetwork> list;
            for (const Row& row :
                 work.run("SELECT netid, extract(epoch FROM recorded_at)::int8 FROM wize_network ORDER BY netid"))
                list.push_back({static_cast<std::uint8_t>(row.integer(0)), row.instant(1)});
            return list;
        })
        .value();
}

result<void> AdminStore::add_gateway(const GatewayRow& gateway)
{
    try {
        return impl_->session.transaction([&](Work& work) -> result<void> {
            if (work.run("SELECT FROM organisation WHERE id = $1", {gateway.organisation}).empty())
                return fail(errc::not_found, "there is no organisation `" + gateway.organisation + "`");
            work.run("INSERT INTO gateway (id, organisation, label, crc_may_be_zero) VALUES ($1, $2, $3, $4::boolean)",
                     {gateway.id, gateway.organisation, gateway.label, gateway.crc_may_be_zero});
            note_change(work, {"add_gateway", gateway.organisation, {}, "gateway " + gateway.id});
            return {};
        });
    } catch (const pg::SqlError& error) {
        if (error.sqlstate == "23505")
            return fail(errc::bad_parameter, "the gateway `" + gateway.id + "` is there already");
        if (error.sqlstate == "23514")
            return fail(errc::bad_parameter, "a gateway is named as its certificate is (common name): at most 64 of a-z, A-Z, "
                                             "0-9, dot, dash and underscore");
        throw;
    }
}

std::vector<GatewayRow> AdminStore::list_gateways()
{
    return impl_->session
        .transaction([](Work& work) -> result<std::vector<GatewayRow>> {
            std::vector<GatewayRow> list;
            for (const Row& row :
                 work.run("SELECT id, organisation, label, crc_may_be_zero, extract(epoch FROM disabled_at)::int8, "
                          "extract(epoch FROM last_batch_at)::int8, acknowledged_up_to FROM gateway ORDER BY id"))
                list.push_back({row.text(0), row.text(1), row.text(2), row.boolean(3), row.maybe_instant(4), row.maybe_instant(5),
                                static_cast<std::uint64_t>(row.integer(6))});
            return list;
        })
        .value();
}

result<void> AdminStore::set_gateway_disabled(const std::string& id, bool disabled)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        const Table changed = work.run("UPDATE gateway SET disabled_at = CASE WHEN $2::boolean THEN coalesce(disabled_at, now()) "
                                       "END WHERE id = $1 RETURNING organisation",
                                       {id, disabled});
        if (changed.empty())
            return fail(errc::not_found, "there is no gateway `" + id + "`");
        note_change(work, {disabled ? "disable_gateway" : "enable_gateway", changed[0].text(0), {}, "gateway " + id});
        return {};
    });
}

result<void> AdminStore::change_gateway(const std::string& id, const std::optional<std::string>& label,
                                        std::optional<bool> crc_may_be_zero)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        const Table changed = work.run("UPDATE gateway SET label = coalesce($2, label), crc_may_be_zero = "
                                       "coalesce($3::boolean, crc_may_be_zero) WHERE id = $1 RETURNING organisation",
                                       {id, label, crc_may_be_zero});
        if (changed.empty())
            return fail(errc::not_found, "there is no gateway `" + id + "`");
        note_change(work, {"change_gateway", changed[0].text(0), {}, "gateway " + id});
        return {};
    });
}

// ---------------------------------------------------------------- commands

namespace {

struct Commanded {
    MeterId meter;
    std::string organisation;
};

/// Holds the meter's row: counters are given, and open commands counted, by one at a time.
result<Commanded> hold_meter(Work& work, const std::string& address)
{
    const Table found =
        work.run("SELECT id, organisation, protocol FROM meter WHERE address = $1 FOR NO KEY UPDATE", {address});
    if (found.empty())
        return fail(errc::not_found, "there is no meter " + address);
    if (found[0].text(2) != "wize")
        return fail(errc::bad_parameter, address + " is a meter of the protocol " + found[0].text(2) +
                                             ": only Wize meters take commands");
    return Commanded{MeterId{static_cast<std::int32_t>(found[0].integer(0))}, found[0].text(1)};
}

result<void> check_room(Work& work, MeterId meter, Instant now)
{
    const auto open = work.run("SELECT count(*) FROM command WHERE meter_id = $1::int4 AND state IN ('queued', 'sent') "
                               "AND expires_at > $2::timestamptz",
                               {meter.value, now})
                          .at(0)
                          .integer(0);
    if (open >= commands_open_max)
        return fail(errc::bad_parameter, std::to_string(open) + " commands wait for this meter already, which is the most: "
                                                                "cancel one, or wait until one is over");
    return {};
}

std::string summary_of_key(std::uint8_t key_id)
{
    return "key " + std::to_string(key_id);
}

/// The key a command is sent under: the newest that the meter is not still to take.
result<std::uint8_t> key_id_for(Work& work, MeterId meter, const NewCommand& command)
{
    if (command.new_key_id != 0) {
        if (work.run("SELECT FROM meter_key WHERE meter_id = $1::int4 AND key_id = $2::int2 LIMIT 1",
                     {meter.value, keysel_change})
                .empty())
            return fail(errc::bad_parameter,
                        "keys are written under key 15 (Kchg), and none of this meter is known: import it first");
        return keysel_change;
    }
    const Table newest = work.run("SELECT k.key_id FROM meter_key k WHERE k.meter_id = $1::int4 AND k.key_id BETWEEN 1 AND 14 "
                                  "ORDER BY coalesce((SELECT c.state <> 'done' FROM command c WHERE c.meter_id = k.meter_id AND "
                                  "c.kind = 'write_key' AND c.summary = 'key ' || k.key_id ORDER BY c.id DESC LIMIT 1), false), "
                                  "k.generation DESC LIMIT 1",
                                  {meter.value});
    if (newest.empty())
        return fail(errc::bad_parameter, "no key of this meter is known: import one first");
    return static_cast<std::uint8_t>(newest[0].integer(0));
}

/// The meter may take the key at any time from now on, or never: the one before stays accepted. Of a number the two newest are,
/// so that a third one would lock out a meter that has taken neither.
result<void> keep_new_key(Work& work, const crypto::Key256& master, MeterId meter, const NewCommand& command)
{
    const MeterKey key{command.new_key_id, command.new_key.bytes(), {}, command.created_at};
    if (knows_key(work, master, meter, key))
        return {};
    const Table last = work.run("SELECT id, state FROM command WHERE meter_id = $1::int4 AND kind = 'write_key' AND summary = $2 "
                                "ORDER BY id DESC LIMIT 1",
                                {meter.value, summary_of_key(command.new_key_id)});
    if (!last.empty() && last[0].text(1) != "done")
        return fail(errc::bad_parameter, "command " + last[0].text(0) + " brought another key " +
                                             std::to_string(command.new_key_id) +
                                             " that the meter has not confirmed, and with a third one its present key would be "
                                             "forgotten: send that key again, or choose another number");
    store_key(work, master, meter, key);
    return {};
}

/// Counts on from the newest command, and round after 65,536. The first is 1.
std::uint16_t next_counter(Work& work, MeterId meter)
{
    const Table newest = work.run("SELECT counter FROM command WHERE meter_id = $1::int4 ORDER BY id DESC LIMIT 1", {meter.value});
    return static_cast<std::uint16_t>(newest.empty() ? 1 : newest[0].integer(0) + 1);
}

std::string note_of(const NewCommand& command, const std::string& summary)
{
    return command.kind + " to " + command.address + (summary.empty() ? "" : ": " + summary);
}

} // namespace

result<QueuedCommand> AdminStore::queue_command(const NewCommand& command, const crypto::Key256& master)
{
    return impl_->session.transaction([&](Work& work) -> result<QueuedCommand> {
        RELEVE_TRY(commanded, hold_meter(work, command.address));
        const MeterId meter = commanded.meter;
        RELEVE_CHECK(check_room(work, meter, command.created_at));
        QueuedCommand queued;
        RELEVE_TRY(key_id, key_id_for(work, meter, command));
        queued.key_id = key_id;
        if (command.new_key_id != 0)
            RELEVE_CHECK(keep_new_key(work, master, meter, command));
        const std::string summary = command.new_key_id != 0 ? summary_of_key(command.new_key_id) : command.summary;
        queued.counter = next_counter(work, meter);
        queued.id.value =
            work.run("INSERT INTO command (meter_id, kind, summary, payload, key_id, counter, created_at, expires_at) VALUES "
                     "($1::int4, $2, $3, $4::bytea, $5::int2, $6::int4, $7::timestamptz, $8::timestamptz) RETURNING id",
                     {meter.value, command.kind, summary,
                      crypto::wrap_secret(master, command.message, command_context(meter, queued.counter)), queued.key_id,
                      queued.counter, command.created_at, command.expires_at})
                .at(0)
                .integer(0);
        note_change(work, {"queue_command", commanded.organisation, {},
                           "command " + std::to_string(queued.id.value) + ", " + note_of(command, summary)});
        notify_devices(work, {command.address});
        return queued;
    });
}

std::vector<CommandListRow> AdminStore::list_commands(const std::string& address, bool open_only, int limit)
{
    return impl_->session
        .transaction([&](Work& work) -> result<std::vector<CommandListRow>> {
            std::vector<CommandListRow> list;
            for (const Row& row : work.run(
                     "SELECT c.id, m.address, c.kind, c.summary, CASE WHEN c.state IN ('queued', 'sent') AND c.expires_at <= "
                     "now() THEN 'expired' ELSE c.state END, c.created_by, c.result, c.counter, c.key_id, c.attempts, "
                     "extract(epoch FROM c.created_at)::int8, extract(epoch FROM c.expires_at)::int8, extract(epoch FROM "
                     "c.sent_at)::int8, extract(epoch FROM c.finished_at)::int8 FROM command c JOIN meter m ON m.id = c.meter_id "
                     "WHERE ($1 = '' OR m.address = $1) AND (NOT $2::boolean OR (c.state IN ('queued', 'sent') AND c.expires_at > "
                     "now())) ORDER BY c.id DESC LIMIT $3::int4",
                     {address, open_only, limit}))
                list.push_back({CommandId{row.integer(0)}, row.text(1), row.text(2), row.text(3), row.text(4), row.text(5),
                                row.text(6), static_cast<std::uint16_t>(row.integer(7)),
                                static_cast<std::uint8_t>(row.integer(8)), static_cast<int>(row.integer(9)), row.instant(10),
                                row.instant(11), row.maybe_instant(12), row.maybe_instant(13)});
            return list;
        })
        .value();
}

result<void> AdminStore::cancel_command(CommandId id)
{
    const std::string name = "command " + std::to_string(id.value);
    return impl_->session.transaction([&](Work& work) -> result<void> {
        const Table found = work.run("SELECT m.address, m.organisation, c.state FROM command c JOIN meter m ON m.id = c.meter_id "
                                     "WHERE c.id = $1::int8",
                                     {id.value});
        if (found.empty())
            return fail(errc::not_found, "there is no " + name);
        if (work.run("UPDATE command SET state = 'cancelled', finished_at = now() WHERE id = $1::int8 AND state IN ('queued', "
                     "'sent') RETURNING id",
                     {id.value})
                .empty())
            return fail(errc::bad_parameter, name + " is " + found[0].text(2) + " already");
        note_change(work, {"cancel_command", found[0].text(1), {}, name + " to " + found[0].text(0)});
        notify_devices(work, {found[0].text(0)});
        return {};
    });
}

} // namespace releve::store
