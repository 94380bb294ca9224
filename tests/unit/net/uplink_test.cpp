// What both forms have in common: limits, digests, outcomes.

#include "uplink_frames.hpp"

#include <gtest/gtest.h>

namespace releve::net {
namespace {

using test::some_batch;

TEST(Uplink, IdsOfGateways)
{
    for (const std::string& good : {std::string{"gw-1"}, std::string{"A.b_C-9"}, std::string(64, 'x')})
        EXPECT_TRUE(is_gateway_id(good)) << good;
    for (const std::string& bad : {std::string{}, std::string{"gw 1"}, std::string{"é"}, std::string{"a/b"},
                                   std::string{"a\0b", 3}, std::string(65, 'x')})
        EXPECT_FALSE(is_gateway_id(bad)) << bad;
}

TEST(Uplink, EveryStateHasItsOutcome)
{
    std::map<UplinkOutcome, std::vector<std::string_view>> names;
    for (const FrameStateRow& row : frame_state_rows())
        names[outcome_of(row.state)].push_back(row.name);
    EXPECT_EQ(names[UplinkOutcome::accepted],
              (std::vector<std::string_view>{"accepted", "accepted_unconfirmed", "undecoded", "not_agreed"}));
    EXPECT_EQ(names[UplinkOutcome::duplicate], std::vector<std::string_view>{"duplicate"});
    EXPECT_EQ(names[UplinkOutcome::refused].size(), frame_state_rows().size() - 5);
}

TEST(Uplink, AnAcknowledgementNamesOnlyTheExceptionsAndCountsAll)
{
    std::vector<Reply> replies(5);
    const auto decide = [&replies](std::size_t at, std::uint32_t index, FrameState state) -> Reply& {
        replies[at].index = index;
        replies[at].state = state;
        return replies[at];
    };
    decide(0, 4, FrameState::accepted).apdu = test::bytes_of("0f");
    decide(1, 0, FrameState::undecoded);
    decide(2, 3, FrameState::bad_tag).detail = std::string(199, 'x') + "éé";
    decide(3, 1, FrameState::duplicate).detail = "not told";
    decide(4, 2, FrameState::malformed).detail = "\xff";
    const UplinkAck ack = make_ack(9, replies);
    EXPECT_EQ(ack.sequence, 9u);
    EXPECT_EQ(ack.accepted, 2u);
    EXPECT_EQ(ack.duplicate, 1u);
    EXPECT_EQ(ack.refused, 2u);
    ASSERT_EQ(ack.results.size(), 4u);
    EXPECT_EQ(ack.results[0].index, 1u);
    EXPECT_EQ(ack.results[0].detail, "");
    EXPECT_EQ(ack.results[1].reason, "malformed");
    EXPECT_EQ(ack.results[1].detail, "");
    EXPECT_EQ(ack.results[2].reason, "bad_tag");
    EXPECT_EQ(ack.results[2].detail, std::string(199, 'x'));
    EXPECT_EQ(ack.results[3].outcome, UplinkOutcome::accepted);
    EXPECT_EQ(ack.results[3].reason, "");
}

TEST(Uplink, TheDigestIsOfTheFramesAndOfAllThatIsToldOfThem)
{
    const UplinkBatch batch = some_batch(1);
    const std::uint64_t digest = frames_digest(batch.frames);
    EXPECT_EQ(frames_digest(some_batch(2).frames), digest);
    const auto differs = [&](auto change) {
        UplinkBatch other = batch;
        change(other.frames);
        return frames_digest(other.frames) != digest;
    };
    using Frames = std::vector<UplinkFrame>;
    EXPECT_TRUE(differs([](Frames& f) { f[0].kind = FrameKind::tic; }));
    EXPECT_TRUE(differs([](Frames& f) { f[0].frame.back() ^= std::byte{1}; }));
    EXPECT_TRUE(differs([](Frames& f) { f[1].received_at += std::chrono::milliseconds{1}; }));
    EXPECT_TRUE(differs([](Frames& f) { f[1].signal_dbm = -94; }));
    EXPECT_TRUE(differs([](Frames& f) { f[0].source_wport = 1; }));
    EXPECT_TRUE(differs([](Frames& f) { f[0].destination_wport = 1; }));
    EXPECT_TRUE(differs([](Frames& f) { std::swap(f[0], f[1]); }));
    EXPECT_TRUE(differs([](Frames& f) { f.pop_back(); }));
}

/// The error of a batch after `change`; "" when it is taken.
std::string checked(const std::function<void(UplinkBatch&)>& change, const UplinkLimits& limits = {})
{
    UplinkBatch batch = some_batch(1);
    change(batch);
    const auto ok = check_batch(batch, limits);
    return ok ? "" : to_string(ok.error());
}

TEST(Uplink, LimitsAreNamed)
{
    EXPECT_EQ(checked([](UplinkBatch&) {}), "");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.sequence = uplink_sequence_max; }), "");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.sequence = 0; }), "bad_value: sequence: must be from 1 to 2^63 - 1");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.sequence = uplink_sequence_max + 1; }),
              "bad_value: sequence: must be from 1 to 2^63 - 1");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.gateway = "a b"; }), "bad_value: gateway: not an id of a gateway");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames.clear(); }), "bad_value: frames: at least one is needed");
    EXPECT_EQ(checked([](UplinkBatch&) {}, {.batch_frames_max = 2}), "too_large: frames: at most 2 in a batch");
    EXPECT_EQ(checked([](UplinkBatch&) {}, {.batch_bytes_max = 9}), "");
    EXPECT_EQ(checked([](UplinkBatch&) {}, {.batch_bytes_max = 8}), "too_large: frames: at most 8 octets in a batch");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[2].frame.clear(); }), "bad_value: frames[2].frame: empty");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[0].frame.resize(65'535); }), "");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[0].frame.resize(65'536); }),
              "too_large: frames[0].frame: at most 65535 octets");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].frame.resize(256); }), "");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].frame.resize(257); }),
              "too_large: frames[1].frame: at most 256 octets");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[2].frame.resize(8'192); }), "");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[2].frame.resize(8'193); }),
              "too_large: frames[2].frame: at most 8192 octets");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].received_at = InstantMs{std::chrono::milliseconds{-1}}; }),
              "bad_value: frames[1].received_at: not from 1970 to 9999");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].received_at = uplink_time_max; }), "");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].received_at = uplink_time_max + std::chrono::milliseconds{1}; }),
              "bad_value: frames[1].received_at: not from 1970 to 9999");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].signal_dbm = -201; }),
              "bad_value: frames[1].signal_dbm: must be from -200 to 100");
    EXPECT_EQ(checked([](UplinkBatch& b) { b.frames[1].signal_dbm = 101; }),
              "bad_value: frames[1].signal_dbm: must be from -200 to 100");
}

} // namespace
} // namespace releve::net
