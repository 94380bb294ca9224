// Faults in the layouts of a Wize model.

#include "model_fault.hpp"

#include <algorithm>
#include <map>

namespace releve {

namespace {

using Role = WizeField::Role;

constexpr std::size_t field_bytes_max = 8;
constexpr std::size_t clock_bytes = 4;
constexpr std::size_t message_bytes_max = 229; // the longest L7 a frame has room for

bool beyond(std::uint64_t number, std::size_t bytes)
{
    return bytes < field_bytes_max && number >> 8 * bytes != 0;
}

Fault alarms_fault(const WizeField& field, const std::string& where)
{
    if (field.alarms.empty())
        return ModelFault{where + "/alarms", "a field of alarms names at least one"};
    for (std::size_t i = 0; i < field.alarms.size(); ++i)
        if (const int bit = field.alarms[i].bit; bit < 0 || static_cast<std::size_t>(bit) >= 8 * field.bytes)
            return ModelFault{where + "/alarms/" + std::to_string(i) + "/bit",
                              "must lie within the field's " + std::to_string(8 * field.bytes) + " bits"};
    return alarm_list_fault(field.alarms, where + "/alarms", "bit");
}

Fault channel_of_field_fault(const WizeField& field, const MeterModel& model, const std::string& where)
{
    const ChannelModel* channel = model.find(field.obis);
    if (channel == nullptr)
        return ModelFault{where + "/obis", "no channel has the code " + to_string(field.obis)};
    if (field.role == Role::reading && channel->kind != ChannelKind::reading)
        return ModelFault{where + "/obis", "a reading is of a channel of the kind reading"};
    if (field.role == Role::deltas && channel->kind != ChannelKind::interval)
        return ModelFault{where + "/obis", "deltas are of a channel of the kind interval"};
    // Nothing here knows a zone: only a step that divides an hour lies on the same grid in all of them.
    if (field.role == Role::deltas && Seconds{3600} % channel->step != Seconds{0})
        return ModelFault{where + "/obis", "the step of deltas divides an hour"};
    return std::nullopt;
}

Fault field_fault(const WizeField& field, const MeterModel& model, const std::string& where)
{
    if (field.bytes < 1 || field.bytes > field_bytes_max)
        return ModelFault{where + "/bytes", "must lie between 1 and 8"};
    if (field.role == Role::clock && field.bytes != clock_bytes)
        return ModelFault{where + "/bytes", "a clock has 4"};
    if (field.role == Role::constant && beyond(field.equals, field.bytes))
        return ModelFault{where + "/equals", "does not fit the field"};
    if (field.missing && beyond(*field.missing, field.bytes))
        return ModelFault{where + "/missing", "does not fit the field"};
    if (field.role == Role::alarms)
        return alarms_fault(field, where);
    if (field.role == Role::reading || field.role == Role::deltas)
        return channel_of_field_fault(field, model, where);
    return std::nullopt;
}

/// Octets before the values of `deltas`, and of each of them (0: there are none).
struct Extent {
    std::size_t fixed = 0, each = 0;
};

Extent extent_of(const WizeLayout& layout)
{
    Extent extent;
    for (const WizeField& field : layout.fields)
        (field.role == Role::deltas ? extent.each : extent.fixed) += field.bytes;
    return extent;
}

bool may_have(const WizeLayout& layout, std::size_t length)
{
    if (layout.length)
        return *layout.length == length;
    const auto [fixed, each] = extent_of(layout);
    return each == 0 ? length == fixed : length >= fixed + each && (length - fixed) % each == 0;
}

Fault fields_fault(const WizeLayout& layout, const MeterModel& model, const std::string& where)
{
    bool dated = false, alarms = false;
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
        const WizeField& field = layout.fields[i];
        const std::string at = where + "/fields/" + std::to_string(i);
        if (auto fault = field_fault(field, model, at))
            return fault;
        const bool needs_clock =
            field.role == Role::reading || field.role == Role::deltas || field.role == Role::alarms;
        if (needs_clock && !dated)
            return ModelFault{at + "/role", "comes after a clock"};
        if (field.role == Role::deltas && i + 1 != layout.fields.size())
            return ModelFault{at + "/role", "deltas come last"};
        if (field.role == Role::alarms && alarms)
            return ModelFault{at + "/role", "a layout has one field of alarms"};
        dated = dated || field.role == Role::clock;
        alarms = alarms || field.role == Role::alarms;
    }
    return std::nullopt;
}

Fault layout_fault(const WizeLayout& layout, const MeterModel& model, const std::string& where)
{
    if (layout.name.empty())
        return ModelFault{where + "/name", "empty"};
    if (layout.opaque && (!layout.length || *layout.length == 0))
        return ModelFault{where + "/length", "an opaque layout is known by its length"};
    if (layout.opaque != layout.fields.empty())
        return ModelFault{where + "/fields",
                          layout.opaque ? "an opaque layout has none" : "a layout has at least one"};
    if (auto fault = fields_fault(layout, model, where))
        return fault;
    const auto [fixed, each] = extent_of(layout);
    if (fixed + each > message_bytes_max || layout.length > message_bytes_max)
        return ModelFault{where, "longer than a frame has room for"};
    if (!layout.opaque && layout.length) {
        const WizeLayout any_length{layout.name, layout.app, std::nullopt, false, layout.fields};
        if (!may_have(any_length, *layout.length))
            return ModelFault{where + "/length", "is not what the fields come to"};
    }
    return std::nullopt;
}

/// Octets that a layout requires, by their offset.
std::map<std::size_t, std::uint8_t> required_octets(const WizeLayout& layout)
{
    std::map<std::size_t, std::uint8_t> out;
    std::size_t offset = 0;
    for (const WizeField& field : layout.fields) {
        for (std::size_t i = 0; i < field.bytes && field.role == Role::constant; ++i)
            out[offset + i] = static_cast<std::uint8_t>(field.equals >> 8 * (field.bytes - 1 - i));
        offset += field.bytes;
    }
    return out;
}

bool could_fit_one_message(const WizeLayout& a, const WizeLayout& b)
{
    if (a.app != b.app)
        return false;
    const auto of_b = required_octets(b);
    for (const auto& [offset, octet] : required_octets(a))
        if (const auto found = of_b.find(offset); found != of_b.end() && found->second != octet)
            return false;
    for (std::size_t length = 1; length <= message_bytes_max; ++length)
        if (may_have(a, length) && may_have(b, length))
            return true;
    return false;
}

} // namespace

Fault wize_layouts_fault(const MeterModel& model)
{
    const auto& layouts = model.wize_layouts;
    if (layouts.empty())
        return ModelFault{"/layouts", "a model has at least one layout"};
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        const std::string where = "/layouts/" + std::to_string(i);
        if (auto fault = layout_fault(layouts[i], model, where))
            return fault;
        for (std::size_t j = 0; j < i; ++j) {
            if (layouts[i].name == layouts[j].name)
                return ModelFault{where + "/name", "the same name as /layouts/" + std::to_string(j)};
            if (could_fit_one_message(layouts[i], layouts[j]))
                return ModelFault{where, "one message could be this and /layouts/" + std::to_string(j) +
                                             "; another length or a constant tells them apart"};
        }
    }
    return std::nullopt;
}

} // namespace releve
