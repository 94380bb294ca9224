#include "bench_query_data.hpp"

#include <releve/core/overlay.hpp>
#include <releve/engine/month_totals.hpp>
#include <releve/sim/meter.hpp>
#include <releve/store/collect_store.hpp>

#include <map>

namespace releve::app {

namespace {

using Days = std::chrono::days;

constexpr CivilDay first_round_day{std::chrono::year{2024} / 10 / 27}; // BenchLoad's round 1

} // namespace

result<std::unique_ptr<BenchFleet>> BenchFleet::open(const Options& options)
{
    RELEVE_TRY(load, BenchLoad::make({.meters = options.meters, .connections = 1, .rounds = 1, .demo_data = options.demo_data}));
    std::unique_ptr<BenchFleet> self{new BenchFleet{options, std::move(load)}};
    if (options.data_dir.empty())
        self->temporary_.emplace();
    Config config;
    config.data_dir = options.data_dir.empty() ? self->temporary_->path() : options.data_dir;
    say_progress("database");
    RELEVE_TRY(database, open_database(config, [](std::string_view) {}));
    self->database_ = std::move(database);
    store::CollectStore::ensure_partitions(self->database(), day, day);
    self->tables_.emplace(self->database());
    return self;
}

std::vector<std::pair<Instant, std::int32_t>> BenchFleet::slots(const MeterDay& of) const
{
    return load_.slots({of.meter, static_cast<std::uint32_t>((of.day - first_round_day).count()) + 1});
}

DayBlock BenchFleet::block(const MeterDay& of) const
{
    const auto readings = slots(of);
    const Provenance provenance{.authenticated = true,
                                .key_generation = 1,
                                .counter = std::uint64_t{1} << 32 | static_cast<std::uint32_t>(day_number(of.day)) << 8,
                                .quality = Quality::raw,
                                .batch = 1 + of.meter / 1'000};
    DayBlock block{.first = readings.front().first, .step = sim::slot_length, .slots = {}};
    for (const auto& [start, power] : readings)
        block.slots.emplace_back(Slot{power, provenance});
    return block;
}

result<void> BenchFleet::write_days(std::span<const MeterDay> days, const std::function<DayBlock(const MeterDay&)>& block_of)
{
    std::size_t next = 0;
    Bytes data;
    std::optional<Error> refused;
    tables_->copy_days([&](store::BenchDay& out) {
        if (next == days.size() || refused)
            return false;
        const MeterDay& of = days[next++];
        auto bytes = encode_day_block(block_of(of));
        if (!bytes) {
            refused = bytes.error();
            return false;
        }
        data = std::move(*bytes);
        out = {meter_id(of.meter), of.day, data};
        return true;
    });
    return refused ? result<void>{*refused} : result<void>{};
}

result<Bytes> BenchFleet::month_of(std::uint32_t meter, const ChannelModel& channel) const
{
    const engine::CivilSpan month = engine::period_around(day, engine::Period::month);
    std::vector<engine::DayTotal> totals;
    for (CivilDay at = month.from; at < month.to; at += Days{1}) {
        const DayBlock measured = block({meter, at});
        RELEVE_TRY(seen, resolve(&measured, nullptr, Checked{true}));
        RELEVE_TRY(total, engine::day_total(seen, measured.step, at, channel));
        totals.push_back(total);
    }
    return engine::encode_month(totals, month.from);
}

result<void> BenchFleet::write_months(const ChannelModel& channel)
{
    const engine::CivilSpan month = engine::period_around(day, engine::Period::month);
    std::map<std::size_t, Bytes> by_curve;
    for (std::uint32_t meter = 0; meter < options_.meters; ++meter)
        if (!by_curve.contains(curve_of(meter))) {
            RELEVE_TRY(data, month_of(meter, channel));
            by_curve.emplace(curve_of(meter), std::move(data));
        }
    std::uint32_t next = 0;
    tables_->copy_months([&](store::BenchMonth& out) {
        if (next == options_.meters)
            return false;
        out = {meter_id(next), month.from, month.to - Days{1}, by_curve.at(curve_of(next))};
        ++next;
        return true;
    });
    return {};
}

double AskedTimes::percentile(double share) const
{
    std::vector<double> sorted = seconds;
    std::ranges::sort(sorted);
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
}

} // namespace releve::app
