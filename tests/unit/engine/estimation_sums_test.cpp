#include "estimation_channel.hpp"

#include <releve/engine/estimation.hpp>

#include <array>
#include <cstdlib>

namespace releve::engine {
namespace {

using namespace test;
using namespace test::estimation;
using Method = EstimationMethod;

TEST(Estimation, gives_what_is_left_to_the_largest_remainders)
{
    const struct {
        Values shape; // of the like day
        std::int64_t counted;
        Values expected;
    } cases[] = {
        {{1, 1, 1}, 10, {4, 3, 3}},    {{1, 2, 3}, 7, {1, 2, 4}}, // 1.17, 2.33, 3.5
        {{3, 2, 1}, 7, {4, 2, 1}},     {{0, 0, 5}, 4, {0, 0, 4}},
        {{0, 0, 0}, 5, {2, 2, 1}},                                       // nothing to go by: evenly
        {{5, 5, 5}, 0, {0, 0, 0}},     {{-1, -1, -2}, -6, {-2, -1, -3}}, // -1.5, -1.5, -3
        {{-5, 5, 0}, 6, {-3, 7, 2}}, // both signs: the same is added to each
        {{-5, 5, 0}, -1, {-5, 5, -1}}, {{-2, -2, -2}, 3, {1, 1, 1}},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(&one - cases);
        Channel channel{monday, monday + days{14}, [](LocalTime) { return 0; }};
        channel.values.front() = -1; // a channel that may be negative
        for (std::size_t i = 0; i < one.shape.size(); ++i)
            channel.values[10 + i] = one.shape[i];
        const EstimationQuestion question = channel.gap(10 + 7 * 48, one.shape.size(), one.counted);
        EXPECT_EQ(values_by(Method::like_day, question), one.expected);
    }
}

/// A home of a few weeks with holes, and a gap in it.
struct RandomGap {
    Channel channel;
    std::size_t first, count;
};
RandomGap any_gap(Random& random)
{
    const CivilDay from = day_of("2024-01-01") + days{below(random, 366)};
    const bool negative = one_in(random, 4), coarse = one_in(random, 3);
    const std::uint64_t largest = one_in(random, 5) ? 1'000'000'000'000 : 1 + below(random, 10'000);
    Channel channel{from, from + days{3 + below(random, 60)},
                    [&](LocalTime) {
                        const auto value = static_cast<std::int64_t>(below(random, largest + 1));
                        return negative && one_in(random, 2) ? -value : value;
                    },
                    coarse ? 60min : 30min, one_in(random, 2) ? 6h : 0h};
    for (std::uint64_t hole = below(random, 6); hole > 0; --hole) {
        const std::uint64_t at = below(random, channel.values.size());
        for (std::uint64_t i = at; i < std::min(channel.values.size(), at + below(random, 100)); ++i)
            channel.values[i].reset();
    }
    const std::size_t first = below(random, channel.values.size());
    const std::size_t longest = one_in(random, 4) ? 600 : 60; // some are longer than a week
    const std::size_t count =
        1 + below(random, std::min<std::size_t>(longest, channel.values.size() - first));
    return {std::move(channel), first, count};
}

bool any_negative(const RandomGap& home)
{
    for (std::size_t i = 0; i < home.channel.values.size(); ++i)
        if ((i < home.first || i >= home.first + home.count) && home.channel.values[i].value_or(0) < 0)
            return true;
    return false;
}

TEST(Estimation, sums_to_what_the_register_counted)
{
    std::array<int, 5> made{};
    for_each_seed(100, [&](Random& random) {
        const RandomGap home = any_gap(random);
        const bool negative = any_negative(home);
        auto counted =
            static_cast<std::int64_t>(below(random, 1'000'000'000)) * (one_in(random, 3) ? 1'000 : 1);
        if (one_in(random, 10))
            counted = 0;
        if (negative && one_in(random, 2))
            counted = -counted;
        for (const EstimationMethodRow& row : estimation_method_rows()) {
            const EstimationQuestion question = home.channel.gap(home.first, home.count, counted);
            const auto made_by = estimate_by(row.method, question);
            ASSERT_TRUE(made_by) << to_string(made_by.error());
            if (!*made_by)
                continue;
            ++made[static_cast<std::size_t>(row.method)];
            ASSERT_EQ((*made_by)->values.size(), home.count);
            ASSERT_EQ(sum_of((*made_by)->values), counted) << row.name;
            ASSERT_TRUE((*made_by)->scaled);
            for (const std::int64_t value : (*made_by)->values)
                ASSERT_TRUE(negative || value >= 0);
        }
    });
    for (const int times : made)
        EXPECT_GT(times, 20);
}

TEST(Estimation, is_never_negative_where_the_channel_is_not)
{
    for_each_seed(60, [](Random& random) {
        const RandomGap home = any_gap(random);
        if (any_negative(home))
            return;
        for (const EstimationMethodRow& row : estimation_method_rows())
            for (const std::int64_t value : values_by(row.method, home.channel.gap(home.first, home.count)))
                ASSERT_GE(value, 0);
    });
}

/// The largest values and the longest gap that are possible stay within what the computation holds.
TEST(Estimation, holds_the_largest_values)
{
    Channel channel{monday, monday + days{400}, [](LocalTime) { return estimation_value_max; }, 5min};
    const std::size_t count = estimation_gap_slots_max;
    const std::int64_t counted = estimation_value_max * static_cast<std::int64_t>(count);
    for (const Method method : {Method::linear, Method::profile, Method::prorated}) {
        const Values values = values_by(method, channel.gap(20'000, count, counted));
        ASSERT_EQ(values.size(), count);
        EXPECT_EQ(*std::ranges::min_element(values), estimation_value_max);
        EXPECT_EQ(*std::ranges::max_element(values), estimation_value_max);
    }
    EXPECT_EQ(values_by(Method::profile, channel.gap(20'000, 10)), Values(10, estimation_value_max));
    // A profile that knows only noon, at the level of days when every time was as noon.
    Channel risen{monday, monday + days{21}, [](LocalTime local) {
                      const bool noon = local - std::chrono::floor<days>(local) == 12h;
                      return noon || local < LocalTime{monday + days{13}} ? estimation_value_max : 0;
                  }};
    const Values values = values_by(Method::profile, risen.gap_of_day(monday + days{20}),
                                    {.profile_weeks = 1, .level_days = 20});
    ASSERT_EQ(values.size(), 48U);
    EXPECT_EQ(values[24], estimation_value_max) << "no more than a reading may be";
    EXPECT_EQ(values[23], 0);
}

/// With the register's difference known only the shape counts: in W or in mW, it is the same answer.
TEST(Estimation, is_the_same_in_other_units_when_scaled)
{
    for_each_seed(60, [](Random& random) {
        RandomGap home = any_gap(random);
        for (auto& value : home.channel.values)
            if (value)
                *value = std::abs(*value) % 10'000;
        const auto counted = static_cast<std::int64_t>(below(random, 10'000'000));
        const auto factor = static_cast<std::int64_t>(2 + below(random, 999));
        const EstimationOptions options{.profile_weeks = 1}; // means of up to ten days are exact
        std::vector<Values> before, after;
        for (const EstimationMethodRow& row : estimation_method_rows())
            before.push_back(
                values_by(row.method, home.channel.gap(home.first, home.count, counted), options));
        for (auto& value : home.channel.values)
            if (value)
                *value *= factor;
        for (const EstimationMethodRow& row : estimation_method_rows())
            after.push_back(
                values_by(row.method, home.channel.gap(home.first, home.count, counted), options));
        ASSERT_EQ(before, after);
    });
}

TEST(Estimation, does_not_see_what_stood_in_the_gap)
{
    for_each_seed(60, [](Random& random) {
        RandomGap home = any_gap(random);
        std::optional<std::int64_t> counted;
        if (one_in(random, 2))
            counted = static_cast<std::int64_t>(below(random, 10'000'000));
        const auto answers = [&] {
            std::vector<std::optional<Estimate>> all;
            const EstimationQuestion question = home.channel.gap(home.first, home.count, counted);
            for (const EstimationMethodRow& row : estimation_method_rows())
                all.push_back(estimate_by(row.method, question).value());
            all.push_back(estimate(question).value());
            return all;
        };
        const auto before = answers();
        for (std::size_t i = 0; i < home.count; ++i)
            home.channel.values[home.first + i] =
                one_in(random, 3) ? std::nullopt : std::optional{any_value(random)};
        ASSERT_TRUE(answers() == before);
    });
}

} // namespace
} // namespace releve::engine
