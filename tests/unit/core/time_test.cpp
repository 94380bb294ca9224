#include "linky_week.hpp"

#include <releve/core/time.hpp>

namespace releve {
namespace {

using namespace test;
using std::chrono::hours;
using std::chrono::minutes;

Instant utc(std::string_view text)
{
    return parse_instant(text).value();
}

CivilDay day(std::string_view text)
{
    return parse_day(text).value();
}

std::chrono::local_seconds local(std::string_view date, minutes after_midnight)
{
    return day(date) + after_midnight;
}

TEST(Instant, is_written_and_read_in_utc)
{
    for (const char* text :
         {"1970-01-01T00:00:00Z", "2024-03-31T01:00:00Z", "2024-02-29T23:59:59Z", "1969-12-31T23:59:59Z"})
        EXPECT_EQ(to_iso8601(utc(text)), text);
    EXPECT_EQ(utc("2024-03-31T01:00:00Z").time_since_epoch().count(), 1'711'846'800);
    EXPECT_EQ(utc("2024-03-31T03:00:00+02:00"), utc("2024-03-31T01:00:00Z"));
    EXPECT_EQ(utc("2024-03-30T19:30:00-05:30"), utc("2024-03-31T01:00:00Z"));
    EXPECT_EQ(utc("2024-03-31 01:00:00z"), utc("2024-03-31T01:00:00Z"));
}

TEST(Instant, of_another_form_is_refused)
{
    for (const char* text : {"",
                             "2024-03-31",
                             "2024-03-31T01:00:00",
                             "2024-03-31T01:00Z",
                             "2024-03-31T24:00:00Z",
                             "2024-03-31T23:60:00Z",
                             "2024-03-31T23:59:60Z",
                             "2024-02-30T00:00:00Z",
                             "2023-02-29T00:00:00Z",
                             "2024-13-01T00:00:00Z",
                             "2024-00-10T00:00:00Z",
                             "2024-03-31T01:00:00+2:00",
                             "2024-03-31T01:00:00+24:00",
                             "2024-03-31T01:00:00+02:60",
                             "2024-03-31T01:00:00+0200",
                             "2024-03-31T01:00:00Z ",
                             " 2024-03-31T01:00:00Z",
                             "2024-03-31T01:00:00.5Z",
                             "24-03-31T01:00:00Z",
                             "2024/03/31T01:00:00Z",
                             "2024-03-31T01:00:00ZZ",
                             "-024-03-31T01:00:00Z"}) {
        const auto parsed = parse_instant(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, errc::bad_time) << text;
    }
}

TEST(Day, is_written_read_and_numbered)
{
    EXPECT_EQ(to_iso8601(day("2024-02-29")), "2024-02-29");
    EXPECT_EQ(day_number(day("1970-01-01")), 0);
    EXPECT_EQ(day_number(day("2024-03-31")), 19'813);
    EXPECT_EQ(day_from_number(19'813), day("2024-03-31"));
    EXPECT_EQ(day_number(day("1969-12-31")), -1);
}

TEST(Day, of_another_form_is_refused)
{
    for (const char* text :
         {"", "2024-02-30", "2023-02-29", "2024-2-3", "2024-02-03 ", "03/02/2024", "2024-00-01", "2024-01-00",
          "2024-01-32", "2024-1a-01", "2024-02-03T00:00:00Z"}) {
        const auto parsed = parse_day(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, errc::bad_time) << text;
    }
}

TEST(Paris, has_23_and_25_hours_on_the_days_of_the_list_and_24_on_all_others)
{
    const auto rows = load_rows("paris-days.csv");
    ASSERT_EQ(rows.size(), 42u);
    auto row = rows.begin();
    for (CivilDay d = day("2015-01-01"); d < day("2036-01-01"); d += std::chrono::days{1}) {
        if (row != rows.end() && to_iso8601(d) == (*row)[0]) {
            EXPECT_EQ(paris().length_of(d) / minutes{30}, std::stoi((*row)[1])) << (*row)[0];
            EXPECT_EQ(paris().start_of(d), utc((*row)[2])) << (*row)[0];
            EXPECT_EQ(paris().start_of(d + std::chrono::days{1}), utc((*row)[3])) << (*row)[0];
            ++row;
        } else {
            EXPECT_EQ(paris().length_of(d) / minutes{30}, 48) << to_iso8601(d);
        }
    }
    EXPECT_EQ(row, rows.end());
}

TEST(Paris, every_instant_belongs_to_the_day_that_holds_it)
{
    for (const Seconds day_start : {Seconds{0}, Seconds{hours{6}}}) {
        for (const auto& row : load_rows("paris-days.csv")) {
            for (CivilDay d = day(row[0]) - std::chrono::days{2}; d <= day(row[0]) + std::chrono::days{2};
                 d += std::chrono::days{1}) {
                const Instant start = paris().start_of(d, day_start);
                const Instant end = start + paris().length_of(d, day_start);
                EXPECT_EQ(end, paris().start_of(d + std::chrono::days{1}, day_start));
                for (Instant i = start; i < end; i += minutes{30})
                    ASSERT_EQ(paris().day_of(i, day_start), d) << to_iso8601(i);
                EXPECT_EQ(paris().day_of(start - Seconds{1}, day_start), d - std::chrono::days{1});
            }
        }
    }
}

TEST(Paris, the_gas_day_starts_at_six_and_the_change_falls_into_the_day_before)
{
    const Seconds six = hours{6};
    EXPECT_EQ(paris().start_of(day("2024-01-15"), six), utc("2024-01-15T05:00:00Z"));
    EXPECT_EQ(paris().start_of(day("2024-07-15"), six), utc("2024-07-15T04:00:00Z"));
    EXPECT_EQ(paris().length_of(day("2024-03-30"), six), hours{23});
    EXPECT_EQ(paris().length_of(day("2024-03-31"), six), hours{24});
    EXPECT_EQ(paris().length_of(day("2024-10-26"), six), hours{25});
    EXPECT_EQ(paris().length_of(day("2024-10-27"), six), hours{24});
    EXPECT_EQ(paris().day_of(utc("2024-07-15T03:59:59Z"), six), day("2024-07-14"));
    EXPECT_EQ(paris().day_of(utc("2024-07-15T04:00:00Z"), six), day("2024-07-15"));
}

TEST(Paris, an_hour_that_exists_twice_is_told_apart)
{
    EXPECT_EQ(paris().to_instant(local("2024-10-27", minutes{150})), utc("2024-10-27T00:30:00Z"));
    EXPECT_EQ(paris().to_instant(local("2024-10-27", minutes{150}), true), utc("2024-10-27T01:30:00Z"));
    EXPECT_EQ(paris().to_instant(local("2024-10-27", minutes{120})), utc("2024-10-27T00:00:00Z"));
    EXPECT_EQ(paris().to_instant(local("2024-10-27", minutes{120}), true), utc("2024-10-27T01:00:00Z"));
    EXPECT_EQ(paris().to_instant(local("2024-10-27", minutes{119}), true), utc("2024-10-26T23:59:00Z"));
    EXPECT_EQ(paris().to_instant(local("2024-10-27", minutes{180})), utc("2024-10-27T02:00:00Z"));
}

TEST(Paris, an_hour_that_does_not_exist_is_the_instant_of_the_change)
{
    for (const minutes m : {minutes{120}, minutes{121}, minutes{150}, minutes{179}})
        EXPECT_EQ(paris().to_instant(local("2024-03-31", m)), utc("2024-03-31T01:00:00Z")) << m.count();
    EXPECT_EQ(paris().to_instant(local("2024-03-31", minutes{119})), utc("2024-03-31T00:59:00Z"));
    EXPECT_EQ(paris().to_instant(local("2024-03-31", minutes{180})), utc("2024-03-31T01:00:00Z"));
}

TEST(Paris, local_times_come_back_on_every_other_hour)
{
    for (Instant i = utc("2024-01-01T00:00:00Z"); i < utc("2025-01-01T00:00:00Z"); i += minutes{30}) {
        const auto there = paris().to_local(i);
        ASSERT_TRUE(paris().to_instant(there) == i || paris().to_instant(there, true) == i) << to_iso8601(i);
    }
    EXPECT_EQ(paris().offset_at(utc("2024-03-31T00:59:59Z")), hours{1});
    EXPECT_EQ(paris().offset_at(utc("2024-03-31T01:00:00Z")), hours{2});
}

TEST(Zone, is_a_table_that_holds_before_its_first_and_after_its_last_row)
{
    const Zone zone{
        "Test/Two",
        {{Instant{Seconds{1000}}, Seconds{60}, false}, {Instant{Seconds{2000}}, Seconds{120}, true}}};
    EXPECT_EQ(zone.name(), "Test/Two");
    EXPECT_EQ(zone.offset_at(Instant{Seconds{0}}), Seconds{60});
    EXPECT_EQ(zone.offset_at(Instant{Seconds{1999}}), Seconds{60});
    EXPECT_EQ(zone.offset_at(Instant{Seconds{2000}}), Seconds{120});
    EXPECT_EQ(zone.offset_at(Instant{Seconds{9'000'000'000}}), Seconds{120});
}

TEST(Zone, of_an_unknown_name_is_refused)
{
    EXPECT_EQ(load_zone("Europe/Atlantis").error().code, errc::bad_time);
    EXPECT_EQ(load_zone("").error().code, errc::bad_time);
    EXPECT_EQ(load_zone("Europe/London").value().offset_at(utc("2024-07-01T00:00:00Z")), hours{1});
}

} // namespace
} // namespace releve
