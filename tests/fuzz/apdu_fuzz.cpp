// APDUs: any bytes are refused, or taken apart; a notification that decodes is written and read again as itself.

#include <releve/codec/dlms/apdu_any.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve::dlms;
    const releve::ByteView bytes = std::as_bytes(std::span{data, size});
    BlockAssembler assembler;
    static_cast<void>(assembler.feed(bytes));
    const auto apdu = decode_any_apdu(bytes);
    if (!apdu)
        return 0;
    if (const auto* push = std::get_if<DataNotification>(&*apdu)) {
        const auto again = decode_data_notification(encode_data_notification(*push));
        RELEVE_ASSERT(again && again->invoke_id == push->invoke_id);
        RELEVE_ASSERT(again->date_time_octets == push->date_time_octets && again->date_time == push->date_time);
    }
    if (const auto* event = std::get_if<EventNotification>(&*apdu)) {
        const auto again = decode_event_notification(encode_event_notification(*event));
        RELEVE_ASSERT(again && again->obis == event->obis && again->date_time == event->date_time);
    }
    return 0;
}
