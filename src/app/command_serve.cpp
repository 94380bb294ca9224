#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/server.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>

namespace releve::app {

namespace {

result<ServerOptions> options_for(const std::string& role)
{
    ServerOptions options;
    if (role != "all" && role != "collect" && role != "api")
        return fail(errc::bad_config, "--role " + role + ": expected all, collect or api");
    options.collect = role != "api";
    options.api = role != "collect";
    options.say = [](std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); };
    return options;
}

void wait_for_the_end(Server& server, const sigset_t& signals)
{
    for (;;) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGHUP)
            return spdlog::info("stopping: committing what has been received");
        if (const auto reloaded = server.reload(); !reloaded)
            spdlog::error("reload: {}; the old settings go on", to_string(reloaded.error()));
        else
            spdlog::info("certificates and meter models were read again");
    }
}

} // namespace

int run_serve(std::span<const std::string> arguments)
{
    CLI::App app{"Run the collector, the API and the page until SIGTERM; SIGHUP reads certificates and models again.",
                 "releve serve"};
    ConfigFlags flags;
    std::string role = "all";
    add_config_flags(app, flags);
    app.add_option("--role", role, "all, collect or api: what this process does");
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    auto options = options_for(role);
    if (!options)
        return complain(options.error());
    spdlog::set_default_logger(spdlog::stderr_logger_mt("releve"));
    spdlog::set_level(spdlog::level::from_str(config->log.level));
    protect_memory();
    const sigset_t signals = block_signals({SIGINT, SIGTERM, SIGHUP});
    auto server = Server::start(*config, std::move(*options));
    if (!server)
        return complain(server.error());
    std::puts((*server)->ready_line().c_str());
    std::fflush(stdout);
    wait_for_the_end(**server, signals);
    (*server)->stop();
    return 0;
}

} // namespace releve::app
