#include "push_parts.hpp"

#include <algorithm>
#include <limits>

namespace releve::dlms {

namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

/// value * 10^power, exact or nothing.
std::optional<std::int64_t> shifted(std::int64_t value, int power)
{
    for (; power > 0 && value != 0; --power)
        if (__builtin_mul_overflow(value, std::int64_t{10}, &value))
            return std::nullopt;
    for (; power < 0 && value != 0; ++power) {
        if (value % 10 != 0)
            return std::nullopt;
        value /= 10;
    }
    return value;
}

/// The value in the channel's own unit and scaler.
result<std::int64_t> in_channel_scale(const ChannelModel& channel, std::int64_t value,
                                      std::optional<ScalerUnit> sent)
{
    if (!sent)
        return value;
    if (sent->unit != static_cast<std::uint8_t>(channel.unit))
        return fail(errc::undecoded, channel.name + ": the frame says unit " + std::to_string(sent->unit) +
                                         ", the model " + std::string{unit_symbol(channel.unit)});
    const auto converted = shifted(value, sent->scaler - channel.scaler);
    if (!converted)
        return fail(errc::undecoded, channel.name + ": scaler " + std::to_string(sent->scaler) +
                                         " does not convert exactly to the model's " +
                                         std::to_string(channel.scaler));
    return *converted;
}

/// Sorts by channel and instant and folds equal readings into one; false if two of one instant differ.
template <class Reading>
bool sort_and_fold(std::vector<Reading>& readings, Instant Reading::*instant)
{
    const auto before = [&](const Reading& a, const Reading& b) {
        return std::pair{a.channel, a.*instant} < std::pair{b.channel, b.*instant};
    };
    if (!std::is_sorted(readings.begin(), readings.end(), before)) // as a rule they come in order
        std::stable_sort(readings.begin(), readings.end(), before);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < readings.size(); ++i) {
        if (kept > 0 && readings[kept - 1].channel == readings[i].channel &&
            readings[kept - 1].*instant == readings[i].*instant) {
            if (readings[kept - 1].value != readings[i].value)
                return false;
            readings[kept - 1].quality = worse(readings[kept - 1].quality, readings[i].quality);
            continue;
        }
        readings[kept++] = readings[i];
    }
    readings.resize(kept);
    return true;
}

} // namespace

std::optional<ScalerUnit> read_scaler_unit(const Data& data)
{
    if (data.type != DataType::structure || data.children.size() != 2 ||
        data.children[0].type != DataType::integer || data.children[1].type != DataType::enum_)
        return std::nullopt;
    return ScalerUnit{static_cast<int>(data.children[0].number),
                      static_cast<std::uint8_t>(data.children[1].number)};
}

result<DateTime> read_clock(const Data& data)
{
    if (data.type != DataType::octet_string && data.type != DataType::date_time)
        return fail(errc::undecoded, "a clock is expected, not " + std::string{type_name(data.type)});
    return decode_date_time(data.bytes);
}

bool looks_like_clock(const Data& data)
{
    return read_clock(data).has_value();
}

result<std::optional<std::int64_t>> read_number(const Data& data)
{
    if (data.type == DataType::null_data)
        return std::optional<std::int64_t>{};
    if (data.type == DataType::long64_unsigned &&
        data.unsigned_number > static_cast<std::uint64_t>(int64_max))
        return fail(errc::undecoded, "a value beyond 63 bits");
    if (!data.is_integer())
        return fail(errc::undecoded, "a whole number is expected, not " + std::string{type_name(data.type)});
    return std::optional{data.type == DataType::long64_unsigned
                             ? static_cast<std::int64_t>(data.unsigned_number)
                             : data.number};
}

std::string printable_text(ByteView text)
{
    const std::string_view characters = as_text(text);
    const bool printable =
        std::all_of(characters.begin(), characters.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    return printable ? std::string{characters} : std::string{};
}

std::string printable_text(const Data& data)
{
    return data.is_text() ? printable_text(ByteView{data.bytes}) : std::string{};
}

result<Dated> PushReadings::date(const DateTime& clock) const
{
    RELEVE_TRY(at, to_instant(clock, {&zone_, model_.quirks.undefined_deviation_is_local}));
    const bool trusted = !clock.has_status(model_.quirks.doubtful_clock_mask);
    return Dated{at, trusted ? Quality::raw : Quality::questionable};
}

result<void> PushReadings::add_value(const ChannelModel& channel, const Data& value, Stamp stamp,
                                     std::optional<ScalerUnit> sent)
{
    RELEVE_TRY(number, read_number(value));
    if (!number)
        return {};
    RELEVE_TRY(scaled, in_channel_scale(channel, *number, sent));
    return add_number(channel, scaled, stamp);
}

result<void> PushReadings::add_number(const ChannelModel& channel, std::int64_t number, Stamp stamp)
{
    if (!clock_)
        return fail(errc::time_undefined,
                    channel.name + ": neither the body nor the notification gives a time");
    RELEVE_TRY(dated, date(*clock_));
    if (channel.kind == ChannelKind::interval)
        return add_slot(channel, dated, stamp, number);
    registers_.push_back({channel.channel, dated.at, number, dated.quality});
    return {};
}

result<void> PushReadings::add_slot(const ChannelModel& channel, Dated stamped, Stamp stamp,
                                    std::int64_t value)
{
    RELEVE_ASSERT(channel.step > Seconds{0});
    const Instant start = stamp == Stamp::end ? stamped.at - channel.step : stamped.at;
    if (channel.day_start != day_.day_start || start < day_.from || start >= day_.to) {
        const CivilDay day = zone_.day_of(start, channel.day_start);
        day_ = {zone_.start_of(day, channel.day_start), zone_.start_of(day + std::chrono::days{1}, channel.day_start),
                channel.day_start};
    }
    if ((start - day_.from) % channel.step != Seconds{0})
        return fail(errc::undecoded, channel.name + ": a time that is not on the day's grid of " +
                                         std::to_string(channel.step.count()) + " s");
    intervals_.push_back({channel.channel, start, value, stamped.quality});
    return {};
}

result<PushContent> PushReadings::finish(const std::string& layout) &&
{
    if (!sort_and_fold(intervals_, &IntervalReading::start) ||
        !sort_and_fold(registers_, &RegisterReading::at))
        return fail(errc::undecoded, "one instant of a channel has two different values");
    PushContent content;
    content.layout = layout;
    content.logical_device_name = std::move(logical_device_name);
    content.intervals = std::move(intervals_);
    content.registers = std::move(registers_);
    content.ignored = ignored;
    return content;
}

} // namespace releve::dlms
