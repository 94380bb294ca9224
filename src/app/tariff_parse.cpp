// A tariff document as values. The schema has said which members there are and of which types; here is what
// it cannot say.

#include "tariff_parse.hpp"
#include "model_parse.hpp"

#include <algorithm>

namespace releve::app::tariffs {

using namespace models;
using engine::Basis;
using engine::Calendar;
using engine::CalendarRule;
using engine::Component;
using engine::ParameterModel;
using engine::Parameters;
using engine::Proration;
using engine::PublishedDays;
using engine::RateRow;
using engine::Section;
using engine::Tariff;
using engine::VatGroup;

namespace {

constexpr std::size_t rows_max = 10'000; // of a component, after its lists of parameters

constexpr Row<Basis> bases[] = {{"fixed", Basis::fixed},
                                {"power", Basis::power},
                                {"energy", Basis::energy},
                                {"overrun_hours", Basis::overrun_hours},
                                {"overrun_quadratic", Basis::overrun_quadratic},
                                {"capacity", Basis::capacity},
                                {"share", Basis::share}};
constexpr Row<Section> sections[] = {{"supply", Section::supply},
                                     {"network", Section::network},
                                     {"levy", Section::levy},
                                     {"vat", Section::vat}};
constexpr Row<Proration> prorations[] = {{"days_actual_year", Proration::days_actual_year},
                                         {"days_365", Proration::days_365},
                                         {"twelfth", Proration::twelfth}};
constexpr Row<Rounding> roundings[] = {{"half_up", Rounding::half_up}, {"down", Rounding::down}};
constexpr Row<VatGroup> vat_groups[] = {{"none", VatGroup::none},
                                        {"subscription", VatGroup::subscription},
                                        {"consumption", VatGroup::consumption}};
constexpr Row<int> weekdays[] = {{"mon", 0}, {"tue", 1}, {"wed", 2}, {"thu", 3},
                                 {"fri", 4}, {"sat", 5}, {"sun", 6}};

std::string text_or(const JsonNode& node, std::string_view key, std::string otherwise = {})
{
    return node.has(key) ? node.at(key).text() : otherwise;
}

std::vector<std::string> texts(const JsonNode& node)
{
    std::vector<std::string> out;
    if (!node.is_array())
        return {node.text()};
    for (const JsonNode& item : node.items())
        out.push_back(item.text());
    return out;
}

/// The list of a member that may be left out.
std::vector<std::string> texts_of(const JsonNode& node, std::string_view key)
{
    return node.has(key) ? texts(node.at(key)) : std::vector<std::string>{};
}

/// Of each member of `key`, whose names are not known beforehand, one text or several.
std::map<std::string, std::vector<std::string>, std::less<>>
text_lists(const nlohmann::json& json, const JsonNode& node, std::string_view key)
{
    std::map<std::string, std::vector<std::string>, std::less<>> out;
    if (node.has(key))
        for (const auto& [name, value] : json.at(key).items())
            out[name] = texts(node.at(key).at(name));
    return out;
}

CivilDay read_day(const JsonNode& node)
{
    return taken(node, parse_day(node.text()));
}

Decimal read_decimal(const JsonNode& node)
{
    return taken(node, parse_decimal(node.text()));
}

int small(const JsonNode& node)
{
    return static_cast<int>(node.integer(-1'000'000, 1'000'000)); // the schema is narrower
}

ParameterModel read_parameter(const JsonNode& node)
{
    ParameterModel out{node.at("name").text(), read_words(node), texts_of(node, "values"), {}};
    if (!node.has("default"))
        return out;
    out.fallback = node.at("default").text();
    if (!out.values.empty() && std::ranges::find(out.values, *out.fallback) == out.values.end())
        node.at("default").fail("is not one of the values");
    return out;
}

/// Every name must be a parameter of the tariff and every value one that it may have.
void check_parameters(const JsonNode& node,
                      const std::map<std::string, std::vector<std::string>, std::less<>>& said,
                      const Tariff& tariff)
{
    for (const auto& [name, values] : said) {
        const auto model = std::ranges::find(tariff.parameters, name, &ParameterModel::name);
        if (model == tariff.parameters.end())
            return node.at(name).fail("is no parameter of the tariff");
        for (const std::string& value : values)
            if (!model->values.empty() && std::ranges::find(model->values, value) == model->values.end())
                return node.at(name).fail("the parameter has no value " + value);
    }
}

/// One row for each combination of the parameters' values.
void add_rows(std::vector<RateRow>& rows, const nlohmann::json& json, const JsonNode& node,
              const Tariff& tariff)
{
    RateRow row{read_day(node.at("from")), {}, {}, {}, {}, text_or(node, "source")};
    if (node.has("to")) {
        row.to = read_day(node.at("to"));
        if (*row.to <= row.from)
            node.at("to").fail("must be after from; it is the first day that the row no longer holds");
    }
    if (node.has("value") == node.has("values"))
        return node.fail("must have either value or values");
    if (node.has("value"))
        row.values.push_back(read_decimal(node.at("value")));
    else
        for (const JsonNode& value : node.at("values").items())
            row.values.push_back(read_decimal(value));
    const auto when = text_lists(json, node, "when");
    if (!when.empty())
        check_parameters(node.at("when"), when, tariff);
    std::vector<Parameters> keys(1);
    for (const auto& [name, values] : when) {
        std::vector<Parameters> longer;
        for (const Parameters& key : keys)
            for (const std::string& value : values)
                (longer.emplace_back(key))[name] = value;
        keys = std::move(longer);
        if (keys.size() > rows_max)
            return node.at("when").fail("too many combinations");
    }
    for (Parameters& key : keys)
        (rows.emplace_back(row)).when = std::move(key);
    if (rows.size() > rows_max)
        node.fail("the component has more than " + std::to_string(rows_max) + " rows");
}

Component read_component(const nlohmann::json& json, const JsonNode& node, const Tariff& tariff)
{
    Component out;
    out.id = node.at("id").text();
    out.words = read_words(node);
    out.section = one_of(node.at("section"), sections);
    out.basis = one_of(node.at("basis"), bases);
    const JsonNode unit = node.at("unit");
    if (const auto known = engine::price_unit_from_name(unit.text()))
        out.unit = *known;
    else
        unit.fail("no unit has this name");
    out.only_for = text_lists(json, node, "for");
    if (!out.only_for.empty())
        check_parameters(node.at("for"), out.only_for, tariff);
    out.calendar = text_or(node, "calendar");
    out.time_class = text_or(node, "class");
    out.classes = texts_of(node, "classes");
    if (node.has("steps"))
        for (const JsonNode& step : node.at("steps").items())
            out.steps.push_back(step.integer(1, std::int64_t{1'000'000'000'000}));
    if (!std::ranges::is_sorted(out.steps, std::less_equal{}))
        node.at("steps").fail("must rise");
    if (node.has("proration"))
        out.proration = one_of(node.at("proration"), prorations);
    if (node.has("unit_price_decimals"))
        out.unit_price_decimals = small(node.at("unit_price_decimals"));
    if (node.has("rounding"))
        out.rounding = one_of(node.at("rounding"), roundings);
    out.vat = one_of(node.at("vat"), vat_groups);
    out.of = texts_of(node, "of");
    if (node.has("power_factor"))
        out.power_factor = read_decimal(node.at("power_factor"));
    const std::vector<JsonNode> rows = node.at("rows").items();
    for (std::size_t i = 0; i < rows.size() && out.rows.size() <= rows_max; ++i)
    {
        const std::size_t before = out.rows.size();
        add_rows(out.rows, json.at("rows").at(i), rows[i], tariff);
        for (std::size_t added = before; added < out.rows.size(); ++added)
            out.rows[added].place = i;
    }
    return out;
}

void read_includes(const nlohmann::json& json, const JsonNode& node, std::vector<engine::Include>& out)
{
    const std::vector<JsonNode> includes = node.items();
    for (std::size_t i = 0; i < includes.size(); ++i) {
        engine::Include include{includes[i].at("tariff").text(), includes[i].at("contained").boolean(), {}};
        for (const auto& [name, values] : text_lists(json.at(i), includes[i], "set"))
            include.set[name] = values.front();
        out.push_back(std::move(include));
    }
}

engine::Holiday read_holiday(const JsonNode& node)
{
    if (node.has("after_easter") == node.has("month") || node.has("month") != node.has("day"))
        node.fail("must have either month and day or after_easter");
    if (node.has("after_easter"))
        return {0, 0, small(node.at("after_easter"))};
    return {small(node.at("month")), small(node.at("day")), 0};
}

CalendarRule read_rule(const JsonNode& node)
{
    CalendarRule out;
    out.time_class = node.at("class").text();
    if (node.has("months"))
        for (const JsonNode& month : node.at("months").items())
            out.months = static_cast<std::uint16_t>(out.months | 1U << (month.integer(1, 12) - 1));
    if (node.has("weekdays"))
        for (const JsonNode& weekday : node.at("weekdays").items())
            out.weekdays = static_cast<std::uint8_t>(out.weekdays | 1U << one_of(weekday, weekdays));
    if (node.has("holiday"))
        out.holiday = node.at("holiday").boolean();
    out.offpeak_of_point = node.has("offpeak");
    if (node.has("windows"))
        for (const JsonNode& window : node.at("windows").items())
            for (const engine::DayWindow& one : taken(window, engine::parse_offpeak(window.text())))
                out.windows.push_back(one);
    out.day_kind = text_or(node, "day_kind");
    return out;
}

} // namespace

Tariff read_tariff(const nlohmann::json& json, const JsonNode& node)
{
    Tariff out;
    out.id = node.at("tariff").text();
    out.edition = small(node.at("edition"));
    out.energy = node.at("energy").text();
    out.words = read_words(node);
    out.source = node.at("source").text();
    out.segments = texts_of(node, "segments");
    out.calendar = text_or(node, "calendar");
    if (node.has("parameters"))
        for (const JsonNode& parameter : node.at("parameters").items())
            out.parameters.push_back(read_parameter(parameter));
    if (node.has("includes"))
        read_includes(json.at("includes"), node.at("includes"), out.includes);
    out.prices_include_vat = node.has("prices_include_vat") && node.at("prices_include_vat").boolean();
    const std::vector<JsonNode> components = node.at("components").items();
    for (std::size_t i = 0; i < components.size(); ++i)
        out.components.push_back(read_component(json.at("components").at(i), components[i], out));
    if (!node.has("known_changes"))
        return out;
    for (const JsonNode& change : node.at("known_changes").items()) {
        out.known_changes.push_back(
            {read_day(change.at("on")), change.at("source").text(), texts_of(change, "components")});
        for (const std::string& component : out.known_changes.back().components)
            if (out.find(component) == nullptr)
                change.at("components").fail("the tariff has no component " + component);
    }
    return out;
}

Calendar read_calendar(const JsonNode& node)
{
    Calendar out;
    out.id = node.at("calendar").text();
    out.words = read_words(node);
    out.day_start = Seconds{node.has("day_start_s") ? small(node.at("day_start_s")) : 0};
    out.published = text_or(node, "published");
    if (node.has("holidays"))
        for (const JsonNode& holiday : node.at("holidays").items())
            out.holidays.push_back(read_holiday(holiday));
    for (const JsonNode& one : node.at("classes").items())
        out.classes.push_back({one.at("id").text(), read_words(one), text_or(one, "register")});
    for (const JsonNode& rule : node.at("rules").items())
        out.rules.push_back(read_rule(rule));
    return out;
}

PublishedDays read_published_days(const nlohmann::json& json, const JsonNode& node)
{
    PublishedDays out;
    out.name = node.at("published_days").text();
    static_cast<void>(
        read_words(node)); // people are told them by the calendar; the document must have them nevertheless
    for (const auto& [letter, kind] : text_lists(json, node, "kinds")) {
        if (letter.size() != 1)
            node.at("kinds").at(letter).fail("is named by one letter");
        else
            out.kinds.emplace_back(letter.front(), kind.front());
    }
    CivilDay end = CivilDay::min();
    for (const JsonNode& run : node.at("runs").items()) {
        const CivilDay from = read_day(run.at("from"));
        const std::string days = run.at("days").text();
        if (from < end)
            run.at("from").fail("is before " + to_iso8601(end) + ", where the run before ends");
        for (const char letter : days)
            if (std::ranges::find(out.kinds, letter, &std::pair<char, std::string>::first) == out.kinds.end())
                run.at("days").fail("no kind has the letter " + std::string{letter});
        end = from + std::chrono::days{days.size()};
        out.runs.emplace_back(from, days);
    }
    return out;
}

} // namespace releve::app::tariffs
