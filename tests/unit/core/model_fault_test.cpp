// What find_fault refuses: each row breaks one thing of a model that is right, and says where that is told.

#include <releve/core/meter_model.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace releve {
namespace {

constexpr Obis curve{{1, 1, 99, 1, 0, 255}}, exported{{1, 2, 99, 1, 0, 255}}, total{{1, 1, 1, 8, 0, 255}},
    setup{{0, 1, 25, 9, 0, 255}};
using Role = PushElement::Role;
using Column = PushElement::Column;
const OwnWords words{"A", "B", "C", "D"};
const Column clock_column{Column::Role::clock, {}};

PushElement element(Role role, Obis obis = {})
{
    PushElement out;
    out.role = role;
    out.obis = obis;
    return out;
}

PushElement profile(std::vector<Column> columns)
{
    PushElement out = element(Role::profile);
    out.columns = std::move(columns);
    return out;
}

ChannelModel channel(std::int16_t number, const char* name, Obis obis, ChannelKind kind, Quantity quantity)
{
    ChannelModel out;
    out.channel = ChannelId{number};
    out.name = name;
    out.obis = obis;
    out.kind = kind;
    out.quantity = quantity;
    out.words = words;
    return out;
}

MeterModel right_model()
{
    MeterModel model;
    model.name = "test";
    model.words = words;
    model.channels = {channel(1, "curve", curve, ChannelKind::interval, Quantity::mean_power),
                      channel(2, "exported", exported, ChannelKind::interval, Quantity::energy),
                      channel(10, "total", total, ChannelKind::reading, Quantity::cumulative)};
    model.channels[0].main = true;
    model.layouts = {
        {"day",
         false,
         {element(Role::logical_device_name), element(Role::clock),
          profile({clock_column,
                   {Column::Role::status, {}},
                   {Column::Role::value, curve},
                   {Column::Role::value, exported}})}},
        {"index",
         false,
         {element(Role::logical_device_name), element(Role::clock), element(Role::reading, total)}},
        {"described", true, {}}};
    model.events = {{"register", {{0, 0, 97, 98, 0, 255}}, 2, EventModel::Form::bits,
                     {{0, "lost", words}, {63, "opened", words}}},
                    {"code", {{0, 0, 96, 11, 0, 255}}, 2, EventModel::Form::values,
                     {{0, "lost", words}, {900, "back", words}}}};
    return model;
}

struct Slip {
    std::function<void(MeterModel&)> make;
    const char* where;
    const char* reason; // its beginning
};

void expect_each_told(const std::vector<Slip>& slips)
{
    for (const Slip& slip : slips) {
        MeterModel model = right_model();
        slip.make(model);
        const auto fault = find_fault(model);
        ASSERT_TRUE(fault) << slip.where << ": " << slip.reason;
        EXPECT_EQ(fault->where, slip.where);
        EXPECT_EQ(fault->reason.substr(0, std::string_view{slip.reason}.size()), slip.reason);
    }
}

TEST(ModelFault, a_right_model_has_none)
{
    EXPECT_EQ(find_fault(right_model()), std::nullopt);
}

TEST(ModelFault, of_the_model_itself)
{
    expect_each_told({
        {[](MeterModel& m) { m.name.clear(); }, "/model", "empty"},
        {[](MeterModel& m) { m.protocol = "iec1107"; }, "/protocol", "must be"},
        {[](MeterModel& m) { m.words.label_en.clear(); }, "/label/en", "missing"},
        {[](MeterModel& m) { m.words.label_fr.clear(); }, "/label/fr", "missing"},
        {[](MeterModel& m) { m.words.plain_en.clear(); }, "/plain/en", "missing"},
        {[](MeterModel& m) { m.words.plain_fr.clear(); }, "/plain/fr", "missing"},
        {[](MeterModel& m) { m.channels.clear(); }, "/channels", "a model has at least one channel"},
        {[](MeterModel& m) { m.layouts.clear(); }, "/layouts", "a model has at least one layout"},
    });
}

TEST(ModelFault, of_one_channel)
{
    expect_each_told({
        {[](MeterModel& m) { m.channels[1].channel.value = 0; }, "/channels/1/channel",
         "a channel number is 1 or more"},
        {[](MeterModel& m) { m.channels[1].name.clear(); }, "/channels/1/name", "empty"},
        {[](MeterModel& m) { m.channels[0].step = Seconds{299}; }, "/channels/0/step_s", "must divide a day"},
        {[](MeterModel& m) { m.channels[0].step = Seconds{1700}; }, "/channels/0/step_s",
         "must divide a day"},
        {[](MeterModel& m) { m.channels[0].quantity = Quantity::cumulative; }, "/channels/0/quantity",
         "an interval is"},
        {[](MeterModel& m) { m.channels[2].quantity = Quantity::mean_power; }, "/channels/2/quantity",
         "a reading is"},
        {[](MeterModel& m) { m.channels[2].quantity = Quantity::energy; }, "/channels/2/quantity",
         "a reading is"},
        {[](MeterModel& m) { m.channels[0].scaler = 10; }, "/channels/0/scaler", "must lie"},
        {[](MeterModel& m) { m.channels[0].scaler = -10; }, "/channels/0/scaler", "must lie"},
        {[](MeterModel& m) { m.channels[2].digits = 19; }, "/channels/2/digits", "must lie"},
        {[](MeterModel& m) { m.channels[2].digits = -1; }, "/channels/2/digits", "must lie"},
        {[](MeterModel& m) { m.channels[0].day_start = Seconds{86'400}; }, "/channels/0/day_start_s",
         "must lie within a day"},
        {[](MeterModel& m) { m.channels[0].day_start = Seconds{-1}; }, "/channels/0/day_start_s",
         "must lie within a day"},
        {[](MeterModel& m) { m.channels[2].words.plain_fr.clear(); }, "/channels/2/plain/fr", "missing"},
    });
}

TEST(ModelFault, of_channels_that_are_not_told_apart)
{
    expect_each_told({
        {[](MeterModel& m) { m.channels[2].channel = ChannelId{1}; }, "/channels/2/channel",
         "the same number as /channels/0"},
        {[](MeterModel& m) { m.channels[2].name = "exported"; }, "/channels/2/name",
         "the same name as /channels/1"},
        {[](MeterModel& m) { m.channels[1].obis = curve; }, "/channels/1/obis",
         "the same code as /channels/0"},
        {[](MeterModel& m) { m.channels[2].main = true; }, "/channels/2/main",
         "the main channel is already /channels/0"},
    });
}

TEST(ModelFault, of_a_layout)
{
    expect_each_told({
        {[](MeterModel& m) { m.layouts[0].name.clear(); }, "/layouts/0/name", "empty"},
        {[](MeterModel& m) { m.layouts[0].elements.clear(); }, "/layouts/0/elements",
         "a layout has at least one"},
        {[](MeterModel& m) { m.layouts[0].self_describing = true; }, "/layouts/0/elements",
         "a self-describing layout has none"},
        {[](MeterModel& m) { m.layouts[1].elements[2].obis = setup; }, "/layouts/1/elements/2/obis",
         "no channel has the code 0.1.25.9.0.255"},
        {[](MeterModel& m) { m.layouts[1].name = "day"; }, "/layouts/1/name", "the same name as /layouts/0"},
        {[](MeterModel& m) { std::swap(m.layouts[1], m.layouts[2]); }, "/layouts/1",
         "a self-describing layout comes last"},
        {[](MeterModel& m) {
             m.layouts.push_back({"again", true, {}});
         },
         "/layouts/2", "a self-describing layout comes last"},
    });
}

TEST(ModelFault, of_an_event)
{
    expect_each_told({
        {[](MeterModel& m) { m.events[0].name.clear(); }, "/events/0/name", "empty"},
        {[](MeterModel& m) { m.events[1].name = "register"; }, "/events/1/name", "the same name as /events/0"},
        {[](MeterModel& m) { m.events[1].obis = m.events[0].obis; }, "/events/1/obis", "the same attribute as /events/0"},
        {[](MeterModel& m) { m.events[0].attribute = 0; }, "/events/0/attribute", "must lie between -128 and 127"},
        {[](MeterModel& m) { m.events[0].attribute = 128; }, "/events/0/attribute", "must lie between -128 and 127"},
        {[](MeterModel& m) { m.events[0].alarms.clear(); }, "/events/0/bits", "names at least one"},
        {[](MeterModel& m) { m.events[1].alarms.clear(); }, "/events/1/values", "names at least one"},
        {[](MeterModel& m) { m.events[0].alarms[1].bit = 64; }, "/events/0/bits/1/bit", "must lie within 64 bits"},
        {[](MeterModel& m) { m.events[1].alarms[1].bit = -1; }, "/events/1/values/1/value", "must be 0 or more"},
        {[](MeterModel& m) { m.events[0].alarms[1].bit = 0; }, "/events/0/bits/1/bit", "the same bit as /events/0/bits/0"},
        {[](MeterModel& m) { m.events[1].alarms[1].bit = 0; }, "/events/1/values/1/value",
         "the same value as /events/1/values/0"},
        {[](MeterModel& m) { m.events[0].alarms[1].name = "lost"; }, "/events/0/bits/1/name",
         "the same name as /events/0/bits/0"},
        {[](MeterModel& m) { m.events[0].alarms[0].name.clear(); }, "/events/0/bits/0/name", "empty"},
        {[](MeterModel& m) { m.events[1].alarms[1].words.plain_fr.clear(); }, "/events/1/values/1/plain/fr", "missing"},
        {[](MeterModel& m) { m.events[1].alarms[0].words.label_en = "Z"; }, "/events/1/values/0/name",
         "has other words at /events/0/bits/0"},
        {[](MeterModel& m) { m.protocol = "tic"; m.layouts.clear(); }, "/events", "of another protocol"},
    });
    MeterModel model = right_model();
    model.events[1].obis = model.events[0].obis;
    model.events[1].attribute = 3;
    EXPECT_EQ(find_fault(model), std::nullopt) << "two attributes of one object";
}

TEST(ModelFault, of_a_profile)
{
    const auto columns = [](MeterModel& m) -> std::vector<Column>& {
        return m.layouts[0].elements[2].columns;
    };
    expect_each_told({
        {[&](MeterModel& m) { columns(m)[2].obis = setup; }, "/layouts/0/elements/2/columns/2/obis",
         "no channel has the code"},
        {[&](MeterModel& m) { columns(m)[2].obis = total; }, "/layouts/0/elements/2/columns/2/obis",
         "a profile column is an interval"},
        {[](MeterModel& m) { m.channels[1].step = Seconds{900}; }, "/layouts/0/elements/2/columns/3/obis",
         "the columns of a profile share"},
        {[&](MeterModel& m) { columns(m)[1] = clock_column; }, "/layouts/0/elements/2/columns",
         "a profile has one clock"},
        {[&](MeterModel& m) { columns(m)[0].role = Column::Role::ignored; }, "/layouts/0/elements/2/columns",
         "a profile has one clock"},
        {[&](MeterModel& m) { columns(m).resize(2); }, "/layouts/0/elements/2/columns",
         "a profile has one clock"},
    });
}

/// Whether find_fault lets two layouts of one element each stand side by side.
bool told_apart(const PushElement& a, const PushElement& b)
{
    MeterModel model = right_model();
    model.layouts = {{"a", false, {a}}, {"b", false, {b}}};
    const auto fault = find_fault(model);
    if (fault) {
        EXPECT_EQ(fault->where, "/layouts/1");
        EXPECT_EQ(fault->reason, "has the shape of /layouts/0; a push_setup element tells them apart");
    }
    return !fault;
}

TEST(ModelFault, of_layouts_that_one_body_could_fit)
{
    const PushElement name = element(Role::logical_device_name), time = element(Role::clock),
                      any = element(Role::ignored);
    const PushElement reading = element(Role::reading, total),
                      rows = profile({clock_column, {Column::Role::value, curve}});
    const PushElement wider =
        profile({clock_column, {Column::Role::value, curve}, {Column::Role::value, exported}});
    const PushElement one_setup = element(Role::push_setup, setup),
                      other_setup = element(Role::push_setup, total);
    EXPECT_TRUE(told_apart(reading, rows));
    EXPECT_TRUE(told_apart(name, reading));
    EXPECT_TRUE(told_apart(time, rows));
    EXPECT_TRUE(told_apart(rows, wider));
    EXPECT_TRUE(told_apart(one_setup, other_setup));
    EXPECT_TRUE(told_apart(one_setup, time)); // six octets, twelve octets
    EXPECT_FALSE(told_apart(one_setup, one_setup));
    EXPECT_FALSE(told_apart(name, one_setup)); // a name may have six octets
    EXPECT_FALSE(told_apart(time, name));
    EXPECT_FALSE(told_apart(any, rows));
    EXPECT_FALSE(told_apart(reading, any));
    EXPECT_FALSE(told_apart(reading, element(Role::reading, curve)));
    EXPECT_FALSE(told_apart(rows, profile({clock_column, {Column::Role::value, exported}})));

    MeterModel model = right_model();
    model.layouts[1].elements.push_back(any);
    EXPECT_EQ(find_fault(model), std::nullopt) << "another number of elements";
    model.layouts.push_back({"again", true, {}});
    std::swap(model.layouts[0], model.layouts[3]);
    model.layouts.resize(1);
    EXPECT_EQ(find_fault(model), std::nullopt) << "a self-describing layout may stand alone";
}

} // namespace
} // namespace releve
