#include "bill_facts.hpp"

#include <set>

namespace releve::engine {
namespace {

using namespace test;

TariffBook book_with(std::vector<Component> components, const std::string& calendar_id = {}) { return book_of({tariff("one", std::move(components), calendar_id)}); }
BillFacts facts_for(CivilSpan when, std::vector<std::int64_t> powers_va = {6'000})
{
    BillFacts out = home_facts(when);
    out.contracts = {contract(when, "one", std::move(powers_va))};
    return out;
}
Component annual(const std::string& price, Proration proration, std::optional<int> decimals = {})
{
    return prorated(component("fixed", Section::network, PriceUnit::eur_year, {row("2020-01-01", {price})}), proration, decimals);
}
std::vector<std::string> texts_of(const Bill& bill)
{
    std::vector<std::string> out;
    for (const BillLine& line : bill.lines)
        out.push_back(to_iso8601(line.span.from) + " " + to_string(line.quantity) + " " + line.quantity_unit + " /" + std::to_string(line.divisor) + " = " + to_string(line.amount));
    return out;
}
using Texts = std::vector<std::string>;
const std::vector<std::string> four{"HPH", "HCH", "HPB", "HCB"};

TEST(BillLines, round_the_price_of_a_day_as_a_real_invoice_does)
{
    const CivilSpan june = span("2024-06-01", "2024-07-01");
    const Bill bill = bill_of(book_with({annual("339.96", Proration::days_actual_year, 5)}), facts_for(june), {june});
    EXPECT_EQ(texts_of(bill), Texts{"2024-06-01 30 day /366 = 27.87"});
    EXPECT_EQ(to_string(*bill.lines.front().unit_price), "0.92885");
    Component power = prorated(component("cs", Section::network, PriceUnit::eur_kw_year, {row("2020-01-01", {"10.12"})}), Proration::days_actual_year, 5);
    const Bill cs = bill_of(book_with({power}), facts_for(june, {7'000}), {june});
    EXPECT_EQ(texts_of(cs), Texts{"2024-06-01 210 kW.day /366 = 5.81"});
    EXPECT_EQ(to_string(*cs.lines.front().unit_price), "0.02765");
}

TEST(BillLines, divide_by_the_days_of_their_own_year)
{
    const CivilSpan turn = span("2023-12-20", "2024-01-11");
    EXPECT_EQ(texts_of(bill_of(book_with({annual("366", Proration::days_actual_year)}), facts_for(turn), {turn})),
              (Texts{"2023-12-20 12 day /365 = 12.03", "2024-01-01 10 day /366 = 10.00"}));
    EXPECT_EQ(texts_of(bill_of(book_with({annual("365", Proration::days_365)}), facts_for(turn), {turn})), Texts{"2023-12-20 22 day /365 = 22.00"});
    const CivilSpan common = span("2024-12-31", "2025-01-02");
    EXPECT_EQ(texts_of(bill_of(book_with({annual("366", Proration::days_actual_year)}), facts_for(common), {common})),
              (Texts{"2024-12-31 1 day /366 = 1.00", "2025-01-01 1 day /365 = 1.00"}));
    const CivilSpan plain = span("2025-12-31", "2026-01-02");
    EXPECT_EQ(bill_of(book_with({annual("365", Proration::days_actual_year)}), facts_for(plain), {plain}).lines.size(), 1u) << "two years of one length";
    const CivilSpan leap = span("2024-01-01", "2025-01-01");
    EXPECT_EQ(bill_of(book_with({annual("339.96", Proration::days_actual_year)}), facts_for(leap), {leap}).total, Cents{33'996});
    const CivilSpan century = span("1999-12-30", "2000-01-02");
    EXPECT_EQ(refusal(book_with({annual("1", Proration::days_actual_year)}), facts_for(century), {century}).code, errc::no_tariff_row);
}

TEST(BillLines, of_twelfths_are_whole_months_and_days_of_the_others)
{
    const CivilSpan period = span("2025-01-15", "2025-04-11");
    EXPECT_EQ(texts_of(bill_of(book_with({annual("120", Proration::twelfth)}), facts_for(period), {period})),
              (Texts{"2025-01-15 17 day /372 = 5.48", "2025-02-01 2 month /12 = 20.00", "2025-04-01 10 day /360 = 3.33"}));
    const CivilSpan february = span("2024-02-10", "2024-02-20");
    EXPECT_EQ(texts_of(bill_of(book_with({annual("120", Proration::twelfth)}), facts_for(february), {february})), Texts{"2024-02-10 10 day /348 = 3.45"});
    Component changed = annual("120", Proration::twelfth);
    changed.rows.push_back(row("2025-02-15", {"240"}));
    const CivilSpan months = span("2025-01-01", "2025-04-01");
    EXPECT_EQ(texts_of(bill_of(book_with({changed}), facts_for(months), {months})),
              (Texts{"2025-01-01 1 month /12 = 10.00", "2025-02-01 14 day /336 = 5.00", "2025-02-15 14 day /336 = 10.00", "2025-03-01 1 month /12 = 20.00"}));
    const CivilSpan year = span("2025-01-01", "2026-01-01");
    EXPECT_EQ(texts_of(bill_of(book_with({annual("100.01", Proration::twelfth)}), facts_for(year), {year})), Texts{"2025-01-01 12 month /12 = 100.01"});
}

/// TURPE 7 BTSUP of 2025-08-01.
TariffBook c4_book(const std::vector<std::string>& b)
{
    const auto energy = [](const char* one, const char* price) {
        return of_class(component(std::string{"cs_"} + one, Section::network, PriceUnit::ct_kwh, {row("2025-08-01", {price})}), "four_class", one);
    };
    Component overrun = of_classes(component("cmdps", Section::network, PriceUnit::eur_hour, {row("2025-08-01", {"12.41"})}), "four_class", four);
    overrun.power_factor = dec("0.93");
    return book_with({component("cg", Section::network, PriceUnit::eur_year, {row("2025-08-01", {"217.80"})}),
                      component("cc", Section::network, PriceUnit::eur_year, {row("2025-08-01", {"283.27"})}),
                      of_classes(component("cs", Section::network, PriceUnit::eur_kva_year, {row("2025-08-01", b)}), "four_class", four),
                      energy("HPH", "6.91"), energy("HCH", "4.21"), energy("HPB", "2.13"), energy("HCB", "1.52"), overrun},
                     "four_class");
}

TEST(BillLines, of_several_powers_are_each_for_what_is_above_the_class_before)
{
    const CivilSpan year = span("2025-08-01", "2026-08-01");
    const auto fixed = [&](const std::vector<std::string>& b, std::vector<std::int64_t> powers_va) {
        BillFacts facts = facts_for(year, std::move(powers_va));
        facts.curve = flat_curve(year, 0);
        return bill_of(c4_book(b), facts, {year});
    };
    const std::vector<std::string> cu{"17.61", "15.96", "14.56", "11.98"}, lu{"30.16", "21.18", "16.64", "12.37"};
    const Bill flat = fixed(cu, {60'000, 60'000, 60'000, 60'000});
    EXPECT_EQ(amount_of(flat, "cs"), Cents{105'660});
    EXPECT_EQ(flat.total, Cents{155'767});
    EXPECT_EQ(fixed(cu, {60'000}).total, flat.total) << "one power stands for all";
    const Bill stepped = fixed(cu, {36'000, 36'000, 36'000, 100'000});
    EXPECT_EQ(amount_of(stepped, "cs"), Cents{140'068});
    EXPECT_EQ(stepped.total, Cents{190'175});
    EXPECT_EQ(lines_of(stepped, "cs").size(), 2u);
    EXPECT_EQ(lines_of(stepped, "cs", "HCB").front()->quantity, dec("23360"));
    const Bill long_use = fixed(lu, {40'000, 42'000, 60'000, 75'000});
    EXPECT_EQ(amount_of(long_use, "cs"), Cents{173'383});
    EXPECT_EQ(long_use.total, Cents{223'490});
}

TEST(BillLines, of_energy_and_overrun_hours_by_class)
{
    // HPH 1000, HCH 800, HPB 600, HCB 400 kWh in October and November; 10 hours above 36 kVA * 0.93 = 33.48 kW.
    const CivilSpan period = span("2025-10-01", "2025-12-01");
    BillFacts facts = facts_for(period, {36'000, 36'000, 36'000, 40'000});
    facts.curve = flat_curve(period, 0, Seconds{600});
    const auto put = [&](const char* at, std::size_t slot, std::int64_t wh) { facts.curve[static_cast<std::size_t>((day(at) - period.from).count())].energy_mj[slot] = wh * mj_per_wh; };
    for (std::size_t i = 0; i < 60; ++i) // ten hours from 08:00
        put("2025-11-03", 48 + i, 5'581);
    put("2025-11-04", 60, 1'000'000 - 60 * 5'581 - 100 * 5'580);
    for (std::size_t i = 0; i < 90; ++i)
        put("2025-11-05", 40 + i, 5'580); // 33.48 kW: not above it
    for (std::size_t i = 0; i < 10; ++i)
        put("2025-11-06", 40 + i, 5'580);
    const Bill bill = bill_of(c4_book({"17.61", "15.96", "14.56", "11.98"}), facts, {period});
    ASSERT_EQ(lines_of(bill, "cmdps").size(), 1u);
    const BillLine& over = *lines_of(bill, "cmdps").front();
    EXPECT_EQ(over.time_class, "HPH");
    EXPECT_EQ(over.quantity, dec("610")) << "minutes: ten hours, and one point far above";
    EXPECT_EQ(over.amount, Cents{12'617});
    EXPECT_EQ(lines_of(bill, "cs_HPH").front()->amount, Cents{6'910});
    facts.curve = flat_curve(period, 0, Seconds{600});
    for (std::size_t i = 0; i < 60; ++i)
        put("2025-11-03", 48 + i, 5'581);
    EXPECT_EQ(amount_of(bill_of(c4_book({"4", "3", "2", "1"}), facts, {period}), "cmdps"), Cents{12'410});
    const std::vector<std::pair<const char*, std::int64_t>> kwh{{"HPH", 1'000}, {"HCH", 800}, {"HPB", 600}, {"HCB", 400}};
    const std::vector<std::pair<const char*, std::size_t>> at{{"2025-11-10", 72}, {"2025-11-10", 6}, {"2025-10-10", 72}, {"2025-10-10", 6}};
    facts.curve = flat_curve(period, 0, Seconds{600});
    for (std::size_t i = 0; i < 4; ++i)
        put(at[i].first, at[i].second, kwh[i].second * 1'000);
    const Bill energy = bill_of(c4_book({"4", "3", "2", "1"}), facts, {period});
    Cents sum;
    for (const auto& [one, wanted] : kwh) {
        EXPECT_EQ(wh_of(energy, std::string{"cs_"} + one), wanted * 1'000);
        sum += amount_of(energy, std::string{"cs_"} + one);
    }
    EXPECT_EQ(sum, Cents{12'164});
}

TariffBook hta_book(std::vector<RateRow> b)
{
    Component power = of_classes(component("cs", Section::network, PriceUnit::eur_kw_year, std::move(b)), "four_class", four);
    Component over = of_classes(component("cmdps", Section::network, PriceUnit::of_power_price, {row("2025-01-01", {"0.04"})}), "four_class", four);
    over.of = {"cs"};
    return book_with({power, over}, "four_class");
}

TEST(BillLines, of_quadratic_overruns_are_the_root_of_a_months_squares)
{
    const CivilSpan period = span("2025-08-01", "2025-10-01");
    BillFacts facts = facts_for(period, {250'000});
    facts.curve = flat_curve(period, 0, Seconds{600});
    const std::vector<std::int64_t> watts{252'500, 249'000, 260'000, 251'200, 300'000};
    for (std::size_t i = 0; i < watts.size(); ++i)
        for (const std::size_t of_day : {3u, 40u}) // in August and in September
            facts.curve[of_day].energy_mj[60 + i] = watts[i] * 1'000 * 600;
    const TariffBook book = hta_book({row("2025-01-01", {"20", "18", "14.33", "11.56"})});
    const Bill bill = bill_of(book, facts, {period});
    const auto lines = lines_of(bill, "cmdps");
    ASSERT_EQ(lines.size(), 2u);
    for (const BillLine* line : lines) {
        EXPECT_EQ(line->time_class, "HPB");
        EXPECT_EQ(line->quantity, dec("2607.69"));
        EXPECT_EQ(line->amount, Cents{2'927});
    }
    EXPECT_EQ(lines[1]->span, span("2025-09-01", "2025-10-01"));
    facts.curve = flat_curve(period, 0, Seconds{300}); // two points of five minutes are one of ten
    for (std::size_t i = 0; i < watts.size(); ++i) {
        facts.curve[3].energy_mj[120 + 2 * i] = (watts[i] + 70'000) * 1'000 * 300;
        facts.curve[3].energy_mj[121 + 2 * i] = (watts[i] - 70'000) * 1'000 * 300;
    }
    EXPECT_EQ(amount_of(bill_of(book, facts, {period}), "cmdps"), Cents{2'927});
    facts.curve = flat_curve(period, 0, Seconds{1'800});
    const Error coarse = refusal(book, facts, {period});
    EXPECT_EQ(coarse.code, errc::readings_incomplete);
    EXPECT_NE(coarse.detail.find("10 minutes"), std::string::npos);
}

TEST(BillLines, of_quadratic_overruns_are_divided_where_the_price_of_power_changes)
{
    const CivilSpan august = span("2025-08-01", "2025-09-01");
    BillFacts facts = facts_for(august, {250'000});
    facts.curve = flat_curve(august, 0, Seconds{600});
    for (const std::size_t of_day : {3u, 20u})
        facts.curve[of_day].energy_mj[72] = 260'000LL * 1'000 * 600;
    const Bill bill = bill_of(hta_book({row("2025-01-01", {"4", "3", "10", "1"}), row("2025-08-15", {"4", "3", "20", "1"})}), facts, {august});
    const auto lines = lines_of(bill, "cmdps");
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0]->amount, Cents{400});
    EXPECT_EQ(lines[1]->amount, Cents{800});
    const Bill compared = bill_of(hta_book({row("2025-01-01", {"4", "3", "10", "1"}), row("2025-08-15", {"4", "3", "20", "1"})}), facts, {.span = august, .prices_as_of = day("2025-02-01")});
    ASSERT_EQ(lines_of(compared, "cmdps").size(), 1u);
    EXPECT_EQ(amount_of(compared, "cmdps"), Cents{566}); // 0.4 * 10 * root 2
}

TEST(OverrunAmount, is_rounded_once)
{
    EXPECT_EQ(overrun_amount(dec("0.5732"), 2'607'690'000).value(), Cents{2'927});
    EXPECT_EQ(overrun_amount(dec("0.6072"), 10'000'000).value(), Cents{192});
    EXPECT_EQ(overrun_amount(dec("0.005"), 1'000'000).value(), Cents{1}) << "a tie: up";
    EXPECT_EQ(overrun_amount(dec("0.005"), 999'999).value(), Cents{0});
    EXPECT_EQ(overrun_amount(dec("1"), 0).value(), Cents{0});
    EXPECT_EQ(overrun_amount(dec("-1"), 4).error().code, errc::bad_value);
    EXPECT_EQ(overrun_amount(dec("1"), -4).error().code, errc::bad_value);
    EXPECT_EQ(overrun_amount(dec("1"), power_of_ten(18) + 1).error().code, errc::bad_value);
    for_each_seed(500, [](Random& random) { // whole kW: exact
        const auto kw = static_cast<std::int64_t>(below(random, 100'000)), cents = static_cast<std::int64_t>(below(random, 10'000));
        ASSERT_EQ(overrun_amount({cents, 2}, Wide{kw} * kw * 1'000'000).value(), Cents{kw * cents});
    });
}

TEST(BillLines, refuse_a_share_of_what_comes_after_it)
{
    TariffBook book = home_book();
    auto& components = book.tariffs.at("network").components;
    components.push_back(share_of(component("first", Section::network, PriceUnit::percent, {row("2020-01-01", {"1"})}), {"cta"}, VatGroup::none));
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    EXPECT_EQ(refusal(book, home_facts(june, flat_curve(june, 100)), {june}).code, errc::bad_tariff);
}

TEST(ClassEnergies, of_a_day_sum_to_the_day)
{
    const TariffBook book = home_book();
    BillMaker maker{book, paris()};
    for_each_seed(100, [&](Random& random) {
        const CivilSpan change = span("2025-10-24", "2025-10-28");
        const BillFacts facts = home_facts(change, random_curve(random, change));
        const auto one = maker.class_energies(facts, "base", change).value(), two = maker.class_energies(facts, "hphc", change).value();
        ASSERT_EQ(two[0] + two[1], one[0]);
    });
    EXPECT_EQ(maker.class_energies({}, "none", span("2025-01-01", "2025-01-02")).error().code, errc::bad_parameter);
}

// ---- gas

struct GasHome {
    TariffBook book;
    BillFacts facts;
    GasHome()
    {
        Tariff gas = tariff("gas", {component("energy", Section::supply, PriceUnit::eur_kwh, {row("2024-01-01", {"0.05"})}),
                                    component("excise", Section::levy, PriceUnit::eur_mwh, {row("2024-01-01", {"15.43"}), row("2026-02-01", {"16.39"})})});
        gas.energy = "gas";
        book = book_of({gas});
        facts.usage_point = {"GI000001"};
        facts.energy = "gas";
        facts.contracts = {contract(span("2025-01-01", "2027-01-01"), "gas", {})};
    }
    void read(std::string_view at, std::int64_t m3)
    {
        if (facts.registers.empty())
            facts.registers.push_back({"volume", {RegisterSeries{.digits = 8, .reads = {}}}, {MeterId{3}}, {ChannelId{1}}});
        facts.registers[0].series[0].reads.push_back({paris().start_of(day(at), gas_day_start), m3 * 1'000 + 999, Quality::raw, true});
    }
};

TEST(GasBill, goes_by_what_the_network_operator_published)
{
    GasHome home;
    home.facts.published_gas = {{span("2026-01-01", "2026-02-01"), 771, 951, 1'129'000, 2'032}, {span("2026-02-01", "2026-03-01"), 951, 1'000, 1'117'000, 547}};
    const Bill bill = bill_of(home.book, home.facts, {span("2026-01-01", "2026-03-01")});
    EXPECT_EQ(wh_of(bill, "energy"), 2'579'000);
    EXPECT_EQ(bill.energy_wh, 2'579'000);
    ASSERT_EQ(lines_of(bill, "excise").size(), 2u);
    EXPECT_EQ(lines_of(bill, "excise")[0]->quantity, dec("2032"));
    EXPECT_EQ(bill.rests, Rests::read);
    EXPECT_TRUE(bill.remarks.empty());
    EXPECT_EQ(bill.sources[lines_of(bill, "energy")[0]->sources[0]].index_to, 951);
    const Error missing = refusal(home.book, home.facts, {span("2026-01-01", "2026-03-02")});
    EXPECT_EQ(missing.code, errc::readings_incomplete);
    EXPECT_NE(missing.detail.find("only to 2026-03-01"), std::string::npos) << missing.detail;
    EXPECT_EQ(refusal(home.book, home.facts, {span("2025-12-31", "2026-03-01")}).code, errc::readings_incomplete);
}

TEST(GasBill, of_cut_periods_add_up_and_say_so)
{
    GasHome home;
    home.facts.published_gas = {{span("2026-01-01", "2026-03-01"), 0, 100, 1'100'000, 1'097}, {span("2026-03-01", "2026-04-01"), 100, 90, 1'100'000, -113}};
    for_each_seed(60, [&](Random& random) {
        std::int64_t sum = 0;
        for (CivilDay at = day("2026-01-01"); at < day("2026-04-01");) {
            const CivilDay until = std::min(at + Days{1 + below(random, 40)}, day("2026-04-01"));
            const Bill part = bill_of(home.book, home.facts, {{at, until}});
            sum += part.energy_wh;
            ASSERT_EQ(wh_of(part, "energy"), part.energy_wh);
            ASSERT_EQ(wh_of(part, "excise"), part.energy_wh) << "its own price changes in between";
            at = until;
        }
        ASSERT_EQ(sum, 984'000);
    });
    const Bill part = bill_of(home.book, home.facts, {span("2026-01-01", "2026-01-11")});
    EXPECT_EQ(part.rests, Rests::estimated);
    ASSERT_FALSE(part.remarks.empty());
    EXPECT_NE(part.remarks.front().find("2026-01-11"), std::string::npos);
}

TEST(GasBill, from_the_meters_own_index_uses_the_coefficient_of_each_day)
{
    GasHome home;
    home.read("2026-01-01", 771), home.read("2026-01-16", 871), home.read("2026-02-01", 951), home.read("2026-03-01", 1'000);
    home.facts.coefficients = {{day("2026-01-01"), day("2026-01-16"), 1'129'000}, {day("2026-01-16"), day("2026-03-01"), 1'117'000}};
    const Bill bill = bill_of(home.book, home.facts, {span("2026-01-01", "2026-03-01")});
    // Indexes in kWh, cut: 871 * 11.29 = 9833.59, 771: 8704.59; 1000 * 11.17 = 11170, 871: 9729.07.
    EXPECT_EQ(bill.energy_wh, (9'833 - 8'704 + 11'170 - 9'729) * 1'000);
    std::set<std::int64_t> coefficients;
    for (const std::uint32_t source : lines_of(bill, "energy")[0]->sources)
        coefficients.insert(bill.sources[source].kwh_per_m3_e5);
    EXPECT_EQ(coefficients, (std::set<std::int64_t>{1'117'000, 1'129'000}));
    home.facts.coefficients.pop_back();
    EXPECT_NE(refusal(home.book, home.facts, {span("2026-01-01", "2026-03-01")}).detail.find("none is known for 2026-01-16"), std::string::npos);
    GasHome example;
    example.read("2026-01-01", 771), example.read("2026-02-01", 951);
    example.facts.coefficients = {{day("2026-01-01"), day("2026-02-01"), 1'129'000}};
    EXPECT_EQ(bill_of(example.book, example.facts, {span("2026-01-01", "2026-02-01")}).energy_wh, 2'032'000);
}

TEST(GasBill, from_the_meters_own_index_adds_up_wherever_it_is_cut)
{
    for_each_seed(30, [](Random& random) {
        GasHome home;
        std::int64_t m3 = static_cast<std::int64_t>(below(random, 2) == 0 ? 99'950 : below(random, 90'000)); // one rolls over
        for (CivilDay at = day("2026-01-01"); at <= day("2026-04-10"); at += Days{1}, m3 += static_cast<std::int64_t>(below(random, 9)))
            home.read(to_iso8601(at), m3 % 100'000);
        for (CivilDay at = day("2026-01-01"); at < day("2026-04-10"); at += Days{25})
            home.facts.coefficients.push_back({at, at + Days{25}, 1'000'000 + static_cast<std::int64_t>(below(random, 200'000))});
        const CivilSpan whole = span("2026-01-01", "2026-04-10");
        const Bill bill = bill_of(home.book, home.facts, {whole});
        ASSERT_EQ(wh_of(bill, "excise"), bill.energy_wh);
        std::int64_t sum = 0;
        for (CivilDay at = whole.from; at < whole.to;) {
            const CivilDay until = std::min(at + Days{1 + below(random, 20)}, whole.to);
            sum += bill_of(home.book, home.facts, {{at, until}}).energy_wh;
            at = until;
        }
        ASSERT_EQ(sum, bill.energy_wh);
    });
}

TEST(GasBill, of_a_daily_capacity_goes_by_its_steps)
{
    Component capacity = prorated(component("capacity", Section::network, PriceUnit::eur_kwh_day_year, {row("2025-07-01", {"0.28800", "0.14394"})}), Proration::twelfth);
    capacity.steps = {500'000};
    Tariff gas = tariff("gas", {capacity});
    gas.energy = "gas";
    GasHome home;
    home.book = book_of({gas});
    const CivilSpan june = span("2026-06-01", "2026-07-01");
    EXPECT_EQ(refusal(home.book, home.facts, {june}).code, errc::bad_contract);
    home.facts.contracts.front().daily_capacity_kwh = 600'000;
    EXPECT_EQ(texts_of(bill_of(home.book, home.facts, {june})), (Texts{"2026-06-01 500000 kWh/day.month /12 = 12000.00", "2026-06-01 100000 kWh/day.month /12 = 1199.50"}));
    home.facts.contracts.front().daily_capacity_kwh = 500'000;
    EXPECT_EQ(bill_of(home.book, home.facts, {june}).lines.size(), 1u);
}

TEST(BillLines, tell_the_days_and_the_source_of_their_price)
{
    const CivilSpan period = span("2025-01-15", "2025-04-11");
    Component one = annual("120", Proration::twelfth);
    one.rows.front().source = "a deliberation";
    const Bill bill = bill_of(book_with({one}), facts_for(period), {period});
    ASSERT_EQ(bill.lines.size(), 3u);
    EXPECT_EQ(bill.lines[1].span, span("2025-02-01", "2025-04-01"));
    EXPECT_EQ(bill.lines[1].source, "a deliberation");
    EXPECT_EQ(bill_of(book_with({annual("120", Proration::twelfth)}), facts_for(period), {period}).lines[1].source, "made up") << "the tariff's";
}

TEST(BillLines, are_rounded_as_their_component_says)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    Component down = component("energy", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.013499"})});
    down.unit_price_decimals = 2; // of the price of a day or month: none of energy
    BillFacts facts = facts_for(june);
    facts.curve = flat_curve(june, 1'000);
    EXPECT_EQ(bill_of(book_with({down}), facts, {june}).total, Cents{1'944}); // 1440 * 0.013499 = 19.43856
    down.rounding = Rounding::down;
    const TariffBook book = book_with({down});
    EXPECT_EQ(BillMaker(book, paris()).make(facts, {june}).value().total, Cents{1'943});
    facts.curve = flat_curve(june, 0);
    EXPECT_TRUE(bill_of(book_with({down}), facts, {june}).lines.empty()) << "nothing was used";
}

TEST(BillLines, of_a_comparison_take_the_price_of_its_day)
{
    const CivilSpan july = span("2025-07-01", "2025-08-01");
    const Bill bill = bill_of(home_book(), home_facts(july, flat_curve(july, 100)), {.span = july, .prices_as_of = day("2025-08-15")});
    EXPECT_EQ(lines_of(bill, "cs_fixed").front()->price, dec("13.49"));
    EXPECT_EQ(lines_of(bill, "cs_fixed").front()->amount, Cents{687}); // 13.49 / 365 = 0.03696, * 186
    EXPECT_EQ(lines_of(bill, "vat_subscription").front()->price, dec("20"));
    BillFacts facts = facts_for(july, {250'000});
    facts.curve = flat_curve(july, 0, Seconds{600});
    facts.curve[3].energy_mj[72] = 260'000LL * 1'000 * 600;
    const TariffBook book = hta_book({row("2025-01-01", {"4", "3", "10", "1"}), row("2025-08-15", {"4", "3", "20", "1"})});
    EXPECT_EQ(amount_of(bill_of(book, facts, {.span = july, .prices_as_of = day("2025-08-20")}), "cmdps"), Cents{800});
}

TEST(BillLines, of_overruns_are_of_their_own_days_classes_and_watts)
{
    const CivilSpan august = span("2025-08-01", "2025-09-01");
    Component over = of_classes(component("over", Section::network, PriceUnit::eur_hour, {row("2025-01-01", {"6"})}), "four_class", {"HPH", "HPB"});
    over.power_factor = dec("0.5");
    BillFacts facts = facts_for(august, {3'001});
    facts.curve = flat_curve(span("2025-07-30", "2025-09-03"), 0, Seconds{600});
    const auto put = [&](const char* at, std::size_t slot, std::int64_t mw) { facts.curve[static_cast<std::size_t>((day(at) - day("2025-07-30")).count())].energy_mj[slot] = mw * 600; };
    put("2025-07-31", 72, 9'000'000), put("2025-09-01", 72, 9'000'000);
    put("2025-08-05", 6, 9'000'000); // at night: of no class of these
    EXPECT_TRUE(bill_of(book_with({over}), facts, {august}).lines.empty());
    put("2025-08-01", 72, 1'500'200), put("2025-08-31", 72, 1'500'200); // above 1500 W, to which the limit is cut
    const Bill bill = bill_of(book_with({over}), facts, {august});
    ASSERT_EQ(bill.lines.size(), 1u);
    EXPECT_EQ(bill.lines.front().quantity, dec("20"));
    EXPECT_EQ(bill.lines.front().amount, Cents{200});
    ASSERT_EQ(bill.lines.front().sources.size(), 1u);
    EXPECT_EQ(bill.sources[bill.lines.front().sources.front()].span, august);
    facts.contracts.front().powers_va = {3'000, 3'000, 3'000};
    EXPECT_EQ(refusal(book_with({over}), facts, {august}).code, errc::bad_contract);
}

TEST(BillLines, of_squares_need_points_of_ten_minutes_and_keep_each_watt)
{
    const CivilSpan august = span("2025-08-01", "2025-09-01");
    BillFacts facts = facts_for(august, {250'000});
    facts.curve = flat_curve(august, 0, Seconds{600});
    facts.curve[0].energy_mj[72] = 250'001'500LL * 600; // 1.5 W more
    const TariffBook book = hta_book({row("2025-01-01", {"4", "3", "10", "1"})});
    const Bill bill = bill_of(book, facts, {august});
    ASSERT_EQ(lines_of(bill, "cmdps").size(), 1u);
    EXPECT_EQ(lines_of(bill, "cmdps").front()->quantity, dec("0.000002"));
    facts.curve = flat_curve(august, 0, Seconds{400});
    EXPECT_EQ(refusal(book, facts, {august}).code, errc::readings_incomplete);
    facts.curve = flat_curve(august, 251'000 / 6, Seconds{600});
    EXPECT_EQ(refusal(hta_book({row("2025-01-01", {"4", "3", "1.00000001", "1"})}), facts, {august}).code, errc::bad_value) << "too many decimals";
    EXPECT_EQ(overrun_amount(dec("1"), power_of_ten(18)).value(), Cents{100'000'000});
    EXPECT_EQ(overrun_amount({1'000'000'001, 0}, 1).error().code, errc::bad_value);
}

TEST(BillLines, of_a_capacity_go_no_further_than_it)
{
    Component capacity = prorated(component("capacity", Section::network, PriceUnit::eur_kwh_day_year, {row("2025-07-01", {"0.3", "0.2", "0.1"})}), Proration::twelfth);
    capacity.steps = {500'000, 800'000};
    Tariff gas = tariff("gas", {capacity});
    gas.energy = "gas";
    GasHome home;
    home.book = book_of({gas});
    home.facts.contracts.front().daily_capacity_kwh = 400'000;
    EXPECT_EQ(texts_of(bill_of(home.book, home.facts, {span("2026-06-01", "2026-07-01")})), Texts{"2026-06-01 400000 kWh/day.month /12 = 10000.00"});
}

TEST(BillLines, of_energy_that_is_only_shown_need_no_readings)
{
    Tariff offer = tariff("one", {annual("365", Proration::days_actual_year)});
    offer.includes = {{"network", true}};
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    const Bill bill = bill_of(book_of({offer, network_tariff()}), facts_for(june), {june});
    EXPECT_EQ(bill.total, Cents{3'000});
    EXPECT_EQ(bill.energy_wh, 0);
    EXPECT_EQ(bill.remarks.size(), 2u);
}

TEST(BillLines, are_of_ten_years_at_most)
{
    const CivilSpan longest{day("2020-01-01"), day("2020-01-01") + Days{bill_days_max}};
    const TariffBook book = book_with({annual("365", Proration::days_365)});
    EXPECT_EQ(bill_of(book, facts_for(longest), {longest}).total, Cents{366'000});
    const CivilSpan more{longest.from, longest.to + Days{1}};
    EXPECT_EQ(refusal(book, facts_for(more), {more}).code, errc::bad_parameter);
}

} // namespace
} // namespace releve::engine
