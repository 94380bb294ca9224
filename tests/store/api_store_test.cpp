#include "store_fixture.hpp"

#include <releve/store/api_store.hpp>

namespace releve::store::test {

class Api : public StoreTest {
protected:
    static constexpr const char* home = "01000000000001";
    ApiStore store{address, test_model};
    BatchWriter writer{address, 1};
    Numbers numbers;
    MeterId meter;
    Identity who;

    void SetUp() override
    {
        add_usage_point(home);
        meter = add_meter("4c4b590000000001");
        install(meter, home, "2024-03-01T00:00:00Z");
        who = sign_in(add_token("household", {}, {home}));
    }
    Identity sign_in(const std::string& key)
    {
        return store.authenticate(key, at("2024-06-01T00:00:00Z")).value();
    }
    void write(std::vector<FrameWrite> frames)
    {
        const BatchResult result = writer.write(numbers.request(frames)).value();
        for (const auto& reason : result.reasons)
            EXPECT_EQ(reason, "");
    }
};

TEST_F(Api, a_token_is_known_until_it_expires)
{
    EXPECT_EQ(who.role, Role::household);
    EXPECT_EQ(who.usage_points, std::vector<UsagePointId>{{home}});
    EXPECT_EQ(store.authenticate("nobody", at("2024-06-01T00:00:00Z")).error().code, errc::unauthorized);
    EXPECT_EQ(store.authenticate(who.key, at("2100-06-01T00:00:00Z")).error().code, errc::unauthorized);
}

TEST_F(Api, days_of_half_hours_are_summed_and_empty_days_are_there)
{
    write({frame(meter, 1, "2024-03-30", 100), frame(meter, 2, "2024-03-31", 200)});
    const auto answer = store.daily(who, {home}, day("2024-03-29"), day("2024-04-01"), "").value();
    ASSERT_EQ(answer.days.size(), 3U);
    EXPECT_EQ(answer.zone, "Europe/Paris");
    EXPECT_EQ(answer.days[0].summary.missing, 48);
    EXPECT_EQ(answer.days[0].summary.quality, Quality::missing);
    EXPECT_EQ(answer.days[1].summary.energy_wh, 2400);
    EXPECT_EQ(answer.days[2].summary.energy_wh, 4600) << "23 hours";
    EXPECT_EQ(answer.days[2].summary.slots, 46);
    EXPECT_EQ(answer.days[2].summary.missing, 0);
}

TEST_F(Api, readings_come_in_their_range_with_their_quality)
{
    write({frame(meter, 1, "2024-03-30", 100)});
    owner("INSERT INTO check_due SELECT id, '2024-03-30', '2024-03-30', 1 FROM meter ON CONFLICT (meter_id) DO UPDATE SET "
          "day_from = '2024-03-30', day_to = '2024-03-30', job = NULL"); // no rule has looked at it yet
    const auto answer = store
                            .readings(who, {home}, at("2024-03-30T10:15:00Z"), at("2024-03-30T11:30:00Z"),
                                      "active_power_import")
                            .value();
    EXPECT_EQ(answer.channel, "active_power_import");
    EXPECT_EQ(answer.step, Seconds{1800});
    ASSERT_EQ(answer.readings.size(), 2U);
    EXPECT_EQ(answer.readings[0].start, at("2024-03-30T10:30:00Z"));
    EXPECT_EQ(answer.readings[0].value, 100);
    EXPECT_EQ(answer.readings[0].quality, Quality::raw);
    EXPECT_EQ(store.readings(who, {home}, at("2024-03-30T10:00:00Z"), at("2024-03-30T11:00:00Z"), "nonsense")
                  .error()
                  .code,
              errc::bad_parameter);
}

TEST_F(Api, registers_are_readings_without_a_step)
{
    FrameWrite reads = frame(meter, 1, "2024-03-30", 1);
    reads.interval_days.clear();
    RegisterBlock block;
    block.reads = {{ChannelId{20}, at("2024-03-30T06:00:00Z"), 1000, {true, 1, 1, Quality::raw, 0}},
                   {ChannelId{21}, at("2024-03-30T06:00:00Z"), 7, {true, 1, 1, Quality::raw, 0}}};
    reads.register_days.push_back({day("2024-03-30"), block});
    write({reads});
    const auto answer = store
                            .readings(who, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-31T00:00:00Z"),
                                      "active_energy_import")
                            .value();
    EXPECT_EQ(answer.step, Seconds{0});
    ASSERT_EQ(answer.readings.size(), 1U);
    EXPECT_EQ(answer.readings[0].value, 1000);
}

TEST_F(Api, a_meter_exchange_gives_one_day_from_two_meters)
{
    const MeterId next = add_meter("4c4b590000000002");
    owner("UPDATE installation SET validity = tstzrange('2024-03-01T00:00:00Z', '2024-03-30T11:00:00Z')");
    install(next, home, "2024-03-30T11:00:00Z");
    // Both blocks are full: each counts only for the time its meter was there.
    write({frame(meter, 1, "2024-03-30", 100), frame(next, 1, "2024-03-30", 300),
           frame(next, 2, "2024-04-02", 300)});
    const auto answer = store.daily(who, {home}, day("2024-03-30"), day("2024-03-31"), "").value();
    EXPECT_EQ(answer.days[0].summary.energy_wh, 24 * 50 + 24 * 150);
    EXPECT_EQ(answer.days[0].summary.missing, 0);
    const auto readings =
        store.readings(who, {home}, at("2024-03-30T10:00:00Z"), at("2024-03-30T12:00:00Z"), "").value();
    ASSERT_EQ(readings.readings.size(), 4U);
    EXPECT_EQ(readings.readings[1].value, 100);
    EXPECT_EQ(readings.readings[2].value, 300);
}

TEST_F(Api, a_daily_home_has_totals_and_no_readings)
{
    owner("UPDATE usage_point SET collection = 'daily'");
    FrameWrite total = frame(meter, 1, "2024-03-30", 1);
    total.interval_days.clear();
    total.archive.clear();
    total.daily_totals.push_back(daily_write(home, "2024-03-30", 8765, 1));
    write({total});
    const auto answer = store.daily(who, {home}, day("2024-03-29"), day("2024-03-31"), "").value();
    EXPECT_EQ(answer.days[0].summary.missing, 48);
    EXPECT_EQ(answer.days[1].summary, total.daily_totals[0].summary);
    EXPECT_EQ(
        store.readings(who, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-31T00:00:00Z"), "").error().code,
        errc::daily_only);
}

TEST_F(Api, what_one_may_not_see_does_not_exist)
{
    add_usage_point("02000000000002");
    EXPECT_EQ(store.usage_point(who, {"02000000000002"}).error().code, errc::not_found);
    EXPECT_EQ(store.daily(who, {"02000000000002"}, day("2024-03-29"), day("2024-03-31"), "").error().code,
              errc::not_found);
    EXPECT_EQ(store.accesses(who, {"02000000000002"}, {}).error().code, errc::not_found);
    EXPECT_EQ(store.list_usage_points(who, {}).value().size(), 1U);
    const MeterId other = add_meter("4c4b590000000002");
    EXPECT_EQ(store.meter(who, other, at("2024-06-01T00:00:00Z")).error().code, errc::not_found);
    const Identity auditor = sign_in(add_token("auditor", {"root"}, {}));
    EXPECT_EQ(store.daily(auditor, {home}, day("2024-03-29"), day("2024-03-31"), "").error().code,
              errc::forbidden);
    EXPECT_EQ(store.quarantine(who, "", {}).error().code, errc::forbidden);
}

TEST_F(Api, every_read_of_a_persons_data_is_told_to_the_person)
{
    const Identity manager = sign_in(add_token("energy_manager", {"root"}, {}));
    (void)store.daily(manager, {home}, day("2024-03-29"), day("2024-03-31"), "").value();
    (void)store.readings(manager, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-30T12:00:00Z"), "").value();
    (void)store.usage_point(manager, {home}).value();
    const auto accesses = store.accesses(who, {home}, {}).value();
    ASSERT_EQ(accesses.size(), 3U);
    EXPECT_EQ(accesses[2].what, "daily");
    EXPECT_EQ(accesses[2].role, "energy_manager");
    EXPECT_EQ(accesses[2].from, day("2024-03-29"));
    EXPECT_EQ(accesses[2].to, day("2024-03-31"));
    EXPECT_EQ(accesses[1].what, "readings");
    const auto older = store.accesses(who, {home}, {10, std::to_string(accesses[1].id)}).value();
    ASSERT_EQ(older.size(), 1U);
    EXPECT_EQ(older[0].id, accesses[2].id);
}

TEST_F(Api, meters_have_a_state_from_what_was_heard_last)
{
    const MeterId silent = add_meter("4c4b590000000002"), refused = add_meter("4c4b590000000003"),
                  unseen = add_meter("4c4b590000000004");
    write({frame(meter, 1, "2024-03-30", 1)});
    owner("INSERT INTO meter_counter VALUES (" + std::to_string(silent.value) +
          ", '{1}', '{1}', '{1}', '2024-05-01T00:00:00Z')");
    owner("INSERT INTO quarantine (reason, detail, received_at, peer, system_title, meter_id, digest, "
          "frame_bytes) VALUES "
          "('wrong_key', '', '2024-06-01T08:00:00Z', '', '', " +
          std::to_string(refused.value) + ", 0, 0)");
    const Identity operations = sign_in(add_token("operator", {"root"}, {}));
    const Instant now = at("2024-06-01T08:00:30Z");
    const auto meters = store.list_meters(operations, {}, now).value();
    ASSERT_EQ(meters.size(), 4U);
    EXPECT_EQ(meters[0].state, "on_time");
    EXPECT_EQ(meters[0].last_accepted_at, at("2024-06-01T08:00:01Z"));
    EXPECT_EQ(meters[0].usage_point, home);
    EXPECT_EQ(meters[1].state, "silent");
    EXPECT_EQ(meters[2].state, "key_fault");
    EXPECT_EQ(meters[2].state_since, at("2024-06-01T08:00:00Z"));
    EXPECT_EQ(meters[2].refused_24h, 1);
    EXPECT_EQ(meters[3].state, "never_seen");
    EXPECT_EQ(store.meter(operations, unseen, now).value().address, "4c4b590000000004");
    EXPECT_EQ(store.list_meters(operations, {1, std::to_string(meter.value)}, now).value().at(0).meter,
              silent);

    const auto summary = store.operations(operations, now).value();
    EXPECT_EQ(summary.meters_by_state,
              (std::vector<std::pair<std::string, std::int64_t>>{
                  {"key_fault", 1}, {"never_seen", 1}, {"on_time", 1}, {"silent", 1}}));
    EXPECT_EQ(summary.refused_by_reason,
              (std::vector<std::pair<std::string, std::int64_t>>{{"wrong_key", 1}}));
    EXPECT_EQ(summary.readings_last_minute, 48);
    EXPECT_EQ(summary.readings_total, 48);
    EXPECT_EQ(store.quarantine(operations, "wrong_key", {}).value().at(0).meter, refused);
    EXPECT_TRUE(store.quarantine(operations, "replay", {}).value().empty());
}

TEST_F(Api, a_lost_connection_throws_and_the_next_call_connects)
{
    store.ping();
    owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'releve_api' AND datname = "
          "current_database()");
    EXPECT_THROW(store.ping(), std::runtime_error);
    EXPECT_NO_THROW(store.ping());
}

TEST_F(Api, an_external_database_is_read_with_the_rights_of_the_role)
{
    DatabaseAddress external = address;
    external.conninfo += " user=releve_owner";
    external.embedded = false;
    ApiStore through_login{external, test_model};
    add_usage_point("02000000000002");
    EXPECT_EQ(through_login.list_usage_points(who, {}).value().size(), 1U);
}

} // namespace releve::store::test
