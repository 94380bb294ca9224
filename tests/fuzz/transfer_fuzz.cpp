// General-block-transfer: blocks in any order are refused or put together as a second, plainer reading of
// them says; and what was cut into blocks comes back whole, whatever came before it.

#include <releve/codec/dlms/apdu_any.hpp>
#include <releve/core/limits.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;
using Fed = result<std::optional<Bytes>>;

constexpr std::uint8_t last_block = 0x80;

/// What the assembler should say, over the blocks as decode_any_apdu reads them.
class Expectation {
public:
    std::uint16_t next = 1;

    std::pair<std::optional<errc>, std::optional<Bytes>> feed(ByteView apdu)
    {
        const auto decoded = dlms::decode_any_apdu(apdu);
        if (!apdu.empty() && apdu[0] != std::byte{0xe0})
            return refuse(errc::unknown_apdu);
        if (!decoded)
            return refuse(decoded.error().code);
        const auto& block = std::get<dlms::GeneralBlock>(*decoded);
        if (block.number == 1)
            start_over();
        if (block.number != next)
            return refuse(errc::bad_block_number);
        if (block.number > limits::blocks_max ||
            joined_.size() + block.content.size() > limits::assembled_bytes_max)
            return refuse(errc::too_large);
        joined_.insert(joined_.end(), block.content.begin(), block.content.end());
        ++next;
        if ((block.control & last_block) == 0)
            return {};
        Bytes whole = joined_;
        start_over();
        return {std::nullopt, std::move(whole)};
    }

private:
    void start_over()
    {
        joined_.clear();
        next = 1;
    }
    std::pair<std::optional<errc>, std::optional<Bytes>> refuse(errc code)
    {
        start_over();
        return {code, std::nullopt};
    }

    Bytes joined_;
};

struct Pair {
    dlms::BlockAssembler assembler;
    Expectation expectation;

    void feed(ByteView apdu)
    {
        const Fed fed = assembler.feed(apdu);
        const auto [refused, whole] = expectation.feed(apdu);
        RELEVE_ASSERT(fed.has_value() == !refused);
        RELEVE_ASSERT(fed ? *fed == whole : fed.error().code == *refused);
        RELEVE_ASSERT(assembler.in_progress() == (expectation.next != 1));
    }
};

Bytes make_block(std::uint8_t control, std::uint16_t number, std::size_t bytes)
{
    Writer writer;
    writer.u8(0xe0).u8(control).u16_be(number).u16_be(0);
    dlms::write_length(writer, bytes);
    writer.bytes(Bytes(bytes, static_cast<std::byte>(number)));
    return std::move(writer).take();
}

/// script := step*
///   step  00..7f length(2) bytes           an APDU as it stands
///         80..ff ahead(1, signed) length(1)  1 to 64 blocks of 16 * length bytes, numbered from the awaited
///         one + ahead;
///                                            bit 40: the last of them ends the transfer
void run_script(Pair& pair, Reader script)
{
    std::size_t bytes_left = 300'000; // more than a transfer may have, and no script takes long
    while (script.remaining() > 0) {
        const std::uint8_t step = script.u8();
        if (step < 0x80) {
            const std::size_t length = script.u16_be();
            pair.feed(script.take(std::min(length, script.remaining())));
            continue;
        }
        const int ahead = script.i8();
        const std::size_t length = 16U * script.u8();
        const int count = 1 + (step & 0x3f);
        for (int i = 1; i <= count && bytes_left > length + 16; ++i) {
            const std::uint8_t control = (step & 0x40) != 0 && i == count ? last_block : 0;
            pair.feed(make_block(control, static_cast<std::uint16_t>(pair.expectation.next + ahead), length));
            bytes_left -= length + 16;
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteView bytes = std::as_bytes(std::span{data, size});
    if (size < 1)
        return 0;
    const std::size_t block_bytes = 1U + data[0];
    const ByteView rest = bytes.subspan(1);
    Pair pair;
    run_script(pair, Reader{rest});

    if (rest.size() > block_bytes * limits::blocks_max)
        return 0;
    const std::vector<Bytes> blocks = dlms::encode_blocks(rest, block_bytes);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const Fed fed = pair.assembler.feed(blocks[i]);
        RELEVE_ASSERT(fed && fed->has_value() == (i + 1 == blocks.size()));
        RELEVE_ASSERT(!*fed || std::ranges::equal(**fed, rest));
    }
    RELEVE_ASSERT(!pair.assembler.in_progress());
    return 0;
}
