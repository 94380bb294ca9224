// Many invoices of one point: what is asked twice, taken back, corrected, too old, or asked by nobody.

#include "checked_invoice.hpp"

#include <releve/engine/invoice_ledger.hpp>

#include <algorithm>

namespace releve::test {

namespace {

using engine::CheckedPoint;
using engine::InvoiceKind;
using engine::LedgerSlice;

struct CheckedPointInvoices : CheckedInvoice {
    static CivilSpan month(int number)
    {
        const auto first = std::chrono::year{2025} / number / 1;
        return {CivilDay{first}, CivilDay{(std::chrono::year{2025} / number + std::chrono::months{1}) / 1}};
    }
    std::vector<Invoice> year_of_invoices()
    {
        std::vector<Invoice> out;
        for (int i = 1; i <= 12; ++i) {
            out.push_back(right(month(i)));
            out.back().number = "F" + std::to_string(100 + i);
        }
        return out;
    }
    [[nodiscard]] CheckedPoint check_all(const std::vector<Invoice>& invoices, CivilSpan due = year)
    {
        const std::vector<CivilSpan> spans{due};
        CheckedPoint out = engine::check_point(invoices, facts.usage_point, spans, *bills, other_hours, {}).value();
        for (const engine::CheckedPart& part : out.parts) {
            EXPECT_TRUE(part.complete);
            Cents causes;
            for (const CheckedSlice& slice : part.checks)
                for (const engine::ExplainedCause& one : slice.causes)
                    causes += one.amount;
            EXPECT_EQ(causes, part.difference());
        }
        return out;
    }
};

const engine::CheckedPart& part_of(const CheckedPoint& point, std::size_t invoice)
{
    const auto found = std::ranges::find(point.parts, invoice, &engine::CheckedPart::invoice);
    EXPECT_NE(found, point.parts.end()) << invoice;
    return *found;
}

/// Gives back all of it.
Invoice credit_of(const Invoice& invoice, CivilDay date)
{
    Invoice out = invoice;
    out.number = "A" + invoice.number;
    out.kind = InvoiceKind::credit_note;
    out.corrects = invoice.number;
    out.date = date;
    for (InvoiceLine& line : out.lines) {
        line.amount = -line.amount;
        if (line.quantity)
            line.quantity->digits = -line.quantity->digits;
    }
    return out;
}

/// An amount that corrects an invoice.
Invoice amount_of(const Invoice& invoice, InvoiceKind kind, Cents amount, CivilDay date)
{
    Invoice out{.supplier = invoice.supplier, .number = "R" + invoice.number, .kind = kind, .date = date, .corrects = invoice.number, .lines = {}};
    InvoiceLine line = invoice.lines.front();
    line.quantity.reset();
    line.unit_price.reset();
    line.amount = amount;
    line.vat_percent = dec("20");
    out.lines = {line};
    return out;
}

} // namespace

TEST_F(CheckedPointInvoices, a_clean_year)
{
    const CheckedPoint point = check_all(year_of_invoices());
    EXPECT_EQ(point.parts.size(), 12U);
    EXPECT_TRUE(point.missing.empty());
    for (const engine::CheckedPart& part : point.parts)
        EXPECT_TRUE(found_only(part.checks[0], {}));
}

TEST_F(CheckedPointInvoices, lines_that_are_cut_where_prices_change_are_one_slice)
{
    // Prices of the network, of the excise and of VAT change on 2025-08-01; the subscription's line goes on.
    const CivilSpan across = test::span("2025-07-20", "2025-08-20");
    const std::vector<Invoice> one{right(across)};
    EXPECT_TRUE(std::ranges::any_of(one[0].lines, [&](const InvoiceLine& line) { return line.span != across; }));
    const CheckedPoint point = check_all(one, across);
    ASSERT_EQ(point.parts.size(), 1U);
    ASSERT_EQ(point.parts[0].checks.size(), 1U);
    EXPECT_EQ(point.parts[0].expected, truth(across).total);
    EXPECT_TRUE(found_only(point.parts[0].checks[0], {}));
    EXPECT_TRUE(point.missing.empty());
    // and taken back whole
    const CheckedPoint credited = check_all({one[0], credit_of(one[0], day("2025-10-01"))}, across);
    EXPECT_EQ(credited.missing.size(), 1U);
    EXPECT_EQ(part_of(credited, 0).open().value, 0);
}

TEST_F(CheckedPointInvoices, a_subscription_in_advance)
{
    Invoice invoice = right(month(3));
    std::erase_if(invoice.lines, [](const InvoiceLine& line) { return line.unit != "kWh"; });
    const Invoice next = right(month(4));
    std::ranges::copy_if(next.lines, std::back_inserter(invoice.lines), [](const InvoiceLine& line) { return line.unit != "kWh"; });
    const CheckedPoint point = check_all({invoice}, test::span("2025-03-01", "2025-05-01"));
    ASSERT_EQ(point.parts.size(), 1U);
    EXPECT_EQ(point.parts[0].checks.size(), 2U);
    for (const CheckedSlice& slice : point.parts[0].checks)
        EXPECT_TRUE(found_only(slice, {}));
    ASSERT_EQ(point.missing.size(), 2U);
    EXPECT_TRUE(point.missing[0].days.time && !point.missing[0].days.energy);
    EXPECT_EQ(point.missing[0].days.span, month(3));
    EXPECT_TRUE(!point.missing[1].days.time && point.missing[1].days.energy);
    EXPECT_EQ(point.missing[1].days.span, month(4));
}

TEST_F(CheckedPointInvoices, an_estimate_that_the_next_invoice_takes_back)
{
    // As suppliers do: the estimate of March is subtracted on April's invoice, which asks for both months as they were.
    Invoice estimate = right(month(3));
    for (InvoiceLine& line : estimate.lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{7, 10}, 0).value();
            line.estimated = true;
            recompute(line);
        }
    Invoice both = right(test::span("2025-03-01", "2025-05-01"));
    both.number = "F2";
    for (InvoiceLine line : estimate.lines) {
        line.amount = -line.amount;
        line.quantity->digits = -line.quantity->digits;
        both.lines.push_back(line);
    }
    const CheckedPoint point = check_all({estimate, both}, test::span("2025-03-01", "2025-05-01"));
    EXPECT_LT(part_of(point, 0).difference().value, 0);
    EXPECT_EQ(part_of(point, 0).open().value, 0);
    EXPECT_LE(std::abs(part_of(point, 1).open().value), 1);
    EXPECT_TRUE(point.missing.empty());
}

TEST_F(CheckedPointInvoices, only_the_estimated_energy_is_taken_back)
{
    // The subscription is asked for in advance: each invoice touches the days of the next.
    const auto invoice_of = [&](int energy_month, CivilSpan energy, const std::string& number) {
        Invoice out = right(energy);
        std::erase_if(out.lines, [](const InvoiceLine& line) { return line.unit != "kWh"; });
        const Invoice advance = right(month(energy_month + 1));
        std::ranges::copy_if(advance.lines, std::back_inserter(out.lines), [](const InvoiceLine& line) { return line.unit != "kWh"; });
        out.number = number;
        out.date = month(energy_month).to;
        return out;
    };
    std::vector<Invoice> invoices{invoice_of(2, month(2), "F0"), invoice_of(3, month(3), "F1"), invoice_of(4, test::span("2025-03-01", "2025-05-01"), "F2")};
    for (InvoiceLine& line : invoices[1].lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{7, 10}, 0).value();
            line.estimated = true;
            recompute(line);
        }
    for (const InvoiceLine& line : std::vector<InvoiceLine>{invoices[1].lines})
        if (line.unit == "kWh") {
            invoices[2].lines.push_back(line);
            invoices[2].lines.back().amount = -line.amount;
        }
    const CheckedPoint point = check_all(invoices, test::span("2025-03-01", "2025-05-01"));
    EXPECT_LT(part_of(point, 1).difference().value, -100);
    for (const engine::CheckedPart& part : point.parts)
        EXPECT_LE(std::abs(part.open().value), 2) << part.invoice;
    EXPECT_TRUE(point.missing.empty());
    // in arrears: the same lines on an invoice with the subscription of the same days
    Invoice estimate = right(month(3));
    for (InvoiceLine& line : estimate.lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{7, 10}, 0).value();
            line.estimated = true;
            recompute(line);
        }
    line_of(estimate, "cg").amount += Cents{100}; // stays wrong
    Invoice both = right(test::span("2025-03-01", "2025-05-01"));
    std::erase_if(both.lines, [](const InvoiceLine& line) { return line.unit != "kWh"; });
    both.number = "F2";
    for (const InvoiceLine& line : estimate.lines)
        if (line.unit == "kWh") {
            both.lines.push_back(line);
            both.lines.back().amount = -line.amount;
        }
    const CheckedPoint arrears = check_all({estimate, both}, month(3));
    EXPECT_LE(std::abs(part_of(arrears, 0).open().value - 106), 2);
    EXPECT_LE(std::abs(part_of(arrears, 1).open().value), 2);
    EXPECT_TRUE(arrears.missing.empty());
}

TEST_F(CheckedPointInvoices, a_missing_month_costs_what_it_should_have_cost)
{
    std::vector<Invoice> invoices = year_of_invoices();
    invoices.erase(invoices.begin() + 4);
    const CheckedPoint point = check_all(invoices);
    ASSERT_EQ(point.missing.size(), 1U);
    EXPECT_EQ(point.missing[0].days.span, month(5));
    EXPECT_TRUE(point.missing[0].days.time && point.missing[0].days.energy);
    EXPECT_EQ(point.missing[0].expected, truth(month(5)).total);
}

TEST_F(CheckedPointInvoices, lines_of_energy_that_are_missing)
{
    std::vector<Invoice> invoices = year_of_invoices();
    std::erase_if(invoices[4].lines, [](const InvoiceLine& line) { return line.unit == "kWh"; });
    const CheckedPoint point = check_all(invoices);
    ASSERT_EQ(point.missing.size(), 1U);
    EXPECT_TRUE(!point.missing[0].days.time && point.missing[0].days.energy);
    EXPECT_EQ(part_of(point, 4).open().value, 0);
    const std::int64_t rest = truth(month(5)).total.value - part_of(point, 4).expected.value;
    EXPECT_EQ(point.missing[0].expected.value, rest);
}

TEST_F(CheckedPointInvoices, the_later_of_two_that_are_the_same_is_the_duplicate)
{
    std::vector<Invoice> invoices = year_of_invoices();
    invoices.push_back(invoices[2]);
    invoices.back().number = "F200";
    const CheckedPoint point = check_all(invoices);
    EXPECT_EQ(part_of(point, 2).open().value, 0);
    const engine::CheckedPart& second = part_of(point, 12);
    ASSERT_EQ(second.checks.size(), 1U);
    EXPECT_TRUE(found_only(second.checks[0], {{InvoiceCause::duplicate, truth(month(3)).total.value}}));
}

TEST_F(CheckedPointInvoices, days_that_two_invoices_ask_for)
{
    std::vector<Invoice> invoices = year_of_invoices();
    const CivilSpan wide = test::span("2025-03-20", "2025-05-01");
    const std::string number = invoices[3].number;
    const CivilDay date = invoices[3].date;
    invoices[3] = right(wide);
    invoices[3].number = number;
    invoices[3].date = date;
    const CheckedPoint point = check_all(invoices);
    const engine::CheckedPart& part = part_of(point, 3);
    EXPECT_EQ(part.expected, truth(month(4)).total);
    EXPECT_TRUE(found_only(part.checks[0], {{InvoiceCause::period, (truth(wide).total - truth(month(4)).total).value}}));
}

TEST_F(CheckedPointInvoices, a_credit_note_closes_exactly_what_it_credits)
{
    std::vector<Invoice> invoices = year_of_invoices();
    InvoiceLine& line = line_of(invoices[2], "energy_hp");
    line.unit_price = dec("0.2");
    recompute(line);
    const Cents wrong = part_of(check_all(invoices), 2).open();
    EXPECT_GT(wrong.value, 0);
    // taken back, and asked for anew
    invoices.push_back(credit_of(invoices[2], day("2025-06-01")));
    Invoice again = right(month(3));
    again.number = "F103B";
    again.date = day("2025-06-02");
    const CheckedPoint without_again = check_all(invoices);
    EXPECT_EQ(part_of(without_again, 2).open().value, 0);
    EXPECT_EQ(part_of(without_again, 12).open().value, 0);
    ASSERT_EQ(without_again.missing.size(), 1U);
    invoices.push_back(again);
    const CheckedPoint point = check_all(invoices);
    EXPECT_TRUE(point.missing.empty());
    for (const engine::CheckedPart& part : point.parts)
        EXPECT_LE(std::abs(part.open().value), 1) << part.invoice; // of VAT, rounded by rate
    // or an amount
    invoices.resize(12);
    const Cents before_vat{half_up(Wide{wrong.value} * 10, 12)};
    invoices.push_back(amount_of(invoices[2], InvoiceKind::credit_note, -before_vat, day("2025-06-01")));
    const CheckedPoint partly = check_all(invoices);
    EXPECT_LE(std::abs(part_of(partly, 2).open().value), 1);
    EXPECT_TRUE(partly.missing.empty());
}

TEST_F(CheckedPointInvoices, what_is_credited_and_asked_anew_on_one_day)
{
    std::vector<Invoice> invoices = year_of_invoices();
    line_of(invoices[2], "energy_hp").amount += Cents{1'000};
    invoices.push_back(credit_of(invoices[2], day("2025-06-01")));
    invoices.push_back(right(month(3)));
    invoices.back().number = "B0";
    for (const std::string_view date : {"2025-05-20", "2025-06-01", "2025-06-02"}) {
        invoices.back().date = day(date);
        const CheckedPoint point = check_all(invoices);
        EXPECT_TRUE(point.missing.empty()) << date;
        for (const engine::CheckedPart& part : point.parts)
            EXPECT_LE(std::abs(part.open().value), 1) << date << ' ' << part.invoice;
    }
}

TEST_F(CheckedPointInvoices, a_duplicate_is_credited_or_the_first)
{
    std::vector<Invoice> invoices = year_of_invoices();
    invoices.push_back(invoices[2]);
    invoices.back().number = "F200";
    for (const std::size_t credited : {std::size_t{2}, std::size_t{12}}) {
        invoices.resize(13);
        invoices.push_back(credit_of(invoices[credited], day("2025-07-01")));
        const CheckedPoint point = check_all(invoices);
        EXPECT_TRUE(point.missing.empty()) << credited;
        for (const engine::CheckedPart& part : point.parts)
            EXPECT_LE(std::abs(part.open().value), 1) << credited << ' ' << part.invoice;
    }
}

TEST_F(CheckedPointInvoices, a_credit_note_of_nothing_known)
{
    std::vector<Invoice> invoices = year_of_invoices();
    invoices.push_back(credit_of(invoices[2], day("2025-06-01")));
    invoices.back().corrects = "F999";
    const CheckedPoint point = check_all(invoices);
    EXPECT_TRUE(found_only(part_of(point, 12).checks[0], {{InvoiceCause::unmatched_credit, -truth(month(3)).total.value}}));
    EXPECT_EQ(part_of(point, 2).open().value, 0);
    invoices.back().corrects.clear(); // the only invoice of its days
    const CheckedPoint guessed = check_all(invoices);
    EXPECT_EQ(guessed.missing.size(), 1U);
    EXPECT_EQ(part_of(guessed, 12).open().value, 0);
    invoices[3] = right(test::span("2025-03-31", "2025-05-01")); // now it might be either
    invoices[3].number = "F104";
    EXPECT_TRUE(found(part_of(check_all(invoices), 12).checks[0]).contains(InvoiceCause::unmatched_credit));
}

TEST_F(CheckedPointInvoices, a_catch_up_makes_good_an_estimate_but_not_beyond_the_limit)
{
    std::vector<Invoice> invoices = year_of_invoices();
    for (InvoiceLine& line : invoices[2].lines)
        if (line.unit == "kWh") {
            line.quantity = round_to(ratio_of(*line.quantity) * Ratio{1, 2}, 0).value();
            line.estimated = true;
            recompute(line);
        }
    const Cents too_little = part_of(check_all(invoices), 2).open();
    EXPECT_LT(too_little.value, 0);
    const Cents before_vat{half_up(-Wide{too_little.value} * 10, 12)};
    invoices.push_back(amount_of(invoices[2], InvoiceKind::catch_up, before_vat, day("2025-12-01")));
    EXPECT_LE(std::abs(part_of(check_all(invoices), 2).open().value), 1);
    invoices.back().date = day("2026-06-01"); // 14 months before: 2025-04-01
    const CheckedPoint late = check_all(invoices);
    EXPECT_EQ(part_of(late, 2).open(), too_little);
    EXPECT_EQ(part_of(late, 12).difference(), engine::asked_with_vat(invoices.back(), std::vector<std::size_t>{0}));
    EXPECT_TRUE(found(part_of(late, 12).checks[0]).contains(InvoiceCause::beyond_limit));
}

TEST_F(CheckedPointInvoices, an_invoice_that_comes_too_late)
{
    std::vector<Invoice> invoices = year_of_invoices();
    invoices[0].date = day("2026-03-16"); // 14 months before: 2025-01-16
    const engine::CheckedPart part = part_of(check_all(invoices), 0);
    EXPECT_EQ(part.expected, truth(test::span("2025-01-16", "2025-02-01")).total);
    EXPECT_TRUE(found_only(part.checks[0], {{InvoiceCause::beyond_limit, (truth(month(1)).total - part.expected).value}}));
}

TEST_F(CheckedPointInvoices, the_order_of_import_does_not_matter)
{
    std::vector<Invoice> invoices = year_of_invoices();
    invoices.push_back(invoices[2]);
    invoices.back().number = "F200";
    invoices.push_back(credit_of(invoices[5], day("2025-09-01")));
    invoices.push_back(amount_of(invoices[7], InvoiceKind::catch_up, Cents{1'234}, day("2025-12-01")));
    invoices[3] = right(test::span("2025-03-20", "2025-05-01"));
    invoices[3].number = "F104";
    const auto told = [&](const std::vector<Invoice>& all) {
        std::map<std::string, std::vector<std::int64_t>> out;
        const CheckedPoint point = check_all(all);
        for (const engine::CheckedPart& part : point.parts) {
            auto& figures = out[all[part.invoice].number];
            figures = {part.expected.value, part.invoiced.value, part.settled.value};
            for (const CheckedSlice& slice : part.checks)
                for (const engine::ExplainedCause& one : slice.causes)
                    figures.insert(figures.end(), {static_cast<std::int64_t>(one.cause), one.amount.value});
        }
        for (const engine::MissingPart& one : point.missing)
            out["missing " + to_iso8601(one.days.span.from)] = {one.expected.value};
        return out;
    };
    const auto expected = told(invoices);
    Random random{3};
    for (int i = 0; i < 5; ++i) {
        for (std::size_t k = invoices.size(); k > 1; --k)
            std::swap(invoices[k - 1], invoices[static_cast<std::size_t>(below(random, k))]);
        for (Invoice& one : invoices)
            std::ranges::reverse(one.lines);
        EXPECT_EQ(told(invoices), expected);
    }
}

} // namespace releve::test
