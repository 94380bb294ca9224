#pragma once
// Questions over many meters, or much of one, answered from the stored days. As the role releve_work, to which no
// row-level policy applies: who may ask what is decided by the caller. Measured values only; no overlay, but in stored totals.

#include <releve/core/ids.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/core/time.hpp>
#include <releve/store/database.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace releve::store {

namespace fleet_limits {
inline constexpr std::size_t meters_max = 10'000; // of area_day and area_day_totals
inline constexpr int days_max = 366;              // of a home
inline constexpr int connections_max = 8;
} // namespace fleet_limits

/// A channel's day of a whole fleet, slot by slot, in the channel's unit and scaler.
struct FleetCurve {
    struct Slot {
        std::int64_t sum = 0;
        std::int64_t meters = 0; // that have a value in it
        bool operator==(const Slot&) const = default;
    };
    Instant first{};
    Seconds step{0};
    std::vector<Slot> slots;       // 46, 48 or 50 half-hours
    std::int64_t meters = 0;       // with a day of this shape
    std::int64_t other_shapes = 0; // days with another step, start or length: not summed
    bool operator==(const FleetCurve&) const = default;
};

struct DayEnergy {
    std::int64_t energy_wh = 0; // of the slots there are, as engine::summarise has it
    int slots = 0, missing = 0;
    Quality quality = Quality::missing; // worst of the slots; incomplete if some are missing
    bool operator==(const DayEnergy&) const = default;
};
struct EnergyOfDay {
    CivilDay day{};
    DayEnergy energy;
    bool operator==(const EnergyOfDay&) const = default;
};
struct TimedValue {
    Instant start{};
    std::int64_t value = 0;
    bool operator==(const TimedValue&) const = default;
};

/// One caller at a time. A lost connection or a refused statement is an exception; a new object connects anew.
class FleetStore {
public:
    struct Options {
        int connections = 2;      // that a whole fleet is read with, each on a thread
        int portion_pages = 256;  // of the table, that it asks for at once: some 20,000 meters
    };
    explicit FleetStore(DatabaseAddress address);
    FleetStore(DatabaseAddress address, const Options& options);
    ~FleetStore();

    /// The sum over all meters with a channel of this number. What is committed when it begins counts, on all
    /// connections alike. Reads the day's whole month, or the part of it that its index by day names.
    /// errc::bad_value if a sum would not fit 64 bits or the step is not positive, errc::bad_block.
    [[nodiscard]] result<FleetCurve> fleet_curve(CivilDay day, const ChannelModel& channel, const Zone& zone);
    /// A stored day: on which of the threads (0 to Options::connections - 1), whose, and its block, which is there for the call.
    using VisitDay = std::function<result<void>(std::size_t thread, MeterId meter, ByteView block)>;
    /// The day of every meter with a channel of this number, in no order, as fleet_curve reads it. `visit` is called on several
    /// threads at a time; its first error of each thread ends that thread's part, and one of them is what this gives.
    [[nodiscard]] result<void> for_each_day(CivilDay day, ChannelId channel, const VisitDay& visit);
    /// In the order asked; nothing where no day is stored. errc::bad_parameter for more than meters_max,
    /// errc::bad_value (out of range), errc::bad_block.
    [[nodiscard]] result<std::vector<std::optional<DayEnergy>>> area_day(std::span<const MeterId> meters, CivilDay day,
                                                                         const ChannelModel& channel);
    /// The same from the totals of days that are stored by month (interval_month), with what was estimated and corrected; nothing
    /// where they do not tell the day: it has no readings, is later than what was summed, or is due for checks.
    /// errc::bad_parameter for more than meters_max, errc::bad_block.
    [[nodiscard]] result<std::vector<std::optional<DayEnergy>>> area_day_totals(std::span<const MeterId> meters, CivilDay day,
                                                                                ChannelId channel);
    /// The values of the days [from, to), by time; slots without one are left out. errc::bad_parameter for an empty
    /// range or more than days_max, errc::bad_block.
    [[nodiscard]] result<std::vector<TimedValue>> home_month(MeterId meter, ChannelId channel, CivilDay from, CivilDay to);
    /// The days of the year that are stored, by time. errc::bad_value, errc::bad_block.
    [[nodiscard]] result<std::vector<EnergyOfDay>> home_year_daily(MeterId meter, const ChannelModel& channel,
                                                                   std::chrono::year year);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
