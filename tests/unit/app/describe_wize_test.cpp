#include <releve/app/describe.hpp>
#include <releve/app/model_files.hpp>
#include <releve/codec/wize/admin.hpp>
#include <releve/sim/wize_meter.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing::HasSubstr;
using testing::Not;

const Instant morning = *parse_instant("2024-01-16T05:00:00Z");

crypto::Key128 key_of(std::uint8_t octet)
{
    return *crypto::Key128::from(Bytes(16, std::byte{octet}));
}

struct DescribeWize : testing::Test {
    ModelRegistry models = *ModelRegistry::load({});
    const MeterModel* model = models.find("releve-gas");
    WizeDecodeKeys keys{key_of(0x11), key_of(0x22)};
    sim::WizeMeter meter{{.address = {std::byte{0x53}, std::byte{0x10}}, .kencs = {{1, key_of(0x11)}}, .network = {7, key_of(0x22)}},
                         {.counter = 412}};

    Bytes day(std::uint16_t alarms = 0)
    {
        return meter.report({.at = morning, .index_dm3 = 12'345'678, .hours_dm3 = std::vector<std::optional<std::uint16_t>>(24, 85), .alarms = alarms},
                            morning + Seconds{60});
    }
};

TEST_F(DescribeWize, ADayDownToItsValues)
{
    const FrameDescription frame = describe_wize(day(1), keys, model);
    ASSERT_FALSE(frame.problem) << to_string(*frame.problem);
    const std::string text = to_text(frame);
    for (const char* part : {"address 5310000000000000, network 7", "counter 412, key 1, application 32", "the CRC is right", "HashKmac verifies",
                             "HashKenc verifies", "2024-01-16T05:00:00Z  volume_index 12345.678 m3", "2024-01-16T04:00:00Z  volume 0.085 m3",
                             "alarm battery_low"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_EQ(frame.layers[1].content["registers"][0]["value"], 12'345'678);
    EXPECT_EQ(frame.layers[1].content["intervals"].size(), 24U);
}

TEST_F(DescribeWize, WithoutKeysItSaysWhatIsNotKnown)
{
    const FrameDescription frame = describe_wize(day(), {}, model);
    EXPECT_FALSE(frame.problem);
    EXPECT_EQ(frame.layers.size(), 1U);
    EXPECT_THAT(to_text(frame), HasSubstr("HashKmac was not checked"));
    EXPECT_THAT(to_text(frame), HasSubstr("give --key, the device's key 1"));
    const FrameDescription device_only = describe_wize(day(), {keys.device, {}}, model);
    EXPECT_FALSE(device_only.problem);
    EXPECT_THAT(to_text(device_only), HasSubstr("12345.678"));
}

TEST_F(DescribeWize, WhatIsWrongIsNamed)
{
    Bytes damaged = day();
    damaged[20] ^= std::byte{1};
    EXPECT_EQ(describe_wize(damaged, keys, model).problem->code, errc::bad_crc);
    EXPECT_EQ(describe_wize(day(), {keys.device, key_of(0x23)}, model).problem->code, errc::gateway_auth);
    EXPECT_EQ(describe_wize(day(), {key_of(0x12), keys.network}, model).problem->code, errc::bad_tag);
    EXPECT_EQ(describe_wize(Bytes(3), keys, model).layers.at(0).name, "undecoded");
    const FrameDescription other = describe_wize(day(), keys, models.find("grdf-test"));
    ASSERT_TRUE(other.problem) << "the model does not explain it";
    EXPECT_EQ(other.layers.size(), 2U);
}

TEST_F(DescribeWize, CommandsAreShownWithoutTheKeysThatTheyBring)
{
    const Bytes secret = from_hex("00112233445566778899aabbccddeeff").value();
    const auto down = [&](ByteView l7, std::uint8_t keysel) {
        return wize::encode_exchange({.keysel = keysel, .netid = 7, .cpt = 3, .l7 = l7}, &*keys.device, *keys.network);
    };
    const FrameDescription written = describe_wize(down(wize::encode_write_key({.index = 2, .key = secret}).value(), 15), keys, model);
    ASSERT_FALSE(written.problem) << to_string(*written.problem);
    for (const std::string& text : {to_text(written), to_json(written).dump()})
        EXPECT_THAT(text, Not(HasSubstr("00112233445566778899aabbccddeeff")));
    EXPECT_THAT(to_text(written), HasSubstr("write key 2: not shown"));
    Bytes cut = wize::encode_write_key({.index = 2, .key = secret}).value();
    cut.pop_back();
    const FrameDescription unreadable = describe_wize(down(cut, 15), keys, model);
    EXPECT_TRUE(unreadable.problem);
    EXPECT_THAT(to_text(unreadable), Not(HasSubstr("00112233445566778899aabbccddeeff")));
    const std::array<std::uint8_t, 1> ids{wize::find_parameter("exch_rx_delay")->id};
    const FrameDescription read = describe_wize(down(wize::encode_read_parameters(ids).value(), 1), keys, model);
    EXPECT_THAT(to_text(read), HasSubstr("exch_rx_delay"));
}

} // namespace
} // namespace releve::app
