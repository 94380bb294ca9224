#include <releve/engine/gaps.hpp>

#include <gtest/gtest.h>

#include <set>

namespace releve::engine {
namespace {

using namespace std::chrono_literals;

const Instant end_of_gap = *parse_instant("2024-03-30T12:00:00Z");
const MissingReadings missing{end_of_gap - 48h, end_of_gap};
const GapPolicy keeps_a_month{.resend_for = 72h, .kept_for = 720h};

GapState state_at(Seconds after_end, MissingReadings gap = missing, GapPolicy policy = keeps_a_month)
{
    return gap_state(gap, policy, end_of_gap + after_end);
}

TEST(Gaps, a_gap_goes_from_waiting_to_lost_at_exact_moments)
{
    EXPECT_EQ(state_at(-1h), GapState::waiting) << "not all of them are due";
    EXPECT_EQ(state_at(72h - 1s), GapState::waiting);
    EXPECT_EQ(state_at(72h), GapState::must_ask);
    EXPECT_EQ(state_at(720h - 1s), GapState::must_ask) << "the meter has the last of them";
    EXPECT_EQ(state_at(720h), GapState::lost);
    EXPECT_EQ(kept_until(missing, keeps_a_month), end_of_gap + 720h);
}

TEST(Gaps, a_meter_that_keeps_little_sends_nothing_again)
{
    const GapPolicy keeps_a_day{.resend_for = 72h, .kept_for = 24h};
    EXPECT_EQ(state_at(24h - 1s, missing, keeps_a_day), GapState::waiting);
    EXPECT_EQ(state_at(24h, missing, keeps_a_day), GapState::lost);
}

TEST(Gaps, nothing_is_lost_for_sure_where_nobody_knows_how_long_it_is_kept)
{
    const GapPolicy not_known{.resend_for = 72h, .kept_for = {}};
    EXPECT_EQ(state_at(24h * 3'650, missing, not_known), GapState::must_ask);
    EXPECT_EQ(kept_until(missing, not_known), std::nullopt);
}

TEST(Gaps, only_what_was_asked_for_says_so)
{
    MissingReadings asked = missing;
    asked.asked = true;
    EXPECT_EQ(state_at(1h, asked), GapState::asked);
    EXPECT_EQ(state_at(100h, asked), GapState::asked);
    EXPECT_EQ(state_at(720h, asked), GapState::lost) << "the answer cannot bring what is gone";
    for (const int hours : {-1, 0, 71, 72, 719, 720, 100'000})
        EXPECT_NE(state_at(std::chrono::hours{hours}), GapState::asked);
}

TEST(Gaps, an_estimate_stays_one_however_old_it_is)
{
    MissingReadings estimated = missing;
    estimated.estimated = true;
    estimated.asked = true;
    for (const int hours : {-1, 100, 100'000})
        EXPECT_EQ(state_at(std::chrono::hours{hours}, estimated), GapState::estimated);
}

TEST(Gaps, a_curve_of_electricity_is_kept_for_a_year_and_of_others_nobody_knows)
{
    ChannelModel channel;
    for (const Quantity quantity : {Quantity::mean_power, Quantity::energy}) {
        channel.quantity = quantity;
        EXPECT_EQ(gap_policy_of(channel).kept_for, std::optional<Seconds>{365 * 24h});
    }
    for (const Quantity quantity : {Quantity::volume, Quantity::cumulative, Quantity::other}) {
        channel.quantity = quantity;
        EXPECT_EQ(gap_policy_of(channel).kept_for, std::nullopt);
    }
}

TEST(Gaps, every_state_has_a_name_and_words)
{
    std::set<std::string_view> names;
    for (const GapStateRow& row : gap_state_rows()) {
        names.insert(row.name);
        EXPECT_EQ(&gap_state_row(row.state), &row);
        EXPECT_EQ(gap_state_from_name(row.name), row.state);
        EXPECT_FALSE(row.words.plain_en.empty());
        EXPECT_FALSE(row.words.plain_fr.empty());
    }
    EXPECT_EQ(names, (std::set<std::string_view>{"waiting", "asked", "must_ask", "estimated", "lost"}));
    EXPECT_EQ(gap_state_from_name("Lost"), std::nullopt);
}

} // namespace
} // namespace releve::engine
