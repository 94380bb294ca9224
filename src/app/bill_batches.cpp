#include "bill_batches.hpp"

#include <releve/app/bill_run.hpp>
#include <releve/app/command_line.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>

namespace releve::app {

namespace {

constexpr int failures_shown_max = 50;

std::atomic<bool> stop_run{false};

void show_progress(std::int64_t done, std::int64_t total)
{
    std::fprintf(stderr, "%lld of %lld usage points\n", static_cast<long long>(done), static_cast<long long>(total));
}

int print_failures(store::BillBulk& bulk, std::int64_t run, int limit)
{
    const auto failures = bulk.failures(run, limit);
    for (const auto& [point, reason] : failures)
        std::printf("  %s: %s\n", point.value.c_str(), reason.c_str());
    return static_cast<int>(failures.size());
}

} // namespace

int run_bills_of(BillingDesk& desk, const std::optional<engine::CivilSpan>& span, const std::string& group, std::int64_t resume)
{
    const store::DatabaseAddress& database = desk.opened.database.address;
    store::BillBulk bulk{database};
    const auto run = span ? bulk.begin(*span, group) : bulk.resume(resume);
    if (!run)
        return complain(fail(errc::bad_config, (span ? "--group: " : "--resume: ") + run.error().detail));
    for (const int signal : {SIGINT, SIGTERM})
        std::signal(signal, [](int) { stop_run = true; });
    const std::int64_t issued = bulk.count_issued(*run);
    const store::ModelLookup models = [registry = &desk.models](std::string_view name) { return registry->find(name); };
    const auto done = run_bills(database, models, *run, {.progress = show_progress, .stop = &stop_run});
    if (!done)
        return complain(done.error());
    std::printf("run %lld: %lld drafts, %s EUR in all; %lld could not be billed%s\n", static_cast<long long>(run->id), static_cast<long long>(done->billed),
                to_string(Cents{done->total_cents}).c_str(), static_cast<long long>(done->failed), done->finished ? "" : "; stopped, go on with --resume");
    if (issued > 0)
        std::printf("%lld usage points have an issued bill for some of these days: left out\n", static_cast<long long>(issued));
    if (print_failures(bulk, run->id, failures_shown_max) == failures_shown_max)
        std::printf("  `releve bill failures %lld` lists all\n", static_cast<long long>(run->id));
    return done->finished && done->failed == 0 ? 0 : 1;
}

int issue_run(BillingDesk& desk, std::int64_t run)
{
    constexpr int at_once = 500;
    std::int64_t issued = 0, refused = 0;
    store::BillFilter drafts{.state = "draft", .run = run};
    for (auto bills = desk.store->bills(drafts, at_once); !bills.empty(); bills = desk.store->bills(drafts, at_once)) {
        for (const store::StoredBill& bill : bills) {
            const auto done = desk.store->set_state(bill.id, store::BillState::issued, {});
            ++(done ? issued : refused);
            if (!done)
                std::printf("  bill %lld of %s: %s\n", static_cast<long long>(bill.id), bill.usage_point.value.c_str(), done.error().detail.c_str());
        }
        drafts.after = std::to_string(bills.back().id);
        std::fprintf(stderr, "%lld issued\n", static_cast<long long>(issued));
    }
    if (issued + refused == 0)
        return complain(fail(errc::bad_config, "--run: run " + std::to_string(run) + " has no drafts"));
    std::printf("run %lld: %lld bills issued, %lld could not be issued\n", static_cast<long long>(run), static_cast<long long>(issued), static_cast<long long>(refused));
    return refused == 0 ? 0 : 1;
}

int show_run_failures(BillingDesk& desk, std::int64_t run)
{
    store::BillBulk bulk{desk.opened.database.address};
    if (!bulk.exists(run))
        return complain(fail(errc::bad_config, "run: there is no run " + std::to_string(run)));
    if (print_failures(bulk, run, std::numeric_limits<int>::max()) == 0)
        std::printf("run %lld: none\n", static_cast<long long>(run));
    return 0;
}

} // namespace releve::app
