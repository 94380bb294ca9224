#include <releve/engine/outages.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace releve::engine {
namespace {

const Instant evening = *parse_instant("2026-02-03T17:00:00Z");
Instant at(int minutes)
{
    return evening + Seconds{60 * minutes};
}

/// Meters of a town; by default all are heard.
struct Town {
    std::vector<WatchedMeter> meters;

    void add(int count, const std::string& concentrator, const std::string& area)
    {
        for (int i = 0; i < count; ++i)
            meters.push_back({MeterId{static_cast<std::int32_t>(meters.size() + 1)}, {concentrator, "", area}, {}, {}, {}});
    }
    /// The first `count` meters of the place that are still heard.
    void stop(const std::string& place, int count, int minute, bool gasp = false, std::optional<int> restored = {})
    {
        for (WatchedMeter& meter : meters) {
            if (count == 0 || meter.silent_since || std::ranges::find(meter.places, place) == meter.places.end())
                continue;
            meter.silent_since = at(minute - count % 7); // each was last heard a little before
            if (gasp)
                meter.power_lost_at = at(minute);
            if (restored)
                meter.restored_at = at(*restored + count % 5);
            --count;
        }
    }
    std::vector<Outage> outages() const { return outages_of(meters); }
};

/// "concentrator C12 812/812", "area north 30/31 power", "alone 3".
std::vector<std::string> lines(const std::vector<Outage>& outages)
{
    std::vector<std::string> out;
    for (const Outage& outage : outages) {
        std::string line = outage.common ? std::string(place_kind_name(outage.kind)) + " " + outage.place + " " + std::to_string(outage.meters) +
                                               "/" + std::to_string(outage.of)
                                         : "alone " + std::to_string(outage.meters);
        out.push_back(line + (outage.power_lost ? " power" : ""));
    }
    return out;
}
using Lines = std::vector<std::string>;

TEST(Outages, a_concentrator_is_one_line)
{
    Town town;
    town.add(812, "C12", "north");
    town.add(500, "C13", "north");
    town.stop("C12", 812, 554);
    EXPECT_EQ(lines(town.outages()), Lines{"concentrator C12 812/812"});
    EXPECT_EQ(town.outages()[0].since, at(554)) << "when the last of them was heard";
    EXPECT_FALSE(town.outages()[0].first_restored_at);
}

TEST(Outages, the_widest_place_that_failed_is_the_cause)
{
    Town town;
    town.add(40, "C1", "north");
    town.add(60, "C2", "north");
    town.add(50, "C3", "south");
    town.stop("north", 100, 30, true, 300);
    EXPECT_EQ(lines(town.outages()), Lines{"area north 100/100 power"});
    EXPECT_EQ(town.outages()[0].restored, 100U);
    EXPECT_EQ(town.outages()[0].first_restored_at, at(300));
    EXPECT_EQ(town.outages()[0].last_restored_at, at(304));
    town.stop("C3", 50, 60);
    EXPECT_EQ(lines(town.outages()), (Lines{"area north 100/100 power", "concentrator C3 50/50"})) << "alone in its area it stays the concentrator";
}

TEST(Outages, near_misses)
{
    Town town;
    town.add(10, "C1", "north");
    town.stop("C1", 7, 30);
    EXPECT_EQ(lines(town.outages()), Lines{"alone 7"}) << "70 of 100";
    town.stop("C1", 1, 30);
    EXPECT_EQ(lines(town.outages()), Lines{"concentrator C1 8/10"});
    Town few;
    few.add(2, "C1", "");
    few.stop("C1", 2, 30);
    EXPECT_EQ(lines(few.outages()), Lines{"alone 2"}) << "two are no place";
    Town apart;
    apart.add(10, "C1", "");
    apart.stop("C1", 5, 0);
    apart.stop("C1", 5, 12 * 60 + 30);
    EXPECT_EQ(lines(apart.outages()), Lines{"alone 10"}) << "not at one time";
    Town gasps;
    gasps.add(100, "C1", "");
    gasps.stop("C1", 9, 10, true);
    gasps.stop("C1", 91, 10);
    EXPECT_EQ(lines(gasps.outages()), Lines{"concentrator C1 100/100"}) << "9 of 100 say that they lost power";
    gasps.meters.back().power_lost_at = at(10);
    EXPECT_EQ(lines(gasps.outages()), Lines{"concentrator C1 100/100 power"});
}

TEST(Outages, meters_on_their_own)
{
    Town town;
    town.add(100, "C1", "north");
    town.add(2, "lonely", "");
    town.stop("C1", 2, 30, true);
    town.stop("C1", 3, 200);
    town.stop("lonely", 2, 10);
    EXPECT_EQ(lines(town.outages()), (Lines{"alone 2 power", "alone 5"}));
    EXPECT_TRUE(outages_of({}).empty());
}

TEST(Outages, each_silent_meter_has_one_cause_whatever_the_order)
{
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 300; ++round) {
        Town town;
        for (int c = 0; c < 12; ++c)
            town.add(static_cast<int>(random() % 20), "C" + std::to_string(c), "A" + std::to_string(c / 4));
        for (int i = 0; i < 8; ++i)
            town.stop((random() % 2 ? "C" : "A") + std::to_string(random() % 6), static_cast<int>(random() % 40), static_cast<int>(random() % 900), random() % 2 == 0);
        const auto found = town.outages();
        std::vector<MeterId> members;
        for (const Outage& outage : found) {
            EXPECT_EQ(outage.members.size(), outage.meters);
            EXPECT_LE(outage.meters, outage.of);
            members.insert(members.end(), outage.members.begin(), outage.members.end());
        }
        std::ranges::sort(members);
        std::vector<MeterId> silent;
        for (const WatchedMeter& meter : town.meters)
            if (meter.silent_since)
                silent.push_back(meter.meter);
        EXPECT_EQ(members, silent);
        std::ranges::shuffle(town.meters, random);
        EXPECT_EQ(town.outages(), found);
    }
}

} // namespace
} // namespace releve::engine
