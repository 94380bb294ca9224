#include <releve/engine/gas.hpp>

#include <releve/core/wide.hpp>

#include <algorithm>
#include <string>

namespace releve::engine {

namespace {

constexpr Wide e5 = 100'000;           // coefficients
constexpr Wide wh_e5_per_kwh_e6 = 100; // 10^-6 kWh is 10^-3 Wh

result<void> check(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5)
{
    if (volume_dm3 < 0)
        return fail(errc::bad_value, "volume: negative");
    if (kwh_per_m3_e5 < 1 || kwh_per_m3_e5 > kwh_per_m3_e5_max)
        return fail(errc::bad_value, "coefficient: 0.00001 to 20 kWh/m3 are possible");
    return {};
}

result<std::int64_t> narrow(Wide energy)
{
    if (!fits_64_bits(energy))
        return fail(errc::bad_value, "energy: does not fit 64 bits");
    return static_cast<std::int64_t>(energy);
}

Wide divide_rounding_half_up(Wide dividend, Wide divisor)
{
    return divide_rounding_down(dividend + divisor / 2, divisor);
}

Wide divide_rounding_up(Wide dividend, Wide divisor)
{
    return -divide_rounding_down(-dividend, divisor);
}

/// The same on all days of the stretch, or none.
std::optional<std::int64_t> one_coefficient(std::span<const ConversionCoefficient> sorted,
                                            const DayStretch& stretch)
{
    const auto coefficient = kwh_per_m3_e5_on(sorted, stretch.first);
    for (CivilDay day = stretch.first; day <= stretch.last; day += std::chrono::days{1})
        if (kwh_per_m3_e5_on(sorted, day) != coefficient)
            return std::nullopt;
    return coefficient;
}

} // namespace

result<std::vector<ConversionCoefficient>> sort_coefficients(std::vector<ConversionCoefficient> rows)
{
    std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.from < b.from; });
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string row = "coefficient of " + to_iso8601(rows[i].from);
        RELEVE_CHECK(check(0, rows[i].kwh_per_m3_e5));
        if (rows[i].to <= rows[i].from)
            return fail(errc::bad_value, row + ": ends before it begins");
        if (i > 0 && rows[i].from < rows[i - 1].to)
            return fail(errc::bad_value, row + ": begins before the one before ends");
    }
    return rows;
}

std::optional<std::int64_t> kwh_per_m3_e5_on(std::span<const ConversionCoefficient> sorted, CivilDay day)
{
    const auto after = std::upper_bound(sorted.begin(), sorted.end(), day,
                                        [](CivilDay one, auto& row) { return one < row.from; });
    if (after == sorted.begin() || std::prev(after)->to <= day)
        return std::nullopt;
    return std::prev(after)->kwh_per_m3_e5;
}

result<std::int64_t> energy_wh_of(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5)
{
    RELEVE_CHECK(check(volume_dm3, kwh_per_m3_e5));
    return narrow(divide_rounding_half_up(Wide{volume_dm3} * kwh_per_m3_e5, e5));
}

result<std::int64_t> energy_kwh_of(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5)
{
    RELEVE_CHECK(check(volume_dm3, kwh_per_m3_e5));
    return narrow(divide_rounding_half_up(Wide{volume_dm3} * kwh_per_m3_e5, e5 * 1'000));
}

result<std::int64_t> RunningEnergy::add(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5)
{
    RELEVE_CHECK(check(volume_dm3, kwh_per_m3_e5));
    const Wide exact = Wide{volume_dm3} * kwh_per_m3_e5 + owed_wh_e5_;
    RELEVE_TRY(energy_wh, narrow(divide_rounding_half_up(exact, e5)));
    owed_wh_e5_ = static_cast<std::int64_t>(exact - energy_wh * e5);
    return energy_wh;
}

result<std::vector<GasStretch>> gas_energy(const DailyConsumption& volume,
                                           std::span<const ConversionCoefficient> sorted)
{
    std::vector<GasStretch> out;
    RunningEnergy running;
    for (const DayStretch& stretch : volume.stretches) {
        GasStretch& gas = out.emplace_back();
        gas = {stretch.first, stretch.last, stretch.amount, std::nullopt, stretch.complete, stretch.quality};
        const auto coefficient = one_coefficient(sorted, stretch);
        if (!stretch.amount || !coefficient)
            continue;
        RELEVE_TRY(energy_wh, running.add(*stretch.amount, *coefficient));
        gas.energy_wh = energy_wh;
    }
    return out;
}

result<std::vector<std::optional<std::int64_t>>>
pulses_of(std::span<const std::optional<std::int64_t>> energy_kwh_e6, std::int64_t kwh_per_m3_e5)
{
    RELEVE_CHECK(check(0, kwh_per_m3_e5));
    std::vector<std::optional<std::int64_t>> pulses;
    Wide energy = 0, counted = 0; // since the beginning
    for (const auto& slot : energy_kwh_e6) {
        pulses.emplace_back();
        if (!slot)
            continue;
        if (*slot < 0)
            return fail(errc::bad_value, "energy: negative");
        energy += *slot;
        RELEVE_CHECK(narrow(energy));
        const Wide index = energy * wh_e5_per_kwh_e6 / kwh_per_m3_e5;
        RELEVE_TRY(pulse, narrow(index - counted));
        pulses.back() = pulse;
        counted = index;
    }
    return pulses;
}

result<std::vector<std::optional<std::int64_t>>>
energies_of(std::span<const std::optional<std::int64_t>> pulses_dm3, std::int64_t kwh_per_m3_e5,
            std::int64_t resolution_kwh_e6)
{
    if (resolution_kwh_e6 < 1)
        return fail(errc::bad_value, "resolution: 0.000001 kWh or more is possible");
    std::vector<std::optional<std::int64_t>> energies;
    Wide index = 0, given = 0; // since the beginning
    for (const auto& pulse : pulses_dm3) {
        energies.emplace_back();
        if (!pulse)
            continue;
        RELEVE_CHECK(check(*pulse, kwh_per_m3_e5));
        index += *pulse;
        RELEVE_CHECK(narrow(index));
        // The energy when the index was reached lies from here to under one dm3 more: the first multiple is
        // it.
        const Wide unit = wh_e5_per_kwh_e6 * resolution_kwh_e6;
        const Wide energy = divide_rounding_up(index * kwh_per_m3_e5, unit) * resolution_kwh_e6;
        RELEVE_TRY(slot, narrow(energy - given));
        energies.back() = slot;
        given = energy;
    }
    return energies;
}

} // namespace releve::engine
