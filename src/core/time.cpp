#include <releve/core/time.hpp>

#include <date/tz.h>

#include <algorithm>
#include <map>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace releve {

using namespace std::chrono;

std::string to_iso8601(Instant instant)
{
    const auto day = floor<days>(instant);
    const year_month_day ymd{day};
    const hh_mm_ss time{instant - day};
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(ymd.year()),
                  static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text;
}

std::string to_iso8601(CivilDay day)
{
    const year_month_day ymd{day};
    char text[24];
    if (const int year = static_cast<int>(ymd.year()); year >= 1000 && year <= 9999) { // documents of bills are full of days
        const auto put = [&text](std::size_t at, unsigned number) {
            text[at] = static_cast<char>('0' + number / 10 % 10);
            text[at + 1] = static_cast<char>('0' + number % 10);
        };
        put(0, static_cast<unsigned>(year) / 100);
        put(2, static_cast<unsigned>(year));
        put(5, static_cast<unsigned>(ymd.month()));
        put(8, static_cast<unsigned>(ymd.day()));
        text[4] = text[7] = '-';
        return {text, 10};
    }
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                  static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
    return text;
}

namespace {

/// Exactly `width` digits at the front of `text`, which is moved past them.
bool take_digits(std::string_view& text, std::size_t width, int& out)
{
    if (text.size() < width)
        return false;
    for (char c : text.substr(0, width))
        if (c < '0' || c > '9')
            return false;
    std::from_chars(text.data(), text.data() + width, out);
    text.remove_prefix(width);
    return true;
}

bool take_char(std::string_view& text, char c)
{
    if (text.empty() || text.front() != c)
        return false;
    text.remove_prefix(1);
    return true;
}

bool take_day(std::string_view& text, CivilDay& out)
{
    int y = 0;
    int m = 0;
    int d = 0;
    if (!take_digits(text, 4, y) || !take_char(text, '-') || !take_digits(text, 2, m) || !take_char(text, '-') ||
        !take_digits(text, 2, d))
        return false;
    const year_month_day ymd{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
    out = local_days{ymd};
    return ymd.ok();
}

bool take_offset(std::string_view& text, Seconds& out)
{
    if (take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    const bool negative = take_char(text, '-');
    int h = 0;
    int m = 0;
    if ((!negative && !take_char(text, '+')) || !take_digits(text, 2, h) || !take_char(text, ':') ||
        !take_digits(text, 2, m) || h > 23 || m > 59)
        return false;
    out = (negative ? -1 : 1) * (hours{h} + minutes{m});
    return true;
}

} // namespace

result<CivilDay> parse_day(std::string_view text)
{
    CivilDay day;
    std::string_view rest = text;
    if (!take_day(rest, day) || !rest.empty())
        return fail(errc::bad_time, "expected a date like 2024-03-31, got '" + std::string{text.substr(0, 40)} + "'");
    return day;
}

result<Instant> parse_instant(std::string_view text)
{
    CivilDay day;
    std::string_view rest = text;
    int h = 0;
    int m = 0;
    int s = 0;
    Seconds offset{0};
    const bool ok = take_day(rest, day) && (take_char(rest, 'T') || take_char(rest, ' ')) && take_digits(rest, 2, h) &&
                    take_char(rest, ':') && take_digits(rest, 2, m) && take_char(rest, ':') &&
                    take_digits(rest, 2, s) && take_offset(rest, offset) && rest.empty() && h < 24 && m < 60 && s < 60;
    if (!ok)
        return fail(errc::bad_time,
                    "expected an instant like 2024-03-31T01:00:00Z, got '" + std::string{text.substr(0, 40)} + "'");
    return Instant{day.time_since_epoch() + hours{h} + minutes{m} + seconds{s} - offset};
}

std::int32_t day_number(CivilDay day)
{
    return static_cast<std::int32_t>(day.time_since_epoch().count());
}

CivilDay day_from_number(std::int32_t number)
{
    return CivilDay{days{number}};
}

Zone::Zone(std::string name, std::vector<Transition> transitions)
    : name_(std::move(name)), transitions_(std::move(transitions))
{
    RELEVE_ASSERT(!transitions_.empty());
}

Seconds Zone::offset_at(Instant instant) const
{
    auto after = std::upper_bound(transitions_.begin(), transitions_.end(), instant,
                                  [](Instant i, const Transition& t) { return i < t.from; });
    return after == transitions_.begin() ? after->offset : std::prev(after)->offset;
}

local_seconds Zone::to_local(Instant instant) const
{
    return local_seconds{instant.time_since_epoch() + offset_at(instant)};
}

Instant Zone::to_instant(local_seconds local, bool second) const
{
    // The two candidates come from the offsets in force half a day before and after: no zone changes twice a day.
    const Instant as_utc{local.time_since_epoch()};
    const Instant early = as_utc - offset_at(as_utc - hours{14});
    const Instant late = as_utc - offset_at(as_utc + hours{14});
    if (early == late)
        return early;
    const bool early_fits = to_local(early) == local;
    const bool late_fits = to_local(late) == local;
    if (early_fits && late_fits)
        return second ? std::max(early, late) : std::min(early, late);
    if (early_fits)
        return early;
    if (late_fits)
        return late;
    // In the gap: the first instant of the new rule.
    auto after = std::upper_bound(transitions_.begin(), transitions_.end(), early,
                                  [](Instant i, const Transition& t) { return i < t.from; });
    return after == transitions_.begin() ? early : std::prev(after)->from;
}

CivilDay Zone::day_of(Instant instant, Seconds day_start) const
{
    return floor<days>(to_local(instant) - day_start);
}

Instant Zone::start_of(CivilDay day, Seconds day_start) const
{
    return to_instant(local_seconds{day} + day_start);
}

Seconds Zone::length_of(CivilDay day, Seconds day_start) const
{
    return start_of(day + days{1}, day_start) - start_of(day, day_start);
}

result<Zone> load_zone(std::string_view name)
try {
    const date::time_zone* zone = date::locate_zone(std::string{name});
    std::vector<Zone::Transition> transitions;
    const Instant end{sys_days{year{2100} / 1 / 1}};
    Instant at{sys_days{year{1990} / 1 / 1}};
    while (at < end) {
        const date::sys_info info = zone->get_info(at);
        transitions.push_back({at, info.offset, info.save != minutes{0}});
        at = info.end;
    }
    return Zone{std::string{name}, std::move(transitions)};
} catch (const std::exception& e) {
    return fail(errc::bad_time, "time zone '" + std::string{name} + "': " + e.what());
}

result<const Zone*> zone_named(std::string_view name)
{
    if (name == paris().name())
        return &paris();
    thread_local std::map<std::string, Zone, std::less<>> zones;
    auto found = zones.find(name);
    if (found == zones.end()) {
        RELEVE_TRY(zone, load_zone(name));
        found = zones.emplace(std::string{name}, std::move(zone)).first;
    }
    return &found->second;
}

const Zone& paris()
{
    static const Zone zone = [] {
        auto loaded = load_zone("Europe/Paris");
        if (!loaded) {
            std::fprintf(stderr, "releve: %s\nreleve: install the package tzdata\n",
                         to_string(loaded.error()).c_str());
            std::exit(2);
        }
        return std::move(*loaded);
    }();
    return zone;
}

} // namespace releve
