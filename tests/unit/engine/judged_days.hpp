#pragma once
// Days to be judged, rules switched on one at a time, and failures as text.

#include <releve/engine/validation.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace releve::engine::test {

using Rule = ValidationRule;
using Values = std::vector<std::optional<std::int64_t>>;
inline constexpr std::nullopt_t missing = std::nullopt;

inline ChannelModel channel_of(Quantity quantity, Unit unit, int scaler = 0, int step_s = 1'800)
{
    ChannelModel channel;
    channel.name = "active_power_import";
    channel.quantity = quantity;
    channel.unit = unit;
    channel.scaler = scaler;
    channel.step = Seconds{step_s};
    return channel;
}
inline ChannelModel watts(int scaler = 0)
{
    return channel_of(Quantity::mean_power, Unit::watt, scaler);
}

inline DayValues day_of(const Values& values, int step_s = 1'800)
{
    DayValues day;
    day.first = Instant{Seconds{1'700'000'000}};
    day.step = Seconds{step_s};
    day.slots = static_cast<std::uint32_t>(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        day.values[i] = values[i].value_or(0);
        if (values[i])
            day.present[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    return day;
}

/// So many slots of one value.
inline Values flat(std::size_t slots, std::int64_t value)
{
    return Values(slots, value);
}
/// Other values from `at` on.
inline Values with(Values values, std::size_t at, const Values& others)
{
    std::copy(others.begin(), others.end(), values.begin() + static_cast<std::ptrdiff_t>(at));
    return values;
}
/// No two neighbours alike, none 0.
inline Values lively(std::size_t slots)
{
    Values values;
    for (std::size_t i = 0; i < slots; ++i)
        values.push_back(200 + static_cast<std::int64_t>(i % 7) * 10);
    return values;
}

inline RuleSet only(Rule rule, std::array<std::int64_t, 3> limits = {}, Severity severity = Severity::doubt)
{
    RuleSet rules;
    rules[rule] = {true, severity, limits};
    return rules;
}

/// Thirty days with 48 slots each, alike.
inline History month_of(std::int64_t mean, std::int64_t greatest, std::uint32_t zero_slots = 0)
{
    return {30, 1'440, zero_slots, mean * 1'440, greatest};
}

inline std::vector<ValidationFailure> failures(const RuleSet& rules, const DayValues& day,
                                               const DayContext& context = {},
                                               const ChannelModel& channel = watts())
{
    std::vector<ValidationFailure> out;
    DayValidator{rules, channel}.validate(day, context, out);
    return out;
}

/// "gap 3-5 = 3 (4, 0)", one after the other with "; ".
inline std::string told(const std::vector<ValidationFailure>& failures)
{
    std::string out;
    for (const ValidationFailure& f : failures)
        out += (out.empty() ? "" : "; ") + std::string{validation_rule_row(f.rule).name} + " " +
               std::to_string(f.first_slot) + "-" + std::to_string(f.last_slot) + " = " +
               std::to_string(f.value) + " (" + std::to_string(f.detail[0]) + ", " +
               std::to_string(f.detail[1]) + ")";
    return out;
}

inline constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

/// A row of a table of cases: `expected` is what told() says.
struct Case {
    const char* name;
    RuleSet rules;
    Values values;
    DayContext context;
    std::string expected;
    ChannelModel channel = watts();
    int step_s = 1'800;
};

inline void check(const std::vector<Case>& cases)
{
    for (const Case& test : cases)
        EXPECT_EQ(told(failures(test.rules, day_of(test.values, test.step_s), test.context, test.channel)),
                  test.expected)
            << test.name;
}

} // namespace releve::engine::test
