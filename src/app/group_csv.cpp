#include <releve/app/group_csv.hpp>

#include "csv_records.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace releve::app {

namespace {

constexpr std::size_t group_label_bytes_max = 200;

using store::GroupMembership;

/// What is wrong with a cell; empty: nothing.
using CellProblem = std::string;

CellProblem set_membership_day(CivilDay& day, const std::string& cell)
{
    const auto parsed = parse_day(cell);
    if (!parsed)
        return "expected a date like 2024-01-10";
    day = *parsed;
    if (day < CivilDay{std::chrono::year{2000} / 1 / 1} || day >= CivilDay{std::chrono::year{2100} / 1 / 1})
        return "lies outside of the years 2000 to 2099";
    return {};
}

CellProblem set_group_label(GroupMembership& row, const std::string& cell)
{
    row.label = cell;
    return cell.size() <= group_label_bytes_max && is_plain_text(cell)
               ? ""
               : "expected plain text of at most " + std::to_string(group_label_bytes_max) + " characters";
}

struct GroupColumn {
    std::string_view name;
    bool required;
    CellProblem (*set)(GroupMembership&, const std::string&);
};
constexpr GroupColumn group_columns[] = {
    {"group", true, [](GroupMembership& r, const std::string& c) { return problem_of_group(r.group = c); }},
    {"label", false, set_group_label},
    {"usage_point", true,
     [](GroupMembership& r, const std::string& c) {
         r.usage_point = c;
         return CellProblem{is_usage_point(c) ? "" : "expected 14 digits (PRM, PCE), or GI and 6 digits"};
     }},
    {"from", true, [](GroupMembership& r, const std::string& c) { return set_membership_day(r.from, c); }},
    {"to", false,
     [](GroupMembership& r, const std::string& c) { return c.empty() ? CellProblem{} : set_membership_day(r.to.emplace(), c); }},
};

void read_membership(const std::vector<std::string>& cells, const std::vector<const GroupColumn*>& order, GroupCsv& csv,
                     std::size_t line)
{
    const std::string row_name = "row " + std::to_string(line);
    if (cells.size() != order.size()) {
        csv.problems.push_back(row_name + ": has " + std::to_string(cells.size()) + " cells, the header has " +
                               std::to_string(order.size()));
        return;
    }
    GroupMembership row;
    row.line = line;
    const std::size_t problems_before = csv.problems.size();
    for (std::size_t c = 0; c < cells.size(); ++c)
        if (const CellProblem problem = order[c]->set(row, cells[c]); !problem.empty())
            csv.problems.push_back(row_name + ", column " + std::string{order[c]->name} + ": " + problem);
    if (csv.problems.size() == problems_before && row.to && *row.to <= row.from)
        csv.problems.push_back(row_name + ", column to: is not after `from`");
    csv.rows.push_back(std::move(row));
}

/// Which of two rows would count is for the file to say, not for their order.
void check_memberships(GroupCsv& csv)
{
    std::map<std::string, const GroupMembership*> labels;
    std::vector<const GroupMembership*> sorted;
    for (const GroupMembership& row : csv.rows) {
        sorted.push_back(&row);
        if (row.label.empty())
            continue;
        const auto [place, fresh] = labels.try_emplace(row.group, &row);
        if (!fresh && place->second->label != row.label)
            csv.problems.push_back("row " + std::to_string(row.line) + ", column label: row " + std::to_string(place->second->line) +
                                   " has another for this group");
    }
    std::ranges::stable_sort(sorted, {}, [](const GroupMembership* row) { return std::tie(row->group, row->usage_point, row->from); });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const GroupMembership& before = *sorted[i - 1];
        const GroupMembership& row = *sorted[i];
        if (before.group == row.group && before.usage_point == row.usage_point && (!before.to || *before.to > row.from))
            csv.problems.push_back("row " + std::to_string(row.line) + ", column from: row " + std::to_string(before.line) +
                                   " has that day of this usage point in this group too");
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
    const CsvRecords records = split_records(text);
    if (records.problem)
        csv.problems.push_back(*records.problem);
    if (records.rows.empty())
        csv.problems.push_back("row 1: the file is empty");
    if (!csv.problems.empty())
        return csv;
    const std::vector<const GroupColumn*> order = read_header(group_columns, records.rows.front(), csv.problems);
    if (!csv.problems.empty())
        return csv;
    for (std::size_t i = 1; i < records.rows.size(); ++i)
        read_membership(records.rows[i], order, csv, i + 1);
    if (csv.problems.empty())
        check_memberships(csv);
    return csv;
}

} // namespace releve::app
