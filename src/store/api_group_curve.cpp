#include "api_groups.hpp"

#include <releve/core/day_values.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr std::chrono::days curve_days_max{366};
constexpr Seconds half_hour{1800};
constexpr std::int64_t mj_per_watt = 1'800'000; // millijoules of a half-hour of 1 W

/// Leaves the civil days of each member that touch [from, to).
result<void> keep_days_of(std::vector<Member>& members, Instant from, Instant to)
{
    for (Member& member : members) {
        RELEVE_TRY(zone, zone_of(member.point));
        const CivilDay first = zone->day_of(from), end = zone->day_of(to - Seconds{1}) + std::chrono::days{1};
        for (engine::CivilSpan& span : member.spans)
            span = {std::max(span.from, first), std::min(span.to, end)};
        std::erase_if(member.spans, [](const engine::CivilSpan& span) { return span.from >= span.to; });
    }
    std::erase_if(members, [](const Member& member) { return member.spans.empty(); });
    return {};
}

Error curve_out_of_range()
{
    return fail(errc::bad_value, "sum of the members out of range");
}

/// Millijoules of one unit of a channel's value in one slot. errc::bad_value: it is no whole number, or too large.
result<std::int64_t> millijoules_per_unit(const ChannelModel& channel, Seconds step)
{
    std::int64_t out = channel.quantity == Quantity::mean_power ? step.count() * 1'000 : 3'600'000;
    for (int i = 0; i < channel.scaler; ++i)
        if (__builtin_mul_overflow(out, 10, &out))
            return curve_out_of_range();
    for (int i = 0; i > channel.scaler; --i) {
        if (out % 10 != 0)
            return fail(errc::bad_value, "the channel `" + channel.name + "` counts too finely to be added up");
        out /= 10;
    }
    return out;
}

struct HalfHourSum {
    std::int64_t drawn_mj = 0, injected_mj = 0;
    std::int64_t drawn = 0, injected = 0; // channels that said something
};

/// A member's channel for some days.
struct CurveSource {
    const ChannelModel* channel = nullptr;
    const MeterPeriod* period = nullptr;
    Flow flow = Flow::drawn;
};

class CurveSum {
public:
    CurveSum(Instant from, Instant to)
        : first_(ceil_half_hour(from)),
          sums_(static_cast<std::size_t>(std::max<std::int64_t>(0, (ceil_half_hour(to) - first_) / half_hour))),
          expected_(sums_.size() + 1)
    {
    }

    /// A day of a channel: its half-hours that are there wholly, while the meter was at the member. Steps of which
    /// half-hours do not consist say nothing.
    result<void> add(const CurveSource& source, const DayValues& day)
    {
        if (half_hour % day.step != Seconds{0})
            return {};
        RELEVE_TRY(factor, millijoules_per_unit(*source.channel, day.step));
        const auto slots = static_cast<std::size_t>(half_hour / day.step);
        const auto offset = static_cast<std::size_t>((ceil_half_hour(day.first) - day.first) / day.step);
        Instant start = ceil_half_hour(day.first);
        for (std::size_t i = offset; i + slots <= day.slots; i += slots, start += half_hour) {
            const bool whole =
                source.period->validity.contains(start) && source.period->validity.contains(start + half_hour - Seconds{1});
            if (start < first_ || static_cast<std::size_t>((start - first_) / half_hour) >= sums_.size() || !whole)
                continue;
            std::int64_t sum = 0;
            bool there = true;
            for (std::size_t k = i; k < i + slots; ++k) {
                there = there && day.has(k);
                if (__builtin_add_overflow(sum, day.values[k], &sum))
                    return curve_out_of_range();
            }
            if (there && !take(sums_[static_cast<std::size_t>((start - first_) / half_hour)], source.flow, sum, factor))
                return curve_out_of_range();
        }
        return {};
    }
    /// Half-hours of [from, to) that one more channel draws in.
    void expect(Instant from, Instant to)
    {
        const auto place = [&](Instant at) {
            return static_cast<std::size_t>(
                std::clamp<std::int64_t>((ceil_half_hour(at) - first_) / half_hour, 0, static_cast<std::int64_t>(sums_.size())));
        };
        if (place(from) < place(to)) {
            ++expected_[place(from)];
            --expected_[place(to)];
        }
    }
    [[nodiscard]] std::vector<GroupSlot> slots() const
    {
        std::vector<GroupSlot> out;
        std::int64_t expected = 0;
        for (std::size_t i = 0; i < sums_.size(); ++i) {
            expected += expected_[i];
            GroupSlot slot{.start = first_ + half_hour * static_cast<std::int64_t>(i),
                           .drawn = {},
                           .injected = {},
                           .used_own = {},
                           .expected = expected,
                           .present = sums_[i].drawn};
            if (sums_[i].drawn > 0)
                slot.drawn = in_watts(sums_[i].drawn_mj);
            if (sums_[i].injected > 0)
                slot.injected = in_watts(sums_[i].injected_mj);
            out.push_back(slot);
        }
        return out;
    }

private:
    static Instant ceil_half_hour(Instant at)
    {
        const Seconds over = at.time_since_epoch() % half_hour;
        return over > Seconds{0} ? at + half_hour - over : at - over;
    }
    /// Half away from zero.
    static std::int64_t in_watts(std::int64_t mj) { return mj / mj_per_watt + mj % mj_per_watt / (mj_per_watt / 2); }
    static bool take(HalfHourSum& sum, Flow flow, std::int64_t value, std::int64_t factor)
    {
        std::int64_t mj = 0;
        if (__builtin_mul_overflow(value, factor, &mj))
            return false;
        std::int64_t& total = flow == Flow::drawn ? sum.drawn_mj : sum.injected_mj;
        ++(flow == Flow::drawn ? sum.drawn : sum.injected);
        return !__builtin_add_overflow(total, mj, &total);
    }

    Instant first_;
    std::vector<HalfHourSum> sums_;
    std::vector<std::int64_t> expected_; // by how much it changes there
};

/// What of a day is needed here. The plain ones, which are nearly all, are read without who said each slot.
result<void> read_values(const FoundDay& stored, const std::optional<BatchNumber>& as_of, DayValues& out)
{
    if (!as_of && !stored.overlay && stored.measured.size() == 1)
        return decode_day_values(stored.measured[0], out);
    RELEVE_TRY(seen, seen_day(stored, as_of));
    DayBlock block{.first = seen.first, .step = seen.step, .slots = {}};
    for (const ResolvedSlot& slot : seen.slots)
        block.slots.push_back(slot.there() ? std::optional{Slot{slot.value, {}}} : std::nullopt);
    set_values(block, out);
    return {};
}

result<void> add_members(Work& work, const std::vector<Member>& members, const std::optional<BatchNumber>& as_of, CurveSum& sum)
{
    std::vector<Stretch> stretches;
    std::vector<CurveSource> sources;
    for (const Member& member : members) {
        RELEVE_TRY(zone, zone_of(member.point));
        for (const engine::CivilSpan& span : member.spans)
            for (const MeterPeriod& period : member.point.meters)
                for (const Flow flow : {Flow::drawn, Flow::injected}) {
                    const ChannelModel* channel = flow_channel(period, flow);
                    if (channel == nullptr)
                        continue;
                    const engine::CivilSpan touched = days_of(period, *zone, channel->day_start, span.from, span.to);
                    if (touched.from >= touched.to)
                        continue;
                    if (flow == Flow::drawn)
                        sum.expect(std::max(zone->start_of(touched.from, channel->day_start), period.validity.from),
                                   std::min(zone->start_of(touched.to, channel->day_start),
                                            period.validity.to.value_or(Instant::max())));
                    stretches.push_back({period.meter, channel->channel, touched.from, touched.to});
                    sources.push_back({channel, &period, flow});
                }
    }
    DayValues values;
    return for_each_day(work, stretches, as_of, [&](const FoundDay& stored) -> result<void> {
        RELEVE_CHECK(read_values(stored, as_of, values));
        return sum.add(sources[stored.stretch], values);
    });
}

/// A half-hour in which corrections made an amount negative has no use of its own.
result<void> add_own_use(GroupCurve& curve)
{
    std::vector<engine::SlotBalance> balances;
    for (const GroupSlot& slot : curve.slots) {
        const bool plain = slot.drawn.value_or(-1) >= 0 && slot.injected.value_or(-1) >= 0;
        balances.push_back(plain ? engine::SlotBalance{slot.drawn, slot.injected} : engine::SlotBalance{});
    }
    RELEVE_TRY(own, engine::own_use(balances));
    for (std::size_t i = 0; i < curve.slots.size(); ++i)
        curve.slots[i].used_own = own.used[i];
    curve.self_consumption_permille = own.self_consumption_permille();
    curve.self_sufficiency_permille = own.self_sufficiency_permille();
    return {};
}

} // namespace

result<GroupCurve> ApiStore::group_curve(const Identity& who, const std::string& group, Instant from, Instant to,
                                         const AsOf& as_of)
{
    RELEVE_CHECK(may_read(who));
    if (to <= from || to - from > curve_days_max)
        return fail(errc::bad_parameter,
                    "to: must be after from, and at most " + std::to_string(curve_days_max.count()) + " days after it");
    return impl_->as(who, [&](Work& work) -> result<GroupCurve> {
        RELEVE_CHECK(see_group(work, group));
        // Of any zone: what lies beyond the instants is left out slot by slot.
        const CivilDay first = CivilDay{std::chrono::floor<std::chrono::days>(from).time_since_epoch()} - std::chrono::days{1};
        const CivilDay end = CivilDay{std::chrono::floor<std::chrono::days>(to).time_since_epoch()} + std::chrono::days{2};
        RELEVE_TRY(members, load_members(work, group, first, end));
        RELEVE_CHECK(keep_days_of(members, from, to));
        load_installations(work, impl_->models, members);
        RELEVE_TRY(known, resolve(work, as_of));
        note_group_access(work, who, members,
                          {{}, "group_curve", paris().day_of(from), paris().day_of(to - Seconds{1}) + std::chrono::days{1}});
        CurveSum sum{from, to};
        RELEVE_CHECK(add_members(work, members, known, sum));
        GroupCurve curve{.group = group,
                         .zone = zone_of_group(members),
                         .slots = sum.slots(),
                         .self_consumption_permille = {},
                         .self_sufficiency_permille = {},
                         .members = members.size(),
                         .as_of = known};
        RELEVE_CHECK(add_own_use(curve));
        return curve;
    });
}

} // namespace releve::store
