#pragma once
// from and to of a request: civil days of the usage point's zone (to exclusive) or RFC 3339 instants.

#include <releve/api/http.hpp>
#include <releve/core/time.hpp>
#include <releve/store/records.hpp>

#include <optional>
#include <variant>

namespace releve::api {

using DayOrInstant = std::variant<CivilDay, Instant>;

/// `name`: of what an error is said. errc::bad_parameter, also for what is empty or outside of 1990 to 2100.
[[nodiscard]] result<DayOrInstant> parse_moment(std::string_view name, std::string_view text);
/// An instant and no day: it is required. errc::bad_parameter.
[[nodiscard]] result<Instant> read_instant(const Request& request, std::string_view name);

struct Period {
    DayOrInstant from, to;
};
/// Both are required, from before to. Errors name the parameter: errc::bad_parameter.
[[nodiscard]] result<Period> read_period(const Request& request);
[[nodiscard]] bool needs_zone(const Period& period);

struct DaySpan {
    CivilDay from{}, to{};
};
/// Whole civil days that the period touches. errc::bad_parameter when empty or longer than `days_max`.
[[nodiscard]] result<DaySpan> days_of(const Period& period, const Zone& zone, int days_max);

struct InstantSpan {
    Instant from{}, to{};
};
[[nodiscard]] result<InstantSpan> instants_of(const Period& period, const Zone& zone, int days_max);

/// from and to of a list of what happened: each may be absent; a date is the start of that day in France.
/// errc::bad_parameter.
struct OpenSpan {
    std::optional<Instant> from, to;
};
[[nodiscard]] result<OpenSpan> read_open_span(const Request& request);

/// The same of a list of what happened on civil days: an instant means the day in France that it touches.
struct OpenDays {
    std::optional<CivilDay> from, to;
};
[[nodiscard]] result<OpenDays> read_open_days(const Request& request);

/// as_of: an RFC 3339 instant, or the number that an earlier answer gave; absent: all that is known.
/// errc::bad_parameter.
[[nodiscard]] result<store::AsOf> read_as_of(const Request& request, Instant now);

} // namespace releve::api
