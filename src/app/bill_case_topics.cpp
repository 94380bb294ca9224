// Topics about the electricity network: TURPE, subscribed powers, CTA.

#include "bill_cases_parts.hpp"

#include <algorithm>
#include <set>

namespace releve::app::bills {

using engine::Basis;
using engine::BillLine;
using engine::Component;
using engine::Proration;
using engine::TariffBook;
using engine::UsedComponent;

namespace {

/// Management, metering and fixed part of the use of the network, each under its name with `ending`.
result<Ratio> add_fixed(CaseValue& out, const std::vector<BillLine>& lines, const std::string& ending = {})
{
    RELEVE_CHECK(add_cents(out, "cg" + ending, sum_of(lines, "cg")));
    RELEVE_CHECK(add_cents(out, "cc" + ending, sum_of(lines, "cc")));
    RELEVE_CHECK(add_cents(out, "cs_fixed" + ending, sum_of(lines, "cs_power")));
    return sum_of(lines);
}

result<std::vector<BillLine>> fixed_lines(const CaseNode& input, const TariffBook& book,
                                          const AnnualWanted& wanted)
{
    PricedContract contract = read_network(input, book);
    RELEVE_CHECK(read_powers(input, book, contract));
    return annual_lines(book, contract, wanted);
}

/// A year at the prices of "grid".
AnnualWanted year_of(const CaseNode& input)
{
    const CivilDay grid = input.at("grid").day();
    const std::chrono::year_month_day date{grid};
    const CivilDay from{date.year() / date.month() / 1},
        to{(date.year() + std::chrono::years{1}) / date.month() / 1};
    return {{from, to}, grid, Proration::twelfth};
}

result<UsedComponent> only_component(const TariffBook& book, const PricedContract& contract, Basis basis)
{
    RELEVE_TRY(used, engine::components_of(book, contract.tariff, contract.parameters));
    for (const UsedComponent& one : used)
        if (one.component->basis == basis)
            return one;
    return fail(errc::bad_contract, "tariff " + contract.tariff + " has no component of basis " +
                                        std::string{engine::basis_name(basis)});
}

struct ProrationPolicy {
    Proration proration = Proration::days_365;
    bool split = false; // where a price changes, each part rounded; else the first day's prices hold for all
    bool unit_price = false; // rounded as the tariff says
};

ProrationPolicy read_policy(const CaseNode& node)
{
    const std::string text = node.text();
    const auto says = [&](const char* word) { return text.find(word) != std::string::npos; };
    ProrationPolicy out;
    out.split = says("split");
    out.unit_price = says("5 decimals") || says("unit price");
    if (says("/366") || says("days in year") || says("days of the year") || says("actual"))
        out.proration = Proration::days_actual_year;
    else if (says("/12") || says("twelfth"))
        out.proration = Proration::twelfth;
    else if (!says("/365"))
        node.fail("a policy that says /365, actual or /12");
    return out;
}

engine::CivilSpan read_days(const CaseNode& input)
{
    const CaseNode start = input.has("start") ? input.at("start") : input.at("grid");
    const CivilDay from = start.day();
    if (!input.has("end_exclusive"))
        return {from, from + std::chrono::days{input.at("days").integer(1, engine::bill_days_max)}};
    const CivilDay to = input.at("end_exclusive").day();
    if (to <= from)
        input.at("end_exclusive").fail("a day after " + to_iso8601(from));
    else if (to - from > std::chrono::days{engine::bill_days_max})
        input.at("end_exclusive").fail("at most " + std::to_string(engine::bill_days_max) + " days");
    else if (input.has("days") && input.at("days").integer(1, engine::bill_days_max) != (to - from).count())
        input.at("days").fail(std::to_string((to - from).count()) + ", by the dates");
    return {from, std::max(to, from + std::chrono::days{1})};
}

/// The days of the span on which prices begin that the one before did not have, the first included.
result<std::set<CivilDay>> grid_days(const TariffBook& book, const PricedContract& contract,
                                     engine::CivilSpan span)
{
    RELEVE_TRY(used, engine::components_of(book, contract.tariff, contract.parameters));
    std::set<CivilDay> days{span.from};
    for (const UsedComponent& one : used)
        if (one.component->basis == Basis::fixed || one.component->basis == Basis::power)
            for (CivilDay day = span.from; day < span.to;) {
                RELEVE_TRY(row, engine::row_on(one, day));
                if (row->from > span.from)
                    days.insert(row->from);
                day = row->end.value_or(span.to);
            }
    return days;
}

/// The grid that holds on a day: the youngest row of those that hold.
result<CivilDay> grid_on(const TariffBook& book, const PricedContract& contract, CivilDay day)
{
    RELEVE_TRY(used, engine::components_of(book, contract.tariff, contract.parameters));
    CivilDay grid = CivilDay::min();
    for (const UsedComponent& one : used)
        if (one.component->basis == Basis::fixed || one.component->basis == Basis::power) {
            RELEVE_TRY(row, engine::row_on(one, day));
            grid = std::max(grid, row->from);
        }
    return grid;
}

result<CaseValue> split_parts(const TariffBook& book, const PricedContract& contract, engine::CivilSpan span,
                              AnnualWanted wanted)
{
    RELEVE_TRY(days, grid_days(book, contract, span));
    std::vector<CaseValue> parts;
    Cents total;
    for (auto day = days.begin(); day != days.end(); ++day) {
        wanted.span = {*day, std::next(day) == days.end() ? span.to : *std::next(day)};
        RELEVE_TRY(lines, annual_lines(book, contract, wanted));
        RELEVE_TRY(amount, cents_of(sum_of(lines)));
        RELEVE_TRY(grid, grid_on(book, contract, *day));
        CaseValue part;
        part.add("grid", value_of(to_iso8601(grid)));
        part.add("days", whole_number((wanted.span.to - wanted.span.from).count()));
        part.add("eur", value_of(amount));
        parts.push_back(std::move(part));
        total += amount;
    }
    CaseValue out;
    out.add("parts", list_of(std::move(parts)));
    out.add("fixed_eur", value_of(total));
    out.add("total_eur", value_of(total));
    return out;
}

/// The square in kW^2 of what the points have above the power, exact.
result<Ratio> squares_above(const CaseNode& points, const Decimal& power)
{
    constexpr std::int64_t power_max_kw = 1'000'000;
    constexpr std::size_t points_max = 60'000; // more than a year of 10 minutes
    const std::vector<CaseNode> nodes = points.items();
    if (nodes.size() > points_max)
        points.fail("at most " + std::to_string(points_max) + " points");
    Wide sum = 0; // of (10^-9 kW)^2
    for (const CaseNode& node : nodes) {
        const Decimal point = node.decimal(0, power_max_kw);
        const Wide over = Wide{point.digits} * power_of_ten(decimal_scale_max - point.scale) -
                          Wide{power.digits} * power_of_ten(decimal_scale_max - power.scale);
        sum += over > 0 ? over * over : 0;
    }
    return Ratio{sum, power_of_ten(2 * decimal_scale_max)};
}

/// The factor of the quadratic overrun. A case with a power price of its own may be of a grid that the tariff
/// no longer has; the formula's factor is then the first that is known.
result<Decimal> overrun_factor(const UsedComponent& overrun, CivilDay grid, bool own_price)
{
    const auto row = engine::row_on(overrun, grid);
    if (!row && !own_price)
        return row.error();
    return row ? (*row)->values.front() : overrun.component->rows.front().values.front();
}

/// The power price of one class.
result<Decimal> power_price(const TariffBook& book, const PricedContract& contract, const CaseNode& input,
                            CivilDay grid)
{
    if (input.has("b"))
        return input.at("b").price();
    RELEVE_TRY(power, only_component(book, contract, Basis::power));
    const std::string wanted = input.at("klass").text();
    const auto found = std::ranges::find(power.component->classes, wanted);
    if (found == power.component->classes.end()) {
        input.at("klass").fail("a class of " + contract.tariff);
        return Decimal{};
    }
    RELEVE_TRY(row, engine::row_on(power, grid));
    return row->values[static_cast<std::size_t>(found - power.component->classes.begin())];
}

} // namespace

result<CaseValue> turpe_c4_fixed(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(lines, fixed_lines(input, book, read_period(input)));
    CaseValue out;
    RELEVE_TRY(total, add_fixed(out, lines));
    RELEVE_CHECK(add_cents(out, "total_eur", total));
    return out;
}

result<CaseValue> turpe_c4_energy(const CaseNode& input, const TariffBook& book)
{
    const CivilDay grid = input.at("grid").day();
    const PricedContract contract = read_network(input, book);
    RELEVE_TRY(energy, energy_amount(book, contract, input.at("kwh"), grid));
    Ratio hours; // of all classes
    const CaseNode overrun = input.at("overrun_hours");
    constexpr std::int64_t hours_max = 100'000;
    if (overrun.is_object())
        for (const std::string& name : overrun.names())
            hours = hours + ratio_of(overrun.at(name).decimal(0, hours_max));
    else
        hours = ratio_of(overrun.decimal(0, hours_max));
    RELEVE_TRY(component, only_component(book, contract, Basis::overrun_hours));
    RELEVE_TRY(price, price_on(component, grid));
    CaseValue out;
    RELEVE_CHECK(add_cents(out, "energy_eur", energy));
    RELEVE_CHECK(add_cents(out, "cmdps_eur", price * hours));
    RELEVE_CHECK(add_cents(out, "total_eur", energy + price * hours));
    return out;
}

result<CaseValue> subscription_validation(const CaseNode& input, const TariffBook& book)
{
    PricedContract contract = read_network(input, book);
    RELEVE_CHECK(read_powers(input, book, contract));
    constexpr std::int64_t largest_small_va =
        36'000; // TURPE: above it a low-voltage point is one of turpe_c4
    const auto checked =
        engine::check_powers(book, {{}, contract.tariff, contract.parameters, contract.powers_va, {}, {}});
    std::string reason = checked ? "" : to_string(checked.error());
    const bool whole =
        std::ranges::all_of(contract.powers_va, [](std::int64_t va) { return va % 1000 == 0; });
    const std::int64_t last = contract.powers_va.empty() ? 0 : contract.powers_va.back();
    if (reason.empty() && !whole)
        reason = "P must be whole";
    else if (reason.empty() && contract.tariff == "turpe_c4" && last <= largest_small_va)
        reason = "the last P must be above 36 kVA";
    else if (reason.empty() && contract.tariff == "turpe_c5" && last > largest_small_va)
        reason = "P must be at most 36 kVA";
    CaseValue out;
    out.add("valid", truth(reason.empty()));
    out.add("reason", value_of(reason));
    return out;
}

result<CaseValue> turpe_c5_prorated(const CaseNode& input, const TariffBook& book)
{
    const ProrationPolicy policy = read_policy(input.at("policy"));
    PricedContract contract = read_network(input, book);
    RELEVE_CHECK(read_powers(input, book, contract));
    const engine::CivilSpan span = read_days(input);
    AnnualWanted wanted{span, {}, policy.proration, policy.unit_price};
    if (policy.split)
        return split_parts(book, contract, span, wanted);
    wanted.prices_as_of = input.has("grid") ? input.at("grid").day() : span.from;
    RELEVE_TRY(lines, annual_lines(book, contract, wanted));
    CaseValue out;
    RELEVE_CHECK(add_cents(out, "fixed_eur", sum_of(lines)));
    RELEVE_CHECK(add_cents(out, "total_eur", sum_of(lines)));
    return out;
}

result<CaseValue> turpe_c5_energy(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(energy,
               energy_amount(book, read_network(input, book), input.at("kwh"), input.at("grid").day()));
    CaseValue out;
    RELEVE_CHECK(add_cents(out, "energy_eur", energy));
    RELEVE_CHECK(add_cents(out, "total_eur", energy));
    return out;
}

result<CaseValue> turpe_c5_year(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(lines, fixed_lines(input, book, year_of(input)));
    RELEVE_TRY(energy,
               energy_amount(book, read_network(input, book), input.at("kwh"), input.at("grid").day()));
    CaseValue out;
    RELEVE_TRY(fixed, add_fixed(out, lines));
    RELEVE_CHECK(add_cents(out, "fixed_eur", fixed));
    RELEVE_CHECK(add_cents(out, "energy_eur", energy));
    RELEVE_CHECK(add_cents(out, "total_eur", fixed + energy));
    return out;
}

/// Of an amount, or of the fixed part of a contract: the components that the levy is a share of.
result<CaseValue> cta(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(levy, only_component(book, {"cta_electricity", {}, {}, {}}, Basis::share));
    RELEVE_TRY(rate, price_on(levy, input.at("date").day()));
    Ratio base;
    if (input.has("fixed_turpe_eur")) {
        base = ratio_of(input.at("fixed_turpe_eur").amount_eur());
    } else {
        RELEVE_TRY(lines,
                   fixed_lines(input, book, input.has("period") ? read_period(input) : year_of(input)));
        for (const std::string& component : levy.component->of)
            base = base + sum_of(lines, component);
    }
    RELEVE_TRY(percent, round_to(rate * Ratio{100, 1}, 6));
    CaseValue out;
    out.add("rate_pct", value_of(percent));
    RELEVE_CHECK(add_cents(out, "fixed_turpe_eur", base));
    RELEVE_CHECK(add_cents(out, "cta_eur", base * rate));
    return out;
}

result<CaseValue> turpe_hta(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(lines, fixed_lines(input, book, read_period(input)));
    RELEVE_TRY(energy,
               energy_amount(book, read_network(input, book), input.at("kwh"), input.at("grid").day()));
    CaseValue out;
    RELEVE_CHECK(add_fixed(out, lines));
    RELEVE_TRY(fixed, add_fixed(out, lines, "_month"));
    RELEVE_CHECK(add_cents(out, "fixed_eur", fixed));
    RELEVE_CHECK(add_cents(out, "energy_eur", energy));
    RELEVE_CHECK(add_cents(out, "total_eur", fixed + energy));
    return out;
}

result<CaseValue> cmdps_hta(const CaseNode& input, const TariffBook& book)
{
    constexpr std::int64_t squares_max = 1'000'000'000'000, power_max_kw = 1'000'000;
    const CivilDay grid = input.at("grid").day();
    const PricedContract contract = read_network(input, book);
    RELEVE_TRY(overrun, only_component(book, contract, Basis::overrun_quadratic));
    RELEVE_TRY(factor, overrun_factor(overrun, grid, input.has("b")));
    RELEVE_TRY(b, power_price(book, contract, input, grid));
    Ratio squares;
    if (input.has("sum_of_squared_overruns_kw2")) {
        squares = ratio_of(input.at("sum_of_squared_overruns_kw2").decimal(0, squares_max));
    } else {
        RELEVE_TRY(above, squares_above(input.at("points_10min_kw"),
                                        input.at("subscribed_kw").decimal(0, power_max_kw)));
        squares = above;
    }
    RELEVE_TRY(shown_squares, round_to(squares, 6));
    RELEVE_TRY(price, round_to(ratio_of(factor) * ratio_of(b), 6));
    RELEVE_TRY(amount, engine::overrun_amount(price, Wide{shown_squares.digits})); // 10^-6 kW^2 is a W^2
    CaseValue out;
    out.add("sum_squares", value_of(shown_squares));
    out.add("cmdps_eur", value_of(amount));
    return out;
}

} // namespace releve::app::bills
