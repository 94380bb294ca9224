// A storm as a file: what is read, and how what is wrong is told.

#include <releve/app/fleet_storm.hpp>

#include <releve/sim/fleet.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace releve::app {
namespace {

using namespace std::chrono_literals;

/// The example of the guide.
std::string example()
{
    std::ifstream stream{std::filesystem::path{RELEVE_SOURCE_DIR} / "docs/SIMULATOR.md"};
    const std::string guide{std::istreambuf_iterator<char>{stream}, {}};
    const auto begin = guide.find("```json\n") + 8;
    return guide.substr(begin, guide.find("\n```", begin) - begin);
}

std::string replaced(std::string_view from, std::string_view to)
{
    std::string text = example();
    const auto found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    return found == std::string::npos ? text : text.replace(found, from.size(), to);
}

TEST(FleetStorm, TheExampleOfTheGuideIsRead)
{
    const auto storm = parse_storm(example(), "storm.json");
    ASSERT_TRUE(storm) << to_string(storm.error());
    ASSERT_EQ(storm->causes.size(), 3U);
    const sim::Cause& lost = storm->causes[0];
    EXPECT_EQ(lost.kind, sim::Cause::Kind::area_lost);
    EXPECT_EQ(lost.place, "north");
    EXPECT_EQ(to_iso8601(lost.at), "2024-03-30T19:40:00Z");
    EXPECT_EQ(lost.last_gasp_percent, 60);
    EXPECT_EQ(lost.back->after, 4h);
    EXPECT_EQ(lost.back->over, 2h);
    EXPECT_EQ(lost.back->hole_percent, 10);
    EXPECT_EQ(storm->causes[1].place, "C3");
    EXPECT_EQ(storm->causes[1].back->hole_percent, 0);
    const sim::Cause& flood = storm->causes[2];
    EXPECT_EQ(flood.alarm, sim::MeterAlarm::cover_opened);
    EXPECT_EQ(flood.meters, 15U);
    EXPECT_EQ(flood.times, 6U);
    EXPECT_EQ(flood.every, 30min);
    const auto plan = sim::plan_storm(*storm, 100, 7);
    EXPECT_TRUE(plan) << to_string(plan.error());
    EXPECT_FALSE(plan && sim::plan_storm(*storm, 10, 7)) << "more places than meters";
}

TEST(FleetStorm, WhatIsWrongIsToldWithLineAndPlace)
{
    const struct {
        const char* from;
        const char* to;
        const char* reason; // after the line
    } cases[] = {
        {R"("causes")", R"("faults")", ": /faults: unknown key"},
        {R"("kind": "area_lost")", R"("kind": "flooded")",
         ": /causes/0/kind: must be one of area_lost, concentrator_down, alarm_flood"},
        {R"("area": "north", "at")", R"("concentrator": "C1", "at")", ": /causes/0/concentrator: unknown key"},
        {R"("at": "2024-03-30T19:40:00Z")", R"("at": "tonight")", ": /causes/0/at: "},
        {R"("last_gasp_percent": 60)", R"("last_gasp_percent": 101)",
         ": /causes/0/last_gasp_percent: must be a whole number from 0 to 100"},
        {R"("after_s": 14400)", R"("after_s": 1799)",
         ": /causes/0/return/after_s: must be a whole number from 1800 to 31622400"},
        {R"("over_s": 7200)", R"("hours": 2)", ": /causes/0/return/hours: unknown key"},
        {R"("times": 6)", R"("times": 0)", ": /causes/2/times: must be a whole number from 1 to 10000"},
        {R"("every_s": 1800)", R"("every_s": 60)",
         ": /causes/2/every_s: must be a whole number from 1800 to 31622400"},
        {R"("alarm": "cover_opened")", R"("alarm": "fire")",
         ": /causes/2/alarm: must be power_lost, power_restored or cover_opened"},
        {R"("concentrator": "C1", "meters": 20)", R"("concentrator": "C1")", ": /places/0/meters: missing"},
    };
    for (const auto& [from, to, reason] : cases) {
        const auto storm = parse_storm(replaced(from, to), "storm.json");
        ASSERT_FALSE(storm) << to;
        EXPECT_EQ(storm.error().code, errc::bad_parameter);
        EXPECT_EQ(storm.error().detail.rfind("storm.json:", 0), 0U) << storm.error().detail;
        EXPECT_NE(storm.error().detail.find(reason), std::string::npos) << storm.error().detail;
    }
    const std::string text = example();
    for (std::size_t size = 0; size < text.rfind('}'); size += 5)
        EXPECT_FALSE(parse_storm(text.substr(0, size), "storm.json")) << size;
}

TEST(FleetStorm, AFileIsDrawnOverAFleet)
{
    const std::string path = testing::TempDir() + "storm-of-the-test.json";
    std::ofstream{path} << example();
    const auto pushes = sim::schedule(paris(), CivilDay{2024y / 3 / 30}, 2, sim::Every::day);
    const auto storm = load_storm(path, 100, 7, pushes);
    ASSERT_TRUE(storm) << to_string(storm.error());
    EXPECT_EQ(storm->acts.size(), 100U);
    EXPECT_EQ(storm->pushes_of(99), pushes.size());
    const auto small = load_storm(path, 10, 7, pushes);
    ASSERT_FALSE(small);
    EXPECT_EQ(small.error().detail, path + ": /places/0/meters: the fleet has only 10 left");
    std::filesystem::remove(path);
    EXPECT_EQ(load_storm(path, 100, 7, pushes).error().code, errc::not_found_file);
}

} // namespace
} // namespace releve::app
