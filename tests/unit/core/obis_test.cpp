#include <releve/core/obis.hpp>

#include <gtest/gtest.h>

namespace releve {
namespace {

TEST(Obis, is_written_and_read_as_six_numbers)
{
    const Obis total{{1, 1, 1, 8, 0, 255}};
    EXPECT_EQ(to_string(total), "1.1.1.8.0.255");
    EXPECT_EQ(parse_obis("1.1.1.8.0.255").value(), total);
    EXPECT_EQ(parse_obis("0.0.0.0.0.0").value(), Obis{});
}

TEST(Obis, of_another_form_is_refused)
{
    for (const char* text : {"", "1", "1.1.1.8.0", "1.1.1.8.0.255.1", "1.1.1.8.0.256", "1.1.1.8.0.-1",
                             "1.1.1.8.0.", ".1.1.8.0.255", "1-1:1.8.0*255", "1.1.1.8.0.255 ",
                             " 1.1.1.8.0.255", "1.1.1.8..255", "1.1.1.8.a.255"})
        EXPECT_EQ(parse_obis(text).error().code, errc::bad_value) << text;
}

TEST(Obis, is_six_bytes)
{
    const Obis obis{{0, 0, 1, 0, 0, 255}};
    EXPECT_EQ(to_hex(to_bytes(obis)), "0000010000ff");
    EXPECT_EQ(obis_from_bytes(to_bytes(obis)).value(), obis);
    EXPECT_EQ(obis_from_bytes(from_hex("0000010000").value()).error().code, errc::bad_length);
    EXPECT_EQ(obis_from_bytes(from_hex("0000010000ff00").value()).error().code, errc::bad_length);
}

TEST(Obis, has_an_order)
{
    EXPECT_LT(parse_obis("1.1.1.8.0.255").value(), parse_obis("1.1.2.8.0.255").value());
}

} // namespace
} // namespace releve
