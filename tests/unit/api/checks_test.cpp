// Failed checks, gaps, what people do about them, corrections, the collection rate and the morning report.

#include "asking.hpp"

#include "failure_facts.hpp"

#include <set>

namespace releve::tests {
namespace {

using checks = Asking;
const std::string own = "/api/v1/usage-points/" + own_point;

TEST_F(checks, failures_say_the_rule_its_limits_and_what_was_found)
{
    const auto answer = json("/api/v1/failures?limit=1000", "energy_manager");
    EXPECT_TRUE(answer["next"].is_null());
    const auto& failures = answer["failures"];
    const auto of = [&](const char* rule) {
        return *std::find_if(failures.begin(), failures.end(), [&](const Json& row) { return row["rule"] == rule; });
    };
    const auto high = of("high");
    EXPECT_EQ(high.size(), 16U);
    EXPECT_EQ(high["severity"], "doubt");
    EXPECT_EQ(high["usage_point"], own_point);
    EXPECT_EQ(high["limits"], (Json{{"percent", 300}, {"floor_w", 3000}}));
    EXPECT_EQ(high["facts"], (Json{{"history_greatest", 3412}, {"history_days", 31}}));
    EXPECT_EQ(high["unit"], "W");
    EXPECT_TRUE(high["cleared"].is_null());
    EXPECT_TRUE(of("gap")["unit"].is_null()) << "a number of readings";
    EXPECT_EQ(of("clock")["unit"], "s");
    EXPECT_EQ(of("sum_check")["facts"], (Json{{"register_difference", 18020}}));
    EXPECT_EQ(of("sum_check")["unit"], "Wh");
    const auto table = csv("/api/v1/failures?rule=high&limit=1");
    EXPECT_TRUE(
        table.starts_with("id,meter,usage_point,channel,day,rule,severity,from,to,value,unit,limits,facts,batch,cleared,handling\r\n"));
    EXPECT_NE(table.find(R"(,W,"{""percent"":300,""floor_w"":3000}","{""history_greatest"":3412,""history_days"":31}",)"),
              std::string::npos)
        << table;
}

TEST_F(checks, failures_are_filtered_and_paged)
{
    const auto rules = [&](const std::string& query) {
        std::set<std::string> out;
        const auto answer = json("/api/v1/failures?limit=1000&" + query);
        for (const auto& row : answer["failures"])
            out.insert(row["rule"]);
        return out;
    };
    using Rules = std::set<std::string>;
    EXPECT_EQ(rules(""), (Rules{"high", "gap", "sum_check", "clock"}));
    EXPECT_EQ(rules("cleared=true"), (Rules{"high", "gap", "sum_check", "clock", "duplicate"}));
    EXPECT_EQ(rules("cleared=false&severity=doubt"), (Rules{"high", "sum_check"}));
    EXPECT_EQ(rules("rule=gap"), (Rules{"gap"}));
    EXPECT_EQ(rules("meter=2"), (Rules{"sum_check", "clock"}));
    EXPECT_EQ(rules("from=2024-03-01"), (Rules{"high", "gap"}));
    EXPECT_EQ(rules("to=2024-02-03"), (Rules{"sum_check", "clock"}));
    EXPECT_EQ(rules("to=2024-02-02T12:00:00Z"), (Rules{"sum_check", "clock"})) << "the day that it touches";
    EXPECT_EQ(rules("to=2024-02-02"), Rules{});
    const auto page = json("/api/v1/failures?limit=2");
    EXPECT_GT(page["failures"][0]["id"], page["failures"][1]["id"]) << "newest first";
    EXPECT_EQ(page["next"], std::to_string(page["failures"][1]["id"].get<std::int64_t>()));
    for (const auto& [query, reason] :
         {std::pair{"rule=tired", "rule: there is none of this name"},
          std::pair{"severity=bad", "severity: must be note or doubt"},
          std::pair{"cleared=1", "cleared: must be false or true"}, std::pair{"meter=x", "meter: must be the `id`"},
          std::pair{"from=soon", "from: is neither a date"},
          std::pair{"from=2024-04-02&to=2024-04-02", "to: must be after from"},
          std::pair{"after=x", "after: must be the `next`"}, std::pair{"limit=0", "limit: must be"}})
        EXPECT_TRUE(refusal("/api/v1/failures?" + std::string(query)).starts_with(reason)) << query;
}

TEST_F(checks, a_person_sees_their_own_failures_and_gaps)
{
    const auto failures = json(own + "/failures?limit=1000&cleared=true", "household");
    EXPECT_EQ(failures["usage_point"], own_point);
    ASSERT_FALSE(failures["failures"].empty());
    for (const auto& row : failures["failures"])
        EXPECT_EQ(row["usage_point"], own_point);
    const auto gaps = json(own + "/gaps?limit=1000", "household");
    EXPECT_EQ(gaps["usage_point"], own_point);
    std::set<std::string> states;
    for (const auto& gap : gaps["gaps"]) {
        EXPECT_EQ(gap.size(), 11U);
        states.insert(gap["state"]);
    }
    EXPECT_EQ(states, (std::set<std::string>{"estimated", "must_ask", "waiting"}));
    EXPECT_EQ(json(own + "/gaps?state=estimated", "household")["gaps"][0]["from"], "2024-03-30T14:00:00Z");
    EXPECT_TRUE(refusal(own + "/failures?meter=1").starts_with("meter: no such parameter here"));
    EXPECT_TRUE(csv(own + "/gaps", "household")
                    .starts_with("id,meter,usage_point,channel,from,to,state,found_at,looks,next_look_at,kept_until\r\n"));
    for (const char* what : {"/gaps", "/failures"})
        refusal("/api/v1/usage-points/" + other_point + what, 404);
}

TEST_F(checks, gaps_by_state_and_meter)
{
    EXPECT_FALSE(json("/api/v1/gaps?state=must_ask&meter=1")["gaps"].empty());
    EXPECT_TRUE(json("/api/v1/gaps?state=lost")["gaps"].empty());
    EXPECT_TRUE(json("/api/v1/gaps?meter=2")["gaps"].empty());
    EXPECT_TRUE(refusal("/api/v1/gaps?state=asking").starts_with("state: there is none of this name"));
    EXPECT_TRUE(refusal("/api/v1/gaps?meter=-1").starts_with("meter: must be the `id`"));
    EXPECT_FALSE(json("/api/v1/gaps?limit=1")["next"].is_null());
}

TEST_F(checks, what_people_did_is_told_with_the_failure)
{
    EXPECT_EQ(json("/api/v1/failures/3")["handling"], Json::array());
    const std::string handling = "/api/v1/failures/3/handling";
    const auto taken = client.post(handling, "operator", R"({"step":"taken"})");
    EXPECT_EQ(taken.result_int(), 200U);
    EXPECT_EQ(
        Json::parse(taken.body()),
        (Json{{"failure", 3},
              {"handling",
               {{{"step", "taken"}, {"note", nullptr}, {"who", "operator of the tests"}, {"at", "2024-04-02T10:00:00Z"}}}}}));
    EXPECT_EQ(client.post(handling, "operator", R"({"step":"noted","note":"L'index est \"bon\""})").result_int(), 200U);
    const auto shown = json("/api/v1/failures/3");
    EXPECT_EQ(shown["handling"][1]["note"], "L'index est \"bon\"");
    EXPECT_EQ(shown["rule"], "sum_check");
    const auto event = client.post("/api/v1/events/4/handling", "operator", R"({"step":"closed","note":""})");
    EXPECT_EQ(Json::parse(event.body())["event"], 4);
    EXPECT_EQ(server.world.events_handled[4].size(), 1U);
    EXPECT_EQ(json("/api/v1/events")["events"][0]["handling"][0]["step"], "closed") << "the next operator sees it";
    EXPECT_EQ(json("/api/v1/events")["events"][1]["handling"], Json::array());
    EXPECT_EQ(json("/api/v1/events", "energy_manager")["events"][0]["handling"], nullptr);
    refusal("/api/v1/failures/99", 404);
    refusal("/api/v1/failures/x", 404);
    post_refusal("/api/v1/failures/99/handling", R"({"step":"taken"})", 404);
    post_refusal("/api/v1/events/0/handling", R"({"step":"taken"})", 404);
}

TEST_F(checks, a_wrong_step_is_refused_by_field)
{
    const std::pair<std::string, std::string> cases[] = {
        {"{}", "step: is required"},
        {R"({"step":"done"})", "step: must be taken, noted, closed or reopened"},
        {R"({"step":3})", "step: must be a text of 1 to 16 characters"},
        {R"({"step":"noted"})", "note: is required with the step noted"},
        {R"({"step":"taken","note":")" + std::string(501, 'a') + "\"}", "note: must be a text of 0 to 500 characters"},
        {R"({"step":"taken","by":"me"})", "by: no such member here"},
        {R"({"step":"taken","step":"closed"})", "step: given twice"},
        {"step=taken", "body: is not a JSON object"},
        {"", "body: is not a JSON object"},
    };
    for (const std::string target : {"/api/v1/failures/3/handling", "/api/v1/events/4/handling"})
        for (const auto& [body, reason] : cases)
            EXPECT_EQ(post_refusal(target, body), reason);
    EXPECT_EQ(client.post("/api/v1/failures/3/handling?step=taken", "operator", R"({"step":"taken"})").result_int(), 400U);
    EXPECT_TRUE(server.world.failures_handled[3].empty());
}

TEST_F(checks, a_correction_is_asked_for_and_can_be_followed)
{
    server.world.scaler = -1;
    const auto asked = client.post(own + "/corrections", "operator",
                                   R"({"action":"set","from":"2024-03-30T17:00:00Z","to":"2024-03-30T18:00:00Z",)"
                                   R"("values":[812.5,790],"reason":"Le four était en essai"})");
    EXPECT_EQ(asked.result_int(), 202U) << asked.body();
    EXPECT_EQ(asked[http::field::location], "/api/v1/corrections/2");
    EXPECT_EQ(Json::parse(asked.body())["state"], "waiting");
    ASSERT_EQ(server.world.corrections_asked.size(), 1U);
    const auto& in_store = server.world.corrections_asked.front();
    EXPECT_EQ(in_store.values, (std::vector<std::int64_t>{8125, 7900})) << "as the channel counts";
    EXPECT_EQ(in_store.usage_point.value, own_point);
    EXPECT_EQ(in_store.to - in_store.from, std::chrono::hours(1));
    EXPECT_EQ(in_store.reason, "Le four était en essai");
    const auto shown = json("/api/v1/corrections/2");
    EXPECT_EQ(shown["action"], "set");
    EXPECT_EQ(shown["day"], "2024-03-30");
    EXPECT_TRUE(shown["batch"].is_null());
    EXPECT_TRUE(shown["detail"].is_null());
    EXPECT_EQ(json("/api/v1/corrections/1")["batch"], 7);
    refusal("/api/v1/corrections/9", 404);
    // A whole day, by its date: the one of the clock change has 23 hours.
    EXPECT_EQ(
        client
            .post(
                own + "/corrections", "operator",
                R"({"action":"undo","channel":"active_power_import","from":"2024-03-31","to":"2024-04-01","reason":"as it was"})")
            .result_int(),
        202U);
    EXPECT_EQ(server.world.corrections_asked.back().to - server.world.corrections_asked.back().from, std::chrono::hours(23));
}

TEST_F(checks, a_wrong_correction_is_refused_by_field)
{
    const auto with = [](const std::string& member, const std::string& value) {
        std::map<std::string, std::string> members{{"action", "\"set\""},
                                                   {"from", "\"2024-03-30T17:00:00Z\""},
                                                   {"to", "\"2024-03-30T18:00:00Z\""},
                                                   {"values", "[1,2]"},
                                                   {"reason", "\"because\""}};
        members[member] = value;
        std::string out;
        for (const auto& [name, text] : members)
            if (!text.empty())
                out += (out.empty() ? "{\"" : ",\"") + name + "\":" + text;
        return out + "}";
    };
    const std::pair<std::string, std::string> cases[] = {
        {with("action", ""), "action: is required"},
        {with("action", "\"delete\""), "action: must be set, accept or undo"},
        {with("action", "\"accept\""), "values: only with the action set"},
        {with("reason", ""), "reason: is required"},
        {with("reason", "\"no\""), "reason: must be a text of 3 to 500 characters"},
        {with("from", ""), "from: is required"},
        {with("from", "\"noon\""), "from: is neither a date (2024-01-31) nor an instant (2024-01-31T00:00:00Z)"},
        {with("to", "\"2024-03-30T17:00:00Z\""), "to: must be after from"},
        {with("to", "\"2024-04-01\""), "to: at most 1 days after from"},
        {with("values", ""), "values: 0 given for 2 intervals"},
        {with("values", "[1]"), "values: 1 given for 2 intervals"},
        {with("values", "[1,2.5]"), "values: number 2 has more decimals than this channel"},
        {with("values", "[1,123456789012345678901]"), "values: number 2 is not a plain decimal number of 64 bits"},
        {with("values", "\"1,2\""), "values: must be a list of at most 288 numbers"},
        {with("channel", "\"voltage\""), "channel: this meter has no such channel"},
        {with("author", "\"somebody else\""), "author: no such member here"},
    };
    for (const auto& [body, reason] : cases)
        EXPECT_EQ(post_refusal(own + "/corrections", body), reason) << body;
    post_refusal("/api/v1/usage-points/" + daily_point + "/corrections", with("reason", "\"because\""), 403);
    EXPECT_TRUE(server.world.corrections_asked.empty());
}

TEST_F(checks, breaches_and_jobs)
{
    const auto breaches = json("/api/v1/breaches")["breaches"];
    ASSERT_EQ(breaches.size(), 2U);
    EXPECT_EQ(breaches[0]["group"], "schools");
    EXPECT_TRUE(breaches[0]["meter"].is_null());
    EXPECT_EQ(breaches[1]["expected"], 18020);
    EXPECT_TRUE(
        csv("/api/v1/breaches").starts_with("id,kind,meter,group,channel,day,expected,found,found_at\r\n2,group,,schools,"));
    const auto jobs = json("/api/v1/jobs")["jobs"];
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[0]["done"], 112);
    EXPECT_TRUE(jobs[0]["finished_at"].is_null());
    EXPECT_TRUE(jobs[1]["group"].is_null());
    EXPECT_TRUE(csv("/api/v1/jobs").starts_with("id,kind,group,state,asked_by,asked_at,total,done,finished_at,detail\r\n"));
    for (const char* path : {"/api/v1/breaches", "/api/v1/jobs"})
        EXPECT_TRUE(refusal(std::string(path) + "?after=x").starts_with("after: must be the `next`"));
}

TEST_F(checks, the_collection_rate_by_hour_and_place)
{
    const auto all = json("/api/v1/collection?date=2024-03-31");
    EXPECT_EQ(all["date"], "2024-03-31");
    EXPECT_TRUE(all["by"].is_null());
    EXPECT_TRUE(all["rates"][0]["of"].is_null());
    EXPECT_NE(client.get("/api/v1/collection?date=2024-03-31", "operator").body().find("\"percent\":95.8}"), std::string::npos)
        << "rounded down";
    EXPECT_EQ(json("/api/v1/collection?date=2024-03-31&by=hour")["rates"].size(), 23U);
    const auto places = json("/api/v1/collection?date=2024-03-31&by=concentrator")["rates"];
    EXPECT_EQ(places[0]["of"], "concentrator-1");
    EXPECT_EQ(places[0]["percent"], 100);
    EXPECT_TRUE(places[2]["percent"].is_null()) << "nothing was expected";
    EXPECT_TRUE(csv("/api/v1/collection?date=2024-03-31&by=area")
                    .starts_with("of,meters,expected,arrived,percent\r\nnorth,260,12480,11957,95.8\r\n"));
    EXPECT_TRUE(refusal("/api/v1/collection").starts_with("date: is required"));
    EXPECT_EQ(refusal("/api/v1/collection?date=2024-03-31T00:00:00Z"), "date: must be a date (2024-01-31)");
    EXPECT_EQ(refusal("/api/v1/collection?date=2024-03-31&by=colour"), "by: must be hour, concentrator, area or group");
}

TEST_F(checks, the_morning_report_names_causes_and_not_meters)
{
    const auto report = json("/api/v1/reports/morning", "energy_manager");
    EXPECT_EQ(report["from"], "2024-04-01T16:00:00Z") << "18:00 in France";
    EXPECT_EQ(report["to"], "2024-04-02T10:00:00Z");
    ASSERT_EQ(report["outages"].size(), 2U);
    const auto& area = report["outages"][0];
    EXPECT_EQ(area["kind"], "area");
    EXPECT_EQ(area["place"], "north");
    EXPECT_EQ(area["cause"], "power");
    EXPECT_EQ(area["meters"], 120);
    EXPECT_EQ(area["members"].size(), 100U) << "the first ones only";
    EXPECT_EQ(area["restored"], 118);
    const auto& concentrator = report["outages"][1];
    EXPECT_EQ(concentrator["cause"], "link");
    EXPECT_TRUE(concentrator["first_restored_at"].is_null());
    EXPECT_EQ(report["stopped"], area["meters"].get<int>() + concentrator["meters"].get<int>());
    EXPECT_EQ(report["collection"]["day"], "2024-04-01");
    EXPECT_EQ(report["collection_week_before"]["day"], "2024-03-25");
    EXPECT_EQ(report["collection_week_before"]["arrived"], 12471);
    EXPECT_EQ(report["gaps"]["by_state"][1], (Json{{"state", "must_ask"}, {"count", 11}}));
    EXPECT_EQ(report["events"][0], (Json{{"kind", "battery_low"}, {"count", 1}}));
    EXPECT_EQ(json("/api/v1/reports/morning?format=json"), report);
    EXPECT_EQ(refusal("/api/v1/reports/morning?format=csv", 406), "format: json is available");
}

TEST(failure_facts, each_rule_says_its_numbers_in_their_unit)
{
    store::FailureRow row;
    row.unit = Unit::watt;
    row.scaler = -1;
    row.value = 1'234;
    row.detail = {50, 1};
    const auto said = [&row](std::string_view rule) {
        row.rule = rule;
        const auto facts = api::failure_facts(row);
        return facts.value.text + " " + facts.unit.text + " " + facts.json;
    };
    EXPECT_EQ(said("gap"), R"(1234  {"of_day":50})");
    EXPECT_EQ(said("interval_size"), R"(1234 s {"expected":50})");
    EXPECT_EQ(said("multiplier"), R"(1234  {"expected":50})");
    EXPECT_EQ(said("negative"), "123.4 W {}");
    EXPECT_EQ(said("high_power"), R"(123.4 W {"subscribed_va":50})");
    EXPECT_EQ(said("high"), R"(123.4 W {"history_greatest":5.0,"history_days":1})");
    EXPECT_EQ(said("spike"), R"(123.4 W {"before":5.0,"history_greatest":0.1})");
    EXPECT_EQ(said("zero"), R"(123.4 W {"slots":50,"history_zero_slots":1})");
    EXPECT_EQ(said("sum_check"), R"(12340 Wh {"register_difference":500})") << "the scaler is the second number";
    EXPECT_EQ(said("sibling"), R"(123.4 W {"other_direction":5.0})");
    EXPECT_EQ(said("clock"), "1234 s {}");
    EXPECT_EQ(said("of_a_later_version"), R"(1234  {"detail":[50,1]})");
    row.detail = {1'300, 0};
    EXPECT_EQ(said("sibling"), R"(1234  {"total":1300})");
    row.detail.clear();
    EXPECT_EQ(said("high"), R"(123.4 W {"history_greatest":0.0,"history_days":0})") << "fewer than expected";
}

} // namespace
} // namespace releve::tests
