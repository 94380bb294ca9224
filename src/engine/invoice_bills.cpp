#include "bill_costs.hpp"

#include <releve/engine/invoice_bills.hpp>

#include <algorithm>
#include <set>

namespace releve::engine {

const ContractTerms* FactBills::contract_of(CivilSpan span) const
{
    const auto found = std::ranges::find_if(facts_->contracts, [&](const ContractTerms& one) { return one.span.from < span.to && span.from < one.span.to; });
    return found == facts_->contracts.end() ? nullptr : &*found;
}

result<Bill> FactBills::bill(CivilSpan span, const As& as)
{
    BillWanted wanted{.span = span};
    if (as.powers_va) {
        const ContractTerms* contract = contract_of(span);
        if (contract == nullptr)
            return fail(errc::contract_hole, to_iso8601(span.from));
        wanted.instead = *contract;
        wanted.instead->span = span;
        wanted.instead->powers_va = *as.powers_va;
    }
    if (!as.offpeak)
        return maker_->make(*facts_, wanted);
    BillFacts other = *facts_;
    other.offpeak = {{span, *as.offpeak}};
    other.registers.clear(); // they were switched by the real hours
    return maker_->make(other, wanted);
}

std::vector<std::string> FactBills::power_classes(CivilSpan span)
{
    const ContractTerms* contract = contract_of(span);
    if (contract == nullptr)
        return {};
    const auto components = components_of(*book_, contract->tariff, contract->parameters);
    if (!components)
        return {};
    for (const UsedComponent& used : *components)
        if (used.component->basis == Basis::power && !used.component->classes.empty())
            return used.component->classes;
    return {};
}

int FactBills::meters(CivilSpan span)
{
    std::set<std::int32_t> counted;
    for (const CurveDay& day : facts_->curve)
        if (day.day >= span.from && day.day < span.to)
            counted.insert(day.meter.value);
    // Reads that lie within, whatever the zone: not those at its ends, at which a meter that counted nothing of it is read too.
    constexpr std::chrono::hours edge{15};
    const Instant from = Instant{span.from.time_since_epoch()} + edge, to = Instant{span.to.time_since_epoch()} - edge;
    for (const RegisterFacts& one : facts_->registers)
        for (std::size_t i = 0; i < one.series.size(); ++i)
            if (std::ranges::any_of(one.series[i].reads, [&](const IndexRead& read) { return read.at > from && read.at < to; }))
                counted.insert(one.meters[i].value);
    return static_cast<int>(counted.size());
}

namespace {

constexpr int price_decimals = 9;

/// Euros for one unit of the line's quantity.
std::optional<Decimal> price_of_one(const BillLine& line)
{
    const PriceUnitRow& unit = price_unit_row(line.unit);
    if (line.unit_price || unit.basis == Basis::overrun_quadratic)
        return unit.basis == Basis::overrun_quadratic ? std::nullopt : line.unit_price;
    const auto price = round_to(ratio_of(line.price) * Ratio{unit.euros, Wide{unit.per} * line.divisor}, price_decimals);
    return price ? std::optional{shortest(*price)} : std::nullopt;
}

/// The one power of a contract; several are of the network's classes.
std::optional<Decimal> power_of(const Bill& bill, const BillLine& line)
{
    for (const ContractTerms& terms : bill.contracts)
        if (terms.span.from <= line.span.from && line.span.to <= terms.span.to && terms.powers_va.size() == 1)
            return shortest({terms.powers_va.front(), 3});
    return std::nullopt;
}

} // namespace

std::vector<InvoiceLine> invoice_lines_of(const Bill& bill)
{
    std::vector<InvoiceLine> out;
    for (const BillLine& line : bill.lines) {
        const auto item = invoice_item_of(line.section, price_unit_row(line.unit).basis);
        if (line.contained || !item)
            continue;
        InvoiceLine& made = out.emplace_back();
        made.usage_point = bill.usage_point;
        made.item = *item;
        made.component = line.component;
        made.time_class = line.time_class;
        made.span = line.span;
        made.quantity = line.quantity;
        made.unit = line.quantity_unit;
        made.unit_price = price_of_one(line);
        made.amount = line.amount;
        if (const BillLine* vat = vat_line_of(bill, line))
            made.vat_percent = vat->price;
        if (*item == InvoiceItem::subscription || *item == InvoiceItem::network_fixed)
            made.power_kva = power_of(bill, line);
    }
    return out;
}

} // namespace releve::engine
