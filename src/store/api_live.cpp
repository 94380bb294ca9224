// What a household's own dongle says. Nothing proves it, so it is kept and read apart from what is billed.

#include "api_impl.hpp"

namespace releve::store {

namespace {

/// Of the dongles that hung at the usage point then, newest first where two said the same label.
constexpr const char* live_values =
    "SELECT v.label, extract(epoch FROM v.at)::int8, v.value, v.unit, v.scaler, 1 FROM installation i "
    "JOIN live_value v ON v.meter_id = i.meter_id AND i.validity @> v.at "
    "WHERE i.usage_point = $1 AND i.purpose = 'live' ORDER BY v.label, v.at DESC";
constexpr const char* half_hours =
    "SELECT h.label, extract(epoch FROM h.start)::int8, h.total, h.unit, h.scaler, h.samples FROM "
    "installation i "
    "JOIN live_half_hour h ON h.meter_id = i.meter_id AND i.validity @> tstzrange(h.start, h.start + interval '30 minutes') "
    "WHERE i.usage_point = $1 AND i.purpose = 'live' AND h.start >= $2::timestamptz AND h.start < "
    "$3::timestamptz "
    "ORDER BY h.start, h.label, h.meter_id";

result<LiveRow> read_live(const Row& row)
{
    const auto unit = unit_from_code(static_cast<std::uint8_t>(row.integer(3)));
    if (!unit)
        return fail(errc::internal, "a live value has no known unit");
    return LiveRow{row.text(0),
                   row.instant(1),
                   row.integer(2),
                   *unit,
                   static_cast<int>(row.integer(4)),
                   static_cast<int>(row.integer(5))};
}

/// total / samples, rounded half up.
std::int64_t mean(std::int64_t total, std::int64_t samples)
{
    std::int64_t quotient = total / samples, rest = total % samples;
    if (rest < 0) {
        rest += samples;
        --quotient;
    }
    return quotient + (rest >= samples - rest ? 1 : 0);
}

} // namespace

result<std::vector<LiveRow>> ApiStore::live(const Identity& who, const UsagePointId& id)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<std::vector<LiveRow>> {
        RELEVE_TRY(point, impl_->see(work, id));
        if (point.collection == Collection::daily)
            return fail(errc::daily_only);
        std::vector<LiveRow> list;
        for (const Row& row : work.run(live_values, {id.value})) {
            RELEVE_TRY(value, read_live(row));
            if (list.empty() || list.back().label != value.label)
                list.push_back(std::move(value));
        }
        if (!list.empty()) // the page asks in homes without a dongle too: nothing was seen there
            note_access(work, who, {id, "live", {}, {}});
        return list;
    });
}

result<std::vector<LiveRow>> ApiStore::live_half_hours(const Identity& who, const UsagePointId& id,
                                                       Instant from, Instant to)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<std::vector<LiveRow>> {
        RELEVE_TRY(point, impl_->see(work, id));
        if (point.collection == Collection::daily)
            return fail(errc::daily_only);
        RELEVE_TRY(zone, zone_of(point));
        note_access(work, who,
                    {id, "live", zone->day_of(from), zone->day_of(to - Seconds{1}) + std::chrono::days{1}});
        std::vector<LiveRow> list;
        for (const Row& row : work.run(half_hours, {id.value, from, to})) {
            RELEVE_TRY(half_hour, read_live(row));
            if (half_hour.samples < 1)
                continue;
            half_hour.value = mean(half_hour.value, half_hour.samples);
            list.push_back(std::move(half_hour));
        }
        return list;
    });
}

} // namespace releve::store
