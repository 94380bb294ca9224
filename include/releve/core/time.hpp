#pragma once
// Instants, civil days and zones. Instants are UTC with whole seconds; a civil day belongs to a zone and a day start
// (electricity 00:00, gas 06:00) and has 46, 48 or 50 half-hours in Europe/Paris. Knows no clock: "now" is an argument.

#include <releve/core/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace releve {

using Instant = std::chrono::sys_seconds;
using CivilDay = std::chrono::local_days;
using Seconds = std::chrono::seconds;

/// "2024-03-31T01:00:00Z".
[[nodiscard]] std::string to_iso8601(Instant instant);
/// RFC 3339 with "Z" or an offset, whole seconds. errc::bad_time.
[[nodiscard]] result<Instant> parse_instant(std::string_view text);
/// "2024-03-31".
[[nodiscard]] std::string to_iso8601(CivilDay day);
[[nodiscard]] result<CivilDay> parse_day(std::string_view text);

/// Days since 1970-01-01 and back; how a day is stored.
[[nodiscard]] std::int32_t day_number(CivilDay day);
[[nodiscard]] CivilDay day_from_number(std::int32_t number);

/// A time zone as a table of transitions from 1990 to 2100: a value, no file is read after it was made.
class Zone {
public:
    struct Transition {
        Instant from;   // first instant of the rule
        Seconds offset; // local = UTC + offset
        bool daylight_saving;
    };
    Zone(std::string name, std::vector<Transition> transitions);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Seconds offset_at(Instant instant) const;
    [[nodiscard]] std::chrono::local_seconds to_local(Instant instant) const;
    /// A local time that exists twice gives the daylight-saving (first) one unless `second`; one that does not exist
    /// gives the instant of the change.
    [[nodiscard]] Instant to_instant(std::chrono::local_seconds local, bool second = false) const;

    /// The civil day that holds `instant`, when days start `day_start` after local midnight.
    [[nodiscard]] CivilDay day_of(Instant instant, Seconds day_start = Seconds{0}) const;
    [[nodiscard]] Instant start_of(CivilDay day, Seconds day_start = Seconds{0}) const;
    /// Length of the day: 23, 24 or 25 hours.
    [[nodiscard]] Seconds length_of(CivilDay day, Seconds day_start = Seconds{0}) const;

private:
    std::string name_;
    std::vector<Transition> transitions_;
};

/// From the system's tz database (read once, when the zone is made). errc::bad_time for an unknown name.
[[nodiscard]] result<Zone> load_zone(std::string_view name);
/// The same, made once per thread and name.
[[nodiscard]] result<const Zone*> zone_named(std::string_view name);
/// Europe/Paris, made on first use; the process ends with a clear message if the tz database is not installed.
[[nodiscard]] const Zone& paris();

} // namespace releve
