#pragma once
// Bills as JSON and CSV, with the words of their tariffs. Amounts are euros, energies kWh, as exact decimals.

#include <releve/api/listing.hpp>
#include <releve/store/billing_records.hpp>

namespace releve::api {

/// Of what is stored: state, id and so on; null for one that was only computed.
[[nodiscard]] std::string bill_json(const engine::Bill& bill, const store::Knowledge& known, const engine::TariffBook& book, const store::StoredBill* stored);
/// A row a line, for CSV and tables.
[[nodiscard]] Listing bill_listing(const engine::Bill& bill, const engine::TariffBook& book);
/// Members of a stored bill without its lines.
[[nodiscard]] const std::vector<std::string_view>& stored_bill_columns();
[[nodiscard]] std::vector<Cell> stored_bill_row(const store::StoredBill& bill);

/// Words of a line's component and class; its ids where the book does not have them.
struct LineWords {
    OwnWords component, time_class;
};
[[nodiscard]] LineWords words_of(const engine::BillLine& line, const engine::TariffBook& book);
/// How the amount was worked out: "13.49 EUR/kVA/year / 365 = 0.03696; x 270 kVA.day = 9.98".
[[nodiscard]] std::string working_of(const engine::BillLine& line);

} // namespace releve::api
