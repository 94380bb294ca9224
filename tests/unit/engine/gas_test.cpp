#include "gazpar_home.hpp"
#include "random_registers.hpp"

#include <releve/engine/gas.hpp>

#include <algorithm>
#include <limits>
#include <span>

namespace releve::engine {
namespace {

using namespace test;
using Days = std::chrono::days;
using Slots = std::vector<std::optional<std::int64_t>>;

CivilDay day_of(const std::string& text)
{
    return parse_day(text).value();
}

std::int64_t sum_of_slots(std::span<const std::optional<std::int64_t>> slots)
{
    std::int64_t sum = 0;
    for (const auto& slot : slots)
        sum += slot.value_or(0);
    return sum;
}

/// The coefficient that each day was published with.
std::vector<ConversionCoefficient> coefficients_of(const std::vector<GazparDay>& home)
{
    std::vector<ConversionCoefficient> rows;
    for (const GazparDay& day : home)
        if (day.kwh_per_m3_e5)
            rows.push_back({day.day, day.day + Days{1}, *day.kwh_per_m3_e5});
    return sort_coefficients(rows).value();
}

TEST(GasEnergy, is_rounded_half_up_once)
{
    EXPECT_EQ(energy_wh_of(180'000, 1'129'000).value(), 2'032'200);
    EXPECT_EQ(energy_kwh_of(180'000, 1'129'000).value(), 2'032);
    EXPECT_EQ(energy_wh_of(1, 1'149'999).value(), 11);
    EXPECT_EQ(energy_wh_of(1, 1'150'000).value(), 12);
    EXPECT_EQ(energy_kwh_of(24, 2'000'000).value(), 0);
    EXPECT_EQ(energy_kwh_of(25, 2'000'000).value(), 1);
    EXPECT_EQ(energy_kwh_of(1'000, 149'999).value(), 1) << "1.49999 kWh is not 1.5 on the way";
    EXPECT_EQ(energy_kwh_of(1'000, 150'000).value(), 2);
    EXPECT_EQ(energy_wh_of(0, 1'117'000).value(), 0);
}

TEST(GasEnergy, of_days_sums_to_that_of_the_period)
{
    for_each_seed(300, [](Random& random) {
        RunningEnergy running;
        std::int64_t sum_wh = 0, exact_wh_e5 = 0;
        for (std::uint64_t day = 0, days = 1 + below(random, 400); day < days; ++day) {
            const auto volume_dm3 = static_cast<std::int64_t>(below(random, 30'000));
            const auto coefficient = static_cast<std::int64_t>(900'000 + below(random, 400'000));
            exact_wh_e5 += volume_dm3 * coefficient;
            const std::int64_t energy_wh = running.add(volume_dm3, coefficient).value();
            ASSERT_LE(std::abs(energy_wh - energy_wh_of(volume_dm3, coefficient).value()), 1);
            sum_wh += energy_wh;
            ASSERT_EQ(sum_wh, (exact_wh_e5 + 50'000) / 100'000);
        }
    });
}

TEST(GasEnergy, refuses_what_cannot_be_by_field)
{
    const auto reason = [](std::int64_t volume_dm3, std::int64_t coefficient) {
        const auto energy = energy_wh_of(volume_dm3, coefficient);
        return energy ? "" : to_string(energy.error());
    };
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    EXPECT_NE(reason(-1, 1'117'000).find("volume"), std::string::npos);
    EXPECT_NE(reason(0, 0).find("coefficient"), std::string::npos);
    EXPECT_NE(reason(0, kwh_per_m3_e5_max + 1).find("coefficient"), std::string::npos);
    EXPECT_EQ(reason(0, kwh_per_m3_e5_max), "");
    EXPECT_NE(reason(highest, 100'001).find("64 bits"), std::string::npos);
    EXPECT_FALSE(energy_kwh_of(-1, 1'117'000));
    EXPECT_FALSE(energy_kwh_of(highest, kwh_per_m3_e5_max * 10));
    EXPECT_EQ(energy_kwh_of(highest, 1'000'000).value(), 92'233'720'368'547'758);
    RunningEnergy running;
    EXPECT_EQ(running.add(1, 40'000).value(), 0);
    EXPECT_FALSE(running.add(highest, 1'117'000));
    EXPECT_EQ(running.add(1, 10'000).value(), 1) << "0.4 and 0.1 Wh: what was refused changed nothing";
}

TEST(Coefficients, hold_from_a_day_to_before_another)
{
    const CivilDay first = day_of("2024-01-01"), march = day_of("2024-03-01"), june = day_of("2024-06-01");
    const auto sorted =
        sort_coefficients({{march, june, 1'120'000}, {first, first + Days{31}, 1'110'000}}).value();
    EXPECT_EQ(kwh_per_m3_e5_on(sorted, first - Days{1}), std::nullopt);
    EXPECT_EQ(kwh_per_m3_e5_on(sorted, first), 1'110'000);
    EXPECT_EQ(kwh_per_m3_e5_on(sorted, first + Days{30}), 1'110'000);
    EXPECT_EQ(kwh_per_m3_e5_on(sorted, first + Days{31}), std::nullopt);
    EXPECT_EQ(kwh_per_m3_e5_on(sorted, march), 1'120'000);
    EXPECT_EQ(kwh_per_m3_e5_on(sorted, june), std::nullopt);
    EXPECT_EQ(kwh_per_m3_e5_on({}, first), std::nullopt);
    EXPECT_FALSE(sort_coefficients({{march, june, 1}, {first, march + Days{1}, 1}}));
    EXPECT_FALSE(sort_coefficients({{march, march, 1}}));
    EXPECT_FALSE(sort_coefficients({{march, june, 0}}));
}

TEST(GasDays, have_energy_where_one_coefficient_holds)
{
    const CivilDay first = day_of("2024-01-01");
    const auto stretch = [&](int from, int to, std::optional<std::int64_t> volume_dm3) {
        return DayStretch{first + Days{from}, first + Days{to}, volume_dm3, volume_dm3.has_value(),
                          volume_dm3 ? Quality::raw : Quality::missing};
    };
    const DailyConsumption volume{
        {},
        {stretch(0, 0, 1'000), stretch(1, 2, 500), stretch(3, 4, 700), stretch(5, 5, {}), stretch(6, 7, 9)}};
    const auto sorted = sort_coefficients({{first, first + Days{4}, 1'110'000},
                                           {first + Days{4}, first + Days{7}, 1'120'000}})
                            .value();
    const auto gas = gas_energy(volume, sorted).value();
    ASSERT_EQ(gas.size(), 5u);
    EXPECT_EQ(gas[0].energy_wh, 11'100);
    EXPECT_EQ(gas[1].energy_wh, 5'550) << "two days of one coefficient";
    EXPECT_EQ(gas[2].energy_wh, std::nullopt) << "it changes within";
    EXPECT_EQ(gas[2].volume_dm3, 700);
    EXPECT_EQ(gas[3], (GasStretch{first + Days{5}, first + Days{5}, {}, {}, false, Quality::missing}));
    EXPECT_EQ(gas[4].energy_wh, std::nullopt) << "its last day has none";
}

/// The periods that GRDF published for this home and that lie within the daily series.
TEST(GasDays, of_the_real_gazpar_home_are_what_was_published)
{
    const auto home = load_gazpar_home();
    const auto volume = gazpar_volume(home);
    // The absent day took no gas, so that any coefficient is right; its neighbours' lets the two days be
    // converted.
    auto coefficients = coefficients_of(home);
    const CivilDay absent = day_of("2021-08-10");
    coefficients.push_back({absent, absent + Days{1}, *kwh_per_m3_e5_on(coefficients, absent + Days{1})});
    const auto gas = gas_energy(volume, sort_coefficients(coefficients).value()).value();
    int periods = 0;
    for (const auto& row : load_rows("gazpar-home-published.csv")) {
        const CivilDay from = day_of(row[0]), to = day_of(row[1]);
        if (from < home.front().day || to > home.back().day + Days{1})
            continue;
        ++periods;
        std::int64_t volume_dm3 = 0, energy_wh = 0, daily_kwh = 0;
        for (const GasStretch& stretch : gas)
            if (stretch.first >= from && stretch.last < to) {
                volume_dm3 += *stretch.volume_dm3;
                energy_wh += *stretch.energy_wh;
            }
        for (const GazparDay& day : home)
            if (day.day >= from && day.day < to)
                daily_kwh += day.energy_kwh.value_or(0);
        EXPECT_EQ(volume_dm3, (std::stoll(row[3]) - std::stoll(row[2])) * 1'000) << row[0];
        const std::int64_t published_kwh = std::stoll(row[5]);
        // Ours: the same whole m3, each day with its own coefficient of two decimals instead of the period's
        // one.
        EXPECT_LE(std::abs(energy_wh - published_kwh * 1'000), 2'000) << row[0];
        // GRDF's own daily energies come from a volume finer than the index and are whole kWh: up to 12 kWh
        // in a month.
        EXPECT_LE(std::abs(daily_kwh - published_kwh), 12) << row[0];
    }
    EXPECT_EQ(periods, 47);
}

/// The bill's own arithmetic: index difference by the period's coefficient, to the kWh, on all periods since
/// 2017.
TEST(GasDays, are_billed_as_published)
{
    int exact = 0, periods = 0;
    for (const auto& row : load_rows("gazpar-home-published.csv")) {
        const std::int64_t volume_dm3 = (std::stoll(row[3]) - std::stoll(row[2])) * 1'000;
        const std::int64_t ours = energy_kwh_of(volume_dm3, to_e5(row[4])).value();
        // Four are one kWh off: the published coefficient is itself cut to two decimals.
        EXPECT_LE(std::abs(ours - std::stoll(row[5])), 1) << row[0];
        exact += ours == std::stoll(row[5]) ? 1 : 0;
        ++periods;
    }
    EXPECT_EQ(periods, 63);
    EXPECT_EQ(exact, 59);
}

/// 10^-6 kWh of each half-hour of 2015, UTC; nothing where the source has nothing.
Slots load_school_gas()
{
    Slots energies;
    for (const auto& row : load_rows("school-gas-2015.csv")) {
        EXPECT_EQ(row.size(), 49u) << row[0];
        for (std::size_t i = 1; i < row.size(); ++i) {
            const std::size_t point = row[i].find('.'); // one decimal: the source's resolution is 0.1 kWh
            energies.emplace_back();
            if (point != std::string::npos)
                energies.back() =
                    (std::stoll(row[i].substr(0, point)) * 10 + std::stoll(row[i].substr(point + 1))) *
                    100'000;
        }
    }
    return energies;
}

constexpr std::int64_t school_kwh_per_m3_e5 = 1'117'000;
constexpr std::int64_t school_resolution_kwh_e6 = 100'000;

TEST(GasPulses, of_a_real_school_come_back_exactly_through_the_register)
{
    const Slots energies = load_school_gas();
    ASSERT_EQ(energies.size(), 17'520u);
    const Slots pulses = pulses_of(energies, school_kwh_per_m3_e5).value();
    RegisterSeries series; // read at both ends of each half-hour that the source knows
    series.digits = 6;
    std::int64_t index = 999'000; // of a register that rolls over in the first days
    Instant at = parse_instant("2015-01-01T00:00:00Z").value();
    for (const auto& pulse : pulses) {
        if (pulse) {
            series.reads.push_back(read_at(at, index));
            index = (index + *pulse) % 1'000'000;
            series.reads.push_back(read_at(at + Seconds{1'800}, index));
        }
        at += Seconds{1'800};
    }
    Random random{2015};
    shuffle_and_repeat(random, series.reads);
    RegisterOptions options;
    options.max_per_day = 500'000; // dm3
    const RegisterResult counted = count({series}, options);
    ASSERT_TRUE(counted.faults.empty());
    EXPECT_TRUE(std::any_of(counted.intervals.begin(), counted.intervals.end(),
                            [](const Consumption& one) { return one.rollover; }));
    Slots again(energies.size());
    int holes_of_months = 0;
    for (const Consumption& one : counted.intervals) {
        const auto slot = static_cast<std::size_t>(
            (one.from - parse_instant("2015-01-01T00:00:00Z").value()) / Seconds{1'800});
        if (one.to - one.from == Seconds{1'800})
            again[slot] = one.amount;
        else
            holes_of_months += one.to - one.from > Days{90} ? 1 : 0;
    }
    EXPECT_EQ(again, pulses);
    EXPECT_EQ(holes_of_months, 1);
    EXPECT_EQ(energies_of(again, school_kwh_per_m3_e5, school_resolution_kwh_e6).value(), energies);
}

/// As daily frames bring it: an index at the end of each day that the source knows. The others share one
/// amount with the first day after them, and the meter counted on while nothing was heard of it.
TEST(GasPulses, of_a_real_school_sum_by_day_over_its_holes)
{
    const Slots pulses = pulses_of(load_school_gas(), school_kwh_per_m3_e5).value();
    const Zone utc{"UTC", {{Instant{}, Seconds{0}, false}}};
    const CivilDay first = day_of("2015-01-01");
    RegisterSeries series;
    std::int64_t index = 0;
    series.reads.push_back(read_at(utc.start_of(first), index));
    Slots expected;
    for (std::size_t slot = 0; slot < pulses.size(); slot += 48) {
        const bool known = pulses[slot].has_value();
        const std::int64_t consumed =
            known ? sum_of_slots(std::span{pulses}.subspan(slot, 48)) : 70; // 7 m3 in 100 days
        const Instant end = utc.start_of(first + Days{slot / 48 + 1});
        const bool index_at_start = series.reads.back().at == end - Days{1};
        expected.push_back(known && index_at_start ? std::optional{consumed} : std::nullopt);
        index += consumed;
        if (known)
            series.reads.push_back(read_at(end, index));
    }
    const auto days = daily_consumption(count({series}), utc, {}, first, first + Days{365}).value();
    Slots found;
    for (const DayConsumption& one : days.days)
        found.push_back(one.amount);
    EXPECT_EQ(found, expected);
    std::int64_t sum = 0, longest = 0;
    for (const DayStretch& stretch : days.stretches) {
        sum += stretch.amount.value_or(0);
        if (stretch.complete)
            longest = std::max<std::int64_t>(longest, (stretch.last - stretch.first).count() + 1);
    }
    EXPECT_EQ(sum, series.reads.back().value);
    EXPECT_EQ(longest, 107) << "the summer, and the day after it";
}

/// Exact whenever one dm3 holds no more energy than the source resolves; never off by more than both, however
/// long.
TEST(GasPulses, come_back_exactly_or_within_one_of_them)
{
    for_each_seed(300, [](Random& random) {
        const bool fine = one_in(random, 3); // 10^-6 kWh: only a coefficient this small could keep all of it
        const auto coefficient =
            static_cast<std::int64_t>(fine ? 1 + below(random, 100) : 900'000 + below(random, 400'000));
        const std::int64_t in_one_dm3 = (coefficient + 99) / 100; // 10^-6 kWh
        const bool exact = !one_in(random, 4);
        const auto resolution =
            exact ? in_one_dm3 + static_cast<std::int64_t>(below(random, 200'000)) : std::int64_t{1};
        Slots energies(1 + below(random, 500));
        for (auto& slot : energies)
            if (!one_in(random, 5))
                slot = static_cast<std::int64_t>(below(random, 3'000)) * resolution;
        const Slots pulses = pulses_of(energies, coefficient).value();
        const Slots again = energies_of(pulses, coefficient, resolution).value();
        if (exact) {
            ASSERT_EQ(again, energies);
        }
        std::int64_t off = 0;
        for (std::size_t i = 0; i < energies.size(); ++i) {
            ASSERT_EQ(pulses[i].has_value(), energies[i].has_value());
            off += again[i].value_or(0) - energies[i].value_or(0);
            ASSERT_LT(std::abs(off), in_one_dm3 + resolution);
        }
    });
}

TEST(GasPulses, of_impossible_energies_are_refused_by_field)
{
    const auto reason = [](const auto& made) { return made ? "" : to_string(made.error()); };
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    EXPECT_NE(reason(pulses_of(Slots{-1}, 1'117'000)).find("energy"), std::string::npos);
    EXPECT_NE(reason(pulses_of(Slots{1}, 0)).find("coefficient"), std::string::npos);
    EXPECT_NE(reason(pulses_of(Slots{highest, 1}, 1'117'000)).find("64 bits"), std::string::npos);
    EXPECT_NE(reason(pulses_of(Slots{highest}, 1)).find("64 bits"), std::string::npos);
    EXPECT_NE(reason(energies_of(Slots{-1}, 1'117'000, 1)).find("volume"), std::string::npos);
    EXPECT_NE(reason(energies_of(Slots{1}, 1'117'000, 0)).find("resolution"), std::string::npos);
    EXPECT_NE(reason(energies_of(Slots{highest}, 1'117'000, 1)).find("64 bits"), std::string::npos);
    EXPECT_NE(reason(energies_of(Slots{highest, 1}, 1, 1)).find("64 bits"), std::string::npos);
    EXPECT_EQ(pulses_of(Slots{}, 1'117'000).value(), Slots{});
}

} // namespace
} // namespace releve::engine
