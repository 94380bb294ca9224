#include "home_bill.hpp"

namespace releve::engine {
namespace {

using namespace test;
using Part = BillDifference::Part;

/// The sentences of one part.
std::pair<std::string, std::string> said(Part part, const SentenceFacts& facts = {})
{
    BillDifference difference{{}, {}, {std::move(part)}};
    write_sentences(difference, facts);
    return {difference.parts.front().sentence_en, difference.parts.front().sentence_fr};
}
using Both = std::pair<std::string, std::string>;

TEST(BillSentences, they_count_days_in_words_up_to_ten)
{
    const auto days = [](int before, int now, std::int64_t cents) {
        return said(
            {.part = DifferencePart::days, .amount = {cents}, .before_days = before, .now_days = now});
    };
    EXPECT_EQ(days(30, 31, 5), (Both{"One day more: €0.05 more.", "Un jour de plus : 0,05 € de plus."}));
    EXPECT_EQ(days(31, 30, -150), (Both{"One day less: €1.50 less.", "Un jour de moins : 1,50 € de moins."}));
    EXPECT_EQ(days(31, 28, -312),
              (Both{"Three days fewer: €3.12 less.", "Trois jours de moins : 3,12 € de moins."}));
    EXPECT_EQ(days(20, 30, 100), (Both{"Ten days more: €1.00 more.", "Dix jours de plus : 1,00 € de plus."}));
    EXPECT_EQ(days(30, 1095, 123'456'789), (Both{"1,065 days more: €1,234,567.89 more.",
                                                 "1 065 jours de plus : 1 234 567,89 € de plus."}));
}

TEST(BillSentences, those_of_use_name_the_class_and_whole_kwh)
{
    const TariffBook book = words();
    const auto use = [&](const char* calendar, const char* time_class, std::int64_t wh, std::int64_t cents) {
        return said({.part = DifferencePart::use,
                     .calendar = calendar,
                     .time_class = time_class,
                     .amount = {cents},
                     .now_wh = wh,
                     .before_days = 30,
                     .now_days = 30},
                    {.book = &book});
    };
    EXPECT_EQ(use("hphc", "HP", 41'000, 853),
              (Both{"You used 41 kWh more in peak hours: €8.53 more.",
                    "Vous avez consommé 41 kWh de plus en heures pleines : 8,53 € de plus."}));
    EXPECT_EQ(use("hphc", "HC", -1'499, -20),
              (Both{"You used 1 kWh less in off-peak hours: €0.20 less.",
                    "Vous avez consommé 1 kWh de moins en heures creuses : 0,20 € de moins."}));
    EXPECT_EQ(use("hphc", "HC", 499, 9),
              (Both{"You used less than 1 kWh more in off-peak hours: €0.09 more.",
                    "Vous avez consommé moins de 1 kWh de plus en heures creuses : 0,09 € de plus."}));
    EXPECT_EQ(use("base", "BASE", 1'234'567, 30'000),
              (Both{"You used 1,235 kWh more: €300.00 more.",
                    "Vous avez consommé 1 235 kWh de plus : 300,00 € de plus."}));
    EXPECT_EQ(use("tempo", "RED_HP", 10'000, 600).first,
              "You used 10 kWh more on red days, peak: €6.00 more.");
    EXPECT_EQ(use("tempo", "ETE", 10'000, 600).second,
              "Vous avez consommé 10 kWh de plus en été : 6,00 € de plus.");
    EXPECT_EQ(use("none", "X1", 10'000, 600).first, "You used 10 kWh more in X1: €6.00 more.")
        << "a calendar that is not in the book";
    EXPECT_EQ(
        said(
            {.part = DifferencePart::use, .amount = {1}, .now_wh = 10'000, .before_days = 30, .now_days = 31},
            {.weather_apart = true}),
        (Both{"In as many days and the same weather, you used 10 kWh more: €0.01 more.",
              "À durée et météo égales, vous avez consommé 10 kWh de plus : 0,01 € de plus."}));
}

TEST(BillSentences, those_of_contracts_name_one_power_in_its_unit)
{
    ContractTerms old_terms, new_terms;
    old_terms.powers_va = {6'000};
    new_terms.powers_va = {4'500};
    const Part part{.part = DifferencePart::contract, .amount = {-259}};
    EXPECT_EQ(said(part, {.old_terms = &old_terms, .new_terms = &new_terms, .power_in_kw = true}),
              (Both{"Your subscribed power went from 6 to 4.5 kW: €2.59 less.",
                    "Votre puissance souscrite est passée de 6 à 4,5 kW : 2,59 € de moins."}));
    new_terms.powers_va = {4'500, 9'000};
    EXPECT_EQ(said(part, {.old_terms = &old_terms, .new_terms = &new_terms}).second,
              "Vos puissances souscrites ont changé : 2,59 € de moins.");
}

} // namespace
} // namespace releve::engine
