#pragma once
// How commands read their arguments: CLI11, one line and exit 2 when they are wrong, --help for people.

#include <releve/app/config.hpp>
#include <releve/core/error.hpp>

#include <CLI/CLI.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace releve::app {

/// The exit code when the command ends here (--help, or a mistake that has been printed).
[[nodiscard]] std::optional<int> parse_arguments(CLI::App& app, std::span<const std::string> arguments);
/// --config, --data-dir, --database, --set.
void add_config_flags(CLI::App& app, ConfigFlags& flags);

/// What is told of the person at the command line, in access lists and of bills: "command line (ana)".
[[nodiscard]] std::string asking_user();

/// Prints the first of what is wrong with a file on standard error and gives the exit code for it.
int complain_about(const std::string& file, const std::vector<std::string>& problems);

} // namespace releve::app
