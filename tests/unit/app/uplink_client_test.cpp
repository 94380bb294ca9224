// The simulator's gateway against the real server: nothing lost and nothing twice, whatever the line does.

#include "uplink_fakes.hpp"

#include <releve/app/uplink_client.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
using test::RunningUplink;

class UplinkClientTest : public testing::Test {
protected:
    UplinkClientTest()
    {
        sink_.decide_at_once([](const net::InboundFrame& frame) {
            net::Reply reply;
            reply.state = frame.index == 0 ? FrameState::accepted : FrameState::duplicate;
            return reply;
        });
        const auto files = authority_.issue({"gw-1"});
        options_.gateway = "gw-1";
        options_.port = std::to_string(server_->port());
        options_.tls = {.ca = authority_.ca(), .certificate = files.certificate, .private_key = files.private_key};
        options_.retry_first = options_.retry_max = 1ms;
    }
    static net::UplinkBatch batch_of(std::uint64_t sequence)
    {
        const net::UplinkFrame frame{.kind = net::FrameKind::tic,
                                     .frame = {std::byte{2}, static_cast<std::byte>(sequence)},
                                     .received_at = net::InstantMs{RunningUplink::now}};
        return {.gateway = {}, .sequence = sequence, .frames = {frame, frame}};
    }
    /// Sends these; `between` is called after each acknowledgement.
    result<UplinkClientReport> send(std::vector<std::uint64_t> sequences, std::function<void()> between = {})
    {
        UplinkClientWork work;
        work.next = [sequences, at = std::size_t{0}]() mutable -> std::optional<net::UplinkBatch> {
            return at < sequences.size() ? std::optional{batch_of(sequences[at++])} : std::nullopt;
        };
        work.acknowledged = [&](const net::UplinkBatch& batch, const net::UplinkAck& ack) {
            EXPECT_EQ(batch.sequence, ack.sequence);
            if (between)
                between();
        };
        return send_batches(work, options_);
    }

    test::Authority authority_;
    test::FakeSink sink_;
    test::FakeLedger ledger_;
    RunningUplink server_{authority_, sink_, ledger_};
    UplinkClientOptions options_;
};

TEST_F(UplinkClientTest, EveryBatchIsAcknowledged)
{
    const auto report = send({3, 1, 2, 9, 8, 7, 6, 5, 4}).value();
    EXPECT_TRUE(report.complete) << report.problem;
    EXPECT_EQ(report.batches, 9u);
    EXPECT_EQ(report.frames, 18u);
    EXPECT_EQ(report.accepted, 9u);
    EXPECT_EQ(report.duplicate, 9u);
    EXPECT_EQ(report.connections, 1u);
    EXPECT_EQ(ledger_.kept(), 9u);
    const auto again = send({1, 9, 10}).value();
    EXPECT_EQ(again.skipped, 2u);
    EXPECT_EQ(again.batches, 1u);
}

TEST_F(UplinkClientTest, LostLinesAreTakenUpAgain)
{
    std::vector<std::uint64_t> all;
    for (std::uint64_t sequence = 200; sequence > 0; --sequence)
        all.push_back(sequence);
    int acknowledged = 0;
    const auto report = send(all, [&] {
                            if (++acknowledged % 40 == 0)
                                server_->close_sessions();
                        }).value();
    EXPECT_TRUE(report.complete) << report.problem;
    EXPECT_EQ(report.batches, 200u);
    EXPECT_EQ(ledger_.kept(), 200u);
    EXPECT_GT(report.connections, 1u);
    EXPECT_EQ(sink_.seen().size(), 400u);
}

TEST_F(UplinkClientTest, UnavailableMeansTheSameAgain)
{
    ledger_.unavailable = 3;
    const auto report = send({1, 2, 3}).value();
    EXPECT_TRUE(report.complete) << report.problem;
    EXPECT_EQ(report.batches, 3u);
    EXPECT_GT(report.resent, 0u);
}

TEST_F(UplinkClientTest, WhatCanNeverBeTakenIsGivenUp)
{
    ledger_.floor = 2;
    UplinkClientWork work;
    work.skip_acknowledged = false;
    work.next = [at = 0]() mutable { return ++at < 4 ? std::optional{batch_of(static_cast<std::uint64_t>(at))} : std::nullopt; };
    const auto report = send_batches(work, options_).value();
    EXPECT_TRUE(report.complete);
    EXPECT_EQ(report.refused_batches, 2u);
    EXPECT_EQ(report.batches, 1u);
}

TEST_F(UplinkClientTest, AStrangerIsToldSo)
{
    ledger_.known.clear();
    const auto report = send({1});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, errc::unknown_gateway);
}

TEST_F(UplinkClientTest, NobodyThereIsAProblemNotAnError)
{
    options_.port = "1";
    options_.attempts = 2;
    const auto report = send({1}).value();
    EXPECT_FALSE(report.complete);
    EXPECT_NE(report.problem.find("cannot connect"), std::string::npos) << report.problem;
}

} // namespace
} // namespace releve::app
