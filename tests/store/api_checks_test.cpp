#include "store_fixture.hpp"

#include <releve/store/api_store.hpp>

namespace releve::store::test {

class ApiChecks : public StoreTest {
protected:
    static constexpr const char* home = "01000000000001";
    static constexpr const char* other_home = "02000000000002";
    ApiStore store{address, test_model};
    MeterId meter;
    Identity household, operations, auditor;

    void SetUp() override
    {
        owner("INSERT INTO organisation (id, name, parent) VALUES ('town', 'Town', 'root')");
        add_usage_point(home);
        add_usage_point(other_home, "town");
        meter = add_meter("4c4b590000000001");
        install(meter, home, "2024-03-01T00:00:00Z");
        household = sign_in(add_token("household", {}, {home}));
        operations = sign_in(add_token("operator", {"root"}, {}));
        auditor = sign_in(add_token("auditor", {"root"}, {}));
    }
    Identity sign_in(const std::string& key) { return store.authenticate(key, at("2024-06-01T00:00:00Z")).value(); }
    std::string number() const { return std::to_string(meter.value); }

    void add_failure(const char* rule, const char* on, int first, int last, const char* severity = "doubt",
                     const char* cleared = "NULL")
    {
        owner("INSERT INTO validation_failure (meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, "
              "detail, batch, cleared) VALUES (" +
              number() + ", 1, '" + on + "', '" + rule + "', '" + severity + "', " + std::to_string(first) + ", " +
              std::to_string(last) + ", 9000, '{300,150,50}', '{100,2000}', 7, " + cleared + ")");
    }
    void add_gap(const char* from, const char* to, bool estimated = false, const char* closed = "NULL")
    {
        owner("INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch, looks, next_look_at, estimated, closed) "
              "VALUES (" +
              number() + ", 1, '" + from + "', '" + to + "', '2024-04-01T00:00:00Z', 3, 2, '2024-04-02T00:00:00Z', " +
              (estimated ? "true" : "false") + ", " + closed + ")");
    }
    /// To the other home at noon of the day.
    void move_meter()
    {
        owner("UPDATE installation SET validity = tstzrange(lower(validity), '2024-03-30T11:00:00Z')");
        install(meter, other_home, "2024-03-30T11:00:00Z");
    }
    std::vector<std::string> states(const std::vector<GapRow>& gaps)
    {
        std::vector<std::string> names;
        for (const GapRow& gap : gaps)
            names.emplace_back(gap_state_name(gap.state));
        return names;
    }
    template <class Answer>
    static std::string error_of(const Answer& answer)
    {
        return answer ? "none" : std::string{error_name(answer.error().code)} + ": " + answer.error().detail;
    }
};
using Strings = std::vector<std::string>;

TEST_F(ApiChecks, a_failure_says_which_rule_which_limits_and_when)
{
    add_failure("spike", "2024-03-30", 10, 11);
    const auto list = store.failures(household, {}, {}).value();
    ASSERT_EQ(list.size(), 1U);
    const FailureRow& row = list[0];
    EXPECT_EQ(row.meter, meter);
    EXPECT_EQ(row.usage_point, UsagePointId{home});
    EXPECT_EQ(row.channel, "active_power_import");
    EXPECT_EQ(row.rule, "spike");
    EXPECT_EQ(row.severity, "doubt");
    EXPECT_EQ(row.from, at("2024-03-30T04:00:00Z"));
    EXPECT_EQ(row.to, at("2024-03-30T05:00:00Z"));
    EXPECT_EQ(row.value, 9000);
    EXPECT_EQ(row.limits, (std::vector<std::pair<std::string, std::int64_t>>{
                              {"step_percent", 300}, {"history_percent", 150}, {"floor_w", 50}}));
    EXPECT_EQ(row.detail, (std::vector<std::int64_t>{100, 2000}));
    EXPECT_EQ(row.unit, Unit::watt);
    EXPECT_EQ(row.batch, BatchNumber{7});
    EXPECT_EQ(row.cleared, std::nullopt);
}

TEST_F(ApiChecks, failures_are_filtered_and_come_in_pages_newest_first)
{
    add_failure("spike", "2024-03-28", 0, 0);
    add_failure("gap", "2024-03-29", 0, 3, "note");
    add_failure("spike", "2024-03-30", 0, 0, "doubt", "9");
    add_failure("high", "2024-03-31", 0, 0);
    const auto count = [&](const FailureFilter& filter) { return store.failures(operations, filter, {}).value().size(); };
    EXPECT_EQ(count({}), 3U) << "what does not hold any more is left out";
    EXPECT_EQ(count({.cleared = true}), 4U);
    EXPECT_EQ(count({.rule = "spike"}), 1U);
    EXPECT_EQ(count({.severity = "note"}), 1U);
    EXPECT_EQ(count({.from = day("2024-03-29"), .to = day("2024-03-31")}), 1U);
    EXPECT_EQ(count({.meter = meter}), 3U);
    EXPECT_EQ(count({.meter = MeterId{meter.value + 1}}), 0U);
    EXPECT_EQ(count({.usage_point = UsagePointId{home}}), 3U);
    EXPECT_EQ(count({.usage_point = UsagePointId{other_home}}), 0U);

    const auto first = store.failures(operations, {}, {2, ""}).value();
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0].rule, "high");
    EXPECT_EQ(first[1].rule, "gap");
    const auto second = store.failures(operations, {}, {2, std::to_string(first[1].id)}).value();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].rule, "spike");

    EXPECT_EQ(error_of(store.failures(operations, {.rule = "nonsense"}, {})),
              "bad_parameter: rule: there is none of this name");
    EXPECT_EQ(error_of(store.failures(operations, {.severity = "grave"}, {})),
              "bad_parameter: severity: must be note or doubt");
}

TEST_F(ApiChecks, who_looks_at_failures_is_told_to_the_person_once_a_page)
{
    add_failure("spike", "2024-03-28", 0, 0);
    add_failure("high", "2024-03-30", 0, 0);
    const auto id = store.failures(operations, {}, {}).value()[0].id;
    (void)store.failure(operations, id).value();
    const auto accesses = store.accesses(household, {home}, {}).value();
    ASSERT_EQ(accesses.size(), 2U);
    EXPECT_EQ(accesses[1].what, "checks");
    EXPECT_EQ(accesses[1].role, "operator");
    EXPECT_EQ(accesses[1].from, day("2024-03-28"));
    EXPECT_EQ(accesses[1].to, day("2024-03-31"));
    EXPECT_EQ(accesses[0].from, day("2024-03-30"));
}

TEST_F(ApiChecks, a_failure_of_another_home_is_not_there)
{
    move_meter();
    add_failure("spike", "2024-03-30", 22, 23); // up to noon: the first home's
    add_failure("high", "2024-03-30", 24, 25);
    add_failure("low", "2024-03-30", 0, 47); // of both: its sum tells of either
    const Identity next = sign_in(add_token("household", {}, {other_home}));
    const auto own = store.failures(household, {}, {}).value();
    ASSERT_EQ(own.size(), 1U);
    EXPECT_EQ(own[0].rule, "spike");
    const auto theirs = store.failures(next, {}, {}).value();
    ASSERT_EQ(theirs.size(), 1U);
    EXPECT_EQ(theirs[0].rule, "high");
    EXPECT_EQ(theirs[0].usage_point, UsagePointId{other_home});
    EXPECT_EQ(store.failure(household, theirs[0].id).error().code, errc::not_found);
    EXPECT_EQ(store.failures(operations, {}, {}).value().size(), 3U) << "sees both homes";
    EXPECT_EQ(store.failures(household, {}, {1, ""}).value().size(), 1U) << "a page is filled with what is seen";
    EXPECT_EQ(store.failures(operations, {.usage_point = UsagePointId{other_home}}, {}).value().size(), 1U);

    owner("UPDATE usage_point SET collection = 'daily' WHERE id = '" + std::string{home} + "'");
    EXPECT_TRUE(store.failures(household, {}, {}).value().empty());
    EXPECT_EQ(store.failures(auditor, {}, {}).error().code, errc::forbidden);
}

TEST_F(ApiChecks, what_people_did_about_a_failure_is_kept_in_order)
{
    add_failure("spike", "2024-03-30", 10, 11);
    const auto id = store.failures(operations, {}, {}).value().at(0).id;
    EXPECT_EQ(store.handle_failure(operations, id, "taken", "").value().size(), 1U);
    const auto steps = store.handle_failure(operations, id, "noted", "l'occupant a confirmé").value();
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].step, "taken");
    EXPECT_EQ(steps[1].step, "noted");
    EXPECT_EQ(steps[1].note, "l'occupant a confirmé");
    EXPECT_EQ(steps[1].who, "operator");
    EXPECT_EQ(store.failure(operations, id).value().handling.size(), 2U);
    EXPECT_EQ(store.failures(operations, {}, {}).value()[0].handling.size(), 2U);

    EXPECT_EQ(error_of(store.handle_failure(operations, id, "noted", "")),
              "bad_parameter: note: a step `noted` says something");
    EXPECT_EQ(error_of(store.handle_failure(operations, id, "gone", "")),
              "bad_parameter: step: must be taken, noted, closed or reopened");
    EXPECT_EQ(error_of(store.handle_failure(operations, id, "taken", "two\nlines")),
              "bad_parameter: note: one line, without control characters");
    std::string accents;
    for (int i = 0; i < 500; ++i)
        accents += "é";
    EXPECT_EQ(store.handle_failure(operations, id, "noted", accents).value().size(), 3U) << "characters, not bytes";
    EXPECT_EQ(error_of(store.handle_failure(operations, id, "noted", accents + "e")),
              "bad_parameter: note: 0 to 500 characters");
    EXPECT_EQ(store.handle_failure(operations, id + 1, "taken", "").error().code, errc::not_found);
    EXPECT_EQ(store.handle_failure(household, id, "taken", "").error().code, errc::forbidden);
}

TEST_F(ApiChecks, events_are_taken_and_closed)
{
    owner("INSERT INTO event (meter_id, kind, at, received_at, detail, batch) VALUES (" + number() +
          ", 'clock_alarm', '2024-03-30T08:00:00Z', '2024-03-30T08:00:00Z', '', 1)");
    const auto id = store.events(operations, {}, {}).value().at(0).id;
    (void)store.handle_event(operations, id, "taken", "").value();
    EXPECT_EQ(store.handle_event(operations, id, "closed", "clock set").value().back().step, "closed");
    const auto shown = store.events(operations, {}, {}).value().at(0).handling;
    ASSERT_EQ(shown.size(), 2U) << "the next operator sees it";
    EXPECT_EQ(shown[1].note, "clock set");
    EXPECT_EQ(store.handle_event(operations, id + 1, "taken", "").error().code, errc::not_found);
    EXPECT_EQ(store.handle_event(auditor, id, "taken", "").error().code, errc::forbidden);
    const Identity elsewhere = sign_in(add_token("operator", {"town"}, {}));
    EXPECT_EQ(store.handle_event(elsewhere, id, "taken", "").error().code, errc::not_found);
}

TEST_F(ApiChecks, a_gap_says_what_is_true_of_it)
{
    const Instant now = at("2025-05-01T00:00:00Z");
    add_gap("2024-03-30T00:00:00Z", "2024-03-30T12:00:00Z"); // more than a year ago
    add_gap("2025-04-01T00:00:00Z", "2025-04-02T00:00:00Z");
    add_gap("2025-04-03T00:00:00Z", "2025-04-04T00:00:00Z", true);
    add_gap("2025-04-05T00:00:00Z", "2025-04-06T00:00:00Z", false, "12"); // came after all
    add_gap("2025-04-29T00:00:00Z", "2025-04-30T12:00:00Z");
    const auto gaps = store.gaps(household, {}, {}, now).value();
    EXPECT_EQ(states(gaps), (Strings{"waiting", "estimated", "must_ask", "lost"}));
    EXPECT_EQ(gaps[0].usage_point, UsagePointId{home});
    EXPECT_EQ(gaps[0].channel, "active_power_import");
    EXPECT_EQ(gaps[0].from, at("2025-04-29T00:00:00Z"));
    EXPECT_EQ(gaps[0].to, at("2025-04-30T12:00:00Z"));
    EXPECT_EQ(gaps[0].kept_until, at("2026-04-30T12:00:00Z"));
    EXPECT_EQ(gaps[0].looks, 2);
    EXPECT_EQ(gaps[0].next_look_at, at("2024-04-02T00:00:00Z"));

    for (const char* state : {"waiting", "estimated", "must_ask", "lost"})
        EXPECT_EQ(states(store.gaps(operations, {.state = state}, {1, ""}, now).value()), Strings{state});
    EXPECT_TRUE(store.gaps(operations, {.state = "asked"}, {}, now).value().empty()) << "nothing asks";
    EXPECT_EQ(error_of(store.gaps(operations, {.state = "soon"}, {}, now)),
              "bad_parameter: state: must be waiting, asked, must_ask, estimated or lost");
    EXPECT_EQ(store.gaps(operations, {.meter = meter}, {2, ""}, now).value().size(), 2U);
    EXPECT_EQ(store.gaps(operations, {.usage_point = UsagePointId{other_home}}, {}, now).value().size(), 0U);
    const auto second = store.gaps(operations, {}, {2, std::to_string(gaps[1].id)}, now).value();
    EXPECT_EQ(states(second), (Strings{"must_ask", "lost"}));
}

TEST_F(ApiChecks, a_gap_is_cut_where_the_meter_was_moved)
{
    move_meter();
    add_gap("2024-03-30T06:00:00Z", "2024-03-30T18:00:00Z");
    const Identity next = sign_in(add_token("household", {}, {other_home}));
    const Instant now = at("2024-03-31T00:00:00Z");
    EXPECT_EQ(store.gaps(household, {}, {}, now).value().at(0).to, at("2024-03-30T11:00:00Z"));
    EXPECT_EQ(store.gaps(next, {}, {}, now).value().at(0).from, at("2024-03-30T11:00:00Z"));
    EXPECT_EQ(store.gaps(operations, {}, {}, now).value().size(), 1U);
    EXPECT_EQ(store.gaps(auditor, {}, {}, now).error().code, errc::forbidden);
}

TEST_F(ApiChecks, breaches_and_jobs_are_listed_for_those_who_run_the_fleet)
{
    owner("INSERT INTO ledger_breach (kind, meter_id, usage_group, channel, day, expected, found, found_at, cleared_at) VALUES "
          "('index', " +
          number() +
          ", NULL, 1, '2024-03-30', 100, 90, '2024-04-01T00:00:00Z', NULL), "
          "('index', " +
          number() + ", NULL, 1, '2024-03-29', 100, 90, '2024-04-01T00:00:00Z', '2024-04-02T00:00:00Z')");
    owner("INSERT INTO usage_group (id, organisation) VALUES ('street', 'root')");
    owner("INSERT INTO ledger_breach (kind, usage_group, channel, day, expected, found, found_at) VALUES "
          "('group', 'street', 1, '2024-03-30', 5, 6, '2024-04-01T00:00:00Z')");
    const auto breaches = store.breaches(operations, {}).value();
    ASSERT_EQ(breaches.size(), 2U);
    EXPECT_EQ(breaches[0].kind, "group");
    EXPECT_EQ(breaches[0].group, "street");
    EXPECT_EQ(breaches[0].meter, std::nullopt);
    EXPECT_EQ(breaches[1].meter, meter);
    EXPECT_EQ(breaches[1].channel, "active_power_import");
    EXPECT_EQ(breaches[1].expected, 100);
    EXPECT_EQ(breaches[1].found, 90);
    EXPECT_EQ(store.accesses(household, {home}, {}).value().at(0).what, "checks");
    EXPECT_EQ(store.breaches(household, {}).error().code, errc::forbidden);
    const Identity town = sign_in(add_token("energy_manager", {"town"}, {}));
    EXPECT_TRUE(store.breaches(town, {}).value().empty());

    owner("INSERT INTO job (kind, usage_group, state, total, done, asked_by) VALUES ('validate', 'street', 'running', 9, 4, "
          "'me'), "
          "('ledger', NULL, 'queued', 0, 0, 'me')");
    const auto jobs = store.jobs(operations, {}).value();
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[1].kind, "validate");
    EXPECT_EQ(jobs[1].group, "street");
    EXPECT_EQ(jobs[1].done, 4);
    EXPECT_EQ(jobs[1].total, 9);
    EXPECT_EQ(jobs[1].finished_at, std::nullopt);
    EXPECT_EQ(store.jobs(operations, {1, std::to_string(jobs[0].id)}).value().at(0).id, jobs[1].id);
    EXPECT_EQ(store.jobs(town, {}).error().code, errc::forbidden);
}

class ApiCorrections : public ApiChecks {
protected:
    CorrectionAsked asked{{home},           "", "set", at("2024-03-30T10:00:00Z"), at("2024-03-30T11:00:00Z"), {120, -3},
                          "meter was stuck"};

    std::string told(const CorrectionAsked& changed) { return error_of(store.correct(operations, changed)); }
};

TEST_F(ApiCorrections, a_correction_waits_for_the_collector_with_who_and_why)
{
    const CorrectionRow row = store.correct(operations, asked).value();
    EXPECT_EQ(row.action, "set");
    EXPECT_EQ(row.reason, "meter was stuck");
    EXPECT_EQ(row.author, "operator");
    EXPECT_EQ(row.state, "waiting");
    EXPECT_EQ(row.day, day("2024-03-30"));
    EXPECT_EQ(row.batch, std::nullopt);
    EXPECT_EQ(ask(DbRole::owner, "SELECT meter_id, channel, day, action, slots, amounts, token FROM correction"),
              number() + "|1|2024-03-30|set|{22,23}|{120,-3}|" + std::to_string(operations.token_id));
    EXPECT_EQ(store.accesses(household, {home}, {}).value().at(0).what, "correction");
    owner("UPDATE correction SET state = 'done', batch = 12, detail = 'ok'");
    const CorrectionRow later = store.correction(operations, row.id).value();
    EXPECT_EQ(later.state, "done");
    EXPECT_EQ(later.batch, BatchNumber{12});
    EXPECT_EQ(store.correction(operations, row.id + 1).error().code, errc::not_found);
    EXPECT_EQ(store.correction(household, row.id).error().code, errc::forbidden);
}

TEST_F(ApiCorrections, to_accept_and_to_undo_need_no_values)
{
    asked.values.clear();
    for (const char* action : {"accept", "undo"}) {
        asked.action = action;
        EXPECT_EQ(store.correct(operations, asked).value().action, action);
    }
    asked.values = {1, 2};
    EXPECT_EQ(told(asked), "bad_parameter: values: only the action `set` has some");
}

TEST_F(ApiCorrections, a_day_of_25_hours_has_50_intervals_and_one_of_23_has_46)
{
    owner("UPDATE installation SET validity = tstzrange('2023-01-01T00:00:00Z', NULL)");
    asked.from = at("2023-10-28T22:00:00Z");
    asked.to = at("2023-10-29T23:00:00Z");
    asked.values.assign(50, 1);
    EXPECT_EQ(store.correct(operations, asked).value().day, day("2023-10-29"));
    EXPECT_EQ(ask(DbRole::owner, "SELECT slots[1], slots[50], cardinality(slots) FROM correction"), "0|49|50");
    asked.from = at("2024-03-30T23:00:00Z");
    asked.to = at("2024-03-31T22:00:00Z");
    asked.values.assign(46, 1);
    EXPECT_EQ(store.correct(operations, asked).value().day, day("2024-03-31"));
    asked.to += Seconds{1800};
    asked.values.assign(47, 1);
    EXPECT_EQ(told(asked), "bad_parameter: to: must be within the civil day of from, 2024-03-31");
}

TEST_F(ApiCorrections, what_is_not_right_is_named)
{
    const auto with = [&](auto change) {
        CorrectionAsked changed = asked;
        change(changed);
        return told(changed);
    };
    using Asked = CorrectionAsked;
    EXPECT_EQ(with([](Asked& a) { a.action = "erase"; }), "bad_parameter: action: must be set, accept or undo");
    EXPECT_EQ(with([](Asked& a) { a.reason = "no"; }), "bad_parameter: reason: 3 to 500 characters");
    EXPECT_EQ(with([](Asked& a) { a.reason = "     "; }), "bad_parameter: reason: 3 to 500 characters");
    EXPECT_EQ(with([](Asked& a) { a.reason.assign(501, 'x'); }), "bad_parameter: reason: 3 to 500 characters");
    EXPECT_EQ(with([](Asked& a) { a.to = a.from; }), "bad_parameter: to: must be after from");
    EXPECT_EQ(with([](Asked& a) { a.from += Seconds{60}; }),
              "bad_parameter: from: an interval of this channel begins every 1800 s");
    EXPECT_EQ(with([](Asked& a) { a.to -= Seconds{60}; }), "bad_parameter: to: an interval of this channel ends every 1800 s");
    EXPECT_EQ(with([](Asked& a) { a.values.pop_back(); }), "bad_parameter: values: one for each of the 2 intervals");
    EXPECT_EQ(with([](Asked& a) { a.values[0] = 1'000'000'000'001; }),
              "bad_parameter: values: each at most 1000000000000, and as far below zero");
    EXPECT_EQ(with([](Asked& a) { a.channel = "nonsense"; }), "bad_parameter: channel: the meter has none of this name");
    EXPECT_EQ(with([](Asked& a) { a.channel = "active_energy_import"; }),
              "bad_parameter: channel: only a channel of intervals can be corrected");
    EXPECT_EQ(with([](Asked& a) { a.from = at("2024-02-01T00:00:00Z"), a.to = at("2024-02-01T01:00:00Z"); }),
              "bad_parameter: from: no meter was there");
    EXPECT_EQ(with([](Asked& a) { a.usage_point = {"09999999999999"}; }), "not_found: ");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM correction"), "0");
}

TEST_F(ApiCorrections, only_an_operator_and_only_half_hours_that_are_kept)
{
    EXPECT_EQ(store.correct(household, asked).error().code, errc::forbidden);
    EXPECT_EQ(store.correct(sign_in(add_token("energy_manager", {"root"}, {})), asked).error().code, errc::forbidden);
    EXPECT_EQ(store.correct(sign_in(add_token("operator", {"town"}, {})), asked).error().code, errc::not_found);
    move_meter();
    asked.to = at("2024-03-30T11:30:00Z");
    asked.values = {1, 2, 3};
    EXPECT_EQ(told(asked),
              "bad_parameter: to: the meter was taken away at 2024-03-30T11:00:00Z; what came after is corrected by itself");
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(store.correct(operations, asked).error().code, errc::daily_only);
}

} // namespace releve::store::test
