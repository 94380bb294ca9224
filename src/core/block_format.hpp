#pragma once
// What the readers and writers of blocks share: their first byte, numbers in their shortest form, the runs that
// say which frame each value came from, and the parts of a channel's day, which is read with those runs slot by
// slot or without. Internal to core; the bytes are described in docs/BLOCK-FORMAT.md.

#include <releve/core/block.hpp>
#include <releve/core/day_values.hpp>
#include <releve/core/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace releve::block_format {

/// High digit: kind of block; low digit: version. A block read from the wrong table is refused by its first
/// byte.
inline constexpr std::uint8_t day_version_1 = 0x11;
inline constexpr std::uint8_t register_version_1 = 0x21;

inline constexpr std::size_t varint_bytes_max = 10;
inline constexpr std::int64_t step_max_s = 86'400;
inline constexpr std::int64_t instant_max_s = std::numeric_limits<std::uint32_t>::max(); // in the year 2106

[[nodiscard]] inline std::uint64_t to_zigzag(std::uint64_t delta)
{
    return delta << 1 ^ (0 - (delta >> 63));
}

[[nodiscard]] inline std::uint64_t from_zigzag(std::uint64_t number)
{
    return number >> 1 ^ (0 - (number & 1));
}

/// Writes at `at`, which must have room for varint_bytes_max; gives the next position.
inline std::byte* put_varint(std::byte* at, std::uint64_t number)
{
    while (number >= 0x80) {
        *at++ = static_cast<std::byte>(number | 0x80);
        number >>= 7;
    }
    *at++ = static_cast<std::byte>(number);
    return at;
}

/// Reads from [at, end); gives the next position, or nullptr if the number is cut off, longer than 64 bits or
/// not in its shortest form (two encodings of one day would be two different stored rows).
[[nodiscard]] inline const std::byte* get_varint(const std::byte* at, const std::byte* end,
                                                 std::uint64_t& number)
{
    number = 0;
    for (unsigned shift = 0; at != end && shift < 64; shift += 7) {
        const auto byte = std::to_integer<std::uint8_t>(*at++);
        number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) {
            const bool shortest = byte != 0 || shift == 0;
            const bool fits = shift < 63 || byte == 1;
            return shortest && fits ? at : nullptr;
        }
    }
    return nullptr;
}

std::uint64_t read_long_varint(Reader& reader);
/// The same on a Reader: sticky, with errc::bad_block.
inline std::uint64_t read_varint(Reader& reader)
{
    const ByteView rest = reader.rest();
    return !rest.empty() && std::to_integer<std::uint8_t>(rest[0]) < 0x80 ? reader.u8() : read_long_varint(reader);
}
/// A difference, zigzag coded; addition of differences wraps at 64 bits on both sides.
inline std::uint64_t read_delta(Reader& reader)
{
    return from_zigzag(read_varint(reader));
}

/// Checks the length and the first byte.
void read_version(Reader& reader, std::uint8_t expected);
[[nodiscard]] Error as_bad_block(const Error& error);
[[nodiscard]] bool fits_format(Instant instant);

/// Collects provenances in order and writes one run for each stretch of equal ones.
class RunWriter {
public:
    explicit RunWriter(Writer& out) : out_(out) {}
    void add(const Provenance& provenance)
    {
        if (length_ != 0 && provenance == current_) {
            ++length_;
            return;
        }
        start(provenance);
    }
    void finish();

private:
    void start(const Provenance& provenance);
    void write(bool last);

    Writer& out_;
    Provenance written_; // of the run before
    Provenance current_;
    std::size_t length_ = 0;
};

/// Gives the provenances of `count` values back, one by one or a run at a time, not both.
class RunReader {
public:
    RunReader(Reader& in, std::size_t count) : in_(in), unread_(count) {}
    const Provenance& next()
    {
        if (left_in_run_ == 0)
            read_run();
        --left_in_run_;
        return current_;
    }
    /// Values are left that no run has covered; none after an error.
    [[nodiscard]] bool more() const { return unread_ != 0; }
    /// Of the next run; means nothing after an error.
    const Provenance& next_run()
    {
        read_run();
        return current_;
    }

private:
    void read_run();

    Reader& in_;
    Provenance current_;
    std::size_t unread_; // values not yet covered by a run
    std::size_t left_in_run_ = 0;
    bool first_ = true;
};

// ---- the parts of a channel's day, in their order; the grammar is in block.cpp. Each is read only if the reader has not
// failed, and puts errc::bad_block into it.

/// What stands before the presence bits.
struct DayHead {
    Instant first{};
    Seconds step{0};
    std::uint32_t slots = 0; // 1 to the limit
    bool some_missing = false;
    unsigned shift = 0; // 0 to 63
};
[[nodiscard]] DayHead read_day_head(Reader& in);

using PresenceBits = decltype(DayValues::present);
/// Gives the number of slots that are there.
[[nodiscard]] std::size_t read_presence(Reader& in, const DayHead& head, PresenceBits& present);
[[nodiscard]] inline bool has_bit(const PresenceBits& present, std::size_t slot)
{
    return (present[slot / 64] >> (slot % 64) & 1U) != 0;
}
/// The values of the slots that are there, one behind the other.
void read_values(Reader& in, unsigned shift, std::span<std::int64_t> values);

} // namespace releve::block_format
