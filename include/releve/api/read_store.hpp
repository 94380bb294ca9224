#pragma once
// What handlers ask of the database. Two implementations: the adapter over store::ApiStore and the tests' fake.
// One object belongs to one database thread. A lost connection throws; ReadPool turns that into errc::unavailable.

#include <releve/store/api_store.hpp>

#include <functional>
#include <memory>

namespace releve::api {

/// Same contracts as store::ApiStore, function by function.
class ReadStore {
public:
    virtual ~ReadStore() = default;

    [[nodiscard]] virtual result<store::Identity> authenticate(const std::string& key, Instant now) = 0;
    [[nodiscard]] virtual result<std::vector<store::UsagePointRow>> list_usage_points(const store::Identity& who,
                                                                                      const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::UsagePointRow> usage_point(const store::Identity& who,
                                                                   const UsagePointId& id) = 0;
    [[nodiscard]] virtual result<std::string> zone_name(const store::Identity& who, const UsagePointId& id) = 0;
    [[nodiscard]] virtual result<store::DailyAnswer> daily(const store::Identity& who, const UsagePointId& id,
                                                           CivilDay from, CivilDay to,
                                                           const std::string& channel,
                                                           const store::AsOf& as_of) = 0;
    [[nodiscard]] virtual result<store::ReadingsAnswer> readings(const store::Identity& who,
                                                                 const UsagePointId& id, Instant from, Instant to,
                                                                 const std::string& channel,
                                                                 const store::AsOf& as_of) = 0;
    [[nodiscard]] virtual result<std::vector<store::CoefficientRow>>
    coefficients(const store::Identity& who, const UsagePointId& id, const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::LiveRow>> live(const store::Identity& who,
                                                                   const UsagePointId& id) = 0;
    [[nodiscard]] virtual result<std::vector<store::LiveRow>> live_half_hours(const store::Identity& who,
                                                                              const UsagePointId& id, Instant from,
                                                                              Instant to) = 0;
    [[nodiscard]] virtual result<std::vector<store::AccessRow>> accesses(const store::Identity& who,
                                                                         const UsagePointId& id,
                                                                         const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::MeterRow>> list_meters(const store::Identity& who,
                                                                           const store::Page& page, Instant now) = 0;
    [[nodiscard]] virtual result<store::MeterRow> meter(const store::Identity& who, MeterId id, Instant now) = 0;
    [[nodiscard]] virtual result<std::vector<store::QuarantineRow>>
    quarantine(const store::Identity& who, const std::string& reason, const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::EventRow>>
    events(const store::Identity& who, const store::EventFilter& filter, const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::GatewayRow>> gateways(const store::Identity& who,
                                                                          const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::CommandShown>> commands(const store::Identity& who, MeterId meter,
                                                                            const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::OperationsSummary> operations(const store::Identity& who, Instant now) = 0;
    virtual void ping() = 0;
};

/// Called on the database thread that will own the result, again after a lost connection; may throw.
using StoreFactory = std::function<std::unique_ptr<ReadStore>()>;

/// The real one: a connection as role releve_api per call of the factory.
[[nodiscard]] StoreFactory database_stores(store::DatabaseAddress address, store::ModelLookup models);

} // namespace releve::api
