#pragma once
// What the sources of ApiStore share.

#include "session.hpp"

#include <releve/store/api_store.hpp>

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
    std::string zone;
    Collection collection = Collection::daily;
    std::vector<MeterPeriod> meters;
};

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

/// The channel of that name ("" = main) in the newest model that has it. errc::bad_parameter.
[[nodiscard]] result<const ChannelModel*> choose_channel(const SeenUsagePoint& point,
                                                         const std::string& name);
/// Zones are made once.
[[nodiscard]] result<const Zone*> zone_of(const SeenUsagePoint& point);

} // namespace releve::store
