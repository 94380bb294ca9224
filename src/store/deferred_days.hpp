#pragma once
// Readings that are committed in the archive and not yet in their days: many values of a day then cost one row instead of
// one each. Kept by the writer; the database knows which batches wait, so that a crash loses only the convenience.

#include "series_tables.hpp"

#include <releve/core/block.hpp>

#include <chrono>

namespace releve::store {

/// Whether a frame may wait: it is in the archive, and brings some values and nothing else.
[[nodiscard]] bool can_wait(const FrameWrite& frame);

class DeferredDays {
public:
    struct Day {
        SeriesKey key;
        DayBlock block;
    };

    /// The frames of a batch that committed. No frame, nothing to do.
    void add(BatchNumber batch, std::span<const FrameWrite> frames);
    /// Readings that wait, those of a slice under way included.
    [[nodiscard]] std::size_t size() const { return waiting_.size() + (folding_.size() - done_); }
    [[nodiscard]] bool folding() const { return done_ < folding_.size(); }
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> oldest() const { return oldest_; }

    /// The next days in the order of their keys, at most so many; begins with all that waits.
    [[nodiscard]] std::vector<Day> next_slice(std::size_t days_max);
    /// The batches that wait for nothing any more once the slice is written: all at the end, none before.
    [[nodiscard]] std::vector<std::int64_t> batches_after_slice() const;
    /// The slice is written, or will be read from the archive again.
    void slice_done();

private:
    struct Reading {
        SeriesKey key;
        Instant first{};
        Seconds step{};
        std::uint32_t slots = 0;
        DayPart::Value value;
    };

    std::vector<Reading> waiting_, folding_;
    std::vector<std::int64_t> waiting_batches_, folding_batches_;
    std::size_t done_ = 0, slice_end_ = 0; // in folding_
    std::optional<std::chrono::steady_clock::time_point> oldest_;
};

} // namespace releve::store
