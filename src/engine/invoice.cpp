#include <releve/engine/invoice.hpp>

#include <algorithm>
#include <array>

namespace releve::engine {

namespace {

constexpr InvoiceItemRow item_rows[] = {
#define RELEVE_INVOICE_ITEM(name, section, basis, ...) {InvoiceItem::name, #name, {__VA_ARGS__}},
#include "invoice_items.def"
};

/// Bases that are told apart on an invoice.
enum class ItemBasis : std::uint8_t { annual, energy, overrun, share, none };

constexpr ItemBasis item_basis_of(Basis basis)
{
    switch (basis) {
    case Basis::fixed:
    case Basis::power:
    case Basis::capacity: return ItemBasis::annual;
    case Basis::energy: return ItemBasis::energy;
    case Basis::overrun_hours:
    case Basis::overrun_quadratic: return ItemBasis::overrun;
    case Basis::share: return ItemBasis::share;
    }
    return ItemBasis::none;
}

struct ItemPlace {
    Section section;
    ItemBasis basis;
};
constexpr ItemPlace item_places[] = {
#define RELEVE_INVOICE_ITEM(name, section, basis, ...) {Section::section, ItemBasis::basis},
#include "invoice_items.def"
};

constexpr std::array<std::string_view, 3> kind_names{"invoice", "credit_note", "catch_up"};

} // namespace

std::span<const InvoiceItemRow> invoice_item_rows()
{
    return item_rows;
}

const InvoiceItemRow& invoice_item_row(InvoiceItem item)
{
    return item_rows[static_cast<std::size_t>(item)];
}

std::optional<InvoiceItem> invoice_item_from_name(std::string_view name)
{
    const auto* const row = std::ranges::find(item_rows, name, &InvoiceItemRow::name);
    return row == std::end(item_rows) ? std::nullopt : std::optional{row->item};
}

std::optional<InvoiceItem> invoice_item_of(Section section, Basis basis)
{
    if (section == Section::vat)
        return std::nullopt;
    for (std::size_t i = 0; i < std::size(item_places); ++i)
        if (item_places[i].section == section && item_places[i].basis == item_basis_of(basis))
            return item_rows[i].item;
    return InvoiceItem::other;
}

result<void> check_limits(const InvoiceLine& line)
{
    if (line.span.from >= line.span.to)
        return fail(errc::bad_value, "to: is not after `from`");
    if (line.amount > invoice_amount_max || -line.amount > invoice_amount_max)
        return fail(errc::bad_value, "amount: beyond a billion euros");
    const Decimal most{invoice_number_max, 0}, least{-invoice_number_max, 0};
    const std::pair<std::string_view, const std::optional<Decimal>&> numbers[] = {
        {"quantity", line.quantity}, {"unit_price", line.unit_price}, {"power_kva", line.power_kva}, {"kwh_per_m3", line.kwh_per_m3}};
    for (const auto& [name, number] : numbers)
        if (number && (*number > most || *number < least))
            return fail(errc::bad_value, std::string{name} + ": beyond " + std::to_string(invoice_number_max));
    if (line.vat_percent && (*line.vat_percent < Decimal{} || *line.vat_percent > Decimal{100, 0}))
        return fail(errc::bad_value, "vat_percent: not from 0 to 100");
    const std::pair<std::string_view, const std::optional<std::int64_t>&> indexes[] = {{"index_from", line.index_from}, {"index_to", line.index_to}};
    for (const auto& [name, index] : indexes)
        if (index && (*index > invoice_number_max || *index < 0))
            return fail(errc::bad_value, std::string{name} + ": not from 0 to " + std::to_string(invoice_number_max));
    return {};
}

std::string_view invoice_kind_name(InvoiceKind kind)
{
    return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<InvoiceKind> invoice_kind_from_name(std::string_view name)
{
    const auto* const found = std::ranges::find(kind_names, name);
    return found == kind_names.end() ? std::nullopt : std::optional{static_cast<InvoiceKind>(found - kind_names.begin())};
}

} // namespace releve::engine
