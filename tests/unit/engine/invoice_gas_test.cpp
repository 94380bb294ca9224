// Invoices of gas: the published m3, their coefficient, and kWh.

#include "checked_invoice.hpp"

namespace releve::test {

namespace {

struct CheckedGasInvoice : CheckedInvoice {
    CheckedGasInvoice()
    {
        Tariff gas = tariff("gas", {in_group(prorated(component("subscription", Section::supply, PriceUnit::eur_month, {row("2020-01-01", {"20.00"})}), Proration::twelfth),
                                             VatGroup::subscription),
                                    component("energy", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.0610"})}),
                                    component("excise", Section::levy, PriceUnit::eur_mwh, {row("2020-01-01", {"15.43"})})});
        Tariff vat = vat_tariff();
        gas.energy = vat.energy = "gas";
        gas.includes = {{"vat"}};
        book = book_of({gas, vat});
        facts = {};
        facts.usage_point = {"GI123456"};
        facts.energy = "gas";
        facts.contracts = {contract(year, "gas", {})};
        facts.published_gas = {{.span = march, .index_from_m3 = 12'000, .index_to_m3 = 12'300, .kwh_per_m3_e5 = 1'129'000, .energy_kwh = 3'387}};
    }
    /// With the indexes and coefficient that suppliers print.
    [[nodiscard]] Invoice printed()
    {
        Invoice out = right();
        for (InvoiceLine& line : out.lines)
            if (line.unit == "kWh") {
                line.index_from = 12'000;
                line.index_to = 12'300;
                line.kwh_per_m3 = dec("11.29");
            }
        return out;
    }
};

void ask_for(Invoice& invoice, std::int64_t kwh)
{
    for (InvoiceLine& line : invoice.lines)
        if (line.unit == "kWh") {
            line.quantity = Decimal{kwh, 0};
            recompute(line);
        }
}

} // namespace

TEST_F(CheckedGasInvoice, a_right_one)
{
    EXPECT_EQ(check(printed()).difference().value, 0);
}

TEST_F(CheckedGasInvoice, another_coefficient)
{
    Invoice invoice = printed();
    ask_for(invoice, 3'600); // 300 m3 at 12.00
    for (InvoiceLine& line : invoice.lines)
        if (line.kwh_per_m3)
            line.kwh_per_m3 = dec("12.00");
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::conversion_coefficient, slice.difference().value}}));
}

TEST_F(CheckedGasInvoice, an_estimated_index_and_another_coefficient)
{
    Invoice invoice = printed();
    ask_for(invoice, 4'800); // 400 m3 at 12.00
    for (InvoiceLine& line : invoice.lines)
        if (line.kwh_per_m3) {
            line.kwh_per_m3 = dec("12.00");
            line.index_to = 12'400;
            line.estimated = true;
        }
    // 100 m3 more at the right coefficient are 1,129 kWh; the rest of 1,413 is the coefficient's. A kWh costs 0.07643 with 20 % VAT.
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::estimated_index, half_up(Wide{1'129} * 7'643 * 12, 10'000)},
                                            {InvoiceCause::conversion_coefficient, half_up(Wide{284} * 7'643 * 12, 10'000)}}));
}

TEST_F(CheckedGasInvoice, levies_that_change_within_a_published_period)
{
    // The excise has two lines, each of which rests on all of the published period.
    Tariff changed = book.tariffs.find("gas")->second;
    for (Component& one : changed.components)
        if (one.id == "excise")
            one.rows = {row("2020-01-01", {"15.43"}), row("2025-03-11", {"16.39"})};
    book = book_of({changed, book.tariffs.find("vat")->second});
    Invoice invoice = printed();
    EXPECT_EQ(check(invoice).difference().value, 0);
    for (InvoiceLine& line : invoice.lines)
        if (line.unit == "kWh") {
            line.kwh_per_m3 = dec("12.00");
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{1'200, 1'129}, 0).value();
            recompute(line);
        }
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::conversion_coefficient, slice.difference().value}}));
}

TEST_F(CheckedGasInvoice, the_right_coefficient_is_not_blamed)
{
    Invoice invoice = printed();
    ask_for(invoice, 4'000); // whatever the 300 m3 say
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::unexplained, slice.difference().value}}));
}

TEST_F(CheckedGasInvoice, an_index_that_is_not_the_published_one)
{
    Invoice invoice = printed();
    ask_for(invoice, 4'516); // 400 m3 at 11.29
    for (InvoiceLine& line : invoice.lines)
        if (line.kwh_per_m3)
            line.index_to = 12'400;
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::estimated_index, slice.difference().value}}));
}

} // namespace releve::test
