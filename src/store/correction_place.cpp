#include "correction_place.hpp"

#include "check_rows.hpp"

#include <algorithm>
#include <array>

namespace releve::store {

namespace {

constexpr std::int64_t corrected_slots_max = 288; // as the table says: a day of 5 minutes
constexpr std::int64_t corrected_amount_max = 1'000'000'000'000; // in the channel's unit and scaler: sums of days fit 64 bits by far

result<void> check_correction(const CorrectionAsked& asked)
{
    constexpr std::array<std::string_view, 3> actions{"set", "accept", "undo"};
    if (std::ranges::find(actions, asked.action) == actions.end())
        return fail(errc::bad_parameter, "action: must be set, accept or undo");
    RELEVE_CHECK(check_text("reason", asked.reason, 3, 500));
    if (asked.from >= asked.to)
        return fail(errc::bad_parameter, "to: must be after from");
    if (asked.action != "set" && !asked.values.empty())
        return fail(errc::bad_parameter, "values: only the action `set` has some");
    for (const std::int64_t value : asked.values)
        if (value < -corrected_amount_max || value > corrected_amount_max)
            return fail(errc::bad_parameter, "values: each at most 1000000000000, and as far below zero");
    return {};
}

/// The meter that was there all the time.
result<const MeterPeriod*> meter_of_correction(const SeenUsagePoint& point, const CorrectionAsked& asked)
{
    for (const MeterPeriod& period : point.meters) {
        if (!period.validity.contains(asked.from))
            continue;
        if (period.validity.to && asked.to > *period.validity.to)
            return fail(errc::bad_parameter, "to: the meter was taken away at " + to_iso8601(*period.validity.to) +
                                                 "; what came after is corrected by itself");
        return &period;
    }
    return fail(errc::bad_parameter, "from: no meter was there");
}

/// Whole slots of one day.
result<LocatedCorrection> slots_of_correction(const CorrectionAsked& asked, LocatedCorrection located, const ChannelModel& channel,
                                              const Zone& zone)
{
    located.day = zone.day_of(asked.from, channel.day_start);
    const Instant start = zone.start_of(located.day, channel.day_start);
    const std::string step = std::to_string(channel.step.count()) + " s";
    if ((asked.from - start) % channel.step != Seconds{0})
        return fail(errc::bad_parameter, "from: an interval of this channel begins every " + step);
    if ((asked.to - start) % channel.step != Seconds{0})
        return fail(errc::bad_parameter, "to: an interval of this channel ends every " + step);
    if (asked.to > start + zone.length_of(located.day, channel.day_start))
        return fail(errc::bad_parameter, "to: must be within the civil day of from, " + to_iso8601(located.day));
    const std::int64_t first = (asked.from - start) / channel.step, count = (asked.to - asked.from) / channel.step;
    if (count > corrected_slots_max)
        return fail(errc::bad_parameter, "to: at most " + std::to_string(corrected_slots_max) + " intervals at a time");
    if (asked.action == "set" && asked.values.size() != static_cast<std::size_t>(count))
        return fail(errc::bad_parameter, "values: one for each of the " + std::to_string(count) + " intervals");
    for (std::int64_t slot = first; slot < first + count; ++slot)
        located.slots.push_back(slot);
    return located;
}

} // namespace

result<LocatedCorrection> locate_correction(const SeenUsagePoint& point, const CorrectionAsked& asked)
{
    RELEVE_CHECK(check_correction(asked));
    if (point.collection == Collection::daily)
        return fail(errc::daily_only);
    RELEVE_TRY(chosen, choose_channel(point, asked.channel));
    RELEVE_TRY(zone, zone_of(point));
    if (chosen->kind != ChannelKind::interval)
        return fail(errc::bad_parameter, "channel: only a channel of intervals can be corrected");
    RELEVE_TRY(period, meter_of_correction(point, asked));
    const ChannelModel* channel = channel_of(*period, chosen->name);
    if (channel == nullptr || channel->kind != ChannelKind::interval)
        return fail(errc::bad_parameter, "channel: the meter that was there has none of this name");
    return slots_of_correction(asked, {period->meter, channel->channel, {}, {}}, *channel, *zone);
}

} // namespace releve::store
