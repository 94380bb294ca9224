// The push of an ordinary day, read from its bytes: what decode_push makes of the tree, without the tree, which costs more than
// all the rest of a frame. It answers only where it is sure to say the same; tests compare the two.

#include "push_parts.hpp"

#include <releve/core/limits.hpp>

namespace releve::dlms {

namespace {

using Column = PushElement::Column;
using Role = PushElement::Role;

enum class Verdict { fits, misfit, unsure };

class DirectReader {
public:
    DirectReader(const PushLayout& layout, const MeterModel& model, const std::optional<DateTime>& sent_at, ByteView body,
                 const Zone& zone)
        : layout_(layout), model_(model), in_(body), readings_(model, zone, sent_at)
    {}

    Verdict read()
    {
        if (in_.u8() != static_cast<std::uint8_t>(DataType::structure))
            return Verdict::unsure;
        if (const std::size_t count = read_length(in_); in_.failed() || count != layout_.elements.size())
            return in_.failed() ? Verdict::unsure : Verdict::misfit;
        for (const PushElement& element : layout_.elements)
            if (const Verdict verdict = read_element(element); verdict != Verdict::fits)
                return verdict;
        return in_.failed() || in_.remaining() > 0 ? Verdict::unsure : Verdict::fits;
    }

    result<PushContent> finish() && { return std::move(readings_).finish(layout_.name); }

private:
    static constexpr std::size_t rows_max = 400; // beyond that the tree's own limits decide

    [[nodiscard]] DataType next_type() const
    {
        return in_.remaining() > 0 ? static_cast<DataType>(std::to_integer<std::uint8_t>(in_.rest().front())) : DataType::dont_care;
    }

    /// Nothing for types that are no plain integer; the reader then stands where it stood.
    std::optional<std::int64_t> read_integer()
    {
        const DataType type = next_type();
        switch (type) {
        case DataType::integer: in_.u8(); return in_.i8();
        case DataType::unsigned_: in_.u8(); return in_.u8();
        case DataType::long_: in_.u8(); return in_.i16_be();
        case DataType::long_unsigned: in_.u8(); return in_.u16_be();
        case DataType::double_long: in_.u8(); return in_.i32_be();
        case DataType::double_long_unsigned: in_.u8(); return in_.u32_be();
        case DataType::long64: in_.u8(); return in_.i64_be();
        default: return std::nullopt;
        }
    }

    /// The twelve octets of a clock. `misfit`: an octet-string that is none.
    Verdict read_octets(ByteView& octets)
    {
        in_.u8();
        octets = in_.take(read_length(in_));
        return in_.failed() ? Verdict::unsure : Verdict::fits;
    }

    Verdict read_element(const PushElement& element)
    {
        const DataType type = next_type();
        ByteView octets;
        switch (element.role) {
        case Role::logical_device_name:
            if (type != DataType::octet_string && type != DataType::visible_string)
                return type == DataType::utf8_string ? Verdict::unsure : Verdict::misfit;
            if (const Verdict read = read_octets(octets); read != Verdict::fits)
                return read;
            readings_.logical_device_name = printable_text(octets);
            return Verdict::fits;
        case Role::clock:
            return read_body_clock(type);
        case Role::reading:
            return read_register(element, type);
        case Role::profile:
            return type == DataType::array           ? read_rows(element)
                   : type == DataType::compact_array ? Verdict::unsure
                                                     : Verdict::misfit;
        case Role::push_setup:
        case Role::ignored:
            return Verdict::unsure;
        }
        return Verdict::unsure;
    }

    Verdict read_body_clock(DataType type)
    {
        if (type == DataType::null_data) {
            in_.u8();
            return Verdict::fits;
        }
        if (type != DataType::octet_string)
            return type == DataType::date_time ? Verdict::unsure : Verdict::misfit;
        ByteView octets;
        if (const Verdict read = read_octets(octets); read != Verdict::fits)
            return read;
        const auto clock = decode_date_time(octets);
        if (!clock)
            return Verdict::misfit;
        readings_.set_clock(*clock);
        return Verdict::fits;
    }

    Verdict read_register(const PushElement& element, DataType type)
    {
        if (type == DataType::null_data) {
            in_.u8();
            return Verdict::fits;
        }
        const auto number = read_integer();
        if (!number) {
            const bool other_shape = type == DataType::octet_string || type == DataType::visible_string ||
                                     type == DataType::array || type == DataType::structure;
            return other_shape ? Verdict::misfit : Verdict::unsure;
        }
        const ChannelModel* channel = model_.find(element.obis);
        if (in_.failed() || !channel || !readings_.add_number(*channel, *number, element.stamp))
            return Verdict::unsure;
        return Verdict::fits;
    }

    Verdict read_rows(const PushElement& profile)
    {
        in_.u8();
        const std::size_t rows = read_length(in_);
        if (in_.failed() || rows > rows_max)
            return Verdict::unsure;
        ProfileRow row{profile, model_};
        readings_.expect(rows);
        for (std::size_t i = 0; i < rows; ++i) {
            if (next_type() != DataType::structure)
                return in_.failed() ? Verdict::unsure : Verdict::misfit;
            in_.u8();
            if (read_length(in_) != profile.columns.size())
                return in_.failed() ? Verdict::unsure : Verdict::misfit;
            for (std::size_t column = 0; column < profile.columns.size(); ++column)
                if (!read_cell(profile.columns[column], row, column))
                    return Verdict::unsure;
            if (in_.failed() || !readings_.add_row(row))
                return Verdict::unsure;
        }
        return Verdict::fits;
    }

    bool read_cell(const Column& column, ProfileRow& row, std::size_t index)
    {
        const DataType type = next_type();
        if (type == DataType::null_data) {
            in_.u8();
            row.repeat(column);
            return true;
        }
        if (column.role == Column::Role::clock) {
            ByteView octets;
            if (type != DataType::octet_string || read_octets(octets) != Verdict::fits)
                return false;
            const auto clock = decode_date_time(octets);
            if (!clock)
                return false;
            const auto dated = readings_.date(*clock);
            if (dated)
                row.clock = *dated;
            return dated.has_value();
        }
        const auto number = read_integer();
        if (!number)
            return false;
        if (column.role == Column::Role::status)
            row.doubtful = readings_.doubtful(*number);
        else if (column.role == Column::Role::value)
            row.values[index] = number;
        return true;
    }

    const PushLayout& layout_;
    const MeterModel& model_;
    Reader in_;
    PushReadings readings_;
};

} // namespace

std::optional<PushContent> decode_push_directly(const MeterModel& model, const std::optional<DateTime>& sent_at, ByteView body,
                                                const Zone& zone)
{
    for (const PushLayout& layout : model.layouts) {
        if (layout.self_describing)
            return std::nullopt;
        DirectReader reader{layout, model, sent_at, body, zone};
        const Verdict verdict = reader.read();
        if (verdict == Verdict::misfit)
            continue;
        if (verdict == Verdict::unsure)
            return std::nullopt;
        auto content = std::move(reader).finish();
        return content ? std::optional{std::move(*content)} : std::nullopt;
    }
    return std::nullopt;
}

} // namespace releve::dlms
