#pragma once
// Conversion coefficients of gas as people write them: one on the command line, many in a CSV file (RFC 4180) with the columns
// usage_point, from, to, kwh_per_m3 in any order. Mistakes are named by row and column.

#include <releve/store/admin_store.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

/// "11.29" as 1,129,000 hundred-thousandths: exactly, with at most five decimals, from 1 to 20 kWh per m3. errc::bad_value.
[[nodiscard]] result<std::int64_t> parse_kwh_per_m3(std::string_view text);
/// Without zeros at the end: "11.29".
[[nodiscard]] std::string kwh_per_m3_text(std::int64_t hundred_thousandths);

struct CoefficientCsv {
    std::vector<store::Coefficient> rows;
    std::vector<std::string> problems; // "row 3, column from: ..."; rows are only complete without any
};
/// An empty `to` is until further notice. Two rows of a usage point for the same day are a problem.
[[nodiscard]] CoefficientCsv parse_coefficient_csv(std::string_view text);

} // namespace releve::app
