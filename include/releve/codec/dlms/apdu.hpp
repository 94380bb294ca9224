#pragma once
// The APDUs of a push session (IEC 62056-5-3): data-notification and its confirmation, event-notification,
// general-block-transfer. The other APDUs, for reading a frame layer by layer, are in apdu_any.hpp.

#include <releve/codec/dlms/data.hpp>
#include <releve/codec/dlms/date_time.hpp>

#include <map>
#include <optional>

namespace releve::dlms {

/// long-invoke-id-and-priority (32 bits).
struct LongInvokeId {
    std::uint32_t raw = 0;
    [[nodiscard]] std::uint32_t id() const { return raw & 0x00ff'ffff; }
    [[nodiscard]] bool confirmed() const { return (raw & 0x4000'0000) != 0; }
    bool operator==(const LongInvokeId&) const = default;
};

/// 0f | long-invoke-id(4) | len(date-time) 00 or 0c | date-time | Data
struct DataNotification {
    LongInvokeId invoke_id;
    Bytes date_time_octets; // as received: empty or 12
    std::optional<DateTime> date_time;
    Data body;
};
[[nodiscard]] result<DataNotification> decode_data_notification(ByteView apdu);
/// The same with the body left as it is, for who reads it directly: a view into the APDU.
struct DataNotificationHead {
    LongInvokeId invoke_id;
    Bytes date_time_octets;
    std::optional<DateTime> date_time;
    ByteView body;
};
[[nodiscard]] result<DataNotificationHead> decode_data_notification_head(ByteView apdu);
[[nodiscard]] Bytes encode_data_notification(const DataNotification& notification);
/// 10 | long-invoke-id(4) | len(date-time) | date-time, as received.
[[nodiscard]] Bytes encode_data_notification_confirm(LongInvokeId invoke_id, ByteView date_time_octets);
struct DataNotificationConfirm {
    LongInvokeId invoke_id;
    Bytes date_time_octets;
};
[[nodiscard]] result<DataNotificationConfirm> decode_data_notification_confirm(ByteView apdu);

/// c2 | opt date-time | class(2) obis(6) attribute(1) | Data
struct EventNotification {
    std::optional<DateTime> date_time;
    std::uint16_t class_id = 0;
    Obis obis;
    std::int8_t attribute = 0;
    Data value;
};
[[nodiscard]] result<EventNotification> decode_event_notification(ByteView apdu);
[[nodiscard]] Bytes encode_event_notification(const EventNotification& notification);

/// General-block-transfer e0 | control(1) | block-number(2, from 1) | block-number-ack(2) | len | bytes, put together.
/// One per connection and system title at most; bounded by limits::assembled_bytes_max and limits::blocks_max.
class BlockAssembler {
public:
    /// The whole APDU after its last block, nothing while more are needed. errc::bad_block_number (and starts over),
    /// errc::too_large, errc::truncated...
    [[nodiscard]] result<std::optional<Bytes>> feed(ByteView apdu);
    [[nodiscard]] bool in_progress() const { return next_block_ != 1; }
    void reset();

private:
    Bytes assembled_;
    std::uint16_t next_block_ = 1;
};
/// Cuts an APDU into general-block-transfer APDUs of at most `block_bytes` of content.
[[nodiscard]] std::vector<Bytes> encode_blocks(ByteView apdu, std::size_t block_bytes);

} // namespace releve::dlms
