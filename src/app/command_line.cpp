#include <releve/app/command_line.hpp>

#include "csv_records.hpp"

#include <cstdio>
#include <cstdlib>

namespace releve::app {

std::optional<int> parse_arguments(CLI::App& app, std::span<const std::string> arguments)
{
    // CLI11 takes them last first.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(reversed);
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        const CLI::App* deepest = &app;
        for (auto chosen = deepest->get_subcommands(); !chosen.empty(); chosen = deepest->get_subcommands())
            deepest = chosen.front();
        std::fputs(deepest->help().c_str(), stdout);
        return 0;
    } catch (const CLI::Error& e) {
        std::fprintf(stderr, "releve: %s (see %s --help)\n", e.what(), app.get_name().c_str());
        return 2;
    }
}

void add_config_flags(CLI::App& app, ConfigFlags& flags)
{
    app.add_option("--config", flags.file, "Settings, a TOML file")->type_name("FILE");
    app.add_option("--data-dir", flags.data_dir, "Where everything is kept")->type_name("DIR");
    app.add_option("--database", flags.database, "Your own PostgreSQL")->type_name("URL");
    app.add_option("--set", flags.set, "One setting, may be repeated")->type_name("KEY=VALUE");
}

std::string asking_user()
{
    const char* name = std::getenv("USER");
    const std::string user = name != nullptr ? std::string{name}.substr(0, 64) : "";
    return user.empty() || !is_plain_text(user) ? "command line" : "command line (" + user + ")";
}

int complain_about(const std::string& file, const std::vector<std::string>& problems)
{
    constexpr std::size_t shown_max = 50;
    for (std::size_t i = 0; i < problems.size() && i < shown_max; ++i)
        std::fprintf(stderr, "releve: %s: %s\n", file.c_str(), problems[i].c_str());
    if (problems.size() > shown_max)
        std::fprintf(stderr, "releve: %s: and %zu more\n", file.c_str(), problems.size() - shown_max);
    return 2;
}

} // namespace releve::app
