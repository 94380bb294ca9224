// Days of a register: differences of its indexes, and of gas the energy by the coefficients of the usage
// point.

#include "api_impl.hpp"

#include <releve/engine/gas.hpp>

#include <algorithm>
#include <array>

namespace releve::store {

namespace {

/// What a device's clock may be off by without an alarm.
constexpr Seconds day_tolerance{300};
/// So many stored days of a meter on each side of the question are looked at for the reads nearest to it.
constexpr int days_beside = 7;

/// What is counted by days, in which scaler, and how much of it one day can hold at most, which tells a
/// register that rolled over from one that went backwards: 41 m3/h and 416 kW.
struct CountedUnit {
    Unit unit;
    int scaler;
    std::int64_t max_per_day;
};
constexpr std::array counted_units{CountedUnit{Unit::cubic_metre, -3, 1'000'000},
                                   CountedUnit{Unit::watt_hour, 0, 10'000'000}};

/// One meter's register while it was there.
struct MeterReads {
    const ChannelModel* channel;
    engine::RegisterSeries series; // reads by time
};

/// The days asked for and those beside them, so that an interval over the edge is whole.
DaysWanted widen(Work& work, MeterId meter, DaysWanted wanted)
{
    std::vector<Arg> args{meter.value, wanted.from, wanted.to, days_beside};
    std::string stored = "SELECT day FROM register_day WHERE meter_id = $1::int4";
    if (wanted.as_of) { // days that came later are not beside it
        args.emplace_back(wanted.as_of->value);
        stored += " AND batch <= $5::int8 UNION SELECT day FROM register_history WHERE meter_id = $1::int4 AND batch <= $5::int8 AND "
                  "superseded_by > $5::int8";
    }
    const Row row = work.run("SELECT coalesce((SELECT min(d.day) FROM (SELECT day FROM (" + stored +
                                 ") s WHERE day < $2::date ORDER BY day DESC LIMIT $4::int4) d), $2::date), "
                                 "coalesce((SELECT max(d.day) + 1 FROM (SELECT day FROM (" +
                                 stored + ") s WHERE day >= $3::date ORDER BY day LIMIT $4::int4) d), $3::date)",
                             args)
                        .at(0);
    wanted.from = row.day(0);
    wanted.to = row.day(1);
    return wanted;
}

/// A home with daily totals keeps of each day the first read only, without a history of which that was. The
/// read of the day's very start can have none before it: this one is known for good.
bool is_known_for_good(const RegisterRead& read, const Zone& zone, Seconds day_start)
{
    return read.provenance.authenticated &&
           read.at == zone.start_of(zone.day_of(read.at, day_start), day_start);
}

result<std::vector<MeterReads>> load_meters(Work& work, const SeenUsagePoint& point, const Zone& zone,
                                            const DaysWanted& wanted)
{
    const bool for_good_only = point.collection == Collection::daily && wanted.as_of;
    std::vector<MeterReads> meters;
    for (const MeterPeriod& period : point.meters) {
        const ChannelModel* channel = channel_of(period, wanted.channel);
        if (channel == nullptr || channel->kind != ChannelKind::reading)
            continue;
        MeterReads& meter = meters.emplace_back(MeterReads{.channel = channel, .series = {}});
        meter.series.digits = channel->digits;
        meter.series.scaler = channel->scaler;
        meter.series.from = std::max(period.validity.from, Instant{});
        meter.series.to = std::min(period.validity.to.value_or(engine::last_read_at), engine::last_read_at);
        RELEVE_TRY(days, load_registers(work, period.meter, widen(work, period.meter, wanted)));
        for (const auto& [day, block] : days)
            for (const RegisterRead& read : block.reads) {
                // What the meter said elsewhere is nobody's business here; the index at the exchange closes
                // its time.
                if (read.channel != channel->channel || read.at < meter.series.from ||
                    read.at > meter.series.to)
                    continue;
                if (!for_good_only || is_known_for_good(read, zone, channel->day_start))
                    meter.series.reads.push_back(engine::index_read_of(read));
            }
        std::ranges::sort(meter.series.reads, {}, &engine::IndexRead::at);
    }
    return meters;
}

/// Gives indexes in the finest scaler of the meters.
class Indexes {
public:
    Indexes(std::span<const MeterReads> meters, int scaler) : meters_(meters), scaler_(scaler)
    {
        for (const MeterReads& meter : meters)
            scaler_ = std::min(scaler_, meter.series.scaler);
    }

    [[nodiscard]] int scaler() const { return scaler_; }
    /// What stands for the index at that instant; where a meter is exchanged then, the old one's closes the
    /// day before.
    [[nodiscard]] std::optional<std::int64_t> at(Instant start, bool closing) const
    {
        std::optional<std::int64_t> found;
        Seconds nearest = day_tolerance + Seconds{1};
        for (const MeterReads& meter : meters_) {
            const auto& [from, to] = std::pair{meter.series.from, meter.series.to};
            if (closing ? start <= from || start > to : start < from || start >= to)
                continue;
            for (const engine::IndexRead& read : meter.series.reads)
                if (const Seconds away = std::chrono::abs(read.at - start); away < nearest) {
                    nearest = away;
                    found = scaled(read.value, meter.series.scaler);
                }
        }
        return found;
    }

private:
    [[nodiscard]] std::int64_t scaled(std::int64_t value, int scaler) const
    {
        for (; scaler > scaler_; --scaler)
            value *= 10;
        return value;
    }
    std::span<const MeterReads> meters_;
    int scaler_;
};

/// By date, as they were believed at the instant of the question.
result<std::vector<engine::ConversionCoefficient>> load_coefficients(Work& work, const UsagePointId& id,
                                                                     const AsOf& as_of)
{
    std::string believed = "upper_inf(known)";
    std::vector<Arg> args{id.value};
    if (as_of.instant) {
        believed = "known @> $2::timestamptz";
        args.emplace_back(*as_of.instant);
    } else if (as_of.batch) {
        believed = "known @> releve_committed_at($2::int8)";
        args.emplace_back(as_of.batch->value);
    }
    std::vector<engine::ConversionCoefficient> rows;
    for (const Row& row :
         work.run("SELECT greatest(lower(validity), '1990-01-01'), least(upper(validity), '2100-01-01'), "
                  "kwh_per_m3_e5 FROM conversion_coefficient WHERE usage_point = $1 AND " +
                      believed,
                  args))
        rows.push_back({row.day(0), row.day(1), row.integer(2)});
    return engine::sort_coefficients(std::move(rows));
}

/// One value for all of its days, converted on its own: the answer does not depend on what else is asked for.
result<void> convert(CoveringStretch& covering, const engine::DayStretch& stretch,
                     std::span<const engine::ConversionCoefficient> coefficients)
{
    RELEVE_TRY(converted, engine::gas_energy({.days = {}, .stretches = {stretch}}, coefficients));
    covering.energy_wh = converted.front().energy_wh;
    return {};
}

result<std::vector<RegisterDayRow>>
rows_of(const engine::DailyConsumption& daily, const Indexes& indexes, const Zone& zone, Seconds day_start,
        const std::optional<std::vector<engine::ConversionCoefficient>>& coefficients)
{
    std::vector<RegisterDayRow> rows;
    for (const engine::DayConsumption& day : daily.days) {
        RegisterDayRow& row =
            rows.emplace_back(RegisterDayRow{.day = day.day, .amount = day.amount, .quality = day.quality});
        row.index_start = indexes.at(zone.start_of(day.day, day_start), false);
        row.index_end = indexes.at(zone.start_of(day.day + std::chrono::days{1}, day_start), true);
        const engine::DayStretch& stretch = daily.stretches[day.stretch];
        if (!day.amount && stretch.amount) {
            row.covering = CoveringStretch{
                stretch.first, stretch.last + std::chrono::days{1}, *stretch.amount, {}, stretch.complete};
            if (coefficients)
                RELEVE_CHECK(convert(*row.covering, stretch, *coefficients));
        }
        if (!coefficients)
            continue;
        row.kwh_per_m3_e5 = engine::kwh_per_m3_e5_on(*coefficients, day.day);
        if (row.amount && row.kwh_per_m3_e5) {
            RELEVE_TRY(energy_wh, engine::energy_wh_of(*row.amount, *row.kwh_per_m3_e5));
            row.energy_wh = energy_wh;
        }
    }
    return rows;
}

} // namespace

result<RegisterDays> register_days(Work& work, const SeenUsagePoint& point, const ChannelModel& channel,
                                   const DaysWanted& wanted, const AsOf& as_of)
{
    const auto* counted_unit = std::ranges::find(counted_units, channel.unit, &CountedUnit::unit);
    if (counted_unit == counted_units.end())
        return fail(errc::bad_parameter, "channel: counts neither energy nor gas");
    RELEVE_TRY(zone, zone_of(point));
    RELEVE_TRY(meters, load_meters(work, point, *zone, wanted));
    std::vector<engine::RegisterSeries> series;
    for (const MeterReads& meter : meters)
        series.push_back(meter.series);
    RELEVE_TRY(counted, engine::consumption_of(series, {.max_per_day = counted_unit->max_per_day,
                                                        .scaler = counted_unit->scaler,
                                                        .authenticated_only = false})); // the quality says it
    RELEVE_TRY(daily, engine::daily_consumption(counted, *zone,
                                                {.day_start = channel.day_start, .tolerance = day_tolerance},
                                                wanted.from, wanted.to));
    std::optional<std::vector<engine::ConversionCoefficient>> coefficients;
    if (channel.unit == Unit::cubic_metre) {
        RELEVE_TRY(known, load_coefficients(work, point.id, as_of));
        coefficients = std::move(known);
    }
    const Indexes indexes{meters, channel.scaler};
    RegisterDays out{channel.name, channel.unit, indexes.scaler(), channel.day_start, {}, {}};
    RELEVE_TRY(rows, rows_of(daily, indexes, *zone, channel.day_start, coefficients));
    out.days = std::move(rows);
    const Instant first = zone->start_of(wanted.from, channel.day_start),
                  last = zone->start_of(wanted.to, channel.day_start);
    for (const engine::RegisterFault& fault : counted.faults)
        if (fault.at >= first && fault.at <= last)
            out.faults.push_back(fault);
    return out;
}

result<std::vector<CoefficientRow>> ApiStore::coefficients(const Identity& who, const UsagePointId& id,
                                                           const Page& page)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<std::vector<CoefficientRow>> {
        RELEVE_CHECK(impl_->see(work, id));
        note_access(work, who, {id, "coefficients", {}, {}});
        std::vector<CoefficientRow> list;
        for (const Row& row :
             work.run("SELECT id, CASE WHEN NOT lower_inf(validity) THEN lower(validity) END, CASE WHEN NOT "
                      "upper_inf(validity) "
                      "THEN upper(validity) END, kwh_per_m3_e5, extract(epoch FROM lower(known))::int8, "
                      "extract(epoch FROM upper(known))::int8 FROM conversion_coefficient "
                      "WHERE usage_point = $1 AND id > coalesce(nullif($2, '')::int8, 0) ORDER BY id LIMIT "
                      "$3::int4",
                      {id.value, page.after, page.limit})) {
            CoefficientRow coefficient{row.integer(0),      {}, {}, row.integer(3), row.instant(4),
                                       row.maybe_instant(5)};
            if (!row.null(1))
                coefficient.from = row.day(1);
            if (!row.null(2))
                coefficient.to = row.day(2);
            list.push_back(coefficient);
        }
        return list;
    });
}

} // namespace releve::store
