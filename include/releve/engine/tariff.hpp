#pragma once
// Tariffs as values: dated prices, what they are multiplied by, how they are prorated and rounded, and which other tariffs
// they bring in. The documents (proto/tariffs/*.json, docs/TARIFFS.md) are read by app/tariff_files; nothing here knows JSON.
//
// Closed rows: a row holds from its first day to its end, or, if it has none, to the next row of its key or the next change
// that is known of, whichever comes first. No other day has a price: what would need one is refused, naming the row.

#include <releve/core/decimal.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/core/time.hpp>
#include <releve/engine/calendar.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve::engine {

/// What a price is multiplied by.
enum class Basis : std::uint8_t {
    fixed,             // time
    power,             // time and the subscribed power; several values: one a class in order, each for the power above the class before
    energy,            // energy, of one time class or of all
    overrun_hours,     // hours above the subscribed power of their class
    overrun_quadratic, // by month and class: value * price of `of`'s class * square root of the sum of squared overruns (kW, 10 minutes)
    capacity,          // time and the daily capacity (gas), in steps: value i up to `steps` i, the last beyond
    share,             // amounts of the components named in `of`; of VAT: see Component::vat
};
[[nodiscard]] std::string_view basis_name(Basis basis);

enum class PriceUnit : std::uint8_t {
#define RELEVE_TARIFF_UNIT(id, ...) id,
#include "tariff_units.def"
};
struct PriceUnitRow {
    PriceUnit unit;
    std::string_view name;
    Basis basis;
    int euros, per;
};
[[nodiscard]] std::span<const PriceUnitRow> price_unit_rows();
[[nodiscard]] const PriceUnitRow& price_unit_row(PriceUnit unit);
[[nodiscard]] std::optional<PriceUnit> price_unit_from_name(std::string_view name);

/// How an annual price becomes that of some days.
enum class Proration : std::uint8_t {
    days_actual_year, // by days, a year has 365 or 366
    days_365,         // by days, a year has 365
    twelfth,          // a whole civil month is a twelfth; of a part of a month, by its days
};
[[nodiscard]] std::string_view proration_name(Proration proration);

enum class Section : std::uint8_t { supply, network, levy, vat };
[[nodiscard]] std::string_view section_name(Section section);

/// Which VAT rate a component is under.
enum class VatGroup : std::uint8_t { none, subscription, consumption };
[[nodiscard]] std::string_view vat_group_name(VatGroup group);

using Parameters = std::map<std::string, std::string, std::less<>>; // "fta": "BTINFMUDT"

struct RateRow {
    CivilDay from{};
    std::optional<CivilDay> to{};  // as the document says; not included
    std::optional<CivilDay> end{}; // what holds, see above; none: no change is known of
    Parameters when{};             // the contract's parameters that it is for
    std::vector<Decimal> values{}; // one, or one a class or step
    std::string source{};
    std::optional<std::size_t> place{}; // in the document, which may name several keys in one row
};

struct Component {
    std::string id; // unique in its tariff: "cs_fixed"
    OwnWords words;
    Section section = Section::supply;
    Basis basis = Basis::fixed;
    PriceUnit unit = PriceUnit::eur_year;
    std::map<std::string, std::vector<std::string>, std::less<>> only_for; // parameters under which it is due; none: always
    std::string calendar, time_class;  // energy: of one class; both empty: of all energy
    std::vector<std::string> classes;  // of several powers or overruns, in order; of `calendar`
    std::vector<std::int64_t> steps;   // capacity: kWh a day up to which value i holds
    Proration proration = Proration::days_actual_year;
    std::optional<int> unit_price_decimals{}; // the price of a day or month is rounded to it before it is multiplied
    Rounding rounding = Rounding::half_up;    // of the amount, to the cent
    VatGroup vat = VatGroup::consumption;     // of section vat: the group that it is the VAT of
    std::vector<std::string> of{};            // share: components (of this or of included tariffs); overrun_quadratic: the power prices
    std::optional<Decimal> power_factor{};    // overruns: active power above the subscribed apparent power times this
    std::vector<RateRow> rows;
};

/// Another tariff whose components this one brings in.
struct Include {
    std::string tariff;
    bool contained = false; // its prices are in this tariff's own: shown as such, not added
    Parameters set{};       // parameters that this one fixes for it
};

/// A parameter of contracts under it.
struct ParameterModel {
    std::string name;
    OwnWords words;
    std::vector<std::string> values; // allowed; empty: any
    std::optional<std::string> fallback{};
};

struct KnownChange {
    CivilDay on{};
    std::string source;
    std::vector<std::string> components{}; // that change; empty: all
};

struct Tariff {
    std::string id;
    int edition = 1; // of the document: a later one supersedes it
    std::string energy; // "electricity" | "gas"
    OwnWords words;
    std::string source;
    std::vector<std::string> segments;
    std::string calendar; // that its supply prices go by; empty: none of its own
    std::vector<ParameterModel> parameters;
    std::vector<Include> includes;
    bool prices_include_vat = false;
    std::vector<KnownChange> known_changes;
    std::vector<Component> components;
    [[nodiscard]] const Component* find(std::string_view component) const;
};
/// Gives each row its `end` and looks for what is wrong: "components/cs_fixed/rows/2 (fta=BTINFLU, from 2024-11-01): begins
/// before the row before it ends" for overlaps, likewise holes, rows with other parameters than the component's other rows, a
/// unit that does not fit the basis, a missing word, an unknown class.
[[nodiscard]] std::optional<std::string> complete(Tariff& tariff, const std::map<std::string, Calendar, std::less<>>& calendars);

/// Tariffs and calendars as known at one time.
struct TariffBook {
    std::map<std::string, Tariff, std::less<>> tariffs;
    std::map<std::string, Calendar, std::less<>> calendars;
    std::map<std::string, PublishedDays, std::less<>> published;
};

/// A component as a contract meets it.
struct UsedComponent {
    const Tariff* tariff = nullptr;
    const Component* component = nullptr;
    bool contained = false;
    Parameters parameters; // with what the include fixes and the fallbacks
};
/// All components that are due of a tariff and of what it brings in, in the order of a bill: supply, network, levies, VAT.
/// errc::unknown_tariff; errc::bad_value: a parameter is missing or not one of the allowed values, or includes go in circles.
[[nodiscard]] result<std::vector<UsedComponent>> components_of(const TariffBook& book, std::string_view tariff, const Parameters& parameters);

/// The row of a component on a day. errc::no_tariff_row naming tariff, component, key and day.
[[nodiscard]] result<const RateRow*> row_on(const UsedComponent& used, CivilDay day);
/// "turpe_c5/cs_fixed (fta=BTINFMUDT)".
[[nodiscard]] std::string name_of(const UsedComponent& used);

} // namespace releve::engine
