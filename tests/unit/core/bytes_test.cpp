#include <releve/core/bytes.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace releve {
namespace {

Bytes hex(std::string_view text)
{
    return from_hex(text).value();
}

TEST(Hex, is_written_in_lower_case_and_read_in_either)
{
    EXPECT_EQ(to_hex(hex("00 0fA5\n\tfF")), "000fa5ff");
    EXPECT_TRUE(hex("").empty());
    EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, that_is_odd_or_no_hex_is_refused)
{
    for (const char* text : {"0", "001", "0g", "0x00", "-1", "0,0"})
        EXPECT_EQ(from_hex(text).error().code, errc::bad_hex) << text;
}

TEST(Text, and_bytes_are_views_of_each_other)
{
    EXPECT_EQ(to_hex(as_bytes("LK1")), "4c4b31");
    EXPECT_EQ(as_text(as_bytes("LK1")), "LK1");
}

TEST(Reader, reads_big_endian_numbers)
{
    const Bytes bytes = hex("01 0203 04050607 08090a0b0c0d0e0f ff fffe fffffffd fffffffffffffffc aabb");
    Reader r{bytes};
    EXPECT_EQ(r.u8(), 0x01);
    EXPECT_EQ(r.u16_be(), 0x0203);
    EXPECT_EQ(r.u32_be(), 0x04050607u);
    EXPECT_EQ(r.u64_be(), 0x08090a0b0c0d0e0fu);
    EXPECT_EQ(r.i8(), -1);
    EXPECT_EQ(r.i16_be(), -2);
    EXPECT_EQ(r.i32_be(), -3);
    EXPECT_EQ(r.i64_be(), -4);
    EXPECT_EQ(r.offset(), 30u);
    EXPECT_EQ(r.remaining(), 2u);
    EXPECT_EQ(to_hex(r.rest()), "aabb");
    EXPECT_EQ(to_hex(r.take(2)), "aabb");
    EXPECT_EQ(r.finish(7).value(), 7);
}

TEST(Reader, keeps_its_first_error_and_gives_zeros_after_it)
{
    const Bytes bytes = hex("0102030405");
    Reader r{bytes};
    EXPECT_EQ(r.u16_be(), 0x0102);
    EXPECT_EQ(r.u32_be(), 0u);
    ASSERT_TRUE(r.failed());
    EXPECT_EQ(r.error(), fail(errc::truncated, "", 2));
    EXPECT_EQ(r.u8(), 0);
    EXPECT_EQ(r.u64_be(), 0u);
    EXPECT_EQ(r.varint(), 0u);
    EXPECT_EQ(r.zigzag(), 0);
    EXPECT_TRUE(r.take(1).empty());
    EXPECT_TRUE(r.rest().empty());
    EXPECT_EQ(r.remaining(), 0u);
    r.set_error(errc::bad_value, "later");
    EXPECT_EQ(r.finish(0).error(), fail(errc::truncated, "", 2));
}

TEST(Reader, refuses_what_is_left_over)
{
    const Bytes bytes = hex("0102");
    Reader r{bytes};
    r.u8();
    EXPECT_EQ(r.finish(0).error(), fail(errc::trailing_bytes, "", 1));
}

TEST(Reader, takes_nothing_beyond_the_end)
{
    const Bytes bytes = hex("010203");
    for (const std::size_t count : {std::size_t{4}, std::numeric_limits<std::size_t>::max()}) {
        Reader r{bytes};
        r.u8();
        EXPECT_TRUE(r.take(count).empty());
        EXPECT_EQ(r.error().code, errc::truncated);
    }
    Reader empty{ByteView{}};
    EXPECT_TRUE(empty.take(0).empty());
    EXPECT_TRUE(empty.finish(0));
}

TEST(Varint, comes_back_at_every_width)
{
    std::vector<std::uint64_t> numbers = {0, 1, std::numeric_limits<std::uint64_t>::max()};
    for (unsigned bits = 1; bits < 64; ++bits)
        for (const std::int64_t around : {-1, 0, 1})
            numbers.push_back((std::uint64_t{1} << bits) + static_cast<std::uint64_t>(around));
    for (const std::uint64_t number : numbers) {
        Writer w;
        w.varint(number)
            .zigzag(static_cast<std::int64_t>(number))
            .zigzag(-static_cast<std::int64_t>(number / 2));
        Reader r{w.view()};
        EXPECT_EQ(r.varint(), number);
        EXPECT_EQ(r.zigzag(), static_cast<std::int64_t>(number));
        EXPECT_EQ(r.zigzag(), -static_cast<std::int64_t>(number / 2));
        EXPECT_TRUE(r.finish(0)) << number;
    }
}

TEST(Varint, has_the_known_bytes)
{
    const auto bytes = [](auto write) {
        Writer w;
        write(w);
        return to_hex(w.view());
    };
    EXPECT_EQ(bytes([](Writer& w) { w.varint(127).varint(128).varint(300); }), "7f8001ac02");
    EXPECT_EQ(bytes([](Writer& w) { w.zigzag(0).zigzag(-1).zigzag(1).zigzag(-64).zigzag(64); }),
              "0001027f8001");
    EXPECT_EQ(bytes([](Writer& w) { w.varint(std::numeric_limits<std::uint64_t>::max()); }),
              "ffffffffffffffffff01");
    EXPECT_EQ(bytes([](Writer& w) { w.zigzag(std::numeric_limits<std::int64_t>::min()); }),
              "ffffffffffffffffff01");
}

TEST(Varint, past_64_bits_or_cut_off_is_refused)
{
    const auto error_of = [](std::string_view text) {
        const Bytes bytes = hex(text);
        Reader r{bytes};
        EXPECT_EQ(r.varint(), 0u);
        return r.finish(0).error().code;
    };
    EXPECT_EQ(error_of("ffffffffffffffffff02"), errc::bad_length);
    EXPECT_EQ(error_of("ffffffffffffffffffff01"), errc::bad_length);
    EXPECT_EQ(error_of("80808080808080808080808000"), errc::bad_length);
    EXPECT_EQ(error_of("80"), errc::truncated);
    EXPECT_EQ(error_of("ffffffffffffffffff"), errc::truncated);
    EXPECT_EQ(error_of(""), errc::truncated);
}

TEST(Writer, writes_what_the_reader_reads)
{
    Writer w;
    w.u8(1).u16_be(0x0203).u32_be(0x04050607).u64_be(0x08090a0b0c0d0e0f).text("AB").bytes(hex("ff00"));
    EXPECT_EQ(w.size(), 19u);
    EXPECT_EQ(to_hex(w.view()), "0102030405060708090a0b0c0d0e0f4142ff00");
    Bytes bytes = std::move(w).take();
    Writer again{std::move(bytes)};
    EXPECT_EQ(again.size(), 0u);
    EXPECT_EQ(to_hex(again.u8(9).view()), "09");
}

TEST(Utf8, is_what_rfc_3629_says)
{
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("a \u00e9 \u20ac \U0001f4a1 \u07ff \ud7ff \ue000 \U0010ffff"));
    for (const char* bytes : {"ff", "c3", "c328", "c080", "e08080", "eda080", "f0808080", "f4908080", "f5808080", "6180"})
        EXPECT_FALSE(is_utf8(as_text(hex(bytes)))) << bytes;
}

} // namespace
} // namespace releve
