#pragma once
// A supplier's invoice as values: what was asked for, line by line, as the supplier wrote it. Nothing here is recomputed.
// Amounts are before VAT unless a name says otherwise; days are civil days (of gas: gas days), the last not included.

#include <releve/core/decimal.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>
#include <releve/engine/tariff.hpp>
#include <releve/engine/totals.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve::engine {

enum class InvoiceItem : std::uint8_t {
#define RELEVE_INVOICE_ITEM(name, ...) name,
#include "invoice_items.def"
};
struct InvoiceItemRow {
    InvoiceItem item;
    std::string_view name;
    Words words;
};
[[nodiscard]] std::span<const InvoiceItemRow> invoice_item_rows();
[[nodiscard]] const InvoiceItemRow& invoice_item_row(InvoiceItem item);
[[nodiscard]] std::optional<InvoiceItem> invoice_item_from_name(std::string_view name);
/// What a component's lines are for; nothing for VAT.
[[nodiscard]] std::optional<InvoiceItem> invoice_item_of(Section section, Basis basis);

enum class InvoiceKind : std::uint8_t {
    invoice,
    credit_note, // avoir: gives back, wholly or in part, what another asked for
    catch_up,    // rappel: asks for what another asked too little
};
[[nodiscard]] std::string_view invoice_kind_name(InvoiceKind kind);
[[nodiscard]] std::optional<InvoiceKind> invoice_kind_from_name(std::string_view name);

inline constexpr std::int64_t invoice_number_max = 1'000'000'000; // quantities, prices, powers, coefficients, indexes, either way
inline constexpr Cents invoice_amount_max{100'000'000'000};      // of a line, either way: a billion euros

struct InvoiceLine {
    std::size_t row = 0; // of the file it came in
    UsagePointId usage_point;
    InvoiceItem item{};
    std::string component{};  // of the tariff, where the supplier's line is of one alone: "cg"
    std::string time_class{}; // empty: of all
    CivilSpan span;
    bool estimated = false; // as the supplier says
    std::optional<std::int64_t> index_from{}, index_to{}; // kWh, of gas m3
    std::optional<Decimal> quantity{};
    std::string unit{}; // of the quantity: kWh, kVA, day, month, kVA.day, ... as BillLine::quantity_unit
    std::optional<Decimal> kwh_per_m3{}; // gas
    std::optional<Decimal> power_kva{};  // subscribed power that the line is of
    std::optional<Decimal> unit_price{}; // EUR for one `unit`
    Cents amount;
    std::optional<Decimal> vat_percent{};
    std::string label{}; // the supplier's words
    bool operator==(const InvoiceLine&) const = default;
};

/// errc::bad_value naming the field: beyond the limits above, or days that are none.
[[nodiscard]] result<void> check_limits(const InvoiceLine& line);

struct Invoice {
    std::string supplier, number; // together its name
    InvoiceKind kind = InvoiceKind::invoice;
    CivilDay date{};
    std::optional<CivilDay> due{};
    std::string corrects{}; // number, of the same supplier; empty: not said
    std::optional<Cents> total_with_vat{}; // as printed, of all of its points
    std::vector<InvoiceLine> lines;
};

} // namespace releve::engine
