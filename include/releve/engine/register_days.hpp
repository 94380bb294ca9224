#pragma once
// What was consumed on each civil day (electricity) or gas day, from the intervals between reads. A day that
// no two reads enclose gets no amount: nothing is spread or estimated here, and nothing that was counted is
// lost.

#include <releve/engine/registers.hpp>

#include <optional>
#include <vector>

namespace releve::engine {

inline constexpr int register_days_max = 40'000; // days asked for at once
inline constexpr Seconds day_tolerance_max{6 * 3600};

struct DayOptions {
    Seconds day_start{0}; // after local midnight; under a day
    /// A read this near to a day's start stands for the index at it; of two the nearer, then the earlier.
    /// What was consumed between them is then told of the neighbouring day.
    Seconds tolerance{0};
};

/// Days in a row that one amount was counted of.
struct DayStretch {
    CivilDay first{};
    CivilDay last{}; // inclusive
    /// In the unit of the intervals; none if nothing is known of the (then single) day.
    std::optional<std::int64_t> amount;
    /// All that was consumed on these days, and nothing else: reads enclose them, and every step between was
    /// counted. If not, `amount` is what was counted of them.
    bool complete = false;
    Quality quality = Quality::missing; // worst of the reads; incomplete or missing
    bool operator==(const DayStretch&) const = default;
};

struct DayConsumption {
    CivilDay day{};
    std::optional<std::int64_t> amount; // of this day alone
    Quality quality = Quality::missing;
    std::size_t stretch = 0; // that it lies in
    bool operator==(const DayConsumption&) const = default;
};

struct DailyConsumption {
    std::vector<DayConsumption> days; // those asked for
    /// Sorted, without hole or overlap; the first and the last may reach beyond the days asked for. Over all
    /// days their amounts sum to those of the intervals.
    std::vector<DayStretch> stretches;
    bool operator==(const DailyConsumption&) const = default;
};

/// Days `from` to before `to`; what they get does not depend on where the question begins and ends.
/// errc::bad_value: no day or more than register_days_max, a tolerance or a day_start out of range.
[[nodiscard]] result<DailyConsumption> daily_consumption(const RegisterResult& counted, const Zone& zone,
                                                         const DayOptions& options, CivilDay from,
                                                         CivilDay to);

} // namespace releve::engine
