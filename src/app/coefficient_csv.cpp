#include <releve/app/coefficient_csv.hpp>

#include "csv_rows.hpp"

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::size_t decimals_max = 5;
constexpr std::int64_t one = 100'000;

using store::Coefficient;

CellProblem set_gas_point(Coefficient& row, const std::string& cell)
{
    row.usage_point = cell;
    return is_usage_point(cell) ? "" : "expected 14 digits (PCE), or GI and 6 digits";
}

CellProblem set_value(Coefficient& row, const std::string& cell)
{
    const auto value = parse_kwh_per_m3(cell);
    if (!value)
        return value.error().detail;
    row.kwh_per_m3_e5 = *value;
    return {};
}

constexpr CsvColumn<Coefficient> coefficient_columns[] = {
    {"usage_point", true, set_gas_point},
    {"from", true, [](Coefficient& r, const std::string& c) { return set_day_cell(r.from, c); }},
    {"to", false, [](Coefficient& r, const std::string& c) { return set_end_cell(r.to, c); }},
    {"kwh_per_m3", true, set_value},
};

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
    csv.rows = read_csv_rows(text, coefficient_columns, csv.problems, [](const Coefficient&) { return std::string{}; });
    if (csv.problems.empty())
        check_days_once<Coefficient>(csv.rows, [](const Coefficient& row) { return std::string_view{row.usage_point}; }, "this usage point", csv.problems);
    return csv;
}

} // namespace releve::app
