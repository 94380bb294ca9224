#include <releve/codec/dlms/date_time.hpp>

#include <cstdio>
#include <optional>

namespace releve::dlms {

using namespace std::chrono;

namespace {

constexpr std::uint8_t not_specified = 0xff;
constexpr std::uint16_t year_not_specified = 0xffff;
constexpr std::int16_t deviation_not_specified = -32768;
constexpr std::uint8_t daylight_saving_bit = 0x80;

/// The range of one octet of the date-time; `special` are the values above it that mean something of their
/// own.
struct OctetRange {
    const char* name;
    std::uint8_t DateTime::*field;
    std::uint8_t lowest, highest, special_from;
};
constexpr OctetRange octet_ranges[] = {
    {"month", &DateTime::month, 1, 12, 0xfd},
    {"day", &DateTime::day_of_month, 1, 31, 0xfd},
    {"day of the week", &DateTime::day_of_week, 1, 7, 0xff},
    {"hour", &DateTime::hour, 0, 23, 0xff},
    {"minute", &DateTime::minute, 0, 59, 0xff},
    {"second", &DateTime::second, 0, 59, 0xff},
    {"hundredths", &DateTime::hundredths, 0, 99, 0xff},
};

/// Why the value is not a date-time, or nullptr.
const char* wrong_field(const DateTime& value)
{
    if (value.year > 9999 && value.year != year_not_specified)
        return "year";
    for (const OctetRange& range : octet_ranges) {
        const std::uint8_t octet = value.*range.field;
        if ((octet < range.lowest || octet > range.highest) && octet < range.special_from)
            return range.name;
    }
    const bool deviation_fits = value.deviation_min >= -720 && value.deviation_min <= 840;
    if (!deviation_fits && value.deviation_min != deviation_not_specified)
        return "deviation";
    if (value.month <= 12 && value.day_of_month <= 31) {
        // 29 February is possible while the year is open: any leap year tells.
        const int known_year = value.year == year_not_specified ? 2000 : value.year;
        if (!year_month_day{year{known_year}, month{value.month}, day{value.day_of_month}}.ok())
            return "day (no such day in that month)";
    }
    return nullptr;
}

void append_octet(std::string& out, const char* separator, std::uint8_t value, std::uint8_t highest)
{
    out += separator;
    if (value == not_specified) {
        out += "--";
        return;
    }
    char text[8];
    std::snprintf(text, sizeof text, value > highest ? "%02x" : "%02d", static_cast<unsigned>(value));
    out += text;
}

/// A local time the clocks skip in spring is refused, but for its very first second: a meter may stamp the
/// end of the interval before the change with it.
result<Instant> from_local(local_seconds local, const DateTime& value, const Zone& zone)
{
    const bool standard_time = value.status != not_specified && (value.status & daylight_saving_bit) == 0;
    const Instant instant = zone.to_instant(local, standard_time);
    const bool exists = zone.to_local(instant) == local;
    if (!exists && zone.to_local(instant - seconds{1}) + seconds{1} != local)
        return fail(errc::time_undefined,
                    "the local time does not exist on that day and the deviation is not specified");
    return instant;
}

} // namespace

// year(2) month day weekday hour minute second hundredths deviation(2, signed) status
result<DateTime> decode_date_time(ByteView bytes)
{
    if (bytes.size() != 12)
        return fail(errc::bad_length, "a date-time has 12 octets, not " + std::to_string(bytes.size()));
    Reader reader{bytes};
    DateTime out;
    out.year = reader.u16_be();
    for (const OctetRange& range : octet_ranges)
        out.*range.field = reader.u8();
    out.deviation_min = reader.i16_be();
    out.status = reader.u8();
    if (const char* field = wrong_field(out))
        return fail(errc::bad_value, std::string{"date-time: "} + field);
    return reader.finish(out);
}

std::array<std::byte, 12> encode_date_time(const DateTime& value)
{
    Writer writer;
    writer.u16_be(value.year);
    for (const OctetRange& range : octet_ranges)
        writer.u8(value.*range.field);
    writer.u16_be(static_cast<std::uint16_t>(value.deviation_min)).u8(value.status);
    std::array<std::byte, 12> out{};
    RELEVE_ASSERT(writer.size() == out.size());
    std::copy(writer.view().begin(), writer.view().end(), out.begin());
    return out;
}

DateTime date_time_at(Instant instant, const Zone& zone)
{
    const local_seconds local = zone.to_local(instant);
    const local_days date = floor<days>(local);
    const year_month_day ymd{date};
    const hh_mm_ss time{local - date};
    // Daylight saving is whatever lies above the lesser of the year's winter and summer offsets.
    const Seconds offset = zone.offset_at(instant);
    const Seconds january = zone.offset_at(sys_days{ymd.year() / 1 / 1});
    const Seconds july = zone.offset_at(sys_days{ymd.year() / 7 / 1});
    DateTime out;
    out.year = static_cast<std::uint16_t>(static_cast<int>(ymd.year()));
    out.month = static_cast<std::uint8_t>(static_cast<unsigned>(ymd.month()));
    out.day_of_month = static_cast<std::uint8_t>(static_cast<unsigned>(ymd.day()));
    out.day_of_week = static_cast<std::uint8_t>(weekday{date}.iso_encoding());
    out.hour = static_cast<std::uint8_t>(time.hours().count());
    out.minute = static_cast<std::uint8_t>(time.minutes().count());
    out.second = static_cast<std::uint8_t>(time.seconds().count());
    out.hundredths = 0;
    out.deviation_min = static_cast<std::int16_t>(-duration_cast<minutes>(offset).count());
    out.status = offset > std::min(january, july) ? daylight_saving_bit : std::uint8_t{0};
    return out;
}

std::string to_iso8601(const DateTime& value)
{
    std::string out = "----";
    char text[16];
    if (value.year != year_not_specified) {
        std::snprintf(text, sizeof text, "%04u", static_cast<unsigned>(value.year));
        out = text;
    }
    append_octet(out, "-", value.month, 12);
    append_octet(out, "-", value.day_of_month, 31);
    append_octet(out, "T", value.hour, 23);
    append_octet(out, ":", value.minute, 59);
    append_octet(out, ":", value.second, 59);
    if (value.deviation_min != deviation_not_specified) {
        const int offset_min = -value.deviation_min;
        const int size = offset_min < 0 ? -offset_min : offset_min;
        std::snprintf(text, sizeof text, "%c%02d:%02d", offset_min < 0 ? '-' : '+', size / 60, size % 60);
        out += text;
    }
    return out;
}

result<Instant> to_instant(const DateTime& value, const ClockRule& rule)
{
    RELEVE_ASSERT(rule.zone != nullptr);
    if (value.year == year_not_specified || value.month > 12 || value.day_of_month > 31 || value.hour > 23 ||
        value.minute > 59)
        return fail(errc::time_undefined, "the clock leaves a field open: " + to_iso8601(value));
    const local_days date{year{value.year} / month{value.month} / day{value.day_of_month}};
    const Seconds second{value.second == not_specified ? 0 : value.second};
    const local_seconds local = date + hours{value.hour} + minutes{value.minute} + second;
    if (value.deviation_min != deviation_not_specified)
        return Instant{local.time_since_epoch() + minutes{value.deviation_min}};
    if (!rule.undefined_deviation_is_local)
        return Instant{local.time_since_epoch()};
    return from_local(local, value, *rule.zone);
}

} // namespace releve::dlms
