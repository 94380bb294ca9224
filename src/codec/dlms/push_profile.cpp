// The buffer of a profile generic (class 7, attribute 2) inside a push:
//   buffer = array | compact-array of row;  row = structure of the layout's columns
// Null-data in a later row repeats the row before; in the clock column it is the time before plus the step.

#include "push_parts.hpp"

namespace releve::dlms {

namespace {

using Column = PushElement::Column;

/// What a null-data of the next row stands for.
struct RowBefore {
    std::optional<Dated> clock;
    bool doubtful = false;
    std::vector<std::optional<std::int64_t>> values; // by column
};

/// A status word as a number, or the first octet of a bit-string as it was sent.
result<std::int64_t> read_status(const Data& data)
{
    if (data.type == DataType::bit_string && !data.bytes.empty())
        return std::to_integer<std::int64_t>(data.bytes[0]);
    RELEVE_TRY(number, read_number(data));
    return number.value_or(0);
}

Seconds step_of(const PushElement& profile, const MeterModel& model)
{
    for (const Column& column : profile.columns)
        if (const ChannelModel* channel = model.find(column.obis);
            column.role == Column::Role::value && channel)
            return channel->step;
    return Seconds{0};
}

Error in_row(const Error& error, std::size_t row)
{
    return fail(error.code, "row " + std::to_string(row + 1) + ": " + error.detail, error.offset);
}

} // namespace

result<void> PushReadings::add_profile(const PushElement& profile, const Data& buffer)
{
    RowBefore before;
    before.values.resize(profile.columns.size());
    intervals_.reserve(intervals_.size() + buffer.children.size());
    const Seconds step = step_of(profile, model_);

    const auto read_column = [&](const Column& column, const Data& cell, std::size_t index) -> result<void> {
        const bool repeated = cell.type == DataType::null_data;
        if (column.role == Column::Role::clock && repeated) {
            if (before.clock)
                before.clock->at += step;
        } else if (column.role == Column::Role::clock) {
            RELEVE_TRY(clock, read_clock(cell));
            RELEVE_TRY(dated, date(clock));
            before.clock = dated;
        } else if (column.role == Column::Role::status && !repeated) {
            RELEVE_TRY(status, read_status(cell));
            before.doubtful = doubtful(status);
        } else if (column.role == Column::Role::value && !repeated) {
            RELEVE_TRY(number, read_number(cell));
            before.values[index] = number;
        }
        return {};
    };

    for (std::size_t row = 0; row < buffer.children.size(); ++row) {
        const std::vector<Data>& cells = buffer.children[row].children;
        RELEVE_ASSERT(cells.size() == profile.columns.size()); // the layout's shape was compared before
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (auto read = read_column(profile.columns[i], cells[i], i); !read)
                return in_row(read.error(), row);
        if (!before.clock)
            return in_row(fail(errc::time_undefined, "the first row has no clock"), row);
        Dated dated = *before.clock;
        if (before.doubtful)
            dated.quality = worse(dated.quality, Quality::questionable);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (profile.columns[i].role != Column::Role::value || !before.values[i])
                continue;
            const ChannelModel* channel = model_.find(profile.columns[i].obis);
            RELEVE_ASSERT(channel != nullptr); // find_fault() refuses such a model
            if (auto added = add_slot(*channel, dated, profile.stamp, *before.values[i]); !added)
                return in_row(added.error(), row);
        }
    }
    return {};
}

} // namespace releve::dlms
