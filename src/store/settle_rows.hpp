#pragma once
// The statements of the closer look, many meters at once, given an open transaction. Throws pg::SqlError.

#include "checks.hpp"
#include "settle.hpp"

namespace releve::store {

struct SettleLoad {
    std::vector<MeterRows> meters;       // that are to be judged
    std::vector<std::int32_t> nothing;   // whose days need no look (any more): a home with daily totals
    std::vector<std::int32_t> unknown;   // their model is not loaded: they stay due until the next start
    std::map<std::int32_t, DueDays> rest; // what is left for the next time
};
/// Locks the rows that say what is due.
[[nodiscard]] SettleLoad load_due_meters(pg::Connection& connection, Checks& checks, const std::vector<std::int32_t>& meters, Instant now);

struct SettledMeter {
    const MeterRows* rows = nullptr;
    MeterChanges changes;
};
void write_changes(pg::Connection& connection, BatchNumber number, Instant now, const std::vector<SettledMeter>& settled);
/// The rows that said so go, or name what is left.
void finish_due(pg::Connection& connection, const SettleLoad& load);
/// Due until the next start: its job does not wait for it.
void leave_unjudged(pg::Connection& connection, std::int32_t meter);
/// Meters for which persons asked for corrections become due.
void add_corrections_to_due(pg::Connection& connection);

} // namespace releve::store
