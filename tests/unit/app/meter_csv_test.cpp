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

const std::string gas_header = "system_title,serial,protocol,model,policy,encryption_key,authentication_key,key_id,usage_point,"
                               "energy,installed_from,area\n";

MeterCsv parse_gas(const std::string& rows)
{
    return parse(gas_header + rows);
}

TEST(MeterCsv, a_wize_meter_has_a_row_for_each_key)
{
    const std::string meter = "8D04785634120103,G1,wize,releve-gas,,", place = ",21000000000001,gas,2024-01-10,";
    const MeterCsv csv = parse_gas(meter + key + ",,1" + place + "\n" + meter + key + ",,15" + place + "\n");
    ASSERT_THAT(csv.problems, ElementsAre());
    ASSERT_EQ(csv.rows.size(), 2U);
    EXPECT_EQ(csv.rows[0].system_title, "8d04785634120103");
    EXPECT_EQ(csv.rows[0].key_id, 1);
    EXPECT_EQ(csv.rows[1].key_id, 15);
    EXPECT_EQ(csv.rows[1].energy, "gas");
    EXPECT_THAT(parse_gas(meter + ",,"  + place + "\n").problems, ElementsAre()) << "its keys may come later";
}

TEST(MeterCsv, rows_of_one_wize_meter_differ_in_their_key_alone)
{
    const std::string meter = "8d04785634120103,G1,wize,releve-gas,,", place = ",21000000000001,gas,2024-01-10,";
    EXPECT_THAT(parse_gas(meter + key + ",,1" + place + "\n" + meter + key + ",,1" + place + "\n").problems,
                ElementsAre("row 3, column key_id: this meter and key stand in row 2 already"));
    EXPECT_THAT(parse_gas(meter + key + ",,1" + place + "\n8d04785634120103,G2,wize,releve-gas,," + key +
                          ",,2,21000000000002,electricity,2024-01-11,north\n")
                    .problems,
                testing::UnorderedElementsAre("row 3, column serial: differs from row 2 of the same meter",
                                              "row 3, column usage_point: differs from row 2 of the same meter",
                                              "row 3, column energy: differs from row 2 of the same meter",
                                              "row 3, column installed_from: differs from row 2 of the same meter",
                                              "row 3, column area: differs from row 2 of the same meter"));
}

TEST(MeterCsv, keys_are_numbered_for_wize_and_only_there)
{
    const std::string place = ",21000000000001,gas,2024-01-10,\n", meter = "8d04785634120103,G1,wize,releve-gas,";
    const auto problems = [&](const std::string& cells) { return parse_gas(meter + cells + place).problems; };
    EXPECT_THAT(problems("," + key + ",,"), ElementsAre(HasSubstr("column key_id: is needed")));
    EXPECT_THAT(problems(",,,3"), ElementsAre("row 2, column encryption_key: is missing beside key_id"));
    EXPECT_THAT(problems("," + key + "," + key + ",3"), ElementsAre(HasSubstr("column authentication_key: a Wize meter has none")));
    EXPECT_THAT(problems("encrypted," + key + ",,3"), ElementsAre("row 2, column policy: is for DLMS meters"));
    for (const char* wrong : {"0", "16", "-1", "1.5", "one", "007", "1 "})
        EXPECT_THAT(problems("," + key + ",," + wrong), ElementsAre("row 2, column key_id: expected a number from 1 to 15 (KEYSEL)"))
            << wrong;
    EXPECT_THAT(parse_gas("4c4b590012345678,s,dlms,linky,," + key + "," + key + ",1,14290000000001,electricity,2024-01-10,\n").problems,
                ElementsAre("row 2, column key_id: only keys of Wize meters are numbered"));
}

TEST(MeterCsv, a_dongle_is_named_by_twelve_digits)
{
    const auto parsed = [](const std::string& name) {
        return parse_gas(name + ",,tic,tic,,,,,14290000000001,electricity,2024-01-10,\n");
    };
    for (const char* name : {"021728123456", "0000021728123456"}) {
        const MeterCsv csv = parsed(name);
        EXPECT_THAT(csv.problems, ElementsAre()) << name;
        EXPECT_EQ(csv.rows.at(0).system_title, "0000021728123456") << name;
    }
    for (const char* name : {"0001021728123456", "000002172812345a", "4c4b590012345678"})
        EXPECT_THAT(parsed(name).problems, ElementsAre(HasSubstr("column system_title: of a dongle: the 12 digits"))) << name;
    for (const char* name : {"02172812345", "0217281234567", "02172812345a"})
        EXPECT_THAT(parsed(name).problems, ElementsAre(HasSubstr("column system_title: expected 16"))) << name;
    EXPECT_THAT(parse_gas("021728123456,,tic,tic,encrypted," + key + "," + key + ",2,,electricity,2024-01-10,\n").problems,
                testing::UnorderedElementsAre("row 2, column encryption_key: a dongle has none",
                                              "row 2, column authentication_key: a dongle has none",
                                              "row 2, column key_id: only keys of Wize meters are numbered",
                                              "row 2, column usage_point: is needed: whose dongle this is",
                                              "row 2, column policy: is for DLMS meters"));
    for (const char* protocol : {"dlms,linky", "wize,releve-gas"})
        EXPECT_THAT(parse_gas("021728123456,s," + std::string{protocol} + ",,,,,14290000000001,electricity,2024-01-10,\n").problems,
                    ElementsAre(HasSubstr("column system_title: expected 16")))
            << protocol;
}

TEST(MeterCsv, a_model_is_of_the_meters_protocol)
{
    EXPECT_THAT(parse_gas("8d04785634120103,G1,wize,linky,,,,,21000000000001,gas,2024-01-10,\n").problems,
                ElementsAre("row 2, column model: linky is of the protocol dlms, not wize"));
    EXPECT_THAT(parse_gas("4c4b590012345678,s,dlms,releve-gas,,,,,14290000000001,electricity,2024-01-10,\n").problems,
                ElementsAre("row 2, column model: releve-gas is of the protocol wize, not dlms"));
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
