// Questions over days, beside the same questions in SQL over the same readings as one row each.

#include "bench_query_data.hpp"

#include <releve/app/demo.hpp>
#include <releve/sim/random.hpp>
#include <releve/store/collect_store.hpp>
#include <releve/store/fleet_store.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;
constexpr auto home_year = 2025y; // of homes, with both changes of clocks
constexpr CivilDay fleet_day = BenchFleet::day;
constexpr std::size_t area_points = 10'000;
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

class QueryBench {
public:
    explicit QueryBench(const BenchQueryOptions& options) : options_(options)
    {
        options_.row_meters = std::min(options_.row_meters, options_.meters);
        options_.year_meters = std::min(options_.year_meters, options_.row_meters);
    }

    result<BenchReport> run()
    {
        RELEVE_TRY(fleet, BenchFleet::open({options_.meters, options_.data_dir, options_.demo_data}));
        fleet_ = std::move(fleet);
        rows_ = &fleet_->tables();
        store::CollectStore::ensure_partitions(fleet_->database(), first_of(1), first_of(12));
        days_.emplace(fleet_->database());
        RELEVE_CHECK(fill());
        RELEVE_CHECK(fleet_curve());
        RELEVE_CHECK(area_day());
        RELEVE_CHECK(area_day_totals());
        RELEVE_CHECK(home_month());
        RELEVE_CHECK(home_year_daily());
        return std::move(report_);
    }

private:
    // ---- the readings

    [[nodiscard]] static MeterId meter_id(std::uint32_t meter) { return BenchFleet::meter_id(meter); }

    /// Every day of the year for some meters, and one day for so many.
    [[nodiscard]] std::vector<BenchFleet::MeterDay> days_of(std::uint32_t meters_that_day) const
    {
        std::vector<BenchFleet::MeterDay> order;
        for (CivilDay day = first_of(1); day < first_of(12) + std::chrono::days{31}; day += std::chrono::days{1}) {
            const std::uint32_t meters = day == fleet_day ? meters_that_day : options_.year_meters;
            for (std::uint32_t meter = 0; meter < meters; ++meter)
                order.push_back({meter, day});
        }
        return order;
    }

    result<void> fill()
    {
        say_progress("writing a day of " + std::to_string(options_.meters) + " meters and a year of " +
                     std::to_string(options_.year_meters) + " as days");
        RELEVE_CHECK(fleet_->write_days(days_of(options_.meters), [this](const BenchFleet::MeterDay& of) {
            if (of.day == fleet_day)
                expect(of.meter, fleet_->slots(of));
            return fleet_->block(of);
        }));
        say_progress("writing their totals of the month");
        RELEVE_CHECK(fleet_->write_months(channel_));
        say_progress("writing the day of " + std::to_string(options_.row_meters) + " of them and the year as rows");
        fill_rows();
        say_progress("VACUUM ANALYZE");
        rows_->settle();
        return {};
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

    void fill_rows()
    {
        rows_->make_rows(first_of(1) - std::chrono::days{1}, first_of(12) + std::chrono::days{30});
        const std::vector<BenchFleet::MeterDay> order = days_of(options_.row_meters);
        std::size_t next = 0, slot = 0;
        std::vector<std::pair<Instant, std::int32_t>> readings;
        rows_->copy_rows([&](store::BaselineReading& reading) {
            if (slot == readings.size()) {
                if (next == order.size())
                    return false;
                readings = fleet_->slots(order[next]);
                ++next;
                slot = 0;
            }
            reading = {meter_id(order[next - 1].meter).value, readings[slot].first, readings[slot].second};
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

    using AreaAnswer = std::vector<std::optional<store::DayEnergy>>;
    using AskArea = std::function<result<AreaAnswer>(std::span<const MeterId> points)>;

    result<void> area_day()
    {
        return ask_areas("area_day", [this](std::span<const MeterId> points) { return days_->area_day(points, fleet_day, channel_); });
    }
    result<void> area_day_totals()
    {
        return ask_areas("area_day_totals", [this](std::span<const MeterId> points) {
            return days_->area_day_totals(points, fleet_day, channel_.channel);
        });
    }

    result<void> ask_areas(const char* name, const AskArea& ask)
    {
        say_progress(name);
        const Instant from = start(fleet_day), to = start(fleet_day + std::chrono::days{1});
        std::vector<std::vector<MeterId>> areas;
        for (int n = 0; n < 8; ++n)
            areas.push_back(area(n));
        for (const auto& points : areas) {
            RELEVE_TRY(answer, ask(points));
            std::vector<std::pair<MeterId, std::int64_t>> found, expected;
            for (std::size_t i = 0; i < points.size(); ++i)
                found.emplace_back(points[i], answer[i] ? answer[i]->energy_wh : -1);
            for (const auto& [meter, sum] : rows_->area_day(points, from, to))
                expected.emplace_back(meter, energy_of_powers(sum));
            std::ranges::sort(found);
            if (!same(name, found == expected))
                return {};
        }
        const auto points = [&](int n) -> const auto& { return areas[static_cast<std::size_t>(n) % areas.size()]; };
        const AskedTimes own = measure_times(options_.seconds, [&](int n) { (void)ask(points(n)).value(); });
        const AskedTimes rows = measure_times(options_.seconds, [&](int n) { (void)rows_->area_day(points(n), from, to); });
        report({.name = name,
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
    std::unique_ptr<BenchFleet> fleet_;
    store::BenchDays* rows_ = nullptr; // of the fleet
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
