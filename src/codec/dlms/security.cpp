#include <releve/codec/dlms/security.hpp>

#include <releve/codec/dlms/data.hpp>
#include <releve/core/limits.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::dlms {

namespace {

constexpr std::uint8_t general_glo = 0xdb;
constexpr std::uint8_t general_ded = 0xdc;
constexpr std::uint8_t general_ciphering = 0xdd;

struct PolicyRow {
    Policy policy;
    std::string_view name, alias;
    std::uint8_t required; // bits of the security control byte
};
constexpr PolicyRow policy_rows[] = {
    {Policy::authenticated_encrypted, "authenticated_encrypted", "30", sc::authentication | sc::encryption},
    {Policy::authenticated, "authenticated", "10", sc::authentication},
    {Policy::encrypted, "encrypted", "20", sc::encryption},
    {Policy::clear, "clear", "00", 0},
};

ByteView read_octet_string(Reader& reader)
{
    return reader.take(read_length(reader));
}

std::optional<SystemTitle> read_system_title(Reader& reader, bool may_be_empty)
{
    const ByteView bytes = read_octet_string(reader);
    if (reader.failed() || (bytes.empty() && may_be_empty))
        return std::nullopt;
    if (bytes.size() != std::tuple_size_v<SystemTitle>) {
        reader.set_error(errc::bad_length, "system title of " + std::to_string(bytes.size()) + " bytes, not 8");
        return std::nullopt;
    }
    SystemTitle title;
    std::ranges::copy(bytes, title.begin());
    return title;
}

/// 00 | 01 then 00 key-id(1) | 01 kek-id(1) wrapped-key | 02 key-parameters key-ciphered-data
ByteView read_key_info(Reader& reader)
{
    const ByteView all = reader.rest();
    const std::size_t begin = reader.offset() + 1;
    const std::uint8_t present = reader.u8();
    if (present > 1)
        reader.set_error(errc::bad_value, "key-info is neither absent nor present");
    if (reader.failed() || present == 0)
        return {};
    switch (reader.u8()) {
    case 0: reader.u8(); break;
    case 1: reader.u8(); read_octet_string(reader); break;
    case 2: read_octet_string(reader); read_octet_string(reader); break;
    default: reader.set_error(errc::bad_value, "unknown choice of key-info");
    }
    return reader.failed() ? ByteView{} : all.subspan(1, reader.offset() - begin);
}

/// transaction-id originator recipient date-time other-information, octet-strings all.
void read_general_ciphering_header(Reader& reader, CipheredApdu& apdu)
{
    const ByteView all = reader.rest();
    const std::size_t begin = reader.offset();
    read_octet_string(reader);
    apdu.system_title = read_system_title(reader, true);
    for (int i = 0; i < 3; ++i)
        read_octet_string(reader);
    if (!reader.failed())
        apdu.additional_aad = all.first(reader.offset() - begin);
    apdu.key_info = read_key_info(reader);
}

void append(Bytes& to, ByteView bytes)
{
    to.insert(to.end(), bytes.begin(), bytes.end());
}

std::array<std::byte, crypto::gcm_iv_bytes> make_iv(const SystemTitle& title, std::uint32_t invocation_counter)
{
    std::array<std::byte, crypto::gcm_iv_bytes> iv{};
    std::ranges::copy(title, iv.begin());
    for (unsigned i = 0; i < 4; ++i)
        iv[8 + i] = static_cast<std::byte>(invocation_counter >> (24 - 8 * i));
    return iv;
}

/// SC || AK || header of general-ciphering || text if it is authenticated only.
Bytes make_aad(std::uint8_t security_control, const crypto::Key128& authentication_key, ByteView additional,
               ByteView clear_text)
{
    Bytes aad;
    aad.reserve(17 + additional.size() + clear_text.size());
    aad.push_back(std::byte{security_control});
    append(aad, authentication_key.bytes());
    append(aad, additional);
    append(aad, clear_text);
    return aad;
}

/// Whether a deciphered text may be a push. A wrong cipher key gives 16 random bytes at once, so a handful of fixed
/// positions tell it from a message that was altered somewhere: data-notification with its date-time length,
/// event-notification with its presence octet, general-block-transfer with a possible block number. A message altered
/// in one of these very positions, or in its IV, is named "wrong key"; that is as much as can be known.
bool makes_sense_as_push(ByteView text)
{
    Reader reader{text};
    switch (reader.u8()) {
    case 0x0f: {
        reader.u32_be();
        const std::uint8_t date_time_length = reader.u8();
        return !reader.failed() && (date_time_length == 0x00 || date_time_length == 0x0c);
    }
    case 0xc2: return reader.u8() <= 1 && !reader.failed();
    case 0xe0: {
        reader.u8();
        const std::uint16_t block = reader.u16_be();
        return !reader.failed() && block >= 1 && block <= limits::blocks_max;
    }
    default: return false;
    }
}

result<void> check_supported(const CipheredApdu& apdu)
{
    const std::uint8_t control = apdu.security_control;
    if ((control & sc::suite_mask) != 0)
        return fail(errc::unsupported_security, "security suite " + std::to_string(control & sc::suite_mask));
    if ((control & sc::compression) != 0)
        return fail(errc::unsupported_security, "compression");
    if ((control & sc::broadcast) != 0)
        return fail(errc::unsupported_security, "broadcast key");
    static constexpr std::array unicast{std::byte{0}, std::byte{0}};
    if (!apdu.key_info.empty() && !std::ranges::equal(apdu.key_info, unicast))
        return fail(errc::unsupported_security, "key-info names another key than the unicast one");
    return {};
}

} // namespace

std::string_view policy_name(Policy policy)
{
    return std::ranges::find(policy_rows, policy, &PolicyRow::policy)->name;
}

result<Policy> parse_policy(std::string_view text)
{
    for (const PolicyRow& row : policy_rows)
        if (text == row.name || text == row.alias)
            return row.policy;
    return fail(errc::bad_value, "policy is none of authenticated_encrypted, authenticated, encrypted, clear");
}

result<void> check_policy(Policy policy, std::optional<std::uint8_t> security_control)
{
    const std::uint8_t required = std::ranges::find(policy_rows, policy, &PolicyRow::policy)->required;
    const std::uint8_t missing = required & static_cast<std::uint8_t>(~security_control.value_or(0));
    if (missing == 0)
        return {};
    const bool authentication = (missing & sc::authentication) != 0;
    const bool encryption = (missing & sc::encryption) != 0;
    return fail(errc::policy, authentication && encryption ? "authentication and encryption missing"
                              : authentication             ? "authentication missing"
                                                           : "encryption missing");
}

bool is_ciphered_tag(std::uint8_t tag)
{
    static constexpr std::uint8_t tags[] = {0x21, 0x28, 0x2e, 0x41, 0x48, 0x4e, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd,
                                            0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd7, 0xdb, 0xdc, 0xdd};
    return std::ranges::binary_search(tags, tag);
}

result<CipheredApdu> decode_ciphered_apdu(ByteView bytes)
{
    Reader reader{bytes};
    CipheredApdu apdu;
    apdu.tag = reader.u8();
    if (!reader.failed() && !is_ciphered_tag(apdu.tag))
        return fail(errc::unknown_apdu, "tag " + to_hex(bytes.first(1)) + " is not that of a ciphered APDU", 0);
    if (apdu.tag == general_glo || apdu.tag == general_ded)
        apdu.system_title = read_system_title(reader, false);
    if (apdu.tag == general_ciphering)
        read_general_ciphering_header(reader, apdu);
    const std::size_t length = read_length(reader);
    const std::size_t begin = reader.offset();
    apdu.security_control = reader.u8();
    apdu.invocation_counter = reader.u32_be();
    if (!reader.failed() && length < reader.offset() - begin)
        reader.set_error(errc::bad_length, "no room for security control and invocation counter");
    if (!reader.failed())
        apdu.payload = reader.take(length - (reader.offset() - begin));
    return reader.finish(std::move(apdu));
}

std::optional<SystemTitle> peek_system_title(ByteView bytes)
{
    Reader reader{bytes};
    const std::uint8_t tag = reader.u8();
    if (tag == general_ciphering)
        read_octet_string(reader);
    else if (tag != general_glo && tag != general_ded)
        return std::nullopt;
    return read_system_title(reader, true);
}

result<Unprotected> unprotect(const CipheredApdu& apdu, const SecurityKeys& keys,
                              const std::optional<SystemTitle>& sender)
{
    RELEVE_CHECK(check_supported(apdu));
    const bool authenticated = (apdu.security_control & sc::authentication) != 0;
    const bool encrypted = (apdu.security_control & sc::encryption) != 0;
    const auto& title = apdu.system_title ? apdu.system_title : sender;
    if (!title)
        return fail(errc::no_system_title);
    if (authenticated && apdu.payload.size() < crypto::gcm_tag_bytes)
        return fail(errc::bad_length, "no room for the authentication tag");
    const ByteView text = authenticated ? apdu.payload.first(apdu.payload.size() - crypto::gcm_tag_bytes) : apdu.payload;
    if (!authenticated && !encrypted)
        return Unprotected{{text.begin(), text.end()}, false};

    const auto iv = make_iv(*title, apdu.invocation_counter);
    if (!authenticated)
        return Unprotected{crypto::gcm_decipher_unverified({keys.encryption, iv, {}, text}), false};

    const Bytes aad = make_aad(apdu.security_control, keys.authentication, apdu.additional_aad,
                               encrypted ? ByteView{} : text);
    const crypto::GcmInput input{keys.encryption, iv, aad, encrypted ? text : ByteView{}};
    auto opened = crypto::gcm_open(input, apdu.payload.last(crypto::gcm_tag_bytes));
    if (opened)
        return Unprotected{encrypted ? std::move(*opened) : Bytes{text.begin(), text.end()}, true};
    // Without encryption the text says nothing about the key.
    if (encrypted && !makes_sense_as_push(crypto::gcm_decipher_unverified(input)))
        return fail(errc::wrong_key, "the deciphered text is not a push");
    return std::move(opened).error();
}

Bytes protect(ByteView plaintext, const SecurityKeys& keys, const Protection& protection)
{
    const std::uint8_t control = protection.security_control;
    const bool authenticated = (control & sc::authentication) != 0;
    const bool encrypted = (control & sc::encryption) != 0;
    RELEVE_ASSERT(is_ciphered_tag(protection.tag) && protection.tag != general_ciphering);

    const auto iv = make_iv(protection.system_title, protection.invocation_counter);
    const Bytes aad = authenticated
                          ? make_aad(control, keys.authentication, {}, encrypted ? ByteView{} : plaintext)
                          : Bytes{};
    const crypto::Sealed sealed =
        crypto::gcm_seal({keys.encryption, iv, aad, encrypted ? plaintext : ByteView{}});
    const ByteView text = encrypted ? ByteView{sealed.ciphertext} : plaintext;
    const ByteView tag = authenticated ? ByteView{sealed.tag}.first(crypto::gcm_tag_bytes) : ByteView{};

    Writer writer;
    writer.u8(protection.tag);
    if (protection.tag == general_glo || protection.tag == general_ded) {
        write_length(writer, protection.system_title.size());
        writer.bytes(protection.system_title);
    }
    write_length(writer, 1 + 4 + text.size() + tag.size());
    writer.u8(control).u32_be(protection.invocation_counter).bytes(text).bytes(tag);
    return std::move(writer).take();
}

} // namespace releve::dlms
