#include "block_format.hpp"

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

std::uint64_t read_varint(Reader& reader)
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

    const std::uint8_t quality = head & quality_mask;
    if (quality >= quality_rows().size())
        in_.set_error(errc::bad_block, "no such quality");
    const std::uint64_t generation = head & new_generation_bit ? read_varint(in_) : before.key_generation;
    if (generation > std::numeric_limits<std::uint16_t>::max())
        in_.set_error(errc::bad_block, "no such key generation");
    const std::uint64_t counter_delta = head & new_counter_bit ? read_delta(in_) : 0;
    const std::uint64_t batch_delta = head & new_batch_bit ? read_delta(in_) : 0;

    if (in_.failed()) {
        left_in_run_ = unread_; // the caller's loop ends; what it filled is thrown away
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

} // namespace releve::block_format
