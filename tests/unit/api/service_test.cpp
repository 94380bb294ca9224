// What needs no token: words, problems.

#include "running_server.hpp"

#include <releve/engine/estimation.hpp>
#include <releve/engine/gaps.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace releve::tests {
namespace {

using Json = nlohmann::json;

TEST(service, words_name_everything_a_page_shows_in_both_languages)
{
    RunningServer server;
    auto client = server.client();
    const auto words = Json::parse(client.get("/api/v1/words").body());
    const auto has = [&words](const char* table, std::string_view name) {
        const auto& row = words[table][std::string(name)];
        return !row["label"]["en"].get<std::string>().empty() && !row["label"]["fr"].get<std::string>().empty() &&
               !row["plain"]["en"].get<std::string>().empty() && !row["plain"]["fr"].get<std::string>().empty();
    };
    for (const auto& row : quality_rows())
        EXPECT_TRUE(has("qualities", row.name)) << row.name;
    for (const auto& row : frame_state_rows())
        EXPECT_TRUE(has("frame_states", row.name)) << row.name;
    for (const auto& row : error_rows())
        EXPECT_TRUE(has("errors", row.name)) << row.name;
    for (const auto& row : quality_rows())
        EXPECT_EQ(words["qualities"][std::string(row.name)]["espi"], row.espi);
    for (const auto& row : engine::validation_rule_rows())
        EXPECT_TRUE(has("validation_rules", row.name)) << row.name;
    for (const auto& row : engine::gap_state_rows())
        EXPECT_TRUE(has("gap_states", row.name)) << row.name;
    for (const auto& row : engine::estimation_method_rows())
        EXPECT_TRUE(has("revision_methods", row.name)) << row.name;
    for (const auto& [table, names] : std::initializer_list<std::pair<const char*, std::initializer_list<const char*>>>{
             {"revision_methods", {"measured", "check", "set", "accept", "undo"}},
             {"severities", {"note", "doubt"}},
             {"handling_steps", {"taken", "noted", "closed", "reopened"}},
             {"correction_states", {"waiting", "done", "refused"}},
             {"job_states", {"queued", "running", "stopped", "done", "failed"}},
             {"breach_kinds", {"index", "stored_total", "group"}},
             {"place_kinds", {"concentrator", "feeder", "area"}},
             {"outage_causes", {"power", "link"}},
             {"accessed", {"revisions", "totals", "group_totals", "group_curve", "checks", "correction"}}})
        for (const char* name : names)
            EXPECT_TRUE(has(table, name)) << table << " " << name;
    for (const char* state : {"on_time", "silent", "gaps", "clock_drift", "key_fault", "replay_alarm", "refused", "never_seen"})
        EXPECT_TRUE(has("meter_states", state)) << state;
    for (const char* role : {"operator", "energy_manager", "household", "auditor"})
        EXPECT_TRUE(has("roles", role)) << role;
}

TEST(service, every_problem_has_a_page_and_json)
{
    RunningServer server;
    auto client = server.client();
    for (const auto& row : error_rows()) {
        const auto json = Json::parse(client.get("/problems/" + std::string(row.name)).body());
        EXPECT_EQ(json["number"], static_cast<int>(row.code));
        EXPECT_EQ(json["plain"]["fr"], row.plain_fr);
    }
    const auto page = client.get("/problems/daily_only", {}, "Accept: text/html,*/*;q=0.8\r\nAccept-Language: fr\r\n");
    EXPECT_EQ(page[http::field::content_type], "text/html; charset=utf-8");
    EXPECT_NE(page.body().find("<html lang=\"fr\">"), std::string::npos);
    EXPECT_NE(page.body().find("Totaux journaliers seulement"), std::string::npos);
    EXPECT_EQ(client.get("/problems/%3Cscript%3E", {}, "Accept: text/html\r\n").result_int(), 404U);
}

} // namespace
} // namespace releve::tests
