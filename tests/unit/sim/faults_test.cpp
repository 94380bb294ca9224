#include <releve/sim/fleet.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace releve::sim {
namespace {

using namespace std::chrono_literals;

class FaultsTest : public testing::Test {
protected:
    FaultsTest()
        : fleet_({.seed = 3, .meters = 4, .meter = {}}, paris()),
          pushes_(schedule(paris(), CivilDay{2024y / 1 / 1}, 6, Every::day))
    {
    }

    FaultPlan plan(std::string_view text) const
    {
        FaultPlan plan{3};
        EXPECT_TRUE(plan.add(text));
        plan.settle(fleet_.meters().size(), pushes_.size());
        return plan;
    }
    std::vector<Delivery> at(std::size_t index, const FaultPlan& plan) const
    {
        return deliveries(meter(), 0, pushes_, index, plan);
    }
    const Meter& meter() const { return fleet_.meters()[0]; }
    Bytes honest(std::size_t index) const { return meter().build(pushes_[index]).apdu; }
    result<dlms::Unprotected> open(const Frame& frame) const
    {
        const auto ciphered = dlms::decode_ciphered_apdu(frame.apdu).value();
        return dlms::unprotect(ciphered, {.encryption = meter().identity().encryption,
                                          .authentication = meter().identity().authentication});
    }
    /// The bad message and, behind it, the honest one.
    Delivery forged(const FaultPlan& plan, Fault fault, std::size_t index = 2) const
    {
        const auto group = at(index, plan);
        EXPECT_EQ(group.size(), 2u);
        EXPECT_EQ(group[0].fault, fault);
        EXPECT_EQ(group[0].expect, Expect::nothing);
        EXPECT_EQ(group[1].fault, std::nullopt);
        EXPECT_EQ(group[1].expect, Expect::confirm);
        EXPECT_EQ(group[1].frame.apdu, honest(index));
        return group[0];
    }

    Fleet fleet_;
    std::vector<Push> pushes_;
};

TEST_F(FaultsTest, NoneByDefault)
{
    const auto group = at(0, FaultPlan{3});
    ASSERT_EQ(group.size(), 1u);
    EXPECT_EQ(group[0].frame.apdu, honest(0));
    EXPECT_EQ(group[0].expect, Expect::confirm);
    EXPECT_EQ(group[0].at, pushes_[0].at);
}

TEST_F(FaultsTest, DuplicateSendsTheSameBytesTwice)
{
    const auto group = at(1, plan("duplicate=1"));
    ASSERT_EQ(group.size(), 2u);
    EXPECT_EQ(group[0].frame.apdu, group[1].frame.apdu);
    EXPECT_EQ(group[1].fault, Fault::duplicate);
    EXPECT_EQ(group[1].expect, Expect::confirm);
}

TEST_F(FaultsTest, ReorderSwapsPairsAndLosesNothing)
{
    const FaultPlan all = plan("reorder=1");
    std::vector<Bytes> sent;
    for (std::size_t i = 0; i < pushes_.size(); ++i)
        for (const Delivery& delivery : at(i, all))
            sent.push_back(delivery.frame.apdu);
    EXPECT_EQ(sent, (std::vector<Bytes>{honest(1), honest(0), honest(3), honest(2), honest(5), honest(4)}));
    EXPECT_EQ(at(0, all)[1].expect, Expect::maybe);
    EXPECT_EQ(at(0, all)[0].expect, Expect::confirm);
    // The first of the two waits for the second in time as well.
    EXPECT_EQ(at(0, all)[0].at, pushes_[1].at);
}

TEST_F(FaultsTest, WrongKeyDoesNotOpen)
{
    const Delivery bad = forged(plan("wrong_key=1"), Fault::wrong_key);
    EXPECT_EQ(open(bad.frame).error().code, errc::wrong_key);
    EXPECT_EQ(bad.frame.invocation_counter, meter().counter_of(pushes_[2]));
}

TEST_F(FaultsTest, BadTagDiffersInTheLastBitOfAFrameThatWouldOpen)
{
    Delivery bad = forged(plan("bad_tag=1"), Fault::bad_tag);
    EXPECT_EQ(open(bad.frame).error().code, errc::bad_tag);
    bad.frame.apdu.back() ^= std::byte{1};
    EXPECT_TRUE(open(bad.frame));
}

TEST_F(FaultsTest, ReplayHasTheCounterOfThePushBeforeOverOtherBytes)
{
    const FaultPlan all = plan("replay=1");
    const Delivery bad = forged(all, Fault::replay);
    EXPECT_TRUE(open(bad.frame));
    EXPECT_EQ(bad.frame.invocation_counter, meter().counter_of(pushes_[1]));
    EXPECT_NE(bad.frame.apdu, honest(1));
    EXPECT_EQ(at(0, all).size(), 1u);
}

TEST_F(FaultsTest, TruncatedIsTheHonestMessageCut)
{
    const Delivery bad = forged(plan("truncated=1"), Fault::truncated);
    EXPECT_TRUE(bad.cut);
    EXPECT_EQ(bad.frame.apdu, honest(2));
}

TEST_F(FaultsTest, ClockDriftMovesEveryDateTime)
{
    const auto group = at(2, plan("clock_drift=1:300"));
    ASSERT_EQ(group.size(), 1u);
    EXPECT_EQ(group[0].expect, Expect::maybe);
    const auto notification = dlms::decode_data_notification(open(group[0].frame)->plaintext).value();
    const dlms::ClockRule rule{.zone = &paris()};
    EXPECT_EQ(dlms::to_instant(*notification.date_time, rule).value(), pushes_[2].at + 300s);
    const auto clock = dlms::decode_date_time(notification.body.children[1].bytes).value();
    EXPECT_EQ(dlms::to_instant(clock, rule).value(), pushes_[2].at + 300s);
    const auto& first_row = notification.body.children[2].children[0];
    const auto stamp = dlms::decode_date_time(first_row.children[0].bytes).value();
    EXPECT_EQ(dlms::to_instant(stamp, rule).value(), pushes_[1].at + slot_length + 300s);
}

TEST_F(FaultsTest, SilenceSendsNothing)
{
    EXPECT_TRUE(at(2, plan("silence=1")).empty());
}

TEST_F(FaultsTest, DowngradeIsEncryptedOnly)
{
    const Delivery bad = forged(plan("downgrade=1"), Fault::downgrade);
    EXPECT_EQ(dlms::decode_ciphered_apdu(bad.frame.apdu)->security_control, 0x20);
    EXPECT_TRUE(open(bad.frame));
}

TEST_F(FaultsTest, UnknownBearsATitleOutsideTheFleet)
{
    const Delivery bad = forged(plan("unknown=1"), Fault::unknown);
    const auto title = dlms::peek_system_title(bad.frame.apdu);
    ASSERT_TRUE(title);
    for (const Meter& known : fleet_.meters())
        EXPECT_NE(*title, known.identity().system_title);
}

TEST_F(FaultsTest, ForgeriesDifferFromEachOtherAndFromTheHonestMessage)
{
    FaultPlan all{3};
    for (const auto text : {"wrong_key=1", "bad_tag=1", "downgrade=1", "unknown=1", "replay=1"})
        ASSERT_TRUE(all.add(text));
    const auto group = at(2, all);
    ASSERT_EQ(group.size(), 6u);
    for (std::size_t i = 0; i < group.size(); ++i)
        for (std::size_t k = 0; k < i; ++k) {
            EXPECT_NE(group[i].frame.apdu, group[k].frame.apdu);
            EXPECT_NE(group[i].frame.invoke_id, group[k].frame.invoke_id);
        }
}

TEST_F(FaultsTest, CountsAreDrawnFromTheSeedAndRatesAreKept)
{
    const auto hits = [&](const FaultPlan& plan, Fault fault, std::size_t meters, std::size_t pushes) {
        std::vector<std::pair<std::size_t, std::size_t>> where;
        for (std::size_t m = 0; m < meters; ++m)
            for (std::size_t i = 0; i < pushes; ++i)
                if (plan.befalls(fault, m, i))
                    where.emplace_back(m, i);
        return where;
    };
    const auto three = hits(plan("replay=3x"), Fault::replay, 4, 6);
    EXPECT_EQ(three.size(), 3u);
    EXPECT_EQ(three, hits(plan("replay=3x"), Fault::replay, 4, 6));
    EXPECT_TRUE(std::ranges::none_of(three, [](const auto& place) { return place.second == 0; }));
    EXPECT_EQ(hits(plan("silence=1000x"), Fault::silence, 4, 6).size(), 24u);
    const auto some = hits(plan("bad_tag=0.1"), Fault::bad_tag, 100, 100).size();
    EXPECT_GT(some, 850u);
    EXPECT_LT(some, 1150u);
}

TEST_F(FaultsTest, RefusesWhatItDoesNotUnderstand)
{
    FaultPlan plan;
    for (const auto text : {"", "nonsense=1", "silence", "silence=", "silence=2", "silence=-1", "silence=x",
                            "silence=0.5y", "clock_drift=0.5:", "clock_drift=0.5:x", "silence=nan"}) {
        const auto added = plan.add(text);
        ASSERT_FALSE(added) << text;
        EXPECT_EQ(added.error().code, errc::bad_parameter) << text;
    }
}

} // namespace
} // namespace releve::sim
