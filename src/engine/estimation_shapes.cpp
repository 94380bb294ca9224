#include "estimation_shapes.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace releve::engine {

namespace {

using std::chrono::days;
using std::chrono::floor;
using LocalTime = std::chrono::local_seconds;

constexpr std::int64_t day_length_s = 86'400;
constexpr int days_per_week = 7;

/// Denominator of all means: of up to 16 readings (eight weeks each way) they are exact, of more they are
/// rounded half away from zero to this part of the unit.
constexpr Wide mean_unit = 720'720;

Wide mean_of(Wide sum, std::int64_t count)
{
    return divide_rounding_half_away(sum * mean_unit, count);
}

/// The series as it may be seen: the gap has no values.
class Readings {
public:
    explicit Readings(const EstimationQuestion& question)
        : question_{question}, size_{static_cast<std::int64_t>(question.values.size())},
          gap_begin_{static_cast<std::int64_t>(question.gap_first)}, gap_end_{gap_begin_ +
                                                                              static_cast<std::int64_t>(
                                                                                  question.gap_count)}
    {
    }

    [[nodiscard]] std::int64_t size() const { return size_; }
    [[nodiscard]] std::int64_t gap_begin() const { return gap_begin_; }
    [[nodiscard]] std::int64_t gap_end() const { return gap_end_; }
    [[nodiscard]] std::int64_t slots_per_day() const { return day_length_s / question_.step.count(); }

    [[nodiscard]] std::optional<std::int64_t> at(std::int64_t slot) const
    {
        if (slot < 0 || slot >= size_ || (slot >= gap_begin_ && slot < gap_end_))
            return std::nullopt;
        return question_.values[static_cast<std::size_t>(slot)];
    }
    [[nodiscard]] LocalTime local_time(std::int64_t slot) const
    {
        return question_.zone->to_local(question_.first + slot * question_.step);
    }
    [[nodiscard]] CivilDay day_of(LocalTime local) const { return floor<days>(local - question_.day_start); }

    /// Nothing where the day has no such time, or no slot begins at it; the first reading where it has two.
    [[nodiscard]] std::optional<std::int64_t> at(LocalTime local) const
    {
        const Instant once = question_.zone->to_instant(local),
                      again = question_.zone->to_instant(local, true);
        if (question_.zone->to_local(once) != local)
            return std::nullopt;
        const auto value = at(once);
        return value || again == once ? value : at(again);
    }
    [[nodiscard]] std::optional<std::int64_t> at(Instant instant) const
    {
        const Seconds elapsed = instant - question_.first;
        return elapsed % question_.step == Seconds{0} ? at(elapsed / question_.step) : std::nullopt;
    }

    /// A holiday is a Sunday.
    [[nodiscard]] std::chrono::weekday weekday_of(CivilDay day) const
    {
        const bool holiday = std::ranges::find(question_.holidays, day) != question_.holidays.end();
        return holiday ? std::chrono::Sunday : std::chrono::weekday{day};
    }

private:
    const EstimationQuestion& question_;
    std::int64_t size_, gap_begin_, gap_end_;
};

/// Distances in days to those that count as the same weekday: the nearest first, of two the one before.
std::vector<days> like_days(const Readings& readings, CivilDay day, int weeks)
{
    std::vector<days> distances;
    for (int distance = 1; distance <= weeks * days_per_week; ++distance)
        for (const days apart : {days{-distance}, days{distance}})
            if (readings.weekday_of(day + apart) == readings.weekday_of(day))
                distances.push_back(apart);
    return distances;
}

/// Calls `add(values)` for each slot of the gap with readings of the same local time on like days, the `most`
/// nearest; false as soon as it says so.
template <class Add>
bool for_each_like(const EstimationQuestion& question, int weeks, std::size_t most, Add add)
{
    const Readings readings{question};
    std::optional<CivilDay> day;
    std::vector<days> distances;
    std::vector<std::int64_t> values;
    for (std::int64_t slot = readings.gap_begin(); slot < readings.gap_end(); ++slot) {
        const LocalTime local = readings.local_time(slot);
        if (day != readings.day_of(local)) {
            day = readings.day_of(local);
            distances = like_days(readings, *day, weeks);
        }
        values.clear();
        for (std::size_t i = 0; i < distances.size() && values.size() < most; ++i)
            if (const auto value = readings.at(local + distances[i]))
                values.push_back(*value);
        if (!add(values))
            return false;
    }
    return true;
}

struct Neighbour {
    std::int64_t slot = 0, value = 0;
};
std::optional<Neighbour> nearest(const Readings& readings, std::int64_t from, int direction,
                                 std::int64_t slots)
{
    for (std::int64_t i = 0; i < slots; ++i)
        if (const auto value = readings.at(from + i * direction))
            return Neighbour{from + i * direction, *value};
    return std::nullopt;
}

enum class KindOfDay : std::uint8_t { workday, saturday, sunday };
constexpr std::size_t kinds_of_day = 3;

/// Sums of readings by kind of day and local time of day.
class Profile {
public:
    Profile(const Readings& readings, int weeks)
        : readings_{readings}, slots_per_day_{readings.slots_per_day()},
          bins_(kinds_of_day * static_cast<std::size_t>(slots_per_day_))
    {
        const std::int64_t reach = weeks * days_per_week * slots_per_day_;
        add(readings.gap_begin() - reach, readings.gap_begin());
        add(readings.gap_end(), readings.gap_end() + reach);
    }

    /// None where there are too few days for it, also when days of all kinds are taken as one.
    [[nodiscard]] std::optional<Wide> mean(std::int64_t slot, int days_min)
    {
        const std::size_t place = place_of(slot);
        Bin bin = bins_[place];
        if (bin.count < days_min) {
            const auto bins_per_kind = bins_.size() / kinds_of_day;
            bin = {};
            for (std::size_t i = place % bins_per_kind; i < bins_.size(); i += bins_per_kind) {
                bin.sum += bins_[i].sum;
                bin.count += bins_[i].count;
            }
        }
        return bin.count < days_min ? std::nullopt : std::optional{mean_of(bin.sum, bin.count)};
    }

private:
    struct Bin {
        std::int64_t sum = 0, count = 0;
    };

    void add(std::int64_t from, std::int64_t to)
    {
        for (std::int64_t slot = std::max<std::int64_t>(0, from); slot < std::min(to, readings_.size());
             ++slot)
            if (const auto value = readings_.at(slot)) {
                Bin& bin = bins_[place_of(slot)];
                bin.sum += *value;
                ++bin.count;
            }
    }

    /// Among the bins, those of a kind of day after each other.
    std::size_t place_of(std::int64_t slot)
    {
        const LocalTime local = readings_.local_time(slot);
        if (const CivilDay day = readings_.day_of(local); day != day_) {
            const std::chrono::weekday weekday = readings_.weekday_of(day);
            day_ = day;
            kind_ = weekday == std::chrono::Sunday     ? KindOfDay::sunday
                    : weekday == std::chrono::Saturday ? KindOfDay::saturday
                                                       : KindOfDay::workday;
        }
        const Seconds time_of_day = local - floor<days>(local);
        const std::int64_t slot_of_day = time_of_day.count() * slots_per_day_ / day_length_s;
        return static_cast<std::size_t>(static_cast<std::int64_t>(kind_) * slots_per_day_ + slot_of_day);
    }

    const Readings& readings_;
    std::int64_t slots_per_day_;
    std::vector<Bin> bins_;
    std::optional<CivilDay> day_; // that kind_ is of
    KindOfDay kind_{};
};

/// How the days next to the gap lie to their profile.
void set_level(Shape& shape, const Readings& readings, Profile& profile, const EstimationOptions& options)
{
    Wide read = 0, expected = 0;
    const auto add = [&](std::int64_t slot) {
        const auto value = readings.at(slot);
        const auto mean = profile.mean(slot, options.profile_days_min);
        if (value && mean) {
            read += *value;
            expected += *mean;
        }
    };
    const std::int64_t reach = options.level_days * readings.slots_per_day();
    for (std::int64_t i = 0; i < reach; ++i) {
        add(readings.gap_begin() - 1 - i);
        add(readings.gap_end() + i);
    }
    if (expected < 0) {
        read = -read;
        expected = -expected;
    }
    // A profile that cancels itself, or days that turn it round, say nothing of a level.
    if (expected > 0 && read >= 0) {
        shape.numerator = read;
        shape.denominator = expected;
    }
}

} // namespace

std::optional<Shape> linear_shape(const EstimationQuestion& question, const EstimationOptions& options)
{
    const Readings readings{question};
    const std::int64_t within = std::max<std::int64_t>(1, options.neighbour_within / question.step);
    const auto before = nearest(readings, readings.gap_begin() - 1, -1, within);
    const auto after = nearest(readings, readings.gap_end(), 1, within);
    if (!before || !after)
        return std::nullopt;
    Shape shape;
    shape.denominator = after->slot - before->slot;
    for (std::int64_t slot = readings.gap_begin(); slot < readings.gap_end(); ++slot)
        shape.weights.push_back(Wide{before->value} * (after->slot - slot) +
                                Wide{after->value} * (slot - before->slot));
    return shape;
}

std::optional<Shape> like_day_shape(const EstimationQuestion& question, const EstimationOptions& options)
{
    Shape shape;
    const bool all = for_each_like(question, options.like_day_weeks, 1, [&](const auto& values) {
        if (!values.empty())
            shape.weights.push_back(values.front());
        return !values.empty();
    });
    return all ? std::optional{std::move(shape)} : std::nullopt;
}

std::optional<Shape> weekday_average_shape(const EstimationQuestion& question,
                                           const EstimationOptions& options)
{
    Shape shape;
    shape.denominator = mean_unit;
    const std::size_t every = question.values.size();
    const bool all = for_each_like(question, options.average_weeks, every, [&](const auto& values) {
        const auto count = static_cast<std::int64_t>(values.size());
        if (count < options.average_days_min)
            return false;
        Wide sum = 0;
        for (const std::int64_t value : values)
            sum += value;
        shape.weights.push_back(mean_of(sum, count));
        return true;
    });
    return all ? std::optional{std::move(shape)} : std::nullopt;
}

std::optional<Shape> profile_shape(const EstimationQuestion& question, const EstimationOptions& options)
{
    const Readings readings{question};
    Profile profile{readings, options.profile_weeks};
    Shape shape;
    shape.denominator = mean_unit;
    for (std::int64_t slot = readings.gap_begin(); slot < readings.gap_end(); ++slot) {
        const auto mean = profile.mean(slot, options.profile_days_min);
        if (!mean)
            return std::nullopt;
        shape.weights.push_back(*mean);
    }
    set_level(shape, readings, profile, options);
    return shape;
}

std::optional<Shape> prorated_shape(const EstimationQuestion& question, const EstimationOptions& options)
{
    if (!question.counted)
        return std::nullopt;
    if (auto shape = profile_shape(question, options))
        return shape;
    return Shape{.weights = std::vector<Wide>(question.gap_count, 1), .numerator = 1, .denominator = 1};
}

} // namespace releve::engine
