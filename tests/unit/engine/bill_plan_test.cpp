#include "bill_facts.hpp"

namespace releve::engine {
namespace {

using namespace test;

const CivilSpan june = span("2025-06-01", "2025-07-01");

BillFacts facts_of(const std::string& tariff_id)
{
    BillFacts out = home_facts(june, flat_curve(june, 100));
    out.contracts.front().tariff = tariff_id;
    return out;
}
Component yearly(const std::string& id, const std::string& price, Section section = Section::network)
{
    return component(id, section, PriceUnit::eur_year, {row("2020-01-01", {price})});
}
Component percent_of(const std::string& id, std::vector<std::string> of, Section section = Section::levy)
{
    return share_of(component(id, section, PriceUnit::percent, {row("2020-01-01", {"10"})}), std::move(of), VatGroup::consumption);
}

TEST(BillPlan, refuses_a_tariff_that_is_included_by_two_ways)
{
    Tariff network = network_tariff();
    network.includes = {{"vat"}};
    const TariffBook book = book_of({home_tariff(), network, vat_tariff()});
    const Error twice = refusal(book, facts_of("home"), {june});
    EXPECT_EQ(twice.code, errc::bad_tariff);
    EXPECT_EQ(twice.detail, "tariff home: includes: vat is included twice");
    EXPECT_EQ(check_powers(book, facts_of("home").contracts.front()).error().code, errc::bad_tariff) << "nor is such a contract taken";
    EXPECT_TRUE(check_powers(book, facts_of("network").contracts.front())) << "by one way";
}

TEST(BillPlan, takes_a_tariff_twice_where_each_brings_what_the_other_does_not)
{
    Tariff network = tariff("network", {yearly("single", "365"), yearly("double", "730")});
    network.parameters = {{"fta", words("fta"), {"CU", "MU"}, {}}};
    network.components[0].only_for["fta"] = {"CU"};
    network.components[1].only_for["fta"] = {"MU"};
    Tariff both = tariff("both", {});
    both.includes = {{"network", false, {{"fta", "CU"}}}, {"network", false, {{"fta", "MU"}}}};
    EXPECT_EQ(bill_of(book_of({both, network}), facts_of("both"), {june}).total, Cents{9'000});
    both.includes[1].set["fta"] = "CU";
    EXPECT_EQ(refusal(book_of({both, network}), facts_of("both"), {june}).code, errc::bad_tariff);
}

TEST(BillPlan, refuses_a_share_of_a_name_that_two_tariffs_have)
{
    Tariff network = tariff("network", {yearly("cg", "365"), yearly("cs", "365"), percent_of("cta", {"cg", "cs"})});
    Tariff offer = tariff("offer", {yearly("cg", "730", Section::supply)});
    offer.includes = {{"network"}};
    const Error two = refusal(book_of({offer, network}), facts_of("offer"), {june});
    EXPECT_EQ(two.code, errc::bad_tariff);
    EXPECT_EQ(two.detail, "network/cta: of: cg is a component of offer and of network");
    offer.components.front().id = "fee";
    EXPECT_EQ(amount_of(bill_of(book_of({offer, network}), facts_of("offer"), {june}), "cta"), Cents{600});
    network.components[2].of = {"cg", "fee"};
    EXPECT_EQ(amount_of(bill_of(book_of({offer, network}), facts_of("offer"), {june}), "cta"), Cents{900}) << "two names, of a tariff each";
}

TEST(BillPlan, takes_vat_of_components_of_one_name)
{
    Tariff network = tariff("network", {yearly("fixed", "365")});
    Tariff offer = tariff("offer", {yearly("fixed", "730", Section::supply)});
    offer.includes = {{"network"}, {"vat"}};
    const Bill bill = bill_of(book_of({offer, network, vat_tariff()}), facts_of("offer"), {june});
    EXPECT_EQ(amount_of(bill, "vat_consumption"), Cents{1'800}); // 20 % of 60 and 30
}

TEST(BillPlan, counts_no_vat_in_vat)
{
    Tariff vat = vat_tariff();
    vat.components.push_back(share_of(component("vat_island", Section::vat, PriceUnit::percent, {row("2020-01-01", {"10"})}), {}, VatGroup::consumption));
    Tariff offer = tariff("offer", {yearly("fixed", "1095", Section::supply)});
    offer.includes = {{"vat"}};
    const Bill bill = bill_of(book_of({offer, vat}), facts_of("offer"), {june});
    EXPECT_TRUE(lines_of(bill, "vat_subscription").empty()) << "nothing is under it";
    EXPECT_EQ(amount_of(bill, "vat_consumption"), Cents{1'800});
    EXPECT_EQ(amount_of(bill, "vat_island"), Cents{900});
}

TEST(BillPlan, divides_what_a_levy_is_of_where_only_the_levys_own_vat_changes)
{
    Tariff offer = tariff("offer", {in_group(yearly("fixed", "365"), VatGroup::none), share_of(percent_of("levy", {"fixed"}), {"fixed"}, VatGroup::subscription)});
    offer.includes = {{"vat"}};
    const CivilSpan period = span("2025-07-22", "2025-08-11");
    BillFacts facts = facts_of("offer");
    facts.contracts.front().span = period;
    const Bill bill = bill_of(book_of({offer, vat_tariff()}), facts, {period});
    const auto levies = lines_of(bill, "levy"), vat = lines_of(bill, "vat_subscription");
    ASSERT_EQ(levies.size(), 2u);
    ASSERT_EQ(vat.size(), 2u);
    EXPECT_EQ(vat[0]->amount, Cents{6}); // 5.5 % of 1.00
    EXPECT_EQ(vat[1]->amount, Cents{20});
}

TEST(BillPlan, needs_the_price_of_what_a_charged_levy_is_of_even_where_it_is_contained)
{
    Tariff network = tariff("network", {yearly("cg", "365")}), offer = tariff("offer", {percent_of("levy", {"cg"})});
    offer.includes = {{"network", true}};
    EXPECT_EQ(bill_of(book_of({offer, network}), facts_of("offer"), {june}).total, Cents{300});
    network.components.front().rows.front().to = day("2025-06-20");
    EXPECT_EQ(refusal(book_of({offer, network}), facts_of("offer"), {june}).code, errc::no_tariff_row);
}

TEST(BillPlan, takes_the_rows_of_each_contracts_own_parameters)
{
    Tariff offer = tariff("offer", {component("fixed", Section::supply, PriceUnit::eur_year,
                                              {row("2020-01-01", {"365"}, {}, {{"power_kva", "6"}}), row("2020-01-01", {"730"}, {}, {{"power_kva", "9"}})})});
    offer.parameters = {{"power_kva", words("power_kva"), {}, {}}, {"option", words("option"), {}, "none"}};
    offer.components.push_back(yearly("extra", "365"));
    offer.components.back().only_for["option"] = {"extra"};
    const TariffBook book = book_of({offer});
    BillMaker maker{book, paris()}; // that keeps what contracts share
    const auto total = [&](std::vector<std::int64_t> powers_va, const std::string& option) {
        BillFacts facts = facts_of("offer");
        facts.contracts.front().powers_va = std::move(powers_va);
        facts.contracts.front().parameters["option"] = option;
        const auto bill = maker.make(facts, {june});
        return bill ? bill->total : Cents{-1};
    };
    EXPECT_EQ(total({6'000}, "none"), Cents{3'000});
    EXPECT_EQ(total({9'000}, "none"), Cents{6'000});
    EXPECT_EQ(total({9'000}, "extra"), Cents{9'000});
    EXPECT_EQ(total({6'000, 9'000}, "none"), Cents{6'000}) << "the largest of several";
    EXPECT_EQ(total({6'500}, "none"), Cents{-1}) << "no whole kVA: the contract must say it";
}

TEST(BillPlan, finds_power_prices_in_the_tariff_of_the_overruns)
{
    const std::vector<std::string> classes{"HPH", "HCH", "HPB", "HCB"};
    const auto prices = [&](const std::string& price) { return of_classes(component("cs", Section::supply, PriceUnit::eur_kw_year, {row("2020-01-01", {price, price, price, price})}), "four_class", classes); };
    Component over = of_classes(component("cmdps", Section::network, PriceUnit::of_power_price, {row("2020-01-01", {"0.5"})}), "four_class", classes);
    over.of = {"cs"};
    Tariff offer = tariff("offer", {prices("1000")}, "four_class");
    offer.includes = {{"network"}};
    const auto book = [&] { return book_of({offer, tariff("network", {prices("20"), over})}); };
    BillFacts facts = facts_of("offer");
    facts.contracts.front().powers_va = {250'000};
    facts.curve = flat_curve(june, 0, Seconds{600});
    facts.curve[3].energy_mj[72] = 260'000LL * 1'000 * 600;
    EXPECT_EQ(amount_of(bill_of(book(), facts, {june}), "cmdps"), Cents{10'000}); // 0.5 * 20 * 10 kW
    std::swap(over.classes[0], over.classes[1]);
    const Error other = refusal(book(), facts, {june});
    EXPECT_EQ(other.code, errc::bad_tariff);
    EXPECT_EQ(other.detail, "network/cmdps: of: names no component with power prices of the same classes");
}

TEST(BillPlan, tells_the_off_peak_hours_of_points_apart)
{
    const TariffBook book = home_book();
    BillMaker maker{book, paris()};
    BillFacts at_night = facts_of("home"), at_noon = at_night;
    at_noon.offpeak.front().windows = {{12 * 3'600, 14 * 3'600}};
    const Bill first = maker.make(at_night, {june}).value(), second = maker.make(at_noon, {june}).value();
    EXPECT_EQ(wh_of(first, "energy_hc"), 48'000);
    EXPECT_EQ(wh_of(second, "energy_hc"), 12'000);
    EXPECT_EQ(to_document(maker.make(at_noon, {june}).value()), to_document(second)) << "and again";
    EXPECT_EQ(to_document(maker.make(at_night, {june}).value()), to_document(first));
}

TEST(BillPlan, takes_contracts_that_only_touch_the_period_as_no_part_of_it)
{
    BillFacts facts = facts_of("home");
    facts.contracts = {contract(span("2025-05-01", "2025-06-01"), "home", {3'000}), contract(june, "home"), contract(span("2025-07-01", "2025-08-01"), "home", {9'000})};
    EXPECT_EQ(bill_of(home_book(), facts, {june}).contracts.size(), 1u);
    facts.contracts[1].span.to = day("2025-07-10");
    const Bill cut = bill_of(home_book(), facts, {june});
    ASSERT_EQ(cut.contracts.size(), 1u);
    EXPECT_EQ(cut.contracts.front().span, june);
    EXPECT_EQ(lines_of(cut, "cs_fixed").front()->quantity, dec("180"));
}

TEST(BillPlan, takes_powers_that_go_with_the_tariff)
{
    const TariffBook book = book_of({tariff("one", {of_classes(component("cs", Section::network, PriceUnit::eur_kva_year, {row("2020-01-01", {"2", "1"})}), "hphc", {"HP", "HC"}),
                                                    component("all", Section::network, PriceUnit::eur_kva_year, {row("2020-01-01", {"1"})})})});
    const auto taken = [&](std::vector<std::int64_t> powers_va) { return check_powers(book, contract(june, "one", std::move(powers_va))).has_value(); };
    EXPECT_TRUE(taken({6'000}));
    EXPECT_TRUE(taken({6'000, 6'000}));
    EXPECT_TRUE(taken({1'000'000'000}));
    EXPECT_FALSE(taken({1'000'000'001}));
    EXPECT_FALSE(taken({0}));
    EXPECT_FALSE(taken({6'000, 5'999}));
    EXPECT_FALSE(taken({6'000, 6'000, 6'000})) << "three for two classes";
    BillFacts facts = facts_of("one");
    facts.contracts.front().powers_va = {6'000, 9'000};
    EXPECT_EQ(lines_of(bill_of(book, facts, {june}), "all").front()->quantity, dec("270")) << "of no class: the largest";
}

} // namespace
} // namespace releve::engine
