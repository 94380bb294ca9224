#pragma once
// Faults on demand: what a meter, a line or an attacker may do to a push, decided from the fleet's seed. A
// fault adds bad messages around the honest one; only silence, reorder and clock drift touch the honest ones
// themselves.

#include <releve/sim/meter.hpp>

#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace releve::sim {

enum class Fault : std::uint8_t {
    duplicate,   // the same bytes twice; both are confirmed
    reorder,     // two pushes swapped (the first of each pair of pushes may be hit)
    wrong_key,   // a copy under other keys
    bad_tag,     // a copy with its last bit flipped
    replay,      // the counter of the push before, over other bytes (never at the first push)
    truncated,   // the first half of the message, then the connection ends
    clock_drift, // every date-time is off by some seconds
    silence,     // never sent
    downgrade,   // a copy with encryption only (SC 20)
    unknown,     // a push of a meter nobody registered
};
inline constexpr std::size_t fault_count = 10;
[[nodiscard]] std::string_view fault_name(Fault fault);
[[nodiscard]] std::optional<Fault> fault_from_name(std::string_view name);

/// Rates in [0, 1] per push, or how often in a whole run.
class FaultPlan {
public:
    explicit FaultPlan(std::uint64_t seed = 0) : seed_(seed) {}

    /// "wrong_key=0.01" is a rate, "wrong_key=3x" a count; clock_drift may name its seconds:
    /// "clock_drift=0.2:300". errc::bad_parameter.
    [[nodiscard]] result<void> add(std::string_view text);
    /// Draws where the counted faults fall, among `meters` with `pushes` each; all of them if there are
    /// fewer.
    void settle(std::size_t meters, std::size_t pushes);

    /// Whether `fault` befalls the push number `index` of a meter: always the same answer.
    [[nodiscard]] bool befalls(Fault fault, std::size_t meter, std::size_t index) const;
    [[nodiscard]] Seconds clock_drift() const { return clock_drift_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }

private:
    std::uint64_t seed_;
    Seconds clock_drift_{90};
    std::map<Fault, double> rates_;
    std::map<Fault, std::size_t> counts_;
    std::map<Fault, std::set<std::pair<std::size_t, std::size_t>>> drawn_;
};

/// What should come back for a message.
enum class Expect : std::uint8_t {
    confirm, // an honest message: resent until it is confirmed
    maybe,   // depends on the head-end's settings: not waited for
    nothing, // a confirmation would be a breach
};

/// One message on the line.
struct Delivery {
    Frame frame{};
    Expect expect = Expect::confirm;
    std::optional<Fault> fault{};
    bool cut = false; // send the first half, then close
    bool alarm = false; // an event notification, and no push
    Instant at{};
};

/// The messages of push number `index` of a list, in order; empty if it is silent, has nothing to say, or
/// went with the one before it.
[[nodiscard]] std::vector<Delivery> deliveries(const Meter& meter, std::size_t meter_number,
                                               std::span<const Push> pushes, std::size_t index,
                                               const FaultPlan& plan);

} // namespace releve::sim
