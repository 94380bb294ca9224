#include <releve/engine/consumption.hpp>

#include <releve/core/wide.hpp> // a day of 64-bit powers in W*s needs about 90 bits

#include <algorithm>

namespace releve::engine {

namespace {

constexpr int scaler_max = 30; // 3600 * 10^30 still fits a Wide; meters know -128 to 127 but send -6 to 6

Wide divide_rounding_half_away_from_zero(Wide dividend, Wide divisor)
{
    const Wide quotient = dividend / divisor;
    const Wide rest = dividend % divisor;
    const Wide rest_size = rest < 0 ? -rest : rest;
    if (rest_size < divisor - rest_size)
        return quotient;
    return quotient + (dividend < 0 ? -1 : 1);
}

constexpr int mj_per_ws = 1'000;
constexpr int mj_per_wh = 3'600 * mj_per_ws;

/// `sum` of the slots as energy, in units of which one Wh has `per_wh`.
result<std::int64_t> to_energy(Wide sum, const DayBlock& block, const ChannelModel& channel, int per_wh)
{
    if (channel.quantity != Quantity::mean_power && channel.quantity != Quantity::energy)
        return std::int64_t{0};
    if (channel.scaler < -scaler_max || channel.scaler > scaler_max)
        return fail(errc::bad_value, "scaler of the channel out of range");
    const bool is_power = channel.quantity == Quantity::mean_power;
    const Wide factor = (is_power ? Wide{block.step.count()} : Wide{1}) * per_wh;
    const Wide divisor = (is_power ? Wide{3600} : Wide{1}) * power_of_ten(std::max(0, -channel.scaler));
    Wide scaled = 0;
    if (__builtin_mul_overflow(sum, factor, &scaled) ||
        __builtin_mul_overflow(scaled, power_of_ten(std::max(0, channel.scaler)), &scaled))
        return fail(errc::bad_value, "energy of the day out of range");
    const Wide energy = divide_rounding_half_away_from_zero(scaled, divisor);
    if (!fits_64_bits(energy))
        return fail(errc::bad_value, "energy of the day out of range");
    return static_cast<std::int64_t>(energy);
}

bool is_no_reading(Quality quality)
{
    switch (quality) {
    case Quality::edited:
    case Quality::derived:
    case Quality::estimated_reference_day:
    case Quality::estimated_linear: return true;
    default: return false;
    }
}

} // namespace

result<DaySummary> summarise(const DayBlock& block, const ChannelModel& channel)
{
    DaySummary summary;
    summary.slots = static_cast<int>(block.slots.size());
    Wide sum = 0;
    Quality worst = Quality::valid;
    Instant start = block.first;
    for (const auto& slot : block.slots) {
        if (slot) {
            sum += slot->value;
            worst = worse(worst, slot->provenance.quality);
            summary.estimated += is_no_reading(slot->provenance.quality);
            if (!summary.maximum || slot->value > *summary.maximum) {
                summary.maximum = slot->value;
                summary.maximum_at = start;
            }
        } else {
            ++summary.missing;
        }
        start += block.step;
    }
    if (summary.missing == summary.slots)
        summary.quality = Quality::missing;
    else
        summary.quality = summary.missing > 0 ? worse(worst, Quality::incomplete) : worst;
    RELEVE_TRY(energy_wh, to_energy(sum, block, channel, 1));
    summary.energy_wh = energy_wh;
    return summary;
}

result<std::int64_t> energy_in_millijoules(const DayBlock& block, const ChannelModel& channel)
{
    Wide sum = 0;
    for (const auto& slot : block.slots)
        sum += slot ? slot->value : 0;
    return to_energy(sum, block, channel, mj_per_wh);
}

std::int64_t millijoules_to_wh(std::int64_t millijoules)
{
    return static_cast<std::int64_t>(divide_rounding_half_away_from_zero(millijoules, mj_per_wh));
}

DaySummary empty_day(const Zone& zone, CivilDay day, const ChannelModel& channel)
{
    RELEVE_ASSERT(channel.step > Seconds{0});
    DaySummary summary;
    // A channel with one value a day has one on the 23-hour day too.
    const auto slots = std::max<std::int64_t>(1, zone.length_of(day, channel.day_start) / channel.step);
    summary.slots = static_cast<int>(slots);
    summary.missing = summary.slots;
    return summary;
}

} // namespace releve::engine
