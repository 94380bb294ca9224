#include "api_blocks.hpp"

#include <algorithm>
#include <map>

namespace releve::store {

namespace {

/// Rows as they are now; under `as_of` also those that a later batch superseded. `which` ends the WHERE of both, and the
/// number is added to `args`.
std::string versions_of(const std::string& columns, const char* table, const char* history, const std::string& which,
                        const std::optional<BatchNumber>& as_of, std::vector<Arg>& args)
{
    const auto select = [&](const char* from) { return "SELECT " + columns + " FROM " + from + " WHERE " + which; };
    if (!as_of)
        return select(table);
    args.emplace_back(as_of->value);
    return select(table) + " UNION ALL " + select(history) + " AND superseded_by > $" + std::to_string(args.size()) + "::int8";
}

/// Without what came later. A value that something newer replaced since is in the history, in the version
/// that was superseded: put together, the versions give each value as it stood.
void forget_later(RegisterBlock& block, BatchNumber last)
{
    std::erase_if(block.reads, [&](const RegisterRead& read) { return read.provenance.batch > last.value; });
}

std::map<CivilDay, engine::DaySummary> load_totals(Work& work, const SeenUsagePoint& point,
                                                   const DaysWanted& wanted, ChannelId channel)
{
    std::map<CivilDay, engine::DaySummary> totals;
    std::string which = "usage_point = $1 AND channel = $2::int2 AND day >= $3::date AND day < $4::date";
    if (wanted.as_of) // how a day grew is not kept: it is known from the batch that completed it
        which += " AND missing = 0 AND batch <= $5::int8";
    std::vector<Arg> args{point.id.value, channel.value, wanted.from, wanted.to};
    const std::string sql = versions_of("day, energy_wh, slots, missing, quality, maximum, extract(epoch FROM maximum_at)::int8, rev",
                                        "daily_total", "daily_total_history", which, wanted.as_of, args) +
                            " ORDER BY day, rev";
    for (const Row& row : work.run(sql, args)) {
        engine::DaySummary summary;
        summary.energy_wh = row.integer(1);
        summary.slots = static_cast<int>(row.integer(2));
        summary.missing = static_cast<int>(row.integer(3));
        summary.quality = static_cast<Quality>(row.integer(4));
        if (!row.null(5))
            summary.maximum = row.integer(5);
        summary.maximum_at = row.maybe_instant(6);
        totals[row.day(0)] = summary;
    }
    return totals;
}

struct Point {
    Instant at{};
    std::int64_t value = 0;
    Quality quality = Quality::raw;
    int scaler = 0;
    std::optional<std::int64_t> measured{};
};

result<void> add_registers(Work& work, const MeterPeriod& period, const ChannelModel& channel,
                           const DaysWanted& wanted, std::vector<Point>& points)
{
    RELEVE_TRY(days, load_registers(work, period.meter, wanted));
    for (const auto& [day, block] : days)
        for (const RegisterRead& read : block.reads)
            if (read.channel == channel.channel && period.validity.contains(read.at))
                points.push_back({read.at, read.value, read.provenance.quality, channel.scaler});
    return {};
}

void add_slots(const SeenPart& part, std::vector<Point>& points)
{
    Instant start = part.day.first;
    for (const ResolvedSlot& slot : part.day.slots) {
        if (slot.there())
            points.push_back({start, slot.value, slot.quality, part.channel->scaler, slot.measured});
        start += part.day.step;
    }
}

/// Values in the finest scaler there is, in [from, to), by time.
ReadingsAnswer answer_of(const ChannelModel& channel, std::vector<Point> points, Instant from, Instant to)
{
    std::erase_if(points, [&](const Point& point) { return point.at < from || point.at >= to; });
    std::ranges::stable_sort(points, {}, &Point::at);
    ReadingsAnswer answer{channel.name, channel.unit, channel.scaler, channel.step, {}, {}};
    if (channel.kind == ChannelKind::reading)
        answer.step = Seconds{0};
    for (const Point& point : points)
        answer.scaler = std::min(answer.scaler, point.scaler);
    for (Point& point : points) {
        for (; point.scaler > answer.scaler; --point.scaler) {
            point.value *= 10;
            if (point.measured)
                *point.measured *= 10;
        }
        answer.readings.push_back({point.at, point.value, point.quality, point.measured});
    }
    return answer;
}

} // namespace

result<void> may_read(const Identity& who)
{
    if (who.role == Role::auditor)
        return fail(errc::forbidden, "auditors see who read, not what");
    return {};
}

result<std::optional<BatchNumber>> resolve(Work& work, const AsOf& as_of)
{
    if (!as_of.asked())
        return std::optional<BatchNumber>{};
    if (as_of.batch) {
        if (as_of.batch->value > work.run("SELECT releve_complete_batch()").at(0).integer(0))
            return fail(errc::bad_parameter, "as_of: no answer has named this number yet");
        return as_of.batch;
    }
    const Row row =
        work.run("SELECT releve_known_at($1::timestamptz, $2::timestamptz)", {*as_of.instant, as_of.now})
            .at(0);
    if (row.null(0))
        return fail(errc::bad_parameter, "as_of: lies in the future");
    return std::optional{BatchNumber{row.integer(0)}};
}

const ChannelModel* channel_of(const MeterPeriod& period, const std::string& name)
{
    return period.model != nullptr ? period.model->find_by_name(name) : nullptr;
}

result<std::map<CivilDay, RegisterBlock>> load_registers(Work& work, MeterId meter, const DaysWanted& wanted)
{
    std::vector<Arg> args{meter.value, wanted.from, wanted.to};
    const std::string sql = versions_of("day, data", "register_day", "register_history",
                                        "meter_id = $1::int4 AND day >= $2::date AND day < $3::date", wanted.as_of, args);
    std::map<CivilDay, RegisterBlock> days;
    for (const Row& row : work.run(sql, args)) {
        RELEVE_TRY(block, decode_register_block(row.bytes(1)));
        if (wanted.as_of)
            forget_later(block, *wanted.as_of);
        const auto [place, fresh] = days.try_emplace(row.day(0), block);
        if (fresh)
            continue;
        RELEVE_TRY(merged, merge(place->second, block));
        place->second = std::move(merged.block);
    }
    return days;
}

result<DailyAnswer> ApiStore::daily(const Identity& who, const UsagePointId& id, CivilDay from, CivilDay to,
                                    const std::string& channel_name, const AsOf& as_of)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<DailyAnswer> {
        RELEVE_TRY(point, impl_->see(work, id));
        RELEVE_TRY(channel, choose_channel(point, channel_name));
        RELEVE_TRY(zone, zone_of(point));
        if (channel->quantity == Quantity::volume)
            return fail(errc::bad_parameter, "channel: the volume of a day is counted by the index");
        RELEVE_TRY(known, resolve(work, as_of));
        note_access(work, who, {id, "daily", from, to});
        const DaysWanted wanted{from, to, channel->name, known};
        if (channel->kind == ChannelKind::reading) {
            RELEVE_TRY(days, register_days(work, point, *channel, wanted, as_of));
            return DailyAnswer{id, point.zone, {}, known, std::move(days)};
        }
        RELEVE_TRY(seen, seen_days(work, point, wanted));
        const auto totals = load_totals(work, point, wanted, channel->channel);
        DailyAnswer answer{id, point.zone, {}, known};
        for (CivilDay day = from; day < to; day += std::chrono::days{1}) {
            engine::DaySummary summary = engine::empty_day(*zone, day, *channel);
            if (const auto parts = seen.find(day); parts != seen.end()) {
                RELEVE_TRY(counted, summary_of(std::move(parts->second)));
                summary = counted;
            }
            // Days from before the choice of half-hours are totals; on the day of the choice the fuller one
            // counts.
            if (const auto total = totals.find(day);
                total != totals.end() && total->second.missing < summary.missing)
                summary = total->second;
            answer.days.push_back({day, summary});
        }
        return answer;
    });
}

result<ReadingsAnswer> ApiStore::readings(const Identity& who, const UsagePointId& id, Instant from,
                                          Instant to, const std::string& channel_name, const AsOf& as_of)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<ReadingsAnswer> {
        RELEVE_TRY(point, impl_->see(work, id));
        RELEVE_TRY(channel, choose_channel(point, channel_name));
        RELEVE_TRY(zone, zone_of(point));
        const bool registers = channel->kind == ChannelKind::reading;
        if (point.collection == Collection::daily && (!registers || as_of.asked()))
            return fail(errc::daily_only);
        RELEVE_TRY(known, resolve(work, as_of));
        const CivilDay first = zone->day_of(from, channel->day_start);
        const CivilDay end = zone->day_of(to - Seconds{1}, channel->day_start) + std::chrono::days{1};
        note_access(work, who, {id, "readings", first, end});
        const DaysWanted wanted{first, end, channel->name, known};
        std::vector<Point> points;
        if (registers) {
            for (const MeterPeriod& period : point.meters)
                if (const ChannelModel* own = channel_of(period, channel->name))
                    RELEVE_CHECK(add_registers(work, period, *own, wanted, points));
        } else {
            RELEVE_TRY(days, seen_days(work, point, wanted));
            for (const auto& [day, parts] : days)
                for (const SeenPart& part : parts)
                    add_slots(part, points);
        }
        ReadingsAnswer answer = answer_of(*channel, std::move(points), from, to);
        answer.as_of = known;
        return answer;
    });
}

} // namespace releve::store
