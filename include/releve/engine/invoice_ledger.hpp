#pragma once
// All invoices of one usage point in one order: which lines ask for days, which take back or correct what another asked for,
// which days are asked for twice, and which by nobody. Pure; the order in which invoices are handed in does not matter.

#include <releve/engine/invoice_check.hpp>
#include <releve/engine/spans.hpp>

namespace releve::engine {

/// Lines of one invoice whose days touch. What goes by time and what goes by energy are apart where their days are not the same.
struct LedgerSlice {
    enum class Kind : std::uint8_t {
        asked,      // asks for days
        reversal,   // takes back lines of `of`, one by one: their days are free again
        adjustment, // corrects `of` by an amount
    };
    std::size_t invoice = 0; // place in what was handed in
    std::vector<std::size_t> lines;
    CivilSpan span;
    Kind kind = Kind::asked;
    std::optional<std::size_t> of{};       // the invoice that is taken back or corrected
    std::vector<std::size_t> of_lines{};   // reversal: that invoice's lines, one for each
    SliceDays days{};
};

/// Days that no invoice asks for.
struct MissingDays {
    CivilSpan span;
    bool time = false, energy = false; // what of them
};

struct PointLedger {
    std::vector<LedgerSlice> slices; // by the invoices' date, kind and name, then by span
    std::vector<MissingDays> missing; // by time
};

// Points of one invoice, and what became of it.

struct CheckedPart {
    std::size_t invoice = 0; // place in what was handed in
    std::vector<LedgerSlice> slices;
    std::vector<CheckedSlice> checks; // of each; of what corrects another: only `invoiced`, `expected` equal to it unless `causes` say otherwise
    Cents expected, invoiced;         // with VAT
    Cents settled;                    // by what corrects it: less than nothing was given back
    bool complete = true;             // false: of some slice no bill could be made; it counts on neither side
    [[nodiscard]] Cents difference() const { return invoiced - expected; }
    /// What is still asked for wrongly, or, negative, not asked for.
    [[nodiscard]] Cents open() const { return difference() + settled; }
};
struct MissingPart {
    MissingDays days;
    Cents expected;      // with VAT
    std::string why_not; // no bill could be made
};
struct CheckedPoint {
    std::vector<CheckedPart> parts; // in the ledger's order
    std::vector<MissingPart> missing;
};
/// All of a usage point's invoices against its bills. See make_ledger and check_slice.
[[nodiscard]] result<CheckedPoint> check_point(std::span<const Invoice> invoices, const UsagePointId& usage_point, std::span<const CivilSpan> due, PointBills& bills,
                                               std::span<const std::vector<DayWindow>> other_windows, const CheckSettings& settings);

/// `due`: days that invoices should be there for by now. Earlier is what has an earlier date; on one date first invoices, then
/// catch-ups, then credit notes, each by supplier and number; what names the invoice that it corrects comes right after it.
///
/// A credit note or catch-up corrects the invoice that it names; if it names none, the only earlier invoice with lines of its items in its span.
/// It is a reversal if its lines are the opposites of all that invoice's lines of these items in the span (item, component, class, days,
/// amount).
/// Likewise lines of less than nothing on an invoice, unless no other is there that they could correct. An invoice whose lines of a
/// span are all those of an earlier one, which still stands, is its duplicate.
[[nodiscard]] PointLedger make_ledger(std::span<const Invoice> invoices, const UsagePointId& usage_point, std::span<const CivilSpan> due, const CheckSettings& settings);

} // namespace releve::engine
