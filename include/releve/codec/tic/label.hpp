#pragma once
// What the groups of a TIC frame are called and mean: the table of proto/tic.def, dates and the status register
// (Enedis-NOI-CPT_54E; historic labels: -02E). Knows no frames.

#include <releve/core/error.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace releve::tic {

/// Which of its two languages a meter speaks on the port: as meters did before Linky, or Linky's own.
enum class Mode : std::uint8_t { historic, standard };

enum class Kind : std::uint8_t {
    text,   // printable ASCII
    digits, // decimal digits that are no quantity: addresses, numbers of rates
    index,  // energy since the meter was installed
    power,
    current,
    voltage,
    status, // eight hexadecimal digits, capitals
};

/// One row of proto/tic.def.
struct LabelRow {
    std::string_view label;
    Mode mode;
    Kind kind;
    Unit unit;
    int scaler; // value * 10^scaler in `unit`
    bool has_horodate;
    bool live; // kept as a last value
    Words words;
};
[[nodiscard]] std::span<const LabelRow> label_rows();
/// nullptr for a label that the mode does not have.
[[nodiscard]] const LabelRow* find_label(Mode mode, std::string_view label);

/// Digits in a number at most: what fits 64 bits with room for the scaler.
inline constexpr std::size_t number_digits_max = 15;
/// Decimal digits only, 1 to number_digits_max. errc::malformed.
[[nodiscard]] result<std::int64_t> parse_number(std::string_view value);

struct Horodate {
    Instant at;
    bool clock_degraded = false; // the meter has no confidence in its clock
    bool operator==(const Horodate&) const = default;
};
/// One of H, E, h, e and twelve digits, or a space and twelve digits or spaces. The digits need not be a date: a meter that
/// never had one sends zeros.
[[nodiscard]] bool is_horodate(std::string_view text);
/// SAAMMJJHHMMSS: S is H in winter (UTC+1), E in summer (UTC+2), in lower case when the clock is degraded; years from 2000.
/// errc::time_undefined if S is a space (the meter has no date), errc::bad_time for what is no date.
[[nodiscard]] result<Horodate> parse_horodate(std::string_view text);

enum class Breaker : std::uint8_t {
    closed,
    open_over_power,
    open_over_voltage,
    open_load_shedding,
    open_by_order,
    open_overheat,
    open_overheat_low, // overheat, with a current below the limit
    not_defined,
};
enum class Tempo : std::uint8_t { none, blue, white, red };

/// STGE, from bit 0 on.
struct StatusRegister {
    bool dry_contact_open = false;
    Breaker breaker = Breaker::closed;
    bool terminal_cover_open = false;
    bool over_voltage = false;
    bool over_reference_power = false;
    bool producer = false;
    bool injecting = false;
    std::uint8_t supplier_rate = 1;  // 1 to 16
    std::uint8_t network_rate = 1;   // 1 to 4
    bool clock_degraded = false;
    bool standard_mode = false;
    std::uint8_t euridis = 0;   // 0 to 3, as sent
    std::uint8_t plc_state = 0; // 0 to 3, as sent
    bool plc_synchronised = false;
    Tempo today = Tempo::none, tomorrow = Tempo::none;
    std::uint8_t peak_notice = 0; // 0 none, or the mobile peak 1 to 3 that is announced
    std::uint8_t peak = 0;        // 0 none, or the mobile peak 1 to 3 that runs
    bool operator==(const StatusRegister&) const = default;
};
/// The value of STGE: eight hexadecimal digits, capitals. errc::malformed.
[[nodiscard]] result<StatusRegister> decode_status(std::string_view value);

} // namespace releve::tic
