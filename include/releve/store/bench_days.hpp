#pragma once
// What `releve bench query` asks of the database: days written straight into their table, the same readings as one row
// each, and the questions as one would ask them of those rows. As the owner; not for the product.

#include <releve/store/bench_store.hpp>

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace releve::store {

/// A channel's day, as it is stored.
struct BenchDay {
    MeterId meter;
    CivilDay day{};
    ByteView data; // until the next one is asked for
};

/// A month of a channel's day totals, as it is stored.
struct BenchMonth {
    MeterId meter;
    CivilDay month{}, through{};
    ByteView data; // until the next one is asked for
};

class BenchDays {
public:
    explicit BenchDays(const DatabaseAddress& address);
    ~BenchDays();

    static constexpr ChannelId channel{1};

    /// Until `next` gives false; in one transaction. The months must have their partitions.
    void copy_days(const std::function<bool(BenchDay&)>& next);
    void copy_months(const std::function<bool(BenchMonth&)>& next);
    /// An empty table of rows: (meter_id int4, channel int2, ts timestamptz, value int4, rev int4, quality int2), partitioned
    /// by day from..to, primary key (meter_id, channel, ts).
    void make_rows(CivilDay from, CivilDay to);
    void copy_rows(const std::function<bool(BaselineReading&)>& next);
    struct Billed {
        std::uint32_t points = 0;
        std::string model, tariff, parameters, offpeak;
        std::int64_t power_va = 0;
        CivilDay from{};
    };
    /// Usage points 1, 2, ... with the meters 1, 2, ... and a contract each; what is stored counts as complete.
    void make_billed(const Billed& billed);
    /// The month's bill as one query over the rows of meters [first, last]: Wh of peak and off-peak hours by the local time of
    /// day, and cents at these rates.
    struct SqlBill {
        MeterId meter;
        std::int64_t peak_wh = 0, offpeak_wh = 0, cents = 0;
        auto operator<=>(const SqlBill&) const = default;
    };
    [[nodiscard]] std::vector<SqlBill> bills(MeterId first, MeterId last, Instant from, Instant to);
    /// Drafts of runs.
    void forget_bills();
    /// VACUUM ANALYZE of the tables that were written, and what is dirty to disk.
    void settle();

    using Sums = std::vector<std::pair<Instant, std::int64_t>>;
    // Of the rows in [from, to).
    [[nodiscard]] Sums fleet_curve(Instant from, Instant to);
    /// Meters in order of their number.
    [[nodiscard]] std::vector<std::pair<MeterId, std::int64_t>> area_day(std::span<const MeterId> meters, Instant from, Instant to);
    [[nodiscard]] Sums home_month(MeterId meter, Instant from, Instant to);
    /// By the civil day of Paris.
    [[nodiscard]] std::vector<std::pair<CivilDay, std::int64_t>> home_year_daily(MeterId meter, Instant from, Instant to);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
