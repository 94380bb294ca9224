#include "random_blocks.hpp"

#include <releve/core/limits.hpp>

#include <algorithm>

namespace releve {
namespace {

using namespace test;

constexpr Instant midnight{Seconds{0x65f0'0000}};

Slot slot_of(std::int64_t value, const Provenance& provenance)
{
    return {value, provenance};
}

DayBlock day_of(std::vector<std::optional<Slot>> slots)
{
    return {midnight, Seconds{1800}, std::move(slots)};
}

constexpr Provenance from_frame(std::uint64_t counter, std::int64_t batch = 1)
{
    return {true, 1, std::uint64_t{1} << 32 | counter, Quality::raw, batch};
}

template <class Block>
Block merged(const Block& stored, const Block& incoming)
{
    return merge(stored, incoming).value().block;
}

template <class Block>
Block without_batch(Block block)
{
    set_batch(block, 0);
    return block;
}

/// Frames of one meter on one day: few counters and generations, so that they collide; some say the same
/// counter over other values, some are unauthenticated, some are the same frame under another batch.
Provenance frame_provenance(Random& random)
{
    Provenance p;
    p.authenticated = !one_in(random, 4);
    p.key_generation = static_cast<std::uint16_t>(1 + below(random, 2));
    p.counter = std::uint64_t{p.key_generation} << 32 | below(random, 4);
    p.quality = one_in(random, 4) ? Quality::questionable : Quality::raw;
    p.batch = static_cast<std::int64_t>(below(random, 1000));
    return p;
}

DayBlock frame_day(Random& random)
{
    DayBlock day = day_of(std::vector<std::optional<Slot>>(48));
    const Provenance provenance = frame_provenance(random);
    const std::size_t from = below(random, 48);
    const std::size_t to = std::min<std::size_t>(48, from + 1 + below(random, 48));
    for (std::size_t i = from; i < to; ++i)
        day.slots[i] = slot_of(static_cast<std::int64_t>(below(random, 3)), provenance);
    return day;
}

RegisterBlock frame_registers(Random& random)
{
    RegisterBlock block;
    const Provenance provenance = frame_provenance(random);
    for (std::int16_t channel = 10; channel < 16; ++channel)
        for (int hour = 0; hour < 24; hour += 6)
            if (one_in(random, 3))
                block.reads.push_back({ChannelId{channel}, midnight + std::chrono::hours{hour},
                                       static_cast<std::int64_t>(below(random, 3)), provenance});
    return block;
}

template <class Block>
Block fold(const std::vector<Block>& frames)
{
    Block all = frames.front();
    for (const Block& frame : frames)
        all = merged(all, frame);
    return all;
}

template <class Block>
void expect_order_and_repetition_do_not_matter(Random& random, Block (*make)(Random&))
{
    std::vector<Block> frames;
    for (std::uint64_t i = 0, count = 1 + below(random, 12); i < count; ++i)
        frames.push_back(make(random));
    const Block once = fold(frames);
    for (int round = 0; round < 5; ++round) {
        std::vector<Block> others = frames;
        for (std::uint64_t i = 0, count = below(random, 8); i < count; ++i)
            others.push_back(frames[below(random, frames.size())]);
        std::shuffle(others.begin(), others.end(), random);
        ASSERT_EQ(without_batch(fold(others)), without_batch(once));
    }
    // Associative: two halves folded apart and joined.
    const std::size_t half = frames.size() / 2;
    if (half == 0)
        return;
    const std::vector<Block> left(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(half));
    const std::vector<Block> right(frames.begin() + static_cast<std::ptrdiff_t>(half), frames.end());
    ASSERT_EQ(without_batch(merged(fold(left), fold(right))), without_batch(once));
    ASSERT_EQ(without_batch(merged(fold(right), fold(left))), without_batch(once));
    // Idempotent, to the batch: nothing that is stored already is written again.
    for (const Block& frame : frames) {
        const auto again = merge(once, frame).value();
        ASSERT_EQ(again.effect, MergeEffect::unchanged);
        ASSERT_EQ(again.block, once);
    }
}

TEST(MergeDay, gives_the_same_day_in_any_order_and_repetition)
{
    for_each_seed(150, [](Random& random) { expect_order_and_repetition_do_not_matter(random, frame_day); });
}

TEST(MergeRegisters, give_the_same_reads_in_any_order_and_repetition)
{
    for_each_seed(150,
                  [](Random& random) { expect_order_and_repetition_do_not_matter(random, frame_registers); });
}

TEST(MergeDay, ranks_authentication_then_generation_then_counter_then_value_then_quality)
{
    // Each slot outranks the one before it.
    const std::vector<Slot> ladder = {
        slot_of(99, {false, 9, 90, Quality::raw, 1}), slot_of(99, {false, 9, 91, Quality::raw, 1}),
        slot_of(99, {true, 1, 80, Quality::raw, 1}),  slot_of(98, {true, 1, 81, Quality::raw, 1}),
        slot_of(99, {true, 1, 81, Quality::raw, 1}),  slot_of(99, {true, 1, 81, Quality::questionable, 1}),
        slot_of(1, {true, 2, 3, Quality::raw, 1}),    slot_of(-5, {true, 2, 4, Quality::raw, 1}),
    };
    for (std::size_t low = 0; low < ladder.size(); ++low) {
        for (std::size_t high = low + 1; high < ladder.size(); ++high) {
            const auto up = merge(day_of({ladder[low]}), day_of({ladder[high]})).value();
            EXPECT_EQ(up.effect, MergeEffect::changed) << low << ' ' << high;
            EXPECT_EQ(up.block.slots[0], ladder[high]) << low << ' ' << high;
            const auto down = merge(day_of({ladder[high]}), day_of({ladder[low]})).value();
            EXPECT_EQ(down.effect, MergeEffect::unchanged) << low << ' ' << high;
            EXPECT_EQ(down.block.slots[0], ladder[high]) << low << ' ' << high;
        }
    }
}

TEST(MergeDay, tells_what_it_did_to_the_stored_side)
{
    const Slot old_slot = slot_of(10, from_frame(5));
    const Slot new_slot = slot_of(11, from_frame(6));
    const DayBlock half = day_of({old_slot, std::nullopt});
    EXPECT_EQ(merge(half, day_of({std::nullopt, std::nullopt})).value().effect, MergeEffect::unchanged);
    EXPECT_EQ(merge(half, half).value().effect, MergeEffect::unchanged);
    EXPECT_EQ(merge(half, day_of({std::nullopt, new_slot})).value().effect, MergeEffect::added);
    EXPECT_EQ(merge(half, day_of({new_slot, std::nullopt})).value().effect, MergeEffect::changed);
    EXPECT_EQ(merge(half, day_of({new_slot, new_slot})).value().effect, MergeEffect::changed);
    EXPECT_EQ(merge(day_of({std::nullopt, std::nullopt}), half).value().effect, MergeEffect::added);
    // A newer frame that says the same value is still a newer fact about the slot.
    EXPECT_EQ(merge(half, day_of({slot_of(10, from_frame(6)), std::nullopt})).value().effect,
              MergeEffect::changed);
}

TEST(MergeDay, keeps_the_batch_of_the_winner_and_of_the_stored_side_if_equal)
{
    const DayBlock stored = day_of({slot_of(10, from_frame(5, 100))});
    EXPECT_EQ(merged(stored, day_of({slot_of(10, from_frame(5, 200))})).slots[0]->provenance.batch, 100);
    EXPECT_EQ(merged(stored, day_of({slot_of(10, from_frame(6, 200))})).slots[0]->provenance.batch, 200);
    EXPECT_EQ(merged(stored, day_of({slot_of(10, from_frame(4, 200))})).slots[0]->provenance.batch, 100);
}

TEST(MergeDay, a_new_key_outranks_the_old_ones_counters)
{
    const DayBlock before =
        day_of({slot_of(10, {true, 1, (std::uint64_t{1} << 32) + 4'000'000'000, Quality::raw, 1})});
    const DayBlock after = day_of({slot_of(12, {true, 2, (std::uint64_t{2} << 32) + 1, Quality::raw, 2})});
    EXPECT_EQ(merged(before, after), after);
    EXPECT_EQ(merged(after, before), after);
}

TEST(MergeDay, of_another_shape_is_refused)
{
    const DayBlock day = day_of({slot_of(1, from_frame(1)), std::nullopt});
    DayBlock other = day;
    other.first += Seconds{1};
    EXPECT_EQ(merge(day, other).error().code, errc::bad_block);
    other = day;
    other.step = Seconds{900};
    EXPECT_EQ(merge(day, other).error().code, errc::bad_block);
    other = day;
    other.slots.emplace_back();
    EXPECT_EQ(merge(day, other).error().code, errc::bad_block);
}

RegisterRead read_of(std::int16_t channel, std::int64_t value, std::uint64_t counter, int second = 0)
{
    return {ChannelId{channel}, midnight + Seconds{second}, value, from_frame(counter)};
}

TEST(MergeRegisters, tell_what_they_did_to_the_stored_side)
{
    const RegisterBlock stored{{read_of(10, 100, 5), read_of(11, 100, 5)}};
    EXPECT_EQ(merge(stored, RegisterBlock{}).value().effect, MergeEffect::unchanged);
    EXPECT_EQ(merge(stored, stored).value().effect, MergeEffect::unchanged);
    EXPECT_EQ(merge(stored, {{read_of(10, 99, 4)}}).value().effect, MergeEffect::unchanged);
    EXPECT_EQ(merge(stored, {{read_of(10, 100, 5, 900)}}).value().effect, MergeEffect::added);
    EXPECT_EQ(merge(stored, {{read_of(9, 1, 5)}}).value().effect, MergeEffect::added);
    const auto changed = merge(stored, {{read_of(10, 101, 6), read_of(12, 7, 6)}}).value();
    EXPECT_EQ(changed.effect, MergeEffect::changed);
    const RegisterBlock expected{{read_of(10, 101, 6), read_of(11, 100, 5), read_of(12, 7, 6)}};
    EXPECT_EQ(changed.block, expected);
}

TEST(MergeRegisters, first_reads_stay_the_same_in_whatever_order_and_portions_they_come)
{
    for_each_seed(200, [](Random& random) {
        RegisterBlock all = frame_registers(random), first = all, second, sum;
        keep_first_reads(first);
        EXPECT_FALSE(keep_first_reads(first));
        for (std::size_t i = all.reads.size(); i-- > 0;)
            if (below(random, 2) == 0) {
                second.reads.insert(second.reads.begin(), all.reads[i]);
                all.reads.erase(all.reads.begin() + static_cast<std::ptrdiff_t>(i));
            }
        for (RegisterBlock* part : {&all, &second, &all}) {
            keep_first_reads(*part);
            sum = merge(sum, *part).value().block;
            keep_first_reads(sum);
        }
        ASSERT_EQ(sum, first);
    });
}

TEST(MergeRegisters, the_first_authenticated_read_stays_and_the_first_of_all_only_without_one)
{
    const auto doubtful = [](RegisterRead read) {
        read.provenance.authenticated = false;
        return read;
    };
    RegisterBlock day{{doubtful(read_of(10, 1, 1, 0)), read_of(10, 2, 2, 900), read_of(10, 3, 3, 1800),
                       doubtful(read_of(10, 4, 4, 2700)), doubtful(read_of(11, 5, 1, 0)), doubtful(read_of(11, 6, 2, 900)),
                       read_of(12, 7, 1, 0), doubtful(read_of(12, 8, 2, 900))}};
    EXPECT_TRUE(keep_first_reads(day));
    const RegisterBlock kept{{read_of(10, 2, 2, 900), doubtful(read_of(11, 5, 1, 0)), read_of(12, 7, 1, 0)}};
    EXPECT_EQ(day, kept);
    EXPECT_FALSE(keep_first_reads(day));
}

TEST(MergeRegisters, out_of_order_or_too_many_are_refused)
{
    const RegisterBlock unsorted{{read_of(11, 1, 1), read_of(10, 1, 1)}};
    EXPECT_EQ(merge(unsorted, RegisterBlock{}).error().code, errc::bad_block);
    EXPECT_EQ(merge(RegisterBlock{}, unsorted).error().code, errc::bad_block);
    RegisterBlock full;
    for (std::int16_t i = 0; i < static_cast<std::int16_t>(limits::register_reads_per_day_max); ++i)
        full.reads.push_back(read_of(i, 1, 1));
    EXPECT_EQ(merge(full, full).value().block, full);
    EXPECT_EQ(merge(full, {{read_of(500, 1, 1)}}).error().code, errc::too_large);
}

} // namespace
} // namespace releve
