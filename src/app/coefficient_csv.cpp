#include <releve/app/coefficient_csv.hpp>

#include "csv_records.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

namespace releve::app {

namespace {

constexpr std::size_t decimals_max = 5;
constexpr std::int64_t one = 100'000;

using store::Coefficient;
using Problem = std::optional<std::string>;

Problem set_day(CivilDay& day, const std::string& cell)
{
    const auto parsed = parse_day(cell);
    if (!parsed)
        return "expected a date like 2024-01-10";
    day = *parsed;
    if (day < CivilDay{std::chrono::year{2000} / 1 / 1} || day >= CivilDay{std::chrono::year{2100} / 1 / 1})
        return "lies outside of the years 2000 to 2099";
    return {};
}

Problem set_usage_point(Coefficient& row, const std::string& cell)
{
    row.usage_point = cell;
    return is_usage_point(cell) ? Problem{} : Problem{"expected 14 digits (PCE), or GI and 6 digits"};
}

Problem set_to(Coefficient& row, const std::string& cell)
{
    if (cell.empty())
        return {};
    row.to.emplace();
    return set_day(*row.to, cell);
}

Problem set_value(Coefficient& row, const std::string& cell)
{
    const auto value = parse_kwh_per_m3(cell);
    if (!value)
        return value.error().detail;
    row.kwh_per_m3_e5 = *value;
    return {};
}

struct Column {
    std::string_view name;
    bool required;
    Problem (*set)(Coefficient&, const std::string&);
};
constexpr Column columns[] = {
    {"usage_point", true, set_usage_point},
    {"from", true, [](Coefficient& r, const std::string& c) { return set_day(r.from, c); }},
    {"to", false, set_to},
    {"kwh_per_m3", true, set_value},
};

/// Which of two rows would count for a day is for the file to say, not for their order.
void check_overlaps(const std::vector<Coefficient>& rows, std::vector<std::string>& problems)
{
    std::vector<const Coefficient*> sorted;
    for (const Coefficient& row : rows)
        sorted.push_back(&row);
    std::ranges::sort(sorted, {}, [](const Coefficient* row) { return std::tie(row->usage_point, row->from); });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const Coefficient& before = *sorted[i - 1];
        const Coefficient& row = *sorted[i];
        if (before.usage_point == row.usage_point && (!before.to || *before.to > row.from))
            problems.push_back("row " + std::to_string(row.line) + ", column from: row " + std::to_string(before.line) +
                               " has that day of this usage point too");
    }
}

} // namespace

result<std::int64_t> parse_kwh_per_m3(std::string_view text)
{
    const auto point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    const std::string_view decimals = point < text.size() ? text.substr(point + 1) : std::string_view{};
    if (whole.empty() || whole.size() > 2 || !is_digits(whole) || !is_digits(decimals) || decimals.size() > decimals_max ||
        (point < text.size() && decimals.empty()))
        return fail(errc::bad_value, "expected a number like 11.29, with at most 5 decimals");
    std::string digits{whole};
    digits.append(decimals).append(decimals_max - decimals.size(), '0');
    const std::int64_t value = std::stoll(digits);
    if (value < one || value > 20 * one)
        return fail(errc::bad_value, "must be from 1 to 20 kWh per m3");
    return value;
}

std::string kwh_per_m3_text(std::int64_t hundred_thousandths)
{
    std::string decimals = std::to_string(one + hundred_thousandths % one).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    return std::to_string(hundred_thousandths / one) + (decimals.empty() ? "" : "." + decimals);
}

CoefficientCsv parse_coefficient_csv(std::string_view text)
{
    CoefficientCsv csv;
    const CsvRecords records = split_records(text);
    if (records.problem)
        csv.problems.push_back(*records.problem);
    if (records.rows.empty())
        csv.problems.push_back("row 1: the file is empty");
    if (!csv.problems.empty())
        return csv;
    const std::vector<const Column*> order = read_header(columns, records.rows.front(), csv.problems);
    if (!csv.problems.empty())
        return csv;
    for (std::size_t i = 1; i < records.rows.size(); ++i) {
        const auto& cells = records.rows[i];
        const std::string row_name = "row " + std::to_string(i + 1);
        if (cells.size() != order.size()) {
            csv.problems.push_back(row_name + ": has " + std::to_string(cells.size()) + " cells, the header has " +
                                   std::to_string(order.size()));
            continue;
        }
        Coefficient row;
        row.line = i + 1;
        const std::size_t problems_before = csv.problems.size();
        for (std::size_t c = 0; c < cells.size(); ++c)
            if (const Problem problem = order[c]->set(row, cells[c]))
                csv.problems.push_back(row_name + ", column " + std::string{order[c]->name} + ": " + *problem);
        if (csv.problems.size() == problems_before && row.to && *row.to <= row.from)
            csv.problems.push_back(row_name + ", column to: is not after `from`");
        csv.rows.push_back(std::move(row));
    }
    if (csv.problems.empty())
        check_overlaps(csv.rows, csv.problems);
    return csv;
}

} // namespace releve::app
