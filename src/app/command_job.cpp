#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/store/admin_store.hpp>

#include <csignal>
#include <cstdio>

namespace releve::app {

namespace {

struct JobArguments {
    store::JobAsked asked;
    std::int64_t id = 0;
    int limit = 50;
};

int start(store::AdminStore& admin, const store::JobAsked& asked)
{
    const auto id = admin.ask_job(asked);
    if (!id)
        return complain(fail(errc::bad_config, (id.error().code == errc::not_found ? "--group: " : "") + id.error().detail));
    std::printf("job %lld waits for the running server: releve job watch %lld\n", static_cast<long long>(*id),
                static_cast<long long>(*id));
    return 0;
}

int list(store::AdminStore& admin, int limit)
{
    std::printf("%-6s %-9s %-24s %-8s %12s %12s %-20s %-20s  %s\n", "id", "kind", "group", "state", "done", "of meters", "asked",
                "finished", "detail");
    for (const store::JobRow& row : admin.list_jobs(limit))
        std::printf("%-6lld %-9s %-24s %-8s %12lld %12lld %-20s %-20s  %s\n", static_cast<long long>(row.id), row.kind.c_str(),
                    row.group.empty() ? "-" : row.group.c_str(), row.state.c_str(), static_cast<long long>(row.done),
                    static_cast<long long>(row.total), to_iso8601(row.asked_at).c_str(),
                    row.finished_at ? to_iso8601(*row.finished_at).c_str() : "-", row.detail.c_str());
    return 0;
}

int change(store::AdminStore& admin, std::int64_t id, bool stops)
{
    const auto changed = stops ? admin.stop_job(id) : admin.resume_job(id);
    if (!changed)
        return complain(fail(errc::bad_config, "id: " + changed.error().detail));
    std::printf("job %lld %s\n", static_cast<long long>(id), stops ? "is stopped; what is done stays done" : "goes on");
    return 0;
}

/// Says how far it is whenever that changes, until it is over or somebody ends the watching.
int watch(store::AdminStore& admin, std::int64_t id, const sigset_t& signals)
{
    for (std::string said;;) {
        const auto job = admin.show_job(id);
        if (!job)
            return complain(fail(errc::bad_config, "id: " + job.error().detail));
        std::string line = "job " + std::to_string(id) + ", " + job->kind + ": " + job->state;
        if (job->total > 0)
            line += ", " + std::to_string(job->done) + " of " + std::to_string(job->total) + " meters";
        line += job->detail.empty() ? "" : "; " + job->detail;
        if (line != said)
            std::puts(line.c_str());
        std::fflush(stdout);
        said = std::move(line);
        if (job->state != "queued" && job->state != "running")
            return job->state == "done" ? 0 : 1;
        const timespec a_second{1, 0};
        if (sigtimedwait(&signals, nullptr, &a_second) > 0) {
            std::printf("job %lld goes on\n", static_cast<long long>(id));
            return 0;
        }
    }
}

} // namespace

int run_job(std::span<const std::string> arguments)
{
    CLI::App app{"Long jobs, which the running server carries out: they can be stopped, and go on after a restart.", "releve job"};
    app.require_subcommand(1);
    ConfigFlags flags;
    JobArguments given;
    CLI::App* start_command = app.add_subcommand("start", "Judge all readings again, fill gaps, or check that sums add up");
    start_command->add_option("kind", given.asked.kind, "validate, estimate or ledger")->required();
    start_command->add_option("--group", given.asked.group, "Only the members of this group");
    CLI::App* list_command = app.add_subcommand("list", "The newest first");
    list_command->add_option("--limit", given.limit, "How many")->check(CLI::Range(1, 10'000));
    CLI::App* stop_command = app.add_subcommand("stop", "Have it stop behind the meters it is at");
    CLI::App* resume_command = app.add_subcommand("resume", "Have one that was stopped or failed go on where it was");
    CLI::App* watch_command = app.add_subcommand("watch", "Say how far it is until it is over; to end the watching does not stop it");
    for (CLI::App* command : {stop_command, resume_command, watch_command})
        command->add_option("id", given.id, "Number from the list")->required();
    for (CLI::App* command : app.get_subcommands({}))
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    sigset_t signals{};
    if (watch_command->parsed())
        signals = block_signals({SIGINT, SIGTERM});
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    if (start_command->parsed())
        return start(admin, given.asked);
    if (list_command->parsed())
        return list(admin, given.limit);
    return watch_command->parsed() ? watch(admin, given.id, signals) : change(admin, given.id, stop_command->parsed());
}

} // namespace releve::app
