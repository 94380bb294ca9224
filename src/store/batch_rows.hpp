#pragma once
// What one transaction writes, statement by statement, given an open transaction. Throws pg::SqlError, or
// Refusal for what no database needs to be asked about.

#include "checks.hpp"
#include "daily_totals.hpp"
#include "deferred_days.hpp"
#include "frame_pack.hpp"
#include "pg.hpp"
#include "recent_days.hpp"
#include "series_tables.hpp"

#include <span>
#include <stdexcept>

namespace releve::store {

/// A frame that cannot be written, whatever is tried: its day does not merge with the stored one, or is too
/// large.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct BatchRow {
    BatchNumber number, watermark;
    int writer = 0;
    Instant now{};
    std::int32_t deferred = 0; // frames whose readings stay in the archive for now
    std::int32_t folded = 0;   // days of such frames, or frames read again, that this batch brings
};

/// Throws pg::SqlError 23505 when the number is taken.
void write_batch_row(pg::Connection&, const BatchRow&, std::span<const FrameWrite>, std::size_t refused);
/// Whether the number is taken by these very frames.
[[nodiscard]] bool batch_is_ours(pg::Connection&, const BatchRow&, std::span<const FrameWrite>);

/// `defer`: without those of frames that can wait.
void write_intervals(pg::Connection&, BatchNumber, std::span<const FrameWrite>, RecentDays&, Checks&, bool defer);
/// What earlier batches deferred.
void write_deferred(pg::Connection&, BatchNumber, std::span<const DeferredDays::Day>, RecentDays&, Checks&);
/// These batches wait for nothing any more.
void finish_deferred(pg::Connection&, std::span<const std::int64_t> batches);
void write_registers(pg::Connection&, BatchNumber, std::span<const FrameWrite>, Checks&);
void write_daily_totals(pg::Connection&, BatchNumber, std::span<FrameWrite>);
/// Live values, events and what became of commands.
void write_extras(pg::Connection&, BatchNumber, std::span<const FrameWrite>);
void write_receptions(pg::Connection&, std::span<const ReceptionWrite>);
void write_archive(pg::Connection&, const BatchRow&, std::span<const FrameWrite>);
/// Parts of files whose readings this batch brings: they are taken away and counted.
void finish_import_parts(pg::Connection&, BatchNumber, std::span<const FrameWrite>);
void write_quarantine(pg::Connection&, std::span<const QuarantineWrite>, Instant now);
/// Quarantine rows whose frame was tried again, whatever came of it.
/// Taken shared by every batch and alone by a change of choice: a batch that has seen "half-hours" commits before the
/// choice of "daily" erases them, and a later one sees the choice.
inline constexpr std::int64_t collection_choice_lock = 7232654312345680;
/// Held shared by every connection that writes, for as long as it lives: who takes it alone knows that no killed
/// collector's last commit is still on its way.
inline constexpr std::int64_t writers_lock = 7232654312345682;
inline constexpr const char* choice_is_daily = "the home has chosen daily totals meanwhile";
/// Refusal (choice_is_daily) when half-hours are to be written for a usage point that keeps none; of parts of files
/// (import_choice_changed) when any choice has changed since they were judged.
void check_choices(pg::Connection&, std::span<const FrameWrite>, std::span<const DeferredDays::Day>, std::int64_t judged_under);
void forget_retried(pg::Connection&, std::span<const FrameWrite>, std::span<const QuarantineWrite>,
                    std::span<const std::int64_t> resolved);

} // namespace releve::store
