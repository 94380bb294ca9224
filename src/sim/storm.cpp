#include <releve/sim/storm.hpp>

#include <releve/sim/random.hpp>

#include <algorithm>
#include <array>
#include <numeric>

namespace releve::sim {

namespace {

using Numbers = std::vector<std::size_t>; // of meters

constexpr std::array<std::string_view, 3> cause_names{"area_lost", "concentrator_down", "alarm_flood"};
constexpr std::uint64_t salt_gasp = 21, salt_return = 22, salt_hole = 23, salt_flood = 24;

Error storm_fault(std::size_t cause, std::string_view member, const std::string& reason)
{
    return fail(errc::bad_parameter, "/causes/" + std::to_string(cause) + "/" + std::string{member} + ": " + reason);
}

result<std::vector<Place>> hang(const std::vector<PlaceRow>& rows, std::size_t meters)
{
    std::vector<Place> places;
    places.reserve(meters);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].meters > meters - places.size())
            return fail(errc::bad_parameter, "/places/" + std::to_string(i) + "/meters: the fleet has only " +
                                                 std::to_string(meters - places.size()) + " left");
        places.insert(places.end(), rows[i].meters, Place{rows[i].area, rows[i].concentrator});
    }
    places.resize(meters);
    return places;
}

const std::string& place_of(const Place& place, Cause::Kind kind)
{
    return kind == Cause::Kind::area_lost ? place.area : place.concentrator;
}

bool is_percent(int number)
{
    return number >= 0 && number <= 100;
}

result<void> check_cause(const Cause& cause, std::size_t index, const std::vector<Place>& places)
{
    if (cause.kind == Cause::Kind::alarm_flood) {
        if (cause.every < slot_length)
            return storm_fault(index, "every_s", "one alarm in half an hour is the most a meter sends");
        return {};
    }
    const char* where = cause.kind == Cause::Kind::area_lost ? "area" : "concentrator";
    const auto hangs_there = [&](const Place& place) { return place_of(place, cause.kind) == cause.place; };
    if (cause.place.empty() || std::ranges::none_of(places, hangs_there))
        return storm_fault(index, where, "no meter hangs there");
    if (!is_percent(cause.last_gasp_percent))
        return storm_fault(index, "last_gasp_percent", "must lie between 0 and 100");
    if (!cause.back)
        return {};
    if (cause.back->after < slot_length)
        return storm_fault(index, "return/after_s", "half an hour at least");
    if (cause.back->over < Seconds{0})
        return storm_fault(index, "return/over_s", "must be 0 or more");
    if (!is_percent(cause.back->hole_percent))
        return storm_fault(index, "return/hole_percent", "must lie between 0 and 100");
    return {};
}

/// In an order of the seed's.
void shuffle(Numbers& meters, std::uint64_t seed)
{
    std::ranges::sort(meters, {}, [seed](std::size_t meter) { return std::pair{mix(seed, meter), meter}; });
}

void bring_back(const Cause& cause, Numbers hit, std::uint64_t seed, std::vector<Fate>& fates)
{
    if (!cause.back)
        return;
    shuffle(hit, mix(seed, salt_return));
    const auto steps = static_cast<std::int64_t>(std::max<std::size_t>(hit.size(), 2) - 1);
    for (std::size_t i = 0; i < hit.size(); ++i)
        fates[hit[i]].back_at = cause.at + cause.back->after + cause.back->over * static_cast<std::int64_t>(i) / steps;
    shuffle(hit, mix(seed, salt_hole));
    hit.resize((hit.size() * static_cast<std::size_t>(cause.back->hole_percent) + 50) / 100);
    for (const std::size_t meter : hit)
        fates[meter].hole = true;
}

/// Who hangs there and was not hit before.
Numbers reached(const Cause& cause, const StormPlan& plan)
{
    Numbers out;
    for (std::size_t meter = 0; meter < plan.fates.size(); ++meter)
        if (!plan.fates[meter].cause && (cause.kind == Cause::Kind::alarm_flood ||
                                         place_of(plan.places[meter], cause.kind) == cause.place))
            out.push_back(meter);
    return out;
}

/// Floods come last, for they take whom nothing else takes; otherwise what comes first, in the order of the list.
Numbers order_of(const std::vector<Cause>& causes)
{
    Numbers order(causes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) {
        return std::pair{causes[i].kind == Cause::Kind::alarm_flood, causes[i].at};
    });
    return order;
}

bool is_away(const Fate& fate, const Cause& cause, Instant at)
{
    return cause.kind != Cause::Kind::alarm_flood && at >= cause.at && (!fate.back_at || at < *fate.back_at);
}

} // namespace

std::string_view cause_name(Cause::Kind kind)
{
    return cause_names[static_cast<std::size_t>(kind)];
}

result<StormPlan> plan_storm(const Storm& storm, std::size_t meters, std::uint64_t seed)
{
    RELEVE_TRY(places, hang(storm.places, meters));
    StormPlan plan{.places = std::move(places), .fates = std::vector<Fate>(meters)};
    for (std::size_t i = 0; i < storm.causes.size(); ++i)
        RELEVE_CHECK(check_cause(storm.causes[i], i, plan.places));
    for (const std::size_t index : order_of(storm.causes)) {
        const Cause& cause = storm.causes[index];
        const std::uint64_t own_seed = mix(seed, index);
        Numbers hit = reached(cause, plan);
        if (cause.kind == Cause::Kind::alarm_flood) {
            if (hit.size() < cause.meters)
                return storm_fault(index, "meters", "only " + std::to_string(hit.size()) + " are left untouched");
            shuffle(hit, mix(own_seed, salt_flood));
            hit.resize(cause.meters);
        }
        for (const std::size_t meter : hit) {
            plan.fates[meter].cause = index;
            plan.fates[meter].last_gasp =
                cause.kind == Cause::Kind::area_lost &&
                between(mix(mix(own_seed, salt_gasp), meter), 0, 99) < cause.last_gasp_percent;
        }
        if (cause.kind != Cause::Kind::alarm_flood)
            bring_back(cause, std::move(hit), own_seed, plan.fates);
    }
    return plan;
}

std::vector<Act> acts_of(const Fate& fate, const Storm& storm, std::span<const Push> pushes)
{
    const Cause* cause = fate.cause ? &storm.causes[*fate.cause] : nullptr;
    std::vector<Act> acts;
    for (std::size_t i = 0; i < pushes.size(); ++i) {
        const bool missed = cause != nullptr && is_away(fate, *cause, pushes[i].at);
        if (!missed)
            acts.push_back({.at = pushes[i].at, .push = i});
        else if (fate.back_at && !fate.hole)
            acts.push_back({.at = *fate.back_at, .push = i});
    }
    if (fate.last_gasp)
        acts.push_back({.at = cause->at, .alarm = MeterAlarm::power_lost});
    if (cause != nullptr && cause->kind == Cause::Kind::area_lost && fate.back_at)
        acts.push_back({.at = *fate.back_at, .alarm = MeterAlarm::power_restored});
    if (cause != nullptr && cause->kind == Cause::Kind::alarm_flood)
        for (std::size_t i = 0; i < cause->times; ++i)
            acts.push_back({.at = cause->at + cause->every * static_cast<std::int64_t>(i), .alarm = cause->alarm});
    std::ranges::stable_sort(acts, {}, &Act::at);
    return acts;
}

std::vector<Delivery> deliveries(const Meter& meter, std::size_t meter_number, std::span<const Push> pushes, const Act& act,
                                 const FaultPlan& plan)
{
    std::vector<Delivery> out;
    if (act.push)
        out = deliveries(meter, meter_number, pushes, *act.push, plan);
    else
        out.push_back({.frame = meter.build(AlarmReport{act.alarm, act.at}), .expect = Expect::maybe, .alarm = true});
    for (Delivery& delivery : out)
        delivery.at = act.at;
    return out;
}

std::vector<Planted> planted_by(const StormPlan& plan, const Storm& storm, std::span<const Push> pushes, Instant until)
{
    std::vector<Planted> out(storm.causes.size());
    for (const Fate& fate : plan.fates) {
        if (!fate.cause || storm.causes[*fate.cause].at >= until)
            continue;
        Planted& planted = out[*fate.cause];
        const auto due = std::ranges::count_if(pushes, [&](const Push& push) { return push.at < until; });
        planted.missing += static_cast<std::size_t>(due);
        ++planted.meters;
        planted.last_gasps += fate.last_gasp ? 1 : 0;
        for (const Act& act : acts_of(fate, storm, pushes)) {
            if (act.at >= until)
                break;
            planted.alarms += act.push ? 0 : 1;
            planted.missing -= act.push ? 1 : 0;
            planted.late += act.push && act.at > pushes[*act.push].at ? 1 : 0;
        }
        if (!fate.back_at || *fate.back_at >= until)
            continue;
        ++planted.back;
        planted.holes += fate.hole ? 1 : 0;
        planted.first_back_at = std::min(planted.first_back_at.value_or(*fate.back_at), *fate.back_at);
        planted.last_back_at = std::max(planted.last_back_at.value_or(*fate.back_at), *fate.back_at);
    }
    return out;
}

} // namespace releve::sim
