#include <releve/codec/wize/message.hpp>

#include <releve/codec/wize/frame.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace releve::wize {

namespace {

using Role = WizeField::Role;

std::string octets(std::size_t count)
{
    return std::to_string(count) + (count == 1 ? " octet" : " octets");
}

std::uint64_t read_number(Reader& reader, std::size_t bytes)
{
    std::uint64_t number = 0;
    for (const std::byte octet : reader.take(bytes))
        number = number << 8 | std::to_integer<std::uint64_t>(octet);
    return number;
}

/// Why a message of this many octets is none of the layout, or an empty text.
std::string length_misfit(const WizeLayout& layout, std::size_t size)
{
    if (layout.length && *layout.length != size)
        return octets(*layout.length) + " are expected, not " + std::to_string(size);
    if (layout.opaque)
        return {};
    std::size_t fixed = 0, each = 0;
    for (const WizeField& field : layout.fields)
        (field.role == Role::deltas ? each : fixed) += field.bytes;
    if (each == 0)
        return size == fixed ? std::string{} : octets(fixed) + " are expected, not " + std::to_string(size);
    if (size < fixed + each || (size - fixed) % each != 0)
        return octets(fixed) + " and values of " + std::to_string(each) + " are expected, not " +
               std::to_string(size);
    return {};
}

std::string constant_misfit(const WizeLayout& layout, ByteView l7)
{
    Reader reader{l7};
    for (const WizeField& field : layout.fields) {
        if (field.role == Role::deltas)
            break; // comes last
        const std::size_t offset = reader.offset();
        if (read_number(reader, field.bytes) != field.equals && field.role == Role::constant)
            return "another constant at octet " + std::to_string(offset);
    }
    return {};
}

/// Reads the fields of a layout that fits; the first fault ends it.
class Fields {
public:
    Fields(const MeterModel& model, const WizeLayout& layout, ByteView l7) : model_(model), reader_(l7)
    {
        content_.layout = layout.name;
    }

    [[nodiscard]] result<void> read(const WizeField& field)
    {
        switch (field.role) {
        case Role::clock:
            clock_ = wize_epoch + Seconds{read_number(reader_, field.bytes)};
            return {};
        case Role::reading:
            return read_reading(field);
        case Role::deltas:
            return read_deltas(field);
        case Role::alarms:
            read_alarms(field);
            return {};
        case Role::constant:
        case Role::ignored:
            reader_.take(field.bytes);
            return {};
        }
        return {};
    }

    /// Sorted. errc::undecoded if one instant of a register has two values.
    [[nodiscard]] result<PushContent> finish() &&
    {
        auto& registers = content_.registers;
        const auto place = [](const RegisterReading& r) { return std::pair{r.channel, r.at}; };
        std::ranges::stable_sort(registers, {}, place);
        const auto same = std::ranges::adjacent_find(registers, {}, place);
        if (same != registers.end())
            return fail(errc::undecoded, model_.find(same->channel)->name + ": one instant has two values");
        std::ranges::sort(content_.alarms, {}, [](const AlarmReading& a) {
            return std::pair{std::string_view{a.name}, a.at};
        });
        return std::move(content_);
    }

private:
    [[nodiscard]] const ChannelModel& channel_of(const WizeField& field) const
    {
        const ChannelModel* channel = model_.find(field.obis);
        RELEVE_ASSERT(channel != nullptr && clock_); // find_fault() refuses such a model
        return *channel;
    }

    result<void> read_reading(const WizeField& field)
    {
        const ChannelModel& channel = channel_of(field);
        const std::uint64_t number = read_number(reader_, field.bytes);
        if (number == field.missing)
            return {};
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return fail(errc::undecoded, channel.name + ": a value beyond 63 bits");
        std::uint64_t end = 1;
        for (int i = 0; i < channel.digits; ++i)
            end *= 10;
        if (channel.digits > 0 && number >= end)
            return fail(errc::undecoded, channel.name + ": a value of more than " +
                                             std::to_string(channel.digits) + " digits");
        content_.registers.push_back({channel.channel, *clock_, static_cast<std::int64_t>(number)});
        return {};
    }

    result<void> read_deltas(const WizeField& field)
    {
        const ChannelModel& channel = channel_of(field);
        // A step divides an hour, and so civil days of whole hours: the grid is that of UTC.
        if (clock_->time_since_epoch() % channel.step != Seconds{0})
            return fail(errc::undecoded, channel.name + ": a time that is not on the grid of " +
                                             std::to_string(channel.step.count()) + " s");
        const std::size_t count = reader_.remaining() / field.bytes;
        content_.intervals.reserve(count);
        Instant start = *clock_ - channel.step * static_cast<std::int64_t>(count);
        for (std::size_t i = 0; i < count; ++i, start += channel.step) {
            const std::uint64_t number = read_number(reader_, field.bytes);
            if (number == field.missing)
                continue;
            if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return fail(errc::undecoded, channel.name + ": a value beyond 63 bits");
            content_.intervals.push_back({channel.channel, start, static_cast<std::int64_t>(number)});
        }
        return {};
    }

    void read_alarms(const WizeField& field)
    {
        std::uint64_t bits = read_number(reader_, field.bytes);
        for (const WizeField::Alarm& alarm : field.alarms) {
            const std::uint64_t bit = std::uint64_t{1} << alarm.bit;
            if ((bits & bit) != 0)
                content_.alarms.push_back({alarm.name, *clock_});
            bits &= ~bit;
        }
        for (; bits != 0; bits &= bits - 1)
            ++content_.ignored; // a bit without a name
    }

    const MeterModel& model_;
    Reader reader_;
    std::optional<Instant> clock_;
    PushContent content_;
};

result<PushContent> read_fields(const MeterModel& model, const WizeLayout& layout, ByteView l7)
{
    Fields fields{model, layout, l7};
    for (std::size_t i = 0; i < layout.fields.size(); ++i)
        if (const auto read = fields.read(layout.fields[i]); !read)
            return fail(read.error().code, "layout " + layout.name + ": field " + std::to_string(i + 1) +
                                               ": " + read.error().detail);
    auto content = std::move(fields).finish();
    if (!content)
        return fail(content.error().code, "layout " + layout.name + ": " + content.error().detail);
    return content;
}

PushContent unread(const WizeLayout& layout)
{
    PushContent content;
    content.layout = layout.name;
    content.opaque = true;
    return content;
}

} // namespace

result<PushContent> decode_message(const MeterModel& model, std::uint8_t app, ByteView l7)
{
    std::string closest;
    for (const WizeLayout& layout : model.wize_layouts) {
        if (layout.app != app)
            continue;
        std::string misfit = length_misfit(layout, l7.size());
        const bool right_length = misfit.empty();
        if (right_length)
            misfit = constant_misfit(layout, l7);
        if (misfit.empty())
            return layout.opaque ? result<PushContent>{unread(layout)} : read_fields(model, layout, l7);
        if (closest.empty() || right_length)
            closest = "layout " + layout.name + ": " + misfit;
    }
    return fail(errc::undecoded,
                closest.empty() ? "no layout of application " + std::to_string(app) : closest);
}

namespace {

/// What a field is sent as: the value, or the number for a missing one.
result<std::uint64_t> number_of(const WizeField& field, std::optional<std::int64_t> value,
                                const ChannelModel& channel)
{
    if (!value && field.missing)
        return *field.missing;
    if (!value)
        return fail(errc::bad_value, channel.name + ": no value, and nothing stands for a missing one");
    const auto number = static_cast<std::uint64_t>(*value);
    const bool fits = *value >= 0 && (field.bytes == 8 || number >> 8 * field.bytes == 0);
    if (!fits || number == field.missing)
        return fail(errc::bad_value, channel.name + ": the value does not fit " + octets(field.bytes));
    return number;
}

std::optional<std::int64_t> register_at(const PushContent& content, ChannelId channel, Instant at)
{
    const auto found = std::ranges::find_if(
        content.registers, [&](const RegisterReading& r) { return r.channel == channel && r.at == at; });
    return found == content.registers.end() ? std::nullopt : std::optional{found->value};
}

std::optional<std::int64_t> slot_at(const PushContent& content, ChannelId channel, Instant start)
{
    const auto found = std::ranges::find_if(content.intervals, [&](const IntervalReading& r) {
        return r.channel == channel && r.start == start;
    });
    return found == content.intervals.end() ? std::nullopt : std::optional{found->value};
}

std::uint64_t alarm_bits(const WizeField& field, const PushContent& content)
{
    std::uint64_t bits = 0;
    for (const WizeField::Alarm& alarm : field.alarms)
        if (std::ranges::find(content.alarms, alarm.name, &AlarmReading::name) != content.alarms.end())
            bits |= std::uint64_t{1} << alarm.bit;
    return bits;
}

void write_number(Writer& writer, std::uint64_t number, std::size_t bytes)
{
    for (std::size_t i = bytes; i-- > 0;)
        writer.u8(static_cast<std::uint8_t>(number >> 8 * i));
}

/// The numbers of a field: one, or the run of `deltas`.
result<std::vector<std::uint64_t>> numbers_of(const WizeField& field, const MessageToEncode& message)
{
    switch (field.role) {
    case Role::constant:
        return std::vector{field.equals};
    case Role::ignored:
        return std::vector<std::uint64_t>{0};
    case Role::alarms:
        return std::vector{alarm_bits(field, message.content)};
    case Role::clock: {
        RELEVE_TRY(epoch, device_epoch(message.clock));
        return std::vector<std::uint64_t>{epoch};
    }
    case Role::reading: {
        const ChannelModel& channel = *message.model.find(field.obis);
        RELEVE_TRY(number,
                   number_of(field, register_at(message.content, channel.channel, message.clock), channel));
        return std::vector{number};
    }
    case Role::deltas: {
        const ChannelModel& channel = *message.model.find(field.obis);
        std::vector<std::uint64_t> numbers;
        for (std::size_t i = message.deltas; i-- > 0;) {
            const Instant start = message.clock - channel.step * static_cast<std::int64_t>(i + 1);
            RELEVE_TRY(number, number_of(field, slot_at(message.content, channel.channel, start), channel));
            numbers.push_back(number);
        }
        return numbers;
    }
    }
    return std::vector<std::uint64_t>{};
}

} // namespace

result<Bytes> encode_message(const MessageToEncode& message)
{
    const auto& layouts = message.model.wize_layouts;
    const auto layout = std::ranges::find(layouts, message.content.layout, &WizeLayout::name);
    if (layout == layouts.end() || layout->opaque)
        return fail(errc::bad_value, "no layout that is read has the name " + message.content.layout);
    Writer writer;
    for (const WizeField& field : layout->fields) {
        RELEVE_TRY(numbers, numbers_of(field, message));
        for (const std::uint64_t number : numbers)
            write_number(writer, number, field.bytes);
    }
    if (writer.size() > l7_bytes_max)
        return fail(errc::bad_value, "a message of " + octets(writer.size()) + " does not fit a frame");
    return std::move(writer).take();
}

} // namespace releve::wize
