#include <releve/engine/invoice_ledger.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

/// The part of an amount that goes to `some` of the days.
Cents share_of_days(Cents amount, CivilSpan span, std::span<const CivilSpan> some)
{
    std::int64_t days = 0;
    for (const CivilSpan& one : some)
        days += (one.to - one.from).count();
    return cents_of(ratio_of(amount) * Ratio{days, (span.to - span.from).count()}).value();
}

/// What corrects another: it should ask for what it asks for, but for days that are too long ago.
CheckedSlice check_correction(const Invoice& invoice, const LedgerSlice& slice)
{
    CheckedSlice out;
    out.span = slice.span;
    out.invoiced = asked_with_vat(invoice, slice.lines);
    const Cents late = share_of_days(out.invoiced, slice.span, slice.days.too_long_ago);
    out.expected = out.invoiced - late;
    if (late.value != 0)
        out.causes.push_back({.cause = InvoiceCause::beyond_limit, .amount = late, .evidence = {}});
    return out;
}

/// What was wrong with the lines that are taken back.
void take_back(CheckedPart& part, const Invoice& invoice, const LedgerSlice& reversal)
{
    for (std::size_t i = 0; i < part.checks.size(); ++i) {
        const CheckedSlice& check = part.checks[i];
        std::vector<std::size_t> lines, left;
        for (const std::size_t at : part.slices[i].lines)
            (std::ranges::find(reversal.of_lines, at) != reversal.of_lines.end() ? lines : left).push_back(at);
        if (lines.empty() || !check.why_not.empty())
            continue;
        Cents expected = check.expected;
        if (!left.empty() && check.bill) {
            const auto goes = [&](auto by) { return std::ranges::any_of(lines, [&](std::size_t at) { return by(invoice.lines[at].item); }); };
            expected = charged_of(*check.bill, goes(goes_by_time), goes(goes_by_energy));
        }
        part.settled += expected - asked_with_vat(invoice, lines);
    }
}

/// What of the bill nobody asked for.
result<Cents> expected_of(const MissingDays& days, PointBills& bills)
{
    RELEVE_TRY(bill, bills.bill(days.span, {}));
    return charged_of(bill, days.time, days.energy);
}

} // namespace

result<CheckedPoint> check_point(std::span<const Invoice> invoices, const UsagePointId& usage_point, std::span<const CivilSpan> due, PointBills& bills,
                                 std::span<const std::vector<DayWindow>> other_windows, const CheckSettings& settings)
{
    CheckedPoint out;
    PointLedger ledger = make_ledger(invoices, usage_point, due, settings);
    const auto part_of = [&](std::size_t invoice) -> CheckedPart& {
        const auto found = std::ranges::find(out.parts, invoice, &CheckedPart::invoice);
        return found != out.parts.end() ? *found : out.parts.emplace_back(CheckedPart{.invoice = invoice, .slices = {}, .checks = {}, .expected = {}, .invoiced = {}, .settled = {}});
    };
    for (LedgerSlice& slice : ledger.slices) {
        const Invoice& invoice = invoices[slice.invoice];
        CheckedSlice check;
        if (slice.kind != LedgerSlice::Kind::asked && !slice.days.unmatched) {
            check = check_correction(invoice, slice);
            if (slice.kind == LedgerSlice::Kind::adjustment)
                part_of(*slice.of).settled += check.expected;
            else
                take_back(part_of(*slice.of), invoices[*slice.of], slice);
        } else {
            RELEVE_TRY(made, check_slice(invoice, slice.lines, slice.span, slice.days, bills, other_windows, settings));
            check = std::move(made);
        }
        CheckedPart& part = part_of(slice.invoice);
        if (check.why_not.empty()) {
            part.expected += check.expected;
            part.invoiced += check.invoiced;
        } else {
            part.complete = false;
        }
        part.slices.push_back(std::move(slice));
        part.checks.push_back(std::move(check));
    }
    for (const MissingDays& days : ledger.missing) {
        const auto expected = expected_of(days, bills);
        out.missing.push_back({days, expected ? *expected : Cents{}, expected ? "" : to_string(expected.error())});
    }
    return out;
}

} // namespace releve::engine
