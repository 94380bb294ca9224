#include <releve/api/listing.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace releve::api {
namespace {

TEST(listing, scaled_digits_are_exact)
{
    EXPECT_EQ(scaled_digits(0, 0), "0");
    EXPECT_EQ(scaled_digits(0, 3), "0");
    EXPECT_EQ(scaled_digits(12, 3), "12000");
    EXPECT_EQ(scaled_digits(-12, 1), "-120");
    EXPECT_EQ(scaled_digits(2301, -1), "230.1");
    EXPECT_EQ(scaled_digits(5, -3), "0.005");
    EXPECT_EQ(scaled_digits(-5, -1), "-0.5");
    EXPECT_EQ(scaled_digits(0, -2), "0.00");
    EXPECT_EQ(scaled_digits(std::numeric_limits<std::int64_t>::max(), 2), "922337203685477580700");
    EXPECT_EQ(scaled_digits(std::numeric_limits<std::int64_t>::min(), -1), "-922337203685477580.8");
}

Listing some()
{
    return {.before = {{"name", text_cell("é\"\n")}},
            .items = "rows",
            .columns = {"a", "b"},
            .rows = {{number_cell(-1), text_cell("x,\"y\"")}, {no_cell(), text_cell("=1+1")}},
            .after = {{"next", no_cell()}},
            .csv_constants = {{"unit", text_cell("Wh")}},
            .file_name = "some"};
}

TEST(listing, json)
{
    EXPECT_EQ(write_json(some()), "{\"name\":\"é\\\"\\n\",\"rows\":[{\"a\":-1,\"b\":\"x,\\\"y\\\"\"},"
                                  "{\"a\":null,\"b\":\"=1+1\"}],\"next\":null}\n");
    EXPECT_EQ(write_json(Listing{.items = "rows"}), "{\"rows\":[]}\n");
}

TEST(listing, neighbours_of_one_group_are_an_object)
{
    const Listing listing{.items = "rows",
                          .columns = {"a", "g.x", "g.y", "b"},
                          .rows = {{number_cell(1), no_cell(), boolean_cell(true), number_cell(2)},
                                   {number_cell(3), no_cell(), no_cell(), no_cell()}},
                          .after = {{"more", json_cell("[{}]")}}};
    EXPECT_EQ(write_json(listing), "{\"rows\":[{\"a\":1,\"g\":{\"x\":null,\"y\":true},\"b\":2},"
                                   "{\"a\":3,\"g\":null,\"b\":null}],\"more\":[{}]}\n");
    EXPECT_EQ(write_csv(listing), "a,g.x,g.y,b\r\n1,,true,2\r\n3,,,\r\n");
}

TEST(listing, json_stays_json_whatever_bytes_a_stranger_sent)
{
    Listing listing{.items = "rows", .columns = {"a"}, .rows = {{text_cell("\xff\xfe")}}};
    EXPECT_EQ(write_json(listing), "{\"rows\":[{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}]}\n");
}

TEST(listing, csv)
{
    EXPECT_EQ(write_csv(some()), "a,b,unit\r\n-1,\"x,\"\"y\"\"\",Wh\r\n,'=1+1,Wh\r\n");
    EXPECT_EQ(write_csv(Listing{.columns = {"a", "b"}}), "a,b\r\n") << "a header even without rows";
}

} // namespace
} // namespace releve::api
