#include "settle.hpp"

#include <algorithm>
#include <numeric>

namespace releve::store {

namespace {

using Days = std::chrono::days;
using Values = std::vector<std::optional<std::int64_t>>;

constexpr Days series_around{7 * engine::estimation_weeks_max}; // a method looks no further

/// A channel's values around a run, on one grid.
class Series {
public:
    Series(const MeterRows& rows, const engine::CheckedModel::Channel& channel, const MissingRun& run, const Zone& zone)
        : rows_{rows}, channel_{channel}, zone_{zone}, step_{channel.model->step}
    {
        const Seconds start = channel.model->day_start;
        const auto& days = rows.days.channels.at(run.channel);
        first_day_ = std::max(days.begin()->first, zone.day_of(run.starts, start) - series_around);
        last_day_ = std::min(days.rbegin()->first, zone.day_of(run.ends - Seconds{1}, start) + series_around);
        for (const Instant moved : rows.days.breaks) // other people's days say nothing
            if (moved <= run.starts)
                first_day_ = std::max(first_day_, zone.day_of(moved + zone.length_of(zone.day_of(moved, start), start) - Seconds{1}, start));
            else
                last_day_ = std::min(last_day_, zone.day_of(moved, start) - Days{1});
        first_day_ = std::min(first_day_, zone.day_of(run.starts, start)); // that of the move itself, if the run lies in it
        last_day_ = std::max(last_day_, zone.day_of(run.ends - Seconds{1}, start));
        first_ = zone.start_of(first_day_, start);
        values_.resize(static_cast<std::size_t>((zone.start_of(last_day_ + Days{1}, start) - first_) / step_));
    }

    /// False: the days are divided otherwise than the model says.
    [[nodiscard]] result<bool> fill(const OverlayDesk& desk)
    {
        const auto& days = rows_.days.channels.at(channel_.model->channel);
        for (auto day = days.lower_bound(first_day_); day != days.end() && day->first <= last_day_; ++day) {
            RELEVE_TRY(block, decode_day_block(day->second));
            if (block.step != step_)
                return false;
            const DayBlock* over = desk.find({channel_.model->channel, day->first});
            RELEVE_TRY(slots, resolve(&block, over));
            for (std::size_t i = 0; i < slots.size(); ++i) {
                const Quality quality = slots[i].quality;
                const bool sure = quality == Quality::valid || quality == Quality::verified || quality == Quality::raw || quality == Quality::edited;
                if (sure)
                    values_.at(place_of(block.first) + i) = slots[i].value;
            }
        }
        return true;
    }

    [[nodiscard]] std::size_t place_of(Instant at) const { return static_cast<std::size_t>((at - first_) / step_); }

    /// By the register, of the run alone: what it counted between the nearest reads around it, less what was measured between
    /// these. A push that is lost takes the index of its midnight with it, so they need not lie where the run's days end.
    [[nodiscard]] std::optional<std::int64_t> counted(const MissingRun& run) const
    {
        std::optional<Instant> from, to;
        for (const engine::BoundaryRead& read : rows_.days.reads) {
            if (channel_.total == nullptr || read.channel != channel_.total->channel || (read.at - first_) % step_ != Seconds{0})
                continue;
            if (read.at >= first_ && read.at <= run.starts)
                from = std::max(from.value_or(read.at), read.at);
            if (read.at >= run.ends && place_of(read.at) <= values_.size())
                to = std::min(to.value_or(read.at), read.at);
        }
        if (!from || !to)
            return std::nullopt;
        const auto difference = engine::counted_between(channel_, rows_.days.reads, *from, *to);
        if (!difference)
            return std::nullopt;
        auto sum = engine::as_values_of(*channel_.model, step_, *difference);
        for (std::size_t i = place_of(*from); sum && i < place_of(*to); ++i) {
            if (i >= place_of(run.starts) && i < place_of(run.ends))
                continue;
            if (!values_[i])
                return std::nullopt; // another hole between the same reads: the register says nothing of this one alone
            *sum -= *values_[i];
        }
        return sum && *sum >= 0 ? sum : std::nullopt;
    }

    /// Of W in half-hours 2: the sum of any day is then whole Wh.
    [[nodiscard]] std::int64_t grain() const
    {
        const bool is_power = channel_.model->quantity == Quantity::mean_power && channel_.model->scaler == 0;
        return is_power && Seconds{3600} % step_ == Seconds{0} ? Seconds{3600} / step_ : 1;
    }

    [[nodiscard]] engine::EstimationQuestion question(const MissingRun& run) const
    {
        return {.first = first_,
                .step = step_,
                .values = values_,
                .gap_first = place_of(run.starts),
                .gap_count = place_of(run.ends) - place_of(run.starts),
                .zone = &zone_,
                .day_start = channel_.model->day_start,
                .holidays = {},
                .counted = counted(run),
                .grain = grain()};
    }

private:
    const MeterRows& rows_;
    const engine::CheckedModel::Channel& channel_;
    const Zone& zone_;
    Seconds step_;
    CivilDay first_day_{}, last_day_{};
    Instant first_{};
    Values values_;
};

result<void> lay(const MeterRows& rows, const engine::CheckedModel::Channel& channel, const MissingRun& run,
                 const engine::Estimate& estimate, const Zone& zone, OverlayDesk& desk)
{
    const Seconds step = channel.model->step, start = channel.model->day_start;
    const auto& days = rows.days.channels.at(run.channel);
    std::size_t next = 0;
    for (CivilDay day = zone.day_of(run.starts, start); next < estimate.values.size(); day += Days{1}) {
        const ChannelDay of{run.channel, day};
        DayBlock shape = empty_block(*channel.model, day, zone);
        if (const auto stored = days.find(day); stored != days.end()) {
            RELEVE_TRY(block, decode_day_block(stored->second));
            shape = std::move(block);
        }
        const DayBlock* now = desk.find(of);
        std::vector<OverlayValue> values;
        for (std::uint32_t slot = 0; slot < shape.slots.size() && next < estimate.values.size(); ++slot) {
            if (shape.first + step * static_cast<std::int64_t>(slot) < run.starts)
                continue;
            const std::int64_t value = estimate.values[next++];
            const auto* over = now != nullptr && now->slots.at(slot) ? &*now->slots[slot] : nullptr;
            if (over == nullptr || is_estimate(over->provenance.quality)) // what somebody put there stays
                values.push_back({slot, value, estimate.quality});
        }
        if (values.empty())
            continue;
        RELEVE_TRY(laid, lay_over(now, shape, values, desk.next_revision(of), desk.number().value));
        desk.replace(of, std::move(laid), std::string{engine::estimation_method_row(estimate.method).name}, "releve",
                     estimate.scaled ? "nothing was received; the index says how much it was in all" : "nothing was received");
    }
    return {};
}

} // namespace

bool is_estimate(Quality quality)
{
    return quality == Quality::estimated_linear || quality == Quality::estimated_reference_day || quality == Quality::derived;
}

DayBlock empty_block(const ChannelModel& channel, CivilDay day, const Zone& zone)
{
    DayBlock block{zone.start_of(day, channel.day_start), channel.step, {}};
    block.slots.resize(static_cast<std::size_t>(zone.length_of(day, channel.day_start) / channel.step));
    return block;
}

bool has_hole(const MissingRun& run, const ChannelModel& channel, const Zone& zone, const OverlayDesk& desk)
{
    for (CivilDay day = zone.day_of(run.starts, channel.day_start); zone.start_of(day, channel.day_start) < run.ends; day += Days{1}) {
        const DayBlock* over = desk.find({run.channel, day});
        if (over == nullptr)
            return true;
        for (std::size_t i = 0; i < over->slots.size(); ++i) {
            const Instant at = over->first + over->step * static_cast<std::int64_t>(i);
            if (at >= run.starts && at < run.ends && !over->slots[i])
                return true;
        }
    }
    return false;
}

result<std::vector<MissingRun>> missing_runs(ChannelId channel, const std::map<CivilDay, Bytes>& days, std::span<const Instant> breaks)
{
    std::vector<MissingRun> runs;
    std::optional<Instant> seen_until;
    DayValues values;
    for (const auto& [day, data] : days) {
        RELEVE_CHECK(decode_day_values(data, values));
        for (std::uint32_t slot = 0; slot < values.slots; ++slot) {
            if (!values.has(slot))
                continue;
            const Instant at = values.first + values.step * static_cast<std::int64_t>(slot);
            const auto moved = [&](Instant when) { return when >= *seen_until && when <= at; };
            if (seen_until && at > *seen_until && std::ranges::none_of(breaks, moved))
                runs.push_back({channel, *seen_until, at});
            seen_until = at + values.step;
        }
    }
    return runs;
}

namespace {

bool is_of(const StoredGap& gap, const MissingRun& run)
{
    return gap.channel == run.channel && gap.ends > run.starts && gap.starts < run.ends;
}

/// One that is found only now was found by whoever asks for everything.
bool found_in_time(const MeterRows& rows, const MissingRun& run)
{
    if (!rows.estimate_found_by)
        return false;
    return *rows.estimate_found_by == Instant::max() ||
           std::ranges::any_of(rows.gaps, [&](const StoredGap& gap) { return is_of(gap, run) && gap.found_at <= *rows.estimate_found_by; });
}

/// What was estimated together with what has come since would no longer sum to what the index leaves.
bool is_what_remains(const MeterRows& rows, const MissingRun& run)
{
    return std::ranges::any_of(rows.gaps, [&](const StoredGap& gap) {
        return is_of(gap, run) && gap.estimated && (gap.starts != run.starts || gap.ends != run.ends);
    });
}

} // namespace

result<void> estimate_runs(const MeterRows& rows, const std::vector<MissingRun>& runs, const Zone& zone, OverlayDesk& desk)
{
    for (const MissingRun& run : runs) {
        const engine::CheckedModel::Channel* channel = rows.model->find(run.channel);
        if (channel == nullptr)
            continue;
        if (!is_what_remains(rows, run) && !(found_in_time(rows, run) && has_hole(run, *channel->model, zone, desk)))
            continue;
        Series series{rows, *channel, run, zone};
        RELEVE_TRY(fits, series.fill(desk));
        if (!fits)
            continue;
        // Longer than any method goes, or too little around it: it stays a gap.
        const auto found = engine::estimate(series.question(run));
        if (found && *found)
            RELEVE_CHECK(lay(rows, *channel, run, **found, zone, desk));
    }
    return {};
}

} // namespace releve::store
