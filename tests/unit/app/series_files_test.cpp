#include <releve/app/series_files.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using namespace std::chrono_literals;

std::string demo_file(const char* name)
{
    return read_text_file(std::filesystem::path{RELEVE_SOURCE_DIR} / "data" / "demo" / name).value();
}

TEST(SeriesFilesTest, TheLinkyHomeSumsToItsIndexesOnEveryLocalDay)
{
    const auto curve = parse_curve(demo_file("linky-curve.csv"), "linky-curve.csv").value();
    const auto indexes = parse_indexes(demo_file("linky-index.csv"), "linky-index.csv").value();
    ASSERT_EQ(indexes.size(), 113u);
    EXPECT_EQ(indexes.front().supplier_wh[5], 91908);
    EXPECT_EQ(indexes.front().distributor_wh[0], 18623827);
    for (std::size_t i = 0; i + 1 < indexes.size(); ++i) {
        std::int64_t sum_w = 0;
        const Instant end = paris().start_of(indexes[i + 1].day);
        for (Instant at = paris().start_of(indexes[i].day); at < end; at += sim::slot_length)
            sum_w += curve.at(at).value();
        EXPECT_EQ(sum_w, 2 * (indexes[i + 1].total_wh - indexes[i].total_wh)) << to_iso8601(indexes[i].day);
    }
}

TEST(SeriesFilesTest, TheLondonHomesCoverTheirDaysWithHoles)
{
    const auto homes = parse_energy_table(demo_file("london-homes.csv"), "london-homes.csv").value();
    ASSERT_EQ(homes.size(), 60u);
    EXPECT_EQ(homes[0].name, "MAC000002");
    std::size_t missing = 0;
    for (const NamedCurve& home : homes) {
        EXPECT_EQ(home.curve.first, paris().start_of(CivilDay{2013y / 3 / 16}));
        EXPECT_EQ(home.curve.end(), paris().start_of(CivilDay{2013y / 4 / 16}));
        for (const auto& power : home.curve.power_w) {
            missing += power ? 0 : 1;
            EXPECT_EQ(power.value_or(0) % 2, 0);
        }
    }
    EXPECT_EQ(missing, 1495u);
    EXPECT_EQ(homes[0].curve.power_w[0], 2 * 437);
}

TEST(SeriesFilesTest, CurveKeepsEmptyCellsAndLeftOutRowsMissing)
{
    const auto curve = parse_curve("start_utc,power_w,source\n2024-01-01T00:00:00Z,12,x\n"
                                   "2024-01-01T00:30:00Z,,x\r\n\n2024-01-01T02:00:00+00:00,0,x",
                                   "c.csv")
                           .value();
    EXPECT_EQ(curve.power_w, (std::vector<std::optional<std::int32_t>>{12, {}, {}, {}, 0}));
}

TEST(SeriesFilesTest, ReadsTheCustomerExportAsItIs)
{
    const std::string text = "\xef\xbb\xbfIdentifiant PRM;Type de donnees\n0;Index\n"
                             "Horodate;Type de releve;EAS F1;EAS F2;EAS D1;EAS T\n"
                             "2024-03-31T00:00:00+01:00;x;10;20;30;30\n"
                             "2024-04-01T01:00:00+02:00;x;11;22;33;33\n"
                             "2024-04-01T01:00:00+02:00;x;11;22;33;33\n"
                             "Periode;Identifiant\nDu 2024;FC\n";
    const auto reads = parse_indexes(text, "export.csv").value();
    ASSERT_EQ(reads.size(), 2u);
    EXPECT_EQ(reads[1].day, CivilDay{2024y / 4 / 1});
    EXPECT_EQ(reads[1].total_wh, 33);
    EXPECT_EQ(reads[1].supplier_wh[1], 22);
    EXPECT_EQ(reads[1].distributor_wh[0], 33);
}

struct BadFile {
    const char* text;
    const char* message;
};
class BadCurveTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadCurveTest, IsNamedByLineAndColumn)
{
    const auto parsed = parse_curve(GetParam().text, "c.csv");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, errc::bad_csv);
    EXPECT_NE(parsed.error().detail.find(GetParam().message), std::string::npos) << parsed.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadCurveTest,
    testing::Values(BadFile{"", "c.csv:0: column 'start_utc' is missing"},
                    BadFile{"start_utc,power\n", "c.csv:1: column 'power_w'"},
                    BadFile{"start_utc,power_w\n", "c.csv: no row"},
                    BadFile{"start_utc,power_w\n2024-01-01T00:00:00Z\n", "c.csv:2: 1 cells"},
                    BadFile{"start_utc,power_w\n2024-01-01 00:00,1\n", "c.csv:2: column 'start_utc'"},
                    BadFile{"start_utc,power_w\n2024-01-01T00:10:00Z,1\n",
                            "c.csv:2: column 'start_utc': not on a half-hour"},
                    BadFile{"start_utc,power_w\n2024-01-01T00:00:00Z,1\n2024-01-01T00:00:00Z,1\n",
                            "c.csv:3: column 'start_utc': not after"},
                    BadFile{"start_utc,power_w\n2024-01-01T01:00:00Z,1\n2024-01-01T00:00:00Z,1\n",
                            "c.csv:3: column 'start_utc': not after"},
                    BadFile{"start_utc,power_w\n2024-01-01T00:00:00Z,1\n2074-01-01T00:00:00Z,1\n",
                            "c.csv:3: column 'start_utc': more than ten years"},
                    BadFile{"start_utc,power_w\n2024-01-01T00:00:00Z,1.5\n",
                            "c.csv:2: column 'power_w': a whole number"},
                    BadFile{"start_utc,power_w\n2024-01-01T00:00:00Z,-2\n",
                            "c.csv:2: column 'power_w': a whole number"}));

TEST(SeriesFilesTest, BadIndexesAndTablesAreNamedByLineAndColumn)
{
    const auto detail = [](const auto& parsed) {
        return parsed ? std::string{"accepted"} : parsed.error().detail;
    };
    EXPECT_EQ(detail(parse_indexes("day,total_wh\n2024-01-01,\n", "i.csv")),
              "i.csv:2: column 'total_wh': a total is expected");
    EXPECT_EQ(detail(parse_indexes("day,total_wh,supplier_2_wh\n2024-01-01,1,x\n", "i.csv")),
              "i.csv:2: column 'supplier_2_wh': a whole number from 0 to 4294967295 is expected");
    EXPECT_EQ(detail(parse_indexes("day,total_wh\n2024-01-02,1\n2024-01-01,1\n", "i.csv")),
              "i.csv:3: column 'day': not after the row before");
    EXPECT_EQ(detail(parse_indexes("day,total_wh\n2024-13-02,1\n", "i.csv")),
              "i.csv:2: column 'day': a date is expected");
    EXPECT_EQ(detail(parse_indexes("day,total_wh\n", "i.csv")), "i.csv: no row");
    EXPECT_EQ(detail(parse_energy_table("start_utc,A,B\n2024-01-01T00:00:00Z,1,b\n", "t.csv")),
              "t.csv:2: column 'B': a whole number from 0 to 5000000 is expected");
    EXPECT_EQ(detail(parse_energy_table("A\n", "t.csv")), "t.csv:1: the first column must be 'start_utc'");
    EXPECT_EQ(read_text_file("no/such/file").error().code, errc::not_found_file);
}

} // namespace
} // namespace releve::app
