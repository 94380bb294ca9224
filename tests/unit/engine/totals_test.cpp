#include <releve/engine/totals.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace releve::engine {
namespace {

CivilDay day(const char* text)
{
    return *parse_day(text);
}
DayTotal total(const char* date, std::int64_t energy_wh, std::int64_t missing = 0, Quality quality = Quality::valid)
{
    return {day(date), energy_wh, 48, missing, 0, quality};
}

TEST(Periods, begin_and_end_where_people_expect)
{
    struct Case {
        const char* on;
        Period period;
        const char *from, *to;
    };
    for (const Case& one : {Case{"2024-03-31", Period::day, "2024-03-31", "2024-04-01"}, Case{"2024-03-31", Period::week, "2024-03-25", "2024-04-01"},
                            Case{"2024-04-01", Period::week, "2024-04-01", "2024-04-08"}, Case{"2024-12-31", Period::week, "2024-12-30", "2025-01-06"},
                            Case{"2024-02-29", Period::month, "2024-02-01", "2024-03-01"}, Case{"2024-12-31", Period::month, "2024-12-01", "2025-01-01"},
                            Case{"2024-12-31", Period::year, "2024-01-01", "2025-01-01"}}) {
        EXPECT_EQ(period_around(day(one.on), one.period), (CivilSpan{day(one.from), day(one.to)})) << one.on;
        EXPECT_EQ(period_from_name(period_name(one.period)), one.period);
    }
    EXPECT_FALSE(period_from_name("quarter"));
}

TEST(Totals, of_months_that_are_whole_or_cut)
{
    const std::vector<DayTotal> days{total("2024-02-28", 100), total("2024-02-29", 50), total("2024-03-01", 7, 2)};
    const auto months = totals_by(Period::month, days, day("2024-02-28"), day("2024-04-01")).value();
    ASSERT_EQ(months.size(), 2U);
    EXPECT_EQ(months[0], (PeriodTotal{{day("2024-02-28"), day("2024-03-01")}, false, 150, 2, 96, 0, 0, Quality::valid}));
    EXPECT_TRUE(months[1].whole);
    EXPECT_EQ(months[1].quality, Quality::incomplete);
    EXPECT_EQ(months[1].days, 1);
    const auto empty = totals_by(Period::year, {}, day("2024-01-01"), day("2025-01-01")).value();
    EXPECT_EQ(empty[0].quality, Quality::missing);
    EXPECT_TRUE(empty[0].whole);
}

TEST(Totals, bad_input_is_refused)
{
    const std::vector<DayTotal> twice{total("2024-03-01", 1), total("2024-03-01", 1)};
    const auto refused = [](const auto& days, const char* from, const char* to) {
        return totals_by(Period::day, days, day(from), day(to)).error();
    };
    EXPECT_EQ(refused(twice, "2024-03-01", "2024-03-02").detail, "2024-03-01 is there twice");
    EXPECT_EQ(refused(std::vector<DayTotal>{}, "2024-03-01", "2024-03-01").code, errc::bad_value);
    EXPECT_EQ(refused(std::vector<DayTotal>{}, "1970-01-01", "2024-03-01").code, errc::bad_value);
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::vector<DayTotal> huge{total("2024-03-01", most), total("2024-03-02", 1)};
    EXPECT_EQ(totals_by(Period::month, huge, day("2024-03-01"), day("2024-04-01")).error().code, errc::bad_value);
    EXPECT_EQ(sum_of(huge[0], total("2024-03-01", 1)).error().code, errc::bad_value);
    EXPECT_EQ(sum_of(huge[0], huge[1]).error().detail, "2024-03-01 and 2024-03-02 are two days");
}

TEST(Totals, of_two_members_are_one_day)
{
    EXPECT_EQ(sum_of(total("2024-03-01", 5), total("2024-03-01", 6, 0, Quality::edited)).value(),
              (DayTotal{day("2024-03-01"), 11, 96, 0, 0, Quality::edited}));
    const DayTotal nothing = total("2024-03-01", 0, 48, Quality::missing);
    EXPECT_EQ(sum_of(total("2024-03-01", 5), nothing).value().quality, Quality::incomplete);
    EXPECT_EQ(sum_of(nothing, nothing).value().quality, Quality::missing);
    EXPECT_EQ(sum_of(nothing, total("2024-03-01", 5)).value().missing, 48);
}

TEST(Totals, add_up_at_every_level)
{
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const CivilDay first = day("2023-11-07"), last = day("2025-02-19");
    std::vector<DayTotal> days;
    std::int64_t all = 0;
    for (CivilDay at = first; at < last; at += std::chrono::days{1}) {
        if (random() % 9 == 0)
            continue;
        days.push_back({at, static_cast<std::int64_t>(random() % 100'000) - 20'000, 48, 0, 0, Quality::valid});
        all += days.back().energy_wh;
    }
    std::ranges::shuffle(days, random);
    for (const Period period : {Period::day, Period::week, Period::month, Period::year}) {
        const auto totals = totals_by(period, days, first, last).value();
        std::int64_t sum = 0, count = 0;
        for (std::size_t i = 0; i < totals.size(); ++i) {
            sum += totals[i].energy_wh;
            count += totals[i].days;
            EXPECT_EQ(totals[i].span.from, i == 0 ? first : totals[i - 1].span.to);
        }
        EXPECT_EQ(sum, all) << period_name(period);
        EXPECT_EQ(count, static_cast<std::int64_t>(days.size()));
        EXPECT_EQ(totals.back().span.to, last);
        DayTotal& changed = days[random() % days.size()];
        changed.energy_wh += 17;
        all += 17;
        const auto after = totals_by(period, days, first, last).value();
        for (std::size_t i = 0; i < totals.size(); ++i) {
            const bool holds = changed.day >= totals[i].span.from && changed.day < totals[i].span.to;
            EXPECT_EQ(after[i].energy_wh - totals[i].energy_wh, holds ? 17 : 0) << "a changed day changes exactly its totals";
        }
    }
}

TEST(OwnUse, of_a_half_hour_serves_no_other)
{
    const std::vector<SlotBalance> slots{{100, 30}, {0, 50}, {20, 20}, {{}, 5}, {7, {}}};
    const OwnUse use = own_use(slots).value();
    EXPECT_EQ(use.used, (std::vector<std::optional<std::int64_t>>{30, 0, 20, {}, {}}));
    EXPECT_EQ(use.drawn, 120);
    EXPECT_EQ(use.injected, 100);
    EXPECT_EQ(use.used_total, 50);
    EXPECT_EQ(use.unknown, 2U);
    EXPECT_EQ(use.self_consumption_permille(), 500);
    EXPECT_EQ(use.self_sufficiency_permille(), 416) << "rounded down";
    EXPECT_FALSE(own_use({}).value().self_consumption_permille());
    const std::vector<SlotBalance> negative{{1, 1}, {-1, 0}};
    EXPECT_EQ(own_use(negative).error().detail, "slot 1: an amount below 0");
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::vector<SlotBalance> huge{{most, 0}, {1, 0}};
    EXPECT_EQ(own_use(huge).error().code, errc::bad_value);
}

} // namespace
} // namespace releve::engine
