#include "random_blocks.hpp"

#include <releve/core/overlay.hpp>

#include <gtest/gtest.h>

namespace releve::test {
namespace {

constexpr std::size_t count = 4;

Slot slot(std::int64_t value, Quality quality, std::int64_t batch = 1)
{
    return {value, {.authenticated = true, .key_generation = 1, .counter = 7, .quality = quality, .batch = batch}};
}
DayBlock day(std::vector<std::optional<Slot>> slots)
{
    slots.resize(count);
    return {Instant{Seconds{1'700'000'000}}, Seconds{1800}, std::move(slots)};
}
DayBlock over(std::initializer_list<OverlayValue> values, std::int32_t version = 3)
{
    return lay_over(nullptr, day({}), values, version, 9).value();
}
ResolvedSlot first(const DayBlock* measured, const DayBlock* overlay, bool checked = false)
{
    return resolve(measured, overlay, {checked}).value().at(0);
}

TEST(Overlay, each_kind_beside_what_is_measured)
{
    const DayBlock measured = day({slot(100, Quality::raw, 5)}), nothing = day({}), doubtful = day({slot(100, Quality::questionable)}),
                   unproven = day({slot(100, Quality::unauthenticated)});
    struct Case {
        const char* name;
        const DayBlock* measured;
        OverlayValue value;
        ResolvedSlot seen;
    };
    const Case cases[] = {
        {"a verdict on the value that stands", &measured, {0, 100, Quality::questionable}, {100, Quality::questionable, 3, 9, {}}},
        {"a verdict on a value that was superseded", &measured, {0, 99, Quality::questionable}, {100, Quality::raw, 0, 5, {}}},
        {"accepted", &measured, {0, 100, Quality::valid}, {100, Quality::verified, 3, 9, {}}},
        {"accepted although the meter doubts", &doubtful, {0, 100, Quality::valid}, {100, Quality::verified, 3, 9, {}}},
        {"what nothing proves is not accepted", &unproven, {0, 100, Quality::valid}, {100, Quality::unauthenticated, 3, 9, {}}},
        {"a verdict never improves", &unproven, {0, 100, Quality::questionable}, {100, Quality::unauthenticated, 3, 9, {}}},
        {"an edit over a reading", &measured, {0, 70, Quality::edited}, {70, Quality::edited, 3, 9, 100}},
        {"an edit where nothing came", &nothing, {0, 70, Quality::edited}, {70, Quality::edited, 3, 9, {}}},
        {"an estimate where nothing came", &nothing, {0, 70, Quality::estimated_linear}, {70, Quality::estimated_linear, 3, 9, {}}},
        {"an estimate where the truth arrived", &measured, {0, 70, Quality::estimated_reference_day}, {100, Quality::raw, 0, 5, {}}},
        {"a verdict where nothing is any more", &nothing, {0, 100, Quality::questionable}, {}},
    };
    for (const Case& one : cases) {
        const DayBlock overlay = over({one.value});
        EXPECT_EQ(first(one.measured, &overlay), one.seen) << one.name;
        const auto left = still_needed(*one.measured, overlay).value();
        EXPECT_EQ(left.has_value(), one.seen.version != 0) << one.name;
        EXPECT_EQ(first(one.measured, left ? &*left : nullptr), one.seen) << one.name << ": what is not needed changes nothing";
    }
}

TEST(Overlay, what_passed_the_checks_is_valid)
{
    const DayBlock measured = day({slot(1, Quality::raw), slot(2, Quality::questionable), slot(3, Quality::unauthenticated)});
    const auto seen = resolve(&measured, nullptr, {true}).value();
    EXPECT_EQ(seen[0].quality, Quality::valid);
    EXPECT_EQ(seen[1].quality, Quality::questionable) << "the meter's own doubt stays";
    EXPECT_EQ(seen[2].quality, Quality::unauthenticated);
    EXPECT_FALSE(seen[3].there());
}

TEST(Overlay, versions_are_of_the_slots_they_wrote)
{
    const DayBlock one = over({{0, 1, Quality::estimated_linear}, {1, 2, Quality::estimated_linear}}, 1);
    const DayBlock two = lay_over(&one, day({}), std::vector<OverlayValue>{{1, 5, Quality::edited}}, 2, 11).value();
    const auto seen = resolve(nullptr, &two).value();
    EXPECT_EQ(seen[0], (ResolvedSlot{1, Quality::estimated_linear, 1, 9, {}}));
    EXPECT_EQ(seen[1], (ResolvedSlot{5, Quality::edited, 2, 11, {}}));
    const std::vector<std::uint32_t> edit{1}, all{0, 1};
    EXPECT_EQ(take_off(two, edit)->slots[0]->value, 1);
    EXPECT_FALSE(take_off(two, edit)->slots[1]);
    EXPECT_FALSE(take_off(two, all));
}

TEST(Overlay, bad_input_is_refused)
{
    const DayBlock measured = day({slot(1, Quality::raw)});
    DayBlock other = over({{0, 1, Quality::edited}});
    other.first += Seconds{1800};
    EXPECT_EQ(resolve(&measured, &other).error().code, errc::bad_block);
    EXPECT_EQ(still_needed(measured, other).error().code, errc::bad_block);
    EXPECT_EQ(lay_over(&other, measured, {}, 1, 1).error().code, errc::bad_block);
    const auto laid = [&](OverlayValue value) { return lay_over(nullptr, measured, {&value, 1}, 1, 1); };
    EXPECT_EQ(laid({count, 1, Quality::edited}).error().code, errc::bad_value);
    EXPECT_EQ(laid({0, 1, Quality::raw}).error().code, errc::bad_value);
    EXPECT_EQ(laid({0, 1, Quality::verified}).error().code, errc::bad_value);
}

TEST(Overlay, nothing_measured_is_lost)
{
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    constexpr Quality kinds[] = {Quality::valid, Quality::questionable, Quality::edited, Quality::estimated_linear, Quality::derived};
    for (int round = 0; round < 2'000; ++round) {
        const DayBlock measured = any_day(random);
        std::vector<OverlayValue> values;
        for (std::uint32_t i = 0; i < measured.slots.size(); ++i)
            if (one_in(random, 3))
                values.push_back({i, measured.slots[i] && one_in(random, 2) ? measured.slots[i]->value : 12, kinds[below(random, 5)]});
        if (values.empty())
            continue;
        const DayBlock overlay = lay_over(nullptr, measured, values, 1, 2).value();
        const auto seen = resolve(&measured, &overlay).value();
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const auto& was = measured.slots[i];
            if (was)
                EXPECT_TRUE(seen[i].value == was->value || seen[i].measured == was->value) << i;
            else
                EXPECT_FALSE(seen[i].measured) << i;
        }
        EXPECT_EQ(decode_day_block(encode_day_block(overlay).value()).value(), overlay) << "in the format of days";
    }
}

} // namespace
} // namespace releve::test
