#include "bill_facts.hpp"

#include <set>

namespace releve::engine {
namespace {

using namespace test;

using Windows = std::vector<DayWindow>;
constexpr std::int32_t hour = 3'600;

TEST(Offpeak, is_read_as_the_network_operator_writes_it)
{
    const Windows two{{2 * hour, 7 * hour}, {13 * hour + 1'800, 16 * hour + 1'800}};
    for (const char* text : {"HC (2H00-7H00;13H30-16H30)", "HC (2h00-7h00;13h30-16h30)", "2H00-7H00;13H30-16H30", "  HC(02H00 - 7H00 ; 13:30-16:30 )  ",
                             "(2H00-7H00;13H30-16H30)", "HC 2H00-7H00;13H30-16H30"}) {
        const auto read = parse_offpeak(text);
        ASSERT_TRUE(read) << text << ": " << read.error().detail;
        EXPECT_EQ(*read, two) << text;
    }
    EXPECT_EQ(parse_offpeak("HC (23h00-7h30)").value(), (Windows{{23 * hour, 7 * hour + 1'800}}));
    EXPECT_EQ(parse_offpeak("HC (16H00-24H00)").value(), (Windows{{16 * hour, 24 * hour}}));
    EXPECT_EQ(parse_offpeak("HC (22H00-24H00;0H00-6H00)").value(), (Windows{{22 * hour, 24 * hour}, {0, 6 * hour}}));
    EXPECT_EQ(parse_offpeak("HC (22H00-0H00)").value(), (Windows{{22 * hour, 0}}));
}

TEST(Offpeak, of_a_form_that_is_not_right_is_refused_naming_the_part)
{
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"", ""},
        {"HC", ""},
        {"HC ()", ")"},
        {"HC (2H00-7H00", "bracket"},
        {"HC 2H00-7H00)", ")"},
        {"HC (2H00)", "2H00"},
        {"HC (2H00-7H00;)", "\")\""},
        {"HC (2H00-7H00;25H00-26H00)", "25H00-26H00"},
        {"HC (2H60-7H00)", "2H60"},
        {"HC (2H00-25H00)", "2H00-25H00"},
        {"HC (2H0-7H00)", "2H0"},
        {"HC (2H000-7H00)", "2H000"},
        {"HC (24H01-7H00)", "24H01"},
        {"HC (24H00-7H00)", "24H00"},
        {"HC (002H00-7H00)", "002H00"},
        {"HC (-2H00-7H00)", "-2H00"},
        {"HC (2H-5-7H00)", "2H-5"},
        {"HC (2X00-7H00)", "2X00"},
        {"HC (2H00-7H00) HP", "HP"},
        {"HC (2H00-7H00,13H30-16H30)", ",13H30"},
        {"HC (7H00-7H00)", "empty"},
        {"HC (0H00-24H00)", "whole day"},
        {"HC (0H00-12H00;12H00-24H00)", "whole day"},
        {"HC (2H00-7H00;6H30-8H00)", "6H30-8H00"},
        {"HC (22H00-6H00;5H30-7H00)", "overlap"},
        {"HC (5H30-7H00;22H00-6H00)", "overlap"},
        {"HC (1H00-2H00;0H00-8H00)", "overlap"},
        {"HC (2H00-7H00;2H00-7H00)", "overlap"},
        {"HC (" + std::string(300, ' ') + "2H00-7H00)", ""},
    };
    for (const auto& [text, named] : wrong) {
        const auto read = parse_offpeak(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, errc::bad_value);
        EXPECT_NE(read.error().detail.find(named), std::string::npos) << text << " -> " << read.error().detail;
    }
}

TEST(Offpeak, is_written_as_it_is_read)
{
    for (const char* text : {"HC (2H00-7H00;13H30-16H30)", "HC (23H00-7H30)", "HC (16H00-24H00)", "HC (0H00-8H00)", "HC (22H05-6H05)"})
        EXPECT_EQ(to_offpeak_text(parse_offpeak(text).value()), text);
    for_each_seed(500, [](Random& random) {
        Windows windows;
        std::int32_t at = static_cast<std::int32_t>(below(random, 300)), total = 0;
        const auto first = at;
        for (std::uint64_t i = 0, count = 1 + below(random, 4); i < count; ++i) {
            const auto length = static_cast<std::int32_t>(1 + below(random, 250));
            if (at + length > first + 1'439)
                break;
            const std::int32_t to = (at + length) % 1'440;
            windows.push_back({at % 1'440 * 60, (to == 0 && one_in(random, 2) ? 1'440 : to) * 60});
            total += length;
            at += length + static_cast<std::int32_t>(below(random, 100));
            if (at >= first + 1'439)
                break;
        }
        ASSERT_FALSE(windows.empty());
        const auto read = parse_offpeak(to_offpeak_text(windows));
        ASSERT_TRUE(read) << read.error().detail;
        ASSERT_EQ(*read, windows);
        std::int32_t within = 0;
        for (std::int32_t minute = 0; minute < 1'440; ++minute)
            within += std::ranges::any_of(*read, [&](const DayWindow& window) { return window.contains(minute * 60); }) ? 1 : 0;
        ASSERT_EQ(within, total);
    });
}

TEST(Offpeak, of_any_text_is_read_or_refused)
{
    for_each_seed(3'000, [](Random& random) {
        constexpr std::string_view letters = "HCh:();-0123456789 2H00-7H00";
        std::string text;
        for (std::uint64_t i = 0, size = below(random, 30); i < size; ++i)
            text += letters[below(random, letters.size())];
        if (const auto read = parse_offpeak(text)) {
            ASSERT_EQ(parse_offpeak(to_offpeak_text(*read)).value(), *read) << text;
        }
    });
}

TEST(Easter, is_on_the_days_it_was)
{
    for (const char* known : {"2000-04-23", "2001-04-15", "2005-03-27", "2008-03-23", "2010-04-04", "2011-04-24", "2016-03-27", "2019-04-21", "2020-04-12", "2024-03-31",
                              "2025-04-20", "2026-04-05", "2027-03-28", "2030-04-21", "2035-03-25", "2038-04-25", "2040-04-01"})
        EXPECT_EQ(to_iso8601(easter_sunday(std::stoi(known))), known);
    for (int year = 2000; year <= 2040; ++year) {
        const CivilDay sunday = easter_sunday(year);
        EXPECT_EQ(std::chrono::weekday{sunday}, std::chrono::Sunday);
        EXPECT_TRUE(day(std::to_string(year) + "-03-22") <= sunday && sunday <= day(std::to_string(year) + "-04-25"));
    }
}

/// Holidays are one class, the rest another.
std::set<std::string> holidays_of(int year)
{
    Calendar one = calendar("holidays", {{"OFF", ""}, {"WORK", ""}}, {{.time_class = "OFF", .holiday = true}, {.time_class = "WORK"}});
    one.holidays = {{1, 1}, {5, 1}, {5, 8}, {7, 14}, {8, 15}, {11, 1}, {11, 11}, {12, 25}, {.after_easter = 1}, {.after_easter = 39}, {.after_easter = 50}};
    std::set<std::string> out;
    for (CivilDay at = day(std::to_string(year) + "-01-01"); at < day(std::to_string(year + 1) + "-01-01"); at += Days{1}) {
        const auto classes = classes_of_day(one, {&paris()}, at, Seconds{3600}).value();
        EXPECT_EQ(std::ranges::count(classes, classes.front()), static_cast<std::ptrdiff_t>(classes.size()));
        if (classes.front() == 0)
            out.insert(to_iso8601(at));
    }
    return out;
}

TEST(Calendar, knows_the_holidays_of_france)
{
    EXPECT_EQ(holidays_of(2025), (std::set<std::string>{"2025-01-01", "2025-04-21", "2025-05-01", "2025-05-08", "2025-05-29", "2025-06-09", "2025-07-14", "2025-08-15",
                                                        "2025-11-01", "2025-11-11", "2025-12-25"}));
    EXPECT_EQ(holidays_of(2008).size(), 10u) << "Ascension Day was on the first of May";
    EXPECT_TRUE(holidays_of(2024).contains("2024-05-20"));
}

std::string letters_of(const std::vector<std::uint8_t>& classes)
{
    std::string out;
    for (const std::uint8_t one : classes)
        out += static_cast<char>('a' + one);
    return out;
}
std::string repeat(char letter, std::size_t times) { return std::string(times, letter); }

TEST(Calendar, changes_the_colour_of_a_day_at_six)
{
    const Calendar tempo = tempo_calendar(); // a b: blue HC HP, c d: white, e f: red
    const PublishedDays days = tempo_days("2025-01-06", "BWRB");
    const CalendarPlace place{&paris(), nullptr, &days};
    const auto of = [&](const char* at, Seconds day_start = Seconds{0}) { return letters_of(classes_of_day(tempo, place, day(at), Seconds{1800}, day_start).value()); };
    EXPECT_EQ(of("2025-01-07"), repeat('a', 12) + repeat('d', 32) + repeat('c', 4)) << "the night is of the evening's colour";
    EXPECT_EQ(of("2025-01-08"), repeat('c', 12) + repeat('f', 32) + repeat('e', 4));
    EXPECT_EQ(of("2025-01-09"), repeat('e', 12) + repeat('b', 32) + repeat('a', 4));
    EXPECT_EQ(of("2025-01-08", Seconds{6 * hour}), repeat('f', 32) + repeat('e', 16)) << "a day from 06:00 to 06:00 is of one colour";
}

TEST(Calendar, refuses_a_day_that_was_not_published_naming_it)
{
    const Calendar tempo = tempo_calendar();
    PublishedDays days = tempo_days("2025-01-06", "BWRB");
    days.runs.emplace_back(day("2025-01-12"), "B?B");
    const auto refused = [&](const char* at) {
        const auto classes = classes_of_day(tempo, {&paris(), nullptr, &days}, day(at), Seconds{1800});
        EXPECT_FALSE(classes) << at;
        EXPECT_EQ(classes.error().code, errc::no_tariff_row);
        return classes.error().detail;
    };
    EXPECT_NE(refused("2025-01-06").find("2025-01-05"), std::string::npos) << "until 06:00 it is the day before";
    EXPECT_NE(refused("2025-01-10").find("2025-01-10"), std::string::npos);
    EXPECT_NE(refused("2025-01-13").find("2025-01-13"), std::string::npos) << "a letter of no kind";
    EXPECT_NE(refused("2025-01-15").find("2025-01-15"), std::string::npos);
    EXPECT_FALSE(classes_of_day(tempo, {&paris()}, day("2025-01-07"), Seconds{1800}));
    EXPECT_EQ(days.kind_of(day("2025-01-12")), "BLUE");
    EXPECT_EQ(days.kind_of(day("2025-01-05")), std::nullopt);
}

TEST(Calendar, changes_the_season_on_the_first_of_november_and_of_april)
{
    const Calendar four = four_class_calendar(); // a HPH b HCH c HPB d HCB
    const CalendarPlace place{&paris(), &night};
    const auto of = [&](const char* at) { return letters_of(classes_of_day(four, place, day(at), Seconds{1800}).value()); };
    const auto usual = [](char peak, char off) { return repeat(off, 12) + repeat(peak, 32) + repeat(off, 4); };
    EXPECT_EQ(of("2025-10-31"), usual('c', 'd'));
    EXPECT_EQ(of("2025-11-01"), usual('a', 'b'));
    EXPECT_EQ(of("2026-03-31"), usual('a', 'b'));
    EXPECT_EQ(of("2026-04-01"), usual('c', 'd'));
    EXPECT_EQ(of("2026-01-01"), usual('a', 'b'));
}

TEST(Calendar, has_46_and_50_half_hours_when_clocks_change)
{
    const Calendar two = hphc_calendar(); // a HP b HC
    const auto of = [&](const char* at, const Windows& windows, Seconds step = Seconds{1800}, Seconds day_start = Seconds{0}) {
        return letters_of(classes_of_day(two, {&paris(), &windows}, day(at), step, day_start).value());
    };
    EXPECT_EQ(of("2025-03-30", night), repeat('b', 10) + repeat('a', 32) + repeat('b', 4)) << "the night is an hour shorter";
    EXPECT_EQ(of("2025-10-26", night), repeat('b', 14) + repeat('a', 32) + repeat('b', 4));
    const Windows twice{{2 * hour, 3 * hour}};
    EXPECT_EQ(of("2025-03-30", twice), repeat('a', 46)) << "that hour does not exist";
    EXPECT_EQ(of("2025-10-26", twice), repeat('a', 4) + repeat('b', 4) + repeat('a', 42)) << "that hour exists twice";
    EXPECT_EQ(of("2025-10-26", night, Seconds{600}).size(), 150u);
    EXPECT_EQ(of("2025-10-25", night, Seconds{1800}, Seconds{6 * hour}).size(), 50u) << "the gas day that holds the change";
    EXPECT_EQ(of("2025-10-26", night, Seconds{1800}, Seconds{6 * hour}).size(), 48u);
}

TEST(Calendar, goes_by_days_of_the_week)
{
    const Calendar weekend = calendar("weekend", {{"WE", ""}, {"WEEK", ""}}, {{.time_class = "WE", .weekdays = 0b110'0000}, {.time_class = "WEEK"}});
    std::string week;
    for (CivilDay at = day("2025-06-02"); at < day("2025-06-09"); at += Days{1}) // from a Monday
        week += letters_of(classes_of_day(weekend, {&paris()}, at, Seconds{86'400}).value());
    EXPECT_EQ(week, "bbbbbaa");
}

TEST(Calendar, has_rules_of_days_that_are_no_holidays)
{
    Calendar one = calendar("work", {{"WORK", ""}, {"OFF", ""}}, {{.time_class = "WORK", .holiday = false}, {.time_class = "OFF"}});
    one.holidays = {{7, 14}};
    EXPECT_EQ(letters_of(classes_of_day(one, {&paris()}, day("2025-07-14"), Seconds{86'400}).value()), "b");
    EXPECT_EQ(letters_of(classes_of_day(one, {&paris()}, day("2025-07-15"), Seconds{86'400}).value()), "a");
}

TEST(Calendar, refuses_windows_that_begin_or_end_within_a_slot)
{
    const Calendar two = hphc_calendar();
    const Windows odd = parse_offpeak("HC (22H10-6H10)").value();
    const auto classes = classes_of_day(two, {&paris(), &odd}, day("2025-06-02"), Seconds{1800});
    ASSERT_FALSE(classes);
    EXPECT_EQ(classes.error().code, errc::bad_value);
    EXPECT_NE(classes.error().detail.find("22H10"), std::string::npos);
    EXPECT_TRUE(classes_of_day(two, {&paris(), &odd}, day("2025-06-02"), Seconds{600}));
    const Windows end_only = parse_offpeak("HC (22H00-6H10)").value();
    EXPECT_FALSE(classes_of_day(two, {&paris(), &end_only}, day("2025-06-02"), Seconds{1800}));
    EXPECT_FALSE(classes_of_day(two, {&paris(), nullptr}, day("2025-06-02"), Seconds{1800})) << "no windows are known";
    EXPECT_TRUE(classes_of_day(base_calendar(), {&paris(), &odd}, day("2025-06-02"), Seconds{1800})) << "a calendar that does not ask for them";
    Calendar own = calendar("own", {{"A", ""}, {"B", ""}}, {{.time_class = "A", .windows = {{600, 1'200}}}, {.time_class = "B"}});
    EXPECT_FALSE(classes_of_day(own, {&paris()}, day("2025-06-02"), Seconds{1800})) << "the calendar's own windows";
}

TEST(Calendar, with_a_day_that_begins_within_a_slot_is_refused)
{
    Calendar shifted = calendar("shifted", {{"A", ""}, {"B", ""}}, {{.time_class = "A", .weekdays = 1}, {.time_class = "B"}});
    shifted.day_start = Seconds{6 * hour};
    EXPECT_FALSE(classes_of_day(shifted, {&paris()}, day("2025-06-02"), Seconds{86'400})) << "a slot of two of its days";
    EXPECT_TRUE(classes_of_day(shifted, {&paris()}, day("2025-06-02"), Seconds{3'600}));
}

TEST(Calendar, with_a_fault_is_told_where)
{
    const auto fault = [](const std::function<void(Calendar&)>& spoil) {
        Calendar one = four_class_calendar();
        spoil(one);
        return find_fault(one).value_or("none");
    };
    EXPECT_EQ(fault([](Calendar&) {}), "none");
    EXPECT_EQ(fault([](Calendar& c) { c.rules[2].time_class = "XY"; }), "rules/2: names no class of the calendar: XY");
    EXPECT_TRUE(fault([](Calendar& c) { c.rules.pop_back(); }).starts_with("rules:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.rules.clear(); }).starts_with("rules:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.rules[0].day_kind = "BLUE"; }).starts_with("rules/0:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.classes[3].id = "HPH"; }).starts_with("classes/3:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.classes[1].words.plain_fr.clear(); }).starts_with("classes/1:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.words.label_en.clear(); }).starts_with("label"));
    EXPECT_TRUE(fault([](Calendar& c) { c.classes.clear(); }).starts_with("classes:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.classes.resize(9, c.classes[0]); }).starts_with("classes:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.day_start = Seconds{86'400}; }).starts_with("day_start_s:"));
    EXPECT_TRUE(fault([](Calendar& c) { c.day_start = Seconds{-1}; }).starts_with("day_start_s:"));
    const auto eight = [](Calendar& c) {
        for (const char* id : {"A", "B", "C", "D"})
            c.classes.push_back({id, words(id), {}});
    };
    EXPECT_EQ(fault(eight), "none");
    const std::vector<std::function<void(CalendarRule&)>> narrower{
        [](CalendarRule& r) { r.months = 1; },         [](CalendarRule& r) { r.weekdays = 1; },     [](CalendarRule& r) { r.holiday = false; },
        [](CalendarRule& r) { r.offpeak_of_point = true; }, [](CalendarRule& r) { r.windows = night; }, [](CalendarRule& r) { r.day_kind = "BLUE"; }};
    for (std::size_t i = 0; i < narrower.size(); ++i)
        EXPECT_TRUE(fault([&](Calendar& c) { c.published = "tempo", narrower[i](c.rules.back()); }).starts_with("rules:")) << i;
}

} // namespace
} // namespace releve::engine
