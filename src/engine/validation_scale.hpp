#pragma once
// Limits in W or l/h as values of a channel. Private to validation.

#include <releve/core/meter_model.hpp>

#include <releve/core/wide.hpp>

#include <cstdint>

namespace releve::engine {

/// The product, or the end of 128 bits on its side.
[[nodiscard]] Wide product(Wide a, Wide b);
[[nodiscard]] std::int64_t saturated(Wide value);

/// The greatest value of the channel over `step` whose mean power (flow) is not above limit / divisor W
/// (l/h). Channels of other quantities have neither: none of their values is above it.
[[nodiscard]] std::int64_t greatest_within(const ChannelModel& channel, Seconds step, Wide limit,
                                           std::int64_t divisor = 1);
/// True only if `value` is not above it: most are far below, which is seen without a division of 128 bits.
[[nodiscard]] bool is_surely_within(std::int64_t value, const ChannelModel& channel, Seconds step, Wide limit,
                                    std::int64_t divisor = 1);

/// Values of a channel and of a register in one unit, so small that both are whole numbers of it.
struct CommonUnit {
    Wide per_value = 0;  // of the channel, in one slot
    Wide per_amount = 0; // of the register
};
/// The register's amounts are * 10^scaler Wh (m3).
[[nodiscard]] CommonUnit common_unit(const ChannelModel& channel, Seconds step, int scaler);

} // namespace releve::engine
