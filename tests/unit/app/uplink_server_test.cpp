// The uplink's port over real TLS on this machine: who may speak, backpressure, and each batch acknowledged once.

#include "uplink_fakes.hpp"

#include <releve/app/uplink_json.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
using test::Gateway;
using test::RunningUplink;
using test::wait_until;

constexpr net::InstantMs at_six{RunningUplink::now};

net::UplinkBatch batch_of(std::uint64_t sequence, std::size_t frames, std::uint8_t mark = 1)
{
    net::UplinkBatch batch{.gateway = {}, .sequence = sequence, .frames = {}};
    for (std::size_t i = 0; i < frames; ++i)
        batch.frames.push_back({.kind = net::FrameKind::wize,
                                .frame = {std::byte{mark}, static_cast<std::byte>(sequence), static_cast<std::byte>(i)},
                                .received_at = at_six + 250ms,
                                .signal_dbm = -93});
    return batch;
}

net::Reply accept_any(const net::InboundFrame&)
{
    net::Reply reply;
    reply.state = FrameState::accepted;
    return reply;
}

class UplinkServerTest : public testing::Test {
protected:
    Gateway gateway(const std::string& name = "gw-1") { return {server_->port(), authority_, {name}}; }
    const net::UplinkCounters& counters() const { return server_.counters(); }
    /// "ack 7: 2 accepted, 0 duplicate, 1 refused" or "sequence_reused 7" or "ended".
    static std::string said(Gateway& by)
    {
        const auto answer = by.answer();
        if (!answer)
            return "ended";
        if (const auto* refusal = std::get_if<net::UplinkRefusal>(&*answer))
            return std::string{error_name(refusal->error.code)} + " " + std::to_string(refusal->sequence);
        const auto* ack = std::get_if<net::UplinkAck>(&*answer);
        return !ack ? "welcome"
                    : "ack " + std::to_string(ack->sequence) + ": " + std::to_string(ack->accepted) + "+" +
                          std::to_string(ack->duplicate) + "+" + std::to_string(ack->refused);
    }

    test::Authority authority_;
    test::FakeSink sink_;
    test::FakeLedger ledger_;
    RunningUplink server_{authority_, sink_, ledger_};
};

TEST_F(UplinkServerTest, AHelloIsAnsweredWithWhereToGoOn)
{
    sink_.decide_at_once(accept_any);
    Gateway one = gateway();
    net::UplinkWelcome welcome = one.greet();
    EXPECT_EQ(welcome.acknowledged_up_to, 0u);
    EXPECT_EQ(welcome.batch_bytes_max, 1'048'576u);
    EXPECT_EQ(welcome.batch_frames_max, 4'096u);
    EXPECT_EQ(welcome.outstanding_max, 4u);
    for (const std::uint64_t sequence : {2, 1, 4})
        one.send(batch_of(sequence, 1));
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(said(one).starts_with("ack"));
    EXPECT_EQ(gateway().greet().acknowledged_up_to, 2u);
}

TEST_F(UplinkServerTest, FramesArriveAsTheyWereToldAndInOrder)
{
    sink_.decide_at_once(accept_any);
    Gateway one = gateway();
    static_cast<void>(one.greet());
    net::UplinkBatch batch = batch_of(1, 2);
    batch.frames.push_back({.kind = net::FrameKind::dlms,
                            .frame = {std::byte{0x0f}},
                            .received_at = at_six + 300'999ms,
                            .source_wport = 102,
                            .destination_wport = 16});
    batch.frames.push_back(
        {.kind = net::FrameKind::tic, .frame = {std::byte{2}}, .received_at = at_six + 301s, .signal_dbm = 0});
    one.send(batch);
    EXPECT_EQ(said(one), "ack 1: 4+0+0");
    const auto seen = sink_.seen();
    ASSERT_EQ(seen.size(), 4u);
    for (std::uint32_t i = 0; i < 4; ++i) {
        EXPECT_EQ(seen[i].index, i);
        EXPECT_EQ(seen[i].gateway, "gw-1");
        EXPECT_EQ(seen[i].peer, "127.0.0.1");
        EXPECT_EQ(seen[i].hex, to_hex(batch.frames[i].frame));
    }
    EXPECT_EQ(seen[0].kind, net::FrameKind::wize);
    EXPECT_EQ(seen[0].received_at, RunningUplink::now);
    EXPECT_EQ(seen[0].signal_dbm, -93);
    EXPECT_EQ(seen[0].source_wport, 0);
    EXPECT_EQ(seen[2].kind, net::FrameKind::dlms);
    EXPECT_EQ(seen[2].source_wport, 102);
    EXPECT_EQ(seen[2].destination_wport, 16);
    EXPECT_FALSE(seen[2].refused_for); // five minutes ahead, in whole seconds
    EXPECT_EQ(seen[3].kind, net::FrameKind::tic);
    EXPECT_EQ(seen[3].refused_for, fail(errc::time_out_of_range, "the gateway's clock is ahead"));
    EXPECT_EQ(counters().clocks_ahead, 1u);
}

TEST_F(UplinkServerTest, EveryFrameIsAccountedFor)
{
    sink_.decide_at_once([](const net::InboundFrame& frame) {
        net::Reply reply;
        reply.state = frame.index == 1 ? FrameState::duplicate : frame.index == 2 ? FrameState::bad_tag
                                                                                  : FrameState::accepted;
        reply.detail = "why";
        if (frame.index == 3) {
            reply.apdu = {std::byte{0x43}};
            reply.send_after = 5s;
        }
        return reply;
    });
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 5));
    const net::UplinkAck ack = std::get<net::UplinkAck>(one.answer().value());
    EXPECT_EQ(ack.accepted, 3u);
    EXPECT_EQ(ack.duplicate, 1u);
    EXPECT_EQ(ack.refused, 1u);
    ASSERT_EQ(ack.results.size(), 3u);
    EXPECT_EQ(ack.results[1].reason, "bad_tag");
    EXPECT_EQ(ack.results[1].detail, "why");
    EXPECT_EQ(to_hex(ack.results[2].downlink), "43");
    EXPECT_EQ(ack.results[2].send_after, 5s);
}

TEST_F(UplinkServerTest, NothingIsAcknowledgedBeforeItIsCommitted)
{
    sink_.decide_at_once(accept_any);
    ledger_.held = {1};
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 3));
    ledger_.wait_for_held(1);
    one.send(batch_of(2, 3));
    EXPECT_EQ(said(one), "ack 2: 3+0+0");
    ledger_.release(1);
    EXPECT_EQ(said(one), "ack 1: 3+0+0");
}

TEST_F(UplinkServerTest, AnAcknowledgementThatCannotBeCommittedIsNotGiven)
{
    sink_.decide_at_once(accept_any);
    ledger_.failing = {1};
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 1));
    EXPECT_EQ(said(one), "unavailable 1");
    one.send(batch_of(2, 1));
    EXPECT_EQ(said(one), "ack 2: 1+0+0");
}

TEST_F(UplinkServerTest, AFullSinkHoldsTheGatewayBackAndLosesNothing)
{
    sink_.set_room(3);
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 8));
    for (std::size_t handed = 3; handed < 8; handed += 3) {
        sink_.wait_for_frames(handed);
        sink_.wait_for_refusals(handed / 3);
        sink_.decide(3);
    }
    sink_.wait_for_frames(8);
    sink_.decide(2);
    EXPECT_EQ(said(one), "ack 1: 8+0+0");
    const auto seen = sink_.seen();
    ASSERT_EQ(seen.size(), 8u);
    for (std::uint32_t i = 0; i < 8; ++i)
        EXPECT_EQ(seen[i].index, i);
    EXPECT_GE(counters().net.read_pauses, 2u);
}

TEST_F(UplinkServerTest, AFifthBatchWaitsForAnAnswer)
{
    Gateway one = gateway();
    static_cast<void>(one.greet());
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence)
        one.send(batch_of(sequence, 1));
    for (std::size_t decided = 0; decided < 6; ++decided) {
        // The next to come is read only after this one has been answered.
        sink_.wait_for_frames(std::min<std::size_t>(decided + 4, 6));
        EXPECT_LE(counters().batches, decided + 4);
        sink_.decide(1);
        EXPECT_EQ(said(one), "ack " + std::to_string(decided + 1) + ": 1+0+0");
    }
}

TEST_F(UplinkServerTest, TheSameBatchAgainGetsTheSameAnswerAndIsNotHandedOver)
{
    sink_.decide_at_once([](const net::InboundFrame&) {
        net::Reply reply;
        reply.state = FrameState::no_key;
        return reply;
    });
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 2));
    const auto first = one.answer();
    one.send(batch_of(1, 2));
    EXPECT_EQ(one.answer(), first);
    Gateway other = gateway();
    static_cast<void>(other.greet());
    other.send(batch_of(1, 2));
    EXPECT_EQ(other.answer(), first);
    EXPECT_EQ(sink_.seen().size(), 2u);
    EXPECT_EQ(counters().repeats, 2u);
    EXPECT_EQ(counters().acknowledged, 1u);
}

TEST_F(UplinkServerTest, ANumberWithAnotherContentIsRefusedAndTheConnectionGoesOn)
{
    sink_.decide_at_once(accept_any);
    ledger_.floor = 5;
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(6, 2));
    EXPECT_EQ(said(one), "ack 6: 2+0+0");
    one.send(batch_of(6, 2, 99));
    EXPECT_EQ(said(one), "sequence_reused 6");
    one.send(batch_of(5, 2));
    EXPECT_EQ(said(one), "sequence_too_old 5");
    ledger_.unavailable = 1;
    one.send(batch_of(7, 2));
    EXPECT_EQ(said(one), "unavailable 7");
    one.send(batch_of(7, 2));
    EXPECT_EQ(said(one), "ack 7: 2+0+0");
    EXPECT_EQ(counters().conflicts, 1u);
    EXPECT_EQ(counters().too_old, 1u);
}

TEST_F(UplinkServerTest, ABatchUnderWayIsNotTakenTwice)
{
    auto one = std::make_unique<Gateway>(server_->port(), authority_, std::vector<std::string>{"gw-1"});
    static_cast<void>(one->greet());
    one->send(batch_of(1, 2));
    sink_.wait_for_frames(2);
    Gateway other = gateway(), third = gateway();
    static_cast<void>(other.greet());
    other.send(batch_of(1, 2));
    wait_until([this] { return counters().joined == 1; });
    static_cast<void>(third.greet());
    third.send(batch_of(1, 2, 99));
    EXPECT_EQ(said(third), "sequence_reused 1");
    one.reset(); // the one that brought it first is gone
    sink_.decide(2);
    EXPECT_EQ(said(other), "ack 1: 2+0+0");
    EXPECT_EQ(sink_.seen().size(), 2u);
    EXPECT_EQ(ledger_.kept(), 1u);
}

TEST_F(UplinkServerTest, ABatchCountsEvenIfItsConnectionIsLost)
{
    {
        Gateway one = gateway();
        static_cast<void>(one.greet());
        one.send(batch_of(1, 2));
        sink_.wait_for_frames(2);
    }
    sink_.decide(2);
    wait_until([this] { return ledger_.kept() == 1; });
    Gateway again = gateway();
    EXPECT_EQ(again.greet().acknowledged_up_to, 1u);
    again.send(batch_of(1, 2));
    EXPECT_EQ(said(again), "ack 1: 2+0+0");
    EXPECT_EQ(sink_.seen().size(), 2u);
}

TEST_F(UplinkServerTest, FramesThatNobodyDecidedAreToBeSentAgain)
{
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 3));
    sink_.wait_for_frames(3);
    sink_.forget();
    EXPECT_EQ(said(one), "unavailable 1");
    EXPECT_EQ(ledger_.kept(), 0u);
    sink_.decide_at_once(accept_any);
    one.send(batch_of(1, 3));
    EXPECT_EQ(said(one), "ack 1: 3+0+0");
}

TEST_F(UplinkServerTest, AGatewaySpeaksForItselfOnly)
{
    ledger_.known = {"gw-1", "gw-2"};
    Gateway liar = gateway("gw-1");
    liar.send(net::UplinkHello{.gateway = "gw-2"});
    EXPECT_EQ(said(liar), "unknown_gateway 0");
    EXPECT_TRUE(liar.ended());
    Gateway second = gateway("gw-1");
    static_cast<void>(second.greet());
    net::UplinkBatch batch = batch_of(1, 1);
    batch.gateway = "gw-2";
    second.send(batch);
    EXPECT_EQ(said(second), "unknown_gateway 0");
    Gateway stranger = gateway("gw-3");
    stranger.send(net::UplinkHello{.gateway = "gw-3"});
    EXPECT_EQ(said(stranger), "unknown_gateway 0");
    Gateway odd = gateway("gw 1");
    odd.send(net::UplinkHello{.gateway = "gw-1"});
    EXPECT_EQ(said(odd), "unknown_gateway 0");
    Gateway two{server_->port(), authority_, {"gw-1", "gw-2"}};
    two.send(net::UplinkHello{.gateway = "gw-1"});
    EXPECT_EQ(said(two), "unknown_gateway 0");
    EXPECT_EQ(counters().unknown_gateways, 5u);
    EXPECT_TRUE(sink_.seen().empty());
}

TEST_F(UplinkServerTest, WithoutACertificateOfOursThereIsNoConversation)
{
    const auto failures = [this](std::string_view name) {
        const auto& names = net::NetCounters::handshake_failure_names;
        return counters().net.handshake_failures[static_cast<std::size_t>(std::ranges::find(names, name) - names.begin())]
            .load();
    };
    Gateway naked{server_->port(), test::Authority::Files{}};
    naked.send(net::UplinkHello{.gateway = "gw-1"});
    EXPECT_EQ(said(naked), "ended");
    test::Authority somebody;
    Gateway foreign{server_->port(), somebody, {"gw-1"}};
    foreign.send(net::UplinkHello{.gateway = "gw-1"});
    EXPECT_EQ(said(foreign), "ended");
    wait_until([&] { return failures("client_certificate_missing") == 1 && failures("client_certificate_refused") == 1; });
    EXPECT_EQ(counters().net.handshakes, 0u);
}

TEST_F(UplinkServerTest, ContextsThatAskForNoCertificateAreRefused)
{
    boost::asio::io_context context;
    net::UplinkOptions options;
    net::UplinkCounters counters;
    const auto files = authority_.issue({"server"});
    options.tls = net::make_server_context({.certificate = files.certificate,
                                            .private_key = files.private_key,
                                            .client_ca = authority_.ca(),
                                            .client_certificate = net::ClientCertificate::optional})
                      .value();
    const auto opened = net::UplinkServer::open({&context}, std::move(options), sink_, ledger_, counters);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::bad_config);
}

TEST_F(UplinkServerTest, WhatIsNoMessageEndsTheConnectionWithAReason)
{
    Gateway large = gateway();
    static_cast<void>(large.greet());
    Bytes octets(300'000); // it is still sending when it is refused
    octets[1] = std::byte{0x10};
    octets[3] = std::byte{1};
    large.send(octets);
    EXPECT_EQ(said(large), "too_large 0");
    EXPECT_EQ(said(large), "ended");
    Gateway garbled = gateway();
    garbled.send(net::with_length(Bytes(20, std::byte{0xff})));
    EXPECT_EQ(said(garbled), "malformed 0");
    Gateway rude = gateway();
    rude.send(batch_of(1, 1));
    EXPECT_EQ(said(rude), "malformed 0");
    Gateway twice = gateway();
    static_cast<void>(twice.greet());
    twice.send(net::UplinkHello{.gateway = "gw-1"});
    EXPECT_EQ(said(twice), "malformed 0");
    Gateway later = gateway();
    later.send(net::UplinkHello{.gateway = "gw-1", .version = 2});
    EXPECT_EQ(said(later), "bad_version 0");
    EXPECT_TRUE(sink_.seen().empty());
    EXPECT_EQ(counters().bad_messages, 4u);
}

TEST_F(UplinkServerTest, AStoppingServerStillAnswersWhatItTook)
{
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 2));
    sink_.wait_for_frames(2);
    server_->stop_accepting();
    server_->close_sessions();
    sink_.decide(2);
    EXPECT_EQ(said(one), "ack 1: 2+0+0");
    EXPECT_EQ(said(one), "ended");
}

TEST_F(UplinkServerTest, AStoppingServerDoesNotAcknowledgeHalfABatch)
{
    sink_.set_room(2);
    Gateway one = gateway();
    static_cast<void>(one.greet());
    one.send(batch_of(1, 5));
    sink_.wait_for_refusals(1);
    server_->stop_accepting();
    server_->close_sessions();
    sink_.set_room(0); // there is never room again: only the stop can end the waiting
    sink_.decide(2);
    EXPECT_EQ(said(one), "unavailable 1");
    EXPECT_EQ(said(one), "ended");
    EXPECT_EQ(ledger_.kept(), 0u);
    EXPECT_EQ(sink_.seen().size(), 2u);
}

std::string post(const std::string& body)
{
    return "POST /uplink/v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

nlohmann::json body_of(const std::string& answer)
{
    return nlohmann::json::parse(answer.substr(std::min(answer.find("\r\n\r\n"), answer.size() - 4) + 4), nullptr, false);
}

TEST_F(UplinkServerTest, TheSameBatchAsTextGetsTheSameAnswer)
{
    sink_.decide_at_once(accept_any);
    Gateway binary = gateway();
    static_cast<void>(binary.greet());
    binary.send(batch_of(1, 2));
    EXPECT_EQ(said(binary), "ack 1: 2+0+0");
    Gateway text = gateway();
    text.send(as_bytes(post(render_uplink_batch(batch_of(1, 2)))));
    const std::string again = text.text_answer();
    EXPECT_TRUE(again.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")) << again;
    EXPECT_EQ(body_of(again)["accepted"], 2);
    EXPECT_EQ(sink_.seen().size(), 2u);
    EXPECT_EQ(counters().repeats, 1u);
    text.send(as_bytes(post(render_uplink_batch(batch_of(2, 3)))));
    EXPECT_EQ(body_of(text.text_answer())["accepted"], 3);
    text.send(as_bytes("GET /uplink/v1/state HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto state = body_of(text.text_answer());
    EXPECT_EQ(state["gateway"], "gw-1");
    EXPECT_EQ(state["acknowledged_up_to"], 2);
    binary.send(batch_of(2, 3));
    EXPECT_EQ(said(binary), "ack 2: 3+0+0");
    EXPECT_EQ(sink_.seen().size(), 5u);
}

TEST_F(UplinkServerTest, ProblemsOfTheTextFormNameTheField)
{
    sink_.decide_at_once(accept_any);
    Gateway one = gateway();
    one.send(as_bytes(post(R"({"sequence":1,"frames":[{"kind":"oms"}]})")));
    const std::string answer = one.text_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n")) << answer;
    EXPECT_EQ(body_of(answer)["type"], "/problems/bad_value");
    EXPECT_EQ(body_of(answer)["detail"], "frames[0].kind: must be dlms, wize or tic");
    EXPECT_TRUE(one.ended());
    Gateway reusing = gateway();
    reusing.send(as_bytes(post(render_uplink_batch(batch_of(1, 1)))));
    EXPECT_EQ(body_of(reusing.text_answer())["accepted"], 1);
    reusing.send(as_bytes(post(render_uplink_batch(batch_of(1, 1, 99)))));
    EXPECT_EQ(body_of(reusing.text_answer())["status"], 409);
    reusing.send(as_bytes(post(render_uplink_batch(batch_of(2, 1)))));
    EXPECT_EQ(body_of(reusing.text_answer())["accepted"], 1);
    Gateway stranger = gateway("gw-9");
    stranger.send(as_bytes("GET /uplink/v1/state HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(body_of(stranger.text_answer())["type"], "/problems/unknown_gateway");
    ledger_.reachable = false;
    Gateway early = gateway();
    early.send(as_bytes("GET /uplink/v1/state HTTP/1.1\r\n\r\n"));
    const std::string busy = early.text_answer();
    EXPECT_TRUE(busy.starts_with("HTTP/1.1 503 ")) << busy;
    EXPECT_NE(busy.find("Retry-After: 5\r\n"), std::string::npos);
}

} // namespace
} // namespace releve::app
