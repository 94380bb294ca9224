// Any bytes as a ciphered APDU under a key nobody sent: taken apart within bounds, and never authentic. The
// same bytes protected: open as themselves, and are not authentic once one bit is another.

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/security.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;

const dlms::SecurityKeys keys{*crypto::Key128::from(Bytes(16, std::byte{0x3c})),
                              *crypto::Key128::from(Bytes(16, std::byte{0xc3}))};

void check_as_received(ByteView bytes)
{
    const auto apdu = dlms::decode_ciphered_apdu(bytes);
    const auto title = dlms::peek_system_title(bytes);
    if (!apdu)
        return;
    RELEVE_ASSERT(dlms::is_ciphered_tag(std::to_integer<std::uint8_t>(bytes[0])));
    RELEVE_ASSERT(title == apdu->system_title);
    const auto opened = dlms::unprotect(*apdu, keys, SystemTitle{});
    RELEVE_ASSERT(!opened || !opened->authenticated);
}

/// control(1) bit(2) plaintext
void check_as_sent(Reader in)
{
    dlms::Protection protection;
    protection.security_control = in.u8() & (dlms::sc::authentication | dlms::sc::encryption);
    const std::size_t bit = in.u16_be();
    protection.invocation_counter = static_cast<std::uint32_t>(bit) << 16;
    if (in.failed())
        return;
    Bytes sent = dlms::protect(in.rest(), keys, protection);
    const auto apdu = dlms::decode_ciphered_apdu(sent);
    RELEVE_ASSERT(apdu && apdu->security_control == protection.security_control);
    const auto opened = dlms::unprotect(*apdu, keys);
    RELEVE_ASSERT(opened && std::ranges::equal(opened->plaintext, in.rest()));
    RELEVE_ASSERT(opened->authenticated == ((protection.security_control & dlms::sc::authentication) != 0));

    sent[bit / 8 % sent.size()] ^= static_cast<std::byte>(1U << bit % 8);
    if (const auto altered = dlms::decode_ciphered_apdu(sent)) {
        const auto forged = dlms::unprotect(*altered, keys, SystemTitle{});
        RELEVE_ASSERT(!forged || !forged->authenticated);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteView bytes = std::as_bytes(std::span{data, size});
    check_as_received(bytes);
    check_as_sent(Reader{bytes});
    return 0;
}
