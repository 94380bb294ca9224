#include <releve/app/bench.hpp>
#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <map>

namespace releve::app {

namespace {

int print(const result<std::pair<BenchReport, bool>>& measured, bool json)
{
    if (!measured)
        return complain(measured.error());
    const auto& [report, good] = *measured;
    std::printf("%s", (json ? bench_json(report) + "\n" : bench_table(report)).c_str());
    if (!good)
        std::fprintf(stderr, "releve: what is stored is not what was sent\n");
    return good ? 0 : 1;
}

} // namespace

int run_bench(std::span<const std::string> arguments)
{
    CLI::App app{"Measure this machine, beside what one would do otherwise, in the same run.", "releve bench"};
    app.require_subcommand(1);
    bool json = false;
    BenchIngestOptions ingest;
    CLI::App* ingest_command = app.add_subcommand("ingest", "Encrypted frames over TLS to committed rows");
    ingest_command->add_option("--seconds", ingest.seconds, "How long each load is sent")->check(CLI::Range(1, 3'600));
    ingest_command->add_option("--meters", ingest.meters, "Size of the fleet")->check(CLI::Range(64U, 4'000'000U));
    ingest_command->add_option("--data-dir", ingest.data_dir, "An empty folder for the database; else one under /tmp");
    ingest_command->add_option("--demo-data", ingest.demo_data, "The folder data/demo of the sources");
    ingest_command->add_flag("--json", json, "One JSON object on the last line");

    BenchLoad::Options load;
    std::uint16_t port = 0;
    std::filesystem::path certificate;
    int seconds = 0;
    CLI::App* send_command = app.add_subcommand("send", "")->group(""); // the sender's process, started by the others
    const std::map<std::string, BenchKind> kinds{
        {"day", BenchKind::day}, {"day_and_indexes", BenchKind::day_and_indexes}, {"half_hour", BenchKind::half_hour}};
    send_command->add_option("--kind", load.kind)->transform(CLI::CheckedTransformer(kinds));
    send_command->add_option("--seed", load.seed);
    send_command->add_option("--meters", load.meters);
    send_command->add_option("--connections", load.connections);
    send_command->add_option("--rounds", load.rounds);
    send_command->add_option("--demo-data", load.demo_data);
    send_command->add_option("--port", port);
    send_command->add_option("--certificate", certificate);
    send_command->add_option("--seconds", seconds);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    block_signals({});
    if (send_command->parsed())
        return run_bench_send(load, port, certificate, seconds);
    spdlog::set_default_logger(spdlog::stderr_logger_mt("releve"));
    spdlog::set_level(spdlog::level::warn);
    return print(bench_ingest(ingest), json);
}

} // namespace releve::app
