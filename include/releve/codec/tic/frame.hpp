#pragma once
// Frames of the customer port of French electricity meters, TIC (Enedis-NOI-CPT_54E; historic mode: -02E). Sans-I/O: bytes
// in, groups out, and back. A group has a checksum of six bits, nothing proves who sent it: never the base of a bill.

#include <releve/codec/tic/label.hpp>
#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>

#include <vector>

namespace releve::tic {

inline constexpr std::size_t frame_bytes_max = 8'192; // a standard frame of three phases has about 1,300
inline constexpr std::size_t groups_max = 128;
inline constexpr std::size_t label_characters_max = 9; // SMAXSN1-1

/// Views into what it was decoded from.
struct Group {
    std::string_view label, value;            // the value may be empty, and may begin or end with spaces
    std::optional<std::string_view> horodate; // as sent; its form is checked, not its date (parse_horodate)
    bool operator==(const Group&) const = default;
};

/// The groups are views into `text`, so a frame moves and is not copied.
struct Frame {
    Mode mode = Mode::historic;
    std::vector<Group> groups;           // in the order of the frame
    std::size_t bad_groups = 0;          // dropped, for their checksum or form
    std::optional<Error> first_problem;  // why the first of these was
    Bytes text;                          // the whole frame without parity bits

    Frame() = default;
    Frame(Frame&&) = default;
    Frame& operator=(Frame&&) = default;
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    /// The first group of this label, or nullptr.
    [[nodiscard]] const Group* find(std::string_view label) const;
};

/// One group, from 0A to 0D, parity bits already removed; its first separator tells the mode. The form of a known label's
/// value is checked too, because bit 6 of a character does not reach the checksum.
/// errc::malformed, errc::bad_checksum.
[[nodiscard]] result<Group> decode_group(ByteView group);
/// One frame, 02 … 03; bit 7 of each octet is ignored. The first good group tells the mode. Groups fail one by one.
/// errc::truncated without 03, errc::malformed without 02 or without groups, errc::too_large (frame_bytes_max,
/// groups_max); when no group is good, what the first one failed for.
[[nodiscard]] result<Frame> decode_frame(ByteView frame);

/// 00 00 and the twelve digits of the first good ADCO or ADSC, two to an octet. Nothing if there is none. Reads the frame no
/// further than that, and says what decode_frame would.
[[nodiscard]] std::optional<DeviceAddress> peek_address(ByteView frame);

/// A last value. Its label is that of the table and lives as long as the program.
struct LiveReading {
    std::string_view label;
    std::int64_t value = 0; // value * 10^scaler in `unit`
    Unit unit = Unit::no_unit;
    int scaler = 0;
    bool is_register = false;
    bool is_power = false;
    Instant at{};
    bool operator==(const LiveReading&) const = default;
};
/// Live power, current, voltage and indexes, in the order of the frame, each label once. `at` is the frame's DATE, or
/// `received_at` if it has none or the meter's clock is degraded.
[[nodiscard]] std::vector<LiveReading> live_readings(const Frame& frame, Instant received_at);

/// A frame as a meter sends it, without parity bits. What decode_frame would drop is written as it is.
[[nodiscard]] Bytes encode_frame(Mode mode, std::span<const Group> groups);

/// Bytes as a serial line gives them, into whole frames. What comes before the first 02 is the rest of a frame that was
/// not seen from its beginning, and is dropped.
class Deframer {
public:
    /// The frames that end within `bytes`, as sent (02 … 03, with parity bits if there were).
    [[nodiscard]] std::vector<Bytes> feed(ByteView bytes);
    /// Of the frame that has begun; frame_bytes_max at most.
    [[nodiscard]] std::size_t pending_bytes() const { return begun_.size(); }
    /// Frames that began and did not end: interrupted (04), begun again (02), or longer than frame_bytes_max.
    [[nodiscard]] std::size_t dropped_frames() const { return dropped_; }

private:
    Bytes begun_; // empty, or from 02 on
    std::size_t dropped_ = 0;
};

} // namespace releve::tic
