// What a POST brings: flat JSON, errors by member, numbers that keep their digits.

#include "body.hpp"

#include <gtest/gtest.h>

namespace releve::api {
namespace {

constexpr std::string_view members = "note values";

std::string refused(std::string_view json)
{
    const auto body = Body::read(json, members);
    EXPECT_FALSE(body) << json;
    return body ? "" : to_string(body.error());
}

TEST(body, is_one_flat_object)
{
    const auto body = Body::read(R"( {"note":"Été","values":[1,-2.50,3e1,123456789012345678901]} )", members).value();
    EXPECT_EQ(body.text("note", {.min = 3, .max = 3}).value(), "Été") << "characters, not bytes";
    EXPECT_EQ(body.numbers("values", 4).value(), (std::vector<std::string>{"1", "-2.50", "3e1", "123456789012345678901"}));
    EXPECT_FALSE(Body::read("{}", members).value().has("note"));
}

TEST(body, that_is_no_object_is_malformed)
{
    for (const std::string_view json :
         {"", " ", "[]", "[{\"note\":\"a\"}]", "\"note\"", "1", "null", "{", "{\"note\":\"a\"", "{\"note\"}",
          "{\"note\":\"a\"} x", "{'note':'a'}", "{\"note\":\"\xff\"}", "{\"values\":[1e999]}"})
        EXPECT_EQ(refused(json), "malformed: body: is not a JSON object") << json;
    EXPECT_EQ(refused(std::string(60'000, '[')), "malformed: body: is not a JSON object")
        << "deep, without a stack to run out of";
    EXPECT_EQ(refused("{\"values\":" + std::string(60'000, '[')), "malformed: body: is not a JSON object");
}

TEST(body, members_are_known_and_come_once)
{
    EXPECT_EQ(refused(R"({"colour":1})"), "bad_parameter: colour: no such member here");
    EXPECT_EQ(refused(R"({"note values":"a"})"), "bad_parameter: note values: no such member here");
    EXPECT_EQ(refused(R"({"":"a"})"), "bad_parameter: : no such member here");
    EXPECT_EQ(refused(R"({"note":"a","values":[],"note":"b"})"), "bad_parameter: note: given twice");
}

TEST(body, texts_have_a_size_and_one_line)
{
    const auto error = [](std::string_view json, Body::Size size) {
        const auto text = Body::read(json, members).value().text("note", size);
        return text ? "" : to_string(text.error());
    };
    EXPECT_EQ(error("{}", {.min = 1, .max = 5}), "bad_parameter: note: is required");
    EXPECT_EQ(error("{}", {.min = 0, .max = 5}), "");
    EXPECT_EQ(error(R"({"note":""})", {.min = 0, .max = 5}), "");
    for (const std::string_view json :
         {R"({"note":"a"})", R"({"note":"abcdef"})", R"({"note":12})", R"({"note":null})", R"({"note":true})",
          R"({"note":["ab"]})", R"({"note":{"note":"ab"}})", R"({"note":[1,2]})"})
        EXPECT_EQ(error(json, {.min = 2, .max = 5}), "bad_parameter: note: must be a text of 2 to 5 characters") << json;
    for (const std::string_view json : {R"({"note":"a\nb"})", R"({"note":"a\u0000b"})", R"({"note":"a\u007fb"})"})
        EXPECT_EQ(error(json, {.min = 2, .max = 5}), "bad_parameter: note: holds a control character") << json;
}

TEST(body, lists_hold_numbers_only)
{
    const auto error = [](std::string_view json) {
        const auto numbers = Body::read(json, members).value().numbers("values", 3);
        return numbers ? "" : to_string(numbers.error());
    };
    EXPECT_EQ(error(R"({"values":[]})"), "");
    EXPECT_EQ(error(R"({"values":[1,2,3]})"), "");
    for (const std::string_view json :
         {R"({"values":[1,2,3,4]})", R"({"values":1})", R"({"values":"1"})", R"({"values":["1"]})", R"({"values":[1,null]})",
          R"({"values":[1,[2]]})", R"({"values":[{"a":1}]})", R"({"values":null})"})
        EXPECT_EQ(error(json), "bad_parameter: values: must be a list of at most 3 numbers") << json;
}

TEST(body, numbers_become_the_channel_s_own_exactly)
{
    const auto parsed = [](std::string_view digits, int scaler) { return parse_scaled(digits, scaler).value(); };
    EXPECT_EQ(parsed("230.1", -1), 2301);
    EXPECT_EQ(parsed("-0.5", -1), -5);
    EXPECT_EQ(parsed("12", -3), 12'000);
    EXPECT_EQ(parsed("12.340", -2), 1'234);
    EXPECT_EQ(parsed("12000", 3), 12);
    EXPECT_EQ(parsed("0.0", 0), 0);
    EXPECT_EQ(parsed("9223372036854775.807", -3), 9'223'372'036'854'775'807);
    for (const auto& [digits, scaler] :
         {std::pair{"0.55", -1}, std::pair{"0.5", 0}, std::pair{"12001", 3}, std::pair{"1e3", 0}, std::pair{"1.5e1", -1},
          std::pair{"9223372036854775.808", -3}, std::pair{"123456789012345678901", 0}, std::pair{"", 0}})
        EXPECT_FALSE(parse_scaled(digits, scaler)) << digits;
}

} // namespace
} // namespace releve::api
