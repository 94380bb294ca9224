// The JSON shapes of app/describe.hpp; the field names are those of the vector files.

#include <releve/app/describe.hpp>

#include <algorithm>
#include <array>

namespace releve::app {

using nlohmann::json;
using namespace dlms;

namespace {

std::string hex_octet(std::uint8_t octet)
{
    return to_hex(std::array{std::byte{octet}});
}

bool is_ascii(ByteView bytes)
{
    return std::ranges::all_of(bytes, [](std::byte b) { return b < std::byte{0x80}; });
}

std::string bits(const Data& data)
{
    std::string text;
    for (std::size_t i = 0; i < data.bit_count; ++i)
        text.push_back((data.bytes[i / 8] & std::byte{0x80} >> (i % 8)) != std::byte{} ? '1' : '0');
    return text;
}

json list_of(const auto& values, auto shape)
{
    json list = json::array();
    for (const auto& value : values)
        list.push_back(shape(value));
    return list;
}

json shape(const Descriptor& descriptor)
{
    return {{"class_id", descriptor.class_id}, {"obis", to_string(descriptor.obis)}, {"id", descriptor.id}};
}

json shape(const std::optional<AccessSelection>& access)
{
    if (!access)
        return nullptr;
    return {{"selector", access->selector}, {"parameters", to_json(access->parameters)}};
}

json shape(const DataOrResult& value)
{
    if (value.data)
        return {{"data", to_json(*value.data)}};
    return {{"data_access_result", value.access_result}};
}

json shape(const ActionResult& action)
{
    return {{"result", action.result}, {"return", action.return_value ? shape(*action.return_value) : json{}}};
}

template <class T>
json or_null(const std::optional<T>& value)
{
    return value ? json(*value) : json{};
}

void add_invoke_id(json& to, InvokeId id)
{
    to["invoke_id"] = id.id();
    to["confirmed"] = id.confirmed();
    to["high_priority"] = id.high_priority();
}

void add_long_invoke_id(json& to, LongInvokeId id)
{
    to["long_invoke_id"] = id.id();
    std::array<std::byte, 4> octets{};
    for (unsigned i = 0; i < octets.size(); ++i)
        octets[i] = static_cast<std::byte>(id.raw >> (24 - 8 * i));
    to["long_invoke_id_and_priority"] = to_hex(octets);
}

void add_block(json& to, const DataBlock& block, bool whole)
{
    to["block_number"] = block.number;
    if (!whole)
        return;
    to["last_block"] = block.last;
    if (block.raw)
        to["raw_data"] = to_hex(*block.raw);
    else
        to["data_access_result"] = block.access_result;
}

std::string conformance(std::uint32_t value)
{
    return hex_octet(static_cast<std::uint8_t>(value >> 16)) + hex_octet(static_cast<std::uint8_t>(value >> 8)) +
           hex_octet(static_cast<std::uint8_t>(value));
}

struct Shaper {
    json operator()(const DataNotification& apdu) const
    {
        json out{{"tag", 0x0f}, {"apdu", "data-notification"}};
        add_long_invoke_id(out, apdu.invoke_id);
        out["date_time"] = to_hex(apdu.date_time_octets);
        out["body"] = to_json(apdu.body);
        return out;
    }

    json operator()(const DataNotificationConfirm& apdu) const
    {
        json out{{"tag", 0x10}, {"apdu", "data-notification-confirm"}};
        add_long_invoke_id(out, apdu.invoke_id);
        out["date_time"] = to_hex(apdu.date_time_octets);
        return out;
    }

    json operator()(const EventNotification& apdu) const
    {
        return {{"tag", 0xc2},
                {"apdu", "event-notification"},
                {"time", apdu.date_time ? json(to_hex(encode_date_time(*apdu.date_time))) : json{}},
                {"attribute", shape(Descriptor{apdu.class_id, apdu.obis, apdu.attribute})},
                {"value", to_json(apdu.value)}};
    }

    json operator()(const ServiceRequest& apdu) const
    {
        json out{{"tag", apdu.tag}, {"apdu", form_name(apdu.tag, apdu.form)}};
        add_invoke_id(out, apdu.invoke_id);
        const bool action = apdu.tag == 0xc3;
        const char* name = action ? "method" : "attribute";
        const auto target = [&](const SelectedAttribute& selected) {
            json one{{name, shape(selected.attribute)}};
            if (!action)
                one["access_selection"] = shape(selected.access);
            return one;
        };
        const bool many = apdu.form == Form::with_list || apdu.form == Form::with_list_and_first_datablock;
        if (many)
            out["list"] = list_of(apdu.targets, target);
        else if (!apdu.targets.empty())
            out.update(target(apdu.targets.front()));
        if (many && !apdu.values.empty())
            out["data"] = list_of(apdu.values, [](const Data& data) { return to_json(data); });
        else if (!apdu.values.empty())
            out["data"] = to_json(apdu.values.front());
        else if (action && apdu.form == Form::normal)
            out["data"] = nullptr;
        if (apdu.block)
            add_block(out, *apdu.block, apdu.form != Form::next);
        return out;
    }

    json operator()(const ServiceResponse& apdu) const
    {
        json out{{"tag", apdu.tag}, {"apdu", form_name(apdu.tag, apdu.form)}};
        add_invoke_id(out, apdu.invoke_id);
        if (apdu.form == Form::with_list) {
            out["results"] = apdu.tag == 0xc4   ? list_of(apdu.values, [](const auto& v) { return shape(v); })
                             : apdu.tag == 0xc7 ? list_of(apdu.actions, [](const auto& v) { return shape(v); })
                                                : json(apdu.results);
        } else if (!apdu.values.empty()) {
            out["result"] = shape(apdu.values.front());
        } else if (!apdu.actions.empty()) {
            out.update(shape(apdu.actions.front()));
        } else if (apdu.form == Form::last_datablock_with_list) {
            out["results"] = apdu.results;
        } else if (!apdu.results.empty()) {
            out["result"] = apdu.results.front();
        }
        if (apdu.block)
            add_block(out, *apdu.block, apdu.form == Form::with_datablock);
        return out;
    }

    json operator()(const InitiateRequest& apdu) const
    {
        return {{"tag", 1},
                {"apdu", "initiate-request"},
                {"dedicated_key", apdu.dedicated_key.empty() ? json{} : json(to_hex(apdu.dedicated_key))},
                {"response_allowed", apdu.response_allowed},
                {"quality_of_service", or_null(apdu.quality_of_service)},
                {"dlms_version", apdu.dlms_version},
                {"conformance", conformance(apdu.conformance)},
                {"client_max_receive_pdu_size", apdu.max_receive_pdu_bytes}};
    }

    json operator()(const InitiateResponse& apdu) const
    {
        return {{"tag", 8},
                {"apdu", "initiate-response"},
                {"quality_of_service", or_null(apdu.quality_of_service)},
                {"dlms_version", apdu.dlms_version},
                {"conformance", conformance(apdu.conformance)},
                {"server_max_receive_pdu_size", apdu.max_receive_pdu_bytes},
                {"vaa_name", hex_octet(static_cast<std::uint8_t>(apdu.vaa_name >> 8)) +
                                 hex_octet(static_cast<std::uint8_t>(apdu.vaa_name))}};
    }

    json operator()(const ConfirmedServiceError& apdu) const
    {
        return {{"tag", 0x0e},
                {"apdu", "confirmed-service-error"},
                {"service", apdu.service},
                {"error_type", apdu.error_type},
                {"error", apdu.error}};
    }

    json operator()(const ExceptionResponse& apdu) const
    {
        json out{{"tag", 0xd8},
                 {"apdu", "exception-response"},
                 {"state_error", apdu.state},
                 {"service_error", apdu.service}};
        if (apdu.expected_counter)
            out["invocation_counter"] = *apdu.expected_counter;
        return out;
    }

    json operator()(const Association& apdu) const
    {
        json out{{"tag", apdu.tag}, {"apdu", apdu_name(apdu.tag)}, {"fields", json::object()}};
        for (const auto& field : apdu.fields)
            out["fields"][hex_octet(field.tag)] = to_hex(field.content);
        const auto add = [&](const char* name, const auto& value) {
            if (value)
                out[name] = *value;
        };
        const auto add_hex = [&](const char* name, const auto& value) {
            if (value)
                out[name] = to_hex(*value);
        };
        add("application_context", apdu.application_context);
        add("mechanism", apdu.mechanism);
        add("result", apdu.result);
        add("reason", apdu.reason);
        if (apdu.diagnostic) {
            out["diagnostic_source"] = apdu.diagnostic->from_provider ? "acse-service-provider" : "acse-service-user";
            out["diagnostic"] = apdu.diagnostic->value;
        }
        add_hex(apdu.tag == 0x60 ? "client_system_title" : "server_system_title", apdu.system_title);
        add_hex("authentication_value", apdu.authentication_value);
        add_hex("user_information", apdu.user_information);
        return out;
    }

    json operator()(const Ciphered& apdu) const
    {
        const bool general = apdu.tag >= 0xdb;
        json out{{"tag", apdu.tag},
                 {"apdu", general ? apdu_name(apdu.tag) : "ciphered-apdu"},
                 {"security_control", hex_octet(apdu.security_control)},
                 {"invocation_counter", apdu.invocation_counter},
                 {"protected", to_hex(apdu.payload)}};
        if (apdu.system_title)
            out["system_title"] = to_hex(*apdu.system_title);
        return out;
    }

    json operator()(const GeneralBlock& apdu) const
    {
        return {{"tag", 0xe0},
                {"apdu", "general-block-transfer"},
                {"last_block", (apdu.control & 0x80) != 0},
                {"streaming", (apdu.control & 0x40) != 0},
                {"window", apdu.control & 0x3f},
                {"block_number", apdu.number},
                {"block_number_ack", apdu.acknowledged},
                {"raw_data", to_hex(apdu.content)}};
    }
};

} // namespace

json to_json(const Data& data)
{
    json out{{"t", type_name(data.type)}};
    switch (data.type) {
    case DataType::null_data:
    case DataType::dont_care: break;
    case DataType::array:
    case DataType::structure:
    case DataType::compact_array:
        out["v"] = list_of(data.children, [](const Data& child) { return to_json(child); });
        break;
    case DataType::boolean: out["v"] = data.number != 0; break;
    case DataType::long64_unsigned: out["v"] = data.unsigned_number; break;
    case DataType::float32:
    case DataType::float64: out["v"] = data.real; break;
    case DataType::bit_string: out["v"] = bits(data); break;
    case DataType::visible_string:
    case DataType::utf8_string:
        // JSON holds text only; what is none is shown as what it is.
        if (is_ascii(data.bytes))
            out["v"] = as_text(data.bytes);
        else
            out["hex"] = to_hex(data.bytes);
        break;
    case DataType::octet_string:
    case DataType::bcd:
    case DataType::date_time:
    case DataType::date:
    case DataType::time: out["v"] = to_hex(data.bytes); break;
    default: out["v"] = data.number;
    }
    return out;
}

json to_json(const AnyApdu& apdu)
{
    return std::visit(Shaper{}, apdu);
}

} // namespace releve::app
