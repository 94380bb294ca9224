#pragma once
// Gas: volume at the meter to energy, by the coefficient that the distributor gives for the day, and back
// (for simulated meters). Energy is derived from the volume whenever it is asked for and never stored as
// measured. Exact integers.

#include <releve/engine/register_days.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace releve::engine {

/// The gas day begins at 06:00 local time: 23, 24 or 25 hours. (GRDF's export stamps 06:00Z all year; its
/// dates are right.)
inline constexpr Seconds gas_day_start{6 * 3600};

inline constexpr std::int64_t kwh_per_m3_e5_max = 2'000'000; // 20 kWh/m3; natural gas has 9 to 13

/// Of one usage point, for its gas days from `from` to before `to`.
struct ConversionCoefficient {
    CivilDay from{};
    CivilDay to{};
    std::int64_t kwh_per_m3_e5 = 0; // 11.17 kWh/m3 is 1'117'000
    bool operator==(const ConversionCoefficient&) const = default;
};
/// By date. errc::bad_value: one of no day, two for one day, or a coefficient not of 0.00001 to 20 kWh/m3.
[[nodiscard]] result<std::vector<ConversionCoefficient>>
sort_coefficients(std::vector<ConversionCoefficient> rows);
/// Of a sorted list; none if no row holds the day.
[[nodiscard]] std::optional<std::int64_t> kwh_per_m3_e5_on(std::span<const ConversionCoefficient> sorted,
                                                           CivilDay day);

/// dm3 * kWh/m3 = Wh; rounded half up. errc::bad_value: volume negative, coefficient out of range, beyond 64
/// bits.
[[nodiscard]] result<std::int64_t> energy_wh_of(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5);
/// What a bill says: the exact energy rounded half up to the kWh, once.
[[nodiscard]] result<std::int64_t> energy_kwh_of(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5);

/// Energies of successive volumes whose sum is the exact energy of all of them, rounded half up to the Wh:
/// what rounding took from one the next ones give back.
class RunningEnergy {
public:
    /// Wh. Errors of energy_wh_of; after one nothing has changed.
    [[nodiscard]] result<std::int64_t> add(std::int64_t volume_dm3, std::int64_t kwh_per_m3_e5);

private:
    std::int64_t owed_wh_e5_ = 0; // exact less given: -0.5 Wh to under 0.5 Wh
};

/// Gas days and their energy. A stretch of several days has one if all of them have the same coefficient;
/// else only the parts could be converted, and they are not known.
struct GasStretch {
    CivilDay first{};
    CivilDay last{}; // inclusive
    std::optional<std::int64_t> volume_dm3;
    std::optional<std::int64_t> energy_wh; // derived
    bool complete = false;                 // see DayStretch
    Quality quality = Quality::missing;    // of the volume
    bool operator==(const GasStretch&) const = default;
};
/// `volume` in dm3, `sorted` by sort_coefficients. The energies sum to that of the whole, rounded once.
/// Errors of energy_wh_of.
[[nodiscard]] result<std::vector<GasStretch>> gas_energy(const DailyConsumption& volume,
                                                         std::span<const ConversionCoefficient> sorted);

/// Energies of successive slots (10^-6 kWh; none: nothing known) as whole dm3, as a meter would have counted
/// them: what does not fill a dm3 goes on to the next slot, also over holes. errc::bad_value: an energy
/// negative, the coefficient out of range, a sum beyond 64 bits.
[[nodiscard]] result<std::vector<std::optional<std::int64_t>>>
pulses_of(std::span<const std::optional<std::int64_t>> energy_kwh_e6, std::int64_t kwh_per_m3_e5);
/// And back. Exact if all energies are multiples of `resolution_kwh_e6` and a dm3 holds no more than it; else
/// no sum from the beginning is off by as much as a dm3's energy and a resolution. errc::bad_value as there,
/// or a resolution under 1.
[[nodiscard]] result<std::vector<std::optional<std::int64_t>>>
energies_of(std::span<const std::optional<std::int64_t>> pulses_dm3, std::int64_t kwh_per_m3_e5,
            std::int64_t resolution_kwh_e6);

} // namespace releve::engine
