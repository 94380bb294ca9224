#pragma once
// How commands read their arguments: CLI11, one line and exit 2 when they are wrong, --help for people.

#include <releve/app/config.hpp>
#include <releve/core/error.hpp>

#include <CLI/CLI.hpp>

#include <optional>
#include <span>
#include <string>

namespace releve::app {

/// The exit code when the command ends here (--help, or a mistake that has been printed).
[[nodiscard]] std::optional<int> parse_arguments(CLI::App& app, std::span<const std::string> arguments);
/// --config, --data-dir, --database, --set.
void add_config_flags(CLI::App& app, ConfigFlags& flags);

} // namespace releve::app
