#include "judged_days.hpp"

#include "../core/random_blocks.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace releve::engine {
namespace {

using namespace test;
using releve::test::below;
using releve::test::for_each_seed;
using releve::test::one_in;
using releve::test::Random;

const RuleSet frozen = only(Rule::frozen, {5});
const RuleSet zero = only(Rule::zero, {5, 1});

std::string after(const DayTail& before, const RuleSet& rules, const Values& values,
                  const std::optional<History>& history = std::nullopt)
{
    DayContext context;
    context.before = before;
    context.history = history;
    return told(failures(rules, day_of(values), context));
}

TEST(ValidationRuns, frozen_from_the_nth_equal_value_on)
{
    const auto run = [](std::size_t length, std::int64_t value = 77) {
        return with(lively(48), 10, flat(length, value));
    };
    EXPECT_EQ(after({}, frozen, run(4)), "");
    EXPECT_EQ(after({}, frozen, run(5)), "frozen 14-14 = 77 (5, 0)");
    EXPECT_EQ(after({}, frozen, run(8)), "frozen 14-17 = 77 (8, 0)");
    EXPECT_EQ(after({}, frozen, run(38)), "frozen 14-47 = 77 (38, 0)");
    EXPECT_EQ(after({}, frozen, run(8, 0)), ""); // zeros are another rule's
    EXPECT_EQ(after({}, frozen, with(run(8), 13, {missing})), "");
    EXPECT_EQ(after({}, frozen, with(run(11), 15, {missing})),
              "frozen 14-14 = 77 (5, 0); frozen 20-20 = 77 (5, 0)");
    EXPECT_EQ(after({}, frozen, with(run(10), 15, flat(5, 78))),
              "frozen 14-14 = 77 (5, 0); frozen 19-19 = 78 (5, 0)");
    EXPECT_EQ(after({}, frozen, flat(46, 3)), "frozen 4-45 = 3 (46, 0)");
    EXPECT_EQ(after({}, frozen, flat(50, 3)), "frozen 4-49 = 3 (50, 0)");
    EXPECT_EQ(after({}, only(Rule::frozen, {5, 77}), run(8)), "");
    EXPECT_EQ(after({}, only(Rule::frozen, {5, 76}), run(8)), "frozen 14-17 = 77 (8, 0)");
    EXPECT_EQ(after({}, only(Rule::frozen, {-3}), {0, missing, 5}), "frozen 2-2 = 5 (1, 0)");
}

TEST(ValidationRuns, frozen_over_midnight)
{
    const auto morning = [](std::size_t length) { return with(lively(48), 0, flat(length, 77)); };
    EXPECT_EQ(after({true, 77, 4}, frozen, morning(0)), "");
    EXPECT_EQ(after({true, 77, 4}, frozen, morning(1)), "frozen 0-0 = 77 (5, 0)");
    EXPECT_EQ(after({true, 77, 3}, frozen, morning(1)), "");
    EXPECT_EQ(after({true, 77, 3}, frozen, morning(2)), "frozen 1-1 = 77 (5, 0)");
    EXPECT_EQ(after({true, 78, 48}, frozen, morning(4)), "");
    EXPECT_EQ(after({false, 77, 48}, frozen, morning(4)), "");
    EXPECT_EQ(after({true, 77, 48}, frozen, with(morning(3), 0, {missing})), "");
    // What lies further back than the rule looks changes nothing of what is told.
    EXPECT_EQ(after({true, 77, 2'016}, frozen, morning(2)), "frozen 0-1 = 77 (6, 0)");
    EXPECT_EQ(after({true, 77, 4}, frozen, morning(2)), "frozen 0-1 = 77 (6, 0)");
}

TEST(ValidationRuns, zeros_where_the_history_has_few)
{
    const auto run = [](std::size_t length) { return with(lively(48), 10, flat(length, 0)); };
    const History none = month_of(240, 1'000);
    EXPECT_EQ(after({}, zero, run(4), none), "");
    EXPECT_EQ(after({}, zero, run(5), none), "zero 14-14 = 0 (5, 0)");
    EXPECT_EQ(after({}, zero, with(run(8), 13, {missing}), none), "");
    EXPECT_EQ(after({}, zero, with(lively(48), 10, Values(9, missing)), none), "");
    EXPECT_EQ(after({true, 0, 3}, zero, with(lively(48), 0, {0, 0}), none), "zero 1-1 = 0 (5, 0)");
    EXPECT_EQ(after({true, 0, 3}, zero, with(lively(48), 0, {missing, 0}), none), "");
    EXPECT_EQ(after({}, zero, flat(46, 0), none), "zero 4-45 = 0 (46, 0)");
    EXPECT_EQ(after({}, zero, flat(50, 0), none), "zero 4-49 = 0 (50, 0)");
    // 14.4 of 1,440 slots are a hundredth.
    EXPECT_EQ(after({}, zero, run(5), month_of(240, 1'000, 14)), "zero 14-14 = 0 (5, 14)");
    EXPECT_EQ(after({}, zero, run(5), month_of(240, 1'000, 15)), "");
    EXPECT_EQ(after({}, only(Rule::zero, {5, 10}), run(5), month_of(240, 1'000, 144)), "");
    EXPECT_EQ(after({}, only(Rule::zero, {5, 10}), run(5), month_of(240, 1'000, 143)),
              "zero 14-14 = 0 (5, 143)");
    EXPECT_EQ(after({}, zero, run(5)), "");
    History short_one = none;
    short_one.days = history_days_min - 1;
    EXPECT_EQ(after({}, zero, run(5), short_one), "");
}

TEST(ValidationRuns, the_tail_of_a_day)
{
    const auto tail = [](const Values& values, const DayTail& before = {}) {
        return tail_of(day_of(values), before);
    };
    EXPECT_EQ(tail({}), (DayTail{}));
    EXPECT_EQ(tail(with(flat(48, 7), 47, {missing})), (DayTail{}));
    EXPECT_EQ(tail(with(flat(48, 7), 47, {8})), (DayTail{true, 8, 1}));
    EXPECT_EQ(tail(with(flat(48, 7), 40, {missing})), (DayTail{true, 7, 7}));
    EXPECT_EQ(tail(flat(48, 7)), (DayTail{true, 7, 48}));
    EXPECT_EQ(tail(flat(48, 7), {true, 7, 2}), (DayTail{true, 7, 50}));
    EXPECT_EQ(tail(flat(48, 7), {true, 8, 2}), (DayTail{true, 7, 48}));
    EXPECT_EQ(tail(flat(48, 7), {false, 7, 2}), (DayTail{true, 7, 48}));
    EXPECT_EQ(tail(with(flat(48, 7), 0, {6}), {true, 7, 2}), (DayTail{true, 7, 47}));
    EXPECT_EQ(tail(flat(46, 0), {true, 0, 48}), (DayTail{true, 0, 94}));
    EXPECT_EQ(tail(flat(50, 0), {true, 0, run_slots_max - 50}), (DayTail{true, 0, run_slots_max}));
    EXPECT_EQ(tail(flat(50, 0), {true, 0, run_slots_max}), (DayTail{true, 0, run_slots_max}));
    EXPECT_EQ(tail(flat(50, 0), {true, 0, std::numeric_limits<std::uint32_t>::max()}),
              (DayTail{true, 0, run_slots_max}));
}

TEST(ValidationRuns, how_far_back_rules_look)
{
    EXPECT_EQ(look_back_slots({}), 0U);
    EXPECT_EQ(look_back_slots(only(Rule::negative)), 0U);
    EXPECT_EQ(look_back_slots(only(Rule::spike)), 1U);
    EXPECT_EQ(look_back_slots(only(Rule::frozen, {5})), 4U);
    RuleSet both = only(Rule::zero, {48});
    both[Rule::frozen] = {true, Severity::note, {24}};
    EXPECT_EQ(look_back_slots(both), 47U);
    EXPECT_EQ(look_back_slots(only(Rule::zero, {-9})), 0U);
}

TEST(ValidationRuns, history_is_of_whole_days)
{
    History history;
    add_to(history, day_of({-5, -9}));
    EXPECT_EQ(history, (History{1, 2, 0, -14, -5}));
    add_to(history, day_of({0, missing, 900}));
    add_to(history, day_of({}));
    EXPECT_EQ(history, (History{1, 2, 0, -14, -5}));
    add_to(history, day_of({0, 3, 0}));
    EXPECT_EQ(history, (History{2, 5, 2, -11, 3}));
    add_to(history, day_of(flat(46, std::numeric_limits<std::int64_t>::max())));
    EXPECT_EQ(history.sum, std::numeric_limits<std::int64_t>::max());
}

/// Of the whole series at once, as the rule is said in words: the slot is the last of at least `length` equal
/// values.
bool ends_run(const Values& series, std::size_t slot, std::size_t length, bool of_zeros)
{
    if (slot + 1 < length)
        return false;
    for (std::size_t i = slot + 1 - length; i <= slot; ++i)
        if (!series[i] || *series[i] != *series[slot])
            return false;
    return (*series[slot] == 0) == of_zeros;
}

/// Long runs, short runs and holes.
Values any_series(Random& random, std::size_t slots)
{
    Values series;
    while (series.size() < slots) {
        std::optional<std::int64_t> value;
        if (!one_in(random, 6))
            value = static_cast<std::int64_t>(below(random, 4)) - 1;
        series.resize(
            std::min<std::size_t>(slots, series.size() + 1 + below(random, one_in(random, 5) ? 130 : 9)),
            value);
    }
    return series;
}

void mark(std::vector<bool>& marked, std::size_t start, const ValidationFailure& failure)
{
    for (std::size_t i = failure.first_slot; i <= failure.last_slot; ++i)
        marked[start + i] = true;
}

TEST(ValidationRuns, days_with_tails_say_what_the_whole_series_says)
{
    for_each_seed(300, [](Random& random) {
        const Values series = any_series(random, 1'200);
        const std::size_t length = 2 + below(random, 70);
        const auto limit = static_cast<std::int64_t>(length);
        RuleSet rules = only(Rule::frozen, {limit, -2});
        rules[Rule::zero] = {true, Severity::note, {limit, 1}};
        const DayValidator validator{rules, watts()};
        DayContext context;
        context.history = month_of(240, 1'000);
        std::vector<bool> is_frozen(series.size()), is_zero(series.size());
        DayTail tail, short_tail;
        for (std::size_t start = 0; start < series.size();) {
            constexpr std::size_t lengths[] = {46, 48, 48, 48, 50, 1, 24};
            const std::size_t end =
                std::min(series.size(), start + lengths[below(random, std::size(lengths))]);
            const DayValues day = day_of({series.begin() + static_cast<std::ptrdiff_t>(start),
                                          series.begin() + static_cast<std::ptrdiff_t>(end)});
            std::vector<ValidationFailure> told_days, told_short;
            context.before = tail;
            validator.validate(day, context, told_days);
            context.before = short_tail;
            validator.validate(day, context, told_short);
            ASSERT_EQ(told_days, told_short); // a tail of look_back_slots is enough
            for (const ValidationFailure& failure : told_days)
                mark(failure.rule == Rule::zero ? is_zero : is_frozen, start, failure);
            tail = tail_of(day, tail);
            short_tail = tail_of(day, short_tail);
            short_tail.run = std::min(short_tail.run, look_back_slots(rules));
            start = end;
        }
        for (std::size_t i = 0; i < series.size(); ++i) {
            ASSERT_EQ(is_frozen[i], ends_run(series, i, length, false)) << "slot " << i;
            ASSERT_EQ(is_zero[i], ends_run(series, i, length, true)) << "slot " << i;
        }
    });
}

} // namespace
} // namespace releve::engine
