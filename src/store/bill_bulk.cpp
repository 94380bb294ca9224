#include <releve/store/bill_bulk.hpp>

#include "pg.hpp"

#include <releve/crypto/aes.hpp>

#include <unordered_map>

namespace releve::store {

struct BillBulk::Impl {
    pg::Connection connection;
};

namespace {

constexpr const char* open_points =
    " FROM usage_point u WHERE u.id > $5 AND EXISTS (SELECT 1 FROM contract c WHERE c.usage_point = u.id AND c.known_from <= $4::int8 "
    "AND (c.known_to IS NULL OR c.known_to > $4::int8) AND c.validity && tstzrange($2::date::timestamp AT TIME ZONE u.zone, $3::date::timestamp AT TIME ZONE u.zone)) "
    "AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.run = $1::int8 AND b.usage_point = u.id) "
    "AND NOT EXISTS (SELECT 1 FROM bill_run_failure f WHERE f.run = $1::int8 AND f.usage_point = u.id) "
    "AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.usage_point = u.id AND b.state = 'issued' AND b.from_day < $3::date AND b.to_day > $2::date) "
    "AND ($6 = '' OR EXISTS (SELECT 1 FROM usage_group_member g WHERE g.usage_group = $6 AND g.usage_point = u.id AND g.validity && daterange($2::date, $3::date)))";

pg::Params of_run(const BulkRun& run)
{
    pg::Params params;
    params.add(run.id).add(run.span.from).add(run.span.to).add(run.known.terms);
    return params;
}

/// What several statements say of some usage points.
class PointRows {
public:
    PointRows(const BulkRun& run, std::span<const UsagePointId> ids) : run_(run), rows_(ids.size())
    {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            rows_[i].point.id = ids[i];
            places_.emplace(ids[i].value, i);
        }
    }

    void add_points(const pg::Rows& rows)
    {
        for (int i = 0; i < rows.size(); ++i) {
            Row& row = of(rows, i);
            const auto collection = parse_collection(rows.text(i, 3));
            row.point.zone = rows.text(i, 1);
            row.point.played = rows.text(i, 2);
            row.point.collection = collection ? *collection : Collection::daily;
            row.good = collection && rows.text(i, 4) == "electricity";
            const auto zone = zone_named(row.point.zone);
            if (!zone) {
                row.good = false;
                row.contracts = 1; // told one by one
                continue;
            }
            row.from = (*zone)->start_of(run_.span.from);
            row.to = (*zone)->start_of(run_.span.to);
        }
    }
    void add_contracts(const pg::Rows& rows)
    {
        for (int i = 0; i < rows.size(); ++i) {
            Row& row = of(rows, i);
            if (!overlaps(rows, i, row.from, row.to))
                continue;
            auto parameters = parse_parameters(rows.text(i, 4));
            ++row.contracts;
            row.good = row.good && row.contracts == 1 && parameters && covers(rows, i, row.from, row.to);
            if (row.good)
                row.point.terms = {.span = run_.span, .tariff = rows.text(i, 3), .parameters = std::move(*parameters), .powers_va = rows.integers(i, 5), .meter_calendar = rows.text(i, 6)};
        }
    }
    void add_windows(const pg::Rows& rows)
    {
        for (int i = 0; i < rows.size(); ++i) {
            const auto from = rows.null(i, 1) ? run_.span.from : rows.day(i, 1), to = rows.null(i, 2) ? run_.span.to : rows.day(i, 2);
            if (from >= run_.span.to || to <= run_.span.from)
                continue;
            Row& row = of(rows, i);
            auto windows = engine::parse_offpeak(rows.text(i, 3));
            row.good = row.good && windows && row.point.offpeak.empty() && from <= run_.span.from && to >= run_.span.to;
            if (row.good)
                row.point.offpeak = std::move(*windows);
        }
    }
    void add_meters(const pg::Rows& rows)
    {
        for (int i = 0; i < rows.size(); ++i) {
            Row& row = of(rows, i);
            if (!overlaps(rows, i, row.from, row.to))
                continue;
            row.good = row.good && row.point.model.empty() && covers(rows, i, row.from, row.to);
            row.point.meter = MeterId{rows.int4(i, 3)};
            row.point.model = rows.text(i, 4);
        }
    }
    void take_away(const pg::Rows& rows)
    {
        for (int i = 0; i < rows.size(); ++i)
            of(rows, i).contracts = 0;
    }
    /// Of those with a contract.
    std::vector<BulkPoint> points()
    {
        std::vector<BulkPoint> out;
        out.reserve(rows_.size());
        for (Row& row : rows_) {
            if (row.contracts == 0)
                continue;
            row.point.plain = row.good && !row.point.model.empty();
            if (row.point.plain)
                out.push_back(std::move(row.point));
            else
                out.emplace_back().id = std::move(row.point.id);
        }
        return out;
    }

private:
    struct Row {
        BulkPoint point;
        Instant from{}, to{};
        int contracts = 0;
        bool good = false;
    };
    Row& of(const pg::Rows& rows, int i) { return rows_[places_.at(rows.text(i, 0))]; }
    static bool overlaps(const pg::Rows& rows, int i, Instant from, Instant to)
    {
        return (rows.null(i, 1) || rows.instant(i, 1) < to) && (rows.null(i, 2) || rows.instant(i, 2) > from);
    }
    static bool covers(const pg::Rows& rows, int i, Instant from, Instant to)
    {
        return (rows.null(i, 1) || rows.instant(i, 1) <= from) && (rows.null(i, 2) || rows.instant(i, 2) >= to);
    }

    const BulkRun& run_;
    std::vector<Row> rows_;
    std::unordered_map<std::string, std::size_t> places_;
};

} // namespace

BillBulk::BillBulk(const DatabaseAddress& address) : impl_(std::make_unique<Impl>(Impl{pg::Connection{address, DbRole::work}}))
{
    // A portion is looked up row by row: tables of up to some 100,000 rows the planner would rather read whole, for each portion.
    impl_->connection.exec("SET enable_seqscan = off");
}
BillBulk::~BillBulk() = default;

result<BulkRun> BillBulk::begin(engine::CivilSpan span, const std::string& group)
{
    if (!group.empty() && impl_->connection.run("SELECT 1 FROM usage_group WHERE id = $1", pg::Params{}.add(group)).size() == 0)
        return fail(errc::not_found, "there is no group `" + group + "`");
    const pg::Rows row = impl_->connection.run(
        "INSERT INTO bill_run (from_day, to_day, usage_group, batch, terms) SELECT $1::date, $2::date, $3, releve_decided_batch(), version FROM terms_version RETURNING id",
        pg::Params{}.add(span.from).add(span.to).add(group));
    return resume(row.int8(0, 0));
}

result<BulkRun> BillBulk::resume(std::int64_t number)
{
    const pg::Rows rows = impl_->connection.run("SELECT r.from_day, r.to_day, r.usage_group, r.batch, r.terms, r.finished_at IS NOT NULL, "
                                                "(SELECT coalesce(max(d.known_from), 0) FROM tariff_document d WHERE d.known_from <= r.terms)::int8 FROM bill_run r WHERE r.id = $1::int8",
                                                pg::Params{}.add(number));
    if (rows.size() == 0)
        return fail(errc::not_found, "there is no run " + std::to_string(number));
    if (rows.boolean(0, 5))
        return fail(errc::bill_state, "run " + std::to_string(number) + " is finished");
    return BulkRun{number, {rows.day(0, 0), rows.day(0, 1)}, rows.text(0, 2), {BatchNumber{rows.int8(0, 3)}, rows.int8(0, 4)}, rows.int8(0, 6)};
}

void BillBulk::finish(std::int64_t run)
{
    (void)impl_->connection.run("UPDATE bill_run SET finished_at = now() WHERE id = $1::int8", pg::Params{}.add(run));
}

bool BillBulk::exists(std::int64_t run) { return impl_->connection.run("SELECT 1 FROM bill_run WHERE id = $1::int8", pg::Params{}.add(run)).size() > 0; }

std::vector<std::pair<UsagePointId, std::string>> BillBulk::failures(std::int64_t run, int limit)
{
    const pg::Rows rows = impl_->connection.run("SELECT usage_point, reason FROM bill_run_failure WHERE run = $1::int8 ORDER BY 1 LIMIT $2::int4", pg::Params{}.add(run).add(static_cast<std::int32_t>(limit)));
    std::vector<std::pair<UsagePointId, std::string>> out;
    for (int i = 0; i < rows.size(); ++i)
        out.emplace_back(UsagePointId{rows.text(i, 0)}, rows.text(i, 1));
    return out;
}

std::int64_t BillBulk::count(const BulkRun& run)
{
    return impl_->connection.run(std::string{"SELECT count(*)"} + open_points, of_run(run).add("").add(run.group)).int8(0, 0);
}

std::int64_t BillBulk::count_issued(const BulkRun& run)
{
    return impl_->connection
        .run("SELECT count(DISTINCT b.usage_point) FROM bill b WHERE b.state = 'issued' AND b.from_day < $2::date AND b.to_day > $1::date AND ($3 = '' OR EXISTS "
             "(SELECT 1 FROM usage_group_member g WHERE g.usage_group = $3 AND g.usage_point = b.usage_point AND g.validity && daterange($1::date, $2::date)))",
             pg::Params{}.add(run.span.from).add(run.span.to).add(run.group))
        .int8(0, 0);
}

std::vector<UsagePointId> BillBulk::next(const BulkRun& run, const std::string& after, int limit)
{
    static const pg::Statement all{"bill_next", "SELECT id FROM usage_point WHERE id > $1 ORDER BY id LIMIT $2::int4"};
    static const pg::Statement of_group{"bill_next_of_group", "SELECT DISTINCT usage_point FROM usage_group_member WHERE usage_point > $1 AND usage_group = $3 "
                                                              "AND validity && daterange($4::date, $5::date) ORDER BY usage_point LIMIT $2::int4"};
    pg::Params params;
    params.add(after).add(static_cast<std::int32_t>(limit));
    if (!run.group.empty())
        params.add(run.group).add(run.span.from).add(run.span.to);
    const pg::Rows rows = impl_->connection.run(run.group.empty() ? all : of_group, params);
    std::vector<UsagePointId> ids;
    for (int i = 0; i < rows.size(); ++i)
        ids.push_back({rows.text(i, 0)});
    return ids;
}

std::vector<BulkPoint> BillBulk::points(const BulkRun& run, std::span<const UsagePointId> ids)
{
    PointRows found{run, ids};
    const auto ask = [&](const pg::Statement& statement, bool terms) {
        pg::Params params;
        params.array(ids, [](const UsagePointId& id) { return std::string_view{id.value}; });
        if (terms)
            params.add(run.known.terms);
        return impl_->connection.run(statement, params);
    };
    // Each by its plain index: through the indexes of the ranges, which hold no overlaps, the same took eight times as long.
    static const pg::Statement points{"bill_points", "SELECT id, zone, played, collection, energy FROM usage_point WHERE id = ANY ($1::text[])"};
    static const pg::Statement contracts{
        "bill_contracts", "SELECT usage_point, lower(validity), upper(validity), tariff, parameters, subscribed_powers, meter_calendar FROM contract "
                          "WHERE usage_point = ANY ($1::text[]) AND known_from <= $2::int8 AND (known_to IS NULL OR known_to > $2::int8)"};
    static const pg::Statement windows{"bill_windows", "SELECT usage_point, lower(validity), upper(validity), windows FROM offpeak_period "
                                                       "WHERE usage_point = ANY ($1::text[]) AND known_from <= $2::int8 AND (known_to IS NULL OR known_to > $2::int8)"};
    static const pg::Statement meters{"bill_meters", "SELECT i.usage_point, lower(i.validity), upper(i.validity), i.meter_id, (SELECT m.model FROM meter m WHERE m.id = i.meter_id) "
                                                     "FROM installation i WHERE i.usage_point = ANY ($1::text[]) AND i.purpose = 'metering'"};
    found.add_points(ask(points, false));
    found.add_contracts(ask(contracts, true));
    found.add_windows(ask(windows, true));
    found.add_meters(ask(meters, false));
    static const pg::Statement over{"bill_over", "SELECT usage_point FROM bill WHERE run = $2::int8 AND usage_point = ANY ($1::text[]) UNION ALL "
                                                 "SELECT usage_point FROM bill_run_failure WHERE run = $2::int8 AND usage_point = ANY ($1::text[]) UNION ALL "
                                                 "SELECT usage_point FROM bill WHERE usage_point = ANY ($1::text[]) AND state = 'issued' AND from_day < $4::date AND to_day > $3::date"};
    pg::Params params;
    params.array(ids, [](const UsagePointId& id) { return std::string_view{id.value}; }).add(run.id).add(run.span.from).add(run.span.to);
    found.take_away(impl_->connection.run(over, params));
    return found.points();
}

void BillBulk::read_days(std::span<const MeterId> meters, ChannelId channel, engine::CivilSpan span, BatchNumber batch, const std::function<void(const Day&)>& use,
                         std::vector<std::size_t>& overlaid)
{
    std::unordered_map<std::int32_t, std::size_t> places;
    for (std::size_t i = 0; i < meters.size(); ++i)
        places.emplace(meters[i].value, i);
    pg::Params params;
    params.array(meters, [](MeterId meter) { return meter.value; }).add(channel.value).add(span.from).add(span.to);
    static const pg::Statement days{"bill_days", "SELECT meter_id, day, batch, data FROM interval_day WHERE meter_id = ANY ($1::int4[]) AND channel = $2::int2 "
                                                 "AND day >= $3::date AND day < $4::date"};
    const pg::Rows rows = impl_->connection.run(days, params);
    for (int i = 0; i < rows.size(); ++i) {
        const std::size_t place = places.at(rows.int4(i, 0));
        if (rows.int8(i, 2) > batch.value)
            overlaid.push_back(place);
        else
            use({place, rows.day(i, 1), rows.int8(i, 2), rows.bytes(i, 3)});
    }
    static const pg::Statement overlays{"bill_overlays", "SELECT DISTINCT meter_id FROM interval_overlay_day WHERE meter_id = ANY ($1::int4[]) AND channel = $2::int2 "
                                                         "AND day >= $3::date AND day < $4::date"};
    const pg::Rows over = impl_->connection.run(overlays, params);
    for (int i = 0; i < over.size(); ++i)
        overlaid.push_back(places.at(over.int4(i, 0)));
}

void BillBulk::read_registers(std::span<const MeterId> meters, engine::CivilSpan days, const std::function<void(const Day&)>& use)
{
    std::unordered_map<std::int32_t, std::size_t> places;
    for (std::size_t i = 0; i < meters.size(); ++i)
        places.emplace(meters[i].value, i);
    pg::Params params;
    params.array(meters, [](MeterId meter) { return meter.value; }).add(days.from).add(days.to);
    static const pg::Statement reads{"bill_registers", "SELECT meter_id, day, batch, data FROM register_day WHERE meter_id = ANY ($1::int4[]) AND day >= $2::date AND day < $3::date ORDER BY meter_id, day"};
    const pg::Rows rows = impl_->connection.run(reads, params);
    for (int i = 0; i < rows.size(); ++i)
        use({places.at(rows.int4(i, 0)), rows.day(i, 1), rows.int8(i, 2), rows.bytes(i, 3)});
}

void BillBulk::save(const BulkRun& run, std::span<const BulkBill> bills, std::span<const std::pair<UsagePointId, std::string>> failures)
{
    pg::Transaction transaction{impl_->connection};
    if (!bills.empty()) {
        std::vector<std::array<std::byte, 32>> hashes;
        hashes.reserve(bills.size());
        for (const BulkBill& bill : bills)
            hashes.push_back(crypto::sha256(as_bytes(bill.document)));
        pg::Params params;
        params.array(bills, [](const BulkBill& bill) { return std::string_view{bill.usage_point.value}; })
            .array(bills, [](const BulkBill& bill) { return bill.total.value; })
            .array(bills, [](const BulkBill& bill) { return bill.energy_wh; })
            .array(bills, [](const BulkBill& bill) { return engine::rests_name(bill.rests); })
            .array(hashes, [](const auto& hash) { return ByteView{hash}; })
            .array(bills, [](const BulkBill& bill) { return std::string_view{bill.document}; })
            .add(run.id)
            .add(run.span.from)
            .add(run.span.to)
            .add(run.known.batch.value)
            .add(run.known.terms);
        static const pg::Statement insert{
            "bill_insert", "INSERT INTO bill (usage_point, from_day, to_day, state, batch, terms, total_cents, energy_wh, rests, hash, document, run, made_by) "
                           "SELECT p, $8::date, $9::date, 'draft', $10::int8, $11::int8, t, e, r, h, d, $7::int8, 'run ' || $7::text "
                           "FROM unnest($1::text[], $2::int8[], $3::int8[], $4::text[], $5::bytea[], $6::text[]) AS k (p, t, e, r, h, d) "
                           "ON CONFLICT (run, usage_point) WHERE run IS NOT NULL DO NOTHING"};
        (void)impl_->connection.run(insert, params);
    }
    if (!failures.empty()) {
        pg::Params params;
        params.array(failures, [](const auto& failure) { return std::string_view{failure.first.value}; })
            .array(failures, [](const auto& failure) { return std::string_view{failure.second}; })
            .add(run.id);
        (void)impl_->connection.run("INSERT INTO bill_run_failure (run, usage_point, reason) SELECT $3::int8, p, r FROM unnest($1::text[], $2::text[]) AS k (p, r) "
                                    "ON CONFLICT DO NOTHING",
                                    params);
    }
    transaction.commit();
}

} // namespace releve::store
