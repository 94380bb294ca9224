// The kinds of test vectors that decode and protect APDUs, and the table of all kinds.

#include "vector_kinds.hpp"

#include <releve/app/describe.hpp>
#include <releve/codec/dlms/wrapper.hpp>
#include <releve/codec/replay.hpp>
#include <releve/core/limits.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::app {

using nlohmann::json;
using namespace dlms;
using namespace vectors;

namespace {

result<json> protect_apdu(const json& inputs, const json&)
{
    RELEVE_TRY(keys, keys_input(inputs));
    RELEVE_TRY(title, system_title_input(inputs, "system_title"));
    RELEVE_TRY(counter, number_input(inputs, "invocation_counter"));
    RELEVE_TRY(tag, number_input(inputs, "tag"));
    RELEVE_TRY(control, bytes_input(inputs, "security_control"));
    RELEVE_TRY(plaintext, bytes_input(inputs, "plaintext"));
    if (control.size() != 1 || tag > 0xff || !is_ciphered_tag(static_cast<std::uint8_t>(tag)))
        return fail(errc::bad_parameter, "tag or security_control");
    return computed(json{{"apdu", to_hex(protect(plaintext, keys,
                                        {static_cast<std::uint8_t>(tag), title, counter,
                                         std::to_integer<std::uint8_t>(control[0])}))}});
}

/// The APDUs of a general-block-transfer: a list, or all in a row.
result<Bytes> assemble_blocks(const json& blocks)
{
    Bytes row;
    for (const json& one : blocks.is_array() ? blocks : json::array({blocks})) {
        RELEVE_TRY(bytes, bytes_input({{"block", one}}, "block"));
        row.insert(row.end(), bytes.begin(), bytes.end());
    }
    BlockAssembler assembler;
    ByteView rest{row};
    while (!rest.empty()) {
        Reader reader{rest};
        reader.take(6);
        reader.take(read_length(reader));
        const std::size_t size = reader.failed() ? rest.size() : reader.offset();
        RELEVE_TRY(whole, assembler.feed(rest.first(size)));
        rest = rest.subspan(size);
        if (whole)
            return rest.empty() ? result<Bytes>{std::move(*whole)} : fail(errc::trailing_bytes);
    }
    return fail(errc::truncated, "blocks are missing");
}

/// Opens a ciphered APDU and says what it was.
result<json> open_apdu(ByteView bytes, const SecurityKeys& keys, const std::optional<SystemTitle>& sender, Bytes& plaintext)
{
    RELEVE_TRY(apdu, decode_ciphered_apdu(bytes));
    RELEVE_TRY(opened, unprotect(apdu, keys, sender));
    plaintext = std::move(opened.plaintext);
    json out{{"plaintext", to_hex(plaintext)},
             {"invocation_counter", apdu.invocation_counter},
             {"security_control", hex_octet(apdu.security_control)}};
    if (apdu.system_title)
        out["system_title"] = to_hex(*apdu.system_title);
    return computed(std::move(out));
}

result<json> unprotect_apdu(const json& inputs, const json&)
{
    RELEVE_TRY(keys, keys_input(inputs));
    Bytes apdu;
    if (inputs.contains("apdu")) {
        RELEVE_TRY(given, bytes_input(inputs, "apdu"));
        apdu = given;
    }
    if (inputs.contains("general_block_transfer_apdus")) {
        RELEVE_TRY(assembled, assemble_blocks(inputs["general_block_transfer_apdus"]));
        if (!apdu.empty() && assembled != apdu)
            return fail(errc::malformed, "the blocks do not give the APDU");
        apdu = assembled;
    }
    std::optional<SystemTitle> sender;
    if (inputs.contains("system_title")) {
        RELEVE_TRY(title, system_title_input(inputs, "system_title"));
        sender = title;
    }
    Bytes plaintext;
    RELEVE_TRY(out, open_apdu(apdu, keys, sender, plaintext));
    // Some captures hold text and not an APDU under the ciphering.
    if (const auto decoded = decode_any_apdu(plaintext))
        out["decoded"] = to_json(*decoded);
    return computed(std::move(out));
}

result<WrapperMessage> only_message(ByteView stream)
{
    WrapperDeframer deframer{limits::apdu_bytes_max};
    deframer.feed(stream);
    RELEVE_TRY(message, deframer.next());
    if (!message)
        return fail(errc::truncated, "the stream ends within a message");
    if (!deframer.unfinished().empty())
        return fail(errc::trailing_bytes, "more than one message");
    return std::move(*message);
}

result<Policy> policy_input(const json& inputs)
{
    const auto text = text_at(inputs, "/policy");
    if (text.empty())
        return Policy::clear;
    if (text == "authenticated-and-encrypted required")
        return Policy::authenticated_encrypted;
    return fail(errc::bad_parameter, "unknown policy");
}

result<json> wrapped_push(const json& inputs, const json&)
{
    RELEVE_TRY(keys, keys_input(inputs));
    RELEVE_TRY(stream, bytes_input(inputs, "stream"));
    RELEVE_TRY(policy, policy_input(inputs));
    RELEVE_TRY(message, only_message(stream));
    const bool ciphered = is_ciphered_tag(std::to_integer<std::uint8_t>(message.apdu.front()));
    Bytes push = message.apdu;
    json out = json::object();
    std::optional<std::uint8_t> control;
    if (ciphered) {
        RELEVE_TRY(apdu, decode_ciphered_apdu(message.apdu));
        control = apdu.security_control;
    }
    RELEVE_CHECK(check_policy(policy, control));
    if (ciphered) {
        RELEVE_TRY(opened, open_apdu(message.apdu, keys, std::nullopt, push));
        out = std::move(opened);
    }
    RELEVE_TRY(decoded, decode_any_apdu(push));
    if (!std::holds_alternative<DataNotification>(decoded) && !std::holds_alternative<EventNotification>(decoded))
        return fail(errc::not_a_push);
    out["source_wport"] = message.source_wport;
    out["destination_wport"] = message.destination_wport;
    out["decoded"] = to_json(decoded);
    return computed(std::move(out));
}

result<json> wrapper_stream(const json& inputs, const json& expected)
{
    WrapperDeframer deframer{limits::apdu_bytes_max};
    json frames = json::array();
    for (const json& chunk : inputs.value("chunks", json::array())) {
        RELEVE_TRY(bytes, bytes_input({{"chunk", chunk}}, "chunk"));
        deframer.feed(bytes);
        while (true) {
            RELEVE_TRY(message, deframer.next());
            if (!message)
                break;
            frames.push_back({{"source_wport", message->source_wport},
                              {"destination_wport", message->destination_wport},
                              {"payload", to_hex(message->apdu)}});
        }
    }
    // A message of length 0 is legal and says nothing: the deframer drops it, the vectors list it. It is put back where
    // the vector has it, so that everything around it is still compared.
    const json listed = expected.value("frames", json::array());
    for (std::size_t i = 0; i < listed.size() && i <= frames.size(); ++i)
        if (listed[i].is_object() && listed[i].contains("payload") && text_at(listed[i], "/payload").empty())
            frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(i), listed[i]);
    return computed(json{{"frames", frames},
                {"leftover", to_hex(deframer.unfinished())},
                {"pending_bytes", deframer.pending_bytes()}});
}

result<json> decode_apdu(const json& inputs, const json&)
{
    RELEVE_TRY(bytes, bytes_input(inputs, "apdu"));
    RELEVE_TRY(apdu, decode_any_apdu(bytes));
    return computed(json{{"decoded", to_json(apdu)}});
}

result<json> decode_data_vector(const json& inputs, const json&)
{
    RELEVE_TRY(bytes, bytes_input(inputs, "data"));
    RELEVE_TRY(data, decode_data(bytes));
    return computed(json{{"decoded", to_json(data)}});
}

result<json> decode_datetime(const json& inputs, const json&)
{
    RELEVE_TRY(octets, bytes_input(inputs, "octets"));
    RELEVE_TRY(date_time, decode_date_time(octets));
    return computed(json{{"iso8601", to_iso8601(date_time)}});
}

result<json> block_reassembly(const json& inputs, const json&)
{
    Bytes whole;
    for (const json& block : inputs.value("raw_data_blocks", json::array())) {
        RELEVE_TRY(bytes, bytes_input({{"block", block}}, "block"));
        whole.insert(whole.end(), bytes.begin(), bytes.end());
    }
    RELEVE_TRY(data, decode_data(whole));
    json out{{"total_bytes", whole.size()}, {"type", type_name(data.type)}, {"elements", data.children.size()}};
    if (!data.children.empty()) {
        out["first"] = to_json(data.children.front());
        out["last"] = to_json(data.children.back());
    }
    return computed(std::move(out));
}

/// Counter and digest of a stream whose tag verifies.
result<ReplayWindow::Entry> authentic_entry(const json& stream, const SecurityKeys& keys)
{
    RELEVE_TRY(bytes, bytes_input({{"stream", stream}}, "stream"));
    RELEVE_TRY(message, only_message(bytes));
    RELEVE_TRY(apdu, decode_ciphered_apdu(message.apdu));
    RELEVE_TRY(opened, unprotect(apdu, keys));
    if (!opened.authenticated)
        return fail(errc::policy, "authentication missing");
    const auto digest = crypto::sha256(message.apdu);
    return ReplayWindow::Entry{apdu.invocation_counter, Reader{digest}.u64_be()};
}

result<json> replay_sequence(const json& inputs, const json&)
{
    RELEVE_TRY(keys, keys_input(inputs));
    ReplayWindow window{ReplayMode::strict};
    json accepted = json::array();
    for (const json& stream : inputs.value("streams", json::array())) {
        const auto entry = authentic_entry(stream, keys);
        const bool fresh = entry && window.check(entry->counter, entry->digest) == ReplayVerdict::fresh;
        if (fresh)
            window.accept(entry->counter, entry->digest);
        accepted.push_back(fresh);
    }
    return computed(json{{"accept", accepted}});
}

struct KindRow {
    std::string_view name;
    VectorKind compute;
};
constexpr KindRow kinds[] = {
    {"protect-apdu", protect_apdu},
    {"unprotect-apdu", unprotect_apdu},
    {"wrapped-push", wrapped_push},
    {"wrapper-stream", wrapper_stream},
    {"decode-apdu", decode_apdu},
    {"decode-data", decode_data_vector},
    {"decode-datetime", decode_datetime},
    {"replay-sequence", replay_sequence},
    {"block-reassembly", block_reassembly},
    {"hls5-gmac", hls5_gmac},
    {"hls5-session", hls5_session},
    {"hls5-verify", hls5_verify},
    {"aes-key-wrap", key_wrap},
    {"aes-key-unwrap", key_unwrap},
    {"aes-cmac", cmac},
    {"aes-gcm", gcm},
    {"tic-frame", tic_frame},
    {"tic-group", tic_group},
    {"exchange-frame", exchange_frame},
    {"build-downlink", build_downlink},
    {"hashkenc", hashkenc},
    {"hashkmac", hashkmac},
    {"crc16-en13757", crc16},
    {"aes-ctr", ctr},
    {"tstamp", tstamp},
};

} // namespace

VectorKind find_vector_kind(std::string_view name)
{
    const auto row = std::ranges::find(kinds, name, &KindRow::name);
    return row == std::end(kinds) ? nullptr : row->compute;
}

} // namespace releve::app
