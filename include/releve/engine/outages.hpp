#pragma once
// From meters that fell silent to what they have in common: one line for a concentrator and not one for each of its
// meters. Pure and deterministic: the order of the meters changes nothing. Each silent meter gets exactly one cause, so
// that the counts of all causes add up to the meters that stopped.

#include <releve/core/ids.hpp>
#include <releve/core/time.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve::engine {

/// Where a meter hangs, from the narrowest place to the widest: what fails together. Empty: not known.
enum class PlaceKind : std::uint8_t { concentrator, feeder, area };
inline constexpr std::size_t place_kinds = 3;
[[nodiscard]] std::string_view place_kind_name(PlaceKind kind);

struct WatchedMeter {
    MeterId meter;
    std::array<std::string, place_kinds> places; // by PlaceKind
    /// Of a meter that stopped in the period that is looked at; nothing: it was heard as it should be.
    std::optional<Instant> silent_since;  // when it was last heard
    std::optional<Instant> power_lost_at; // its last gasp, if it sent one
    std::optional<Instant> restored_at;   // heard again
};

struct OutageOptions {
    int share_percent = 80;       // of a place's meters must be silent for the place to be the cause
    std::size_t meters_min = 3;   // and so many at least
    int last_gasp_percent = 10;   // of the silent ones that say they lost power, for power to be the cause
    Seconds apart_max{12 * 3600}; // between the first and the last that were heard: more is no common cause
};

struct Outage {
    bool common = false;   // a place failed; else meters on their own, which no place explains
    bool power_lost = false; // else only nothing is heard of them
    PlaceKind kind{};      // of `place`, where common
    std::string place;
    Instant since{};       // the last moment at which any of them was heard: it failed then or after
    std::size_t meters = 0;   // that stopped
    std::size_t of = 0;       // meters of the place; of meters on their own: `meters`
    std::size_t last_gasps = 0;
    std::size_t restored = 0; // heard again
    std::optional<Instant> first_restored_at, last_restored_at;
    std::vector<MeterId> members; // that stopped, by number
    bool operator==(const Outage&) const = default;
};

/// The widest places first, then by meters, then by name; meters on their own last, those with a last gasp apart.
/// A place explains the meters that no wider place explains; a wider place is the cause only when it has failing meters
/// in two narrower places or more, so that a concentrator alone in its area stays the concentrator.
[[nodiscard]] std::vector<Outage> outages_of(std::span<const WatchedMeter> meters, const OutageOptions& options = {});

} // namespace releve::engine
