#pragma once
// What one pass over a day finds, and runs of slots. Private to validation.

#include <releve/engine/validation.hpp>

#include <releve/core/wide.hpp>

#include <cstdint>

namespace releve::engine {

/// |a - b|, which 64 signed bits may not hold.
[[nodiscard]] inline std::uint64_t distance(std::int64_t a, std::int64_t b)
{
    const auto difference = static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
    return a > b ? difference : 0 - difference;
}

/// What one pass finds. A missing slot counts as 0, so that nothing that is there is left out.
struct DayScreen {
    std::int64_t least = 0;
    std::int64_t greatest = 0;
    std::uint64_t greatest_step = 0;
    std::uint32_t longest_run = 0; // no run is longer, the one that comes from the day before among them; all may be shorter
};

/// The day has at least one slot.
[[nodiscard]] DayScreen screen_of(const DayValues& day, const DayTail& before);
/// Of all values.
[[nodiscard]] Wide sum_of(const DayValues& day, const DayScreen& screen);

/// Calls report(first, last) for each run of slots that fail; fails(slot) is called once a slot, in order.
template <class Fails, class Report>
void for_each_run(std::uint32_t slots, Fails fails, Report report)
{
    std::uint32_t first = 0;
    bool in_run = false;
    for (std::uint32_t i = 0; i < slots; ++i) {
        const bool bad = fails(i);
        if (bad && !in_run)
            first = i;
        if (!bad && in_run)
            report(first, i - 1);
        in_run = bad;
    }
    if (in_run)
        report(first, slots - 1);
}

} // namespace releve::engine
