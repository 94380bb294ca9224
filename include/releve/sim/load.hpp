#pragma once
// What a simulated home uses: half-hourly mean powers and the indexes of its meter at local midnights, either
// recorded (from files, as values) or made from a seed. Knows no meter, no frame and no clock.

#include <releve/core/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace releve::sim {

inline constexpr Seconds slot_length{1800};

/// Mean power in W of the half-hours from `first` on; empty = no reading exists.
struct Curve {
    Instant first{};
    std::vector<std::optional<std::int32_t>> power_w;

    [[nodiscard]] std::optional<std::int32_t> at(Instant start) const;
    [[nodiscard]] Instant end() const
    {
        return first + slot_length * static_cast<std::int64_t>(power_w.size());
    }
};

/// The cumulative values of a meter at the local midnight that begins `day`, in Wh. Classes not used are 0.
struct IndexRead {
    CivilDay day{};
    std::int64_t total_wh = 0;
    std::array<std::int64_t, 10> supplier_wh{};
    std::array<std::int64_t, 4> distributor_wh{};
    bool operator==(const IndexRead&) const = default;
};

/// A curve from a file, with the indexes of a file or, when there are none, the running sum of the curve from
/// `start_index_wh` on (missing half-hours add nothing).
class RecordedLoad {
public:
    RecordedLoad(Curve curve, std::vector<IndexRead> indexes, const Zone& zone,
                 std::int64_t start_index_wh = 0);

    [[nodiscard]] std::optional<std::int32_t> power_w(Instant start) const { return curve_.at(start); }
    [[nodiscard]] std::optional<IndexRead> index_at(CivilDay day) const;
    [[nodiscard]] const Curve& curve() const { return curve_; }

private:
    Curve curve_;
    std::vector<IndexRead> indexes_;      // sorted by day
    std::vector<std::int64_t> energy_ws_; // before each half-hour, in W*s
    const Zone* zone_;
    std::int64_t start_index_wh_;
};

/// A plausible home from a seed: more in winter, in the morning and in the evening. Every half-hour is a
/// whole number of Wh, and the curve of a day sums to the difference of its indexes to the Wh. Known from
/// 2010 on.
class GeneratedLoad {
public:
    GeneratedLoad(std::uint64_t seed, const Zone& zone);

    [[nodiscard]] static CivilDay first_day();
    [[nodiscard]] std::optional<std::int32_t> power_w(Instant start) const;
    [[nodiscard]] std::optional<IndexRead> index_at(CivilDay day) const;

private:
    [[nodiscard]] std::int64_t day_energy_wh(CivilDay day) const;

    std::uint64_t seed_;
    const Zone* zone_;
    std::int64_t mean_day_wh_;
};

using Load = std::variant<GeneratedLoad, RecordedLoad>;
[[nodiscard]] std::optional<std::int32_t> power_w(const Load& load, Instant start);
[[nodiscard]] std::optional<IndexRead> index_at(const Load& load, CivilDay day);

} // namespace releve::sim
