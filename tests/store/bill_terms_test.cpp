// What people say of usage points and prices, by days and by what was known when.

#include "bill_fixture.hpp"

#include <gmock/gmock.h>

namespace releve::store::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Terms : public Bills {
protected:
    std::vector<std::string> said(std::optional<std::int64_t> terms = {})
    {
        std::vector<std::string> rows;
        for (const ContractRow& row : billing.contracts(home, terms))
            rows.push_back(row.tariff + " " + powers_text(row.powers_va) + " " + to_iso8601(row.from) + " " + (row.to ? to_iso8601(*row.to) : "-") + (row.offpeak.empty() ? "" : " " + row.offpeak));
        return rows;
    }
    std::int64_t version() { return std::stoll(ask(DbRole::owner, "SELECT version FROM terms_version")); }
};

TEST_F(Terms, a_later_contract_takes_its_days_only_and_what_was_believed_stays_readable)
{
    agree({contract(home)});
    const std::int64_t first = version();
    ContractRow change = contract(home, "2024-03-10", "2024-03-20", "trv_hphc");
    change.powers_va = {9'000, 12'500};
    change.offpeak = "HC (22H00-6H00)";
    agree({change});
    const std::int64_t second = version();
    EXPECT_EQ(second, first + 1);
    EXPECT_THAT(said(), ElementsAre("trv_base 6 2024-01-01 2024-03-10", "trv_hphc 9;12.5 2024-03-10 2024-03-20 HC (22H00-6H00)", "trv_base 6 2024-03-20 -"));
    EXPECT_EQ(billing.basis({home}, march, {})->facts.contracts.at(1).powers_va, change.powers_va);
    EXPECT_THAT(said(first), ElementsAre("trv_base 6 2024-01-01 -"));
    agree({contract(home, "2024-03-15", "2024-03-25")});
    EXPECT_THAT(said(), ElementsAre("trv_base 6 2024-01-01 2024-03-10", "trv_hphc 9;12.5 2024-03-10 2024-03-15 HC (22H00-6H00)", "trv_base 6 2024-03-15 2024-03-25 HC (22H00-6H00)", "trv_base 6 2024-03-25 -"))
        << "that says nothing of off-peak hours: those of the usage point stay";
    EXPECT_THAT(said(second), ElementsAre("trv_base 6 2024-01-01 2024-03-10", "trv_hphc 9;12.5 2024-03-10 2024-03-20 HC (22H00-6H00)", "trv_base 6 2024-03-20 -"));
    EXPECT_THAT(said(0), ElementsAre()) << "nobody had said anything";
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM audit WHERE action = 'set_contract'"), "3");
}

TEST_F(Terms, the_same_again_is_no_change)
{
    agree({contract(home)});
    const std::int64_t before = version();
    const auto again = billing.import_contracts(std::vector{contract(home), contract(home, "2024-02-01", "2024-03-01")}, false).value();
    EXPECT_EQ(again.contracts + again.offpeak_periods, 0);
    EXPECT_EQ(version(), before);
}

TEST_F(Terms, rows_of_one_file_hold_together_or_not_at_all)
{
    agree({contract(home, "2024-01-01", "2024-03-10"), contract(home, "2024-03-15")}); // with a hole
    EXPECT_THAT(said(), ElementsAre("trv_base 6 2024-01-01 2024-03-10", "trv_base 6 2024-03-15 -"));
    const std::int64_t before = version();
    ContractRow nobody = contract("01000000000099");
    nobody.line = 3;
    const auto refused = billing.import_contracts(std::vector{contract(home), nobody}, false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::bad_csv);
    EXPECT_EQ(refused.error().detail, "row 3, column usage_point: there is no usage point 01000000000099");
    const auto tried = billing.import_contracts(std::vector{contract(home)}, true).value();
    EXPECT_EQ(tried.contracts, 1);
    EXPECT_EQ(version(), before);
    EXPECT_EQ(said().size(), 2U);
}

TEST_F(Terms, the_database_refuses_two_contracts_of_a_day)
{
    agree({contract(home)});
    EXPECT_EQ(ask(DbRole::work, "INSERT INTO contract (usage_point, tariff, validity, known_from) VALUES ('01000000000001', 'x', tstzrange('2024-03-01', '2024-03-02'), 99)"), "error 23P01");
    EXPECT_EQ(ask(DbRole::work, "INSERT INTO offpeak_period (usage_point, windows, validity, known_from) VALUES ('01000000000001', 'x', daterange('2024-03-01', '2024-03-02'), 99), "
                                "('01000000000001', 'y', daterange('2024-03-01', NULL), 99)"),
              "error 23P01");
}

TEST_F(Terms, a_hole_is_named_with_its_days)
{
    read_curve(meter, march);
    agree({contract(home, "2024-01-01", "2024-03-10"), contract(home, "2024-03-15")});
    const auto bill = bill_of(home, march);
    ASSERT_FALSE(bill);
    EXPECT_EQ(bill.error().code, errc::contract_hole);
    EXPECT_THAT(bill.error().detail, HasSubstr("2024-03-10"));
}

TEST_F(Terms, a_changed_tariff_needs_a_later_edition_and_the_old_one_stays_known)
{
    TariffText gas = gas_tariff();
    ASSERT_EQ(billing.add_tariffs(std::vector{gas}).value(), 1);
    const std::int64_t first = version();
    EXPECT_EQ(billing.add_tariffs(std::vector{gas}).value(), 0) << "the same again";
    const std::string old = gas.content;
    gas.content.replace(gas.content.find("\"0.10\""), 6, "\"0.12\"");
    const auto refused = billing.add_tariffs(std::vector{gas});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::bad_tariff);
    gas.edition = 2;
    EXPECT_EQ(billing.add_tariffs(std::vector{gas}).value(), 1);
    const auto content = [&](std::optional<std::int64_t> terms) {
        const auto all = billing.tariffs(terms);
        return std::ranges::find(all, "acme_gas", &TariffText::id)->content;
    };
    EXPECT_EQ(content({}), gas.content);
    EXPECT_EQ(content(first), old);
    for (const DbRole role : {DbRole::work, DbRole::api, DbRole::collect})
        EXPECT_EQ(ask(role, "UPDATE tariff_document SET content = '{}'"), "error 42501") << "never edited";
}

TEST_F(Terms, days_played_are_said_on_the_bill_and_stay_once_bills_are_kept)
{
    read_curve(meter, march);
    agree({contract(home)});
    ASSERT_TRUE(billing.set_played({home}, "curve of 2013, played as 2024"));
    EXPECT_EQ(bill_of(home, march)->played, "curve of 2013, played as 2024");
    (void)save(home, march).value();
    EXPECT_EQ(billing.set_played({home}, "").error().code, errc::bill_state);
    EXPECT_EQ(bill_of(home, march)->played, "curve of 2013, played as 2024");
    EXPECT_EQ(billing.set_played({"01000000000099"}, "").error().code, errc::not_found);
}

} // namespace
} // namespace releve::store::test
