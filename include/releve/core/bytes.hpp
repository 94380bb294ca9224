#pragma once
// Reading and writing bytes. The reader is sticky: after the first error every read gives zeros and `finish` gives
// that error with its offset. Integers are big-endian unless the name says otherwise. No I/O.

#include <releve/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// Lower-case hexadecimal, no prefix, no spaces.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Accepts either case and ignores white space. errc::bad_hex otherwise.
[[nodiscard]] result<Bytes> from_hex(std::string_view text);

[[nodiscard]] ByteView as_bytes(std::string_view text);
[[nodiscard]] std::string_view as_text(ByteView bytes);
/// RFC 3629: all that may be stored as text, or compared with it.
[[nodiscard]] bool is_utf8(std::string_view text);

class Reader {
public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    std::uint8_t u8()
    {
        if (error_ || offset_ == bytes_.size()) [[unlikely]]
            return take(1), std::uint8_t{0};
        return std::to_integer<std::uint8_t>(bytes_[offset_++]);
    }
    std::uint16_t u16_be();
    std::uint32_t u32_be();
    std::uint64_t u64_be();
    std::int8_t i8() { return static_cast<std::int8_t>(u8()); }
    std::int16_t i16_be() { return static_cast<std::int16_t>(u16_be()); }
    std::int32_t i32_be() { return static_cast<std::int32_t>(u32_be()); }
    std::int64_t i64_be() { return static_cast<std::int64_t>(u64_be()); }
    /// LEB128, at most 10 bytes; the shortest form is not enforced.
    std::uint64_t varint();
    std::int64_t zigzag();
    /// A view into the input; empty after an error.
    ByteView take(std::size_t count);

    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] std::size_t remaining() const { return failed() ? 0 : bytes_.size() - offset_; }
    [[nodiscard]] ByteView rest() const { return failed() ? ByteView{} : bytes_.subspan(offset_); }
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] const Error& error() const { return *error_; }
    /// The first call wins; the offset is where reading stands now.
    void set_error(errc code, std::string detail = {});

    /// The value if all was read without error and nothing is left over (errc::trailing_bytes).
    template <class T>
    [[nodiscard]] result<T> finish(T value)
    {
        if (!failed() && offset_ != bytes_.size())
            set_error(errc::trailing_bytes);
        if (failed())
            return *error_;
        return value;
    }

private:
    ByteView bytes_;
    std::size_t offset_ = 0;
    std::optional<Error> error_;
};

class Writer {
public:
    Writer() = default;
    explicit Writer(Bytes reuse) : bytes_(std::move(reuse)) { bytes_.clear(); }

    Writer& u8(std::uint8_t value)
    {
        bytes_.push_back(static_cast<std::byte>(value));
        return *this;
    }
    Writer& u16_be(std::uint16_t value);
    Writer& u32_be(std::uint32_t value);
    Writer& u64_be(std::uint64_t value);
    Writer& varint(std::uint64_t value);
    Writer& zigzag(std::int64_t value);
    Writer& bytes(ByteView value);
    Writer& text(std::string_view value) { return bytes(as_bytes(value)); }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] ByteView view() const { return bytes_; }
    [[nodiscard]] Bytes take() && { return std::move(bytes_); }

private:
    Bytes bytes_;
};

} // namespace releve
