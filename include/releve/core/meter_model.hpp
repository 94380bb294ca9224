#pragma once
// A meter model as a value: its channels and the layouts of what it pushes. The files of proto/models/*.json
// are parsed into this by app/model_files; the pure folders never see JSON.

#include <releve/core/ids.hpp>
#include <releve/core/obis.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace releve {

enum class ChannelKind : std::uint8_t {
    interval, // a value per step: mean power or energy of the interval
    reading,  // register: a cumulative value at an instant
};

/// What an interval value is, which says how it sums to energy.
enum class Quantity : std::uint8_t {
    mean_power, // energy of the slot = value * 10^scaler * step
    energy,     // energy of the slot = value * 10^scaler
    volume,     // volume of the slot = value * 10^scaler
    cumulative, // registers
    other,      // kept, never summed
};

struct OwnWords {
    std::string label_en, label_fr, plain_en, plain_fr;
    bool operator==(const OwnWords&) const = default;
};

/// Something that a meter reports of itself.
struct AlarmModel {
    int bit = 0; // of a set: 0 is the least significant; of a table of values: the value
    std::string name;
    OwnWords words;
};

struct ChannelModel {
    ChannelId channel;
    std::string name; // "active_power_import": the API's word for it
    Obis obis;
    ChannelKind kind = ChannelKind::interval;
    Quantity quantity = Quantity::mean_power;
    Unit unit = Unit::watt;
    int scaler = 0;       // value * 10^scaler in `unit`
    Seconds step{1800};   // interval channels
    int digits = 0;       // registers: rolls over at 10^digits; 0 = not known
    Seconds day_start{0}; // after local midnight
    bool main = false;    // the channel that /daily and /readings mean when none is named
    OwnWords words;
};

/// Which end of its interval a profile entry's clock names.
enum class Stamp : std::uint8_t { start, end };

/// One element of a pushed structure, in order.
struct PushElement {
    enum class Role : std::uint8_t {
        logical_device_name, // octet or visible string
        push_setup,          // octet-string(6): must equal `obis`, tells layouts of one shape apart
        clock,   // COSEM date-time: the instant of the registers that follow (and of the notification)
        reading, // a register's value, of the channel with `obis`
        profile, // a profile generic buffer with `columns`
        ignored, // anything
    };
    struct Column {
        enum class Role : std::uint8_t { clock, status, value, ignored };
        Role role = Role::ignored;
        Obis obis; // value columns: the channel
    };
    Role role = Role::ignored;
    Obis obis;
    std::vector<Column> columns;
    Stamp stamp = Stamp::end;
};

struct PushLayout {
    std::string name;
    /// The body is walked for OBIS codes followed by a value and perhaps a scaler and unit; `elements` is
    /// empty.
    bool self_describing = false;
    std::vector<PushElement> elements;
};

/// What it means when a meter notifies the value of one attribute of one object on its own (DLMS EventNotification). The
/// object's class is not looked at: its code says enough.
struct EventModel {
    enum class Form : std::uint8_t {
        bits,   // the value is a set, several may be true at once
        values, // the value is the number of one of them
    };
    std::string name;
    Obis obis;
    int attribute = 2;
    Form form = Form::bits;
    std::vector<AlarmModel> alarms;
};

/// One field of a Wize application message, in the order of its octets. Numbers are unsigned and big-endian.
struct WizeField {
    enum class Role : std::uint8_t {
        constant, // must be `equals`: tells layouts of one application apart
        clock,    // seconds since 2013-01-01T00:00:00Z: the instant of the readings that follow
        reading,  // a register's value at the clock, of the channel with `obis`
        deltas,   // to the end of the message: values of an interval channel, oldest first, the last ends at the clock
        alarms,   // a set of bits
        ignored,
    };
    using Alarm = AlarmModel;
    Role role = Role::ignored;
    std::size_t bytes = 1; // 1 to 8; of each value of `deltas`
    std::uint64_t equals = 0;
    Obis obis;
    std::optional<std::uint64_t> missing; // the number that stands for "not measured"
    std::vector<Alarm> alarms;
};

/// How the L7 of a Wize application is laid out. An opaque one is known by its application and length, and not read.
struct WizeLayout {
    std::string name;
    std::uint8_t app = 0;              // L6App
    std::optional<std::size_t> length; // octets of L7; needed for an opaque one
    bool opaque = false;
    std::vector<WizeField> fields;
};

/// Of what a Wize device's 16-bit time stamp is the low part.
enum class ClockBase : std::uint8_t { unix_epoch, wize_epoch /* 2013-01-01T00:00:00Z */ };

struct WizeOptions {
    ClockBase clock_base = ClockBase::unix_epoch;
    Seconds clock_alarm{300};    // a device whose time is further off has a clock alarm
    Seconds receive_delay{5};    // EXCH_RX_DELAY: from a DATA frame to the window in which it listens
    bool old_ci = true;          // CI B4, of devices from before its registration, is accepted beside 20
};

/// How a manufacturer deviates from the standard. Named, never guessed.
struct Quirks {
    /// A date-time whose deviation is "not specified" is local civil time of the zone (true) or UTC (false).
    bool undefined_deviation_is_local = true;
    /// Status bits of the clock that make its readings doubtful (IEC 62056-6-2, 4.1.6.1).
    std::uint8_t doubtful_clock_mask = 0x03;
};

struct MeterModel {
    std::string name; // the `model` column of the meter import
    std::string protocol = "dlms"; // dlms, wize, tic, or import: what comes in files, without layouts
    OwnWords words;
    std::vector<ChannelModel> channels;
    std::vector<PushLayout> layouts; // the first that fits explains the push
    std::vector<EventModel> events;  // of the protocol dlms
    Quirks quirks;
    std::vector<WizeLayout> wize_layouts; // of the protocol wize; the first that fits explains the message
    WizeOptions wize;

    [[nodiscard]] const ChannelModel* find(const Obis& obis) const;
    [[nodiscard]] const ChannelModel* find(ChannelId channel) const;
    [[nodiscard]] const ChannelModel* find_by_name(std::string_view channel_name) const;
    [[nodiscard]] const ChannelModel* main_channel() const;
    [[nodiscard]] const AlarmModel* find_alarm(std::string_view alarm_name) const;
    [[nodiscard]] const EventModel* find_event(const Obis& obis, int attribute) const;
};

/// What is wrong with a model, and where: a JSON pointer into its file ("/channels/3/obis").
struct ModelFault {
    std::string where;
    std::string reason;
    bool operator==(const ModelFault&) const = default;
};
/// The first fault: channels that share a number, name or OBIS code, layouts that name no channel or that one
/// body could fit both, words missing in one language. A model without a fault is what decode_push may be
/// given.
[[nodiscard]] std::optional<ModelFault> find_fault(const MeterModel& model);

/// What a push said, in the channels of its model; each list sorted by channel and time.
struct IntervalReading {
    ChannelId channel;
    Instant start{};
    std::int64_t value = 0;
    Quality quality = Quality::raw;
    bool operator==(const IntervalReading&) const = default;
};
struct RegisterReading {
    ChannelId channel;
    Instant at{};
    std::int64_t value = 0;
    Quality quality = Quality::raw;
    bool operator==(const RegisterReading&) const = default;
};
/// An alarm that a device reports, by the name its layout gives it.
struct AlarmReading {
    std::string name;
    Instant at{};
    bool operator==(const AlarmReading&) const = default;
};
struct PushContent {
    std::string layout;              // name of the layout (or event) that explained it
    std::string logical_device_name; // empty if the push does not say
    std::vector<IntervalReading> intervals;
    std::vector<RegisterReading> registers;
    std::vector<AlarmReading> alarms;
    bool opaque = false;     // explained as a message that is not to be read
    std::size_t ignored = 0; // values of channels the model does not list
    bool operator==(const PushContent&) const = default;
};

} // namespace releve
