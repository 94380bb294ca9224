#include <releve/sim/fleet.hpp>

#include "linky_model.hpp"

#include <releve/codec/dlms/push.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace releve::sim {
namespace {

using namespace std::chrono_literals;

dlms::SecurityKeys keys_of(const MeterIdentity& identity)
{
    return {.encryption = identity.encryption, .authentication = identity.authentication};
}

dlms::DataNotification opened(const Meter& meter, const Frame& frame)
{
    const auto ciphered = dlms::decode_ciphered_apdu(frame.apdu).value();
    EXPECT_EQ(ciphered.system_title, meter.identity().system_title);
    EXPECT_EQ(ciphered.invocation_counter, frame.invocation_counter);
    const auto clear = dlms::unprotect(ciphered, keys_of(meter.identity())).value();
    return dlms::decode_data_notification(clear.plaintext).value();
}

PushContent content(const Meter& meter, const Frame& frame)
{
    const auto notification = opened(meter, frame);
    return dlms::decode_push(linky_model(), {notification.date_time, notification.body}, paris()).value();
}

Meter generated_meter(std::uint64_t seed = 1)
{
    return Meter{make_identity(seed, 5), GeneratedLoad{seed, paris()}, paris(), {}};
}

Push day_push(CivilDay day)
{
    return {PushKind::day, paris().start_of(day + std::chrono::days{1})};
}

/// What a head-end would answer.
Bytes confirmation(const Meter& meter, const Frame& frame, std::uint8_t security_control = 0x30)
{
    SystemTitle head_end{};
    std::ranges::copy(as_bytes("RLV\x01\x02\x03\x04\x05"), head_end.begin());
    return dlms::protect(dlms::encode_data_notification_confirm(frame.invoke_id, frame.date_time_octets),
                         keys_of(meter.identity()),
                         {.system_title = head_end,
                          .invocation_counter = frame.invocation_counter,
                          .security_control = security_control});
}

class DayPushTest : public testing::TestWithParam<std::pair<CivilDay, std::size_t>> {};

TEST_P(DayPushTest, DecodesToTheCurveAndTheIndexes)
{
    const auto [day, slots] = GetParam();
    const Meter meter = generated_meter();
    const PushContent push = content(meter, meter.build(day_push(day)));
    EXPECT_EQ(push.layout, "day");
    EXPECT_EQ(push.logical_device_name, "LKY0" + meter.identity().serial);
    ASSERT_EQ(push.intervals.size(), slots);
    Instant start = paris().start_of(day);
    std::int64_t sum_wh = 0;
    for (const IntervalReading& reading : push.intervals) {
        EXPECT_EQ(reading.start, start);
        EXPECT_EQ(reading.value, power_w(meter.load(), start));
        start += slot_length;
        sum_wh += reading.value / 2;
    }
    ASSERT_EQ(push.registers.size(), 15u);
    const IndexRead before = *index_at(meter.load(), day);
    EXPECT_EQ(push.registers[0].at, paris().start_of(day + std::chrono::days{1}));
    EXPECT_EQ(push.registers[0].value, before.total_wh + sum_wh);
    EXPECT_EQ(push.registers[1].value, before.total_wh + sum_wh);
    EXPECT_EQ(push.registers[2].value, 0);
    EXPECT_EQ(push.registers[11].value, before.total_wh + sum_wh);
}

INSTANTIATE_TEST_SUITE_P(CivilDays, DayPushTest,
                         testing::Values(std::pair{CivilDay{2024y / 1 / 10}, 48u},
                                         std::pair{CivilDay{2024y / 3 / 31}, 46u},
                                         std::pair{CivilDay{2024y / 10 / 27}, 50u}));

TEST(MeterTest, ADayWithHolesSendsTheRowsThatExistWithTheirOwnClocks)
{
    const CivilDay day{2024y / 1 / 10};
    Curve curve{paris().start_of(day), std::vector<std::optional<std::int32_t>>(48, 200)};
    curve.power_w[0] = std::nullopt;
    curve.power_w[10] = std::nullopt;
    curve.power_w[11] = std::nullopt;
    curve.power_w[20] = 70'000; // more than a long-unsigned holds
    const Meter meter{make_identity(1, 0), RecordedLoad{curve, {}, paris()}, paris(), {}};
    const PushContent push = content(meter, meter.build(day_push(day)));
    ASSERT_EQ(push.intervals.size(), 45u);
    EXPECT_EQ(push.intervals[0].start, curve.first + slot_length);
    EXPECT_EQ(push.intervals[9].start, curve.first + 12 * slot_length);
    EXPECT_EQ(push.intervals[17].value, 70'000);
}

TEST(MeterTest, ADayWithoutAnyReadingIsNotPushed)
{
    const CivilDay day{2024y / 1 / 10};
    Curve curve{paris().start_of(day), std::vector<std::optional<std::int32_t>>(96)};
    curve.power_w[50] = 2;
    const Meter meter{make_identity(1, 0), RecordedLoad{curve, {}, paris()}, paris(), {}};
    EXPECT_FALSE(meter.has(day_push(day)));
    EXPECT_TRUE(meter.has(day_push(day + std::chrono::days{1})));
    EXPECT_FALSE(meter.has(day_push(day + std::chrono::days{2})));
}

TEST(MeterTest, PushesNothingFromBeforeItsCountersBegin)
{
    const Instant begins{std::chrono::sys_days{2000y / 1 / 1}};
    const Instant midnight = paris().start_of(CivilDay{2000y / 1 / 1});
    const Meter meter{make_identity(1, 5), RecordedLoad{{midnight, {10, 20, 30}}, {}, paris()}, paris(), {}};
    EXPECT_LT(midnight, begins);
    EXPECT_FALSE(meter.has({PushKind::half_hour, begins - slot_length}));
    EXPECT_TRUE(meter.has({PushKind::half_hour, begins}));
    EXPECT_EQ(meter.counter_of({PushKind::half_hour, begins}) / 3, 0U);
}

TEST(MeterTest, ADaysCurveAloneHasNoIndexes)
{
    const CivilDay day{2024y / 1 / 1};
    const Meter meter{make_identity(1, 5), RecordedLoad{{paris().start_of(day), {10, 20}}, {{.day = day, .total_wh = 7}}, paris()},
                      paris(), {}};
    const Push curve{PushKind::day_curve, paris().start_of(day + std::chrono::days{1})};
    EXPECT_FALSE(meter.has({PushKind::day, curve.at})) << "no index at the day's end";
    ASSERT_TRUE(meter.has(curve));
    const PushContent decoded = content(meter, meter.build(curve));
    EXPECT_EQ(decoded.intervals.size(), 2U);
    EXPECT_TRUE(decoded.registers.empty());
    EXPECT_EQ(meter.counter_of(curve), meter.counter_of({PushKind::day, curve.at})) << "instead of it, never beside it";
}

TEST(MeterTest, TheNotificationInClearIsWhatTheFrameProtects)
{
    const Meter meter = generated_meter();
    const Instant noon = paris().start_of(CivilDay{2024y / 3 / 31}) + 11h;
    for (const Push& push : {day_push(CivilDay{2024y / 3 / 31}), Push{PushKind::half_hour, noon}, Push{PushKind::daily_index, noon - 11h}}) {
        const Frame frame = meter.build(push);
        const auto ciphered = dlms::decode_ciphered_apdu(frame.apdu).value();
        EXPECT_EQ(meter.notification(push), dlms::unprotect(ciphered, keys_of(meter.identity())).value().plaintext);
    }
}

TEST(MeterTest, HalfHourAndIndexPushesDecode)
{
    const Meter meter = generated_meter();
    const Instant midnight = paris().start_of(CivilDay{2024y / 6 / 1});
    const PushContent half_hour = content(meter, meter.build({PushKind::half_hour, midnight + 30min}));
    ASSERT_EQ(half_hour.intervals.size(), 1u);
    EXPECT_EQ(half_hour.layout, "single_value");
    EXPECT_EQ(half_hour.intervals[0].start, midnight);
    EXPECT_EQ(half_hour.intervals[0].value, power_w(meter.load(), midnight));
    const PushContent index = content(meter, meter.build({PushKind::daily_index, midnight}));
    EXPECT_EQ(index.layout, "daily_index");
    ASSERT_EQ(index.registers.size(), 5u);
    EXPECT_EQ(index.registers[0].at, midnight);
    EXPECT_EQ(index.registers[0].value, index_at(meter.load(), CivilDay{2024y / 6 / 1})->total_wh);
}

TEST(MeterTest, CountersRiseWithTheScheduleAndNoneIsUsedTwice)
{
    const Meter meter = generated_meter();
    std::uint32_t last = 0;
    for (const Push& push : schedule(paris(), CivilDay{2024y / 3 / 30}, 3, Every::half_hour)) {
        EXPECT_GT(meter.counter_of(push), last);
        last = meter.counter_of(push);
    }
    const Meter later{make_identity(1, 5), GeneratedLoad{1, paris()}, paris(), {.counter_start = 1000}};
    EXPECT_EQ(later.counter_of(day_push(CivilDay{2024y / 1 / 1})),
              meter.counter_of(day_push(CivilDay{2024y / 1 / 1})) + 1000);
}

TEST(MeterTest, AcceptsItsConfirmationAndNoAlteredOne)
{
    const Meter meter = generated_meter();
    const Frame frame = meter.build(day_push(CivilDay{2024y / 1 / 1}));
    const Bytes good = confirmation(meter, frame);
    ASSERT_TRUE(meter.check_confirm(frame, good));
    // The head-end's system title takes part in the tag; so does every other byte.
    for (std::size_t i = 0; i < good.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            Bytes altered = good;
            altered[i] ^= std::byte(1 << bit);
            EXPECT_FALSE(meter.check_confirm(frame, altered)) << "byte " << i << " bit " << bit;
        }
    for (std::size_t length = 0; length < good.size(); ++length)
        EXPECT_FALSE(meter.check_confirm(frame, ByteView{good}.first(length)));
}

TEST(MeterTest, RefusesAConfirmationThatIsNotForThisFrame)
{
    const Meter meter = generated_meter();
    const Frame frame = meter.build(day_push(CivilDay{2024y / 1 / 1}));
    const Frame next = meter.build(day_push(CivilDay{2024y / 1 / 2}));
    EXPECT_FALSE(meter.check_confirm(frame, confirmation(meter, next)));

    Frame other_id = frame;
    other_id.invoke_id.raw ^= 1;
    EXPECT_EQ(meter.check_confirm(frame, confirmation(meter, other_id)).error().code, errc::bad_value);
    Frame other_time = frame;
    other_time.date_time_octets[7] ^= std::byte{1};
    EXPECT_EQ(meter.check_confirm(frame, confirmation(meter, other_time)).error().code, errc::bad_value);

    EXPECT_EQ(meter.check_confirm(frame, confirmation(meter, frame, 0x20)).error().code, errc::policy);
    const Meter stranger{make_identity(2, 5), GeneratedLoad{1, paris()}, paris(), {}};
    EXPECT_FALSE(meter.check_confirm(frame, confirmation(stranger, frame)));
    // Its own words thrown back at it are no confirmation.
    EXPECT_FALSE(meter.check_confirm(frame, frame.apdu));
}

TEST(MeterTest, ProtectsAsItIsTold)
{
    const Push push = day_push(CivilDay{2024y / 1 / 1});
    for (const std::uint8_t security_control : std::array<std::uint8_t, 3>{0x30, 0x10, 0x20}) {
        const Meter meter{
            make_identity(1, 1), GeneratedLoad{1, paris()}, paris(), {.security_control = security_control}};
        const Frame frame = meter.build(push);
        EXPECT_EQ(dlms::decode_ciphered_apdu(frame.apdu)->security_control, security_control);
        EXPECT_EQ(content(meter, frame).intervals.size(), 48u);
        EXPECT_TRUE(meter.check_confirm(frame, confirmation(meter, frame, security_control)));
    }
}

TEST(FleetTest, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers)
{
    const auto bytes = [](std::uint64_t seed) {
        std::vector<Bytes> all;
        const Fleet fleet{{.seed = seed, .meters = 20, .meter = {}}, paris()};
        for (const Meter& meter : fleet.meters())
            for (const Push& push : schedule(paris(), CivilDay{2024y / 3 / 30}, 3, Every::day))
                all.push_back(meter.build(push).apdu);
        return all;
    };
    const auto once = bytes(1), again = bytes(1), other = bytes(2);
    EXPECT_EQ(once, again);
    ASSERT_EQ(once.size(), other.size());
    for (std::size_t i = 0; i < once.size(); ++i)
        EXPECT_NE(once[i], other[i]);
}

TEST(FleetTest, NamesAndKeysAreDistinctAndWellFormed)
{
    std::set<SystemTitle> titles;
    std::set<std::string> serials, usage_points, keys;
    for (std::uint32_t number = 0; number < 2000; ++number) {
        const MeterIdentity identity = make_identity(9, number);
        EXPECT_EQ(as_text(identity.system_title).substr(0, 3), "LKY");
        EXPECT_EQ(identity.serial.size(), 12u);
        EXPECT_EQ(identity.usage_point.size(), 14u);
        titles.insert(identity.system_title);
        serials.insert(identity.serial);
        usage_points.insert(identity.usage_point);
        keys.insert(to_hex(identity.encryption.bytes()));
        keys.insert(to_hex(identity.authentication.bytes()));
    }
    EXPECT_EQ(titles.size(), 2000u);
    EXPECT_EQ(serials.size(), 2000u);
    EXPECT_EQ(usage_points.size(), 2000u);
    EXPECT_EQ(keys.size(), 4000u);
}

TEST(FleetTest, GivenLoadsComeFirst)
{
    const Curve curve{paris().start_of(CivilDay{2024y / 1 / 1}), {1, 2, 3}};
    const Fleet fleet{{.seed = 1, .meters = 2, .meter = {}}, paris(), {RecordedLoad{curve, {}, paris()}}};
    EXPECT_TRUE(std::holds_alternative<RecordedLoad>(fleet.meters()[0].load()));
    EXPECT_TRUE(std::holds_alternative<GeneratedLoad>(fleet.meters()[1].load()));
}

TEST(ScheduleTest, OnePushADayOrAHalfHourWithTheIndexesAtMidnights)
{
    const auto days = schedule(paris(), CivilDay{2024y / 3 / 30}, 3, Every::day);
    ASSERT_EQ(days.size(), 3u);
    EXPECT_EQ(days[1].at - days[0].at, 23h);
    const auto half_hours = schedule(paris(), CivilDay{2024y / 3 / 31}, 1, Every::half_hour);
    EXPECT_EQ(half_hours.size(), 46u + 2u);
    EXPECT_TRUE(std::ranges::is_sorted(half_hours, {}, &Push::at));
}

} // namespace
} // namespace releve::sim
