#include "validation_screen.hpp"

#include <algorithm>

namespace releve::engine {

DayScreen screen_of(const DayValues& day, const DayTail& before)
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
