#include <releve/core/quantity.hpp>

#include <gtest/gtest.h>

#include <set>

namespace releve {
namespace {

void expect_all_words(const Words& words)
{
    for (const std::string_view label : {words.label_en, words.label_fr})
        EXPECT_FALSE(label.empty());
    for (const std::string_view plain : {words.plain_en, words.plain_fr})
        EXPECT_TRUE(!plain.empty() && plain.back() == '.') << plain;
}

TEST(Units, have_the_codes_of_the_standard_and_come_back)
{
    EXPECT_EQ(static_cast<int>(Unit::cubic_metre), 13);
    EXPECT_EQ(static_cast<int>(Unit::watt), 27);
    EXPECT_EQ(static_cast<int>(Unit::watt_hour), 30);
    std::set<std::string_view> symbols;
    for (int code = 0; code < 256; ++code) {
        const auto unit = unit_from_code(static_cast<std::uint8_t>(code));
        if (!unit)
            continue;
        const std::string_view symbol = unit_symbol(*unit);
        EXPECT_TRUE(symbols.insert(symbol).second) << symbol;
        EXPECT_EQ(unit_from_symbol(symbol), unit) << symbol;
        EXPECT_EQ(static_cast<int>(*unit), code);
    }
    EXPECT_GE(symbols.size(), 11u);
    EXPECT_FALSE(unit_from_code(0));
    EXPECT_FALSE(unit_from_symbol("wh"));
    EXPECT_FALSE(unit_from_symbol(""));
}

TEST(Qualities, stand_from_best_to_worst_and_are_explained)
{
    std::set<std::string_view> names;
    std::set<int> numbers;
    for (const QualityRow& row : quality_rows()) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(quality_rank(row.quality), static_cast<int>(numbers.size()));
        EXPECT_TRUE(numbers.insert(static_cast<int>(row.quality)).second);
        EXPECT_EQ(quality_name(row.quality), row.name);
        EXPECT_TRUE(names.insert(row.name).second);
        EXPECT_GE(row.espi, 0);
        EXPECT_LE(row.espi, 19);
        expect_all_words(row.words);
    }
    EXPECT_EQ(quality_rows().front().quality, Quality::valid);
    EXPECT_EQ(quality_rows().back().quality, Quality::missing);
    for (int number = 0; number <= stored_quality_max; ++number)
        EXPECT_TRUE(numbers.contains(number)) << "each of a stored block's three bits is one";
    EXPECT_EQ(worse(Quality::raw, Quality::verified), Quality::raw);
    EXPECT_EQ(worse(Quality::estimated_linear, Quality::questionable), Quality::questionable);
}

TEST(Qualities, keep_the_numbers_that_are_stored)
{
    EXPECT_EQ(static_cast<int>(Quality::raw), 1);
    EXPECT_EQ(static_cast<int>(Quality::questionable), 2);
    EXPECT_EQ(static_cast<int>(Quality::edited), 4);
    EXPECT_EQ(static_cast<int>(Quality::derived), 7);
    EXPECT_EQ(static_cast<int>(Quality::unauthenticated), 3);
    EXPECT_EQ(static_cast<int>(Quality::incomplete), 9);
    EXPECT_EQ(static_cast<int>(Quality::missing), 10);
}

TEST(Qualities, the_worse_of_two_stays)
{
    EXPECT_EQ(worse(Quality::valid, Quality::raw), Quality::raw);
    EXPECT_EQ(worse(Quality::missing, Quality::raw), Quality::missing);
    EXPECT_EQ(worse(Quality::raw, Quality::raw), Quality::raw);
}

TEST(FrameStates, are_explained_and_found_by_name)
{
    std::set<std::string_view> names;
    int position = 0;
    for (const FrameStateRow& row : frame_state_rows()) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(static_cast<int>(row.state), position++);
        EXPECT_EQ(&frame_state_row(row.state), &row);
        EXPECT_EQ(frame_state_from_name(row.name), row.state);
        EXPECT_TRUE(names.insert(row.name).second);
        expect_all_words(row.words);
    }
    EXPECT_FALSE(frame_state_row(FrameState::accepted).kept);
    EXPECT_FALSE(frame_state_row(FrameState::duplicate).kept);
    EXPECT_TRUE(frame_state_row(FrameState::bad_tag).kept);
    EXPECT_FALSE(frame_state_from_name("Accepted"));
    EXPECT_FALSE(frame_state_from_name(""));
}

} // namespace
} // namespace releve
