#include "bill_parts.hpp"

#include <algorithm>

namespace releve::engine {

namespace {

using Days = std::chrono::days;

std::int64_t days_of(CivilSpan span) { return (span.to - span.from).count(); }

bool is_leap(CivilDay day) { return std::chrono::year_month_day{day}.year().is_leap(); }

CivilDay month_start(CivilDay day)
{
    const std::chrono::year_month_day date{day};
    return CivilDay{date.year() / date.month() / 1};
}

CivilDay next_month(CivilDay day)
{
    const std::chrono::year_month_day date{day};
    return CivilDay{(date.year() / date.month() + std::chrono::months{1}) / 1};
}

bool is_annual(Basis basis) { return basis == Basis::fixed || basis == Basis::power || basis == Basis::capacity; }

void add_row_days(const PlannedComponent& planned, std::vector<CivilDay>& days)
{
    for (const RateRow* row : planned.rows) {
        days.push_back(row->from);
        if (row->end)
            days.push_back(*row->end);
    }
}

/// Where nothing of a component changes.
std::vector<CivilSpan> stretches_of(const Piece& piece, const PlannedComponent& planned, bool one_price)
{
    std::vector<CivilDay> days;
    if (!one_price) {
        add_row_days(planned, days);
        for (const std::size_t share : planned.under)
            add_row_days(piece.plan->components[share], days);
    }
    const Component& component = planned.component();
    if (is_annual(component.basis) && component.proration == Proration::days_actual_year)
        for (CivilDay day = month_start(piece.span.from); day < piece.span.to; day = next_month(day))
            if (is_leap(day) != is_leap(day - Days{1}))
                days.push_back(day);
    if (component.basis == Basis::overrun_quadratic && !one_price)
        add_row_days(piece.plan->components[planned.power_price], days);
    if (component.basis == Basis::overrun_quadratic)
        for (CivilDay day = next_month(piece.span.from); day < piece.span.to; day = next_month(day))
            days.push_back(day);
    std::erase_if(days, [&](CivilDay day) { return day <= piece.span.from || day >= piece.span.to; });
    days.push_back(piece.span.to);
    std::ranges::sort(days);
    const auto repeated = std::ranges::unique(days);
    days.erase(repeated.begin(), repeated.end());
    std::vector<CivilSpan> spans;
    CivilDay from = piece.span.from;
    for (const CivilDay to : days) {
        spans.push_back({from, to});
        from = to;
    }
    return spans;
}

/// Times of an annual price: a quantity of it, divided.
struct TimeShare {
    CivilSpan span;
    std::int64_t quantity = 0;
    const char* unit = "day";
    int divisor = 1;
};

std::vector<TimeShare> time_shares(Proration proration, CivilSpan span)
{
    if (proration != Proration::twelfth)
        return {{span, days_of(span), "day", proration == Proration::days_365 || !is_leap(span.from) ? 365 : 366}};
    std::vector<TimeShare> shares;
    for (CivilDay at = span.from; at < span.to;) {
        const CivilDay start = month_start(at), end = next_month(at), until = std::min(end, span.to);
        if (at == start && until == end) {
            if (!shares.empty() && shares.back().divisor == 12) {
                ++shares.back().quantity;
                shares.back().span.to = until;
            } else {
                shares.push_back({{at, until}, 1, "month", 12});
            }
        } else {
            shares.push_back({{at, until}, (until - at).count(), "day", static_cast<int>(12 * (end - start).count())});
        }
        at = until;
    }
    return shares;
}

} // namespace

std::size_t Billing::row_index(const PlannedComponent& planned, CivilDay day) const
{
    for (std::size_t i = 0; i < planned.rows.size(); ++i)
        if (planned.rows[i]->from <= day && (!planned.rows[i]->end || day < *planned.rows[i]->end))
            return i;
    return planned.rows.size();
}

result<BillLine> Billing::begin_line(const PlannedComponent& planned, CivilSpan span) const
{
    const CivilDay day = wanted.prices_as_of.value_or(span.from);
    const std::size_t index = row_index(planned, day);
    if (index == planned.rows.size())
        return fail(errc::no_tariff_row, name_of(planned.used) + ": no price " + (planned.rows.empty() ? "at all" : "for " + to_iso8601(day)));
    const RateRow& row = *planned.rows[index];
    const Component& component = planned.component();
    BillLine line;
    line.tariff = planned.used.tariff->id;
    line.edition = planned.used.tariff->edition;
    line.component = component.id;
    line.section = component.section;
    line.vat = component.vat;
    line.contained = planned.used.contained;
    line.span = span;
    line.price = row.values.front();
    line.unit = component.unit;
    line.proration = component.proration;
    line.row = planned.row_texts[index];
    line.source = row.source.empty() ? planned.used.tariff->source : row.source;
    return line;
}

/// price * quantity / divisor, with the roundings that the component asks for.
result<void> Billing::finish(const PlannedComponent& planned, BillLine line)
{
    const Component& component = planned.component();
    const PriceUnitRow& unit = price_unit_row(line.unit);
    Ratio price = ratio_of(line.price) * Ratio{unit.euros, static_cast<Wide>(unit.per) * line.divisor};
    if (component.unit_price_decimals && is_annual(component.basis)) {
        RELEVE_TRY(rounded, round_to(price, *component.unit_price_decimals));
        line.unit_price = rounded;
        price = ratio_of(rounded);
    }
    RELEVE_TRY(amount, cents_of(price * ratio_of(line.quantity), component.rounding));
    line.amount = amount;
    made.emplace_back(&planned, bill.lines.size());
    bill.lines.push_back(std::move(line));
    return {};
}

result<void> Billing::annual(const Piece& piece, const PlannedComponent& planned, CivilSpan span)
{
    const Component& component = planned.component();
    RELEVE_TRY(pattern, begin_line(planned, span));
    const RateRow& row = *planned.rows[row_index(planned, wanted.prices_as_of.value_or(span.from))];
    struct Step {
        std::int64_t thousandths = 1'000; // of what the price is of
        std::size_t value = 0;
        std::string time_class;
    };
    std::vector<Step> steps;
    std::string unit;
    if (component.basis == Basis::fixed) {
        steps.emplace_back();
    } else if (component.basis == Basis::capacity) {
        if (!piece.terms->daily_capacity_kwh)
            return fail(errc::bad_contract, "daily_capacity_kwh: " + name_of(planned.used) + " needs it");
        unit = "kWh/day.";
        std::int64_t below = 0;
        for (std::size_t i = 0; i <= component.steps.size(); ++i) {
            const std::int64_t up_to = i < component.steps.size() ? std::min(component.steps[i], *piece.terms->daily_capacity_kwh) : *piece.terms->daily_capacity_kwh;
            if (up_to > below)
                steps.push_back({(up_to - below) * 1'000, i, {}});
            below = std::max(below, up_to);
        }
    } else {
        unit = component.unit == PriceUnit::eur_kw_year ? "kW." : "kVA.";
        const std::vector<std::int64_t>& powers = piece.terms->powers_va;
        if (powers.empty())
            return fail(errc::bad_contract, "subscribed_powers: " + name_of(planned.used) + " needs one");
        if (component.classes.empty())
            steps.push_back({powers.back(), 0, {}});
        else if (powers.size() != 1 && powers.size() != component.classes.size())
            return fail(errc::bad_contract, "subscribed_powers: " + name_of(planned.used) + " needs one for each of its " + std::to_string(component.classes.size()) + " classes");
        for (std::size_t i = 0; i < component.classes.size(); ++i) {
            const std::int64_t above = powers.size() == 1 ? (i == 0 ? powers[0] : 0) : powers[i] - (i == 0 ? 0 : powers[i - 1]);
            if (above < 0)
                return fail(errc::bad_contract, "subscribed_powers: must not decrease along " + component.classes.front() + " to " + component.classes.back());
            if (above > 0)
                steps.push_back({above, i, component.classes[i]});
        }
    }
    for (const TimeShare& time : time_shares(component.proration, span))
        for (const Step& step : steps) {
            BillLine line = pattern;
            line.span = time.span;
            line.time_class = step.time_class;
            line.calendar = step.time_class.empty() ? "" : component.calendar;
            line.price = row.values[step.value];
            line.quantity = shortest({step.thousandths * time.quantity, 3});
            line.quantity_unit = unit + time.unit;
            line.divisor = time.divisor;
            RELEVE_CHECK(finish(planned, std::move(line)));
        }
    return {};
}

result<void> Billing::energy(const Piece& piece, const PlannedComponent& planned, CivilSpan span)
{
    RELEVE_TRY(line, begin_line(planned, span));
    line.quantity_unit = "kWh";
    if (gas) {
        RELEVE_TRY(kwh, quantities.gas_kwh(span));
        line.quantity = {kwh.first, 0};
        line.sources = std::move(kwh.second);
    } else {
        const Calendar& calendar = planned.calendar != nullptr ? *planned.calendar : *piece.plan->calendar;
        RELEVE_TRY(energies, quantities.energies(calendar, *piece.terms, *piece.plan->tariff, span));
        std::int64_t wh = 0;
        for (std::size_t i = 0; i < energies.wh.size(); ++i)
            if (planned.classes.empty() || planned.classes.front() == i) {
                wh += energies.wh[i];
                for (const std::uint32_t source : energies.sources[i])
                    if (std::ranges::find(line.sources, source) == line.sources.end())
                        line.sources.push_back(source);
            }
        if (!planned.classes.empty()) {
            line.calendar = calendar.id;
            line.time_class = calendar.classes[planned.classes.front()].id;
        }
        line.quantity = shortest({wh, 3});
    }
    if (line.quantity.digits == 0)
        return {};
    return finish(planned, std::move(line));
}

result<void> Billing::overrun(const Piece& piece, const PlannedComponent& planned, CivilSpan span)
{
    const Component& component = planned.component();
    const bool squares = component.basis == Basis::overrun_quadratic;
    const std::vector<std::int64_t>& powers = piece.terms->powers_va;
    if (powers.size() != 1 && powers.size() != component.classes.size())
        return fail(errc::bad_contract, "subscribed_powers: " + name_of(planned.used) + " needs one for each of its classes");
    std::vector<std::int64_t> limits;
    for (std::size_t i = 0; i < component.classes.size(); ++i) {
        const Ratio limit = Ratio{powers.size() == 1 ? powers[0] : powers[i], 1} * ratio_of(component.power_factor.value_or(Decimal{1, 0}));
        RELEVE_TRY(watts, round_to(limit, 0, Rounding::down));
        limits.push_back(watts.digits);
    }
    RELEVE_TRY(overruns, quantities.overruns(*planned.calendar, planned.classes, limits, squares, span));
    RELEVE_TRY(pattern, begin_line(planned, span));
    pattern.calendar = component.calendar;
    pattern.sources = overruns.sources;
    for (std::size_t i = 0; i < component.classes.size(); ++i) {
        const Quantities::Overrun& over = overruns.classes[i];
        if (over.seconds == 0)
            continue;
        BillLine line = pattern;
        line.time_class = component.classes[i];
        if (!squares) {
            line.quantity = {over.seconds / 60, 0};
            line.quantity_unit = "min";
            line.divisor = 60;
            RELEVE_CHECK(finish(planned, std::move(line)));
            continue;
        }
        const PlannedComponent& power = piece.plan->components[planned.power_price];
        const std::size_t index = row_index(power, wanted.prices_as_of.value_or(span.from));
        if (index == power.rows.size())
            return fail(errc::no_tariff_row, name_of(power.used) + ": no price for " + to_iso8601(wanted.prices_as_of.value_or(span.from)));
        const Decimal& b = power.rows[index]->values[i];
        // price * b * sqrt(sum of kW^2), as a root of integers: rounded once, to the cent.
        const Wide digits = Wide{line.price.digits} * b.digits;
        if (!fits_64_bits(over.square_w) || !fits_64_bits(digits) || line.price.scale + b.scale > decimal_scale_max)
            return fail(errc::bad_value, "overruns beyond what fits");
        const Decimal product{static_cast<std::int64_t>(digits), static_cast<std::uint8_t>(line.price.scale + b.scale)};
        line.unit_price = product;
        line.quantity = shortest({static_cast<std::int64_t>(over.square_w), 6});
        line.quantity_unit = "kW2";
        RELEVE_TRY(amount, overrun_amount(product, over.square_w));
        line.amount = amount;
        made.emplace_back(&planned, bill.lines.size());
        bill.lines.push_back(std::move(line));
    }
    return {};
}

result<void> Billing::share(const Piece& piece, const PlannedComponent& planned, CivilSpan span)
{
    Cents base;
    bool any = false;
    for (const auto& [component, at] : made) {
        const auto index = static_cast<std::size_t>(component - piece.plan->components.data());
        const BillLine& line = bill.lines[at];
        if (line.span.from < span.from || line.span.to > span.to || std::ranges::find(planned.of, index) == planned.of.end())
            continue;
        base += line.amount;
        any = true;
    }
    if (!any)
        return {};
    RELEVE_TRY(line, begin_line(planned, span));
    line.quantity = {base.value, 2};
    line.quantity_unit = "EUR";
    if (planned.component().section != Section::vat || !line.contained)
        return finish(planned, std::move(line));
    // The VAT in prices that include it: rate / (1 + rate) of them.
    const Ratio rate = ratio_of(line.price) * Ratio{1, 100};
    RELEVE_TRY(amount, cents_of(ratio_of(base) * Ratio{rate.dividend, rate.dividend + rate.divisor}));
    line.amount = amount;
    made.emplace_back(&planned, bill.lines.size());
    bill.lines.push_back(std::move(line));
    return {};
}

result<void> Billing::component(const Piece& piece, const PlannedComponent& planned)
{
    const std::size_t lines = bill.lines.size();
    for (const CivilSpan& span : stretches_of(piece, planned, wanted.prices_as_of.has_value())) {
        auto done = is_annual(planned.component().basis)                ? annual(piece, planned, span)
                    : planned.component().basis == Basis::energy        ? energy(piece, planned, span)
                    : planned.component().basis == Basis::share         ? share(piece, planned, span)
                                                                        : overrun(piece, planned, span);
        if (done)
            continue;
        if (!planned.may_be_unknown)
            return done;
        bill.lines.resize(lines); // what is only shown must not stop a bill
        std::erase_if(made, [&](const auto& one) { return one.second >= lines; });
        bill.remarks.push_back("not shown: " + to_string(done.error()));
        return {};
    }
    return {};
}

result<void> Billing::piece(const Piece& piece)
{
    made.clear();
    const PlannedComponent* charged = nullptr; // the first price of energy: the bill's energy is that of its lines
    for (const PlannedComponent& planned : piece.plan->components) {
        RELEVE_CHECK(component(piece, planned));
        if (charged == nullptr && planned.component().basis == Basis::energy && !planned.may_be_unknown)
            charged = &planned;
    }
    if (charged == nullptr)
        return {};
    for (const CivilSpan& span : stretches_of(piece, *charged, wanted.prices_as_of.has_value())) {
        if (gas) {
            RELEVE_TRY(kwh, quantities.gas_kwh(span));
            bill.energy_wh += kwh.first * 1000;
            continue;
        }
        RELEVE_TRY(energies, quantities.energies(charged->calendar != nullptr ? *charged->calendar : *piece.plan->calendar, *piece.terms, *piece.plan->tariff, span));
        for (const std::int64_t wh : energies.wh)
            bill.energy_wh += wh;
    }
    return {};
}

result<Cents> overrun_amount(const Decimal& price, Wide square_w)
{
    if (price.digits < 0 || square_w < 0 || price.digits > 1'000'000'000 || square_w > power_of_ten(18))
        return fail(errc::bad_value, "overruns beyond what fits");
    // cents = price * sqrt(square_w)/1000 * 100; half up: the root of (2 * cents)^2, cut, plus one, halved.
    const Wide unit = power_of_ten(price.scale + 1);
    const Wide root = integer_root(4 * Wide{price.digits} * price.digits * square_w);
    return Cents{static_cast<std::int64_t>((root + unit) / (2 * unit))};
}

} // namespace releve::engine
