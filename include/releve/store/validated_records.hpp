#pragma once
// What the store tells of checks, gaps, corrections, totals, groups and the state of the fleet, as plain values.

#include <releve/engine/outages.hpp>
#include <releve/engine/totals.hpp>
#include <releve/engine/validation.hpp>
#include <releve/store/records.hpp>

namespace releve::store {

// ---------------------------------------------------------------- an interval's versions

/// One thing that was known of an interval: measured, or laid over it by a check, an estimate or a person, or taken off again.
struct RevisionRow {
    std::optional<std::int64_t> value{}; // nothing: what lay over it was taken off
    Quality quality = Quality::raw;
    std::string method; // "measured"; of the overlay: "check", "set", "accept", "undo", an estimation method
    std::string author; // "meter", "releve", or the label of who did it
    std::string reason;
    BatchNumber batch{};
    std::optional<Instant> known_from{};       // when that batch was committed
    std::optional<BatchNumber> superseded_by{}; // nothing: it still stands
};
struct RevisionsAnswer {
    std::string channel;
    Unit unit = Unit::watt;
    int scaler = 0;
    Instant start{};
    Seconds step{0};
    std::vector<RevisionRow> revisions; // oldest first
};

// ---------------------------------------------------------------- totals and groups

struct TotalsRow {
    engine::PeriodTotal drawn;
    std::optional<engine::PeriodTotal> injected; // where a channel counts it
    [[nodiscard]] std::int64_t net_wh() const { return drawn.energy_wh - (injected ? injected->energy_wh : 0); }
};
struct TotalsAnswer {
    std::string of; // usage point or group
    std::string zone;
    engine::Period period = engine::Period::day;
    std::vector<TotalsRow> rows;
    std::size_t members = 1; // usage points that the totals are of, at any time of them
    std::optional<BatchNumber> as_of;
};
struct GroupRow {
    std::string id, label, organisation;
    std::int64_t members = 0; // today
};
struct GroupMemberRow {
    UsagePointId usage_point;
    CivilDay from{};
    std::optional<CivilDay> to; // not included
};
/// A half-hour of all members together: mean powers in W, each rounded half away from zero once, after the sum.
struct GroupSlot {
    Instant start{};
    std::optional<std::int64_t> drawn, injected; // nothing: no member said anything
    std::optional<std::int64_t> used_own;        // of what was injected, what members drew in the same half-hour
    std::int64_t expected = 0, present = 0;      // channels of members that draw
};
struct GroupCurve {
    std::string group, zone;
    std::vector<GroupSlot> slots;
    std::optional<int> self_consumption_permille, self_sufficiency_permille;
    std::size_t members = 0;
    std::optional<BatchNumber> as_of;
};

// ---------------------------------------------------------------- exceptions

struct FailureFilter {
    std::string rule{}, severity{}; // empty: all
    std::optional<MeterId> meter{};
    std::optional<UsagePointId> usage_point{};
    std::optional<CivilDay> from{}, to{}; // `to` is not included
    bool cleared = false;                 // also those that do not hold any more
};
struct HandlingRow {
    std::string step, note, who;
    Instant at{};
};
struct HandledEvent : EventRow {
    std::vector<HandlingRow> handling; // oldest first; of an operator's question only
};
struct FailureRow {
    std::int64_t id = 0; // newest first
    MeterId meter;
    UsagePointId usage_point;
    std::string channel; // name
    CivilDay day{};
    std::string rule, severity;
    Instant from{}, to{}; // of the run of slots
    std::int64_t value = 0;
    std::vector<std::pair<std::string, std::int64_t>> limits; // named, as in rule files
    std::vector<std::int64_t> detail;
    Unit unit = Unit::watt;
    int scaler = 0;
    BatchNumber batch{};
    std::optional<BatchNumber> cleared;
    std::vector<HandlingRow> handling; // oldest first; of an operator's question only
};

/// What can be said of readings that are missing; the words say no more than what the code does.
enum class GapState : std::uint8_t {
    waiting,   // the meter may still send them by itself
    asked,     // a command that asks for them is on its way
    must_ask,  // the meter still has them; nothing here can ask for them yet
    estimated, // filled by an estimate
    lost,      // the meter no longer has them
};
[[nodiscard]] std::string_view gap_state_name(GapState state);
struct GapFilter {
    std::optional<MeterId> meter{};
    std::optional<UsagePointId> usage_point{};
    std::string state{}; // empty: all
};
struct GapRow {
    std::int64_t id = 0;
    MeterId meter;
    UsagePointId usage_point;
    std::string channel;
    Instant from{}, to{};
    GapState state = GapState::waiting;
    Instant found_at{};
    int looks = 0;
    std::optional<Instant> next_look_at;
    std::optional<Instant> kept_until; // how long the meter keeps them: its memory's horizon, where its model says so
};
struct BreachRow {
    std::int64_t id = 0;
    std::string kind; // index, stored_total, group
    std::optional<MeterId> meter;
    std::string group, channel;
    CivilDay day{};
    std::int64_t expected = 0, found = 0;
    Instant found_at{};
};
struct JobRow {
    std::int64_t id = 0;
    std::string kind, group, state, asked_by, detail;
    std::int64_t total = 0, done = 0; // meters
    Instant asked_at{};
    std::optional<Instant> finished_at;
};

// ---------------------------------------------------------------- corrections

struct CorrectionAsked {
    UsagePointId usage_point;
    std::string channel;              // name; empty: the main one
    std::string action;               // set, accept, undo
    Instant from{}, to{};             // whole slots of one civil day
    std::vector<std::int64_t> values; // of `set`: one a slot, in the channel's unit and scaler
    std::string reason;
};
struct CorrectionRow {
    std::int64_t id = 0;
    std::string action, reason, author, state, detail;
    CivilDay day{};
    Instant asked_at{};
    std::optional<BatchNumber> batch;
};

// ---------------------------------------------------------------- the fleet, and its mornings

struct CollectionRate {
    std::string of; // "" all; else the name of the concentrator, area or group
    std::int64_t meters = 0;
    std::int64_t expected = 0, arrived = 0; // intervals
};
struct MorningReport {
    Instant from{}, to{};
    std::vector<engine::Outage> outages;
    std::int64_t meters = 0, stopped = 0, restored = 0; // stopped: the sum of the outages' meters
    CollectionRate rate, rate_week_before;              // of yesterday, and of the same weekday before
    CivilDay day{};                                     // yesterday
    std::int64_t gaps_open = 0, gaps_closed = 0;        // closed: since `from`
    std::vector<std::pair<std::string, std::int64_t>> gaps_by_state;
    std::vector<std::pair<std::string, std::int64_t>> events_by_kind; // since `from`, not closed by anybody
};

} // namespace releve::store
