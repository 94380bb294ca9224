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

TEST(MeterModel, finds_its_events_and_what_they_are_called)
{
    MeterModel model = two_channels();
    const Obis alarms{{0, 0, 97, 98, 0, 255}};
    model.events = {{"alarms", alarms, 2, EventModel::Form::bits, {{0, "power_lost", {}}, {1, "power_restored", {}}}}};
    EXPECT_EQ(model.find_event(alarms, 2), &model.events[0]);
    EXPECT_EQ(model.find_event(alarms, 3), nullptr);
    EXPECT_EQ(model.find_event(Obis{}, 2), nullptr);
    EXPECT_EQ(model.find_alarm("power_restored"), &model.events[0].alarms[1]);
    EXPECT_EQ(model.find_alarm("tamper"), nullptr);
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
