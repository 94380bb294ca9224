#include "gazpar_home.hpp"
#include "random_registers.hpp"

#include <releve/engine/register_days.hpp>

namespace releve::engine {
namespace {

using namespace test;
using Days = std::chrono::days;

CivilDay day_of(const char* text)
{
    return parse_day(text).value();
}

/// Reads at instants given as text.
RegisterSeries series_of(const std::vector<std::pair<const char*, std::int64_t>>& reads)
{
    RegisterSeries series;
    for (const auto& [at, value] : reads)
        series.reads.push_back(read_at(parse_instant(at).value(), value));
    return series;
}

DailyConsumption days_of(const std::vector<RegisterSeries>& series, const DayOptions& options,
                         const char* from, const char* to)
{
    return daily_consumption(count(series), paris(), options, day_of(from), day_of(to)).value();
}

std::int64_t sum_of_amounts(const std::vector<DayStretch>& stretches)
{
    std::int64_t sum = 0;
    for (const DayStretch& stretch : stretches)
        sum += stretch.amount.value_or(0);
    return sum;
}

using Stretches = std::vector<DayStretch>;

TEST(RegisterDays, of_a_real_week_are_the_index_differences_with_its_day_of_23_hours)
{
    RegisterSeries series;
    const auto rows = load_rows("linky-week-index.csv");
    for (const auto& row : rows)
        series.reads.push_back(read_at(paris().start_of(day_of(row[0].c_str())), std::stoll(row[1])));
    const auto week = days_of({series}, {}, "2024-03-25", "2024-04-01");
    ASSERT_EQ(week.days.size(), 7u);
    for (std::size_t i = 0; i < 7; ++i)
        EXPECT_EQ(week.days[i].amount, std::stoll(rows[i + 1][1]) - std::stoll(rows[i][1]));
}

TEST(RegisterDays, have_23_24_or_25_hours)
{
    RegisterSeries hourly; // one count an hour
    const Instant begin = parse_instant("2024-01-01T00:00:00Z").value();
    for (int hour = 0; hour < 366 * 24; ++hour)
        hourly.reads.push_back(read_at(begin + Seconds{hour * 3600}, hour));
    for (const Seconds day_start : {Seconds{0}, gas_day_start}) {
        const auto year = days_of({hourly}, {day_start, Seconds{0}}, "2024-01-02", "2024-12-31");
        ASSERT_EQ(year.days.size(), 364u);
        for (const DayConsumption& one : year.days)
            EXPECT_EQ(one.amount, paris().length_of(one.day, day_start) / Seconds{3600});
        const auto spring = static_cast<std::size_t>((day_of("2024-03-31") - day_of("2024-01-02")).count());
        EXPECT_EQ(year.days[spring - (day_start > Seconds{0} ? 1 : 0)].amount, 23);
    }
}

TEST(RegisterDays, of_the_real_gazpar_home_come_out_index_by_index)
{
    const auto home = load_gazpar_home();
    const auto volume = gazpar_volume(home);
    ASSERT_EQ(volume.days.size(), 732u);
    int several = 0;
    for (std::size_t i = 0; i < home.size(); ++i) {
        if (!home[i].index_start_m3 || !home[i].index_end_m3)
            several += volume.days[i].amount ? 0 : 1;
        else
            EXPECT_EQ(volume.days[i].amount, (*home[i].index_end_m3 - *home[i].index_start_m3) * 1'000);
    }
    // 10 August 2021 is absent, so the index at the end of it is: that day and the next share what was
    // counted.
    EXPECT_EQ(several, 2);
    const CivilDay absent = day_of("2021-08-10");
    const auto index = static_cast<std::size_t>((absent - home.front().day).count());
    EXPECT_EQ(volume.stretches[volume.days[index].stretch],
              (DayStretch{absent, absent + Days{1}, 0, true, Quality::raw}));
    EXPECT_EQ(volume.stretches.size(), 731u);
    EXPECT_EQ(sum_of_amounts(volume.stretches), (14'380 - 10'373) * 1'000);
}

TEST(RegisterDays, without_an_index_share_one_amount_and_get_none_of_their_own)
{
    const RegisterSeries series = series_of({{"2024-05-31T22:00:00Z", 10},
                                             {"2024-06-01T22:00:00Z", 12},
                                             {"2024-09-14T22:00:00Z", 500}, // months later
                                             {"2024-09-15T22:00:00Z", 501}});
    const auto days = days_of({series}, {}, "2024-06-01", "2024-09-17");
    const CivilDay first = day_of("2024-06-01"), last = day_of("2024-09-15");
    EXPECT_EQ(days.stretches, (Stretches{{first, first, 2, true, Quality::raw},
                                         {first + Days{1}, last - Days{1}, 488, true, Quality::raw},
                                         {last, last, 1, true, Quality::raw},
                                         {last + Days{1}, last + Days{1}, {}, false, Quality::missing}}));
    EXPECT_EQ(days.days[50], (DayConsumption{first + Days{50}, std::nullopt, Quality::raw, 1}));
    EXPECT_EQ(days.days.back(), (DayConsumption{last + Days{1}, std::nullopt, Quality::missing, 3}));
}

TEST(RegisterDays, on_which_the_meter_was_replaced_get_both_parts)
{
    RegisterSeries before = series_of({{"2024-06-09T22:00:00Z", 900}, {"2024-06-10T08:00:00Z", 907}});
    RegisterSeries after = series_of({{"2024-06-10T08:30:00Z", 4}, {"2024-06-10T22:00:00Z", 10}});
    before.to = before.reads.back().at;
    after.from = after.reads.front().at;
    const CivilDay day = day_of("2024-06-10");
    EXPECT_EQ(days_of({before, after}, {}, "2024-06-10", "2024-06-11").stretches,
              (Stretches{{day, day, 13, true, Quality::raw}}));
    after.reads.front().at += Seconds{60}; // no opening index: some gas was not counted
    EXPECT_EQ(days_of({before, after}, {}, "2024-06-10", "2024-06-11").stretches,
              (Stretches{{day, day, 13, false, Quality::incomplete}}));
}

TEST(RegisterDays, with_a_fault_keep_what_was_counted_and_are_incomplete)
{
    const RegisterSeries series = series_of({{"2024-06-09T22:00:00Z", 100},
                                             {"2024-06-10T09:00:00Z", 110},
                                             {"2024-06-10T15:00:00Z", 50},
                                             {"2024-06-10T22:00:00Z", 57},
                                             {"2024-06-11T22:00:00Z", 60}});
    const CivilDay day = day_of("2024-06-10");
    const auto days = days_of({series}, {}, "2024-06-10", "2024-06-12");
    EXPECT_EQ(days.stretches, (Stretches{{day, day, 17, false, Quality::incomplete},
                                         {day + Days{1}, day + Days{1}, 3, true, Quality::raw}}));
    EXPECT_EQ(days.days[0].amount, std::nullopt);
}

TEST(RegisterDays, take_a_read_near_their_start_within_the_stated_tolerance)
{
    const RegisterSeries series = series_of({{"2024-06-09T21:58:00Z", 0},
                                             {"2024-06-10T22:03:00Z", 5},
                                             {"2024-06-11T21:57:00Z", 9},
                                             {"2024-06-11T22:03:00Z", 10},
                                             {"2024-06-12T21:56:59Z", 15}});
    const auto amounts = [&](Seconds tolerance) {
        std::vector<std::optional<std::int64_t>> out;
        for (const auto& day : days_of({series}, {Seconds{0}, tolerance}, "2024-06-10", "2024-06-13").days)
            out.push_back(day.amount);
        return out;
    };
    using Amounts = std::vector<std::optional<std::int64_t>>;
    EXPECT_EQ(amounts(Seconds{180}), (Amounts{5, 4, {}})) << "of two as near, the earlier";
    EXPECT_EQ(amounts(Seconds{181}), (Amounts{5, 4, 6}));
    EXPECT_EQ(amounts(Seconds{179}), (Amounts{{}, {}, {}}));
}

/// The main one: nothing that was counted is lost or told twice, wherever days are cut.
TEST(RegisterDays, sum_to_the_intervals_and_do_not_overlap)
{
    for_each_seed(200, [](Random& random) {
        RandomHome home = any_home(random);
        if (one_in(random, 2))
            home.series[0].reads[below(random, home.series[0].reads.size())].value = 0;
        const RegisterResult counted = count(home.series, home.options);
        const DayOptions options{one_in(random, 2) ? Seconds{0} : gas_day_start,
                                 Seconds{below(random, 2) * below(random, 21'601)}};
        const auto [from, to] = test::days_of(home);
        const auto all = daily_consumption(counted, paris(), options, from, to).value();
        ASSERT_EQ(sum_of_amounts(all.stretches), test::sum_of_amounts(counted.intervals));
        CivilDay next = all.stretches.front().first;
        for (const DayStretch& stretch : all.stretches) {
            ASSERT_EQ(stretch.first, next);
            ASSERT_LE(stretch.first, stretch.last);
            ASSERT_EQ(stretch.complete, stretch.quality <= Quality::raw);
            ASSERT_TRUE(!stretch.complete || stretch.amount);
            next = stretch.last + Days{1};
        }
        const std::size_t days = all.days.size();
        ASSERT_EQ(days, static_cast<std::size_t>((to - from).count()));
        // A part of the days gets the same answers.
        const auto begin = static_cast<std::size_t>(below(random, days - 1));
        const auto end = begin + 1 + static_cast<std::size_t>(below(random, days - begin));
        const auto part =
            daily_consumption(counted, paris(), options, from + Days{begin}, from + Days{end}).value();
        ASSERT_EQ(part.days.size(), end - begin);
        for (std::size_t i = begin; i < end; ++i) {
            ASSERT_EQ(part.days[i - begin].amount, all.days[i].amount);
            ASSERT_EQ(part.stretches[part.days[i - begin].stretch], all.stretches[all.days[i].stretch]);
        }
    });
}

/// A complete stretch is the true consumption between its own first and last instant, exchanges and rollovers
/// within.
TEST(RegisterDays, that_are_complete_are_true)
{
    std::size_t complete = 0;
    for_each_seed(100, [&](Random& random) {
        const RandomHome home = any_home(random);
        const auto [from, to] = test::days_of(home);
        const auto all = daily_consumption(count(home.series, home.options), paris(), {}, from, to).value();
        for (const DayStretch& stretch : all.stretches) {
            if (!stretch.complete)
                continue;
            ++complete;
            const auto total_at = [&](CivilDay day) { return home.true_total.at(paris().start_of(day)); };
            ASSERT_EQ(stretch.amount, total_at(stretch.last + Days{1}) - total_at(stretch.first));
        }
    });
    EXPECT_GT(complete, 100u);
}

TEST(RegisterDays, without_any_read_are_missing)
{
    const auto days = days_of({}, {}, "2024-06-10", "2024-06-12");
    ASSERT_EQ(days.days.size(), 2u);
    EXPECT_EQ(days.days[1], (DayConsumption{day_of("2024-06-11"), std::nullopt, Quality::missing, 1}));
    EXPECT_EQ(days.stretches.size(), 2u);
}

TEST(RegisterDays, of_an_impossible_question_are_refused_by_field)
{
    const auto reason = [](const DayOptions& options, CivilDay to) {
        const auto days = daily_consumption({}, paris(), options, day_of("2024-01-01"), to);
        return days ? "" : to_string(days.error());
    };
    const CivilDay from = day_of("2024-01-01"), to = from + Days{1};
    EXPECT_EQ(reason({}, to), "");
    EXPECT_NE(reason({}, from).find("days"), std::string::npos);
    EXPECT_NE(reason({}, from + Days{register_days_max + 1}).find("days"), std::string::npos);
    EXPECT_NE(reason({Seconds{0}, Seconds{-1}}, to).find("tolerance"), std::string::npos);
    EXPECT_NE(reason({Seconds{0}, day_tolerance_max + Seconds{1}}, to).find("tolerance"), std::string::npos);
    EXPECT_NE(reason({Seconds{86'400}, Seconds{0}}, to).find("day_start"), std::string::npos);
}

} // namespace
} // namespace releve::engine
