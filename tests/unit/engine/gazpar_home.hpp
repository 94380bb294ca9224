#pragma once
// Two years of a real Gazpar home (tests/data/gazpar-home-daily.csv): whole m3, one index for each end of a
// gas day.

#include "../core/linky_week.hpp"

#include <releve/engine/gas.hpp>

namespace releve::test {

/// "11.17" as 1'117'000: two decimals, never through floating point.
inline std::int64_t to_e5(const std::string& text)
{
    const auto point = text.find('.');
    EXPECT_EQ(text.size() - point, 3u) << text;
    return (std::stoll(text.substr(0, point)) * 100 + std::stoll(text.substr(point + 1))) * 1'000;
}

struct GazparDay {
    CivilDay day{};
    std::optional<std::int64_t> index_start_m3, index_end_m3;
    std::optional<std::int64_t> kwh_per_m3_e5, energy_kwh; // as published; the energy is of a finer volume
};

inline std::vector<GazparDay> load_gazpar_home()
{
    const auto number = [](const std::string& cell) {
        return cell.empty() ? std::nullopt : std::optional<std::int64_t>{std::stoll(cell)};
    };
    std::vector<GazparDay> days;
    for (const auto& row : load_rows("gazpar-home-daily.csv")) {
        GazparDay& day = days.emplace_back();
        day = {parse_day(row[0]).value(), number(row[2]), number(row[3]), std::nullopt, number(row[6])};
        if (!row[5].empty())
            day.kwh_per_m3_e5 = to_e5(row[5]);
    }
    return days;
}

/// Its register, read at 06:00 in Paris: the export stamps 06:00Z also in winter, but means the gas day.
inline engine::RegisterSeries gazpar_register(const std::vector<GazparDay>& days)
{
    engine::RegisterSeries series;
    series.digits = 5;
    const auto add = [&](CivilDay day, std::optional<std::int64_t> index_m3) {
        if (index_m3)
            series.reads.push_back(
                {paris().start_of(day, engine::gas_day_start), *index_m3, Quality::raw, true});
    };
    for (const GazparDay& day : days) {
        add(day.day, day.index_start_m3);
        add(day.day + std::chrono::days{1}, day.index_end_m3);
    }
    return series;
}

/// Its gas days in dm3.
inline engine::DailyConsumption gazpar_volume(const std::vector<GazparDay>& days)
{
    engine::RegisterOptions options;
    options.scaler = -3;
    const auto counted = engine::consumption_of(std::vector{gazpar_register(days)}, options).value();
    return engine::daily_consumption(counted, paris(), {engine::gas_day_start, Seconds{0}}, days.front().day,
                                     days.back().day + std::chrono::days{1})
        .value();
}

} // namespace releve::test
