#include <releve/engine/tariff.hpp>

#include <algorithm>
#include <set>

namespace releve::engine {

namespace {

constexpr PriceUnitRow unit_rows[] = {
#define RELEVE_TARIFF_UNIT(id, name, basis, euros, per) {PriceUnit::id, name, Basis::basis, euros, per},
#include "tariff_units.def"
};

constexpr std::int64_t value_digits_max = 1'000'000'000'000; // of a price, at its scale: products stay within 128 bits

std::string key_text(const Parameters& when)
{
    std::string text;
    for (const auto& [name, value] : when)
        text += (text.empty() ? "" : ", ") + name + "=" + value;
    return text;
}

std::string row_place(const Component& component, std::size_t row)
{
    const RateRow& rate = component.rows[row];
    return "components/" + component.id + "/rows/" + std::to_string(rate.place.value_or(row)) + " (" + key_text(rate.when) + (rate.when.empty() ? "" : ", ") + "from " +
           to_iso8601(rate.from) + ")";
}

std::optional<CivilDay> next_known_change(const Tariff& tariff, const Component& component, CivilDay after)
{
    std::optional<CivilDay> next;
    for (const KnownChange& change : tariff.known_changes)
        if (change.on > after && (!next || change.on < *next) &&
            (change.components.empty() || std::ranges::find(change.components, component.id) != change.components.end()))
            next = change.on;
    return next;
}

std::size_t values_wanted(const Component& component)
{
    if (component.basis == Basis::capacity)
        return component.steps.size() + 1;
    return component.basis == Basis::power && !component.classes.empty() ? component.classes.size() : 1;
}

std::optional<std::string> fault_of_row(const Component& component, std::size_t index)
{
    const RateRow& row = component.rows[index];
    const auto place = [&] { return row_place(component, index) + ": "; };
    if (row.to && *row.to <= row.from)
        return place() + "ends before it begins";
    if (row.values.size() != values_wanted(component))
        return place() + std::to_string(values_wanted(component)) + " values are expected";
    for (const Decimal& value : row.values)
        if (value.digits > value_digits_max || value.digits < -value_digits_max)
            return place() + "a value is out of range";
    const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (!std::ranges::equal(row.when, component.rows.front().when, same_name))
        return place() + "has other parameters than the rows before it";
    return std::nullopt;
}

/// Ends of the rows of one key, in order of time.
std::optional<std::string> close_rows(const Tariff& tariff, Component& component, const std::vector<std::size_t>& rows)
{
    for (std::size_t i = 0; i < rows.size(); ++i) {
        RateRow& row = component.rows[rows[i]];
        const RateRow* next = i + 1 < rows.size() ? &component.rows[rows[i + 1]] : nullptr;
        row.end = row.to;
        if (!row.end) {
            row.end = next_known_change(tariff, component, row.from);
            if (next != nullptr && (!row.end || next->from < *row.end))
                row.end = next->from;
        }
        if (next == nullptr)
            continue;
        if (next->from < *row.end || next->from == row.from)
            return row_place(component, rows[i + 1]) + ": begins before " + row_place(component, rows[i]) + " ends";
        if (next->from > *row.end)
            return row_place(component, rows[i + 1]) + ": no price from " + to_iso8601(*row.end) + ", where " + row_place(component, rows[i]) + " ends";
    }
    return std::nullopt;
}

std::optional<std::string> complete_rows(const Tariff& tariff, Component& component)
{
    if (component.rows.empty())
        return "components/" + component.id + ": has no rows";
    std::map<Parameters, std::vector<std::size_t>> by_key;
    for (std::size_t i = 0; i < component.rows.size(); ++i) {
        if (auto fault = fault_of_row(component, i))
            return fault;
        by_key[component.rows[i].when].push_back(i);
    }
    for (auto& [key, rows] : by_key) {
        std::ranges::sort(rows, {}, [&](std::size_t i) { return component.rows[i].from; });
        if (auto fault = close_rows(tariff, component, rows))
            return fault;
    }
    return std::nullopt;
}

std::optional<std::string> fault_of_component(const Tariff& tariff, const Component& component,
                                              const std::map<std::string, Calendar, std::less<>>& calendars)
{
    const std::string place = "components/" + component.id + ": ";
    if (!has_words(component.words))
        return place + "words are missing in one of the languages";
    if (price_unit_row(component.unit).basis != component.basis)
        return place + "the unit " + std::string{price_unit_row(component.unit).name} + " is not one of the basis " + std::string{basis_name(component.basis)};
    if (tariff.find(component.id) != &component)
        return place + "the id stands twice";
    if (component.section == Section::vat && (component.basis != Basis::share || component.vat == VatGroup::none))
        return place + "VAT must be a share, and say of which group";
    if (component.basis == Basis::share && component.section != Section::vat && component.of.empty())
        return place + "of: must name components";
    if (component.basis == Basis::overrun_quadratic && component.of.size() != 1)
        return place + "of: must name the component of the power prices";
    const bool classes_needed = component.basis == Basis::overrun_hours || component.basis == Basis::overrun_quadratic;
    if (component.calendar.empty()) {
        if (!component.time_class.empty() || !component.classes.empty() || classes_needed)
            return place + "calendar: must be named";
        return std::nullopt;
    }
    const auto calendar = calendars.find(component.calendar);
    if (calendar == calendars.end())
        return place + "no calendar is named " + component.calendar;
    if (classes_needed && component.classes.empty())
        return place + "classes: must be named";
    if (!component.time_class.empty() && !calendar->second.class_index(component.time_class))
        return place + "calendar " + component.calendar + " has no class " + component.time_class;
    for (const std::string& one : component.classes)
        if (!calendar->second.class_index(one))
            return place + "calendar " + component.calendar + " has no class " + one;
    if (!component.classes.empty() && !classes_needed && component.basis != Basis::power)
        return place + "classes: only powers and overruns have several; energy has one class";
    return std::nullopt;
}

/// What the contract says, as the tariff allows it.
result<Parameters> parameters_of(const Tariff& tariff, const Parameters& given)
{
    Parameters out;
    for (const ParameterModel& model : tariff.parameters) {
        const auto said = given.find(model.name);
        if (said == given.end() && !model.fallback)
            return fail(errc::bad_contract, model.name + ": tariff " + tariff.id + " needs it");
        const std::string& value = said != given.end() ? said->second : *model.fallback;
        if (!model.values.empty() && std::ranges::find(model.values, value) == model.values.end())
            return fail(errc::bad_contract, model.name + ": tariff " + tariff.id + " has no " + value);
        out[model.name] = value;
    }
    return out;
}

bool is_due(const Component& component, const Parameters& parameters)
{
    return std::ranges::all_of(component.only_for, [&](const auto& one) {
        const auto said = parameters.find(one.first);
        return said != parameters.end() && std::ranges::find(one.second, said->second) != one.second.end();
    });
}

struct Gathering {
    const TariffBook& book;
    std::vector<UsedComponent> used;
    std::set<std::string, std::less<>> open; // tariffs on the way to here
};

result<void> gather(Gathering& to, std::string_view id, const Parameters& given, bool contained)
{
    const auto found = to.book.tariffs.find(id);
    if (found == to.book.tariffs.end())
        return fail(errc::unknown_tariff, "there is no tariff " + std::string{id});
    if (!to.open.insert(std::string{id}).second)
        return fail(errc::bad_tariff, "tariff " + std::string{id} + " includes itself");
    const Tariff& tariff = found->second;
    RELEVE_TRY(parameters, parameters_of(tariff, given));
    for (const Component& component : tariff.components)
        if (is_due(component, parameters))
            to.used.push_back({&tariff, &component, contained, parameters});
    for (const Include& include : tariff.includes) {
        Parameters passed = given;
        for (const auto& [name, value] : parameters) // with the fallbacks
            passed[name] = value;
        for (const auto& [name, value] : include.set)
            passed[name] = value;
        RELEVE_CHECK(gather(to, include.tariff, passed, contained || include.contained));
    }
    to.open.erase(to.open.find(id));
    return {};
}

} // namespace

std::string_view basis_name(Basis basis)
{
    constexpr std::string_view names[] = {"fixed", "power", "energy", "overrun_hours", "overrun_quadratic", "capacity", "share"};
    return names[static_cast<std::size_t>(basis)];
}

std::string_view proration_name(Proration proration)
{
    constexpr std::string_view names[] = {"days_actual_year", "days_365", "twelfth"};
    return names[static_cast<std::size_t>(proration)];
}

std::string_view section_name(Section section)
{
    constexpr std::string_view names[] = {"supply", "network", "levy", "vat"};
    return names[static_cast<std::size_t>(section)];
}

std::string_view vat_group_name(VatGroup group)
{
    constexpr std::string_view names[] = {"none", "subscription", "consumption"};
    return names[static_cast<std::size_t>(group)];
}

std::span<const PriceUnitRow> price_unit_rows() { return unit_rows; }
const PriceUnitRow& price_unit_row(PriceUnit unit) { return unit_rows[static_cast<std::size_t>(unit)]; }
std::optional<PriceUnit> price_unit_from_name(std::string_view name)
{
    const auto found = std::ranges::find(unit_rows, name, &PriceUnitRow::name);
    return found == std::end(unit_rows) ? std::nullopt : std::optional{found->unit};
}

const Component* Tariff::find(std::string_view component) const
{
    const auto found = std::ranges::find(components, component, &Component::id);
    return found == components.end() ? nullptr : &*found;
}

namespace {

/// Where supply is priced by classes of the tariff's calendar, each of them has a price.
std::optional<std::string> unpriced_class(const Tariff& tariff, const Calendar& calendar)
{
    std::set<std::string_view> priced;
    for (const Component& component : tariff.components) {
        if (component.section != Section::supply || component.basis != Basis::energy)
            continue;
        if (component.calendar != tariff.calendar || component.time_class.empty())
            return std::nullopt; // all energy, or by another calendar
        priced.insert(component.time_class);
    }
    for (const TimeClass& one : calendar.classes)
        if (!priced.empty() && !priced.contains(one.id))
            return "components: nothing prices the class " + one.id;
    return std::nullopt;
}

} // namespace

std::optional<std::string> complete(Tariff& tariff, const std::map<std::string, Calendar, std::less<>>& calendars)
{
    if (!has_words(tariff.words))
        return "label, plain: words are missing in one of the languages";
    if (tariff.energy != "electricity" && tariff.energy != "gas")
        return "energy: must be electricity or gas";
    if (!tariff.calendar.empty() && !calendars.contains(tariff.calendar))
        return "calendar: no calendar is named " + tariff.calendar;
    for (Component& component : tariff.components) {
        if (auto fault = fault_of_component(tariff, component, calendars))
            return fault;
        if (auto fault = complete_rows(tariff, component))
            return fault;
    }
    return tariff.calendar.empty() ? std::nullopt : unpriced_class(tariff, calendars.find(tariff.calendar)->second);
}

result<std::vector<UsedComponent>> components_of(const TariffBook& book, std::string_view tariff, const Parameters& parameters)
{
    Gathering gathering{book, {}, {}};
    RELEVE_CHECK(gather(gathering, tariff, parameters, false));
    std::ranges::stable_sort(gathering.used, {}, [](const UsedComponent& used) { return used.component->section; });
    return std::move(gathering.used);
}

result<const RateRow*> row_on(const UsedComponent& used, CivilDay day)
{
    bool key_known = false;
    for (const RateRow& row : used.component->rows) {
        const bool same = std::ranges::all_of(row.when, [&](const auto& one) {
            const auto said = used.parameters.find(one.first);
            return said != used.parameters.end() && said->second == one.second;
        });
        if (!same)
            continue;
        key_known = true;
        if (row.from <= day && (!row.end || day < *row.end))
            return &row;
    }
    return fail(errc::no_tariff_row, name_of(used) + ": no price " + (key_known ? "for " + to_iso8601(day) : "at all"));
}

std::string name_of(const UsedComponent& used)
{
    std::string text = used.tariff->id + "/" + used.component->id;
    Parameters when;
    if (!used.component->rows.empty())
        for (const auto& [name, value] : used.component->rows.front().when)
            if (const auto said = used.parameters.find(name); said != used.parameters.end())
                when[name] = said->second;
    return when.empty() ? text : text + " (" + key_text(when) + ")";
}

} // namespace releve::engine
