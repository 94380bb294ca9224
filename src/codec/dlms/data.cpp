// Data of A-XDR, as a grammar:
//   data          = tag value
//   array, structure value = length data*
//   compact-array value    = description length(bytes) content*
//   description   = 01 count(2) description | 02 length description* | tag
// Every count is held against the bytes that remain and the budget before anything is allocated for it.

#include <releve/codec/dlms/data.hpp>

#include <algorithm>
#include <bit>
#include <array>
#include <utility>

namespace releve::dlms {

namespace {

struct TypeRow {
    DataType type;
    std::string_view name;
};
constexpr TypeRow type_rows[] = {
    {DataType::null_data, "null-data"},
    {DataType::array, "array"},
    {DataType::structure, "structure"},
    {DataType::boolean, "boolean"},
    {DataType::bit_string, "bit-string"},
    {DataType::double_long, "double-long"},
    {DataType::double_long_unsigned, "double-long-unsigned"},
    {DataType::octet_string, "octet-string"},
    {DataType::visible_string, "visible-string"},
    {DataType::utf8_string, "utf8-string"},
    {DataType::bcd, "bcd"},
    {DataType::integer, "integer"},
    {DataType::long_, "long"},
    {DataType::unsigned_, "unsigned"},
    {DataType::long_unsigned, "long-unsigned"},
    {DataType::compact_array, "compact-array"},
    {DataType::long64, "long64"},
    {DataType::long64_unsigned, "long64-unsigned"},
    {DataType::enum_, "enum"},
    {DataType::float32, "float32"},
    {DataType::float64, "float64"},
    {DataType::date_time, "date-time"},
    {DataType::date, "date"},
    {DataType::time, "time"},
    {DataType::dont_care, "dont-care"},
};

/// What a compact array says once for all its elements.
struct Description {
    DataType type = DataType::null_data;
    std::size_t count = 0;           // of an array
    std::vector<Description> parts;  // the members of a structure, the one element type of an array
};

void assign(Bytes& to, ByteView from)
{
    to.assign(from.begin(), from.end());
}

class DataReader {
public:
    DataReader(Reader& reader, DataBudget& budget) : reader_(reader), budget_(budget) {}

    Data value(unsigned depth)
    {
        const std::uint8_t tag = reader_.u8();
        Data data;
        data.type = static_cast<DataType>(tag);
        switch (data.type) {
        case DataType::array:
        case DataType::structure: list(data, depth); break;
        case DataType::compact_array: compact_array(data, depth); break;
        default: simple(data); break;
        }
        return data;
    }

private:
    /// False, with the error set, if there cannot be `count` more values.
    bool spend(std::size_t count)
    {
        if (reader_.failed())
            return false;
        if (count > budget_.elements) {
            reader_.set_error(errc::too_large, "more than " + std::to_string(limits::data_elements_max) + " values");
            return false;
        }
        budget_.elements -= count;
        return true;
    }

    bool descend(unsigned depth)
    {
        if (depth < limits::nesting_max)
            return !reader_.failed();
        reader_.set_error(errc::too_deep, "more than " + std::to_string(limits::nesting_max) + " levels");
        return false;
    }

    /// A count of things of at least one byte each.
    std::size_t count(const char* what)
    {
        const std::size_t announced = read_length(reader_);
        if (announced > reader_.remaining()) {
            reader_.set_error(errc::truncated, std::string(what) + " announces " + std::to_string(announced) +
                                                   " elements in " + std::to_string(reader_.remaining()) + " bytes");
            return 0;
        }
        return spend(announced) ? announced : 0;
    }

    void list(Data& data, unsigned depth)
    {
        if (!descend(depth))
            return;
        const std::size_t elements = count(data.type == DataType::array ? "array" : "structure");
        data.children.reserve(elements);
        for (std::size_t i = 0; i < elements && !reader_.failed(); ++i)
            data.children.push_back(value(depth + 1));
    }

    void compact_array(Data& data, unsigned depth)
    {
        if (!descend(depth))
            return;
        const Description description = describe(depth + 1);
        const std::size_t bytes = read_length(reader_);
        if (bytes > reader_.remaining())
            reader_.set_error(errc::truncated, "compact-array announces " + std::to_string(bytes) + " bytes");
        const std::size_t end = reader_.offset() + bytes;
        while (!reader_.failed() && reader_.offset() < end) {
            const std::size_t before = reader_.offset();
            if (!spend(1))
                return;
            data.children.push_back(content(description));
            if (reader_.offset() == before)
                reader_.set_error(errc::bad_value, "compact-array of elements without bytes");
            if (reader_.offset() > end)
                reader_.set_error(errc::bad_length, "the last element of a compact-array passes its end");
        }
    }

    Description describe(unsigned depth)
    {
        Description description;
        description.type = static_cast<DataType>(reader_.u8());
        switch (description.type) {
        case DataType::array:
            if (!descend(depth))
                break;
            description.count = reader_.u16_be();
            description.parts.push_back(describe(depth + 1));
            break;
        case DataType::structure: {
            if (!descend(depth))
                break;
            const std::size_t members = count("structure description");
            for (std::size_t i = 0; i < members && !reader_.failed(); ++i)
                description.parts.push_back(describe(depth + 1));
            break;
        }
        case DataType::compact_array: unknown(description.type); break;
        default:
            if (type_name(description.type).empty())
                unknown(description.type);
        }
        return description;
    }

    /// The description was bounded in depth when it was read, so this recursion is too.
    Data content(const Description& description)
    {
        Data data;
        data.type = description.type;
        if (description.type != DataType::array && description.type != DataType::structure) {
            simple(data);
            return data;
        }
        const bool array = description.type == DataType::array;
        const std::size_t elements = array ? description.count : description.parts.size();
        if (!spend(elements))
            return data;
        for (std::size_t i = 0; i < elements && !reader_.failed(); ++i)
            data.children.push_back(content(description.parts[array ? 0 : i]));
        return data;
    }

    void simple(Data& data)
    {
        switch (data.type) {
        case DataType::null_data:
        case DataType::dont_care: break;
        case DataType::boolean: data.number = reader_.u8() != 0; break;
        case DataType::enum_:
        case DataType::unsigned_: data.number = reader_.u8(); break;
        case DataType::integer: data.number = reader_.i8(); break;
        case DataType::long_: data.number = reader_.i16_be(); break;
        case DataType::long_unsigned: data.number = reader_.u16_be(); break;
        case DataType::double_long: data.number = reader_.i32_be(); break;
        case DataType::double_long_unsigned: data.number = reader_.u32_be(); break;
        case DataType::long64: data.number = reader_.i64_be(); break;
        case DataType::long64_unsigned:
            data.unsigned_number = reader_.u64_be();
            if (std::in_range<std::int64_t>(data.unsigned_number))
                data.number = static_cast<std::int64_t>(data.unsigned_number);
            break;
        case DataType::float32: data.real = std::bit_cast<float>(reader_.u32_be()); break;
        case DataType::float64: data.real = std::bit_cast<double>(reader_.u64_be()); break;
        case DataType::bcd: assign(data.bytes, reader_.take(1)); break;
        case DataType::date_time: assign(data.bytes, reader_.take(12)); break;
        case DataType::date: assign(data.bytes, reader_.take(5)); break;
        case DataType::time: assign(data.bytes, reader_.take(4)); break;
        case DataType::octet_string:
        case DataType::visible_string:
        case DataType::utf8_string: assign(data.bytes, reader_.take(read_length(reader_))); break;
        case DataType::bit_string:
            data.bit_count = read_length(reader_);
            assign(data.bytes, reader_.take(data.bit_count / 8 + (data.bit_count % 8 != 0)));
            break;
        default: unknown(data.type);
        }
    }

    void unknown(DataType type)
    {
        reader_.set_error(errc::unknown_type, "type tag " + std::to_string(static_cast<unsigned>(type)));
    }

    Reader& reader_;
    DataBudget& budget_;
};

} // namespace

std::string_view type_name(DataType type)
{
    const auto row = std::ranges::find(type_rows, type, &TypeRow::type);
    return row == std::end(type_rows) ? std::string_view{} : row->name;
}

bool Data::is_integer() const
{
    switch (type) {
    case DataType::integer:
    case DataType::long_:
    case DataType::double_long:
    case DataType::long64:
    case DataType::unsigned_:
    case DataType::long_unsigned:
    case DataType::double_long_unsigned: return true;
    case DataType::long64_unsigned: return std::in_range<std::int64_t>(unsigned_number);
    default: return false;
    }
}

bool Data::is_text() const
{
    return type == DataType::octet_string || type == DataType::visible_string || type == DataType::utf8_string;
}

bool Data::is_list() const
{
    return type == DataType::array || type == DataType::structure || type == DataType::compact_array;
}

Data read_data(Reader& reader, DataBudget& budget)
{
    return DataReader{reader, budget}.value(0);
}

Data read_data(Reader& reader)
{
    DataBudget budget;
    return read_data(reader, budget);
}

result<Data> decode_data(ByteView bytes)
{
    Reader reader{bytes};
    Data data = read_data(reader);
    return reader.finish(std::move(data));
}

std::size_t read_length(Reader& reader)
{
    const std::uint8_t first = reader.u8();
    if (first < 0x80)
        return first;
    const unsigned octets = first & 0x7f;
    if (octets == 0 || octets > 4) {
        reader.set_error(errc::bad_length, "length octet " + to_hex(std::array{std::byte{first}}));
        return 0;
    }
    std::size_t length = 0;
    for (unsigned i = 0; i < octets; ++i)
        length = length << 8 | reader.u8();
    return reader.failed() ? 0 : length;
}

void write_length(Writer& writer, std::size_t length)
{
    RELEVE_ASSERT(length <= 0xffff'ffff);
    if (length < 0x80) {
        writer.u8(static_cast<std::uint8_t>(length));
        return;
    }
    const unsigned octets = length <= 0xff ? 1 : length <= 0xffff ? 2 : length <= 0xff'ffff ? 3 : 4;
    writer.u8(static_cast<std::uint8_t>(0x80 | octets));
    for (unsigned i = octets; i-- > 0;)
        writer.u8(static_cast<std::uint8_t>(length >> (8 * i)));
}

void write_data(Writer& writer, const Data& data)
{
    const bool list = data.is_list();
    const DataType type = data.type == DataType::compact_array ? DataType::array : data.type;
    writer.u8(static_cast<std::uint8_t>(type));
    if (list) {
        write_length(writer, data.children.size());
        for (const Data& child : data.children)
            write_data(writer, child);
        return;
    }
    const auto number = static_cast<std::uint64_t>(data.number);
    switch (type) {
    case DataType::boolean:
    case DataType::enum_:
    case DataType::unsigned_:
    case DataType::integer: writer.u8(static_cast<std::uint8_t>(number)); break;
    case DataType::long_:
    case DataType::long_unsigned: writer.u16_be(static_cast<std::uint16_t>(number)); break;
    case DataType::double_long:
    case DataType::double_long_unsigned: writer.u32_be(static_cast<std::uint32_t>(number)); break;
    case DataType::long64: writer.u64_be(number); break;
    case DataType::long64_unsigned: writer.u64_be(data.unsigned_number); break;
    case DataType::float32: writer.u32_be(std::bit_cast<std::uint32_t>(static_cast<float>(data.real))); break;
    case DataType::float64: writer.u64_be(std::bit_cast<std::uint64_t>(data.real)); break;
    case DataType::octet_string:
    case DataType::visible_string:
    case DataType::utf8_string:
        write_length(writer, data.bytes.size());
        writer.bytes(data.bytes);
        break;
    case DataType::bit_string:
        write_length(writer, data.bit_count);
        writer.bytes(data.bytes);
        break;
    default: writer.bytes(data.bytes); break; // null-data and don't care have none
    }
}

} // namespace releve::dlms
