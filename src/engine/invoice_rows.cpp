#include "invoice_rows.hpp"

#include <set>

namespace releve::engine {

bool goes_by_energy(InvoiceItem item)
{
    return item == InvoiceItem::energy || item == InvoiceItem::network_energy || item == InvoiceItem::excise;
}

bool goes_by_time(InvoiceItem item)
{
    return item == InvoiceItem::subscription || item == InvoiceItem::network_fixed || item == InvoiceItem::cta;
}

bool is_levy(InvoiceItem item)
{
    return item == InvoiceItem::cta || item == InvoiceItem::excise;
}

Wide share_of(Wide amount, const Decimal& percent)
{
    return in_proportion(amount, percent.digits, 100 * power_of_ten(percent.scale));
}

namespace {

Wide wh_of(const Decimal& kwh)
{
    return divided_to_nearest(Wide{kwh.digits} * 1000, power_of_ten(kwh.scale));
}

Wide product_of(const InvoiceLine& line)
{
    const Ratio exact = ratio_of(*line.unit_price) * ratio_of(*line.quantity);
    constexpr Wide fine = power_of_ten(12);
    return in_proportion(exact.dividend, fine, exact.divisor);
}

} // namespace

DividedBill divide(const Bill& bill, const Asked& asked)
{
    DividedBill out;
    std::map<const BillLine*, Wide> vat_bases; // cents
    for (std::size_t i = 0; i < bill.lines.size(); ++i) {
        const BillLine& line = bill.lines[i];
        const Basis basis = price_unit_row(line.unit).basis;
        const auto item = invoice_item_of(line.section, basis);
        if (line.contained || !item || !asked.asks_for(*item))
            continue;
        RowCost& row = out.rows[asked.key_of(*item, line)];
        const Wide net = exact_amount(line);
        row.net += net;
        out.cents += line.amount.value;
        if (const BillLine* vat = vat_line_of(bill, line)) {
            row.vat += share_of(net, vat->price);
            vat_bases[vat] += line.amount.value;
        }
        if (basis == Basis::energy)
            row.wh += wh_of(line.quantity);
        row.lines.push_back(i);
    }
    for (const auto& [vat, base] : vat_bases)
        out.cents += divided_to_nearest(share_of(base * fine_per_cent, vat->price), fine_per_cent);
    return out;
}

std::map<Decimal, Cents> bases_by_rate(const Invoice& invoice, std::span<const std::size_t> lines)
{
    std::map<Decimal, Cents> bases;
    for (const std::size_t at : lines)
        if (const InvoiceLine& line = invoice.lines[at]; line.vat_percent)
            bases[*line.vat_percent] += line.amount;
    return bases;
}

AskedRow read_row(const Asked& asked, const std::vector<std::size_t>& lines)
{
    AskedRow row;
    for (const std::size_t at : lines) {
        const InvoiceLine& line = asked.invoice->lines[at];
        const Wide amount = line.amount.value * fine_per_cent;
        const bool priced = line.unit_price && line.quantity;
        row.net += amount;
        row.by_price += priced ? product_of(line) : amount;
        row.has_prices = row.has_prices && priced;
        row.estimated = row.estimated || line.estimated;
        if (line.quantity && (line.unit == "kWh" || line.unit.empty()) && goes_by_energy(line.item))
            row.wh += wh_of(*line.quantity);
        else
            row.has_energy = false;
        ++row.lines;
    }
    return row;
}

namespace {

/// The invoice's side.
CheckedRow asked_row(const Asked& asked, const RowKey& key)
{
    CheckedRow row;
    row.item = key.item;
    row.component = key.component;
    row.time_class = key.time_class;
    const auto found = asked.rows.find(key);
    if (found == asked.rows.end())
        return row;
    row.lines = found->second;
    std::optional<Ratio> quantity;
    for (const std::size_t at : row.lines) {
        const InvoiceLine& line = asked.invoice->lines[at];
        row.invoiced += line.amount;
        const bool first = at == row.lines.front();
        if (!line.quantity || (!first && (line.unit != row.unit || !quantity)))
            quantity.reset();
        else
            quantity = first ? ratio_of(*line.quantity) : *quantity + ratio_of(*line.quantity);
        if (first)
            row.unit = line.unit;
    }
    if (quantity)
        if (const auto rounded_quantity = round_to(*quantity, 3))
            row.invoiced_quantity = shortest(*rounded_quantity);
    return row;
}

} // namespace

std::vector<CheckedRow> checked_rows(const Asked& asked, const Bill* bill, const DividedBill& divided)
{
    std::set<RowKey> keys;
    for (const auto& [key, cost] : divided.rows)
        keys.insert(key);
    for (const auto& [key, lines] : asked.rows)
        keys.insert(key);
    std::vector<CheckedRow> out;
    for (const RowKey& key : keys) {
        CheckedRow& row = out.emplace_back(asked_row(asked, key));
        const auto cost = divided.rows.find(key);
        if (cost == divided.rows.end() || bill == nullptr)
            continue;
        row.bill_lines = cost->second.lines;
        for (const std::size_t at : row.bill_lines)
            row.expected += bill->lines[at].amount;
        if (goes_by_energy(key.item)) {
            row.expected_quantity = shortest({static_cast<std::int64_t>(cost->second.wh), 3});
            row.unit = "kWh";
        }
    }
    return out;
}

Cents asked_with_vat(const Invoice& invoice, std::span<const std::size_t> lines)
{
    Cents sum;
    for (const std::size_t at : lines)
        sum += invoice.lines[at].amount;
    for (const auto& [rate, base] : bases_by_rate(invoice, lines))
        sum += Cents{static_cast<std::int64_t>(divided_to_nearest(share_of(base.value * fine_per_cent, rate), fine_per_cent))};
    return sum;
}

Cents charged_of(const Bill& bill, bool time, bool energy)
{
    return {static_cast<std::int64_t>(divide(bill, Asked{time, energy}).cents)};
}

} // namespace releve::engine
