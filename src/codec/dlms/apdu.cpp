#include <releve/codec/dlms/apdu.hpp>

#include <releve/core/limits.hpp>

namespace releve::dlms {

namespace {

constexpr std::uint8_t data_notification_tag = 0x0f;
constexpr std::uint8_t data_notification_confirm_tag = 0x10;
constexpr std::uint8_t event_notification_tag = 0xc2;
constexpr std::size_t date_time_bytes = 12;

bool read_tag(Reader& reader, std::uint8_t expected)
{
    const std::uint8_t tag = reader.u8();
    if (!reader.failed() && tag != expected)
        reader.set_error(errc::unknown_apdu, "tag " + std::to_string(tag) + " instead of " + std::to_string(expected));
    return !reader.failed();
}

/// len 00 | len 0c date-time, without a type tag.
Bytes read_optional_date_time(Reader& reader)
{
    const std::size_t length = read_length(reader);
    if (length != 0 && length != date_time_bytes)
        reader.set_error(errc::bad_length, "date-time of " + std::to_string(length) + " bytes");
    const ByteView octets = reader.take(length);
    return {octets.begin(), octets.end()};
}

void write_octets(Writer& writer, ByteView octets)
{
    write_length(writer, octets.size());
    writer.bytes(octets);
}

} // namespace

namespace {

/// All in front of the body.
template <class Notification>
void read_head(Reader& reader, Notification& notification)
{
    read_tag(reader, data_notification_tag);
    notification.invoke_id.raw = reader.u32_be();
    notification.date_time_octets = read_optional_date_time(reader);
    // Octets that are no date-time do not make the notification unreadable: its body has clocks of its own, and the
    // confirmation repeats the octets as they came.
    if (!reader.failed() && !notification.date_time_octets.empty())
        if (auto date_time = decode_date_time(notification.date_time_octets))
            notification.date_time = *date_time;
}

} // namespace

result<DataNotification> decode_data_notification(ByteView apdu)
{
    Reader reader{apdu};
    DataNotification notification;
    read_head(reader, notification);
    notification.body = read_data(reader);
    return reader.finish(std::move(notification));
}

result<DataNotificationHead> decode_data_notification_head(ByteView apdu)
{
    Reader reader{apdu};
    DataNotificationHead head;
    read_head(reader, head);
    head.body = reader.take(reader.remaining());
    return reader.finish(std::move(head));
}

Bytes encode_data_notification(const DataNotification& notification)
{
    Writer writer;
    writer.u8(data_notification_tag).u32_be(notification.invoke_id.raw);
    if (notification.date_time_octets.empty() && notification.date_time)
        write_octets(writer, encode_date_time(*notification.date_time));
    else
        write_octets(writer, notification.date_time_octets);
    write_data(writer, notification.body);
    return std::move(writer).take();
}

Bytes encode_data_notification_confirm(LongInvokeId invoke_id, ByteView date_time_octets)
{
    Writer writer;
    writer.u8(data_notification_confirm_tag).u32_be(invoke_id.raw);
    write_octets(writer, date_time_octets);
    return std::move(writer).take();
}

result<DataNotificationConfirm> decode_data_notification_confirm(ByteView apdu)
{
    Reader reader{apdu};
    DataNotificationConfirm confirm;
    read_tag(reader, data_notification_confirm_tag);
    confirm.invoke_id.raw = reader.u32_be();
    confirm.date_time_octets = read_optional_date_time(reader);
    return reader.finish(std::move(confirm));
}

result<EventNotification> decode_event_notification(ByteView apdu)
{
    Reader reader{apdu};
    EventNotification event;
    read_tag(reader, event_notification_tag);
    const std::uint8_t present = reader.u8();
    if (present > 1)
        reader.set_error(errc::bad_value, "the time is neither absent nor present");
    if (present == 1) {
        const Bytes octets = read_optional_date_time(reader);
        if (!reader.failed() && !octets.empty()) {
            RELEVE_TRY(date_time, decode_date_time(octets));
            event.date_time = date_time;
        }
    }
    event.class_id = reader.u16_be();
    if (const ByteView octets = reader.take(6); !reader.failed())
        event.obis = *obis_from_bytes(octets);
    event.attribute = reader.i8();
    event.value = read_data(reader);
    return reader.finish(std::move(event));
}

Bytes encode_event_notification(const EventNotification& event)
{
    Writer writer;
    writer.u8(event_notification_tag).u8(event.date_time ? 1 : 0);
    if (event.date_time)
        write_octets(writer, encode_date_time(*event.date_time));
    writer.u16_be(event.class_id).bytes(to_bytes(event.obis)).u8(static_cast<std::uint8_t>(event.attribute));
    write_data(writer, event.value);
    return std::move(writer).take();
}

} // namespace releve::dlms
