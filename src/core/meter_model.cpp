#include <releve/core/meter_model.hpp>

#include "model_fault.hpp"

#include <algorithm>

namespace releve {

namespace {
template <class Predicate>
const ChannelModel* find_channel(const std::vector<ChannelModel>& channels, Predicate predicate)
{
    const auto found = std::find_if(channels.begin(), channels.end(), predicate);
    return found == channels.end() ? nullptr : &*found;
}
} // namespace

const ChannelModel* MeterModel::find(const Obis& obis) const
{
    return find_channel(channels, [&](const ChannelModel& c) { return c.obis == obis; });
}

const ChannelModel* MeterModel::find(ChannelId channel) const
{
    return find_channel(channels, [&](const ChannelModel& c) { return c.channel == channel; });
}

const ChannelModel* MeterModel::find_by_name(std::string_view channel_name) const
{
    return find_channel(channels, [&](const ChannelModel& c) { return c.name == channel_name; });
}

const ChannelModel* MeterModel::main_channel() const
{
    return find_channel(channels, [](const ChannelModel& c) { return c.main; });
}

const AlarmModel* MeterModel::find_alarm(std::string_view alarm_name) const
{
    for (const EventModel& event : events)
        if (const auto found = std::ranges::find(event.alarms, alarm_name, &AlarmModel::name); found != event.alarms.end())
            return &*found;
    for (const WizeLayout& layout : wize_layouts)
        for (const WizeField& field : layout.fields)
            if (const auto found = std::ranges::find(field.alarms, alarm_name, &WizeField::Alarm::name); found != field.alarms.end())
                return &*found;
    return nullptr;
}

const EventModel* MeterModel::find_event(const Obis& obis, int attribute) const
{
    const auto found = std::ranges::find_if(
        events, [&](const EventModel& event) { return event.obis == obis && event.attribute == attribute; });
    return found == events.end() ? nullptr : &*found;
}

Fault words_fault(const OwnWords& words, const std::string& where)
{
    if (words.label_en.empty())
        return ModelFault{where + "/label/en", "missing"};
    if (words.label_fr.empty())
        return ModelFault{where + "/label/fr", "missing"};
    if (words.plain_en.empty())
        return ModelFault{where + "/plain/en", "missing"};
    if (words.plain_fr.empty())
        return ModelFault{where + "/plain/fr", "missing"};
    return std::nullopt;
}

namespace {

using Role = PushElement::Role;
using Column = PushElement::Column;
Fault channel_fault(const ChannelModel& channel, const std::string& where)
{
    if (channel.channel.value < 1)
        return ModelFault{where + "/channel", "a channel number is 1 or more"};
    if (channel.name.empty())
        return ModelFault{where + "/name", "empty"};
    if (channel.kind == ChannelKind::interval) {
        if (channel.step < Seconds{300} || Seconds{86400} % channel.step != Seconds{0})
            return ModelFault{where + "/step_s", "must divide a day and be 300 or more"};
        if (channel.quantity == Quantity::cumulative)
            return ModelFault{where + "/quantity", "an interval is mean_power, energy, volume or other"};
    } else if (channel.quantity != Quantity::cumulative && channel.quantity != Quantity::other) {
        return ModelFault{where + "/quantity", "a reading is cumulative or other"};
    }
    if (channel.quantity == Quantity::volume && channel.unit != Unit::cubic_metre)
        return ModelFault{where + "/unit", "a volume is in m3"};
    if (channel.scaler < -9 || channel.scaler > 9)
        return ModelFault{where + "/scaler", "must lie between -9 and 9"};
    if (channel.digits < 0 || channel.digits > 18)
        return ModelFault{where + "/digits", "must lie between 0 and 18"};
    if (channel.day_start < Seconds{0} || channel.day_start >= Seconds{86400})
        return ModelFault{where + "/day_start_s", "must lie within a day"};
    return words_fault(channel.words, where);
}

Fault channels_fault(const MeterModel& model)
{
    for (std::size_t i = 0; i < model.channels.size(); ++i) {
        const ChannelModel& channel = model.channels[i];
        const std::string where = "/channels/" + std::to_string(i);
        if (auto fault = channel_fault(channel, where))
            return fault;
        for (std::size_t j = 0; j < i; ++j) {
            const ChannelModel& other = model.channels[j];
            if (channel.channel == other.channel)
                return ModelFault{where + "/channel", "the same number as /channels/" + std::to_string(j)};
            if (channel.name == other.name)
                return ModelFault{where + "/name", "the same name as /channels/" + std::to_string(j)};
            if (channel.obis == other.obis)
                return ModelFault{where + "/obis", "the same code as /channels/" + std::to_string(j)};
            if (channel.main && other.main)
                return ModelFault{where + "/main",
                                  "the main channel is already /channels/" + std::to_string(j)};
        }
    }
    return std::nullopt;
}

Fault profile_fault(const PushElement& element, const MeterModel& model, const std::string& where)
{
    std::optional<Seconds> step;
    std::size_t clocks = 0;
    for (std::size_t i = 0; i < element.columns.size(); ++i) {
        const Column& column = element.columns[i];
        const std::string at = where + "/columns/" + std::to_string(i) + "/obis";
        clocks += column.role == Column::Role::clock ? 1 : 0;
        if (column.role != Column::Role::value)
            continue;
        const ChannelModel* channel = model.find(column.obis);
        if (channel == nullptr)
            return ModelFault{at, "no channel has the code " + to_string(column.obis)};
        if (channel->kind != ChannelKind::interval)
            return ModelFault{at, "a profile column is an interval channel"};
        if (step && *step != channel->step)
            return ModelFault{at, "the columns of a profile share one step"};
        step = channel->step;
    }
    if (clocks != 1 || !step)
        return ModelFault{where + "/columns", "a profile has one clock and at least one value"};
    return std::nullopt;
}

Fault layout_fault(const PushLayout& layout, const MeterModel& model, const std::string& where)
{
    if (layout.name.empty())
        return ModelFault{where + "/name", "empty"};
    if (layout.self_describing != layout.elements.empty())
        return ModelFault{where + "/elements", layout.self_describing ? "a self-describing layout has none"
                                                                      : "a layout has at least one"};
    for (std::size_t i = 0; i < layout.elements.size(); ++i) {
        const PushElement& element = layout.elements[i];
        const std::string at = where + "/elements/" + std::to_string(i);
        if (element.role == Role::reading && model.find(element.obis) == nullptr)
            return ModelFault{at + "/obis", "no channel has the code " + to_string(element.obis)};
        if (element.role == Role::profile)
            if (auto fault = profile_fault(element, model, at))
                return fault;
    }
    return std::nullopt;
}

/// Which data an element takes: 0 a text or clock, 1 a number, 2 a list.
int shape_of(Role role)
{
    return role == Role::reading ? 1 : role == Role::profile ? 2 : 0;
}

/// Whether no data can fit both elements.
bool told_apart(const PushElement& a, const PushElement& b)
{
    if (a.role == Role::ignored || b.role == Role::ignored)
        return false;
    if (shape_of(a.role) != shape_of(b.role))
        return true;
    if (a.role == Role::push_setup && b.role == Role::push_setup)
        return a.obis != b.obis;
    if (a.role == Role::profile)
        return a.columns.size() != b.columns.size();
    // A clock has twelve octets and a push setup's name six; a device name may have either.
    return a.role != b.role && a.role != Role::logical_device_name && b.role != Role::logical_device_name;
}

bool could_fit_one_body(const PushLayout& a, const PushLayout& b)
{
    if (a.self_describing || b.self_describing)
        return a.self_describing && b.self_describing;
    if (a.elements.size() != b.elements.size())
        return false;
    for (std::size_t i = 0; i < a.elements.size(); ++i)
        if (told_apart(a.elements[i], b.elements[i]))
            return false;
    return true;
}

Fault layouts_fault(const MeterModel& model)
{
    if (model.layouts.empty())
        return ModelFault{"/layouts", "a model has at least one layout"};
    for (std::size_t i = 0; i < model.layouts.size(); ++i) {
        const std::string where = "/layouts/" + std::to_string(i);
        if (auto fault = layout_fault(model.layouts[i], model, where))
            return fault;
        for (std::size_t j = 0; j < i; ++j) {
            if (model.layouts[i].name == model.layouts[j].name)
                return ModelFault{where + "/name", "the same name as /layouts/" + std::to_string(j)};
            if (could_fit_one_body(model.layouts[i], model.layouts[j]))
                return ModelFault{where, "has the shape of /layouts/" + std::to_string(j) +
                                             "; a push_setup element tells them apart"};
        }
        if (model.layouts[i].self_describing && i + 1 != model.layouts.size())
            return ModelFault{where, "a self-describing layout comes last"};
    }
    return std::nullopt;
}

} // namespace

std::optional<ModelFault> find_fault(const MeterModel& model)
{
    if (model.name.empty())
        return ModelFault{"/model", "empty"};
    const bool wize = model.protocol == "wize", tic = model.protocol == "tic", import = model.protocol == "import";
    if (model.protocol != "dlms" && !wize && !tic && !import)
        return ModelFault{"/protocol", "must be \"dlms\", \"wize\", \"tic\" or \"import\""};
    if (auto fault = words_fault(model.words, ""))
        return fault;
    // What a dongle sends is named by its labels; an opaque message measures nothing that is known.
    if (model.channels.empty() && !tic && !(wize && std::ranges::all_of(model.wize_layouts, &WizeLayout::opaque)))
        return ModelFault{"/channels", "a model has at least one channel"};
    if (auto fault = channels_fault(model))
        return fault;
    if (!(wize || model.wize_layouts.empty()) || (!model.layouts.empty() && (wize || tic || import)))
        return ModelFault{"/layouts", "a layout of another protocol"};
    if (!model.events.empty() && (wize || tic || import))
        return ModelFault{"/events", "of another protocol"};
    if (auto fault = events_fault(model))
        return fault;
    return tic || import ? std::nullopt : wize ? wize_layouts_fault(model) : layouts_fault(model);
}

} // namespace releve
