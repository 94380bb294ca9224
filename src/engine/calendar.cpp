#include <releve/engine/calendar.hpp>

#include <algorithm>
#include <charconv>

namespace releve::engine {

namespace {

constexpr std::int32_t day_s = 86'400;

void skip_spaces(std::string_view& text)
{
    while (text.starts_with(' '))
        text.remove_prefix(1);
}

/// "2H00", "23h30", "7:30".
std::optional<std::int32_t> take_clock(std::string_view& text)
{
    skip_spaces(text);
    int hour = 0, minute = 0;
    const auto hours = std::from_chars(text.data(), text.data() + text.size(), hour);
    const auto hour_digits = hours.ptr - text.data();
    if (hours.ec != std::errc{} || hour_digits > 2 || text.starts_with('-'))
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(hour_digits));
    if (text.empty() || (text[0] != 'h' && text[0] != 'H' && text[0] != ':'))
        return std::nullopt;
    text.remove_prefix(1);
    const auto minutes = std::from_chars(text.data(), text.data() + text.size(), minute);
    if (minutes.ec != std::errc{} || minutes.ptr - text.data() != 2 || text.starts_with('-'))
        return std::nullopt;
    text.remove_prefix(2);
    if (minute > 59 || hour > 24 || (hour == 24 && minute != 0))
        return std::nullopt;
    return hour * 3600 + minute * 60;
}

std::int32_t length_of(const DayWindow& window) { return window.from_s < window.to_s ? window.to_s - window.from_s : window.to_s + day_s - window.from_s; }

bool overlap(const DayWindow& a, const DayWindow& b)
{
    return a.contains(b.from_s % day_s) || b.contains(a.from_s % day_s);
}

std::string clock_text(std::int32_t seconds)
{
    const std::int32_t minutes = seconds % 3600 / 60;
    return std::to_string(seconds / 3600) + "H" + (minutes < 10 ? "0" : "") + std::to_string(minutes);
}

bool is_holiday(const std::vector<Holiday>& holidays, CivilDay day)
{
    const std::chrono::year_month_day date{day};
    return std::ranges::any_of(holidays, [&](const Holiday& holiday) {
        if (holiday.month == 0)
            return easter_sunday(static_cast<int>(date.year())) + std::chrono::days{holiday.after_easter} == day;
        return holiday.month == static_cast<int>(static_cast<unsigned>(date.month())) &&
               holiday.day == static_cast<int>(static_cast<unsigned>(date.day()));
    });
}

bool within_any(const std::vector<DayWindow>& windows, std::int32_t at)
{
    return std::ranges::any_of(windows, [at](const DayWindow& window) { return window.contains(at); });
}

/// What all slots of one date of the calendar share.
struct DateFacts {
    CivilDay date{};
    std::uint16_t month_bit = 0;
    std::uint8_t weekday_bit = 0;
    bool holiday = false;
    std::string_view kind;
};

result<DateFacts> facts_of(const Calendar& calendar, const CalendarPlace& place, CivilDay date)
{
    DateFacts facts{.date = date, .kind = {}};
    const std::chrono::year_month_day ymd{date};
    facts.month_bit = static_cast<std::uint16_t>(1U << (static_cast<unsigned>(ymd.month()) - 1));
    facts.weekday_bit = static_cast<std::uint8_t>(1U << (std::chrono::weekday{date}.iso_encoding() - 1));
    facts.holiday = is_holiday(calendar.holidays, date);
    // Days that no rule asks for, as those of summer where only winter has rush hours, need not be published.
    const bool asked = std::ranges::any_of(calendar.rules, [&](const CalendarRule& rule) {
        return !rule.day_kind.empty() && (rule.months == 0 || (rule.months & facts.month_bit) != 0) && (rule.weekdays == 0 || (rule.weekdays & facts.weekday_bit) != 0);
    });
    if (asked && !calendar.published.empty()) {
        const auto kind = place.published != nullptr ? place.published->kind_of(date) : std::nullopt;
        if (!kind)
            return fail(errc::no_tariff_row, "calendar " + calendar.id + ": no " + calendar.published + " day is known for " + to_iso8601(date));
        facts.kind = *kind;
    }
    return facts;
}

bool holds(const CalendarRule& rule, const CalendarPlace& place, const DateFacts& facts, std::int32_t at)
{
    return (rule.months == 0 || (rule.months & facts.month_bit) != 0) && (rule.weekdays == 0 || (rule.weekdays & facts.weekday_bit) != 0) &&
           (!rule.holiday || *rule.holiday == facts.holiday) && (rule.day_kind.empty() || rule.day_kind == facts.kind) &&
           (rule.windows.empty() || within_any(rule.windows, at)) && (!rule.offpeak_of_point || within_any(*place.offpeak, at));
}

result<void> check_edges(const std::vector<DayWindow>& windows, Seconds step, Seconds channel_day_start)
{
    for (const DayWindow& window : windows)
        for (const std::int32_t edge : {window.from_s, window.to_s})
            if ((edge - channel_day_start.count()) % step.count() != 0)
                return fail(errc::bad_value, "off-peak hours: " + clock_text(edge) + " is within an interval of " + std::to_string(step.count() / 60) +
                                                 " minutes: only the meter's own registers tell these hours apart");
    return {};
}

bool is_open(const CalendarRule& rule)
{
    return rule.months == 0 && rule.weekdays == 0 && !rule.holiday && !rule.offpeak_of_point && rule.windows.empty() && rule.day_kind.empty();
}

} // namespace

bool has_words(const OwnWords& words)
{
    return !words.label_en.empty() && !words.label_fr.empty() && !words.plain_en.empty() && !words.plain_fr.empty();
}

result<std::vector<DayWindow>> parse_offpeak(std::string_view text)
{
    const auto wrong = [](const std::string& part) {
        return fail(errc::bad_value, "off-peak hours: expected a form like HC (2H00-7H00;13H30-16H30)" + part);
    };
    constexpr std::size_t text_max = 200;
    if (text.size() > text_max)
        return wrong("");
    std::string_view rest = text;
    skip_spaces(rest);
    if (rest.starts_with("HC"))
        rest.remove_prefix(2);
    skip_spaces(rest);
    const bool bracket = rest.starts_with('(');
    if (bracket)
        rest.remove_prefix(1);
    std::vector<DayWindow> windows;
    for (;;) {
        const std::string part = ", not at \"" + std::string{rest} + '"';
        const auto from = take_clock(rest);
        skip_spaces(rest);
        if (!from || !rest.starts_with('-'))
            return wrong(part);
        rest.remove_prefix(1);
        const auto to = take_clock(rest);
        if (!to || *from == day_s)
            return wrong(part);
        const DayWindow window{*from, *to};
        if (*from == *to)
            return wrong(": a window is empty" + part);
        if (std::ranges::any_of(windows, [&](const DayWindow& other) { return overlap(window, other); }))
            return wrong(": two windows overlap" + part);
        windows.push_back(window);
        skip_spaces(rest);
        if (!rest.starts_with(';'))
            break;
        rest.remove_prefix(1);
    }
    if (bracket) {
        if (!rest.starts_with(')'))
            return wrong(": the bracket is not closed, not at \"" + std::string{rest} + '"');
        rest.remove_prefix(1);
    }
    skip_spaces(rest);
    if (!rest.empty())
        return wrong(", not \"" + std::string{rest} + '"');
    std::int32_t total = 0;
    for (const DayWindow& window : windows)
        total += length_of(window);
    if (total >= day_s)
        return wrong(": the whole day would be off-peak");
    return windows;
}

std::string to_offpeak_text(const std::vector<DayWindow>& windows)
{
    std::string text = "HC (";
    for (const DayWindow& window : windows)
        text += (text.size() > 4 ? ";" : "") + clock_text(window.from_s) + "-" + clock_text(window.to_s);
    return text + ")";
}

CivilDay easter_sunday(int year) // Meeus, Jones and Butcher's rule
{
    const int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    const int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7, m = (a + 11 * h + 22 * l) / 451;
    const int month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
    return CivilDay{std::chrono::year{year} / month / day};
}

std::optional<std::string_view> PublishedDays::kind_of(CivilDay day) const
{
    const auto after = std::ranges::upper_bound(runs, day, {}, [](const auto& run) { return run.first; });
    if (after == runs.begin())
        return std::nullopt;
    const auto& [from, letters] = *std::prev(after);
    const auto offset = static_cast<std::size_t>((day - from).count());
    if (offset >= letters.size())
        return std::nullopt;
    const auto kind = std::ranges::find(kinds, letters[offset], [](const auto& row) { return row.first; });
    return kind == kinds.end() ? std::nullopt : std::optional<std::string_view>{kind->second};
}

std::optional<std::size_t> Calendar::class_index(std::string_view class_id) const
{
    const auto found = std::ranges::find(classes, class_id, &TimeClass::id);
    return found == classes.end() ? std::nullopt : std::optional{static_cast<std::size_t>(found - classes.begin())};
}

bool Calendar::needs_offpeak() const { return std::ranges::any_of(rules, &CalendarRule::offpeak_of_point); }

std::optional<std::string> find_fault(const Calendar& calendar)
{
    if (!has_words(calendar.words))
        return "label, plain: words are missing in one of the languages";
    if (calendar.classes.empty() || calendar.classes.size() > time_classes_max)
        return "classes: 1 to " + std::to_string(time_classes_max) + " are expected";
    if (calendar.day_start < Seconds{0} || calendar.day_start >= Seconds{day_s})
        return "day_start_s: 0 to 86399 is expected";
    for (std::size_t i = 0; i < calendar.classes.size(); ++i) {
        const TimeClass& one = calendar.classes[i];
        const std::string place = "classes/" + std::to_string(i) + ": ";
        if (!has_words(one.words))
            return place + "words are missing in one of the languages";
        if (*calendar.class_index(one.id) != i)
            return place + "the id stands twice: " + one.id;
    }
    for (std::size_t i = 0; i < calendar.rules.size(); ++i) {
        const CalendarRule& rule = calendar.rules[i];
        const std::string place = "rules/" + std::to_string(i) + ": ";
        if (!calendar.class_index(rule.time_class))
            return place + "names no class of the calendar: " + rule.time_class;
        if (!rule.day_kind.empty() && calendar.published.empty())
            return place + "day_kind, but the calendar names no published days";
    }
    if (calendar.rules.empty() || !is_open(calendar.rules.back()))
        return "rules: the last one must hold always";
    return std::nullopt;
}

result<std::vector<std::uint8_t>> classes_of_day(const Calendar& calendar, const CalendarPlace& place, CivilDay day, Seconds step,
                                                 Seconds channel_day_start)
{
    RELEVE_ASSERT(place.zone != nullptr && step > Seconds{0});
    if (calendar.needs_offpeak()) {
        if (place.offpeak == nullptr)
            return fail(errc::bad_value, "off-peak hours: none are known for " + to_iso8601(day));
        RELEVE_CHECK(check_edges(*place.offpeak, step, channel_day_start));
    }
    for (const CalendarRule& rule : calendar.rules)
        RELEVE_CHECK(check_edges(rule.windows, step, channel_day_start));
    if (calendar.rules.size() > 1 && (calendar.day_start - channel_day_start) % step != Seconds{0})
        return fail(errc::bad_value, "calendar " + calendar.id + ": its day begins within an interval of " + std::to_string(step.count() / 60) + " minutes");
    const Instant start = place.zone->start_of(day, channel_day_start), end = start + place.zone->length_of(day, channel_day_start);
    std::vector<std::uint8_t> classes;
    std::optional<DateFacts> facts;
    for (Instant at = start; at < end; at += step) {
        const auto local = place.zone->to_local(at);
        const auto date = std::chrono::floor<std::chrono::days>(local - calendar.day_start);
        if (!facts || facts->date != date) {
            RELEVE_TRY(found, facts_of(calendar, place, date));
            facts = found;
        }
        const auto clock = static_cast<std::int32_t>((local - std::chrono::floor<std::chrono::days>(local)).count());
        const auto rule = std::ranges::find_if(calendar.rules, [&](const CalendarRule& one) { return holds(one, place, *facts, clock); });
        RELEVE_ASSERT(rule != calendar.rules.end());
        classes.push_back(static_cast<std::uint8_t>(*calendar.class_index(rule->time_class)));
    }
    return classes;
}

} // namespace releve::engine
