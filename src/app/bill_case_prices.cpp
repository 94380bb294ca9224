// What the topics ask of tariffs: a contract out of an input, its lines for time made by the engine, prices.

#include "bill_cases_parts.hpp"

#include <algorithm>
#include <charconv>

namespace releve::app::bills {

using engine::Basis;
using engine::BillLine;
using engine::Component;
using engine::Parameters;
using engine::TariffBook;
using engine::UsedComponent;

namespace {

constexpr const char* high_voltage = "turpe_hta";

/// Network tariff codes of the high voltage and the options that they are.
constexpr std::pair<std::string_view, std::string_view> high_voltage_codes[] = {
    {"HTACU5", "CU_PF"}, {"HTALU5", "LU_PF"}, {"HTACUPM5", "CU_PM"}, {"HTALUPM5", "LU_PM"}};

bool allows(const TariffBook& book, std::string_view tariff, std::string_view parameter,
            const std::string& value)
{
    const auto found = book.tariffs.find(tariff);
    if (found == book.tariffs.end())
        return false;
    return std::ranges::any_of(found->second.parameters, [&](const engine::ParameterModel& model) {
        return model.name == parameter && std::ranges::find(model.values, value) != model.values.end();
    });
}

void read_tariff(const CaseNode& input, const TariffBook& book, PricedContract& out)
{
    std::string option;
    if (input.has("option")) {
        option = input.at("option").text();
        if (!allows(book, high_voltage, "option", option))
            return input.at("option").fail("an option of " + std::string{high_voltage});
    } else {
        const std::string fta = input.at("fta").text();
        for (const char* tariff : {"turpe_c5", "turpe_c4"})
            if (allows(book, tariff, "fta", fta)) {
                out.tariff = tariff;
                out.parameters["fta"] = fta;
                return;
            }
        const auto code = std::ranges::find(high_voltage_codes, std::string_view{fta},
                                            &std::pair<std::string_view, std::string_view>::first);
        if (code == std::end(high_voltage_codes))
            return input.at("fta").fail("a network tariff that is known");
        option = code->second;
    }
    out.tariff = high_voltage;
    out.parameters["option"] = option;
}

std::chrono::months read_months(const CaseNode& node)
{
    constexpr int months_max = 120;
    const std::string text = node.text();
    const char *at = text.data(), *end = at + text.size();
    int number = 0, parts = 1;
    bool good = false;
    if (const auto first = std::from_chars(at, end, number); first.ec == std::errc{}) {
        at = first.ptr;
        good = true;
        if (at != end && *at == '/') {
            const auto second = std::from_chars(at + 1, end, parts);
            good = second.ec == std::errc{};
            at = second.ptr;
        }
    }
    const std::string_view unit{at, static_cast<std::size_t>(end - at)};
    const bool year = unit == " year" || unit == " years", month = unit == " month" || unit == " months";
    good = good && (year || month) && number > 0 && number <= months_max && parts > 0 && parts <= 12;
    const int months = good ? number * (year ? 12 : 1) : 0;
    if (good && months % parts == 0 && months / parts <= months_max)
        return std::chrono::months{months / parts};
    node.fail("whole months, such as 1 year, 1/12 year or 3 months");
    return std::chrono::months{12};
}

/// The tariff alone, with only what is for time, prorated as wanted.
engine::Tariff without_use(const engine::Tariff& tariff, const AnnualWanted& wanted)
{
    engine::Tariff out = tariff;
    out.includes.clear();
    std::erase_if(out.components, [](const Component& component) {
        return component.basis != Basis::fixed && component.basis != Basis::power &&
               component.basis != Basis::capacity;
    });
    for (Component& component : out.components) {
        if (wanted.proration)
            component.proration = *wanted.proration;
        if (!wanted.round_unit_price)
            component.unit_price_decimals.reset();
    }
    return out;
}

Ratio exact_amount(const BillLine& line)
{
    const engine::PriceUnitRow& unit = engine::price_unit_row(line.unit);
    const Ratio price = line.unit_price ? ratio_of(*line.unit_price)
                                        : ratio_of(line.price) *
                                              Ratio{unit.euros, static_cast<Wide>(unit.per) * line.divisor};
    return price * ratio_of(line.quantity);
}

} // namespace

PricedContract read_network(const CaseNode& input, const TariffBook& book)
{
    PricedContract out;
    read_tariff(input, book, out);
    if (!input.has("contract"))
        return out;
    const std::string kind = input.at("contract").text();
    if (kind != "contrat_unique" && kind != "single" && kind != "card")
        input.at("contract").fail("contrat_unique or card");
    out.parameters["contract_type"] = kind == "card" ? "card" : "single";
    return out;
}

CaseNode powers_of(const CaseNode& input)
{
    for (const char* name : {"subscribed_kva", "subscribed_kw"})
        if (input.has(name))
            return input.at(name);
    return input.at("kva");
}

result<void> read_powers(const CaseNode& input, const TariffBook& book, PricedContract& contract)
{
    constexpr std::int64_t power_max_kva = 1'000'000;
    const CaseNode powers = powers_of(input);
    if (!powers.is_object()) {
        contract.powers_va = {powers.scaled(0, power_max_kva, 3)};
        return {};
    }
    RELEVE_TRY(used, engine::components_of(book, contract.tariff, contract.parameters));
    const auto power = std::ranges::find_if(
        used, [](const UsedComponent& one) { return one.component->basis == Basis::power; });
    if (power == used.end() || power->component->classes.empty()) {
        powers.fail("one power: " + contract.tariff + " has no classes of them");
        return {};
    }
    for (const std::string& name : powers.names())
        if (std::ranges::find(power->component->classes, name) == power->component->classes.end())
            powers.at(name).fail("a class of " + contract.tariff);
    for (const std::string& name : power->component->classes)
        contract.powers_va.push_back(powers.at(name).scaled(0, power_max_kva, 3));
    return {};
}

result<std::vector<BillLine>> annual_lines(const TariffBook& book, const PricedContract& contract,
                                           const AnnualWanted& wanted)
{
    const auto tariff = book.tariffs.find(contract.tariff);
    if (tariff == book.tariffs.end())
        return fail(errc::unknown_tariff, "there is no tariff " + contract.tariff);
    TariffBook alone{{{contract.tariff, without_use(tariff->second, wanted)}}, book.calendars, {}};
    engine::BillFacts facts;
    facts.energy = tariff->second.energy;
    facts.contracts.push_back({wanted.span,
                               contract.tariff,
                               contract.parameters,
                               contract.powers_va,
                               contract.daily_capacity_kwh,
                               {}});
    RELEVE_TRY(bill,
               engine::BillMaker(alone, paris()).make(facts, {wanted.span, wanted.prices_as_of, {}, {}}));
    return std::move(bill.lines);
}

Ratio sum_of(const std::vector<BillLine>& lines, std::string_view component)
{
    Ratio sum;
    for (const BillLine& line : lines)
        if (component.empty() || line.component == component)
            sum = sum + exact_amount(line);
    return sum;
}

AnnualWanted read_period(const CaseNode& input)
{
    const CivilDay grid = input.at("grid").day();
    const std::chrono::year_month_day date{grid};
    const CivilDay from{date.year() / date.month() / 1};
    const CivilDay to{(date.year() / date.month() + read_months(input.at("period"))) / 1};
    return {{from, to}, grid, engine::Proration::twelfth};
}

result<Ratio> price_on(const UsedComponent& used, CivilDay day)
{
    RELEVE_TRY(row, engine::row_on(used, day));
    const engine::PriceUnitRow& unit = engine::price_unit_row(used.component->unit);
    return ratio_of(row->values.front()) * Ratio{unit.euros, unit.per};
}

result<Ratio> price_on(const TariffBook& book, std::string_view tariff, std::string_view component,
                       const Parameters& parameters, CivilDay day)
{
    RELEVE_TRY(used, engine::components_of(book, tariff, parameters));
    for (const UsedComponent& one : used)
        if (one.component->id == component && one.tariff->id == tariff)
            return price_on(one, day);
    return fail(errc::unknown_tariff,
                "tariff " + std::string{tariff} + " has no component " + std::string{component});
}

result<Ratio> energy_amount(const TariffBook& book, const PricedContract& contract, const CaseNode& kwh,
                            CivilDay day)
{
    RELEVE_TRY(used, engine::components_of(book, contract.tariff, contract.parameters));
    if (!kwh.is_object() || kwh.names().empty())
        kwh.fail("kWh of each class");
    Ratio sum;
    for (const std::string& name : kwh.names()) {
        const auto priced = std::ranges::find_if(used, [&](const UsedComponent& one) {
            return one.component->basis == Basis::energy && one.component->time_class == name;
        });
        if (priced == used.end()) {
            kwh.at(name).fail("a class that " + contract.tariff + " has a price for");
            continue;
        }
        RELEVE_TRY(price, price_on(*priced, day));
        sum = sum + price * ratio_of(kwh.at(name).energy_kwh());
    }
    return sum;
}

result<void> add_cents(CaseValue& out, std::string name, const Ratio& euros)
{
    RELEVE_TRY(amount, cents_of(euros));
    out.add(std::move(name), value_of(amount));
    return {};
}

Ratio less(const Ratio& a, const Ratio& b)
{
    return a + Ratio{-b.dividend, b.divisor};
}

} // namespace releve::app::bills
