#pragma once
// CSV files of which each row says something of a usage point for some days: their cells, their rows and what two rows must not
// say at once. Every mistake is named by row and column.

#include "csv_records.hpp"

#include <releve/core/time.hpp>

#include <span>

namespace releve::app {

/// What is wrong with a cell; empty: nothing.
using CellProblem = std::string;

template <class Row>
struct CsvColumn {
    std::string_view name;
    bool required;
    CellProblem (*set)(Row&, const std::string&);
};

[[nodiscard]] inline CellProblem set_day_cell(CivilDay& day, const std::string& cell)
{
    const auto parsed = parse_day(cell);
    if (!parsed)
        return "expected a date like 2024-01-10";
    day = *parsed;
    if (day < CivilDay{std::chrono::year{2000} / 1 / 1} || day >= CivilDay{std::chrono::year{2100} / 1 / 1})
        return "lies outside of the years 2000 to 2099";
    return {};
}

/// Empty: until further notice.
[[nodiscard]] inline CellProblem set_end_cell(std::optional<CivilDay>& day, const std::string& cell)
{
    return cell.empty() ? CellProblem{} : set_day_cell(day.emplace(), cell);
}

[[nodiscard]] inline CellProblem set_usage_point_cell(std::string& id, const std::string& cell)
{
    id = cell;
    return is_usage_point(cell) ? "" : "expected 14 digits (PRM, PCE), or GI and 6 digits";
}

/// Rows have `line`, `from` and `to`. `check` says what is wrong with a row of right cells: "column to: ...".
template <class Row, std::size_t count, class Check>
[[nodiscard]] std::vector<Row> read_csv_rows(std::string_view text, const CsvColumn<Row> (&columns)[count], std::vector<std::string>& problems, Check check)
{
    std::vector<Row> rows;
    const CsvRecords records = split_records(text);
    if (records.problem)
        problems.push_back(*records.problem);
    if (records.rows.empty())
        problems.push_back("row 1: the file is empty");
    if (!problems.empty())
        return rows;
    const std::vector<const CsvColumn<Row>*> order = read_header(columns, records.rows.front(), problems);
    if (!problems.empty())
        return rows;
    for (std::size_t line = 2; line <= records.rows.size(); ++line) {
        const std::vector<std::string>& cells = records.rows[line - 1];
        const std::string row_name = "row " + std::to_string(line);
        if (cells.size() != order.size()) {
            problems.push_back(row_name + ": has " + std::to_string(cells.size()) + " cells, the header has " + std::to_string(order.size()));
            continue;
        }
        Row row;
        row.line = line;
        const std::size_t problems_before = problems.size();
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (const CellProblem problem = order[i]->set(row, cells[i]); !problem.empty())
                problems.push_back(row_name + ", column " + std::string{order[i]->name} + ": " + problem);
        if (problems.size() == problems_before)
            if (const std::string problem = row.to && *row.to <= row.from ? "column to: is not after `from`" : check(std::as_const(row)); !problem.empty())
                problems.push_back(row_name + ", " + problem);
        rows.push_back(std::move(row));
    }
    return rows;
}

/// Which of two rows would count for a day is for the file to say, not for their order. `key` is of what has a day once.
template <class Row, class Key>
void check_days_once(std::span<const Row> rows, Key key, std::string_view of_what, std::vector<std::string>& problems)
{
    std::vector<const Row*> sorted;
    for (const Row& row : rows)
        sorted.push_back(&row);
    std::ranges::stable_sort(sorted, {}, [&](const Row* row) { return std::pair{key(*row), row->from}; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const Row& before = *sorted[i - 1];
        const Row& row = *sorted[i];
        if (key(before) == key(row) && (!before.to || *before.to > row.from))
            problems.push_back("row " + std::to_string(row.line) + ", column from: row " + std::to_string(before.line) + " has that day of " + std::string{of_what} + " too");
    }
}

} // namespace releve::app
