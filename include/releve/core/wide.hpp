#pragma once
// Integers of 128 bits for what is larger on the way than at its ends.

#include <cstdint>
#include <limits>

namespace releve {

__extension__ typedef __int128 Wide;

/// 10^exponent, 0 to 38.
constexpr Wide power_of_ten(int exponent)
{
    Wide power = 1;
    for (int i = 0; i < exponent; ++i)
        power *= 10;
    return power;
}

/// Towards minus infinity; the divisor is positive.
constexpr Wide divide_rounding_down(Wide dividend, Wide divisor)
{
    const Wide quotient = dividend / divisor;
    return dividend % divisor < 0 ? quotient - 1 : quotient;
}

constexpr bool fits_64_bits(Wide value)
{
    return value >= std::numeric_limits<std::int64_t>::min() &&
           value <= std::numeric_limits<std::int64_t>::max();
}

} // namespace releve
