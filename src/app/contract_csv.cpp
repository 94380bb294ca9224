#include <releve/app/contract_csv.hpp>

#include "csv_rows.hpp"

#include <releve/engine/bill.hpp>

#include <charconv>

namespace releve::app {

namespace {

using store::ContractRow;

CellProblem set_powers(ContractRow& row, const std::string& cell)
{
    const auto powers = store::parse_powers(cell);
    if (!powers)
        return powers.error().detail;
    row.powers_va = *powers;
    return {};
}

CellProblem set_parameters(ContractRow& row, const std::string& cell)
{
    const auto parameters = store::parse_parameters(cell);
    if (!parameters)
        return parameters.error().detail;
    row.parameters = *parameters;
    return {};
}

CellProblem set_offpeak(ContractRow& row, const std::string& cell)
{
    if (cell.empty())
        return {};
    const auto windows = engine::parse_offpeak(cell);
    if (!windows)
        return windows.error().detail;
    row.offpeak = engine::to_offpeak_text(*windows);
    return {};
}

CellProblem set_capacity(ContractRow& row, const std::string& cell)
{
    if (cell.empty())
        return {};
    constexpr std::int64_t capacity_max = 1'000'000'000;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc{} || end != cell.data() + cell.size() || value <= 0 || value > capacity_max)
        return "expected whole kWh a day, above 0 and at most " + std::to_string(capacity_max);
    row.daily_capacity_kwh = value;
    return {};
}

constexpr CsvColumn<ContractRow> contract_csv_columns[] = {
    {"usage_point", true, [](ContractRow& r, const std::string& c) { return set_usage_point_cell(r.usage_point.value, c); }},
    {"tariff", true,
     [](ContractRow& r, const std::string& c) {
         r.tariff = c;
         return CellProblem{c.empty() ? "must name a tariff, see `releve tariff list`" : ""};
     }},
    {"from", true, [](ContractRow& r, const std::string& c) { return set_day_cell(r.from, c); }},
    {"to", false, [](ContractRow& r, const std::string& c) { return set_end_cell(r.to, c); }},
    {"powers_kva", false, set_powers},
    {"parameters", false, set_parameters},
    {"offpeak", false, set_offpeak},
    {"meter_calendar", false,
     [](ContractRow& r, const std::string& c) {
         r.meter_calendar = c;
         return CellProblem{};
     }},
    {"daily_capacity_kwh", false, set_capacity},
};

/// What only the tariffs can tell.
std::string problem_of_terms(const ContractRow& row, const engine::TariffBook& book)
{
    engine::ContractTerms terms{.span = {}, .tariff = row.tariff, .parameters = row.parameters, .powers_va = row.powers_va};
    if (!book.tariffs.contains(row.tariff))
        return "column tariff: there is no tariff " + shown(row.tariff);
    if (!row.meter_calendar.empty() && !book.calendars.contains(row.meter_calendar))
        return "column meter_calendar: there is no calendar " + shown(row.meter_calendar);
    const auto fits = engine::check_powers(book, terms);
    if (fits)
        return {};
    const std::string& why = fits.error().detail; // "fta: tariff turpe_c5 needs it"
    const bool of_powers = why.starts_with("subscribed_powers: ") || why.starts_with("power_kva: ");
    return of_powers ? "column powers_kva" + why.substr(why.find(':')) : "column parameters: " + why;
}

} // namespace

ContractCsv parse_contract_csv(std::string_view text, const engine::TariffBook& book)
{
    ContractCsv csv;
    csv.rows = read_csv_rows(text, contract_csv_columns, csv.problems, [&](const ContractRow& row) { return problem_of_terms(row, book); });
    if (csv.problems.empty())
        check_days_once<ContractRow>(csv.rows, [](const ContractRow& row) { return std::string_view{row.usage_point.value}; }, "this usage point", csv.problems);
    return csv;
}

} // namespace releve::app
