#include <releve/app/command.hpp>

namespace releve::app {

std::span<const Command> commands()
{
    static constexpr Command table[] = {
        {"serve", "Run the collector, the API and the page", run_serve},
        {"demo", "Server, meters and real data in one command", run_demo},
        {"meter", "Import meters and their keys", run_meter},
        {"usage-point", "What a home has agreed to: daily totals or half-hours", run_usage_point},
        {"network", "Radio networks of Wize meters: add, list", run_network},
        {"gateway", "Gateways that hand over frames: add, list, disable, enable", run_gateway},
        {"command", "Commands to Wize meters: queue, list, cancel", run_command},
        {"coefficient", "How many kWh a cubic metre of gas holds", run_coefficient},
        {"bill", "Bills: compute, make, run, list, show, issue, cancel, correct", run_bill},
        {"letter", "A month of each home of a group on a sheet of paper", run_letter},
        {"import", "Readings from files of network operators", run_import},
        {"export", "Readings to CSV", run_export},
        {"tariff", "Tariffs and calendars: list, show, check, add", run_tariff},
        {"contract", "Which tariff holds where and when: import, list", run_contract},
        {"group", "Groups of usage points: import, list, show, remove", run_group},
        {"rules", "What readings are checked by: show, check, set, clear", run_rules},
        {"job", "Long jobs: start, list, watch, stop, resume", run_job},
        {"correct", "Correct readings, accept doubted ones, or undo it", run_correct},
        {"report", "What stopped in the night, what came and what did not: morning", run_report},
        {"token", "Create, list and revoke access tokens", run_token},
        {"quarantine", "Refused messages: list, show, retry", run_quarantine},
        {"reprocess", "Decode what waited for a meter model", run_reprocess},
        {"backup", "Copy the running database; again: what was written since", run_backup},
        {"restore", "Make a database from a backup, as it was at an instant", run_restore},
        {"master-key", "A copy of the master key under a passphrase, and back", run_master_key},
        {"simulate", "A fleet of virtual meters that speak the real protocol", run_simulate},
        {"bench", "Measure this machine, beside what one would do otherwise", run_bench},
        {"decode", "Read a meter's message layer by layer", run_decode},
        {"check", "Run test vectors", run_check},
        {"config", "Show the effective settings", run_config},
        {"migrate", "Bring the database up to date", run_migrate},
    };
    return table;
}

} // namespace releve::app
