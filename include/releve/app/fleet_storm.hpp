#pragma once
// A storm from a file, for the simulator. docs/SIMULATOR.md describes the format. Errors name file, line, JSON pointer and
// reason (errc::bad_parameter).

#include <releve/sim/storm.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace releve::app {

[[nodiscard]] result<sim::Storm> parse_storm(std::string_view json, const std::string& file_name);

/// A storm drawn over a fleet, and what each of its meters sends.
struct FleetStorm {
    sim::Storm storm;
    sim::StormPlan plan;
    std::vector<std::vector<sim::Act>> acts; // by the meter's number
    [[nodiscard]] std::size_t pushes_of(std::size_t meter) const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(acts[meter], [](const sim::Act& act) { return act.push.has_value(); }));
    }
};
/// Reads the file at `path` and draws it over so many meters. errc::not_found_file, errc::bad_parameter; also for a storm of
/// more messages than `storm_messages_max`.
[[nodiscard]] result<FleetStorm> load_storm(const std::string& path, std::size_t meters, std::uint64_t seed,
                                            std::span<const sim::Push> pushes);
inline constexpr std::size_t storm_messages_max = 20'000'000;

} // namespace releve::app
