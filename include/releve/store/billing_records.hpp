#pragma once
// What the store gives and takes for bills, as plain values.

#include <releve/engine/bill.hpp>
#include <releve/store/records.hpp>

#include <array>
#include <map>

namespace releve::store {

/// What is known: readings up to a batch, and what people said (contracts, off-peak hours, tariffs, published gas) up to a
/// version. The same two numbers give the same bill.
struct Knowledge {
    BatchNumber batch;
    std::int64_t terms = 0;
    bool operator==(const Knowledge&) const = default;
};

/// A tariff, calendar or list of published days as it is stored.
struct TariffText {
    std::string id, kind; // "tariff", "calendar", "published_days"
    int edition = 1;
    std::string content; // JSON
    std::string origin;  // "shipped", "added"
    std::int64_t known_from = 0;
};

// ---- terms as people write them (terms_text.cpp)

/// "9", "36;36;36;100" in kVA as VA. errc::bad_value.
[[nodiscard]] result<std::vector<std::int64_t>> parse_powers(std::string_view text);
[[nodiscard]] std::string powers_text(const std::vector<std::int64_t>& powers_va);
/// "fta=BTINFMUDT;user=household_le36". errc::bad_value.
[[nodiscard]] result<engine::Parameters> parse_parameters(std::string_view text);
[[nodiscard]] std::string parameters_text(const engine::Parameters& parameters);

/// A row of contracts as a person writes it.
struct ContractRow {
    UsagePointId usage_point;
    std::string tariff;
    engine::Parameters parameters;
    std::vector<std::int64_t> powers_va;
    std::optional<std::int64_t> daily_capacity_kwh{};
    std::string meter_calendar, offpeak; // offpeak: as the DSO writes it; empty: says nothing of it
    CivilDay from{};
    std::optional<CivilDay> to{}; // not included
    std::size_t line = 0;         // of the CSV, for messages; 0: not from one
};
struct ContractImport {
    std::int64_t contracts = 0, offpeak_periods = 0; // that changed what is believed
};

/// All that a bill of a usage point rests on.
struct BillBasis {
    std::string zone;
    std::string played;
    Knowledge known;
    std::int64_t tariffs = 0; // version in which the tariffs changed last, up to `known`
    engine::BillFacts facts;
    std::map<CivilDay, int> mean_c_e1{}; // outdoors, tenths of a degree, where it is given; no bill rests on it
};

enum class BillState : std::uint8_t { draft, issued, cancelled };
[[nodiscard]] std::string_view bill_state_name(BillState state);
[[nodiscard]] std::optional<BillState> bill_state_from_name(std::string_view name);

struct NewBill {
    const engine::Bill* bill = nullptr;
    std::string document; // of the bill
    std::array<std::byte, 32> hash{};
    std::int64_t terms = 0;
    std::optional<std::int64_t> corrects{};
};
struct StoredBill {
    std::int64_t id = 0;
    UsagePointId usage_point;
    engine::CivilSpan span;
    BillState state = BillState::draft;
    std::optional<std::int64_t> corrects{}, corrected_by{}; // corrected_by: the newest that is not cancelled
    Knowledge known;
    Cents total;
    std::int64_t energy_wh = 0;
    engine::Rests rests{};
    std::string hash; // 64 hexadecimal digits
    Instant made_at{};
    std::string made_by, reason;
    std::optional<Instant> issued_at{}, cancelled_at{};
    std::string document; // only where one bill is asked for
};

/// Which bills to list; what is empty or 0 is not asked for.
struct BillFilter {
    std::string usage_point{}, state{};
    std::int64_t run = 0;
    std::string after{}; // a number: older ones than this
};

/// An index as somebody read it off the display; it is never taken for a reading.
struct CustomerRead {
    std::int64_t id = 0;
    std::string register_name; // "total", "supplier_1" to "supplier_10"
    Instant at{};
    std::int64_t value = 0; // whole `unit`
    std::string unit;       // "kWh", of gas "m3"
    std::string note;
    Instant told_at{};
};

} // namespace releve::store
