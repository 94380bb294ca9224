#include "validation_screen.hpp"

#include <algorithm>
#include <array>

namespace releve::engine {

namespace {

DayScreen screen_of_wide(const DayValues& day, const DayTail& before)
{
    DayScreen out{day.values[0], day.values[0]};
    std::int64_t previous = before.has_last ? before.last : day.values[0];
    std::uint32_t run = before.has_last ? before.run : 0;
    for (std::uint32_t i = 0; i < day.slots; ++i) {
        const std::int64_t value = day.values[i];
        out.least = std::min(out.least, value);
        out.greatest = std::max(out.greatest, value);
        out.greatest_step = std::max(out.greatest_step, distance(value, previous));
        run = value == previous ? run + 1 : 1;
        out.longest_run = std::max(out.longest_run, run);
        previous = value;
    }
    return out;
}

} // namespace

/// The usual day has values of 31 bits, of which four are looked at together. Only how many neighbours are alike is counted: a
/// run is never longer than that and one.
DayScreen screen_of(const DayValues& day, const DayTail& before)
{
    constexpr std::uint64_t half = std::uint64_t{1} << 30;
    const std::int64_t previous = before.has_last ? before.last : day.values[0];
    std::uint64_t used_bits = static_cast<std::uint64_t>(previous) + half;
    for (std::uint32_t i = 0; i < day.slots; ++i)
        used_bits |= static_cast<std::uint64_t>(day.values[i]) + half;
    if (used_bits >= 2 * half)
        return screen_of_wide(day, before);

    std::array<std::int32_t, limits::slots_per_day_max + 1> narrow;
    narrow[0] = static_cast<std::int32_t>(previous);
    for (std::uint32_t i = 0; i < day.slots; ++i)
        narrow[i + 1] = static_cast<std::int32_t>(day.values[i]);
    const auto first = static_cast<std::int32_t>(day.values[0]);
    std::int32_t least = first, greatest = first, down = 0, up = 0, alike = 0;
    for (std::uint32_t i = 1; i <= day.slots; ++i) {
        const std::int32_t step = narrow[i] - narrow[i - 1];
        least = std::min(least, narrow[i]);
        greatest = std::max(greatest, narrow[i]);
        down = std::min(down, step);
        up = std::max(up, step);
        alike += step == 0 ? 1 : 0;
    }
    const std::uint32_t run_before = before.has_last && day.values[0] == previous ? before.run : 0;
    return {.least = least,
            .greatest = greatest,
            .greatest_step = static_cast<std::uint64_t>(std::max(up, -down)),
            .longest_run = 1 + static_cast<std::uint32_t>(alike) + run_before};
}

Wide sum_of(const DayValues& day, const DayScreen& screen)
{
    constexpr std::int64_t small = std::int64_t{1} << 53; // 300 of them fit 64 bits
    Wide sum = 0;
    if (screen.least > -small && screen.greatest < small) {
        std::int64_t narrow = 0;
        for (std::uint32_t i = 0; i < day.slots; ++i)
            narrow += day.values[i];
        return narrow;
    }
    for (std::uint32_t i = 0; i < day.slots; ++i)
        sum += day.values[i];
    return sum;
}

} // namespace releve::engine
