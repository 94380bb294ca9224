#include <releve/engine/outages.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace releve::engine {

namespace {

using Members = std::vector<const WatchedMeter*>;

std::size_t index_of(PlaceKind kind)
{
    return static_cast<std::size_t>(kind);
}

struct Place {
    std::size_t of = 0;
    Members silent; // that nothing explains yet
};

/// The places of one kind with what is still unexplained in them.
std::map<std::string, Place> places_of(std::span<const WatchedMeter> meters, PlaceKind kind, const std::set<MeterId>& explained)
{
    std::map<std::string, Place> out;
    for (const WatchedMeter& meter : meters) {
        const std::string& name = meter.places[index_of(kind)];
        if (name.empty())
            continue;
        Place& place = out[name];
        ++place.of;
        if (meter.silent_since && !explained.contains(meter.meter))
            place.silent.push_back(&meter);
    }
    return out;
}

bool together(const Members& silent, Seconds apart_max)
{
    const auto [first, last] = std::ranges::minmax(silent, {}, [](const WatchedMeter* meter) { return *meter->silent_since; });
    return *last->silent_since - *first->silent_since <= apart_max;
}

/// Of the next narrower kind that is known, in how many places the silent meters are; at most 2 are counted.
bool is_wider_than_one(const Members& silent, PlaceKind kind)
{
    for (std::size_t narrower = index_of(kind); narrower-- > 0;) {
        std::set<std::string_view> names;
        for (const WatchedMeter* meter : silent)
            if (!meter->places[narrower].empty())
                names.insert(meter->places[narrower]);
        if (!names.empty())
            return names.size() > 1;
    }
    return true; // nothing narrower is known
}

bool failed(const Place& place, PlaceKind kind, const OutageOptions& options)
{
    return place.silent.size() >= std::max<std::size_t>(options.meters_min, 1) &&
           place.silent.size() * 100 >= place.of * static_cast<std::size_t>(options.share_percent) &&
           together(place.silent, options.apart_max) && (index_of(kind) == 0 || is_wider_than_one(place.silent, kind));
}

Outage describe(const Members& silent, std::size_t of)
{
    Outage out;
    out.meters = silent.size();
    out.of = of;
    for (const WatchedMeter* meter : silent) {
        out.members.push_back(meter->meter);
        out.since = std::max(out.since, *meter->silent_since);
        out.last_gasps += meter->power_lost_at ? 1 : 0;
        if (!meter->restored_at)
            continue;
        ++out.restored;
        out.first_restored_at = std::min(out.first_restored_at.value_or(*meter->restored_at), *meter->restored_at);
        out.last_restored_at = std::max(out.last_restored_at.value_or(*meter->restored_at), *meter->restored_at);
    }
    std::ranges::sort(out.members);
    return out;
}

void add_common(std::vector<Outage>& outages, std::set<MeterId>& explained, std::span<const WatchedMeter> meters,
                PlaceKind kind, const OutageOptions& options)
{
    const std::size_t from = outages.size();
    for (const auto& [name, place] : places_of(meters, kind, explained)) {
        if (!failed(place, kind, options))
            continue;
        Outage outage = describe(place.silent, place.of);
        outage.common = true;
        outage.power_lost = outage.last_gasps > 0 && outage.last_gasps * 100 >= outage.meters * static_cast<std::size_t>(options.last_gasp_percent);
        outage.kind = kind;
        outage.place = name;
        explained.insert(outage.members.begin(), outage.members.end());
        outages.push_back(std::move(outage));
    }
    std::ranges::stable_sort(outages.begin() + static_cast<std::ptrdiff_t>(from), outages.end(), std::greater{}, &Outage::meters);
}

void add_others(std::vector<Outage>& outages, const std::set<MeterId>& explained, std::span<const WatchedMeter> meters)
{
    for (const bool power_lost : {true, false}) {
        Members others;
        for (const WatchedMeter& meter : meters)
            if (meter.silent_since && meter.power_lost_at.has_value() == power_lost && !explained.contains(meter.meter))
                others.push_back(&meter);
        if (others.empty())
            continue;
        outages.push_back(describe(others, others.size()));
        outages.back().power_lost = power_lost;
    }
}

} // namespace

std::string_view place_kind_name(PlaceKind kind)
{
    static constexpr std::array<std::string_view, place_kinds> names{"concentrator", "feeder", "area"};
    return names[index_of(kind)];
}

std::vector<Outage> outages_of(std::span<const WatchedMeter> meters, const OutageOptions& options)
{
    std::vector<Outage> outages;
    std::set<MeterId> explained;
    for (const PlaceKind kind : {PlaceKind::area, PlaceKind::feeder, PlaceKind::concentrator})
        add_common(outages, explained, meters, kind, options);
    add_others(outages, explained, meters);
    return outages;
}

} // namespace releve::engine
