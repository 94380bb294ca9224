// Conversion coefficients as people write them: exact decimals, and every mistake named.

#include <releve/app/coefficient_csv.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string header = "usage_point,from,to,kwh_per_m3\n";

TEST(Coefficient, is_an_exact_decimal)
{
    for (const auto& [text, value] : {std::pair{"11.29", 1'129'000}, {"1", 100'000}, {"20", 2'000'000}, {"20.00000", 2'000'000},
                                      {"10.00001", 1'000'001}, {"07.5", 750'000}})
        EXPECT_EQ(parse_kwh_per_m3(text).value(), value) << text;
    for (const char* text : {"", ".", "11.", ".5", "11,29", "+11", "-11", "11.290001", "1e1", " 11", "11 ", "0x11", "111", "11.2.9"})
        EXPECT_THAT(parse_kwh_per_m3(text).error().detail, HasSubstr("expected a number like 11.29")) << text;
    for (const char* text : {"0", "0.99999", "20.00001", "99"})
        EXPECT_EQ(parse_kwh_per_m3(text).error().detail, "must be from 1 to 20 kWh per m3") << text;
}

TEST(Coefficient, is_written_as_it_is_read)
{
    for (std::int64_t value = 100'000; value <= 2'000'000; value += 37)
        ASSERT_EQ(parse_kwh_per_m3(kwh_per_m3_text(value)).value(), value);
    EXPECT_EQ(kwh_per_m3_text(1'129'000), "11.29");
    EXPECT_EQ(kwh_per_m3_text(1'100'000), "11");
    EXPECT_EQ(kwh_per_m3_text(1'000'001), "10.00001");
}

TEST(CoefficientCsv, columns_stand_in_any_order_and_an_end_may_be_open)
{
    const auto csv = parse_coefficient_csv("kwh_per_m3,to,usage_point,from\r\n11.29,2024-03-01,21000000000001,2024-02-01\r\n"
                                           "11.1,,GI123456,2024-02-01\r\n");
    ASSERT_THAT(csv.problems, ElementsAre());
    ASSERT_EQ(csv.rows.size(), 2U);
    EXPECT_EQ(csv.rows[0].usage_point, "21000000000001");
    EXPECT_EQ(to_iso8601(csv.rows[0].from), "2024-02-01");
    EXPECT_EQ(to_iso8601(csv.rows[0].to.value()), "2024-03-01");
    EXPECT_EQ(csv.rows[0].kwh_per_m3_e5, 1'129'000);
    EXPECT_EQ(csv.rows[1].line, 3U);
    EXPECT_FALSE(csv.rows[1].to);
}

TEST(CoefficientCsv, each_wrong_cell_is_named)
{
    EXPECT_THAT(parse_coefficient_csv(header + "2100000000000,today,1999-12-31,11.123456\n21000000000001,2024-02-01\n"
                                               "21000000000001,2024-02-01,2024-02-01,11\n")
                    .problems,
                ElementsAre(HasSubstr("row 2, column usage_point: expected 14 digits"), HasSubstr("row 2, column from: expected a date"),
                            HasSubstr("row 2, column to: lies outside"), HasSubstr("row 2, column kwh_per_m3: expected a number"),
                            HasSubstr("row 3: has 2 cells, the header has 4"), "row 4, column to: is not after `from`"));
    EXPECT_THAT(parse_coefficient_csv("").problems, ElementsAre(HasSubstr("empty")));
    EXPECT_THAT(parse_coefficient_csv("from,colour,from\n").problems,
                ElementsAre("row 1: no column is named 'colour'", "row 1: column from stands twice",
                            "row 1: column usage_point is missing", "row 1: column kwh_per_m3 is missing"));
}

TEST(CoefficientCsv, a_day_has_one_row)
{
    const std::string point = "21000000000001,";
    const auto problems = [&](const std::string& rows) { return parse_coefficient_csv(header + rows).problems; };
    EXPECT_THAT(problems(point + "2024-02-01,2024-03-01,11\n" + point + "2024-03-01,,11.1\n21000000000002,2024-02-01,,11\n" + point +
                         "2024-01-01,2024-02-01,12\n"),
                ElementsAre());
    EXPECT_THAT(problems(point + "2024-02-01,2024-03-02,11\n" + point + "2024-03-01,,11.1\n"),
                ElementsAre("row 3, column from: row 2 has that day of this usage point too"));
    EXPECT_THAT(problems(point + "2024-04-01,,11\n" + point + "2024-03-01,,11.1\n"),
                ElementsAre("row 2, column from: row 3 has that day of this usage point too"));
}

} // namespace
} // namespace releve::app
