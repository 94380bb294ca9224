// Customers' exports of Enedis, R63, and what all formats share: encodings, masked usage points, limits.

#include "import_samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
const std::string point = "01000000000001";

std::vector<std::string> curve_of(const ImportedFile& file)
{
    std::vector<std::string> lines;
    for (const ImportedInterval& i : file.intervals)
        lines.push_back(to_iso8601(i.start) + " " + std::to_string(i.step / 1min) + " " + std::to_string(i.power_w) +
                        (i.injected ? " injected" : "") +
                        (i.quality == Quality::raw ? "" : " " + std::string{quality_name(i.quality)}));
    return lines;
}

std::vector<std::string> cells_of(const std::string& line)
{
    std::vector<std::string> cells{""};
    for (const char c : line)
        if (c == ',')
            cells.emplace_back();
        else
            cells.back() += c;
    return cells;
}

std::string hour_export(const std::string& rows, const std::string& direction = "Consommation", const std::string& unit = "W",
                        const std::string& minutes = "")
{
    return "\xef\xbb\xbfIdentifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape "
           "metier;Unite;Pas en minutes\n" +
           point + ";Courbe de charge;24/10/2022;25/07/2024;Energie active;" + direction + ";Comptage Brut;" + unit + ";" +
           minutes + "\nHorodate;Valeur\n" + rows;
}

std::string day_export(const std::string& rows, const std::string& unit = "Wh")
{
    return "Identifiant PRM;Type de donnees;Grandeur physique;Grandeur metier;Unite\n" + point +
           ";Index;Energie active;Consommation;" + unit + "\nHorodate;Type de releve;EAS F1;EAS F10;EAS D4;EAS T\n" + rows;
}

std::string r63(const std::string& rows) { return "Horodate;Valeur;Unité;Identifiant PRM;Pas\n" + rows; }
std::string r63_row(const std::string& stamp, const std::string& value, const std::string& step = "PT30M")
{
    return stamp + ";" + value + ";W;" + point + ";" + step + "\n";
}

TEST(ImportFiles, a_customers_curve_becomes_the_half_hours_that_it_measured)
{
    const ImportedFile file = read_import(sample_file("import/enedis-hour.csv"), point);
    EXPECT_EQ(import_format_name(file.format), "enedis_curve");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_EQ(file.empty_values, 1U);
    std::map<std::string, std::string> half_hours;
    for (const ImportedInterval& interval : file.intervals) {
        EXPECT_EQ(interval.usage_point, point);
        for (Seconds at{0}; at < interval.step; at += 30min)
            EXPECT_TRUE(half_hours
                            .emplace(to_iso8601(interval.start + at),
                                     std::to_string(interval.power_w) + "," + std::to_string(interval.step / 1min))
                            .second);
    }
    std::istringstream expected{sample_file("import/enedis-hour-expected.csv")};
    std::string line;
    std::getline(expected, line);
    std::size_t filled = 0, hourly = 0;
    while (std::getline(expected, line)) {
        const auto cells = cells_of(line);
        EXPECT_EQ(half_hours[cells[0]], cells[1].empty() ? "" : cells[1] + "," + cells[2]) << cells[0];
        filled += cells[1].empty() ? 0U : 1U;
        hourly += cells[2] == "60" && !cells[1].empty() ? 1U : 0U;
    }
    EXPECT_EQ(std::ranges::count_if(half_hours, [](const auto& row) { return !row.second.empty(); }),
              static_cast<std::ptrdiff_t>(filled));
    EXPECT_GT(hourly, 60U);
}

TEST(ImportFiles, days_of_a_curve_have_46_and_50_half_hours)
{
    const ImportedFile file = read_import(sample_file("import/enedis-hour.csv"), point);
    std::map<std::string, int> slots;
    for (const ImportedInterval& interval : file.intervals)
        ++slots[to_iso8601(paris().day_of(interval.start))];
    EXPECT_EQ(slots["2022-10-30"], 50);
    EXPECT_EQ(slots["2023-03-26"], 46);
}

TEST(ImportFiles, a_step_is_told_by_the_stamps_around_it)
{
    const auto steps = [](std::initializer_list<const char*> times, const std::string& minutes = "") {
        std::string rows, found;
        for (const char* time : times)
            rows += "2024-01-10T" + std::string{time} + ":00+01:00;10\n";
        const ImportedFile file = read_import(hour_export(rows, "Consommation", "W", minutes));
        for (const ImportedInterval& interval : file.intervals)
            found += (found.empty() ? "" : " ") + std::to_string(interval.step / 1min);
        return found;
    };
    EXPECT_EQ(steps({"10:00", "10:30", "11:00"}), "30 30 30");
    EXPECT_EQ(steps({"10:00", "10:05", "10:10"}), "5 5 5");
    EXPECT_EQ(steps({"10:00", "10:30", "11:00", "12:00", "13:00", "13:30", "14:00"}), "30 30 30 60 60 30 30"); // hourly, and back
    EXPECT_EQ(steps({"10:00", "10:30", "11:30", "12:00"}), "30 30 30 30"); // an hour ends on the hour
    EXPECT_EQ(steps({"10:00", "10:30", "11:00", "12:00", "12:30"}),
              "30 30 30 30 30");                                           // one value is missing: nothing is invented
    EXPECT_EQ(steps({"10:00", "11:00", "15:00", "16:00"}), "60 60 60 60"); // after a hole
    EXPECT_EQ(steps({"10:00", "15:00", "15:30"}), "30 30 30");             // the first stands alone
    EXPECT_EQ(steps({"10:00", "10:30", "15:00", "16:00", "17:00"}), "30 30 60 60 60"); // the change is within the hole
    EXPECT_EQ(steps({"10:30", "15:00", "16:00"}), "60 60");                            // no hour ends at 10:30: a problem
    EXPECT_EQ(steps({"10:00"}, "15"), "15");
    EXPECT_THAT(problems_in(read_import(hour_export("2024-01-10T10:00:00+01:00;10\n"))),
                ElementsAre(HasSubstr("4 Horodate: no neighbour")));
}

TEST(ImportFiles, each_wrong_line_of_a_curve_is_named_and_the_others_are_kept)
{
    const ImportedFile file = read_import(hour_export("2024-01-10T00:30:00+01:00;10\r\n"
                                                      "2024-01-10T01:00:00+01:00;-5\r\n"
                                                      "2024-01-10T01:30:00+01:00;1000000001\r\n"
                                                      "2024-01-10T02:00:00+01:00;12.5\r\n"
                                                      "2024-01-10T02:30:00;10\r\n"
                                                      "10/01/2024 03:00;10\r\n"
                                                      "2024-01-10T03:07:00+01:00;10\r\n"
                                                      "1999-01-10T03:30:00+01:00;10\r\n"
                                                      "2024-01-10T04:00:00+01:00\r\n"
                                                      "\r\n"
                                                      "2024-01-10T04:30:00+01:00;\r\n"
                                                      "2024-01-10T05:00:00+01:00;1000000000\r\n"
                                                      "2024-01-10T00:30:00+01:00;10\r\n"
                                                      "2024-01-10T05:00:00+01:00;11\r\n2024-01-10T05:00:00+01:00;\r\n"));
    EXPECT_THAT(curve_of(file), ElementsAre("2024-01-09T23:00:00Z 30 10", "2024-01-10T03:30:00Z 30 1000000000"));
    EXPECT_THAT(problems_in(file),
                ElementsAre("5 Valeur: expected a whole number from 0 to 1000000000, found '-5'", HasSubstr("6 Valeur: expected"),
                            HasSubstr("7 Valeur: expected"), HasSubstr("8 Horodate: expected a time with its offset"),
                            HasSubstr("9 Horodate"), HasSubstr("10 Horodate"), HasSubstr("11 Horodate"),
                            "12 : has 1 cells, the header has 2", "17 Valeur: line 15 has another value for this time"));
    EXPECT_EQ(file.empty_values, 1U);
}

TEST(ImportFiles, what_a_curve_measures_must_be_power)
{
    const std::string rows = "2024-01-10T00:30:00+01:00;10\n2024-01-10T01:00:00+01:00;10\n";
    EXPECT_THAT(curve_of(read_import(hour_export(rows, "Production"))),
                ElementsAre("2024-01-09T23:00:00Z 30 10 injected", "2024-01-09T23:30:00Z 30 10 injected"));
    for (const auto& [text, problem] :
         {std::pair{hour_export(rows, "Consommation", "kW"), "2 Unite: expected W, found 'kW'"},
          std::pair{hour_export(rows, "Autre"), "2 Grandeur metier: expected 'Consommation' or 'Production'"}}) {
        const ImportedFile file = read_import(text);
        EXPECT_THAT(problems_in(file), ElementsAre(problem));
        EXPECT_THAT(file.intervals, IsEmpty());
    }
}

TEST(ImportFiles, a_customers_index_is_that_of_local_midnight)
{
    const ImportedFile file = read_import(sample_file("import/enedis-day.csv"), point);
    EXPECT_EQ(import_format_name(file.format), "enedis_index");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_THAT(file.reads, SizeIs(9 * 8));
    std::map<std::string, std::string> totals;
    for (const ImportedRead& index : file.reads)
        if (index.register_name == "total")
            totals[to_iso8601(index.at)] = std::to_string(index.value_wh);
    std::istringstream expected{sample_file("linky-week-index.csv")};
    std::string line;
    std::getline(expected, line);
    int days = 0;
    for (; std::getline(expected, line); ++days)
        EXPECT_EQ(totals[to_iso8601(paris().start_of(parse_day(cells_of(line)[0]).value()))], cells_of(line)[1]) << line;
    EXPECT_EQ(days, 8);
    EXPECT_TRUE(totals.contains("2024-04-01T22:00:00Z")); // written 2024-04-02T01:00:00+02:00
    const ImportedRead first{.usage_point = point,
                             .register_name = "supplier_1",
                             .at = parse_instant("2024-03-24T23:00:00Z").value(),
                             .value_wh = 17890090,
                             .serial = {}};
    EXPECT_EQ(file.reads.front(), first);
}

TEST(ImportFiles, the_sum_of_a_curve_is_the_difference_of_its_indexes)
{
    const ImportedFile indexes = read_import(sample_file("import/enedis-day.csv"), point);
    std::map<Instant, std::int64_t> totals;
    for (const ImportedRead& index : indexes.reads)
        if (index.register_name == "total")
            totals[index.at] = index.value_wh;
    std::istringstream week{sample_file("linky-week.csv")};
    std::string line;
    std::getline(week, line);
    std::map<Instant, std::int64_t> sums;
    while (std::getline(week, line)) {
        const auto at = parse_instant(cells_of(line)[0]).value();
        sums[paris().start_of(paris().day_of(at))] += std::stoll(cells_of(line)[1]);
    }
    ASSERT_EQ(sums.size(), 7U);
    for (const auto& [start, sum] : sums)
        EXPECT_EQ(sum, 2 * (totals.at(paris().start_of(paris().day_of(start) + std::chrono::days{1})) - totals.at(start)))
            << to_iso8601(start);
}

TEST(ImportFiles, each_wrong_index_is_named)
{
    const ImportedFile file =
        read_import(day_export("2024-01-10T00:00:00+01:00;Arrêté quotidien;1;;3;4\n"
                               "2024-01-10T23:00:00+01:00;Arrêté quotidien;2;;;5\n" // an hour early, in winter
                               "2024-01-12T12:00:00+01:00;Arrêté quotidien;3;;;6\n"
                               "2024-01-13T00:00:00+01:00;Arrêté quotidien;x;;1000000000001;7\n"
                               "2024-01-14T00:00:00+01:00;Index estimé;;;;8\n"
                               "2024-01-15T00:00:00+01:00;Arrêté quotidien;;;;\n"
                               "2024-01-10T00:00:00+01:00;Arrêté quotidien;1;;3;5\n"
                               "Periode;Identifiant calendrier fournisseur;Libelle\nDu 2024-01-10T00:00:00+01:00 au;FC000050;6 cadrans\n"
                               "Identifiant PRM;Type de donnees;Unite\n" +
                               point +
                               ";Puissance maximale quotidienne;VA\n"
                               "Horodate;Valeur\n2020-03-30T00:00:00+02:00;x\n"));
    EXPECT_THAT(problems_in(file),
                ElementsAre(HasSubstr("6 Horodate: expected a midnight"), HasSubstr("7 EAS F1: expected a whole number"),
                            HasSubstr("7 EAS D4"), "10 EAS T: line 4 has another value for this time"));
    std::vector<std::string> kept;
    for (const ImportedRead& index : file.reads)
        kept.push_back(to_iso8601(index.at) + " " + index.register_name + " " + std::to_string(index.value_wh) + " " +
                       std::string{quality_name(index.quality)});
    EXPECT_THAT(kept, ElementsAre("2024-01-09T23:00:00Z supplier_1 1 raw", "2024-01-09T23:00:00Z distributor_4 3 raw",
                                  "2024-01-09T23:00:00Z total 4 raw", "2024-01-10T23:00:00Z supplier_1 2 raw",
                                  "2024-01-10T23:00:00Z total 5 raw", "2024-01-12T23:00:00Z total 7 raw",
                                  "2024-01-13T23:00:00Z total 8 estimated_linear"));
    EXPECT_EQ(file.empty_values, 1U);
    EXPECT_THAT(problems_in(read_import(day_export("2024-01-10T00:00:00+01:00;x;1;;3;4\n", "kWh"))),
                ElementsAre("2 Unite: expected Wh, found 'kWh'"));
}

TEST(ImportFiles, a_masked_usage_point_is_given_and_another_one_is_refused)
{
    const std::string masked = sample_file("import/enedis-hour.csv");
    const ImportedFile file = read_import(masked);
    EXPECT_THAT(problems_in(file), ElementsAre(AllOf(HasSubstr("2 Identifiant PRM: "), HasSubstr("give the usage point yourself"))));
    EXPECT_THAT(file.intervals, IsEmpty());
    const std::string rows = "2024-01-10T00:30:00+01:00;10\n2024-01-10T01:00:00+01:00;10\n";
    EXPECT_THAT(read_import(hour_export(rows)).intervals, SizeIs(2));
    EXPECT_THAT(read_import(hour_export(rows), point).intervals, SizeIs(2));
    const std::string error = refused_import(hour_export(rows), "01000000000002");
    EXPECT_THAT(error, AllOf(HasSubstr("bad_csv"), HasSubstr("'Identifiant PRM'"), HasSubstr("usage_point")));
    EXPECT_THAT(error, Not(HasSubstr(point))); // whose it is is not told
    EXPECT_THAT(refused_import(masked, "1429xxxxxxxxxx"), HasSubstr("usage_point: expected 14 digits"));
    const std::string zeros = r63("2024-01-10 00:30:00;1;W;00000000000000;PT30M\n");
    EXPECT_EQ(read_import(zeros).intervals.at(0).usage_point, "00000000000000");
    EXPECT_EQ(read_import(zeros, point).intervals.at(0).usage_point, point);
    const std::string each = "2024-01-10 00:30:00;1;W;0100;PT30M\n2024-01-10 01:00:00;1;W;0100;PT30M\n";
    EXPECT_THAT(problems_in(read_import(r63(each))), ElementsAre(HasSubstr("2 Identifiant PRM"))); // once a name
}

TEST(ImportFiles, r63_says_step_direction_and_quality_of_each_value)
{
    const ImportedFile file = read_import(sample_file("import/r63.csv"));
    EXPECT_EQ(import_format_name(file.format), "r63");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_EQ(file.empty_values, 1U);
    EXPECT_THAT(curve_of(file), ElementsAre("2024-01-09T23:00:00Z 30 512", "2024-01-09T23:30:00Z 30 498 estimated_linear",
                                            "2024-01-10T00:30:00Z 30 470 edited", "2024-01-10T01:00:00Z 30 468 questionable",
                                            "2024-01-10T01:30:00Z 10 471", "2024-01-10T01:00:00Z 30 3 injected",
                                            "2024-01-09T23:00:00Z 5 61000", "2024-01-09T23:05:00Z 5 60500 questionable"));
    EXPECT_EQ(file.intervals.back().usage_point, "01000000000002");
}

TEST(ImportFiles, each_wrong_line_of_r63_is_named)
{
    const ImportedFile file =
        read_import(r63(r63_row("2024-01-10 00:30:00", "1") + r63_row("2024-01-10", "1") + r63_row("2024-01-10 01:00:00", "1", "PT20M") +
                        "2024-01-10 01:00:00;1;kW;" + point + ";PT30M\n" + r63_row("2024-01-10 01:30:00", "a") +
                        r63_row("2024-01-10 01:45:00", "1") + r63_row("2024-01-10 02:00:00", "1", "PT60M") +
                        r63_row("2024-01-10 02:00:00", "2") + r63_row("2024-01-10 00:30:00", "1") + r63_row("2024-01-10 00:30:00", "2") +
                        "2024-01-10 03:00:00\n" + r63_row("2024-01-10 01:30:00", "7")));
    EXPECT_THAT(problems_in(file),
                ElementsAre(HasSubstr("3 Horodate: expected a time"), HasSubstr("4 Pas: expected PT5M, PT10M"),
                            "5 Unité: expected W, found 'kW'", HasSubstr("6 Valeur: expected a whole number"),
                            "7 Horodate: does not lie on a mark of its step", "9 Valeur: line 8 has another value for this time",
                            "11 Valeur: line 2 has another value for this time", "12 : has 1 cells, the header has 5",
                            "13 Valeur: line 8 has another value for this time"));
    EXPECT_THAT(curve_of(file), ElementsAre("2024-01-09T23:00:00Z 30 1", "2024-01-10T00:00:00Z 60 1"));
}

TEST(ImportFiles, the_hour_that_exists_twice_is_told_by_the_order_of_the_lines)
{
    const auto starts = [](std::initializer_list<const char*> times) {
        std::string rows, found;
        for (const char* time : times)
            rows += r63_row("2024-10-27 " + std::string{time} + ":00", std::to_string(rows.size()));
        const ImportedFile file = read_import(r63(rows));
        for (const ImportedInterval& interval : file.intervals)
            found += (found.empty() ? "" : " ") + to_iso8601(interval.start).substr(11, 5);
        return found + (file.problems.empty() ? "" : " and " + std::to_string(file.problems.size()) + " problems");
    };
    EXPECT_EQ(starts({"01:30", "02:00", "02:30", "02:00", "02:30", "03:00"}), "23:00 23:30 00:00 00:30 01:00 01:30");
    EXPECT_EQ(starts({"03:00", "02:30", "02:00", "02:30", "02:00", "01:30"}),
              "01:30 01:00 00:30 00:00 23:30 23:00");                                                  // counting down
    EXPECT_EQ(starts({"02:00", "02:00", "02:30", "02:30", "03:00"}), "23:30 00:30 00:00 01:00 01:30"); // sorted as text
    EXPECT_EQ(starts({"02:00", "02:30", "02:00", "03:00"}), "23:30 00:00 00:30 01:30");                // one is missing
    EXPECT_EQ(starts({"02:00", "02:00", "02:30", "03:00"}), "23:30 00:30 01:00 01:30");
    EXPECT_EQ(starts({"01:30", "03:00", "02:30", "03:30"}), "23:00 01:30 02:00 and 1 problems");
    const ImportedFile file =
        read_import(r63(r63_row("2024-10-27 02:00:00", "") + r63_row("2024-10-27 02:30:00", "x") + r63_row("2024-10-27 02:00:00", "7")));
    EXPECT_THAT(curve_of(file), ElementsAre("2024-10-27T00:30:00Z 30 7")); // lines without a value count too
}

TEST(ImportFiles, the_hour_that_does_not_exist_has_no_value)
{
    const ImportedFile file =
        read_import(r63(r63_row("2024-03-31 01:30:00", "1") + r63_row("2024-03-31 02:00:00", "2") + r63_row("2024-03-31 02:30:00", "3") +
                        r63_row("2024-03-31 03:30:00", "4") + r63_row("2024-03-31T03:00:00+02:00", "2")));
    EXPECT_THAT(curve_of(file),
                ElementsAre("2024-03-31T00:00:00Z 30 1", "2024-03-31T00:30:00Z 30 2", "2024-03-31T01:00:00Z 30 4"));
    EXPECT_THAT(problems_in(file), ElementsAre("4 Horodate: a local time that does not exist on that day"));
}

TEST(ImportFiles, days_of_naive_stamps_have_46_and_50_half_hours)
{
    for (const auto& [day, slots] : {std::pair{"2024-03-31", 46U}, std::pair{"2024-10-27", 50U}, std::pair{"2024-06-01", 48U}}) {
        const CivilDay civil = parse_day(day).value();
        std::string rows;
        for (Instant end = paris().start_of(civil) + 30min; end <= paris().start_of(civil + std::chrono::days{1}); end += 30min) {
            const std::string local = to_iso8601(Instant{paris().to_local(end).time_since_epoch()});
            rows += r63_row(local.substr(0, 10) + " " + local.substr(11, 8), std::to_string(rows.size() % 997));
        }
        const ImportedFile file = read_import(r63(rows));
        EXPECT_THAT(problems_in(file), IsEmpty());
        ASSERT_EQ(file.intervals.size(), slots);
        for (std::size_t i = 0; i < slots; ++i)
            EXPECT_EQ(file.intervals[i].start, paris().start_of(civil) + i * 30min);
    }
}

TEST(ImportFiles, windows_1252_and_utf_8_are_read_alike)
{
    const std::string utf8 = sample_file("import/r63.csv");
    std::string windows;
    for (std::size_t i = 0; i < utf8.size(); ++i)
        windows += utf8[i] == '\xc3' ? static_cast<char>(utf8[++i] | 0x40) : utf8[i];
    ASSERT_NE(windows.find("Unit\xe9;"), std::string::npos);
    EXPECT_EQ(read_import(windows).intervals, read_import(utf8).intervals);
    EXPECT_EQ(read_import("\xef\xbb\xbf" + utf8).intervals, read_import(utf8).intervals);
    EXPECT_EQ(read_import("\"Horodate\";Valeur;Unite;Identifiant PRM;Pas\r\n\"2024-01-10 00:30:00\";1;W;" + point + ";PT30M\r\n")
                  .intervals.size(),
              1U);
}

TEST(ImportFiles, problems_are_bounded_and_the_rest_is_counted)
{
    std::string rows;
    for (std::size_t i = 0; i < import_problems_max + 7; ++i)
        rows += "x;1\n";
    const ImportedFile file = read_import(hour_export(rows));
    EXPECT_THAT(file.problems, SizeIs(import_problems_max));
    EXPECT_EQ(file.more_problems, 7U);
}

} // namespace
} // namespace releve::app
