#pragma once
// Usage points from a seed: meters that follow each other, with holes and rollovers, and what was truly
// consumed.

#include "../core/random_blocks.hpp"

#include <releve/engine/registers.hpp>

#include <map>

namespace releve::test {

using engine::Consumption;
using engine::IndexRead;
using engine::RegisterFault;
using engine::RegisterOptions;
using engine::RegisterResult;
using engine::RegisterSeries;

inline std::int64_t pow10(int exponent)
{
    std::int64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

inline Instant at_hour(std::int64_t hour)
{
    return parse_instant("2024-03-01T00:00:00Z").value() + Seconds{hour * 3600};
}

inline IndexRead read_at(Instant at, std::int64_t value, Quality quality = Quality::raw)
{
    return {at, value, quality, true};
}

/// One series that is there all the time, read every hour.
inline RegisterSeries hourly(std::vector<std::int64_t> values, int digits = 0)
{
    RegisterSeries series;
    series.digits = digits;
    for (std::size_t i = 0; i < values.size(); ++i)
        series.reads.push_back(read_at(at_hour(static_cast<std::int64_t>(i)), values[i]));
    return series;
}

inline RegisterResult count(const std::vector<RegisterSeries>& series, const RegisterOptions& options = {})
{
    return engine::consumption_of(series, options).value();
}

inline std::int64_t sum_of_amounts(const std::vector<Consumption>& intervals)
{
    std::int64_t sum = 0;
    for (const Consumption& interval : intervals)
        sum += interval.amount;
    return sum;
}

struct RandomHome {
    std::vector<RegisterSeries> series;
    RegisterOptions options;
    std::map<Instant, std::int64_t> true_total; // at each read; the opening index repeats the closing one's
    int rollovers = 0;
    std::int64_t consumed = 0; // from the first read to the last
};

/// Appends reads that obey max_per_day; all values in the unit of the answer.
inline void run_meter(Random& random, RandomHome& home, RegisterSeries& series, std::size_t reads)
{
    const std::int64_t turn = series.digits > 0 ? pow10(series.digits) : 1'000'000'000;
    std::int64_t value = static_cast<std::int64_t>(below(random, static_cast<std::uint64_t>(turn)));
    Instant at = series.from;
    const std::uint64_t hole_one_in = 2 + below(random, 20);
    series.reads.push_back(read_at(at, value));
    home.true_total[at] = home.consumed;
    while (series.reads.size() < reads) {
        const std::uint64_t hours =
            one_in(random, hole_one_in) ? 1 + below(random, 2'000) : 1 + below(random, 30);
        at += Seconds{hours * 3600 + (one_in(random, 4) ? below(random, 3600) : 0)};
        const Instant midnight = paris().start_of(paris().day_of(at));
        if (one_in(random, 2) && midnight > series.reads.back().at)
            at = midnight;
        const std::int64_t most = home.options.max_per_day * (at - series.reads.back().at).count() / 86'400;
        const auto bound = static_cast<std::uint64_t>(std::min(most + 1, turn));
        const std::int64_t step = static_cast<std::int64_t>(below(random, bound));
        home.consumed += step;
        value += step;
        if (series.digits > 0 && value >= turn) {
            value -= turn;
            ++home.rollovers;
        }
        series.reads.push_back(read_at(at, value));
        home.true_total[at] = home.consumed;
    }
    series.to = at;
}

inline RandomHome any_home(Random& random)
{
    RandomHome home;
    home.options.max_per_day = static_cast<std::int64_t>(1 + below(random, 500));
    Instant at = at_hour(static_cast<std::int64_t>(below(random, 10'000)));
    for (std::uint64_t meter = 0, meters = 1 + below(random, 3); meter < meters; ++meter) {
        RegisterSeries& series = home.series.emplace_back();
        series.digits = one_in(random, 4) ? 0 : static_cast<int>(1 + below(random, 9));
        series.from = at;
        run_meter(random, home, series, 2 + below(random, 40));
        at = series.to + Seconds{one_in(random, 2) ? 0 : below(random, 200'000)};
    }
    return home;
}

/// Days that hold all of its reads.
inline std::pair<CivilDay, CivilDay> days_of(const RandomHome& home)
{
    return {paris().day_of(home.series.front().from) - std::chrono::days{1},
            paris().day_of(home.series.back().to) + std::chrono::days{2}};
}

/// The same reads as they arrive from several gateways: in any order, some of them several times.
inline void shuffle_and_repeat(Random& random, std::vector<IndexRead>& reads)
{
    for (std::size_t i = 0, count = reads.size(); i < count; ++i)
        for (std::uint64_t times = below(random, 3); times > 0; --times)
            reads.push_back(reads[i]);
    for (std::size_t i = reads.size(); i > 1; --i)
        std::swap(reads[i - 1], reads[below(random, i)]);
}

} // namespace releve::test
