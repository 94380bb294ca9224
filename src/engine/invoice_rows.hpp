#pragma once
// What the sources of check_slice share: both sides, a bill and an invoice's lines, divided into the same rows. In fine money.

#include "bill_costs.hpp"

#include <releve/engine/invoice_check.hpp>

#include <map>

namespace releve::engine {

struct RowKey {
    InvoiceItem item{};
    std::string component, time_class;
    auto operator<=>(const RowKey&) const = default;
};

/// Of one bill, in one row.
struct RowCost {
    Wide net = 0, vat = 0; // exact
    Wide wh = 0;
    std::vector<std::size_t> lines;
};
using RowCosts = std::map<RowKey, RowCost>;

[[nodiscard]] bool is_levy(InvoiceItem item);
[[nodiscard]] Wide share_of(Wide amount, const Decimal& percent);

/// The invoice's lines, as they divide a bill.
struct Asked {
    const Invoice* invoice = nullptr;
    std::map<RowKey, std::vector<std::size_t>> rows;
    bool time = false, energy = false, overruns = false; // which families of items there are

    Asked(bool of_time, bool of_energy) : time(of_time), energy(of_energy) {}
    Asked(const Invoice& of, std::span<const std::size_t> lines) : invoice(&of)
    {
        for (const std::size_t at : lines) {
            const InvoiceLine& line = of.lines[at];
            rows[{line.item, line.component, line.time_class}].push_back(at);
            time = time || goes_by_time(line.item);
            energy = energy || goes_by_energy(line.item);
            overruns = overruns || line.item == InvoiceItem::overruns;
        }
    }
    [[nodiscard]] bool asks_for(InvoiceItem item) const
    {
        if (goes_by_energy(item))
            return energy;
        if (item == InvoiceItem::overruns)
            return overruns || energy;
        return goes_by_time(item) && time;
    }
    /// The closest row; one of its own where there is none.
    [[nodiscard]] RowKey key_of(InvoiceItem item, const BillLine& line) const
    {
        for (const RowKey& key : {RowKey{item, line.component, line.time_class}, RowKey{item, line.component, {}}, RowKey{item, {}, line.time_class}})
            if (rows.contains(key))
                return key;
        return {item, {}, {}};
    }
};

/// A bill in the rows of the invoice, and what it sums to in cents.
struct DividedBill {
    RowCosts rows;
    Wide cents = 0; // with VAT
};
[[nodiscard]] DividedBill divide(const Bill& bill, const Asked& asked);

/// Both sides of each row; null: there is no bill.
[[nodiscard]] std::vector<CheckedRow> checked_rows(const Asked& asked, const Bill* bill, const DividedBill& divided);

/// Amounts by rate of VAT.
[[nodiscard]] std::map<Decimal, Cents> bases_by_rate(const Invoice& invoice, std::span<const std::size_t> lines);

struct AskedRow {
    Wide net = 0;  // as printed
    Wide by_price = 0; // price times quantity where both are printed, else as printed
    Wide wh = 0;
    bool has_energy = true, has_prices = true, estimated = false;
    int lines = 0;
};
[[nodiscard]] AskedRow read_row(const Asked& asked, const std::vector<std::size_t>& lines);

} // namespace releve::engine
