#include "home_bill.hpp"

namespace releve::engine {
namespace {

using namespace test;
using Part = BillDifference::Part;

/// One more line, by its cents.
Bill with_line(Bill bill, const std::function<void(BillLine&)>& change, std::int64_t cents)
{
    BillLine line;
    line.tariff = "offer";
    line.component = "more";
    line.vat = VatGroup::none;
    line.span = bill.span;
    line.divisor = 1;
    line.amount = {cents};
    change(line);
    bill.total += line.amount;
    bill.lines.push_back(std::move(line));
    return bill;
}
/// Kilowatt-hours at a cent each.
Bill with_energy(const Bill& bill, const std::string& component, const std::string& calendar, const std::string& time_class, std::int64_t kwh, CivilSpan span = {},
                 const std::string& tariff = "offer")
{
    return with_line(
        bill,
        [&](BillLine& line) {
            line.tariff = tariff, line.component = component, line.calendar = calendar, line.time_class = time_class;
            line.section = Section::supply;
            line.unit = PriceUnit::eur_kwh;
            line.price = decimal("0.01");
            line.quantity = {kwh, 0};
            if (span.from < span.to)
                line.span = span;
        },
        kwh);
}

TEST(BillCompareParts, an_amount_that_is_not_price_times_quantity_counts_as_it_is)
{
    const auto fixed = [](const Bill& bill, std::int64_t cents) {
        return with_line(
            bill, [](BillLine& line) { line.unit = PriceUnit::eur_year, line.price = decimal("365"), line.quantity = {1, 0}, line.divisor = 365; }, cents);
    };
    const BillDifference difference = compared(fixed(write({}), 100), fixed(write({}), 600));
    ASSERT_EQ(made_of(difference), "prices");
    EXPECT_EQ(difference.parts.front().sentence_en, "Prices were higher: €5.00 more.");
}

TEST(BillCompareParts, a_daily_capacity_goes_by_its_price)
{
    const auto capacity = [](const char* price, std::int64_t cents) {
        return with_line(
            write({}), [&](BillLine& line) { line.unit = PriceUnit::eur_kwh_day_year, line.price = decimal(price), line.quantity = {365, 0}, line.divisor = 365; }, cents);
    };
    EXPECT_EQ(made_of(compared(capacity("1", 100), capacity("2", 200))), "prices");
}

TEST(BillCompareParts, taxes_of_nothing_on_the_bill_are_taxes)
{
    for (const Section section : {Section::vat, Section::levy}) {
        const auto taxed = [&](std::int64_t cents) {
            return with_line(
                write({}), [&](BillLine& line) { line.section = section, line.unit = PriceUnit::percent, line.price = decimal("1"), line.quantity = {cents * 100, 2}; }, cents);
        };
        const BillDifference difference = compared(taxed(100), taxed(300));
        EXPECT_EQ(made_of(difference), "taxes");
        EXPECT_EQ(difference.parts.front().sentence_en, "Taxes were higher: €2.00 more.");
    }
}

TEST(BillCompareParts, kwh_that_are_charged_twice_are_used_once)
{
    const auto used = [](const Bill& before, const Bill& now) {
        const BillDifference difference = compared(before, now);
        EXPECT_EQ(difference.parts.front().part, DifferencePart::use);
        return std::pair{difference.parts.front().before_wh, difference.parts.front().now_wh};
    };
    const Bill before = write({}), now = write(changed([](Home& home) { home.use_wh[0].second = 341'000; }));
    const auto wanted = std::pair<std::int64_t, std::int64_t>{300'000, 341'000};
    EXPECT_EQ(used(with_energy(before, "green", "hphc", "HP", 300), with_energy(now, "green", "hphc", "HP", 341)), wanted) << "another component";
    EXPECT_EQ(used(with_energy(before, "energy_HP", "hphc", "HP", 300, {}, "green"), with_energy(now, "energy_HP", "hphc", "HP", 341, {}, "green")), wanted)
        << "another tariff";
    EXPECT_EQ(used(with_energy(before, "green", "", "", 450), with_energy(now, "green", "", "", 491)), wanted) << "of all classes";
    EXPECT_EQ(made_of(compared(with_energy(before, "green", "", "", 450), with_energy(now, "green", "", "", 491))), "use HP");
}

TEST(BillCompareParts, kwh_of_two_components_in_turn_are_both_used)
{
    Bill before = write({}), now = before;
    const CivilDay middle = before.span.from + std::chrono::days{15};
    now.lines[1].span.to = middle; // of HP
    now = with_energy(now, "energy_HP_new", "hphc", "HP", 60, {middle, now.span.to});
    const BillDifference difference = compared(before, now);
    EXPECT_EQ(difference.parts.front().now_wh, 360'000);
}

TEST(BillCompareParts, classes_of_more_calendars_are_compared_as_one)
{
    const Bill one = write({}), more = with_energy(write({}), "energy_base", "base", "BASE", 50);
    EXPECT_TRUE(made_of(compared(one, more)).starts_with("use")) << made_of(compared(one, more));
    for (const BillDifference& difference : {compared(one, more), compared(more, one)}) {
        EXPECT_TRUE(difference.parts.front().time_class.empty());
        EXPECT_EQ(difference.parts.front().before_wh + difference.parts.front().now_wh, 450'000 + 500'000);
    }
}

TEST(BillCompareParts, classes_are_told_in_the_order_of_their_calendar)
{
    const auto turned = [](std::int64_t hp, std::int64_t hc) { return write(changed([&](Home& home) { home.use_wh = {{"HC", hc}, {"HP", hp}}; })); };
    EXPECT_EQ(made_of(compared(turned(300'000, 150'000), turned(340'000, 170'000))), "use HP, use HC");
}

TEST(BillCompareParts, what_was_free_becomes_dearer_with_its_taxes)
{
    const auto free_of = [](const char* subscription, const char* power) {
        return write(changed([&](Home& home) { home.subscription = subscription, home.network_power = power; }));
    };
    EXPECT_EQ(made_of(compared(free_of("0.00", "10.11"), free_of("4.57", "10.11"))), "prices");
    EXPECT_EQ(made_of(compared(free_of("4.57", "0.00"), free_of("4.57", "10.11"))), "prices") << "with its levy";
}

TEST(BillCompareParts, another_parameter_or_capacity_is_another_contract)
{
    const Bill before = write({});
    Bill now = write(changed([](Home& home) { home.price["HP"] = "0.1643"; }));
    EXPECT_EQ(made_of(compared(before, now)), "prices");
    now.contracts.front().parameters["fta"] = "CU";
    EXPECT_EQ(made_of(compared(before, now)), "contract");
    now.contracts = before.contracts;
    now.contracts.front().daily_capacity_kwh = 5;
    EXPECT_EQ(made_of(compared(before, now)), "contract");
    now.contracts = before.contracts;
    Bill changed_before = before; // to what still holds
    changed_before.contracts.insert(changed_before.contracts.begin(), before.contracts.front());
    changed_before.contracts.front().powers_va = {9'000};
    EXPECT_EQ(made_of(compared(changed_before, now)), "prices");
}

TEST(BillCompareParts, weather_goes_by_the_days_of_each_bill)
{
    Weather weather;
    weather.before.assign(30, {80, 14'000}); // 9 degrees below 17, 100 Wh a tenth
    weather.now.assign(31, {60, 16'000});
    const Bill before = write({}), now = write(changed([](Home& home) { home.to = "2026-04-01", home.use_wh = {{"HP", 350'000}, {"HC", 177'000}}, home.price["HC"] = "0.1237"; }));
    const BillDifference difference = compared(before, now, {.weather = weather});
    const auto part = std::ranges::find(difference.parts, DifferencePart::weather, &Part::part);
    ASSERT_NE(part, difference.parts.end());
    EXPECT_EQ(part->now_wh - part->before_wh, 62'000) << "31 days of 20 tenths";
    EXPECT_PRED2(begins_with, difference.parts[1].sentence_en, "In as many days and the same weather, you used ");
}

TEST(BillCompareParts, a_contract_of_another_offer_is_not_told_by_its_power)
{
    ContractTerms old_terms, new_terms;
    const auto said = [&] {
        BillDifference difference{{}, {}, {{.part = DifferencePart::contract, .amount = {100}}}};
        write_sentences(difference, {.old_terms = &old_terms, .new_terms = &new_terms});
        return difference.parts.front().sentence_en;
    };
    old_terms.powers_va = {6'000}, new_terms.powers_va = {9'000}, new_terms.tariff = "another";
    EXPECT_EQ(said(), "Your contract changed: €1.00 more.");
    new_terms = old_terms;
    new_terms.parameters["fta"] = "CU";
    EXPECT_EQ(said(), "Your contract changed: €1.00 more.");
}

TEST(BillCompareParts, labels_keep_the_case_of_what_is_no_word)
{
    TariffBook book = words();
    book.calendars.at("hphc").classes[0].words.label_en = "EV hours";
    book.calendars.at("hphc").classes[1].words.label_en = "night hours";
    const auto use = [&](const char* time_class, std::int64_t wh) {
        BillDifference difference{{}, {}, {{.part = DifferencePart::use, .calendar = "hphc", .time_class = time_class, .amount = {100}, .now_wh = wh}}};
        write_sentences(difference, {.book = &book});
        return difference.parts.front().sentence_en;
    };
    EXPECT_EQ(use("HP", 500), "You used 1 kWh more in EV hours: €1.00 more.");
    EXPECT_EQ(use("HC", 0), "You used less than 1 kWh more in night hours: €1.00 more.");
}

} // namespace
} // namespace releve::engine
