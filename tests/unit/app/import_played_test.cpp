#include <releve/app/import_files.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr int weeks = 626; // of 2013 in 2025, on the same weekdays

ImportedFile file_of_2013()
{
    ImportedFile file;
    const Zone& zone = paris();
    for (CivilDay day{2013y / 3 / 29}; day < CivilDay{2013y / 4 / 3}; day += days{1}) // with a day of 23 hours
        for (Instant at = zone.start_of(day); at < zone.start_of(day + days{1}); at += Seconds{1800})
            file.intervals.push_back({.usage_point = "01000000000001", .start = at, .step = Seconds{1800}, .power_w = static_cast<std::int64_t>(file.intervals.size()), .quality = Quality::raw});
    file.reads.push_back({.usage_point = "01000000000001", .register_name = "total", .at = zone.start_of(CivilDay{2013y / 7 / 1}), .value_wh = 5, .quality = Quality::raw, .serial = {}});
    file.gas.push_back({.usage_point = "01000000000002", .from = CivilDay{2012y / 12 / 31}, .to = CivilDay{2013y / 1 / 31}});
    return file;
}

TEST(ImportPlayed, moves_by_whole_weeks_and_says_so)
{
    ImportedFile file = file_of_2013();
    const ImportedFile before = file;
    const auto said = play_later(file, weeks, paris());
    EXPECT_EQ(said.at("01000000000001"), "curve of 2013, played as 2025");
    EXPECT_EQ(said.at("01000000000002"), "curve of 2012, played as 2024");
    ASSERT_EQ(file.intervals.size(), before.intervals.size());
    for (std::size_t i = 0; i < file.intervals.size(); ++i) {
        EXPECT_EQ(file.intervals[i].start - before.intervals[i].start, Seconds{weeks * 7 * 86'400LL});
        EXPECT_EQ(file.intervals[i].power_w, before.intervals[i].power_w);
    }
    EXPECT_EQ(file.gas[0].to - file.gas[0].from, before.gas[0].to - before.gas[0].from);
}

TEST(ImportPlayed, an_index_of_midnight_stays_one)
{
    ImportedFile file = file_of_2013();
    file.reads[0].at = paris().start_of(CivilDay{2013y / 3 / 30}); // winter time; ten weeks later it is summer time
    (void)play_later(file, 10, paris());
    EXPECT_EQ(file.reads[0].at, paris().start_of(CivilDay{2013y / 6 / 8}));
}

} // namespace
} // namespace releve::app
