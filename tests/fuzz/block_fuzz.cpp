// Stored blocks: any bytes are refused, or are the one encoding of what they say.

#include <releve/core/block.hpp>

#include <algorithm>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve;
    const ByteView bytes = std::as_bytes(std::span{data, size});
    const auto is_same = [&](const Bytes& again) {
        return std::equal(again.begin(), again.end(), bytes.begin(), bytes.end());
    };
    if (const auto day = decode_day_block(bytes)) {
        RELEVE_ASSERT(is_same(encode_day_block(*day).value()));
        RELEVE_ASSERT(merge(*day, *day).value().effect == MergeEffect::unchanged);
    }
    if (const auto registers = decode_register_block(bytes)) {
        RELEVE_ASSERT(is_same(encode_register_block(*registers).value()));
        RELEVE_ASSERT(merge(*registers, *registers).value().effect == MergeEffect::unchanged);
    }
    return 0;
}
