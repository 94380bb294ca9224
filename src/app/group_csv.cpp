#include <releve/app/group_csv.hpp>

#include "csv_rows.hpp"

#include <releve/core/decimal.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace releve::app {

namespace {

constexpr std::size_t group_label_bytes_max = 200;

using store::GroupMembership;

CellProblem set_group_label(GroupMembership& row, const std::string& cell)
{
    row.label = cell;
    return cell.size() <= group_label_bytes_max && is_plain_text(cell)
               ? ""
               : "expected plain text of at most " + std::to_string(group_label_bytes_max) + " characters";
}

constexpr CsvColumn<GroupMembership> group_columns[] = {
    {"group", true, [](GroupMembership& r, const std::string& c) { return problem_of_group(r.group = c); }},
    {"label", false, set_group_label},
    {"usage_point", true, [](GroupMembership& r, const std::string& c) { return set_usage_point_cell(r.usage_point, c); }},
    {"from", true, [](GroupMembership& r, const std::string& c) { return set_day_cell(r.from, c); }},
    {"to", false, [](GroupMembership& r, const std::string& c) { return set_end_cell(r.to, c); }},
};

struct TemperatureRow {
    CivilDay from{};
    std::optional<CivilDay> to{}; // never said
    int mean_c_e1 = 0;
    std::size_t line = 0;
};

/// "-3.4"; also "-3,4", as a spreadsheet saves it.
CellProblem set_mean_cell(TemperatureRow& row, std::string cell)
{
    std::ranges::replace(cell, ',', '.');
    const auto mean = parse_decimal(cell);
    const auto tenths = mean ? round_to(ratio_of(*mean), 1) : result<Decimal>{mean.error()};
    constexpr std::int64_t possible_c_e1 = 1'000;
    if (!tenths || tenths->digits < -possible_c_e1 || tenths->digits > possible_c_e1)
        return "expected degrees Celsius, -100 to 100";
    row.mean_c_e1 = static_cast<int>(tenths->digits);
    return {};
}

constexpr CsvColumn<TemperatureRow> temperature_columns[] = {
    {"day", true, [](TemperatureRow& r, const std::string& c) { return set_day_cell(r.from, c); }},
    {"mean_c", true, [](TemperatureRow& r, const std::string& c) { return set_mean_cell(r, c); }},
};

void check_labels(GroupCsv& csv)
{
    std::map<std::string, const GroupMembership*> labels;
    for (const GroupMembership& row : csv.rows) {
        if (row.label.empty())
            continue;
        const auto [place, fresh] = labels.try_emplace(row.group, &row);
        if (!fresh && place->second->label != row.label)
            csv.problems.push_back("row " + std::to_string(row.line) + ", column label: row " + std::to_string(place->second->line) + " has another for this group");
    }
}

} // namespace

std::string problem_of_group(std::string_view name)
{
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
    };
    const bool good = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
    return good ? "" : "expected 1 to 64 of a-z, A-Z, 0-9, dot, dash and underscore";
}

GroupCsv parse_group_csv(std::string_view text)
{
    GroupCsv csv;
    csv.rows = read_csv_rows(text, group_columns, csv.problems, [](const GroupMembership&) { return std::string{}; });
    if (!csv.problems.empty())
        return csv;
    check_labels(csv);
    check_days_once<GroupMembership>(csv.rows, [](const GroupMembership& row) { return std::tie(row.group, row.usage_point); }, "this usage point in this group", csv.problems);
    return csv;
}

TemperatureCsv parse_temperature_csv(std::string_view text)
{
    TemperatureCsv csv;
    for (const TemperatureRow& row : read_csv_rows(text, temperature_columns, csv.problems, [](const TemperatureRow&) { return std::string{}; }))
        if (csv.problems.empty() && !csv.mean_c_e1.emplace(row.from, row.mean_c_e1).second)
            csv.problems.push_back("row " + std::to_string(row.line) + ", column day: an earlier row has that day");
    return csv;
}

} // namespace releve::app
