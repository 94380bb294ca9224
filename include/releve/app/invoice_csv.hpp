#pragma once
// Suppliers' invoices as a spreadsheet saves them: a row for each line of an invoice. Separated by `;`, `,` or tabs; UTF-8 with or
// without a byte order mark, or Windows-1252; dates 31/12/2025 or 2025-12-31; 1 234,56 or 1234.56. Columns are those of
// docs/INVOICES.md; a mapping says how a supplier names them. A row that is not right is a problem with its line and column; the good
// ones are kept. Knows no database.

#include <releve/app/import_files.hpp>
#include <releve/engine/invoice.hpp>

namespace releve::app {

inline constexpr std::size_t invoice_rows_max = 1'000'000; // of one file

/// How a supplier writes invoices.
struct InvoiceMapping {
    using Fields = std::map<std::string, std::string, std::less<>>; // our column: cell
    Fields columns;  // the supplier's column: ours
    Fields defaults; // our column: what it is where the file has none, or an empty cell
    std::map<std::string, std::map<std::string, Fields, std::less<>>, std::less<>> values; // the supplier's column: its cell: what that says
    bool last_day_included = true; // of `to`
};
/// Whether a column of ours is named so.
[[nodiscard]] bool is_invoice_column(std::string_view name);
/// errc::bad_config naming the member.
[[nodiscard]] result<InvoiceMapping> parse_invoice_mapping(std::string_view json);

struct ImportedInvoices {
    std::vector<engine::Invoice> invoices; // by their first row; lines by row
    std::vector<ImportProblem> problems;   // the first import_problems_max, by line
    std::size_t problem_count = 0;
    std::size_t rows = 0, rows_kept = 0; // without the header and empty ones
};
/// `mapping`: null where the file has our columns. errc::bad_csv: no file of such rows at all (no text, no header, a column that
/// is missing or stands twice, too large).
[[nodiscard]] result<ImportedInvoices> parse_invoice_csv(std::string_view file, const InvoiceMapping* mapping);

} // namespace releve::app
