#include "bench_attacks.hpp"
#include "bench_france.hpp"
#include "bench_honest.hpp"

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <map>

namespace releve::app {

namespace {

int print(const result<BenchReport>& report, bool json)
{
    if (!report)
        return complain(report.error());
    std::printf("%s", (json ? bench_json(*report) + "\n" : bench_table(*report)).c_str());
    for (const std::string& problem : report->problems)
        std::fprintf(stderr, "releve: %s\n", problem.c_str());
    return report->problems.empty() ? 0 : 1;
}

/// What the processes beside the measuring one are told: start_process.
void add_target(CLI::App& command, BenchTarget& target)
{
    const std::map<std::string, BenchKind> kinds(bench_kinds.begin(), bench_kinds.end());
    command.group(""); // started by the others, not by people
    command.add_option("--kind", target.load.kind)->transform(CLI::CheckedTransformer(kinds));
    command.add_option("--seed", target.load.seed);
    command.add_option("--meters", target.load.meters);
    command.add_option("--connections", target.load.connections);
    command.add_option("--rounds", target.load.rounds);
    command.add_option("--demo-data", target.load.demo_data);
    command.add_option("--port", target.port);
    command.add_option("--certificate", target.certificate);
}

template <class Options>
void add_common(CLI::App& command, Options& options, bool& json)
{
    command.add_option("--seconds", options.seconds, "How long each load is sent")->check(CLI::Range(1, 3'600));
    command.add_option("--meters", options.meters, "Size of the fleet")->check(CLI::Range(64U, 4'000'000U));
    command.add_option("--data-dir", options.data_dir, "An empty folder for the database; else one under /tmp");
    command.add_option("--demo-data", options.demo_data, "The folder data/demo of the sources");
    command.add_flag("--json", json, "One JSON object on the last line");
}

std::set<std::string> attack_names()
{
    std::set<std::string> names;
    for (const AttackRow& row : attack_rows())
        names.emplace(row.name);
    return names;
}

} // namespace

int run_bench(std::span<const std::string> arguments)
{
    CLI::App app{"Measure this machine, beside what one would do otherwise, in the same run.", "releve bench"};
    app.require_subcommand(1);
    bool json = false;
    BenchIngestOptions ingest;
    CLI::App* ingest_command = app.add_subcommand("ingest", "Encrypted frames over TLS to committed rows");
    add_common(*ingest_command, ingest, json);
    ingest_command->add_option("--mix", ingest.mix, "Only this load of several kinds of frames")->check(CLI::IsMember({"france"}));

    BenchHostileOptions hostile;
    CLI::App* hostile_command = app.add_subcommand("hostile", "What honest meters get while others attack");
    add_common(*hostile_command, hostile, json);
    hostile_command->add_option("--attack", hostile.only, "Only this attack")->check(CLI::IsMember(attack_names()));
    hostile_command->add_option("--attackers", hostile.attackers, "Connections of an attack")->check(CLI::Range(1U, 10'000U));

    BenchEstimationOptions estimation;
    CLI::App* estimation_command = app.add_subcommand("estimation", "How far estimates are from readings that were hidden");
    estimation_command->add_option("--gaps", estimation.gaps, "How many of each length")->check(CLI::Range(1, 1'000'000));
    estimation_command->add_option("--seed", estimation.seed, "Of the gaps; else 42");
    estimation_command->add_option("--data", estimation.data, "A CSV file of half-hours in place of the demo's");
    estimation_command->add_option("--demo-data", estimation.demo_data, "The folder data/demo of the sources");
    estimation_command->add_flag("--json", json, "One JSON object on the last line");

    BenchQueryOptions query;
    CLI::App* query_command = app.add_subcommand("query", "Questions over days, beside SQL over rows");
    add_common(*query_command, query, json);
    query_command->add_option("--row-meters", query.row_meters, "Meters whose day is also there as rows")
        ->check(CLI::Range(64U, 4'000'000U));
    query_command->add_option("--year-meters", query.year_meters, "Meters with a year of days and rows")
        ->check(CLI::Range(1U, 100'000U));

    BenchValidationOptions validation;
    CLI::App* validation_command = app.add_subcommand("validation", "A day of a fleet judged by all rules, beside only reading it");
    add_common(*validation_command, validation, json);

    BenchBillingOptions billing;
    CLI::App* billing_command = app.add_subcommand("billing", "The bills of a month, beside one query over rows");
    add_common(*billing_command, billing, json);
    billing_command->add_option("--row-meters", billing.row_meters, "Usage points whose month is also there as rows")
        ->check(CLI::Range(64U, 1'000'000U));

    BenchTarget target;
    int seconds = 0;
    CLI::App* send_command = app.add_subcommand("send", "");
    add_target(*send_command, target);
    send_command->add_option("--seconds", seconds);
    FranceTarget france;
    CLI::App* france_command = app.add_subcommand("send-france", "");
    add_target(*france_command, france.electricity);
    france_command->add_option("--seconds", seconds);
    france_command->add_option("--uplink-port", france.uplink_port);
    france_command->add_option("--gateways", france.gateways);
    CLI::App* honest_command = app.add_subcommand("honest", "");
    add_target(*honest_command, target);
    std::string attack;
    std::uint32_t attackers = 0;
    std::size_t captured = 0;
    CLI::App* attack_command = app.add_subcommand("attack", "");
    add_target(*attack_command, target);
    attack_command->add_option("--attack", attack);
    attack_command->add_option("--attackers", attackers);
    attack_command->add_option("--captured", captured);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    block_signals({});
    if (send_command->parsed())
        return run_bench_send(target, seconds);
    if (france_command->parsed())
        return run_bench_send_france(france, seconds);
    if (honest_command->parsed())
        return run_bench_honest(target);
    if (attack_command->parsed())
        return run_bench_attack(target, attack, attackers, captured);
    if (estimation_command->parsed())
        return print(bench_estimation(estimation), json);
    if (query_command->parsed())
        return print(bench_query(query), json);
    if (billing_command->parsed())
        return print(bench_billing(billing), json);
    if (validation_command->parsed())
        return print(bench_validation(validation), json);
    spdlog::set_default_logger(spdlog::stderr_logger_mt("releve"));
    spdlog::set_level(spdlog::level::warn);
    return print(hostile_command->parsed() ? bench_hostile(hostile) : bench_ingest(ingest), json);
}

} // namespace releve::app
