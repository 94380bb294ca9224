#pragma once
// What the benchmarks over stored days ask and judge: a database that nobody serves, with the day of a fleet in it, as a
// day's frame leaves it. Private to src/app.

#include "bench_server.hpp"

#include <releve/core/block.hpp>
#include <releve/store/bench_days.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace releve::app {

class BenchFleet {
public:
    struct Options {
        std::uint32_t meters = 0;
        std::filesystem::path data_dir; // empty: a temporary folder
        std::filesystem::path demo_data;
    };
    struct MeterDay {
        std::uint32_t meter = 0;
        CivilDay day{};
    };
    static constexpr CivilDay day{std::chrono::year{2025} / 1 / 15}; // 48 half-hours

    /// Without any day. errc::not_found_file, errc::bad_csv, and those of the database.
    [[nodiscard]] static result<std::unique_ptr<BenchFleet>> open(const Options& options);

    [[nodiscard]] const store::DatabaseAddress& database() const { return database_.address; }
    [[nodiscard]] store::BenchDays& tables() { return *tables_; }
    /// Meters of one curve have the same values.
    [[nodiscard]] std::size_t curve_of(std::uint32_t meter) const { return load_.curve_of(meter); }
    [[nodiscard]] static MeterId meter_id(std::uint32_t meter) { return MeterId{static_cast<std::int32_t>(meter) + 1}; }
    /// Start and mean power in W of each half-hour.
    [[nodiscard]] std::vector<std::pair<Instant, std::int32_t>> slots(const MeterDay& of) const;
    /// One run of provenances, with a counter of the meter's own.
    [[nodiscard]] DayBlock block(const MeterDay& of) const;

    /// The months of these days must have their partitions. errc::bad_block.
    [[nodiscard]] result<void> write_days(std::span<const MeterDay> days, const std::function<DayBlock(const MeterDay&)>& block_of);
    /// The totals of all days of the month of `day`, of all meters, as the checks leave them when it is over.
    [[nodiscard]] result<void> write_months(const ChannelModel& channel);

private:
    BenchFleet(const Options& options, BenchLoad load) : options_(options), load_(std::move(load)) {}
    [[nodiscard]] result<Bytes> month_of(std::uint32_t meter, const ChannelModel& channel) const;

    Options options_;
    BenchLoad load_;
    std::optional<TemporaryFolder> temporary_;
    OpenDatabase database_;
    std::optional<store::BenchDays> tables_;
};

/// How long each of the questions took.
struct AskedTimes {
    std::vector<double> seconds;
    [[nodiscard]] double percentile(double share) const;
};

/// Asks for so long, but at least three times, each of the questions in turn, so that a machine that is busy for a while is so
/// for all of them; `ask(n)` is the n-th time.
template <class... Ask>
std::array<AskedTimes, sizeof...(Ask)> measure_in_turn(int seconds, Ask... asks)
{
    constexpr int repeats_min = 3;
    constexpr int repeats_max = 100'000;
    using Clock = std::chrono::steady_clock;
    std::array<AskedTimes, sizeof...(Ask)> times;
    const auto until = Clock::now() + std::chrono::seconds{seconds};
    for (int n = 0; n < repeats_min || (n < repeats_max && Clock::now() < until); ++n) {
        std::size_t place = 0;
        const auto measure = [&](auto& ask) {
            const auto began = Clock::now();
            ask(n);
            times.at(place++).seconds.push_back(std::chrono::duration<double>(Clock::now() - began).count());
        };
        (measure(asks), ...);
    }
    return times;
}
template <class Ask>
AskedTimes measure_times(int seconds, Ask ask)
{
    return measure_in_turn(seconds, std::move(ask))[0];
}

} // namespace releve::app
