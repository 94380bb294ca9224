#include "home_bill.hpp"

#include <cstdlib>

namespace releve::engine {
namespace {

using namespace test;
using Part = BillDifference::Part;

TEST(BillCompare, parts_are_told_in_a_fixed_order_and_have_words)
{
    std::string names;
    for (const DifferencePartRow& row : difference_part_rows()) {
        names += std::string{row.name} + " ";
        EXPECT_EQ(difference_part_row(row.part).name, row.name);
        EXPECT_FALSE(row.words.label_en.empty() || row.words.label_fr.empty() || row.words.plain_en.empty() ||
                     row.words.plain_fr.empty());
    }
    EXPECT_EQ(names, "days use weather overruns prices taxes contract catch_up ");
}

TEST(BillCompare, a_bill_does_not_differ_from_itself)
{
    EXPECT_EQ(made_of(compared(write({}), write({}))), "");
}

TEST(BillCompare, two_days_more_are_days_only)
{
    const Home longer = changed([](Home& home) {
        home.to = "2026-04-02", home.use_wh = {{"HP", 320'000}, {"HC", 160'000}};
    });
    const BillDifference difference = compared(write({}), write(longer));
    ASSERT_EQ(made_of(difference), "days");
    const Part& part = difference.parts.front();
    EXPECT_EQ(std::tuple(part.before_days, part.now_days, part.before_wh, part.now_wh),
              std::tuple(30, 32, 450'000, 480'000));
    EXPECT_EQ(part.sentence_en, "Two days more: €" + to_string(part.amount) + " more.");
    EXPECT_EQ(made_of(compared(write(longer), write({}))), "days") << "and back";
}

TEST(BillCompare, a_subscription_by_the_month_costs_the_same_in_a_shorter_month)
{
    const auto month = [](const char* from, const char* to, std::int64_t hp, std::int64_t hc) {
        return write(changed([&](Home& home) {
            home.proration = Proration::twelfth, home.from = from, home.to = to,
            home.use_wh = {{"HP", hp}, {"HC", hc}};
        }));
    };
    const Bill january = month("2026-01-01", "2026-02-01", 310'000, 155'000),
               february = month("2026-02-01", "2026-03-01", 280'000, 140'000);
    ASSERT_EQ(january.lines.front().amount, february.lines.front().amount);
    const BillDifference difference = compared(january, february);
    EXPECT_EQ(made_of(difference), "days");
    EXPECT_PRED2(begins_with, difference.parts.front().sentence_fr, "Trois jours de moins : 1");
}

TEST(BillCompare, a_day_of_a_leap_year_is_a_smaller_share_of_it)
{
    const auto year = [](const char* from, const char* to) {
        return write(changed([&](Home& home) {
            home.proration = Proration::days_actual_year, home.from = from, home.to = to,
            home.subscription = "40.00";
        }));
    };
    const BillDifference difference =
        compared(year("2025-01-01", "2025-02-01"), year("2024-01-01", "2024-02-01"));
    ASSERT_EQ(made_of(difference), "days");
    EXPECT_EQ(difference.parts.front().sentence_en,
              "As many days, which are another share of the year: €0.15 less.");
}

TEST(BillCompare, use_is_told_by_class)
{
    const Home more = changed([](Home& home) { home.use_wh[0].second = 341'000; });
    BillDifference difference = compared(write({}), write(more));
    ASSERT_EQ(made_of(difference), "use HP");
    // 41 kWh * (0.1543 + 0.0484 + 0.03085) * 1.2, and the cents of rounded lines.
    EXPECT_LE(std::abs(difference.parts.front().amount.value - 1149), 3);
    EXPECT_PRED2(begins_with, difference.parts.front().sentence_fr,
                 "Vous avez consommé 41 kWh de plus en heures pleines : 11,5");
    const Home other = changed([](Home& home) { home.use_wh = {{"HP", 290'000}, {"HC", 158'000}}; });
    difference = compared(write({}), write(other));
    ASSERT_EQ(made_of(difference), "use HP, use HC");
    EXPECT_LT(difference.parts[0].amount, Cents{});
    EXPECT_EQ(difference.parts[1].before_wh, 150'000);
    EXPECT_EQ(difference.parts[1].now_wh, 158'000);
}

TEST(BillCompare, a_class_that_was_not_used_takes_its_later_price)
{
    const auto tempo = [](std::int64_t red) {
        return write(changed([&](Home& home) {
            home.calendar = "tempo", home.price["RED_HP"] = "0.60", home.price["ETE"] = "0.12",
            home.use_wh = {{"ETE", 200'000}, {"RED_HP", red}};
        }));
    };
    const BillDifference difference = compared(tempo(0), tempo(50'000));
    ASSERT_EQ(made_of(difference), "use RED_HP");
    EXPECT_LE(std::abs(difference.parts.front().amount.value - 4076), 3)
        << "50 kWh * (0.60 + 0.0484 + 0.03085) * 1.2";
    EXPECT_PRED2(begins_with, difference.parts.front().sentence_fr,
                 "Vous avez consommé 50 kWh de plus les jours rouges, heures ple");
    EXPECT_EQ(made_of(compared(tempo(50'000), tempo(0))), "use RED_HP");
}

TEST(BillCompare, prices_are_prices_only)
{
    for (const Home& dearer : {changed([](Home& home) { home.price["HP"] = "0.1643"; }),
                               changed([](Home& home) { home.subscription = "5.57"; }),
                               changed([](Home& home) { home.network_power = "12.00"; }),
                               changed([](Home& home) { home.network_energy = "5.01"; })}) {
        EXPECT_EQ(made_of(compared(write({}), write(dearer))), "prices");
        EXPECT_PRED2(begins_with, compared(write(dearer), write({})).parts.front().sentence_en,
                     "Prices were lower: ");
    }
}

TEST(BillCompare, taxes_are_taxes_only)
{
    for (const Home& taxed : {changed([](Home& home) { home.vat_consumption = "25.00"; }),
                              changed([](Home& home) { home.vat_subscription = "25.50"; }),
                              changed([](Home& home) { home.excise = "33.70"; }),
                              changed([](Home& home) { home.cta = "21.93"; })}) {
        EXPECT_EQ(made_of(compared(write({}), write(taxed))), "taxes");
        EXPECT_PRED2(begins_with, compared(write(taxed), write({})).parts.front().sentence_fr,
                     "Les taxes étaient plus basses :");
    }
}

TEST(BillCompare, a_contract_is_what_its_days_cost_more_than_under_the_old_one)
{
    const Bill before = write({}), now = write(changed([](Home&home) { home.power_va = 9'000; })),
               old_contract = write({});
    const BillDifference difference = compared(before, now, {.now_under_old_contract = &old_contract});
    ASSERT_EQ(made_of(difference), "contract");
    EXPECT_EQ(difference.parts.front().sentence_en, "Your subscribed power went from 6 to 9 kVA: €" +
                                                        to_string(now.total - before.total) + " more.");
    EXPECT_EQ(made_of(compared(before, now)), "contract") << "nothing tells its prices apart";
}

TEST(BillCompare, another_option_has_other_classes)
{
    const Home base = changed([](Home& home) {
        home.calendar = "base", home.tariff = "base_offer", home.use_wh = {{"BASE", 450'000}};
    });
    const Bill before = write(base), now = write(changed([](Home&home) { home.use_wh[0].second = 320'000; }));
    const Bill old_contract =
        write(changed([&](Home& home) { home = base, home.use_wh[0].second = 470'000; }));
    BillDifference difference = compared(before, now, {.now_under_old_contract = &old_contract});
    EXPECT_EQ(made_of(difference), "use BASE, contract");
    EXPECT_PRED2(begins_with, difference.parts[0].sentence_en, "You used 20 kWh more: ")
        << "no class where there is but one";
    EXPECT_PRED2(begins_with, difference.parts[1].sentence_fr, "Votre contrat a changé :");
    difference = compared(before, now);
    ASSERT_EQ(made_of(difference), "use, contract") << "in all energy";
    EXPECT_EQ(difference.parts[0].now_wh - difference.parts[0].before_wh, 20'000);
    EXPECT_PRED2(begins_with, difference.parts[1].sentence_en,
                 "Your contract changed, and its prices with i");
}

TEST(BillCompare, an_estimate_that_was_too_high_is_caught_up)
{
    Bill before = write(changed([](Home& home) { home.use_wh[0].second = 330'000; }));
    const Bill known = write({}), now = write({});
    BillDifference difference = compared(before, now, {.before_as_known_now = &known});
    ASSERT_EQ(made_of(difference), "catch_up");
    const std::string amount = to_string(before.total - known.total);
    EXPECT_EQ(difference.parts.front().amount, known.total - before.total);
    EXPECT_EQ(difference.parts.front().sentence_en,
              "With what is known now, the earlier bill would have been €" + amount + " lower.");
    before.rests = Rests::mixed;
    difference = compared(before, now, {.before_as_known_now = &known});
    EXPECT_PRED2(begins_with, difference.parts.front().sentence_fr,
                 "La première facture était en partie estimée ; a");
}

TEST(BillCompare, power_exceeded_is_a_part_of_its_own)
{
    const BillDifference difference =
        compared(write({}), write(changed([](Home& home) { home.overrun_minutes = 90; })));
    ASSERT_EQ(made_of(difference), "overruns");
    EXPECT_EQ(difference.parts.front().sentence_fr,
              "Puissance appelée au-delà de la puissance souscrite : 21,60 € de plus.");
}

Weather weather_of(int before_c_e1, int now_c_e1, std::int64_t wh_per_tenth, std::int64_t extra_wh = 0)
{
    Weather weather;
    const auto degrees = [](int mean) { return std::max(0, 170 - mean); };
    for (int i = 0; i < 30; ++i) {
        const int swing = i % 2 == 0 ? 10 : -10;
        weather.before.push_back({before_c_e1 + swing, 5'000 + wh_per_tenth * degrees(before_c_e1 + swing)});
        weather.now.push_back(
            {now_c_e1 + swing, 5'000 + wh_per_tenth * degrees(now_c_e1 + swing) + extra_wh});
    }
    return weather;
}

TEST(BillCompare, colder_days_explain_what_they_do)
{
    const Bill before = write({}), now = write(changed([](Home&home) {
                                       home.use_wh = {{"HP", 340'000}, {"HC", 170'000}};
                                   }));
    // 60 kWh more in 30 days, 100 Wh for each tenth of 20 tenths more.
    BillDifference difference = compared(before, now, {.weather = weather_of(80, 60, 100)});
    EXPECT_EQ(made_of(difference), "weather");
    EXPECT_EQ(difference.parts.front().now_wh - difference.parts.front().before_wh, 60'000);
    EXPECT_PRED2(begins_with, difference.parts.front().sentence_en,
                 "It was colder, which explains about 60 kWh more: €1");
    difference = compared(before, before, {.weather = weather_of(80, 60, 100)});
    EXPECT_EQ(made_of(difference), "use HP, use HC, weather")
        << "as much in colder days is less for another reason";
    EXPECT_PRED2(begins_with, difference.parts[0].sentence_fr,
                 "À météo égale, vous avez consommé 40 kWh de moins ");
    EXPECT_EQ(difference.parts[0].now_wh - difference.parts[0].before_wh, -40'000);
    difference = compared(now, before, {.weather = weather_of(60, 80, 100)});
    EXPECT_PRED2(begins_with, difference.parts.back().sentence_fr, "Il a fait plus doux, ce qui ");
    difference = compared(now, before, {.weather = weather_of(160, 250, 100)});
    EXPECT_EQ(difference.parts.back().now_wh - difference.parts.back().before_wh, -30'000)
        << "what is above 17 degrees counts for nothing";
    EXPECT_EQ(made_of(compared(before, now, {.weather = weather_of(200, 250, 100)})), "use HP, use HC")
        << "above 17 degrees nothing is heated";
    EXPECT_EQ(made_of(compared(before, now, {.weather = weather_of(80, 60, -10)})), "use HP, use HC")
        << "who uses less when it is cold does not heat";
}

TEST(BillCompare, sensitivity_is_the_slope_of_the_least_squares_line)
{
    const auto slope = [](const Weather& weather) { return *round_to(heating_sensitivity(weather), 3); };
    EXPECT_EQ(slope(weather_of(80, 60, 100)), decimal("100"));
    EXPECT_EQ(slope({{{170, 1'000}, {169, 1'001}}, {{168, 1'004}, {250, 1'000}}}), decimal("1.909"))
        << "(4 * 9 - 3 * 5) / (4 * 5 - 3 * 3)";
    EXPECT_EQ(slope({}), decimal("0"));
    EXPECT_EQ(slope({{{100, 5}}, {{100, 9}}}), decimal("0"));
}

TEST(BillCompare, steps_of_other_days_say_so)
{
    const Home longer = changed([](Home& home) {
        home.to = "2026-04-01", home.use_wh = {{"HP", 341'000}, {"HC", 155'000}};
    });
    const BillDifference difference = compared(write({}), write(longer));
    ASSERT_EQ(made_of(difference), "days, use HP");
    EXPECT_PRED2(begins_with, difference.parts[0].sentence_fr, "Un jour de plus : 4,37 €");
    EXPECT_PRED2(begins_with, difference.parts[1].sentence_en,
                 "In as many days, you used 31 kWh more in peak hours: €8.6");
}

TEST(BillCompare, cents_of_rounding_are_named_where_they_are_all_there_is)
{
    Bill before = write({});
    before.lines.resize(1); // 4.57 * 12 * 30 / 365 is 4.5074
    before.total = before.lines.front().amount;
    Bill now = before;
    now.lines.front().span.to = now.span.from + std::chrono::days{15};
    now.lines.push_back(now.lines.front());
    now.lines.back().span = {now.lines.front().span.to, now.span.to};
    now.total = {};
    for (BillLine& line : now.lines) {
        line.quantity = {15, 0};
        line.amount = {226}; // of 2.2537, as one may round up
        now.total += line.amount;
    }
    const BillDifference difference = compared(before, now);
    ASSERT_EQ(made_of(difference), "prices");
    EXPECT_EQ(difference.parts.front().sentence_en, "Rounding of each line to the cent: €0.01 more.");
}

} // namespace
} // namespace releve::engine
