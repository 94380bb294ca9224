#pragma once
// One week of a real Linky home (tests/data/linky-week.csv), as seven local days with the clock change at the
// end.

#include <releve/core/block.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace releve::test {

/// The rows of a CSV file of tests/data without its header, cut at the commas.
inline std::vector<std::vector<std::string>> load_rows(const std::string& name)
{
    std::ifstream file(std::string{RELEVE_SOURCE_DIR} + "/tests/data/" + name);
    std::vector<std::vector<std::string>> rows;
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        auto& row = rows.emplace_back(1);
        for (char c : line) {
            if (c == ',')
                row.emplace_back();
            else
                row.back().push_back(c);
        }
    }
    EXPECT_FALSE(rows.empty()) << name;
    return rows;
}

/// As one frame a day would bring them.
inline std::map<CivilDay, DayBlock> load_linky_week()
{
    std::map<CivilDay, DayBlock> days;
    for (const auto& row : load_rows("linky-week.csv")) {
        const Instant start = parse_instant(row[0]).value();
        auto [day, is_new] = days.try_emplace(paris().day_of(start));
        DayBlock& block = day->second;
        if (is_new) {
            block.first = paris().start_of(day->first);
            block.step = Seconds{1800};
        }
        EXPECT_EQ(start, block.first + block.slots.size() * block.step) << row[0];
        const auto number = static_cast<std::uint64_t>(day_number(day->first));
        Provenance frame;
        frame.authenticated = true;
        frame.counter = number;
        frame.batch = static_cast<std::int64_t>(1'000'000 + number);
        block.slots.push_back(Slot{std::stoll(row[1]), frame});
    }
    return days;
}

} // namespace releve::test
