// Invoice files as spreadsheets save them, good and bad.

#include <releve/app/invoice_csv.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace releve::app {

namespace {

const std::string header = "supplier;invoice;date;due;usage_point;item;class;from;to;nature;index_from;index_to;quantity;unit;power_kva;unit_price;amount;vat_percent;label";

/// With CRLF, as they are saved.
std::string file_of(const std::vector<std::string>& rows, const std::string& first = header)
{
    std::string out = first + "\r\n";
    for (const std::string& row : rows)
        out += row + "\r\n";
    return out;
}

const std::string good = "Exemple;F1;31/12/2025;30/01/2026;09111642617347;energy;HP;01/12/2025;31/12/2025;real;1000;1234;234,5;kWh;;0,1234;28,94;20;Heures pleines";

ImportedInvoices read(const std::string& file, const InvoiceMapping* mapping = nullptr)
{
    auto out = parse_invoice_csv(file, mapping);
    EXPECT_TRUE(out) << to_string(out.error());
    return out ? std::move(*out) : ImportedInvoices{};
}

std::string with(const std::string& row, std::size_t cell, const std::string& value)
{
    std::size_t at = 0;
    for (std::size_t i = 0; i < cell; ++i)
        at = row.find(';', at) + 1;
    return row.substr(0, at) + value + row.substr(std::min(row.find(';', at), row.size()));
}

CivilDay day(std::string_view text) { return parse_day(text).value(); }
Decimal dec(std::string_view text) { return parse_decimal(text).value(); }

} // namespace

TEST(InvoiceCsv, a_row_is_read_as_it_is_written)
{
    const ImportedInvoices read_in = read(file_of({good}));
    EXPECT_TRUE(read_in.problems.empty());
    ASSERT_EQ(read_in.invoices.size(), 1U);
    const engine::Invoice& invoice = read_in.invoices[0];
    EXPECT_EQ(invoice.supplier, "Exemple");
    EXPECT_EQ(invoice.number, "F1");
    EXPECT_EQ(invoice.date, day("2025-12-31"));
    EXPECT_EQ(invoice.due, day("2026-01-30"));
    const engine::InvoiceLine expected{.row = 2,
                                       .usage_point = {"09111642617347"},
                                       .item = engine::InvoiceItem::energy,
                                       .time_class = "HP",
                                       .span = {day("2025-12-01"), day("2026-01-01")}, // the last day is included
                                       .index_from = 1000,
                                       .index_to = 1234,
                                       .quantity = dec("234.5"),
                                       .unit = "kWh",
                                       .unit_price = dec("0.1234"),
                                       .amount = {2894},
                                       .vat_percent = dec("20"),
                                       .label = "Heures pleines"};
    ASSERT_EQ(invoice.lines.size(), 1U);
    EXPECT_EQ(invoice.lines[0], expected);
}

TEST(InvoiceCsv, however_a_spreadsheet_saves_it)
{
    const engine::Invoice expected = read(file_of({good})).invoices.at(0);
    const auto same = [&](const std::string& file) {
        const ImportedInvoices read_in = read(file);
        EXPECT_TRUE(read_in.problems.empty()) << read_in.problems[0].reason;
        ASSERT_EQ(read_in.invoices.size(), 1U);
        EXPECT_EQ(read_in.invoices[0].lines, expected.lines) << file;
        EXPECT_EQ(read_in.invoices[0].date, expected.date);
    };
    same("\xef\xbb\xbf" + file_of({good}));
    std::string tabs = file_of({good});
    std::ranges::replace(tabs, ';', '\t');
    same(tabs);
    same(file_of({with(with(good, 2, "2025-12-31"), 7, "01.12.2025")}));
    same(file_of({with(good, 16, "\"28,94\"")}));
    same(file_of({with(good, 16, " 28,94 \xe2\x82\xac ")}));
    same(file_of({with(good, 17, "20,0 %")}));
    std::string points = file_of({with(with(with(good, 12, "234.5"), 15, "0.1234"), 16, "28.94")});
    std::ranges::replace(points, ';', ',');
    same(points);
}

TEST(InvoiceCsv, thousands_and_minus_signs)
{
    for (const auto& [written, cents] : {std::pair{"1 234,56", 123456}, std::pair{"1\xc2\xa0"
                                                                                 "234,56",
                                                                                 123456},
                                         std::pair{"1\xe2\x80\xaf"
                                                   "234,56",
                                                   123456},
                                         std::pair{"1.234,56", 123456}, std::pair{"1,234.56", 123456}, std::pair{"-12", -1200}, std::pair{"\xe2\x88\x92"
                                                                                                                                         "12,5",
                                                                                                                                         -1250}}) {
        const ImportedInvoices read_in = read(file_of({with(good, 16, written)}));
        ASSERT_EQ(read_in.invoices.size(), 1U) << written;
        EXPECT_EQ(read_in.invoices[0].lines[0].amount.value, cents) << written;
    }
}

TEST(InvoiceCsv, windows_1252)
{
    const ImportedInvoices read_in = read(file_of({with(with(good, 18, "\xc9nergie d'\xe9t\xe9"), 16, "28,94 \x80")})); // the euro sign
    EXPECT_TRUE(read_in.problems.empty());
    EXPECT_EQ(read_in.invoices.at(0).lines[0].label, "\xc3\x89nergie d'\xc3\xa9t\xc3\xa9");
    EXPECT_EQ(read_in.invoices.at(0).lines[0].amount.value, 2894);
    const auto neither = parse_invoice_csv(file_of({good, with(good, 18, "\x81\xff")}), nullptr);
    ASSERT_FALSE(neither);
    EXPECT_EQ(neither.error().detail, "line 3: neither UTF-8 nor Windows-1252");
}

TEST(InvoiceCsv, an_invoice_of_many_points)
{
    const ImportedInvoices read_in = read(file_of({good, with(good, 4, "09111642617348"), with(good, 1, "F2"), with(good, 4, "GI123456")}));
    ASSERT_EQ(read_in.invoices.size(), 2U);
    EXPECT_EQ(read_in.invoices[0].lines.size(), 3U);
    EXPECT_EQ(read_in.invoices[0].lines[2].row, 5U);
    EXPECT_EQ(read_in.rows, 4U);
    EXPECT_EQ(read_in.rows_kept, 4U);
}

TEST(InvoiceCsv, a_wrong_cell_is_named_and_the_good_rows_are_kept)
{
    struct Case {
        std::size_t cell;
        std::string value, field, reason;
    };
    const Case cases[] = {
        {0, "", "supplier", "is empty"},
        {1, "", "invoice", "is empty"},
        {1, std::string(101, 'x'), "invoice", "is not a text of at most 100 bytes"},
        {2, "31/02/2025", "date", "expected a date like 31/12/2025 or 2025-12-31, of the years 2000 to 2099"},
        {2, "31/12/25", "date", "expected a date like 31/12/2025 or 2025-12-31, of the years 2000 to 2099"},
        {2, "01/01/1999", "date", "expected a date like 31/12/2025 or 2025-12-31, of the years 2000 to 2099"},
        {4, "9111642617347", "usage_point", "expected 14 digits (PRM, PCE), or GI and 6 digits"},
        {5, "power", "item", "must be one of subscription, energy, network_fixed, network_energy, overruns, cta, excise, other"},
        {8, "30/11/2025", "to", "is not after `from`"},
        {9, "guessed", "nature", "must be one of real, estimated"},
        {10, "12,5", "index_from", "expected a whole number"},
        {10, "-1", "index_from", "not from 0 to 1000000000"},
        {12, "many", "quantity", "expected a number like 1234,56 with at most 9 decimals"},
        {12, "99999999999", "quantity", "beyond 1000000000"},
        {14, "1e3", "power_kva", "expected a number like 1234,56 with at most 9 decimals"},
        {16, "", "amount", "is empty"},
        {16, "1,005", "amount", "expected euros like 1234,56 with at most 2 decimals"},
        {16, "NaN", "amount", "expected euros like 1234,56 with at most 2 decimals"},
        {17, "", "vat_percent", "is empty"},
        {17, "120", "vat_percent", "not from 0 to 100"},
    };
    for (const Case& one : cases) {
        const ImportedInvoices read_in = read(file_of({good, with(with(good, 1, "F2"), one.cell, one.value), with(good, 1, "F3")}));
        ASSERT_EQ(read_in.problems.size(), 1U) << one.field;
        EXPECT_EQ(read_in.problems[0], (ImportProblem{3, one.field, one.reason}));
        EXPECT_EQ(read_in.invoices.size(), 2U);
        EXPECT_EQ(read_in.rows_kept, 2U);
    }
}

TEST(InvoiceCsv, a_credit_note_gives_back)
{
    const std::string first = "kind;" + header;
    const ImportedInvoices read_in = read(file_of({"credit_note;" + good, "credit_note;" + with(with(good, 1, "F2"), 16, "-28,94"), "invoice;" + with(good, 1, "F3")}, first));
    ASSERT_EQ(read_in.problems.size(), 1U);
    EXPECT_EQ(read_in.problems[0].line, 2U);
    EXPECT_EQ(read_in.problems[0].field, "amount");
    EXPECT_EQ(read_in.invoices.size(), 2U);
    EXPECT_EQ(read_in.rows_kept, 2U);
}

TEST(InvoiceCsv, lines_are_counted_as_a_person_counts_them)
{
    const ImportedInvoices read_in = read(file_of({"", good, with(good, 18, "\"two\nlines\""), ";;;;;;;;;;;;;;;;;;", with(good, 16, "x")}));
    ASSERT_EQ(read_in.problems.size(), 2U);
    EXPECT_EQ(read_in.problems[0].line, 4U);
    EXPECT_EQ(read_in.problems[0].field, "label");
    EXPECT_EQ(read_in.problems[1].line, 7U);
    EXPECT_EQ(read_in.rows, 3U);
}

TEST(InvoiceCsv, rows_of_one_invoice_agree)
{
    const ImportedInvoices read_in = read(file_of({good, with(good, 2, "30/12/2025"), with(good, 3, "")}));
    ASSERT_EQ(read_in.problems.size(), 2U);
    EXPECT_EQ(read_in.problems[0], (ImportProblem{3, "date", "is not what line 2 says of this invoice"}));
    EXPECT_EQ(read_in.problems[1], (ImportProblem{4, "due", "is not what line 2 says of this invoice"}));
    EXPECT_EQ(read_in.invoices[0].lines.size(), 1U);
}

TEST(InvoiceCsv, what_is_no_such_file_is_refused_as_a_whole)
{
    const auto why = [](const std::string& file) {
        const auto read_in = parse_invoice_csv(file, nullptr);
        return read_in ? std::string{"taken"} : read_in.error().detail;
    };
    EXPECT_EQ(why(""), "the file is empty");
    EXPECT_EQ(why("\r\n\r\n"), "the file is empty");
    EXPECT_EQ(why(std::string("PK\x03\x04\0\0", 6)), "not a text: it may be a spreadsheet that was not saved as CSV");
    EXPECT_EQ(why("supplier;invoice\r\n"), "line 1: column date is missing");
    EXPECT_EQ(why(file_of({}, header + ";label")), "line 1: column label stands twice");
    EXPECT_EQ(why(file_of({}, header + ";Libell\xc3\xa9")), "line 1: no column is named 'Libell\xc3\xa9'");
    EXPECT_EQ(why(file_of({with(good, 18, "\"open")})), "row 2: a quoted cell is not closed");
    EXPECT_EQ(why(std::string(import_bytes_max + 1, 'x')), "larger than 64 MiB");
    const ImportedInvoices short_row = read(file_of({"Exemple;F1", good}));
    EXPECT_EQ(short_row.problems.at(0), (ImportProblem{2, "", "has 2 cells, the header has 19"}));
}

TEST(InvoiceCsv, problems_are_counted_beyond_those_that_are_told)
{
    const ImportedInvoices read_in = read(file_of(std::vector<std::string>(import_problems_max + 5, with(good, 16, "x"))));
    EXPECT_EQ(read_in.problems.size(), import_problems_max);
    EXPECT_EQ(read_in.problem_count, import_problems_max + 5);
}

TEST(InvoiceCsv, any_prefix_and_any_broken_byte_is_answered)
{
    const std::string file = file_of({good, with(good, 1, "F2")});
    for (std::size_t size = 0; size <= file.size(); ++size)
        (void)parse_invoice_csv(file.substr(0, size), nullptr);
    for (std::size_t at = 0; at < file.size(); ++at)
        for (const int bit : {0, 3, 7}) {
            std::string broken = file;
            broken[at] = static_cast<char>(broken[at] ^ (1 << bit));
            if (const auto read_in = parse_invoice_csv(broken, nullptr)) {
                EXPECT_LE(read_in->rows_kept, 3U);
                EXPECT_EQ(read_in->rows_kept + read_in->problem_count >= read_in->rows, true);
            }
        }
}

// ---- mappings

namespace {

/// Lines as a network operator's invoice names them.
const std::string network_mapping = R"({
  "supplier": "Réseau",
  "columns": {"Num_Facture": "invoice", "Date_Facture": "date", "Id_PRM": "usage_point", "Libelle_EV": "label", "Date_Debut": "from", "Date_Fin": "to",
              "Quantite": "quantity", "Unite_Quantite": "unit", "Prix_Unitaire": "unit_price", "Montant_HT": "amount", "Taux_TVA_Applicable": "vat_percent"},
  "values": {"Libelle_EV": {"Composante de comptage": {"item": "network_fixed", "component": "cc"},
                            "Soutirage HPB": {"item": "network_energy", "class": "HPB"}}},
  "defaults": {"unit": "kWh"}
})";
const std::string network_header = "Num_Facture;Date_Facture;Id_PRM;Libelle_EV;Date_Debut;Date_Fin;Quantite;Unite_Quantite;Prix_Unitaire;Montant_HT;Taux_TVA_Applicable;Id_EV";

} // namespace

TEST(InvoiceMapping, columns_and_values_of_a_supplier)
{
    const auto mapping = parse_invoice_mapping(network_mapping);
    ASSERT_TRUE(mapping) << to_string(mapping.error());
    const ImportedInvoices read_in = read(file_of({"N1;01/07/2024;09111642617347;Composante de comptage;01/06/2024;30/06/2024;30;day;0,92885;27,87;20;CC_1",
                                                   "N1;01/07/2024;09111642617347;Soutirage HPB;01/06/2024;30/06/2024;100;;0,0213;2,13;20;",
                                                   "N1;01/07/2024;09111642617347;Autre;01/06/2024;30/06/2024;100;;0,0213;2,13;20;"},
                                                  network_header),
                                          &*mapping);
    ASSERT_EQ(read_in.problems.size(), 1U);
    EXPECT_EQ(read_in.problems[0], (ImportProblem{4, "Libelle_EV", "'Autre' stands not among the mapping's values"}));
    ASSERT_EQ(read_in.invoices.size(), 1U);
    EXPECT_EQ(read_in.invoices[0].supplier, "R\xc3\xa9seau");
    const engine::InvoiceLine& first = read_in.invoices[0].lines.at(0);
    EXPECT_EQ(first.item, engine::InvoiceItem::network_fixed);
    EXPECT_EQ(first.component, "cc");
    EXPECT_EQ(first.unit, "day");
    EXPECT_EQ(first.label, "Composante de comptage");
    const engine::InvoiceLine& second = read_in.invoices[0].lines.at(1);
    EXPECT_EQ(second.time_class, "HPB");
    EXPECT_EQ(second.unit, "kWh") << "the default";
}

TEST(InvoiceMapping, a_wrong_cell_is_named_as_the_file_names_it)
{
    const auto mapping = parse_invoice_mapping(network_mapping);
    const ImportedInvoices read_in = read(file_of({"N1;01/07/2024;09111642617347;Soutirage HPB;01/06/2024;30/06/2024;100;;0,0213;x;20;"}, network_header), &*mapping);
    ASSERT_EQ(read_in.problems.size(), 1U);
    EXPECT_EQ(read_in.problems[0].field, "Montant_HT");
}

TEST(InvoiceMapping, the_day_after_the_last)
{
    std::string json = network_mapping;
    json.insert(1, R"("last_day": "excluded",)");
    const auto mapping = parse_invoice_mapping(json);
    ASSERT_TRUE(mapping) << to_string(mapping.error());
    const ImportedInvoices read_in = read(file_of({"N1;01/07/2024;09111642617347;Soutirage HPB;01/06/2024;01/07/2024;100;;0,0213;2,13;20;"}, network_header), &*mapping);
    EXPECT_EQ(read_in.invoices.at(0).lines[0].span.to, day("2024-07-01"));
}

TEST(InvoiceMapping, wrong_ones_are_refused_by_their_member)
{
    const auto why = [](const std::string& json) {
        const auto mapping = parse_invoice_mapping(json);
        return mapping ? std::string{"taken"} : mapping.error().detail;
    };
    EXPECT_EQ(why("{"), "mapping: not JSON");
    EXPECT_EQ(why("[]"), "mapping: : must be an object");
    EXPECT_EQ(why("{}"), "mapping: /columns: missing");
    EXPECT_EQ(why(R"({"columns": {"A": "amounts"}})"), "mapping: /columns/A: is no column of invoices");
    EXPECT_EQ(why(R"({"columns": {"A": 1}})"), "mapping: /columns/A: must be a text");
    EXPECT_EQ(why(R"({"columns": {}, "values": {"A": {"x": {"itm": "energy"}}}})"), "mapping: /values/A/x/itm: is no column of invoices");
    EXPECT_EQ(why(R"({"columns": {}, "last_day": "maybe"})"), "mapping: /last_day: must be one of included, excluded");
    EXPECT_EQ(why(R"({"columns": {}, "other": 1})"), "mapping: /other: unknown key");
    EXPECT_EQ(why(R"({"columns": {}})"), "taken");
}

} // namespace releve::app
