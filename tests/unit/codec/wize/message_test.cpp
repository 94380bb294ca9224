// Layouts made here; those that ship bring their own cases, which model_files_test runs.

#include "wize_frames.hpp"

#include <releve/codec/wize/message.hpp>

#include <gtest/gtest.h>

namespace releve::wize {
namespace {

using Role = WizeField::Role;

constexpr Obis index_obis{{7, 0, 3, 0, 0, 255}}, volume_obis{{7, 0, 99, 1, 0, 255}};
const OwnWords words{"A", "B", "C", "D"};

WizeField field(Role role, std::size_t bytes, Obis obis = {})
{
    WizeField out;
    out.role = role;
    out.bytes = bytes;
    out.obis = obis;
    return out;
}

/// 01 | clock 4 | index 4 | alarms 1 | ignored 1 | deltas of 2
MeterModel gas_model()
{
    MeterModel model;
    model.name = "test";
    model.protocol = "wize";
    model.words = words;
    ChannelModel index;
    index.channel = ChannelId{1};
    index.name = "index";
    index.obis = index_obis;
    index.kind = ChannelKind::reading;
    index.quantity = Quantity::cumulative;
    index.unit = Unit::cubic_metre;
    index.digits = 9;
    index.words = words;
    ChannelModel volume = index;
    volume.channel = ChannelId{2};
    volume.name = "volume";
    volume.obis = volume_obis;
    volume.kind = ChannelKind::interval;
    volume.quantity = Quantity::volume;
    volume.step = Seconds{3600};
    volume.digits = 0;
    model.channels = {index, volume};

    WizeField constant = field(Role::constant, 1), reading = field(Role::reading, 4, index_obis),
              deltas = field(Role::deltas, 2, volume_obis), alarms = field(Role::alarms, 1);
    constant.equals = 1;
    reading.missing = 0xffff'ffff;
    deltas.missing = 0xffff;
    alarms.alarms = {{0, "tamper", words}, {7, "battery", words}};
    model.wize_layouts = {
        {"day",
         0x20,
         std::nullopt,
         false,
         {constant, field(Role::clock, 4), reading, alarms, field(Role::ignored, 1), deltas}},
        {"sealed", 0x21, 3, true, {}}};
    return model;
}

const MeterModel model = gas_model();
const Instant at = wize_epoch + Seconds{3600 * 0x1000};

PushContent two_hours()
{
    PushContent content;
    content.layout = "day";
    content.registers = {{ChannelId{1}, at, 1234}};
    content.intervals = {{ChannelId{2}, at - Seconds{7200}, 7}, {ChannelId{2}, at - Seconds{3600}, 0xfffe}};
    content.alarms = {{"battery", at}};
    return content;
}

std::string refusal(std::uint8_t app, ByteView l7)
{
    const auto content = decode_message(model, app, l7);
    if (content)
        return "decoded";
    EXPECT_EQ(content.error().code, errc::undecoded);
    return content.error().detail;
}

TEST(WizeMessage, TheModelOfTheTestHasNoFault)
{
    EXPECT_EQ(find_fault(model), std::nullopt);
}

TEST(WizeMessage, DecodesOctetByOctet)
{
    const Bytes l7 = hex("01"
                         "00e10000"
                         "000004d2"
                         "80"
                         "00"
                         "0007"
                         "fffe");
    const auto content = decode_message(model, 0x20, l7);
    ASSERT_TRUE(content) << to_string(content.error());
    EXPECT_EQ(*content, two_hours());
    EXPECT_EQ(*encode_message({model, *content, at, 2}), l7);
}

TEST(WizeMessage, WhatIsMissingIsNoReading)
{
    const auto content = decode_message(model, 0x20,
                                        hex("01"
                                            "00e10000"
                                            "ffffffff"
                                            "00"
                                            "00"
                                            "0007"
                                            "ffff"
                                            "0001"));
    ASSERT_TRUE(content);
    EXPECT_TRUE(content->registers.empty());
    EXPECT_EQ(content->intervals, (std::vector<IntervalReading>{{ChannelId{2}, at - Seconds{10'800}, 7},
                                                                {ChannelId{2}, at - Seconds{3600}, 1}}));
    EXPECT_EQ(encode_message({model, *content, at, 3}).value(), hex("01"
                                                                    "00e10000"
                                                                    "ffffffff"
                                                                    "00"
                                                                    "00"
                                                                    "0007"
                                                                    "ffff"
                                                                    "0001"));
}

TEST(WizeMessage, BitsWithoutANameAreCounted)
{
    const auto content = decode_message(model, 0x20,
                                        hex("01"
                                            "00e10000"
                                            "000004d2"
                                            "ff"
                                            "00"
                                            "0007"));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->ignored, 6U);
    EXPECT_EQ(content->alarms, (std::vector<AlarmReading>{{"battery", at}, {"tamper", at}})); // by name
}

TEST(WizeMessage, RefusalsNameLayoutAndReason)
{
    EXPECT_EQ(refusal(0x22, hex("01")), "no layout of application 34");
    EXPECT_EQ(refusal(0x20, hex("02"
                                "00e10000"
                                "000004d2"
                                "80"
                                "00"
                                "0007")),
              "layout day: another constant at octet 0");
    EXPECT_EQ(refusal(0x20, hex("01"
                                "00e10001"
                                "000004d2"
                                "80"
                                "00"
                                "0007")),
              "layout day: field 6: volume: a time that is not on the grid of 3600 s");
    EXPECT_EQ(refusal(0x20, hex("01"
                                "00e10000"
                                "3b9aca00"
                                "80"
                                "00"
                                "0007")),
              "layout day: field 3: index: a value of more than 9 digits");
    EXPECT_EQ(refusal(0x20, hex("01"
                                "00e10000"
                                "000004d2"
                                "80"
                                "00")),
              "layout day: 11 octets and values of 2 are expected, not 11");
    EXPECT_EQ(refusal(0x21, hex("01")), "layout sealed: 3 octets are expected, not 1");
}

TEST(WizeMessage, EveryPrefixIsRefusedOrHasFewerHours)
{
    const Bytes l7 = *encode_message({model, two_hours(), at, 24});
    for (std::size_t size = 0; size < l7.size(); ++size) {
        const auto content = decode_message(model, 0x20, ByteView{l7}.first(size));
        EXPECT_EQ(content.has_value(), size > 11 && size % 2 == 1) << size;
    }
}

TEST(WizeMessage, OpaqueIsKnownByItsLength)
{
    const auto content = decode_message(model, 0x21, hex("010203"));
    ASSERT_TRUE(content);
    EXPECT_TRUE(content->opaque);
    EXPECT_EQ(content->layout, "sealed");
    EXPECT_TRUE(content->registers.empty() && content->intervals.empty() && content->alarms.empty());
}

TEST(WizeMessage, NumbersOfEightOctetsStayWithin63Bits)
{
    MeterModel wide = model;
    wide.channels[0].digits = 0;
    WizeField reading = field(Role::reading, 8, index_obis);
    wide.wize_layouts = {{"wide", 1, std::nullopt, false, {field(Role::clock, 4), reading}}};
    ASSERT_EQ(find_fault(wide), std::nullopt);
    EXPECT_EQ(decode_message(wide, 1,
                             hex("00000000"
                                 "7fffffffffffffff"))
                  ->registers.at(0)
                  .value,
              0x7fff'ffff'ffff'ffff);
    EXPECT_EQ(decode_message(wide, 1,
                             hex("00000000"
                                 "8000000000000000"))
                  .error()
                  .detail,
              "layout wide: field 2: index: a value beyond 63 bits");
    wide.wize_layouts[0].fields = {field(Role::clock, 4), field(Role::deltas, 8, volume_obis)};
    EXPECT_EQ(decode_message(wide, 1,
                             hex("00000000"
                                 "8000000000000000"))
                  .error()
                  .detail,
              "layout wide: field 2: volume: a value beyond 63 bits");
}

TEST(WizeMessage, OneInstantOfARegisterHasOneValue)
{
    MeterModel twice = model;
    twice.wize_layouts = {{"twice",
                           1,
                           std::nullopt,
                           false,
                           {field(Role::clock, 4), field(Role::reading, 1, index_obis), field(Role::clock, 4),
                            field(Role::reading, 1, index_obis)}}};
    ASSERT_EQ(find_fault(twice), std::nullopt);
    const auto content = decode_message(twice, 1,
                                        hex("00000e10"
                                            "05"
                                            "00000000"
                                            "04"));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->registers,
              (std::vector<RegisterReading>{{ChannelId{1}, wize_epoch, 4},
                                            {ChannelId{1}, wize_epoch + Seconds{3600}, 5}}));
    EXPECT_EQ(decode_message(twice, 1,
                             hex("00000e10"
                                 "05"
                                 "00000e10"
                                 "04"))
                  .error()
                  .detail,
              "layout twice: index: one instant has two values");
}

TEST(WizeMessage, TheFirstLayoutThatFitsIsTheOne)
{
    MeterModel two = model;
    two.wize_layouts.push_back(two.wize_layouts[0]);
    two.wize_layouts[2].name = "second";
    two.wize_layouts[2].fields[0].equals = 2;
    ASSERT_EQ(find_fault(two), std::nullopt);
    EXPECT_EQ(decode_message(two, 0x20,
                             hex("02"
                                 "00e10000"
                                 "000004d2"
                                 "80"
                                 "00"
                                 "0007"))
                  ->layout,
              "second");
    EXPECT_EQ(decode_message(two, 0x20,
                             hex("01"
                                 "00e10000"
                                 "000004d2"
                                 "80"
                                 "00"
                                 "0007"))
                  ->layout,
              "day");
    EXPECT_EQ(decode_message(two, 0x20,
                             hex("03"
                                 "00e10000"
                                 "000004d2"
                                 "80"
                                 "00"
                                 "0007"))
                  .error()
                  .detail,
              "layout second: another constant at octet 0");
}

TEST(WizeMessage, WhatDoesNotFitIsNotEncoded)
{
    const auto refused = [](auto change, std::size_t deltas = 2) {
        PushContent content = two_hours();
        change(content);
        const auto l7 = encode_message({model, content, at, deltas});
        return l7 ? "encoded" : std::string{error_name(l7.error().code)} + ": " + l7.error().detail;
    };
    EXPECT_EQ(refused([](PushContent& c) { c.layout = "none"; }),
              "bad_value: no layout that is read has the name none");
    EXPECT_EQ(refused([](PushContent& c) { c.layout = "sealed"; }),
              "bad_value: no layout that is read has the name sealed");
    EXPECT_EQ(refused([](PushContent& c) { c.intervals[1].value = 0xffff; }),
              "bad_value: volume: the value does not fit 2 octets");
    EXPECT_EQ(refused([](PushContent& c) { c.intervals[1].value = 0x1'0000; }),
              "bad_value: volume: the value does not fit 2 octets");
    EXPECT_EQ(refused([](PushContent& c) { c.registers[0].value = -1; }),
              "bad_value: index: the value does not fit 4 octets");
    EXPECT_EQ(refused([](PushContent&) {}, 109), "bad_value: a message of 229 octets does not fit a frame");
    EXPECT_EQ(refused([](PushContent&) {}, 108), "encoded");
}

} // namespace
} // namespace releve::wize
