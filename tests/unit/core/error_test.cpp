#include <releve/core/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace releve {
namespace {

bool is_snake_case(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

TEST(ErrorTable, says_everything_in_both_languages_once)
{
    std::set<std::uint16_t> numbers;
    std::set<std::string_view> names;
    for (const ErrorRow& row : error_rows()) {
        SCOPED_TRACE(row.name);
        EXPECT_TRUE(numbers.insert(static_cast<std::uint16_t>(row.code)).second) << "number used twice";
        EXPECT_TRUE(names.insert(row.name).second) << "name used twice";
        EXPECT_NE(static_cast<std::uint16_t>(row.code), 0);
        EXPECT_TRUE(is_snake_case(row.name));
        EXPECT_GE(row.http_status, 400);
        EXPECT_LT(row.http_status, 600);
        for (const std::string_view label : {row.label_en, row.label_fr})
            EXPECT_TRUE(!label.empty() && label.back() != '.') << "a label is a few words: " << label;
        for (const std::string_view plain : {row.plain_en, row.plain_fr})
            EXPECT_TRUE(!plain.empty() && plain.back() == '.') << "plain words are a sentence: " << plain;
    }
    EXPECT_GT(names.size(), 30u);
}

TEST(ErrorTable, finds_every_code)
{
    for (const ErrorRow& row : error_rows()) {
        EXPECT_EQ(&error_row(row.code), &row);
        EXPECT_EQ(error_name(row.code), row.name);
    }
}

TEST(ErrorTable, keeps_the_numbers_that_others_have_seen)
{
    EXPECT_EQ(static_cast<int>(errc::truncated), 1);
    EXPECT_EQ(static_cast<int>(errc::bad_tag), 20);
    EXPECT_EQ(static_cast<int>(errc::undecoded), 40);
    EXPECT_EQ(static_cast<int>(errc::bad_block), 65);
    EXPECT_EQ(static_cast<int>(errc::internal), 88);
}

TEST(Error, is_one_line_with_what_is_known)
{
    EXPECT_EQ(to_string(fail(errc::truncated)), "truncated");
    EXPECT_EQ(to_string(fail(errc::truncated, "array announces 3 elements", 2)),
              "truncated: array announces 3 elements (at byte 2)");
    EXPECT_EQ(to_string(fail(errc::bad_value, "", 0)), "bad_value (at byte 0)");
}

result<int> half(int number)
{
    if (number % 2 != 0)
        return fail(errc::bad_value, "odd");
    return number / 2;
}

result<int> quarter(int number)
{
    RELEVE_TRY(once, half(number));
    RELEVE_TRY(twice, half(once));
    return twice;
}

result<void> check_even(int number)
{
    RELEVE_CHECK(half(number));
    return {};
}

TEST(Result, is_handed_on_by_try_and_check)
{
    EXPECT_EQ(quarter(12).value(), 3);
    EXPECT_EQ(quarter(6).error(), fail(errc::bad_value, "odd"));
    EXPECT_TRUE(check_even(2));
    EXPECT_EQ(check_even(3).error().code, errc::bad_value);
}

TEST(Result, without_a_value_throws_its_error_as_text)
{
    try {
        static_cast<void>(quarter(1).value());
        FAIL() << "no exception";
    } catch (const std::exception& e) {
        EXPECT_STREQ(e.what(), "bad_value: odd");
    }
}

TEST(Assertion, ends_the_process_and_names_the_place)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(RELEVE_ASSERT(1 + 1 == 3), "internal error: 1 \\+ 1 == 3 .*error_test.cpp:[0-9]+");
}

} // namespace
} // namespace releve
