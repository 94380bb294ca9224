#pragma once
// Drafts of the bills of many usage points for the same days: in portions, each committed on its own, on several threads.
// Memory does not grow with their number; a run that was interrupted goes on where it stopped.

#include <releve/app/tariff_shelf.hpp>
#include <releve/store/bill_bulk.hpp>

#include <atomic>

namespace releve::app {

struct BillRunOptions {
    unsigned threads = 2;
    int portion = 1'000; // usage points a transaction
    /// Totals only: energies and amounts are worked out and nothing is kept (for the benchmark).
    bool totals_only = false;
    std::function<void(std::int64_t done, std::int64_t total)> progress{};
    const std::atomic<bool>* stop = nullptr; // ends after the portion at hand
};
struct BillRunSummary {
    std::int64_t run = 0, total = 0, billed = 0, failed = 0;
    std::int64_t plain = 0; // of those billed: read in bulk
    std::int64_t total_cents = 0, energy_wh = 0, document_bytes = 0;
    bool finished = false;
};
/// errc::bad_tariff; a lost connection throws.
[[nodiscard]] result<BillRunSummary> run_bills(const store::DatabaseAddress& database, const store::ModelLookup& models, const store::BulkRun& run,
                                               const BillRunOptions& options);

} // namespace releve::app
