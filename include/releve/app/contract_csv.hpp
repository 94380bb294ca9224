#pragma once
// Contracts as people write them: a CSV file (RFC 4180) with the columns usage_point, tariff, from, to, powers_kva, parameters,
// offpeak, meter_calendar, daily_capacity_kwh in any order. Mistakes are named by row and column.

#include <releve/engine/tariff.hpp>
#include <releve/store/billing_records.hpp>

namespace releve::app {

struct ContractCsv {
    std::vector<store::ContractRow> rows;
    std::vector<std::string> problems; // "row 3, column from: ..."; rows are only complete without any
};
/// powers_kva: "9", or one a class, "36;36;36;100". parameters: "fta=BTINFMUDT;user=household_le36". An empty `to` is until
/// further notice. The book says which tariffs, parameters and powers there are.
[[nodiscard]] ContractCsv parse_contract_csv(std::string_view text, const engine::TariffBook& book);

} // namespace releve::app
