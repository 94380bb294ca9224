#include "judged_days.hpp"

#include <gtest/gtest.h>

namespace releve::engine {
namespace {

using namespace test;

SlotSet slots(std::initializer_list<std::uint32_t> numbers)
{
    SlotSet set{};
    for (const std::uint32_t number : numbers)
        set[number / 64] |= std::uint64_t{1} << (number % 64);
    return set;
}

TEST(Validation, gaps_are_told_run_by_run_up_to_what_is_over)
{
    const Values holes = with(lively(48), 3, {missing, missing, 5, missing});
    const Values evening = with(lively(48), 40, Values(8, missing));
    check({
        {"none missing", only(Rule::gap), lively(48), {}, ""},
        {"two runs", only(Rule::gap), holes, {}, "gap 3-4 = 2 (3, 0); gap 6-6 = 1 (3, 0)"},
        {"as many as allowed", only(Rule::gap, {3}), holes, {}, ""},
        {"one more", only(Rule::gap, {2}), holes, {}, "gap 3-4 = 2 (3, 0); gap 6-6 = 1 (3, 0)"},
        {"not over yet", only(Rule::gap), evening, {.slots_over = 40}, ""},
        {"one slot over", only(Rule::gap), evening, {.slots_over = 41}, "gap 40-40 = 1 (1, 0)"},
        {"all over", only(Rule::gap), evening, {.slots_over = 48}, "gap 40-47 = 8 (8, 0)"},
        {"nothing over", only(Rule::gap), Values(48, missing), {.slots_over = 0}, ""},
        {"nothing came in spring", only(Rule::gap), Values(46, missing), {}, "gap 0-45 = 46 (46, 0)"},
        {"nothing came in autumn", only(Rule::gap), Values(50, missing), {}, "gap 0-49 = 50 (50, 0)"},
        {"past a word of bits",
         only(Rule::gap),
         with(lively(300), 62, Values(4, missing)),
         {},
         "gap 62-65 = 4 (4, 0)",
         watts(),
         300},
        {"a negative limit is as 0", only(Rule::gap, {-1}), lively(48), {}, ""},
    });
}

TEST(Validation, what_came_twice_is_told_apart_by_its_value)
{
    const DayContext same{.sent_again = slots({0, 1, 47})};
    const DayContext other{.sent_changed = slots({5})};
    const DayContext beyond{.sent_again = slots({48})};
    check({
        {"same", only(Rule::duplicate), lively(48), same,
         "duplicate 0-1 = 2 (3, 0); duplicate 47-47 = 1 (3, 0)"},
        {"same, allowed", only(Rule::duplicate, {3}), lively(48), same, ""},
        {"same, one more", only(Rule::duplicate, {2}), lively(48), same,
         "duplicate 0-1 = 2 (3, 0); duplicate 47-47 = 1 (3, 0)"},
        {"same is no overlap", only(Rule::overlap), lively(48), same, ""},
        {"other", only(Rule::overlap), lively(48), other, "overlap 5-5 = 1 (1, 0)"},
        {"other is no duplicate", only(Rule::duplicate), lively(48), other, ""},
        {"not of this day", only(Rule::duplicate), lively(48), beyond, ""},
        {"of a longer day", only(Rule::duplicate), lively(50), beyond, "duplicate 48-48 = 1 (1, 0)"},
    });
}

TEST(Validation, what_was_sent_otherwise_concerns_the_whole_day)
{
    const ChannelModel litres = channel_of(Quantity::volume, Unit::cubic_metre, -3, 3'600);
    check({
        {"step as expected", only(Rule::interval_size), lively(48), {.sent = {.step = Seconds{1'800}}}, ""},
        {"step of the message",
         only(Rule::interval_size),
         lively(48),
         {.sent = {.step = Seconds{900}}},
         "interval_size 0-47 = 900 (1800, 0)"},
        {"step of the day",
         only(Rule::interval_size),
         lively(24),
         {},
         "interval_size 0-23 = 3600 (1800, 0)",
         watts(),
         3'600},
        {"unit not told", only(Rule::unit), lively(48), {}, ""},
        {"unit as expected", only(Rule::unit), lively(48), {.sent = {.unit = Unit::watt}}, ""},
        {"unit", only(Rule::unit), lively(48), {.sent = {.unit = Unit::watt_hour}}, "unit 0-47 = 30 (27, 0)"},
        {"multiplier as expected",
         only(Rule::multiplier),
         lively(24),
         {.sent = {.scaler = -3}},
         "",
         litres,
         3'600},
        {"multiplier",
         only(Rule::multiplier),
         lively(24),
         {.sent = {.scaler = 0}},
         "multiplier 0-23 = 0 (-3, 0)",
         litres,
         3'600},
    });
}

TEST(Validation, below_zero)
{
    check({
        {"zero", only(Rule::negative), with(lively(48), 4, {0}), {}, ""},
        {"missing", only(Rule::negative), with(lively(48), 4, {missing}), {}, ""},
        {"one below", only(Rule::negative), with(lively(48), 4, {-1}), {}, "negative 4-4 = -1 (0, 0)"},
        {"a run, by its lowest",
         only(Rule::negative),
         with(lively(48), 46, {-3, lowest}),
         {},
         "negative 46-47 = " + std::to_string(lowest) + " (0, 0)"},
        {"a missing slot ends it",
         only(Rule::negative),
         with(lively(48), 4, {-3, missing, -2}),
         {},
         "negative 4-4 = -3 (0, 0); negative 6-6 = -2 (0, 0)"},
    });
}

TEST(Validation, above_the_subscribed_power_in_any_unit_and_step)
{
    const DayContext six_kva{.subscribed_va = 6'000};
    const RuleSet rules = only(Rule::high_power, {110});
    const auto at_4 = [](std::int64_t value, std::size_t count = 48) {
        return with(lively(count), 4, {value});
    };
    const ChannelModel energy = channel_of(Quantity::energy, Unit::watt_hour);
    const ChannelModel kilo = channel_of(Quantity::energy, Unit::watt_hour, 3, 3'600);
    const ChannelModel fine = channel_of(Quantity::energy, Unit::watt_hour, -3, 900);
    check({
        {"W, at the limit", rules, at_4(6'600), six_kva, ""},
        {"W, one beyond", rules, at_4(6'601), six_kva, "high_power 4-4 = 6601 (6000, 0)"},
        {"a run, by its greatest", rules, with(lively(48), 4, {7'000, 9'000, 8'000}), six_kva,
         "high_power 4-6 = 9000 (6000, 0)"},
        {"10 W, at the limit", rules, at_4(660), six_kva, "", watts(1)},
        {"10 W, one beyond", rules, at_4(661), six_kva, "high_power 4-4 = 661 (6000, 0)", watts(1)},
        {"0.1 W, one beyond", rules, at_4(66'001), six_kva, "high_power 4-4 = 66001 (6000, 0)", watts(-1)},
        {"Wh of a half-hour, at the limit", rules, at_4(3'300), six_kva, "", energy},
        {"Wh of a half-hour, one beyond", rules, at_4(3'301), six_kva, "high_power 4-4 = 3301 (6000, 0)",
         energy},
        {"mWh of a quarter-hour, at the limit", rules, at_4(1'650'000, 96), six_kva, "", fine, 900},
        {"mWh of a quarter-hour, one beyond", rules, at_4(1'650'001, 96), six_kva,
         "high_power 4-4 = 1650001 (6000, 0)", fine, 900},
        {"kWh of an hour: 6.6 lies between", rules, flat(24, 6), six_kva, "", kilo, 3'600},
        {"kWh of an hour: and 7 above", rules, flat(24, 7), six_kva, "high_power 0-23 = 7 (6000, 0)", kilo,
         3'600},
        {"Wh of another step than the model's", rules, flat(96, 1'651), six_kva,
         "high_power 0-95 = 1651 (6000, 0)", energy, 900},
        {"and at the limit", rules, flat(96, 1'650), six_kva, "", energy, 900},
        {"not known", rules, at_4(100'000), {}, ""},
        {"no power", rules, at_4(100'000), six_kva, "", channel_of(Quantity::volume, Unit::cubic_metre, -3)},
        {"a scaler beyond all", rules, at_4(1), six_kva, "high_power 0-47 = 260 (6000, 0)", watts(127)},
        {"a scaler below all", rules, at_4(highest), six_kva, "", watts(-128)},
    });
}

TEST(Validation, high_and_low_are_relative_to_the_history)
{
    const DayContext usual{.history = month_of(240, 1'000)};
    History short_one = month_of(240, 1'000);
    short_one.days = history_days_min - 1;
    History enough = month_of(240, 1'000);
    enough.days = history_days_min;
    const RuleSet high = only(Rule::high, {300, 500});
    const RuleSet low = only(Rule::low, {10, 50});
    const auto at_4 = [](std::int64_t value) { return with(lively(48), 4, {value}); };
    check({
        {"at the limit", high, at_4(3'000), usual, ""},
        {"one beyond", high, at_4(3'001), usual, "high 4-4 = 3001 (1000, 30)"},
        {"at the floor", high, at_4(500), {.history = month_of(5, 10)}, ""},
        {"above the floor", high, at_4(501), {.history = month_of(5, 10)}, "high 4-4 = 501 (10, 30)"},
        {"no history", high, at_4(highest), {}, ""},
        {"history too short", high, at_4(highest), {.history = short_one}, ""},
        {"history just long enough", high, at_4(4'000), {.history = enough}, "high 4-4 = 4000 (1000, 7)"},
        {"greatest numbers",
         only(Rule::high, {highest, 0}),
         at_4(highest),
         {.history = month_of(1, highest)},
         ""},
        {"negative floor, missing slot",
         only(Rule::high, {1, -5}),
         with(flat(48, -9), 4, {missing, -4}),
         {.history = month_of(-9, -900)},
         "high 5-5 = -4 (-900, 30)"},
        {"at a tenth", low, flat(48, 24), usual, ""},
        {"one below", low, with(flat(48, 24), 0, {23}), usual, "low 0-47 = 1151 (345600, 30)"},
        {"a day with a hole", low, with(flat(48, 0), 7, {missing}), usual, ""},
        {"23 hours, at a tenth", low, flat(46, 24), usual, ""},
        {"23 hours, one below", low, with(flat(46, 24), 0, {23}), usual, "low 0-45 = 1103 (345600, 30)"},
        {"25 hours, at a tenth", low, flat(50, 24), usual, ""},
        {"25 hours, one below", low, with(flat(50, 24), 0, {23}), usual, "low 0-49 = 1199 (345600, 30)"},
        {"little at any time", low, flat(48, 0), {.history = month_of(50, 1'000)}, ""},
        {"a little more", low, flat(48, 0), {.history = month_of(51, 1'000)}, "low 0-47 = 0 (73440, 30)"},
        {"no history", low, flat(48, 0), {}, ""},
        {"sums beyond 64 bits",
         low,
         flat(48, highest),
         {.history = History{30, 1'440, 0, highest, highest}},
         ""},
    });
}

TEST(Validation, a_spike_is_far_from_the_slot_before_and_for_this_home)
{
    const DayContext usual{.history = month_of(240, 1'000)};
    const RuleSet rules = only(Rule::spike, {80, 150, 0});
    const auto morning = [&](std::int64_t last) {
        DayContext context = usual;
        context.before = {true, last, 1};
        return context;
    };
    check({
        {"step at the history's limit", rules, with(flat(48, 10), 47, {1'510}), usual, ""},
        {"one beyond", rules, with(flat(48, 10), 47, {1'511}), usual, "spike 47-47 = 1511 (10, 1000)"},
        {"back again is as far", rules, with(flat(48, 10), 4, {1'511}), usual,
         "spike 4-4 = 1511 (10, 1000); spike 5-5 = 10 (1511, 1000)"},
        {"at 80 % of the value", rules, with(flat(48, 400), 47, {2'000}), usual, ""},
        {"one beyond 80 %", rules, with(flat(48, 400), 47, {2'001}), usual, "spike 47-47 = 2001 (400, 1000)"},
        {"to zero", rules, with(flat(48, 2'000), 47, {0}), usual, "spike 47-47 = 0 (2000, 1000)"},
        {"after a missing slot", rules, with(flat(48, 10), 46, {missing, 9'000}), usual, ""},
        {"to a missing slot", rules, with(flat(48, 9'000), 47, {missing}), usual, ""},
        {"over midnight", rules, flat(48, 1'511), morning(10), "spike 0-0 = 1511 (10, 1000)"},
        {"over midnight, at the limit", rules, flat(48, 1'510), morning(10), ""},
        {"the day before ends with a hole", rules, flat(48, 9'000), usual, ""},
        {"at the floor", only(Rule::spike, {80, 150, 2'000}), with(flat(48, 10), 47, {2'010}), usual, ""},
        {"above the floor", only(Rule::spike, {80, 150, 2'000}), with(flat(48, 10), 47, {2'011}), usual,
         "spike 47-47 = 2011 (10, 1000)"},
        {"no history", rules, with(flat(48, 10), 4, {highest}), {}, ""},
        {"from end to end of 64 bits", rules, with(flat(48, lowest), 47, {highest}), usual,
         "spike 47-47 = " + std::to_string(highest) + " (" + std::to_string(lowest) + ", 1000)"},
    });
}

TEST(Validation, nothing_is_used_where_nothing_should_be)
{
    const ChannelModel litres = channel_of(Quantity::volume, Unit::cubic_metre, -3, 3'600);
    const ChannelModel tens = channel_of(Quantity::volume, Unit::cubic_metre, -2, 1'800);
    const DayContext inactive{.active = false};
    check({
        {"active", only(Rule::inactive, {20}), lively(48), {}, ""},
        {"at the floor", only(Rule::inactive, {20}), flat(48, 20), inactive, ""},
        {"one beyond", only(Rule::inactive, {20}), with(flat(48, 20), 9, {21}), inactive,
         "inactive 9-9 = 21 (0, 0)"},
        {"litres of an hour, at the floor", only(Rule::inactive, {20}), flat(24, 20), inactive, "", litres,
         3'600},
        {"litres of an hour, one beyond", only(Rule::inactive, {20}), flat(24, 21), inactive,
         "inactive 0-23 = 21 (0, 0)", litres, 3'600},
        {"10 l in a half-hour are 20 l/h", only(Rule::inactive, {20}), flat(48, 1), inactive, "", tens},
        {"and more than 19", only(Rule::inactive, {19}), flat(48, 1), inactive, "inactive 0-47 = 1 (0, 0)",
         tens},
        {"a negative floor", only(Rule::inactive, {-1}), with(flat(48, -1), 9, {missing, 0}), inactive,
         "inactive 10-10 = 0 (0, 0)"},
        {"what is no rate", only(Rule::inactive, {0}), flat(48, highest), inactive, "",
         channel_of(Quantity::other, Unit::no_unit)},
    });
}

TEST(Validation, a_clock_that_is_off)
{
    const RuleSet rules = only(Rule::clock, {60});
    check({
        {"not known", rules, lively(48), {}, ""},
        {"at the limit", rules, lively(48), {.clock_drift = Seconds{60}}, ""},
        {"slow at the limit", rules, lively(48), {.clock_drift = Seconds{-60}}, ""},
        {"one beyond", rules, lively(48), {.clock_drift = Seconds{61}}, "clock 0-47 = 61 (0, 0)"},
        {"slow by one more", rules, lively(50), {.clock_drift = Seconds{-61}}, "clock 0-49 = -61 (0, 0)"},
        {"as far as a number goes",
         rules,
         lively(46),
         {.clock_drift = Seconds{lowest}},
         "clock 0-45 = " + std::to_string(lowest) + " (0, 0)"},
    });
}

TEST(Validation, tells_severity_and_limits_in_the_order_of_rules_and_slots)
{
    RuleSet rules;
    for (RuleLimits& rule : rules.rules)
        rule = {true, Severity::note, {}};
    rules[Rule::negative].severity = Severity::doubt;
    rules[Rule::frozen].limits = {3, 0, 0};
    rules[Rule::clock].limits = {60, 0, 0};
    const DayValues day = day_of(with(lively(48), 4, {-5, missing, 9, 9, 9, missing, -6}));
    const DayContext context{.clock_drift = Seconds{90}, .sent_again = slots({2})};
    const auto all = failures(rules, day, context);
    EXPECT_EQ(told(all),
              "gap 5-5 = 1 (2, 0); gap 9-9 = 1 (2, 0); duplicate 2-2 = 1 (1, 0); negative 4-4 = -5 (0, 0); "
              "negative 10-10 = -6 (0, 0); frozen 8-8 = 9 (3, 0); clock 0-47 = 90 (0, 0)");
    for (const ValidationFailure& failure : all) {
        EXPECT_EQ(failure.severity, failure.rule == Rule::negative ? Severity::doubt : Severity::note);
        EXPECT_EQ(failure.limits, rules[failure.rule].limits);
    }
    EXPECT_EQ(failures(rules, day, context), all);
    EXPECT_TRUE(failures(RuleSet{}, day, context).empty());
    EXPECT_TRUE(failures(rules, day_of({}), context).empty());
    std::vector<ValidationFailure> kept = all;
    DayValidator{rules, watts()}.validate(day, context, kept);
    EXPECT_EQ(kept.size(), 2 * all.size()); // appended, what was there stays
}

TEST(Validation, the_table_is_the_enumeration)
{
    ASSERT_EQ(validation_rule_rows().size(), validation_rules);
    for (std::size_t i = 0; i < validation_rules; ++i) {
        const ValidationRuleRow& row = validation_rule_rows()[i];
        EXPECT_EQ(row.rule, static_cast<Rule>(i));
        EXPECT_EQ(validation_rule_from_name(row.name), row.rule);
    }
    EXPECT_FALSE(validation_rule_from_name("nonsense"));
    EXPECT_EQ(limit_name(Rule::high, 1, RuleKind::electricity_import), "floor_w");
    EXPECT_EQ(limit_name(Rule::high, 1, RuleKind::volume), "floor_l_h");
    EXPECT_EQ(limit_name(Rule::high, 2, RuleKind::volume), "");
}

TEST(Validation, kinds_of_channels)
{
    ChannelModel channel = watts();
    EXPECT_EQ(rule_kind_of(channel), RuleKind::electricity_import);
    channel.name = "active_power_export";
    EXPECT_EQ(rule_kind_of(channel), RuleKind::electricity_export);
    channel.quantity = Quantity::volume;
    EXPECT_EQ(rule_kind_of(channel), RuleKind::volume);
    channel.quantity = Quantity::other;
    EXPECT_EQ(rule_kind_of(channel), std::nullopt);
    channel.quantity = Quantity::energy;
    channel.kind = ChannelKind::reading;
    EXPECT_EQ(rule_kind_of(channel), std::nullopt);
}

} // namespace
} // namespace releve::engine
