#pragma once
// What stands over measured days: estimates, edits and raised qualities, in blocks of the same format. Nothing
// measured is ever altered by them: resolve() says what a reader sees. Pure.
//
// A slot of an overlay block says by its quality what it is:
//   valid         the measured value was questioned, and somebody accepted it      read as verified
//   questionable  the measured value failed a check
//   edited        somebody put this value in the place of the reading
//   estimated_*, derived   an estimate, for as long as nothing was measured
// Its counter is the number of the overlay's version that wrote the slot: method, author, time and reason of a
// version are told by that number (interval_overlay_day, overlay_history).

#include <releve/core/block.hpp>

#include <optional>
#include <span>
#include <vector>

namespace releve {

/// What is seen of one slot.
struct ResolvedSlot {
    std::int64_t value = 0;
    Quality quality = Quality::missing;
    std::int32_t version = 0;            // of the overlay, where the value or the quality is its; else 0
    std::int64_t batch = 0;              // that wrote what is seen
    std::optional<std::int64_t> measured; // what the meter said, where something else is seen
    [[nodiscard]] bool there() const { return quality != Quality::missing; }
    bool operator==(const ResolvedSlot&) const = default;
};

/// How far the checks have come.
struct Checked {
    bool all = false; // every value of the measured block was checked by rules; what passed is valid, not raw
};

/// An edit is seen until it is undone, whatever is measured later. Else what was measured is seen, with the quality
/// that the overlay gives to this very value: a verdict about a value that was superseded since says nothing of the new
/// one. Else an estimate. `measured` or `overlay` may be null, not both. errc::bad_block: they are of different days.
[[nodiscard]] result<std::vector<ResolvedSlot>> resolve(const DayBlock* measured, const DayBlock* overlay, const Checked& checked = {});

/// What of the overlay still matters beside what is measured now: edits, verdicts about values that stand, estimates of
/// slots that are still empty. Nothing: the overlay can go (into its history).
[[nodiscard]] result<std::optional<DayBlock>> still_needed(const DayBlock& measured, const DayBlock& overlay);

/// An estimate or edit of a slot, to be laid over a day.
struct OverlayValue {
    std::uint32_t slot = 0;
    std::int64_t value = 0;
    Quality quality = Quality::estimated_linear; // one of those above
};
/// The overlay with these slots replaced, as its next version. `overlay` may be null: then a new one of the shape of
/// `shape`. errc::bad_value: a slot beyond the day, or a quality that no overlay has; errc::bad_block: another day.
[[nodiscard]] result<DayBlock> lay_over(const DayBlock* overlay, const DayBlock& shape, std::span<const OverlayValue> values,
                                        std::int32_t version, std::int64_t batch);
/// The overlay without these slots; nothing if none is left.
[[nodiscard]] std::optional<DayBlock> take_off(const DayBlock& overlay, std::span<const std::uint32_t> slots);

} // namespace releve
