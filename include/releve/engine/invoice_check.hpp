#pragma once
// Does an invoice ask for what it should? One usage point's lines of one invoice against the bill of the same days, and the
// causes of the difference in euros: they add up to it, to the cent. Pure; readings and prices come in as bills.
//
// Lines of one usage point whose days touch form a slice. Each bill line goes to the invoice's line that answers to it most closely (item,
// component, time class), so both sides have the same rows. The way from what should have been asked to what was asked is
// walked in this order, each step on top of the one before it, VAT of what changed with it:
//   duplicate               an earlier invoice has the same lines of this point: nothing should have been asked
//   unmatched_credit        a credit note or catch-up that corrects nothing known: likewise
//   beyond_limit            days before the limit (CheckSettings): nothing should have been asked for them
//   period                  days that earlier invoices hold already, and quantities in days or months that are not the days'
//   subscribed_power        the bill under the powers that the lines say
//   meter_exchange          all energy, where several meters counted the slice and the lines are not estimated
//   estimated_index         all energy, where a line says it is estimated, or its index is not the meter's
//   conversion_coefficient  gas: the lines' m3 times their coefficient instead of the published one
//   offpeak_window          the same energy in other classes, where other off-peak hours, or classes exchanged, give just these
//   price                   the lines' own price times quantity; a levy that is missing or too much
//   vat                     the lines' own rates
//   rounding                cents by which lines were rounded; at most `rounding_cents` a line, else unexplained
//   unexplained             the rest
// Which part a step gets of two that both changed (price and kWh, say) follows from the order.

#include <releve/engine/bill.hpp>
#include <releve/engine/invoice.hpp>

namespace releve::engine {

enum class InvoiceCause : std::uint8_t {
#define RELEVE_INVOICE_CAUSE(name, ...) name,
#include "invoice_causes.def"
};
struct InvoiceCauseRow {
    InvoiceCause cause;
    std::string_view name;
    Words words;
};
[[nodiscard]] std::span<const InvoiceCauseRow> invoice_cause_rows();
[[nodiscard]] const InvoiceCauseRow& invoice_cause_row(InvoiceCause cause);

struct CheckSettings {
    std::int64_t rounding_cents = 1; // a line, and one more for each rate of VAT
    std::int64_t energy_kwh = 1;     // a line's kWh may be off by it and still be the meter's
    /// Months before the invoice's date from which on days may be asked for (code de la consommation, L224-11: 14 months).
    int limit_months = 14;
};

/// The bills of one usage point, under its own contract or as if it were another.
class PointBills {
public:
    virtual ~PointBills() = default;
    struct As {
        std::optional<std::vector<std::int64_t>> powers_va{};
        std::optional<std::vector<DayWindow>> offpeak{}; // from the curve alone
    };
    /// As BillMaker::make.
    [[nodiscard]] virtual result<Bill> bill(CivilSpan span, const As& as) = 0;
    /// Classes of several subscribed powers in their order; empty: there is one power.
    [[nodiscard]] virtual std::vector<std::string> power_classes(CivilSpan span) = 0;
    /// How many meters counted the days.
    [[nodiscard]] virtual int meters(CivilSpan span) = 0;
};

/// What should have been asked and what was, of one row of both.
struct CheckedRow {
    InvoiceItem item{};
    std::string component, time_class; // as the invoice divides; empty: all of it
    Cents expected, invoiced;          // before VAT
    std::optional<Decimal> expected_quantity{}, invoiced_quantity{};
    std::string unit; // of both quantities; empty where they have none in common
    std::vector<std::size_t> bill_lines; // places in CheckedSlice::bill
    std::vector<std::size_t> lines;      // places in the invoice
};

struct ExplainedCause {
    InvoiceCause cause{};
    Cents amount{}; // with VAT; never zero
    std::string evidence; // figures only, by name: "powers=9000>12000", for words to be made of
};

struct CheckedSlice {
    CivilSpan span;
    std::optional<Bill> bill{}; // of the span; nothing where none could be made
    std::string why_not{};      // then: what no bill could be made for
    std::vector<CheckedRow> rows{};
    Cents expected, invoiced; // with VAT
    std::vector<ExplainedCause> causes{}; // in the order of rows of invoice_causes.def; sum: invoiced - expected
    [[nodiscard]] Cents difference() const { return invoiced - expected; }
};

/// Whether a line goes by use: energy, the network's energy, levies a kWh.
[[nodiscard]] bool goes_by_energy(InvoiceItem item);
/// Whether a line goes by time: subscription, the network's fixed part and the levy on it.
[[nodiscard]] bool goes_by_time(InvoiceItem item);

/// Days of a slice that nothing should be asked for.
struct SliceDays {
    bool duplicate = false, unmatched = false; // none of them
    std::vector<CivilSpan> taken{};    // by an earlier invoice
    std::vector<CivilSpan> too_long_ago{};
};

/// What the lines ask for with VAT: of each rate, of all lines under it, rounded.
[[nodiscard]] Cents asked_with_vat(const Invoice& invoice, std::span<const std::size_t> lines);
/// What a bill charges with VAT, of lines that go by time and of those that go by energy (and overruns).
[[nodiscard]] Cents charged_of(const Bill& bill, bool time, bool energy);

/// `lines`: of `invoice`, by their places, of one usage point and within the span. Other off-peak hours that may have been taken:
/// `other_windows`. errc::bad_parameter: no lines, or of several points, or beyond the span; errc::bad_value: see
/// check_limits. A bill that cannot be made is no error: see
/// why_not.
[[nodiscard]] result<CheckedSlice> check_slice(const Invoice& invoice, std::span<const std::size_t> lines, CivilSpan span, const SliceDays& days, PointBills& bills,
                                               std::span<const std::vector<DayWindow>> other_windows, const CheckSettings& settings);

} // namespace releve::engine
