#include "check_rows.hpp"
#include "collection_rates.hpp"

#include <releve/core/day_values.hpp>

#include <array>

namespace releve::store {

namespace {

struct RateGrouping {
    const char* name;
    const char* place; // as SQL
    const char* join;
};
constexpr RateGrouping rate_groupings[] = {
    {"", "''", ""},
    {"hour", "''", ""},
    {"concentrator", "m.concentrator", ""},
    {"area", "m.area", ""},
    {"group", "member.usage_group",
     "JOIN usage_group_member member ON member.usage_point = u.id AND member.validity @> $1::date "},
};

/// Meters that are alike: one model in one zone.
struct DayOfModel {
    std::string model;
    const Zone* zone = nullptr;
    const ChannelModel* channel = nullptr;
    Instant first{};
    std::size_t slots = 0;
    std::vector<std::pair<int, std::string>> hours; // of each slot, with its place in the day's order

    [[nodiscard]] Instant start_of(std::size_t slot) const { return first + channel->step * static_cast<std::int64_t>(slot); }
};

/// How blocks of a day begin, see docs/BLOCK-FORMAT.md: up to the number of slots, with all of them and with some missing. Then
/// the latter say in a shift and a bitmap which are there. Blocks that begin alike need not be unpacked one by one.
struct BlockHeads {
    Bytes full, partial;
    std::size_t partial_bytes = 0; // with the bitmap
};
BlockHeads heads_of(const DayOfModel& day)
{
    const auto varint = [](Writer& out, std::uint64_t number) {
        for (; number > 0x7f; number >>= 7)
            out.u8(static_cast<std::uint8_t>(number | 0x80));
        out.u8(static_cast<std::uint8_t>(number));
    };
    const auto head = [&](bool some_missing) {
        Writer out;
        out.u8(0x11).u32_be(static_cast<std::uint32_t>(day.first.time_since_epoch().count()));
        varint(out, static_cast<std::uint64_t>(day.channel->step.count()));
        varint(out, day.slots * 2 + (some_missing ? 1 : 0));
        return std::move(out).take();
    };
    BlockHeads heads{head(false), head(true), 0};
    heads.partial_bytes = heads.partial.size() + 1 + (day.slots + 7) / 8;
    return heads;
}

using Present = std::array<bool, limits::slots_per_day_max>;

/// Which slots the blocks with this key bring: a head, or a whole block of another shape.
result<Present> present_slots(const Bytes& key, const DayOfModel& day, const BlockHeads& heads)
{
    Present present{};
    if (key == heads.full) {
        present.fill(true);
        return present;
    }
    if (key.size() == heads.partial_bytes && std::equal(heads.partial.begin(), heads.partial.end(), key.begin())) {
        const std::size_t bitmap = heads.partial.size() + 1;
        for (std::size_t slot = 0; slot < day.slots; ++slot)
            present[slot] = (std::to_integer<unsigned>(key[bitmap + slot / 8]) >> (slot % 8) & 1U) != 0;
        return present;
    }
    DayValues values;
    RELEVE_CHECK(decode_day_values(key, values));
    for (std::uint32_t slot = 0; slot < values.slots; ++slot) {
        const Instant start = values.first + values.step * static_cast<std::int64_t>(slot);
        const auto index = (start - day.first) / day.channel->step;
        if (values.has(slot) && start >= day.first && index < static_cast<std::int64_t>(day.slots))
            present[static_cast<std::size_t>(index)] = true;
    }
    return present;
}

/// "07:00"; of an hour that exists twice "02:00+02:00" and "02:00+01:00". The second sorts behind the first.
std::pair<int, std::string> hour_name(const Zone& zone, Instant start)
{
    const auto local = std::chrono::floor<std::chrono::hours>(zone.to_local(start));
    const auto hour = (local - std::chrono::floor<std::chrono::days>(local)).count();
    std::string name = (hour < 10 ? "0" : "") + std::to_string(hour) + ":00";
    const bool twice = zone.to_instant(local) != zone.to_instant(local, true);
    if (!twice)
        return {static_cast<int>(hour) * 2, name};
    const auto offset = std::chrono::duration_cast<std::chrono::minutes>(zone.offset_at(start)).count();
    const auto two_digits = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    name += (offset < 0 ? "-" : "+") + two_digits(std::abs(offset) / 60) + ":" + two_digits(std::abs(offset) % 60);
    const bool second = zone.offset_at(start) != zone.offset_at(zone.to_instant(local));
    return {static_cast<int>(hour) * 2 + (second ? 1 : 0), name};
}

class RateSums {
public:
    explicit RateSums(RateBy by) : by_(by) {}

    void add(const std::string& place, std::int64_t meters, const DayOfModel& day, const Validity& there,
             const Present& present)
    {
        std::map<std::pair<int, std::string>, bool> counted;
        for (std::size_t slot = 0; slot < day.slots; ++slot) {
            const Instant start = day.start_of(slot);
            if (!there.contains(start))
                continue;
            const auto key = by_ == RateBy::hour ? day.hours[slot] : std::pair{0, place};
            CollectionRate& rate = rates_[key];
            if (counted.emplace(key, true).second)
                rate.meters += meters;
            rate.expected += meters;
            rate.arrived += present[slot] ? meters : 0;
        }
    }
    [[nodiscard]] std::vector<CollectionRate> take() &&
    {
        std::vector<CollectionRate> list;
        for (auto& [key, rate] : rates_) {
            rate.of = key.second;
            list.push_back(std::move(rate));
        }
        if (by_ == RateBy::all && list.empty())
            list.emplace_back();
        return list;
    }

private:
    RateBy by_;
    std::map<std::pair<int, std::string>, CollectionRate> rates_;
};

constexpr const char* homes_with_half_hours = // $1 is the day
    "FROM installation i JOIN meter m ON m.id = i.meter_id JOIN usage_point u ON u.id = i.usage_point ";
constexpr const char* that_day =
    "i.purpose = 'metering' AND u.collection = 'half_hour' AND i.validity && tstzrange($2::timestamptz, $3::timestamptz) ";

/// The models and zones of a day whose main channel has intervals.
result<std::vector<DayOfModel>> days_of_models(Work& work, const ModelLookup& models, CivilDay day)
{
    // Wider than the day of any zone: what was not there then adds nothing later.
    const Instant noon{Seconds{day_number(day) * std::int64_t{86'400} + 43'200}};
    std::vector<DayOfModel> list;
    for (const Row& row : work.run(std::string{"SELECT DISTINCT m.model, u.zone, $1::date "} + homes_with_half_hours +
                                       "WHERE " + that_day + "ORDER BY 1, 2",
                                   {day, noon - Seconds{86'400}, noon + Seconds{86'400}})) {
        const MeterModel* model = models ? models(row.text(0)) : nullptr;
        const ChannelModel* channel = model != nullptr ? model->main_channel() : nullptr;
        if (channel == nullptr || channel->kind != ChannelKind::interval)
            continue;
        SeenUsagePoint point;
        point.zone = row.text(1);
        RELEVE_TRY(zone, zone_of(point));
        DayOfModel of{row.text(0), zone, channel, zone->start_of(day, channel->day_start), 0, {}};
        of.slots = static_cast<std::size_t>(zone->length_of(day, channel->day_start) / channel->step);
        if (of.slots > limits::slots_per_day_max) // blocks cannot hold such a day either
            continue;
        for (std::size_t slot = 0; slot < of.slots; ++slot)
            of.hours.push_back(hour_name(*zone, of.start_of(slot)));
        list.push_back(std::move(of));
    }
    return list;
}

result<void> add_model(Work& work, const DayOfModel& of, CivilDay day, RateBy by, RateSums& sums)
{
    const RateGrouping& grouping = rate_groupings[static_cast<std::size_t>(by)];
    const BlockHeads heads = heads_of(of);
    const std::string named =
        by == RateBy::concentrator || by == RateBy::area ? std::string{"AND "} + grouping.place + " <> '' " : "";
    const Table table =
        work.run(std::string{"SELECT "} + grouping.place +
                     " AS place, extract(epoch FROM greatest(lower(i.validity), $2::timestamptz))::int8, "
                     "extract(epoch FROM least(upper(i.validity), $3::timestamptz))::int8, "
                     "CASE substring(d.data FROM 1 FOR $7::int4) WHEN $8::bytea THEN $8::bytea WHEN $9::bytea THEN "
                     "substring(d.data FROM 1 FOR $10::int4) ELSE d.data END, count(*) " +
                     homes_with_half_hours + grouping.join +
                     "LEFT JOIN interval_day d ON d.meter_id = m.id AND d.day = $1::date AND d.channel = $4::int2 WHERE " +
                     that_day + "AND m.model = $5 AND u.zone = $6 " + named + "GROUP BY 1, 2, 3, 4",
                 {day, of.first, of.start_of(of.slots), of.channel->channel.value, of.model, of.zone->name(), heads.full.size(),
                  heads.full, heads.partial, heads.partial_bytes});
    for (const Row& row : table) {
        Present present{};
        if (!row.null(3)) {
            RELEVE_TRY(found, present_slots(row.bytes(3), of, heads));
            present = found;
        }
        sums.add(row.text(0), row.integer(4), of, row.validity(1, 2), present);
    }
    return {};
}

result<RateBy> parse_rate_by(const std::string& by)
{
    for (std::size_t i = 0; i < std::size(rate_groupings); ++i)
        if (by == rate_groupings[i].name)
            return static_cast<RateBy>(i);
    return fail(errc::bad_parameter, "by: must be hour, concentrator, area or group");
}

} // namespace

result<std::vector<CollectionRate>> load_rates(Work& work, const ModelLookup& models, CivilDay day, RateBy by)
{
    RateSums sums{by};
    RELEVE_TRY(list, days_of_models(work, models, day));
    for (const DayOfModel& of : list)
        RELEVE_CHECK(add_model(work, of, day, by, sums));
    return std::move(sums).take();
}

result<std::vector<CollectionRate>> ApiStore::collection_rates(const Identity& who, CivilDay day, const std::string& by)
{
    RELEVE_CHECK(may_run_fleet(who));
    RELEVE_TRY(grouping, parse_rate_by(by));
    return impl_->as(who, [&](Work& work) { return load_rates(work, impl_->models, day, grouping); });
}

} // namespace releve::store
