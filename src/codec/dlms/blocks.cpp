// General-block-transfer of codec/dlms/apdu.hpp:
//   e0 | control(1): 80 last, 40 streaming, 3f window | block-number(2) | block-number-ack(2) | length | content

#include <releve/codec/dlms/apdu.hpp>

#include <releve/core/limits.hpp>

#include <algorithm>

namespace releve::dlms {

namespace {
constexpr std::uint8_t tag = 0xe0;
constexpr std::uint8_t last_block = 0x80;
constexpr std::uint8_t streaming = 0x40;
} // namespace

void BlockAssembler::reset()
{
    assembled_.clear();
    next_block_ = 1;
}

result<std::optional<Bytes>> BlockAssembler::feed(ByteView apdu)
{
    Reader reader{apdu};
    if (const std::uint8_t got = reader.u8(); !reader.failed() && got != tag)
        reader.set_error(errc::unknown_apdu, "not a general-block-transfer");
    const std::uint8_t control = reader.u8();
    const std::uint16_t number = reader.u16_be();
    reader.u16_be(); // the acknowledged block is the other direction's business
    const ByteView content = reader.take(read_length(reader));
    const auto checked = reader.finish(content);
    if (!checked) {
        reset();
        return checked.error();
    }
    const bool out_of_order = number != next_block_;
    if (out_of_order && number != 1) {
        const std::uint16_t expected = next_block_;
        reset();
        return fail(errc::bad_block_number,
                    "block " + std::to_string(number) + " instead of " + std::to_string(expected), 2);
    }
    // Block 1 in the middle of a transfer: the meter gave the old one up and starts again.
    if (out_of_order)
        reset();
    if (number > limits::blocks_max || content.size() > limits::assembled_bytes_max - assembled_.size()) {
        reset();
        return fail(errc::too_large, "more blocks or bytes than a block transfer may have");
    }
    assembled_.insert(assembled_.end(), content.begin(), content.end());
    ++next_block_;
    if ((control & last_block) == 0)
        return std::optional<Bytes>{};
    Bytes whole = std::move(assembled_);
    reset();
    return std::optional{std::move(whole)};
}

std::vector<Bytes> encode_blocks(ByteView apdu, std::size_t block_bytes)
{
    RELEVE_ASSERT(block_bytes > 0 && apdu.size() <= block_bytes * limits::blocks_max);
    std::vector<Bytes> blocks;
    std::uint16_t number = 0;
    do {
        const ByteView content = apdu.first(std::min(block_bytes, apdu.size()));
        apdu = apdu.subspan(content.size());
        Writer writer;
        writer.u8(tag).u8(apdu.empty() ? streaming | last_block : streaming).u16_be(++number).u16_be(0);
        write_length(writer, content.size());
        writer.bytes(content);
        blocks.push_back(std::move(writer).take());
    } while (!apdu.empty());
    return blocks;
}

} // namespace releve::dlms
