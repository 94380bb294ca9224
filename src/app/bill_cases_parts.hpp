#pragma once
// What the sources of the bill cases share. Numbers stay the text that the file has: no binary floating
// point.

#include <releve/app/bill_cases.hpp>
#include <releve/core/decimal.hpp>
#include <releve/engine/bill.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app::bills {

// ---- values

struct CaseValue {
    enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
    Kind kind = Kind::null;
    bool flag = false;
    std::string text;               // of a number: as it was written
    std::vector<std::string> names; // of an object's items
    std::vector<CaseValue> items;

    [[nodiscard]] const CaseValue* find(std::string_view name) const;
    /// To an object; a value without a kind becomes one.
    CaseValue& add(std::string name, CaseValue value);
};
[[nodiscard]] CaseValue value_of(const Decimal& number);
[[nodiscard]] CaseValue value_of(Cents amount);
[[nodiscard]] CaseValue whole_number(std::int64_t number);
[[nodiscard]] CaseValue value_of(std::string text);
[[nodiscard]] CaseValue truth(bool flag);
[[nodiscard]] CaseValue list_of(std::vector<CaseValue> items);
/// As JSON, shortened.
[[nodiscard]] std::string shown(const CaseValue& value);

/// errc::malformed, with the place; errc::too_large.
[[nodiscard]] result<CaseValue> parse_case_json(std::string_view json);
/// A JSON number, also "1e-05". Beyond nine decimals (0.30000000000000004: what other programs print of
/// binary numbers) it is rounded half up. Nothing: more than 18 digits.
[[nodiscard]] std::optional<Decimal> decimal_of(std::string_view number);

// ---- reading an input

struct CaseProblem {
    std::string field, wanted, got;
};

/// A value of an input with its place. The first problem wins; what is read after it is the least allowed.
class CaseNode {
public:
    CaseNode(const CaseValue& value, std::string field, std::optional<CaseProblem>& problem)
        : value_(&value), field_(std::move(field)), problem_(&problem)
    {
    }
    void fail(const std::string& wanted) const;
    [[nodiscard]] bool has(std::string_view name) const; // a null is none
    [[nodiscard]] bool is_object() const { return value_->kind == CaseValue::Kind::object; }
    [[nodiscard]] CaseNode at(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& names() const { return value_->names; }
    [[nodiscard]] std::vector<CaseNode> items() const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] Decimal decimal(std::int64_t lowest, std::int64_t highest) const;
    /// Times 10^scale, which must be whole.
    [[nodiscard]] std::int64_t scaled(std::int64_t lowest, std::int64_t highest, int scale) const;
    [[nodiscard]] std::int64_t integer(std::int64_t lowest, std::int64_t highest) const
    {
        return scaled(lowest, highest, 0);
    }
    [[nodiscard]] Decimal energy_kwh() const { return decimal(0, 1'000'000'000'000); }
    [[nodiscard]] Decimal price() const { return decimal(0, 1'000'000); }
    [[nodiscard]] Decimal amount_eur() const { return decimal(-1'000'000'000, 1'000'000'000); }
    [[nodiscard]] Ratio percent() const { return ratio_of(decimal(0, 1'000)) * Ratio{1, 100}; }
    [[nodiscard]] CivilDay day() const;
    [[nodiscard]] Instant instant() const;
    [[nodiscard]] Seconds duration() const; // "PT30M", up to a day

private:
    const CaseValue* value_;
    std::string field_;
    std::optional<CaseProblem>* problem_;
};

// ---- prices

/// What a tariff asks of a usage point.
struct PricedContract {
    std::string tariff;
    engine::Parameters parameters;
    std::vector<std::int64_t> powers_va;
    std::optional<std::int64_t> daily_capacity_kwh;
};
/// By "fta", or "option" of the high-voltage tariff; "contract".
[[nodiscard]] PricedContract read_network(const CaseNode& input, const engine::TariffBook& book);
/// "kva", "subscribed_kva" or "subscribed_kw": one, or one a class of the tariff.
[[nodiscard]] result<void> read_powers(const CaseNode& input, const engine::TariffBook& book,
                                       PricedContract& contract);
[[nodiscard]] CaseNode powers_of(const CaseNode& input);

struct AnnualWanted {
    engine::CivilSpan span;
    std::optional<CivilDay> prices_as_of{};
    std::optional<engine::Proration> proration{}; // in place of the tariff's own
    bool round_unit_price = false;                // as the tariff says, if it does
};
/// The tariff's lines that are for time (not for energy or overruns), made by the engine.
[[nodiscard]] result<std::vector<engine::BillLine>>
annual_lines(const engine::TariffBook& book, const PricedContract& contract, const AnnualWanted& wanted);
/// Of the lines of `component`, or of all; not rounded.
[[nodiscard]] Ratio sum_of(const std::vector<engine::BillLine>& lines, std::string_view component = {});
/// "period" ("1 year", "1/12 year", "3 months") at the prices of "grid".
[[nodiscard]] AnnualWanted read_period(const CaseNode& input);

/// The first value of a component on a day, in euros per unit.
[[nodiscard]] result<Ratio> price_on(const engine::UsedComponent& used, CivilDay day);
[[nodiscard]] result<Ratio> price_on(const engine::TariffBook& book, std::string_view tariff,
                                     std::string_view component, const engine::Parameters& parameters,
                                     CivilDay day);
/// What the energy by class costs; not rounded.
[[nodiscard]] result<Ratio> energy_amount(const engine::TariffBook& book, const PricedContract& contract,
                                          const CaseNode& kwh, CivilDay day);
/// Adds the exact amount, rounded to the cent.
[[nodiscard]] result<void> add_cents(CaseValue& out, std::string name, const Ratio& euros);
[[nodiscard]] Ratio less(const Ratio& a, const Ratio& b);

// ---- topics

using Topic = result<CaseValue> (*)(const CaseNode& input, const engine::TariffBook& book);
#define RELEVE_BILL_TOPIC(function)                                                                          \
    [[nodiscard]] result<CaseValue> function(const CaseNode& input, const engine::TariffBook& book);
RELEVE_BILL_TOPIC(turpe_c4_fixed)
RELEVE_BILL_TOPIC(turpe_c4_energy)
RELEVE_BILL_TOPIC(subscription_validation)
RELEVE_BILL_TOPIC(turpe_c5_prorated)
RELEVE_BILL_TOPIC(turpe_c5_energy)
RELEVE_BILL_TOPIC(turpe_c5_year)
RELEVE_BILL_TOPIC(cta)
RELEVE_BILL_TOPIC(turpe_hta)
RELEVE_BILL_TOPIC(cmdps_hta)
RELEVE_BILL_TOPIC(f12_line)
RELEVE_BILL_TOPIC(trv_price)
RELEVE_BILL_TOPIC(household_bill)
RELEVE_BILL_TOPIC(tempo_bill)
RELEVE_BILL_TOPIC(tempo_season)
RELEVE_BILL_TOPIC(dst_day)
RELEVE_BILL_TOPIC(power_to_energy)
RELEVE_BILL_TOPIC(date_convention)
RELEVE_BILL_TOPIC(index_rounding)
RELEVE_BILL_TOPIC(gas_conversion)
RELEVE_BILL_TOPIC(gas_bill_lines)
RELEVE_BILL_TOPIC(gas_cta)
RELEVE_BILL_TOPIC(gas_network_year)
RELEVE_BILL_TOPIC(gas_t4_fixed)
RELEVE_BILL_TOPIC(gas_option)
RELEVE_BILL_TOPIC(gas_informative)
#undef RELEVE_BILL_TOPIC

} // namespace releve::app::bills
