// Any bytes as a ciphered APDU under a key nobody sent: taken apart within bounds, and never authentic.

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/security.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve;
    const ByteView bytes = std::as_bytes(std::span{data, size});
    static const dlms::SecurityKeys keys{*crypto::Key128::from(Bytes(16, std::byte{0x3c})),
                                         *crypto::Key128::from(Bytes(16, std::byte{0xc3}))};
    const auto apdu = dlms::decode_ciphered_apdu(bytes);
    dlms::BlockAssembler assembler;
    (void)assembler.feed(bytes);
    const auto title = dlms::peek_system_title(bytes);
    if (!apdu)
        return 0;
    RELEVE_ASSERT(dlms::is_ciphered_tag(data[0]));
    RELEVE_ASSERT(title == apdu->system_title);
    const auto opened = dlms::unprotect(*apdu, keys, SystemTitle{});
    RELEVE_ASSERT(!opened || !opened->authenticated);
    return 0;
}
