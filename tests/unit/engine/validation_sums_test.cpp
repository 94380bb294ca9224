#include "judged_days.hpp"

#include "../core/linky_week.hpp"

#include <gtest/gtest.h>

namespace releve::engine {
namespace {

using namespace test;

TEST(ValidationSums, the_curve_adds_up_to_the_index)
{
    // 48 half-hours of 100 W are 2,400 Wh; one slot's rounding is half a Wh.
    const RuleSet rules = only(Rule::sum_check, {2});
    const auto index = [](std::int64_t amount, int scaler = 0, std::int64_t count = 1) {
        DayContext context;
        context.registers = RegisterDifference{amount, scaler, count};
        return context;
    };
    const ChannelModel energy = channel_of(Quantity::energy, Unit::watt_hour);
    const ChannelModel litres = channel_of(Quantity::volume, Unit::cubic_metre, -3, 3'600);
    check({
        {"equal", rules, flat(48, 100), index(2'400), ""},
        {"two counts and a rounding less", rules, with(flat(48, 100), 0, {95}), index(2'400), ""},
        {"one more", rules, with(flat(48, 100), 0, {94}), index(2'400), "sum_check 0-47 = 2397 (2400, 0)"},
        {"two counts and a rounding more", rules, with(flat(48, 100), 0, {105}), index(2'400), ""},
        {"one more upwards", rules, with(flat(48, 100), 0, {106}), index(2'400),
         "sum_check 0-47 = 2403 (2400, 0)"},
        {"index of kWh", rules, flat(48, 100), index(4, 3), ""},
        {"index of kWh, beyond", rules, flat(48, 100), index(5, 3), "sum_check 0-47 = 2 (5, 3)"},
        {"kWh told in Wh", rules, flat(48, 100), index(4'400, 0, 1'000), ""},
        {"kWh told in Wh, beyond", rules, flat(48, 100), index(4'401, 0, 1'000),
         "sum_check 0-47 = 2400 (4401, 0)"},
        {"23 hours", rules, flat(46, 100), index(2'303), "sum_check 0-45 = 2300 (2303, 0)"},
        {"25 hours", rules, flat(50, 100), index(2'502), ""},
        {"energy", rules, flat(48, 50), index(2'403), "", energy},
        {"energy, beyond", rules, flat(48, 50), index(2'404), "sum_check 0-47 = 2400 (2404, 0)", energy},
        {"litres and an index of 10 l", rules, flat(24, 10), index(26, -2), "", litres, 3'600},
        {"litres and an index of 10 l, beyond", rules, flat(24, 10), index(27, -2),
         "sum_check 0-23 = 24 (27, -2)", litres, 3'600},
        {"a hole", rules, with(flat(48, 100), 9, {missing}), index(9'999), ""},
        {"no index", rules, flat(48, 100), {}, ""},
        {"no tolerance but a rounding", only(Rule::sum_check, {0}), flat(48, 100), index(2'401),
         "sum_check 0-47 = 2400 (2401, 0)"},
        {"beyond 64 bits", rules, flat(48, highest), index(lowest),
         "sum_check 0-47 = " + std::to_string(highest) + " (" + std::to_string(lowest) + ", 0)"},
        {"beyond 128 bits", rules, flat(48, highest), index(5),
         "sum_check 0-47 = " + std::to_string(highest) + " (5, 0)", watts(30)},
        {"a rounding beyond 128 bits allows all", rules, flat(48, highest), index(5), "", watts(127)},
        {"nothing that adds up", rules, flat(48, 100), index(5), "", channel_of(Quantity::other, Unit::volt)},
    });
}

TEST(ValidationSums, a_real_week_keeps_all_that_needs_no_history)
{
    RuleSet rules;
    for (const Rule rule :
         {Rule::gap, Rule::interval_size, Rule::negative, Rule::high_power, Rule::frozen, Rule::sum_check})
        rules[rule].on = true;
    rules[Rule::high_power].limits = {100, 0, 0};
    rules[Rule::frozen].limits = {12, 0, 0};
    const auto indexes = releve::test::load_rows("linky-week-index.csv");
    DayContext context;
    context.subscribed_va = 9'000;
    std::size_t row = 0;
    for (const auto& [day, block] : releve::test::load_linky_week()) {
        Values values;
        for (const auto& slot : block.slots)
            values.emplace_back(slot->value);
        const DayValues judged = day_of(values);
        context.registers = RegisterDifference{std::stoll(indexes[row + 1][1]) - std::stoll(indexes[row][1])};
        EXPECT_EQ(told(failures(rules, judged, context)), "") << to_iso8601(day);
        context.registers->amount += 1; // a rounding is half a Wh
        EXPECT_EQ(failures(rules, judged, context).size(), 1U) << to_iso8601(day);
        context.before = tail_of(judged, context.before);
        ++row;
    }
    EXPECT_EQ(row, 7U);
}

TEST(ValidationSums, tariffs_add_up_to_the_total)
{
    const auto sums = [](std::int64_t parts, std::int64_t total, std::int64_t count = 1) {
        DayContext context;
        context.tariffs = TariffSums{parts, total, count};
        return context;
    };
    const RuleSet rules = only(Rule::sibling, {12});
    check({
        {"not known", rules, lively(48), {}, ""},
        {"at the limit", rules, lively(48), sums(1'012, 1'000), ""},
        {"one beyond", rules, lively(48), sums(1'013, 1'000), "sibling 0-47 = 1013 (1000, 0)"},
        {"one beyond below", rules, lively(50), sums(987, 1'000), "sibling 0-49 = 987 (1000, 0)"},
        {"counts of ten", rules, lively(48), sums(1'120, 1'000, 10), ""},
        {"counts of ten, one beyond", rules, lively(48), sums(1'121, 1'000, 10),
         "sibling 0-47 = 1121 (1000, 0)"},
        {"from end to end", rules, lively(46), sums(highest, lowest),
         "sibling 0-45 = " + std::to_string(highest) + " (" + std::to_string(lowest) + ", 0)"},
    });
}

TEST(ValidationSums, much_drawn_and_much_fed_in_at_once)
{
    const ChannelModel energy = channel_of(Quantity::energy, Unit::watt_hour); // 500 Wh are 1,000 W
    const DayValues day = day_of(with(flat(48, 0), 4, {1'001, 1'002, missing, 1'001, 1'000}));
    DayValues other = day_of(with(flat(48, 0), 4, {501, 501, 501, 501, 501}));
    const RuleSet rules = only(Rule::sibling, {0, 1'000});
    const DayContext context{.opposite = &other, .opposite_channel = &energy};
    EXPECT_EQ(told(failures(rules, day, context)),
              "sibling 4-5 = 1002 (501, 1); sibling 7-7 = 1001 (501, 1)");
    other.values[5] = 500;
    EXPECT_EQ(told(failures(rules, day, context)),
              "sibling 4-4 = 1001 (501, 1); sibling 7-7 = 1001 (501, 1)");
    EXPECT_EQ(told(failures(rules, day, {.opposite = &other})), "");
    other.first += Seconds{1'800}; // another day
    EXPECT_EQ(told(failures(rules, day, context)), "");
}

} // namespace
} // namespace releve::engine
