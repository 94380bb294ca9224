#include <releve/sim/fleet.hpp>
#include <releve/sim/storm.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace releve::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t fleet_size = 100;

Instant at(const char* text)
{
    return parse_instant(text).value();
}

/// Two areas of two concentrators each, and twenty meters that hang nowhere.
Storm storm_of(std::vector<Cause> causes)
{
    return {.places = {{"north", "C1", 20}, {"north", "C2", 20}, {"south", "C3", 20}, {"south", "C4", 20}},
            .causes = std::move(causes)};
}

Cause north_lost()
{
    return {.kind = Cause::Kind::area_lost, .at = at("2024-03-30T19:40:00Z"), .place = "north", .last_gasp_percent = 60,
            .back = Return{.after = 4h, .over = 2h, .hole_percent = 10}};
}

Cause concentrator_down()
{
    return {.kind = Cause::Kind::concentrator_down, .at = at("2024-03-31T01:14:00Z"), .place = "C3",
            .back = Return{.after = 3h, .over = 0s}};
}

Cause cover_flood()
{
    return {.kind = Cause::Kind::alarm_flood, .at = at("2024-03-30T20:00:00Z"), .place = {}, .meters = 15, .times = 6};
}

std::vector<Push> half_hourly()
{
    return schedule(paris(), CivilDay{2024y / 3 / 30}, 2, Every::half_hour);
}

std::size_t alarms_of(const std::vector<Act>& acts, MeterAlarm alarm)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(acts, [&](const Act& act) { return !act.push && act.alarm == alarm; }));
}

TEST(StormTest, EachMeterHasOneFateAndTheCountsAreAsPlanted)
{
    const Storm storm = storm_of({north_lost(), concentrator_down(), cover_flood()});
    const StormPlan plan = plan_storm(storm, fleet_size, 7).value();
    const auto pushes = half_hourly();
    const auto planted = planted_by(plan, storm, pushes);
    EXPECT_EQ(planted[0].meters, 40u);
    EXPECT_EQ(planted[1].meters, 20u);
    EXPECT_EQ(planted[2].meters, 15u);
    const auto untouched = std::ranges::count(plan.fates, Fate{});
    EXPECT_EQ(untouched, 25);

    EXPECT_GT(planted[0].last_gasps, 12u);
    EXPECT_LT(planted[0].last_gasps, 36u);
    EXPECT_EQ(planted[1].last_gasps, 0u);
    EXPECT_EQ(planted[0].back, 40u);
    EXPECT_EQ(planted[0].holes, 4u);
    EXPECT_EQ(planted[1].holes, 0u);
    EXPECT_EQ(planted[0].first_back_at, at("2024-03-30T23:40:00Z"));
    EXPECT_EQ(planted[0].last_back_at, at("2024-03-31T01:40:00Z"));
    EXPECT_EQ(planted[1].last_back_at, at("2024-03-31T04:14:00Z"));
    EXPECT_EQ(planted[0].alarms, planted[0].last_gasps + 40);
    EXPECT_EQ(planted[1].alarms, 0u);
    EXPECT_EQ(planted[2].alarms, 15u * 6);

    // Nothing is lost or said twice: what was due is sent in time, late, or missing.
    std::size_t sent = 0, late = 0, missing = 0;
    for (const Fate& fate : plan.fates) {
        std::set<std::size_t> said;
        for (const Act& act : acts_of(fate, storm, pushes))
            if (act.push) {
                EXPECT_TRUE(said.insert(*act.push).second);
                late += act.at > pushes[*act.push].at ? 1 : 0;
            }
        sent += said.size();
    }
    for (const Planted& one : planted)
        missing += one.missing;
    EXPECT_EQ(sent + missing, fleet_size * pushes.size());
    EXPECT_EQ(late, planted[0].late + planted[1].late);
    EXPECT_GT(missing, 0u) << "the holes";
    EXPECT_EQ(planted[1].missing, 0u);
    EXPECT_EQ(planted[1].late, 20u * 6) << "three hours";
}

TEST(StormTest, TheSameSeedIsTheSameStormAndAnotherIsNot)
{
    const Storm storm = storm_of({north_lost(), cover_flood()});
    const auto fates = [&](std::uint64_t seed) { return plan_storm(storm, fleet_size, seed).value().fates; };
    EXPECT_EQ(fates(7), fates(7));
    EXPECT_NE(fates(7), fates(8));
    std::set<Instant> moments;
    for (const Fate& fate : fates(7))
        if (fate.back_at)
            moments.insert(*fate.back_at);
    EXPECT_EQ(moments.size(), 40u) << "one after the other";
}

TEST(StormTest, ALostMeterIsSilentUntilItIsBackAndThenTellsWhatItMissed)
{
    const Storm storm = storm_of({north_lost()});
    const auto pushes = half_hourly();
    Fate fate{.cause = 0, .last_gasp = true, .hole = false, .back_at = at("2024-03-31T00:30:00Z")};
    const auto acts = acts_of(fate, storm, pushes);
    EXPECT_EQ(acts.size(), pushes.size() + 2);
    EXPECT_TRUE(std::ranges::is_sorted(acts, {}, &Act::at));
    for (const Act& act : acts)
        EXPECT_FALSE(act.at > storm.causes[0].at && act.at < *fate.back_at);
    const auto gasp = std::ranges::find(acts, storm.causes[0].at, &Act::at);
    EXPECT_EQ(*gasp, (Act{.at = storm.causes[0].at, .push = {}, .alarm = MeterAlarm::power_lost}));
    EXPECT_EQ(alarms_of(acts, MeterAlarm::power_restored), 1u);

    fate.hole = true;
    const auto with_hole = acts_of(fate, storm, pushes);
    EXPECT_EQ(alarms_of(with_hole, MeterAlarm::power_restored), 1u);
    // From 20:00 to 00:00 there are nine half-hours, and the indexes of the midnight of Paris.
    EXPECT_EQ(acts.size() - with_hole.size(), 10u);

    fate.back_at.reset();
    const auto gone = acts_of(fate, storm, pushes);
    EXPECT_EQ(gone.back().alarm, MeterAlarm::power_lost);
    EXPECT_FALSE(gone.back().push);
}

TEST(StormTest, CountersOnlyRise)
{
    for (const Every every : {Every::half_hour, Every::day}) {
        const Storm storm = storm_of({north_lost(), concentrator_down(), cover_flood()});
        const StormPlan plan = plan_storm(storm, fleet_size, 3).value();
        const Fleet fleet{{.seed = 3, .meters = fleet_size, .meter = {}}, paris()};
        const auto pushes = schedule(paris(), CivilDay{2024y / 3 / 29}, 4, every);
        for (std::size_t i = 0; i < fleet_size; ++i) {
            const Meter& meter = fleet.meters()[i];
            std::uint32_t before = 0;
            for (const Act& act : acts_of(plan.fates[i], storm, pushes)) {
                const std::uint32_t counter =
                    act.push ? meter.counter_of(pushes[*act.push]) : meter.counter_of(AlarmReport{act.alarm, act.at});
                ASSERT_GT(counter, before) << "meter " << i << " at " << to_iso8601(act.at);
                before = counter;
            }
        }
    }
}

TEST(StormTest, AnAlarmInAnyHalfHourHasANumberOfItsOwn)
{
    const Meter meter{make_identity(1, 5), GeneratedLoad{1, paris()}, paris(), {}};
    std::vector<Push> pushes = schedule(paris(), CivilDay{2024y / 3 / 30}, 3, Every::half_hour);
    const auto daily = schedule(paris(), CivilDay{2024y / 3 / 30}, 3, Every::day);
    pushes.insert(pushes.end(), daily.begin(), daily.end());
    std::set<std::uint32_t> numbers;
    for (const Push& push : pushes)
        numbers.insert(meter.counter_of(push));
    for (Instant when = at("2024-03-30T00:10:00Z"); when < at("2024-04-01T20:00:00Z"); when += slot_length) {
        const std::uint32_t number = meter.counter_of(AlarmReport{MeterAlarm::cover_opened, when});
        EXPECT_TRUE(numbers.insert(number).second) << to_iso8601(when);
    }
}

TEST(StormTest, TheFirstCauseTakesAMeterAndAFloodTakesWhomNothingElseTakes)
{
    Cause later = north_lost();
    later.at += 5h;
    Cause early = concentrator_down();
    early.place = "C1";
    early.at = north_lost().at;
    Cause flood = cover_flood();
    flood.at -= 10h;
    flood.meters = 60;
    const Storm storm = storm_of({flood, later, early});
    const StormPlan plan = plan_storm(storm, fleet_size, 1).value();
    const auto planted = planted_by(plan, storm, half_hourly());
    EXPECT_EQ(planted[0].meters, 60u);
    EXPECT_EQ(planted[1].meters, 20u) << "C2 alone";
    EXPECT_EQ(planted[2].meters, 20u);
}

TEST(StormTest, UntilAnInstantOnlyWhatCameBeforeIsPlanted)
{
    const Storm storm = storm_of({north_lost(), concentrator_down(), cover_flood()});
    const StormPlan plan = plan_storm(storm, fleet_size, 7).value();
    const auto pushes = half_hourly();
    const auto night = planted_by(plan, storm, pushes, at("2024-03-31T00:40:00Z"));
    EXPECT_EQ(night[0].meters, 40u);
    EXPECT_EQ(night[0].back, 20u);
    EXPECT_EQ(night[1], Planted{}) << "still to come";
    EXPECT_EQ(night[2].alarms, 90u);
    EXPECT_EQ(planted_by(plan, storm, pushes, north_lost().at)[0], Planted{});
    const auto morning = planted_by(plan, storm, pushes, at("2024-03-31T04:00:00Z"));
    EXPECT_EQ(morning[1].missing, 20u * 5) << "from 01:30 to 03:30, and nobody is back yet";
    EXPECT_EQ(morning[1].back, 0u);
}

TEST(StormTest, WhatCannotBeIsNamed)
{
    const auto reason = [](std::vector<Cause> causes, std::size_t meters = fleet_size) {
        const auto plan = plan_storm(storm_of(std::move(causes)), meters, 1);
        return plan ? "accepted" : plan.error().detail;
    };
    const auto changed = [](Cause cause, auto change) {
        change(cause);
        return std::vector<Cause>{north_lost(), cause};
    };
    EXPECT_EQ(reason({north_lost()}), "accepted");
    EXPECT_EQ(reason({north_lost()}, 79), "/places/3/meters: the fleet has only 19 left");
    EXPECT_EQ(reason(changed(north_lost(), [](Cause& c) { c.place = "C1"; })), "/causes/1/area: no meter hangs there");
    EXPECT_EQ(reason(changed(concentrator_down(), [](Cause& c) { c.place.clear(); })),
              "/causes/1/concentrator: no meter hangs there");
    EXPECT_EQ(reason(changed(north_lost(), [](Cause& c) { c.last_gasp_percent = 101; })),
              "/causes/1/last_gasp_percent: must lie between 0 and 100");
    EXPECT_EQ(reason(changed(north_lost(), [](Cause& c) { c.back->hole_percent = -1; })),
              "/causes/1/return/hole_percent: must lie between 0 and 100");
    EXPECT_EQ(reason(changed(north_lost(), [](Cause& c) { c.back->after = 1799s; })),
              "/causes/1/return/after_s: half an hour at least");
    EXPECT_EQ(reason(changed(north_lost(), [](Cause& c) { c.back->over = -1s; })), "/causes/1/return/over_s: must be 0 or more");
    EXPECT_EQ(reason(changed(cover_flood(), [](Cause& c) { c.every = 1s; })),
              "/causes/1/every_s: one alarm in half an hour is the most a meter sends");
    EXPECT_EQ(reason(changed(cover_flood(), [](Cause& c) { c.meters = 61; })), "/causes/1/meters: only 60 are left untouched");
}

TEST(StormTest, AnAlarmIsAnEventNotificationThatOpensUnderTheMetersKeys)
{
    const Meter meter{make_identity(1, 5), GeneratedLoad{1, paris()}, paris(), {}};
    const AlarmReport report{MeterAlarm::cover_opened, at("2024-03-30T19:40:00Z")};
    const auto messages = deliveries(meter, 0, {}, Act{.at = report.at, .push = {}, .alarm = report.alarm}, FaultPlan{1});
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_TRUE(messages[0].alarm);
    EXPECT_FALSE(messages[0].frame.invoke_id.confirmed());
    EXPECT_EQ(messages[0].at, report.at);
    const MeterIdentity& identity = meter.identity();
    const auto clear = dlms::unprotect(*dlms::decode_ciphered_apdu(messages[0].frame.apdu),
                                       {.encryption = identity.encryption, .authentication = identity.authentication});
    ASSERT_TRUE(clear);
    EXPECT_TRUE(clear->authenticated);
    const auto event = dlms::decode_event_notification(clear->plaintext).value();
    EXPECT_EQ(to_string(event.obis), "0.0.97.98.0.255");
    EXPECT_EQ(event.value.number, 4);
    EXPECT_EQ(dlms::to_instant(*event.date_time, {.zone = &paris()}).value(), report.at);
    for (const MeterAlarm alarm : {MeterAlarm::power_lost, MeterAlarm::power_restored, MeterAlarm::cover_opened})
        EXPECT_EQ(alarm_from_name(alarm_name(alarm)), alarm);
    EXPECT_EQ(alarm_from_name("flood"), std::nullopt);
    EXPECT_EQ(cause_name(Cause::Kind::concentrator_down), "concentrator_down");
}

} // namespace
} // namespace releve::sim
