#include <releve/app/demo.hpp>

#include <releve/app/series_files.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/net/tls.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
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

TEST(DemoLedgerTest, SaysThatAllAddsUpOrWhatDoesNot)
{
    const auto all = demo_ledger(R"({"breaches":[],"next":null})", 62).value();
    EXPECT_EQ(all.differences, 0u);
    EXPECT_EQ(all.text, "The ledger went through 62 meters: all sums add up, 0 differences between half-hours, indexes and stored totals.\n");
    const auto one = demo_ledger(R"({"breaches":[{"id":1,"kind":"index","meter":7,"group":null,"channel":"active_power_import",
        "day":"2024-03-12","expected":2400,"found":2403,"found_at":"2024-06-01T08:00:00Z"}],"next":null})", 62).value();
    EXPECT_EQ(one.differences, 1u);
    EXPECT_EQ(one.text, "The ledger went through 62 meters: 1 sum does not add up:\n  2024-03-12, meter 7: 2400 expected, 2403 found (index)\n");
    for (const char* none : {"", "{}", R"({"breaches":1})", R"({"breaches":[3]})"})
        EXPECT_FALSE(demo_ledger(none, 1)) << none;
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

TEST(DemoGasTest, ReadsTheDaysAndRefusesWhatDoesNotGoOn)
{
    const auto days = load_demo_gas(data_folder).value();
    ASSERT_EQ(days.size(), 112u);
    EXPECT_EQ(days.front(), (DemoGasDay{CivilDay{2024y / 1 / 10}, 12'763'000, 12'773'000, 1'098'000}));
    EXPECT_EQ(days.front().volume_dm3(), 10'000);
    EXPECT_EQ(days.front().energy_wh(), 109'800);
    EXPECT_EQ(days.back().day, CivilDay{2024y / 4 / 30});
    EXPECT_EQ(load_demo_gas("no/such/folder").error().code, errc::not_found_file);

    const fs::path folder = fs::path{testing::TempDir()} / "releve-demo-gas";
    fs::create_directories(folder);
    for (const char* rows : {"", "2024-01-10,1,2\n", "2024-01-10,1.5,2,11\n", "2024-01-10,3,2,11\n", "yesterday,1,2,11\n",
                             "2024-01-10,1,2,0\n", "2024-01-10,1,2,11\n2024-01-12,2,3,11\n",
                             "2024-01-10,1,2,11\n2024-01-11,3,4,11\n"}) {
        std::ofstream{folder / "gas-daily.csv"} << "gas_day,index_start_m3,index_end_m3,kwh_per_m3\n" << rows;
        EXPECT_FALSE(load_demo_gas(folder)) << rows;
    }
    fs::remove_all(folder);
}

TEST(DemoGasTest, TheGatewayHandsOverAMorningsFrameOfEachDayAndTheLast)
{
    const auto days = load_demo_gas(data_folder).value();
    const auto batches = demo_gas_batches(days, 70'000).value();
    std::size_t frames = 0;
    std::uint64_t sequence = 70'000;
    Instant before{};
    for (const net::UplinkBatch& batch : batches) {
        EXPECT_EQ(batch.sequence, ++sequence);
        EXPECT_TRUE(net::check_batch(batch, {}));
        for (const net::UplinkFrame& frame : batch.frames) {
            const auto exchange = wize::decode_exchange(frame.frame).value();
            EXPECT_EQ(exchange.cpt, static_cast<std::uint16_t>(70'000 + frames));
            EXPECT_GT(std::chrono::floor<Seconds>(frame.received_at), before);
            before = std::chrono::floor<Seconds>(frame.received_at);
            ++frames;
        }
    }
    EXPECT_EQ(frames, 113u);
    EXPECT_NE(demo_gas_batches(days, 90'000).value().front().sequence, batches.front().sequence);
}

TEST(DemoGasTest, ComparesVolumeAndEnergyExactly)
{
    const std::vector<DemoGasDay> days{{CivilDay{2024y / 3 / 1}, 1'000, 15'000, 1'117'000},
                                       {CivilDay{2024y / 3 / 2}, 15'000, 16'000, 1'117'000},
                                       {CivilDay{2024y / 3 / 3}, 16'000, 17'000, 1'117'000}};
    const std::string json = R"({"days":[{"date":"2024-03-01","volume_dm3":14000,"energy_wh":156380},
        {"date":"2024-03-02","volume_dm3":1000,"energy_wh":11169},{"date":"2024-03-03","volume_dm3":null,"energy_wh":null}]})";
    EXPECT_EQ(differing_gas_days(json, days).value(), (std::vector{days[1], days[2]}));
    for (const char* text : {"", "[]", "{}", R"({"days":1})", "<html>"})
        EXPECT_FALSE(differing_gas_days(text, days)) << text;
    EXPECT_EQ(differing_gas_days(R"({"days":[7,{"date":8}]})", days).value().size(), 3u);
    const std::string table = demo_both_table({{.date = "2024-03-01", .energy_wh = 18'412, .found = true}}, days, 5);
    EXPECT_NE(table.find("2024-03-01          18.412     156.380      14.000    11.17\n"), std::string::npos) << table;
    EXPECT_EQ(table.find("2024-03-02"), std::string::npos) << "of one energy only";
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
