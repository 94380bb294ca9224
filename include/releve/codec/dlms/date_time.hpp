#pragma once
// COSEM date-time (IEC 62056-6-2, 4.1.6.1): 12 octets with fields that may be unspecified, a deviation in minutes
// (UTC = local + deviation) and status bits.

#include <releve/core/bytes.hpp>
#include <releve/core/time.hpp>

#include <optional>

namespace releve::dlms {

struct DateTime {
    std::uint16_t year = 0xffff;          // ffff not specified
    std::uint8_t month = 0xff;            // 1..12; fd end of daylight saving, fe begin; ff not specified
    std::uint8_t day_of_month = 0xff;     // 1..31; fd second last day, fe last day; ff not specified
    std::uint8_t day_of_week = 0xff;      // 1 Monday .. 7; ff not specified
    std::uint8_t hour = 0xff, minute = 0xff, second = 0xff, hundredths = 0xff;
    std::int16_t deviation_min = -32768;  // 8000 not specified
    std::uint8_t status = 0xff;           // ff not specified

    bool operator==(const DateTime&) const = default;
    /// 01 invalid, 02 doubtful, 04 different base, 08 invalid status, 80 daylight saving active; none if ff.
    [[nodiscard]] bool has_status(std::uint8_t mask) const { return status != 0xff && (status & mask) != 0; }
};

/// 12 octets, each field in its range. errc::bad_length, errc::bad_value (names the field).
[[nodiscard]] result<DateTime> decode_date_time(ByteView bytes);
[[nodiscard]] std::array<std::byte, 12> encode_date_time(const DateTime& value);
/// The civil time and deviation of an instant in a zone, as a meter's clock would send it.
[[nodiscard]] DateTime date_time_at(Instant instant, const Zone& zone);
/// "2020-01-01T00:03:00+02:00"; no offset if the deviation is not specified, "--" where a field is not.
[[nodiscard]] std::string to_iso8601(const DateTime& value);

/// What an unspecified deviation means, from the model's quirks.
struct ClockRule {
    const Zone* zone = nullptr;              // required
    bool undefined_deviation_is_local = true;
};
/// The instant. Seconds and hundredths not specified count as 0; any other missing field gives errc::time_undefined.
/// A local hour that exists twice is told apart by the daylight-saving status bit; without it (status ff) the first
/// (summer) one is meant.
[[nodiscard]] result<Instant> to_instant(const DateTime& value, const ClockRule& rule);

} // namespace releve::dlms
