#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/push.hpp>

#include <algorithm>

namespace releve::dlms {

namespace {

constexpr std::size_t set_bits_max = 64;

/// The bits of a number, or of a bit-string whose bit 0 is the first as sent.
result<std::uint64_t> read_set(const Data& value)
{
    if (value.type == DataType::long64_unsigned)
        return value.unsigned_number;
    if (value.type != DataType::bit_string) {
        if (!value.is_integer() || value.number < 0)
            return fail(errc::undecoded, "a set of bits is a number of 0 or more, or a bit-string");
        return static_cast<std::uint64_t>(value.number);
    }
    if (value.bit_count > set_bits_max)
        return fail(errc::undecoded, "a set of more than 64 bits");
    std::uint64_t set = 0;
    for (std::size_t i = 0; i < value.bit_count; ++i)
        if ((value.bytes[i / 8] & std::byte{0x80} >> i % 8) != std::byte{})
            set |= std::uint64_t{1} << i;
    return set;
}

result<void> read_bits(const EventModel& model, const Data& value, Instant at, PushContent& content)
{
    RELEVE_TRY(set, read_set(value));
    std::uint64_t rest = set;
    for (const AlarmModel& alarm : model.alarms) {
        const std::uint64_t bit = std::uint64_t{1} << alarm.bit;
        if ((rest & bit) != 0)
            content.alarms.push_back({alarm.name, at});
        rest &= ~bit;
    }
    if (rest != 0 && content.alarms.empty())
        return fail(errc::undecoded, "no bit that is set has a name");
    for (; rest != 0; rest &= rest - 1)
        ++content.ignored;
    return {};
}

result<void> read_value(const EventModel& model, const Data& value, Instant at, PushContent& content)
{
    if (!value.is_integer())
        return fail(errc::undecoded, "a number is expected");
    const auto alarm = std::ranges::find(model.alarms, value.number, &AlarmModel::bit);
    if (alarm == model.alarms.end())
        return fail(errc::undecoded, "the value " + std::to_string(value.number) + " has no name");
    content.alarms.push_back({alarm->name, at});
    return {};
}

} // namespace

result<Instant> event_time(const MeterModel& model, const EventNotification& event, const Zone& zone)
{
    if (!event.date_time)
        return fail(errc::time_undefined, "the notification names no time");
    return to_instant(*event.date_time,
                      {.zone = &zone, .undefined_deviation_is_local = model.quirks.undefined_deviation_is_local});
}

result<PushContent> decode_event(const MeterModel& model, const EventNotification& event, Instant at)
{
    const EventModel* known = model.find_event(event.obis, event.attribute);
    if (known == nullptr)
        return fail(errc::undecoded, "the model " + model.name + " describes no event of " + to_string(event.obis) +
                                         " attribute " + std::to_string(event.attribute));
    PushContent content;
    content.layout = known->name;
    const auto read = known->form == EventModel::Form::bits ? read_bits(*known, event.value, at, content)
                                                            : read_value(*known, event.value, at, content);
    if (!read)
        return fail(errc::undecoded, "event " + known->name + ": " + read.error().detail);
    std::ranges::sort(content.alarms, {}, &AlarmReading::name);
    return content;
}

} // namespace releve::dlms
