#include "validation_scale.hpp"

#include <algorithm>
#include <limits>

namespace releve::engine {

namespace {

constexpr Wide wide_max = ((Wide{1} << 126) - 1) * 2 + 1;
constexpr int seconds_per_hour = 3'600;
constexpr int litres_per_m3 = 1'000;

/// 10^38 is the last that fits; beyond it every comparison with 64-bit values has the same outcome.
Wide power_of_ten_or_most(int exponent)
{
    return power_of_ten(std::clamp(exponent, 0, 38));
}

/// Mean power (flow) of a value = value * up / down.
struct Rate {
    Wide up = 0;
    Wide down = 1;
};

Rate rate_of(const ChannelModel& channel, Seconds step)
{
    const Wide up = power_of_ten_or_most(channel.scaler);
    const Wide down = power_of_ten_or_most(-channel.scaler);
    switch (channel.quantity) {
    case Quantity::mean_power:
        return {up, down};
    case Quantity::energy:
        return {product(up, seconds_per_hour), product(down, step.count())};
    case Quantity::volume:
        return {product(up, seconds_per_hour * litres_per_m3), product(down, step.count())};
    case Quantity::cumulative:
    case Quantity::other:
        break;
    }
    return {};
}

} // namespace

Wide product(Wide a, Wide b)
{
    Wide out = 0;
    if (!__builtin_mul_overflow(a, b, &out))
        return out;
    return (a < 0) == (b < 0) ? wide_max : -wide_max;
}

std::int64_t saturated(Wide value)
{
    using Limits = std::numeric_limits<std::int64_t>;
    return static_cast<std::int64_t>(std::clamp<Wide>(value, Limits::min(), Limits::max()));
}

std::int64_t greatest_within(const ChannelModel& channel, Seconds step, Wide limit, std::int64_t divisor)
{
    const Rate rate = rate_of(channel, step);
    if (rate.up == 0)
        return std::numeric_limits<std::int64_t>::max();
    return saturated(divide_rounding_down(product(limit, rate.down), product(rate.up, divisor)));
}

bool is_surely_within(std::int64_t value, const ChannelModel& channel, Seconds step, Wide limit, std::int64_t divisor)
{
    const Rate rate = rate_of(channel, step);
    Wide over = 0, allowed = 0, scaled = 0;
    if (__builtin_mul_overflow(limit, rate.down, &allowed) || __builtin_mul_overflow(rate.up, Wide{divisor}, &scaled) ||
        __builtin_mul_overflow(Wide{value}, scaled, &over))
        return false;
    return over <= allowed;
}

CommonUnit common_unit(const ChannelModel& channel, Seconds step, int scaler)
{
    const bool is_power = channel.quantity == Quantity::mean_power;
    const int apart = channel.scaler - scaler;
    return {product(is_power ? step.count() : 1, power_of_ten_or_most(apart)),
            product(is_power ? seconds_per_hour : 1, power_of_ten_or_most(-apart))};
}

} // namespace releve::engine
