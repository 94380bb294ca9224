#include <releve/store/fleet_store.hpp>

#include "pg.hpp"

#include <releve/core/day_values.hpp>
#include <releve/engine/consumption.hpp>
#include <releve/engine/month_totals.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <thread>

namespace releve::store {

namespace {

using namespace std::chrono;

// ---------------------------------------------------------------------- a day of a fleet

/// Days of several meters: blocks one behind the other, two bytes for the length of each, and four for the number of its meter
/// if they were asked for.
struct Portion {
    ByteView blocks, lengths, meters;
};
using TakePortion = std::function<result<void>(std::size_t thread, const Portion& portion)>;

template <class Take>
result<void> for_each_block(const Portion& portion, Take take)
{
    Reader in{portion.blocks};
    for (Reader length{portion.lengths}; length.remaining() != 0;)
        RELEVE_CHECK(take(in.take(length.u16_be())));
    RELEVE_ASSERT(!in.failed() && in.remaining() == 0);
    return {};
}

/// The civil day as the channel divides it.
FleetCurve empty_curve(CivilDay day, const ChannelModel& channel, const Zone& zone)
{
    FleetCurve curve{.first = zone.start_of(day, channel.day_start), .step = channel.step, .slots = {}};
    curve.slots.resize(static_cast<std::size_t>(engine::empty_day(zone, day, channel).slots));
    return curve;
}

Error sum_out_of_range()
{
    return fail(errc::bad_value, "sum of the slots out of range");
}

/// What one connection has read of it.
class CurveReader {
public:
    explicit CurveReader(FleetCurve empty) : curve_(std::move(empty)) {}

    result<void> add(ByteView block)
    {
        RELEVE_CHECK(decode_day_values(block, day_));
        if (day_.first != curve_.first || day_.step != curve_.step || day_.slots != curve_.slots.size()) {
            ++curve_.other_shapes;
            return {};
        }
        bool overflow = false;
        for (std::size_t i = 0; i < curve_.slots.size(); ++i) { // a value that is not there is 0
            overflow |= __builtin_add_overflow(curve_.slots[i].sum, day_.values[i], &curve_.slots[i].sum);
            curve_.slots[i].meters += day_.has(i);
        }
        ++curve_.meters;
        if (overflow)
            return sum_out_of_range();
        return {};
    }

    [[nodiscard]] const FleetCurve& curve() const { return curve_; }

private:
    FleetCurve curve_;
    DayValues day_;
};

result<void> add_curve(FleetCurve& sum, const FleetCurve& other)
{
    for (std::size_t i = 0; i < sum.slots.size(); ++i) {
        if (__builtin_add_overflow(sum.slots[i].sum, other.slots[i].sum, &sum.slots[i].sum))
            return sum_out_of_range();
        sum.slots[i].meters += other.slots[i].meters;
    }
    sum.meters += other.meters;
    sum.other_shapes += other.other_shapes;
    return {};
}

/// Pages of the table, which several connections take portion by portion.
struct Portions {
    std::int64_t pages = 0; // when it began
    int size = 1;
    std::atomic<std::int64_t> next{0};
};

// COPY sends a message a row, and a cursor is slower still: a portion as two long values took half their time.
constexpr const char* portion_sql =
    "SELECT string_agg(data, ''::bytea), string_agg(int2send(octet_length(data)::int2), ''::bytea) FROM interval_day "
    "WHERE day = $1::date AND channel = $2::int2 AND ctid >= $3::text::tid";
constexpr const char* portion_with_meters_sql =
    "SELECT string_agg(data, ''::bytea), string_agg(int2send(octet_length(data)::int2), ''::bytea), "
    "string_agg(int4send(meter_id), ''::bytea) FROM interval_day "
    "WHERE day = $1::date AND channel = $2::int2 AND ctid >= $3::text::tid";

/// Which days of which channel, and whether it must be known whose they are.
struct Scan {
    CivilDay day;
    ChannelId channel;
    bool with_meters = false;
};

/// The last portion has no end: what the table has grown by is there too, if the snapshot sees it.
result<void> read_portions(pg::Connection& connection, Portions& portions, const Scan& scan, std::size_t thread, const TakePortion& take)
{
    const auto place = [](std::int64_t page) { return "(" + std::to_string(page) + ",0)"; };
    for (std::int64_t from = portions.next.fetch_add(portions.size); from == 0 || from < portions.pages;
         from = portions.next.fetch_add(portions.size)) {
        pg::Params params;
        params.add(scan.day).add(scan.channel.value).add(place(from));
        std::string sql = scan.with_meters ? portion_with_meters_sql : portion_sql;
        if (from + portions.size < portions.pages) {
            params.add(place(from + portions.size));
            sql += " AND ctid < $4::text::tid";
        }
        const pg::Rows rows = connection.run(sql, params);
        if (!rows.null(0, 0))
            RELEVE_CHECK(take(thread, {rows.bytes(0, 0), rows.bytes(0, 1), scan.with_meters ? rows.bytes(0, 2) : ByteView{}}));
    }
    return {};
}

/// `work` on a thread of its own; what it throws is thrown again where its result is taken.
class ScanThread {
public:
    template <class Work>
    explicit ScanThread(Work work)
        : thread_([this, work] {
              try {
                  done_ = work();
              } catch (...) {
                  thrown_ = std::current_exception();
              }
          })
    {
    }
    result<void> wait()
    {
        thread_.join();
        if (thrown_)
            std::rethrow_exception(thrown_);
        return done_;
    }

private:
    result<void> done_;
    std::exception_ptr thrown_;
    std::jthread thread_; // last: it writes the others
};

/// A snapshot for several connections: a day that is changed meanwhile moves within the table and would be seen
/// twice, or not at all.
struct SharedSnapshot {
    explicit SharedSnapshot(pg::Connection& first) : transaction{first}
    {
        first.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
        name = first.run("SELECT pg_export_snapshot()").text(0, 0);
    }
    pg::Transaction transaction;
    std::string name;
};

std::int64_t pages_of_month(pg::Connection& connection, CivilDay day)
{
    const std::string date = to_iso8601(day);
    return connection
        .run("SELECT coalesce(pg_relation_size(to_regclass($1)) / current_setting('block_size')::int8, 0)",
             pg::Params{}.add("public.interval_day_y" + date.substr(0, 4) + "m" + date.substr(5, 2)))
        .int8(0, 0);
}

// ---------------------------------------------------------------------- energy

/// The whole day's sum in one slot has the energy of the day: it is divided once, after the sum.
result<DayEnergy> energy_of(const DayValues& values, const ChannelModel& channel)
{
    DayEnergy energy{.energy_wh = 0, .slots = static_cast<int>(values.slots), .missing = 0, .quality = values.worst};
    energy.missing = energy.slots - static_cast<int>(values.count());
    if (energy.missing == energy.slots)
        return energy;
    if (energy.missing > 0)
        energy.quality = worse(energy.quality, Quality::incomplete);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < values.slots; ++i)
        if (__builtin_add_overflow(sum, values.values[i], &sum))
            return sum_out_of_range();
    RELEVE_TRY(summary, engine::summarise({.first = values.first, .step = values.step, .slots = {Slot{sum, {}}}}, channel));
    energy.energy_wh = summary.energy_wh;
    return energy;
}

constexpr const char* area_sql =
    "SELECT meter_id, data FROM interval_day WHERE day = $1::date AND channel = $2::int2 AND meter_id = ANY ($3::int4[])";

/// A month and what is due come from one statement, and so from one instant.
constexpr const char* totals_sql =
    "SELECT m.meter_id, m.data FROM interval_month m LEFT JOIN check_due c ON c.meter_id = m.meter_id AND c.job IS NULL "
    "WHERE m.month = $1::date AND m.channel = $2::int2 AND m.meter_id = ANY ($3::int4[]) AND m.through >= $4::date "
    "AND (c.meter_id IS NULL OR $4::date NOT BETWEEN c.day_from AND c.day_to)";

/// By the key of each meter: the planner would read the whole month, which is faster only while it has one day in it.
pg::Rows run_by_key(pg::Connection& connection, const char* sql, const pg::Params& params)
{
    pg::Transaction transaction{connection};
    connection.exec("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off");
    return connection.run(sql, params);
}

/// Meters as they are asked for, some perhaps twice, and what was found of each.
class Area {
public:
    static result<Area> of(std::span<const MeterId> meters)
    {
        if (meters.size() > fleet_limits::meters_max)
            return fail(errc::bad_parameter, "meters: more than " + std::to_string(fleet_limits::meters_max));
        Area area;
        area.asked_.assign(meters.begin(), meters.end());
        area.wanted_ = area.asked_;
        std::ranges::sort(area.wanted_);
        area.wanted_.erase(std::ranges::unique(area.wanted_).begin(), area.wanted_.end());
        area.found_.resize(area.wanted_.size());
        return area;
    }
    /// Each once, in order.
    [[nodiscard]] const std::vector<MeterId>& wanted() const { return wanted_; }
    void put(MeterId meter, const DayEnergy& energy) { found_[place(meter)] = energy; }
    [[nodiscard]] std::vector<std::optional<DayEnergy>> answer() const
    {
        std::vector<std::optional<DayEnergy>> answer;
        answer.reserve(asked_.size());
        for (const MeterId meter : asked_)
            answer.push_back(found_[place(meter)]);
        return answer;
    }

private:
    [[nodiscard]] std::size_t place(MeterId meter) const
    {
        return static_cast<std::size_t>(std::ranges::lower_bound(wanted_, meter) - wanted_.begin());
    }
    std::vector<MeterId> asked_, wanted_;
    std::vector<std::optional<DayEnergy>> found_;
};

constexpr pg::Statement home_days{
    "fleet_home_days", "SELECT day, data FROM interval_day WHERE meter_id = $1::int4 AND channel = $2::int2 AND "
                       "day >= $3::date AND day < $4::date ORDER BY day"};

} // namespace

struct FleetStore::Impl {
    DatabaseAddress address;
    Options options;
    std::vector<pg::Connection> connections;

    pg::Connection& connection(std::size_t number)
    {
        while (connections.size() <= number)
            connections.emplace_back(address, DbRole::work);
        return connections[number];
    }

    /// All of the day, portion by portion, on so many threads: `take` is called on each of them.
    result<void> scan(const Scan& what, const TakePortion& take)
    {
        pg::Connection& first = connection(0);
        SharedSnapshot snapshot{first};
        Portions portions{.pages = pages_of_month(first, what.day), .size = options.portion_pages, .next = 0};
        std::vector<std::unique_ptr<ScanThread>> others;
        for (std::size_t i = 1; i < static_cast<std::size_t>(options.connections); ++i) {
            pg::Connection& own = connection(i);
            others.push_back(std::make_unique<ScanThread>([&, i]() -> result<void> {
                pg::Transaction transaction{own};
                own.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '" + snapshot.name + "'");
                return read_portions(own, portions, what, i, take);
            }));
        }
        RELEVE_CHECK(read_portions(first, portions, what, 0, take));
        for (const auto& other : others)
            RELEVE_CHECK(other->wait());
        return {};
    }
};

FleetStore::FleetStore(DatabaseAddress address) : FleetStore(std::move(address), Options{}) {}
FleetStore::FleetStore(DatabaseAddress address, const Options& options)
    : impl_(std::make_unique<Impl>(Impl{std::move(address), options, {}}))
{
    RELEVE_ASSERT(options.connections >= 1 && options.connections <= fleet_limits::connections_max && options.portion_pages >= 1);
    impl_->connections.reserve(static_cast<std::size_t>(options.connections)); // transactions refer to them
}
FleetStore::~FleetStore() = default;

result<FleetCurve> FleetStore::fleet_curve(CivilDay day, const ChannelModel& channel, const Zone& zone)
{
    if (channel.step <= Seconds{0})
        return fail(errc::bad_value, "the channel has no step");
    FleetCurve sum = empty_curve(day, channel, zone);
    std::vector<CurveReader> readers(static_cast<std::size_t>(impl_->options.connections), CurveReader{sum});
    RELEVE_CHECK(impl_->scan({.day = day, .channel = channel.channel}, [&](std::size_t thread, const Portion& portion) {
        return for_each_block(portion, [&](ByteView block) { return readers[thread].add(block); });
    }));
    for (const CurveReader& reader : readers)
        RELEVE_CHECK(add_curve(sum, reader.curve()));
    return sum;
}

result<void> FleetStore::for_each_day(CivilDay day, ChannelId channel, const VisitDay& visit)
{
    return impl_->scan({.day = day, .channel = channel, .with_meters = true}, [&](std::size_t thread, const Portion& portion) {
        Reader meters{portion.meters};
        return for_each_block(portion, [&](ByteView block) {
            return visit(thread, MeterId{static_cast<std::int32_t>(meters.u32_be())}, block);
        });
    });
}

result<std::vector<std::optional<DayEnergy>>> FleetStore::area_day(std::span<const MeterId> meters, CivilDay day,
                                                                   const ChannelModel& channel)
{
    RELEVE_TRY(area, Area::of(meters));
    pg::Params params;
    params.add(day).add(channel.channel.value).array(area.wanted(), [](MeterId meter) { return meter.value; });
    const pg::Rows rows = run_by_key(impl_->connection(0), area_sql, params);
    DayValues values;
    for (int i = 0; i < rows.size(); ++i) {
        RELEVE_CHECK(decode_day_values(rows.bytes(i, 1), values));
        RELEVE_TRY(energy, energy_of(values, channel));
        area.put(MeterId{rows.int4(i, 0)}, energy);
    }
    return area.answer();
}

result<std::vector<std::optional<DayEnergy>>> FleetStore::area_day_totals(std::span<const MeterId> meters, CivilDay day, ChannelId channel)
{
    RELEVE_TRY(area, Area::of(meters));
    const CivilDay month = engine::period_around(day, engine::Period::month).from;
    pg::Params params;
    params.add(month).add(channel.value).array(area.wanted(), [](MeterId meter) { return meter.value; }).add(day);
    const pg::Rows rows = run_by_key(impl_->connection(0), totals_sql, params);
    for (int i = 0; i < rows.size(); ++i) {
        RELEVE_TRY(total, engine::find_day_total(rows.bytes(i, 1), month, day));
        if (total)
            area.put(MeterId{rows.int4(i, 0)}, {.energy_wh = total->energy_wh,
                                                .slots = static_cast<int>(total->slots),
                                                .missing = static_cast<int>(total->missing),
                                                .quality = total->quality});
    }
    return area.answer();
}

result<std::vector<TimedValue>> FleetStore::home_month(MeterId meter, ChannelId channel, CivilDay from, CivilDay to)
{
    if (to <= from || to - from > days{fleet_limits::days_max})
        return fail(errc::bad_parameter, "to: not after from, or more than " + std::to_string(fleet_limits::days_max) + " days after it");
    const pg::Rows rows =
        impl_->connection(0).run(home_days, pg::Params{}.add(meter.value).add(channel.value).add(from).add(to));
    std::vector<TimedValue> answer;
    DayValues values;
    for (int i = 0; i < rows.size(); ++i) {
        RELEVE_CHECK(decode_day_values(rows.bytes(i, 1), values));
        for (std::uint32_t slot = 0; slot < values.slots; ++slot)
            if (values.has(slot))
                answer.push_back({values.first + values.step * slot, values.values[slot]});
    }
    return answer;
}

result<std::vector<EnergyOfDay>> FleetStore::home_year_daily(MeterId meter, const ChannelModel& channel, std::chrono::year year)
{
    const CivilDay from{local_days{year / January / 1}}, to{local_days{(year + years{1}) / January / 1}};
    const pg::Rows rows =
        impl_->connection(0).run(home_days, pg::Params{}.add(meter.value).add(channel.channel.value).add(from).add(to));
    std::vector<EnergyOfDay> answer;
    DayValues values;
    for (int i = 0; i < rows.size(); ++i) {
        RELEVE_CHECK(decode_day_values(rows.bytes(i, 1), values));
        RELEVE_TRY(energy, energy_of(values, channel));
        answer.push_back({rows.day(i, 0), energy});
    }
    return answer;
}

} // namespace releve::store
