#include "store_fixture.hpp"

#include <releve/store/api_store.hpp>

#include <algorithm>

namespace releve::store::test {

using Counts = std::vector<std::pair<std::string, std::int64_t>>;
using Strings = std::vector<std::string>;

/// A morning after a storm: 2024-03-28, 07:00 in Paris.
class ApiMorning : public StoreTest {
protected:
    const Instant now = at("2024-03-28T06:00:00Z");
    ApiStore store{address, test_model};
    BatchWriter writer{address, 1};
    Numbers numbers;
    Identity operations;
    std::vector<MeterId> meters;

    void SetUp() override
    {
        owner("INSERT INTO organisation (id, name, parent) VALUES ('town', 'Town', 'root')");
        operations = sign_in(add_token("operator", {"root"}, {}));
    }
    Identity sign_in(const std::string& key) { return store.authenticate(key, now).value(); }

    /// Installed and heard.
    void add_meters(int count, const std::string& concentrator, const std::string& area,
                    const std::string& organisation = "root")
    {
        for (int i = 0; i < count; ++i) {
            const std::string tail = std::to_string(1'000'001 + meters.size());
            meters.push_back(add_meter("4c4b5900" + tail + "0"));
            const std::string number = std::to_string(meters.back().value);
            owner("UPDATE meter SET concentrator = '" + concentrator + "', area = '" + area + "', organisation = '" +
                  organisation + "' WHERE id = " + number);
            add_usage_point("0300000" + tail, organisation);
            install(meters.back(), "0300000" + tail);
            owner("INSERT INTO meter_counter VALUES (" + number + ", '{1}', '{1}', '{1}', '2024-03-27T20:00:00Z', 1800)");
        }
    }
    std::string all_of(const std::string& concentrator) const
    {
        return " FROM meter WHERE concentrator = '" + concentrator + "'";
    }
    void fall_silent(const std::string& concentrator, const char* since, const char* ended = nullptr, const char* limit = "ALL")
    {
        owner("INSERT INTO silence (meter_id, since, noticed_at, ended_at) SELECT id, timestamptz '" + std::string{since} +
              "' - id % 7 * interval '1 s', timestamptz '" + since + "' + interval '2 hours', " +
              (ended ? "timestamptz '" + std::string{ended} + "' + id % 5 * interval '1 minute'" : "NULL") +
              all_of(concentrator) + " ORDER BY id LIMIT " + limit);
    }
    void gasp(const std::string& concentrator, const char* when, const char* limit = "ALL")
    {
        owner("INSERT INTO event (meter_id, kind, at, received_at, detail, batch) SELECT id, 'power_lost', '" +
              std::string{when} + "', '" + when + "', '', 1" + all_of(concentrator) + " ORDER BY id LIMIT " + limit);
    }
    /// "concentrator C12 5/5 power 2 restored 5"
    static Strings lines(const MorningReport& report)
    {
        Strings out;
        for (const engine::Outage& outage : report.outages) {
            std::string line = outage.common ? std::string{engine::place_kind_name(outage.kind)} + " " + outage.place : "alone";
            line += " " + std::to_string(outage.meters) + "/" + std::to_string(outage.of);
            if (outage.power_lost)
                line += " power " + std::to_string(outage.last_gasps);
            if (outage.restored > 0)
                line += " restored " + std::to_string(outage.restored);
            out.push_back(line);
        }
        return out;
    }
    void write(std::vector<FrameWrite> frames)
    {
        const BatchResult result = writer.write(numbers.request(frames)).value();
        for (const auto& reason : result.reasons)
            EXPECT_EQ(reason, "");
    }
    /// "name meters arrived/expected"
    Strings rates(const char* of, const std::string& by, const Identity& who)
    {
        Strings out;
        for (const CollectionRate& rate : store.collection_rates(who, day(of), by).value())
            out.push_back(rate.of + " " + std::to_string(rate.meters) + " " + std::to_string(rate.arrived) + "/" +
                          std::to_string(rate.expected));
        return out;
    }
};

TEST_F(ApiMorning, the_planted_causes_are_named_and_add_up)
{
    add_meters(5, "C12", "north");
    add_meters(10, "C13", "north");
    add_meters(6, "C20", "south");
    add_meters(6, "C21", "south");
    fall_silent("C12", "2024-03-28T01:14:00Z");                         // link lost
    fall_silent("C20", "2024-03-27T20:00:00Z", "2024-03-28T03:10:00Z"); // power lost, back again
    fall_silent("C21", "2024-03-27T20:02:00Z", "2024-03-28T03:40:00Z", "5");
    fall_silent("C13", "2024-03-27T22:00:00Z", nullptr, "1"); // one alone
    gasp("C20", "2024-03-27T20:00:00Z", "3");
    gasp("C21", "2024-03-27T19:00:00Z", "1"); // an hour before
    const MorningReport report = store.morning(operations, now).value();
    EXPECT_EQ(report.from, at("2024-03-27T17:00:00Z"));
    EXPECT_EQ(report.to, now);
    EXPECT_EQ(report.day, day("2024-03-27"));
    EXPECT_EQ(lines(report), (Strings{"area south 11/12 power 3 restored 11", "concentrator C12 5/5", "alone 1/1"}));
    EXPECT_EQ(report.meters, 27);
    EXPECT_EQ(report.stopped, 17);
    EXPECT_EQ(report.restored, 11);
    EXPECT_EQ(report.outages[1].members, (std::vector<MeterId>(meters.begin(), meters.begin() + 5)));
    EXPECT_EQ(report.outages[0].first_restored_at.value().time_since_epoch() % Seconds{60}, Seconds{0});
    EXPECT_LE(report.outages[1].since, at("2024-03-28T01:14:00Z"));
}

TEST_F(ApiMorning, what_was_silent_before_is_not_of_this_night)
{
    add_meters(5, "C12", "north");
    fall_silent("C12", "2024-03-20T00:00:00Z", nullptr, "2"); // long ago: says nothing of the place
    owner("INSERT INTO silence SELECT id, '2024-03-28T01:00:00Z', '2024-03-28T03:00:00Z', NULL" + all_of("C12") +
          " ORDER BY id OFFSET 2");
    EXPECT_EQ(lines(store.morning(operations, now).value()), Strings{"concentrator C12 3/3"});
    EXPECT_EQ(store.morning(operations, now).value().meters, 5);
    owner("UPDATE silence SET since = '2024-03-27T16:29:00Z' WHERE since > '2024-03-28'"); // was due at 17:59 in Paris
    EXPECT_EQ(store.morning(operations, now).value().stopped, 0);
    owner("UPDATE silence SET since = '2024-03-27T16:30:00Z' WHERE since > '2024-03-27'");
    EXPECT_EQ(store.morning(operations, now).value().stopped, 3) << "a message was due at 18:00";
    owner("UPDATE silence SET since = '2024-03-28T06:00:01Z' WHERE since > '2024-03-27'");
    EXPECT_EQ(store.morning(operations, now).value().stopped, 0) << "later than now";
}

TEST_F(ApiMorning, meters_that_cannot_fall_silent_are_not_counted)
{
    add_meters(6, "C12", "north");
    const auto number = [&](std::size_t i) { return std::to_string(meters[i].value); };
    owner("DELETE FROM meter_counter WHERE meter_id = " + number(0)); // never heard
    owner("UPDATE installation SET validity = tstzrange(lower(validity), '2024-03-27T00:00:00Z') WHERE meter_id = " +
          number(1));
    owner("UPDATE installation SET purpose = 'live' WHERE meter_id = " + number(2));
    fall_silent("C12", "2024-03-28T01:14:00Z");
    const MorningReport report = store.morning(operations, now).value();
    EXPECT_EQ(lines(report), Strings{"concentrator C12 3/3"});
    EXPECT_EQ(report.meters, 3);
}

TEST_F(ApiMorning, a_meter_that_stopped_twice_is_one_and_came_back_only_if_it_did)
{
    add_meters(1, "C12", "north");
    fall_silent("C12", "2024-03-27T20:00:00Z", "2024-03-27T22:00:00Z");
    fall_silent("C12", "2024-03-28T01:00:00Z", "2024-03-28T07:00:00Z"); // after now
    const MorningReport report = store.morning(operations, now).value();
    EXPECT_EQ(lines(report), Strings{"alone 1/1"});
    EXPECT_EQ(report.restored, 0);
    EXPECT_GT(report.outages[0].since, at("2024-03-28T00:00:00Z"));
}

TEST_F(ApiMorning, gaps_are_counted_by_what_is_true_of_them)
{
    add_meters(2, "C12", "north");
    numbers.last = 9;
    write({frame(meters[0], 1, "2024-03-27", 1)}); // batch 10, committed when the test runs
    owner("UPDATE batch SET committed_at = '2024-03-27T16:00:00Z'");
    write({frame(meters[0], 2, "2024-03-28", 1)}); // batch 11
    owner("UPDATE batch SET committed_at = '2024-03-27T18:00:00Z' WHERE batch = 11");
    const auto gap = [&](const char* from, const char* to, bool estimated, const char* closed) {
        owner("INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch, estimated, closed) VALUES (" +
              std::to_string(meters[1].value) + ", 1, '" + from + "', '" + to + "', '2024-03-28T00:00:00Z', 3, " +
              (estimated ? "true" : "false") + ", " + closed + ")");
    };
    gap("2024-03-27T00:00:00Z", "2024-03-28T00:00:00Z", false, "NULL");
    gap("2024-03-25T00:00:00Z", "2024-03-26T00:00:00Z", false, "NULL");
    gap("2024-03-25T06:00:00Z", "2024-03-25T06:00:01Z", false, "NULL");
    gap("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z", true, "NULL");
    gap("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", false, "NULL");
    gap("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z", false, "10"); // before yesterday evening
    gap("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z", false, "11");
    gap("2024-03-02T00:00:00Z", "2024-03-03T00:00:00Z", false, "12");
    const MorningReport report = store.morning(operations, now).value();
    EXPECT_EQ(report.gaps_open, 5);
    EXPECT_EQ(report.gaps_by_state, (Counts{{"waiting", 3}, {"must_ask", 1}, {"estimated", 1}}));
    EXPECT_EQ(report.gaps_closed, 2);
    const MorningReport later = store.morning(operations, at("2025-03-20T06:00:00Z")).value();
    EXPECT_EQ(later.gaps_by_state, (Counts{{"must_ask", 3}, {"estimated", 1}, {"lost", 1}}));
    const Identity manager = sign_in(add_token("energy_manager", {"root"}, {}));
    EXPECT_EQ(store.morning(manager, now).value().gaps_closed, 2);
}

TEST_F(ApiMorning, events_that_somebody_closed_are_left_out_until_they_are_opened_again)
{
    add_meters(4, "C12", "north");
    gasp("C12", "2024-03-27T20:00:00Z");
    owner(
        "INSERT INTO event (meter_id, kind, at, received_at, detail, batch) SELECT id, 'clock_alarm', '2024-03-01T00:00:00Z', "
        "'2024-03-27T17:00:00Z', '', 1" +
        all_of("C12") + " LIMIT 1");
    owner("INSERT INTO event (meter_id, kind, at, received_at, detail, batch) SELECT id, 'cover', '2024-03-27T16:00:00Z', "
          "'2024-03-27T16:59:59Z', '', 1" +
          all_of("C12"));
    EXPECT_EQ(store.morning(operations, now).value().events_by_kind, (Counts{{"power_lost", 4}, {"clock_alarm", 1}}));
    const auto id = store.events(operations, {.kind = "power_lost"}, {}).value().at(0).id;
    (void)store.handle_event(operations, id, "taken", "").value();
    EXPECT_EQ(store.morning(operations, now).value().events_by_kind[0].second, 4);
    (void)store.handle_event(operations, id, "closed", "").value();
    EXPECT_EQ(store.morning(operations, now).value().events_by_kind[0].second, 3);
    (void)store.handle_event(operations, id, "reopened", "").value();
    EXPECT_EQ(store.morning(operations, now).value().events_by_kind[0].second, 4);
}

TEST_F(ApiMorning, rates_count_the_slots_of_the_civil_day)
{
    add_meters(2, "C12", "north");
    add_meters(1, "C13", "north");
    add_meters(1, "", "south");
    write({frame(meters[0], 1, "2024-03-27", 5), slots_of(frame(meters[1], 1, "2024-03-27", 5), 10, 20),
           slots_of(frame(meters[2], 1, "2024-03-27", 5), 0, 47), frame(meters[0], 2, "2024-03-31", 5)});
    EXPECT_EQ(rates("2024-03-27", "concentrator", operations), (Strings{"C12 2 58/96", "C13 1 47/48"}));
    EXPECT_EQ(rates("2024-03-27", "area", operations), (Strings{"north 3 105/144", "south 1 0/48"}));
    EXPECT_EQ(rates("2024-03-31", "concentrator", operations), (Strings{"C12 2 46/92", "C13 1 0/46"})) << "23 hours";
    const MorningReport report = store.morning(operations, now).value();
    EXPECT_EQ(report.rate.meters, 4);
    EXPECT_EQ(report.rate.expected, 192);
    EXPECT_EQ(report.rate.arrived, 105);
    EXPECT_EQ(report.rate_week_before.arrived, 0);
    EXPECT_EQ(report.rate_week_before.expected, 192);

    owner("UPDATE usage_point SET collection = 'daily' WHERE id = '03000001000001'");
    owner("UPDATE installation SET validity = tstzrange('2024-03-27T04:00:00Z', NULL) WHERE meter_id = " +
          std::to_string(meters[1].value)); // from slot 10 on
    EXPECT_EQ(rates("2024-03-27", "concentrator", operations), (Strings{"C12 1 10/38", "C13 1 47/48"}));
}

TEST_F(ApiMorning, rates_by_hour_tell_the_two_hours_of_one_name_apart)
{
    add_meters(2, "C12", "north");
    write({slots_of(frame(meters[0], 1, "2024-03-27", 5), 3, 6)});
    const Strings usual = rates("2024-03-27", "hour", operations);
    ASSERT_EQ(usual.size(), 24U);
    EXPECT_EQ(usual[0], "00:00 2 0/4");
    EXPECT_EQ(usual[1], "01:00 2 1/4");
    EXPECT_EQ(usual[2], "02:00 2 2/4");
    EXPECT_EQ(usual[23], "23:00 2 0/4");
    const Strings shorter = rates("2024-03-31", "hour", operations);
    ASSERT_EQ(shorter.size(), 23U);
    EXPECT_EQ(shorter[2], "03:00 2 0/4");
    owner("UPDATE installation SET validity = tstzrange('2023-01-01T00:00:00Z', NULL)");
    CollectStore::ensure_partitions(address, day("2023-10-01"), day("2023-10-31"));
    write({slots_of(frame(meters[1], 1, "2023-10-29", 5), 4, 7)});
    const Strings longer = rates("2023-10-29", "hour", operations);
    ASSERT_EQ(longer.size(), 25U);
    EXPECT_EQ(longer[2], "02:00+02:00 2 2/4");
    EXPECT_EQ(longer[3], "02:00+01:00 2 1/4");
    EXPECT_EQ(longer[4], "03:00 2 0/4");
}

TEST_F(ApiMorning, a_block_of_another_step_counts_where_it_says_something)
{
    add_meters(1, "C12", "north");
    DayBlock block{paris().start_of(day("2024-03-27")), Seconds{3600}, {}};
    block.slots.assign(24, std::nullopt);
    block.slots[0] = block.slots[5] = Slot{7, {true, 1, 1, Quality::raw, 1}};
    owner("INSERT INTO interval_day VALUES (" + std::to_string(meters[0].value) + ", 1, '2024-03-27', 1, 1, '\\x" +
          to_hex(encode_day_block(block).value()) + "')");
    EXPECT_EQ(rates("2024-03-27", "area", operations), Strings{"north 1 2/48"});
    owner("UPDATE interval_day SET data = '\\x1100'");
    EXPECT_EQ(store.collection_rates(operations, day("2024-03-27"), "area").error().code, errc::bad_block);
}

TEST_F(ApiMorning, rates_of_groups_count_a_home_in_each_of_its_groups_while_it_is_a_member)
{
    add_meters(2, "C12", "north");
    owner("INSERT INTO usage_group (id, organisation) VALUES ('a', 'root'), ('b', 'root')");
    owner("INSERT INTO usage_group_member VALUES ('a', '03000001000001', '[2024-03-27,2024-03-28)'), "
          "('b', '03000001000001', '[2024-03-01,)'), ('b', '03000001000002', '[2024-03-01,)')");
    write({frame(meters[0], 1, "2024-03-27", 5), frame(meters[0], 2, "2024-03-28", 5)});
    EXPECT_EQ(rates("2024-03-27", "group", operations), (Strings{"a 1 48/48", "b 2 48/96"}));
    EXPECT_EQ(rates("2024-03-28", "group", operations), Strings{"b 2 48/96"});
}

TEST_F(ApiMorning, each_sees_the_fleet_that_is_theirs)
{
    add_meters(3, "C12", "north");
    add_meters(4, "C20", "south", "town");
    fall_silent("C12", "2024-03-28T01:00:00Z");
    fall_silent("C20", "2024-03-28T01:00:00Z");
    write({frame(meters[0], 1, "2024-03-27", 5), frame(meters[3], 1, "2024-03-27", 5)});
    const Identity town = sign_in(add_token("energy_manager", {"town"}, {}));
    EXPECT_EQ(lines(store.morning(town, now).value()), Strings{"concentrator C20 4/4"});
    EXPECT_EQ(rates("2024-03-27", "area", town), Strings{"south 4 48/192"});
    EXPECT_EQ(rates("2024-03-27", "area", operations).size(), 2U);
    for (const char* role : {"household", "auditor"}) {
        const Identity who = sign_in(add_token(role, {"root"}, {"03000001000001"}));
        EXPECT_EQ(store.morning(who, now).error().code, errc::forbidden);
        EXPECT_EQ(store.collection_rates(who, day("2024-03-27"), "area").error().code, errc::forbidden);
    }
    EXPECT_EQ(rates("2024-03-27", "", operations), Strings{" 7 96/336"}) << "of all, without `by`";
    EXPECT_EQ(rates("2024-03-27", "", town), Strings{" 4 48/192"});
    EXPECT_EQ(store.collection_rates(operations, day("2024-03-27"), "colour").error().detail,
              "by: must be hour, concentrator, area or group");
}

/// Each fault alone, then all of them, and what is no fault any more.
class MeterStates : public ApiMorning {
protected:
    void SetUp() override
    {
        ApiMorning::SetUp();
        add_meters(2, "C12", "north");
        owner("UPDATE meter_counter SET last_accepted_at = '2024-03-28T05:00:00Z'");
    }
    std::string number(std::size_t i = 0) const { return std::to_string(meters[i].value); }
    void refuse(const char* reason, const char* when)
    {
        owner("INSERT INTO quarantine (reason, detail, received_at, peer, system_title, meter_id, digest, frame_bytes) VALUES "
              "('" +
              std::string{reason} + "', '', '" + when + "', '', '', " + number() + ", 0, 0)");
    }
    void alarm(const char* when)
    {
        owner("INSERT INTO event (meter_id, kind, at, received_at, detail, batch) VALUES (" + number() + ", 'clock_alarm', '" +
              when + "', '" + when + "', '', 1)");
    }
    void lack(const char* from, bool estimated = false, const char* closed = "NULL")
    {
        owner("INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch, estimated, closed) VALUES (" + number() +
              ", 1, '" + from + "', '2024-03-28T00:00:00Z', '2024-03-28T00:00:00Z', 3, " + (estimated ? "true" : "false") +
              ", " + closed + ")");
    }
    /// "silent 2024-03-26T00:00:00Z"; the list, the one meter and the counts say the same, and the other meter is fine.
    std::string state()
    {
        const auto list = store.list_meters(operations, {}, now).value();
        EXPECT_EQ(list.at(1).state, "on_time");
        EXPECT_EQ(list[1].state_since, std::nullopt);
        EXPECT_EQ(store.meter(operations, meters[0], now).value().state, list[0].state);
        Counts counts{{list[0].state, 1}, {"on_time", 1}};
        std::ranges::sort(counts);
        if (list[0].state == "on_time")
            counts = {{"on_time", 2}};
        EXPECT_EQ(store.operations(operations, now).value().meters_by_state, counts);
        return list[0].state + (list[0].state_since ? " " + to_iso8601(*list[0].state_since) : "");
    }
};

TEST_F(MeterStates, the_worst_fault_is_told_with_when_it_began)
{
    EXPECT_EQ(state(), "on_time");
    lack("2024-03-27T00:00:00Z");
    lack("2024-03-26T00:00:00Z");
    EXPECT_EQ(state(), "gaps 2024-03-26T00:00:00Z");
    alarm("2024-03-27T12:00:00Z");
    alarm("2024-03-28T05:30:00Z");
    EXPECT_EQ(state(), "clock_drift 2024-03-27T12:00:00Z");
    owner("INSERT INTO silence VALUES (" + number() + ", '2024-03-28T05:00:00Z', '2024-03-28T05:45:00Z', NULL)");
    EXPECT_EQ(state(), "silent 2024-03-28T05:00:00Z");
    refuse("policy", "2024-03-28T05:10:00Z");
    EXPECT_EQ(state(), "refused 2024-03-28T05:10:00Z");
    for (const char* reason : {"no_key", "wrong_key", "bad_tag"})
        refuse(reason, "2024-03-28T05:20:00Z");
    EXPECT_EQ(state(), "key_fault 2024-03-28T05:20:00Z");
    refuse("replay", "2024-03-28T05:30:00Z");
    EXPECT_EQ(state(), "replay_alarm 2024-03-28T05:30:00Z");
}

TEST_F(MeterStates, what_is_over_is_no_fault)
{
    lack("2024-03-27T00:00:00Z", true);
    lack("2024-03-26T00:00:00Z", false, "7");
    alarm("2024-03-27T05:59:59Z");
    owner("INSERT INTO silence VALUES (" + number() +
          ", '2024-03-28T00:00:00Z', '2024-03-28T01:00:00Z', '2024-03-28T02:00:00Z')");
    refuse("wrong_key", "2024-03-28T04:59:59Z"); // something was accepted since
    EXPECT_EQ(state(), "on_time");
    owner("UPDATE meter_counter SET last_accepted_at = '2024-03-26T18:00:00Z' WHERE meter_id = " + number());
    owner("DELETE FROM quarantine");
    EXPECT_EQ(state(), "on_time") << "36 hours";
    owner("UPDATE meter_counter SET last_accepted_at = '2024-03-26T17:59:59Z' WHERE meter_id = " + number());
    EXPECT_EQ(state(), "silent 2024-03-26T17:59:59Z");
}

TEST_F(MeterStates, a_fault_that_began_is_told_since_its_first_sign)
{
    refuse("wrong_key", "2024-03-28T04:00:00Z"); // before what was accepted last
    refuse("wrong_key", "2024-03-28T05:10:00Z");
    refuse("bad_tag", "2024-03-28T05:40:00Z");
    EXPECT_EQ(state(), "key_fault 2024-03-28T05:10:00Z");
}

TEST_F(ApiMorning, an_empty_fleet_has_a_quiet_morning)
{
    const MorningReport report = store.morning(operations, now).value();
    EXPECT_TRUE(report.outages.empty());
    EXPECT_EQ(report.meters, 0);
    EXPECT_EQ(report.rate.expected, 0);
    EXPECT_TRUE(report.events_by_kind.empty());
    EXPECT_TRUE(rates("2024-03-27", "hour", operations).empty());
}

} // namespace releve::store::test
