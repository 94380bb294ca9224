#include "bill_facts.hpp"

namespace releve::engine {
namespace {

using namespace test;

const std::map<std::string, Calendar, std::less<>>& calendars()
{
    static const TariffBook book = book_of({});
    return book.calendars;
}
Component price(std::vector<RateRow> rows) { return component("price", Section::supply, PriceUnit::eur_year, std::move(rows)); }
Tariff with_rows(std::vector<RateRow> rows) { return tariff("one", {price(std::move(rows))}); }

/// What is wrong with the tariff; "" if nothing is.
std::string fault(Tariff one) { return complete(one, calendars()).value_or(""); }
std::string fault(Component one) { return fault(tariff("one", {std::move(one)})); }

std::vector<std::string> ends_of(Tariff one)
{
    EXPECT_EQ(complete(one, calendars()), std::nullopt);
    std::vector<std::string> out;
    for (const RateRow& row : one.components.front().rows)
        out.push_back(row.end ? to_iso8601(*row.end) : "open");
    return out;
}
using Ends = std::vector<std::string>;

TEST(Rows, end_where_they_say_or_where_the_next_begins_or_at_the_next_known_change)
{
    EXPECT_EQ(ends_of(with_rows({row("2024-01-01", {"1"}, "2024-07-01"), row("2024-07-01", {"2"}), row("2025-01-01", {"3"})})), (Ends{"2024-07-01", "2025-01-01", "open"}));
    EXPECT_EQ(ends_of(with_rows({row("2025-01-01", {"3"}), row("2024-01-01", {"1"})})), (Ends{"open", "2025-01-01"})) << "in any order";
    Tariff one = with_rows({row("2024-01-01", {"1"}), row("2025-01-01", {"2"})});
    one.known_changes = {{day("2026-08-01"), "announced"}, {day("2025-08-01"), "announced"}, {day("2025-01-01"), "announced"}};
    EXPECT_EQ(ends_of(one), (Ends{"2025-01-01", "2025-08-01"})) << "the first change after it";
    one.known_changes = {{day("2025-08-01"), "announced", {"another"}}};
    EXPECT_EQ(ends_of(one), (Ends{"2025-01-01", "open"})) << "a change of other components";
    one.known_changes.front().components.push_back("price");
    EXPECT_EQ(ends_of(one), (Ends{"2025-01-01", "2025-08-01"}));
    one.components.front().rows.back().to = day("2025-03-01");
    EXPECT_EQ(ends_of(one), (Ends{"2025-01-01", "2025-03-01"})) << "what the row says comes first";
}

TEST(Rows, of_each_key_are_on_their_own)
{
    Tariff one = with_rows({row("2024-01-01", {"1"}, "2024-07-01", {{"fta", "CU"}}), row("2024-03-01", {"2"}, {}, {{"fta", "LU"}}), row("2024-07-01", {"3"}, {}, {{"fta", "CU"}})});
    EXPECT_EQ(ends_of(one), (Ends{"2024-07-01", "open", "open"}));
}

TEST(Rows, that_overlap_or_leave_a_hole_are_named)
{
    const Parameters cu{{"fta", "CU"}};
    const std::string overlap = fault(with_rows({row("2024-01-01", {"1"}, "2025-01-02", cu), row("2025-01-01", {"2"}, {}, cu)}));
    EXPECT_TRUE(overlap.starts_with("components/price/rows/1 (fta=CU, from 2025-01-01): begins before components/price/rows/0 ")) << overlap;
    const std::string hole = fault(with_rows({row("2024-01-01", {"1"}, "2024-12-31"), row("2025-01-01", {"2"})}));
    EXPECT_TRUE(hole.starts_with("components/price/rows/1 (from 2025-01-01): no price from 2024-12-31")) << hole;
    EXPECT_NE(fault(with_rows({row("2024-01-01", {"1"}), row("2024-01-01", {"2"})})).find("begins before"), std::string::npos) << "two of one day";
    Tariff unknown = with_rows({row("2024-01-01", {"1"}), row("2025-01-01", {"2"})});
    unknown.known_changes = {{day("2024-08-01"), "announced"}};
    EXPECT_NE(fault(unknown).find("no price from 2024-08-01"), std::string::npos) << "a change that no row knows of";
}

TEST(Rows, that_are_not_right_are_named)
{
    EXPECT_EQ(fault(with_rows({row("2024-01-01", {"1"}, "2024-01-01")})), "components/price/rows/0 (from 2024-01-01): ends before it begins");
    EXPECT_NE(fault(with_rows({row("2024-01-01", {"1", "2"})})).find("rows/0 (from 2024-01-01): 1 values"), std::string::npos);
    EXPECT_NE(fault(with_rows({row("2024-01-01", {"1"}), row("2025-01-01", {"9999999999999"})})).find("rows/1"), std::string::npos);
    EXPECT_NE(fault(with_rows({row("2024-01-01", {"-9999999999999"})})).find("out of range"), std::string::npos);
    EXPECT_EQ(fault(with_rows({row("2024-01-01", {"1000000000000"}), row("2025-01-01", {"-1000000000000"})})), "");
    EXPECT_NE(fault(with_rows({row("2024-01-01", {"1"}, {}, {{"fta", "CU"}}), row("2025-01-01", {"2"}, {}, {{"kva", "6"}})})).find("rows/1 (kva=6, from 2025-01-01): has other parameters"),
              std::string::npos);
    EXPECT_NE(fault(with_rows({row("2024-01-01", {"1"}, {}, {{"fta", "CU"}}), row("2025-01-01", {"2"})})).find("rows/1"), std::string::npos);
    EXPECT_EQ(fault(with_rows({})), "components/price: has no rows");
    Component four = of_classes(component("b", Section::network, PriceUnit::eur_kva_year, {row("2024-01-01", {"4", "3", "2", "1"})}), "four_class", {"HPH", "HCH", "HPB", "HCB"});
    EXPECT_EQ(fault(four), "");
    four.rows.front().values.pop_back();
    EXPECT_NE(fault(four).find("4 values"), std::string::npos);
    Component steps = component("c", Section::network, PriceUnit::eur_kwh_day_year, {row("2024-01-01", {"2", "1"})});
    EXPECT_NE(fault(steps).find("1 values"), std::string::npos);
    steps.steps = {500'000};
    EXPECT_EQ(fault(steps), "");
}

TEST(Components, that_are_not_right_are_named)
{
    const auto spoilt = [](const std::function<void(Component&)>& spoil) {
        Component one = price({row("2024-01-01", {"1"})});
        spoil(one);
        return fault(one);
    };
    EXPECT_EQ(spoilt([](Component&) {}), "");
    EXPECT_NE(spoilt([](Component& c) { c.unit = PriceUnit::eur_kwh; }).find("components/price: the unit EUR/kWh is not one of the basis fixed"), std::string::npos);
    EXPECT_NE(spoilt([](Component& c) { c.words.plain_en.clear(); }).find("components/price: words"), std::string::npos);
    EXPECT_NE(spoilt([](Component& c) { c.calendar = "none"; }).find("no calendar is named none"), std::string::npos);
    EXPECT_NE(spoilt([](Component& c) { c.time_class = "HP"; }).find("calendar: must be named"), std::string::npos);
    EXPECT_NE(spoilt([](Component& c) { c = of_class(c, "hphc", "HPH"); }).find("calendar hphc has no class HPH"), std::string::npos);
    EXPECT_NE(spoilt([](Component& c) { c = of_classes(c, "hphc", {"HP", "X"}); }).find("has no class X"), std::string::npos);
    const auto of_unit = [](PriceUnit unit, Section section = Section::network) { return component("price", section, unit, {row("2024-01-01", {"1"})}); };
    EXPECT_NE(fault(of_unit(PriceUnit::percent)).find("of: must name"), std::string::npos);
    EXPECT_NE(fault(of_unit(PriceUnit::eur_hour)).find("calendar"), std::string::npos);
    Component hours = of_unit(PriceUnit::eur_hour);
    hours.calendar = "four_class";
    EXPECT_NE(fault(hours).find("classes: must be named"), std::string::npos);
    EXPECT_NE(fault(of_unit(PriceUnit::of_power_price)).find("of: must name the component of the power prices"), std::string::npos);
    Component two_prices = of_unit(PriceUnit::of_power_price);
    two_prices.of = {"cs", "other"};
    EXPECT_NE(fault(two_prices).find("of: must name the component of the power prices"), std::string::npos);
    two_prices.of = {"cs"};
    EXPECT_NE(fault(two_prices).find("calendar: must be named"), std::string::npos);
    Component no_calendar = component("price", Section::network, PriceUnit::eur_kva_year, {row("2024-01-01", {"2", "1"})});
    no_calendar.classes = {"HP", "HC"};
    EXPECT_NE(fault(no_calendar).find("calendar: must be named"), std::string::npos);
    EXPECT_NE(fault(of_unit(PriceUnit::eur_kwh, Section::vat)).find("VAT must be a share"), std::string::npos);
    Component no_group = of_unit(PriceUnit::percent, Section::vat);
    EXPECT_EQ(fault(no_group), "");
    no_group.vat = VatGroup::none;
    EXPECT_NE(fault(no_group).find("VAT"), std::string::npos);
    EXPECT_NE(fault(tariff("one", {price({row("2024-01-01", {"1"})}), price({row("2024-01-01", {"1"})})})).find("the id stands twice"), std::string::npos);
}

TEST(Tariffs, that_are_not_right_say_so)
{
    const auto spoilt = [](const std::function<void(Tariff&)>& spoil) {
        Tariff one = home_tariff();
        spoil(one);
        return fault(one);
    };
    EXPECT_EQ(spoilt([](Tariff&) {}), "");
    EXPECT_NE(spoilt([](Tariff& t) { t.energy = "water"; }).find("energy"), std::string::npos);
    EXPECT_NE(spoilt([](Tariff& t) { t.words.label_fr.clear(); }).find("label"), std::string::npos);
    EXPECT_NE(spoilt([](Tariff& t) { t.calendar = "none"; }).find("none"), std::string::npos);
}

TEST(Units, have_each_a_name_and_a_basis)
{
    for (const PriceUnitRow& one : price_unit_rows()) {
        EXPECT_EQ(&price_unit_row(one.unit), &one);
        EXPECT_EQ(price_unit_from_name(one.name), one.unit);
        EXPECT_GT(one.euros, 0);
        EXPECT_GT(one.per, 0);
    }
    EXPECT_EQ(price_unit_from_name("EUR"), std::nullopt);
    EXPECT_EQ(basis_name(Basis::share), "share");
    EXPECT_EQ(proration_name(Proration::twelfth), "twelfth");
    EXPECT_EQ(section_name(Section::vat), "vat");
    EXPECT_EQ(vat_group_name(VatGroup::consumption), "consumption");
}

std::vector<std::string> names_of(const std::vector<UsedComponent>& used)
{
    std::vector<std::string> out;
    for (const UsedComponent& one : used)
        out.push_back((one.contained ? "(" : "") + name_of(one) + (one.contained ? ")" : ""));
    return out;
}
using Names = std::vector<std::string>;

TEST(Includes, bring_in_components_in_the_order_of_a_bill)
{
    const TariffBook book = home_book();
    EXPECT_EQ(names_of(components_of(book, "home", {}).value()),
              (Names{"home/subscription", "home/energy_hp", "home/energy_hc", "network/cg", "network/cs_fixed", "network/cs_hp", "network/cs_hc", "home/excise", "network/cta",
                     "vat/vat_subscription", "vat/vat_consumption"}));
    EXPECT_EQ(components_of(book, "nothing", {}).error().code, errc::unknown_tariff);
}

TEST(Includes, in_circles_or_of_nothing_are_refused)
{
    Tariff a = with_rows({row("2024-01-01", {"1"})}), b = a, self = a;
    a.id = "a", b.id = "b", self.id = "self";
    a.includes = {{"b"}}, b.includes = {{"a"}}, self.includes = {{"self"}};
    const TariffBook book = book_of({a, b, self});
    for (const char* id : {"a", "b", "self"}) {
        const auto used = components_of(book, id, {});
        ASSERT_FALSE(used);
        EXPECT_EQ(used.error().code, errc::bad_tariff);
        EXPECT_NE(used.error().detail.find(id), std::string::npos);
    }
    Tariff lost = a;
    lost.includes = {{"gone"}};
    EXPECT_EQ(components_of(book_of({lost}), "a", {}).error().code, errc::unknown_tariff);
}

TEST(Includes, of_contained_tariffs_are_contained_all_the_way)
{
    Tariff outer = with_rows({row("2024-01-01", {"1"})}), middle = outer, inner = outer;
    outer.id = "outer", middle.id = "middle", inner.id = "inner";
    outer.includes = {{"middle", true}}, middle.includes = {{"inner"}};
    const TariffBook book = book_of({outer, middle, inner});
    EXPECT_EQ(names_of(components_of(book, "outer", {}).value()), (Names{"outer/price", "(middle/price)", "(inner/price)"}));
    EXPECT_EQ(names_of(components_of(book, "middle", {}).value()), (Names{"middle/price", "inner/price"}));
}

struct ParameterBook {
    TariffBook book;
    ParameterBook()
    {
        Tariff network = with_rows({row("2024-01-01", {"1"}, {}, {{"fta", "CU"}}), row("2024-01-01", {"2"}, {}, {{"fta", "LU"}})});
        network.id = "network";
        network.parameters = {{"fta", words("fta"), {"CU", "LU", "MU"}, {}}, {"contract", words("contract"), {"single", "card"}, "single"}};
        Component card = price({row("2024-01-01", {"1"})});
        card.id = "card_only";
        card.only_for["contract"] = {"card"};
        network.components.push_back(card);
        Tariff home = with_rows({row("2024-01-01", {"1"})});
        home.id = "home";
        home.includes = {{"network", false, {{"fta", "LU"}}}};
        book = book_of({network, home});
    }
};

TEST(ContractParameters, are_needed_allowed_or_fall_back)
{
    const TariffBook book = ParameterBook{}.book;
    const auto missing = components_of(book, "network", {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::bad_contract);
    EXPECT_NE(missing.error().detail.find("fta"), std::string::npos);
    const auto wrong = components_of(book, "network", {{"fta", "XX"}});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, errc::bad_contract);
    EXPECT_NE(wrong.error().detail.find("XX"), std::string::npos);
    const auto fallback = components_of(book, "network", {{"fta", "CU"}}).value();
    EXPECT_EQ(names_of(fallback), (Names{"network/price (fta=CU)"}));
    EXPECT_EQ(fallback.front().parameters.at("contract"), "single");
    EXPECT_EQ(names_of(components_of(book, "network", {{"fta", "CU"}, {"contract", "card"}}).value()), (Names{"network/price (fta=CU)", "network/card_only"}));
    EXPECT_EQ(names_of(components_of(book, "home", {{"fta", "CU"}}).value()), (Names{"home/price", "network/price (fta=LU)"})) << "what the include fixes comes first";
    EXPECT_EQ(names_of(components_of(book, "home", {{"contract", "card"}}).value()).size(), 3u) << "others are handed on";
    Tariff outer = with_rows({row("2024-01-01", {"1"})}), inner = outer;
    outer.id = "outer", inner.id = "inner";
    outer.parameters = {{"use", words("use"), {}, "household"}};
    inner.parameters = {{"use", words("use"), {"household"}, {}}};
    outer.includes = {{"inner"}};
    EXPECT_EQ(names_of(components_of(book_of({outer, inner}), "outer", {}).value()).size(), 2u) << "and what this one falls back to";
}

TEST(RowOn, finds_the_row_of_a_day_or_names_what_is_missing)
{
    const TariffBook book = ParameterBook{}.book;
    const auto of = [&](const char* fta) { return components_of(book, "network", {{"fta", fta}}).value().front(); };
    EXPECT_EQ(row_on(of("LU"), day("2024-01-01")).value()->values.front(), dec("2"));
    const auto before = row_on(of("CU"), day("2023-12-31"));
    ASSERT_FALSE(before);
    EXPECT_EQ(before.error().code, errc::no_tariff_row);
    EXPECT_EQ(before.error().detail, "network/price (fta=CU): no price for 2023-12-31");
    EXPECT_EQ(row_on(of("MU"), day("2024-01-01")).error().detail, "network/price (fta=MU): no price at all");
    Tariff closed = with_rows({row("2024-01-01", {"1"}, "2024-07-01"), row("2024-07-01", {"2"}, "2025-01-01")});
    const TariffBook other = book_of({closed});
    const UsedComponent used = components_of(other, "one", {}).value().front();
    EXPECT_EQ(row_on(used, day("2024-06-30")).value()->values.front(), dec("1"));
    EXPECT_EQ(row_on(used, day("2024-07-01")).value()->values.front(), dec("2"));
    EXPECT_TRUE(row_on(used, day("2024-12-31")));
    EXPECT_EQ(row_on(used, day("2025-01-01")).error().code, errc::no_tariff_row);
}

} // namespace
} // namespace releve::engine
