#pragma once
// From a channel's day to what a person reads: energy of the day, of a slot, its worst quality. Exact integers.

#include <releve/core/block.hpp>
#include <releve/core/meter_model.hpp>

#include <optional>

namespace releve::engine {

/// The day of one channel in figures. A daily-only usage point stores this and not the curve.
struct DaySummary {
    std::int64_t energy_wh = 0;         // of the present slots; see `rounding` below
    int slots = 0;                      // slots of the civil day
    int missing = 0;                    // of them, without a value
    Quality quality = Quality::missing; // worst of the present slots; `incomplete` if some are missing, `missing` if all
    std::optional<std::int64_t> maximum; // greatest value, in the channel's unit and scaler
    std::optional<Instant> maximum_at;   // start of its slot (the first, if several)
    int estimated = 0;                   // of the slots: filled by an estimate or an edit
    bool operator==(const DaySummary&) const = default;
};

/// Energy: the sum over present slots in W*s (mean power) or Wh*10^scaler (energy), divided once at the end,
/// rounded half away from zero to the Wh. Other quantities give energy_wh = 0.
/// errc::bad_value if the sum would not fit 64 bits.
[[nodiscard]] result<DaySummary> summarise(const DayBlock& block, const ChannelModel& channel);

/// The same energy, so fine that the parts of a day can be added up: mJ (1 Wh = 3,600,000 mJ). Exact for values down to
/// the mW or 0.001 Wh; rounded half away from zero below. errc::bad_value if it would not fit (2.5 TWh).
[[nodiscard]] result<std::int64_t> energy_in_millijoules(const DayBlock& block, const ChannelModel& channel);
/// Rounded half away from zero.
[[nodiscard]] std::int64_t millijoules_to_wh(std::int64_t millijoules);

/// A day of which nothing was received, with the slot count of the civil day.
[[nodiscard]] DaySummary empty_day(const Zone& zone, CivilDay day, const ChannelModel& channel);

} // namespace releve::engine
