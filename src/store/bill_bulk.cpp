#include <releve/store/bill_bulk.hpp>

#include "pg.hpp"

#include <releve/crypto/aes.hpp>

#include <algorithm>
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
    "AND ($6 = '' OR EXISTS (SELECT 1 FROM usage_group_member g WHERE g.usage_group = $6 AND g.usage_point = u.id AND g.validity && daterange($2::date, $3::date)))";

const std::string next_points =
    std::string{"WITH open AS (SELECT u.id, u.zone, u.played, u.collection, u.energy, tstzrange($2::date::timestamp AT TIME ZONE u.zone, $3::date::timestamp AT TIME ZONE u.zone) "
                "AS span"} +
    open_points +
    " ORDER BY u.id LIMIT $7::int4) "
    "SELECT o.id, o.zone, o.played, o.collection, i.meter_id, m.model, c.tariff, c.parameters, c.subscribed_powers::text, c.meter_calendar, w.windows, coalesce(w.whole, true) "
    "FROM open o LEFT JOIN LATERAL (SELECT i.meter_id FROM installation i WHERE i.usage_point = o.id AND i.purpose = 'metering' AND i.validity @> o.span LIMIT 1) i "
    "ON o.energy = 'electricity' LEFT JOIN meter m ON m.id = i.meter_id "
    "LEFT JOIN LATERAL (SELECT c.tariff, c.parameters, c.subscribed_powers, c.meter_calendar FROM contract c WHERE c.usage_point = o.id AND c.known_from <= $4::int8 "
    "AND (c.known_to IS NULL OR c.known_to > $4::int8) AND c.validity @> o.span LIMIT 1) c ON true "
    "LEFT JOIN LATERAL (SELECT w.windows, w.validity @> daterange($2::date, $3::date) AS whole FROM offpeak_period w WHERE w.usage_point = o.id AND w.known_from <= $4::int8 "
    "AND (w.known_to IS NULL OR w.known_to > $4::int8) AND w.validity && daterange($2::date, $3::date) "
    "LIMIT 1) w ON true "
    "ORDER BY o.id";

pg::Params of_run(const BulkRun& run)
{
    pg::Params params;
    params.add(run.id).add(run.span.from).add(run.span.to).add(run.known.terms);
    return params;
}

/// "{9000,12000}".
result<std::vector<std::int64_t>> powers_of_array(std::string text)
{
    std::erase_if(text, [](char c) { return c == '{' || c == '}'; });
    std::ranges::replace(text, ',', ';');
    RELEVE_TRY(kva, parse_powers(text)); // kVA a thousand times too many
    for (std::int64_t& va : kva)
        va /= 1000;
    return kva;
}

} // namespace

BillBulk::BillBulk(const DatabaseAddress& address) : impl_(std::make_unique<Impl>(Impl{pg::Connection{address, DbRole::work}})) {}
BillBulk::~BillBulk() = default;

BulkRun BillBulk::begin(engine::CivilSpan span, const std::string& group)
{
    const pg::Rows row = impl_->connection.run(
        "INSERT INTO bill_run (from_day, to_day, usage_group, batch, terms) SELECT $1::date, $2::date, $3, releve_decided_batch(), version FROM terms_version RETURNING id",
        pg::Params{}.add(span.from).add(span.to).add(group));
    return resume(row.int8(0, 0)).value();
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

std::vector<BulkPoint> BillBulk::points(const BulkRun& run, const std::string& after, int limit)
{
    const pg::Rows rows = impl_->connection.run(next_points, of_run(run).add(after).add(run.group).add(static_cast<std::int32_t>(limit)));
    std::vector<BulkPoint> points;
    for (int i = 0; i < rows.size(); ++i) {
        BulkPoint& point = points.emplace_back();
        point.id.value = rows.text(i, 0);
        if (rows.null(i, 4) || rows.null(i, 6) || !rows.boolean(i, 11)) // several of something, or none
            continue;
        point.zone = rows.text(i, 1);
        point.played = rows.text(i, 2);
        const auto collection = parse_collection(rows.text(i, 3));
        auto parameters = parse_parameters(rows.text(i, 7));
        auto powers = powers_of_array(rows.text(i, 8));
        auto windows = rows.null(i, 10) ? result<std::vector<engine::DayWindow>>{} : engine::parse_offpeak(rows.text(i, 10));
        if (!collection || !parameters || !powers || !windows)
            continue;
        point.collection = *collection;
        point.meter = MeterId{rows.int4(i, 4)};
        point.model = rows.text(i, 5);
        point.terms = {.span = run.span, .tariff = rows.text(i, 6), .parameters = std::move(*parameters), .powers_va = std::move(*powers), .meter_calendar = rows.text(i, 9)};
        point.offpeak = std::move(*windows);
        point.plain = true;
    }
    return points;
}

void BillBulk::read_days(std::span<const BulkPoint> points, ChannelId channel, engine::CivilSpan span, BatchNumber batch, const std::function<void(const Day&)>& use,
                         std::vector<std::size_t>& overlaid)
{
    std::unordered_map<std::int32_t, std::size_t> places;
    for (std::size_t i = 0; i < points.size(); ++i)
        places.emplace(points[i].meter.value, i);
    pg::Params params;
    params.array(points, [](const BulkPoint& point) { return point.meter.value; }).add(channel.value).add(span.from).add(span.to);
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

void BillBulk::read_registers(std::span<const BulkPoint> points, std::span<const CivilDay> days, const std::function<void(const Day&)>& use)
{
    std::unordered_map<std::int32_t, std::size_t> places;
    for (std::size_t i = 0; i < points.size(); ++i)
        places.emplace(points[i].meter.value, i);
    pg::Params params;
    params.array(points, [](const BulkPoint& point) { return point.meter.value; }).array(days, [](CivilDay day) { return day; });
    static const pg::Statement reads{"bill_registers", "SELECT meter_id, day, batch, data FROM register_day WHERE meter_id = ANY ($1::int4[]) AND day = ANY ($2::date[])"};
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
            "bill_insert", "INSERT INTO bill (usage_point, from_day, to_day, state, batch, terms, total_cents, energy_wh, rests, hash, document, run) "
                           "SELECT p, $8::date, $9::date, 'draft', $10::int8, $11::int8, t, e, r, h, d, $7::int8 "
                           "FROM unnest($1::text[], $2::int8[], $3::int8[], $4::text[], $5::bytea[], $6::text[]) AS k (p, t, e, r, h, d)"};
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
