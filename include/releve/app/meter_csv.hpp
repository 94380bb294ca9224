#pragma once
// The CSV of `releve meter import`: RFC 4180, a header row, columns in any order. Every wrong cell is named by row and
// column; key digits are never repeated.

#include <releve/app/model_files.hpp>
#include <releve/store/records.hpp>

#include <string_view>

namespace releve::app {

struct MeterCsv {
    std::vector<store::MeterImportRow> rows;
    std::vector<std::string> problems; // "row 3, column policy: expected ..."; rows are only complete without any
};
/// `acknowledgement_title`: no meter may have it.
[[nodiscard]] MeterCsv parse_meter_csv(std::string_view text, const ModelRegistry& models,
                                       const std::string& acknowledgement_title);

} // namespace releve::app
