// Topics about gas.

#include "bill_cases_parts.hpp"

#include <releve/engine/gas.hpp>

#include <algorithm>

namespace releve::app::bills {

using engine::Parameters;
using engine::Proration;
using engine::TariffBook;

namespace {

constexpr const char* network = "atrd";

PricedContract read_option(const CaseNode& input)
{
    constexpr std::int64_t capacity_max_kwh = 1'000'000'000;
    PricedContract out{network, {{"option", input.at("option").text()}}, {}, {}};
    if (input.has("daily_capacity_kwh"))
        out.daily_capacity_kwh = input.at("daily_capacity_kwh").integer(0, capacity_max_kwh);
    return out;
}

/// What the capacity and the connection cost in some months, at the prices of "grid".
result<Ratio> fixed_amount(const CaseNode& input, const TariffBook& book, std::chrono::months months)
{
    const CivilDay grid = input.at("grid").day();
    const std::chrono::year_month_day date{grid};
    const CivilDay from{date.year() / date.month() / 1}, to{(date.year() / date.month() + months) / 1};
    RELEVE_TRY(lines, annual_lines(book, read_option(input), {{from, to}, grid, Proration::twelfth}));
    return sum_of(lines);
}

/// A share of the day: what the input says in percent, else what the tariff does.
result<Ratio> share_of(const CaseNode& input, std::string_view member, const TariffBook& book,
                       std::string_view component)
{
    if (input.has(member))
        return input.at(member).percent();
    return price_on(book, "cta_gas", component, {}, input.at("date").day());
}

/// Network option by the gas used in a year: the last that the use is above the floor of. CRE, ATRD7 of GRDF;
/// on which side a use of exactly 6, 300 or 5,000 MWh is was not found in a source: taken as the lower
/// option's.
struct OptionRow {
    std::string_view option;
    std::int64_t above_kwh;
};
constexpr OptionRow option_rows[] = {{"T4", 5'000'000}, {"T3", 300'000}, {"T2", 6'000}, {"T1", -1}};

} // namespace

result<CaseValue> gas_conversion(const CaseNode& input, const TariffBook&)
{
    constexpr std::int64_t index_max_m3 = 1'000'000'000;
    constexpr int dm3 = 3, e5 = 5;
    const std::int64_t start = input.at("index_start_m3").scaled(0, index_max_m3, dm3),
                       end = input.at("index_end_m3").scaled(0, index_max_m3, dm3);
    if (end < start)
        input.at("index_end_m3").fail("an index not below index_start_m3");
    RELEVE_TRY(kwh, engine::energy_kwh_of(std::max<std::int64_t>(0, end - start),
                                          input.at("coefficient").scaled(0, 20, e5)));
    CaseValue out;
    out.add("m3", value_of(shortest({end - start, dm3})));
    out.add("kwh", whole_number(kwh));
    return out;
}

result<CaseValue> gas_bill_lines(const CaseNode& input, const TariffBook& book)
{
    const Ratio kwh = ratio_of(input.at("kwh").energy_kwh());
    CaseValue out;
    if (input.has("price_eur_kwh"))
        RELEVE_CHECK(add_cents(out, "supply_eur", kwh * ratio_of(input.at("price_eur_kwh").price())));
    if (input.has("atrd_variable_eur_kwh")) {
        RELEVE_CHECK(
            add_cents(out, "atrd_variable_eur", kwh * ratio_of(input.at("atrd_variable_eur_kwh").price())));
    } else if (input.has("option")) {
        RELEVE_TRY(price, price_on(book, network, "atrd_energy", read_option(input).parameters,
                                   input.at("date").day()));
        RELEVE_CHECK(add_cents(out, "atrd_variable_eur", kwh * price));
    }
    Ratio excise;
    if (input.has("accise_eur_mwh")) {
        excise = ratio_of(input.at("accise_eur_mwh").price()) * Ratio{1, 1000};
    } else {
        RELEVE_TRY(known, price_on(book, "excise_gas", "excise", {}, input.at("date").day()));
        excise = known;
    }
    RELEVE_CHECK(add_cents(out, "accise_eur", kwh * excise));
    return out;
}

/// The sum is of the rounded parts: two lines of a bill.
result<CaseValue> gas_cta(const CaseNode& input, const TariffBook& book)
{
    const Ratio fixed = ratio_of(input.at("month_distribution_fixed_eur").amount_eur());
    RELEVE_TRY(distribution, share_of(input, "distribution_pct", book, "cta_distribution"));
    RELEVE_TRY(local, cents_of(fixed * distribution));
    Ratio transport_base = fixed; // the tariff's share is of it
    if (input.has("month_transport_base_eur"))
        transport_base = ratio_of(input.at("month_transport_base_eur").amount_eur());
    else if (input.has("transport_pct"))
        input.at("month_transport_base_eur").fail("an amount, which transport_pct is of");
    RELEVE_TRY(transport, share_of(input, "transport_pct", book, "cta_transport"));
    if (input.has("month_transport_base_eur") && !input.has("transport_pct"))
        input.at("transport_pct").fail("a share of month_transport_base_eur");
    RELEVE_TRY(far, cents_of(transport_base * transport));
    CaseValue out;
    out.add("cta_distribution_eur", value_of(local));
    out.add("cta_transport_eur", value_of(far));
    out.add("cta_eur", value_of(local + far));
    return out;
}

result<CaseValue> gas_network_year(const CaseNode& input, const TariffBook& book)
{
    const CivilDay grid = input.at("grid").day();
    const Ratio kwh = ratio_of(input.at("kwh").energy_kwh());
    const PricedContract contract = read_option(input);
    RELEVE_TRY(fixed, fixed_amount(input, book, std::chrono::months{12}));
    RELEVE_TRY(price, price_on(book, network, "atrd_energy", contract.parameters, grid));
    CaseValue out;
    RELEVE_CHECK(add_cents(out, "fixed_eur", fixed));
    RELEVE_CHECK(add_cents(out, "energy_eur", kwh * price));
    RELEVE_CHECK(add_cents(out, "atrd_eur", fixed + kwh * price));
    return out;
}

result<CaseValue> gas_t4_fixed(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(year, fixed_amount(input, book, std::chrono::months{12}));
    RELEVE_TRY(month, fixed_amount(input, book, std::chrono::months{1}));
    CaseValue out;
    RELEVE_CHECK(add_cents(out, "fixed_eur_yr", year));
    RELEVE_CHECK(add_cents(out, "fixed_eur_month", month));
    return out;
}

result<CaseValue> gas_option(const CaseNode& input, const TariffBook&)
{
    std::vector<CaseValue> options;
    for (const CaseNode& node : input.at("car_kwh").items()) {
        const Decimal use = node.energy_kwh();
        const auto row = std::ranges::find_if(option_rows, [&](const OptionRow& one) {
            return use > Decimal{one.above_kwh, 0};
        });
        options.push_back(value_of(std::string{row->option}));
    }
    CaseValue out;
    out.add("options", list_of(std::move(options)));
    return out;
}

/// A daily volume is shown in whole m3, its energy comes from a finer one: both go together if a volume
/// within one m3 of that shown gives the energy, to half a kWh.
result<CaseValue> gas_informative(const CaseNode& input, const TariffBook&)
{
    constexpr std::int64_t volume_max_m3 = 1'000'000;
    const Ratio volume = ratio_of(input.at("volume_brut_m3").decimal(0, volume_max_m3));
    const Ratio coefficient = ratio_of(input.at("coeff").decimal(0, 20));
    const Ratio energy = ratio_of(input.at("reported_energy_kwh").energy_kwh());
    const Ratio difference = less(energy, volume * coefficient), allowed = coefficient + Ratio{1, 2};
    const Ratio size{difference.dividend < 0 ? -difference.dividend : difference.dividend,
                     difference.divisor};
    CaseValue out;
    out.add("accept", truth(less(size, allowed).dividend <= 0));
    return out;
}

} // namespace releve::app::bills
