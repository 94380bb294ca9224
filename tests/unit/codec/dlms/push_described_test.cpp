#include "push_fixture.hpp"

using namespace releve;
using namespace releve::dlms;
using namespace releve::dlms::fixture;
using namespace std::chrono_literals;

namespace {

TEST(Described, FindsCodesAtAnyDepthWithScalerAndUnit)
{
    const auto decoded = decode(
        describing_model(),
        {structure({code({{0, 0, 42, 0, 0, 255}}), octets(as_bytes("AIDON1"))}),
         list(DataType::array, {structure({code(total_obis), number(12), scaler_unit(3, Unit::watt_hour)}),
                                structure({code(peak_obis), number(5), scaler_unit(0, Unit::volt_ampere)})}),
         code({{1, 0, 32, 7, 0, 255}}), number(231), scaler_unit(0, Unit::volt), code({{0, 0, 1, 0, 0, 255}}),
         clock("2024-01-10T12:00:00Z")});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->logical_device_name, "AIDON1");
    EXPECT_EQ(decoded->ignored, 1U);
    EXPECT_EQ(decoded->registers,
              (std::vector{RegisterReading{total, at("2024-01-10T12:00:00Z"), 12000, Quality::raw},
                           RegisterReading{peak, at("2024-01-10T12:00:00Z"), 50, Quality::raw}}));
}

TEST(Described, ConvertsTheScalerExactlyOrNotAtAll)
{
    const auto with = [](std::int64_t value, int scaler, Unit unit) {
        return decode(describing_model(), {clock("2024-01-10T12:00:00Z"), code(total_obis),
                                           of(DataType::long64, value), scaler_unit(scaler, unit)});
    };
    EXPECT_EQ(with(1200, -2, Unit::watt_hour)->registers[0].value, 12);
    EXPECT_EQ(with(0, -100, Unit::watt_hour)->registers[0].value, 0);
    EXPECT_EQ(with(-7, 2, Unit::watt_hour)->registers[0].value, -700);
    expect_refused(with(1205, -2, Unit::watt_hour), errc::undecoded, "does not convert exactly");
    expect_refused(with(1, 19, Unit::watt_hour), errc::undecoded, "does not convert exactly");
    expect_refused(with(1, 0, Unit::var_hour), errc::undecoded, "unit");
}

TEST(Described, RefusesWhatItCannotTell)
{
    const auto noon = clock("2024-01-10T12:00:00Z");
    expect_refused(decode(describing_model(), {code(total_obis), number(1)}), errc::time_undefined, "total");
    expect_refused(
        decode(describing_model(), {noon, clock("2024-01-10T13:00:00Z"), code(total_obis), number(1)}),
        errc::undecoded, "two clocks");
    expect_refused(decode(describing_model(), {noon, code(total_obis), list(DataType::array, {number(1)})}),
                   errc::undecoded, "a list where one value");
    expect_refused(
        decode(describing_model(), {noon, code(total_obis), number(1), code(total_obis), number(2)}),
        errc::undecoded, "two different values");
    expect_refused(decode(describing_model(), {noon, number(1), code({{1, 0, 32, 7, 0, 255}}), number(1)}),
                   errc::undecoded, "names no value of this model");
    expect_refused(decode(describing_model(), {noon, code(total_obis)}), errc::undecoded, "names no value");
}

TEST(Described, ACodeBeforeACodeStandsAlone)
{
    const auto decoded = decode(
        describing_model(), {code(setup_obis), code(total_obis), number(8), clock("2024-01-10T12:00:00Z")});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->registers,
              (std::vector{RegisterReading{total, at("2024-01-10T12:00:00Z"), 8, Quality::raw}}));
    const auto clocked =
        decode(describing_model(), {code(setup_obis), code({{0, 0, 1, 0, 0, 255}}),
                                    clock("2024-01-10T12:00:00Z"), code(total_obis), number(8)});
    ASSERT_TRUE(clocked) << to_string(clocked.error());
    EXPECT_EQ(clocked->ignored, 0U);
}

TEST(Described, ATextOfTwelveLettersIsNoClock)
{
    const auto decoded = decode(describing_model(), {clock("2024-01-10T12:00:00Z"), code(total_obis),
                                                     number(8), octets(as_bytes("181220000009"))});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
}

} // namespace
