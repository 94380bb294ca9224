#pragma once
// A bill as people read it: amounts and days in words of their language, and a page of HTML that prints well.

#include <releve/api/bill_json.hpp>
#include <releve/api/http.hpp>

namespace releve::api {

/// "€1,234.56", "1 234,56 €" (narrow no-break spaces).
[[nodiscard]] std::string euro_text(Cents amount, Language language);
/// "1,234.5", "1 234,5".
[[nodiscard]] std::string number_text(const Decimal& number, Language language);
/// "25 January 2025", "25 janvier 2025".
[[nodiscard]] std::string day_text(CivilDay day, Language language);
/// What "curve of 2013, played as 2025" means to a reader; what is not written so stays as it is.
[[nodiscard]] std::string played_text(const std::string& played, Language language);
/// On what the bill rests, as its first sentence.
[[nodiscard]] std::string rests_text(const engine::Bill& bill, Language language);
/// Of a line: "Subscription", "Energy, peak hours".
[[nodiscard]] std::string line_text(const engine::BillLine& line, const engine::TariffBook& book, Language language);
[[nodiscard]] std::string section_text(engine::Section section, Language language);
/// "day", "days", "kWh" ... of a quantity's unit.
[[nodiscard]] std::string quantity_text(const engine::BillLine& line, Language language);

/// For the terminal: lines by section.
[[nodiscard]] std::string bill_text(const engine::Bill& bill, const engine::TariffBook& book, Language language);
/// A whole document, without scripts or outside resources. `stored` may be null.
[[nodiscard]] std::string bill_html(const engine::Bill& bill, const engine::TariffBook& book, const store::StoredBill* stored, Language language);
[[nodiscard]] std::string html_escaped(std::string_view text);

} // namespace releve::api
