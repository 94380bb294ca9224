#include <releve/api/period.hpp>

#include <gtest/gtest.h>

namespace releve::api {
namespace {

Period period(const std::string& from, const std::string& to)
{
    Request request;
    request.query = {{"from", from}, {"to", to}};
    return read_period(request).value();
}

TEST(period, civil_days_follow_the_zone)
{
    const auto spring = instants_of(period("2024-03-31", "2024-04-01"), paris(), 400).value();
    EXPECT_EQ(to_iso8601(spring.from), "2024-03-30T23:00:00Z");
    EXPECT_EQ(spring.to - spring.from, std::chrono::hours(23));
    const auto autumn = instants_of(period("2024-10-27", "2024-10-28"), paris(), 1).value();
    EXPECT_EQ(autumn.to - autumn.from, std::chrono::hours(25));
}

TEST(period, instants_touch_whole_days)
{
    const auto exact = days_of(period("2024-01-01T23:00:00Z", "2024-01-02T23:00:00Z"), paris(), 1).value();
    EXPECT_EQ(to_iso8601(exact.from), "2024-01-02");
    EXPECT_EQ(to_iso8601(exact.to), "2024-01-03");
    const auto more = days_of(period("2024-01-01T22:59:59Z", "2024-01-02T23:00:01Z"), paris(), 9).value();
    EXPECT_EQ(to_iso8601(more.from), "2024-01-01");
    EXPECT_EQ(to_iso8601(more.to), "2024-01-04");
    const auto mixed = days_of(period("2024-01-01", "2024-01-01T12:00:00+01:00"), paris(), 1).value();
    EXPECT_EQ(mixed.to - mixed.from, std::chrono::days(1));
}

TEST(period, needs_a_zone_only_for_days)
{
    EXPECT_TRUE(needs_zone(period("2024-01-01", "2024-01-02T00:00:00Z")));
    EXPECT_FALSE(needs_zone(period("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")));
}

TEST(period, has_a_limit)
{
    EXPECT_TRUE(days_of(period("2024-01-01", "2024-01-11"), paris(), 10));
    EXPECT_FALSE(days_of(period("2024-01-01", "2024-01-12"), paris(), 10));
    EXPECT_FALSE(instants_of(period("2024-01-01", "2024-01-12"), paris(), 10));
    EXPECT_FALSE(instants_of(period("2024-01-02T00:00:00Z", "2024-01-02T00:00:00Z"), paris(), 10));
}

} // namespace
} // namespace releve::api
