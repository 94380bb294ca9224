#pragma once
// Time classes: which price holds when. A calendar is data (proto/tariffs): classes, and rules that are tried in order for
// each slot of a civil day. Off-peak windows are data of the usage point, colours of days are published day by day. Pure.

#include <releve/core/meter_model.hpp>
#include <releve/core/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace releve::engine {

inline constexpr std::size_t time_classes_max = 8;

/// All four of them.
[[nodiscard]] bool has_words(const OwnWords& words);

/// Local clock times, seconds after midnight. `to` <= `from`: over midnight. 0 <= both <= 86,400.
struct DayWindow {
    std::int32_t from_s = 0, to_s = 0;
    [[nodiscard]] bool contains(std::int32_t at) const { return from_s < to_s ? at >= from_s && at < to_s : at >= from_s || at < to_s; }
    bool operator==(const DayWindow&) const = default;
};
/// As a DSO writes them: "HC (2H00-7H00;13H30-16H30)", "HC (23h00-7h30)", or without the word and the brackets; 24H00 is the
/// end of the day. Windows do not overlap and last under a day together. errc::bad_value names the part.
[[nodiscard]] result<std::vector<DayWindow>> parse_offpeak(std::string_view text);
/// "HC (2H00-7H00;13H30-16H30)".
[[nodiscard]] std::string to_offpeak_text(const std::vector<DayWindow>& windows);

/// A day of the year by number, or so many days after Easter Sunday.
struct Holiday {
    int month = 0, day = 0; // 0: counted from Easter
    int after_easter = 0;
    bool operator==(const Holiday&) const = default;
};
[[nodiscard]] CivilDay easter_sunday(int year); // Gregorian

/// Kinds of days that somebody publishes: one letter a day from `from` on ("BBWR..."), each a kind's.
struct PublishedDays {
    std::string name;                                    // "tempo"
    std::vector<std::pair<char, std::string>> kinds;     // letter, id: 'B' "BLUE"
    std::vector<std::pair<CivilDay, std::string>> runs;  // by day, without overlap
    /// The kind's id; nothing where it was not published.
    [[nodiscard]] std::optional<std::string_view> kind_of(CivilDay day) const;
};

/// All that is given must hold. Dates are those of the calendar's own day, which begins `Calendar::day_start` after midnight.
struct CalendarRule {
    std::string time_class;
    std::uint16_t months = 0;   // bit 0 = January; 0: every month
    std::uint8_t weekdays = 0;  // bit 0 = Monday; 0: every day
    std::optional<bool> holiday{};
    bool offpeak_of_point = false; // within the off-peak windows of the usage point
    std::vector<DayWindow> windows{};
    std::string day_kind{}; // id of a kind of `Calendar::published`
};

struct TimeClass {
    std::string id;            // "HP"
    OwnWords words;
    std::string meter_register; // channel of a meter that is programmed with this calendar; empty: none
};

struct Calendar {
    std::string id;
    OwnWords words;
    std::vector<TimeClass> classes; // in the order of bills; 1 to time_classes_max
    std::vector<CalendarRule> rules; // the last one holds always
    Seconds day_start{0};
    std::string published; // name of PublishedDays
    std::vector<Holiday> holidays;
    [[nodiscard]] std::optional<std::size_t> class_index(std::string_view id) const;
    [[nodiscard]] bool needs_offpeak() const;
};
/// What is wrong with it, as "rules/2: names no class of the calendar: XY"; nothing when all is well.
[[nodiscard]] std::optional<std::string> find_fault(const Calendar& calendar);

/// Whose time it is.
struct CalendarPlace {
    const Zone* zone = nullptr;
    const std::vector<DayWindow>* offpeak = nullptr; // of the usage point on these days; null: none known
    const PublishedDays* published = nullptr;        // of the calendar's name
};
/// The class (its index) of each slot of the civil day that begins at midnight, or `channel_day_start` after it.
/// errc::no_tariff_row: the day's kind was not published, naming it; errc::bad_value: no off-peak windows are known, or one
/// begins or ends within a slot: then only the meter's registers can tell.
[[nodiscard]] result<std::vector<std::uint8_t>> classes_of_day(const Calendar& calendar, const CalendarPlace& place, CivilDay day,
                                                              Seconds step, Seconds channel_day_start = Seconds{0});

} // namespace releve::engine
