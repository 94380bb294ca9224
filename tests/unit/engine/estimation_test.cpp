#include "estimation_channel.hpp"

#include <releve/engine/estimation.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

namespace releve::engine {
namespace {

using namespace test;
using namespace test::estimation;
using Method = EstimationMethod;

// ---------------------------------------------------------------------- each method

TEST(Estimation, methods_have_names_and_qualities)
{
    for (const EstimationMethodRow& row : estimation_method_rows()) {
        EXPECT_EQ(estimation_method_from_name(row.name), row.method);
        EXPECT_EQ(estimation_method_row(row.method).name, row.name);
    }
    EXPECT_EQ(estimation_method_from_name("Linear"), std::nullopt);
    EXPECT_EQ(estimation_method_row(Method::linear).quality, Quality::estimated_linear);
    EXPECT_EQ(estimation_method_row(Method::profile).quality, Quality::estimated_reference_day);
    EXPECT_EQ(estimation_method_row(Method::prorated).quality, Quality::derived);
}

TEST(Estimation, linear_is_a_line_between_the_neighbours)
{
    const struct {
        Readings around; // the gap is where it is empty
        std::size_t first, count;
        Values expected;
    } cases[] = {
        {{10, {}, {}, 40}, 1, 2, {20, 30}},
        {{10, {}, 20}, 1, 1, {15}},
        {{10, {}, 11}, 1, 1, {11}}, // 10.5, half away from zero
        {{-10, {}, -11}, 1, 1, {-11}},
        {{10, {}, {}, 11}, 1, 2, {10, 11}},
        {{7, {}, {}, {}, 7}, 1, 3, {7, 7, 7}},
        {{0, {}, {}, 30, 99}, 2, 1, {20}}, // the neighbour before is one slot further away
        {{10, {}, {}}, 1, 2, {}},          // nothing after
        {{{}, {}, 10}, 0, 2, {}},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(&one - cases);
        Channel channel{monday, monday, weekly};
        channel.values = one.around;
        EXPECT_EQ(values_by(Method::linear, channel.gap(one.first, one.count)), one.expected);
    }
}

TEST(Estimation, linear_needs_neighbours_that_are_near)
{
    Channel channel = four_weeks();
    const auto lose = [&](std::size_t from, std::size_t to) {
        for (std::size_t slot = from; slot < to; ++slot)
            channel.values[slot].reset();
    };
    lose(97, 100);
    EXPECT_FALSE(values_by(Method::linear, channel.gap(100, 2)).empty())
        << "2 h before: the fourth half-hour";
    lose(96, 97);
    EXPECT_TRUE(values_by(Method::linear, channel.gap(100, 2)).empty());
    EXPECT_FALSE(values_by(Method::linear, channel.gap(100, 2), {.neighbour_within = 150min}).empty());
}

TEST(Estimation, like_day_is_the_nearest_of_the_weekday_the_one_before_first)
{
    Channel channel = four_weeks();
    const CivilDay tuesday = monday + days{15};
    for (std::size_t slot = 0; slot < channel.values.size(); ++slot)
        *channel.values[slot] += static_cast<std::int64_t>(slot / (7 * 48)) * 100'000; // tells weeks apart
    const auto week_used = [&] {
        const Values values = values_by(Method::like_day, channel.gap_of_day(tuesday));
        return values.empty() ? -1 : values[20] / 100'000;
    };
    EXPECT_EQ(week_used(), 1);
    channel.lose_day(tuesday - days{7});
    EXPECT_EQ(week_used(), 3);
    channel.lose_day(tuesday + days{7});
    EXPECT_EQ(week_used(), 0);
    channel.lose_day(tuesday - days{14});
    EXPECT_EQ(week_used(), -1) << "Mondays and Wednesdays say nothing";
}

TEST(Estimation, weekday_average_is_a_mean_of_enough_days)
{
    Channel channel = four_weeks();
    const EstimationQuestion question = channel.gap_of_day(monday + days{7});
    const std::size_t week = 7 * 48;
    channel.values[20] = 10;
    channel.values[20 + 2 * week] = 10;
    channel.values[20 + 3 * week] = 21;
    EXPECT_EQ(values_by(Method::weekday_average, question)[20], 14) << "41 / 3";
    channel.values[20 + 3 * week] = -62;
    EXPECT_EQ(values_by(Method::weekday_average, question)[20], -14) << "-42 / 3";
    channel.values[20 + 3 * week].reset();
    EXPECT_TRUE(values_by(Method::weekday_average, question).empty()) << "one slot has two days only";
    EXPECT_EQ(values_by(Method::weekday_average, question, {.average_days_min = 2})[20], 10);
    channel.values[20 + 3 * week] = 10;
    EXPECT_EQ(values_by(Method::weekday_average, question)[20], 10);
    EXPECT_TRUE(values_by(Method::weekday_average, question, {.average_weeks = 1}).empty());
}

TEST(Estimation, holidays_are_sundays)
{
    const Channel channel = four_weeks();
    const CivilDay holiday = monday + days{10}; // a Thursday
    const CivilDay holidays[] = {holiday};
    EstimationQuestion on_it = channel.gap_of_day(holiday);
    EXPECT_EQ(values_by(Method::like_day, on_it)[4], 4'004);
    on_it.holidays = holidays;
    EXPECT_EQ(values_by(Method::like_day, on_it)[4], 4);
    EstimationQuestion after_it = channel.gap_of_day(holiday + days{7});
    after_it.holidays = holidays;
    EXPECT_EQ(values_by(Method::like_day, after_it)[4], 4'004);
    EXPECT_TRUE(values_by(Method::weekday_average, after_it).empty()) << "two Thursdays are left";
}

TEST(Estimation, profile_is_by_kind_of_day_at_the_level_of_the_days_around)
{
    const CivilDay saturday = monday + days{19};
    const auto by_kind = [](LocalTime local) {
        const std::chrono::weekday weekday{std::chrono::floor<days>(local)};
        return weekday == std::chrono::Sunday ? 500 : weekday == std::chrono::Saturday ? 300 : 100;
    };
    Channel channel{monday, monday + days{42}, by_kind};
    EXPECT_EQ(values_by(Method::profile, channel.gap_of_day(saturday)), Values(48, 300));
    EXPECT_EQ(values_by(Method::profile, channel.gap_of_day(saturday + days{1})), Values(48, 500));
    EXPECT_EQ(values_by(Method::profile, channel.gap_of_day(saturday + days{2})), Values(48, 100));
    for (auto& value : channel.values)
        value = 0;
    EXPECT_EQ(values_by(Method::profile, channel.gap_of_day(saturday)), Values(48, 0)) << "nobody at home";

    // Doubled on the three days before the Saturday, on it and on the three after. Of the profile's 30
    // workdays 5 are, and of its 6 Sundays 1: both have means of 116.67. Read 6 * 200 where 6 * 116.67 is the
    // rule.
    Channel doubled{monday, monday + days{42}, [&](LocalTime local) {
                        const bool near =
                            local >= LocalTime{saturday - days{3}} && local < LocalTime{saturday + days{4}};
                        return near ? 200 : 100;
                    }};
    EXPECT_EQ(values_by(Method::profile, doubled.gap_of_day(saturday)), Values(48, 171)) << "100 * 12 / 7";
    EXPECT_EQ(values_by(Method::profile, doubled.gap_of_day(saturday), {.level_days = 0}), Values(48, 100));
    Channel after{monday, monday + days{42}, [&](LocalTime local) {
                      return std::chrono::floor<days>(local) == saturday + days{1} ? 400 : 100;
                  }};
    // Sundays have a mean of 150: read 100 + 400 where 100 + 150 is the rule.
    EXPECT_EQ(values_by(Method::profile, after.gap_of_day(saturday), {.level_days = 1}), Values(48, 200));
}

TEST(Estimation, profile_of_few_days_takes_all_kinds_as_one)
{
    const Channel channel{monday, monday + days{7}, [](LocalTime) { return 50; }};
    const EstimationQuestion sunday = channel.gap_of_day(monday + days{6});
    EXPECT_EQ(values_by(Method::profile, sunday), Values(48, 50));
    EXPECT_TRUE(values_by(Method::profile, sunday, {.profile_days_min = 7}).empty());
}

TEST(Estimation, prorated_spreads_evenly_what_has_no_profile)
{
    Channel channel{monday, monday + days{1}, [](LocalTime) { return 0; }};
    EXPECT_EQ(values_by(Method::prorated, channel.gap(0, 5, 12)), (Values{3, 3, 2, 2, 2}));
    EXPECT_TRUE(values_by(Method::prorated, channel.gap(0, 5)).empty()) << "no register, nothing to spread";
    const Channel known = four_weeks();
    EstimationQuestion question = known.gap_of_day(monday + days{8});
    question.counted = 48'000;
    EXPECT_EQ(values_by(Method::prorated, question), values_by(Method::profile, question));
    EXPECT_EQ(estimate_by(Method::prorated, question).value()->quality, Quality::derived);
}

TEST(Estimation, what_was_counted_is_shared_out_in_grains)
{
    const auto values_of = [](const Channel& channel, std::size_t count, std::int64_t counted) {
        EstimationQuestion question = channel.gap(0, count, counted);
        question.grain = 2;
        return values_by(Method::prorated, question);
    };
    const Channel zeros{monday, monday + days{1}, [](LocalTime) { return 0; }};
    EXPECT_EQ(values_of(zeros, 5, 12), (Values{4, 2, 2, 2, 2}));
    EXPECT_EQ(values_of(zeros, 5, 13), (Values{5, 2, 2, 2, 2})) << "what is no grain goes to the first";
    EXPECT_EQ(values_of(zeros, 5, 1), (Values{1, 0, 0, 0, 0}));
    const Channel known = four_weeks();
    EstimationQuestion question = known.gap_of_day(monday + days{8});
    question.counted = 48'010;
    question.grain = 10;
    const Values values = values_by(Method::prorated, question);
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), std::int64_t{0}), 48'010);
    EXPECT_TRUE(std::ranges::all_of(values, [](std::int64_t value) { return value % 10 == 0; }));
}

// ---------------------------------------------------------------------- civil time

TEST(Estimation, goes_by_local_time_on_the_days_clocks_change)
{
    const struct {
        const char* day;
        std::size_t slots;
    } changes[] = {{"2024-03-31", 46}, {"2024-10-27", 50}};
    for (const auto& [text, slots] : changes) {
        SCOPED_TRACE(text);
        const CivilDay day = day_of(text);
        const Channel channel{day - days{35}, day + days{36}, weekly};
        // The day itself, and those that have it among their days alike.
        for (const CivilDay hidden : {day, day - days{7}, day + days{7}, day + days{1}}) {
            const EstimationQuestion question = channel.gap_of_day(hidden);
            EXPECT_EQ(question.gap_count, hidden == day ? slots : 48U);
            for (const Method method : {Method::like_day, Method::weekday_average})
                EXPECT_EQ(values_by(method, question), channel.read_in(question));
        }
    }
}

TEST(Estimation, takes_either_of_the_hours_that_exist_twice)
{
    const CivilDay day = day_of("2024-10-27");
    const Instant two = paris().to_instant(LocalTime{day} + 2h);
    Channel channel{day - days{7}, day + days{1}, weekly};
    channel.values[channel.slot_at(two)] = 70'000;
    channel.values[channel.slot_at(two + 1h)] = 80'000;
    const EstimationQuestion question = channel.gap_of_day(day - days{7});
    EXPECT_EQ(values_by(Method::like_day, question)[4], 70'000);
    channel.values[channel.slot_at(two)].reset();
    const Values values = values_by(Method::like_day, question);
    ASSERT_EQ(values.size(), 48U);
    EXPECT_EQ(values[4], 80'000);
    EXPECT_EQ(values[6], 6) << "03:00";
}

/// The same every day, so that the level is 1.
TEST(Estimation, has_profiles_of_local_time_on_the_days_clocks_change)
{
    const auto by_time = [](LocalTime local) {
        return (local - std::chrono::floor<days>(local)) / 30min + 1;
    };
    for (const char* text : {"2024-03-31", "2024-10-27"}) {
        const Channel channel{day_of(text) - days{20}, day_of(text) + days{20}, by_time};
        const EstimationQuestion question = channel.gap_of_day(day_of(text));
        EXPECT_EQ(values_by(Method::profile, question), channel.read_in(question));
    }
}

TEST(Estimation, knows_gas_days)
{
    for (const char* text : {"2024-03-30", "2024-10-26"}) { // the gas days in which clocks change
        const CivilDay day = day_of(text);
        const auto by_gas_day = [](LocalTime local) {
            const auto gas_day = std::chrono::floor<days>(local - 6h);
            return std::int64_t{std::chrono::weekday{gas_day}.c_encoding()} * 100 +
                   (local - LocalTime{gas_day}) / 1h;
        };
        const Channel channel{day - days{28}, day + days{29}, by_gas_day, 1h, 6h};
        const EstimationQuestion question = channel.gap_of_day(day);
        EXPECT_EQ(question.gap_count, day == day_of("2024-03-30") ? 23U : 25U);
        EXPECT_EQ(values_by(Method::weekday_average, question), channel.read_in(question));
    }
}

/// The night after a Saturday is Saturday's.
TEST(Estimation, has_profiles_of_gas_days)
{
    const auto by_kind = [](LocalTime local) {
        const std::chrono::weekday weekday{std::chrono::floor<days>(local - 6h)};
        return weekday == std::chrono::Sunday ? 500 : weekday == std::chrono::Saturday ? 300 : 100;
    };
    const Channel channel{monday, monday + days{28}, by_kind, 1h, 6h};
    EXPECT_EQ(values_by(Method::profile, channel.gap_of_day(monday + days{12})), Values(24, 300));
    EXPECT_EQ(values_by(Method::profile, channel.gap_of_day(monday + days{13})), Values(24, 500));
}

// ---------------------------------------------------------------------- the choice

TEST(Estimation, chooses_by_length_and_by_what_there_is)
{
    const Channel whole{monday - days{200}, monday + days{200}, weekly};
    const Channel young{monday, monday + days{3}, weekly};
    Channel no_neighbour = whole;
    no_neighbour.values.resize(9'604);
    const std::size_t half_day = 24, month = 35 * 48, year = 366 * 48;
    const struct {
        const Channel& channel;
        std::size_t first, count;
        std::optional<std::int64_t> counted;
        const char* method;
    } cases[] = {
        {whole, 9'600, 4, {}, "linear"},
        {whole, 9'600, 4, 1'000, "linear"},
        {whole, 9'600, 5, {}, "profile"},
        {whole, 9'600, 5, 1'000, "prorated"},
        {whole, 9'600, month, {}, "profile"},
        {whole, 9'600, month + 1, {}, "none"},
        {whole, 9'600, month + 1, 1'000, "prorated"},
        {whole, 500, year, 1'000, "prorated"},
        {whole, 500, year + 1, 1'000, "none"},
        {no_neighbour, 9'600, 4, {}, "profile"},
        {no_neighbour, 9'600, 4, 1'000, "prorated"},
        {young, 20, half_day, {}, "profile"},  // at each time of day two days are left
        {young, 20, half_day * 3, {}, "none"}, // at some times one day
        {young, 0, 48 * 3, {}, "none"},        // nothing is left
        {young, 0, 48 * 3, 1'000, "prorated"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(&one - cases);
        EXPECT_EQ(method_chosen(one.channel.gap(one.first, one.count, one.counted)), one.method);
    }
    const Channel day{monday, monday + days{1}, weekly};
    EXPECT_EQ(method_chosen(day.gap(4, half_day)), "linear") << "no other day";
    EXPECT_EQ(method_chosen(day.gap(4, half_day + 1)), "none");
    EXPECT_EQ(estimate(whole.gap(9'600, 4, 1'000)).value()->quality, Quality::estimated_linear);
    EXPECT_FALSE(estimate(whole.gap(9'600, 4)).value()->scaled);
}

TEST(Estimation, falls_down_the_order)
{
    Channel channel{monday, monday + days{14}, weekly};
    for (int day = 0; day < 7; ++day)
        channel.lose_day(monday + days{day});
    const EstimationOptions strict{.profile_days_min = 20};
    EXPECT_EQ(method_chosen(channel.gap_of_day(monday + days{10})), "profile");
    EXPECT_EQ(method_chosen(channel.gap_of_day(monday + days{10}), strict), "none");
    const Channel two_weeks{monday, monday + days{14}, weekly};
    EXPECT_EQ(method_chosen(two_weeks.gap_of_day(monday + days{10}), strict), "like_day");
    EXPECT_EQ(method_chosen(four_weeks().gap_of_day(monday + days{10}), {.profile_days_min = 40}),
              "weekday_average");
    constexpr std::array only_like_day{Method::like_day};
    const EstimationOrder own[] = {{24h, only_like_day}};
    EXPECT_EQ(method_chosen(four_weeks().gap_of_day(monday + days{10}), {.orders = own}), "like_day");
    EXPECT_EQ(method_chosen(four_weeks().gap(480, 49), {.orders = own}), "none");
}

TEST(Estimation, refuses_what_cannot_be_by_field)
{
    const Channel channel = four_weeks();
    Channel huge = channel;
    huge.values[3] = estimation_value_max + 1;
    const Readings too_many(estimation_slots_max + 1);
    using Change = std::function<void(EstimationQuestion&, EstimationOptions&)>;
    const struct {
        const char* field;
        Change change;
    } cases[] = {
        {"zone", [](auto& q, auto&) { q.zone = nullptr; }},
        {"step", [](auto& q, auto&) { q.step = 0s; }},
        {"step", [](auto& q, auto&) { q.step = -30min; }},
        {"step", [](auto& q, auto&) { q.step = 7min; }},
        {"step", [](auto& q, auto&) { q.step = 48h; }},
        {"first", [](auto& q, auto&) { q.first = Instant{-1s}; }},
        {"first", [](auto& q, auto&) { q.first = Instant::max(); }},
        {"day_start", [](auto& q, auto&) { q.day_start = 24h; }},
        {"day_start", [](auto& q, auto&) { q.day_start = -1s; }},
        {"values", [&](auto& q, auto&) { q.values = too_many; }},
        {"values: slot 3", [&](auto& q, auto&) { q.values = huge.values; }},
        {"gap_count", [](auto& q, auto&) { q.gap_count = 0; }},
        {"gap_count", [](auto& q, auto&) { q.gap_count = estimation_gap_slots_max + 1; }},
        {"gap_first", [](auto& q, auto&) { q.gap_first = q.values.size() - 3; }},
        {"gap_first", [](auto& q, auto&) { q.gap_first = SIZE_MAX; }},
        {"counted", [](auto& q, auto&) { q.counted = -1; }},
        {"counted", [](auto& q, auto&) { q.counted = INT64_MAX; }},
        {"grain", [](auto& q, auto&) { q.grain = 0; }},
        {"grain", [](auto& q, auto&) { q.grain = estimation_grain_max + 1; }},
        {"like_day_weeks", [](auto&, auto& o) { o.like_day_weeks = 9; }},
        {"average_weeks", [](auto&, auto& o) { o.average_weeks = 0; }},
        {"average_days_min", [](auto&, auto& o) { o.average_days_min = 0; }},
        {"profile_weeks", [](auto&, auto& o) { o.profile_weeks = -1; }},
        {"profile_days_min", [](auto&, auto& o) { o.profile_days_min = 0; }},
        {"level_days", [](auto&, auto& o) { o.level_days = 57; }},
        {"neighbour_within", [](auto&, auto& o) { o.neighbour_within = -1s; }},
    };
    for (const auto& [field, change] : cases) {
        SCOPED_TRACE(field);
        EstimationQuestion question = channel.gap(480, 4);
        EstimationOptions options;
        change(question, options);
        for (const auto& answer :
             {estimate(question, options), estimate_by(Method::linear, question, options)}) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().code, errc::bad_value);
            EXPECT_TRUE(answer.error().detail.starts_with(field)) << answer.error().detail;
        }
    }
    huge.values[480] = estimation_value_max + 1;
    huge.values[3] = 0;
    EXPECT_TRUE(estimate(huge.gap(480, 1))) << "what is in the gap is not looked at";
}

// ---------------------------------------------------------------------- the error

TEST(EstimateErrors, are_of_the_slots_that_readings_came_for)
{
    const Values estimated{10, 20, 30, 40};
    EXPECT_EQ(error_of(estimated, Readings{12, {}, 25, 40}).value(), (EstimateError{3, 7, 3, 77}));
    EXPECT_EQ(error_of(estimated, Readings(4)).value(), EstimateError{});
    EXPECT_EQ(error_of({}, {}).value(), EstimateError{});
    EXPECT_EQ(error_of(estimated, Readings(3)).error().code, errc::bad_value);
    const Values far{INT64_MAX};
    EXPECT_EQ(error_of(far, Readings{-1}).error().code, errc::bad_value);
    EXPECT_EQ(error_of(far, Readings{0}).value().absolute, INT64_MAX);
}

} // namespace
} // namespace releve::engine
