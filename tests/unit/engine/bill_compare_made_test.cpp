#include <releve/engine/bill_compare.hpp>

#include <gtest/gtest.h>

#include "bill_facts.hpp"

#include <algorithm>
#include <cstdlib>

// Bills as BillMaker makes them, of tariffs that change while they run.

namespace releve::engine {
namespace {

using test::bill_of;
using test::span;

BillFacts home_in(CivilSpan when, std::int64_t wh_a_slot, std::int64_t power_va = 6'000)
{
    BillFacts facts = test::home_facts(when, test::flat_curve(when, wh_a_slot));
    facts.contracts.front().powers_va = {power_va};
    return facts;
}
Bill made(CivilSpan when, std::int64_t wh_a_slot, std::int64_t power_va = 6'000)
{
    static const TariffBook book = test::home_book();
    return bill_of(book, home_in(when, wh_a_slot, power_va), {when});
}

const CivilSpan june = span("2025-06-01", "2025-07-01"), july = span("2025-07-01", "2025-08-01"),
                august = span("2025-08-01", "2025-09-01");

/// "days, use HP": parts, which add up.
std::string parts_of(const Bill& before, const Bill& now, const CompareFacts& facts = {})
{
    const auto difference = compare_bills(before, now, facts);
    EXPECT_TRUE(difference) << to_string(difference.error());
    std::string text;
    Cents sum = before.total;
    for (const BillDifference::Part& part : difference->parts) {
        sum += part.amount;
        text += (text.empty() ? "" : ", ") + std::string{difference_part_row(part.part).name} +
                (part.time_class.empty() ? "" : " " + part.time_class);
    }
    EXPECT_EQ(sum, now.total);
    return text;
}

TEST(BillCompareMade, as_much_a_day_in_a_longer_month_is_days)
{
    EXPECT_EQ(parts_of(made(june, 250), made(july, 250)), "days");
    EXPECT_EQ(parts_of(made(july, 250), made(june, 250)), "days");
    EXPECT_EQ(parts_of(made(june, 1), made(july, 1)), "days");
}

TEST(BillCompareMade, more_in_as_many_days_is_use)
{
    EXPECT_EQ(parts_of(made(july, 250), made(july, 271)), "use HP, use HC");
    EXPECT_EQ(parts_of(made(june, 250), made(july, 271)), "days, use HP, use HC");
    EXPECT_EQ(parts_of(made(july, 0), made(july, 250)), "use HP, use HC") << "from nothing";
    EXPECT_EQ(parts_of(made(july, 1), made(july, 900)), "use HP, use HC")
        << "from next to nothing, whose cents tell no price";
}

TEST(BillCompareMade, the_first_of_august_2025_changed_prices_and_taxes)
{
    const Bill before = made(july, 250), now = made(august, 250);
    ASSERT_EQ(parts_of(before, now), "prices, taxes");
    const auto difference = compare_bills(before, now, {});
    // 6 kVA * 1.36 * 31 / 365, with 21.93 % of CTA and 5.5 % of VAT.
    EXPECT_LE(std::abs(difference->parts[0].amount.value - 89), 2);
    // The excise: 372 kWh * -0.00372 * 1.2; VAT from 5.5 to 20 % of 10.00, 1.4268 and 6.8744, these with
    // their CTA.
    EXPECT_LE(std::abs(difference->parts[1].amount.value - 126), 3);
}

TEST(BillCompareMade, a_change_within_the_period_is_told_as_what_it_is)
{
    const CivilSpan across = span("2025-07-16", "2025-08-15");
    EXPECT_EQ(parts_of(made(june, 250), made(across, 250)), "days, prices, taxes")
        << "fifteen and fourteen of 31 days are less than a month";
    EXPECT_EQ(parts_of(made(july, 250), made(across, 250)), "days, prices, taxes");
    EXPECT_EQ(parts_of(made(across, 250), made(across, 250)), "");
}

TEST(BillCompareMade, a_contract_is_told_apart_by_a_bill_under_the_old_one)
{
    const TariffBook book = test::home_book();
    const Bill before = made(july, 250), now = made(august, 250, 9'000);
    const Bill old_contract = bill_of(book, home_in(august, 250, 9'000),
                                      {.span = august, .instead = test::contract(august, "home")});
    EXPECT_EQ(parts_of(before, now, {.now_under_old_contract = &old_contract}), "prices, taxes, contract");
    EXPECT_EQ(parts_of(before, now), "contract");
}

TEST(BillCompareMade, months_of_random_curves_differ_by_use_alone)
{
    test::Random random{11};
    const TariffBook book = test::home_book();
    for (int i = 0; i < 20; ++i) {
        const auto of = [&](CivilSpan when) {
            return bill_of(book, test::home_facts(when, test::random_curve(random, when)), {when});
        };
        EXPECT_EQ(parts_of(of(july), of(july)), "use HP, use HC") << i;
        EXPECT_EQ(parts_of(of(june), of(july)), "days, use HP, use HC") << i;
    }
}

} // namespace
} // namespace releve::engine
