// The meter import's CSV: what is taken, and every mistake named by row and column without repeating a key.

#include <releve/app/meter_csv.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string header = "system_title,serial,protocol,model,policy,replay,encryption_key,authentication_key,usage_point,"
                           "energy,installed_from,collection,concentrator,area\n";
const std::string key = "000102030405060708090a0b0c0d0e0f";

MeterCsv parse(const std::string& text)
{
    static const ModelRegistry models = ModelRegistry::load({}).value();
    return parse_meter_csv(text, models, "524c560000000001");
}

TEST(MeterCsv, a_full_row)
{
    const MeterCsv csv = parse(header + "4C4B590012345678,LKY02123,dlms,linky,,window," + key + "," + key +
                               ",14290000000001,electricity,2024-01-10,half_hour,\"C1, north\",Lyon\r\n");
    ASSERT_THAT(csv.problems, ElementsAre());
    ASSERT_EQ(csv.rows.size(), 1U);
    const auto& row = csv.rows[0];
    EXPECT_EQ(row.system_title, "4c4b590012345678");
    EXPECT_EQ(row.policy, "authenticated_encrypted");
    EXPECT_EQ(row.replay, "window");
    EXPECT_EQ(row.encryption_key.size(), 16U);
    EXPECT_EQ(to_iso8601(row.installed_from), "2024-01-09T23:00:00Z");
    EXPECT_EQ(row.collection, store::Collection::half_hour);
    EXPECT_EQ(row.concentrator, "C1, north");
}

TEST(MeterCsv, nothing_said_means_daily_strict_and_fully_protected)
{
    const MeterCsv csv = parse("system_title,serial,protocol,model,installed_from\n4c4b590012345678,1,dlms,linky,2024-01-10\n");
    ASSERT_THAT(csv.problems, ElementsAre());
    EXPECT_EQ(csv.rows[0].collection, store::Collection::daily);
    EXPECT_EQ(csv.rows[0].replay, "strict");
    EXPECT_EQ(csv.rows[0].policy, "authenticated_encrypted");
}

TEST(MeterCsv, a_key_in_the_wrong_place_is_not_repeated)
{
    const std::string spaced = "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", base64 = "AAECAwQFBgcICQoLDA0ODw==";
    const std::string rest = ",14290000000001,electricity,2024-01-10,,,\n";
    for (const std::string& text : {
             "4c4b590012345678,s,dlms,linky,,," + key + "," + key + rest, // no header
             header + "4c4b590012345678,s," + key + "," + base64 + "," + key + "," + key + ",," + rest,
             header + "4c4b590012345678," + key + ",dlms,linky,,,,,14290000000001," + key + "," + key + "," + key + "," +
                 spaced + "," + key + "\n",
             header + key + ",s,dlms,linky,,,,," + key + ",electricity," + base64 + ",,,\n"}) {
        const MeterCsv csv = parse(text);
        EXPECT_FALSE(csv.problems.empty()) << text;
        for (const std::string& problem : csv.problems)
            for (const std::string& part : {key.substr(0, 20), spaced.substr(0, 20), base64.substr(0, 20)})
                EXPECT_EQ(problem.find(part), std::string::npos) << problem;
    }
    EXPECT_THAT(parse(header + "4c4b590012345678," + key + ",dlms,linky,,,,,,,2024-01-10,,,\n").problems,
                ElementsAre(HasSubstr("row 2, column serial: looks like a key")));
}

TEST(MeterCsv, each_wrong_cell_is_named)
{
    const MeterCsv csv = parse(header +
                               "12,s,dlms,linky,,," + key + "," + key + ",14290000000001,electricity,2024-01-10,,,\n"
                               "524c560000000001,s,dlms,linky,,," + key + "," + key + ",14290000000001,electricity,2024-01-10,,,\n"
                               "4c4b590012345678,s,modbus,nope,weak,loose,abcd,zz,123,steam,yesterday,weekly,,\n"
                               "4c4b590012345678,s,dlms\n"
                               "4c4b590012345678,s,dlms,linky,,," + key + "," + key + ",14290000000001,electricity,1999-12-31,,,\n"
                               "4c4b590012345678,s,dlms,linky,,," + key + ",,14290000000001,electricity,2024-01-10,,,\n");
    EXPECT_THAT(csv.problems,
                testing::UnorderedElementsAre(
                    HasSubstr("row 2, column system_title: expected 16"), HasSubstr("row 3, column system_title: is the"),
                    HasSubstr("row 4, column protocol"), HasSubstr("row 4, column model: no meter model is named 'nope'"),
                    HasSubstr("row 4, column policy"), HasSubstr("row 4, column replay"),
                    HasSubstr("row 4, column encryption_key: expected 32"),
                    HasSubstr("row 4, column authentication_key: expected 32"), HasSubstr("row 4, column usage_point"),
                    HasSubstr("row 4, column energy"), HasSubstr("row 4, column installed_from"),
                    HasSubstr("row 4, column collection"), HasSubstr("row 5: has 3 cells, the header has 14"),
                    HasSubstr("row 6, column installed_from: lies before"),
                    HasSubstr("row 7, column authentication_key: is needed")));
    for (const std::string& problem : csv.problems) {
        EXPECT_EQ(problem.find(key.substr(0, 8)), std::string::npos) << problem;
        EXPECT_EQ(problem.find("abcd"), std::string::npos) << problem;
    }
}

TEST(MeterCsv, texts_are_what_a_database_can_store)
{
    const auto problems = [](const std::string& serial) {
        return parse("system_title,serial,protocol,model,installed_from\n4c4b590012345678,\"" + serial +
                     "\",dlms,linky,2024-01-10\n")
            .problems;
    };
    for (const char* text : {"LKY0 1", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x8c", "\xf4\x8f\xbf\xbf"})
        EXPECT_THAT(problems(text), ElementsAre()) << text;
    // Latin-1, cut off, not in the shortest form, a surrogate, beyond Unicode, and what moves a terminal's cursor.
    for (const char* text : {"\xe9t\xe9", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x82\x82\xac", "\xed\xa0\x80",
                             "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "a\x1b[2J", "a\nb", "\x7f"})
        EXPECT_THAT(problems(text), ElementsAre("row 2, column serial: is not plain text in UTF-8")) << text;
    EXPECT_THAT(problems(std::string("a\0b", 3)), ElementsAre(HasSubstr("is not plain text")));
    EXPECT_THAT(problems(std::string(201, 'a')), ElementsAre(HasSubstr("longer than 200")));
}

TEST(MeterCsv, an_installation_of_another_century_is_a_slip)
{
    const auto problems = [](const std::string& from) {
        return parse("system_title,serial,protocol,model,installed_from\n4c4b590012345678,1,dlms,linky," + from + "\n").problems;
    };
    EXPECT_THAT(problems("2099-12-31"), ElementsAre());
    EXPECT_THAT(problems("2100-01-01T00:00:00Z"), ElementsAre(HasSubstr("lies after the year 2099")));
    EXPECT_THAT(problems("9999-12-31T23:59:59-23:59"), ElementsAre(HasSubstr("lies after the year 2099")));
}

TEST(MeterCsv, header_and_quoting_mistakes)
{
    EXPECT_THAT(parse("").problems, ElementsAre(HasSubstr("empty")));
    EXPECT_THAT(parse("serial,colour\n").problems, testing::Contains(HasSubstr("no column is named 'colour'")));
    EXPECT_THAT(parse("serial\n").problems, testing::Contains(HasSubstr("column system_title is missing")));
    EXPECT_THAT(parse(header + "\"4c4b").problems, ElementsAre(HasSubstr("row 2: a quoted cell is not closed")));
}

} // namespace
} // namespace releve::app
