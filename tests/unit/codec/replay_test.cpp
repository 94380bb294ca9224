#include <releve/codec/replay.hpp>

#include <releve/core/limits.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace releve {
namespace {

using Verdict = ReplayWindow::Verdict;
constexpr std::uint64_t highest = ~std::uint64_t{0};

void expect_everything_fresh_then_known(ReplayWindow window, std::uint64_t counter)
{
    EXPECT_EQ(window.check(counter, 7), Verdict::fresh);
    window.accept(counter, 7);
    EXPECT_EQ(window.check(counter, 7), Verdict::duplicate);
    EXPECT_EQ(window.check(counter, 8), Verdict::replay);
    EXPECT_EQ(window.last(), counter);
}

TEST(Replay, FirstCounterIsTakenAsIs)
{
    for (const auto mode : {ReplayMode::strict, ReplayMode::window})
        for (const std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xffff'ffff}, highest})
            expect_everything_fresh_then_known(ReplayWindow{mode}, counter);
    EXPECT_EQ(ReplayWindow{}.last(), std::nullopt);
}

TEST(Replay, WhatWasAcceptedIsTakenBackExactly)
{
    std::mt19937_64 random{5};
    for (const auto mode : {ReplayMode::strict, ReplayMode::window})
        for (int round = 0; round < 200; ++round) {
            ReplayWindow window{mode};
            for (std::uint64_t i = random() % 100; i > 0; --i)
                window.accept(random() % 200, random());
            const ReplayWindow before = window;
            std::vector<std::pair<std::uint64_t, ReplayWindow::Change>> changes;
            for (std::uint64_t i = random() % 100; i > 0; --i) {
                const std::uint64_t counter = random() % 200;
                changes.emplace_back(counter, window.accept(counter, random()));
            }
            for (auto change = changes.rbegin(); change != changes.rend(); ++change)
                window.take_back(change->first, change->second);
            EXPECT_EQ(window, before);
        }
}

TEST(Replay, StrictOnlyRises)
{
    ReplayWindow window{ReplayMode::strict};
    window.accept(100, 1);
    window.accept(103, 2); // a gap is normal
    EXPECT_EQ(window.check(104, 3), Verdict::fresh);
    EXPECT_EQ(window.check(101, 3), Verdict::replay); // never seen, but lower
    EXPECT_EQ(window.check(102, 3), Verdict::replay);
    EXPECT_EQ(window.check(99, 3), Verdict::replay);
    EXPECT_EQ(window.check(100, 1), Verdict::duplicate);
    EXPECT_EQ(window.check(100, 2), Verdict::replay);
    EXPECT_EQ(window.check(103, 2), Verdict::duplicate);
    EXPECT_EQ(window.check(103, 1), Verdict::replay);
}

TEST(Replay, StrictRemembers64Frames)
{
    ReplayWindow window{ReplayMode::strict};
    for (std::uint64_t counter = 0; counter < 65; ++counter)
        window.accept(counter * 10, counter);
    EXPECT_EQ(window.recent().size(), limits::replay_window);
    EXPECT_EQ(window.check(0, 0), Verdict::replay); // the 65th back: no longer known, so not confirmed again
    EXPECT_EQ(window.check(10, 1), Verdict::duplicate);
    EXPECT_EQ(window.check(640, 64), Verdict::duplicate);
}

TEST(Replay, WindowTakesUnseenCountersOnceInAnyOrder)
{
    ReplayWindow window{ReplayMode::window};
    window.accept(100, 1);
    EXPECT_EQ(window.check(99, 2), Verdict::fresh);
    window.accept(99, 2);
    EXPECT_EQ(window.check(99, 2), Verdict::duplicate);
    EXPECT_EQ(window.check(99, 3), Verdict::replay);
    EXPECT_EQ(window.last(), 100U); // a late frame does not lower it
    EXPECT_EQ(window.check(37, 4), Verdict::fresh);  // 63 back: the last inside
    EXPECT_EQ(window.check(36, 4), Verdict::replay); // 64 back
}

TEST(Replay, WindowForgetsNothingInside)
{
    // 100 first, then the 63 below it, then the next: an implementation that keeps the last 64 *accepted* would have
    // dropped 100 here and taken it again.
    ReplayWindow window{ReplayMode::window};
    window.accept(100, 1);
    for (std::uint64_t counter = 37; counter < 100; ++counter)
        window.accept(counter, 1);
    window.accept(101, 1);
    EXPECT_EQ(window.check(100, 1), Verdict::duplicate);
    EXPECT_EQ(window.check(100, 2), Verdict::replay);
}

TEST(Replay, JumpAheadClosesTheWindowBehind)
{
    ReplayWindow window{ReplayMode::window};
    window.accept(10, 1);
    window.accept(highest, 2);
    EXPECT_EQ(window.check(11, 3), Verdict::replay);
    EXPECT_EQ(window.check(10, 1), Verdict::duplicate); // still known
    EXPECT_EQ(window.check(highest - 63, 3), Verdict::fresh);
    EXPECT_EQ(window.check(highest - 64, 3), Verdict::replay);
}

TEST(Replay, LowCountersDoNotWrapAround)
{
    ReplayWindow window{ReplayMode::window};
    window.accept(5, 1);
    EXPECT_EQ(window.check(0, 2), Verdict::fresh);
    EXPECT_EQ(window.check(highest, 2), Verdict::fresh); // above, not behind
}

TEST(Replay, CopyIsTheWayBack)
{
    for (const auto mode : {ReplayMode::strict, ReplayMode::window}) {
        ReplayWindow window{mode};
        window.accept(1, 1);
        const ReplayWindow before = window;
        window.accept(2, 2);
        EXPECT_NE(window, before);
        window = before;
        EXPECT_EQ(window.check(2, 2), Verdict::fresh);
        EXPECT_EQ(window.check(1, 1), Verdict::duplicate);
    }
}

TEST(Replay, SavedAndRestoredInAnyOrder)
{
    std::mt19937_64 random{1};
    for (const auto mode : {ReplayMode::strict, ReplayMode::window}) {
        ReplayWindow window{mode};
        for (std::uint64_t counter = 0; counter < 200; counter += 1 + random() % 3)
            window.accept(counter, random());
        std::vector<ReplayWindow::Entry> saved(window.recent().begin(), window.recent().end());
        std::ranges::shuffle(saved, random);
        EXPECT_EQ((ReplayWindow{mode, saved}), window);
    }
}

TEST(Replay, AcceptingAgainChangesNothing)
{
    ReplayWindow window{ReplayMode::window};
    window.accept(5, 1);
    const ReplayWindow before = window;
    window.accept(5, 2);
    EXPECT_EQ(window, before);
}

/// What the rules say, in the plainest way: everything ever accepted is known.
struct Model {
    ReplayMode mode;
    std::map<std::uint64_t, std::uint64_t> accepted;

    bool may_be_fresh(std::uint64_t counter) const
    {
        if (accepted.empty())
            return true;
        const std::uint64_t last = accepted.rbegin()->first;
        if (counter > last)
            return true;
        return mode == ReplayMode::window && !accepted.contains(counter) && last - counter < 64;
    }
};

TEST(Replay, AgreesWithAModelThatForgetsNothing)
{
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    for (int round = 0; round < 200; ++round) {
        const auto mode = round % 2 ? ReplayMode::strict : ReplayMode::window;
        ReplayWindow window{mode};
        Model model{mode, {}};
        std::uint64_t base = random() % 1000;
        for (int step = 0; step < 400; ++step) {
            base += random() % 3;
            const std::uint64_t back = random() % 90;
            const std::uint64_t counter = base > back ? base - back : base;
            const std::uint64_t digest = random() % 2;
            const auto verdict = window.check(counter, digest);
            ASSERT_EQ(verdict == Verdict::fresh, model.may_be_fresh(counter)) << counter;
            ASSERT_TRUE(verdict != Verdict::duplicate || model.accepted.at(counter) == digest);
            if (verdict != Verdict::fresh)
                continue;
            window.accept(counter, digest);
            model.accepted.emplace(counter, digest);
        }
        ASSERT_LE(window.recent().size(), limits::replay_window);
    }
}

} // namespace
} // namespace releve
