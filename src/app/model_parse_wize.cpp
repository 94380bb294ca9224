// The members of a model file that only the protocol wize has. docs/WIZE.md describes them for people.

#include "model_parse.hpp"

#include <algorithm>
#include <limits>

namespace releve::app::models {

namespace {

using Role = WizeField::Role;

constexpr Row<Role> roles[] = {{"constant", Role::constant}, {"clock", Role::clock},
                               {"reading", Role::reading},   {"deltas", Role::deltas},
                               {"alarms", Role::alarms},     {"ignored", Role::ignored}};
constexpr Row<ClockBase> clock_bases[] = {{"unix", ClockBase::unix_epoch}, {"2013", ClockBase::wize_epoch}};
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

std::uint64_t natural(const JsonNode& node)
{
    return static_cast<std::uint64_t>(node.integer(0, highest));
}

WizeField read_field(const JsonNode& node)
{
    WizeField out;
    out.role = one_of(node.at("role"), roles);
    out.bytes = static_cast<std::size_t>(node.at("bytes").integer(1, 229));
    switch (out.role) {
    case Role::constant:
        node.only({"role", "bytes", "equals"});
        out.equals = natural(node.at("equals"));
        break;
    case Role::reading:
    case Role::deltas:
        node.only({"role", "bytes", "obis", "missing"});
        out.obis = read_obis(node.at("obis"));
        if (node.has("missing"))
            out.missing = natural(node.at("missing"));
        break;
    case Role::alarms:
        node.only({"role", "bytes", "alarms"});
        for (const JsonNode& alarm : node.at("alarms").items())
            out.alarms.push_back(read_alarm(alarm, "bit", 63));
        break;
    case Role::clock:
    case Role::ignored:
        node.only({"role", "bytes"});
        break;
    }
    return out;
}

} // namespace

WizeLayout read_wize_layout(const JsonNode& node)
{
    node.only({"name", "app", "length", "opaque", "fields"});
    WizeLayout out;
    out.name = node.at("name").text();
    out.app = static_cast<std::uint8_t>(node.at("app").integer(0, 255));
    if (node.has("length"))
        out.length = static_cast<std::size_t>(node.at("length").integer(1, 229));
    out.opaque = node.has("opaque") && node.at("opaque").boolean();
    if (node.has("fields"))
        for (const JsonNode& field : node.at("fields").items())
            out.fields.push_back(read_field(field));
    return out;
}

WizeOptions read_wize_options(const JsonNode& node)
{
    node.only({"clock_base", "clock_alarm_s", "receive_delay_s", "old_ci"});
    WizeOptions out;
    if (node.has("clock_base"))
        out.clock_base = one_of(node.at("clock_base"), clock_bases);
    if (node.has("clock_alarm_s"))
        out.clock_alarm =
            Seconds{node.at("clock_alarm_s").integer(1, 32'767)}; // half of what the stamp tells
    if (node.has("receive_delay_s"))
        out.receive_delay = Seconds{node.at("receive_delay_s").integer(0, 255)};
    if (node.has("old_ci"))
        out.old_ci = node.at("old_ci").boolean();
    return out;
}

std::vector<AlarmReading> read_alarms(const JsonNode& node)
{
    std::vector<AlarmReading> out;
    for (const JsonNode& alarm : node.items()) {
        alarm.only({"name", "at"});
        out.push_back({alarm.at("name").text(), taken(alarm.at("at"), parse_instant(alarm.at("at").text()))});
    }
    std::ranges::sort(out, {}, [](const AlarmReading& a) {
        return std::pair{std::string_view{a.name}, a.at};
    });
    return out;
}

} // namespace releve::app::models
