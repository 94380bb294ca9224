// Estimates and corrections among readings, versions of an interval, totals by period, groups.

#include "asking.hpp"

#include <releve/api/listing.hpp>

namespace releve::tests {
namespace {

using series = Asking;
const std::string own = "/api/v1/usage-points/" + own_point;
// Of the fake home: on 30 March two half-hours are estimated from 15:00 on and that of 18:00 is corrected; on 21 March those
// from 10:00 to 13:30 are missing.

TEST_F(series, readings_say_what_was_estimated_and_what_was_measured_instead)
{
    const auto readings = json(own + "/readings?from=2024-03-30&to=2024-03-31", "household")["readings"];
    ASSERT_EQ(readings.size(), 48U);
    EXPECT_EQ(readings[30]["quality"], "estimated_linear");
    EXPECT_TRUE(readings[30]["measured"].is_null()) << "nothing was";
    EXPECT_EQ(readings[36]["quality"], "edited");
    EXPECT_EQ(readings[36]["measured"], readings[36]["value"].get<int>() + 11'000);
    EXPECT_TRUE(readings[37]["measured"].is_null()) << "it is the value";
    EXPECT_EQ(json(own + "/daily?from=2024-03-30&to=2024-03-31", "household")["days"][0]["quality"], "estimated_linear");
    server.world.scaler = -1;
    const auto table = csv(own + "/readings?from=2024-03-30T17:00:00Z&to=2024-03-30T17:30:00Z", "household");
    const auto watts = *fake_power_w(parse_instant("2024-03-30T17:00:00Z").value(), test_now);
    EXPECT_TRUE(table.ends_with("," + api::scaled_digits(watts, -1) + ",edited," + api::scaled_digits(watts + 11'000, -1) + ",W\r\n"))
        << "exact digits: " << table;
}

TEST_F(series, an_interval_has_its_versions)
{
    const std::string target = own + "/revisions?at=2024-03-30T17:10:00Z";
    const auto answer = json(target, "household");
    EXPECT_EQ(answer["usage_point"], own_point);
    EXPECT_EQ(answer["channel"], "active_power_import");
    EXPECT_EQ(answer["unit"], "W");
    EXPECT_EQ(answer["start"], "2024-03-30T17:00:00Z");
    EXPECT_EQ(answer["step_s"], 1800);
    const auto& versions = answer["revisions"];
    ASSERT_EQ(versions.size(), 3U);
    EXPECT_EQ(versions[0]["method"], "measured");
    EXPECT_EQ(versions[0]["reason"], nullptr);
    EXPECT_EQ(versions[0]["superseded_by"], versions[1]["batch"]);
    EXPECT_EQ(versions[1]["quality"], "questionable");
    EXPECT_EQ(versions[2]["author"], "operator of the tests");
    EXPECT_EQ(versions[2]["known_from"], "2024-03-31T23:00:00Z");
    EXPECT_TRUE(versions[2]["superseded_by"].is_null());
    EXPECT_TRUE(csv(target, "household")
                    .starts_with("value,quality,method,author,reason,batch,known_from,superseded_by,unit,start\r\n"));
    server.world.undone = true;
    const auto taken_back = json(target, "household")["revisions"];
    ASSERT_EQ(taken_back.size(), 4U);
    EXPECT_EQ(taken_back[2]["superseded_by"], taken_back[3]["batch"]);
    EXPECT_TRUE(taken_back[3]["value"].is_null());
    EXPECT_TRUE(taken_back[3]["quality"].is_null());
    EXPECT_EQ(taken_back[3]["method"], "undo");
    EXPECT_EQ(taken_back[3]["reason"], "The wrong day");
    EXPECT_EQ(json(own + "/revisions?at=2024-03-21T09:00:00Z&as_of=7&channel=active_power_import")["revisions"].size(), 0U);

    EXPECT_TRUE(refusal(own + "/revisions").starts_with("at: is required"));
    EXPECT_EQ(refusal(own + "/revisions?at=2024-03-30"), "at: must be an instant (2024-01-31T00:00:00Z)");
    EXPECT_TRUE(refusal(own + "/revisions?at=noon").starts_with("at: is neither a date"));
    EXPECT_TRUE(refusal(own + "/revisions?at=2024-03-30T17:10:00Z&as_of=x").starts_with("as_of: is neither"));
    EXPECT_EQ(refusal(own + "/revisions?at=2024-03-30T17:10:00Z&channel=" + std::string(65, 'a')),
              "channel: at most 64 characters");
    EXPECT_EQ(refusal("/api/v1/usage-points/" + daily_point + "/revisions?at=2024-03-30T17:10:00Z", 403), "");
}

TEST_F(series, totals_by_day_week_month_and_year)
{
    const auto days = json(own + "/totals?period=day&from=2024-03-18&to=2024-04-01", "household");
    EXPECT_EQ(days["usage_point"], own_point);
    EXPECT_EQ(days["zone"], "Europe/Paris");
    EXPECT_EQ(days["period"], "day");
    ASSERT_EQ(days["totals"].size(), 14U);
    std::int64_t sum = 0;
    for (const auto& day : days["totals"]) {
        EXPECT_TRUE(day["injected"].is_null()) << "no channel counts it";
        EXPECT_EQ(day["net_wh"], day["drawn"]["energy_wh"]);
        sum += day["net_wh"].is_null() || day["from"] < "2024-03-25" ? 0 : day["net_wh"].get<std::int64_t>();
    }
    EXPECT_EQ(days["totals"][12]["drawn"]["estimated"], 3);
    EXPECT_EQ(days["totals"][12]["drawn"]["quality"], "estimated_linear");
    EXPECT_EQ(days["totals"][3]["drawn"]["missing"], 7);
    const auto week = json(own + "/totals?period=week&from=2024-03-25&to=2024-04-01&as_of=9", "household");
    ASSERT_EQ(week["totals"].size(), 1U);
    EXPECT_EQ(week["totals"][0]["drawn"]["energy_wh"], sum) << "the figures that people see add up";
    EXPECT_EQ(week["totals"][0]["whole"], true);
    EXPECT_EQ(week["totals"][0]["to"], "2024-04-01");
    EXPECT_EQ(week["as_of"], 9);
    const auto month = json(own + "/totals?period=month&from=2024-03-25&to=2024-05-01", "household")["totals"];
    ASSERT_EQ(month.size(), 2U);
    EXPECT_EQ(month[0]["whole"], false);
    const auto years = json(own + "/totals?period=year&from=2025-01-01&to=2027-01-01", "household")["totals"];
    ASSERT_EQ(years.size(), 2U);
    EXPECT_TRUE(years[0]["net_wh"].is_null()) << "nothing is known, which is not 0";
    EXPECT_TRUE(years[0]["drawn"]["energy_wh"].is_null());
    EXPECT_EQ(years[0]["drawn"]["quality"], "missing");
    EXPECT_TRUE(
        csv(own + "/totals?period=week&from=2024-03-25&to=2024-04-01", "household")
            .starts_with(
                "from,to,whole,net_wh,drawn.energy_wh,drawn.days,drawn.slots,drawn.missing,drawn.estimated,drawn.quality,"
                "injected.energy_wh,injected.days,injected.slots,injected.missing,injected.estimated,injected.quality\r\n"
                "2024-03-25,2024-04-01,true,"));
}

TEST_F(series, totals_name_what_is_wrong)
{
    for (const std::string& base : {own, std::string("/api/v1/groups/schools")}) {
        EXPECT_EQ(refusal(base + "/totals?from=2024-03-25&to=2024-04-01"), "period: must be day, week, month or year");
        EXPECT_EQ(refusal(base + "/totals?period=hour&from=2024-03-25&to=2024-04-01"),
                  "period: must be day, week, month or year");
        EXPECT_TRUE(refusal(base + "/totals?period=day&to=2024-04-01").starts_with("from: is required"));
        EXPECT_EQ(refusal(base + "/totals?period=day&from=2020-01-01&to=2023-01-06"), "to: at most 1100 days after from");
        EXPECT_EQ(refusal(base + "/totals?period=year&from=1990-01-01&to=2050-01-01"), "to: at most 18000 days after from");
    }
    EXPECT_EQ(refusal("/api/v1/usage-points/" + gas_point + "/totals?period=day&from=2024-03-25&to=2024-04-01"),
              "period: totals are of electricity");
}

TEST_F(series, groups_with_members_by_date)
{
    const auto first = json("/api/v1/groups?limit=2", "energy_manager");
    ASSERT_EQ(first["groups"].size(), 2U);
    EXPECT_EQ(first["groups"][0]["label"], nullptr);
    EXPECT_EQ(first["groups"][1],
              (Json{{"id", "north-roofs"}, {"label", "Roofs of the north"}, {"organisation", "town"}, {"members", 12}}));
    const auto second = json("/api/v1/groups?limit=2&after=" + first["next"].get<std::string>(), "energy_manager");
    EXPECT_EQ(second["groups"][0]["id"], "schools");
    EXPECT_TRUE(second["next"].is_null());
    EXPECT_TRUE(csv("/api/v1/groups").starts_with("id,label,organisation,members\r\n"));

    const auto members = json("/api/v1/groups/schools/members");
    EXPECT_EQ(members["group"], "schools");
    ASSERT_EQ(members["members"].size(), 2U);
    EXPECT_EQ(members["members"][0], (Json{{"usage_point", own_point}, {"from", "2023-02-27"}, {"to", nullptr}}));
    EXPECT_TRUE(members["members"][1]["from"].is_null()) << "from the beginning";
    EXPECT_EQ(members["members"][1]["to"], "2024-03-23");
    EXPECT_EQ(json("/api/v1/groups/schools/members?limit=1")["next"], own_point);
    EXPECT_TRUE(csv("/api/v1/groups/schools/members").starts_with("usage_point,from,to\r\n"));
    for (const char* tail :
         {"members", "totals?period=day&from=2024-03-25&to=2024-04-01", "curve?from=2024-03-25&to=2024-03-26"})
        refusal("/api/v1/groups/elsewhere/" + std::string(tail), 404);
}

TEST_F(series, a_group_s_totals_have_both_directions)
{
    const auto answer = json("/api/v1/groups/north-roofs/totals?period=month&from=2024-03-01&to=2024-04-01&as_of=5");
    EXPECT_EQ(answer["group"], "north-roofs");
    EXPECT_EQ(answer["members"], 12);
    EXPECT_EQ(answer["as_of"], 5);
    const auto& total = answer["totals"][0];
    EXPECT_EQ(total["net_wh"],
              total["drawn"]["energy_wh"].get<std::int64_t>() - total["injected"]["energy_wh"].get<std::int64_t>());
    EXPECT_GT(total["injected"]["energy_wh"], 0);
}

TEST_F(series, a_group_s_curve_says_what_it_used_of_its_own)
{
    const std::string target = "/api/v1/groups/north-roofs/curve?from=2024-03-21&to=2024-03-22";
    const auto answer = json(target);
    EXPECT_EQ(answer["unit"], "W");
    EXPECT_EQ(answer["members"], 12);
    ASSERT_EQ(answer["half_hours"].size(), 48U);
    const auto& hole = answer["half_hours"][20];
    EXPECT_EQ(hole["start"], "2024-03-21T09:00:00Z");
    for (const char* member : {"drawn", "injected", "used_own"})
        EXPECT_TRUE(hole[member].is_null()) << member;
    EXPECT_EQ(hole["expected"], 12);
    EXPECT_EQ(hole["present"], 0);
    const auto& noon = answer["half_hours"][30];
    EXPECT_EQ(noon["used_own"], std::min(noon["drawn"].get<int>(), noon["injected"].get<int>()));
    const auto body = client.get(target, "operator").body();
    EXPECT_NE(body.find("\"self_consumption_percent\":"), std::string::npos);
    EXPECT_TRUE(answer["self_consumption_percent"].is_number());
    EXPECT_TRUE(
        json("/api/v1/groups/schools/curve?from=2024-03-21&to=2024-03-22&as_of=3")["self_consumption_percent"].is_null());
    EXPECT_TRUE(csv(target).starts_with("start,drawn,injected,used_own,expected,present,unit\r\n2024-03-20T23:00:00Z,"));
    EXPECT_EQ(refusal("/api/v1/groups/schools/curve?from=2024-01-01&to=2024-02-02"), "to: at most 31 days after from");
    EXPECT_TRUE(refusal("/api/v1/groups/schools/curve?from=2024-01-01").starts_with("to: is required"));
}

} // namespace
} // namespace releve::tests
