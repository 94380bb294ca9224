#include "bill_facts.hpp"

#include <releve/engine/bill_compare.hpp>

namespace releve::engine {
namespace {

using namespace test;

std::map<CivilDay, int> mild(CivilSpan span)
{
    std::map<CivilDay, int> days;
    for (CivilDay day = span.from; day < span.to; day += std::chrono::days{1})
        days[day] = 85;
    return days;
}

TEST(BillWeather, days_have_the_energy_of_the_curve)
{
    const CivilSpan week = span("2025-10-20", "2025-10-27"); // with a day of 25 hours
    const BillFacts facts = home_facts(week, flat_curve(week, 100));
    const auto days = weather_days(facts, mild(week), week, paris());
    ASSERT_TRUE(days);
    ASSERT_EQ(days->size(), 7u);
    EXPECT_EQ(days->front().mean_c_e1, 85);
    EXPECT_EQ(days->front().energy_wh, 4'800);
    EXPECT_EQ(days->back().energy_wh, 5'000);
}

TEST(BillWeather, without_a_curve_the_register_tells)
{
    const CivilSpan week = span("2025-11-03", "2025-11-10");
    BillFacts facts = home_facts(week, flat_curve(week, 100));
    facts.registers = registers_of(hphc_calendar(), facts.curve);
    facts.curve.clear();
    facts.registers.front().name = "active_energy_import_total";
    const auto days = weather_days(facts, mild(week), week, paris());
    ASSERT_TRUE(days);
    const auto& reads = facts.registers.front().series.front().reads;
    EXPECT_GT(days->at(3).energy_wh, 0);
    EXPECT_EQ(days->at(3).energy_wh, reads[4].value - reads[3].value);
}

TEST(BillWeather, says_nothing_when_a_day_lacks_either)
{
    const CivilSpan week = span("2025-11-03", "2025-11-10");
    const BillFacts facts = home_facts(week, flat_curve(week, 100));
    auto temperatures = mild(week);
    temperatures.erase(week.from);
    EXPECT_FALSE(weather_days(facts, temperatures, week, paris()));
    BillFacts holed = facts;
    holed.curve[2].energy_mj[7] = CurveDay::nothing;
    EXPECT_FALSE(weather_days(holed, mild(week), week, paris()));
    EXPECT_TRUE(weather_days(facts, mild(week), week, paris()));
}

} // namespace
} // namespace releve::engine
