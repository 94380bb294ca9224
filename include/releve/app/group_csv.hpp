#pragma once
// Who is in which group and when, as people write it: a CSV file (RFC 4180) with the columns group, label, usage_point, from, to
// in any order. Mistakes are named by row and column.

#include <releve/store/admin_store.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

/// What is wrong with the name of a group; empty: nothing.
[[nodiscard]] std::string problem_of_group(std::string_view name);

struct GroupCsv {
    std::vector<store::GroupMembership> rows;
    std::vector<std::string> problems; // "row 3, column from: ..."; rows are only complete without any
};
/// An empty `to` is until further notice; without `label`, or where it is empty, a group keeps its own. Two rows for the same
/// day of a usage point in a group are a problem, and so are two labels of one group.
[[nodiscard]] GroupCsv parse_group_csv(std::string_view text);

struct TemperatureCsv {
    std::map<CivilDay, int> mean_c_e1; // tenths of a degree
    std::vector<std::string> problems;
};
/// Columns day, mean_c: degrees Celsius, rounded to tenths; a decimal comma is taken too. A day once.
[[nodiscard]] TemperatureCsv parse_temperature_csv(std::string_view text);

} // namespace releve::app
