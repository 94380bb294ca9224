#pragma once
// Many bills at a time: the readings of thousands of usage points in a few binary statements, and their bills in one
// transaction. As role releve_work. One object = one connection = one thread.

#include <releve/store/billing_records.hpp>
#include <releve/store/database.hpp>

#include <functional>
#include <memory>
#include <span>

namespace releve::store {

/// A usage point that is to be billed.
struct BulkPoint {
    UsagePointId id;
    /// One meter, one contract and one set of off-peak windows over all of the days, electricity: what bulk() reads. Of all
    /// others only `id` is set; BillingStore::basis tells about them.
    bool plain = false;
    MeterId meter;
    std::string model, zone, played;
    Collection collection = Collection::daily;
    engine::ContractTerms terms;
    std::vector<engine::DayWindow> offpeak; // empty: none known
};

struct BulkRun {
    std::int64_t id = 0;
    engine::CivilSpan span;
    std::string group;
    Knowledge known;
    std::int64_t tariffs = 0; // see BillBasis
};
struct BulkBill {
    UsagePointId usage_point;
    Cents total;
    std::int64_t energy_wh = 0;
    engine::Rests rests{};
    std::string document;
};

class BillBulk {
public:
    explicit BillBulk(const DatabaseAddress& address);
    ~BillBulk();

    /// With what is known now. errc::not_found: the group.
    [[nodiscard]] result<BulkRun> begin(engine::CivilSpan span, const std::string& group);
    /// errc::not_found; errc::bill_state: it is finished.
    [[nodiscard]] result<BulkRun> resume(std::int64_t run);
    void finish(std::int64_t run);
    [[nodiscard]] bool exists(std::int64_t run);
    /// Points that could not be billed, and why; by id.
    [[nodiscard]] std::vector<std::pair<UsagePointId, std::string>> failures(std::int64_t run, int limit);
    /// After `after`, in order; none: that was all. Of the run's group, where it has one.
    [[nodiscard]] std::vector<UsagePointId> next(const BulkRun& run, const std::string& after, int limit);
    /// Those of them with a contract in the span, with neither a bill nor a failure of this run, and without an issued bill of any
    /// of these days: such a one would be corrected, not made again.
    [[nodiscard]] std::vector<BulkPoint> points(const BulkRun& run, std::span<const UsagePointId> ids);
    [[nodiscard]] std::int64_t count(const BulkRun& run);
    /// Usage points that are left out because a bill of some of these days was issued.
    [[nodiscard]] std::int64_t count_issued(const BulkRun& run);

    struct Day {
        std::size_t meter = 0; // index into those given
        CivilDay day{};
        std::int64_t batch = 0;
        ByteView data; // during the call
    };
    /// Stored days of a channel of the meters. `overlaid`: those with estimates or edits in these days, or with days that later
    /// batches changed: BillingStore::basis tells about them.
    void read_days(std::span<const MeterId> meters, ChannelId channel, engine::CivilSpan span, BatchNumber batch,
                   const std::function<void(const Day&)>& use, std::vector<std::size_t>& overlaid);
    /// All register reads of the days, by meter and day.
    void read_registers(std::span<const MeterId> meters, engine::CivilSpan days, const std::function<void(const Day&)>& use);

    /// Drafts of the run, and why there are none of others; in one transaction.
    void save(const BulkRun& run, std::span<const BulkBill> bills, std::span<const std::pair<UsagePointId, std::string>> failures);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
