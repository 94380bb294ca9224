#pragma once
// The files of validation rules (proto/validation/default.json): rules, limits and severities as data. An
// object for each kind of channel (electricity_import, electricity_export, volume), in it one for each rule
// of proto/validation_rules.def:
//
//   "spike": {"severity": "note", "step_percent": 80, "history_percent": 150, "floor_w": 1000}
//
// `severity` is off, note or doubt; limits are whole numbers in the unit their name ends in (l_h: litres an
// hour). A whole file names every kind, rule and limit; one that overrides for a group names only what
// differs. Errors name file, line, JSON pointer and reason ("default.json:14: /volume/spike/step_percent:
// missing"), as errc::bad_config.

#include <releve/core/error.hpp>
#include <releve/engine/validation.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace releve::app {

/// What a group's file says of one rule; empty: as in what it overrides.
struct RuleChange {
    struct Mode {
        bool on = false;
        engine::Severity severity = engine::Severity::note;
        bool operator==(const Mode&) const = default;
    };
    std::optional<Mode> mode;
    std::array<std::optional<std::int64_t>, engine::rule_limits_max> limits;
    bool operator==(const RuleChange&) const = default;
};
struct RuleOverride {
    std::array<std::array<RuleChange, engine::validation_rules>, engine::rule_kinds> kinds{};
    bool operator==(const RuleOverride&) const = default;
};

[[nodiscard]] result<engine::RuleBook> parse_rule_file(std::string_view json, const std::string& file_name);
[[nodiscard]] result<RuleOverride> parse_rule_override(std::string_view json, const std::string& file_name);
[[nodiscard]] engine::RuleBook overlay_rules(const engine::RuleBook& base, const RuleOverride& change);

/// proto/validation/default.json as compiled in (cmake/embed.cmake writes this function).
[[nodiscard]] std::string_view shipped_rules();
/// The shipped rules, or the whole file at `path` if that is not empty. errc::not_found_file if it cannot be
/// read.
[[nodiscard]] result<engine::RuleBook> load_rules(const std::filesystem::path& path);

} // namespace releve::app
