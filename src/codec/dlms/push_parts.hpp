#pragma once
// What the two ways of reading a push share: the clock that dates its values, and the readings found so far.
// Private to the sources of push.

#include <releve/codec/dlms/push.hpp>

#include <optional>
#include <string>

namespace releve::dlms {

struct ScalerUnit {
    int scaler = 0;
    std::uint8_t unit = 255;
};
/// The structure {integer scaler, enum unit} that some meters put behind a value.
[[nodiscard]] std::optional<ScalerUnit> read_scaler_unit(const Data& data);

/// An octet-string(12) or a date-time whose fields are in range.
[[nodiscard]] bool looks_like_clock(const Data& data);
[[nodiscard]] result<DateTime> read_clock(const Data& data);
/// Nothing for null-data; errc::undecoded for what is not an integer of 64 bits.
[[nodiscard]] result<std::optional<std::int64_t>> read_number(const Data& data);
/// Empty unless all of it is printable ASCII.
[[nodiscard]] std::string printable_text(const Data& data);
[[nodiscard]] std::string printable_text(ByteView text);

/// An instant and how far its clock is to be trusted.
struct Dated {
    Instant at{};
    Quality quality = Quality::raw;
};

/// A row of a profile's buffer. Null-data in a later row repeats the row before; in the clock column it is the time before
/// plus the step.
struct ProfileRow {
    ProfileRow(const PushElement& of, const MeterModel& model);
    void repeat(const PushElement::Column& column)
    {
        if (column.role == PushElement::Column::Role::clock && clock)
            clock->at += step;
    }

    const PushElement& profile;
    std::vector<const ChannelModel*> channels; // by column; null for those that hold no value
    Seconds step{0};
    std::optional<Dated> clock;
    bool doubtful = false;
    std::vector<std::optional<std::int64_t>> values; // by column
};

class PushReadings {
public:
    PushReadings(const MeterModel& model, const Zone& zone, std::optional<DateTime> sent_at)
        : model_(model), zone_(zone), clock_(std::move(sent_at))
    {
    }

    /// The clock of what follows, in place of the notification's own.
    void set_clock(const DateTime& clock) { clock_ = clock; }
    [[nodiscard]] result<Dated> date(const DateTime& clock) const;
    /// A register at the clock, or the slot of an interval channel that starts or ends there. Null-data adds
    /// nothing.
    [[nodiscard]] result<void> add_value(const ChannelModel& channel, const Data& value, Stamp stamp,
                                         std::optional<ScalerUnit> sent = std::nullopt);
    [[nodiscard]] result<void> add_number(const ChannelModel& channel, std::int64_t number, Stamp stamp);
    /// What the row says now, a slot a value column.
    [[nodiscard]] result<void> add_row(const ProfileRow& row);
    void expect(std::size_t rows) { intervals_.reserve(intervals_.size() + rows); }
    [[nodiscard]] bool doubtful(std::int64_t status) const
    {
        return (status & model_.quirks.doubtful_clock_mask) != 0;
    }
    [[nodiscard]] result<void> add_profile(const PushElement& profile, const Data& buffer);
    /// Sorted by channel and time. errc::undecoded if one instant of a channel has two values.
    [[nodiscard]] result<PushContent> finish(const std::string& layout) &&;

    std::string logical_device_name;
    std::size_t ignored = 0;

private:
    [[nodiscard]] result<void> add_slot(const ChannelModel& channel, Dated stamped, Stamp stamp,
                                        std::int64_t value);

    const MeterModel& model_;
    const Zone& zone_;
    std::optional<DateTime> clock_;
    /// The civil day of the slot before: the next one is mostly in it, and looking a day up costs more than the slot.
    struct {
        Instant from{}, to{};
        Seconds day_start{-1};
    } day_;
    std::vector<IntervalReading> intervals_;
    std::vector<RegisterReading> registers_;
};

/// push_described.cpp: walks the body for OBIS codes followed by a value. Nothing if the body names no
/// channel of the model, so that another layout's reason is the better one.
[[nodiscard]] result<std::optional<PushContent>> decode_self_describing(const PushLayout& layout,
                                                                        const MeterModel& model,
                                                                        const PushBody& push,
                                                                        const Zone& zone);

} // namespace releve::dlms
