#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>

#include <cstdio>

namespace releve::app {

int run_config(std::span<const std::string> arguments)
{
    CLI::App app{"The settings as they take effect: file, then environment, then flags.", "releve config"};
    app.require_subcommand(1);
    ConfigFlags flags;
    CLI::App* show = app.add_subcommand("show", "Print every effective setting as TOML; no secrets");
    add_config_flags(*show, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    std::fputs(show_config(*config).c_str(), stdout);
    return 0;
}

int run_migrate(std::span<const std::string> arguments)
{
    CLI::App app{"Bring the database up to date. `serve` does it too.", "releve migrate"};
    ConfigFlags flags;
    add_config_flags(app, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    std::puts("the database is up to date");
    return 0;
}

} // namespace releve::app
