#include "bill_parts.hpp"

#include <algorithm>

namespace releve::engine {

struct BillMaker::Impl {
    const TariffBook& book;
    const Zone& zone;
    ClassTables tables;
    std::map<std::string, Plan> plans{};

    /// Of terms that are alike, one plan.
    result<const Plan*> plan_of(const ContractTerms& terms)
    {
        std::string key = terms.tariff;
        for (const auto& [name, value] : terms.parameters)
            key += "\n" + name + "=" + value;
        for (const std::int64_t power_va : terms.powers_va) // all of them: check_powers is asked once for each key
            key += "\n" + std::to_string(power_va);
        if (const auto found = plans.find(key); found != plans.end())
            return &found->second;
        constexpr std::size_t plans_max = 10'000;
        RELEVE_TRY(plan, make_plan(book, terms));
        RELEVE_CHECK(check_powers(book, terms));
        if (plans.size() >= plans_max)
            plans.clear();
        return &plans.emplace(std::move(key), std::move(plan)).first->second;
    }
};

namespace {

std::int64_t days_in(CivilSpan span) { return (span.to - span.from).count(); }

result<void> check_span(CivilSpan span)
{
    if (span.from >= span.to)
        return fail(errc::bad_parameter, "to: must be after from");
    if (days_in(span) > bill_days_max)
        return fail(errc::bad_parameter, "to: a bill is of at most " + std::to_string(bill_days_max) + " days");
    return {};
}

/// Signs that part a bill's document (see to_document) are in no parameter.
result<void> check_parameters(const ContractTerms& terms)
{
    const auto is_plain = [](const std::string& text, char parting) {
        return std::ranges::all_of(text, [parting](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != ';' && c != parting; });
    };
    for (const auto& [name, value] : terms.parameters)
        if (!is_plain(name, '=') || !is_plain(value, ';'))
            return fail(errc::bad_contract, "parameters: control characters and ; are not allowed, nor = in a name");
    return {};
}

/// The contracts of the span, cut to it, without a hole.
result<std::vector<ContractTerms>> contracts_of(const BillFacts& facts, const BillWanted& wanted)
{
    std::vector<ContractTerms> out;
    if (wanted.instead) {
        out.push_back(*wanted.instead);
        out.back().span = wanted.span;
        return out;
    }
    CivilDay at = wanted.span.from;
    for (const ContractTerms& terms : facts.contracts) {
        if (terms.span.to <= at || terms.span.from >= wanted.span.to)
            continue;
        if (terms.span.from > at)
            break;
        out.push_back(terms);
        out.back().span = {at, std::min(terms.span.to, wanted.span.to)};
        at = out.back().span.to;
    }
    if (at < wanted.span.to)
        return fail(errc::contract_hole, "contract: none is known for " + to_iso8601(at) +
                                             (out.empty() ? "" : ", where the one before it ends") + "; the period is " + to_iso8601(wanted.span.from) +
                                             " to " + to_iso8601(wanted.span.to));
    return out;
}

/// How the meter is programmed is no what-if: as the real contracts of the days say. Where they say several things, or nothing, no
/// calendar has this name, and the curve tells.
std::string calendar_in_meter(const BillFacts& facts, CivilSpan span, const TariffBook& book)
{
    constexpr const char* unknown = "unknown";
    std::optional<std::string> followed;
    for (const ContractTerms& terms : facts.contracts) {
        if (terms.span.to <= span.from || terms.span.from >= span.to)
            continue;
        const auto tariff = book.tariffs.find(terms.tariff);
        const std::string own = !terms.meter_calendar.empty() ? terms.meter_calendar : tariff != book.tariffs.end() ? tariff->second.calendar : "";
        if (followed && *followed != own)
            return unknown;
        followed = own;
    }
    return followed && !followed->empty() ? *followed : unknown;
}

void add_up(Bill& bill)
{
    Cents vat;
    for (const BillLine& line : bill.lines) {
        if (line.section == Section::vat)
            vat += line.amount;
        if (line.contained)
            continue;
        bill.total += line.amount;
    }
    bill.before_vat = bill.total - vat;
    std::ranges::sort(bill.estimated_days);
    const auto repeated = std::ranges::unique(bill.estimated_days);
    bill.estimated_days.erase(repeated.begin(), repeated.end());
    if (!bill.estimated_days.empty())
        bill.rests = static_cast<std::int64_t>(bill.estimated_days.size()) >= days_in(bill.span) ? Rests::estimated : Rests::mixed;
}

} // namespace

BillMaker::BillMaker(const TariffBook& book, const Zone& zone) : impl_(std::make_unique<Impl>(Impl{book, zone, ClassTables{book, zone}})) {}
BillMaker::~BillMaker() = default;

result<Bill> BillMaker::make(const BillFacts& facts, const BillWanted& wanted)
{
    RELEVE_CHECK(check_span(wanted.span));
    Bill bill;
    bill.usage_point = facts.usage_point;
    bill.energy = facts.energy;
    bill.span = wanted.span;
    bill.as_of = facts.as_of;
    bill.comparison = wanted.prices_as_of || wanted.instead;
    bill.prices_as_of = wanted.prices_as_of;
    bill.played = wanted.played;
    RELEVE_TRY(contracts, contracts_of(facts, wanted));
    bill.contracts = std::move(contracts);
    if (wanted.instead)
        bill.contracts.front().meter_calendar = calendar_in_meter(facts, wanted.span, impl_->book);
    Quantities quantities{facts, wanted.span, impl_->zone, impl_->tables, bill};
    Billing billing{wanted, quantities, bill, facts.energy == "gas"};
    for (const ContractTerms& terms : bill.contracts) {
        RELEVE_CHECK(check_parameters(terms));
        RELEVE_TRY(plan, impl_->plan_of(terms));
        if (plan->tariff->energy != facts.energy)
            return fail(errc::bad_contract, "tariff: " + terms.tariff + " is one for " + plan->tariff->energy);
        RELEVE_CHECK(billing.piece({&terms, plan, terms.span}));
    }
    add_up(bill);
    return bill;
}

result<std::vector<std::int64_t>> BillMaker::class_energies(const BillFacts& facts, const std::string& calendar, CivilSpan span)
{
    RELEVE_CHECK(check_span(span));
    const auto found = impl_->book.calendars.find(calendar);
    if (found == impl_->book.calendars.end())
        return fail(errc::bad_parameter, "calendar: none is named " + calendar);
    Bill unused;
    Quantities quantities{facts, span, impl_->zone, impl_->tables, unused};
    return quantities.curve_energies(found->second, span);
}

result<void> check_powers(const TariffBook& book, const ContractTerms& terms)
{
    constexpr std::int64_t power_max_va = 1'000'000'000;
    for (std::size_t i = 0; i < terms.powers_va.size(); ++i) {
        if (terms.powers_va[i] <= 0 || terms.powers_va[i] > power_max_va)
            return fail(errc::bad_contract, "subscribed_powers: each must be above 0 and at most 1000000 kVA");
        if (i > 0 && terms.powers_va[i] < terms.powers_va[i - 1])
            return fail(errc::bad_contract, "subscribed_powers: must not decrease from one class to the next");
    }
    RELEVE_TRY(plan, make_plan(book, terms));
    for (const PlannedComponent& planned : plan.components) {
        const std::size_t classes = planned.component().classes.size();
        const bool by_power = planned.component().basis == Basis::power || planned.component().basis == Basis::overrun_hours || planned.component().basis == Basis::overrun_quadratic;
        if (by_power && classes > 0 && terms.powers_va.size() > 1 && terms.powers_va.size() != classes)
            return fail(errc::bad_contract, "subscribed_powers: " + name_of(planned.used) + " has " + std::to_string(classes) + " classes");
    }
    return {};
}

std::string_view rests_name(Rests rests)
{
    constexpr std::string_view names[] = {"read", "estimated", "mixed"};
    return names[static_cast<std::size_t>(rests)];
}

} // namespace releve::engine
