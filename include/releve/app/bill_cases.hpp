#pragma once
// Runs worked cases of bills: {id, topic, input, expected, tolerance}. Each topic is computed from its input
// and the tariff documents only, with exact numbers, and compared field by field with what is expected;
// docs/BILLING.md lists the topics. Members named "reason" and "note" speak to people: they are not compared.

#include <releve/engine/tariff.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

inline constexpr std::size_t bill_case_bytes_max = 16U << 20U; // of a file

struct BillCaseDifference {
    std::string id, field, expected, got; // field "input.kva": the input cannot be used
};
struct BillCaseReport {
    std::size_t passed = 0, failed = 0, skipped = 0;
    std::vector<BillCaseDifference> differences;
    std::map<std::string, std::size_t> unknown_topics; // skipped cases by topic
};
/// An array of cases, or an object with one under "cases". Adds the outcome of each to the report; a case
/// that is not whole has failed. errc::malformed: no such JSON, nothing was added; errc::too_large.
[[nodiscard]] result<void> run_bill_cases(std::string_view json, const engine::TariffBook& book,
                                          BillCaseReport& report);

} // namespace releve::app
