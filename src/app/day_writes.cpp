#include <releve/app/day_writes.hpp>

#include <releve/core/limits.hpp>

#include <algorithm>
#include <map>

namespace releve::app {

namespace {

using DayKey = std::pair<ChannelId, CivilDay>;

/// The installation that holds [start, end), which must not lie in the future.
result<const store::InstallationRow*> place_of(const Device& device, Instant start, Instant end, Instant received_at)
{
    if (end > received_at + limits::future_max)
        return fail(errc::time_out_of_range, to_iso8601(start) + " is in the future");
    const store::InstallationRow* place = device.installation_at(start);
    if (!place)
        return fail(errc::time_out_of_range, to_iso8601(start) + " is outside of the time the meter is installed");
    return place;
}

/// A read at the very end of an installation is its closing index.
result<const store::InstallationRow*> place_of_read(const Device& device, Instant at, Instant received_at)
{
    auto place = place_of(device, at, at, received_at);
    const auto closed = std::ranges::find(device.installations, std::optional{at},
                                          [](const store::InstallationRow& i) { return i.validity.to; });
    if (!place && at <= received_at + limits::future_max && closed != device.installations.end())
        return &*closed;
    return place;
}

Provenance provenance_of(Provenance provenance, Quality quality)
{
    provenance.quality = provenance.authenticated ? quality : worse(quality, Quality::unauthenticated);
    return provenance;
}

DayPart empty_part(const Zone& zone, CivilDay day, const ChannelModel& channel)
{
    const auto slots = zone.length_of(day, channel.day_start) / channel.step;
    return {.first = zone.start_of(day, channel.day_start),
            .step = channel.step,
            .slots = static_cast<std::uint32_t>(std::max<std::int64_t>(slots, 1)), // a daily step has one, also on the short day
            .values = {}};
}

/// Of one slot the last counts. They come in order as a rule.
void set_value(std::vector<DayPart::Value>& values, std::uint32_t index, const Slot& slot)
{
    if (values.empty() || values.back().index < index) {
        values.push_back({index, slot});
        return;
    }
    const auto known = std::ranges::find(values, index, &DayPart::Value::index);
    if (known == values.end())
        values.push_back({index, slot});
    else
        known->slot = slot;
}

class Cutter {
public:
    Cutter(const Device& device, const Provenance& provenance, Instant received_at, const Zone& zone)
        : device_(device), provenance_(provenance), received_at_(received_at), zone_(zone)
    {}

    result<void> add(const IntervalReading& reading)
    {
        if (!current_ || !current_->holds(reading, received_at_))
            RELEVE_CHECK(find_day(reading));
        DayPart& part = current_->part;
        const Seconds offset = reading.start - part.first;
        const auto index = static_cast<std::uint32_t>(offset / part.step);
        if (offset % part.step != Seconds{0} || index >= part.slots)
            return fail(errc::undecoded, to_iso8601(reading.start) + " is not the start of an interval");
        set_value(part.values, index, Slot{reading.value, provenance_of(provenance_, reading.quality)});
        return {};
    }

    result<void> add(const RegisterReading& reading)
    {
        const ChannelModel* channel = device_.model->find(reading.channel);
        RELEVE_ASSERT(channel);
        RELEVE_TRY(place, place_of_read(device_, reading.at, received_at_));
        const CivilDay day = zone_.day_of(reading.at, channel->day_start);
        const bool daily = place->collection == store::Collection::daily;
        auto& [block, first_only] = registers_[day];
        block.reads.push_back({reading.channel, reading.at, reading.value, provenance_of(provenance_, reading.quality)});
        first_only |= daily;
        writes_.any_daily |= daily;
        return {};
    }

    result<DayWrites> finish()
    {
        for (auto& [key, day] : intervals_) {
            writes_.readings += static_cast<std::uint32_t>(day.part.values.size());
            if (day.place->collection == store::Collection::daily) {
                writes_.any_daily = true;
                // Of a volume the meter's own daily index is the total, and it comes with every day.
                if (day.channel->quantity != Quantity::volume)
                    RELEVE_CHECK(reduce(key, day));
                continue;
            }
            writes_.interval_days.push_back({key.first, key.second, std::move(day.part)});
        }
        for (auto& [day, registers] : registers_) {
            auto& [block, first_only] = registers;
            std::sort(block.reads.begin(), block.reads.end(), [](const RegisterRead& a, const RegisterRead& b) {
                return std::pair{a.channel, a.at} < std::pair{b.channel, b.at};
            });
            if (first_only)
                keep_first_reads(block);
            writes_.readings += static_cast<std::uint32_t>(block.reads.size());
            writes_.register_days.push_back({day, std::move(block), first_only});
        }
        return std::move(writes_);
    }

private:
    struct Day {
        DayPart part;
        const ChannelModel* channel = nullptr;
        const store::InstallationRow* place = nullptr;

        /// Whether this reading needs no looking up: readings come by channel and time.
        [[nodiscard]] bool holds(const IntervalReading& reading, Instant received_at) const
        {
            const Instant end = part.first + part.step * static_cast<std::int64_t>(part.slots);
            return reading.channel == channel->channel && reading.start >= part.first && reading.start < end &&
                   place->validity.contains(reading.start) && reading.start + part.step <= received_at + limits::future_max;
        }
    };

    result<void> find_day(const IntervalReading& reading)
    {
        const ChannelModel* channel = device_.model->find(reading.channel);
        RELEVE_ASSERT(channel);
        RELEVE_TRY(place, place_of(device_, reading.start, reading.start + channel->step, received_at_));
        const CivilDay day = zone_.day_of(reading.start, channel->day_start);
        auto [at, fresh] = intervals_.try_emplace(DayKey{reading.channel, day});
        if (fresh) {
            if (intervals_.size() > limits::days_per_frame_max)
                return fail(errc::undecoded, "more than " + std::to_string(limits::days_per_frame_max) + " days");
            at->second = {empty_part(zone_, day, *channel), channel, place};
        }
        current_ = &at->second;
        return {};
    }

    result<void> reduce(const DayKey& key, const Day& day)
    {
        const DayBlock block = block_of(day.part);
        RELEVE_TRY(summary, engine::summarise(block, *day.channel));
        RELEVE_TRY(millijoules, engine::energy_in_millijoules(block, *day.channel));
        store::DailyTotalWrite total{.usage_point = day.place->usage_point,
                                     .day = key.second,
                                     .channel = key.first,
                                     .summary = summary,
                                     .energy_mj = millijoules,
                                     .present = {},
                                     .provenance = provenance_};
        Quality worst = Quality::raw;
        for (std::size_t i = 0; i < block.slots.size(); ++i)
            if (const auto& slot = block.slots[i]) {
                total.present[i / 64] |= std::uint64_t{1} << (i % 64);
                worst = worse(worst, slot->provenance.quality);
            }
        total.provenance = provenance_of(provenance_, worst);
        writes_.daily_totals.push_back(std::move(total));
        return {};
    }

    const Device& device_;
    const Provenance& provenance_;
    Instant received_at_;
    const Zone& zone_;
    std::map<DayKey, Day> intervals_;
    Day* current_ = nullptr;
    std::map<CivilDay, std::pair<RegisterBlock, bool>> registers_; // the bool: only the first read of each channel stays
    DayWrites writes_;
};

} // namespace

result<DayWrites> make_day_writes(const Device& device, const PushContent& content, const Provenance& provenance,
                                  Instant received_at, const Zone& zone)
{
    Cutter cutter{device, provenance, received_at, zone};
    for (const IntervalReading& reading : content.intervals)
        RELEVE_CHECK(cutter.add(reading));
    for (const RegisterReading& reading : content.registers)
        RELEVE_CHECK(cutter.add(reading));
    return cutter.finish();
}

} // namespace releve::app
