#pragma once
// How the totals of one day of a daily-only home are put together. Pure.

#include <releve/store/records.hpp>

namespace releve::store {

struct DailyTotal {
    engine::DaySummary summary;
    Quality worst = Quality::missing; // of the slots there are
    std::array<std::uint64_t, 5> present{};
    Provenance provenance; // of the newest frame in it
};

[[nodiscard]] DailyTotal total_of(const DailyTotalWrite& write);

/// Puts `incoming` into `stored`:
/// - a whole day replaces a part of a day, and an older whole day (authenticated, key, counter, then energy);
/// - slots that were not there are added: energies are summed as rounded, one Wh a frame at most is lost;
/// - anything else (slots we have already, without the others) changes nothing, because the curve is not
/// kept.
[[nodiscard]] MergeEffect combine(DailyTotal& stored, const DailyTotal& incoming);

} // namespace releve::store
