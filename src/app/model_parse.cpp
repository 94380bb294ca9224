// The text of a model file as a value. docs/METER-MODELS.md describes the format for people.

#include <releve/app/model_files.hpp>

#include "model_parse.hpp"

#include <algorithm>
#include <limits>

namespace releve::app {

namespace models {

Obis read_obis(const JsonNode& node)
{
    return taken(node, parse_obis(node.text()));
}

OwnWords read_words(const JsonNode& node)
{
    for (const char* key : {"label", "plain"})
        node.at(key).only({"en", "fr"});
    return {node.at("label").at("en").text(), node.at("label").at("fr").text(),
            node.at("plain").at("en").text(), node.at("plain").at("fr").text()};
}

AlarmModel read_alarm(const JsonNode& node, std::string_view number, std::int64_t highest)
{
    node.only({number, "name", "label", "plain"});
    return {static_cast<int>(node.at(number).integer(0, highest)), node.at("name").text(), read_words(node)};
}

} // namespace models

namespace {

using namespace models;
using Role = PushElement::Role;
using Column = PushElement::Column;

constexpr Row<ChannelKind> kinds[] = {{"interval", ChannelKind::interval}, {"reading", ChannelKind::reading}};
constexpr Row<Quantity> quantities[] = {{"mean_power", Quantity::mean_power},
                                        {"energy", Quantity::energy},
                                        {"volume", Quantity::volume},
                                        {"cumulative", Quantity::cumulative},
                                        {"other", Quantity::other}};
constexpr Row<Stamp> stamps[] = {{"start", Stamp::start}, {"end", Stamp::end}};
constexpr Row<Role> roles[] = {{"logical_device_name", Role::logical_device_name},
                               {"push_setup", Role::push_setup},
                               {"clock", Role::clock},
                               {"reading", Role::reading},
                               {"profile", Role::profile},
                               {"ignored", Role::ignored}};
constexpr Row<Column::Role> column_roles[] = {{"clock", Column::Role::clock},
                                              {"status", Column::Role::status},
                                              {"value", Column::Role::value},
                                              {"ignored", Column::Role::ignored}};
constexpr Row<Quality> qualities[] = {{"raw", Quality::raw}, {"questionable", Quality::questionable}};
constexpr std::int64_t event_value_max = std::numeric_limits<std::int32_t>::max();
constexpr Row<errc> refusals[] = {{"undecoded", errc::undecoded}, {"time_undefined", errc::time_undefined}};

ChannelModel read_channel(const JsonNode& node)
{
    node.only({"channel", "name", "obis", "kind", "quantity", "unit", "scaler", "step_s", "digits",
               "day_start_s", "main", "label", "plain"});
    ChannelModel out;
    out.channel = {
        static_cast<std::int16_t>(node.at("channel").integer(1, std::numeric_limits<std::int16_t>::max()))};
    out.name = node.at("name").text();
    out.obis = read_obis(node.at("obis"));
    out.kind = one_of(node.at("kind"), kinds);
    out.quantity = one_of(node.at("quantity"), quantities);
    const JsonNode unit = node.at("unit");
    if (const auto known = unit_from_symbol(unit.text()))
        out.unit = *known;
    else
        unit.fail("no unit has this symbol");
    out.scaler = node.has("scaler") ? static_cast<int>(node.at("scaler").integer(-9, 9)) : 0;
    if (out.kind == ChannelKind::interval)
        out.step = Seconds{node.at("step_s").integer(1, 86400)};
    else if (node.has("step_s"))
        node.at("step_s").fail("only an interval has a step");
    if (out.kind == ChannelKind::interval && node.has("digits"))
        node.at("digits").fail("only a reading rolls over");
    out.digits = node.has("digits") ? static_cast<int>(node.at("digits").integer(0, 18)) : 0;
    out.day_start = Seconds{node.has("day_start_s") ? node.at("day_start_s").integer(0, 86399) : 0};
    out.main = node.has("main") && node.at("main").boolean();
    out.words = read_words(node);
    return out;
}

Column read_column(const JsonNode& node)
{
    Column out;
    out.role = one_of(node.at("role"), column_roles);
    if (out.role == Column::Role::value) {
        node.only({"role", "obis"});
        out.obis = read_obis(node.at("obis"));
    } else {
        node.only({"role"});
    }
    return out;
}

PushElement read_element(const JsonNode& node)
{
    PushElement out;
    out.role = one_of(node.at("role"), roles);
    switch (out.role) {
    case Role::push_setup:
        node.only({"role", "obis"});
        out.obis = read_obis(node.at("obis"));
        break;
    case Role::reading:
        node.only({"role", "obis", "stamp"});
        out.obis = read_obis(node.at("obis"));
        break;
    case Role::profile:
        node.only({"role", "columns", "stamp"});
        for (const JsonNode& column : node.at("columns").items())
            out.columns.push_back(read_column(column));
        break;
    case Role::logical_device_name:
    case Role::clock:
    case Role::ignored:
        node.only({"role"});
        break;
    }
    if (node.has("stamp"))
        out.stamp = one_of(node.at("stamp"), stamps);
    return out;
}

PushLayout read_layout(const JsonNode& node)
{
    node.only({"name", "self_describing", "elements"});
    PushLayout out;
    out.name = node.at("name").text();
    out.self_describing = node.has("self_describing") && node.at("self_describing").boolean();
    if (node.has("elements"))
        for (const JsonNode& element : node.at("elements").items())
            out.elements.push_back(read_element(element));
    return out;
}

/// `bits` or `values`, whichever is there.
EventModel read_event(const JsonNode& node)
{
    node.only({"name", "obis", "attribute", "bits", "values"});
    EventModel out;
    out.name = node.at("name").text();
    out.obis = read_obis(node.at("obis"));
    out.attribute = node.has("attribute") ? static_cast<int>(node.at("attribute").integer(-128, 127)) : 2;
    const bool bits = !node.has("values");
    if (!bits && node.has("bits"))
        node.at("values").fail("an event has bits or values, not both");
    out.form = bits ? EventModel::Form::bits : EventModel::Form::values;
    for (const JsonNode& alarm : node.at(bits ? "bits" : "values").items())
        out.alarms.push_back(bits ? read_alarm(alarm, "bit", 63) : read_alarm(alarm, "value", event_value_max));
    return out;
}

Quirks read_quirks(const JsonNode& node)
{
    node.only({"undefined_deviation_is_local", "doubtful_clock_mask"});
    Quirks out;
    if (node.has("undefined_deviation_is_local"))
        out.undefined_deviation_is_local = node.at("undefined_deviation_is_local").boolean();
    if (node.has("doubtful_clock_mask"))
        out.doubtful_clock_mask = static_cast<std::uint8_t>(node.at("doubtful_clock_mask").integer(0, 255));
    return out;
}

/// The channel that a test case names, which must be of the kind.
const ChannelModel* named_channel(const JsonNode& node, const MeterModel& model, ChannelKind kind)
{
    const ChannelModel* channel = model.find_by_name(node.text());
    if (channel == nullptr || channel->kind != kind) {
        node.fail(kind == ChannelKind::interval ? "no interval channel has this name"
                                                : "no reading has this name");
        return nullptr;
    }
    return channel;
}

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

Quality read_quality(const JsonNode& node)
{
    return node.has("quality") ? one_of(node.at("quality"), qualities) : Quality::raw;
}

/// A run of slots from `start` on; null where a slot is absent.
void read_intervals(const JsonNode& node, const MeterModel& model, std::vector<IntervalReading>& out)
{
    node.only({"channel", "start", "values", "quality"});
    const ChannelModel* channel = named_channel(node.at("channel"), model, ChannelKind::interval);
    Instant start = taken(node.at("start"), parse_instant(node.at("start").text()));
    if (channel == nullptr)
        return;
    for (const JsonNode& value : node.at("values").items()) {
        if (!value.is_null())
            out.push_back({channel->channel, start, value.integer(lowest, highest), read_quality(node)});
        start += channel->step;
    }
}

void read_register(const JsonNode& node, const MeterModel& model, std::vector<RegisterReading>& out)
{
    node.only({"channel", "at", "value", "quality"});
    const ChannelModel* channel = named_channel(node.at("channel"), model, ChannelKind::reading);
    const Instant at = taken(node.at("at"), parse_instant(node.at("at").text()));
    const std::int64_t value = node.at("value").integer(lowest, highest);
    if (channel != nullptr)
        out.push_back({channel->channel, at, value, read_quality(node)});
}

PushContent read_expected(const JsonNode& node, const MeterModel& model)
{
    if (model.protocol == "wize")
        node.only({"layout", "intervals", "registers", "alarms", "opaque", "ignored"});
    else
        node.only({"layout", "logical_device_name", "intervals", "registers", "alarms", "ignored"});
    PushContent out;
    out.layout = node.at("layout").text();
    if (node.has("alarms"))
        out.alarms = read_alarms(node.at("alarms"));
    out.opaque = node.has("opaque") && node.at("opaque").boolean();
    if (node.has("logical_device_name"))
        out.logical_device_name = node.at("logical_device_name").text();
    if (node.has("intervals"))
        for (const JsonNode& run : node.at("intervals").items())
            read_intervals(run, model, out.intervals);
    if (node.has("registers"))
        for (const JsonNode& reading : node.at("registers").items())
            read_register(reading, model, out.registers);
    if (node.has("ignored"))
        out.ignored = static_cast<std::size_t>(node.at("ignored").integer(0, 65'536));
    std::ranges::sort(out.intervals, {}, [](const IntervalReading& r) {
        return std::pair{r.channel, r.start};
    });
    std::ranges::sort(out.registers, {}, [](const RegisterReading& r) { return std::pair{r.channel, r.at}; });
    return out;
}

/// One text, or a list of lines.
Bytes read_hex(const JsonNode& node)
{
    std::string hex;
    if (node.is_array())
        for (const JsonNode& line : node.items())
            hex += line.text();
    else
        hex = node.text();
    return taken(node, from_hex(hex));
}

ModelTestCase read_case(const JsonNode& node, const MeterModel& model)
{
    ModelTestCase out;
    if (model.protocol == "wize") {
        node.only({"name", "origin", "app", "l7", "expect", "refused"});
        out.app = static_cast<std::uint8_t>(node.at("app").integer(0, 255));
        out.message = read_hex(node.at("l7"));
    } else {
        node.only({"name", "origin", "apdu", "expect", "refused"});
        out.message = read_hex(node.at("apdu"));
    }
    out.name = node.at("name").text();
    out.refused = node.has("refused");
    if (out.refused)
        out.reason = one_of(node.at("refused"), refusals);
    if (out.refused && node.has("expect"))
        node.at("expect").fail("a refused case expects nothing");
    if (!out.refused)
        out.expected = read_expected(node.at("expect"), model);
    return out;
}

MeterModel read_model(const JsonNode& root)
{
    root.only({"model", "protocol", "label", "plain", "quirks", "wize", "channels", "layouts", "events", "tests"});
    MeterModel out;
    out.name = root.at("model").text();
    out.protocol = root.at("protocol").text();
    out.words = read_words(root);
    const bool wize = out.protocol == "wize";
    if (const char* foreign = wize ? "quirks" : "wize"; root.has(foreign))
        root.at(foreign).fail("of another protocol");
    if (root.has("quirks"))
        out.quirks = read_quirks(root.at("quirks"));
    if (root.has("wize"))
        out.wize = read_wize_options(root.at("wize"));
    for (const JsonNode& channel : root.at("channels").items())
        out.channels.push_back(read_channel(channel));
    const bool files_only = out.protocol == "import" && !root.has("layouts");
    for (const JsonNode& layout : files_only ? std::vector<JsonNode>{} : root.at("layouts").items())
        if (wize)
            out.wize_layouts.push_back(read_wize_layout(layout));
        else
            out.layouts.push_back(read_layout(layout));
    if (root.has("events"))
        for (const JsonNode& event : root.at("events").items())
            out.events.push_back(read_event(event));
    return out;
}

std::vector<ModelTestCase> read_cases(const JsonNode& node, const MeterModel& model)
{
    std::vector<ModelTestCase> out;
    for (const JsonNode& test : node.items())
        out.push_back(read_case(test, model));
    if (out.empty())
        node.fail("a model brings at least one test case");
    return out;
}

/// Finds the line of the first character that is not JSON.
class SyntaxCheck : public nlohmann::json_sax<nlohmann::json> {
public:
    std::size_t position = 0;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override
    {
        position = at;
        return false;
    }
};

Error bad_model(const std::string& file_name, const std::string& where, const std::string& reason)
{
    return fail(errc::bad_model, file_name + ": " + where + ": " + reason);
}

} // namespace

result<ModelFile> parse_model_file(std::string_view json, const std::string& file_name)
{
    SyntaxCheck syntax;
    if (!nlohmann::json::sax_parse(json, &syntax)) {
        const auto before = json.substr(0, syntax.position);
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        return bad_model(file_name, "line " + std::to_string(line), "not JSON");
    }
    const auto document = nlohmann::json::parse(json, nullptr, false);
    if (document.is_discarded())
        return bad_model(file_name, "/", "not JSON");
    std::optional<JsonProblem> problem;
    const JsonNode root{document, "", problem};
    ModelFile file{read_model(root), {}};
    // The cases name channels of the model, so a fault of the model is told first.
    if (const auto fault = find_fault(file.model); fault && !problem)
        problem = JsonProblem{fault->where, fault->reason};
    if (!problem && (file.model.protocol != "import" || root.has("tests"))) // what comes in files has no message to decode
        file.cases = read_cases(root.at("tests"), file.model);
    if (problem)
        return bad_model(file_name, problem->pointer.empty() ? "/" : problem->pointer, problem->reason);
    return file;
}

} // namespace releve::app
