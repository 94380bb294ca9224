// Inputs of test vectors, and the kinds that need ciphers only: key wrap, CMAC, GCM, and HLS-5 with its session.

#include "vector_kinds.hpp"

#include <releve/app/describe.hpp>
#include <releve/codec/dlms/wrapper.hpp>
#include <releve/core/limits.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::app::vectors {

using nlohmann::json;
using namespace dlms;

result<Bytes> bytes_input(const json& inputs, std::string_view name)
{
    const auto found = inputs.find(name);
    if (found == inputs.end() || !found->is_string())
        return fail(errc::bad_parameter, "no input " + std::string(name));
    auto bytes = from_hex(found->get_ref<const std::string&>());
    if (!bytes)
        return fail(errc::bad_parameter, "input " + std::string(name) + " is not hexadecimal");
    return bytes;
}

result<std::uint32_t> number_input(const json& inputs, std::string_view name)
{
    const auto found = inputs.find(name);
    if (found == inputs.end() || !found->is_number_unsigned())
        return fail(errc::bad_parameter, "no number " + std::string(name));
    return found->get<std::uint32_t>();
}

std::string text_at(const json& from, const char* pointer)
{
    const json::json_pointer place{pointer};
    return from.contains(place) && from[place].is_string() ? from[place].get<std::string>() : std::string{};
}

result<crypto::Key128> key_input(const json& inputs, std::string_view name)
{
    RELEVE_TRY(bytes, bytes_input(inputs, name));
    auto key = crypto::Key128::from(bytes);
    if (!key)
        return fail(errc::bad_parameter, std::string(name) + " has not 16 bytes");
    return key;
}

result<SecurityKeys> keys_input(const json& inputs)
{
    RELEVE_TRY(encryption, key_input(inputs, "encryption_key"));
    RELEVE_TRY(authentication, key_input(inputs, "authentication_key"));
    return SecurityKeys{encryption, authentication};
}

result<SystemTitle> system_title_input(const json& inputs, std::string_view name)
{
    RELEVE_TRY(bytes, bytes_input(inputs, name));
    SystemTitle title;
    if (bytes.size() != title.size())
        return fail(errc::bad_parameter, std::string(name) + " has not 8 bytes");
    std::ranges::copy(bytes, title.begin());
    return title;
}

std::string hex_octet(std::uint8_t octet)
{
    return to_hex(std::array{std::byte{octet}});
}

result<json> key_wrap(const json& inputs, const json&)
{
    RELEVE_TRY(kek, bytes_input(inputs, "kek"));
    RELEVE_TRY(key, bytes_input(inputs, "key"));
    RELEVE_TRY(wrapped, crypto::aes_key_wrap(kek, key));
    return computed(json{{"wrapped", to_hex(wrapped)}});
}

result<json> key_unwrap(const json& inputs, const json&)
{
    RELEVE_TRY(kek, bytes_input(inputs, "kek"));
    RELEVE_TRY(wrapped, bytes_input(inputs, "wrapped"));
    RELEVE_TRY(key, crypto::aes_key_unwrap(kek, wrapped));
    return computed(json{{"key", to_hex(key)}});
}

result<json> cmac(const json& inputs, const json&)
{
    RELEVE_TRY(key, key_input(inputs, "key"));
    RELEVE_TRY(message, bytes_input(inputs, "message"));
    return computed(json{{"tag", to_hex(crypto::aes_cmac(key, message))}});
}

result<json> gcm(const json& inputs, const json&)
{
    RELEVE_TRY(key, key_input(inputs, "key"));
    RELEVE_TRY(iv, bytes_input(inputs, "iv"));
    RELEVE_TRY(aad, bytes_input(inputs, "aad"));
    RELEVE_TRY(text, bytes_input(inputs, "plaintext"));
    if (iv.size() != crypto::gcm_iv_bytes)
        return fail(errc::bad_parameter, "an IV has 12 bytes");
    const auto short_iv = ByteView{iv}.first<crypto::gcm_iv_bytes>();
    const auto sealed = crypto::gcm_seal({key, short_iv, aad, text});
    const ByteView tag12 = ByteView{sealed.tag}.first(crypto::gcm_tag_bytes);
    for (const ByteView tag : {tag12, ByteView{sealed.tag}}) {
        RELEVE_TRY(opened, crypto::gcm_open({key, short_iv, aad, sealed.ciphertext}, tag));
        if (opened != text)
            return fail(errc::bad_tag, "does not open what it sealed");
    }
    return computed(json{{"ciphertext", to_hex(sealed.ciphertext)}, {"tag12", to_hex(tag12)}, {"tag16", to_hex(sealed.tag)}});
}

// --- HLS-5: the tag of a challenge is that of an APDU which is authenticated only (SC 10) and holds the challenge.

namespace {

constexpr std::size_t challenge_bytes_min = 8;
constexpr std::size_t proof_bytes = 1 + 4 + crypto::gcm_tag_bytes;

result<void> check_challenges(ByteView ctos, ByteView stoc)
{
    if (ctos.size() < challenge_bytes_min || stoc.size() < challenge_bytes_min)
        return fail(errc::bad_length, "a challenge of fewer than 8 bytes");
    if (std::ranges::equal(ctos, stoc))
        return fail(errc::bad_tag, "the challenges are equal");
    return {};
}

/// `proof` is 10 | counter(4) | tag(12).
result<void> verify_proof(ByteView proof, ByteView challenge, const SystemTitle& prover, const SecurityKeys& keys)
{
    if (proof.size() != proof_bytes || proof[0] != std::byte{sc::authentication})
        return fail(errc::bad_length, "not a proof of HLS-5");
    Bytes payload{challenge.begin(), challenge.end()};
    const ByteView tag = proof.last(crypto::gcm_tag_bytes);
    payload.insert(payload.end(), tag.begin(), tag.end());
    CipheredApdu apdu;
    apdu.system_title = prover;
    apdu.security_control = sc::authentication;
    apdu.invocation_counter = Reader{proof.subspan(1)}.u32_be();
    apdu.payload = payload;
    RELEVE_TRY(opened, unprotect(apdu, keys));
    return opened.authenticated ? result<void>{} : fail(errc::bad_tag);
}

/// What one message of a session says, decoded from its stream, in the words of the vector.
result<json> session_message(const json& message, const SecurityKeys& keys, SystemTitle& client, SystemTitle& server)
{
    RELEVE_TRY(stream, bytes_input(message, "stream"));
    WrapperDeframer deframer{limits::apdu_bytes_max};
    deframer.feed(stream);
    RELEVE_TRY(frame, deframer.next());
    if (!frame || !deframer.unfinished().empty())
        return fail(errc::truncated, "not one wrapper message");
    json out{{"direction", text_at(message, "/direction")}, {"stream", to_hex(stream)}};
    const SystemTitle& sender = out["direction"] == "client->meter" ? client : server;
    RELEVE_TRY(apdu, decode_any_apdu(frame->apdu));
    out["decoded"] = to_json(apdu);
    const auto open = [&](ByteView bytes, const char* plain_name, const char* decoded_name) -> result<void> {
        RELEVE_TRY(ciphered, decode_ciphered_apdu(bytes));
        RELEVE_TRY(opened, unprotect(ciphered, keys, sender));
        RELEVE_TRY(plain, decode_any_apdu(opened.plaintext));
        out[plain_name] = to_hex(opened.plaintext);
        out[decoded_name] = to_json(plain);
        return {};
    };
    if (std::holds_alternative<Ciphered>(apdu))
        RELEVE_CHECK(open(frame->apdu, "plaintext", "plain_decoded"));
    if (const auto* association = std::get_if<Association>(&apdu); association && association->user_information)
        RELEVE_CHECK(open(*association->user_information, "user_information_plain", "user_information_decoded"));
    return computed(std::move(out));
}

} // namespace

result<json> hls5_gmac(const json& inputs, const json&)
{
    RELEVE_TRY(keys, keys_input(inputs));
    RELEVE_TRY(title, system_title_input(inputs, "system_title"));
    RELEVE_TRY(counter, number_input(inputs, "invocation_counter"));
    RELEVE_TRY(challenge, bytes_input(inputs, "challenge"));
    const Bytes apdu = protect(challenge, keys, {0xc8, title, counter, sc::authentication});
    const ByteView tag = ByteView{apdu}.last(crypto::gcm_tag_bytes);
    Writer parameter;
    parameter.u8(0x09).u8(proof_bytes).u8(sc::authentication).u32_be(counter).bytes(tag);
    return computed(json{{"tag", to_hex(tag)}, {"action_parameter", to_hex(parameter.view())}});
}

result<json> hls5_verify(const json& inputs, const json&)
{
    RELEVE_TRY(ctos, bytes_input(inputs, "ctos"));
    if (inputs.contains("stoc")) {
        RELEVE_TRY(stoc, bytes_input(inputs, "stoc"));
        RELEVE_CHECK(check_challenges(ctos, stoc));
        if (!inputs.contains("f_ctos"))
            return computed(json::object());
    }
    RELEVE_TRY(keys, keys_input(inputs));
    RELEVE_TRY(server, system_title_input(inputs, "server_system_title"));
    RELEVE_TRY(proof, bytes_input(inputs, "f_ctos"));
    RELEVE_CHECK(verify_proof(proof, ctos, server, keys));
    return computed(json::object());
}

result<json> hls5_session(const json& inputs, const json& expected)
{
    RELEVE_TRY(keys, keys_input(inputs));
    RELEVE_TRY(client, system_title_input(inputs, "client_system_title"));
    RELEVE_TRY(server, system_title_input(inputs, "server_system_title"));
    json out{{"messages", json::array()}};
    for (const json& message : expected.value("messages", json::array())) {
        RELEVE_TRY(decoded, session_message(message, keys, client, server));
        const std::string apdu = text_at(decoded, "/decoded/apdu");
        if (apdu == "aarq")
            out["ctos"] = text_at(decoded, "/decoded/authentication_value");
        if (apdu == "aare")
            out["stoc"] = text_at(decoded, "/decoded/authentication_value");
        const std::string plain = text_at(decoded, "/plain_decoded/apdu");
        if (plain == "action-request-normal")
            out["f_stoc"] = text_at(decoded, "/plain_decoded/data/v");
        if (plain == "action-response-normal")
            out["f_ctos"] = text_at(decoded, "/plain_decoded/return/data/v");
        out["messages"].push_back(std::move(decoded));
    }
    RELEVE_TRY(ctos, bytes_input(out, "ctos"));
    RELEVE_TRY(stoc, bytes_input(out, "stoc"));
    RELEVE_TRY(of_client, bytes_input(out, "f_stoc"));
    RELEVE_TRY(of_server, bytes_input(out, "f_ctos"));
    RELEVE_CHECK(check_challenges(ctos, stoc));
    RELEVE_CHECK(verify_proof(of_client, stoc, client, keys));
    RELEVE_CHECK(verify_proof(of_server, ctos, server, keys));
    return computed(std::move(out));
}

} // namespace releve::app::vectors
