#include <releve/codec/dlms/date_time.hpp>

#include <gtest/gtest.h>

using namespace releve;
using namespace releve::dlms;

namespace {

result<DateTime> decode(std::string_view hex)
{
    return decode_date_time(from_hex(hex).value());
}

DateTime decoded(std::string_view hex)
{
    return decode(hex).value();
}

std::string instant(std::string_view hex, bool undefined_is_local = true)
{
    const auto at = to_instant(decoded(hex), {&paris(), undefined_is_local});
    return at ? to_iso8601(*at) : std::string{error_name(at.error().code)};
}

TEST(DateTime, IsWrittenAsIso8601)
{
    EXPECT_EQ(to_iso8601(decoded("07e40101ff00030000ff8800")), "2020-01-01T00:03:00+02:00");
    EXPECT_EQ(to_iso8601(decoded("07e40106ff00030000ffc400")), "2020-01-06T00:03:00+01:00");
    EXPECT_EQ(to_iso8601(decoded("07e40106ff00030000012c00")), "2020-01-06T00:03:00-05:00");
    EXPECT_EQ(to_iso8601(decoded("07e40106ff00030000800000")), "2020-01-06T00:03:00");
    EXPECT_EQ(to_iso8601(decoded("ffffffffffffffffff8000ff")), "----------T--:--:--");
}

TEST(DateTime, RoundTripsEveryField)
{
    for (const char* hex : {"07e40101ff00030000ff8800", "ffffffffffffffffff8000ff",
                            "07e8fdfe07173b3b630348ff", "07e8fefd01000000fffd3083"})
        EXPECT_EQ(to_hex(encode_date_time(decoded(hex))), hex);
}

TEST(DateTime, RefusesAFieldOutOfItsRange)
{
    const std::pair<const char*, const char*> cases[] = {
        {"27100101ff00030000ff8800", "year"},
        {"07e40001ff00030000ff8800", "month"},
        {"07e40d01ff00030000ff8800", "month"},
        {"07e4fc01ff00030000ff8800", "month"},
        {"07e40100ff00030000ff8800", "day"},
        {"07e40120ff00030000ff8800", "day"},
        {"07e401fcff00030000ff8800", "day"},
        {"07e401010000030000ff8800", "day of the week"},
        {"07e401010800030000ff8800", "day of the week"},
        {"07e40101ff18030000ff8800", "hour"},
        {"07e40101ff003c0000ff8800", "minute"},
        {"07e40101ff00033c00ff8800", "second"},
        {"07e40101ff00030064ff8800", "hundredths"},
        {"07e40101ff00030000fd2f00", "deviation"},
        {"07e40101ff00030000034900", "deviation"},
        {"07e4041fff00030000ff8800", "day (no such day in that month)"},
        {"07e5021dff00030000ff8800", "day (no such day in that month)"},
        {"ffff021eff00030000ff8800", "day (no such day in that month)"},
    };
    for (const auto& [hex, field] : cases) {
        const auto refused = decode(hex);
        ASSERT_FALSE(refused) << hex;
        EXPECT_EQ(refused.error().code, errc::bad_value) << hex;
        EXPECT_EQ(refused.error().detail, std::string{"date-time: "} + field) << hex;
    }
    EXPECT_TRUE(decode("07e4021dff00030000ff8800")) << "29 February of a leap year";
    EXPECT_TRUE(decode("ffff021dff00030000ff8800")) << "29 February of an open year";
    EXPECT_TRUE(decode("07e40101ff00030000fd3000")) << "deviation -720";
    EXPECT_TRUE(decode("07e40101ff00030000034800")) << "deviation 840";
}

TEST(DateTime, RefusesAnyOtherLength)
{
    const Bytes whole = from_hex("07e40101ff00030000ff880000").value();
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const auto read = decode_date_time(ByteView{whole}.first(length));
        EXPECT_EQ(read.has_value(), length == 12) << length;
        if (!read) {
            EXPECT_EQ(read.error().code, errc::bad_length);
        }
    }
}

TEST(DateTime, DeviationTellsTheInstant)
{
    EXPECT_EQ(instant("07e80701ff00000000ff8880"), "2024-06-30T22:00:00Z");
    EXPECT_EQ(instant("07e80101ff00000000ffc400"), "2023-12-31T23:00:00Z") << "year's end";
    EXPECT_EQ(instant("07ea010fff0a1e0000000000"), "2026-01-15T10:30:00Z") << "a deviation of 0 is UTC";
    // The doubled hour of 27 October 2024, by deviation, whatever the status says.
    EXPECT_EQ(instant("07e80a1bff021e0000ff8800"), "2024-10-27T00:30:00Z");
    EXPECT_EQ(instant("07e80a1bff021e0000ffc480"), "2024-10-27T01:30:00Z");
}

TEST(DateTime, WithoutDeviationTheZoneTells)
{
    EXPECT_EQ(instant("07e80701ff00000000800080"), "2024-06-30T22:00:00Z");
    EXPECT_EQ(instant("07e80701ff00000000800080", false), "2024-07-01T00:00:00Z")
        << "a model whose open clock is UTC";
    // The doubled hour, by the daylight-saving bit; without a status the first one is meant.
    EXPECT_EQ(instant("07e80a1bff021e0000800080"), "2024-10-27T00:30:00Z");
    EXPECT_EQ(instant("07e80a1bff021e0000800000"), "2024-10-27T01:30:00Z");
    EXPECT_EQ(instant("07e80a1bff021e00008000ff"), "2024-10-27T00:30:00Z");
}

TEST(DateTime, TheSkippedHourIsRefusedButForItsFirstSecond)
{
    EXPECT_EQ(instant("07e8031fff02000000800000"), "2024-03-31T01:00:00Z") << "the end of 01:30-02:00";
    EXPECT_EQ(instant("07e8031fff021e0000800000"), "time_undefined");
    EXPECT_EQ(instant("07e8031fff02000100800000"), "time_undefined");
    EXPECT_EQ(instant("07e8031fff03000000800080"), "2024-03-31T01:00:00Z");
}

TEST(DateTime, OpenFields)
{
    EXPECT_EQ(instant("07e80701ff0000ffffff8880"), "2024-06-30T22:00:00Z") << "seconds count as 0";
    for (const char* hex :
         {"ffff0701ff00000000ff8880", "07e8ff01ff00000000ff8880", "07e8fd01ff00000000ff8880",
          "07e807feff00000000ff8880", "07e80701ffff000000ff8880", "07e80701ff00ff0000ff8880"})
        EXPECT_EQ(instant(hex), "time_undefined") << hex;
}

TEST(DateTime, OfAnInstantIsWhatAMeterWouldSend)
{
    const auto sent = [](const char* at) {
        return to_hex(encode_date_time(date_time_at(parse_instant(at).value(), paris())));
    };
    EXPECT_EQ(sent("2024-06-30T22:00:00Z"), "07e8070101000000"
                                            "00ff8880");
    EXPECT_EQ(sent("2023-12-31T23:00:00Z"), "07e8010101000000"
                                            "00ffc400");
    for (const char* at : {"2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z", "2024-10-27T00:30:00Z",
                           "2024-10-27T01:30:00Z", "2000-02-29T12:34:56Z"})
        EXPECT_EQ(
            to_iso8601(to_instant(date_time_at(parse_instant(at).value(), paris()), {&paris()}).value()), at);
}

TEST(DateTime, StatusBits)
{
    EXPECT_TRUE(decoded("07e40101ff00030000ff8802").has_status(0x03));
    EXPECT_FALSE(decoded("07e40101ff00030000ff8880").has_status(0x03));
    EXPECT_FALSE(decoded("07e40101ff00030000ff88ff").has_status(0x03)) << "not specified is not doubtful";
}

} // namespace
