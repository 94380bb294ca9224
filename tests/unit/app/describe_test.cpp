#include <releve/app/describe.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing::HasSubstr;
using testing::Not;

Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

const std::string guek = "000102030405060708090a0b0c0d0e0f";
const std::string gak = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf";
const std::string linky = "0001000100010069db084c4b5900123456785e30000003e8a4960a87f2a367642487e0e1a5521e04fbc98ac8d6c59fd8b7"
                          "de815830a0e4f5382b65ee4f0925f1f913500a64b25176224d182e222c3a7c24cf30ecce40220c6022505b0f96b17fb8c77f"
                          "6e2e6edeb4dc28e136313fdaa33e";

DecodeKeys keys()
{
    return {*crypto::Key128::from(hex(guek)), *crypto::Key128::from(hex(gak)), std::nullopt};
}

TEST(Scaled, IsExact)
{
    EXPECT_EQ(scaled_text(12345, -3), "12.345");
    EXPECT_EQ(scaled_text(5, -3), "0.005");
    EXPECT_EQ(scaled_text(-5, -1), "-0.5");
    EXPECT_EQ(scaled_text(0, 3), "0");
    EXPECT_EQ(scaled_text(0, -2), "0.00");
    EXPECT_EQ(scaled_text(7, 2), "700");
    EXPECT_EQ(scaled_text(42, 0), "42");
    EXPECT_EQ(scaled_text(INT64_MIN, -1), "-922337203685477580.8");
}

TEST(Describe, FrameDownToItsValues)
{
    const FrameDescription frame = describe_frame(hex(linky), keys());
    ASSERT_FALSE(frame.problem);
    const std::string text = to_text(frame);
    EXPECT_THAT(text, HasSubstr("wPort 1 to 1"));
    EXPECT_THAT(text, HasSubstr("4c4b590012345678  manufacturer LKY"));
    EXPECT_THAT(text, HasSubstr("30: authenticated, encrypted, unicast key, suite 0"));
    EXPECT_THAT(text, HasSubstr("the tag verifies"));
    EXPECT_THAT(text, HasSubstr("double-long-unsigned 18234567"));
    EXPECT_THAT(text, HasSubstr("2026-03-01T00:00:07"));
    EXPECT_EQ(frame.layers[1].offset, 8U);
    EXPECT_EQ(frame.layers[1].content["invocation_counter"], 1000);
}

TEST(Describe, KeysAreNeverShown)
{
    const FrameDescription frame = describe_frame(hex(linky), keys());
    for (const std::string& text : {to_text(frame), to_json(frame).dump()}) {
        EXPECT_THAT(text, Not(HasSubstr(guek)));
        EXPECT_THAT(text, Not(HasSubstr(gak)));
    }
}

TEST(Describe, WithoutKeysItStopsAtTheCiphering)
{
    const FrameDescription frame = describe_frame(hex(linky), {});
    EXPECT_FALSE(frame.problem);
    EXPECT_EQ(frame.layers.size(), 2U);
    EXPECT_THAT(to_text(frame), HasSubstr("give --key"));
}

TEST(Describe, WithoutTheAuthenticationKeyTheTagIsSaidToBeUnchecked)
{
    DecodeKeys only_encryption = keys();
    only_encryption.authentication.reset();
    const std::string text = to_text(describe_frame(hex(linky), only_encryption));
    EXPECT_THAT(text, HasSubstr("not authenticated"));
    EXPECT_THAT(text, HasSubstr("18234567"));
    EXPECT_THAT(text, HasSubstr("The tag was not checked"));
}

TEST(Describe, WrongKeyIsNamed)
{
    DecodeKeys wrong = keys();
    wrong.encryption = crypto::Key128{};
    const FrameDescription frame = describe_frame(hex(linky), wrong);
    ASSERT_TRUE(frame.problem);
    EXPECT_EQ(frame.problem->code, errc::wrong_key);
    EXPECT_EQ(frame.layers.size(), 2U); // what could be decoded is there
}

TEST(Describe, SeveralMessagesAndTheReasonWhereItStops)
{
    const FrameDescription two = describe_frame(hex(linky + linky), keys());
    EXPECT_EQ(two.layers.size(), 8U);
    const FrameDescription cut = describe_frame(hex(linky + "00010001000100ff00"), keys());
    ASSERT_TRUE(cut.problem);
    EXPECT_EQ(cut.problem->code, errc::truncated);
    EXPECT_EQ(cut.problem->offset, static_cast<std::ptrdiff_t>(linky.size() / 2));
    EXPECT_EQ(cut.layers.size(), 4U);
}

TEST(Describe, ScaledValuesAndObis)
{
    const std::string text = to_text(describe_frame(hex("0f000000010002030906010020070 0ff1209c402020fff1623"), {}));
    EXPECT_THAT(text, HasSubstr("1.0.32.7.0.255 (voltage L1)"));
    EXPECT_THAT(text, HasSubstr("long-unsigned 2500  = 250.0 V"));
}

TEST(Describe, AnEventIsToldInTheWordsOfTheModel)
{
    const Bytes apdu = hex("c2010c07e8010f01121e0000ffc40000010000616200ff021109");
    MeterModel model;
    model.name = "test";
    model.events = {{"alarms", {{0, 0, 97, 98, 0, 255}}, 2, EventModel::Form::bits,
                     {{0, "power_lost", {"Power lost", "Courant coupé", "No power any more.", "Plus de courant."}}}}};
    const FrameDescription frame = describe_frame(apdu, {}, &model);
    const std::string text = to_text(frame);
    EXPECT_THAT(text, HasSubstr("2024-01-15T18:30:00+01:00"));
    EXPECT_THAT(text, HasSubstr("event            power_lost: Power lost. No power any more."));
    EXPECT_THAT(text, HasSubstr("bits without a name: 1"));
    EXPECT_EQ(frame.layers[0].content["event"], "alarms");
    EXPECT_EQ(frame.layers[0].content["alarms"][0]["label"], "Power lost");
    model.events.clear();
    EXPECT_THAT(to_text(describe_frame(apdu, {}, &model)),
                HasSubstr("the model test describes no event of 0.0.97.98.0.255 attribute 2"));
    EXPECT_THAT(to_text(describe_frame(apdu, {})), Not(HasSubstr("event  ")));
}

TEST(Describe, TextThatIsNoneDoesNotBreakJson)
{
    const FrameDescription frame = describe_frame(hex("0f00000001000a02fffe"), {});
    ASSERT_FALSE(frame.problem);
    EXPECT_EQ(frame.layers[0].content["body"]["hex"], "fffe");
    EXPECT_NO_THROW((void)to_json(frame).dump());
}

} // namespace
} // namespace releve::app
