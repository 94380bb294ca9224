// Gas meters and dongles, one frame after the other: what is stored, sent back, kept as refused, and why.

#include <releve/app/judge.hpp>
#include <releve/codec/tic/frame.hpp>
#include <releve/codec/wize/admin.hpp>
#include <releve/codec/wize/message.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using namespace std::chrono_literals;

crypto::Key128 key_of(std::uint8_t octet)
{
    return crypto::Key128::from(Bytes(16, std::byte{octet})).value();
}

struct NoReply final : net::ReplyTarget {
    void deliver(std::vector<net::Reply>) override {}
};

struct GasTest : testing::Test {
    ModelRegistry models = ModelRegistry::load({}).value();
    Device device;
    JudgeRules rules;
    Instant end = parse_instant("2026-02-03T05:00:00Z").value(); // 06:00 in Paris
    crypto::Key128 kmac = key_of(0x11), kenc = key_of(0x22);

    GasTest()
    {
        device.meter = MeterId{1};
        device.kind = net::FrameKind::wize;
        device.title = parse_system_title("5310730315000003").value();
        device.model = models.find("releve-gas");
        device.replay_mode = ReplayMode::window;
        device.keys.push_back({.generation = 1, .key_id = 1, .keys = {kenc, {}}});
        install(store::Collection::half_hour);
        rules.zone = &paris();
        rules.networks = std::make_shared<const std::vector<wize::NetworkKey>>(1, wize::NetworkKey{1, kmac});
        rules.now = end + 62s;
    }
    void install(store::Collection collection)
    {
        device.installations = {{.usage_point = UsagePointId{"12345678901234"},
                                 .validity = {.from = parse_instant("2020-01-01T00:00:00Z").value(), .to = std::nullopt},
                                 .collection = collection}};
    }

    [[nodiscard]] Bytes day(std::uint64_t alarms = 0) const
    {
        Writer l7;
        l7.u8(1).u32_be(wize::device_epoch(end).value()).u32_be(1'234'567).u16_be(static_cast<std::uint16_t>(alarms));
        for (std::uint16_t hour = 0; hour < 24; ++hour)
            l7.u16_be(hour);
        return std::move(l7).take();
    }
    [[nodiscard]] Bytes frame(const Bytes& l7, std::uint16_t cpt, wize::FrameType type = wize::FrameType::data,
                              std::uint8_t app = 0x20) const
    {
        return wize::encode_exchange({.c = type,
                                      .address = device.title,
                                      .netid = 1,
                                      .cpt = cpt,
                                      .app = app,
                                      .tstamp = wize::tstamp_at(end + 60s, ClockBase::unix_epoch),
                                      .l7 = l7},
                                     &kenc, kmac);
    }
    [[nodiscard]] net::InboundFrame heard(Bytes octets) const
    {
        net::InboundFrame frame;
        frame.kind = net::FrameKind::wize;
        frame.apdu = std::move(octets);
        frame.received_at = end + 61s;
        frame.gateway = std::make_shared<const net::GatewayPeer>(net::GatewayPeer{"gw", false});
        frame.signal_dbm = -90;
        frame.reply_to = std::make_shared<NoReply>();
        return frame;
    }
    Judgement judge_and_accept(net::InboundFrame frame)
    {
        Judgement judgement = judge(&device, frame, rules);
        if (judgement.write && judgement.window)
            device.window_for_update(*judgement.window).accept(judgement.counter, judgement.digest);
        return judgement;
    }
    Judgement take(Bytes octets) { return judge_and_accept(heard(std::move(octets))); }
    void queue_command(std::int64_t id, std::uint16_t counter, Seconds lasts = 3600s)
    {
        device.commands.push_back({CommandId{id}, 1, counter, wize::encode_exec_instping(), rules.now + lasts});
    }
};

TEST_F(GasTest, a_day_is_an_index_and_24_hours_of_the_gas_day)
{
    const Judgement judgement = take(frame(day(), 7));
    ASSERT_EQ(judgement.state, FrameState::accepted_unconfirmed) << judgement.detail;
    ASSERT_EQ(judgement.write->interval_days.size(), 1U);
    const auto& hours = judgement.write->interval_days[0];
    EXPECT_EQ(hours.day, parse_day("2026-02-02").value()) << "the gas day that ends in the morning of the 3rd";
    EXPECT_EQ(hours.part.slots, 24U);
    ASSERT_EQ(hours.part.values.size(), 24U);
    EXPECT_EQ(hours.part.values[23].slot.value, 23);
    EXPECT_TRUE(hours.part.values[0].slot.provenance.authenticated);
    ASSERT_EQ(judgement.write->register_days.size(), 1U);
    EXPECT_EQ(judgement.write->register_days[0].block.reads[0].value, 1'234'567);
    EXPECT_EQ(judgement.write->register_days[0].day, parse_day("2026-02-03").value());
    EXPECT_FALSE(judgement.write->archive.empty());
    EXPECT_TRUE(judgement.reply.empty());
}

TEST_F(GasTest, a_home_with_daily_totals_leaves_the_index_alone)
{
    install(store::Collection::daily);
    const Judgement judgement = take(frame(day(), 7));
    ASSERT_TRUE(judgement.write) << judgement.detail;
    EXPECT_TRUE(judgement.write->interval_days.empty());
    EXPECT_TRUE(judgement.write->daily_totals.empty());
    EXPECT_TRUE(judgement.write->archive.empty());
    ASSERT_EQ(judgement.write->register_days.size(), 1U);
    EXPECT_TRUE(judgement.write->register_days[0].first_reads_only);
}

TEST_F(GasTest, the_same_emission_through_another_gateway_is_a_duplicate_that_tells_where_it_was_heard)
{
    (void)take(frame(day(), 7));
    net::InboundFrame again = heard(frame(day(), 7));
    again.gateway = std::make_shared<const net::GatewayPeer>(net::GatewayPeer{"gw-wan", true});
    again.apdu[again.apdu.size() - 1] = again.apdu[again.apdu.size() - 2] = std::byte{0};
    const Judgement judgement = judge_and_accept(std::move(again));
    EXPECT_EQ(judgement.state, FrameState::duplicate) << judgement.detail;
    ASSERT_TRUE(judgement.reception);
    EXPECT_EQ(judgement.reception->gateway, "gw-wan");
    EXPECT_FALSE(judgement.write);
}

TEST_F(GasTest, a_counter_goes_on_past_its_wrap_and_an_old_one_is_a_replay)
{
    (void)take(frame(day(), 65'534));
    const Judgement wrapped = take(frame(day(), 2));
    ASSERT_TRUE(wrapped.write) << wrapped.detail;
    EXPECT_EQ(wrapped.counter, 65'538U);
    const Judgement between = take(frame(day(), 65'535));
    ASSERT_TRUE(between.write) << between.detail;
    EXPECT_EQ(between.counter, 65'535U);
    EXPECT_EQ(take(frame(day(1), 2)).state, FrameState::replay);
    EXPECT_EQ(take(frame(day(1), 2)).refused->counter, 2U);
}

TEST_F(GasTest, alarms_and_a_clock_that_is_off_are_events)
{
    net::InboundFrame late = heard(frame(day(1), 9));
    late.received_at = end + 60s + 400s;
    const Judgement judgement = judge_and_accept(std::move(late));
    ASSERT_TRUE(judgement.write && judgement.write->extras);
    ASSERT_EQ(judgement.write->extras->events.size(), 2U);
    EXPECT_EQ(judgement.write->extras->events[0].at, end);
    EXPECT_EQ(judgement.write->extras->events[1].kind, "clock_alarm");
    EXPECT_EQ(judgement.write->extras->events[1].detail, "-400 s");
    EXPECT_FALSE(take(frame(day(), 10)).write->extras);
}

TEST_F(GasTest, the_oldest_command_is_sent_while_the_meter_listens)
{
    queue_command(1, 500, -1s); // too old
    queue_command(2, 501);
    queue_command(3, 502);
    const Judgement sent = take(frame(day(), 7));
    ASSERT_TRUE(sent.write->extras);
    EXPECT_EQ(sent.write->extras->command_sent, CommandId{2});
    EXPECT_EQ(sent.send_after, 5s);
    const auto command = wize::decode_exchange(sent.reply);
    ASSERT_TRUE(command);
    EXPECT_EQ(command->cpt, 501);
    EXPECT_TRUE(wize::check_network(*command, *rules.networks, wize::Sender::head_end));
    EXPECT_EQ(wize::open_exchange(*command, &kenc, kmac).value(), wize::encode_exec_instping());

    rules.now = end + 61s + 6s;
    EXPECT_TRUE(take(frame(day(), 8)).reply.empty()) << "it has stopped listening";
    rules.now = end + 61s;
    net::InboundFrame retried = heard(frame(day(), 9));
    retried.reply_to.reset();
    EXPECT_TRUE(judge_and_accept(std::move(retried)).reply.empty()) << "nobody would send it";
}

TEST_F(GasTest, a_meter_may_go_on_with_its_old_key_and_is_commanded_under_it)
{
    const crypto::Key128 newer = key_of(0x33);
    device.keys.insert(device.keys.begin(), {.generation = 2, .key_id = 1, .keys = {newer, {}}});
    queue_command(2, 501);
    const Judgement judgement = take(frame(day(), 7));
    ASSERT_TRUE(judgement.write) << judgement.detail;
    const auto command = wize::decode_exchange(judgement.reply);
    ASSERT_TRUE(command);
    EXPECT_TRUE(wize::open_exchange(*command, &kenc, kmac));
    kenc = newer;
    EXPECT_TRUE(take(frame(day(), 8)).write);
}

TEST_F(GasTest, a_response_finishes_the_command_whose_counter_it_repeats)
{
    queue_command(2, 7);
    (void)take(frame(day(), 7)); // data of the same number is no obstacle
    wize::AdminResponse response;
    response.command = 0x40;
    const Bytes answer = wize::encode_response(response);
    const Judgement done = take(frame(answer, 7, wize::FrameType::response, wize::admin_app));
    ASSERT_TRUE(done.write && done.write->extras) << done.detail;
    ASSERT_TRUE(done.write->extras->command_result);
    EXPECT_EQ(done.write->extras->command_result->id, CommandId{2});
    EXPECT_TRUE(done.write->extras->command_result->done);
    EXPECT_EQ(take(frame(answer, 7, wize::FrameType::response, wize::admin_app)).state, FrameState::duplicate);
}

TEST_F(GasTest, what_no_layout_explains_waits_and_is_read_once_one_does)
{
    const Bytes octets = frame(Bytes(5, std::byte{0x77}), 7, wize::FrameType::data, 0x21);
    const Judgement judgement = take(octets);
    EXPECT_EQ(judgement.state, FrameState::undecoded);
    ASSERT_TRUE(judgement.write);
    const store::ArchivedFrame row{.meter = device.meter,
                                   .generation = judgement.write->generation,
                                   .counter = judgement.counter,
                                   .digest = judgement.digest,
                                   .received_at = end,
                                   .frame = octets};
    EXPECT_EQ(judge_again(device, row, rules).error().code, errc::undecoded);
    MeterModel wider = *device.model;
    wider.wize_layouts.push_back({.name = "opaque", .app = 0x21, .length = 5, .opaque = true, .fields = {}});
    device.model = &wider;
    EXPECT_EQ(judge_again(device, row, rules).error().code, errc::undecoded) << "known, and still not read";
    WizeField anything;
    anything.bytes = 5;
    wider.wize_layouts.back() = {.name = "read", .app = 0x21, .length = {}, .opaque = false, .fields = {anything}};
    rules.networks = {}; // the network's key may be another by now
    const auto read = judge_again(device, row, rules);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->counter, 7U);
}

TEST_F(GasTest, what_a_gateway_relabels_moves_no_counter)
{
    (void)take(frame(day(), 7));
    const Bytes answer = wize::encode_response({});
    EXPECT_EQ(take(frame(answer, 900, wize::FrameType::response, wize::admin_app)).state, FrameState::unknown_frame);
    EXPECT_EQ(take(frame(answer, 900)).state, FrameState::replay) << "not understood, and far ahead";
    EXPECT_EQ(take(frame(day(), 5'000)).state, FrameState::replay);
    EXPECT_TRUE(take(frame(day(), 8)).write);
    queue_command(2, 7);
    Bytes other = answer;
    other[0] = std::byte{0x10};
    EXPECT_EQ(take(frame(other, 7, wize::FrameType::response, wize::admin_app)).state, FrameState::unknown_frame);
}

TEST_F(GasTest, a_strangers_live_values_are_not_kept)
{
    net::InboundFrame frame;
    frame.kind = net::FrameKind::tic;
    const std::vector<tic::Group> groups{{"ADCO", "021861348497", {}}, {"PAPP", "00420", {}}};
    frame.apdu = tic::encode_frame(tic::Mode::historic, groups);
    frame.received_at = end;
    const Judgement judgement = judge(nullptr, frame, rules);
    EXPECT_EQ(judgement.state, FrameState::unknown_meter);
    EXPECT_TRUE(judgement.refused->frame.empty());
}

TEST_F(GasTest, a_gateway_whose_clock_is_ahead_costs_no_frame)
{
    net::InboundFrame ahead = heard(frame(day(), 7));
    ahead.refused_for = fail(errc::time_out_of_range, "the gateway's clock is ahead");
    install(store::Collection::daily);
    const Judgement judgement = judge_and_accept(std::move(ahead));
    EXPECT_EQ(judgement.state, FrameState::time_out_of_range);
    EXPECT_FALSE(judgement.refused->frame.empty()) << "sealed: it can be tried again";
}

TEST_F(GasTest, the_index_at_the_very_end_of_an_installation_closes_it)
{
    device.installations.front().validity.to = end;
    const Judgement judgement = take(frame(day(), 7));
    ASSERT_TRUE(judgement.write) << judgement.detail;
    EXPECT_EQ(judgement.write->register_days[0].block.reads[0].at, end);
    device.installations.front().validity.to = end - 1h;
    EXPECT_EQ(take(frame(day(), 8)).state, FrameState::time_out_of_range);
}

TEST_F(GasTest, an_address_of_another_protocol_is_another_device)
{
    device.kind = net::FrameKind::dlms;
    EXPECT_EQ(take(frame(day(), 7)).state, FrameState::unknown_meter);
}

TEST_F(GasTest, a_dongle_gives_live_values_that_only_go_forward)
{
    device.kind = net::FrameKind::tic;
    device.replay_mode = ReplayMode::strict;
    device.title = parse_system_title("0000021861348497").value();
    const auto tell = [&](const char* power, Seconds after) {
        net::InboundFrame frame;
        frame.kind = net::FrameKind::tic;
        const std::vector<tic::Group> groups{{"ADCO", "021861348497", {}}, {"PAPP", power, {}}};
        frame.apdu = tic::encode_frame(tic::Mode::historic, groups);
        frame.received_at = end + after;
        return judge_and_accept(std::move(frame));
    };
    const Judgement first = tell("00420", 10s);
    ASSERT_TRUE(first.write && first.write->extras) << first.detail;
    ASSERT_EQ(first.write->extras->live.size(), 1U);
    EXPECT_EQ(first.write->extras->live[0].value, 420);
    EXPECT_TRUE(first.write->extras->live[0].mean);
    EXPECT_TRUE(first.write->interval_days.empty());
    EXPECT_TRUE(first.write->archive.empty());
    EXPECT_EQ(tell("00420", 10s).state, FrameState::duplicate);
    EXPECT_EQ(tell("00421", 9s).state, FrameState::outdated);
    install(store::Collection::daily);
    EXPECT_EQ(tell("00422", 11s).state, FrameState::not_agreed);
}

} // namespace
} // namespace releve::app
