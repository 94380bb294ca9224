// What find_fault refuses of a Wize model: each row breaks one thing of a model that is right.

#include <releve/core/meter_model.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace releve {
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

WizeField constant(std::size_t bytes, std::uint64_t equals)
{
    WizeField out = field(Role::constant, bytes);
    out.equals = equals;
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
    out.unit = Unit::cubic_metre;
    out.step = Seconds{3600};
    out.words = words;
    return out;
}

MeterModel right_model()
{
    MeterModel model;
    model.name = "test";
    model.protocol = "wize";
    model.words = words;
    model.channels = {channel(1, "index", index_obis, ChannelKind::reading, Quantity::cumulative),
                      channel(2, "volume", volume_obis, ChannelKind::interval, Quantity::volume)};
    WizeField alarms = field(Role::alarms, 1);
    alarms.alarms = {{0, "tamper", words}, {7, "battery", words}};
    model.wize_layouts = {{"day",
                           0x20,
                           std::nullopt,
                           false,
                           {constant(1, 1), field(Role::clock, 4), field(Role::reading, 4, index_obis),
                            alarms, field(Role::deltas, 2, volume_obis)}},
                          {"sealed", 0x20, 13, true, {}}};
    model.wize_layouts[1].app = 0x21;
    return model;
}

struct Slip {
    std::function<void(MeterModel&)> make;
    const char* where;
    const char* reason; // its beginning
};

WizeField& of_day(MeterModel& model, std::size_t number)
{
    return model.wize_layouts[0].fields[number];
}

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

TEST(WizeFault, a_right_model_has_none)
{
    EXPECT_EQ(find_fault(right_model()), std::nullopt);
}

TEST(WizeFault, of_the_model)
{
    expect_each_told({
        {[](MeterModel& m) {
             m.wize_layouts.clear();
             m.channels.resize(1);
         },
         "/layouts", "a model has at least one"},
        {[](MeterModel& m) { m.channels.clear(); }, "/channels", "a model has at least one"},
        {[](MeterModel& m) {
             m.layouts.push_back({"dlms", true, {}});
         },
         "/layouts", "a layout of another protocol"},
        {[](MeterModel& m) { m.protocol = "dlms"; }, "/layouts", "a layout of another protocol"},
        {[](MeterModel& m) { m.protocol = "tic"; }, "/layouts", "a layout of another protocol"},
        {[](MeterModel& m) { m.channels[1].unit = Unit::watt_hour; }, "/channels/1/unit",
         "a volume is in m3"},
        {[](MeterModel& m) { m.channels[0].quantity = Quantity::volume; }, "/channels/0/quantity",
         "a reading is"},
    });
}

TEST(WizeFault, models_that_need_no_channels)
{
    MeterModel sealed = right_model();
    sealed.wize_layouts.erase(sealed.wize_layouts.begin());
    sealed.channels.clear();
    EXPECT_EQ(find_fault(sealed), std::nullopt);
    MeterModel tic;
    tic.name = tic.protocol = "tic";
    tic.words = words;
    EXPECT_EQ(find_fault(tic), std::nullopt);
}

TEST(WizeFault, of_a_layout)
{
    expect_each_told({
        {[](MeterModel& m) { m.wize_layouts[0].name.clear(); }, "/layouts/0/name", "empty"},
        {[](MeterModel& m) { m.wize_layouts[0].fields.clear(); }, "/layouts/0/fields",
         "a layout has at least one"},
        {[](MeterModel& m) { m.wize_layouts[1].fields = {constant(1, 1)}; }, "/layouts/1/fields",
         "an opaque layout has none"},
        {[](MeterModel& m) { m.wize_layouts[1].length.reset(); }, "/layouts/1/length",
         "an opaque layout is known"},
        {[](MeterModel& m) { m.wize_layouts[1].length = 0; }, "/layouts/1/length",
         "an opaque layout is known"},
        {[](MeterModel& m) { m.wize_layouts[1].length = 230; }, "/layouts/1", "longer than a frame"},
        {[](MeterModel& m) {
             m.wize_layouts[0].fields.insert(m.wize_layouts[0].fields.begin(), 28, field(Role::ignored, 8));
         },
         "/layouts/0", "longer than a frame"},
        {[](MeterModel& m) { m.wize_layouts[0].length = 11; }, "/layouts/0/length",
         "is not what the fields come to"},
        {[](MeterModel& m) { m.wize_layouts[1].name = "day"; }, "/layouts/1/name",
         "the same name as /layouts/0"},
    });
}

TEST(WizeFault, of_a_field)
{
    expect_each_told({
        {[](MeterModel& m) { of_day(m, 2).bytes = 0; }, "/layouts/0/fields/2/bytes",
         "must lie between 1 and 8"},
        {[](MeterModel& m) { of_day(m, 2).bytes = 9; }, "/layouts/0/fields/2/bytes",
         "must lie between 1 and 8"},
        {[](MeterModel& m) { of_day(m, 1).bytes = 5; }, "/layouts/0/fields/1/bytes", "a clock has 4"},
        {[](MeterModel& m) { of_day(m, 0).equals = 256; }, "/layouts/0/fields/0/equals", "does not fit"},
        {[](MeterModel& m) { of_day(m, 4).missing = 65'536; }, "/layouts/0/fields/4/missing", "does not fit"},
        {[](MeterModel& m) { of_day(m, 2).obis = {}; }, "/layouts/0/fields/2/obis",
         "no channel has the code"},
        {[](MeterModel& m) { of_day(m, 2).obis = volume_obis; }, "/layouts/0/fields/2/obis",
         "a reading is of"},
        {[](MeterModel& m) { of_day(m, 4).obis = index_obis; }, "/layouts/0/fields/4/obis", "deltas are of"},
        {[](MeterModel& m) { m.channels[1].step = Seconds{7200}; }, "/layouts/0/fields/4/obis",
         "the step of deltas divides an hour"},
        {[](MeterModel& m) { of_day(m, 1).role = Role::ignored; }, "/layouts/0/fields/2/role",
         "comes after a clock"},
        {[](MeterModel& m) { std::swap(of_day(m, 3), of_day(m, 4)); }, "/layouts/0/fields/3/role",
         "deltas come last"},
        {[](MeterModel& m) { of_day(m, 0) = field(Role::deltas, 2, volume_obis); },
         "/layouts/0/fields/0/role", "comes after a clock"},
        {[](MeterModel& m) { of_day(m, 2) = of_day(m, 3); }, "/layouts/0/fields/3/role",
         "a layout has one field of alarms"},
    });
}

TEST(WizeFault, of_alarms)
{
    expect_each_told({
        {[](MeterModel& m) { of_day(m, 3).alarms.clear(); }, "/layouts/0/fields/3/alarms",
         "a field of alarms names"},
        {[](MeterModel& m) { of_day(m, 3).alarms[1].bit = 8; }, "/layouts/0/fields/3/alarms/1/bit",
         "must lie within the field's 8 bits"},
        {[](MeterModel& m) { of_day(m, 3).alarms[1].bit = -1; }, "/layouts/0/fields/3/alarms/1/bit",
         "must lie within"},
        {[](MeterModel& m) { of_day(m, 3).alarms[1].bit = 0; }, "/layouts/0/fields/3/alarms/1/bit",
         "the same bit as"},
        {[](MeterModel& m) { of_day(m, 3).alarms[1].name = "tamper"; }, "/layouts/0/fields/3/alarms/1/name",
         "the same name as"},
        {[](MeterModel& m) { of_day(m, 3).alarms[0].name.clear(); }, "/layouts/0/fields/3/alarms/0/name",
         "empty"},
        {[](MeterModel& m) { of_day(m, 3).alarms[0].words.label_fr.clear(); },
         "/layouts/0/fields/3/alarms/0/label/fr", "missing"},
    });
}

/// Whether find_fault lets two layouts of one application stand side by side.
bool told_apart(std::vector<WizeField> a, std::vector<WizeField> b,
                std::optional<std::size_t> opaque_length = std::nullopt)
{
    MeterModel model = right_model();
    model.wize_layouts = {{"a", 1, std::nullopt, false, std::move(a)},
                          {"b", 1, opaque_length, opaque_length.has_value(), std::move(b)}};
    const auto fault = find_fault(model);
    if (fault) {
        EXPECT_EQ(fault->where, "/layouts/1");
        EXPECT_EQ(fault->reason,
                  "one message could be this and /layouts/0; another length or a constant tells them apart");
    }
    return !fault;
}

TEST(WizeFault, of_layouts_that_one_message_could_be)
{
    const WizeField clock = field(Role::clock, 4), any = field(Role::ignored, 1),
                    pairs = field(Role::deltas, 2, volume_obis),
                    triples = field(Role::deltas, 3, volume_obis);
    EXPECT_TRUE(told_apart({constant(1, 1)}, {constant(1, 2)}));
    EXPECT_FALSE(told_apart({constant(1, 1)}, {any}));
    EXPECT_FALSE(told_apart({constant(1, 1), any}, {any, constant(1, 2)})); // 01 02
    EXPECT_TRUE(told_apart({constant(2, 0x0102)}, {any, constant(1, 3)}));  // one octet of a longer constant
    EXPECT_TRUE(told_apart({any}, {any, any}));
    EXPECT_TRUE(told_apart({clock, pairs}, {any, clock, pairs})); // even and odd lengths
    EXPECT_FALSE(told_apart({clock, pairs}, {clock, triples}));   // both may have six octets after the clock
    EXPECT_FALSE(told_apart({clock, pairs}, {field(Role::ignored, 8)}));
    EXPECT_TRUE(told_apart({clock, pairs}, {field(Role::ignored, 4)})); // deltas are at least one
    EXPECT_FALSE(told_apart({clock, pairs}, {}, 44));
    EXPECT_TRUE(told_apart({clock, pairs}, {}, 43));
    MeterModel model = right_model();
    model.wize_layouts[0].length = 14;
    model.wize_layouts[1].app = 0x20;
    EXPECT_EQ(find_fault(model), std::nullopt);
    model.wize_layouts[1].length = 14;
    EXPECT_EQ(find_fault(model)->where, "/layouts/1");
}

} // namespace
} // namespace releve
