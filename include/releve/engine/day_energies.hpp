#pragma once
// What a home used day by day, by what its bills rest on. Pure.

#include <releve/engine/bill.hpp>

namespace releve::engine {

/// Nobody measured it so: filled in, worked out or corrected.
[[nodiscard]] bool is_estimate(Quality quality);

struct DayEnergy {
    CivilDay day{};
    std::optional<std::int64_t> energy_wh{}; // nothing: not known, or doubtful
    bool estimated = false;                  // in part or as a whole
    bool operator==(const DayEnergy&) const = default;
};
/// Each day of the span: from its whole curve, else from the total register read at both its ends. Of gas, by gas days: from
/// the meter's index and the day's coefficient. A day that is doubtful or in part missing has no energy.
[[nodiscard]] std::vector<DayEnergy> day_energies(const BillFacts& facts, CivilSpan span, const Zone& zone);

} // namespace releve::engine
