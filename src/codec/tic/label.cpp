#include <releve/codec/tic/label.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace releve::tic {

using namespace std::chrono;

namespace {

constexpr LabelRow labels[] = {
#define RELEVE_TIC(label, mode, kind, unit, scaler, has_horodate, live, ...)                                 \
    {label, Mode::mode, Kind::kind, Unit::unit, scaler, has_horodate, live, {__VA_ARGS__}},
#include "tic.def"
};

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// The two digits at `offset`.
unsigned pair_at(std::string_view digits, std::size_t offset)
{
    return static_cast<unsigned>((digits[offset] - '0') * 10 + (digits[offset + 1] - '0'));
}

} // namespace

std::span<const LabelRow> label_rows()
{
    return labels;
}

const LabelRow* find_label(Mode mode, std::string_view label)
{
    const auto is_it = [&](const LabelRow& row) { return row.mode == mode && row.label == label; };
    const auto* const row = std::ranges::find_if(labels, is_it);
    return row == std::end(labels) ? nullptr : row;
}

result<std::int64_t> parse_number(std::string_view value)
{
    if (value.empty() || value.size() > number_digits_max || !std::ranges::all_of(value, is_digit))
        return fail(errc::malformed, "not a number of 1 to " + std::to_string(number_digits_max) + " digits");
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
}

bool is_horodate(std::string_view text)
{
    static constexpr std::size_t characters = 13;
    if (text.size() != characters)
        return false;
    const bool has_date = std::string_view{"HEhe"}.find(text[0]) != std::string_view::npos;
    const auto fits = [&](char c) { return is_digit(c) || (c == ' ' && !has_date); };
    return (has_date || text[0] == ' ') && std::ranges::all_of(text.substr(1), fits);
}

result<Horodate> parse_horodate(std::string_view text)
{
    if (!is_horodate(text))
        return fail(errc::bad_time, "a date is H or E and twelve digits");
    if (text[0] == ' ')
        return fail(errc::time_undefined, "the meter gives no date");
    const std::string_view digits = text.substr(1);
    const year_month_day day{year{2000 + static_cast<int>(pair_at(digits, 0))}, month{pair_at(digits, 2)},
                             std::chrono::day{pair_at(digits, 4)}};
    const unsigned hour = pair_at(digits, 6), minute = pair_at(digits, 8), second = pair_at(digits, 10);
    if (!day.ok() || hour > 23 || minute > 59 || second > 59)
        return fail(errc::bad_time, "no such date or time of day");
    // The letter and not the calendar says which time it is: so the hour that exists twice is not ambiguous.
    const bool winter = text[0] == 'H' || text[0] == 'h';
    const Instant at = sys_days{day} + hours{hour} + minutes{minute} + seconds{second} - hours{winter ? 1 : 2};
    return Horodate{at, text[0] == 'h' || text[0] == 'e'};
}

result<StatusRegister> decode_status(std::string_view value)
{
    const auto is_hex = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); };
    if (value.size() != 8 || !std::ranges::all_of(value, is_hex))
        return fail(errc::malformed, "a status register has eight hexadecimal digits");
    std::uint32_t word = 0;
    std::from_chars(value.data(), value.data() + value.size(), word, 16);
    const auto bits = [word](unsigned first, unsigned count = 1) {
        return static_cast<std::uint8_t>(word >> first & ((1U << count) - 1));
    };
    StatusRegister status;
    status.dry_contact_open = bits(0);
    status.breaker = static_cast<Breaker>(bits(1, 3));
    status.terminal_cover_open = bits(4);
    status.over_voltage = bits(6);
    status.over_reference_power = bits(7);
    status.producer = bits(8);
    status.injecting = bits(9);
    status.supplier_rate = static_cast<std::uint8_t>(bits(10, 4) + 1);
    status.network_rate = static_cast<std::uint8_t>(bits(14, 2) + 1);
    status.clock_degraded = bits(16);
    status.standard_mode = bits(17);
    status.euridis = bits(19, 2);
    status.plc_state = bits(21, 2);
    status.plc_synchronised = bits(23);
    status.today = static_cast<Tempo>(bits(24, 2));
    status.tomorrow = static_cast<Tempo>(bits(26, 2));
    status.peak_notice = bits(28, 2);
    status.peak = bits(30, 2);
    return status;
}

} // namespace releve::tic
