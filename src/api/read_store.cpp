#include <releve/api/read_store.hpp>

namespace releve::api {
namespace {

class DatabaseStore final : public ReadStore {
public:
    DatabaseStore(const store::DatabaseAddress& address, const store::ModelLookup& models) : store_(address, models) {}

    result<store::Identity> authenticate(const std::string& key, Instant now) override
    {
        return store_.authenticate(key, now);
    }
    result<std::vector<store::UsagePointRow>> list_usage_points(const store::Identity& who,
                                                                const store::Page& page) override
    {
        return store_.list_usage_points(who, page);
    }
    result<store::UsagePointRow> usage_point(const store::Identity& who, const UsagePointId& id) override
    {
        return store_.usage_point(who, id);
    }
    result<std::string> zone_name(const store::Identity& who, const UsagePointId& id) override
    {
        return store_.zone_name(who, id);
    }
    result<store::DailyAnswer> daily(const store::Identity& who, const UsagePointId& id, CivilDay from, CivilDay to,
                                     const std::string& channel, const store::AsOf& as_of) override
    {
        return store_.daily(who, id, from, to, channel, as_of);
    }
    result<store::ReadingsAnswer> readings(const store::Identity& who, const UsagePointId& id, Instant from,
                                           Instant to, const std::string& channel, const store::AsOf& as_of) override
    {
        return store_.readings(who, id, from, to, channel, as_of);
    }
    result<std::vector<store::CoefficientRow>> coefficients(const store::Identity& who, const UsagePointId& id,
                                                            const store::Page& page) override
    {
        return store_.coefficients(who, id, page);
    }
    result<std::vector<store::LiveRow>> live(const store::Identity& who, const UsagePointId& id) override
    {
        return store_.live(who, id);
    }
    result<std::vector<store::LiveRow>> live_half_hours(const store::Identity& who, const UsagePointId& id, Instant from,
                                                        Instant to) override
    {
        return store_.live_half_hours(who, id, from, to);
    }
    result<std::vector<store::AccessRow>> accesses(const store::Identity& who, const UsagePointId& id,
                                                   const store::Page& page) override
    {
        return store_.accesses(who, id, page);
    }
    result<std::vector<store::MeterRow>> list_meters(const store::Identity& who, const store::Page& page,
                                                     Instant now) override
    {
        return store_.list_meters(who, page, now);
    }
    result<store::MeterRow> meter(const store::Identity& who, MeterId id, Instant now) override
    {
        return store_.meter(who, id, now);
    }
    result<std::vector<store::QuarantineRow>> quarantine(const store::Identity& who, const std::string& reason,
                                                         const store::Page& page) override
    {
        return store_.quarantine(who, reason, page);
    }
    result<std::vector<store::HandledEvent>> events(const store::Identity& who, const store::EventFilter& filter,
                                                const store::Page& page) override
    {
        return store_.events(who, filter, page);
    }
    result<std::vector<store::GatewayRow>> gateways(const store::Identity& who, const store::Page& page) override
    {
        return store_.gateways(who, page);
    }
    result<std::vector<store::CommandShown>> commands(const store::Identity& who, MeterId meter,
                                                      const store::Page& page) override
    {
        return store_.commands(who, meter, page);
    }
    result<store::OperationsSummary> operations(const store::Identity& who, Instant now) override
    {
        return store_.operations(who, now);
    }
    result<store::RevisionsAnswer> revisions(const store::Identity& who, const UsagePointId& id, Instant at,
                                             const std::string& channel, const store::AsOf& as_of) override
    {
        return store_.revisions(who, id, at, channel, as_of);
    }
    result<store::TotalsAnswer> totals(const store::Identity& who, const UsagePointId& id, engine::Period period,
                                       CivilDay from, CivilDay to, const store::AsOf& as_of) override
    {
        return store_.totals(who, id, period, from, to, as_of);
    }
    result<std::vector<store::GroupRow>> groups(const store::Identity& who, const store::Page& page, Instant now) override
    {
        return store_.groups(who, page, now);
    }
    result<std::vector<store::GroupMemberRow>> group_members(const store::Identity& who, const std::string& group,
                                                             const store::Page& page) override
    {
        return store_.group_members(who, group, page);
    }
    result<store::TotalsAnswer> group_totals(const store::Identity& who, const std::string& group, engine::Period period,
                                             CivilDay from, CivilDay to, const store::AsOf& as_of) override
    {
        return store_.group_totals(who, group, period, from, to, as_of);
    }
    result<store::GroupCurve> group_curve(const store::Identity& who, const std::string& group, Instant from, Instant to,
                                          const store::AsOf& as_of) override
    {
        return store_.group_curve(who, group, from, to, as_of);
    }
    result<std::vector<store::FailureRow>> failures(const store::Identity& who, const store::FailureFilter& filter,
                                                    const store::Page& page) override
    {
        return store_.failures(who, filter, page);
    }
    result<store::FailureRow> failure(const store::Identity& who, std::int64_t id) override
    {
        return store_.failure(who, id);
    }
    result<std::vector<store::GapRow>> gaps(const store::Identity& who, const store::GapFilter& filter,
                                            const store::Page& page, Instant now) override
    {
        return store_.gaps(who, filter, page, now);
    }
    result<std::vector<store::BreachRow>> breaches(const store::Identity& who, const store::Page& page) override
    {
        return store_.breaches(who, page);
    }
    result<std::vector<store::JobRow>> jobs(const store::Identity& who, const store::Page& page) override
    {
        return store_.jobs(who, page);
    }
    result<store::CorrectionRow> correct(const store::Identity& who, const store::CorrectionAsked& asked) override
    {
        return store_.correct(who, asked);
    }
    result<store::CorrectionRow> correction(const store::Identity& who, std::int64_t id) override
    {
        return store_.correction(who, id);
    }
    result<std::vector<store::HandlingRow>> handle_event(const store::Identity& who, std::int64_t event,
                                                         const std::string& step, const std::string& note) override
    {
        return store_.handle_event(who, event, step, note);
    }
    result<std::vector<store::HandlingRow>> handle_failure(const store::Identity& who, std::int64_t failure,
                                                           const std::string& step, const std::string& note) override
    {
        return store_.handle_failure(who, failure, step, note);
    }
    result<std::vector<store::CollectionRate>> collection_rates(const store::Identity& who, CivilDay day,
                                                                const std::string& by) override
    {
        return store_.collection_rates(who, day, by);
    }
    result<store::MorningReport> morning(const store::Identity& who, Instant now) override
    {
        return store_.morning(who, now);
    }
    result<store::BillBasis> bill_basis(const store::Identity& who, const UsagePointId& id, engine::CivilSpan span,
                                        const std::optional<store::Knowledge>& known) override
    {
        return store_.bill_basis(who, id, span, known);
    }
    result<std::vector<store::TariffText>> tariffs(const store::Identity& who, std::optional<std::int64_t> terms) override
    {
        return store_.tariffs(who, terms);
    }
    result<store::StoredBill> save_bill(const store::Identity& who, const store::NewBill& bill) override { return store_.save_bill(who, bill); }
    result<std::vector<store::StoredBill>> bills(const store::Identity& who, const UsagePointId& id, const store::Page& page) override
    {
        return store_.bills(who, id, page);
    }
    result<store::StoredBill> bill(const store::Identity& who, const UsagePointId& id, std::int64_t number) override
    {
        return store_.bill(who, id, number);
    }
    result<store::StoredBill> set_bill_state(const store::Identity& who, const UsagePointId& id, std::int64_t number, store::BillState state,
                                             const std::string& reason) override
    {
        return store_.set_bill_state(who, id, number, state, reason);
    }
    result<store::CustomerRead> tell_index(const store::Identity& who, const UsagePointId& id, const store::CustomerRead& read, Instant now) override
    {
        return store_.tell_index(who, id, read, now);
    }
    result<std::vector<store::CustomerRead>> told_indexes(const store::Identity& who, const UsagePointId& id, const store::Page& page) override
    {
        return store_.told_indexes(who, id, page);
    }
    void ping() override { store_.ping(); }

private:
    store::ApiStore store_;
};

} // namespace

StoreFactory database_stores(store::DatabaseAddress address, store::ModelLookup models)
{
    return [address = std::move(address), models = std::move(models)]() -> std::unique_ptr<ReadStore> {
        return std::make_unique<DatabaseStore>(address, models);
    };
}

} // namespace releve::api
