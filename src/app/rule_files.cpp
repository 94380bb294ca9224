#include <releve/app/rule_files.hpp>

#include "json_lines.hpp"
#include "json_node.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace releve::app {

using engine::RuleBook;
using engine::RuleKind;
using engine::RuleLimits;
using engine::Severity;
using engine::ValidationRule;
using engine::ValidationRuleRow;

namespace {

constexpr std::uintmax_t rule_file_bytes_max = 262'144;

/// What numbers a limit may be: of its name, or else of the unit that the name ends in.
struct LimitRange {
    std::string_view ending;
    std::int64_t lowest, highest;
};
constexpr LimitRange limit_ranges[] = {
    {"missing_slots", 0, limits::slots_per_day_max},
    {"repeated_slots", 0, limits::slots_per_day_max},
    {"run_slots", 2, engine::run_slots_max},
    {"zero_percent", 1, 100},
    {"percent", 1, 10'000},
    {"floor_w", 0, 1'000'000'000},
    {"floor_l_h", 0, 1'000'000'000},
    {"counts", 0, 1'000'000},
    {"drift_s", 0, 86'400},
};

const LimitRange& range_of(std::string_view limit)
{
    const auto* found = std::find_if(std::begin(limit_ranges), std::end(limit_ranges),
                                     [&](const LimitRange& row) { return limit.ends_with(row.ending); });
    RELEVE_ASSERT(found != std::end(limit_ranges));
    return *found;
}

constexpr std::pair<std::string_view, RuleChange::Mode> rule_modes[] = {
    {"off", {false, Severity::note}}, {"note", {true, Severity::note}}, {"doubt", {true, Severity::doubt}}};

/// A whole file leaves nothing out.
enum class Completeness : std::uint8_t { whole, changes };

RuleChange read_rule(const JsonNode& node, ValidationRule rule, RuleKind kind, Completeness completeness)
{
    std::array<std::string_view, engine::rule_limits_max> names;
    for (std::size_t i = 0; i < names.size(); ++i)
        names[i] = engine::limit_name(rule, i, kind);
    const auto or_severity = [](std::string_view name) {
        return name.empty() ? std::string_view{"severity"} : name;
    };
    node.only({"severity", or_severity(names[0]), or_severity(names[1]), or_severity(names[2])});
    const bool is_whole = completeness == Completeness::whole;
    RuleChange out;
    if (is_whole || node.has("severity"))
        out.mode = node.at("severity").one_of<RuleChange::Mode>(rule_modes);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty() || !(is_whole || node.has(names[i])))
            continue;
        const LimitRange& range = range_of(names[i]);
        out.limits[i] = node.at(names[i]).integer(range.lowest, range.highest);
    }
    return out;
}

RuleOverride read_rules(const JsonNode& root, Completeness completeness)
{
    root.only({engine::rule_kind_name(RuleKind::electricity_import),
               engine::rule_kind_name(RuleKind::electricity_export),
               engine::rule_kind_name(RuleKind::volume)});
    const bool is_whole = completeness == Completeness::whole;
    RuleOverride out;
    for (std::size_t kind = 0; kind < engine::rule_kinds; ++kind) {
        const std::string_view name = engine::rule_kind_name(static_cast<RuleKind>(kind));
        if (!is_whole && !root.has(name))
            continue;
        const JsonNode rules = root.at(name);
        rules.only({
#define RELEVE_VALIDATION_RULE(name, ...) #name,
#include "validation_rules.def"
        });
        for (const ValidationRuleRow& row : engine::validation_rule_rows())
            if (is_whole || rules.has(row.name))
                out.kinds[kind][static_cast<std::size_t>(row.rule)] =
                    read_rule(rules.at(row.name), row.rule, static_cast<RuleKind>(kind), completeness);
    }
    return out;
}

result<RuleOverride> parse_rules(std::string_view json, const std::string& file_name,
                                 Completeness completeness)
{
    const JsonLines lines{json};
    std::optional<JsonProblem> problem = lines.problem();
    RuleOverride out;
    if (!problem) {
        const auto document = nlohmann::json::parse(json, nullptr, false);
        out = read_rules(JsonNode{document, "", problem}, completeness);
    }
    if (problem)
        return fail(errc::bad_config, describe(lines, *problem, file_name));
    return out;
}

result<std::string> read_rule_text(const std::filesystem::path& path)
{
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (!error && size > rule_file_bytes_max)
        return fail(errc::bad_config,
                    path.string() + ": larger than " + std::to_string(rule_file_bytes_max) + " bytes");
    std::ifstream stream{path, std::ios::binary};
    std::ostringstream text;
    if (error || !stream || !(text << stream.rdbuf()))
        return fail(errc::not_found_file, path.string() + ": cannot be read");
    return std::move(text).str();
}

} // namespace

result<RuleBook> parse_rule_file(std::string_view json, const std::string& file_name)
{
    RELEVE_TRY(rules, parse_rules(json, file_name, Completeness::whole));
    return overlay_rules(RuleBook{}, rules);
}

result<RuleOverride> parse_rule_override(std::string_view json, const std::string& file_name)
{
    return parse_rules(json, file_name, Completeness::changes);
}

RuleBook overlay_rules(const RuleBook& base, const RuleOverride& change)
{
    RuleBook out = base;
    for (std::size_t kind = 0; kind < engine::rule_kinds; ++kind) {
        for (std::size_t rule = 0; rule < engine::validation_rules; ++rule) {
            const RuleChange& from = change.kinds[kind][rule];
            RuleLimits& to = out.kinds[kind].rules[rule];
            if (from.mode) {
                to.on = from.mode->on;
                to.severity = from.mode->severity;
            }
            for (std::size_t i = 0; i < engine::rule_limits_max; ++i)
                to.limits[i] = from.limits[i].value_or(to.limits[i]);
        }
    }
    return out;
}

result<RuleBook> load_rules(const std::filesystem::path& path)
{
    if (path.empty())
        return parse_rule_file(shipped_rules(), "default.json");
    RELEVE_TRY(text, read_rule_text(path));
    return parse_rule_file(text, path.string());
}

} // namespace releve::app
