#pragma once
// Numbers from a seed, the same on every machine (the standard library's distributions are not). Not for
// secrets of a real meter.

#include <cstdint>

namespace releve::sim {

/// A well-mixed 64-bit number of two.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b)
{
    std::uint64_t z = a + 0x9e37'79b9'7f4a'7c15u * (b + 1);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebu;
    return z ^ (z >> 31);
}

/// In [low, high].
[[nodiscard]] constexpr std::int64_t between(std::uint64_t random, std::int64_t low, std::int64_t high)
{
    return low + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(high - low + 1));
}

/// Yes with probability `rate`.
[[nodiscard]] constexpr bool happens(std::uint64_t random, double rate)
{
    return static_cast<double>(random >> 11) < rate * 9007199254740992.0; // 2^53
}

} // namespace releve::sim
