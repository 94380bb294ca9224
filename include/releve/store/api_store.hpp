#pragma once
// What REST handlers read, as role releve_api under row-level security. One object = one connection = one
// database thread. Every read of a person's data writes an access row in the same transaction. A row one may
// not see does not exist: errc::not_found. A lost connection throws; api/pool turns it into
// errc::unavailable.

#include <releve/store/database.hpp>
#include <releve/store/billing_records.hpp>
#include <releve/store/records.hpp>
#include <releve/store/validated_records.hpp>

#include <memory>

namespace releve::store {

struct Page {
    int limit = 100;   // 1..1000
    std::string after; // the last key of the page before, empty for the first
};

class ApiStore {
public:
    ApiStore(DatabaseAddress address, ModelLookup models);
    ~ApiStore();

    /// `key` = SHA-256 (hex) of the token's text. errc::unauthorized for unknown, expired or revoked.
    [[nodiscard]] result<Identity> authenticate(const std::string& key, Instant now);

    [[nodiscard]] result<std::vector<UsagePointRow>> list_usage_points(const Identity& who, const Page& page);
    [[nodiscard]] result<UsagePointRow> usage_point(const Identity& who, const UsagePointId& id);
    /// In which its days are cut; not noted as an access: it is asked for on the way to what is.
    [[nodiscard]] result<std::string> zone_name(const Identity& who, const UsagePointId& id);
    /// [from, to): civil days of the usage point. channel: name, empty = the model's main channel.
    /// The same `as_of` gives the same answer whatever was committed since, and whatever clocks did:
    /// half-hours and register reads by the batch that brought them, totals of a home that keeps only those
    /// from the batch that made the day complete. errc::bad_parameter for what is not known yet.
    /// Of a register channel: differences of its indexes; of gas with the energy by the conversion coefficient, which is
    /// never stored. Under `as_of` the coefficient known at that instant, or when that batch was committed.
    [[nodiscard]] result<DailyAnswer> daily(const Identity& who, const UsagePointId& id, CivilDay from,
                                            CivilDay to, const std::string& channel, const AsOf& as_of = {});
    /// [from, to). errc::daily_only when only totals are kept; with `as_of` also for registers then, because
    /// reads that would tell the curve are let go of.
    [[nodiscard]] result<ReadingsAnswer> readings(const Identity& who, const UsagePointId& id, Instant from,
                                                  Instant to, const std::string& channel,
                                                  const AsOf& as_of = {});
    /// Every coefficient that is or was believed in, by id.
    [[nodiscard]] result<std::vector<CoefficientRow>> coefficients(const Identity& who, const UsagePointId& id,
                                                                   const Page& page);
    /// Of the household's own dongle. errc::daily_only as for readings.
    [[nodiscard]] result<std::vector<LiveRow>> live(const Identity& who, const UsagePointId& id);
    [[nodiscard]] result<std::vector<LiveRow>> live_half_hours(const Identity& who, const UsagePointId& id,
                                                               Instant from, Instant to);
    [[nodiscard]] result<std::vector<AccessRow>> accesses(const Identity& who, const UsagePointId& id,
                                                          const Page& page);
    [[nodiscard]] result<std::vector<MeterRow>> list_meters(const Identity& who, const Page& page,
                                                            Instant now);
    [[nodiscard]] result<MeterRow> meter(const Identity& who, MeterId id, Instant now);
    [[nodiscard]] result<std::vector<QuarantineRow>> quarantine(const Identity& who,
                                                                const std::string& reason, const Page& page);
    /// What meters reported about themselves, newest first.
    [[nodiscard]] result<std::vector<HandledEvent>> events(const Identity& who, const EventFilter& filter,
                                                       const Page& page);
    [[nodiscard]] result<std::vector<GatewayRow>> gateways(const Identity& who, const Page& page);
    /// Newest first. errc::not_found for a meter that the token may not see.
    [[nodiscard]] result<std::vector<CommandShown>> commands(const Identity& who, MeterId meter, const Page& page);
    [[nodiscard]] result<OperationsSummary> operations(const Identity& who, Instant now);

    // ---- readings one can bill on (api_series.cpp, api_revisions.cpp, api_totals.cpp, api_groups.cpp)

    /// All that was ever known of the interval that holds `at`, as far as `as_of` knows. errc::daily_only as for readings.
    [[nodiscard]] result<RevisionsAnswer> revisions(const Identity& who, const UsagePointId& id, Instant at,
                                                    const std::string& channel, const AsOf& as_of = {});
    /// [from, to) civil days, by periods that touch them. Of electricity: drawn and injected; of gas: errc::bad_parameter.
    [[nodiscard]] result<TotalsAnswer> totals(const Identity& who, const UsagePointId& id, engine::Period period,
                                              CivilDay from, CivilDay to, const AsOf& as_of = {});
    [[nodiscard]] result<std::vector<GroupRow>> groups(const Identity& who, const Page& page, Instant now);
    /// errc::not_found for a group that the token may not see. Members that it may not see are left out.
    [[nodiscard]] result<std::vector<GroupMemberRow>> group_members(const Identity& who, const std::string& group, const Page& page);
    [[nodiscard]] result<TotalsAnswer> group_totals(const Identity& who, const std::string& group, engine::Period period,
                                                    CivilDay from, CivilDay to, const AsOf& as_of = {});
    /// Half-hours in [from, to).
    [[nodiscard]] result<GroupCurve> group_curve(const Identity& who, const std::string& group, Instant from, Instant to,
                                                 const AsOf& as_of = {});

    // ---- exceptions and the fleet (api_checks.cpp, api_morning.cpp)

    [[nodiscard]] result<std::vector<FailureRow>> failures(const Identity& who, const FailureFilter& filter, const Page& page);
    [[nodiscard]] result<FailureRow> failure(const Identity& who, std::int64_t id);
    [[nodiscard]] result<std::vector<GapRow>> gaps(const Identity& who, const GapFilter& filter, const Page& page, Instant now);
    [[nodiscard]] result<std::vector<BreachRow>> breaches(const Identity& who, const Page& page);
    [[nodiscard]] result<std::vector<JobRow>> jobs(const Identity& who, const Page& page);
    /// Asks the collector; the row says later what became of it. Operators only.
    [[nodiscard]] result<CorrectionRow> correct(const Identity& who, const CorrectionAsked& asked);
    [[nodiscard]] result<CorrectionRow> correction(const Identity& who, std::int64_t id);
    /// step: taken, noted, closed, reopened. errc::bad_parameter for another, errc::not_found for what is not seen.
    [[nodiscard]] result<std::vector<HandlingRow>> handle_event(const Identity& who, std::int64_t event, const std::string& step,
                                                                const std::string& note);
    [[nodiscard]] result<std::vector<HandlingRow>> handle_failure(const Identity& who, std::int64_t failure, const std::string& step,
                                                                  const std::string& note);
    /// by: hour, concentrator, area, group; of one civil day, in the order of the names.
    [[nodiscard]] result<std::vector<CollectionRate>> collection_rates(const Identity& who, CivilDay day, const std::string& by);
    /// Since 18:00 of the civil day before `now`.
    [[nodiscard]] result<MorningReport> morning(const Identity& who, Instant now);

    // ---- bills (api_bills.cpp)

    /// What bills of the usage point rest on; all that is known now if `known` is empty. errc::bad_parameter.
    [[nodiscard]] result<BillBasis> bill_basis(const Identity& who, const UsagePointId& id, engine::CivilSpan span,
                                               const std::optional<Knowledge>& known);
    /// As known at the version, or now. For all roles: prices are nobody's secret.
    [[nodiscard]] result<std::vector<TariffText>> tariffs(const Identity& who, std::optional<std::int64_t> terms);
    /// Operators and energy managers. A draft; errc::forbidden, errc::bill_state.
    [[nodiscard]] result<StoredBill> save_bill(const Identity& who, const NewBill& bill);
    /// Newest first.
    [[nodiscard]] result<std::vector<StoredBill>> bills(const Identity& who, const UsagePointId& id, const Page& page);
    [[nodiscard]] result<StoredBill> bill(const Identity& who, const UsagePointId& id, std::int64_t bill);
    [[nodiscard]] result<StoredBill> set_bill_state(const Identity& who, const UsagePointId& id, std::int64_t bill, BillState state,
                                                    const std::string& reason);
    /// Id, unit and told_at are filled in. errc::bad_parameter: a register, value or time that cannot be.
    [[nodiscard]] result<CustomerRead> tell_index(const Identity& who, const UsagePointId& id, const CustomerRead& read, Instant now);
    /// Newest first.
    [[nodiscard]] result<std::vector<CustomerRead>> told_indexes(const Identity& who, const UsagePointId& id, const Page& page);
    /// Throws when the database does not answer.
    void ping();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
