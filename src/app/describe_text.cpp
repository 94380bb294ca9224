// Data and APDUs as lines for a meter engineer; part of app/describe.hpp.

#include <releve/app/describe.hpp>

#include <releve/core/quantity.hpp>

#include <algorithm>
#include <cstdio>

namespace releve::app {

using namespace dlms;

namespace {

std::string_view class_name(std::uint16_t id)
{
    switch (id) {
#define RELEVE_COSEM_CLASS(number, name)                                                                     \
    case number: return name;
#include "cosem.def"
    default: return "unknown class";
    }
}

std::string_view access_result_name(std::uint8_t code)
{
    switch (code) {
#define RELEVE_ACCESS_RESULT(number, name)                                                                   \
    case number: return name;
#include "cosem.def"
    default: return "unknown result";
    }
}

std::string_view obis_name(std::string_view code)
{
    struct Row {
        std::string_view code, name;
    };
    static constexpr Row rows[] = {
#define RELEVE_OBIS_NAME(text, name) {text, name},
#include "cosem.def"
    };
    const auto row = std::ranges::find(rows, code, &Row::code);
    return row == std::end(rows) ? std::string_view{} : row->name;
}

std::string named(const Obis& obis)
{
    const std::string code = to_string(obis);
    const std::string_view name = obis_name(code);
    return name.empty() ? code : code + " (" + std::string(name) + ")";
}

std::string named(const Descriptor& descriptor, const char* what)
{
    return "class " + std::to_string(descriptor.class_id) + " (" + std::string(class_name(descriptor.class_id)) + "), " +
           named(descriptor.obis) + ", " + what + " " + std::to_string(descriptor.id);
}

std::string named_result(std::uint8_t code)
{
    return std::to_string(code) + " (" + std::string(access_result_name(code)) + ")";
}

bool printable(ByteView bytes)
{
    return !bytes.empty() && std::ranges::all_of(bytes, [](std::byte b) { return b >= std::byte{0x20} && b < std::byte{0x7f}; });
}

/// Six octets that end in ff, or are a code we know, are an OBIS code; others may be anything.
std::optional<Obis> obis_in(const Data& data)
{
    if (data.type != DataType::octet_string || data.bytes.size() != 6)
        return std::nullopt;
    const Obis obis = *obis_from_bytes(data.bytes);
    if (obis.groups[5] != 0xff && obis_name(to_string(obis)).empty())
        return std::nullopt;
    return obis;
}

struct ScalerUnit {
    int scaler = 0;
    std::string unit;
};

/// structure{integer, enum}
std::optional<ScalerUnit> scaler_unit(const Data& data)
{
    if (data.type != DataType::structure || data.children.size() != 2 || data.children[0].type != DataType::integer ||
        data.children[1].type != DataType::enum_)
        return std::nullopt;
    const auto code = static_cast<std::uint8_t>(data.children[1].number);
    const auto unit = unit_from_code(code);
    return ScalerUnit{static_cast<int>(data.children[0].number),
                      unit ? std::string(unit_symbol(*unit)) : "unit " + std::to_string(code)};
}

std::string octets_text(const Data& data)
{
    if (const auto obis = obis_in(data))
        return to_hex(data.bytes) + "  OBIS " + named(*obis);
    if (data.bytes.size() == 12)
        if (const auto date_time = decode_date_time(data.bytes))
            return to_hex(data.bytes) + "  " + to_iso8601(*date_time);
    std::string text = data.bytes.empty() ? "(empty)" : to_hex(data.bytes);
    if (printable(data.bytes))
        text += "  \"" + std::string(as_text(data.bytes)) + "\"";
    return text;
}

std::string value_text(const Data& data)
{
    switch (data.type) {
    case DataType::null_data:
    case DataType::dont_care: return {};
    case DataType::boolean: return data.number != 0 ? "true" : "false";
    case DataType::long64_unsigned: return std::to_string(data.unsigned_number);
    case DataType::float32:
    case DataType::float64: {
        char text[40];
        std::snprintf(text, sizeof text, "%.9g", data.real);
        return text;
    }
    case DataType::visible_string:
    case DataType::utf8_string:
        return printable(data.bytes) ? "\"" + std::string(as_text(data.bytes)) + "\"" : octets_text(data);
    case DataType::bit_string: return std::to_string(data.bit_count) + " bits " + to_hex(data.bytes);
    case DataType::octet_string:
    case DataType::bcd:
    case DataType::date_time:
    case DataType::date:
    case DataType::time: return octets_text(data);
    default: return std::to_string(data.number);
    }
}

std::string indent(unsigned depth)
{
    return std::string(2 * std::size_t{depth}, ' ');
}

void describe_list(std::vector<std::string>& lines, const Data& list, unsigned depth)
{
    const auto& children = list.children;
    for (std::size_t i = 0; i < children.size(); ++i) {
        const auto scaled = i + 1 < children.size() ? scaler_unit(children[i + 1]) : std::nullopt;
        if (scaled && children[i].is_integer()) {
            lines.push_back(indent(depth) + std::string(type_name(children[i].type)) + " " + value_text(children[i]) +
                            "  = " + scaled_text(children[i].number, scaled->scaler) + " " + scaled->unit);
        } else {
            describe(lines, children[i], depth);
        }
    }
}

void describe_block(std::vector<std::string>& lines, const DataBlock& block, bool whole)
{
    lines.push_back("block            " + std::to_string(block.number) + (whole && block.last ? ", the last" : ""));
    if (block.raw)
        lines.push_back("raw data         " + std::to_string(block.raw->size()) + " bytes " + to_hex(*block.raw));
    else if (whole)
        lines.push_back("result           " + named_result(block.access_result));
}

struct Describer {
    std::vector<std::string>& lines;

    void line(std::string name, const std::string& text) const
    {
        name.resize(std::max<std::size_t>(name.size() + 1, 17), ' ');
        lines.push_back(name + text);
    }
    void data(const std::string& name, const Data& value) const
    {
        lines.push_back(name);
        describe(lines, value, 1);
    }
    void value(const DataOrResult& value) const
    {
        if (value.data)
            data("data", *value.data);
        else
            line("result", named_result(value.access_result));
    }
    void invoke_id(InvokeId id) const
    {
        line("invoke id", std::to_string(id.id()) + (id.confirmed() ? ", confirmed" : ", unconfirmed") +
                              (id.high_priority() ? ", high priority" : ""));
    }
    void long_invoke_id(LongInvokeId id) const
    {
        line("invoke id", std::to_string(id.id()) + (id.confirmed() ? ", a confirmation is asked for" : ", unconfirmed"));
    }
    void date_time(ByteView octets) const
    {
        if (octets.empty())
            return line("date-time", "none");
        const auto decoded = decode_date_time(octets);
        line("date-time", to_hex(octets) + "  " + (decoded ? to_iso8601(*decoded) : to_string(decoded.error())));
    }

    void operator()(const DataNotification& apdu) const
    {
        long_invoke_id(apdu.invoke_id);
        date_time(apdu.date_time_octets);
        data("body", apdu.body);
    }
    void operator()(const DataNotificationConfirm& apdu) const
    {
        long_invoke_id(apdu.invoke_id);
        date_time(apdu.date_time_octets);
    }
    void operator()(const EventNotification& apdu) const
    {
        line("time", apdu.date_time ? to_iso8601(*apdu.date_time) : "none");
        line("attribute", named({apdu.class_id, apdu.obis, apdu.attribute}, "attribute"));
        data("value", apdu.value);
    }
    void operator()(const ServiceRequest& apdu) const
    {
        const bool action = apdu.tag == 0xc3;
        line("form", form_name(apdu.tag, apdu.form));
        invoke_id(apdu.invoke_id);
        for (const SelectedAttribute& target : apdu.targets) {
            line(action ? "method" : "attribute", named(target.attribute, action ? "method" : "attribute"));
            if (target.access)
                data("selective access " + std::to_string(target.access->selector), target.access->parameters);
        }
        for (const Data& value : apdu.values)
            data(action ? "parameter" : "data", value);
        if (apdu.block)
            describe_block(lines, *apdu.block, apdu.form != Form::next);
    }
    void operator()(const ServiceResponse& apdu) const
    {
        line("form", form_name(apdu.tag, apdu.form));
        invoke_id(apdu.invoke_id);
        for (const DataOrResult& one : apdu.values)
            value(one);
        for (const std::uint8_t result : apdu.results)
            line("result", named_result(result));
        for (const ActionResult& action : apdu.actions) {
            line("result", named_result(action.result));
            if (action.return_value)
                value(*action.return_value);
        }
        if (apdu.block)
            describe_block(lines, *apdu.block, apdu.form == Form::with_datablock);
    }
    void operator()(const InitiateRequest& apdu) const
    {
        line("dedicated key", apdu.dedicated_key.empty() ? "none" : "present (not shown)");
        line("DLMS version", std::to_string(apdu.dlms_version));
        conformance(apdu.conformance);
        line("max PDU", std::to_string(apdu.max_receive_pdu_bytes) + " bytes");
    }
    void operator()(const InitiateResponse& apdu) const
    {
        line("DLMS version", std::to_string(apdu.dlms_version));
        conformance(apdu.conformance);
        line("max PDU", std::to_string(apdu.max_receive_pdu_bytes) + " bytes");
        line("VAA name", std::to_string(apdu.vaa_name));
    }
    void conformance(std::uint32_t bits) const
    {
        static constexpr std::pair<unsigned, std::string_view> services[] = {
            {1, "general-protection"}, {2, "general-block-transfer"}, {8, "attribute0-set"}, {9, "priority"},
            {10, "attribute0-get"}, {11, "block-get"}, {12, "block-set"}, {13, "block-action"},
            {14, "multiple-references"}, {16, "data-notification"}, {17, "access"}, {19, "get"}, {20, "set"},
            {21, "selective-access"}, {22, "event-notification"}, {23, "action"}};
        std::string text;
        for (const auto& [bit, name] : services)
            if ((bits & (0x80'0000U >> bit)) != 0)
                text += (text.empty() ? "" : ", ") + std::string(name);
        line("conformance", text);
    }
    void operator()(const ConfirmedServiceError& apdu) const
    {
        line("error", "service " + std::to_string(apdu.service) + ", type " + std::to_string(apdu.error_type) + ", " +
                          std::to_string(apdu.error));
    }
    void operator()(const ExceptionResponse& apdu) const
    {
        static constexpr std::string_view states[] = {"service not allowed", "service unknown"};
        static constexpr std::string_view services[] = {"operation not possible", "service not supported",
                                                        "other reason", "PDU too long", "deciphering error",
                                                        "invocation counter error"};
        const auto name = [](auto& table, std::uint8_t code) {
            return std::to_string(code) +
                   (code >= 1 && code <= std::size(table) ? " (" + std::string(table[code - 1]) + ")" : "");
        };
        line("state", name(states, apdu.state));
        line("service", name(services, apdu.service));
        if (apdu.expected_counter)
            line("expected counter", std::to_string(*apdu.expected_counter));
    }
    void operator()(const Association& apdu) const
    {
        const auto number = [&](const char* name, const auto& value) {
            if (value)
                line(name, std::to_string(*value));
        };
        number("context", apdu.application_context);
        number("mechanism", apdu.mechanism);
        number("result", apdu.result);
        number("reason", apdu.reason);
        if (apdu.diagnostic)
            line("diagnostic", std::to_string(apdu.diagnostic->value) +
                                   (apdu.diagnostic->from_provider ? " (service provider)" : " (service user)"));
        if (apdu.system_title)
            line("system title", to_hex(*apdu.system_title));
        if (apdu.authentication_value) // a challenge, or with mechanism 1 a password
            line("authentication", std::to_string(apdu.authentication_value->size()) + " bytes");
        if (apdu.user_information)
            line("user information", std::to_string(apdu.user_information->size()) + " bytes");
    }
    void operator()(const Ciphered& apdu) const
    {
        if (apdu.system_title) {
            const ByteView letters = ByteView{*apdu.system_title}.first(3);
            line("system title",
                 to_hex(*apdu.system_title) + (printable(letters) ? "  manufacturer " + std::string(as_text(letters)) : ""));
        }
        line("security control", describe_security_control(apdu.security_control));
        line("counter", std::to_string(apdu.invocation_counter));
        const bool tagged = (apdu.security_control & sc::authentication) != 0 && apdu.payload.size() >= 12;
        const std::size_t text = apdu.payload.size() - (tagged ? 12 : 0);
        const char* kind = (apdu.security_control & sc::encryption) != 0 ? " bytes enciphered" : " bytes in clear";
        line("content", std::to_string(text) + kind + (tagged ? ", tag " + to_hex(ByteView{apdu.payload}.last(12)) : ""));
    }
    void operator()(const GeneralBlock& apdu) const
    {
        line("block", std::to_string(apdu.number) + ((apdu.control & 0x80) != 0 ? ", the last" : "") + ", window " +
                          std::to_string(apdu.control & 0x3f));
        line("content", std::to_string(apdu.content.size()) + " bytes");
    }
};

} // namespace

std::string scaled_text(std::int64_t value, int scaler)
{
    std::string digits = std::to_string(value);
    const bool negative = digits.front() == '-';
    if (negative)
        digits.erase(0, 1);
    if (scaler > 0 && value != 0)
        digits.append(static_cast<std::size_t>(scaler), '0');
    if (scaler < 0) {
        const auto decimals = static_cast<std::size_t>(-scaler);
        if (digits.size() <= decimals)
            digits.insert(0, decimals + 1 - digits.size(), '0');
        digits.insert(digits.size() - decimals, ".");
    }
    return (negative ? "-" : "") + digits;
}

std::string describe_security_control(std::uint8_t control)
{
    std::string text = to_hex(std::array{std::byte{control}}) + ": ";
    text += (control & sc::authentication) != 0 ? "authenticated" : "not authenticated";
    text += (control & sc::encryption) != 0 ? ", encrypted" : ", not encrypted";
    text += (control & sc::broadcast) != 0 ? ", broadcast key" : ", unicast key";
    if ((control & sc::compression) != 0)
        text += ", compressed";
    return text + ", suite " + std::to_string(control & sc::suite_mask);
}

void describe(std::vector<std::string>& lines, const Data& data, unsigned depth)
{
    const std::string name = indent(depth) + std::string(type_name(data.type));
    if (const auto unit = scaler_unit(data)) {
        lines.push_back(name + "  scaler 10^" + std::to_string(unit->scaler) + ", unit " + unit->unit);
    } else if (data.is_list()) {
        lines.push_back(name + " of " + std::to_string(data.children.size()));
        describe_list(lines, data, depth + 1);
    } else {
        const std::string value = value_text(data);
        lines.push_back(value.empty() ? name : name + " " + value);
    }
}

void describe(std::vector<std::string>& lines, const AnyApdu& apdu)
{
    std::visit(Describer{lines}, apdu);
}

} // namespace releve::app
