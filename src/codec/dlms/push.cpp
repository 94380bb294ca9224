#include <releve/codec/dlms/push.hpp>

#include "push_parts.hpp"

#include <algorithm>

namespace releve::dlms {

namespace {

using Role = PushElement::Role;

const char* profile_misfit(const PushElement& element, const Data& data)
{
    if (data.type != DataType::array && data.type != DataType::compact_array)
        return "an array of rows is expected";
    for (const Data& row : data.children)
        if (row.type != DataType::structure || row.children.size() != element.columns.size())
            return "a row has another number of columns";
    return nullptr;
}

/// Why the data is not what the element describes, or nullptr. Only the shape is judged here.
const char* misfit(const PushElement& element, const Data& data)
{
    switch (element.role) {
    case Role::logical_device_name:
        return data.is_text() ? nullptr : "a text is expected";
    case Role::push_setup: {
        const auto expected = to_bytes(element.obis);
        const bool equal = data.type == DataType::octet_string && std::ranges::equal(data.bytes, expected);
        return equal ? nullptr : "another push setup";
    }
    case Role::clock:
        return data.type == DataType::null_data || looks_like_clock(data) ? nullptr : "a clock is expected";
    case Role::reading:
        return data.is_text() || data.is_list() || data.type == DataType::date_time ? "a number is expected"
                                                                                    : nullptr;
    case Role::profile:
        return profile_misfit(element, data);
    case Role::ignored:
        return nullptr;
    }
    return "a role without a rule";
}

/// How far the body goes along with a layout.
struct Fit {
    std::size_t elements = 0;
    std::string reason; // empty: it fits
};

Fit compare(const PushLayout& layout, const Data& body)
{
    if (body.type != DataType::structure)
        return {0, "a structure is expected, not " + std::string{type_name(body.type)}};
    const std::size_t common = std::min(body.children.size(), layout.elements.size());
    for (std::size_t i = 0; i < common; ++i)
        if (const char* reason = misfit(layout.elements[i], body.children[i]))
            return {i, "element " + std::to_string(i + 1) + ": " + reason};
    if (body.children.size() != layout.elements.size())
        return {common, std::to_string(layout.elements.size()) + " elements are expected, not " +
                            std::to_string(body.children.size())};
    return {common, {}};
}

result<void> read_element(const PushElement& element, const Data& data, const MeterModel& model,
                          PushReadings& readings)
{
    switch (element.role) {
    case Role::logical_device_name:
        readings.logical_device_name = printable_text(data);
        break;
    case Role::clock:
        if (data.type != DataType::null_data) {
            RELEVE_TRY(clock, read_clock(data));
            readings.set_clock(clock);
        }
        break;
    case Role::reading: {
        const ChannelModel* channel = model.find(element.obis);
        RELEVE_ASSERT(channel != nullptr); // find_fault() refuses such a model
        return readings.add_value(*channel, data, element.stamp);
    }
    case Role::profile:
        return readings.add_profile(element, data);
    case Role::push_setup:
    case Role::ignored:
        break;
    }
    return {};
}

result<PushContent> read_elements(const PushLayout& layout, const MeterModel& model, const PushBody& push,
                                  const Zone& zone)
{
    PushReadings readings{model, zone, push.sent_at};
    for (std::size_t i = 0; i < layout.elements.size(); ++i) {
        auto read = read_element(layout.elements[i], push.body.children[i], model, readings);
        if (!read)
            return fail(read.error().code, "element " + std::to_string(i + 1) + ": " + read.error().detail);
    }
    return std::move(readings).finish(layout.name);
}

/// A value that its layout does not explain is a push that is not understood, whatever the codec called it.
Error in_layout(const PushLayout& layout, const Error& error)
{
    const errc code = error.code == errc::time_undefined ? errc::time_undefined : errc::undecoded;
    return fail(code, "layout " + layout.name + ": " + error.detail);
}

} // namespace

result<PushContent> decode_push(const MeterModel& model, const PushBody& push, const Zone& zone)
{
    Error closest = fail(errc::undecoded, "the body names no value of this model");
    std::optional<std::size_t> closest_elements;
    for (const PushLayout& layout : model.layouts) {
        if (layout.self_describing) {
            auto content = decode_self_describing(layout, model, push, zone);
            if (!content)
                return in_layout(layout, content.error());
            if (*content)
                return std::move(**content);
            continue;
        }
        const Fit fit = compare(layout, push.body);
        if (fit.reason.empty()) {
            auto content = read_elements(layout, model, push, zone);
            if (!content)
                return in_layout(layout, content.error());
            return content;
        }
        if (!closest_elements || fit.elements > *closest_elements) {
            closest_elements = fit.elements;
            closest = in_layout(layout, fail(errc::undecoded, fit.reason));
        }
    }
    return closest;
}

} // namespace releve::dlms
