#include <releve/core/meter_model.hpp>

#include <gtest/gtest.h>

namespace releve {
namespace {

MeterModel two_channels()
{
    MeterModel model;
    model.name = "test";
    model.channels.resize(2);
    model.channels[0].channel = ChannelId{1};
    model.channels[0].name = "active_power_import";
    model.channels[0].obis = Obis{{1, 0, 1, 29, 0, 255}};
    model.channels[1].channel = ChannelId{2};
    model.channels[1].name = "active_energy_import";
    model.channels[1].obis = Obis{{1, 0, 1, 8, 0, 255}};
    return model;
}

TEST(MeterModel, finds_its_channels)
{
    const MeterModel model = two_channels();
    EXPECT_EQ(model.find(Obis{{1, 0, 1, 8, 0, 255}}), &model.channels[1]);
    EXPECT_EQ(model.find(ChannelId{1}), &model.channels[0]);
    EXPECT_EQ(model.find_by_name("active_energy_import"), &model.channels[1]);
    EXPECT_EQ(model.find(Obis{}), nullptr);
    EXPECT_EQ(model.find(ChannelId{3}), nullptr);
    EXPECT_EQ(model.find_by_name(""), nullptr);
}

TEST(MeterModel, has_a_main_channel_if_one_says_so)
{
    MeterModel model = two_channels();
    EXPECT_EQ(model.main_channel(), nullptr);
    model.channels[1].main = true;
    EXPECT_EQ(model.main_channel(), &model.channels[1]);
}

} // namespace
} // namespace releve
