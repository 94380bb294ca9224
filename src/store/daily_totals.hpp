#pragma once
// How the totals of one day of a daily-only home are put together. Pure.

#include <releve/store/records.hpp>

#include <tuple>

namespace releve::store {

/// Which of two values stays: authenticated before not, then the newer key, then the greater counter.
[[nodiscard]] inline auto rank(const Provenance& p)
{
    return std::tuple{p.authenticated, p.key_generation, p.counter};
}

struct DailyTotal {
    engine::DaySummary summary;
    std::int64_t energy_mj = 0; // summary.energy_wh is this, rounded
    Quality worst = Quality::missing; // of the slots there are
    std::array<std::uint64_t, 5> present{};
    Provenance provenance; // of the newest frame in it
};

[[nodiscard]] DailyTotal total_of(const DailyTotalWrite& write);

/// Puts `incoming` into `stored`, without the curve that neither has kept:
/// - slots that were not there are added, exactly;
/// - a part that has all slots of the stored one and more replaces it, unless only the stored one is authenticated;
///   one that has just the same slots replaces it if it ranks higher (authenticated, key, counter, then energy);
/// - anything else (some slots that we have, without the others) changes nothing: its new slots cannot be told from it.
[[nodiscard]] MergeEffect combine(DailyTotal& stored, const DailyTotal& incoming);

} // namespace releve::store
