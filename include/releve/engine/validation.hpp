#pragma once
// What is to be doubted in a channel's day, and why: the rules of proto/validation_rules.def. A function of
// its inputs only, in exact integers. Judges a slot by what came before it, never by what follows, so that a
// later day changes nothing that was said of an earlier one. It neither changes values nor asks anybody;
// whoever calls it brings the context.

#include <releve/core/day_values.hpp>
#include <releve/core/meter_model.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace releve::engine {

enum class ValidationRule : std::uint8_t {
#define RELEVE_VALIDATION_RULE(name, ...) name,
#include "validation_rules.def"
};
inline constexpr std::size_t validation_rules = 0
#define RELEVE_VALIDATION_RULE(...) +1
#include "validation_rules.def"
    ;
inline constexpr std::size_t rule_limits_max = 3;

/// What rules are given for: channels of one kind are judged alike.
enum class RuleKind : std::uint8_t { electricity_import, electricity_export, volume };
inline constexpr std::size_t rule_kinds = 3;
[[nodiscard]] std::string_view rule_kind_name(RuleKind kind);
/// Of an interval channel of power, energy or volume; nothing for others, which are not judged. A channel is
/// of export if its model's name for it ends in "_export".
[[nodiscard]] std::optional<RuleKind> rule_kind_of(const ChannelModel& channel);

struct ValidationRuleRow {
    ValidationRule rule;
    std::string_view name;
    std::array<std::string_view, rule_limits_max> limits; // empty: none
    Words words;
};
[[nodiscard]] std::span<const ValidationRuleRow> validation_rule_rows();
[[nodiscard]] const ValidationRuleRow& validation_rule_row(ValidationRule rule);
[[nodiscard]] std::optional<ValidationRule> validation_rule_from_name(std::string_view name);
/// The limit's name in files and failures of that kind, its unit last; empty if the rule has none at `index`.
[[nodiscard]] std::string_view limit_name(ValidationRule rule, std::size_t index, RuleKind kind);

enum class Severity : std::uint8_t {
    note,  // recorded, nothing more
    doubt, // the slots become questionable
};
[[nodiscard]] std::string_view severity_name(Severity severity);

struct RuleLimits {
    bool on = false;
    Severity severity = Severity::note;
    std::array<std::int64_t, rule_limits_max> limits{}; // in the units their names end in
    bool operator==(const RuleLimits&) const = default;
};
/// One of each rule, in the order of the table.
struct RuleSet {
    std::array<RuleLimits, validation_rules> rules{};
    [[nodiscard]] RuleLimits& operator[](ValidationRule rule)
    {
        return rules[static_cast<std::size_t>(rule)];
    }
    [[nodiscard]] const RuleLimits& operator[](ValidationRule rule) const
    {
        return rules[static_cast<std::size_t>(rule)];
    }
    bool operator==(const RuleSet&) const = default;
};
struct RuleBook {
    std::array<RuleSet, rule_kinds> kinds{};
    [[nodiscard]] RuleSet& operator[](RuleKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] const RuleSet& operator[](RuleKind kind) const
    {
        return kinds[static_cast<std::size_t>(kind)];
    }
    bool operator==(const RuleBook&) const = default;
};

/// How a day ends, for the rules that count from one day into the next: its last value, and how many slots up
/// to it had that same value without a missing one between, over midnight and at most run_slots_max.
struct DayTail {
    bool has_last = false; // false: the last slot is missing, or no day before is known
    std::int64_t last = 0;
    std::uint32_t run = 0;
    bool operator==(const DayTail&) const = default;
};
/// No rule may ask for a longer run: a week of 5-minute slots.
inline constexpr std::uint32_t run_slots_max = 2'016;
[[nodiscard]] DayTail tail_of(const DayValues& day, const DayTail& before);
/// How many slots before a day its failures depend on. A tail counted over no more than these gives the same
/// ones.
[[nodiscard]] std::uint32_t look_back_slots(const RuleSet& rules);

/// The whole days of the time before (say, of the calendar month before), in the channel's unit and scaler.
struct History {
    std::uint32_t days = 0;
    std::uint32_t slots = 0;
    std::uint32_t zero_slots = 0;
    std::int64_t sum = 0; // of all slots; stays at the ends of 64 bits
    std::int64_t greatest = 0;
    bool operator==(const History&) const = default;
};
/// A shorter history says too little: the rules that need one do not judge.
inline constexpr std::uint32_t history_days_min = 7;
/// Counts the day if no slot of it is missing.
void add_to(History& history, const DayValues& day);

/// What a register counted from the first instant of the day to the last: amount * 10^scaler Wh (m3 for a
/// volume).
struct RegisterDifference {
    std::int64_t amount = 0;
    int scaler = 0;
    std::int64_t count = 1; // the register's resolution, in units of `amount`
};
/// What the tariff registers counted together over the day beside the total register, in one unit.
struct TariffSums {
    std::int64_t parts = 0;
    std::int64_t total = 0;
    std::int64_t count = 1; // the coarsest register's resolution
};
/// What was sent otherwise than the model says; empty where it was as expected or not told.
struct SentAs {
    std::optional<Seconds> step{};
    std::optional<Unit> unit{};
    std::optional<int> scaler{};
};
using SlotSet = std::array<std::uint64_t, DayValues::words>; // as DayValues::present

/// What a day is judged by beside its values. What is empty is not known: the rules that need it do not
/// judge.
struct DayContext {
    DayTail before{};
    std::optional<History> history{};
    std::optional<RegisterDifference> registers{};
    std::optional<TariffSums> tariffs{};
    const DayValues* opposite = nullptr; // the same day of the channel of the other direction
    const ChannelModel* opposite_channel = nullptr;
    std::optional<std::int64_t> subscribed_va{};
    std::optional<Seconds> clock_drift{};
    SentAs sent{};
    SlotSet sent_again{};   // came twice with one value
    SlotSet sent_changed{}; // came twice with two values
    /// So many slots, from the first, are known to be over: behind them nothing is missing yet.
    std::uint32_t slots_over = limits::slots_per_day_max;
    bool active = true; // false: nothing should be used at this point
};

/// One rule that a run of slots (or the day) does not keep. `value` and `detail`, in the channel's unit and
/// scaler unless said otherwise:
///   gap: missing slots of the run; of the day     overlap, duplicate: repeated slots of the run; of the day
///   interval_size (s), unit (code), multiplier (scaler): as sent; as in the model
///   negative, inactive: the value furthest off    high_power: the greatest value; subscribed VA
///   high: the greatest value; history's greatest, days     low: sum of the day; history's sum, days
///   spike: the value; the one before, history's greatest   zero: 0; slots of the run, history's zero slots
///   frozen: the value; slots of the run (of those before the day, as many as look_back_slots at most)
///   sum_check: sum of the intervals, register difference, both * 10^scaler Wh (m3); scaler
///   sibling: sum of the tariffs; total; 0 - or drawn and fed in: this value; that of the other channel; 1
///   clock: drift in s
struct ValidationFailure {
    ValidationRule rule{};
    Severity severity{};
    std::uint16_t first_slot = 0;
    std::uint16_t last_slot = 0; // inclusive; failures of the whole day name all slots
    std::int64_t value = 0;
    std::array<std::int64_t, rule_limits_max> limits{}; // as they stood in the rule set
    std::array<std::int64_t, 2> detail{};
    bool operator==(const ValidationFailure&) const = default;
};

/// The rules of one channel model, made ready: limits are brought to the channel's unit once.
class DayValidator {
public:
    DayValidator(const RuleSet& rules, const ChannelModel& channel);

    /// Appends what the day does not keep, by rule, then slot. Allocates only there. The day may have another
    /// step than the model: its values are then powers over that step. Any 64-bit values and limits are
    /// possible; where a product goes beyond 128 bits the comparison is made with the greatest number there
    /// is.
    void validate(const DayValues& day, const DayContext& context, std::vector<ValidationFailure>& out) const;

private:
    friend class JudgedDay; // validation.cpp

    RuleSet rules_;
    ChannelModel channel_;
    std::uint32_t on_ = 0; // one bit a rule
    std::array<std::int64_t, validation_rules>
        floors_{}; // values above `floor_w` are greater; for the model's step
};

} // namespace releve::engine
