#include <releve/app/contract_csv.hpp>

#include "csv_records.hpp"

#include <releve/engine/bill.hpp>

#include <charconv>

namespace releve::app {

namespace {

using store::ContractRow;

/// What is wrong with a cell; empty: nothing.
using ContractProblem = std::string;

ContractProblem set_contract_day(CivilDay& day, const std::string& cell)
{
    const auto parsed = parse_day(cell);
    if (!parsed)
        return "expected a date like 2024-01-10";
    day = *parsed;
    if (day < CivilDay{std::chrono::year{2000} / 1 / 1} || day >= CivilDay{std::chrono::year{2100} / 1 / 1})
        return "lies outside of the years 2000 to 2099";
    return {};
}

ContractProblem set_powers(ContractRow& row, const std::string& cell)
{
    const auto powers = store::parse_powers(cell);
    if (!powers)
        return powers.error().detail;
    row.powers_va = *powers;
    return {};
}

ContractProblem set_parameters(ContractRow& row, const std::string& cell)
{
    const auto parameters = store::parse_parameters(cell);
    if (!parameters)
        return parameters.error().detail;
    row.parameters = *parameters;
    return {};
}

ContractProblem set_offpeak(ContractRow& row, const std::string& cell)
{
    if (cell.empty())
        return {};
    const auto windows = engine::parse_offpeak(cell);
    if (!windows)
        return windows.error().detail;
    row.offpeak = engine::to_offpeak_text(*windows);
    return {};
}

ContractProblem set_capacity(ContractRow& row, const std::string& cell)
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

struct ContractColumn {
    std::string_view name;
    bool required;
    ContractProblem (*set)(ContractRow&, const std::string&);
};
constexpr ContractColumn contract_csv_columns[] = {
    {"usage_point", true,
     [](ContractRow& r, const std::string& c) {
         r.usage_point.value = c;
         return ContractProblem{is_usage_point(c) ? "" : "expected 14 digits (PRM, PCE), or GI and 6 digits"};
     }},
    {"tariff", true,
     [](ContractRow& r, const std::string& c) {
         r.tariff = c;
         return ContractProblem{c.empty() ? "must name a tariff, see `releve tariff list`" : ""};
     }},
    {"from", true, [](ContractRow& r, const std::string& c) { return set_contract_day(r.from, c); }},
    {"to", false, [](ContractRow& r, const std::string& c) { return c.empty() ? ContractProblem{} : set_contract_day(r.to.emplace(), c); }},
    {"powers_kva", false, set_powers},
    {"parameters", false, set_parameters},
    {"offpeak", false, set_offpeak},
    {"meter_calendar", false,
     [](ContractRow& r, const std::string& c) {
         r.meter_calendar = c;
         return ContractProblem{};
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
    if (row.to && *row.to <= row.from)
        return "column to: is not after `from`";
    const auto fits = engine::check_powers(book, terms);
    return fits ? "" : fits.error().detail;
}

} // namespace

ContractCsv parse_contract_csv(std::string_view text, const engine::TariffBook& book)
{
    ContractCsv csv;
    const CsvRecords records = split_records(text);
    if (records.problem) {
        csv.problems.push_back(*records.problem);
        return csv;
    }
    if (records.rows.empty()) {
        csv.problems.push_back("row 1: the header is missing");
        return csv;
    }
    const auto order = read_header(contract_csv_columns, records.rows.front(), csv.problems);
    if (!csv.problems.empty())
        return csv;
    for (std::size_t line = 2; line <= records.rows.size(); ++line) {
        const std::vector<std::string>& cells = records.rows[line - 1];
        const std::string place = "row " + std::to_string(line) + ", ";
        if (cells.size() != order.size()) {
            csv.problems.push_back(place + "expected " + std::to_string(order.size()) + " cells, found " + std::to_string(cells.size()));
            continue;
        }
        ContractRow row;
        row.line = line;
        const std::size_t before = csv.problems.size();
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (const ContractProblem problem = order[i]->set(row, cells[i]); !problem.empty())
                csv.problems.push_back(place + "column " + std::string{order[i]->name} + ": " + problem);
        if (csv.problems.size() == before)
            if (const std::string problem = problem_of_terms(row, book); !problem.empty())
                csv.problems.push_back(place + problem);
        csv.rows.push_back(std::move(row));
    }
    return csv;
}

} // namespace releve::app
