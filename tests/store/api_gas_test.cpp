// What a gas meter and a household's dongle say, as people read it.

#include "store_fixture.hpp"

#include <releve/engine/gas.hpp>
#include <releve/store/api_store.hpp>

namespace releve::store::test {

namespace {

const MeterModel* gas_model(std::string_view name)
{
    static const MeterModel model = [] {
        MeterModel made;
        made.name = "gas";
        ChannelModel index;
        index.channel = ChannelId{1};
        index.name = "volume_index";
        index.kind = ChannelKind::reading;
        index.quantity = Quantity::cumulative;
        index.unit = Unit::cubic_metre;
        index.scaler = -3;
        index.digits = 8;
        index.day_start = engine::gas_day_start;
        index.main = true;
        ChannelModel hours = index;
        hours.channel = ChannelId{2};
        hours.name = "volume";
        hours.kind = ChannelKind::interval;
        hours.quantity = Quantity::volume;
        hours.step = Seconds{3600};
        hours.digits = 0;
        hours.main = false;
        made.channels = {index, hours};
        WizeField alarms;
        alarms.role = WizeField::Role::alarms;
        alarms.alarms = {{3, "battery_low", {"Battery low", "Pile faible", "Replace it.", "À remplacer."}}};
        made.wize_layouts = {{"day", 0x20, {}, false, {alarms}}};
        return made;
    }();
    return name == model.name ? &model : test_model(name);
}

} // namespace

class ApiGas : public StoreTest {
protected:
    static constexpr const char* home = "14000000000001";
    ApiStore store{address, gas_model};
    BatchWriter writer{address, 1};
    Numbers numbers;
    MeterId meter;
    Identity who;
    std::uint64_t counter = 0;

    void SetUp() override
    {
        add_usage_point(home);
        owner("UPDATE usage_point SET energy = 'gas'");
        meter = add_gas_meter("0000000000000001");
        install(meter, home, "2024-03-01T00:00:00Z");
        who = sign_in(add_token("household", {}, {home}));
    }
    Identity sign_in(const std::string& key)
    {
        return store.authenticate(key, at("2024-06-01T00:00:00Z")).value();
    }
    MeterId add_gas_meter(const std::string& title)
    {
        const MeterId added = add_meter(title);
        owner("UPDATE meter SET model = 'gas' WHERE id = " + std::to_string(added.value));
        return added;
    }
    FrameWrite index(MeterId of, Instant when, std::int64_t value, ChannelId channel = {1})
    {
        FrameWrite write = frame(of, ++counter, "2024-03-30", 1);
        write.interval_days.clear();
        write.register_days.push_back({paris().day_of(when, engine::gas_day_start),
                                       {{{channel, when, value, {true, 1, counter, Quality::raw, 0}}}}});
        return write;
    }
    /// At the start of that gas day.
    FrameWrite morning(const char* date, std::int64_t value)
    {
        return index(meter, paris().start_of(day(date), engine::gas_day_start), value);
    }
    void write(std::vector<FrameWrite> frames)
    {
        const BatchResult result = writer.write(numbers.request(frames)).value();
        for (const auto& reason : result.reasons)
            EXPECT_EQ(reason, "");
    }
    void coefficient(const std::string& kwh_per_m3_e5, const std::string& days,
                     const std::string& known = "[2024-01-01Z,)")
    {
        owner("INSERT INTO conversion_coefficient (usage_point, kwh_per_m3_e5, validity, known) VALUES ('" +
              std::string{home} + "', " + kwh_per_m3_e5 + ", '" + days + "', '" + known + "')");
    }
    RegisterDays daily(const char* from, const char* to, const AsOf& as_of = {}, const char* channel = "")
    {
        const auto answer = store.daily(who, {home}, day(from), day(to), channel, as_of);
        EXPECT_TRUE(answer) << (answer ? "" : to_string(answer.error()));
        return answer ? answer->registers.value() : RegisterDays{};
    }
    /// "03-30 1500 16755": day, dm3, Wh; what is not known is "-".
    static std::string text(const RegisterDays& days)
    {
        const auto number = [](const auto& value) {
            return value ? std::to_string(*value) : std::string{"-"};
        };
        std::string out;
        for (const RegisterDayRow& row : days.days)
            out += (out.empty() ? "" : ", ") + to_iso8601(row.day).substr(5) + " " + number(row.amount) +
                   " " + number(row.energy_wh);
        return out;
    }
};

TEST_F(ApiGas, days_begin_at_six_and_energy_is_by_the_coefficient_of_the_day)
{
    // The clock changes in the gas day of the 30th: it has 23 hours.
    write({morning("2024-03-29", 10'000'000), morning("2024-03-30", 10'001'500),
           morning("2024-03-31", 10'002'000), morning("2024-04-01", 10'005'001)});
    coefficient("1117000", "[,2024-03-31)");
    coefficient("1098123", "[2024-03-31,)");
    const RegisterDays days = daily("2024-03-29", "2024-04-02");
    EXPECT_EQ(text(days), "03-29 1500 16755, 03-30 500 5585, 03-31 3001 32955, 04-01 - -")
        << "32954.671 rounds up";
    EXPECT_EQ(days.channel, "volume_index");
    EXPECT_EQ(days.scaler, -3);
    EXPECT_EQ(days.day_start, engine::gas_day_start);
    EXPECT_EQ(days.days[0].index_start, 10'000'000);
    EXPECT_EQ(days.days[0].index_end, 10'001'500);
    EXPECT_EQ(days.days[0].quality, Quality::raw);
    EXPECT_EQ(days.days[2].kwh_per_m3_e5, 1'098'123);
    EXPECT_EQ(days.days[3].index_start, 10'005'001);
    EXPECT_EQ(days.days[3].quality, Quality::missing);
    EXPECT_TRUE(days.faults.empty());
}

TEST_F(ApiGas, a_hole_is_covered_by_one_amount_wherever_the_question_begins)
{
    write({morning("2024-03-05", 1'000), morning("2024-03-06", 2'000), morning("2024-04-20", 48'000)});
    coefficient("1100000", "[2024-01-01,2025-01-01)");
    for (const auto& [from, to] :
         {std::pair{"2024-03-05", "2024-04-21"}, std::pair{"2024-03-20", "2024-03-21"}}) {
        const RegisterDays days = daily(from, to);
        for (const RegisterDayRow& row : days.days) {
            if (row.day < day("2024-03-06") || row.day >= day("2024-04-20"))
                continue;
            EXPECT_FALSE(row.amount);
            EXPECT_EQ(row.covering,
                      (CoveringStretch{day("2024-03-06"), day("2024-04-20"), 46'000, 506'000, true}));
        }
    }
    EXPECT_EQ(text(daily("2024-03-05", "2024-03-06")), "03-05 1000 11000");
    coefficient("1200000", "[2024-03-10,2024-03-11)", "[2023-01-01Z,2023-06-01Z)");
    EXPECT_EQ(daily("2024-03-20", "2024-03-21").days[0].covering->energy_wh, 506'000) << "no longer believed";
    owner("DELETE FROM conversion_coefficient");
    coefficient("1100000", "[2024-01-01,2024-03-10)");
    const auto covering = daily("2024-03-20", "2024-03-21").days[0].covering;
    EXPECT_EQ(covering->amount, 46'000);
    EXPECT_FALSE(covering->energy_wh) << "no coefficient holds on all of its days";
}

TEST_F(ApiGas, an_exchange_counts_nothing_across_it)
{
    const MeterId next = add_gas_meter("0000000000000002");
    owner("UPDATE installation SET validity = tstzrange('2024-03-01T00:00:00Z', '2024-03-30T11:00:00Z')");
    install(next, home, "2024-03-30T11:00:00Z");
    const Instant exchange = at("2024-03-30T11:00:00Z");
    write({morning("2024-03-30", 50'000), index(meter, exchange, 50'700), index(next, exchange, 12),
           index(next, at("2024-03-31T04:00:00Z"), 312)});
    const RegisterDays days = daily("2024-03-30", "2024-03-31");
    EXPECT_EQ(text(days), "03-30 1000 -");
    EXPECT_EQ(days.days[0].index_start, 50'000);
    EXPECT_EQ(days.days[0].index_end, 312);
    EXPECT_TRUE(days.faults.empty());
    // Without the closing index what was used before the exchange is not known, and the answer says so.
    owner("DELETE FROM register_day WHERE meter_id = " + std::to_string(meter.value));
    write({morning("2024-03-30", 50'000)});
    const RegisterDays unread = daily("2024-03-30", "2024-03-31");
    EXPECT_FALSE(unread.days[0].amount);
    EXPECT_EQ(unread.days[0].covering,
              (CoveringStretch{day("2024-03-30"), day("2024-03-31"), 300, {}, false}));
    ASSERT_EQ(unread.faults.size(), 1U);
    EXPECT_EQ(unread.faults[0].kind, engine::RegisterFault::Kind::unread_exchange);
    EXPECT_EQ(unread.faults[0].at, exchange);
    EXPECT_TRUE(daily("2024-04-01", "2024-04-02").faults.empty()) << "faults are those of the days asked for";
}

TEST_F(ApiGas, an_exchange_at_the_beginning_of_a_day_keeps_the_day_before)
{
    const MeterId next = add_gas_meter("0000000000000002");
    const Instant exchange = paris().start_of(day("2024-03-30"), engine::gas_day_start);
    owner("UPDATE installation SET validity = tstzrange('2024-03-01T00:00:00Z', '" + to_iso8601(exchange) + "')");
    install(next, home, to_iso8601(exchange).c_str());
    write({morning("2024-03-29", 50'000), index(meter, exchange, 50'700), index(next, exchange, 12),
           index(next, at("2024-03-31T04:00:00Z"), 312)});
    const RegisterDays days = daily("2024-03-29", "2024-03-31");
    EXPECT_EQ(text(days), "03-29 700 -, 03-30 300 -");
    EXPECT_TRUE(days.faults.empty()) << "the closing index stands under the day that begins with it";
}

TEST_F(ApiGas, a_register_rolls_over_and_a_backwards_step_is_told)
{
    write({morning("2024-03-10", 99'999'000), morning("2024-03-11", 1'000), morning("2024-03-12", 900),
           morning("2024-03-13", 1'900)});
    const RegisterDays days = daily("2024-03-10", "2024-03-13");
    EXPECT_EQ(text(days), "03-10 2000 -, 03-11 - -, 03-12 1000 -");
    ASSERT_EQ(days.faults.size(), 1U);
    EXPECT_EQ(days.faults[0].kind, engine::RegisterFault::Kind::backwards);
    EXPECT_EQ(days.faults[0].at, paris().start_of(day("2024-03-12"), engine::gas_day_start));
}

TEST_F(ApiGas, as_it_was_known_in_reads_and_in_coefficients)
{
    write({morning("2024-03-30", 1'000), morning("2024-03-31", 2'000)});
    coefficient("1100000", "[2024-03-01,2024-05-01)", "[2024-05-01Z,2024-06-01T08:00:03Z)");
    coefficient("1200000", "[2024-03-01,2024-05-01)", "[2024-06-01T08:00:03Z,)");
    const auto then = [](const char* instant) {
        return AsOf{.instant = at(instant), .now = at("2024-06-02T00:00:00Z")};
    };
    const std::string first = "03-30 1000 11000", corrected = "03-30 1000 12000", grown = "03-30 2000 24000";
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", then("2024-06-01T08:00:02Z"))), first);
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", then("2024-06-01T08:00:04Z"))), corrected);
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", {.batch = BatchNumber{1}})), first)
        << "when it was committed";
    FrameWrite better = morning("2024-03-31", 3'000);
    write({better});
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31")), grown);
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", {.batch = BatchNumber{1}})), first);
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", then("2024-06-01T08:00:02Z"))), first);
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", {.batch = BatchNumber{0}})), "03-30 - -");
}

TEST_F(ApiGas, a_home_with_daily_totals_has_its_days_and_nothing_finer)
{
    owner("UPDATE usage_point SET collection = 'daily'");
    FrameWrite evening = index(meter, at("2024-03-30T17:00:00Z"), 1'500);
    evening.register_days[0].first_reads_only = true;
    evening.archive.clear();
    write({evening});
    const AsOf number_one{.batch = BatchNumber{1}};
    const std::string before = text(daily("2024-03-29", "2024-03-31", number_one));
    FrameWrite first = morning("2024-03-30", 1'000), second = morning("2024-03-31", 2'000);
    first.register_days[0].first_reads_only = second.register_days[0].first_reads_only = true;
    first.archive.clear();
    second.archive.clear();
    write({first, second});
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31")), "03-30 1000 -");
    EXPECT_EQ(text(daily("2024-03-30", "2024-03-31", {.batch = BatchNumber{2}})), "03-30 1000 -");
    EXPECT_EQ(text(daily("2024-03-29", "2024-03-31", number_one)), before)
        << "what was let go of was never told";
    EXPECT_EQ(store.readings(who, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-31T00:00:00Z"), "volume")
                  .error()
                  .code,
              errc::daily_only);
    EXPECT_EQ(store.live(who, {home}).error().code, errc::daily_only);
    EXPECT_EQ(store.live_half_hours(who, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-31T00:00:00Z"))
                  .error()
                  .code,
              errc::daily_only);
}

TEST_F(ApiGas, hours_are_readings_and_their_sum_is_not_a_day)
{
    FrameWrite hours = frame(meter, ++counter, "2024-03-29", 1);
    const Instant six = paris().start_of(day("2024-03-29"), engine::gas_day_start);
    hours.interval_days = {{ChannelId{2},
                            day("2024-03-29"),
                            {six, Seconds{3600}, 24, {{0, {120, {true, 1, 1, Quality::raw, 0}}}}}}};
    write({hours});
    const auto readings = store.readings(who, {home}, six, six + Seconds{86'400}, "volume").value();
    ASSERT_EQ(readings.readings.size(), 1U);
    EXPECT_EQ(readings.unit, Unit::cubic_metre);
    EXPECT_EQ(readings.scaler, -3);
    EXPECT_EQ(readings.step, Seconds{3600});
    EXPECT_EQ(readings.readings[0].value, 120);
    EXPECT_EQ(store.daily(who, {home}, day("2024-03-29"), day("2024-03-30"), "volume").error().code,
              errc::bad_parameter);
}

TEST_F(ApiGas, an_electricity_register_has_days_from_midnight)
{
    owner("UPDATE meter SET model = 'test'");
    FrameWrite first = index(meter, at("2024-03-29T23:00:00Z"), 5'000, {20}),
               second = index(meter, at("2024-03-30T23:00:00Z"), 7'300, {20});
    first.register_days[0].day = day("2024-03-30");
    second.register_days[0].day = day("2024-03-31");
    write({first, second});
    const RegisterDays days = daily("2024-03-30", "2024-03-31", {}, "active_energy_import");
    EXPECT_EQ(text(days), "03-30 2300 -") << "Wh; no coefficient is asked for";
    EXPECT_EQ(days.unit, Unit::watt_hour);
    EXPECT_EQ(days.days[0].index_end, 7'300);
}

TEST_F(ApiGas, a_gas_usage_point_without_a_meter_has_empty_gas_days)
{
    owner("DELETE FROM installation");
    const RegisterDays days = daily("2024-03-30", "2024-04-01");
    EXPECT_EQ(text(days), "03-30 - -, 03-31 - -");
    EXPECT_EQ(days.unit, Unit::cubic_metre);
}

TEST_F(ApiGas, what_a_meter_said_elsewhere_is_not_told_here)
{
    add_usage_point("14000000000002");
    owner("UPDATE installation SET validity = tstzrange('2024-03-01T00:00:00Z', '2024-03-30T11:00:00Z')");
    install(meter, "14000000000002", "2024-03-30T11:00:00Z");
    write({morning("2024-03-29", 1'000), morning("2024-03-30", 2'000), morning("2024-03-31", 9'000)});
    write({index(meter, at("2024-03-30T20:00:00Z"), 5'000)}); // of a stored day that both homes share
    const RegisterDays days = daily("2024-03-29", "2024-04-01");
    EXPECT_EQ(text(days), "03-29 1000 -, 03-30 - -, 03-31 - -");
    EXPECT_TRUE(days.faults.empty());
    EXPECT_EQ(store.daily(who, {"14000000000002"}, day("2024-03-29"), day("2024-04-01"), "").error().code,
              errc::not_found);
    EXPECT_EQ(store.coefficients(who, {"14000000000002"}, {}).error().code, errc::not_found);
    EXPECT_EQ(store.live(who, {"14000000000002"}).error().code, errc::not_found);
}

TEST_F(ApiGas, coefficients_are_listed_with_when_they_were_believed)
{
    coefficient("1100000", "[2024-03-01,2024-05-01)", "[2024-05-01Z,2024-06-01Z)");
    coefficient("1117500", "[2024-03-01,)", "[2024-06-01Z,)");
    const auto list = store.coefficients(who, {home}, {}).value();
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].to, day("2024-05-01"));
    EXPECT_EQ(list[0].known_to, at("2024-06-01T00:00:00Z"));
    EXPECT_EQ(list[1].kwh_per_m3_e5, 1'117'500);
    EXPECT_FALSE(list[1].to);
    EXPECT_EQ(store.coefficients(who, {home}, {1, std::to_string(list[0].id)}).value().at(0).id, list[1].id);
    EXPECT_EQ(store.coefficients(sign_in(add_token("auditor", {"root"}, {})), {home}, {}).error().code,
              errc::forbidden);
}

class ApiLive : public ApiGas {
protected:
    MeterId dongle;

    void SetUp() override
    {
        ApiGas::SetUp();
        dongle = add_meter("0000123456789012");
        owner("INSERT INTO installation (meter_id, usage_point, validity, purpose) VALUES (" +
              std::to_string(dongle.value) + ", '" + home + "', '[2024-03-01Z,)', 'live')");
    }
    void say(const char* when, std::int64_t value_va, const char* label = "PAPP")
    {
        FrameWrite frame_of_dongle = frame(dongle, ++counter, "2024-03-30", 1);
        frame_of_dongle.interval_days.clear();
        frame_of_dongle.extra().live.push_back({label, at(when), value_va, Unit::volt_ampere, 0, true});
        write({frame_of_dongle});
    }
};

TEST_F(ApiLive, the_last_values_and_half_hours_of_a_dongle)
{
    EXPECT_TRUE(store.live(who, {home}).value().empty());
    EXPECT_TRUE(store.accesses(who, {home}, {}).value().empty()) << "nothing was seen";
    say("2024-03-30T10:05:00Z", 500);
    say("2024-03-30T10:25:00Z", 501);
    say("2024-03-30T10:31:00Z", -3);
    say("2024-03-30T10:32:00Z", -2);
    const auto live = store.live(who, {home}).value();
    ASSERT_EQ(live.size(), 1U);
    EXPECT_EQ(live[0].label, "PAPP");
    EXPECT_EQ(live[0].value, -2);
    EXPECT_EQ(live[0].unit, Unit::volt_ampere);
    EXPECT_EQ(live[0].at, at("2024-03-30T10:32:00Z"));
    const auto half_hours =
        store.live_half_hours(who, {home}, at("2024-03-30T10:00:00Z"), at("2024-03-30T11:00:00Z")).value();
    ASSERT_EQ(half_hours.size(), 2U);
    EXPECT_EQ(half_hours[0].value, 501) << "500.5 rounds up";
    EXPECT_EQ(half_hours[0].samples, 2);
    EXPECT_EQ(half_hours[1].value, -2) << "-2.5 rounds up";
    EXPECT_TRUE(store.live_half_hours(who, {home}, at("2024-03-30T09:00:00Z"), at("2024-03-30T10:00:00Z"))
                    .value()
                    .empty());
    EXPECT_EQ(store.accesses(who, {home}, {}).value().at(0).what, "live");
    EXPECT_EQ(store.live(sign_in(add_token("auditor", {"root"}, {})), {home}).error().code, errc::forbidden);
}

TEST_F(ApiLive, a_dongle_never_mixes_with_what_is_billed)
{
    owner("UPDATE usage_point SET energy = 'electricity'");
    owner("DELETE FROM installation WHERE purpose = 'metering'");
    write({frame(dongle, ++counter, "2024-03-30", 999)});
    const auto days = store.daily(who, {home}, day("2024-03-30"), day("2024-03-31"), "").value();
    EXPECT_EQ(days.days[0].summary.missing, 48);
    EXPECT_TRUE(store.readings(who, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-31T00:00:00Z"), "")
                    .value()
                    .readings.empty());
}

TEST_F(ApiLive, what_the_dongle_said_at_the_home_before_is_not_told_here)
{
    say("2024-03-30T10:05:00Z", 500);
    owner("UPDATE installation SET validity = '[2024-03-31Z,)' WHERE purpose = 'live'");
    EXPECT_TRUE(store.live(who, {home}).value().empty());
    EXPECT_TRUE(store.live_half_hours(who, {home}, at("2024-03-30T00:00:00Z"), at("2024-03-31T00:00:00Z"))
                    .value()
                    .empty());
}

TEST_F(ApiGas, operators_see_events_gateways_receptions_and_commands)
{
    owner("INSERT INTO gateway (id, organisation, label) VALUES ('roof-1', 'root', 'Town hall'), ('Roof-2', "
          "'root', '')");
    owner("INSERT INTO meter_reception VALUES (" + std::to_string(meter.value) +
          ", 7, 'roof-1', -93, '2024-03-30Z', 3)");
    owner("INSERT INTO command (meter_id, kind, summary, payload, key_id, counter, created_at, expires_at) "
          "VALUES (" +
          std::to_string(meter.value) +
          ", 'set_clock', 'Sets the clock', '', 1, 1, '2024-03-30Z', '2024-04-30Z')");
    FrameWrite alarmed = morning("2024-03-30", 1'000);
    alarmed.extra().events = {{"battery_low", "bit 3", at("2024-03-30T05:00:00Z")},
                              {"tamper", "", at("2024-03-30T05:00:00Z")}};
    write({alarmed});
    const Identity operations = sign_in(add_token("operator", {"root"}, {})),
                   manager = sign_in(add_token("energy_manager", {"root"}, {}));
    const auto events = store.events(manager, {}, {}).value();
    ASSERT_EQ(events.size(), 2U);
    for (const EventRow& event : events)
        EXPECT_EQ(event.words ? event.words->label_fr : "", event.kind == "battery_low" ? "Pile faible" : "") << event.kind;
    EXPECT_EQ(store.events(operations, {.kind = "tamper"}, {}).value().at(0).meter, meter);
    EXPECT_TRUE(
        store.events(operations, {.kind = "", .meter = MeterId{meter.value + 1}}, {}).value().empty());
    EXPECT_TRUE(
        store.events(operations, {.kind = "", .from = at("2024-03-30T05:00:01Z")}, {}).value().empty());
    EXPECT_TRUE(store.events(operations, {.kind = "", .to = at("2024-03-30T05:00:00Z")}, {}).value().empty());
    EXPECT_EQ(store.events(operations, {}, {100, std::to_string(events[0].id)}).value().at(0).id,
              events[1].id);
    const auto gateways = store.gateways(operations, {}).value();
    ASSERT_EQ(gateways.size(), 2U);
    EXPECT_EQ(gateways[0].id, "Roof-2") << "by bytes, so that paging is";
    EXPECT_EQ(store.gateways(operations, {100, "Roof-2"}).value().at(0).label, "Town hall");
    EXPECT_EQ(store.meter(operations, meter, at("2024-06-01T00:00:00Z")).value().reception->signal_dbm, -93);
    const auto commands = store.commands(operations, meter, {}).value();
    ASSERT_EQ(commands.size(), 1U);
    EXPECT_EQ(commands[0].summary, "Sets the clock");
    EXPECT_EQ(commands[0].state, "queued");
    EXPECT_EQ(store.commands(operations, MeterId{meter.value + 9}, {}).error().code, errc::not_found);
    for (const auto& refused : {store.events(who, {}, {}).error(), store.gateways(manager, {}).error(),
                                store.gateways(who, {}).error(), store.commands(manager, meter, {}).error()})
        EXPECT_EQ(refused.code, errc::forbidden);
}

} // namespace releve::store::test
