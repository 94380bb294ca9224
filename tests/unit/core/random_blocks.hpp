#pragma once
// Random blocks for property tests, each from a seed that is printed when a check fails.

#include <releve/core/block.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace releve::test {

using Random = std::mt19937_64;

/// Calls `check(random)` once for each of `count` seeds; a failure names the seed, and the rest is skipped.
template <class Check>
void for_each_seed(std::uint64_t count, Check check)
{
    for (std::uint64_t seed = 1; seed <= count && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random{seed};
        check(random);
    }
}

inline std::uint64_t below(Random& random, std::uint64_t bound)
{
    return random() % bound;
}

inline bool one_in(Random& random, std::uint64_t n)
{
    return below(random, n) == 0;
}

/// Mostly small, sometimes anything 64 bits can hold.
inline std::int64_t any_value(Random& random)
{
    return one_in(random, 8) ? static_cast<std::int64_t>(random())
                             : static_cast<std::int64_t>(below(random, 12'000));
}

inline Provenance any_provenance(Random& random)
{
    Provenance p;
    p.authenticated = !one_in(random, 4);
    p.key_generation = static_cast<std::uint16_t>(one_in(random, 8) ? random() : below(random, 3));
    p.counter = one_in(random, 8) ? random() : std::uint64_t{p.key_generation} << 32 | below(random, 1000);
    p.quality = static_cast<Quality>(below(random, stored_quality_max + 1));
    p.batch =
        one_in(random, 8) ? static_cast<std::int64_t>(random()) : static_cast<std::int64_t>(below(random, 5));
    return p;
}

inline DayBlock any_day(Random& random)
{
    DayBlock day;
    day.first = Instant{Seconds{below(random, 4'294'967'296)}};
    day.step = Seconds{1 + below(random, 86'400)};
    day.slots.resize(1 + below(random, 300));
    const std::uint64_t missing_one_in = 1 + below(random, 20); // 1: all are missing
    const std::uint64_t frame_lasts = 1 + below(random, 60);
    const bool full = one_in(random, 3);
    Provenance provenance = any_provenance(random);
    for (auto& slot : day.slots) {
        if (one_in(random, frame_lasts))
            provenance = any_provenance(random);
        if (full || !one_in(random, missing_one_in))
            slot = Slot{any_value(random), provenance};
    }
    return day;
}

inline RegisterBlock any_registers(Random& random)
{
    RegisterBlock block;
    const std::uint64_t instants = 1 + below(random, 4);
    const std::uint64_t channels = one_in(random, 4) ? 65'536 : 8;
    const auto base = static_cast<std::int64_t>(below(random, 4'000'000'000));
    for (std::uint64_t i = 0, count = 1 + below(random, 96); i < count; ++i) {
        RegisterRead read;
        read.channel.value = static_cast<std::int16_t>(below(random, channels));
        read.at = Instant{Seconds{base + static_cast<std::int64_t>(below(random, instants) * 21'600)}};
        read.value = any_value(random);
        read.provenance = any_provenance(random);
        block.reads.push_back(read);
    }
    const auto key = [](const RegisterRead& r) { return std::pair{r.channel, r.at}; };
    std::sort(block.reads.begin(), block.reads.end(), [&](auto& a, auto& b) { return key(a) < key(b); });
    const auto same = [&](auto& a, auto& b) { return key(a) == key(b); };
    block.reads.erase(std::unique(block.reads.begin(), block.reads.end(), same), block.reads.end());
    return block;
}

} // namespace releve::test
