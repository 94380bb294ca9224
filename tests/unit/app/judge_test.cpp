// One frame after the other through the order of checks: what is stored, answered, kept as refused, and why.

#include "fixture.hpp"

#include <releve/app/day_writes.hpp>
#include <releve/codec/dlms/apdu.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing_fixture::Home;

struct JudgeTest : testing::Test {
    Home home;

    Judgement judge_frame(Bytes apdu) { return judge_of(&home.device, std::move(apdu)); }
    Judgement judge_of(const Device* device, Bytes apdu)
    {
        net::InboundFrame frame = home.inbound(std::move(apdu));
        return judge(device, frame, home.rules);
    }
    void accept(const Judgement& judgement)
    {
        ASSERT_TRUE(judgement.window.has_value());
        home.device.window_for_update(*judgement.window).accept(judgement.counter, judgement.digest);
    }
};

TEST_F(JudgeTest, a_days_push_becomes_one_block_with_its_registers_and_a_confirmation)
{
    const sim::Frame sent = home.day_frame(0);
    const Judgement judgement = judge_frame(sent.apdu);
    ASSERT_EQ(judgement.state, FrameState::accepted) << judgement.detail;
    ASSERT_TRUE(judgement.write);
    EXPECT_EQ(judgement.write->archive, sent.apdu);
    ASSERT_EQ(judgement.write->interval_days.size(), 1U);
    EXPECT_EQ(judgement.write->interval_days[0].part.slots, 48U);
    EXPECT_EQ(judgement.write->interval_days[0].part.values.size(), 48U);
    EXPECT_FALSE(judgement.write->register_days.empty());
    EXPECT_TRUE(home.meter.check_confirm(sent, judgement.reply)) << "the meter takes the confirmation";
    EXPECT_FALSE(judgement.refused);
}

TEST_F(JudgeTest, the_confirmation_names_us_and_repeats_byte_for_byte)
{
    const sim::Frame sent = home.day_frame(0);
    const Judgement first = judge_frame(sent.apdu);
    accept(first);
    const Judgement again = judge_frame(sent.apdu);
    EXPECT_EQ(again.state, FrameState::duplicate);
    EXPECT_EQ(again.reply, first.reply);
    EXPECT_FALSE(again.write);
    EXPECT_EQ(dlms::peek_system_title(first.reply), home.rules.acknowledgement_title);
}

TEST_F(JudgeTest, the_same_counter_over_other_bytes_is_a_replay)
{
    accept(judge_frame(home.day_frame(0).apdu));
    const Judgement judgement = judge_frame(home.meter.build(home.push(0), {.variant = 1}).apdu);
    EXPECT_EQ(judgement.state, FrameState::replay);
    EXPECT_TRUE(judgement.reply.empty());
    ASSERT_TRUE(judgement.refused);
    EXPECT_EQ(judgement.refused->reason, FrameState::replay);
    EXPECT_FALSE(judgement.refused->frame.empty());
}

TEST_F(JudgeTest, each_refusal_is_named)
{
    const sim::Frame sent = home.day_frame(0);
    Bytes altered = sent.apdu;
    altered.back() ^= std::byte{1};
    EXPECT_EQ(judge_frame(altered).state, FrameState::bad_tag);

    sim::MeterIdentity stranger = home.meter.identity();
    stranger.encryption = crypto::Key128::from(Bytes(16, std::byte{0x55})).value();
    EXPECT_EQ(judge_frame(home.meter.build(home.push(0), {.identity = &stranger}).apdu).state, FrameState::wrong_key);

    EXPECT_EQ(judge_frame(home.meter.build(home.push(0), {.security_control = 0x20}).apdu).state, FrameState::policy);
    EXPECT_EQ(judge_frame(home.meter.build(home.push(0), {.security_control = 0x10}).apdu).state, FrameState::policy);
    EXPECT_EQ(judge_frame(Bytes{std::byte{0xda}, std::byte{0x00}}).state, FrameState::malformed);
    EXPECT_EQ(judge_frame(Bytes(sent.apdu.begin(), sent.apdu.begin() + 20)).state, FrameState::malformed);
    EXPECT_EQ(judge_of(nullptr, sent.apdu).state, FrameState::unknown_meter);
    home.device.keys.clear();
    EXPECT_EQ(judge_frame(sent.apdu).state, FrameState::no_key);
}

TEST_F(JudgeTest, a_clear_push_of_a_meter_with_keys_is_a_downgrade)
{
    const auto opened = dlms::unprotect(*dlms::decode_ciphered_apdu(home.day_frame(0).apdu), home.device.keys[0].keys);
    ASSERT_TRUE(opened);
    EXPECT_EQ(judge_frame(opened->plaintext).state, FrameState::policy);
    home.device.policy = dlms::Policy::clear;
    const Judgement judgement = judge_frame(opened->plaintext);
    ASSERT_EQ(judgement.state, FrameState::accepted) << judgement.detail;
    EXPECT_EQ(judgement.write->interval_days[0].part.values[0].slot.provenance.quality, Quality::unauthenticated);
}

TEST_F(JudgeTest, a_clear_push_is_read_no_further_than_the_name_that_it_claims)
{
    const auto name_in = [&](std::string_view body) {
        return route_of(home.inbound(from_hex("0f 00000001 00" + std::string{body}).value())).logical_device_name;
    };
    EXPECT_EQ(name_in("0202 0903 4c4456 0601020304"), "LDV");
    EXPECT_EQ(name_in("02 82ffff 0a03 4c4456"), "LDV") << "whatever else is promised";
    EXPECT_EQ(name_in("0201 0903 4c44"), "") << "cut";
    EXPECT_EQ(name_in("0201 0903 4c4407"), "") << "not printable";
    EXPECT_EQ(name_in("0201 0941" + std::string(2 * 65, '4')), "") << "too long for a name";
    EXPECT_EQ(name_in("0201 0201 09034c4456"), "") << "a list in the list";
    EXPECT_EQ(name_in("0200"), "");
    EXPECT_EQ(name_in("0903 4c4456"), "") << "no list";
}

TEST_F(JudgeTest, encrypted_only_ranks_as_unauthenticated_and_cannot_block_genuine_counters)
{
    home.device.policy = dlms::Policy::encrypted;
    const Judgement weak = judge_frame(home.meter.build(home.push(5), {.security_control = 0x20}).apdu);
    ASSERT_EQ(weak.state, FrameState::accepted) << weak.detail;
    EXPECT_FALSE(weak.write->interval_days[0].part.values[0].slot.provenance.authenticated);
    accept(weak);
    EXPECT_EQ(judge_frame(home.day_frame(0).apdu).state, FrameState::accepted) << "lower counter, but genuine";
}

TEST_F(JudgeTest, readings_before_the_installation_or_in_the_future_are_out_of_range)
{
    home.device.installations[0].validity.from = home.push(1).at;
    EXPECT_EQ(judge_frame(home.day_frame(0).apdu).state, FrameState::time_out_of_range);
    home.device.installations[0].validity.from = home.push(0).at - std::chrono::days{10};
    home.received_at = home.push(0).at - std::chrono::hours{25};
    EXPECT_EQ(judge_frame(home.day_frame(0).apdu).state, FrameState::time_out_of_range);
}

TEST_F(JudgeTest, a_push_sent_after_it_was_received_tells_of_a_clock_that_is_fast)
{
    const auto events = [&](Seconds received_before) {
        home.received_at = home.push(0).at - received_before;
        const Judgement judgement = judge_frame(home.day_frame(0).apdu);
        EXPECT_EQ(judgement.state, FrameState::accepted) << judgement.detail;
        std::string told;
        if (judgement.write->extras)
            for (const auto& event : judgement.write->extras->events)
                told += event.kind + " " + event.detail + (event.at == home.received_at ? "" : " at another time");
        return told;
    };
    EXPECT_EQ(events(Seconds{61}), "clock_alarm 61 s");
    EXPECT_EQ(events(Seconds{60}), "") << "clocks of networks and machines differ too";
    EXPECT_EQ(events(Seconds{-86'400}), "") << "it was on its way for a day";
}

TEST_F(JudgeTest, what_no_layout_explains_is_kept_and_confirmed)
{
    MeterModel bare = *home.device.model;
    bare.layouts.clear();
    home.device.model = &bare;
    const sim::Frame sent = home.day_frame(0);
    const Judgement judgement = judge_frame(sent.apdu);
    EXPECT_EQ(judgement.state, FrameState::undecoded);
    ASSERT_TRUE(judgement.write);
    EXPECT_TRUE(judgement.write->undecoded);
    EXPECT_EQ(judgement.write->archive, sent.apdu);
    EXPECT_TRUE(home.meter.check_confirm(sent, judgement.reply));

    home.device.model = home.models.find("linky");
    const auto again = judge_again(home.device, {.meter = home.device.meter,
                                                 .generation = 1,
                                                 .counter = judgement.counter,
                                                 .digest = judgement.digest,
                                                 .received_at = home.received_at,
                                                 .frame = sent.apdu},
                                   home.rules);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(again->interval_days.size(), 1U);
    EXPECT_EQ(again->interval_days[0].part.values[0].slot.provenance.counter, judgement.counter);
}

TEST_F(JudgeTest, under_a_daily_choice_no_half_hour_and_no_frame_leaves_the_judgement)
{
    home.device.installations[0].collection = store::Collection::daily;
    const Judgement judgement = judge_frame(home.day_frame(0).apdu);
    ASSERT_EQ(judgement.state, FrameState::accepted) << judgement.detail;
    EXPECT_TRUE(judgement.write->interval_days.empty());
    EXPECT_TRUE(judgement.write->archive.empty());
    ASSERT_EQ(judgement.write->daily_totals.size(), 1U);
    EXPECT_EQ(judgement.write->daily_totals[0].summary.slots, 48);
    EXPECT_EQ(judgement.write->daily_totals[0].summary.missing, 0);
    EXPECT_FALSE(judgement.write->register_days.empty()) << "indexes are kept";

    accept(judgement);
    const Judgement replayed = judge_frame(home.meter.build(home.push(0), {.variant = 1}).apdu);
    ASSERT_TRUE(replayed.refused);
    EXPECT_TRUE(replayed.refused->frame.empty()) << "an authentic frame of this home is not kept";

    MeterModel bare = *home.device.model;
    bare.layouts.clear();
    home.device.model = &bare;
    const Judgement unknown = judge_frame(home.day_frame(1).apdu);
    EXPECT_EQ(unknown.state, FrameState::undecoded_not_kept);
    EXPECT_TRUE(unknown.reply.empty());
    EXPECT_TRUE(unknown.refused->frame.empty());
}

TEST_F(JudgeTest, of_a_half_hour_that_a_message_brings_twice_the_last_counts)
{
    PushContent content;
    const Instant midnight = home.push(0).at;
    const ChannelId power = judge_frame(home.day_frame(0).apdu).write->interval_days.at(0).channel;
    for (const auto& [slot, value] : {std::pair{0, 1}, {2, 2}, {0, 3}, {1, 4}})
        content.intervals.push_back({power, midnight + slot * Seconds{1800}, value, Quality::raw});
    const auto writes = make_day_writes(home.device, content, {.authenticated = true}, home.received_at, paris());
    ASSERT_TRUE(writes);
    EXPECT_EQ(writes->readings, 3U);
    const DayBlock block = block_of(writes->interval_days.at(0).part);
    EXPECT_EQ(block.slots.at(0)->value, 3);
    EXPECT_EQ(block.slots.at(1)->value, 4);
    EXPECT_EQ(block.slots.at(2)->value, 2);
    EXPECT_FALSE(block.slots.at(3));
}

TEST_F(JudgeTest, under_a_daily_choice_registers_tell_one_value_a_day)
{
    home.device.installations[0].collection = store::Collection::daily;
    PushContent content;
    const Instant midnight = home.push(0).at;
    const ChannelId total = home.device.model->find_by_name("active_energy_import_total")->channel;
    for (int i = 0; i < 48; ++i)
        content.registers.push_back({total, midnight + i * Seconds{1800}, 1000 + i, Quality::raw});
    const auto writes = make_day_writes(home.device, content, {.authenticated = true}, home.received_at, paris());
    ASSERT_TRUE(writes);
    ASSERT_EQ(writes->register_days.size(), 1U);
    ASSERT_EQ(writes->register_days[0].block.reads.size(), 1U);
    EXPECT_EQ(writes->register_days[0].block.reads[0].value, 1000);
    EXPECT_TRUE(writes->register_days[0].first_reads_only) << "what comes in other frames is thinned where it is stored";
    EXPECT_EQ(writes->readings, 1U);
}

TEST_F(JudgeTest, after_a_key_change_both_keys_open_until_the_meter_follows)
{
    DeviceKeys fresh{.generation = 2, .keys = {}};
    fresh.keys.encryption = crypto::Key128::from(Bytes(16, std::byte{7})).value();
    fresh.keys.authentication = fresh.keys.encryption;
    home.device.keys.insert(home.device.keys.begin(), fresh);
    const Judgement old = judge_frame(home.day_frame(3).apdu);
    ASSERT_EQ(old.state, FrameState::accepted) << old.detail;
    EXPECT_EQ(old.write->generation, 1);
    accept(old);
    sim::MeterIdentity renewed = home.meter.identity();
    renewed.encryption = fresh.keys.encryption;
    renewed.authentication = fresh.keys.authentication;
    const Judgement renewed_frame = judge_frame(home.meter.build(home.push(0), {.identity = &renewed}).apdu);
    ASSERT_EQ(renewed_frame.state, FrameState::accepted) << "counters start again under a new key";
    EXPECT_GT(renewed_frame.counter, old.counter);
}

/// Under the meter's keys, at its clock.
struct EventTest : JudgeTest {
    Instant happened = home.push(2).at + Seconds{600};
    sim::AlarmReport gasp{sim::MeterAlarm::power_lost, happened};

    Bytes sealed(std::string_view apdu, std::uint32_t counter = 900'000'000, std::uint8_t control = 0x30) const
    {
        return dlms::protect(from_hex(apdu).value(), home.device.keys[0].keys,
                             {.system_title = home.meter.identity().system_title, .invocation_counter = counter,
                              .security_control = control});
    }
    static std::vector<store::FrameExtras::Event> events(const Judgement& judgement)
    {
        return judgement.write && judgement.write->extras ? judgement.write->extras->events
                                                          : std::vector<store::FrameExtras::Event>{};
    }
    /// What becomes of the only event of an APDU in clear.
    store::FrameExtras::Event only_event(std::string_view apdu)
    {
        const Judgement judgement = judge_frame(sealed(apdu));
        EXPECT_EQ(judgement.state, FrameState::accepted_unconfirmed) << judgement.detail;
        EXPECT_EQ(events(judgement).size(), 1U);
        return events(judgement).empty() ? store::FrameExtras::Event{} : events(judgement)[0];
    }
};

TEST_F(EventTest, a_last_gasp_is_stored_as_an_event_at_the_meters_clock)
{
    const sim::Frame sent = home.meter.build(gasp);
    const Judgement judgement = judge_frame(sent.apdu);
    ASSERT_EQ(judgement.state, FrameState::accepted_unconfirmed) << judgement.detail;
    ASSERT_EQ(events(judgement).size(), 1U);
    EXPECT_EQ(events(judgement)[0].kind, "power_lost");
    EXPECT_EQ(events(judgement)[0].at, happened);
    EXPECT_EQ(events(judgement)[0].detail, "0.0.97.98.0.255 attribute 2");
    EXPECT_EQ(judgement.write->archive, sent.apdu);
    EXPECT_FALSE(judgement.write->undecoded);
    EXPECT_EQ(judgement.write->readings, 0U);
    EXPECT_TRUE(judgement.reply.empty()) << "nobody asks for a confirmation";
}

TEST_F(EventTest, it_is_a_duplicate_or_a_replay_as_any_other_frame)
{
    const sim::Frame sent = home.meter.build(gasp);
    accept(judge_frame(sent.apdu));
    const Judgement again = judge_frame(sent.apdu);
    EXPECT_EQ(again.state, FrameState::duplicate);
    EXPECT_FALSE(again.write);
    const Judgement forged = judge_frame(home.meter.build(sim::AlarmReport{sim::MeterAlarm::cover_opened, happened}).apdu);
    EXPECT_EQ(forged.state, FrameState::replay) << "the same counter";
    EXPECT_EQ(judge_frame(home.day_frame(1).apdu).state, FrameState::replay) << "counters only rise";
    EXPECT_EQ(judge_frame(home.day_frame(3).apdu).state, FrameState::accepted);
}

TEST_F(EventTest, what_the_model_does_not_describe_is_kept_until_it_does)
{
    const Bytes sent = sealed("c2010c07e8010f01121e0000ffc40000010000600b00ff021105");
    const Judgement judgement = judge_frame(sent);
    EXPECT_EQ(judgement.state, FrameState::undecoded);
    EXPECT_TRUE(judgement.write->undecoded);
    EXPECT_TRUE(events(judgement).empty());
    EXPECT_EQ(judge_frame(sealed("c2010c07e8010f01121e0000ffc40000010000616200ff021180")).state, FrameState::undecoded)
        << "a bit without a name";
    EXPECT_EQ(judge_frame(sealed("c2010c07e8010f01121e0000ffc4")).state, FrameState::undecoded) << "cut before it was sealed";

    MeterModel told = *home.device.model;
    told.events.push_back({"code", {{0, 0, 96, 11, 0, 255}}, 2, EventModel::Form::values, {{5, "fuse_blown", told.words}}});
    home.device.model = &told;
    const auto again = judge_again(home.device, {.meter = home.device.meter, .generation = 1, .counter = judgement.counter,
                                                 .digest = judgement.digest, .received_at = home.received_at, .frame = sent},
                                   home.rules);
    ASSERT_TRUE(again) << to_string(again.error());
    ASSERT_TRUE(again->extras);
    EXPECT_EQ(again->extras->events.at(0).kind, "fuse_blown");
}

TEST_F(EventTest, without_a_clock_that_can_be_right_its_reception_dates_it_and_it_says_so)
{
    const auto without = only_event("c20000010000616200ff020600000002");
    EXPECT_EQ(without.kind, "power_restored");
    EXPECT_EQ(without.at, home.received_at);
    EXPECT_EQ(without.detail, "0.0.97.98.0.255 attribute 2, dated by its reception: the notification names no time");
    const auto reset = only_event("c2010c07d0010106000000008000 00 0001 0000616200ff020600000002");
    EXPECT_EQ(reset.at, home.received_at);
    EXPECT_NE(reset.detail.find("dated by its reception: the meter's clock says 1999-12-31T23:00:00Z"), std::string::npos)
        << reset.detail;
    EXPECT_EQ(only_event("c2010c07e9010103120000008000 00 0001 0000616200ff0211 01").at, home.received_at) << "next year";
    const auto doubtful = only_event("c2010c07e8010f01121e0000ffc40200010000616200ff021109");
    EXPECT_EQ(to_iso8601(doubtful.at), "2024-01-15T17:30:00Z");
    EXPECT_EQ(doubtful.detail, "0.0.97.98.0.255 attribute 2, the clock is doubtful, bits without a name: 1");
}

TEST_F(EventTest, one_that_nothing_authenticates_says_so_and_needs_a_policy_that_takes_it)
{
    const std::string_view apdu = "c2010c07e8010f01121e0000ffc40000010000616200ff0211 01";
    EXPECT_EQ(judge_frame(sealed(apdu, 900'000'000, 0x20)).state, FrameState::policy);
    home.device.policy = dlms::Policy::encrypted;
    const Judgement weak = judge_frame(sealed(apdu, 900'000'000, 0x20));
    ASSERT_EQ(events(weak).size(), 1U) << weak.detail;
    EXPECT_EQ(events(weak)[0].detail, "0.0.97.98.0.255 attribute 2, not authenticated");
}

TEST_F(EventTest, no_bit_flip_and_no_prefix_of_one_is_ever_stored)
{
    const Bytes sent = home.meter.build(gasp).apdu;
    for (std::size_t bit = 0; bit < sent.size() * 8; ++bit) {
        Bytes altered = sent;
        altered[bit / 8] ^= std::byte{static_cast<unsigned char>(1U << (bit % 8))};
        EXPECT_FALSE(judge_frame(altered).write) << "bit " << bit;
    }
    for (std::size_t size = 1; size < sent.size(); ++size)
        EXPECT_FALSE(judge_frame(Bytes(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(size))).write) << size;
}

TEST_F(JudgeTest, no_bit_flip_and_no_prefix_of_a_push_is_ever_stored)
{
    const Bytes sent = home.day_frame(0).apdu;
    for (std::size_t bit = 0; bit < sent.size() * 8; ++bit) {
        Bytes altered = sent;
        altered[bit / 8] ^= std::byte{static_cast<unsigned char>(1U << (bit % 8))};
        const Judgement judgement = judge_frame(altered);
        EXPECT_FALSE(judgement.write) << "bit " << bit;
        EXPECT_TRUE(judgement.reply.empty()) << "bit " << bit;
    }
    for (std::size_t size = 1; size < sent.size(); ++size)
        EXPECT_FALSE(judge_frame(Bytes(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(size))).write) << size;
}

} // namespace
} // namespace releve::app
