#include <releve/api/http.hpp>

#include <gtest/gtest.h>

namespace releve::api {
namespace {

TEST(http, percent_decode)
{
    EXPECT_EQ(percent_decode("a%20b%2Fc").value(), "a b/c");
    EXPECT_EQ(percent_decode("caf%C3%A9%20%E2%82%AC%F0%9F%92%A1").value(), "caf\u00e9 \u20ac\U0001f4a1");
    for (const char* broken :
         {"%ff", "%c3", "%c3%28", "%c0%80", "%e0%80%80", "%ed%a0%80", "%f4%90%80%80", "%f5%80%80%80", "a%80"})
        EXPECT_EQ(percent_decode(broken).error().code, errc::bad_parameter) << broken;
    EXPECT_EQ(percent_decode("1+2").value(), "1+2");
    for (const char* broken : {"%", "%2", "%zz", "a%0", "%00", "%0a", "%7f"})
        EXPECT_EQ(percent_decode(broken).error().code, errc::bad_parameter) << broken;
}

TEST(http, parse_query)
{
    const auto query = parse_query("from=2024-01-01&to=&flag").value();
    ASSERT_EQ(query.size(), 3U);
    EXPECT_EQ(query[0], (std::pair<std::string, std::string>{"from", "2024-01-01"}));
    EXPECT_EQ(query[1].second, "");
    EXPECT_EQ(query[2].first, "flag");
    EXPECT_TRUE(parse_query("").value().empty());
    EXPECT_EQ(parse_query("a=1&%61=2").error().detail, "a: given twice");
}

TEST(http, preferred_language)
{
    EXPECT_EQ(preferred_language(""), Language::en);
    EXPECT_EQ(preferred_language("fr"), Language::fr);
    EXPECT_EQ(preferred_language("fr-CA, en;q=0.9"), Language::fr);
    EXPECT_EQ(preferred_language("en-GB, fr;q=0.9"), Language::en);
    EXPECT_EQ(preferred_language("de, fr;q=0.3, en;q=0.2"), Language::fr);
    EXPECT_EQ(preferred_language("de"), Language::en);
    EXPECT_EQ(preferred_language("fr;q=0"), Language::en);
}

TEST(http, negotiate)
{
    constexpr std::string_view offers[] = {"application/json", "text/csv"};
    EXPECT_EQ(negotiate("", offers).value(), 0U);
    EXPECT_EQ(negotiate("*/*", offers).value(), 0U);
    EXPECT_EQ(negotiate("text/csv", offers).value(), 1U);
    EXPECT_EQ(negotiate("TEXT/CSV", offers).value(), 1U);
    EXPECT_EQ(negotiate("text/*, */*;q=0.1", offers).value(), 1U);
    EXPECT_EQ(negotiate("text/csv;q=0.2, application/json;q=0.9", offers).value(), 0U);
    EXPECT_EQ(negotiate("application/json;q=0, */*", offers).value(), 1U) << "the closest range counts";
    EXPECT_FALSE(negotiate("text/html", offers));
    EXPECT_FALSE(negotiate("text/csv;q=0", offers));
}

TEST(http, bearer_token)
{
    EXPECT_EQ(bearer_token("Bearer abc"), "abc");
    EXPECT_EQ(bearer_token("bearer  abc "), "abc");
    for (const char* other : {"", "Bearer", "Bearer ", "Basic abc", "abc"})
        EXPECT_EQ(bearer_token(other), "") << other;
}

TEST(http, every_error_makes_a_problem)
{
    for (const auto& row : error_rows()) {
        const auto response = problem(fail(row.code, "a detail"), {});
        EXPECT_EQ(response.status, static_cast<unsigned>(row.http_status)) << row.name;
        EXPECT_EQ(response.body.find("a detail") != std::string::npos, row.http_status < 500) << row.name;
    }
}

} // namespace
} // namespace releve::api
