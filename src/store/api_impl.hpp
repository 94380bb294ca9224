#pragma once
// What the sources of ApiStore share.

#include "session.hpp"

#include <releve/store/api_store.hpp>

#include <map>

namespace releve::store {

/// Where a meter was, as far as it concerns one usage point.
struct MeterPeriod {
    MeterId meter;
    const MeterModel* model = nullptr; // null: no file of that name is loaded
    Validity validity;
};

/// A usage point that the token may see, with its meters by time.
struct SeenUsagePoint {
    UsagePointId id;
    std::string zone, energy;
    Collection collection = Collection::daily;
    std::vector<MeterPeriod> meters; // those that count what is consumed; a household's dongle is none of them
};

/// Those that are or were installed there, by time.
[[nodiscard]] std::vector<MeterPeriod> meter_periods(Work& work, const UsagePointId& id, const ModelLookup& models);
/// errc::not_found, by name.
[[nodiscard]] result<SeenUsagePoint> find_usage_point(Work& work, const UsagePointId& id, const ModelLookup& models);

struct ApiStore::Impl {
    Session session;
    ModelLookup models;

    /// A transaction in which row-level security knows who asks.
    template <class Body>
    auto as(const Identity& who, Body body)
    {
        return session.transaction([&](Work& work) {
            work.run("SELECT set_config('releve.token', $1, true)", {who.key});
            return body(work);
        });
    }
    /// errc::not_found when there is none, or none that the token may see.
    [[nodiscard]] result<SeenUsagePoint> see(Work& work, const UsagePointId& id) const;
};

struct AccessNote {
    const UsagePointId& usage_point;
    const char* what;
    std::optional<CivilDay> from, to;
};
/// The row that tells the person who looked.
void note_access(Work& work, const Identity& who, const AccessNote& note);

/// Auditors see who read, not what: errc::forbidden.
[[nodiscard]] result<void> may_read(const Identity& who);

struct DaysWanted {
    CivilDay from{}, to{};            // to is not included
    std::string channel;              // name of the chosen channel
    std::optional<BatchNumber> as_of; // what later batches brought is not looked at
};
/// The number that `as_of` stands for; nothing when all that is stored is wanted. errc::bad_parameter.
[[nodiscard]] result<std::optional<BatchNumber>> resolve(Work& work, const AsOf& as_of);
/// A meter's reads of all channels.
[[nodiscard]] result<std::map<CivilDay, RegisterBlock>> load_registers(Work& work, MeterId meter,
                                                                       const DaysWanted& wanted);
/// The channel as this meter's own model numbers it.
[[nodiscard]] const ChannelModel* channel_of(const MeterPeriod& period, const std::string& name);

/// What a register counted by days, in api_gas.cpp.
[[nodiscard]] result<RegisterDays> register_days(Work& work, const SeenUsagePoint& point, const ChannelModel& channel,
                                                 const DaysWanted& wanted, const AsOf& as_of);

/// The channel of that name ("" = main) in the newest model that has it. errc::bad_parameter.
/// A usage point without a meter has empty days of half-hours, or gas days.
[[nodiscard]] result<const ChannelModel*> choose_channel(const SeenUsagePoint& point,
                                                         const std::string& name);
/// Zones are made once.
[[nodiscard]] result<const Zone*> zone_of(const SeenUsagePoint& point);

} // namespace releve::store
