// Any bytes are refused, or are a value that is written and read again as itself.

#include <releve/codec/dlms/data.hpp>

#include <cstdint>

namespace {

/// Compact arrays are written as arrays, and a NaN equals nothing: such values only have to survive.
bool has_exact_form(const releve::dlms::Data& data)
{
    using releve::dlms::DataType;
    if (data.type == DataType::compact_array || data.real != data.real)
        return false;
    for (const auto& child : data.children)
        if (!has_exact_form(child))
            return false;
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve;
    const auto decoded = dlms::decode_data(std::as_bytes(std::span{data, size}));
    if (!decoded) {
        RELEVE_ASSERT(decoded.error().offset <= static_cast<std::ptrdiff_t>(size));
        return 0;
    }
    Writer writer;
    dlms::write_data(writer, *decoded);
    const auto again = dlms::decode_data(writer.view());
    RELEVE_ASSERT(again);
    RELEVE_ASSERT(!has_exact_form(*decoded) || *again == *decoded);
    return 0;
}
