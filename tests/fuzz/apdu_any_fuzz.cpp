// Any bytes as any APDU, and the push APDUs that decode are written and read again as themselves.

#include <releve/codec/dlms/apdu_any.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve;
    const auto apdu = dlms::decode_any_apdu(std::as_bytes(std::span{data, size}));
    if (!apdu)
        return 0;
    if (const auto* push = std::get_if<dlms::DataNotification>(&*apdu)) {
        const auto again = dlms::decode_data_notification(dlms::encode_data_notification(*push));
        RELEVE_ASSERT(again && again->invoke_id == push->invoke_id && again->date_time_octets == push->date_time_octets);
    }
    if (const auto* event = std::get_if<dlms::EventNotification>(&*apdu)) {
        const auto again = dlms::decode_event_notification(dlms::encode_event_notification(*event));
        RELEVE_ASSERT(again && again->obis == event->obis && again->date_time == event->date_time);
    }
    return 0;
}
