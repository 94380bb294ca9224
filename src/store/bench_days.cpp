#include <releve/store/bench_days.hpp>

#include "pg.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace releve::store {

namespace {

using namespace std::chrono;

constexpr std::int16_t row_quality = 19;
constexpr std::int32_t row_revision = 1;
constexpr std::size_t sent_at_once = 1'000'000; // bytes

/// COPY ... FROM STDIN (FORMAT binary) in a transaction of its own.
class CopyIn {
public:
    CopyIn(pg::Connection& connection, const std::string& table) : connection_(connection), transaction_(connection)
    {
        PGresult* begun = PQexec(connection.raw(), ("COPY " + table + " FROM STDIN (FORMAT binary)").c_str());
        const bool ready = PQresultStatus(begun) == PGRES_COPY_IN;
        PQclear(begun);
        if (!ready)
            refuse();
        out_.text("PGCOPY\n").u8(0xff).text("\r\n").u8(0).u32_be(0).u32_be(0);
    }
    [[nodiscard]] Writer& row(std::uint16_t columns)
    {
        if (out_.size() > sent_at_once)
            send();
        return out_.u16_be(columns);
    }
    void finish()
    {
        out_.u16_be(0xffff);
        send();
        if (PQputCopyEnd(connection_.raw(), nullptr) != 1)
            refuse();
        PGresult* ended = PQgetResult(connection_.raw());
        const bool done = PQresultStatus(ended) == PGRES_COMMAND_OK;
        PQclear(ended);
        while (PGresult* more = PQgetResult(connection_.raw()))
            PQclear(more);
        if (!done)
            refuse();
        transaction_.commit();
    }

private:
    void send()
    {
        const ByteView bytes = out_.view();
        if (PQputCopyData(connection_.raw(), reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
            refuse();
        out_ = Writer{std::move(out_).take()};
    }
    [[noreturn]] void refuse() const
    {
        throw std::runtime_error(std::string{"COPY: "} + PQerrorMessage(connection_.raw()));
    }

    pg::Connection& connection_;
    pg::Transaction transaction_;
    Writer out_;
};

void put_field(Writer& out, std::int16_t value)
{
    out.u32_be(2).u16_be(static_cast<std::uint16_t>(value));
}
void put_field(Writer& out, std::int32_t value)
{
    out.u32_be(4).u32_be(static_cast<std::uint32_t>(value));
}
void put_field(Writer& out, std::int64_t value)
{
    out.u32_be(8).u64_be(static_cast<std::uint64_t>(value));
}

void put_field(Writer& out, ByteView value)
{
    out.u32_be(static_cast<std::uint32_t>(value.size())).bytes(value);
}

constexpr pg::Statement rows_of_fleet{
    "bench_fleet_curve", "SELECT ts, sum(value) FROM bench_row WHERE ts >= $1::timestamptz AND ts < $2::timestamptz GROUP BY ts"};
constexpr pg::Statement rows_of_area{
    "bench_area_day", "SELECT meter_id, sum(value) FROM bench_row WHERE meter_id = ANY ($1::int4[]) AND "
                      "ts >= $2::timestamptz AND ts < $3::timestamptz GROUP BY meter_id"};
constexpr pg::Statement rows_of_home{
    "bench_home_month", "SELECT ts, value::int8 FROM bench_row WHERE meter_id = $1::int4 AND channel = $2::int2 AND "
                        "ts >= $3::timestamptz AND ts < $4::timestamptz ORDER BY ts"};
constexpr pg::Statement rows_by_day{
    "bench_home_year", "SELECT (ts AT TIME ZONE 'Europe/Paris')::date, sum(value) FROM bench_row WHERE meter_id = $1::int4 AND "
                       "channel = $2::int2 AND ts >= $3::timestamptz AND ts < $4::timestamptz GROUP BY 1 ORDER BY 1"};

BenchDays::Sums sums_of(const pg::Rows& rows)
{
    BenchDays::Sums sums;
    for (int i = 0; i < rows.size(); ++i)
        sums.emplace_back(rows.instant(i, 0), rows.int8(i, 1));
    return sums;
}

} // namespace

struct BenchDays::Impl {
    pg::Connection connection;
    std::set<std::string> written{}; // tables
};

BenchDays::BenchDays(const DatabaseAddress& address)
    : impl_(std::make_unique<Impl>(Impl{.connection = pg::Connection{address, DbRole::owner}}))
{
}
BenchDays::~BenchDays() = default;

void BenchDays::copy_days(const std::function<bool(BenchDay&)>& next)
{
    CopyIn copy{impl_->connection, "interval_day (meter_id, channel, day, rev, batch, data)"};
    for (BenchDay day; next(day);) {
        Writer& out = copy.row(6);
        put_field(out, day.meter.value);
        put_field(out, channel.value);
        put_field(out, day_number(day.day) - pg::detail::postgres_epoch_day);
        put_field(out, row_revision);
        put_field(out, std::int64_t{1});
        put_field(out, day.data);
    }
    copy.finish();
    impl_->written.emplace("interval_day");
}

void BenchDays::copy_months(const std::function<bool(BenchMonth&)>& next)
{
    CopyIn copy{impl_->connection, "interval_month (meter_id, channel, month, through, batch, data)"};
    for (BenchMonth month; next(month);) {
        Writer& out = copy.row(6);
        put_field(out, month.meter.value);
        put_field(out, channel.value);
        put_field(out, day_number(month.month) - pg::detail::postgres_epoch_day);
        put_field(out, day_number(month.through) - pg::detail::postgres_epoch_day);
        put_field(out, std::int64_t{1});
        put_field(out, month.data);
    }
    copy.finish();
    impl_->written.emplace("interval_month");
}

void BenchDays::make_rows(CivilDay from, CivilDay to)
{
    pg::Connection& db = impl_->connection;
    db.exec("DROP TABLE IF EXISTS bench_row; CREATE TABLE bench_row (meter_id int4, channel int2, ts timestamptz, value "
            "int4, rev int4, quality int2, PRIMARY KEY (meter_id, channel, ts)) PARTITION BY RANGE (ts)");
    for (CivilDay day = from; day <= to; day += days{1}) {
        std::string name = to_iso8601(day);
        std::erase(name, '-');
        db.exec("CREATE TABLE bench_row_" + name + " PARTITION OF bench_row FOR VALUES FROM ('" + to_iso8601(day) +
                "T00:00:00Z') TO ('" + to_iso8601(day + days{1}) + "T00:00:00Z')");
    }
}

void BenchDays::copy_rows(const std::function<bool(BaselineReading&)>& next)
{
    CopyIn copy{impl_->connection, "bench_row (meter_id, channel, ts, value, rev, quality)"};
    for (BaselineReading reading; next(reading);) {
        Writer& out = copy.row(6);
        put_field(out, reading.meter);
        put_field(out, channel.value);
        put_field(out, pg::detail::to_microseconds(reading.at));
        put_field(out, reading.value);
        put_field(out, row_revision);
        put_field(out, row_quality);
    }
    copy.finish();
    impl_->written.emplace("bench_row");
}

void BenchDays::make_billed(const Billed& billed)
{
    pg::Connection& db = impl_->connection;
    const auto run = [&](const std::string& sql, const pg::Params& params) { (void)db.run(sql, params); };
    const auto count = static_cast<std::int32_t>(billed.points);
    run("INSERT INTO usage_point (id, energy, collection, organisation) SELECT lpad(n::text, 14, '0'), 'electricity', 'half_hour', 'root' "
        "FROM generate_series(1, $1::int4) n",
        pg::Params{}.add(count));
    run("INSERT INTO meter (id, address, protocol, model, policy, replay, organisation) OVERRIDING SYSTEM VALUE "
        "SELECT n, lpad(to_hex(n), 16, '0'), 'dlms', $2, 'authenticated_encrypted', 'strict', 'root' FROM generate_series(1, $1::int4) n",
        pg::Params{}.add(count).add(billed.model));
    run("INSERT INTO installation (meter_id, usage_point, validity) SELECT n, lpad(n::text, 14, '0'), tstzrange($2::date::timestamp AT TIME ZONE 'Europe/Paris', NULL) "
        "FROM generate_series(1, $1::int4) n",
        pg::Params{}.add(count).add(billed.from));
    run("INSERT INTO contract (usage_point, tariff, parameters, subscribed_powers, validity) SELECT lpad(n::text, 14, '0'), $2, $3, ARRAY[$4::int8::int4], "
        "tstzrange($5::date::timestamp AT TIME ZONE 'Europe/Paris', NULL) FROM generate_series(1, $1::int4) n",
        pg::Params{}.add(count).add(billed.tariff).add(billed.parameters).add(billed.power_va).add(billed.from));
    run("INSERT INTO offpeak_period (usage_point, windows, validity, known_from) SELECT lpad(n::text, 14, '0'), $2, daterange($3::date, NULL), 0 "
        "FROM generate_series(1, $1::int4) n",
        pg::Params{}.add(count).add(billed.offpeak).add(billed.from));
    db.exec("UPDATE batch_sum SET up_to = 1");
    for (const char* table : {"usage_point", "meter", "installation", "contract", "offpeak_period"})
        impl_->written.emplace(table);
}

std::vector<BenchDays::SqlBill> BenchDays::bills(MeterId first, MeterId last, Instant from, Instant to)
{
    static constexpr pg::Statement bills_of_rows{
        "bench_bills",
        "SELECT meter_id, round(sum(value) FILTER (WHERE NOT offpeak) / 2.0)::int8, round(sum(value) FILTER (WHERE offpeak) / 2.0)::int8, "
        "round(100 * (round(sum(value) FILTER (WHERE NOT offpeak) / 2000.0 * (0.0980 + 0.0494 + 0.02998), 2) "
        "+ round(sum(value) FILTER (WHERE offpeak) / 2000.0 * (0.0710 + 0.0350 + 0.02998), 2) "
        "+ 4.50 + round((16.80 + 22.00 + 9 * 13.49) / 365 * 31, 2)) * 1.20)::int8 "
        "FROM (SELECT meter_id, value, (ts AT TIME ZONE 'Europe/Paris')::time >= '23:00' OR (ts AT TIME ZONE 'Europe/Paris')::time < '07:00' AS offpeak "
        "FROM bench_row WHERE channel = 1 AND meter_id BETWEEN $1::int4 AND $2::int4 AND ts >= $3::timestamptz AND ts < $4::timestamptz) r GROUP BY meter_id"};
    const pg::Rows rows = impl_->connection.run(bills_of_rows, pg::Params{}.add(first.value).add(last.value).add(from).add(to));
    std::vector<SqlBill> out;
    for (int i = 0; i < rows.size(); ++i)
        out.push_back({MeterId{rows.int4(i, 0)}, rows.int8(i, 1), rows.int8(i, 2), rows.int8(i, 3)});
    std::ranges::sort(out);
    return out;
}

void BenchDays::forget_bills()
{
    impl_->connection.exec("TRUNCATE bill, bill_run_failure, bill_run");
}

void BenchDays::settle()
{
    for (const std::string& table : impl_->written)
        impl_->connection.exec("VACUUM ANALYZE " + table);
    impl_->connection.exec("CHECKPOINT");
}

BenchDays::Sums BenchDays::fleet_curve(Instant from, Instant to)
{
    Sums sums = sums_of(impl_->connection.run(rows_of_fleet, pg::Params{}.add(from).add(to)));
    std::ranges::sort(sums);
    return sums;
}

std::vector<std::pair<MeterId, std::int64_t>> BenchDays::area_day(std::span<const MeterId> meters, Instant from, Instant to)
{
    pg::Params params;
    params.array(meters, [](MeterId meter) { return meter.value; }).add(from).add(to);
    const pg::Rows rows = impl_->connection.run(rows_of_area, params);
    std::vector<std::pair<MeterId, std::int64_t>> sums;
    for (int i = 0; i < rows.size(); ++i)
        sums.emplace_back(MeterId{rows.int4(i, 0)}, rows.int8(i, 1));
    std::ranges::sort(sums);
    return sums;
}

BenchDays::Sums BenchDays::home_month(MeterId meter, Instant from, Instant to)
{
    return sums_of(impl_->connection.run(rows_of_home, pg::Params{}.add(meter.value).add(channel.value).add(from).add(to)));
}

std::vector<std::pair<CivilDay, std::int64_t>> BenchDays::home_year_daily(MeterId meter, Instant from, Instant to)
{
    const pg::Rows rows =
        impl_->connection.run(rows_by_day, pg::Params{}.add(meter.value).add(channel.value).add(from).add(to));
    std::vector<std::pair<CivilDay, std::int64_t>> sums;
    for (int i = 0; i < rows.size(); ++i)
        sums.emplace_back(rows.day(i, 0), rows.int8(i, 1));
    return sums;
}

} // namespace releve::store
