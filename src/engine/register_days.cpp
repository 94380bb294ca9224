#include <releve/engine/register_days.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

using Days = std::chrono::days;

/// Cuts the time of the intervals into stretches, from its first day to its last.
class Cutter {
public:
    Cutter(const RegisterResult& counted, const Zone& zone, const DayOptions& options)
        : counted_{counted}, zone_{zone}, options_{options}, next_{counted.intervals.begin()}
    {
        for (const Consumption& interval : counted.intervals) {
            ends_.push_back(interval.from);
            ends_.push_back(interval.to);
        }
    }

    [[nodiscard]] std::vector<DayStretch> cut(CivilDay from, CivilDay to)
    {
        if (!ends_.empty()) {
            from = std::min(from, day_of(ends_.front()));
            to = std::max(to, day_of(ends_.back() - Seconds{1}) + Days{1});
        }
        std::optional<Instant> begin = index_at_start_of(from);
        CivilDay first = from;
        for (CivilDay day = from + Days{1}; day < to; day += Days{1}) {
            const auto end = index_at_start_of(day);
            if (!end)
                continue;
            add(first, day - Days{1}, begin, end);
            first = day;
            begin = end;
        }
        add(first, to - Days{1}, begin, index_at_start_of(to));
        return std::move(stretches_);
    }

private:
    [[nodiscard]] CivilDay day_of(Instant at) const { return zone_.day_of(at, options_.day_start); }

    [[nodiscard]] std::optional<Instant> index_at_start_of(CivilDay day) const
    {
        const Instant start = zone_.start_of(day, options_.day_start);
        const auto after = std::lower_bound(ends_.begin(), ends_.end(), start);
        std::optional<Instant> nearest;
        if (after != ends_.begin() && start - *std::prev(after) <= options_.tolerance)
            nearest = *std::prev(after);
        if (after != ends_.end() && *after - start <= options_.tolerance)
            if (!nearest || *after - start < start - *nearest)
                nearest = *after;
        return nearest;
    }

    /// Days between two neighbouring starts with an index (at the edges: without).
    void add(CivilDay first, CivilDay last, std::optional<Instant> begin, std::optional<Instant> end)
    {
        const auto from = next_;
        while (next_ != counted_.intervals.end() && (!end || next_->to <= *end))
            ++next_;
        if (begin && end) {
            if (const auto all = consumption_between(counted_, *begin, *end)) {
                stretches_.push_back({first, last, all->amount, true, all->quality});
                return;
            }
        }
        add_parts(first, last, from);
    }

    /// Days that share an interval share a stretch; a day without any stands alone.
    void add_parts(CivilDay first, CivilDay last, std::vector<Consumption>::const_iterator interval)
    {
        CivilDay day = first; // the first that is in no stretch yet
        for (; interval != next_; ++interval) {
            const CivilDay begins = std::clamp(day_of(interval->from), first, last);
            const CivilDay ends = std::clamp(day_of(interval->to - Seconds{1}), first, last);
            if (day == first || begins >= day) {
                add_missing(day, begins);
                stretches_.push_back({begins, ends, interval->amount, false, Quality::incomplete});
            } else {
                stretches_.back().last = std::max(stretches_.back().last, ends);
                *stretches_.back().amount += interval->amount;
            }
            day = stretches_.back().last + Days{1};
        }
        add_missing(day, last + Days{1});
    }

    void add_missing(CivilDay from, CivilDay to)
    {
        for (CivilDay day = from; day < to; day += Days{1})
            stretches_.push_back({day, day, std::nullopt, false, Quality::missing});
    }

    const RegisterResult& counted_;
    const Zone& zone_;
    const DayOptions& options_;
    std::vector<Instant> ends_; // of intervals, sorted
    std::vector<Consumption>::const_iterator next_;
    std::vector<DayStretch> stretches_;
};

result<void> check(const DayOptions& options, CivilDay from, CivilDay to)
{
    if (to <= from || to - from > Days{register_days_max})
        return fail(errc::bad_value, "days: none, or more than 40000");
    if (options.tolerance < Seconds{0} || options.tolerance > day_tolerance_max)
        return fail(errc::bad_value, "tolerance: 0 to 6 hours are possible");
    if (options.day_start < Seconds{0} || options.day_start >= Days{1})
        return fail(errc::bad_value, "day_start: under a day is possible");
    return {};
}

} // namespace

result<DailyConsumption> daily_consumption(const RegisterResult& counted, const Zone& zone,
                                           const DayOptions& options, CivilDay from, CivilDay to)
{
    RELEVE_CHECK(check(options, from, to));
    DailyConsumption out;
    for (DayStretch& stretch : Cutter{counted, zone, options}.cut(from, to))
        if (stretch.last >= from && stretch.first < to)
            out.stretches.push_back(std::move(stretch));
    for (std::size_t i = 0; i < out.stretches.size(); ++i) {
        const DayStretch& stretch = out.stretches[i];
        const bool alone = stretch.complete && stretch.first == stretch.last;
        for (CivilDay day = std::max(from, stretch.first); day <= stretch.last && day < to; day += Days{1})
            out.days.push_back({day, alone ? stretch.amount : std::nullopt, stretch.quality, i});
    }
    return out;
}

} // namespace releve::engine
