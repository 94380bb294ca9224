#include "daily_totals.hpp"
#include "store_fixture.hpp"

#include <bit>

namespace releve::store::test {

namespace {

DailyTotal part(std::uint64_t present, std::int64_t energy, std::uint64_t counter)
{
    DailyTotal total = total_of(daily_write("01234567890123", "2024-03-01", energy, counter));
    total.present = {present, 0, 0, 0, 0};
    total.summary.missing = 48 - std::popcount(present);
    total.summary.quality = total.summary.missing > 0 ? Quality::incomplete : Quality::raw;
    return total;
}

constexpr std::uint64_t all = 0xFFFF'FFFF'FFFFU, first_half = 0xFF'FFFFU, second_half = all ^ first_half;

} // namespace

TEST(DailyTotals, two_halves_make_a_day_in_either_order)
{
    for (const bool swapped : {false, true}) {
        DailyTotal sum = swapped ? part(second_half, 200, 2) : part(first_half, 100, 1);
        EXPECT_EQ(combine(sum, swapped ? part(first_half, 100, 1) : part(second_half, 200, 2)),
                  MergeEffect::added);
        EXPECT_EQ(sum.summary.energy_wh, 300);
        EXPECT_EQ(sum.summary.missing, 0);
        EXPECT_EQ(sum.summary.quality, Quality::raw);
        EXPECT_EQ(sum.provenance.counter, 2U);
    }
}

TEST(DailyTotals, parts_add_up_before_they_are_rounded)
{
    DailyTotal sum = part(1, 0, 1);
    sum.energy_mj = 1'260'000; // 0.35 Wh, which alone is shown as 0
    for (unsigned slot = 1; slot < 48; ++slot) {
        DailyTotal next = part(std::uint64_t{1} << slot, 0, slot);
        next.energy_mj = 1'260'000;
        EXPECT_EQ(combine(sum, next), MergeEffect::added);
    }
    EXPECT_EQ(sum.summary.energy_wh, 17) << "48 times 0.35 Wh are 16.8 Wh";
    EXPECT_EQ(sum.summary.missing, 0);
}

TEST(DailyTotals, slots_we_have_are_not_counted_twice)
{
    DailyTotal sum = part(first_half, 100, 1);
    EXPECT_EQ(combine(sum, part(first_half, 100, 1)), MergeEffect::unchanged);
    EXPECT_EQ(combine(sum, part(0xF, 20, 2)), MergeEffect::unchanged);
    EXPECT_EQ(combine(sum, part(0xF | std::uint64_t{1} << 30, 30, 2)), MergeEffect::unchanged);
    EXPECT_EQ(sum.summary.energy_wh, 100);
}

TEST(DailyTotals, a_part_with_all_of_the_stored_slots_and_more_replaces_it)
{
    DailyTotal sum = part(first_half, 100, 1);
    EXPECT_EQ(combine(sum, part(first_half | std::uint64_t{1} << 30, 130, 2)), MergeEffect::changed);
    EXPECT_EQ(sum.summary.energy_wh, 130);
    EXPECT_EQ(combine(sum, part(sum.present[0], 140, 3)), MergeEffect::changed) << "the same slots, later";
    EXPECT_EQ(combine(sum, part(sum.present[0], 150, 2)), MergeEffect::unchanged) << "the same slots, earlier";
    DailyTotal unproven = part(all, 999, 9);
    unproven.provenance.authenticated = false;
    EXPECT_EQ(combine(sum, unproven), MergeEffect::unchanged);
    EXPECT_EQ(sum.summary.energy_wh, 140);
}

TEST(DailyTotals, a_whole_day_replaces_parts_and_older_whole_days)
{
    DailyTotal sum = part(first_half, 100, 5);
    EXPECT_EQ(combine(sum, part(all, 310, 3)), MergeEffect::changed);
    EXPECT_EQ(combine(sum, part(first_half, 100, 5)), MergeEffect::unchanged);
    EXPECT_EQ(combine(sum, part(all, 320, 2)), MergeEffect::unchanged);
    EXPECT_EQ(sum.summary.energy_wh, 310);
    EXPECT_EQ(combine(sum, part(all, 320, 4)), MergeEffect::changed);
    EXPECT_EQ(sum.summary.energy_wh, 320);
    DailyTotal unproven = part(all, 999, 9);
    unproven.provenance.authenticated = false;
    EXPECT_EQ(combine(sum, unproven), MergeEffect::unchanged);
}

} // namespace releve::store::test
