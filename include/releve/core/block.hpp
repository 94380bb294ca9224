#pragma once
// A channel's day: the unit of storage. 46, 48 or 50 half-hours (or any step) in one value, with who said
// each slot. Values are kept as sent, in the channel's unit and scaler. Pure: encode, decode, merge.

#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/limits.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace releve {

/// Where a stored value came from. The order of the first three fields decides which of two values of a slot
/// stays: authenticated before not, then the newer key, then the greater (extended) counter.
struct Provenance {
    bool authenticated = false;
    std::uint16_t key_generation = 0;
    std::uint64_t counter = 0; // extended: key generation << 32 | invocation counter for DLMS
    Quality quality = Quality::raw;
    std::int64_t batch = 0; // the batch that wrote it; no part of the order

    bool operator==(const Provenance&) const = default;
};

struct Slot {
    std::int64_t value = 0;
    Provenance provenance;
    bool operator==(const Slot&) const = default;
};

/// The day of one interval channel. `slots[i]` covers [first + i*step, first + (i+1)*step); empty = nothing
/// received.
struct DayBlock {
    Instant first{};
    Seconds step{0};
    std::vector<std::optional<Slot>> slots;
    bool operator==(const DayBlock&) const = default;
};

/// Some slots of such a day, as a message brings them: a block of one half-hour would be 48 times as large.
struct DayPart {
    struct Value {
        std::uint32_t index = 0; // of the slot
        Slot slot;
    };
    Instant first{};
    Seconds step{0};
    std::uint32_t slots = 0;   // of the whole day
    std::vector<Value> values; // each slot once, in any order
};
/// Slots that the part does not bring are empty.
[[nodiscard]] DayBlock block_of(const DayPart& part);

/// One register read: the cumulative value of a channel at an instant.
struct RegisterRead {
    ChannelId channel;
    Instant at{};
    std::int64_t value = 0;
    Provenance provenance;
    bool operator==(const RegisterRead&) const = default;
};

/// All register reads of a meter in one civil day, sorted by (channel, instant), no two equal in both.
struct RegisterBlock {
    std::vector<RegisterRead> reads;
    bool operator==(const RegisterBlock&) const = default;
};

/// Block format, version 1 (docs/BLOCK-FORMAT.md): every block has exactly one encoding. Encoding gives
/// errc::too_large if the result would exceed limits::block_bytes_max, or there are more slots (reads) than
/// the limit; errc::bad_block if there are none, the step is not 1 s to 1 day, an instant not of 1970 to
/// 2106, or reads are out of order. Decoding gives errc::bad_block for whatever encoding does not give.
[[nodiscard]] result<Bytes> encode_day_block(const DayBlock& block);
[[nodiscard]] result<DayBlock> decode_day_block(ByteView bytes);
[[nodiscard]] result<Bytes> encode_register_block(const RegisterBlock& block);
[[nodiscard]] result<RegisterBlock> decode_register_block(ByteView bytes);
/// The same by type, for what treats both kinds alike.
[[nodiscard]] inline result<Bytes> encode_block(const DayBlock& block)
{
    return encode_day_block(block);
}
[[nodiscard]] inline result<Bytes> encode_block(const RegisterBlock& block)
{
    return encode_register_block(block);
}
template <class Block>
[[nodiscard]] result<Block> decode_block(ByteView bytes)
{
    if constexpr (std::is_same_v<Block, DayBlock>)
        return decode_day_block(bytes);
    else
        return decode_register_block(bytes);
}

/// The batch that brings all of it.
void set_batch(DayBlock& block, std::int64_t number);
void set_batch(RegisterBlock& block, std::int64_t number);

/// What merging did to the stored side.
enum class MergeEffect : std::uint8_t {
    unchanged, // nothing to write
    added,     // only empty slots were filled
    changed,   // a stored value was replaced: the old block belongs into the history
};
template <class Block>
struct Merged {
    Block block;
    MergeEffect effect = MergeEffect::unchanged;
    /// Of a day: its slots that two messages brought, with one value or with different ones; one bit a slot.
    std::array<std::uint64_t, (limits::slots_per_day_max + 63) / 64> same{}, other{};
};

/// Per slot the greater (provenance order, then value, then the worse quality) wins: commutative,
/// associative, idempotent apart from `batch`, which follows the winner (the stored side's if both are
/// equal). Blocks of another first instant, step or count do not merge: errc::bad_block.
[[nodiscard]] result<Merged<DayBlock>> merge(const DayBlock& stored, const DayBlock& incoming);
/// errc::too_large past limits::register_reads_per_day_max; errc::bad_block if reads are out of order.
[[nodiscard]] result<Merged<RegisterBlock>> merge(const RegisterBlock& stored, const RegisterBlock& incoming);
/// Leaves of each channel the earliest read, of those that are authenticated if any is: all that a home with daily totals keeps of a day, since more would tell its
/// curve. True if there were others. In whatever order and portions the reads of a day come, the same ones stay.
bool keep_first_reads(RegisterBlock& sorted);

} // namespace releve
