// The sentences of a letter, its chart, its one advice, and that a batch is one page a home.

#include "../engine/bill_facts.hpp"

#include <releve/api/bill_page.hpp>
#include <releve/app/letter_figures.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace releve::app {
namespace {

using namespace test;
using api::Language;

const std::string batch_path = std::string{RELEVE_SOURCE_DIR} + "/tests/data/letters/three.html";

/// A bill as far as a letter looks at it.
Bill bill(std::string_view from, std::string_view to, std::int64_t energy_wh, std::int64_t cents)
{
    Bill out;
    out.usage_point = {"12345678901234"};
    out.energy = "electricity";
    out.span = span(from, to);
    out.energy_wh = energy_wh;
    out.total = Cents{cents};
    return out;
}

std::vector<engine::DayEnergy> days_of(CivilSpan month)
{
    std::vector<engine::DayEnergy> out;
    for (CivilDay at = month.from; at < month.to; at += Days{1})
        out.push_back({.day = at, .energy_wh = 4'000 + 137 * (out.size() % 7)});
    return out;
}

LetterFacts letter(Language language = Language::fr)
{
    LetterFacts facts{.bill = bill("2025-09-01", "2025-10-01", 136'500, 5'079), .telephone = "04 76 00 00 00", .sender = "Régie de Valmont"};
    facts.year_before = bill("2024-09-01", "2024-10-01", 124'200, 4'669);
    facts.days = days_of(facts.bill.span);
    facts.language = language;
    return facts;
}

std::size_t count(const std::string& text, std::string_view part)
{
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
        ++found;
    return found;
}

std::vector<std::string> paragraphs(const std::string& page, const std::string& kind)
{
    const std::string open = "<p class=\"" + kind + "\">";
    std::vector<std::string> out;
    for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at + 1))
        out.push_back(page.substr(at + open.size(), page.find("</p>", at) - at - open.size()));
    return out;
}
std::vector<std::string> sentences(const LetterFacts& facts) { return paragraphs(letter_page(facts), "sentence"); }
std::vector<std::string> notes(const LetterFacts& facts) { return paragraphs(letter_page(facts), "note"); }

TEST(Letter, says_four_sentences_in_french)
{
    const auto said = sentences(letter());
    ASSERT_EQ(said.size(), 4u);
    EXPECT_EQ(said[0], "En septembre 2025, vous avez utilisé <strong>136,5\u00a0kWh</strong> d'électricité.");
    EXPECT_EQ(said[1], "Cela coûte <strong class=\"amount\">50,79\u00a0€</strong>, toutes taxes comprises.");
    EXPECT_EQ(said[2], "C'est 12,3\u00a0kWh et 4,10\u00a0€ de plus qu'en septembre 2024 (124,2\u00a0kWh et 46,69\u00a0€).");
    EXPECT_EQ(said[3], "Vous n'avez rien à faire\u00a0: tout va bien.");
    EXPECT_TRUE(notes(letter()).empty());
    EXPECT_EQ(count(letter_page(letter()), "04 76 00 00 00"), 1u);
}

TEST(Letter, says_four_sentences_in_english)
{
    const auto said = sentences(letter(Language::en));
    ASSERT_EQ(said.size(), 4u);
    EXPECT_EQ(said[0], "In September 2025, you used <strong>136.5\u00a0kWh</strong> of electricity.");
    EXPECT_EQ(said[1], "This costs <strong class=\"amount\">€50.79</strong>, all taxes included.");
    EXPECT_EQ(said[2], "That is 12.3\u00a0kWh and €4.10 more than in September 2024 (124.2\u00a0kWh and €46.69).");
    EXPECT_EQ(said[3], "There is nothing for you to do: all is well.");
}

TEST(Letter, compares_whatever_differs)
{
    const auto compared = [](std::int64_t energy_wh, std::int64_t cents, Language language) {
        LetterFacts facts = letter(language);
        facts.year_before->energy_wh = energy_wh;
        facts.year_before->total = Cents{cents};
        const std::string text = sentences(facts).at(2);
        return text.substr(0, text.find(" ("));
    };
    EXPECT_EQ(compared(137'500, 5'179, Language::fr), "C'est 1\u00a0kWh et 1,00\u00a0€ de moins qu'en septembre 2024");
    EXPECT_EQ(compared(130'000, 5'179, Language::fr), "C'est 6,5\u00a0kWh de plus, mais 1,00\u00a0€ de moins qu'en septembre 2024");
    EXPECT_EQ(compared(140'000, 5'000, Language::fr), "C'est 3,5\u00a0kWh de moins, mais 0,79\u00a0€ de plus qu'en septembre 2024");
    EXPECT_EQ(compared(130'000, 5'079, Language::fr), "C'est 6,5\u00a0kWh de plus, pour le même prix, qu'en septembre 2024");
    EXPECT_EQ(compared(137'000, 5'079, Language::fr), "C'est 0,5\u00a0kWh de moins, pour le même prix, qu'en septembre 2024");
    EXPECT_EQ(compared(136'500, 5'000, Language::fr), "C'est autant de kWh, pour 0,79\u00a0€ de plus, qu'en septembre 2024");
    EXPECT_EQ(compared(136'500, 5'100, Language::fr), "C'est autant de kWh, pour 0,21\u00a0€ de moins, qu'en septembre 2024");
    EXPECT_EQ(compared(136'500, 5'079, Language::fr), "C'est exactement autant qu'en septembre 2024");
    EXPECT_EQ(compared(137'500, 5'179, Language::en), "That is 1\u00a0kWh and €1.00 less than in September 2024");
    EXPECT_EQ(compared(130'000, 5'179, Language::en), "That is 6.5\u00a0kWh more but €1.00 less than in September 2024");
    EXPECT_EQ(compared(140'000, 5'000, Language::en), "That is 3.5\u00a0kWh less but €0.79 more than in September 2024");
    EXPECT_EQ(compared(136'500, 5'079, Language::en), "That is exactly as much as in September 2024");
}

TEST(Letter, says_that_last_year_is_not_known)
{
    for (const Language language : {Language::fr, Language::en}) {
        LetterFacts facts = letter(language);
        facts.year_before.reset();
        EXPECT_EQ(sentences(facts).at(2), language == Language::fr ? "Nous ne pouvons pas comparer avec septembre 2024\u00a0: tous les chiffres de ce mois ne sont pas connus."
                                                                   : "We cannot compare it with September 2024: not all figures of that month are known.");
        EXPECT_EQ(choose_advice(facts), Advice::nothing);
    }
}

TEST(Letter, says_what_was_estimated)
{
    LetterFacts facts = letter();
    facts.bill.rests = engine::Rests::mixed;
    const auto said = [&](std::size_t count_of_days, Language language) {
        facts.language = language;
        facts.bill.estimated_days.assign(count_of_days, day("2025-09-12"));
        return notes(facts);
    };
    EXPECT_EQ(said(1, Language::fr), std::vector<std::string>{"Un jour a été estimé."});
    EXPECT_EQ(said(2, Language::fr), std::vector<std::string>{"Deux jours ont été estimés."});
    EXPECT_EQ(said(10, Language::fr), std::vector<std::string>{"Dix jours ont été estimés."});
    EXPECT_EQ(said(11, Language::fr), std::vector<std::string>{"11 jours ont été estimés."});
    EXPECT_EQ(said(1, Language::en), std::vector<std::string>{"One day was estimated."});
    EXPECT_EQ(said(2, Language::en), std::vector<std::string>{"Two days were estimated."});
    facts.bill.rests = engine::Rests::estimated;
    EXPECT_EQ(said(30, Language::fr), std::vector<std::string>{"Tous les jours du mois ont été estimés."});
    EXPECT_EQ(choose_advice(facts), Advice::wait) << "nothing is advised from estimates";
    facts = letter();
    facts.year_before->rests = engine::Rests::mixed;
    EXPECT_NE(sentences(facts).at(2).find("46,69\u00a0€, en partie estimés)."), std::string::npos);
    facts.year_before->rests = engine::Rests::estimated;
    EXPECT_NE(sentences(facts).at(2).find("46,69\u00a0€, estimés)."), std::string::npos);
}

TEST(Letter, calls_a_played_curve_what_it_is)
{
    LetterFacts facts = letter();
    facts.bill.played = "curve of 2013, played as 2025";
    EXPECT_EQ(notes(facts), std::vector<std::string>{"Courbe de 2013, jouée comme 2025\u00a0: ce ne sont pas les jours où l&#39;énergie a été consommée."});
}

TEST(Letter, of_gas_speaks_of_gas)
{
    LetterFacts facts = letter();
    facts.bill.energy = "gas";
    const std::string page = letter_page(facts);
    EXPECT_EQ(count(page, "électricité"), 0u);
    EXPECT_EQ(count(page, "gaz"), 4u) << "heading, first sentence, chart and its label";
}

TEST(Letter, takes_no_text_for_markup)
{
    const std::string hostile = "</section><section class=\"letter\"><script>alert('x' & 1)</script>";
    LetterFacts facts = letter();
    facts.sender = facts.telephone = facts.bill.usage_point.value = facts.bill.played = hostile;
    facts.address = {hostile, "2 rue de l'Église & Cie"};
    const std::string page = letter_page(facts);
    EXPECT_EQ(count(page, "class=\"letter\""), 1u);
    EXPECT_EQ(count(page, "<script"), 0u);
    EXPECT_EQ(count(page, "</section>"), 1u);
    EXPECT_EQ(count(page, api::html_escaped(hostile)), 5u);
    EXPECT_EQ(count(page, "2 rue de l&#39;Église &amp; Cie"), 1u);
}

// ---- one thing to do

TEST(LetterAdvice, to_call_is_for_much_more_than_a_year_ago)
{
    const auto advice = [](std::int64_t now_wh, std::int64_t before_wh, engine::Rests before = engine::Rests::read) {
        LetterFacts facts = letter();
        facts.bill.energy_wh = now_wh;
        facts.year_before->energy_wh = before_wh;
        facts.year_before->rests = before;
        return choose_advice(facts);
    };
    EXPECT_EQ(advice(230'001, 200'000), Advice::call_us);
    EXPECT_EQ(advice(230'000, 200'000), Advice::nothing) << "15 % is not above 15 %";
    EXPECT_EQ(advice(69'999, 50'000), Advice::nothing) << "little";
    EXPECT_EQ(advice(70'000, 50'000), Advice::call_us);
    EXPECT_EQ(advice(100'000, 200'000), Advice::nothing);
    EXPECT_EQ(advice(400'000, 200'000, engine::Rests::estimated), Advice::nothing);
}

TEST(LetterAdvice, to_look_for_what_always_runs_names_the_power)
{
    LetterFacts facts = letter();
    facts.night_least_w = 299;
    EXPECT_EQ(choose_advice(facts), Advice::nothing);
    facts.night_least_w = 1'300;
    EXPECT_EQ(choose_advice(facts), Advice::always_on);
    EXPECT_NE(sentences(facts).at(3).find("jamais utilisé moins de 1\u202f300\u00a0W\u00a0:"), std::string::npos) << sentences(facts).at(3);
    facts.language = Language::en;
    EXPECT_NE(sentences(facts).at(3).find("never used less than 1,300\u00a0W:"), std::string::npos) << sentences(facts).at(3);
}

TEST(LetterAdvice, to_wash_off_peak_names_the_hours)
{
    LetterFacts facts = letter();
    facts.peak = PeakUse{750, 250, engine::parse_offpeak("HC (22H00-6H00)").value()};
    EXPECT_EQ(choose_advice(facts), Advice::nothing) << "three quarters are not above three quarters";
    facts.peak->peak_wh = 751;
    EXPECT_EQ(choose_advice(facts), Advice::off_peak);
    EXPECT_EQ(sentences(facts).at(3), "Faites tourner la machine à laver pendant vos heures creuses, de 22\u00a0h à 6\u00a0h\u00a0: l'électricité y coûte moins cher.");
    facts.peak->windows = engine::parse_offpeak("HC (0H00-5H30;13H05-15H35)").value();
    EXPECT_NE(sentences(facts).at(3).find("de minuit à 5\u00a0h\u00a030 et de 13\u00a0h\u00a005 à 15\u00a0h\u00a035\u00a0:"), std::string::npos) << sentences(facts).at(3);
    facts.language = Language::en;
    EXPECT_EQ(sentences(facts).at(3), "Start the washing machine in your off-peak hours, from midnight to 5:30 and from 13:05 to 15:35: electricity costs less then.");
}

TEST(LetterAdvice, is_one_in_a_fixed_order)
{
    LetterFacts facts = letter();
    facts.peak = PeakUse{900, 100, night};
    facts.night_least_w = 500;
    facts.year_before->energy_wh = 100'000;
    facts.bill.rests = engine::Rests::estimated;
    facts.bill.estimated_days = {day("2025-09-01")};
    std::vector<Advice> order;
    const auto next = [&] {
        EXPECT_EQ(sentences(facts).size(), 4u);
        order.push_back(choose_advice(facts));
    };
    next();
    facts.bill.rests = engine::Rests::read;
    next();
    facts.year_before.reset();
    next();
    facts.night_least_w.reset();
    next();
    facts.peak.reset();
    next();
    EXPECT_EQ(order, (std::vector{Advice::wait, Advice::call_us, Advice::always_on, Advice::off_peak, Advice::nothing}));
}

// ---- the chart

TEST(LetterChart, has_a_bar_a_day)
{
    for (const auto& [from, to, days] : {std::tuple{"2025-09-01", "2025-10-01", 30u}, {"2025-10-01", "2025-11-01", 31u}, {"2025-02-01", "2025-03-01", 28u}, {"2024-02-01", "2024-03-01", 29u}}) {
        LetterFacts facts = letter();
        facts.bill.span = span(from, to);
        facts.days = days_of(facts.bill.span);
        EXPECT_EQ(count(letter_page(facts), "<rect class=\"bar"), days) << from;
    }
}

TEST(LetterChart, draws_in_whole_units_from_a_base_line)
{
    LetterFacts facts = letter();
    facts.days[0].energy_wh = 0;
    facts.days[1].energy_wh = 8'000;
    facts.days[2].energy_wh = 2'000;
    for (std::size_t i = 3; i < facts.days.size(); ++i)
        facts.days[i].energy_wh = 4'000;
    const std::string page = letter_page(facts);
    EXPECT_EQ(count(page, " height=\"1\"/>"), 1u) << "a day of nothing is a line, so that it is no unknown day";
    EXPECT_EQ(count(page, " y=\"24\" width=\"13\" height=\"180\"/>"), 1u);
    EXPECT_EQ(count(page, " y=\"159\" width=\"13\" height=\"45\"/>"), 1u);
    EXPECT_EQ(count(page, " y=\"114\" width=\"13\" height=\"90\"/>"), 27u);
    for (const char* label : {" x=\"76\" y=\"211\">0</text>", " x=\"76\" y=\"121\">4</text>", " x=\"76\" y=\"31\">8</text>", ">1</text>", ">15</text>", ">29</text>"})
        EXPECT_EQ(count(page, label), 1u) << label;
}

TEST(LetterChart, tells_estimated_and_unknown_days_apart)
{
    LetterFacts facts = letter();
    EXPECT_EQ(paragraphs(letter_page(facts), "legend").size(), 0u);
    facts.days[4].estimated = true;
    facts.days[9].energy_wh.reset();
    const std::string page = letter_page(facts);
    EXPECT_EQ(count(page, "<rect class=\"bar estimated\""), 1u);
    EXPECT_EQ(count(page, "<rect class=\"bar"), 29u);
    EXPECT_EQ(paragraphs(page, "legend"), std::vector<std::string>{"Barre blanche\u00a0: estimation. Pas de barre\u00a0: jour non connu."});
}

TEST(LetterChart, of_too_few_days_is_left_out)
{
    LetterFacts facts = letter();
    for (std::size_t i = 0; i < 14; ++i)
        facts.days[i].energy_wh.reset();
    EXPECT_EQ(count(letter_page(facts), "<svg"), 1u);
    facts.days[14].estimated = true;
    EXPECT_EQ(count(letter_page(facts), "<svg"), 0u);
    EXPECT_EQ(paragraphs(letter_page(facts), "legend"), std::vector<std::string>{"Il n'y a pas de graphique\u00a0: trop peu de jours sont connus un par un."});
    facts.days.clear();
    EXPECT_EQ(count(letter_page(facts), "<svg"), 0u);
}

// ---- figures from readings

TEST(LetterFigures, of_a_curve_have_all_hours_of_a_day)
{
    const CivilSpan october = span("2025-10-01", "2025-11-01");
    BillFacts facts = home_facts(october, flat_curve(october, 100));
    const auto days = engine::day_energies(facts, october, paris());
    ASSERT_EQ(days.size(), 31u);
    EXPECT_EQ(days[0].energy_wh, 4'800);
    EXPECT_EQ(days[25].energy_wh, 5'000) << "25 hours";
    const Bill made = bill_of(home_book(), facts, {october});
    std::int64_t sum_wh = 0;
    for (const engine::DayEnergy& one : days)
        sum_wh += *one.energy_wh;
    EXPECT_EQ(sum_wh, made.energy_wh);
    const CivilSpan march = span("2025-03-01", "2025-04-01");
    EXPECT_EQ(engine::day_energies(home_facts(march, flat_curve(march, 100)), march, paris())[29].energy_wh, 4'600) << "23 hours";
    facts.curve[3].energy_mj[7] = CurveDay::nothing;
    facts.curve[4].doubtful = 1;
    facts.curve[5].estimated = 2;
    const auto judged = engine::day_energies(facts, october, paris());
    EXPECT_FALSE(judged[3].energy_wh);
    EXPECT_FALSE(judged[4].energy_wh);
    EXPECT_EQ(judged[5], (engine::DayEnergy{day("2025-10-06"), 4'800, true}));
}

TEST(LetterFigures, without_a_curve_come_from_the_total_register)
{
    const CivilSpan july = span("2025-07-01", "2025-08-01");
    BillFacts facts = home_facts(july);
    EXPECT_FALSE(engine::day_energies(facts, july, paris())[0].energy_wh);
    facts.registers = registers_of(base_calendar(), flat_curve(july, 90));
    auto days = engine::day_energies(facts, july, paris());
    for (const engine::DayEnergy& one : days)
        EXPECT_EQ(one.energy_wh, 4'320);
    auto& reads = facts.registers[0].series[0].reads;
    reads.erase(reads.begin() + 10);
    days = engine::day_energies(facts, july, paris());
    EXPECT_FALSE(days[9].energy_wh || days[10].energy_wh) << "what was counted of two days is of neither";
    EXPECT_TRUE(days[8].energy_wh && days[11].energy_wh);
}

TEST(LetterFigures, of_gas_go_by_the_days_coefficient)
{
    const CivilSpan month = span("2026-01-01", "2026-02-01");
    BillFacts facts = home_facts(month);
    facts.energy = "gas";
    facts.registers = {{"volume_index", {RegisterSeries{}}, {MeterId{1}}, {ChannelId{1}}}};
    for (int i = 0; i <= 31; ++i)
        facts.registers[0].series[0].reads.push_back({paris().start_of(month.from + Days{i}, engine::gas_day_start), 5'000 + i * 2'500, Quality::raw, true});
    EXPECT_FALSE(engine::day_energies(facts, month, paris())[0].energy_wh) << "no coefficient";
    facts.coefficients = {{month.from, day("2026-01-16"), 1'100'000}};
    facts.published_gas = {{.span = {day("2026-01-16"), day("2026-01-21")}, .kwh_per_m3_e5 = 1'120'000}};
    const auto days = engine::day_energies(facts, month, paris());
    EXPECT_EQ(days[14].energy_wh, 27'500);
    EXPECT_EQ(days[15].energy_wh, 28'000);
    EXPECT_FALSE(days[20].energy_wh);
}

TEST(LetterFigures, know_the_least_of_the_nights)
{
    const CivilSpan march = span("2025-03-01", "2025-04-01");
    BillFacts facts = home_facts(march, flat_curve(march, 200)); // 400 W
    EXPECT_EQ(night_least_w(facts, march, paris()), 400);
    facts.curve[6].energy_mj[3] = 0;  // 1:30
    facts.curve[6].energy_mj[10] = 0; // 5:00
    EXPECT_EQ(night_least_w(facts, march, paris()), 400);
    facts.curve[6].energy_mj[4] = 150 * mj_per_wh; // 2:00
    EXPECT_EQ(night_least_w(facts, march, paris()), 300);
    facts.curve[6].energy_mj[4] = 200 * mj_per_wh;
    facts.curve[6].energy_mj[9] = 100 * mj_per_wh; // 4:30
    EXPECT_EQ(night_least_w(facts, march, paris()), 200);
    for (std::size_t i = 7; i < 18; ++i)
        facts.curve[i].energy_mj[5] = CurveDay::nothing;
    EXPECT_EQ(night_least_w(facts, march, paris()), 200) << "20 nights, among them the short one of the 30th";
    facts.curve[18].estimated = 1;
    EXPECT_EQ(night_least_w(facts, march, paris()), std::nullopt);
    EXPECT_EQ(night_least_w(home_facts(march), march, paris()), std::nullopt);
}

TEST(LetterFigures, share_the_use_by_the_points_own_hours)
{
    const CivilSpan july = span("2025-07-01", "2025-08-01");
    BillFacts facts = home_facts(july, flat_curve(july, 100));
    const engine::TariffBook book = home_book();
    const Bill made = bill_of(book, facts, {july});
    EXPECT_EQ(peak_use(made, facts, book), (PeakUse{99'200, 49'600, night}));
    facts.offpeak[0].span.to = day("2025-07-31");
    EXPECT_EQ(peak_use(made, facts, book), std::nullopt) << "the hours of the month's last day are not known";
    facts.offpeak[0].span.to = july.to;
    engine::TariffBook other = book;
    other.calendars.at("hphc").rules = {{.time_class = "HC", .windows = night}, {.time_class = "HP"}};
    EXPECT_EQ(peak_use(made, facts, other), std::nullopt) << "hours that are not the usage point's own";
}

// ---- the batch

/// Three homes: an ordinary one, one with all that a page can hold, one of which little is known.
std::string three_letters()
{
    LetterFacts full = letter();
    full.bill = bill("2025-10-01", "2025-11-01", 1'234'567, 28'941);
    full.bill.rests = engine::Rests::mixed;
    full.bill.estimated_days = {day("2025-10-04"), day("2025-10-05")};
    full.bill.played = "curve of 2013, played as 2025";
    full.year_before = bill("2024-10-01", "2024-11-01", 1'234'566, 28'942);
    full.year_before->rests = engine::Rests::mixed;
    full.days = days_of(full.bill.span);
    full.days[3].estimated = full.days[4].estimated = true;
    full.days[8].energy_wh.reset();
    full.night_least_w = 1'320;
    full.address = {"Madame Marie-Antoinette Desmoulins de la Tour", "Résidence des Quatre-Chemins, bâtiment C", "12 bis rue de l'Ancienne-Église", "38000 GRENOBLE"};
    full.sender = "Régie municipale d'électricité et de gaz de Valmont-sur-Isère, service des usagers"; // as long as the command lets it be
    full.telephone = "0 800 00 00 00 (appel gratuit, 9h-17h)";
    LetterFacts bare = letter(Language::fr);
    bare.bill.energy = "gas";
    bare.year_before.reset();
    bare.days.clear();
    const std::vector pages{letter_page(letter()), letter_page(full), letter_page(bare)};
    return letter_batch(pages, Language::fr);
}

TEST(LetterBatch, is_one_document_of_a_page_a_home)
{
    const std::string batch = three_letters();
    EXPECT_EQ(count(batch, "class=\"letter\""), 3u);
    EXPECT_EQ(count(batch, "<html"), 1u);
    EXPECT_TRUE(batch.starts_with("<!doctype html><html lang=\"fr\">") && batch.ends_with("</body></html>\n"));
    EXPECT_EQ(count(batch, "@page{size:A4"), 1u);
    EXPECT_EQ(count(batch, "break-after:page"), 1u);
    for (const char* never : {"<script", "http:", "https:", "<img", "<link", "@import", "url("})
        EXPECT_EQ(count(batch, never), 0u) << never;
}

/// What the browser's test prints; RELEVE_WRITE_LETTERS=1 writes it anew.
TEST(LetterBatch, is_the_one_that_the_browser_prints)
{
    const std::string batch = three_letters();
    if (std::getenv("RELEVE_WRITE_LETTERS") != nullptr)
        std::ofstream{batch_path, std::ios::binary} << batch;
    std::ifstream file{batch_path, std::ios::binary};
    const std::string stored{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_TRUE(stored == batch) << batch_path << " is not up to date; RELEVE_WRITE_LETTERS=1 writes it";
}

} // namespace
} // namespace releve::app
