// Questions over days, beside the same questions in SQL over the same readings as one row each.

#include "bench_server.hpp"

#include <releve/app/bench.hpp>
#include <releve/app/demo.hpp>
#include <releve/core/block.hpp>
#include <releve/sim/random.hpp>
#include <releve/store/bench_days.hpp>
#include <releve/store/collect_store.hpp>
#include <releve/store/fleet_store.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto home_year = 2025y;                            // of homes, with both changes of clocks
constexpr CivilDay fleet_day{2025y / 1 / 15};           // of the fleet: 48 half-hours
constexpr CivilDay first_round_day{2024y / 10 / 27};    // BenchLoad's round 1
constexpr std::size_t area_points = 10'000;
constexpr int repeats_min = 3;
constexpr int repeats_max = 100'000;
constexpr int homes_compared = 100; // before a time is taken

CivilDay first_of(int month)
{
    return CivilDay{std::chrono::local_days{home_year / month / 1}};
}

/// The channel as the load sends it: mean power in W by half-hours.
ChannelModel channel_model()
{
    ChannelModel model;
    model.channel = store::BenchDays::channel;
    model.name = "active_power_import";
    return model;
}

/// Of half-hours in W, none negative; rounded half away from zero.
std::int64_t energy_of_powers(std::int64_t sum_w)
{
    return (sum_w * sim::slot_length.count() + 1'800) / 3'600;
}

struct AskedTimes {
    std::vector<double> seconds;
    [[nodiscard]] double percentile(double share) const
    {
        std::vector<double> sorted = seconds;
        std::ranges::sort(sorted);
        return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
    }
};

/// Asks for so long, but at least a few times; `ask(n)` is the n-th question, the same for both sides.
template <class Ask>
AskedTimes measure_times(int seconds, Ask ask)
{
    AskedTimes times;
    const auto until = SteadyClock::now() + std::chrono::seconds{seconds};
    for (int n = 0; n < repeats_min || (n < repeats_max && SteadyClock::now() < until); ++n) {
        const auto began = SteadyClock::now();
        ask(n);
        times.seconds.push_back(std::chrono::duration<double>(SteadyClock::now() - began).count());
    }
    return times;
}

class QueryBench {
public:
    explicit QueryBench(const BenchQueryOptions& options) : options_(options)
    {
        options_.row_meters = std::min(options_.row_meters, options_.meters);
        options_.year_meters = std::min(options_.year_meters, options_.row_meters);
    }

    result<BenchReport> run()
    {
        RELEVE_TRY(load, BenchLoad::make({.meters = options_.meters,
                                          .connections = 1,
                                          .rounds = 1,
                                          .demo_data = options_.demo_data}));
        load_.emplace(std::move(load));
        if (options_.data_dir.empty())
            temporary_.emplace();
        Config config;
        config.data_dir = options_.data_dir.empty() ? temporary_->path() : options_.data_dir;
        say_progress("database");
        RELEVE_TRY(database, open_database(config, [](std::string_view) {}));
        database_ = std::move(database);
        store::CollectStore::ensure_partitions(database_.address, first_of(1), first_of(12));
        rows_.emplace(database_.address);
        days_.emplace(database_.address);
        RELEVE_CHECK(fill());
        RELEVE_CHECK(fleet_curve());
        RELEVE_CHECK(area_day());
        RELEVE_CHECK(home_month());
        RELEVE_CHECK(home_year_daily());
        return std::move(report_);
    }

private:
    // ---- the readings

    [[nodiscard]] std::vector<std::pair<Instant, std::int32_t>> slots(std::uint32_t meter, CivilDay day) const
    {
        return load_->slots({meter, static_cast<std::uint32_t>((day - first_round_day).count()) + 1});
    }
    [[nodiscard]] static MeterId meter_id(std::uint32_t meter) { return MeterId{static_cast<std::int32_t>(meter) + 1}; }

    /// Every day of the year for some meters, and one day for so many.
    template <class Take>
    void for_each_day(std::uint32_t meters_that_day, Take take) const
    {
        for (CivilDay day = first_of(1); day < first_of(12) + std::chrono::days{31}; day += std::chrono::days{1}) {
            const std::uint32_t meters = day == fleet_day ? meters_that_day : options_.year_meters;
            for (std::uint32_t meter = 0; meter < meters; ++meter)
                take(meter, day);
        }
    }

    result<void> fill()
    {
        say_progress("writing a day of " + std::to_string(options_.meters) + " meters and a year of " +
                     std::to_string(options_.year_meters) + " as days");
        RELEVE_CHECK(fill_days());
        say_progress("writing the day of " + std::to_string(options_.row_meters) + " of them and the year as rows");
        fill_rows();
        say_progress("VACUUM ANALYZE");
        rows_->settle();
        return {};
    }

    /// As a day's frame leaves it: one run, a counter of the meter's own.
    [[nodiscard]] result<Bytes> encoded(std::uint32_t meter, CivilDay day)
    {
        const auto readings = slots(meter, day);
        const Provenance provenance{.authenticated = true,
                                    .key_generation = 1,
                                    .counter = std::uint64_t{1} << 32 | static_cast<std::uint32_t>(day_number(day)) << 8,
                                    .quality = Quality::raw,
                                    .batch = 1 + meter / 1'000};
        DayBlock block{.first = readings.front().first, .step = sim::slot_length, .slots = {}};
        for (const auto& [start, power] : readings)
            block.slots.emplace_back(Slot{power, provenance});
        if (day == fleet_day)
            expect(meter, readings);
        return encode_day_block(block);
    }

    void expect(std::uint32_t meter, const std::vector<std::pair<Instant, std::int32_t>>& readings)
    {
        for (auto* sums : {&expected_, &expected_rows_}) {
            if (sums == &expected_rows_ && meter >= options_.row_meters)
                continue;
            sums->resize(readings.size());
            for (std::size_t i = 0; i < readings.size(); ++i) {
                (*sums)[i].first = readings[i].first;
                (*sums)[i].second += readings[i].second;
            }
        }
    }

    result<void> fill_days()
    {
        std::vector<std::pair<std::uint32_t, CivilDay>> order;
        for_each_day(options_.meters, [&](std::uint32_t meter, CivilDay day) { order.emplace_back(meter, day); });
        std::size_t next = 0;
        Bytes data;
        std::optional<Error> refused;
        rows_->copy_days([&](store::BenchDay& day) {
            if (next == order.size() || refused)
                return false;
            auto bytes = encoded(order[next].first, order[next].second);
            if (!bytes) {
                refused = bytes.error();
                return false;
            }
            data = std::move(*bytes);
            day = {meter_id(order[next].first), order[next].second, data};
            ++next;
            return true;
        });
        return refused ? result<void>{*refused} : result<void>{};
    }

    void fill_rows()
    {
        rows_->make_rows(first_of(1) - std::chrono::days{1}, first_of(12) + std::chrono::days{30});
        std::vector<std::pair<std::uint32_t, CivilDay>> order;
        for_each_day(options_.row_meters, [&](std::uint32_t meter, CivilDay day) { order.emplace_back(meter, day); });
        std::size_t next = 0, slot = 0;
        std::vector<std::pair<Instant, std::int32_t>> readings;
        rows_->copy_rows([&](store::BaselineReading& reading) {
            if (slot == readings.size()) {
                if (next == order.size())
                    return false;
                readings = slots(order[next].first, order[next].second);
                ++next;
                slot = 0;
            }
            const std::uint32_t meter = order[next - 1].first;
            reading = {meter_id(meter).value, readings[slot].first, readings[slot].second};
            ++slot;
            return true;
        });
    }

    // ---- the questions

    [[nodiscard]] static Instant start(CivilDay day) { return paris().start_of(day); }
    /// The n-th random number below `bound` of this question.
    [[nodiscard]] static std::uint32_t pick(std::uint64_t question, int n, std::uint32_t bound)
    {
        return static_cast<std::uint32_t>(sim::mix(bench_seed + question, static_cast<std::uint64_t>(n)) % bound);
    }

    struct Measured {
        std::string name, unit;
        double per_second = 1; // of the unit
        double scale = 1;      // what the baseline's time is multiplied by
        std::vector<BenchFigure> details;
    };
    void report(Measured what, const AskedTimes& own, const AskedTimes& rows)
    {
        const auto add = [&](const char* name, double value) { what.details.push_back({name, value}); };
        add("p50", own.percentile(0.5) * what.per_second);
        add("p99", own.percentile(0.99) * what.per_second);
        add("repeats", static_cast<double>(own.seconds.size()));
        add("sql_rows_p50_measured", rows.percentile(0.5) * what.per_second);
        add("sql_rows_p99_measured", rows.percentile(0.99) * what.per_second);
        add("sql_rows_repeats", static_cast<double>(rows.seconds.size()));
        add("sql_rows_scaled_by", what.scale);
        report_.results.push_back({.name = what.name,
                                   .unit = what.unit,
                                   .value = own.percentile(0.5) * what.per_second,
                                   .larger_is_better = false,
                                   .baselines = {{"sql_rows", rows.percentile(0.5) * what.per_second * what.scale}},
                                   .details = std::move(what.details)});
    }
    /// No time is told of an answer that is not the same.
    bool same(const std::string& name, bool equal)
    {
        if (!equal)
            report_.problems.push_back(name + ": the answer of the days is not that of the rows");
        return equal;
    }

    result<void> fleet_curve()
    {
        say_progress("fleet_curve");
        RELEVE_TRY(curve, days_->fleet_curve(fleet_day, channel_, paris()));
        store::BenchDays::Sums found;
        for (std::size_t i = 0; i < curve.slots.size(); ++i)
            found.emplace_back(curve.first + curve.step * static_cast<std::int64_t>(i), curve.slots[i].sum);
        const Instant from = start(fleet_day), to = start(fleet_day + std::chrono::days{1});
        // Both against what was written: the rows are of fewer meters.
        if (!same("fleet_curve", found == expected_ && curve.meters == options_.meters && curve.other_shapes == 0 &&
                                     rows_->fleet_curve(from, to) == expected_rows_))
            return {};
        const auto ask_days = [&](int) { (void)days_->fleet_curve(fleet_day, channel_, paris()).value(); };
        const AskedTimes own = measure_times(options_.seconds, ask_days);
        const AskedTimes rows = measure_times(options_.seconds, [&](int) { (void)rows_->fleet_curve(from, to); });
        report({.name = "fleet_curve",
                .unit = "s",
                .scale = static_cast<double>(options_.meters) / options_.row_meters,
                .details = {{"meters", static_cast<double>(options_.meters)},
                            {"row_meters", static_cast<double>(options_.row_meters)}}},
               own, rows);
        return {};
    }

    [[nodiscard]] std::vector<MeterId> area(int n) const
    {
        std::vector<std::uint32_t> all(options_.row_meters);
        for (std::uint32_t meter = 0; meter < options_.row_meters; ++meter)
            all[meter] = meter;
        std::vector<MeterId> points;
        for (std::uint32_t i = 0; i < std::min<std::size_t>(area_points, all.size()); ++i) {
            const auto left = static_cast<std::uint32_t>(all.size()) - i;
            std::swap(all[i], all[i + pick(1 + static_cast<std::uint64_t>(n), static_cast<int>(i), left)]);
            points.push_back(meter_id(all[i]));
        }
        return points;
    }

    result<void> area_day()
    {
        say_progress("area_day");
        const Instant from = start(fleet_day), to = start(fleet_day + std::chrono::days{1});
        std::vector<std::vector<MeterId>> areas;
        for (int n = 0; n < 8; ++n)
            areas.push_back(area(n));
        for (const auto& points : areas) {
            RELEVE_TRY(answer, days_->area_day(points, fleet_day, channel_));
            std::vector<std::pair<MeterId, std::int64_t>> found, expected;
            for (std::size_t i = 0; i < points.size(); ++i)
                found.emplace_back(points[i], answer[i] ? answer[i]->energy_wh : -1);
            for (const auto& [meter, sum] : rows_->area_day(points, from, to))
                expected.emplace_back(meter, energy_of_powers(sum));
            std::ranges::sort(found);
            if (!same("area_day", found == expected))
                return {};
        }
        const auto points = [&](int n) -> const auto& { return areas[static_cast<std::size_t>(n) % areas.size()]; };
        const auto ask_days = [&](int n) { (void)days_->area_day(points(n), fleet_day, channel_).value(); };
        const AskedTimes own = measure_times(options_.seconds, ask_days);
        const AskedTimes rows = measure_times(options_.seconds, [&](int n) { (void)rows_->area_day(points(n), from, to); });
        report({.name = "area_day",
                .unit = "ms",
                .per_second = 1'000,
                .details = {{"points", static_cast<double>(areas[0].size())},
                            {"meters", static_cast<double>(options_.meters)},
                            {"row_meters", static_cast<double>(options_.row_meters)}}},
               own, rows);
        return {};
    }

    result<void> home_month()
    {
        say_progress("home_month");
        struct Question {
            MeterId meter;
            CivilDay from, to;
        };
        const auto question = [&](int n) {
            const int month = 1 + static_cast<int>(pick(20, n, 12));
            return Question{meter_id(pick(21, n, options_.year_meters)), first_of(month),
                            month == 12 ? first_of(12) + std::chrono::days{31} : first_of(month + 1)};
        };
        const auto ask_days = [&](const Question& q) { return days_->home_month(q.meter, channel_.channel, q.from, q.to); };
        const auto ask_rows = [&](const Question& q) { return rows_->home_month(q.meter, start(q.from), start(q.to)); };
        for (int n = 0; n < homes_compared; ++n) {
            RELEVE_TRY(answer, ask_days(question(n)));
            store::BenchDays::Sums found;
            for (const store::TimedValue& value : answer)
                found.emplace_back(value.start, value.value);
            if (!same("home_month", found == ask_rows(question(n)) && !found.empty()))
                return {};
        }
        const AskedTimes own = measure_times(options_.seconds, [&](int n) { (void)ask_days(question(n)).value(); });
        const AskedTimes rows = measure_times(options_.seconds, [&](int n) { (void)ask_rows(question(n)); });
        report_home("home_month", own, rows);
        return {};
    }

    result<void> home_year_daily()
    {
        say_progress("home_year_daily");
        const auto meter = [&](int n) { return meter_id(pick(30, n, options_.year_meters)); };
        const Instant from = start(first_of(1)), to = start(first_of(12) + std::chrono::days{31});
        const auto ask_days = [&](int n) { return days_->home_year_daily(meter(n), channel_, home_year); };
        const auto ask_rows = [&](int n) { return rows_->home_year_daily(meter(n), from, to); };
        for (int n = 0; n < homes_compared; ++n) {
            RELEVE_TRY(answer, ask_days(n));
            std::vector<std::pair<CivilDay, std::int64_t>> found, expected;
            for (const store::EnergyOfDay& day : answer)
                found.emplace_back(day.day, day.energy.energy_wh);
            for (const auto& [day, sum] : ask_rows(n))
                expected.emplace_back(day, energy_of_powers(sum));
            if (!same("home_year_daily", found == expected && found.size() == 365))
                return {};
        }
        const AskedTimes own = measure_times(options_.seconds, [&](int n) { (void)ask_days(n).value(); });
        const AskedTimes rows = measure_times(options_.seconds, [&](int n) { (void)ask_rows(n); });
        report_home("home_year_daily", own, rows);
        return {};
    }

    void report_home(const char* name, const AskedTimes& own, const AskedTimes& rows)
    {
        report({.name = name,
                .unit = "ms",
                .per_second = 1'000,
                .details = {{"year_meters", static_cast<double>(options_.year_meters)}}},
               own, rows);
    }

    BenchQueryOptions options_;
    ChannelModel channel_ = channel_model();
    std::optional<BenchLoad> load_;
    std::optional<TemporaryFolder> temporary_;
    OpenDatabase database_;
    std::optional<store::BenchDays> rows_;
    std::optional<store::FleetStore> days_;
    store::BenchDays::Sums expected_, expected_rows_; // of the fleet's day, as it was written
    BenchReport report_{"query", {}, {}};
};

} // namespace

result<BenchReport> bench_query(const BenchQueryOptions& options)
{
    return QueryBench{options}.run();
}

} // namespace releve::app
