// Totals of usage points and groups: from stored months where these know, else from half-hours, and always the same.

#include "stored_days.hpp"

namespace releve::store::test {

class ApiTotals : public StoredDays {
protected:
    static constexpr const char* home = "01000000000001";
    static constexpr const char* second = "02000000000002";
    static engine::DayTotal total(const char* text, std::int64_t energy_wh, std::int64_t missing = 0,
                                  Quality quality = Quality::valid)
    {
        return {day(text), energy_wh, day(text) == day("2024-03-31") ? 46 : 48, missing, 0, quality};
    }
    static AsOf number(std::int64_t batch) { return {.batch = BatchNumber{batch}}; }
    static std::string text_of(const engine::PeriodTotal& total)
    {
        return std::to_string(total.energy_wh) + "/" + std::to_string(total.days) + "d" +
               (total.missing > 0 ? " -" + std::to_string(total.missing) : "") +
               (total.estimated > 0 ? " ~" + std::to_string(total.estimated) : "") + " " +
               std::string{quality_name(total.quality)};
    }
    /// "2400/1d valid | 1200/1d valid": drawn and injected by period.
    static std::string text_of(const result<TotalsAnswer>& answer)
    {
        if (!answer)
            return std::string{error_name(answer.error().code)} + " " + answer.error().detail;
        std::string text;
        for (const TotalsRow& row : answer->rows)
            text += (text.empty() ? "" : "; ") + text_of(row.drawn) + (row.injected ? " | " + text_of(*row.injected) : "");
        return text;
    }
    std::string totals(const char* from, const char* to, engine::Period period = engine::Period::day, const AsOf& as_of = {},
                       const char* of = home)
    {
        return text_of(store.totals(who, {of}, period, day(from), day(to), as_of));
    }
    /// Of drawn energy alone.
    std::string drawn(const char* from, const char* to, engine::Period period = engine::Period::day, const AsOf& as_of = {})
    {
        std::string text;
        for (const TotalsRow& row : store.totals(who, {home}, period, day(from), day(to), as_of).value().rows)
            text += (text.empty() ? "" : "; ") + text_of(row.drawn);
        return text;
    }
    void group(const std::string& members)
    {
        owner("INSERT INTO usage_group (id, organisation, label) VALUES ('school', 'root', 'Schools'); INSERT INTO "
              "usage_group_member VALUES " +
              members);
    }
    std::string group_totals(const char* from, const char* to, engine::Period period = engine::Period::day)
    {
        return text_of(store.group_totals(who, "school", period, day(from), day(to)));
    }
};

TEST_F(ApiTotals, a_stored_month_tells_what_it_knows_and_half_hours_the_rest)
{
    const MeterId meter = add_home(home, "4c4b590000000001");
    for (const char* on : {"2024-03-10", "2024-03-11", "2024-03-12", "2024-03-13"})
        measured(meter, on, full(on, 100));
    // Figures that no half-hours give: so it shows which of both is read.
    month(meter, "2024-03-01", "2024-03-12", {total("2024-03-10", 1), total("2024-03-11", 2), total("2024-03-12", 3)});
    EXPECT_EQ(drawn("2024-03-10", "2024-03-14"), "1/1d valid; 2/1d valid; 3/1d valid; 2400/1d valid")
        << "the 13th is later than the month knows";
    due(meter, "2024-03-11", "2024-03-11");
    EXPECT_EQ(drawn("2024-03-10", "2024-03-14"), "1/1d valid; 2400/1d raw; 3/1d valid; 2400/1d valid");
    due(meter, "2024-03-11", "2024-03-11", "5");
    EXPECT_EQ(drawn("2024-03-10", "2024-03-14"), "1/1d valid; 2/1d valid; 3/1d valid; 2400/1d valid") << "a job looks again";
    batches(3);
    EXPECT_EQ(drawn("2024-03-10", "2024-03-14", engine::Period::month, number(3)), "9600/4d raw");
    EXPECT_EQ(drawn("2024-03-10", "2024-03-14", engine::Period::month, number(0)), "0/0d missing");
    EXPECT_EQ(drawn("2024-03-09", "2024-03-14", engine::Period::month), "2406/4d incomplete") << "the 9th has none";
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM access_log WHERE what = 'totals' AND usage_point = '01000000000001'"),
              "6");
}

TEST_F(ApiTotals, stored_months_and_half_hours_give_the_same_figures)
{
    const MeterId meter = add_home(home, "4c4b590000000001");
    std::vector<engine::DayTotal> stored;
    for (int i = 0; i < 31; ++i) {
        const CivilDay on = day("2024-03-01") + std::chrono::days{i};
        if (i == 7)
            continue;
        DayBlock block = full(to_iso8601(on).c_str(), 101 + 37 * i);
        if (i == 9)
            block.slots[4].reset();
        block.slots[5]->value += 1;
        measured(meter, to_iso8601(on).c_str(), block);
        stored.push_back(
            engine::day_total(releve::resolve(&block, nullptr, {true}).value(), block.step, on, flow_model("test")->channels[0])
                .value());
    }
    const auto both = [&] {
        return drawn("2024-03-01", "2024-04-01") + "\n" + drawn("2024-03-01", "2024-04-01", engine::Period::week);
    };
    const std::string from_half_hours = both();
    month(meter, "2024-03-01", "2024-03-31", stored);
    EXPECT_EQ(both(), from_half_hours);
    owner("DELETE FROM interval_day");
    EXPECT_EQ(both(), from_half_hours) << "the month alone was read";
}

TEST_F(ApiTotals, drawn_and_injected_make_the_net)
{
    const MeterId meter = add_home(home, "4c4b590000000001");
    measured(meter, "2024-03-10", full("2024-03-10", 100));
    measured(meter, "2024-03-10", full("2024-03-10", 30), 2);
    const auto answer = store.totals(who, {home}, engine::Period::month, day("2024-03-01"), day("2024-04-01")).value();
    EXPECT_EQ(text_of(result<TotalsAnswer>{answer}), "2400/1d incomplete | 720/1d incomplete");
    EXPECT_EQ(answer.rows[0].net_wh(), 1680);
    EXPECT_EQ(answer.of, home);
    EXPECT_EQ(answer.zone, "Europe/Paris");
}

TEST_F(ApiTotals, a_day_of_two_meters_is_the_sum_of_both_parts)
{
    const MeterId old = add_home(home, "4c4b590000000001");
    owner("UPDATE installation SET validity = tstzrange('2024-01-01T00:00:00Z', '2024-03-11T11:00:00Z')");
    const MeterId next = add_meter("4c4b590000000002"), elsewhere = add_meter("4c4b590000000003");
    owner("UPDATE meter SET model = 'ten' WHERE id = " + std::to_string(elsewhere.value));
    owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + std::to_string(next.value) +
          ", '01000000000001', tstzrange('2024-03-11T11:00:00Z', '2024-03-12T11:00:00Z')), (" + std::to_string(elsewhere.value) +
          ", '01000000000001', tstzrange('2024-03-12T11:00:00Z', NULL))");
    for (const char* on : {"2024-03-10", "2024-03-11", "2024-03-12"}) {
        measured(old, on, full(on, 100));
        measured(next, on, full(on, 300));
        measured(elsewhere, on, tens(on, 10));
    }
    // What they counted where they were not is in their months too.
    for (const MeterId meter : {old, next, elsewhere})
        month(meter, "2024-03-01", "2024-03-31", {total("2024-03-10", 2400), total("2024-03-11", 7), total("2024-03-12", 8)});
    EXPECT_EQ(drawn("2024-03-10", "2024-03-13"),
              "2400/1d valid; 4800/1d valid; " + std::to_string(24 * 150 + 72 * 10) + "/1d valid")
        << "the 11th of one step, the 12th of two";
    EXPECT_EQ(
        store.daily(who, {home}, day("2024-03-12"), day("2024-03-13"), "active_power_import").value().days[0].summary.energy_wh,
        24 * 150)
        << "the meter with ten minutes has no channel of this name";
}

TEST_F(ApiTotals, a_month_that_one_may_not_see_whole_is_summed_from_ones_own_half_hours)
{
    const MeterId meter = add_home(home, "4c4b590000000001");
    owner("UPDATE installation SET validity = tstzrange('2024-01-01T00:00:00Z', '2024-03-10T23:00:00Z')");
    add_usage_point(second);
    owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + std::to_string(meter.value) +
          ", '02000000000002', tstzrange('2024-03-10T23:00:00Z', NULL))");
    for (const char* on : {"2024-03-10", "2024-03-11"})
        measured(meter, on, full(on, 100));
    month(meter, "2024-03-01", "2024-03-31", {total("2024-03-10", 1), total("2024-03-11", 2)});
    EXPECT_EQ(drawn("2024-03-10", "2024-03-12"), "1/1d valid; 0/0d missing") << "an operator sees both homes";
    who = sign_in(add_token("household", {}, {home}));
    EXPECT_EQ(drawn("2024-03-10", "2024-03-12"), "2400/1d valid; 0/0d missing");
}

TEST_F(ApiTotals, a_home_with_daily_totals_has_those)
{
    const MeterId meter = add_home(home, "4c4b590000000001", "daily");
    owner("INSERT INTO daily_total SELECT '01000000000001', '2024-03-10', 1, 1, 2, 8765, 48, 0, 1, 1, NULL, NULL, "
          "decode(repeat('00', 40), 'hex'), true, 1, 1, 0");
    EXPECT_EQ(drawn("2024-03-09", "2024-03-11"), "0/0d missing; 8765/1d raw");
    batches(3);
    EXPECT_EQ(drawn("2024-03-10", "2024-03-11", engine::Period::day, number(1)), "0/0d missing");
    EXPECT_EQ(drawn("2024-03-10", "2024-03-11", engine::Period::day, number(2)), "8765/1d raw");
    // After the choice of half-hours the fuller one counts.
    owner("UPDATE usage_point SET collection = 'half_hour'");
    DayBlock part = full("2024-03-10", 100);
    part.slots[0].reset();
    measured(meter, "2024-03-10", part);
    EXPECT_EQ(drawn("2024-03-10", "2024-03-11"), "8765/1d raw");
    owner("DELETE FROM interval_day");
    measured(meter, "2024-03-10", full("2024-03-10", 100));
    EXPECT_EQ(drawn("2024-03-10", "2024-03-11"), "2400/1d valid");
}

TEST_F(ApiTotals, bad_questions_are_refused)
{
    add_home(home, "4c4b590000000001");
    EXPECT_EQ(totals("2024-03-10", "2024-03-10"), "bad_parameter to: must be after from, and at most 50 years after it");
    EXPECT_EQ(totals("1970-03-10", "2024-03-10"), "bad_parameter to: must be after from, and at most 50 years after it");
    EXPECT_EQ(totals("2024-03-10", "2024-03-11", engine::Period::day, {}, "03000000000003").substr(0, 9), "not_found");
    owner("INSERT INTO usage_point (id, energy, organisation) VALUES ('GI000001', 'gas', 'root')");
    EXPECT_EQ(totals("2024-03-10", "2024-03-11", engine::Period::day, {}, "GI000001"),
              "bad_parameter usage_point: totals are of electricity");
    EXPECT_EQ(group_totals("2024-03-10", "2024-03-11").substr(0, 9), "not_found");
    group("('school', '01000000000001', '[2024-01-01,)')");
    EXPECT_EQ(store.group_curve(who, "school", at("2024-03-10T00:00:00Z"), at("2025-03-12T00:00:00Z")).error().detail,
              "to: must be after from, and at most 366 days after it");
    EXPECT_EQ(store.group_curve(who, "none", at("2024-03-10T00:00:00Z"), at("2024-03-12T00:00:00Z")).error().code,
              errc::not_found);
    const Identity auditor = sign_in(add_token("auditor", {"root"}, {}));
    EXPECT_EQ(store.totals(auditor, {home}, engine::Period::day, day("2024-03-10"), day("2024-03-11")).error().code,
              errc::forbidden);
    EXPECT_EQ(store.group_totals(auditor, "school", engine::Period::day, day("2024-03-10"), day("2024-03-11")).error().code,
              errc::forbidden);
}

// ---- groups

class ApiGroups : public ApiTotals {
protected:
    static constexpr const char* third = "03000000000003";
    MeterId one, two, three;
    void SetUp() override
    {
        ApiTotals::SetUp();
        one = add_home(home, "4c4b590000000001");
        two = add_home(second, "4c4b590000000002", "half_hour", "ten");
        three = add_home(third, "4c4b590000000003");
    }
    /// "10:00 250/30 own 30 (2 of 2)" by half-hour.
    std::string curve(const char* from, const char* to)
    {
        std::string text;
        const auto shown = [](const std::optional<std::int64_t>& value) { return value ? std::to_string(*value) : "-"; };
        for (const GroupSlot& slot : store.group_curve(who, "school", at(from), at(to)).value().slots)
            text += (text.empty() ? "" : "; ") + to_iso8601(slot.start).substr(11, 5) + " " + shown(slot.drawn) + "/" +
                    shown(slot.injected) + " own " + shown(slot.used_own) + " (" + std::to_string(slot.present) + " of " +
                    std::to_string(slot.expected) + ")";
        return text;
    }
};

TEST_F(ApiGroups, members_count_on_the_days_of_their_membership)
{
    for (const char* on : {"2024-03-10", "2024-03-11", "2024-03-12"}) {
        measured(one, on, full(on, 100));
        measured(two, on, tens(on, 10));
        measured(three, on, full(on, 500));
    }
    measured(one, "2024-03-11", full("2024-03-11", 20), 2);
    group("('school', '01000000000001', '[2024-01-01,2024-03-12)'), ('school', '02000000000002', '[2024-03-11,)')");
    EXPECT_EQ(group_totals("2024-03-10", "2024-03-13"),
              "2400/1d valid | 0/0d missing; 3840/1d valid | 480/1d valid; 1440/1d valid | 0/0d missing");
    EXPECT_EQ(store.group_totals(who, "school", engine::Period::day, day("2024-03-10"), day("2024-03-13")).value().members, 2U);
    EXPECT_EQ(store.group_totals(who, "school", engine::Period::day, day("2024-03-10"), day("2024-03-11")).value().members, 1U);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM access_log WHERE what = 'group_totals' AND usage_point = '02000000000002' "
                                 "AND day_to = '2024-03-13'"),
              "2");
    const auto list = store.groups(who, {}, at("2024-03-12T12:00:00Z")).value();
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].label, "Schools");
    EXPECT_EQ(list[0].members, 1) << "today";
    const auto members = store.group_members(who, "school", {}).value();
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[0].to, day("2024-03-12"));
    EXPECT_EQ(members[1].from, day("2024-03-11"));
    EXPECT_FALSE(members[1].to);
    EXPECT_EQ(store.group_members(who, "school", {1, home}).value().size(), 1U);
}

TEST_F(ApiGroups, a_member_of_which_nothing_came_makes_a_day_incomplete)
{
    measured(one, "2024-03-10", full("2024-03-10", 100));
    group("('school', '01000000000001', '[2024-01-01,)'), ('school', '03000000000003', '[2024-01-01,)')");
    EXPECT_EQ(group_totals("2024-03-10", "2024-03-12"), "2400/1d -48 incomplete | 0/0d missing; 0/0d missing | 0/0d missing");
}

TEST_F(ApiGroups, are_the_sum_of_their_members_whatever_is_stored)
{
    for (int i = 0; i < 20; ++i) {
        const std::string on = to_iso8601(day("2024-03-01") + std::chrono::days{i});
        measured(one, on.c_str(), full(on.c_str(), 101 + i));
        measured(two, on.c_str(), tens(on.c_str(), 7 + i));
        measured(three, on.c_str(), full(on.c_str(), 33 + i));
    }
    month(three, "2024-03-01", "2024-03-09", {total("2024-03-03", 12'345)});
    due(three, "2024-03-05", "2024-03-06");
    group("('school', '01000000000001', '[2024-01-01,)'), ('school', '02000000000002', '[2024-01-01,)'), ('school', "
          "'03000000000003', '[2024-01-01,)')");
    std::int64_t sum = 0;
    for (const char* member : {home, second, third})
        sum += store.totals(who, {member}, engine::Period::month, day("2024-03-01"), day("2024-04-01"))
                   .value()
                   .rows[0]
                   .drawn.energy_wh;
    EXPECT_EQ(store.group_totals(who, "school", engine::Period::month, day("2024-03-01"), day("2024-04-01"))
                  .value()
                  .rows[0]
                  .drawn.energy_wh,
              sum);
}

TEST_F(ApiGroups, half_hours_of_all_members_are_one_curve)
{
    DayBlock drawn = full("2024-03-10", 101), injected = full("2024-03-10", 0);
    drawn.slots[21].reset(); // 10:30 in Paris, 09:30 UTC
    for (std::size_t i = 20; i < 24; ++i)
        injected.slots[i]->value = 300;
    measured(one, "2024-03-10", drawn);
    measured(one, "2024-03-10", injected, 2);
    DayBlock ten = tens("2024-03-10", 10);
    ten.slots[66].reset(); // of 11:00 in Paris
    ten.slots[63]->value = 11;
    measured(two, "2024-03-10", ten);
    group("('school', '01000000000001', '[2024-01-01,)'), ('school', '02000000000002', '[2024-01-01,)')");
    // 30 Wh in a half-hour are 60 W.
    EXPECT_EQ(curve("2024-03-10T08:45:00Z", "2024-03-10T10:45:00Z"),
              "09:00 161/300 own 161 (2 of 2); 09:30 62/300 own 62 (1 of 2); 10:00 101/300 own 101 (1 of 2); 10:30 161/300 own "
              "161 (2 of 2)");
    const auto answer = store.group_curve(who, "school", at("2024-03-10T09:00:00Z"), at("2024-03-10T10:00:00Z")).value();
    EXPECT_EQ(answer.self_consumption_permille, (161 + 62) * 1000 / 600);
    EXPECT_EQ(answer.self_sufficiency_permille, 1000);
    EXPECT_EQ(answer.members, 2U);
}

TEST_F(ApiGroups, a_curve_shows_what_lies_over_the_days_and_knows_memberships_and_clocks)
{
    for (const char* on : {"2024-03-30", "2024-03-31"})
        measured(one, on, full(on, 100));
    measured(three, "2024-03-31", full("2024-03-31", 40));
    laid_over(one, "2024-03-31",
              lay_over(nullptr, full("2024-03-31", 0), std::vector<OverlayValue>{{0, 250, Quality::edited}}, 1, 2).value(), 1,
              "'set', 'Ada', 'x'");
    group("('school', '01000000000001', '[2024-01-01,)'), ('school', '03000000000003', '[2024-03-31,)')");
    EXPECT_EQ(curve("2024-03-30T22:30:00Z", "2024-03-31T00:00:00Z"),
              "22:30 100/- own - (1 of 1); 23:00 290/- own - (2 of 2); 23:30 140/- own - (2 of 2)");
    const auto day_of_spring = store.group_curve(who, "school", at("2024-03-30T23:00:00Z"), at("2024-03-31T22:00:00Z")).value();
    EXPECT_EQ(day_of_spring.slots.size(), 46U);
    batches(3);
    EXPECT_EQ(store.group_curve(who, "school", at("2024-03-30T23:00:00Z"), at("2024-03-30T23:30:00Z"), number(1))
                  .value()
                  .slots[0]
                  .drawn,
              140);
}

TEST_F(ApiGroups, a_member_one_may_not_see_is_left_out)
{
    owner("INSERT INTO organisation (id, name, parent) VALUES ('town', 'Town', 'root')");
    owner("UPDATE usage_point SET organisation = 'town' WHERE id = '01000000000001'");
    for (const MeterId meter : {one, three})
        measured(meter, "2024-03-10", full("2024-03-10", 100));
    group("('school', '01000000000001', '[2024-01-01,)'), ('school', '03000000000003', '[2024-01-01,)')");
    owner("UPDATE usage_group SET organisation = 'town'");
    who = sign_in(add_token("energy_manager", {"town"}, {}));
    EXPECT_EQ(store.group_members(who, "school", {}).value().size(), 1U);
    EXPECT_EQ(group_totals("2024-03-10", "2024-03-11"), "2400/1d valid | 0/0d missing");
    EXPECT_EQ(curve("2024-03-10T09:00:00Z", "2024-03-10T09:30:00Z"), "09:00 100/- own - (1 of 1)");
    who = sign_in(add_token("household", {}, {home}));
    EXPECT_EQ(group_totals("2024-03-10", "2024-03-11").substr(0, 9), "not_found");
}

} // namespace releve::store::test
