#include <releve/sim/load.hpp>

#include <gtest/gtest.h>

namespace releve::sim {
namespace {

using namespace std::chrono_literals;

std::int64_t curve_sum_wh(const Load& load, CivilDay day)
{
    std::int64_t sum_w = 0;
    const Instant end = paris().start_of(day + std::chrono::days{1});
    for (Instant at = paris().start_of(day); at < end; at += slot_length)
        sum_w += power_w(load, at).value();
    EXPECT_EQ(sum_w % 2, 0);
    return sum_w / 2;
}

TEST(GeneratedLoadTest, EveryDaySumsToItsIndexDifferenceToTheWattHour)
{
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const Load load = GeneratedLoad{seed, paris()};
        for (CivilDay day{2024y / 1 / 1}; day < CivilDay{2025y / 1 / 1}; day += std::chrono::days{2}) {
            const auto before = index_at(load, day).value();
            const auto after = index_at(load, day + std::chrono::days{1}).value();
            ASSERT_EQ(curve_sum_wh(load, day), after.total_wh - before.total_wh)
                << to_iso8601(day) << " seed " << seed;
        }
    }
}

TEST(GeneratedLoadTest, IsPlausible)
{
    const GeneratedLoad load{7, paris()};
    const auto energy = [&](CivilDay from, int days) {
        return load.index_at(from + std::chrono::days{days})->total_wh - load.index_at(from)->total_wh;
    };
    const auto january = energy(CivilDay{2024y / 1 / 1}, 30);
    const auto july = energy(CivilDay{2024y / 7 / 1}, 30);
    EXPECT_GT(january, july);
    EXPECT_GT(july, 30 * 2'000);
    EXPECT_LT(january, 30 * 45'000);
    std::int64_t night = 0, evening = 0;
    for (int i = 0; i < 30; ++i) {
        const Instant midnight = paris().start_of(CivilDay{2024y / 1 / 1} + std::chrono::days{i});
        night += *load.power_w(midnight + 3h);
        evening += *load.power_w(midnight + 19h);
    }
    EXPECT_GT(evening, 2 * night);
}

TEST(GeneratedLoadTest, KnowsNothingOffTheGridOrBeforeItsFirstDay)
{
    const GeneratedLoad load{1, paris()};
    const Instant midnight = paris().start_of(CivilDay{2024y / 1 / 1});
    EXPECT_TRUE(load.power_w(midnight));
    EXPECT_FALSE(load.power_w(midnight + 1s));
    EXPECT_FALSE(load.power_w(paris().start_of(GeneratedLoad::first_day()) - slot_length));
    EXPECT_FALSE(load.index_at(GeneratedLoad::first_day() - std::chrono::days{1}));
}

TEST(RecordedLoadTest, RunningSumWithoutIndexesAndMissingHalfHoursAddNothing)
{
    const Instant midnight = paris().start_of(CivilDay{2024y / 1 / 1});
    Curve curve{midnight, std::vector<std::optional<std::int32_t>>(96, 100)};
    curve.power_w[3] = std::nullopt;
    curve.power_w[60] = 103; // half a Wh more than a whole one
    const RecordedLoad load{curve, {}, paris(), 1000};
    EXPECT_EQ(load.power_w(midnight + 3 * slot_length), std::nullopt);
    EXPECT_EQ(load.power_w(midnight + 4 * slot_length), 100);
    EXPECT_EQ(load.index_at(CivilDay{2024y / 1 / 1})->total_wh, 1000);
    EXPECT_EQ(load.index_at(CivilDay{2024y / 1 / 2})->total_wh, 1000 + 47 * 50);
    EXPECT_EQ(load.index_at(CivilDay{2024y / 1 / 3})->total_wh, 1000 + 95 * 50 + 1);
    EXPECT_EQ(load.index_at(CivilDay{2024y / 1 / 4}), std::nullopt);
    EXPECT_EQ(load.index_at(CivilDay{2023y / 12 / 31}), std::nullopt);
}

TEST(RecordedLoadTest, KnowsNothingOutsideItsCurveOrOffItsGrid)
{
    const Instant midnight = paris().start_of(CivilDay{2024y / 1 / 1});
    const RecordedLoad load{{midnight, {10, 20}}, {}, paris()};
    EXPECT_EQ(load.power_w(midnight + slot_length), 20);
    EXPECT_EQ(load.power_w(midnight + 1s), std::nullopt);
    EXPECT_EQ(load.power_w(midnight - slot_length), std::nullopt);
    EXPECT_EQ(load.power_w(midnight + 2 * slot_length), std::nullopt);
}

TEST(RecordedLoadTest, GivenIndexesAreTakenAsTheyAre)
{
    const CivilDay day{2024y / 1 / 2};
    const Curve curve{paris().start_of(day), {10, 20}};
    const RecordedLoad load{curve, {{.day = day, .total_wh = 77}}, paris()};
    EXPECT_EQ(load.index_at(day)->total_wh, 77);
    EXPECT_FALSE(load.index_at(day + std::chrono::days{1}));
    EXPECT_FALSE(load.index_at(day - std::chrono::days{1}));
}

} // namespace
} // namespace releve::sim
