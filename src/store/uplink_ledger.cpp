#include <releve/store/uplink_ledger.hpp>

#include "pg.hpp"

#include <set>

namespace releve::store {

struct UplinkLedgerStore::Impl {
    DatabaseAddress address;
    std::optional<pg::Connection> connection{};

    template <class Work>
    auto with_connection(Work work)
    {
        try {
            if (!connection)
                connection.emplace(address, DbRole::collect);
            return work(*connection);
        } catch (...) {
            connection.reset(); // whatever it was: the next call begins with a fresh one
            throw;
        }
    }
};

UplinkLedgerStore::UplinkLedgerStore(DatabaseAddress address) : impl_(std::make_unique<Impl>(Impl{std::move(address)})) {}
UplinkLedgerStore::~UplinkLedgerStore() = default;

std::optional<GatewayRow> UplinkLedgerStore::gateway(const std::string& id)
{
    return impl_->with_connection([&](pg::Connection& db) -> std::optional<GatewayRow> {
        const pg::Rows rows = db.run("SELECT organisation, label, crc_may_be_zero, disabled_at, last_batch_at, acknowledged_up_to "
                                     "FROM gateway WHERE id = $1::text",
                                     pg::Params{}.add(std::string_view{id}));
        if (rows.size() == 0)
            return std::nullopt;
        GatewayRow row{.id = id, .organisation = rows.text(0, 0), .label = rows.text(0, 1), .crc_may_be_zero = rows.boolean(0, 2)};
        if (!rows.null(0, 3))
            row.disabled_at = rows.instant(0, 3);
        if (!rows.null(0, 4))
            row.last_batch_at = rows.instant(0, 4);
        row.acknowledged_up_to = static_cast<std::uint64_t>(rows.int8(0, 5));
        return row;
    });
}

std::optional<UplinkAckRow> UplinkLedgerStore::find(const std::string& gateway, std::uint64_t sequence)
{
    return impl_->with_connection([&](pg::Connection& db) -> std::optional<UplinkAckRow> {
        static const pg::Statement find{
            "uplink_find", "SELECT digest, ack, acknowledged_at FROM uplink_batch WHERE gateway = $1::text AND sequence = $2::int8"};
        const pg::Rows rows =
            db.run(find, pg::Params{}.add(std::string_view{gateway}).add(static_cast<std::int64_t>(sequence)));
        if (rows.size() == 0)
            return std::nullopt;
        const ByteView ack = rows.bytes(0, 1);
        return UplinkAckRow{gateway, sequence, static_cast<std::uint64_t>(rows.int8(0, 0)), {ack.begin(), ack.end()},
                            rows.instant(0, 2)};
    });
}

void UplinkLedgerStore::save(std::span<const UplinkAckRow> rows)
{
    if (rows.empty())
        return;
    impl_->with_connection([&](pg::Connection& db) {
        pg::Transaction transaction{db};
        pg::Params params;
        params.array(rows, [](const UplinkAckRow& r) { return std::string_view{r.gateway}; })
            .array(rows, [](const UplinkAckRow& r) { return static_cast<std::int64_t>(r.sequence); })
            .array(rows, [](const UplinkAckRow& r) { return static_cast<std::int64_t>(r.digest); })
            .array(rows, [](const UplinkAckRow& r) { return ByteView{r.ack}; })
            .array(rows, [](const UplinkAckRow& r) { return r.at; });
        static const pg::Statement insert{
            "uplink_save", "INSERT INTO uplink_batch (gateway, sequence, digest, ack, acknowledged_at) SELECT * FROM "
                           "unnest($1::text[], $2::int8[], $3::int8[], $4::bytea[], $5::timestamptz[]) ON CONFLICT DO NOTHING"};
        db.run(insert, params);
        std::set<std::string_view> gateways;
        for (const UplinkAckRow& row : rows)
            gateways.insert(row.gateway);
        // The numbers that follow the last one without a gap: sequence - row_number stays the same along them.
        static const pg::Statement move_on{
            "uplink_move_on",
            "UPDATE gateway g SET last_batch_at = greatest(g.last_batch_at, $2::timestamptz), acknowledged_up_to = coalesce(("
            "SELECT max(f.sequence) FROM (SELECT b.sequence, b.sequence - row_number() OVER (ORDER BY b.sequence) AS run FROM "
            "uplink_batch b WHERE b.gateway = g.id AND b.sequence > g.acknowledged_up_to) f WHERE f.run = g.acknowledged_up_to), "
            "g.acknowledged_up_to) WHERE g.id = ANY ($1::text[])"};
        db.run(move_on, pg::Params{}.array(gateways, [](std::string_view id) { return id; }).add(rows.back().at));
        transaction.commit();
    });
}

} // namespace releve::store
