// Every kind of mistake, planted on the invoice that a supplier who makes none would send: the cause and its euros come back,
// alone and with others, and nothing is found where nothing is wrong.

#include "checked_invoice.hpp"

namespace releve::test {

TEST_F(CheckedInvoice, a_right_one_has_no_difference)
{
    for (const auto& span : {march, test::span("2025-01-01", "2026-01-01"), test::span("2025-07-20", "2025-08-12"), test::span("2025-10-26", "2025-10-27")}) {
        const CheckedSlice slice = check(right(span));
        EXPECT_EQ(slice.difference().value, 0);
        EXPECT_TRUE(slice.causes.empty());
        EXPECT_EQ(slice.expected, truth(span).total);
        for (const engine::CheckedRow& row : slice.rows)
            EXPECT_EQ(row.expected, row.invoiced);
    }
}

TEST_F(CheckedInvoice, coarser_lines_are_compared_with_the_sum_of_the_finer)
{
    Invoice invoice = right();
    line_of(invoice, "cg").amount += line_of(invoice, "cs_fixed").amount;
    std::erase_if(invoice.lines, [](const InvoiceLine& line) { return line.component == "cs_fixed"; });
    for (InvoiceLine& line : invoice.lines)
        if (line.item == InvoiceItem::network_fixed) {
            line.component.clear();
            line.quantity.reset();
            line.unit_price.reset();
        }
    EXPECT_EQ(check(invoice).difference().value, 0);
}

TEST_F(CheckedInvoice, another_price)
{
    Invoice invoice = right();
    InvoiceLine& line = line_of(invoice, "energy_hp");
    const Cents before = line.amount;
    line.unit_price = dec("0.1300");
    recompute(line);
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::price, part_of(line.amount - before, 120, 100)}}));
}

TEST_F(CheckedInvoice, an_old_rate_of_a_levy)
{
    Invoice invoice = right();
    InvoiceLine& line = line_of(invoice, "excise");
    const Cents before = line.amount;
    line.unit_price = dec("0.021");
    recompute(line);
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::price, part_of(line.amount - before, 120, 100)}}));
}

TEST_F(CheckedInvoice, another_rate_of_vat)
{
    Invoice invoice = right();
    Cents base;
    for (InvoiceLine& line : invoice.lines)
        if (line.vat_percent == dec("5.5")) {
            line.vat_percent = dec("20");
            base += line.amount;
        }
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::vat, part_of(base, 145, 1'000)}}));
}

TEST_F(CheckedInvoice, another_subscribed_power)
{
    const auto nine = bills->bill(march, {.powers_va = std::vector<std::int64_t>{9'000}}).value();
    Invoice invoice = right();
    invoice.lines = engine::invoice_lines_of(nine);
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::subscribed_power, (nine.total - truth().total).value}}));
    EXPECT_EQ(slice.causes.front().evidence, "powers_va=6000>9000");
}

TEST_F(CheckedInvoice, other_off_peak_hours)
{
    const auto other = bills->bill(march, {.offpeak = other_hours[1]}).value();
    Invoice invoice = right();
    invoice.lines = engine::invoice_lines_of(other);
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::offpeak_window, (other.total - truth().total).value}}));
    EXPECT_EQ(slice.causes.front().evidence, "offpeak=" + engine::to_offpeak_text(other_hours[1]));
}

TEST_F(CheckedInvoice, exchanged_classes)
{
    Invoice invoice = right();
    for (const auto& [a, b] : {std::pair{"energy_hp", "energy_hc"}, std::pair{"cs_hp", "cs_hc"}}) {
        std::swap(line_of(invoice, a).quantity, line_of(invoice, b).quantity);
        recompute(line_of(invoice, a));
        recompute(line_of(invoice, b));
    }
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::offpeak_window, slice.difference().value}}));
}

TEST_F(CheckedInvoice, an_estimate)
{
    Invoice invoice = right();
    for (InvoiceLine& line : invoice.lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{13, 10}, 0).value();
            line.estimated = true;
            recompute(line);
        }
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::estimated_index, slice.difference().value}}));
}

TEST_F(CheckedInvoice, whole_kwh_are_rounding)
{
    Invoice invoice = right();
    for (InvoiceLine& line : invoice.lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity), 0, Rounding::down).value();
            recompute(line);
        }
    const CheckedSlice slice = check(invoice);
    EXPECT_LT(slice.difference().value, -3) << "more than what amounts are rounded by";
    ASSERT_EQ(slice.causes.size(), 1U);
    EXPECT_EQ(slice.causes[0].cause, InvoiceCause::rounding);
}

TEST_F(CheckedInvoice, an_estimate_where_nothing_was_used)
{
    for (engine::CurveDay& one : facts.curve)
        std::ranges::fill(one.energy_mj, 0);
    Invoice invoice = right();
    for (const auto& [component, time_class] : {std::pair{"energy_hp", "HP"}, std::pair{"energy_hc", "HC"}})
        invoice.lines.push_back({.usage_point = facts.usage_point, .item = InvoiceItem::energy, .component = component, .time_class = time_class, .span = march,
                                 .estimated = true, .quantity = dec("150"), .unit = "kWh", .unit_price = dec("0.1"), .amount = {1'500}, .vat_percent = dec("20")});
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::estimated_index, 3'600}}));
}

TEST_F(CheckedInvoice, energy_that_nothing_explains_stays_unexplained)
{
    Invoice invoice = right();
    for (InvoiceLine& line : invoice.lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{13, 10}, 0).value();
            recompute(line);
        }
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::unexplained, slice.difference().value}}));
}

TEST_F(CheckedInvoice, a_line_that_is_not_its_own_product_is_unexplained)
{
    Invoice invoice = right();
    line_of(invoice, "energy_hp").amount += Cents{1'000};
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::unexplained, 1'200}}));
}

TEST_F(CheckedInvoice, something_that_the_contract_does_not_know)
{
    Invoice invoice = right();
    invoice.lines.push_back({.usage_point = facts.usage_point, .item = InvoiceItem::other, .span = march, .amount = Cents{500}, .vat_percent = dec("20"), .label = "Assistance"});
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::unexplained, 600}}));
}

TEST_F(CheckedInvoice, a_missing_line)
{
    Invoice invoice = right();
    const Cents excise = line_of(invoice, "excise").amount;
    std::erase_if(invoice.lines, [](const InvoiceLine& line) { return line.component == "excise"; });
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::price, -part_of(excise, 120, 100)}}));
}

TEST_F(CheckedInvoice, days_that_another_invoice_holds)
{
    const CivilSpan taken = test::span("2025-03-01", "2025-03-08"), rest = test::span("2025-03-08", "2025-04-01");
    const CheckedSlice slice = check(right(), {.taken = {taken}});
    EXPECT_EQ(slice.expected, truth(rest).total);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::period, (truth().total - truth(rest).total).value}}));
    const CheckedSlice old = check(right(), {.too_long_ago = {taken}});
    EXPECT_TRUE(found_only(old, {{InvoiceCause::beyond_limit, (truth().total - truth(rest).total).value}}));
    const CheckedSlice all = check(right(), {.taken = {march}});
    EXPECT_EQ(all.expected.value, 0);
    EXPECT_TRUE(found_only(all, {{InvoiceCause::period, truth().total.value}}));
}

TEST_F(CheckedInvoice, too_many_days_of_subscription)
{
    Invoice invoice = right();
    InvoiceLine& line = line_of(invoice, "cg");
    const Cents before = line.amount;
    ASSERT_EQ(line.unit, "day");
    line.quantity = dec("41");
    recompute(line);
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::period, part_of(line.amount - before, 1'055, 1'000)}}));
}

TEST_F(CheckedInvoice, twice)
{
    const CheckedSlice slice = check(right(), {.duplicate = true});
    EXPECT_EQ(slice.expected.value, 0);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::duplicate, truth().total.value}}));
    EXPECT_TRUE(found_only(check(right(), {.unmatched = true}), {{InvoiceCause::unmatched_credit, truth().total.value}}));
}

TEST_F(CheckedInvoice, several_at_once)
{
    const auto nine = bills->bill(march, {.powers_va = std::vector<std::int64_t>{9'000}, .offpeak = other_hours[0]}).value();
    Invoice invoice = right();
    invoice.lines = engine::invoice_lines_of(nine);
    for (InvoiceLine& line : invoice.lines) {
        if (line.vat_percent == dec("5.5"))
            line.vat_percent = dec("20");
        if (line.component == "energy_hc") {
            line.unit_price = dec("0.1100");
            recompute(line);
        }
    }
    const CheckedSlice slice = check(invoice);
    const auto powered = bills->bill(march, {.powers_va = std::vector<std::int64_t>{9'000}}).value();
    const auto hours = bills->bill(march, {.offpeak = other_hours[0]}).value();
    Cents subscriptions;
    for (const InvoiceLine& line : invoice.lines)
        if (line.unit != "kWh")
            subscriptions += line.amount;
    const std::int64_t price = half_up(Wide{line_of(invoice, "energy_hc").quantity->digits} * 113 * 120, power_of_ten(line_of(invoice, "energy_hc").quantity->scale + 4));
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::subscribed_power, (powered.total - truth().total).value},
                                   {InvoiceCause::offpeak_window, (hours.total - truth().total).value},
                                   {InvoiceCause::price, price},
                                   {InvoiceCause::vat, part_of(subscriptions, 145, 1'000)}}));
}

TEST_F(CheckedInvoice, what_no_bill_can_be_made_for_is_said)
{
    Invoice invoice = right();
    for (InvoiceLine& line : invoice.lines)
        line.span = {year.to, year.to + Days{10}};
    std::vector<std::size_t> all(invoice.lines.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const CivilSpan beyond{year.to, year.to + Days{10}};
    const CheckedSlice slice = engine::check_slice(invoice, all, beyond, {}, *bills, other_hours, {}).value();
    EXPECT_NE(slice.why_not.find("2026-01-01"), std::string::npos) << slice.why_not;
    EXPECT_TRUE(slice.causes.empty());
    EXPECT_EQ(slice.rows.size(), invoice.lines.size());
    invoice.lines.front().span = march;
    EXPECT_EQ(engine::check_slice(invoice, all, beyond, {}, *bills, other_hours, {}).error().code, errc::bad_parameter);
    EXPECT_EQ(engine::check_slice(invoice, {}, beyond, {}, *bills, other_hours, {}).error().code, errc::bad_parameter);
}

TEST_F(CheckedInvoice, absurd_numbers_are_refused_by_name)
{
    const std::size_t one[] = {0};
    const std::pair<std::string, std::function<void(InvoiceLine&)>> cases[] = {
        {"quantity", [](InvoiceLine& line) { line.quantity = dec("1000000001"); }},
        {"unit_price", [](InvoiceLine& line) { line.unit_price = dec("-1000000000.1"); }},
        {"power_kva", [](InvoiceLine& line) { line.power_kva = dec("99999999999"); }},
        {"kwh_per_m3", [](InvoiceLine& line) { line.kwh_per_m3 = dec("99999999999"); }},
        {"vat_percent", [](InvoiceLine& line) { line.vat_percent = dec("100.01"); }},
        {"index_from", [](InvoiceLine& line) { line.index_from = -1; }},
        {"index_to", [](InvoiceLine& line) { line.index_to = 1'000'000'001; }},
        {"amount", [](InvoiceLine& line) { line.amount = {-100'000'000'001}; }},
        {"to", [](InvoiceLine& line) { line.span.to = line.span.from; }}};
    for (const auto& [field, plant] : cases) {
        Invoice invoice = right();
        plant(invoice.lines[0]);
        const auto slice = engine::check_slice(invoice, one, march, {}, *bills, other_hours, {});
        ASSERT_FALSE(slice) << field;
        EXPECT_EQ(slice.error().code, errc::bad_value);
        EXPECT_TRUE(slice.error().detail.starts_with(field + ": ")) << slice.error().detail;
    }
    // The largest that is taken, of all at once, still adds up.
    Invoice invoice = right();
    for (InvoiceLine& line : invoice.lines) {
        line.quantity = dec("-999999999.999999999");
        line.unit_price = dec("999999999.999999999");
        line.vat_percent = dec("100");
        line.amount = engine::invoice_amount_max;
    }
    (void)check(invoice);
}

TEST_F(CheckedInvoice, a_meter_exchange_that_was_missed)
{
    // The old meter counted until the 11th, the new one from then on; the invoice is of what the new one counted.
    for (engine::CurveDay& one : facts.curve)
        if (one.day >= day("2025-03-11"))
            one.meter = {2};
    const Bill of_new = truth(test::span("2025-03-11", "2025-04-01"));
    Invoice invoice = right();
    for (InvoiceLine& line : invoice.lines)
        if (line.unit == "kWh")
            for (const BillLine& counted : of_new.lines)
                if (counted.component == line.component) {
                    line.quantity = counted.quantity;
                    recompute(line);
                }
    const CheckedSlice slice = check(invoice);
    const Causes causes = found(slice);
    EXPECT_TRUE(causes.contains(InvoiceCause::meter_exchange));
    EXPECT_LT(causes.at(InvoiceCause::meter_exchange), -1'000);
}

/// Above 36 kVA: four powers, hours exceeded.
struct CheckedLargeInvoice : CheckedInvoice {
    CheckedLargeInvoice()
    {
        const std::vector<std::string> classes{"HPH", "HCH", "HPB", "HCB"};
        Component overruns = of_classes(component("cmdps", Section::network, PriceUnit::eur_hour, {row("2020-01-01", {"12.41"})}), "four_class", classes);
        overruns.power_factor = dec("0.93");
        Tariff large = tariff("large",
                              {in_group(prorated(of_classes(component("cs_power", Section::network, PriceUnit::eur_kva_year,
                                                                      {row("2020-01-01", {"17.61", "15.96", "14.56", "11.98"})}),
                                                            "four_class", classes),
                                                 Proration::days_actual_year, 5),
                                        VatGroup::subscription),
                               of_class(component("c_hph", Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"6.91"})}), "four_class", "HPH"),
                               of_class(component("c_hch", Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"4.21"})}), "four_class", "HCH"),
                               of_class(component("c_hpb", Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"2.13"})}), "four_class", "HPB"),
                               of_class(component("c_hcb", Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"1.52"})}), "four_class", "HCB"), overruns},
                              "four_class");
        large.includes = {{"vat"}};
        book = book_of({large, vat_tariff()});
        facts.contracts = {contract(year, "large", {40'000, 40'000, 40'000, 60'000})};
        Random random{5};
        facts.curve = random_curve(random, year, 20'500 * mj_per_wh);
    }
};

TEST_F(CheckedLargeInvoice, a_right_one_with_overruns)
{
    const CivilSpan spring = test::span("2025-03-15", "2025-04-15");
    const Bill bill = truth(spring);
    EXPECT_TRUE(std::ranges::any_of(bill.lines, [](const BillLine& line) { return line.component == "cmdps"; }));
    EXPECT_EQ(check(right(spring)).difference().value, 0);
}

TEST_F(CheckedLargeInvoice, one_class_of_another_power)
{
    const auto other = bills->bill(march, {.powers_va = std::vector<std::int64_t>{40'000, 40'000, 40'000, 72'000}}).value();
    Invoice invoice = right();
    invoice.lines = engine::invoice_lines_of(other);
    for (InvoiceLine& line : invoice.lines)
        if (line.component == "cs_power")
            line.power_kva = line.time_class == "HCB" ? dec("72") : dec("40");
    const CheckedSlice slice = check(invoice);
    EXPECT_TRUE(found_only(slice, {{InvoiceCause::subscribed_power, (other.total - truth().total).value}}));
    EXPECT_EQ(slice.causes.front().evidence, "powers_va=40000>40000;40000>40000;40000>40000;60000>72000");
}

TEST_F(CheckedLargeInvoice, the_power_of_no_class_says_nothing_beside_those_of_classes)
{
    for (const bool first : {false, true}) {
        Invoice invoice = right();
        const std::vector<std::string> powers{"40", "40", "40", "60"};
        const std::vector<std::string> classes{"HPH", "HCH", "HPB", "HCB"};
        for (InvoiceLine& line : invoice.lines)
            if (line.component == "cs_power")
                line.power_kva = dec(powers.at(static_cast<std::size_t>(std::ranges::find(classes, line.time_class) - classes.begin())));
        const InvoiceLine subscription{.usage_point = facts.usage_point, .item = InvoiceItem::subscription, .span = march, .power_kva = dec("60"), .amount = {}, .vat_percent = dec("5.5")};
        invoice.lines.insert(first ? invoice.lines.begin() : invoice.lines.end(), subscription);
        EXPECT_TRUE(found_only(check(invoice), {}));
    }
}

TEST_F(CheckedLargeInvoice, the_power_of_no_class_is_that_of_all)
{
    const auto other = bills->bill(march, {.powers_va = std::vector<std::int64_t>(4, 60'000)}).value();
    Invoice invoice = right();
    invoice.lines = engine::invoice_lines_of(other);
    for (InvoiceLine& line : invoice.lines)
        if (line.component == "cs_power") {
            line.power_kva = dec("60");
            line.time_class.clear();
        }
    EXPECT_TRUE(found_only(check(invoice), {{InvoiceCause::subscribed_power, (other.total - truth().total).value}}));
}

TEST_F(CheckedInvoice, whatever_is_asked_the_causes_add_up)
{
    Random random{99};
    for (int i = 0; i < 300; ++i) {
        const CivilDay from = year.from + Days{below(random, 300)};
        const CivilSpan span{from, from + Days{1 + below(random, 60)}};
        Invoice invoice = right(span);
        for (InvoiceLine& line : invoice.lines) {
            const auto scaled = [&](const Decimal& number) { return round_to(ratio_of(number) * Ratio{static_cast<Wide>(below(random, 300)), 100}, 6).value(); };
            if (below(random, 4) == 0)
                line.quantity = scaled(*line.quantity);
            if (below(random, 4) == 0)
                line.unit_price = scaled(*line.unit_price);
            if (below(random, 6) == 0)
                line.unit_price.reset();
            if (below(random, 6) == 0)
                line.vat_percent = dec("10");
            if (below(random, 6) == 0)
                line.vat_percent.reset();
            if (below(random, 3) == 0)
                line.amount = {static_cast<std::int64_t>(below(random, 200'000)) - 50'000};
            if (below(random, 8) == 0)
                line.component.clear();
            if (below(random, 8) == 0)
                line.time_class.clear();
            line.estimated = below(random, 10) == 0;
        }
        (void)check(invoice);
    }
}

} // namespace releve::test
