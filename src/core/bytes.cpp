#include <releve/core/bytes.hpp>

#include <array>

#include <cctype>

namespace releve {

std::string to_hex(ByteView bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::byte b : bytes) {
        text.push_back(digits[std::to_integer<unsigned>(b) >> 4]);
        text.push_back(digits[std::to_integer<unsigned>(b) & 15]);
    }
    return text;
}

namespace {
int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}
} // namespace

result<Bytes> from_hex(std::string_view text)
{
    Bytes out;
    out.reserve(text.size() / 2);
    int high = -1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (std::isspace(static_cast<unsigned char>(text[i])))
            continue;
        const int digit = hex_digit(text[i]);
        if (digit < 0)
            return fail(errc::bad_hex, "character " + std::to_string(i + 1) + " is not a hexadecimal digit");
        if (high < 0) {
            high = digit;
            continue;
        }
        out.push_back(static_cast<std::byte>(high << 4 | digit));
        high = -1;
    }
    if (high >= 0)
        return fail(errc::bad_hex, "odd number of digits");
    return out;
}

ByteView as_bytes(std::string_view text)
{
    return std::as_bytes(std::span{text.data(), text.size()});
}

std::string_view as_text(ByteView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_utf8(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0, length = 1; i < text.size(); i += length) {
        const unsigned first = byte(i);
        length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : 4;
        if (i + length > text.size() || (length == 4 && (first < 0xf0 || first > 0xf4)))
            return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((byte(i + k) & 0xc0) != 0x80)
                return false;
        const unsigned second = length > 2 ? byte(i + 1) : 0;
        // Longer than needed, half of a pair, or beyond the last code point.
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
            (first == 0xf4 && second > 0x8f))
            return false;
    }
    return true;
}

void Reader::set_error(errc code, std::string detail)
{
    if (!error_)
        error_ = Error{code, std::move(detail), static_cast<std::ptrdiff_t>(offset_)};
}

ByteView Reader::take(std::size_t count)
{
    if (failed())
        return {};
    if (count > bytes_.size() - offset_) {
        set_error(errc::truncated);
        return {};
    }
    const ByteView view = bytes_.subspan(offset_, count);
    offset_ += count;
    return view;
}

namespace {
template <class T>
T big_endian(ByteView bytes)
{
    T value = 0;
    for (std::byte b : bytes)
        value = static_cast<T>(value << 8 | std::to_integer<T>(b));
    return value;
}
} // namespace

std::uint16_t Reader::u16_be()
{
    return big_endian<std::uint16_t>(take(2));
}

std::uint32_t Reader::u32_be()
{
    return big_endian<std::uint32_t>(take(4));
}

std::uint64_t Reader::u64_be()
{
    return big_endian<std::uint64_t>(take(8));
}

std::uint64_t Reader::varint()
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const std::uint8_t byte = u8();
        if (failed())
            return 0;
        if (shift == 63 && byte > 1)
            break;
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    set_error(errc::bad_length, "varint longer than 64 bits");
    return 0;
}

std::int64_t Reader::zigzag()
{
    const std::uint64_t v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

namespace {
/// One insertion, not one a byte: arrays for the database are written four bytes at a time.
template <class T>
void append_big_endian(Bytes& bytes, T value)
{
    std::array<std::byte, sizeof(T)> octets;
    for (std::size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8))
        octets[i] = static_cast<std::byte>(value);
    bytes.insert(bytes.end(), octets.begin(), octets.end());
}
} // namespace

Writer& Writer::u16_be(std::uint16_t value)
{
    append_big_endian(bytes_, value);
    return *this;
}

Writer& Writer::u32_be(std::uint32_t value)
{
    append_big_endian(bytes_, value);
    return *this;
}

Writer& Writer::u64_be(std::uint64_t value)
{
    append_big_endian(bytes_, value);
    return *this;
}

Writer& Writer::varint(std::uint64_t value)
{
    while (value >= 0x80) {
        u8(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    return u8(static_cast<std::uint8_t>(value));
}

Writer& Writer::zigzag(std::int64_t value)
{
    return varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

Writer& Writer::bytes(ByteView value)
{
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
}

} // namespace releve
