#pragma once
// From the body of a DataNotification to readings, as the meter's model describes it. Pure: the model, the zone and the
// data come in, readings or the reason come out.

#include <releve/codec/dlms/data.hpp>
#include <releve/codec/dlms/date_time.hpp>
#include <releve/core/meter_model.hpp>

#include <optional>

namespace releve::dlms {

/// What a DataNotification (or an event-notification) carries, without its header.
struct PushBody {
    std::optional<DateTime> sent_at; // the notification's own date-time
    Data body;
};

/// The first layout that fits. errc::undecoded if none does (the detail says why the closest one does not);
/// errc::time_undefined if a layout fits but an instant cannot be told.
[[nodiscard]] result<PushContent> decode_push(const MeterModel& model, const PushBody& push, const Zone& zone);

/// The same for the encoded body of an ordinary push, many times faster. Nothing where that is not sure to be what
/// decode_push would say: then ask it.
[[nodiscard]] std::optional<PushContent> decode_push_directly(const MeterModel& model, const std::optional<DateTime>& sent_at,
                                                              ByteView body, const Zone& zone);

} // namespace releve::dlms
