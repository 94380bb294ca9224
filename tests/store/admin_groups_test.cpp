// Groups, their rules, long jobs and corrections, as the command line asks for them.

#include "store_fixture.hpp"

#include <releve/store/admin_store.hpp>

#include <future>

namespace releve::store::test {

class AdminGroups : public StoreTest {
protected:
    static constexpr const char* first = "01000000000001";
    static constexpr const char* second = "01000000000002";
    AdminStore store{address, test_model};

    void SetUp() override
    {
        add_usage_point(first);
        add_usage_point(second);
        owner("INSERT INTO organisation VALUES ('east', 'East', 'root')");
    }
    static GroupMembership member(const char* group, const char* usage_point, const char* from, const char* to = "", const char* label = "")
    {
        GroupMembership row;
        row.line = 2;
        row.group = group;
        row.label = label;
        row.usage_point = usage_point;
        row.from = day(from);
        if (*to != '\0')
            row.to = day(to);
        return row;
    }
    result<GroupImport> import(const std::vector<GroupMembership>& rows, const std::string& organisation = "root", bool dry_run = false)
    {
        return store.import_groups(rows, organisation, dry_run);
    }
    void make_group(const char* group) { ASSERT_TRUE(import({member(group, first, "2024-01-01")})); }
    std::string members()
    {
        return ask(DbRole::owner, "SELECT usage_group, usage_point, validity FROM usage_group_member ORDER BY 1, 2, 3");
    }
    std::string jobs() { return ask(DbRole::owner, "SELECT id, kind, usage_group, state FROM job ORDER BY id"); }
};

TEST_F(AdminGroups, a_file_says_all_of_a_usage_point_in_a_group_and_nothing_of_others)
{
    auto done = import({member("schools", first, "2024-01-01", "", "Schools"), member("schools", second, "2024-01-01", "2024-03-01"),
                        member("schools", second, "2024-09-01"), member("centre", first, "2024-02-01")})
                    .value();
    EXPECT_EQ(done.groups_new, 2);
    EXPECT_EQ(done.members_changed, 3);
    const std::string before = "centre|01000000000001|[2024-02-01,)\nschools|01000000000001|[2024-01-01,)\n"
                               "schools|01000000000002|[2024-01-01,2024-03-01)\nschools|01000000000002|[2024-09-01,)";
    EXPECT_EQ(members(), before);
    done = import({member("schools", second, "2024-09-01"), member("schools", second, "2024-01-01", "2024-03-01"),
                   member("centre", first, "2024-02-01", "", "Centre")})
               .value();
    EXPECT_EQ(done.groups_new + done.members_changed, 0);
    EXPECT_EQ(members(), before);
    done = import({member("schools", second, "2024-05-01", "2024-06-01")}).value();
    EXPECT_EQ(done.members_changed, 1);
    EXPECT_EQ(members(), "centre|01000000000001|[2024-02-01,)\nschools|01000000000001|[2024-01-01,)\n"
                         "schools|01000000000002|[2024-05-01,2024-06-01)");
    EXPECT_EQ(ask(DbRole::owner, "SELECT id, label FROM usage_group ORDER BY 1"), "centre|Centre\nschools|Schools")
        << "an empty label changes none";
    EXPECT_EQ(ask(DbRole::owner, "SELECT action, organisation, detail FROM audit ORDER BY id LIMIT 1"),
              "import_groups|root|4 rows, 2 new groups, 3 members changed");
}

TEST_F(AdminGroups, a_wrong_row_is_named_and_nothing_is_kept)
{
    ASSERT_TRUE(import({member("of-east", first, "2024-01-01")}, "east"));
    const std::string before = members();
    const auto refused = [&](GroupMembership row) {
        row.line = 7;
        const auto answer = import({member("new", first, "2024-01-01"), row});
        EXPECT_EQ(answer ? errc::internal : answer.error().code, errc::bad_csv);
        EXPECT_EQ(members(), before);
        EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM usage_group"), "1");
        return answer ? "" : answer.error().detail;
    };
    EXPECT_EQ(refused(member("new", "09999999999999", "2024-01-01")),
              "row 7, column usage_point: there is no usage point 09999999999999");
    EXPECT_EQ(refused(member("new", second, "2024-01-02", "2024-01-02")), "row 7, column to: is not after `from`");
    EXPECT_EQ(refused(member("new", second, "2024-01-02", "2024-01-01")), "row 7, column to: is not after `from`");
    EXPECT_EQ(refused(member("new", first, "2024-06-01")),
              "row 7, column from: another row has that day of this usage point in this group");
    EXPECT_EQ(refused(member("new", first, "2024-01-01")),
              "row 7, column from: another row has that day of this usage point in this group");
    EXPECT_EQ(refused(member("a group", first, "2024-01-01")),
              "row 7, column group: must be 1 to 64 of a-z, A-Z, 0-9, dot, dash and underscore");
    EXPECT_EQ(refused(member("of-east", first, "2024-01-01")), "row 7, column group: belongs to the organisation `east`");
    EXPECT_EQ(import({member("of-east", first, "2024-01-01"), member("of-east", first, "2024-01-01")}, "east").error().code,
              errc::bad_csv)
        << "one of them is there already";
    EXPECT_EQ(import({}, "west").error().detail, "there is no organisation `west`");
    GroupMembership typed = member("x", "09999999999999", "2024-01-01");
    typed.line = 0;
    EXPECT_EQ(import({typed}).error().code, errc::bad_parameter);
}

TEST_F(AdminGroups, a_dry_run_changes_nothing)
{
    EXPECT_EQ(import({member("schools", first, "2024-01-01")}, "root", true).value().groups_new, 1);
    EXPECT_EQ(ask(DbRole::owner, "SELECT (SELECT count(*) FROM usage_group) + (SELECT count(*) FROM audit)"), "0");
}

TEST_F(AdminGroups, a_list_counts_the_members_of_the_day)
{
    ASSERT_TRUE(import({member("schools", first, "2024-01-01", "2024-03-01", "Schools"), member("schools", second, "2024-02-01")}));
    const auto members_on = [&](const char* text) { return store.list_groups(day(text)).at(0).members; };
    EXPECT_EQ(members_on("2023-12-31"), 0);
    EXPECT_EQ(members_on("2024-01-01"), 1);
    EXPECT_EQ(members_on("2024-02-29"), 2);
    EXPECT_EQ(members_on("2024-03-01"), 1);
    const auto rows = store.list_members("schools").value();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].usage_point.value, first);
    EXPECT_EQ(rows[0].from, day("2024-01-01"));
    EXPECT_EQ(rows[0].to, day("2024-03-01"));
    EXPECT_FALSE(rows[1].to);
    EXPECT_EQ(store.list_members("offices").error().code, errc::not_found);
}

TEST_F(AdminGroups, a_group_goes_with_its_members_once_nothing_was_judged_by_it)
{
    make_group("schools");
    EXPECT_EQ(store.remove_member("schools", {second}).error().detail, "01000000000002 is not in the group `schools`");
    EXPECT_EQ(store.remove_member("offices", {first}).error().detail, "there is no group `offices`");
    ASSERT_TRUE(store.remove_member("schools", {first}));
    EXPECT_EQ(members(), "");
    make_group("schools");
    const auto job = store.set_rules("schools", "{}").value();
    EXPECT_NE(store.remove_group("schools").error().detail.find("clear them first"), std::string::npos);
    ASSERT_TRUE(store.clear_rules("schools"));
    EXPECT_EQ(store.remove_group("schools").error().detail, "job " + std::to_string(job) + " of the group is not done");
    owner("UPDATE job SET state = 'done'");
    ASSERT_TRUE(store.remove_group("schools"));
    EXPECT_EQ(members(), "");
    EXPECT_EQ(store.remove_group("schools").error().code, errc::not_found);
    EXPECT_EQ(ask(DbRole::owner, "SELECT string_agg(action, ' ' ORDER BY id) FROM audit WHERE action LIKE '%e_group' OR action LIKE "
                                 "'%member' OR action LIKE '%rules'"),
              "remove_member set_rules clear_rules remove_group");
}

TEST_F(AdminGroups, rules_are_kept_as_written_and_ask_for_another_look_at_the_group)
{
    EXPECT_EQ(store.set_rules("schools", "{}").error().detail, "there is no group `schools`");
    EXPECT_EQ(store.rules_of("schools").error().code, errc::not_found);
    make_group("schools");
    EXPECT_FALSE(store.rules_of("schools").value());
    EXPECT_EQ(store.clear_rules("schools").error().detail, "the group `schools` has no rules of its own");
    EXPECT_EQ(jobs(), "");
    const std::string text = "{\"volume\": {}}\n";
    EXPECT_EQ(store.set_rules("schools", text).value(), 1);
    EXPECT_EQ(store.rules_of("schools").value(), text);
    EXPECT_EQ(store.set_rules("schools", "{}").value(), 1) << "the one that waits will see them";
    EXPECT_EQ(jobs(), "1|validate|schools|queued");
    owner("UPDATE job SET state = 'running'");
    EXPECT_EQ(store.clear_rules("schools").value(), 2);
    EXPECT_FALSE(store.rules_of("schools").value());
    EXPECT_EQ(jobs(), "1|validate|schools|running\n2|validate|schools|queued");
}

TEST_F(AdminGroups, who_joins_a_group_with_rules_is_judged_by_them)
{
    make_group("schools");
    make_group("offices");
    ASSERT_TRUE(store.set_rules("schools", "{}"));
    owner("DELETE FROM job");
    ASSERT_TRUE(import({member("schools", first, "2024-01-01"), member("offices", second, "2024-01-01")}));
    EXPECT_EQ(jobs(), "") << "its members are who they were";
    ASSERT_TRUE(import({member("schools", second, "2024-01-01")}));
    EXPECT_EQ(jobs(), "2|validate|schools|queued");
}

TEST_F(AdminGroups, jobs_are_asked_for_once_and_wake_whoever_carries_them_out)
{
    EXPECT_EQ(store.ask_job({"paint"}).error().detail, "kind: expected validate, estimate or ledger");
    EXPECT_EQ(store.ask_job({"validate", "schools"}).error().detail, "there is no group `schools`");
    make_group("schools");
    CollectStore collector{address};
    (void)collector.last_batch(); // listens from now on
    EXPECT_EQ(store.ask_job({"validate"}).value(), 1);
    EXPECT_EQ(collector.wait_for_notifications(std::chrono::minutes{1}), std::vector<std::string>{"check:"});
    EXPECT_EQ(store.ask_job({"validate", "schools"}).value(), 2);
    EXPECT_EQ(store.ask_job({"validate"}).value(), 1);
    EXPECT_EQ(store.ask_job({"ledger"}).value(), 3);
    owner("UPDATE job SET cursor = 5, done = 3, total = 10 WHERE id = 1");
    EXPECT_EQ(store.ask_job({"validate"}).value(), 4) << "another that has begun has passed some meters by";
    const auto rows = store.list_jobs(3);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].id, 4);
    EXPECT_EQ(rows[1].kind, "ledger");
    EXPECT_EQ(rows[2].group, "schools");
    EXPECT_EQ(store.show_job(1).value().done, 3);
    EXPECT_EQ(store.show_job(1).value().total, 10);
    EXPECT_EQ(store.show_job(9).error().detail, "there is no job 9");
}

TEST_F(AdminGroups, a_job_is_stopped_and_goes_on_where_it_was)
{
    const std::int64_t id = store.ask_job({"estimate"}).value();
    struct Step {
        const char* state;
        bool stops, resumes;
    };
    for (const Step& step : {Step{"queued", true, false}, Step{"running", true, false}, Step{"stopped", false, true},
                             Step{"failed", false, true}, Step{"done", false, false}}) {
        const auto set = [&] {
            owner(std::string{"UPDATE job SET cursor = 5, finished_at = CASE WHEN '"} + step.state +
                  "' = 'failed' THEN now() END, detail = 'x', state = '" + step.state + "'");
        };
        set();
        EXPECT_EQ(bool(store.stop_job(id)), step.stops) << step.state;
        EXPECT_EQ(store.show_job(id).value().state, step.stops ? "stopped" : step.state);
        set();
        EXPECT_EQ(bool(store.resume_job(id)), step.resumes) << step.state;
        EXPECT_EQ(ask(DbRole::owner, "SELECT state, cursor, finished_at IS NULL, detail FROM job"),
                  std::string{step.resumes ? "queued" : step.state} + "|5|t|" + (step.resumes ? "" : "x"));
    }
    EXPECT_EQ(store.stop_job(id).error().detail, "job 1 is done already");
    EXPECT_EQ(store.resume_job(id).error().detail, "job 1 is done: only one that was stopped or failed goes on");
    EXPECT_EQ(store.stop_job(9).error().code, errc::not_found);
    EXPECT_EQ(store.resume_job(9).error().code, errc::not_found);
}

class AdminCorrect : public AdminGroups {
protected:
    void SetUp() override
    {
        AdminGroups::SetUp();
        const MeterId meter = add_meter("4c4b590000000001");
        owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + std::to_string(meter.value) +
              ", '01000000000001', tstzrange('2024-03-01T00:00:00Z', '2024-03-20T12:00:00Z'))");
    }
    static CorrectionAsked asked(const char* from = "2024-03-10T00:00:00Z", const char* to = "2024-03-10T01:00:00Z")
    {
        return {{first}, "", "set", at(from), at(to), {500, 600}, "read on the meter"};
    }
    std::string refused(const CorrectionAsked& wrong)
    {
        const auto answer = store.correct(wrong, {});
        EXPECT_FALSE(answer);
        EXPECT_EQ(ask(DbRole::owner, "SELECT (SELECT count(*) FROM correction) + (SELECT count(*) FROM audit)"), "0");
        return answer ? "" : answer.error().detail;
    }
};

TEST_F(AdminCorrect, it_waits_until_it_is_carried_out)
{
    auto answer = std::async(std::launch::async, [&] { return store.correct(asked(), std::chrono::minutes{1}); });
    wait_until_some("FROM correction WHERE state = 'waiting'");
    // 01:00 in Paris is the third half-hour.
    EXPECT_EQ(ask(DbRole::owner, "SELECT meter_id, channel, day, action, slots, amounts, reason, author = session_user, token, "
                                 "(SELECT usage_point FROM audit) FROM correction"),
              "1|1|2024-03-10|set|{2,3}|{500,600}|read on the meter|f|-|01000000000001")
        << "the author is who the command line logs in as";
    owner("UPDATE correction SET state = 'done', batch = 7");
    const CorrectionRow row = answer.get().value();
    EXPECT_EQ(row.state, "done");
    EXPECT_EQ(row.batch->value, 7);
    EXPECT_EQ(row.author, "releve_work");
}

TEST_F(AdminCorrect, without_a_server_it_waits_no_longer_than_it_may)
{
    EXPECT_EQ(store.correct(asked(), {}).value().state, "waiting");
}

TEST_F(AdminCorrect, a_home_that_chooses_daily_totals_meanwhile_has_none)
{
    auto answer = std::async(std::launch::async, [&] { return store.correct(asked(), std::chrono::minutes{1}); });
    wait_until_some("FROM correction WHERE state = 'waiting'");
    AdminStore other{address, test_model};
    ASSERT_TRUE(other.choose_collection({first}, Collection::daily, "letter", at("2024-06-01T00:00:00Z")));
    EXPECT_EQ(answer.get().error().code, errc::daily_only);
}

TEST_F(AdminCorrect, what_cannot_be_is_named_by_field)
{
    const auto with = [](auto change) {
        CorrectionAsked wrong = asked();
        change(wrong);
        return wrong;
    };
    EXPECT_EQ(refused(with([](auto& a) { a.usage_point.value = "09999999999999"; })), "there is no usage point 09999999999999");
    EXPECT_EQ(refused(with([](auto& a) { a.action = "paint"; })), "action: must be set, accept or undo");
    EXPECT_EQ(refused(with([](auto& a) { a.action = "accept"; })), "values: only the action `set` has some");
    EXPECT_EQ(refused(with([](auto& a) { a.values = {1}; })), "values: one for each of the 2 intervals");
    EXPECT_EQ(refused(with([](auto& a) { a.values[0] = 1'000'000'000'001; })),
              "values: each at most 1000000000000, and as far below zero");
    EXPECT_EQ(refused(with([](auto& a) { a.reason = "x"; })), "reason: 3 to 500 characters");
    EXPECT_EQ(refused(with([](auto& a) { a.channel = "noise"; })), "channel: the meter has none of this name");
    EXPECT_EQ(refused(with([](auto& a) { a.channel = "active_energy_import"; })),
              "channel: only a channel of intervals can be corrected");
    EXPECT_EQ(refused(asked("2024-03-10T00:10:00Z")), "from: an interval of this channel begins every 1800 s");
    EXPECT_EQ(refused(asked("2024-03-10T00:00:00Z", "2024-03-10T00:50:00Z")), "to: an interval of this channel ends every 1800 s");
    EXPECT_EQ(refused(asked("2024-03-10T01:00:00Z", "2024-03-10T01:00:00Z")), "to: must be after from");
    EXPECT_EQ(refused(asked("2024-03-10T22:30:00Z", "2024-03-10T23:30:00Z")),
              "to: must be within the civil day of from, 2024-03-10");
    EXPECT_EQ(refused(asked("2024-02-10T00:00:00Z", "2024-02-10T01:00:00Z")), "from: no meter was there");
    EXPECT_EQ(refused(asked("2024-03-20T11:30:00Z", "2024-03-20T12:30:00Z")),
              "to: the meter was taken away at 2024-03-20T12:00:00Z; what came after is corrected by itself");
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(store.correct(asked(), {}).error().code, errc::daily_only);
}

} // namespace releve::store::test
