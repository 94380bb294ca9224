// The table of rules, and what a day leaves for the judgement of later ones.

#include <releve/engine/validation.hpp>

#include <algorithm>
#include <limits>

namespace releve::engine {

namespace {

/// A limit's name as text; the table writes `none` where there is no limit.
constexpr std::string_view written(std::string_view name)
{
    return name == "none" ? std::string_view{} : name;
}

constexpr ValidationRuleRow rule_rows[] = {
#define RELEVE_VALIDATION_RULE(name, limit_1, limit_2, limit_3, ...)                                         \
    {ValidationRule::name, #name, {written(#limit_1), written(#limit_2), written(#limit_3)}, {__VA_ARGS__}},
#include "validation_rules.def"
};

constexpr std::array<std::string_view, rule_kinds> rule_kind_names{"electricity_import", "electricity_export",
                                                                   "volume"};

std::int64_t sum_or_end(std::int64_t a, std::int64_t b)
{
    std::int64_t out = 0;
    if (!__builtin_add_overflow(a, b, &out))
        return out;
    return b < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

} // namespace

std::string_view rule_kind_name(RuleKind kind)
{
    return rule_kind_names[static_cast<std::size_t>(kind)];
}

std::optional<RuleKind> rule_kind_of(const ChannelModel& channel)
{
    if (channel.kind != ChannelKind::interval)
        return std::nullopt;
    if (channel.quantity == Quantity::volume)
        return RuleKind::volume;
    if (channel.quantity != Quantity::mean_power && channel.quantity != Quantity::energy)
        return std::nullopt;
    return channel.name.ends_with("_export") || channel.name.find("_export_") != std::string::npos ? RuleKind::electricity_export : RuleKind::electricity_import;
}

std::span<const ValidationRuleRow> validation_rule_rows()
{
    return rule_rows;
}

const ValidationRuleRow& validation_rule_row(ValidationRule rule)
{
    return rule_rows[static_cast<std::size_t>(rule)];
}

std::optional<ValidationRule> validation_rule_from_name(std::string_view name)
{
    for (const ValidationRuleRow& row : rule_rows)
        if (row.name == name)
            return row.rule;
    return std::nullopt;
}

std::string_view limit_name(ValidationRule rule, std::size_t index, RuleKind kind)
{
    const std::string_view name = validation_rule_row(rule).limits[index];
    return kind == RuleKind::volume && name == "floor_w" ? std::string_view{"floor_l_h"} : name;
}

std::string_view severity_name(Severity severity)
{
    return severity == Severity::doubt ? "doubt" : "note";
}

DayTail tail_of(const DayValues& day, const DayTail& before)
{
    if (day.slots == 0 || !day.has(day.slots - 1))
        return {};
    DayTail tail{true, day.values[day.slots - 1], 0};
    std::uint32_t slot = day.slots;
    while (slot > 0 && day.has(slot - 1) && day.values[slot - 1] == tail.last)
        --slot;
    tail.run = day.slots - slot;
    if (slot == 0 && before.has_last && before.last == tail.last)
        tail.run += std::min(before.run, run_slots_max);
    tail.run = std::min(tail.run, run_slots_max);
    return tail;
}

std::uint32_t look_back_slots(const RuleSet& rules)
{
    std::int64_t slots = rules[ValidationRule::spike].on ? 1 : 0;
    for (const ValidationRule rule : {ValidationRule::frozen, ValidationRule::zero})
        if (rules[rule].on)
            slots = std::max(slots, std::min<std::int64_t>(rules[rule].limits[0], run_slots_max) - 1);
    return static_cast<std::uint32_t>(slots);
}

void add_to(History& history, const DayValues& day)
{
    if (day.slots == 0 || !day.is_whole())
        return;
    std::int64_t least = day.values[0], greatest = day.values[0];
    std::uint32_t zero_slots = 0;
    std::uint64_t sum = 0; // modulo 2^64
    for (std::uint32_t i = 0; i < day.slots; ++i) {
        const std::int64_t value = day.values[i];
        least = std::min(least, value);
        greatest = std::max(greatest, value);
        sum += static_cast<std::uint64_t>(value);
        zero_slots += value == 0 ? 1 : 0;
    }
    constexpr std::int64_t small = std::int64_t{1} << 53; // 300 of them and the sum before fit 64 bits
    if (least > -small && greatest < small && history.sum > -(small << 8) && history.sum < small << 8)
        history.sum += static_cast<std::int64_t>(sum);
    else
        for (std::uint32_t i = 0; i < day.slots; ++i)
            history.sum = sum_or_end(history.sum, day.values[i]);
    history.greatest = history.days == 0 ? greatest : std::max(history.greatest, greatest);
    history.zero_slots += zero_slots;
    ++history.days;
    history.slots += day.slots;
}

} // namespace releve::engine
