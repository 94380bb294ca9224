#pragma once
// Values for a gap in a channel's intervals, from the readings around it and from what a register counted.
// Exact integers in the channel's own unit and scaler; a function of its arguments alone. Decides neither
// what is a gap nor what becomes of the answer; what stood in the gap is never looked at.

#include <releve/core/error.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace releve::engine {

inline constexpr std::size_t estimation_slots_max = 1'000'000;          // of a series
inline constexpr std::size_t estimation_gap_slots_max = 50'000;         // of a gap
inline constexpr std::int64_t estimation_value_max = 1'000'000'000'000; // of a slot, either sign
inline constexpr std::int64_t estimation_grain_max = 1'000'000;
inline constexpr int estimation_weeks_max = 8;                          // that any search goes, each way

enum class EstimationMethod : std::uint8_t {
    linear,          // a straight line between the nearest readings before and after
    like_day,        // the nearest day of the same weekday, alternately before and after
    weekday_average, // mean of the same weekday in the weeks before and after
    profile,  // mean by kind of day and time of day around the gap, at the level of the days next to it
    prorated, // what the register counted, spread by the profile, or evenly where there is none
};
struct EstimationMethodRow {
    EstimationMethod method;
    std::string_view name; // as stored
    Quality quality;       // of what it gives
};
/// In the order of the enumeration.
[[nodiscard]] std::span<const EstimationMethodRow> estimation_method_rows();
[[nodiscard]] const EstimationMethodRow& estimation_method_row(EstimationMethod method);
[[nodiscard]] std::optional<EstimationMethod> estimation_method_from_name(std::string_view name);

/// A series on a regular grid, the gap in it, and what is known beside it. Spans and zone are the caller's.
/// A value that is doubtful is better left out: it is taken as true.
struct EstimationQuestion {
    Instant first{}; // start of slot 0
    Seconds step{0}; // divides a day
    std::span<const std::optional<std::int64_t>> values;
    std::size_t gap_first = 0;
    std::size_t gap_count = 0;
    const Zone* zone = nullptr;
    Seconds day_start{0};                // of the channel's civil days, after local midnight; under a day
    std::span<const CivilDay> holidays;  // count as Sundays; in any order
    std::optional<std::int64_t> counted; // sum of the gap's values, by the register
    /// With `counted` values are multiples of it, as of what a meter counts: so that days, too, sum to whole watt-hours.
    std::int64_t grain = 1;
};

/// Gaps up to this long, by which methods: the first one that has enough to go on is taken.
struct EstimationOrder {
    Seconds longest{0};
    std::span<const EstimationMethod> methods;
};
/// By length, up to a year: the order that `releve bench estimation` favours (docs/BENCHMARKS.md). Up to 2 h
/// linear; longer, and where that has no neighbours: prorated (if `counted` is known), profile,
/// weekday_average, like_day; up to 12 h at last linear; beyond 35 days prorated only.
[[nodiscard]] std::span<const EstimationOrder> default_estimation_orders();

struct EstimationOptions {
    std::span<const EstimationOrder> orders =
        default_estimation_orders();    // by length; beyond the last: no answer
    Seconds neighbour_within{2 * 3600}; // linear: a neighbour lies at most so far from the gap
    int like_day_weeks = 8;             // like_day: searched each way
    int average_weeks = 4;              // weekday_average: taken each way
    int average_days_min = 3;           // weekday_average: fewer of them are no mean
    int profile_weeks = 4;              // profile: before the gap and after it
    int profile_days_min = 2;           // profile: of a kind at a time of day; else days of all kinds are one
    int level_days = 3;                 // profile: each way, whose sum gives the level
};

struct Estimate {
    EstimationMethod method{};
    Quality quality{};
    bool scaled = false; // the values sum to `counted`
    std::vector<std::int64_t> values;
    bool operator==(const Estimate&) const = default;
};

/// By the first method of the row for the gap's length that has enough to go on; none if no method has.
/// Time of day is civil: on the days of 23 and 25 hours a slot is compared with slots of the same local
/// time, whatever their number. Values are rounded once, half away from zero; with `counted` they sum to it
/// exactly: in proportion, each is cut and what is left goes to the largest remainders, of equal ones to the
/// first; where all are 0 or they have both signs, the same is added to each. None is negative unless the
/// channel's are, none unscaled beyond estimation_value_max. What of `counted` is no multiple of `grain` goes to the first value.
/// errc::bad_value, naming the field: a limit above exceeded, a gap not inside the series, a step that does
/// not divide a day, a value or sum out of range, `counted` negative where no reading is, options out of
/// range.
[[nodiscard]] result<std::optional<Estimate>> estimate(const EstimationQuestion& question,
                                                       const EstimationOptions& options = {});
/// By this method, however long the gap.
[[nodiscard]] result<std::optional<Estimate>> estimate_by(EstimationMethod method,
                                                          const EstimationQuestion& question,
                                                          const EstimationOptions& options = {});

/// What an estimate was worth, once readings have come for all of the gap or a part.
struct EstimateError {
    std::size_t slots = 0;       // that readings have come for; the sums are of these
    std::int64_t absolute = 0;   // sum of |estimate - reading|
    std::int64_t difference = 0; // sum of the estimates less sum of the readings
    std::int64_t read = 0;       // sum of the readings
    bool operator==(const EstimateError&) const = default;
};
/// errc::bad_value: not as many of one as of the other, or a sum beyond 64 bits.
[[nodiscard]] result<EstimateError> error_of(std::span<const std::int64_t> estimated,
                                             std::span<const std::optional<std::int64_t>> read);

} // namespace releve::engine
