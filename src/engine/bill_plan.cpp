#include "bill_parts.hpp"

#include <algorithm>
#include <set>

namespace releve::engine {

namespace {

std::string text_of(const RateRow& row)
{
    std::string text;
    for (const auto& [name, value] : row.when)
        text += name + "=" + value + " ";
    text += "from " + to_iso8601(row.from);
    return row.end ? text + " to " + to_iso8601(*row.end) : text;
}

void choose_rows(PlannedComponent& planned)
{
    for (const RateRow& row : planned.component().rows)
        if (std::ranges::all_of(row.when, [&](const auto& one) {
                const auto said = planned.used.parameters.find(one.first);
                return said != planned.used.parameters.end() && said->second == one.second;
            }))
            planned.rows.push_back(&row);
    std::ranges::sort(planned.rows, {}, [](const RateRow* row) { return row->from; });
    for (const RateRow* row : planned.rows)
        planned.row_texts.push_back(text_of(*row));
}

void choose_classes(PlannedComponent& planned, const TariffBook& book)
{
    const Component& component = planned.component();
    if (component.calendar.empty())
        return;
    planned.calendar = &book.calendars.find(component.calendar)->second;
    if (!component.time_class.empty())
        planned.classes.push_back(*planned.calendar->class_index(component.time_class));
    for (const std::string& one : component.classes)
        planned.classes.push_back(*planned.calendar->class_index(one));
}

bool counts(const PlannedComponent& share, const PlannedComponent& one)
{
    const Component& s = share.component();
    if (s.basis != Basis::share || &share == &one || one.component().section == Section::vat)
        return false;
    if (s.section == Section::vat)
        return one.component().vat == s.vat && !one.used.contained;
    return std::ranges::find(s.of, one.component().id) != s.of.end();
}

void link_shares(Plan& plan)
{
    std::vector<PlannedComponent>& all = plan.components;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t s = 0; s < all.size(); ++s)
            if (counts(all[s], all[i])) {
                all[s].of.push_back(i);
                all[i].under.push_back(s);
            }
    for (PlannedComponent& one : all) // a share of a share: its rates divide the first's base too
        for (std::size_t k = 0; k < one.under.size(); ++k)
            for (const std::size_t above : all[one.under[k]].under)
                if (std::ranges::find(one.under, above) == one.under.end())
                    one.under.push_back(above);
    for (PlannedComponent& one : all)
        one.may_be_unknown = one.used.contained && std::ranges::all_of(one.under, [&](std::size_t s) { return all[s].used.contained; });
}

/// Nothing is charged twice because a tariff is included by two ways, and a share counts the components of one tariff under a name.
result<void> check_components(const Plan& plan)
{
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const PlannedComponent& one : plan.components)
        if (!seen.emplace(one.used.tariff->id, one.component().id).second)
            return fail(errc::bad_tariff, "tariff " + plan.tariff->id + ": includes: " + one.used.tariff->id + " is included twice");
    for (const PlannedComponent& share : plan.components)
        for (std::size_t i = 0; share.component().section != Section::vat && i < share.of.size(); ++i)
            for (std::size_t k = 0; k < i; ++k) {
                const PlannedComponent &a = plan.components[share.of[i]], &b = plan.components[share.of[k]];
                if (a.component().id == b.component().id && a.used.tariff != b.used.tariff)
                    return fail(errc::bad_tariff, name_of(share.used) + ": of: " + a.component().id + " is a component of " + b.used.tariff->id + " and of " + a.used.tariff->id);
            }
    return {};
}

/// A levy is of prices, never of VAT.
result<void> check_shares(const Plan& plan)
{
    for (const PlannedComponent& share : plan.components)
        for (const PlannedComponent& one : plan.components)
            if (share.component().basis == Basis::share && share.component().section != Section::vat && one.component().section == Section::vat &&
                std::ranges::find(share.component().of, one.component().id) != share.component().of.end())
                return fail(errc::bad_tariff, name_of(share.used) + ": of: " + one.component().id + " is VAT");
    return {};
}

/// A share is made after what it is of: a later one would be left out of it.
result<void> check_order(const Plan& plan)
{
    for (std::size_t s = 0; s < plan.components.size(); ++s)
        for (const std::size_t i : plan.components[s].of)
            if (i > s)
                return fail(errc::bad_tariff, name_of(plan.components[s].used) + ": of: " + name_of(plan.components[i].used) + " comes after it");
    return {};
}

result<void> link_power_prices(Plan& plan)
{
    for (PlannedComponent& one : plan.components) {
        if (one.component().basis != Basis::overrun_quadratic)
            continue;
        const auto found = std::ranges::find_if(plan.components, [&](const PlannedComponent& other) {
            return other.component().id == one.component().of.front() && other.used.tariff == one.used.tariff;
        });
        if (found == plan.components.end() || found->component().classes != one.component().classes)
            return fail(errc::bad_tariff, name_of(one.used) + ": of: names no component with power prices of the same classes");
        one.power_price = static_cast<std::size_t>(found - plan.components.begin());
    }
    return {};
}

} // namespace

result<Plan> make_plan(const TariffBook& book, const ContractTerms& terms)
{
    Parameters parameters = terms.parameters;
    if (!terms.powers_va.empty() && terms.powers_va.back() % 1000 == 0)
        parameters["power_kva"] = std::to_string(terms.powers_va.back() / 1000);
    RELEVE_TRY(used, components_of(book, terms.tariff, parameters));
    Plan plan;
    plan.tariff = &book.tariffs.find(terms.tariff)->second;
    for (UsedComponent& one : used) {
        plan.components.push_back({.used = std::move(one)});
        choose_rows(plan.components.back());
        choose_classes(plan.components.back(), book);
    }
    const std::string& calendar = plan.tariff->calendar;
    const auto found = book.calendars.find(calendar.empty() ? "base" : calendar);
    if (found == book.calendars.end())
        return fail(errc::bad_tariff, "tariff " + terms.tariff + ": there is no calendar for its energy");
    plan.calendar = &found->second;
    link_shares(plan);
    RELEVE_CHECK(check_components(plan));
    RELEVE_CHECK(check_shares(plan));
    RELEVE_CHECK(check_order(plan));
    RELEVE_CHECK(link_power_prices(plan));
    return plan;
}

std::size_t ClassTables::Hash::operator()(const Key& key) const
{
    std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(key.calendar) / sizeof(Calendar);
    for (const std::uint64_t part : {static_cast<std::uint64_t>(key.windows), static_cast<std::uint64_t>(key.day), static_cast<std::uint64_t>(key.step)})
        mixed = (mixed ^ part) * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32U));
}

std::size_t ClassTables::number_of(const std::vector<DayWindow>* offpeak)
{
    if (offpeak == nullptr)
        return 0;
    const auto found = std::ranges::find(windows_, *offpeak);
    if (found == windows_.end()) {
        windows_.push_back(*offpeak);
        return windows_.size();
    }
    return static_cast<std::size_t>(found - windows_.begin()) + 1;
}

result<const std::vector<std::uint8_t>*> ClassTables::of(const Calendar& calendar, const std::vector<DayWindow>* offpeak, CivilDay day, Seconds step)
{
    constexpr std::size_t tables_max = 100'000; // some 10 MB: a year of 250 kinds of windows
    const Key key{&calendar, calendar.needs_offpeak() ? number_of(offpeak) : 0, day_number(day), static_cast<std::int32_t>(step.count())};
    if (const auto found = tables_.find(key); found != tables_.end())
        return &found->second;
    const auto published = book_->published.find(calendar.published);
    RELEVE_TRY(classes, classes_of_day(calendar, {zone_, offpeak, published == book_->published.end() ? nullptr : &published->second}, day, step));
    if (tables_.size() >= tables_max)
        tables_.clear();
    return &tables_.emplace(key, std::move(classes)).first->second;
}

} // namespace releve::engine
