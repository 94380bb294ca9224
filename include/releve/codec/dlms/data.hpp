#pragma once
// COSEM data (A-XDR, IEC 62056-6-1 / 62056-5-3) as a tree of values. Decoding never throws and never allocates more
// than the input can justify; the limits are in core/limits.

#include <releve/core/bytes.hpp>
#include <releve/core/limits.hpp>
#include <releve/core/obis.hpp>

#include <cstdint>
#include <variant>
#include <vector>

namespace releve::dlms {

/// Type tags (IEC 62056-5-3, Data CHOICE).
enum class DataType : std::uint8_t {
    null_data = 0x00, array = 0x01, structure = 0x02, boolean = 0x03, bit_string = 0x04,
    double_long = 0x05, double_long_unsigned = 0x06, octet_string = 0x09, visible_string = 0x0a,
    utf8_string = 0x0c, bcd = 0x0d, integer = 0x0f, long_ = 0x10, unsigned_ = 0x11, long_unsigned = 0x12,
    compact_array = 0x13, long64 = 0x14, long64_unsigned = 0x15, enum_ = 0x16, float32 = 0x17, float64 = 0x18,
    date_time = 0x19, date = 0x1a, time = 0x1b, dont_care = 0xff,
};
/// "double-long-unsigned": the name used in vectors and by `releve decode`.
[[nodiscard]] std::string_view type_name(DataType type);

/// One value. Arrays, structures and (expanded) compact arrays hold `children`; strings, bit-strings, date-times and
/// bcd hold `bytes`; everything else is a number.
struct Data {
    DataType type = DataType::null_data;
    std::int64_t number = 0;         // boolean (0, 1), enum, integers up to 64 bits signed
    std::uint64_t unsigned_number = 0; // long64-unsigned only, which also has `number` when it fits
    double real = 0;                 // float32, float64
    Bytes bytes;
    std::size_t bit_count = 0;       // bit-string
    std::vector<Data> children;

    bool operator==(const Data&) const = default;
    [[nodiscard]] bool is_integer() const;  // an integer type whose value fits int64
    [[nodiscard]] bool is_text() const;     // octet, visible or utf8 string
    [[nodiscard]] bool is_list() const;     // array, structure or compact-array
};

/// One value and nothing after it.
[[nodiscard]] result<Data> decode_data(ByteView bytes);
/// One value from a reader that goes on (sticky errors).
[[nodiscard]] Data read_data(Reader& reader);
/// How many values an APDU may still hold; one budget is shared by all values of a list.
struct DataBudget {
    std::size_t elements = limits::data_elements_max;
};
[[nodiscard]] Data read_data(Reader& reader, DataBudget& budget);
/// Inverse for every type but compact-array, which is written as an array.
void write_data(Writer& writer, const Data& data);
/// A-XDR length: <80, 81 xx, 82 xxxx, ...; 80 is illegal.
[[nodiscard]] std::size_t read_length(Reader& reader);
void write_length(Writer& writer, std::size_t length);

} // namespace releve::dlms
