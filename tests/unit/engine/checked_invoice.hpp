#pragma once
// Invoices as a supplier who makes no mistake would send them, for tests that plant mistakes on them.

#include "bill_facts.hpp"

#include <releve/engine/invoice_bills.hpp>

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace releve::test {

using engine::CheckedSlice;
using engine::CheckSettings;
using engine::Invoice;
using engine::InvoiceCause;
using engine::InvoiceItem;
using engine::InvoiceLine;
using engine::SliceDays;

inline const CivilSpan year{day("2025-01-01"), day("2026-01-01")};
inline const CivilSpan march{day("2025-03-01"), day("2025-04-01")};
inline const std::vector<std::vector<DayWindow>> other_hours{{{23 * 3600, 7 * 3600}}, {{2 * 3600, 7 * 3600}, {13 * 3600 + 1800, 16 * 3600 + 1800}}};

/// A home with peak and off-peak hours at 6 kVA, and its invoices.
struct CheckedInvoice : testing::Test {
    TariffBook book = home_book();
    BillMaker maker{book, paris()};
    BillFacts facts;
    std::optional<engine::FactBills> bills;

    CheckedInvoice()
    {
        Random random{7};
        facts = home_facts(year, random_curve(random, year));
        bills.emplace(maker, book, facts);
    }

    [[nodiscard]] Bill truth(CivilSpan span = march) { return bills->bill(span, {}).value(); }
    [[nodiscard]] Invoice right(CivilSpan span = march)
    {
        return {.supplier = "example", .number = "F1", .date = span.to, .lines = engine::invoice_lines_of(truth(span))};
    }
    [[nodiscard]] CheckedSlice check(const Invoice& invoice, const SliceDays& days = {})
    {
        std::vector<std::size_t> all(invoice.lines.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        CivilSpan span = invoice.lines.front().span;
        for (const InvoiceLine& line : invoice.lines)
            span = {std::min(span.from, line.span.from), std::max(span.to, line.span.to)};
        const CheckedSlice out = engine::check_slice(invoice, all, span, days, *bills, other_hours, {}).value();
        EXPECT_EQ(out.why_not, "");
        Cents sum;
        for (const engine::ExplainedCause& one : out.causes) {
            sum += one.amount;
            EXPECT_NE(one.amount.value, 0);
        }
        EXPECT_EQ(sum, out.difference()) << "causes add up";
        return out;
    }
};

inline InvoiceLine& line_of(Invoice& invoice, std::string_view component)
{
    const auto found = std::ranges::find(invoice.lines, component, &InvoiceLine::component);
    EXPECT_NE(found, invoice.lines.end()) << component;
    return *found;
}

/// Price times quantity, as a supplier works it out.
inline void recompute(InvoiceLine& line)
{
    line.amount = cents_of(ratio_of(*line.quantity) * ratio_of(*line.unit_price)).value();
}

using Causes = std::map<InvoiceCause, std::int64_t>;

inline constexpr std::int64_t rounded = 3; // cents by which the roundings of lines may be told apart from a cause

/// Causes but rounding, with their cents.
inline Causes found(const CheckedSlice& slice)
{
    Causes out;
    for (const engine::ExplainedCause& one : slice.causes)
        if (one.cause != InvoiceCause::rounding)
            out[one.cause] = one.amount.value;
        else
            EXPECT_LE(std::abs(one.amount.value), rounded);
    return out;
}

/// These causes and no other, each within the cents of rounding.
inline testing::AssertionResult found_only(const CheckedSlice& slice, const Causes& expected)
{
    const Causes causes = found(slice);
    auto told = testing::AssertionFailure();
    for (const auto& [cause, cents] : causes)
        told << ' ' << engine::invoice_cause_row(cause).name << '=' << cents;
    if (causes.size() != expected.size())
        return told << ": other causes";
    for (const auto& [cause, cents] : expected)
        if (!causes.contains(cause) || std::abs(causes.at(cause) - cents) > rounded)
            return told << ": expected " << engine::invoice_cause_row(cause).name << '=' << cents;
    return testing::AssertionSuccess();
}

/// cents * dividend / divisor.
inline std::int64_t part_of(Cents cents, std::int64_t dividend, std::int64_t divisor)
{
    return half_up(Wide{cents.value} * dividend, divisor);
}

} // namespace releve::test
