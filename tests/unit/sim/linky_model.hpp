#pragma once
// The layouts of the simulated meter, as the product's model file describes them; here as a value, for this
// folder knows no JSON. tests/unit/app/simulated_meter_test.cpp walks the shipped file itself.

#include <releve/core/meter_model.hpp>

namespace releve::sim {

inline MeterModel linky_model()
{
    using Role = PushElement::Role;
    using ColumnRole = PushElement::Column::Role;
    const Obis curve{{1, 1, 99, 1, 0, 255}};
    MeterModel model;
    model.name = "linky";
    std::int16_t next = 1;
    const auto add_channel = [&](const Obis& obis, ChannelKind kind) {
        ChannelModel channel;
        channel.channel = ChannelId{next++};
        channel.name = to_string(obis);
        channel.obis = obis;
        channel.kind = kind;
        channel.quantity = kind == ChannelKind::interval ? Quantity::mean_power : Quantity::cumulative;
        channel.unit = kind == ChannelKind::interval ? Unit::watt : Unit::watt_hour;
        model.channels.push_back(channel);
    };
    add_channel(curve, ChannelKind::interval);
    std::vector<Obis> registers{{{1, 1, 1, 8, 0, 255}}};
    for (std::uint8_t e = 1; e <= 10; ++e)
        registers.push_back({{1, 1, 1, 8, e, 255}});
    for (std::uint8_t e = 1; e <= 4; ++e)
        registers.push_back({{1, 2, 1, 8, e, 255}});
    for (const Obis& obis : registers)
        add_channel(obis, ChannelKind::reading);

    const PushElement name{.role = Role::logical_device_name, .obis = {}, .columns = {}};
    const PushElement clock{.role = Role::clock, .obis = {}, .columns = {}};
    const PushElement profile{.role = Role::profile,
                              .obis = {},
                              .columns = {{ColumnRole::clock, {}}, {ColumnRole::value, curve}},
                              .stamp = Stamp::end};
    PushLayout day{.name = "day", .self_describing = false, .elements = {name, clock, profile}};
    for (const Obis& obis : registers)
        day.elements.push_back({.role = Role::reading, .obis = obis, .columns = {}});
    PushLayout index{.name = "daily_index", .self_describing = false, .elements = {name, clock}};
    for (const std::size_t i : {0u, 1u, 2u, 11u, 12u})
        index.elements.push_back({.role = Role::reading, .obis = registers[i], .columns = {}});
    PushLayout single{.name = "single_value", .self_describing = false, .elements = {name, clock, profile}};
    model.layouts = {day, index, single};
    return model;
}

} // namespace releve::sim
