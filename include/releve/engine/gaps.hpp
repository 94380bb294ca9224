#pragma once
// What can truly be said of readings that did not come, from when they were due, what the meter keeps and what was asked.
// Pure: neither asks a meter nor promises that anybody does.

#include <releve/core/meter_model.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace releve::engine {

enum class GapState : std::uint8_t {
#define RELEVE_GAP_STATE(name, ...) name,
#include "gap_states.def"
};
struct GapStateRow {
    GapState state;
    std::string_view name;
    Words words;
};
[[nodiscard]] std::span<const GapStateRow> gap_state_rows();
[[nodiscard]] const GapStateRow& gap_state_row(GapState state);
[[nodiscard]] std::optional<GapState> gap_state_from_name(std::string_view name);

/// What is known of a kind of meter.
struct GapPolicy {
    Seconds resend_for{3 * 86'400};  // after the last reading was due, it may still send by itself
    std::optional<Seconds> kept_for; // after a reading was due, the meter still has it; nothing: not known
    bool operator==(const GapPolicy&) const = default;
};
/// A load curve of electricity is kept in the meter for a year (the CNIL allows no more); of others it is not known.
inline constexpr Seconds curve_kept_for{365 * 86'400};
[[nodiscard]] GapPolicy gap_policy_of(const ChannelModel& channel);

struct MissingReadings {
    Instant starts{}, ends{}; // of the first reading, and of the last
    bool estimated = false;   // all of them
    bool asked = false;       // a command that asks for them is open
};
/// The first that holds: estimated; lost, if the meter no longer has any of them; asked; waiting; else must_ask.
[[nodiscard]] GapState gap_state(const MissingReadings& gap, const GapPolicy& policy, Instant now);
/// From then on the meter has none of them; nothing: not known.
[[nodiscard]] std::optional<Instant> kept_until(const MissingReadings& gap, const GapPolicy& policy);

} // namespace releve::engine
