#pragma once
// Cuts what a push said into the blocks that are stored, day by day, under the collection choice of the usage point.

#include <releve/app/device.hpp>

namespace releve::app {

struct DayWrites {
    std::vector<store::FrameWrite::IntervalDay> interval_days;
    std::vector<store::FrameWrite::RegisterDay> register_days;
    std::vector<store::DailyTotalWrite> daily_totals;
    std::uint32_t readings = 0;
    bool any_daily = false; // some of it belongs to a home that agreed to daily totals only
};

/// `provenance.quality` is ignored, each reading has its own (never better than unauthenticated when it is).
/// errc::time_out_of_range: an instant before or outside of every installation, or later than `received_at` + 1 day.
/// errc::undecoded: an instant that is no slot of its day, or too many days.
[[nodiscard]] result<DayWrites> make_day_writes(const Device& device, const PushContent& content,
                                                const Provenance& provenance, Instant received_at, const Zone& zone);

} // namespace releve::app
