#pragma once
// The values of a channel's day without who said them: all that sums and checks need of it. One object serves
// day after day, so that reading the days of a fleet allocates nothing.

#include <releve/core/block.hpp>
#include <releve/core/limits.hpp>

#include <array>
#include <bit>

namespace releve {

struct DayValues {
    static constexpr std::size_t words = (limits::slots_per_day_max + 63) / 64;

    Instant first{};
    Seconds step{0};
    std::uint32_t slots = 0;
    std::array<std::int64_t, limits::slots_per_day_max> values; // 0 where none is there; beyond `slots` anything
    std::array<std::uint64_t, words> present{};                 // one bit a slot, the first the lowest; 0 beyond `slots`
    Quality worst = Quality::missing;                           // of the slots that are there

    [[nodiscard]] bool has(std::size_t slot) const { return (present[slot / 64] >> (slot % 64) & 1U) != 0; }
    [[nodiscard]] std::uint32_t count() const
    {
        std::uint32_t out = 0;
        for (const std::uint64_t word : present)
            out += static_cast<std::uint32_t>(std::popcount(word));
        return out;
    }
    /// No slot is missing.
    [[nodiscard]] bool is_whole() const
    {
        for (std::size_t word = 0; word < slots / 64; ++word)
            if (present[word] != ~std::uint64_t{0})
                return false;
        return slots % 64 == 0 || present[slots / 64] == (std::uint64_t{1} << slots % 64) - 1;
    }
};

/// Reads a block as decode_day_block does, into `out`, which after an error holds nothing of use.
/// errc::bad_block for whatever decode_day_block refuses.
[[nodiscard]] result<void> decode_day_values(ByteView block, DayValues& out);
/// The same of a block that is not encoded.
void set_values(const DayBlock& block, DayValues& out);

} // namespace releve
