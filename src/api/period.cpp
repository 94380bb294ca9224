#include <releve/api/period.hpp>

#include <charconv>

namespace releve::api {
namespace {

using namespace std::chrono;

// Wide enough for any meter, narrow enough that no arithmetic on days overflows.
constexpr CivilDay earliest{local_days{year{1990} / 1 / 1}}, latest{local_days{year{2100} / 1 / 1}};

} // namespace

result<DayOrInstant> parse_moment(std::string_view name, std::string_view text)
{
    if (text.empty())
        return fail(errc::bad_parameter, std::string(name) + ": is required (2024-01-31 or 2024-01-31T00:00:00Z)");
    if (const auto day = parse_day(text)) {
        if (*day < earliest || *day > latest)
            return fail(errc::bad_parameter, std::string(name) + ": must lie between 1990 and 2100");
        return DayOrInstant{*day};
    }
    if (const auto instant = parse_instant(text)) {
        if (*instant < sys_days{earliest.time_since_epoch()} || *instant > sys_days{latest.time_since_epoch()})
            return fail(errc::bad_parameter, std::string(name) + ": must lie between 1990 and 2100");
        return DayOrInstant{*instant};
    }
    return fail(errc::bad_parameter, std::string(name) +
                                         ": is neither a date (2024-01-31) nor an instant (2024-01-31T00:00:00Z)");
}

namespace {

result<DayOrInstant> read_one(const Request& request, std::string_view name)
{
    return parse_moment(name, request.parameter(name));
}

Instant to_instant(const DayOrInstant& value, const Zone& zone)
{
    if (const auto* day = std::get_if<CivilDay>(&value))
        return zone.start_of(*day);
    return std::get<Instant>(value);
}

Error too_long(int days_max)
{
    return fail(errc::bad_parameter, "to: at most " + std::to_string(days_max) + " days after from");
}

} // namespace

result<Period> read_period(const Request& request)
{
    RELEVE_TRY(from, read_one(request, "from"));
    RELEVE_TRY(to, read_one(request, "to"));
    return Period{from, to};
}

bool needs_zone(const Period& period)
{
    return std::holds_alternative<CivilDay>(period.from) || std::holds_alternative<CivilDay>(period.to);
}

result<InstantSpan> instants_of(const Period& period, const Zone& zone, int days_max)
{
    const InstantSpan out{to_instant(period.from, zone), to_instant(period.to, zone)};
    if (out.from >= out.to)
        return fail(errc::bad_parameter, "to: must be after from");
    // An hour of grace: a period of civil days may hold one more hour in autumn.
    if (out.to - out.from > days{days_max} + hours{1})
        return too_long(days_max);
    return out;
}

result<DaySpan> days_of(const Period& period, const Zone& zone, int days_max)
{
    const Instant from = to_instant(period.from, zone), to = to_instant(period.to, zone);
    if (from >= to)
        return fail(errc::bad_parameter, "to: must be after from");
    const DaySpan out{zone.day_of(from), zone.day_of(to - Seconds{1}) + days{1}};
    if (out.to - out.from > days{days_max})
        return too_long(days_max);
    return out;
}

result<OpenSpan> read_open_span(const Request& request)
{
    OpenSpan out;
    for (const auto& [name, end] : {std::pair{"from", &out.from}, std::pair{"to", &out.to}}) {
        if (request.parameter(name).empty())
            continue;
        RELEVE_TRY(value, read_one(request, name));
        *end = to_instant(value, paris());
    }
    if (out.from && out.to && *out.from >= *out.to)
        return fail(errc::bad_parameter, "to: must be after from");
    return out;
}

result<OpenDays> read_open_days(const Request& request)
{
    RELEVE_TRY(span, read_open_span(request));
    OpenDays out;
    if (span.from)
        out.from = paris().day_of(*span.from);
    if (span.to)
        out.to = paris().day_of(*span.to - Seconds{1}) + days{1};
    return out;
}

result<Instant> read_instant(const Request& request, std::string_view name)
{
    RELEVE_TRY(moment, read_one(request, name));
    if (const auto* instant = std::get_if<Instant>(&moment))
        return *instant;
    return fail(errc::bad_parameter, std::string(name) + ": must be an instant (2024-01-31T00:00:00Z)");
}

result<store::AsOf> read_as_of(const Request& request, Instant now)
{
    store::AsOf as_of{.now = now};
    const auto text = request.parameter("as_of");
    if (text.empty())
        return as_of;
    if (const auto instant = parse_instant(text)) {
        if (*instant < sys_days{earliest.time_since_epoch()} || *instant > sys_days{latest.time_since_epoch()})
            return fail(errc::bad_parameter, "as_of: must lie between 1990 and 2100");
        as_of.instant = *instant;
        return as_of;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0)
        return fail(errc::bad_parameter,
                    "as_of: is neither an instant (2024-01-31T00:00:00Z) nor the number that an answer gave");
    as_of.batch = BatchNumber{number};
    return as_of;
}

} // namespace releve::api
