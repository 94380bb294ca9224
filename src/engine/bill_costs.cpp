#include "bill_costs.hpp"

#include <algorithm>

namespace releve::engine {

// Only the rest of x by the divisor is multiplied, and where even that would not fit, both lose bits that no
// cent depends on.
Wide in_proportion(Wide x, Wide dividend, Wide divisor)
{
    const Wide whole = x / divisor * dividend;
    const Wide rest = x % divisor;
    constexpr Wide most = Wide{1} << 125;
    while (rest != 0 && size_of_wide(dividend) > most / size_of_wide(rest)) {
        dividend /= 2;
        divisor /= 2;
    }
    return whole + divided_to_nearest(rest * dividend, divisor);
}

ClassCost& class_of(std::vector<ClassCost>& classes, const std::string& calendar,
                    const std::string& time_class)
{
    for (ClassCost& one : classes)
        if (one.calendar == calendar && one.time_class == time_class)
            return one;
    return classes.emplace_back(ClassCost{calendar, time_class});
}

std::int64_t length_in_days(CivilSpan span)
{
    return (span.to - span.from).count();
}

const BillLine* vat_line_of(const Bill& bill, const BillLine& line)
{
    for (const BillLine& vat : bill.lines)
        if (vat.section == Section::vat && !vat.contained && vat.vat == line.vat && line.vat != VatGroup::none &&
            line.span.from >= vat.span.from && line.span.to <= vat.span.to)
            return &vat;
    return nullptr;
}

Wide exact_amount(const BillLine& line)
{
    const PriceUnitRow& unit = price_unit_row(line.unit);
    const Wide amount = line.amount.value * fine_per_cent;
    constexpr std::int64_t digits_max = 1'000'000'000'000'000;
    const Decimal& price = line.unit_price ? *line.unit_price : line.price;
    if (unit.basis == Basis::overrun_quadratic || line.divisor < 1 || line.divisor > 10'000 ||
        size_of_wide(price.digits) > digits_max || size_of_wide(line.quantity.digits) > digits_max)
        return amount;
    Ratio exact = ratio_of(price) * ratio_of(line.quantity);
    if (!line.unit_price)
        exact = exact * Ratio{unit.euros, Wide{unit.per} * line.divisor};
    const Wide whole = exact.dividend / exact.divisor;
    if (size_of_wide(whole) > power_of_ten(12))
        return amount;
    const Wide fine = whole * power_of_ten(12) +
                      divided_to_nearest(exact.dividend % exact.divisor * power_of_ten(12), exact.divisor);
    return size_of_wide(fine - amount) < fine_per_cent ? fine : amount;
}

namespace {

struct CostedLine {
    const BillLine* line;
    Basis basis;
    Cost cost{};
};

bool is_within(CivilSpan span, CivilSpan whole)
{
    return span.from >= whole.from && span.to <= whole.to;
}

bool goes_by_years(Basis basis)
{
    return basis == Basis::fixed || basis == Basis::power || basis == Basis::capacity;
}

/// Gives the lines that a levy or VAT counts their part of it: its rate of what they exactly are, if their
/// amounts and `also` are what it was taken of; else of its amount, by theirs. False: there are none.
template <class Counts>
bool give_share(std::vector<CostedLine>& lines, Cents also, const BillLine& share, Wide Cost::*to,
                Counts counts)
{
    Wide base = also.value, sizes = 0;
    for (const CostedLine& line : lines)
        if (counts(line)) {
            base += line.line->amount.value;
            sizes += size_of_wide(line.line->amount.value);
        }
    if (sizes == 0)
        return false;
    const Wide exact = exact_amount(share), dividend = share.price.digits,
               divisor = 100 * power_of_ten(share.price.scale);
    const bool by_rate =
        price_unit_row(share.unit).basis == Basis::share && size_of_wide(dividend) <= power_of_ten(12) &&
        share.quantity == Decimal{static_cast<std::int64_t>(base), 2} &&
        size_of_wide(exact - in_proportion(base * fine_per_cent, dividend, divisor)) < fine_per_cent;
    Wide passed = 0; // from one to the next, so that they sum to the whole
    for (CostedLine& line : lines)
        if (counts(line)) {
            const Wide before = passed;
            passed += size_of_wide(line.line->amount.value);
            const Wide of = to == &Cost::vat ? line.cost.net + line.cost.levy : line.cost.net;
            line.cost.*to += by_rate
                                 ? in_proportion(of, dividend, divisor)
                                 : in_proportion(exact, passed, sizes) - in_proportion(exact, before, sizes);
        }
    return true;
}

/// A bill's charged lines without VAT and shares, each with its taxes; what stands on no line goes to
/// `loose`.
std::vector<CostedLine> costed_lines(const Bill& bill, Cost& loose)
{
    std::vector<CostedLine> lines;
    std::vector<const BillLine*> levies, vats, given;
    for (const BillLine& line : bill.lines) {
        const Basis basis = price_unit_row(line.unit).basis;
        if (line.contained)
            continue;
        if (line.section == Section::vat) {
            vats.push_back(&line);
        } else if (basis == Basis::share) {
            levies.push_back(&line);
        } else {
            Cost& cost = lines.emplace_back(CostedLine{&line, basis}).cost;
            (line.section == Section::levy ? cost.levy : cost.net) = exact_amount(line);
        }
    }
    // Bills do not keep what a levy is a share of. Those that there are count the network's annual prices, of
    // their own VAT group.
    const std::size_t own = lines.size();
    for (const BillLine* levy : levies) {
        const auto counts = [&](const CostedLine& of) {
            return of.line->section == Section::network && goes_by_years(of.basis) &&
                   of.line->vat == levy->vat && is_within(of.line->span, levy->span);
        };
        if (give_share(lines, {}, *levy, &Cost::levy, counts))
            given.push_back(levy);
        else
            lines.push_back({levy, Basis::share, {.levy = exact_amount(*levy)}});
    }
    for (const BillLine* vat : vats) {
        Cents also;
        for (const BillLine* levy : given)
            if (levy->vat == vat->vat && is_within(levy->span, vat->span))
                also += levy->amount;
        const auto counts = [&](const CostedLine& of) {
            return of.line->vat == vat->vat && is_within(of.line->span, vat->span);
        };
        if (!give_share(lines, also, *vat, &Cost::vat, counts))
            loose.vat += exact_amount(*vat);
    }
    for (std::size_t i = own; i < lines.size(); ++i)
        loose += lines[i].cost;
    lines.resize(own, CostedLine{nullptr, Basis::share});
    return lines;
}

/// How much of a year a proration makes of a span.
Ratio share_of_year(Proration proration, CivilSpan span)
{
    if (proration == Proration::days_365)
        return {length_in_days(span), 365};
    Ratio years{0, 1};
    for (CivilDay at = span.from; at < span.to;) {
        const std::chrono::year_month_day date{at};
        const bool leap = date.year().is_leap(), by_month = proration == Proration::twelfth;
        const CivilDay start =
            by_month ? CivilDay{date.year() / date.month() / 1} : CivilDay{date.year() / 1 / 1};
        const CivilDay end = by_month ? CivilDay{(date.year() / date.month() + std::chrono::months{1}) / 1}
                                      : CivilDay{(date.year() + std::chrono::years{1}) / 1 / 1};
        const CivilDay until = std::min(end, span.to);
        const Wide all = by_month ? 12 * (end - start).count() : leap ? 366 : 365;
        years = years + Ratio{(until - at).count(), all};
        at = until;
    }
    return years;
}

/// kWh of a class that several components are charged by count once: those whose days others have are left
/// out.
bool is_counted_again(const std::vector<const BillLine*>& counted, const BillLine& line)
{
    return std::ranges::any_of(counted, [&](const BillLine* other) {
        return other->calendar == line.calendar && other->time_class == line.time_class &&
               (other->tariff != line.tariff || other->component != line.component) &&
               other->span.from < line.span.to && line.span.from < other->span.to;
    });
}

result<void> add_energy(CostedBill& costed, const std::vector<CostedLine>& lines)
{
    Section section = Section::vat;
    for (const CostedLine& line : lines)
        if (line.basis == Basis::energy)
            section = std::min(section, line.line->section);
    const auto in_section = [&](const CostedLine& line) {
        return line.basis == Basis::energy && line.line->section == section;
    };
    const bool by_class = std::ranges::any_of(
        lines, [&](const CostedLine& line) { return in_section(line) && !line.line->time_class.empty(); });
    std::vector<const BillLine*> counted;
    Wide size = 0;
    for (const CostedLine& line : lines) {
        if (!in_section(line) || (by_class && line.line->time_class.empty()))
            continue;
        ClassCost& one = class_of(costed.classes, line.line->calendar, line.line->time_class);
        if (is_counted_again(counted, *line.line))
            continue;
        counted.push_back(line.line);
        RELEVE_TRY(wh, round_to(ratio_of(line.line->quantity) * Ratio{1000, 1}, 0));
        one.wh += wh.digits;
        size += size_of_wide(wh.digits);
        if (size > power_of_ten(13))
            return fail(errc::bad_value, "energy beyond 10 TWh");
    }
    Cost others; // of no class of these
    for (const CostedLine& line : lines) {
        if (line.basis != Basis::energy)
            continue;
        const auto own = std::ranges::find_if(costed.classes, [&](const ClassCost& one) {
            return one.calendar == line.line->calendar && one.time_class == line.line->time_class;
        });
        (own != costed.classes.end() ? own->cost : others) += line.cost;
    }
    Wide all = 0, passed = 0;
    for (const ClassCost& one : costed.classes)
        all += std::max<Wide>(one.wh, 0);
    Cost given;
    for (ClassCost& one : costed.classes) {
        passed += std::max<Wide>(one.wh, 0);
        const Cost up_to = all == 0 ? others : others.times(passed, all);
        one.cost += {up_to.net - given.net, up_to.levy - given.levy, up_to.vat - given.vat};
        given = up_to;
    }
    return {};
}

} // namespace

result<CostedBill> cost_bill(const Bill& bill, CivilSpan as_if)
{
    if (bill.span.from >= bill.span.to || length_in_days(bill.span) > bill_days_max)
        return fail(errc::bad_parameter, "bill: of no days, or of too many");
    Wide sum = 0, size = 0;
    for (const BillLine& line : bill.lines)
        if (!line.contained) {
            sum += line.amount.value;
            size += size_of_wide(line.amount.value);
        }
    if (sum != bill.total.value)
        return fail(errc::bad_parameter, "bill: its lines are not its total");
    if (size > power_of_ten(10))
        return fail(errc::bad_value, "amounts beyond 100 million euros");
    CostedBill costed;
    Cost loose;
    const std::vector<CostedLine> lines = costed_lines(bill, loose);
    for (const CostedLine& line : lines) {
        if (goes_by_years(line.basis)) {
            const Ratio from = share_of_year(line.line->proration, bill.span),
                        to = share_of_year(line.line->proration, as_if);
            costed.annual_before += line.cost.gross();
            costed.annual[static_cast<std::size_t>(line.line->section)]
                         [static_cast<std::size_t>(line.line->vat)] +=
                line.cost.times(to.dividend * from.divisor, to.divisor * from.dividend);
        } else if (line.basis != Basis::energy) {
            costed.overruns += line.cost.gross();
        }
    }
    costed.annual_before += loose.gross();
    costed.annual[2][0] += loose.times(length_in_days(as_if), length_in_days(bill.span));
    RELEVE_CHECK(add_energy(costed, lines));
    return costed;
}

} // namespace releve::engine
