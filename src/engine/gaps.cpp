#include <releve/engine/gaps.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

constexpr GapStateRow gap_states[] = {
#define RELEVE_GAP_STATE(name, ...) {GapState::name, #name, {__VA_ARGS__}},
#include "gap_states.def"
};

} // namespace

std::span<const GapStateRow> gap_state_rows()
{
    return gap_states;
}

const GapStateRow& gap_state_row(GapState state)
{
    return gap_states[static_cast<std::size_t>(state)];
}

std::optional<GapState> gap_state_from_name(std::string_view name)
{
    const auto found = std::ranges::find(gap_states, name, &GapStateRow::name);
    return found == std::end(gap_states) ? std::nullopt : std::optional{found->state};
}

GapPolicy gap_policy_of(const ChannelModel& channel)
{
    GapPolicy policy;
    if (channel.quantity == Quantity::mean_power || channel.quantity == Quantity::energy)
        policy.kept_for = curve_kept_for;
    return policy;
}

GapState gap_state(const MissingReadings& gap, const GapPolicy& policy, Instant now)
{
    if (gap.estimated)
        return GapState::estimated;
    if (const auto end = kept_until(gap, policy); end && now >= *end)
        return GapState::lost;
    if (gap.asked)
        return GapState::asked;
    return now < gap.ends + policy.resend_for ? GapState::waiting : GapState::must_ask;
}

std::optional<Instant> kept_until(const MissingReadings& gap, const GapPolicy& policy)
{
    return policy.kept_for ? std::optional{gap.ends + *policy.kept_for} : std::nullopt;
}

} // namespace releve::engine
