// A day of a whole fleet judged by all rules as a batch that brings it would, beside only reading and unpacking it.

#include "bench_query_data.hpp"

#include <releve/app/demo.hpp>
#include <releve/app/model_files.hpp>
#include <releve/app/rule_files.hpp>
#include <releve/engine/meter_checks.hpp>
#include <releve/store/fleet_store.hpp>

#include <array>
#include <map>
#include <unordered_map>

namespace releve::app {

namespace {

using Days = std::chrono::days;

constexpr CivilDay judged_day = BenchFleet::day;
constexpr std::uint32_t planted_one_in = 500; // meters
constexpr std::uint32_t untouched_compared = 1'000;
constexpr std::int64_t subscribed_va = 12'000;
constexpr std::int64_t index_at_first = 5'000'000;
constexpr std::array<std::int16_t, 5> index_channels{10, 11, 12, 21, 22}; // as a Linky sends them: total, supplier's, distributor's

// ---------------------------------------------------------------------- what is wrong with some days

void plant_spike(DayBlock& block)
{
    std::int64_t greatest = 0;
    for (const auto& slot : block.slots)
        greatest = std::max(greatest, slot->value);
    block.slots[20]->value = 10 * greatest + 50'000;
}
void plant_negative(DayBlock& block)
{
    block.slots[30]->value = -1 - block.slots[30]->value;
}
void plant_zeros(DayBlock& block)
{
    for (auto& slot : block.slots)
        slot->value = 0;
}
void plant_gap(DayBlock& block)
{
    for (std::size_t i = 16; i < 24; ++i)
        block.slots[i].reset();
}
constexpr std::array<void (*)(DayBlock&), 4> plants{plant_spike, plant_negative, plant_zeros, plant_gap};

bool is_planted(std::uint32_t meter)
{
    return meter % planted_one_in == planted_one_in / 2;
}

// ---------------------------------------------------------------------- the benchmark

class ValidationBench {
public:
    explicit ValidationBench(const BenchValidationOptions& options) : options_(options) {}

    result<BenchReport> run()
    {
        RELEVE_TRY(models, ModelRegistry::load({}));
        RELEVE_TRY(rules, load_rules({}));
        const MeterModel* linky = models.find("linky");
        const ChannelModel* curve = linky == nullptr ? nullptr : linky->main_channel();
        if (curve == nullptr || curve->channel != channel_)
            return fail(errc::bad_model, "linky: the shipped model has another curve");
        model_.emplace(*linky, rules);
        RELEVE_TRY(fleet, BenchFleet::open({options_.meters, options_.data_dir, options_.demo_data}));
        fleet_ = std::move(fleet);
        days_.emplace(fleet_->database());
        RELEVE_CHECK(fill());
        RELEVE_CHECK(remember());
        RELEVE_TRY(as_it_must_be, check(*curve));
        if (as_it_must_be)
            RELEVE_CHECK(measure(*curve));
        return std::move(report_);
    }

private:
    // ---- the day, and the days before

    [[nodiscard]] DayBlock block_of(const BenchFleet::MeterDay& of) const
    {
        DayBlock block = fleet_->block(of);
        if (of.day == judged_day && is_planted(of.meter))
            plants[of.meter / planted_one_in % plants.size()](block);
        return block;
    }

    result<void> fill()
    {
        say_progress("writing a day of " + std::to_string(options_.meters) + " meters");
        std::vector<BenchFleet::MeterDay> order;
        for (std::uint32_t meter = 0; meter < options_.meters; ++meter)
            order.push_back({meter, judged_day});
        RELEVE_CHECK(fleet_->write_days(order, [this](const BenchFleet::MeterDay& of) { return block_of(of); }));
        say_progress("VACUUM ANALYZE");
        fleet_->tables().settle();
        return {};
    }

    /// What an index counted in the day that was recorded, whatever was planted in it since.
    [[nodiscard]] std::int64_t counted_wh(const BenchFleet::MeterDay& of) const
    {
        std::int64_t sum_w = 0;
        for (const auto& [start, power] : fleet_->slots(of))
            sum_w += power;
        return sum_w / 2;
    }

    /// At midnights from the start of the day before to the end of the day that is judged: indexes come before the curve.
    [[nodiscard]] std::vector<engine::BoundaryRead> reads_of(std::uint32_t meter) const
    {
        std::vector<engine::BoundaryRead> reads;
        std::int64_t index = index_at_first;
        for (CivilDay day = judged_day - Days{1}; day <= judged_day + Days{1}; day += Days{1}) {
            for (const std::int16_t channel : index_channels) // all of it in the first period of each calendar
                reads.push_back({ChannelId{channel}, paris().start_of(day), channel % 10 == 2 ? index_at_first : index});
            index += counted_wh({meter, day});
        }
        return reads;
    }

    /// As a closer look loads them, from the first day that it looks at to `last`.
    result<engine::MeterDays> days_up_to(std::uint32_t meter, CivilDay last) const
    {
        engine::MeterDays days;
        for (CivilDay day = engine::first_day_looked_at(judged_day); day <= last; day += Days{1}) {
            RELEVE_TRY(data, encode_day_block(block_of({meter, day})));
            days.channels[channel_].emplace(day, std::move(data));
        }
        days.reads = reads_of(meter);
        days.point.subscribed_va = subscribed_va;
        return days;
    }

    /// What the closer look at the day before leaves; it is the same for meters of one curve, but each has its own.
    result<void> remember()
    {
        say_progress("judging the days before");
        std::map<std::size_t, engine::MeterMemory> by_curve;
        remembered_.reserve(options_.meters);
        for (std::uint32_t meter = 0; meter < options_.meters; ++meter) {
            auto known = by_curve.find(fleet_->curve_of(meter));
            if (known == by_curve.end()) {
                const CivilDay before = judged_day - Days{1};
                RELEVE_TRY(days, days_up_to(meter, before));
                RELEVE_TRY(verdict, engine::judge_meter(*model_, days, before, before));
                known = by_curve.emplace(fleet_->curve_of(meter), std::move(verdict.memory)).first;
            }
            remembered_.emplace(BenchFleet::meter_id(meter).value, known->second);
        }
        return {};
    }

    [[nodiscard]] double remembered_bytes() const
    {
        std::size_t bytes = 0;
        for (const auto& [meter, memory] : remembered_) {
            bytes += sizeof(meter) + sizeof(memory) + memory.reads.capacity() * sizeof(engine::BoundaryRead) +
                     memory.channels.capacity() * sizeof(engine::MeterMemory::Channel);
            for (const engine::MeterMemory::Channel& channel : memory.channels)
                bytes += channel.block.capacity();
        }
        return static_cast<double>(bytes);
    }

    // ---- judging

    /// All days of the fleet, each with what is remembered of its meter; `fails(thread, meter)` for those that do not pass. As
    /// a writer does, on a copy: what is concluded holds once the batch is committed, and here it never is.
    template <class Fails>
    result<void> judge_fleet(Fails fails)
    {
        return days_->for_each_day(judged_day, channel_, [&](std::size_t thread, MeterId meter, ByteView block) -> result<void> {
            const auto known = remembered_.find(meter.value);
            if (known == remembered_.end())
                return fail(errc::bad_value, "a meter of which nothing is remembered");
            engine::MeterMemory now = known->second;
            const engine::FreshDay fresh{channel_, judged_day, block};
            if (!now.take(*model_, {&fresh, 1}, {}, paris()))
                fails(thread, meter);
            return {};
        });
    }

    /// How many meters' days do not keep all rules.
    result<std::size_t> count_failing()
    {
        struct alignas(64) Counter {
            std::size_t meters = 0;
        };
        std::array<Counter, store::fleet_limits::connections_max> counters{};
        RELEVE_CHECK(judge_fleet([&](std::size_t thread, MeterId) { ++counters.at(thread).meters; }));
        std::size_t sum = 0;
        for (const Counter& counter : counters)
            sum += counter.meters;
        return sum;
    }

    /// The closer look at the day itself.
    result<bool> keeps_all_rules(std::uint32_t meter) const
    {
        RELEVE_TRY(days, days_up_to(meter, judged_day));
        RELEVE_TRY(verdict, engine::judge_meter(*model_, days, judged_day, judged_day));
        return verdict.days.size() == 1 && verdict.days[0].failures.empty();
    }

    bool problem(std::string what)
    {
        report_.problems.push_back("day_of_fleet: " + std::move(what));
        return false;
    }

    /// No time is told of verdicts that are not the same.
    result<bool> check(const ChannelModel& curve)
    {
        say_progress("comparing verdicts");
        RELEVE_TRY(sums, days_->fleet_curve(judged_day, curve, paris()));
        std::vector<std::uint8_t> failing(options_.meters, 0); // each meter is one thread's
        RELEVE_CHECK(judge_fleet([&](std::size_t, MeterId meter) { ++failing.at(static_cast<std::size_t>(meter.value) - 1); }));
        if (sums.meters != options_.meters || sums.other_shapes != 0)
            return problem("not every meter has its day");
        failing_ = static_cast<std::size_t>(std::ranges::count(failing, 1));
        const std::uint32_t apart = std::max<std::uint32_t>(1, options_.meters / untouched_compared);
        for (std::uint32_t meter = 0; meter < options_.meters; ++meter) {
            if (!is_planted(meter) && meter % apart != 0)
                continue;
            RELEVE_TRY(keeps, keeps_all_rules(meter));
            const std::string who = "meter " + std::to_string(meter + 1);
            if (failing[meter] != (keeps ? 0 : 1))
                return problem(who + ": the verdict is not that of a closer look");
            if (is_planted(meter) && keeps)
                return problem(who + ": what is wrong with its day was not seen");
            planted_ += is_planted(meter) ? 1 : 0;
            ++compared_;
        }
        return true;
    }

    result<void> measure(const ChannelModel& curve)
    {
        say_progress("read_only and day_of_fleet in turn");
        bool same = true;
        const auto [read, judged] = measure_in_turn(
            2 * options_.seconds, [&](int) { (void)days_->fleet_curve(judged_day, curve, paris()).value(); },
            [&](int) { same = count_failing().value() == failing_ && same; });
        if (!same) {
            problem("not as many failures each time");
            return {};
        }
        const double half_hours = static_cast<double>(options_.meters) * 48;
        report_.results.push_back({.name = "day_of_fleet",
                                   .unit = "s",
                                   .value = judged.percentile(0.5),
                                   .larger_is_better = false,
                                   .baselines = {{"read_only", read.percentile(0.5)}},
                                   .details = {{"meters", static_cast<double>(options_.meters)},
                                               {"failing_meters", static_cast<double>(failing_)},
                                               {"planted_meters", static_cast<double>(planted_)},
                                               {"compared_meters", static_cast<double>(compared_)},
                                               {"half_hours_per_s", half_hours / judged.percentile(0.5)},
                                               {"remembered_bytes", remembered_bytes()},
                                               {"p50", judged.percentile(0.5)},
                                               {"p99", judged.percentile(0.99)},
                                               {"repeats", static_cast<double>(judged.seconds.size())},
                                               {"read_only_p50", read.percentile(0.5)},
                                               {"read_only_p99", read.percentile(0.99)},
                                               {"read_only_repeats", static_cast<double>(read.seconds.size())}}});
        return {};
    }

    BenchValidationOptions options_;
    static constexpr ChannelId channel_ = store::BenchDays::channel;
    std::optional<engine::CheckedModel> model_;
    std::unique_ptr<BenchFleet> fleet_;
    std::optional<store::FleetStore> days_;
    std::unordered_map<std::int32_t, engine::MeterMemory> remembered_; // as a writer has them
    std::size_t failing_ = 0, planted_ = 0, compared_ = 0;             // meters
    BenchReport report_{"validation", {}, {}};
};

} // namespace

result<BenchReport> bench_validation(const BenchValidationOptions& options)
{
    return ValidationBench{options}.run();
}

} // namespace releve::app
