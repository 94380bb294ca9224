#pragma once
// A fleet of virtual meters from one seed: the same seed gives the same titles, keys, curves and bytes.

#include <releve/sim/faults.hpp>

namespace releve::sim {

/// The identity of meter `number` of the fleet of `seed`: made up, and distinct within a fleet of up to 2^24
/// meters.
[[nodiscard]] MeterIdentity make_identity(std::uint64_t seed, std::uint32_t number);

class Fleet {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::uint32_t meters = 1;
        Meter::Options meter;
    };
    /// `first` replaces the generated loads of the first meters (from files). `zone` must outlive the fleet.
    Fleet(const Options& options, const Zone& zone, std::vector<Load> first = {});

    [[nodiscard]] std::span<const Meter> meters() const { return meters_; }

private:
    std::vector<Meter> meters_;
};

enum class Every : std::uint8_t { day, half_hour };
/// What a meter pushes over civil days [from, from + days): one push a day, or one a half-hour with the
/// indexes at each midnight. In order of time.
[[nodiscard]] std::vector<Push> schedule(const Zone& zone, CivilDay from, int days, Every every);

} // namespace releve::sim
