#pragma once
// The table of subcommands. Each command parses its own arguments (CLI11), prints one line and returns 2 when they are
// wrong, 1 when it ran and the answer is no, 0 when all is well.

#include <span>
#include <string>
#include <string_view>

namespace releve::app {

struct Command {
    std::string_view name;    // as typed: "serve", "check"
    std::string_view summary; // one line of `releve --help`
    int (*run)(std::span<const std::string> arguments); // without the program's and the command's name
};
[[nodiscard]] std::span<const Command> commands();

int run_serve(std::span<const std::string> arguments);
int run_demo(std::span<const std::string> arguments);
int run_simulate(std::span<const std::string> arguments);
int run_bench(std::span<const std::string> arguments);
int run_decode(std::span<const std::string> arguments);
int run_check(std::span<const std::string> arguments);
int run_config(std::span<const std::string> arguments);
int run_migrate(std::span<const std::string> arguments);
int run_meter(std::span<const std::string> arguments);
int run_network(std::span<const std::string> arguments);
int run_gateway(std::span<const std::string> arguments);
int run_command(std::span<const std::string> arguments);
int run_coefficient(std::span<const std::string> arguments);
int run_bill(std::span<const std::string> arguments);
int run_letter(std::span<const std::string> arguments);
int run_tariff(std::span<const std::string> arguments);
int run_contract(std::span<const std::string> arguments);
int run_import(std::span<const std::string> arguments);
int run_export(std::span<const std::string> arguments);
int run_group(std::span<const std::string> arguments);
int run_rules(std::span<const std::string> arguments);
int run_job(std::span<const std::string> arguments);
int run_correct(std::span<const std::string> arguments);
int run_report(std::span<const std::string> arguments);
int run_token(std::span<const std::string> arguments);
int run_usage_point(std::span<const std::string> arguments);
int run_quarantine(std::span<const std::string> arguments);
int run_backup(std::span<const std::string> arguments);
int run_restore(std::span<const std::string> arguments);
int run_master_key(std::span<const std::string> arguments);
int run_reprocess(std::span<const std::string> arguments);

} // namespace releve::app
