#include "../core/linky_week.hpp"
#include "../core/random_blocks.hpp"

#include <releve/engine/consumption.hpp>

#include <limits>

namespace releve::engine {
namespace {

using namespace test;

ChannelModel channel_of(Quantity quantity, int scaler = 0)
{
    ChannelModel channel;
    channel.quantity = quantity;
    channel.scaler = scaler;
    return channel;
}

DayBlock day_of(std::vector<std::optional<std::int64_t>> values, Seconds step = Seconds{1800})
{
    DayBlock day;
    day.first = Instant{Seconds{1'700'000'000}};
    day.step = step;
    for (const auto& value : values)
        day.slots.push_back(value ? std::optional{Slot{*value, {true, 1, 1, Quality::raw, 1}}}
                                  : std::nullopt);
    return day;
}

std::int64_t energy(const DayBlock& day, Quantity quantity, int scaler = 0)
{
    return summarise(day, channel_of(quantity, scaler)).value().energy_wh;
}

TEST(Summary, of_a_real_week_equals_the_index_differences_to_the_wh)
{
    const auto indexes = load_rows("linky-week-index.csv");
    const auto week = load_linky_week();
    ASSERT_EQ(week.size(), 7u);
    std::size_t row = 0;
    for (const auto& [day, block] : week) {
        ASSERT_EQ(to_iso8601(day), indexes[row][0]);
        const DaySummary summary = summarise(block, channel_of(Quantity::mean_power)).value();
        EXPECT_EQ(summary.energy_wh, std::stoll(indexes[row + 1][1]) - std::stoll(indexes[row][1]))
            << to_iso8601(day);
        EXPECT_EQ(summary.slots, to_iso8601(day) == "2024-03-31" ? 46 : 48);
        EXPECT_EQ(summary.missing, 0);
        EXPECT_EQ(summary.quality, Quality::raw);
        ++row;
    }
}

TEST(Summary, is_the_sum_of_the_slots_rounded_once)
{
    for_each_seed(300, [](Random& random) {
        DayBlock day = any_day(random);
        day.step = Seconds{900 * (1 + below(random, 4))};
        std::int64_t watt_seconds = 0;
        int missing = 0;
        for (auto& slot : day.slots) {
            if (slot) {
                slot->value = static_cast<std::int64_t>(below(random, 40'000)) - 20'000;
                watt_seconds += slot->value * day.step.count();
            } else {
                ++missing;
            }
        }
        const DaySummary summary = summarise(day, channel_of(Quantity::mean_power)).value();
        const std::int64_t error = summary.energy_wh * 3600 - watt_seconds;
        ASSERT_LE(std::abs(error), 1800);
        ASSERT_EQ(summary.missing, missing);
        ASSERT_EQ(summary.slots, static_cast<int>(day.slots.size()));
    });
}

TEST(Summary, in_millijoules_adds_up_over_any_parts_of_the_day)
{
    for_each_seed(300, [](Random& random) {
        DayBlock day = any_day(random);
        day.step = Seconds{900 * (1 + below(random, 4))};
        for (auto& slot : day.slots)
            if (slot)
                slot->value = static_cast<std::int64_t>(below(random, 40'000)) - 20'000;
        DayBlock one = day, other = day;
        for (std::size_t i = 0; i < day.slots.size(); ++i)
            (below(random, 2) == 0 ? one : other).slots[i].reset();
        for (const int scaler : {-3, 0, 2}) {
            const ChannelModel channel = channel_of(Quantity::mean_power, scaler);
            const std::int64_t sum =
                energy_in_millijoules(one, channel).value() + energy_in_millijoules(other, channel).value();
            ASSERT_EQ(sum, energy_in_millijoules(day, channel).value());
            ASSERT_EQ(millijoules_to_wh(sum), summarise(day, channel).value().energy_wh);
        }
    });
    EXPECT_EQ(energy_in_millijoules(day_of({3}), channel_of(Quantity::energy)).value(), 10'800'000);
    EXPECT_EQ(energy_in_millijoules(day_of({3}), channel_of(Quantity::cumulative)).value(), 0);
}

TEST(Summary, rounds_half_away_from_zero)
{
    EXPECT_EQ(energy(day_of({1}), Quantity::mean_power), 1); // 0.5 Wh
    EXPECT_EQ(energy(day_of({-1}), Quantity::mean_power), -1);
    EXPECT_EQ(energy(day_of({1, 1}), Quantity::mean_power), 1); // not 1 + 1: divided once
    EXPECT_EQ(energy(day_of({1}, Seconds{1799}), Quantity::mean_power), 0);
    EXPECT_EQ(energy(day_of({-1}, Seconds{1799}), Quantity::mean_power), 0);
    EXPECT_EQ(energy(day_of({5}), Quantity::energy, -1), 1);
    EXPECT_EQ(energy(day_of({4}), Quantity::energy, -1), 0);
    EXPECT_EQ(energy(day_of({-25}), Quantity::energy, -1), -3);
    EXPECT_EQ(energy(day_of({24}), Quantity::energy, -1), 2);
}

TEST(Summary, follows_the_scaler_both_ways)
{
    EXPECT_EQ(energy(day_of({2, 4}), Quantity::mean_power, 3), 3000);
    EXPECT_EQ(energy(day_of({2000, 4000}), Quantity::mean_power, -3), 3);
    EXPECT_EQ(energy(day_of({7, 8}), Quantity::energy), 15);
    EXPECT_EQ(energy(day_of({7, 8}), Quantity::energy, 2), 1500);
    EXPECT_EQ(energy(day_of({7, 8}), Quantity::energy, -30), 0);
    EXPECT_EQ(energy(day_of({7, 8}), Quantity::cumulative), 0);
    EXPECT_EQ(energy(day_of({7, 8}), Quantity::other), 0);
}

TEST(Summary, that_does_not_fit_is_refused_and_not_wrapped)
{
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(energy(day_of({highest}), Quantity::energy), highest);
    EXPECT_EQ(energy(day_of({lowest}), Quantity::energy), lowest);
    EXPECT_EQ(energy(day_of({highest, highest}), Quantity::mean_power),
              highest); // the sum alone passes 64 bits
    EXPECT_EQ(energy(day_of({highest, lowest, 2}), Quantity::energy), 1);
    const auto refused = [](const DayBlock& day, Quantity quantity, int scaler) {
        const auto summary = summarise(day, channel_of(quantity, scaler));
        return !summary && summary.error().code == errc::bad_value;
    };
    EXPECT_TRUE(refused(day_of({highest, 1}), Quantity::energy, 0));
    EXPECT_TRUE(refused(day_of({lowest, -1}), Quantity::energy, 0));
    EXPECT_TRUE(refused(day_of({highest}), Quantity::energy, 1));
    EXPECT_TRUE(refused(day_of({highest}), Quantity::mean_power, 30));
    EXPECT_TRUE(refused(day_of({1}), Quantity::energy, 31));
    EXPECT_TRUE(refused(day_of({1}), Quantity::energy, -31));
}

TEST(Summary, names_missing_slots_and_the_worst_quality)
{
    const ChannelModel channel = channel_of(Quantity::mean_power);
    DayBlock day = day_of({10, 20, 30});
    EXPECT_EQ(summarise(day, channel).value().quality, Quality::raw);
    day.slots[1]->provenance.quality = Quality::questionable;
    EXPECT_EQ(summarise(day, channel).value().quality, Quality::questionable);
    day.slots[2]->provenance.quality = Quality::unauthenticated;
    EXPECT_EQ(summarise(day, channel).value().quality, Quality::unauthenticated);
    day.slots[0].reset();
    EXPECT_EQ(summarise(day, channel).value().quality, Quality::incomplete);
    EXPECT_EQ(summarise(day, channel).value().missing, 1);
    const DaySummary nothing = summarise(day_of({std::nullopt, std::nullopt}), channel).value();
    EXPECT_EQ(nothing, (DaySummary{0, 2, 2, Quality::missing, std::nullopt, std::nullopt}));
    EXPECT_EQ(summarise(day_of({0}), channel).value().quality, Quality::raw)
        << "a measured zero is not missing";
}

TEST(Summary, finds_the_first_of_the_greatest_values)
{
    const DayBlock day = day_of({std::nullopt, 10, 30, 30, 5});
    const DaySummary summary = summarise(day, channel_of(Quantity::mean_power)).value();
    EXPECT_EQ(summary.maximum, 30);
    EXPECT_EQ(summary.maximum_at, day.first + 2 * day.step);
    EXPECT_EQ(summarise(day_of({-7, -3}), channel_of(Quantity::other)).value().maximum, -3);
}

TEST(EmptyDay, has_the_slots_of_the_civil_day)
{
    const auto slots_of = [](const char* day, const ChannelModel& channel) {
        const DaySummary summary = empty_day(paris(), parse_day(day).value(), channel);
        EXPECT_EQ(summary, (DaySummary{0, summary.slots, summary.slots, Quality::missing, std::nullopt,
                                       std::nullopt}));
        return summary.slots;
    };
    for (const auto& row : load_rows("paris-days.csv"))
        EXPECT_EQ(slots_of(row[0].c_str(), channel_of(Quantity::mean_power)), std::stoi(row[1])) << row[0];
    ChannelModel gas = channel_of(Quantity::energy);
    EXPECT_EQ(slots_of("2024-03-30", gas), 48);
    gas.day_start = std::chrono::hours{6};
    EXPECT_EQ(slots_of("2024-03-30", gas), 46);
    EXPECT_EQ(slots_of("2024-03-31", gas), 48);
    gas.step = std::chrono::hours{24};
    for (const char* day : {"2024-03-30", "2024-03-31", "2024-10-26"})
        EXPECT_EQ(slots_of(day, gas), 1) << day;
}

} // namespace
} // namespace releve::engine
