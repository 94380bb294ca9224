#pragma once
// The closer look at a meter's days: from its rows as they are stored to the rows that must change. No SQL here; the statements
// are in settle_rows.cpp.

#include <releve/core/overlay.hpp>
#include <releve/engine/estimation.hpp>
#include <releve/engine/meter_checks.hpp>
#include <releve/store/records.hpp>

#include <map>

namespace releve::store {

using ChannelDay = std::pair<ChannelId, CivilDay>;

struct DueDays {
    CivilDay from{}, to{}; // included
};

/// An overlay as its row is; `revision` is the version that its slots name.
struct OverlayRow {
    std::int32_t revision = 0;
    std::string method;
    DayBlock block;
};
struct StoredFailure {
    std::int64_t id = 0;
    ChannelDay of;
    engine::ValidationFailure failure;
};
struct StoredGap {
    std::int64_t id = 0;
    ChannelId channel;
    Instant starts{}, ends{};
    bool estimated = false;
    Instant found_at{};
};
struct StoredMonth {
    CivilDay through{};
    Bytes data;
};
/// What a person asked for.
struct CorrectionWork {
    std::int64_t id = 0;
    ChannelDay of;
    std::string action, reason, author;
    std::vector<std::int64_t> slots, values;
};

struct MeterRows {
    MeterId meter;
    const engine::CheckedModel* model = nullptr;
    CivilDay from{}, to{};     // judged
    std::optional<Instant> estimate_found_by{}; // also fill gaps that were found by then
    bool ledger = false;       // also say what does not add up
    bool later_days = false;   // there are days beyond those that are here
    CivilDay last_loaded{};    // `to`, or a day beyond it at which a hole ends
    engine::MeterDays days;
    std::map<ChannelDay, OverlayRow> overlays;
    std::map<ChannelDay, std::int32_t> last_revisions; // of overlays that are in the history only
    std::vector<StoredFailure> failures; // that hold now, of the days judged
    std::vector<StoredGap> gaps;         // open
    std::map<ChannelDay, StoredMonth> months; // by first day
    std::vector<CorrectionWork> corrections;
};

struct OverlayVersion {
    std::int32_t revision = 0;
    std::optional<DayBlock> block; // nothing: the overlay is taken away
    std::string method, author, reason;
};
struct OverlayChange {
    ChannelDay of;
    bool had_row = false;
    std::vector<OverlayVersion> versions; // one after the other; all but the last at once superseded
};
struct GapChange {
    std::optional<std::int64_t> id; // nothing: new
    ChannelId channel;
    Instant starts{}, ends{};
    bool estimated = false, closed = false;
};
struct EstimateErrorRow {
    ChannelDay of;
    std::string method;
    std::int64_t slots = 0, estimated = 0, measured = 0, absolute = 0;
};
struct MonthChange {
    ChannelDay of;
    StoredMonth month;
};
/// What does not add up, in Wh (dm3 of a volume).
struct BreachFound {
    std::string kind; // as in ledger_breach
    ChannelDay of;
    std::int64_t expected = 0, found = 0;
};
struct CorrectionResult {
    std::int64_t id = 0;
    bool done = false;
    std::string detail;
};
struct MeterChanges {
    std::vector<std::int64_t> cleared;
    std::vector<std::pair<ChannelDay, engine::ValidationFailure>> failures;
    std::vector<OverlayChange> overlays;
    std::vector<GapChange> gaps;
    std::vector<MonthChange> months;
    std::vector<EstimateErrorRow> errors;
    std::vector<CorrectionResult> corrections;
    std::vector<BreachFound> breaches; // all there are, of a ledger
    std::optional<engine::MeterMemory> memory; // nothing: its last day was not looked at
    std::optional<DueDays> look_again; // estimates went beyond the days judged, where totals are not summed
};

/// errc::bad_block: a stored day cannot be read. `number`: with which the changes will be known.
[[nodiscard]] result<MeterChanges> settle(const MeterRows& rows, BatchNumber number, const Zone& zone);

// ---- its parts

/// Overlays of a meter while they change.
class OverlayDesk {
public:
    OverlayDesk(const MeterRows& rows, BatchNumber number) : rows_{rows}, number_{number} {}
    /// As it is now; null: none.
    [[nodiscard]] const DayBlock* find(const ChannelDay& of) const;
    /// The next version; nothing changes if it says the same.
    void replace(const ChannelDay& of, std::optional<DayBlock> block, std::string method, std::string author, std::string reason);
    /// The number that the next version of this day will have.
    [[nodiscard]] std::int32_t next_revision(const ChannelDay& of) const;
    [[nodiscard]] BatchNumber number() const { return number_; }
    [[nodiscard]] std::vector<OverlayChange> take();

private:
    const MeterRows& rows_;
    BatchNumber number_;
    std::map<ChannelDay, OverlayChange> changes_;
};

/// A run of slots without a value between two that have one, over days on which nothing came too.
struct MissingRun {
    ChannelId channel;
    Instant starts{}, ends{};
};
/// In order. `breaks`: when the meter came to another place, where what is missing before is no concern of those after it.
[[nodiscard]] result<std::vector<MissingRun>> missing_runs(ChannelId channel, const std::map<CivilDay, Bytes>& days,
                                                           std::span<const Instant> breaks);

/// Whether some slot of the run has nothing laid over it.
[[nodiscard]] bool has_hole(const MissingRun& run, const ChannelModel& channel, const Zone& zone, const OverlayDesk& desk);
[[nodiscard]] bool is_estimate(Quality quality);
/// Lays estimates over runs that have none yet and were found by rows.estimate_found_by, and over what remains of one that was
/// estimated, where a method has enough to go on.
[[nodiscard]] result<void> estimate_runs(const MeterRows& rows, const std::vector<MissingRun>& runs, const Zone& zone, OverlayDesk& desk);

/// An empty day of the channel: what an overlay of a day without readings looks like.
[[nodiscard]] DayBlock empty_block(const ChannelModel& channel, CivilDay day, const Zone& zone);

} // namespace releve::store
