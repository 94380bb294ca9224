// APDUs: any bytes are refused, or taken apart; a notification that decodes is encoded to something that decodes again.

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/apdu_any.hpp>
#include <releve/codec/dlms/security.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve::dlms;
    const releve::ByteView bytes = std::as_bytes(std::span{data, size});
    static_cast<void>(decode_any_apdu(bytes));
    static_cast<void>(decode_ciphered_apdu(bytes));
    static_cast<void>(decode_association(bytes));
    static_cast<void>(peek_system_title(bytes));
    if (const auto notification = decode_data_notification(bytes)) {
        const auto again = encode_data_notification(*notification);
        RELEVE_ASSERT(decode_data_notification(again));
    }
    if (const auto event = decode_event_notification(bytes))
        RELEVE_ASSERT(decode_event_notification(encode_event_notification(*event)));
    BlockAssembler assembler;
    static_cast<void>(assembler.feed(bytes));
    return 0;
}
