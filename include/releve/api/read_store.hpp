#pragma once
// What handlers ask of the database: mostly to read; also to note what a person did, and to ask for a correction. Two
// implementations: the adapter over store::ApiStore and the tests' fake. One object belongs to one database thread. A lost
// connection throws; ReadPool turns that into errc::unavailable.

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
    [[nodiscard]] virtual result<std::vector<store::HandledEvent>>
    events(const store::Identity& who, const store::EventFilter& filter, const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::GatewayRow>> gateways(const store::Identity& who,
                                                                          const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::CommandShown>> commands(const store::Identity& who, MeterId meter,
                                                                            const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::OperationsSummary> operations(const store::Identity& who, Instant now) = 0;

    [[nodiscard]] virtual result<store::RevisionsAnswer> revisions(const store::Identity& who, const UsagePointId& id, Instant at,
                                                                   const std::string& channel, const store::AsOf& as_of) = 0;
    [[nodiscard]] virtual result<store::TotalsAnswer> totals(const store::Identity& who, const UsagePointId& id,
                                                             engine::Period period, CivilDay from, CivilDay to,
                                                             const store::AsOf& as_of) = 0;
    [[nodiscard]] virtual result<std::vector<store::GroupRow>> groups(const store::Identity& who, const store::Page& page,
                                                                      Instant now) = 0;
    [[nodiscard]] virtual result<std::vector<store::GroupMemberRow>>
    group_members(const store::Identity& who, const std::string& group, const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::TotalsAnswer> group_totals(const store::Identity& who, const std::string& group,
                                                                   engine::Period period, CivilDay from, CivilDay to,
                                                                   const store::AsOf& as_of) = 0;
    [[nodiscard]] virtual result<store::GroupCurve> group_curve(const store::Identity& who, const std::string& group, Instant from,
                                                                Instant to, const store::AsOf& as_of) = 0;

    [[nodiscard]] virtual result<std::vector<store::FailureRow>>
    failures(const store::Identity& who, const store::FailureFilter& filter, const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::FailureRow> failure(const store::Identity& who, std::int64_t id) = 0;
    [[nodiscard]] virtual result<std::vector<store::GapRow>> gaps(const store::Identity& who, const store::GapFilter& filter,
                                                                  const store::Page& page, Instant now) = 0;
    [[nodiscard]] virtual result<std::vector<store::BreachRow>> breaches(const store::Identity& who, const store::Page& page) = 0;
    [[nodiscard]] virtual result<std::vector<store::JobRow>> jobs(const store::Identity& who, const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::CorrectionRow> correct(const store::Identity& who,
                                                               const store::CorrectionAsked& asked) = 0;
    [[nodiscard]] virtual result<store::CorrectionRow> correction(const store::Identity& who, std::int64_t id) = 0;
    [[nodiscard]] virtual result<std::vector<store::HandlingRow>> handle_event(const store::Identity& who, std::int64_t event,
                                                                               const std::string& step,
                                                                               const std::string& note) = 0;
    [[nodiscard]] virtual result<std::vector<store::HandlingRow>> handle_failure(const store::Identity& who, std::int64_t failure,
                                                                                 const std::string& step,
                                                                                 const std::string& note) = 0;
    [[nodiscard]] virtual result<std::vector<store::CollectionRate>>
    collection_rates(const store::Identity& who, CivilDay day, const std::string& by) = 0;
    [[nodiscard]] virtual result<store::MorningReport> morning(const store::Identity& who, Instant now) = 0;
    [[nodiscard]] virtual result<store::BillBasis> bill_basis(const store::Identity& who, const UsagePointId& id, engine::CivilSpan span,
                                                              const std::optional<store::Knowledge>& known) = 0;
    [[nodiscard]] virtual result<std::vector<store::TariffText>> tariffs(const store::Identity& who, std::optional<std::int64_t> terms) = 0;
    [[nodiscard]] virtual result<store::StoredBill> save_bill(const store::Identity& who, const store::NewBill& bill) = 0;
    [[nodiscard]] virtual result<std::vector<store::StoredBill>> bills(const store::Identity& who, const UsagePointId& id,
                                                                       const store::Page& page) = 0;
    [[nodiscard]] virtual result<store::StoredBill> bill(const store::Identity& who, const UsagePointId& id, std::int64_t bill) = 0;
    [[nodiscard]] virtual result<store::StoredBill> set_bill_state(const store::Identity& who, const UsagePointId& id, std::int64_t bill,
                                                                   store::BillState state, const std::string& reason) = 0;
    [[nodiscard]] virtual result<store::CustomerRead> tell_index(const store::Identity& who, const UsagePointId& id,
                                                                 const store::CustomerRead& read, Instant now) = 0;
    [[nodiscard]] virtual result<std::vector<store::CustomerRead>> told_indexes(const store::Identity& who, const UsagePointId& id,
                                                                                const store::Page& page) = 0;
    virtual void ping() = 0;
};

/// Called on the database thread that will own the result, again after a lost connection; may throw.
using StoreFactory = std::function<std::unique_ptr<ReadStore>()>;

/// The real one: a connection as role releve_api per call of the factory.
[[nodiscard]] StoreFactory database_stores(store::DatabaseAddress address, store::ModelLookup models);

} // namespace releve::api
