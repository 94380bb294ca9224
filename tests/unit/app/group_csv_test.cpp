// Groups as people write them: every mistake named.

#include <releve/app/group_csv.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace releve::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string header = "group,usage_point,from,to,label\n";
const std::string point = "01000000000001";

TEST(GroupCsv, columns_stand_in_any_order_and_some_may_be_left_out)
{
    const auto csv = parse_group_csv("label,to,usage_point,group,from\r\n\"Schools, north\",2024-03-01,01000000000001,schools,2024-02-01\r\n"
                                     ",,GI123456,schools,2024-02-01\r\n");
    ASSERT_THAT(csv.problems, ElementsAre());
    ASSERT_EQ(csv.rows.size(), 2U);
    EXPECT_EQ(csv.rows[0].group, "schools");
    EXPECT_EQ(csv.rows[0].label, "Schools, north");
    EXPECT_EQ(csv.rows[0].usage_point, point);
    EXPECT_EQ(to_iso8601(csv.rows[0].from), "2024-02-01");
    EXPECT_EQ(to_iso8601(csv.rows[0].to.value()), "2024-03-01");
    EXPECT_EQ(csv.rows[1].line, 3U);
    EXPECT_FALSE(csv.rows[1].to);
    const auto shortest = parse_group_csv("group,usage_point,from\nschools," + point + ",2024-02-01\n");
    EXPECT_THAT(shortest.problems, ElementsAre());
    EXPECT_EQ(shortest.rows.at(0).label, "");
}

TEST(GroupCsv, each_wrong_cell_is_named)
{
    EXPECT_THAT(parse_group_csv(header + "a group,0100000000000,today,1999-12-31,a\tb\n" + "schools," + point + "\n" + "schools," + point +
                                ",2024-02-01,2024-02-01,\n")
                    .problems,
                ElementsAre(HasSubstr("row 2, column group: expected 1 to 64 of"), HasSubstr("row 2, column usage_point: expected 14"),
                            HasSubstr("row 2, column from: expected a date"), HasSubstr("row 2, column to: lies outside"),
                            HasSubstr("row 2, column label: expected plain text"), HasSubstr("row 3: has 2 cells, the header has 5"),
                            "row 4, column to: is not after `from`"));
    EXPECT_THAT(parse_group_csv("").problems, ElementsAre(HasSubstr("empty")));
    EXPECT_THAT(parse_group_csv("from,colour,from\n").problems,
                ElementsAre("row 1: no column is named 'colour'", "row 1: column from stands twice", "row 1: column group is missing",
                            "row 1: column usage_point is missing"));
    EXPECT_THAT(parse_group_csv(header + "\"schools").problems, ElementsAre(HasSubstr("not closed")));
}

TEST(GroupCsv, a_group_has_a_name_that_fits_everywhere)
{
    for (const char* name : {"a", "schools-2024", "A.b_c", "0123456789012345678901234567890123456789012345678901234567890123"})
        EXPECT_EQ(problem_of_group(name), "") << name;
    for (const char* name : {"", "a b", "caf\xc3\xa9", "a/b", "01234567890123456789012345678901234567890123456789012345678901234"})
        EXPECT_NE(problem_of_group(name), "") << name;
}

TEST(GroupCsv, a_day_of_a_usage_point_stands_once_in_a_group)
{
    const auto problems = [&](const std::string& rows) { return parse_group_csv(header + rows).problems; };
    EXPECT_THAT(problems("a," + point + ",2024-02-01,2024-03-01,\na," + point + ",2024-03-01,,\nb," + point + ",2024-02-01,,\na," +
                         "01000000000002,2024-02-01,,\na," + point + ",2024-01-01,2024-02-01,\n"),
                ElementsAre());
    EXPECT_THAT(problems("a," + point + ",2024-02-01,2024-03-02,\na," + point + ",2024-03-01,,\n"),
                ElementsAre("row 3, column from: row 2 has that day of this usage point in this group too"));
    EXPECT_THAT(problems("a," + point + ",2024-04-01,,\na," + point + ",2024-03-01,,\n"),
                ElementsAre("row 2, column from: row 3 has that day of this usage point in this group too"));
}

TEST(GroupCsv, a_group_has_one_label)
{
    EXPECT_THAT(parse_group_csv(header + "a," + point + ",2024-02-01,,North\na,01000000000002,2024-02-01,,\na,01000000000003,2024-02-01,,"
                                         "North\nb," + point + ",2024-02-01,,South\n")
                    .problems,
                ElementsAre());
    EXPECT_THAT(parse_group_csv(header + "a," + point + ",2024-02-01,,North\na,01000000000002,2024-02-01,,South\n").problems,
                ElementsAre("row 3, column label: row 2 has another for this group"));
}

} // namespace
} // namespace releve::app
