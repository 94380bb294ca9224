// Answers of the resources: shapes in JSON and CSV, parameters and what is said about wrong ones.

#include "running_server.hpp"

#include <releve/api/listing.hpp>
#include <releve/engine/gas.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace releve::tests {
namespace {

using Json = nlohmann::json;
const std::string own = "/api/v1/usage-points/" + own_point;

struct parameters : testing::Test {
    RunningServer server;
    Client client = server.client();

    Json json(const std::string& target, const std::string& token = "household")
    {
        const auto reply = client.get(target, token);
        EXPECT_EQ(reply.result_int(), 200U) << target << reply.body();
        EXPECT_EQ(reply[http::field::content_type], "application/json");
        return Json::parse(reply.body());
    }
    Json refused(const std::string& target, unsigned status, const std::string& more = {})
    {
        const auto reply = client.get(target, "household", more);
        EXPECT_EQ(reply.result_int(), status) << target;
        EXPECT_EQ(reply[http::field::content_type], "application/problem+json");
        return Json::parse(reply.body());
    }
};

TEST_F(parameters, daily_has_the_contract_s_shape)
{
    const auto answer = json(own + "/daily?from=2024-03-30&to=2024-04-04");
    EXPECT_EQ(answer["usage_point"], own_point);
    EXPECT_EQ(answer["zone"], "Europe/Paris");
    ASSERT_EQ(answer["days"].size(), 5U);
    for (const auto& day : answer["days"])
        EXPECT_EQ(day.size(), 6U);
    EXPECT_EQ(answer["days"][0]["date"], "2024-03-30");
    EXPECT_EQ(answer["days"][1]["slots"], 46);
    EXPECT_TRUE(answer["days"][1]["energy_wh"].is_number_integer());
    EXPECT_EQ(answer["days"][4]["energy_wh"], nullptr) << "a day of the future";
    EXPECT_EQ(answer["days"][4]["missing"], 48);
    const auto estimated = json(own + "/daily?from=2024-03-26&to=2024-03-31")["days"];
    std::multiset<int> counts;
    for (const auto& day : estimated)
        counts.insert(day["estimated"].get<int>());
    EXPECT_EQ(counts, (std::multiset<int>{0, 0, 0, 0, 3})) << "two estimated, one corrected, on one day in five";
    EXPECT_EQ(answer["days"][4]["quality"], "missing");
}

TEST_F(parameters, daily_takes_instants_as_the_days_they_touch)
{
    const auto answer = json(own + "/daily?from=2024-03-30T23:00:00Z&to=2024-04-01T22:00:00Z");
    ASSERT_EQ(answer["days"].size(), 2U);
    EXPECT_EQ(answer["days"][0]["date"], "2024-03-31");
    EXPECT_EQ(answer["days"][1]["date"], "2024-04-01");
}

TEST_F(parameters, readings_have_the_contract_s_shape_and_utc_starts)
{
    const auto answer = json(own + "/readings?from=2024-03-31&to=2024-04-01");
    EXPECT_EQ(answer["channel"], "active_power_import");
    EXPECT_EQ(answer["unit"], "W");
    EXPECT_EQ(answer["step_s"], 1800);
    ASSERT_EQ(answer["readings"].size(), 46U) << "the day of the clock change has 23 hours";
    EXPECT_EQ(answer["readings"][0]["start"], "2024-03-30T23:00:00Z");
    EXPECT_EQ(answer["readings"][45]["start"], "2024-03-31T21:30:00Z");
    EXPECT_EQ(answer["readings"][0]["quality"], "raw");
    EXPECT_EQ(answer["readings"][0].size(), 4U);
    EXPECT_TRUE(answer["readings"][0]["measured"].is_null());
    EXPECT_TRUE(answer["readings"][0]["value"].is_number_integer());
    const auto same = json(own + "/readings?from=2024-03-31T00:00:00%2B01:00&to=2024-04-01T00:00:00+02:00");
    EXPECT_EQ(same["readings"], answer["readings"]);
}

TEST_F(parameters, readings_are_exact_decimals)
{
    server.world.scaler = -3;
    const auto body = client.get(own + "/readings?from=2024-04-01T00:00:00Z&to=2024-04-01T00:30:00Z", "household").body();
    const auto watts = *fake_power_w(parse_instant("2024-04-01T00:00:00Z").value(), test_now);
    EXPECT_NE(body.find("\"value\":" + api::scaled_digits(watts, -3) + ","), std::string::npos) << body;
}

TEST_F(parameters, an_answer_as_of_names_the_number_it_stands_for)
{
    for (const std::string what : {"/daily", "/readings"}) {
        const std::string target = own + what + "?from=2024-04-01&to=2024-04-02";
        EXPECT_FALSE(json(target).contains("as_of"));
        const auto answer = json(target + "&as_of=2024-04-01T12:00:00%2B02:00");
        EXPECT_EQ(answer["as_of"], 1711965600) << "the tests' store counts seconds";
        EXPECT_EQ(json(target + "&as_of=1711965600"), answer);
        EXPECT_EQ(client.get(target + "&as_of=7&format=csv", "household").body(),
                  client.get(target + "&format=csv", "household").body());
    }
}

TEST_F(parameters, csv_by_accept_or_by_format)
{
    const std::string target = own + "/daily?from=2024-04-01&to=2024-04-03";
    const auto by_accept = client.get(target, "household", "Accept: text/csv\r\n");
    const auto by_format = client.get(target + "&format=csv", "household", "Accept: application/json\r\n");
    EXPECT_EQ(by_accept.body(), by_format.body());
    EXPECT_TRUE(by_accept[http::field::content_type].starts_with("text/csv; charset=utf-8"));
    EXPECT_EQ(by_accept[http::field::content_disposition],
              "attachment; filename=\"releve-" + own_point + "-daily-2024-04-01-2024-04-03.csv\"");
    EXPECT_TRUE(by_accept.body().starts_with("date,energy_wh,slots,missing,estimated,quality\r\n2024-04-01,")) << by_accept.body();
    const auto readings = client.get(own + "/readings?from=2024-04-01&to=2024-04-02&format=csv", "household").body();
    EXPECT_TRUE(readings.starts_with("start,value,quality,measured,unit\r\n2024-03-31T22:00:00Z,")) << readings.substr(0, 80);
    const auto accesses = client.get(own + "/accesses?format=csv", "household").body();
    EXPECT_NE(accesses.find(",\"'=Town hall, energy desk\","), std::string::npos) << accesses;
    EXPECT_TRUE(client.get(own + "/daily?from=2050-01-01&to=2050-01-02&format=csv", "household")
                    .body()
                    .ends_with("2050-01-01,,48,48,0,missing\r\n"));
}

TEST_F(parameters, other_formats_are_not_acceptable)
{
    const std::string target = own + "/daily?from=2024-04-01&to=2024-04-03";
    refused(target, 406, "Accept: application/xml\r\n");
    refused(target + "&format=xml", 406);
    refused("/api/v1/me", 406, "Accept: text/csv\r\n");
    refused(own, 406, "Accept: image/png\r\n");
    EXPECT_EQ(client.get(target, "household", "Accept: text/csv;q=0.4, application/json;q=0.5\r\n")[http::field::content_type],
              "application/json");
    EXPECT_EQ(client.get(target, "household", "Accept: */*\r\n")[http::field::content_type], "application/json");
}

TEST_F(parameters, a_wrong_one_is_named_with_the_reason)
{
    const std::pair<const char*, const char*> cases[] = {
        {"/daily", "from: is required"},
        {"/daily?from=2024-01-01", "to: is required"},
        {"/daily?from=2024-13-01&to=2024-02-01", "from: is neither a date"},
        {"/daily?from=2024-02-30&to=2024-03-02", "from: is neither a date"},
        {"/daily?from=2024-01-01&to=yesterday", "to: is neither a date"},
        {"/daily?from=2024-01-02&to=2024-01-02", "to: must be after from"},
        {"/daily?from=2024-01-02&to=2024-01-01", "to: must be after from"},
        {"/daily?from=2020-01-01&to=2023-01-06", "to: at most 1100 days"},
        {"/readings?from=2023-01-01&to=2024-02-06", "to: at most 400 days"},
        {"/daily?from=1889-01-01&to=1890-01-01", "from: must lie between 1990 and 2100"},
        {"/daily?from=2024-01-01&to=9999-01-01", "to: must lie between 1990 and 2100"},
        {"/daily?from=2024-01-01&to=2024-01-02&chanel=x", "chanel: no such parameter here"},
        {"/daily?from=2024-01-01&from=2024-01-02&to=2024-01-03", "from: given twice"},
        {"/daily?from=2024-01-01&to=2024-01-02&channel=nothing", "channel: this meter has no such channel"},
        {"/accesses?limit=0", "limit: must be a number from 1 to 1000"},
        {"/accesses?limit=1001", "limit: must be a number from 1 to 1000"},
        {"/accesses?limit=10x", "limit: must be a number from 1 to 1000"},
        {"/daily?from=%2", "a % in the address"},
        {"/daily?from=2024-01-01&to=2024-01-02&channel=%ff", "the address is not UTF-8"},
        {"/accesses?after=x", "after: must be the `next` of the page before"},
        {"/accesses?after=-1", "after: must be the `next` of the page before"},
        {"/accesses?after=9999999999999999999", "after: must be the `next` of the page before"},
        {"/daily?from=2024-01-01&to=2024-01-02&as_of=yesterday", "as_of: is neither an instant"},
        {"/daily?from=2024-01-01&to=2024-01-02&as_of=-1", "as_of: is neither an instant"},
        {"/readings?from=2024-01-01&to=2024-01-02&as_of=2024-01-01", "as_of: is neither an instant"},
        {"/readings?from=2024-01-01&to=2024-01-02&as_of=9999-01-01T00:00:00Z", "as_of: must lie between 1990 and 2100"},
        {"/accesses?as_of=1", "as_of: no such parameter here"},
    };
    for (const auto& [tail, reason] : cases) {
        const auto problem = refused(own + tail, 400);
        EXPECT_EQ(problem["type"], "/problems/bad_parameter") << tail;
        EXPECT_TRUE(problem["detail"].get<std::string>().starts_with(reason)) << tail << problem["detail"];
    }
    json(own + "/daily?from=2020-01-01&to=2023-01-05");
    json(own + "/readings?from=2023-01-01&to=2024-02-05");
}

TEST_F(parameters, a_problem_has_all_members_in_both_languages)
{
    const auto english = refused("/api/v1/usage-points/" + other_point, 404);
    EXPECT_EQ(english["type"], "/problems/not_found");
    EXPECT_EQ(english["title"], "Not found");
    EXPECT_EQ(english["status"], 404);
    EXPECT_EQ(english["instance"], "/api/v1/usage-points/" + other_point);
    EXPECT_EQ(english["plain"], "There is nothing here, or nothing that you may see.");
    const auto french = refused("/api/v1/nothing", 404, "Accept-Language: fr-FR,fr;q=0.9,en;q=0.8\r\n");
    EXPECT_EQ(french["title"], "Introuvable");
    EXPECT_EQ(french["plain"], "Il n'y a rien ici, ou rien que vous puissiez voir.");
}

TEST_F(parameters, only_totals_where_only_totals_are_kept)
{
    const std::string daily_home = "/api/v1/usage-points/" + daily_point;
    EXPECT_EQ(json(daily_home + "/daily?from=2024-04-01&to=2024-04-02", "daily_household")["days"].size(), 1U);
    const auto reply = client.get(daily_home + "/readings?from=2024-04-01&to=2024-04-02", "daily_household");
    EXPECT_EQ(reply.result_int(), 403U);
    EXPECT_EQ(Json::parse(reply.body())["type"], "/problems/daily_only");
}

TEST_F(parameters, lists_are_paged_to_the_end)
{
    server.world.meters = 7;
    std::vector<int> seen;
    std::string after;
    for (int rounds = 0; rounds < 10; ++rounds) {
        const auto answer = json("/api/v1/meters?limit=3" + after, "operator");
        for (const auto& meter : answer["meters"])
            seen.push_back(meter["id"]);
        if (answer["next"].is_null())
            break;
        after = "&after=" + answer["next"].get<std::string>();
    }
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(json("/api/v1/meters/7", "operator")["serial"], "0213760100007");
    for (const char* id : {"8", "x", "99999999999", "1x"})
        EXPECT_EQ(client.get("/api/v1/meters/" + std::string(id), "operator").result_int(), 404U) << id;
}

TEST_F(parameters, refused_messages_by_reason)
{
    EXPECT_EQ(json("/api/v1/quarantine", "auditor")["quarantine"].size(), 3U);
    const auto one = json("/api/v1/quarantine?reason=replay", "auditor")["quarantine"];
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0]["reason"], "replay");
    EXPECT_EQ(one[0]["counter"], 41);
    EXPECT_FALSE(one[0].contains("frame")) << "the bytes stay inside";
    for (const char* reason : {"nonsense", "accepted"})
        EXPECT_EQ(client.get("/api/v1/quarantine?reason=" + std::string(reason), "auditor").result_int(), 400U);
}

TEST_F(parameters, gas_days_have_volume_energy_and_the_coefficient)
{
    const std::string gas = "/api/v1/usage-points/" + gas_point;
    const std::string target = gas + "/daily?from=2024-03-10&to=2024-03-30";
    const auto answer = json(target, "gas_household");
    EXPECT_EQ(answer["channel"], "volume_index");
    EXPECT_EQ(answer["unit"], "m3");
    EXPECT_EQ(answer["day_start"], "06:00");
    ASSERT_EQ(answer["days"].size(), 20U);
    int alone = 0, covered = 0;
    for (const auto& day : answer["days"]) {
        EXPECT_EQ(day.size(), 8U);
        if (day["covering"].is_null()) {
            ++alone;
            const auto volume = day["volume_dm3"].get<std::int64_t>();
            EXPECT_EQ(day["energy_wh"], engine::energy_wh_of(volume, day["kwh_per_m3"] == "11.17" ? 1'117'000 : 1'098'500).value());
            EXPECT_EQ(day["quality"], "raw");
        } else {
            ++covered;
            EXPECT_TRUE(day["volume_dm3"].is_null());
            EXPECT_EQ(day["covering"].size(), 5U);
            EXPECT_EQ(day["covering"]["complete"], true);
        }
    }
    EXPECT_EQ(alone, 18);
    EXPECT_EQ(covered, 2);
    ASSERT_FALSE(answer["faults"].empty());
    EXPECT_EQ(answer["faults"][0]["kind"], "conflicting");
    const auto body = client.get(target, "gas_household").body();
    EXPECT_NE(body.find("\"index_start\":16"), std::string::npos) << "exact decimals of m3: " << body.substr(0, 400);
    const auto csv = client.get(target + "&format=csv", "gas_household").body();
    EXPECT_TRUE(csv.starts_with("date,volume_dm3,energy_wh,kwh_per_m3,index_start,index_end,quality,covering.from,covering.to,"
                                "covering.volume_dm3,covering.energy_wh,covering.complete\r\n2024-03-10,"))
        << csv.substr(0, 300);
    const auto coefficients = json(gas + "/coefficients", "gas_household")["coefficients"];
    ASSERT_EQ(coefficients.size(), 2U);
    EXPECT_EQ(coefficients[0]["kwh_per_m3"], "11.17");
    EXPECT_EQ(coefficients[1]["kwh_per_m3"], "10.985");
    EXPECT_EQ(coefficients[1]["to"], nullptr);
}

TEST_F(parameters, live_values_say_that_nothing_proves_them)
{
    const auto answer = json(own + "/live");
    EXPECT_EQ(answer["authenticated"], false);
    EXPECT_EQ(answer["billable"], false);
    ASSERT_EQ(answer["values"].size(), 3U);
    EXPECT_EQ(answer["values"][0]["label"], "EAST");
    EXPECT_FALSE(answer["values"][0]["name"]["fr"].get<std::string>().empty());
    EXPECT_FALSE(answer["values"][0]["plain"]["en"].get<std::string>().empty());
    EXPECT_EQ(answer["values"][1]["name"], nullptr) << "a label that we have no words for";
    EXPECT_NE(client.get(own + "/live", "household").body().find("\"value\":123.4,\"unit\":\"V\""), std::string::npos);
    const auto half_hours = json(own + "/live/half-hours?from=2024-03-31&to=2024-04-01");
    EXPECT_EQ(half_hours["authenticated"], false);
    EXPECT_EQ(half_hours["half_hours"].size(), 46U);
    EXPECT_EQ(half_hours["half_hours"][0]["samples"], 17);
    const auto csv = client.get(own + "/live?format=csv", "household").body();
    EXPECT_TRUE(csv.starts_with("label,name.en,name.fr,plain.en,plain.fr,value,unit,at,authenticated,billable\r\n")) << csv;
    EXPECT_NE(csv.find(",false,false\r\n"), std::string::npos);
    EXPECT_EQ(refused(own + "/live/half-hours?from=2024-03-01&to=2024-04-02", 400)["detail"], "to: at most 31 days after from");
    for (const char* tail : {"/live", "/live/half-hours?from=2024-03-31&to=2024-04-01"}) {
        const auto reply = client.get("/api/v1/usage-points/" + daily_point + tail, "daily_household");
        EXPECT_EQ(reply.result_int(), 403U);
        EXPECT_EQ(Json::parse(reply.body())["type"], "/problems/daily_only");
    }
}

TEST_F(parameters, events_are_filtered_and_paged)
{
    const auto ids = [&](const std::string& query) {
        std::vector<int> out;
        const auto answer = json("/api/v1/events" + query, "operator");
        for (const auto& event : answer["events"])
            out.push_back(event["id"]);
        return out;
    };
    EXPECT_EQ(ids(""), (std::vector<int>{4, 3, 2, 1}));
    EXPECT_EQ(ids("?kind=battery_low"), (std::vector<int>{3, 1}));
    EXPECT_EQ(ids("?meter=1"), (std::vector<int>{2, 1}));
    EXPECT_EQ(ids("?from=2024-04-02"), (std::vector<int>{4, 3, 2}));
    EXPECT_EQ(ids("?to=2024-04-02T00:00:00Z"), (std::vector<int>{1}));
    EXPECT_EQ(ids("?limit=2&after=3"), (std::vector<int>{2, 1}));
    for (const auto& [query, reason] :
         {std::pair{"meter=x", "meter: must be the `id`"}, std::pair{"meter=0", "meter: must be the `id`"},
          std::pair{"from=soon", "from: is neither a date"}, std::pair{"from=2024-04-02&to=2024-04-02", "to: must be after from"},
          std::pair{"after=x", "after: must be the `next`"}}) {
        const auto reply = client.get("/api/v1/events?" + std::string(query), "operator");
        EXPECT_EQ(reply.result_int(), 400U) << query;
        EXPECT_TRUE(Json::parse(reply.body())["detail"].get<std::string>().starts_with(reason)) << reply.body();
    }
}

TEST_F(parameters, events_have_words_of_the_model_or_of_ours)
{
    const auto answer = json("/api/v1/events", "operator");
    const auto& events = answer["events"];
    EXPECT_EQ(events[0]["name"]["fr"], "Horloge décalée");
    EXPECT_EQ(events[1]["name"]["fr"], "Pile faible");
    EXPECT_EQ(events[1]["plain"]["en"], "The battery must be replaced.");
    EXPECT_TRUE(events[2]["name"].is_null()) << "neither the model nor we know it";
    EXPECT_TRUE(events[2]["plain"].is_null());
}

TEST_F(parameters, gateways_receptions_and_commands)
{
    const auto gateways = json("/api/v1/gateways", "operator")["gateways"];
    ASSERT_EQ(gateways.size(), 2U);
    EXPECT_EQ(gateways[0]["acknowledged_up_to"], 8812);
    EXPECT_EQ(gateways[0]["crc_may_be_zero"], false);
    EXPECT_EQ(gateways[1]["label"], nullptr);
    EXPECT_EQ(json("/api/v1/meters/1", "operator")["reception"], nullptr);
    EXPECT_EQ(json("/api/v1/meters/2", "operator")["reception"]["signal_dbm"], -93);
    const auto commands = json("/api/v1/meters/1/commands", "operator")["commands"];
    ASSERT_EQ(commands.size(), 2U);
    EXPECT_EQ(commands[0]["state"], "done");
    EXPECT_EQ(commands[1]["result"], nullptr);
    EXPECT_EQ(client.get("/api/v1/meters/9999/commands", "operator").result_int(), 404U);
}

TEST_F(parameters, operations_and_me)
{
    const auto summary = json("/api/v1/operations", "operator");
    EXPECT_EQ(summary["meters_by_state"][0]["count"], 2);
    EXPECT_EQ(summary["refused_by_reason"].size(), 3U);
    EXPECT_EQ(summary["readings_last_minute"], 9120);
    const auto me = json("/api/v1/me");
    EXPECT_EQ(me["role"], "household");
    EXPECT_EQ(me["usage_points"], Json::array({own_point}));
    EXPECT_EQ(me["label"], "household of the tests");
    EXPECT_EQ(me.size(), 4U) << "no key, no token id";
}

} // namespace
} // namespace releve::tests
