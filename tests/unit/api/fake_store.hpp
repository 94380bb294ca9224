#pragma once
// A ReadStore in memory: some homes, some meters, tokens of every role. Also behind the fake server of the browser
// journeys, so its figures look like a home's.

#include <releve/api/auth.hpp>
#include <releve/api/routes.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <semaphore>

namespace releve::tests {

inline const std::string own_point = "14123456789012", other_point = "14999999999999", daily_point = "14555555555555",
                         gas_point = "14777777777777";

/// Tokens' texts are their names: "operator", "energy_manager", "household", "auditor", "daily_household",
/// "gas_household" (both energies).
/// Shared by the stores of all database threads.
struct FakeWorld {
    Instant now{};
    std::map<std::string, store::Identity> identities; // by key
    std::map<std::string, store::UsagePointRow> points;
    int meters = 2;
    int scaler = 0;
    bool undone = false; // the correction of 18:00 was taken back again
    std::atomic<bool> database_lost{false};
    std::atomic<int> opened{0}, calls{0};
    /// When set, authenticate waits on it: lets a test hold the database threads.
    std::counting_semaphore<64>* gate = nullptr;
    std::counting_semaphore<64>* entered = nullptr;

    /// What people did and asked for, by its number; corrections are only ever asked for here.
    std::mutex done;
    std::map<std::int64_t, std::vector<store::HandlingRow>> failures_handled, events_handled;
    std::vector<store::CorrectionAsked> corrections_asked;
    std::vector<store::CorrectionRow> corrections;

    /// Of the two whole months before `now` and the one before these: made when they are first asked for (fake_bills.cpp).
    std::vector<store::StoredBill> bills;
    bool bills_stocked = false;
    std::vector<store::CustomerRead> told; // indexes that people read off their meters
    std::string played; // said on every bill
    std::vector<std::pair<std::string, engine::CivilSpan>> bases_read; // what bills were computed of
    api::Services::Book book;

    explicit FakeWorld(Instant at);
    /// Services::tariff_book.
    [[nodiscard]] auto tariff_book()
    {
        return [this](std::int64_t, const std::function<result<std::vector<store::TariffText>>()>& load) -> result<api::Services::Book> {
            RELEVE_CHECK(load());
            return book;
        };
    }
    [[nodiscard]] bool may_see(const store::Identity& who, const std::string& id) const;
};

class FakeStore final : public api::ReadStore {
public:
    explicit FakeStore(FakeWorld& world) : world_(world) { ++world_.opened; }

    result<store::Identity> authenticate(const std::string& key, Instant now) override;
    result<std::vector<store::UsagePointRow>> list_usage_points(const store::Identity& who,
                                                                const store::Page& page) override;
    result<store::UsagePointRow> usage_point(const store::Identity& who, const UsagePointId& id) override;
    result<std::string> zone_name(const store::Identity& who, const UsagePointId& id) override;
    result<store::DailyAnswer> daily(const store::Identity& who, const UsagePointId& id, CivilDay from, CivilDay to,
                                     const std::string& channel, const store::AsOf& as_of) override;
    result<store::ReadingsAnswer> readings(const store::Identity& who, const UsagePointId& id, Instant from,
                                           Instant to, const std::string& channel, const store::AsOf& as_of) override;
    result<std::vector<store::CoefficientRow>> coefficients(const store::Identity& who, const UsagePointId& id,
                                                            const store::Page& page) override;
    result<std::vector<store::LiveRow>> live(const store::Identity& who, const UsagePointId& id) override;
    result<std::vector<store::LiveRow>> live_half_hours(const store::Identity& who, const UsagePointId& id, Instant from,
                                                        Instant to) override;
    result<std::vector<store::AccessRow>> accesses(const store::Identity& who, const UsagePointId& id,
                                                   const store::Page& page) override;
    result<std::vector<store::MeterRow>> list_meters(const store::Identity& who, const store::Page& page,
                                                     Instant now) override;
    result<store::MeterRow> meter(const store::Identity& who, MeterId id, Instant now) override;
    result<std::vector<store::QuarantineRow>> quarantine(const store::Identity& who, const std::string& reason,
                                                         const store::Page& page) override;
    result<std::vector<store::HandledEvent>> events(const store::Identity& who, const store::EventFilter& filter,
                                                const store::Page& page) override;
    result<std::vector<store::GatewayRow>> gateways(const store::Identity& who, const store::Page& page) override;
    result<std::vector<store::CommandShown>> commands(const store::Identity& who, MeterId meter,
                                                      const store::Page& page) override;
    result<store::OperationsSummary> operations(const store::Identity& who, Instant now) override;

    // fake_series.cpp
    result<store::RevisionsAnswer> revisions(const store::Identity& who, const UsagePointId& id, Instant at,
                                             const std::string& channel, const store::AsOf& as_of) override;
    result<store::TotalsAnswer> totals(const store::Identity& who, const UsagePointId& id, engine::Period period,
                                       CivilDay from, CivilDay to, const store::AsOf& as_of) override;
    result<std::vector<store::GroupRow>> groups(const store::Identity& who, const store::Page& page, Instant now) override;
    result<std::vector<store::GroupMemberRow>> group_members(const store::Identity& who, const std::string& group,
                                                             const store::Page& page) override;
    result<store::TotalsAnswer> group_totals(const store::Identity& who, const std::string& group, engine::Period period,
                                             CivilDay from, CivilDay to, const store::AsOf& as_of) override;
    result<store::GroupCurve> group_curve(const store::Identity& who, const std::string& group, Instant from, Instant to,
                                          const store::AsOf& as_of) override;

    // fake_checks.cpp
    result<std::vector<store::FailureRow>> failures(const store::Identity& who, const store::FailureFilter& filter,
                                                    const store::Page& page) override;
    result<store::FailureRow> failure(const store::Identity& who, std::int64_t id) override;
    result<std::vector<store::GapRow>> gaps(const store::Identity& who, const store::GapFilter& filter,
                                            const store::Page& page, Instant now) override;
    result<std::vector<store::BreachRow>> breaches(const store::Identity& who, const store::Page& page) override;
    result<std::vector<store::JobRow>> jobs(const store::Identity& who, const store::Page& page) override;
    result<store::CorrectionRow> correct(const store::Identity& who, const store::CorrectionAsked& asked) override;
    result<store::CorrectionRow> correction(const store::Identity& who, std::int64_t id) override;
    result<std::vector<store::HandlingRow>> handle_event(const store::Identity& who, std::int64_t event,
                                                         const std::string& step, const std::string& note) override;
    result<std::vector<store::HandlingRow>> handle_failure(const store::Identity& who, std::int64_t failure,
                                                           const std::string& step, const std::string& note) override;
    result<std::vector<store::CollectionRate>> collection_rates(const store::Identity& who, CivilDay day,
                                                                const std::string& by) override;
    result<store::MorningReport> morning(const store::Identity& who, Instant now) override;

    // fake_bills.cpp
    result<store::BillBasis> bill_basis(const store::Identity& who, const UsagePointId& id, engine::CivilSpan span,
                                        const std::optional<store::Knowledge>& known) override;
    result<std::vector<store::TariffText>> tariffs(const store::Identity& who, std::optional<std::int64_t> terms) override;
    result<store::StoredBill> save_bill(const store::Identity& who, const store::NewBill& bill) override;
    result<std::vector<store::StoredBill>> bills(const store::Identity& who, const UsagePointId& id,
                                                 const store::Page& page) override;
    result<store::StoredBill> bill(const store::Identity& who, const UsagePointId& id, std::int64_t bill) override;
    result<store::StoredBill> set_bill_state(const store::Identity& who, const UsagePointId& id, std::int64_t bill,
                                             store::BillState state, const std::string& reason) override;
    result<store::CustomerRead> tell_index(const store::Identity& who, const UsagePointId& id, const store::CustomerRead& read, Instant now) override;
    result<std::vector<store::CustomerRead>> told_indexes(const store::Identity& who, const UsagePointId& id, const store::Page& page) override;
    void ping() override;

private:
    FakeWorld& world_;
};

/// Watts of the half-hour that starts at `start`; nothing where this home's readings are missing.
[[nodiscard]] std::optional<std::int64_t> fake_power_w(Instant start, Instant now);
/// A batch began each second since 1970.
[[nodiscard]] std::optional<BatchNumber> number_of(const store::AsOf& as_of);
/// What is read of it. On one day in five two half-hours from 15:00 on are estimates, and the one at 18:00 was corrected.
[[nodiscard]] std::optional<store::ReadingRow> fake_reading(Instant start, Instant now);
[[nodiscard]] engine::DaySummary fake_day(CivilDay day, Instant now);

// fake_tariffs.cpp: a supplier's offer with peak and off-peak hours; its prices rise with the last month.
/// First of the month that `now` lies in, or of one before.
[[nodiscard]] CivilDay month_before(Instant now, int months);
[[nodiscard]] engine::TariffBook fake_book(Instant now);
/// As they would be stored; the second edition of the offer since version 2.
[[nodiscard]] std::vector<store::TariffText> fake_tariff_texts();

} // namespace releve::tests
