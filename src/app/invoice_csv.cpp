#include <releve/app/invoice_csv.hpp>

#include "csv_records.hpp"

#include <releve/core/bytes.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <iconv.h>

namespace releve::app {

namespace {

using engine::Invoice;
using engine::InvoiceLine;

// ---- the file as text

/// errc::bad_csv: a byte that Windows-1252 does not know.
result<std::string> utf8_of(std::string_view file)
{
    if (is_utf8(file))
        return std::string{file};
    const iconv_t converter = iconv_open("UTF-8", "CP1252");
    RELEVE_ASSERT(converter != reinterpret_cast<iconv_t>(-1)); // NOLINT(performance-no-int-to-ptr): as iconv.h says it
    std::string in{file}, out(3 * file.size(), '\0'); // a character of it is at most three bytes of UTF-8
    char* from = in.data();
    char* to = out.data();
    std::size_t left = in.size(), room = out.size();
    const std::size_t done = iconv(converter, &from, &left, &to, &room);
    iconv_close(converter);
    if (done == static_cast<std::size_t>(-1))
        return fail(errc::bad_csv, "line " + std::to_string(1 + std::ranges::count(file.substr(0, in.size() - left), '\n')) + ": neither UTF-8 nor Windows-1252");
    out.resize(out.size() - room);
    return out;
}

/// The one of which the header has most.
char separator_of(std::string_view text)
{
    const std::string_view header = text.substr(0, text.find('\n'));
    return std::ranges::max({';', ',', '\t'}, {}, [&](char c) { return std::ranges::count(header, c); });
}

std::string trimmed(std::string_view cell)
{
    for (const std::string_view space : {"\xc2\xa0", "\xe2\x80\xaf"}) // no-break spaces
        while (cell.ends_with(space))
            cell.remove_suffix(space.size());
    const std::size_t first = cell.find_first_not_of(" \t");
    return first == std::string_view::npos ? "" : std::string{cell.substr(first, cell.find_last_not_of(" \t") - first + 1)};
}

// ---- cells

/// "1 234,56 €", "1.234,56", "-1234.56".
result<Decimal> number_of(std::string cell)
{
    for (const std::string_view left_out : {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x82\xac", " ", "%"}) // no-break spaces, the euro sign
        for (std::size_t at = cell.find(left_out); at != std::string::npos; at = cell.find(left_out, at))
            cell.erase(at, left_out.size());
    if (cell.starts_with("\xe2\x88\x92")) // the minus sign of typesetters
        cell.replace(0, 3, "-");
    const std::size_t comma = cell.rfind(','), point = cell.rfind('.');
    if (comma != std::string::npos && point != std::string::npos)
        std::erase(cell, comma > point ? '.' : ',');
    std::ranges::replace(cell, ',', '.');
    return parse_decimal(cell);
}

result<CivilDay> day_of(const std::string& cell)
{
    const auto part = [&](std::size_t from, std::size_t size) { return cell.substr(from, size); };
    const bool french = cell.size() == 10 && (cell[2] == '/' || cell[2] == '-' || cell[2] == '.') && cell[5] == cell[2];
    RELEVE_TRY(day, parse_day(french ? part(6, 4) + "-" + part(3, 2) + "-" + part(0, 2) : cell));
    if (day < CivilDay{std::chrono::year{2000} / 1 / 1} || day >= CivilDay{std::chrono::year{2100} / 1 / 1})
        return fail(errc::bad_value, "");
    return day;
}

// ---- rows

struct Row {
    Invoice invoice;
    InvoiceLine line;
};

using Problem = std::string; // empty: none

Problem set_text(std::string& to, const std::string& cell, std::size_t size_max, bool required)
{
    if (required && cell.empty())
        return "is empty";
    if (cell.size() > size_max || !is_plain_text(cell))
        return "is not a text of at most " + std::to_string(size_max) + " bytes";
    to = cell;
    return {};
}

Problem set_number(std::optional<Decimal>& to, const std::string& cell)
{
    if (cell.empty())
        return {};
    const auto number = number_of(cell);
    if (!number)
        return "expected a number like 1234,56 with at most 9 decimals";
    to = *number;
    return {};
}

Problem set_cents(std::optional<Cents>& to, const std::string& cell)
{
    if (cell.empty())
        return {};
    const auto number = number_of(cell);
    const auto cents = number ? round_to(ratio_of(*number), 2) : number;
    if (!cents || *cents != *number)
        return "expected euros like 1234,56 with at most 2 decimals";
    to = Cents{cents->digits};
    return {};
}

Problem set_index(std::optional<std::int64_t>& to, const std::string& cell)
{
    if (cell.empty())
        return {};
    const auto number = number_of(cell);
    const auto whole = number ? round_to(ratio_of(*number), 0) : number;
    if (!whole || *whole != *number)
        return "expected a whole number";
    to = whole->digits;
    return {};
}

Problem set_day(CivilDay& to, const std::string& cell)
{
    const auto day = day_of(cell);
    if (!day)
        return "expected a date like 31/12/2025 or 2025-12-31, of the years 2000 to 2099";
    to = *day;
    return {};
}

Problem set_estimated(bool& to, const std::string& cell)
{
    to = cell == "estimated";
    return to || cell.empty() || cell == "real" ? "" : "must be one of real, estimated";
}

template <class Rows>
std::string names_of(const Rows& rows)
{
    std::string out;
    for (const auto& row : rows)
        out += (out.empty() ? "" : ", ") + std::string{row.name};
    return out;
}

struct InvoiceColumn {
    std::string_view name;
    bool required; // in each file
    Problem (*set)(Row&, const std::string&);
};

constexpr std::size_t name_bytes_max = 100, label_bytes_max = 200;

constexpr InvoiceColumn invoice_columns[] = {
    {"supplier", true, [](Row& row, const std::string& cell) { return set_text(row.invoice.supplier, cell, name_bytes_max, true); }},
    {"invoice", true, [](Row& row, const std::string& cell) { return set_text(row.invoice.number, cell, name_bytes_max, true); }},
    {"kind", false,
     [](Row& row, const std::string& cell) {
         const auto kind = engine::invoice_kind_from_name(cell.empty() ? "invoice" : cell);
         row.invoice.kind = kind.value_or(engine::InvoiceKind::invoice);
         return Problem{kind ? "" : "must be one of invoice, credit_note, catch_up"};
     }},
    {"date", true, [](Row& row, const std::string& cell) { return set_day(row.invoice.date, cell); }},
    {"due", false, [](Row& row, const std::string& cell) { return cell.empty() ? Problem{} : set_day(row.invoice.due.emplace(), cell); }},
    {"corrects", false, [](Row& row, const std::string& cell) { return set_text(row.invoice.corrects, cell, name_bytes_max, false); }},
    {"total_with_vat", false, [](Row& row, const std::string& cell) { return set_cents(row.invoice.total_with_vat, cell); }},
    {"usage_point", true,
     [](Row& row, const std::string& cell) {
         row.line.usage_point.value = cell;
         return Problem{is_usage_point(cell) ? "" : "expected 14 digits (PRM, PCE), or GI and 6 digits"};
     }},
    {"item", true,
     [](Row& row, const std::string& cell) {
         const auto item = engine::invoice_item_from_name(cell);
         row.line.item = item.value_or(engine::InvoiceItem::other);
         return Problem{item ? "" : "must be one of " + names_of(engine::invoice_item_rows())};
     }},
    {"component", false, [](Row& row, const std::string& cell) { return set_text(row.line.component, cell, name_bytes_max, false); }},
    {"class", false, [](Row& row, const std::string& cell) { return set_text(row.line.time_class, cell, name_bytes_max, false); }},
    {"from", true, [](Row& row, const std::string& cell) { return set_day(row.line.span.from, cell); }},
    {"to", true, [](Row& row, const std::string& cell) { return set_day(row.line.span.to, cell); }},
    {"nature", false, [](Row& row, const std::string& cell) { return set_estimated(row.line.estimated, cell); }},
    {"index_from", false, [](Row& row, const std::string& cell) { return set_index(row.line.index_from, cell); }},
    {"index_to", false, [](Row& row, const std::string& cell) { return set_index(row.line.index_to, cell); }},
    {"quantity", false, [](Row& row, const std::string& cell) { return set_number(row.line.quantity, cell); }},
    {"unit", false, [](Row& row, const std::string& cell) { return set_text(row.line.unit, cell, name_bytes_max, false); }},
    {"kwh_per_m3", false, [](Row& row, const std::string& cell) { return set_number(row.line.kwh_per_m3, cell); }},
    {"power_kva", false, [](Row& row, const std::string& cell) { return set_number(row.line.power_kva, cell); }},
    {"unit_price", false, [](Row& row, const std::string& cell) { return set_number(row.line.unit_price, cell); }},
    {"amount", true,
     [](Row& row, const std::string& cell) {
         std::optional<Cents> amount;
         Problem problem = cell.empty() ? "is empty" : set_cents(amount, cell);
         row.line.amount = amount.value_or(Cents{});
         return problem;
     }},
    {"vat_percent", true, [](Row& row, const std::string& cell) { return cell.empty() ? Problem{"is empty"} : set_number(row.line.vat_percent, cell); }},
    {"label", false, [](Row& row, const std::string& cell) { return set_text(row.line.label, cell, label_bytes_max, false); }},
};
constexpr std::size_t column_count = std::size(invoice_columns);

std::size_t place_of(std::string_view column)
{
    return static_cast<std::size_t>(std::ranges::find(invoice_columns, column, &InvoiceColumn::name) - invoice_columns);
}

/// A file's columns: which of ours each is, and what its cells say of others.
struct Header {
    std::vector<std::size_t> places; // column_count: none
    std::vector<const std::map<std::string, InvoiceMapping::Fields, std::less<>>*> values;
    std::vector<std::string> names;
};

result<Header> read_header(const std::vector<std::string>& cells, const InvoiceMapping* mapping)
{
    Header header;
    std::array<bool, column_count> named{}, told{}; // by the header, by what cells say
    for (const std::string& cell : cells) {
        const std::string name = trimmed(cell);
        header.names.push_back(name);
        std::size_t place = column_count;
        if (mapping == nullptr) {
            place = place_of(name);
            if (place == column_count)
                return fail(errc::bad_csv, "line 1: no column is named " + shown(name));
        } else if (const auto mapped = mapping->columns.find(name); mapped != mapping->columns.end()) {
            place = place_of(mapped->second);
        }
        if (place != column_count && std::exchange(named[place], true))
            return fail(errc::bad_csv, "line 1: column " + std::string{invoice_columns[place].name} + " stands twice");
        header.places.push_back(place);
        const auto values = mapping == nullptr ? decltype(mapping->values.find(name)){} : mapping->values.find(name);
        const bool has_values = mapping != nullptr && values != mapping->values.end();
        header.values.push_back(has_values ? &values->second : nullptr);
        if (has_values)
            for (const auto& [value, fields] : values->second)
                for (const auto& [column, said] : fields)
                    told[place_of(column)] = true;
    }
    for (std::size_t i = 0; i < column_count; ++i)
        if (invoice_columns[i].required && !named[i] && !told[i] && (mapping == nullptr || !mapping->defaults.contains(invoice_columns[i].name)))
            return fail(errc::bad_csv, "line 1: column " + std::string{invoice_columns[i].name} + " is missing");
    return header;
}

// ---- the whole

class InvoiceReader {
public:
    InvoiceReader(const Header& header, const InvoiceMapping* mapping) : header_(header), mapping_(mapping) {}

    void take(std::size_t line, const std::vector<std::string>& cells)
    {
        ++out_.rows;
        if (cells.size() != header_.places.size())
            return complain(line, "", "has " + std::to_string(cells.size()) + " cells, the header has " + std::to_string(header_.places.size()));
        std::array<std::string, column_count> said;
        std::array<std::size_t, column_count> from{}; // the file's column
        from.fill(cells.size());
        if (mapping_ != nullptr)
            for (const auto& [column, cell] : mapping_->defaults)
                said[place_of(column)] = cell;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string cell = trimmed(cells[i]);
            if (header_.values[i] != nullptr && !cell.empty()) {
                const auto value = header_.values[i]->find(cell);
                if (value == header_.values[i]->end())
                    return complain(line, header_.names[i], shown(cell) + " stands not among the mapping's values");
                for (const auto& [column, field] : value->second) {
                    said[place_of(column)] = field;
                    from[place_of(column)] = i;
                }
            }
            if (header_.places[i] != column_count && !cell.empty()) {
                said[header_.places[i]] = cell;
                from[header_.places[i]] = i;
            }
        }
        Row row;
        row.line.row = line;
        bool good = true;
        for (std::size_t i = 0; i < column_count; ++i) {
            const bool there = from[i] != cells.size() || !said[i].empty() || invoice_columns[i].required;
            if (!there)
                continue;
            if (const Problem problem = invoice_columns[i].set(row, said[i]); !problem.empty()) {
                complain(line, from[i] < cells.size() ? header_.names[from[i]] : std::string{invoice_columns[i].name}, problem);
                good = false;
            }
        }
        if (!good)
            return;
        if (mapping_ == nullptr || mapping_->last_day_included)
            row.line.span.to += std::chrono::days{1};
        if (const auto fits = engine::check_limits(row.line); !fits) {
            const std::string& why = fits.error().detail; // "quantity: beyond ..."
            return complain(line, why.substr(0, why.find(':')), why.substr(why.find(": ") + 2));
        }
        add(line, std::move(row));
    }

    ImportedInvoices finish()
    {
        std::erase_if(out_.invoices, [&](const Invoice& invoice) {
            Cents sum;
            for (const InvoiceLine& line : invoice.lines)
                sum += line.amount;
            const bool wrong = invoice.kind == engine::InvoiceKind::credit_note && sum.value > 0;
            if (wrong) {
                complain(invoice.lines.front().row, "amount", "the lines of a credit note add up to more than nothing: what is given back is written with a minus");
                out_.rows_kept -= invoice.lines.size();
            }
            return wrong;
        });
        std::ranges::stable_sort(out_.problems, {}, &ImportProblem::line);
        return std::move(out_);
    }

private:
    void complain(std::size_t line, std::string field, std::string reason)
    {
        ++out_.problem_count;
        if (out_.problems.size() < import_problems_max)
            out_.problems.push_back({line, std::move(field), std::move(reason)});
    }

    /// All rows of an invoice say the same of it.
    void add(std::size_t line, Row row)
    {
        const auto [at, is_new] = places_.try_emplace({row.invoice.supplier, row.invoice.number}, out_.invoices.size());
        if (is_new) {
            out_.invoices.push_back(std::move(row.invoice));
        } else {
            const Invoice& first = out_.invoices[at->second];
            const std::pair<std::string_view, bool> same[] = {{"kind", first.kind == row.invoice.kind},
                                                              {"date", first.date == row.invoice.date},
                                                              {"due", first.due == row.invoice.due},
                                                              {"corrects", first.corrects == row.invoice.corrects},
                                                              {"total_with_vat", first.total_with_vat == row.invoice.total_with_vat}};
            for (const auto& [field, agrees] : same)
                if (!agrees)
                    return complain(line, std::string{field}, "is not what line " + std::to_string(first.lines.front().row) + " says of this invoice");
        }
        out_.invoices[at->second].lines.push_back(std::move(row.line));
        ++out_.rows_kept;
    }

    const Header& header_;
    const InvoiceMapping* mapping_;
    ImportedInvoices out_;
    std::map<std::pair<std::string, std::string>, std::size_t> places_;
};

} // namespace

result<ImportedInvoices> parse_invoice_csv(std::string_view file, const InvoiceMapping* mapping)
{
    if (file.size() > import_bytes_max)
        return fail(errc::bad_csv, "larger than " + std::to_string(import_bytes_max >> 20U) + " MiB");
    if (file.find('\0') != std::string_view::npos)
        return fail(errc::bad_csv, "not a text: it may be a spreadsheet that was not saved as CSV");
    RELEVE_TRY(text, utf8_of(file));
    const CsvRecords records = split_records(text, separator_of(text));
    if (records.rows.empty())
        return fail(errc::bad_csv, "the file is empty");
    if (records.problem)
        return fail(errc::bad_csv, *records.problem);
    if (records.rows.size() > invoice_rows_max)
        return fail(errc::bad_csv, "more than " + std::to_string(invoice_rows_max) + " rows");
    RELEVE_TRY(header, read_header(records.rows.front(), mapping));
    InvoiceReader reader{header, mapping};
    for (std::size_t i = 1; i < records.rows.size(); ++i)
        if (std::ranges::any_of(records.rows[i], [](const std::string& cell) { return !trimmed(cell).empty(); }))
            reader.take(records.lines[i], records.rows[i]);
    return reader.finish();
}

bool is_invoice_column(std::string_view name)
{
    return place_of(name) != column_count;
}

} // namespace releve::app
