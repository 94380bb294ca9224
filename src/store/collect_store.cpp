#include "collect_impl.hpp"

#include "batch_rows.hpp"

#include <poll.h>

#include <map>

namespace releve::store {

bool CollectStore::Impl::take_claim(pg::Connection& connection)
{
    constexpr std::int64_t collector_lock = 7232654312345681;
    // A collector that vanished with its machine must not keep its place for the two hours of the server's default.
    connection.exec("SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; "
                    "SET tcp_user_timeout = 60000");
    return connection.run("SELECT pg_try_advisory_lock($1::int8)", pg::Params{}.add(collector_lock)).boolean(0, 0);
}

pg::Connection& CollectStore::Impl::connected()
{
    if (!connection) {
        pg::Connection fresh{address, DbRole::collect};
        if (claimed && !take_claim(fresh))
            throw ClaimLost("another collector works on this database");
        fresh.exec("LISTEN releve_devices; LISTEN releve_retry; LISTEN releve_reprocess");
        connection.emplace(std::move(fresh));
    }
    return *connection;
}

bool CollectStore::claim()
{
    return impl_->with_connection([&](pg::Connection& db) {
        if (impl_->claimed)
            return true;
        if (!Impl::take_claim(db))
            return false;
        const pg::Params writers = pg::Params{}.add(writers_lock);
        if (!db.run("SELECT pg_try_advisory_lock($1::int8)", writers).boolean(0, 0))
            return false;
        db.run("SELECT pg_advisory_unlock($1::int8)", writers);
        return impl_->claimed = true;
    });
}

CollectStore::CollectStore(DatabaseAddress address)
    : impl_(std::make_unique<Impl>(Impl{{}, std::move(address), false}))
{
}
CollectStore::~CollectStore() = default;

namespace {

constexpr int event_days = 1'095;
constexpr int live_days = 730; // as long as half-hours of a home may be kept
constexpr const char* all_or_named = " WHERE ($1::text[] IS NULL OR m.address = ANY ($1::text[])) ";

Validity read_validity(const pg::Rows& rows, int row, int from, int to)
{
    Validity validity{rows.null(row, from) ? Instant::min() : rows.instant(row, from), std::nullopt};
    if (!rows.null(row, to))
        validity.to = rows.instant(row, to);
    return validity;
}

Bytes copy(ByteView bytes)
{
    return {bytes.begin(), bytes.end()};
}

using DevicesById = std::map<std::int32_t, DeviceRow>;

void load_keys(pg::Connection& db, const pg::Params& which, DevicesById& devices)
{
    const pg::Rows rows = db.run(
        std::string{
            "SELECT meter_id, generation, encryption, authentication, lower(validity), upper(validity), key_id FROM ("
            "SELECT k.*, row_number() OVER (PARTITION BY k.meter_id, k.key_id ORDER BY k.generation DESC) AS age "
            "FROM meter_key k JOIN meter m ON m.id = k.meter_id"} +
            all_or_named + ") newest WHERE age <= 2 ORDER BY meter_id, generation DESC",
        which);
    for (int i = 0; i < rows.size(); ++i)
        if (const auto device = devices.find(rows.int4(i, 0)); device != devices.end())
            device->second.keys.push_back({static_cast<std::uint16_t>(rows.int2(i, 1)),
                                           static_cast<std::uint8_t>(rows.int2(i, 6)), copy(rows.bytes(i, 2)),
                                           copy(rows.bytes(i, 3)), read_validity(rows, i, 4, 5)});
}

void load_installations(pg::Connection& db, const pg::Params& which, DevicesById& devices)
{
    const pg::Rows rows = db.run(
        std::string{"SELECT i.meter_id, i.usage_point, u.collection, lower(i.validity), upper(i.validity) "
                    "FROM installation i JOIN usage_point u ON u.id = i.usage_point JOIN meter m ON m.id = "
                    "i.meter_id"} +
            all_or_named + "ORDER BY i.meter_id, lower(i.validity)",
        which);
    for (int i = 0; i < rows.size(); ++i)
        if (const auto device = devices.find(rows.int4(i, 0)); device != devices.end())
            device->second.installations.push_back(
                {UsagePointId{rows.text(i, 1)}, read_validity(rows, i, 3, 4),
                 rows.text(i, 2) == "half_hour" ? Collection::half_hour : Collection::daily});
}

void load_commands(pg::Connection& db, const pg::Params& which, DevicesById& devices)
{
    const pg::Rows rows = db.run(std::string{"SELECT c.id, c.meter_id, c.key_id, c.counter, c.payload, c.expires_at FROM command c "
                                             "JOIN meter m ON m.id = c.meter_id"} +
                                     all_or_named + "AND c.state IN ('queued', 'sent') ORDER BY c.id",
                                 which);
    for (int i = 0; i < rows.size(); ++i)
        if (const auto device = devices.find(rows.int4(i, 1)); device != devices.end())
            device->second.commands.push_back({CommandId{rows.int8(i, 0)}, MeterId{rows.int4(i, 1)},
                                               static_cast<std::uint8_t>(rows.int2(i, 2)),
                                               static_cast<std::uint16_t>(rows.int4(i, 3)), copy(rows.bytes(i, 4)),
                                               rows.instant(i, 5)});
}

/// The reads see one state of the database.
CollectStore::Devices load(pg::Connection& db, const pg::Params& which)
{
    pg::Transaction transaction{db};
    db.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    DevicesById devices;
    const pg::Rows rows = db.run(
        std::string{
            "SELECT m.id, m.address, m.serial, m.protocol, m.model, m.policy, m.replay FROM meter m"} +
            all_or_named,
        which);
    for (int i = 0; i < rows.size(); ++i)
        devices[rows.int4(i, 0)] = {MeterId{rows.int4(i, 0)},
                                    rows.text(i, 1),
                                    rows.text(i, 2),
                                    rows.text(i, 3),
                                    rows.text(i, 4),
                                    rows.text(i, 5),
                                    rows.text(i, 6),
                                    {},
                                    {},
                                    {}};
    load_keys(db, which, devices);
    load_installations(db, which, devices);
    load_commands(db, which, devices);
    CollectStore::Devices loaded{db.run("SELECT version FROM choice_version").int8(0, 0), {}};
    transaction.commit();
    loaded.rows.reserve(devices.size());
    for (auto& [id, device] : devices)
        loaded.rows.push_back(std::move(device));
    return loaded;
}

} // namespace

CollectStore::Devices CollectStore::load_devices()
{
    return impl_->with_connection([](pg::Connection& db) { return load(db, pg::Params{}.add_null()); });
}

CollectStore::Devices CollectStore::load_devices(std::span<const std::string> addresses)
{
    return impl_->with_connection([&](pg::Connection& db) {
        return load(db,
                    pg::Params{}.array(addresses, [](const std::string& a) { return std::string_view{a}; }));
    });
}

std::optional<KeySample> CollectStore::some_key(const DatabaseAddress& address)
{
    pg::Connection db{address, DbRole::collect};
    if (const pg::Rows rows = db.run("SELECT meter_id, generation, encryption FROM meter_key LIMIT 1"); rows.size() > 0)
        return KeySample{copy(rows.bytes(0, 2)),
                         key_context(MeterId{rows.int4(0, 0)}, static_cast<std::uint16_t>(rows.int2(0, 1)), "encryption")};
    if (const pg::Rows rows = db.run("SELECT netid, kmac FROM wize_network LIMIT 1"); rows.size() > 0)
        return KeySample{copy(rows.bytes(0, 1)), network_key_context(static_cast<std::uint8_t>(rows.int2(0, 0)))};
    return std::nullopt;
}

std::vector<NetworkRow> CollectStore::load_networks()
{
    return impl_->with_connection([](pg::Connection& db) {
        const pg::Rows rows = db.run("SELECT netid, kmac FROM wize_network ORDER BY netid");
        std::vector<NetworkRow> networks;
        for (int i = 0; i < rows.size(); ++i)
            networks.push_back({static_cast<std::uint8_t>(rows.int2(i, 0)), copy(rows.bytes(i, 1))});
        return networks;
    });
}

void CollectStore::expire_commands(Instant now)
{
    impl_->with_connection([&](pg::Connection& db) {
        db.run("UPDATE command SET state = 'expired', finished_at = $1::timestamptz WHERE state IN ('queued', 'sent') AND "
               "expires_at <= $1::timestamptz",
               pg::Params{}.add(now));
    });
}

std::optional<CivilDay> CollectStore::earliest_installation()
{
    return impl_->with_connection([](pg::Connection& db) -> std::optional<CivilDay> {
        const pg::Rows rows = db.run("SELECT min(lower(validity)) FROM installation");
        if (rows.size() == 0 || rows.null(0, 0))
            return std::nullopt;
        return paris().day_of(rows.instant(0, 0));
    });
}

std::vector<std::string> CollectStore::wait_for_notifications(std::chrono::milliseconds timeout)
{
    return impl_->with_connection([&](pg::Connection& db) {
        std::vector<std::string> payloads;
        const auto collect = [&] {
            if (PQconsumeInput(db.raw()) == 0)
                throw pg::LostConnection("the connection to the database was lost");
            while (PGnotify* notify = PQnotifies(db.raw())) {
                payloads.emplace_back(notify->extra);
                PQfreemem(notify);
            }
        };
        collect();
        if (!payloads.empty())
            return payloads;
        pollfd waiting{PQsocket(db.raw()), POLLIN, 0};
        if (poll(&waiting, 1, static_cast<int>(timeout.count())) > 0)
            collect();
        return payloads;
    });
}

void CollectStore::prune(const Bounds& bounds, Instant now)
{
    impl_->with_connection([&](pg::Connection& db) {
        const auto before = [&](int days) { return pg::Params{}.add(now - std::chrono::hours{24} * days); };
        // A frame that nothing explains yet is not let go by age: it was confirmed, and is stored nowhere
        // else.
        db.run("DELETE FROM frame_archive a WHERE a.written_at < $1::timestamptz AND NOT EXISTS "
               "(SELECT 1 FROM undecoded u WHERE u.batch = a.batch AND u.part = a.part) AND NOT EXISTS "
               "(SELECT 1 FROM batch b WHERE b.batch = a.batch AND b.deferred > 0)",
               before(bounds.archive_days));
        db.run("DELETE FROM undecoded WHERE batch IS NULL AND received_at < $1::timestamptz",
               before(bounds.archive_days));
        db.run("DELETE FROM quarantine WHERE kept_at < $1::timestamptz", before(bounds.quarantine_days));
        db.run("DELETE FROM quarantine WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER "
               "(PARTITION BY system_title ORDER BY id DESC) AS age FROM quarantine) q WHERE age > $1::int8)",
               pg::Params{}.add(bounds.quarantine_rows_per_title));
        // Strangers' messages go before those of meters we know.
        db.run("DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine ORDER BY (meter_id IS NOT "
               "NULL) DESC, id DESC "
               "OFFSET $1::int8)",
               pg::Params{}.add(bounds.quarantine_rows));
        // A batch that comes again later than that is answered that it is too old, and so is one that never came.
        db.run("UPDATE gateway g SET acknowledged_up_to = old.sequence FROM (SELECT b.gateway, max(b.sequence) AS sequence FROM "
               "uplink_batch b WHERE b.acknowledged_at < $1::timestamptz GROUP BY 1) AS old WHERE g.id = old.gateway AND "
               "old.sequence > g.acknowledged_up_to",
               before(bounds.archive_days));
        db.run("DELETE FROM uplink_batch b USING gateway g WHERE g.id = b.gateway AND b.sequence <= g.acknowledged_up_to AND "
               "b.acknowledged_at < $1::timestamptz",
               before(bounds.archive_days));
        db.run("DELETE FROM live_half_hour WHERE start < $1::timestamptz", before(live_days));
        db.run("DELETE FROM event WHERE received_at < $1::timestamptz", before(event_days));
    });
}

} // namespace releve::store
