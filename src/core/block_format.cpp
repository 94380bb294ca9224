#include "block_format.hpp"

#include <bit>
#include <cstring>

namespace releve::block_format {

namespace {
// The head byte of a run. The three "new_" bits say which numbers follow because they differ from the run
// before.
constexpr std::uint8_t quality_mask = 0x07;
constexpr std::uint8_t authenticated_bit = 0x08;
constexpr std::uint8_t new_generation_bit = 0x10;
constexpr std::uint8_t new_counter_bit = 0x20;
constexpr std::uint8_t new_batch_bit = 0x40;
constexpr std::uint8_t last_bit = 0x80;

/// A DLMS counter carries its generation in the upper half; without it what is left is the short counter of
/// the meter.
std::uint64_t expected_counter(const Provenance& before, std::uint16_t generation)
{
    const auto from = static_cast<std::uint64_t>(before.key_generation);
    return before.counter + ((static_cast<std::uint64_t>(generation) - from) << 32);
}
} // namespace

std::uint64_t read_long_varint(Reader& reader)
{
    const ByteView rest = reader.rest();
    std::uint64_t number = 0;
    const std::byte* next = get_varint(rest.data(), rest.data() + rest.size(), number);
    if (next == nullptr) {
        reader.set_error(errc::bad_block, "number cut off or not in its shortest form");
        return 0;
    }
    reader.take(static_cast<std::size_t>(next - rest.data()));
    return number;
}

void read_version(Reader& reader, std::uint8_t expected)
{
    if (reader.remaining() > limits::block_bytes_max)
        reader.set_error(errc::bad_block, "longer than a block may be");
    if (reader.u8() != expected)
        reader.set_error(errc::bad_block, "another kind or version of block");
}

Error as_bad_block(const Error& error)
{
    return {errc::bad_block, error.detail.empty() ? std::string{error_name(error.code)} : error.detail,
            error.offset};
}

bool fits_format(Instant instant)
{
    const std::int64_t seconds = instant.time_since_epoch().count();
    return seconds >= 0 && seconds <= instant_max_s;
}

void RunWriter::start(const Provenance& provenance)
{
    if (length_ != 0)
        write(false);
    current_ = provenance;
    length_ = 1;
}

void RunWriter::finish()
{
    if (length_ != 0)
        write(true);
    length_ = 0;
}

void RunWriter::write(bool last)
{
    const std::uint64_t counter_delta =
        current_.counter - expected_counter(written_, current_.key_generation);
    const std::uint64_t batch_delta =
        static_cast<std::uint64_t>(current_.batch) - static_cast<std::uint64_t>(written_.batch);
    const bool new_generation = current_.key_generation != written_.key_generation;

    auto head = static_cast<std::uint8_t>(current_.quality);
    RELEVE_ASSERT(head <= quality_mask);
    head |= current_.authenticated ? authenticated_bit : 0;
    head |= new_generation ? new_generation_bit : 0;
    head |= counter_delta != 0 ? new_counter_bit : 0;
    head |= batch_delta != 0 ? new_batch_bit : 0;
    head |= last ? last_bit : 0;

    out_.u8(head);
    if (!last)
        out_.varint(length_);
    if (new_generation)
        out_.varint(current_.key_generation);
    if (counter_delta != 0)
        out_.varint(to_zigzag(counter_delta));
    if (batch_delta != 0)
        out_.varint(to_zigzag(batch_delta));
    written_ = current_;
}

// run := head [length] [generation] [counter] [batch]
//   head        1 byte: quality (bits 0-2), authenticated (3), generation, counter, batch follow (4, 5, 6),
//   last run (7) length      varint, 1 or more values; the last run has none: it covers what is left
//   generation  varint, differs from the run before
//   counter     zigzag varint, not 0: counter - (counter before + (generation - generation before) * 2^32)
//   batch       zigzag varint, not 0: batch - batch before
// Before the first run all are 0. A run that equals the one before it is refused.
void RunReader::read_run()
{
    const Provenance before = current_;
    const std::uint8_t head = in_.u8();
    const std::uint64_t length = head & last_bit ? unread_ : read_varint(in_);
    if (!(head & last_bit) && (length == 0 || length >= unread_))
        in_.set_error(errc::bad_block, "a run longer than the values left");

    const std::uint8_t quality = head & quality_mask; // each of the eight is one
    const std::uint64_t generation = head & new_generation_bit ? read_varint(in_) : before.key_generation;
    if (generation > std::numeric_limits<std::uint16_t>::max())
        in_.set_error(errc::bad_block, "no such key generation");
    const std::uint64_t counter_delta = head & new_counter_bit ? read_delta(in_) : 0;
    const std::uint64_t batch_delta = head & new_batch_bit ? read_delta(in_) : 0;

    if (in_.failed()) {
        left_in_run_ = unread_; // the caller's loop ends; what it filled is thrown away
        unread_ = 0;
        return;
    }
    current_.quality = static_cast<Quality>(quality);
    current_.authenticated = (head & authenticated_bit) != 0;
    current_.key_generation = static_cast<std::uint16_t>(generation);
    current_.counter = expected_counter(before, current_.key_generation) + counter_delta;
    current_.batch = static_cast<std::int64_t>(static_cast<std::uint64_t>(before.batch) + batch_delta);

    const bool idle_bit = (head & new_generation_bit && generation == before.key_generation) ||
                          (head & new_counter_bit && counter_delta == 0) ||
                          (head & new_batch_bit && batch_delta == 0);
    if (idle_bit || (!first_ && current_ == before))
        in_.set_error(errc::bad_block, "a run that says nothing new");
    first_ = false;
    left_in_run_ = static_cast<std::size_t>(length);
    unread_ -= left_in_run_;
}

DayHead read_day_head(Reader& in)
{
    read_version(in, day_version_1);
    DayHead head;
    head.first = Instant{Seconds{in.u32_be()}};
    const std::uint64_t step = read_varint(in);
    const std::uint64_t count = read_varint(in);
    head.shift = in.u8();
    if (step < 1 || step > step_max_s || count >> 1 < 1 || count >> 1 > limits::slots_per_day_max) {
        in.set_error(errc::bad_block, "step or slot count out of range");
        return head;
    }
    if (head.shift > 63)
        in.set_error(errc::bad_block, "a shift that does not fit the values");
    head.step = Seconds{step};
    head.slots = static_cast<std::uint32_t>(count >> 1);
    head.some_missing = (count & 1) != 0;
    return head;
}

namespace {

/// The first `count` bits.
void set_all(PresenceBits& present, std::size_t count)
{
    for (std::size_t word = 0; word < present.size(); ++word) {
        const std::size_t from = word * 64;
        present[word] = count >= from + 64 ? ~std::uint64_t{0}
                        : count > from     ? (std::uint64_t{1} << (count - from)) - 1
                                           : 0;
    }
}

} // namespace

std::size_t read_presence(Reader& in, const DayHead& head, PresenceBits& present)
{
    const std::size_t count = head.slots;
    set_all(present, count);
    if (!head.some_missing)
        return count;
    const PresenceBits all = present;
    const ByteView bitmap = in.take((count + 7) / 8);
    if (in.failed())
        return 0;
    present.fill(0);
    for (std::size_t i = 0; i < bitmap.size(); ++i)
        present[i / 8] |= std::to_integer<std::uint64_t>(bitmap[i]) << i % 8 * 8;
    if (present == all)
        in.set_error(errc::bad_block, "a presence bitmap without a missing slot");
    std::size_t there = 0;
    for (std::size_t word = 0; word < present.size(); ++word) {
        if ((present[word] & ~all[word]) != 0)
            in.set_error(errc::bad_block, "a presence bit after the last slot");
        there += static_cast<std::size_t>(std::popcount(present[word]));
    }
    return there;
}

namespace {

constexpr unsigned short_shift_max = 40; // 300 steps of at most 2^13 reach 2^22: no value loses a bit by it

/// The usual day: numbers of one or two bytes up to the end, so that no step needs a branch, which would be guessed wrong
/// for every third one. False if the day is another one, or wrong: then nothing is said, and `values` are to be read again.
bool read_short_values(ByteView bytes, unsigned shift, std::span<std::int64_t> values)
{
    if (values.empty() || bytes.size() < values.size() || bytes.size() > 2 * values.size() ||
        shift > short_shift_max)
        return false;
    using Lane = std::uint16_t; // one width throughout, so that eight bytes are looked at together
    std::array<std::uint8_t, 2 * limits::slots_per_day_max + 1> padded;
    std::array<std::int16_t, 2 * limits::slots_per_day_max> steps; // by last byte of the number; 0 at other bytes
    padded[0] = 0;
    std::memcpy(&padded[1], bytes.data(), bytes.size());
    Lane wrong = 0;
    Lane numbers = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const Lane before = padded[i];
        const Lane byte = padded[i + 1];
        const auto second = static_cast<Lane>(0 - (before >> 7)); // masks: all bits or none
        const auto last = static_cast<Lane>((byte >> 7) - 1);
        const auto zero = static_cast<Lane>(0 - (static_cast<Lane>(byte - 1) >> 15));
        const auto number = static_cast<Lane>((byte & ~second) | (byte << 7 & second) | (before & 0x7f & second));
        const auto step = static_cast<Lane>(number >> 1 ^ (0 - (number & 1)));
        steps[i] = static_cast<std::int16_t>(step & last);
        wrong = static_cast<Lane>(wrong | (second & (static_cast<Lane>(~last) | zero)));
        numbers = static_cast<Lane>(numbers + (last & 1));
    }
    if (wrong != 0 || numbers != values.size() || padded[bytes.size()] >= 0x80)
        return false;
    std::int64_t value = 0;
    std::int64_t used_bits = 0;
    std::size_t slot = 0; // the sum at the first byte of a number is written over at its last
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value += steps[i];
        used_bits |= value;
        values[slot] = value * (std::int64_t{1} << shift);
        slot += padded[i + 1] < 0x80;
    }
    return (used_bits & 1) != 0 || (used_bits == 0 && shift == 0);
}

} // namespace

void read_values(Reader& in, unsigned shift, std::span<std::int64_t> values)
{
    const ByteView rest = in.rest();
    if (read_short_values(rest, shift, values)) {
        in.take(rest.size());
        return;
    }
    const std::byte* at = rest.data();
    const std::byte* const end = at + rest.size();
    std::uint64_t value = 0;
    std::uint64_t used_bits = 0;
    std::uint64_t lost_bits = 0;
    for (std::int64_t& out : values) {
        std::uint64_t number = 0;
        at = get_varint(at, end, number);
        if (at == nullptr)
            return in.set_error(errc::bad_block, "value cut off or not in its shortest form");
        value += from_zigzag(number);
        out = static_cast<std::int64_t>(value << shift);
        used_bits |= value;
        lost_bits |= static_cast<std::uint64_t>(out >> shift) ^ value;
    }
    in.take(static_cast<std::size_t>(at - rest.data()));
    const bool could_shift_more = (used_bits & 1) == 0 && (used_bits != 0 || shift != 0);
    if (lost_bits != 0 || could_shift_more)
        in.set_error(errc::bad_block, "a shift that does not fit the values");
}

} // namespace releve::block_format
