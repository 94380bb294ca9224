#pragma once
// From the L7 of a DATA or DATA_PRIO frame, in clear, to readings and back, as the layouts of the device's
// model describe it (docs/WIZE.md). Pure: model and octets in, readings or the reason out.

#include <releve/core/bytes.hpp>
#include <releve/core/meter_model.hpp>

namespace releve::wize {

/// By the first layout of the application that fits by length and constants; what it then cannot explain
/// refuses the message. An opaque layout gives no reading and sets `opaque`. errc::undecoded says why the
/// closest layout does not fit, or what is wrong within the one that does.
[[nodiscard]] result<PushContent> decode_message(const MeterModel& model, std::uint8_t app, ByteView l7);

/// Readings of one clock, for a simulated device.
struct MessageToEncode {
    const MeterModel& model;
    const PushContent& content; // in the layout that it names
    Instant clock;
    std::size_t deltas = 24; // how many values the run that ends at the clock has
};
/// What is absent becomes the field's "missing" number. errc::bad_value if the layout is opaque or unknown,
/// if a value does not fit its field or is missing without a number for it, or if all does not fit a frame.
[[nodiscard]] result<Bytes> encode_message(const MessageToEncode& message);

} // namespace releve::wize
