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

struct EventNotification; // apdu.hpp

/// When it happened, by the notification's own clock. errc::time_undefined without a date-time that names an instant.
[[nodiscard]] result<Instant> event_time(const MeterModel& model, const EventNotification& event, const Zone& zone);
/// The alarms, all of them at `at`, by what the model says of the notified attribute. A set bit without a name is counted as
/// ignored. errc::undecoded if the model does not describe the attribute, or names nothing of what the value says.
[[nodiscard]] result<PushContent> decode_event(const MeterModel& model, const EventNotification& event, Instant at);

} // namespace releve::dlms
