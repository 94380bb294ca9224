// Contracts as people write them: every mistake named.

#include <releve/app/contract_csv.hpp>
#include <releve/app/tariff_files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string point = "01000000000001";

ContractCsv parse(const std::string& text)
{
    static const engine::TariffBook book = load_shipped_tariffs().value();
    return parse_contract_csv(text, book);
}

/// Of a file of one row.
std::vector<std::string> problems_of(std::map<std::string, std::string> cells)
{
    cells.try_emplace("usage_point", point);
    cells.try_emplace("tariff", "trv_base");
    cells.try_emplace("from", "2024-01-01");
    cells.try_emplace("powers_kva", "6");
    std::string header, row;
    for (const auto& [column, cell] : cells) {
        header += (header.empty() ? "" : ",") + column;
        row += (row.empty() ? "" : ",") + ("\"" + cell + "\"");
    }
    return parse(header + "\n" + row + "\n").problems;
}

TEST(ContractCsv, columns_stand_in_any_order_and_some_may_be_left_out)
{
    const auto csv = parse("\xef\xbb\xbf" "tariff,from,to,usage_point,powers_kva,parameters,offpeak,meter_calendar,daily_capacity_kwh\r\n"
                           "example_market_hphc,2025-01-01,2026-01-01,01000000000001,9,fta=BTINFCU4,\"HC (2H00-7H00;13H30-16H30)\",tempo,\r\n"
                           "example_market_base_c4,2025-08-01,,01000000000002,36;36;36;100.5,fta=BTSUPCU4;user=sme_gt36_le250,,,\r\n"
                           "example_market_gas,2025-08-01,,GI123456,,option=T4,,,1200\r\n");
    ASSERT_THAT(csv.problems, IsEmpty());
    ASSERT_EQ(csv.rows.size(), 3U);
    EXPECT_EQ(csv.rows[0].usage_point.value, point);
    EXPECT_EQ(csv.rows[0].tariff, "example_market_hphc");
    EXPECT_EQ(to_iso8601(csv.rows[0].from), "2025-01-01");
    EXPECT_EQ(to_iso8601(csv.rows[0].to.value()), "2026-01-01");
    EXPECT_THAT(csv.rows[0].powers_va, ElementsAre(9'000));
    EXPECT_EQ(csv.rows[0].parameters, (engine::Parameters{{"fta", "BTINFCU4"}}));
    EXPECT_EQ(csv.rows[0].offpeak, "HC (2H00-7H00;13H30-16H30)");
    EXPECT_EQ(csv.rows[0].meter_calendar, "tempo");
    EXPECT_FALSE(csv.rows[0].daily_capacity_kwh);
    EXPECT_THAT(csv.rows[1].powers_va, ElementsAre(36'000, 36'000, 36'000, 100'500));
    EXPECT_EQ(csv.rows[1].line, 3U);
    EXPECT_FALSE(csv.rows[1].to);
    EXPECT_EQ(csv.rows[2].daily_capacity_kwh, 1'200);
    EXPECT_TRUE(csv.rows[2].powers_va.empty());
    EXPECT_THAT(parse("usage_point,tariff,from,powers_kva\n" + point + ",trv_base,2024-01-01,6\n").problems, IsEmpty());
}

struct WrongCell {
    const char* column;
    const char* cell;
    const char* said;
};
class WrongContract : public testing::TestWithParam<WrongCell> {};

TEST_P(WrongContract, is_named_with_its_row_and_column)
{
    const auto& [column, cell, said] = GetParam();
    EXPECT_THAT(problems_of({{column, cell}}), ElementsAre(testing::AllOf(StartsWith(std::string{"row 2, column "} + column + ": "), HasSubstr(said)))) << cell;
}

INSTANTIATE_TEST_SUITE_P(
    Cells, WrongContract,
    testing::Values(WrongCell{"usage_point", "0100000000000", "expected 14 digits"}, WrongCell{"usage_point", "", "expected 14 digits"}, WrongCell{"tariff", "", "must name a tariff"},
                    WrongCell{"tariff", "trv_bose", "there is no tariff 'trv_bose'"}, WrongCell{"from", "today", "expected a date"}, WrongCell{"from", "", "expected a date"},
                    WrongCell{"from", "2023-02-29", "expected a date"}, WrongCell{"from", "1999-12-31", "lies outside"}, WrongCell{"to", "soon", "expected a date"},
                    WrongCell{"to", "2100-01-01", "lies outside"}, WrongCell{"to", "2024-01-01", "is not after `from`"}, WrongCell{"to", "2023-06-01", "is not after `from`"},
                    WrongCell{"powers_kva", "-6", "expected kVA"}, WrongCell{"powers_kva", "0", "expected kVA"}, WrongCell{"powers_kva", "six", "expected kVA"},
                    WrongCell{"powers_kva", "6.0001", "expected kVA"}, WrongCell{"powers_kva", "1000001", "expected kVA"}, WrongCell{"powers_kva", "99999999999999999999", "expected kVA"},
                    WrongCell{"powers_kva", "6;", "expected kVA"}, WrongCell{"powers_kva", "1;1;1;1;1;1;1;1;1", "expected kVA"}, WrongCell{"powers_kva", "9;6", "must not decrease"},
                    WrongCell{"powers_kva", "7", "has no 7"}, WrongCell{"powers_kva", "", "needs it"}, WrongCell{"parameters", "fta", "expected names and values"},
                    WrongCell{"parameters", "a=1;", "expected names"}, WrongCell{"parameters", "a=1;a=2", "each once"}, WrongCell{"parameters", "a=b=c", "expected names"}, WrongCell{"offpeak", "at night", ""},
                    WrongCell{"offpeak", "HC (25H00-7H00)", ""}, WrongCell{"meter_calendar", "moon", "there is no calendar 'moon'"}, WrongCell{"daily_capacity_kwh", "-1", "expected whole kWh"},
                    WrongCell{"daily_capacity_kwh", "0", "expected whole kWh"}, WrongCell{"daily_capacity_kwh", "1.5", "expected whole kWh"},
                    WrongCell{"daily_capacity_kwh", "1000000001", "expected whole kWh"}, WrongCell{"daily_capacity_kwh", "much", "expected whole kWh"}));

TEST(ContractCsv, a_parameter_that_the_tariff_does_not_take_is_named)
{
    EXPECT_THAT(problems_of({{"tariff", "turpe_c5"}}), ElementsAre(testing::AllOf(StartsWith("row 2, column parameters: "), HasSubstr("needs it"))));
    EXPECT_THAT(problems_of({{"tariff", "example_market_hphc"}, {"parameters", "fta=BTINFLU4"}}), ElementsAre(testing::AllOf(StartsWith("row 2, column parameters: fta: "), HasSubstr("BTINFLU4"))));
}

TEST(ContractCsv, a_file_that_is_none_says_so)
{
    EXPECT_THAT(parse("").problems, ElementsAre("row 1: the file is empty"));
    EXPECT_THAT(parse("from,colour,from\n").problems, ElementsAre("row 1: no column is named 'colour'", "row 1: column from stands twice", "row 1: column usage_point is missing", "row 1: column tariff is missing"));
    EXPECT_THAT(parse("usage_point,tariff,from\n" + point + ",trv_base\n").problems, ElementsAre("row 2: has 2 cells, the header has 3"));
    EXPECT_THAT(parse("usage_point,tariff,from\n\"" + point).problems, ElementsAre(HasSubstr("not closed")));
    EXPECT_THAT(parse("usage_point,tariff,from\n").problems, IsEmpty());
}

TEST(ContractCsv, a_day_of_a_usage_point_has_one_contract)
{
    const auto problems = [](const std::string& rows) { return parse("usage_point,tariff,from,to,powers_kva\n" + rows).problems; };
    EXPECT_THAT(problems(point + ",trv_base,2024-01-01,2024-03-01,6\n01000000000002,trv_base,2024-01-01,,6\n" + point + ",trv_base,2024-03-01,2024-04-01,6\n" + point +
                         ",trv_base,2024-05-01,,9\n"),
                IsEmpty())
        << "a hole is for the days to come, and may be right";
    EXPECT_THAT(problems(point + ",trv_base,2024-01-01,2024-03-02,6\n" + point + ",trv_base,2024-03-01,,9\n"),
                ElementsAre("row 3, column from: row 2 has that day of this usage point too"));
    EXPECT_THAT(problems(point + ",trv_base,2024-04-01,,6\n" + point + ",trv_base,2024-03-01,,9\n"), ElementsAre("row 2, column from: row 3 has that day of this usage point too"));
}

} // namespace
} // namespace releve::app
