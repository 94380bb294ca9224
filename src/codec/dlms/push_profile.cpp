// The buffer of a profile generic (class 7, attribute 2) inside a push:
//   buffer = array | compact-array of row;  row = structure of the layout's columns
// Null-data in a later row repeats the row before; in the clock column it is the time before plus the step.

#include "push_parts.hpp"

namespace releve::dlms {

namespace {

using Column = PushElement::Column;

/// A status word as a number, or the first octet of a bit-string as it was sent.
result<std::int64_t> read_status(const Data& data)
{
    if (data.type == DataType::bit_string && !data.bytes.empty())
        return std::to_integer<std::int64_t>(data.bytes[0]);
    RELEVE_TRY(number, read_number(data));
    return number.value_or(0);
}

Error in_row(const Error& error, std::size_t row)
{
    return fail(error.code, "row " + std::to_string(row + 1) + ": " + error.detail, error.offset);
}

} // namespace

ProfileRow::ProfileRow(const PushElement& of, const MeterModel& model)
    : profile(of), channels(of.columns.size()), values(of.columns.size())
{
    for (std::size_t i = 0; i < of.columns.size(); ++i) {
        if (of.columns[i].role != Column::Role::value)
            continue;
        channels[i] = model.find(of.columns[i].obis);
        RELEVE_ASSERT(channels[i] != nullptr); // find_fault() refuses such a model
        if (step == Seconds{0})
            step = channels[i]->step;
    }
}

result<void> PushReadings::add_row(const ProfileRow& row)
{
    if (!row.clock)
        return fail(errc::time_undefined, "the first row has no clock");
    Dated dated = *row.clock;
    if (row.doubtful)
        dated.quality = worse(dated.quality, Quality::questionable);
    for (std::size_t i = 0; i < row.values.size(); ++i)
        if (row.channels[i] && row.values[i])
            RELEVE_CHECK(add_slot(*row.channels[i], dated, row.profile.stamp, *row.values[i]));
    return {};
}

result<void> PushReadings::add_profile(const PushElement& profile, const Data& buffer)
{
    ProfileRow row{profile, model_};
    expect(buffer.children.size());

    const auto read_column = [&](const Column& column, const Data& cell, std::size_t index) -> result<void> {
        if (cell.type == DataType::null_data) {
            row.repeat(column);
        } else if (column.role == Column::Role::clock) {
            RELEVE_TRY(clock, read_clock(cell));
            RELEVE_TRY(dated, date(clock));
            row.clock = dated;
        } else if (column.role == Column::Role::status) {
            RELEVE_TRY(status, read_status(cell));
            row.doubtful = doubtful(status);
        } else if (column.role == Column::Role::value) {
            RELEVE_TRY(number, read_number(cell));
            row.values[index] = number;
        }
        return {};
    };

    for (std::size_t n = 0; n < buffer.children.size(); ++n) {
        const std::vector<Data>& cells = buffer.children[n].children;
        RELEVE_ASSERT(cells.size() == profile.columns.size()); // the layout's shape was compared before
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (auto read = read_column(profile.columns[i], cells[i], i); !read)
                return in_row(read.error(), n);
        if (auto added = add_row(row); !added)
            return in_row(added.error(), n);
    }
    return {};
}

} // namespace releve::dlms
