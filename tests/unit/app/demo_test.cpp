#include <releve/app/demo.hpp>

#include <releve/app/series_files.hpp>
#include <releve/net/tls.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const fs::path data_folder = fs::path{RELEVE_SOURCE_DIR} / "data" / "demo";

TEST(DemoHomesTest, TheLinkyHomePushesEveryDayAndHalfOfTheLondonHomesOptedIn)
{
    const auto demo = load_demo_homes(data_folder, 0).value();
    ASSERT_EQ(demo.homes.size(), 61u);
    EXPECT_EQ(demo.homes[0].pushes.size(), 113u);
    EXPECT_EQ(demo.homes[0].import.collection, store::Collection::half_hour);
    EXPECT_EQ(std::ranges::count_if(demo.homes, &DemoHome::opted_in), 31);
    std::set<std::string> titles, usage_points;
    for (const DemoHome& home : demo.homes) {
        titles.insert(home.import.system_title);
        usage_points.insert(home.import.usage_point);
        EXPECT_LE(home.pushes.size(), 113u);
        for (const sim::Push& push : home.pushes)
            EXPECT_GE(push.at, home.import.installed_from);
    }
    EXPECT_EQ(titles.size(), 61u);
    EXPECT_EQ(usage_points.size(), 61u);
}

TEST(DemoHomesTest, TwoRunsUseOtherCountersAndTheSameReadings)
{
    const auto first = load_demo_homes(data_folder, 1'000).value();
    const auto second = load_demo_homes(data_folder, 21'000).value();
    for (std::size_t i = 0; i < first.homes.size(); ++i) {
        ASSERT_EQ(first.homes[i].pushes, second.homes[i].pushes);
        EXPECT_EQ(first.homes[i].import.encryption_key, second.homes[i].import.encryption_key);
        if (first.homes[i].pushes.empty())
            continue;
        EXPECT_LT(first.homes[i].meter.counter_of(first.homes[i].pushes.back()),
                  second.homes[i].meter.counter_of(second.homes[i].pushes.front()));
    }
}

TEST(DemoHomesTest, SaysWhichFileIsMissing)
{
    const auto missing = load_demo_homes("no/such/folder", 0);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::not_found_file);
    EXPECT_NE(missing.error().detail.find("linky-curve.csv"), std::string::npos);
    EXPECT_FALSE(find_demo_data("no/such/folder"));
    EXPECT_EQ(find_demo_data(data_folder).value(), data_folder);
}

std::vector<sim::IndexRead> indexes(int days)
{
    std::vector<sim::IndexRead> reads;
    for (int i = 0; i <= days; ++i)
        reads.push_back({.day = CivilDay{2024y / 3 / 1} + std::chrono::days{i}, .total_wh = 1'000 + i * 500});
    return reads;
}

std::string answer_day(const std::string& date, int energy_wh, int missing = 0)
{
    return R"({"date":")" + date + R"(","energy_wh":)" + std::to_string(energy_wh) +
           R"(,"slots":48,"missing":)" + std::to_string(missing) + R"(,"quality":"raw"})";
}

TEST(DemoReportTest, ComparesEveryDayOfTheIndexes)
{
    const std::string json = R"({"usage_point":"1","zone":"Europe/Paris","days":[)" +
                             answer_day("2024-03-01", 500) + "," + answer_day("2024-03-02", 501) + "," +
                             answer_day("2024-03-03", 500, 1) + "]}";
    const auto days = compare_days(json, indexes(4)).value();
    ASSERT_EQ(days.size(), 4u);
    EXPECT_TRUE(days[0].equal());
    EXPECT_FALSE(days[1].equal()); // one Wh off
    EXPECT_FALSE(days[2].equal()); // a half-hour missing
    EXPECT_FALSE(days[3].equal()); // not in the answer
    const std::string differences = demo_differences(days);
    EXPECT_EQ(differences.find("2024-03-01"), std::string::npos);
    EXPECT_NE(differences.find("2024-03-02: 501 Wh with 0 half-hours missing, the indexes differ by 500 Wh"),
              std::string::npos);
    EXPECT_NE(differences.find("2024-03-04: not in the answer"), std::string::npos);
    EXPECT_EQ(demo_differences({days[0]}), "");
}

TEST(DemoReportTest, RefusesWhatIsNoAnswer)
{
    for (const char* text : {"", "[]", "{}", R"({"days":1})", "<html>"})
        EXPECT_FALSE(compare_days(text, indexes(1))) << text;
    // Days of another shape are days that are not equal.
    const auto odd =
        compare_days(R"({"days":[7,{"date":"2024-03-01","energy_wh":"500"}]})", indexes(1)).value();
    EXPECT_FALSE(odd[0].equal());
}

TEST(DemoReportTest, TheTableIsFoldedAroundTheMiddle)
{
    std::string json = R"({"days":[)";
    for (int i = 0; i < 30; ++i)
        json +=
            (i > 0 ? "," : "") + answer_day(to_iso8601(CivilDay{2024y / 3 / 1} + std::chrono::days{i}), 500);
    const auto days = compare_days(json + "]}", indexes(30)).value();
    const std::string table = demo_table(days, "2024-03-15");
    for (const char* shown :
         {"2024-03-01", "2024-03-05", "2024-03-13", "2024-03-17", "2024-03-26", "2024-03-30"})
        EXPECT_NE(table.find(shown), std::string::npos) << shown;
    for (const char* folded : {"2024-03-06", "2024-03-12", "2024-03-18", "2024-03-25"})
        EXPECT_EQ(table.find(folded), std::string::npos) << folded;
    EXPECT_NE(table.find("0.500"), std::string::npos);
}

TEST(DemoCertificateTest, IsTakenByTheServersOwnTlsAndItsKeyIsPrivate)
{
    const fs::path folder = fs::path{testing::TempDir()} / "releve-demo-certificate";
    fs::create_directories(folder);
    const auto certificate = folder / "c.pem", key = folder / "k.pem";
    ASSERT_TRUE(make_demo_certificate(certificate, key));
    ASSERT_TRUE(make_demo_certificate(certificate, key)); // again over the old ones
    EXPECT_EQ(fs::status(key).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_TRUE(net::make_server_context({.certificate = certificate, .private_key = key, .client_ca = {}}));
    EXPECT_FALSE(make_demo_certificate(folder / "no" / "c.pem", key));
    fs::remove_all(folder);
}

} // namespace
} // namespace releve::app
