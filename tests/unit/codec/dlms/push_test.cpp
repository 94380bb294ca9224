#include "push_fixture.hpp"

using namespace releve;
using namespace releve::dlms;
using namespace releve::dlms::fixture;
using namespace std::chrono_literals;

namespace {

MeterModel register_model()
{
    return model_with({{"one",
                        false,
                        {element(Role::logical_device_name), element(Role::push_setup, setup_obis),
                         element(Role::clock), element(Role::reading, total_obis)}},
                       {"two",
                        false,
                        {element(Role::logical_device_name), element(Role::push_setup, curve_obis),
                         element(Role::clock), element(Role::reading, peak_obis)}},
                       {"slot",
                        false,
                        {element(Role::clock), element(Role::reading, curve_obis), element(Role::ignored)}}});
}

TEST(Registers, ThePushSetupTellsLayoutsOfOneShapeApart)
{
    const auto name = octets(as_bytes("LKY0212345678901"));
    const auto one =
        decode(register_model(), {name, code(setup_obis), clock("2024-01-10T23:00:00Z"), number(1234)});
    ASSERT_TRUE(one) << to_string(one.error());
    EXPECT_EQ(one->layout, "one");
    EXPECT_EQ(one->logical_device_name, "LKY0212345678901");
    EXPECT_EQ(one->registers,
              (std::vector{RegisterReading{total, at("2024-01-10T23:00:00Z"), 1234, Quality::raw}}));
    const auto two =
        decode(register_model(), {name, code(curve_obis), clock("2024-01-10T23:00:00Z"), number(1234)});
    ASSERT_TRUE(two);
    EXPECT_EQ(two->layout, "two");
    EXPECT_EQ(two->registers[0].channel, peak);
    expect_refused(
        decode(register_model(), {name, code(total_obis), clock("2024-01-10T23:00:00Z"), number(1)}),
        errc::undecoded, "layout one: element 2: another push setup");
    const auto unprintable =
        decode(register_model(), {octets(from_hex("4c4b5900ff").value()), code(setup_obis),
                                  clock("2024-01-10T23:00:00Z"), number(1)});
    ASSERT_TRUE(unprintable);
    EXPECT_EQ(unprintable->logical_device_name, "");
}

TEST(Registers, TheBodysClockThenTheNotificationsThenNone)
{
    const MeterModel model = register_model();
    const auto name = octets(as_bytes("A"));
    const DateTime sent_at = date_time_at(at("2024-01-11T05:00:00Z"), paris());
    const auto with = [&](const Data& body_clock, std::optional<DateTime> sent) {
        return decode(model, {name, code(setup_obis), body_clock, number(1)}, sent);
    };
    EXPECT_EQ(with(clock("2024-01-10T23:00:00Z"), sent_at)->registers[0].at, at("2024-01-10T23:00:00Z"));
    EXPECT_EQ(with(Data{}, sent_at)->registers[0].at, at("2024-01-11T05:00:00Z"));
    expect_refused(with(Data{}, std::nullopt), errc::time_undefined, "neither the body nor the notification");
    expect_refused(with(octets(encode_date_time(DateTime{})), sent_at), errc::time_undefined,
                   "leaves a field open");

    DateTime doubtful = sent_at;
    doubtful.status = 0x01;
    EXPECT_EQ(with(Data{}, doubtful)->registers[0].quality, Quality::questionable);
    EXPECT_EQ(with(octets(encode_date_time(doubtful)), {})->registers[0].quality, Quality::questionable);
}

TEST(Registers, TheClockMayBeOfTheDateTimeType)
{
    Data typed = clock("2024-01-10T23:00:00Z");
    typed.type = DataType::date_time;
    const auto decoded =
        decode(register_model(), {octets(as_bytes("A")), code(setup_obis), typed, number(1)});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->registers[0].at, at("2024-01-10T23:00:00Z"));
}

TEST(Registers, AnIntervalChannelIsTheSlotThatEndsAtTheClock)
{
    const auto decoded = decode(register_model(), {clock("2024-01-10T12:30:00Z"), number(640), number(99)});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->intervals,
              (std::vector{IntervalReading{curve, at("2024-01-10T12:00:00Z"), 640, Quality::raw}}));
    expect_refused(decode(register_model(), {clock("2024-01-10T12:31:00Z"), number(640), number(99)}),
                   errc::undecoded, "grid");
}

TEST(Registers, NullDataIsAbsentAndOverlongIsRefused)
{
    const auto with = [](Data value) {
        return decode(register_model(),
                      {octets(as_bytes("A")), code(setup_obis), clock("2024-01-10T23:00:00Z"), value});
    };
    const auto absent = with(Data{});
    ASSERT_TRUE(absent);
    EXPECT_TRUE(absent->registers.empty());
    Data wide = of(DataType::long64_unsigned, 0);
    wide.unsigned_number = 0x7fff'ffff'ffff'ffff;
    ASSERT_TRUE(with(wide));
    EXPECT_EQ(with(wide)->registers[0].value, 0x7fff'ffff'ffff'ffff);
    wide.unsigned_number += 1;
    expect_refused(with(wide), errc::undecoded, "beyond 63 bits");
    expect_refused(with(of(DataType::boolean, 1)), errc::undecoded, "a whole number is expected");
    expect_refused(with(octets(as_bytes("1"))), errc::undecoded, "a number is expected");
}

TEST(Registers, TheClosestLayoutSaysWhyItDoesNotFit)
{
    const auto name = octets(as_bytes("A"));
    expect_refused(decode(register_model(), {name, code(setup_obis), clock("2024-01-10T23:00:00Z")}),
                   errc::undecoded, "layout one: 4 elements are expected, not 3");
    expect_refused(decode(register_model(), {}), errc::undecoded, "elements are expected, not 0");
    expect_refused(decode_push(register_model(), {std::nullopt, octets(as_bytes("opaque"))}, paris()),
                   errc::undecoded, "a structure is expected, not octet-string");
}

TEST(Push, EveryShortenedBodyIsRefused)
{
    const MeterModel model =
        model_with({{"day",
                     false,
                     {element(Role::logical_device_name), element(Role::clock),
                      profile({clock_column, curve_column}), element(Role::reading, total_obis)}},
                    {"described", true, {}}});
    const Data body =
        structure({octets(as_bytes("LKY0212345678901")), clock("2024-03-31T22:00:00Z"),
                   list(DataType::array, day_rows("2024-03-31", [](Instant end) { return clock(end); })),
                   number(21000000)});
    ASSERT_TRUE(decode_push(model, {std::nullopt, body}, paris()));
    for (std::size_t kept = 0; kept < body.children.size(); ++kept) {
        Data shortened = body;
        shortened.children.resize(kept);
        EXPECT_FALSE(decode_push(model, {std::nullopt, shortened}, paris())) << kept;
    }
    Writer writer;
    write_data(writer, body);
    for (std::size_t length = 0; length < writer.size(); ++length)
        EXPECT_FALSE(decode_data(writer.view().first(length))) << length;
}

} // namespace
