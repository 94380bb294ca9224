// The kinds of test vectors of Wize: frames both ways, and the parts they are made of.

#include "vector_kinds.hpp"

#include <releve/codec/wize/frame.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::app::vectors {

using nlohmann::json;
using namespace wize;

namespace {

/// A number of at most `bits` bits.
result<std::uint32_t> number_of_bits(const json& inputs, std::string_view name, unsigned bits)
{
    RELEVE_TRY(number, number_input(inputs, name));
    if (bits < 32 && number >> bits != 0)
        return fail(errc::bad_parameter,
                    std::string(name) + " has more than " + std::to_string(bits) + " bits");
    return number;
}

FrameRules rules_of(const json& inputs)
{
    FrameRules rules;
    if (inputs.contains("accepted_ci") && inputs["accepted_ci"].is_array())
        rules.old_ci = std::ranges::count(inputs["accepted_ci"], json(hex_octet(ci_old))) != 0;
    rules.crc_may_be_zero = text_at(inputs, "/transport") == "gateway";
    return rules;
}

json describe(const ExchangeFrame& frame)
{
    const ByteView address{frame.address};
    return {{"c", frame.c},
            {"message", frame_type_name(frame.c)},
            {"m", to_hex(address.first(2))},
            {"a", to_hex(address.subspan(2))},
            {"ci", frame.ci},
            {"version", frame.version},
            {"wts", frame.wts},
            {"keysel", frame.keysel},
            {"netid", frame.netid},
            {"cpt", frame.cpt},
            {"app", frame.app},
            {"hashkenc", to_hex(frame.hashkenc)},
            {"tstamp", frame.tstamp},
            {"hashkmac", to_hex(frame.hashkmac)},
            {"crc",
             to_hex(std::array{static_cast<std::byte>(frame.crc >> 8), static_cast<std::byte>(frame.crc)})}};
}

std::int64_t emission_epoch(std::uint32_t tstamp, std::uint32_t reception_epoch)
{
    const Instant received_at{Seconds{reception_epoch}};
    return emission_time(static_cast<std::uint16_t>(tstamp), received_at, ClockBase::unix_epoch)
        .time_since_epoch()
        .count();
}

result<DeviceAddress> address_input(const json& inputs)
{
    RELEVE_TRY(m, bytes_input(inputs, "m"));
    RELEVE_TRY(a, bytes_input(inputs, "a"));
    if (m.size() != 2 || a.size() != 6)
        return fail(errc::bad_parameter, "m has not 2 bytes, or a not 6");
    DeviceAddress address;
    std::ranges::copy(a, std::ranges::copy(m, address.begin()).out);
    return address;
}

using CmacOf = std::array<std::byte, 16> (*)(const ExchangeFrame&, const crypto::Key128&);
using BlockOf = std::array<std::byte, 16> (*)(const ExchangeFrame&);

result<json> hash(const json& inputs, const char* key_name, BlockOf block_of, CmacOf cmac_of,
                  const char* name, std::size_t bytes)
{
    RELEVE_TRY(octets, bytes_input(inputs, "frame"));
    RELEVE_TRY(key, key_input(inputs, key_name));
    RELEVE_TRY(frame, decode_exchange(octets));
    const auto mac = cmac_of(frame, key);
    return computed(json{{"cmac_full", to_hex(mac)},
                         {"block0", to_hex(block_of(frame))},
                         {name, to_hex(ByteView{mac}.first(bytes))}});
}

} // namespace

result<json> exchange_frame(const json& inputs, const json&)
{
    RELEVE_TRY(octets, bytes_input(inputs, "frame"));
    RELEVE_TRY(kmac, key_input(inputs, "kmac"));
    RELEVE_TRY(frame, decode_exchange(octets, rules_of(inputs)));
    NetworkKey network{frame.netid, kmac};
    if (inputs.contains("netid")) {
        RELEVE_TRY(netid, number_of_bits(inputs, "netid", 8));
        network.netid = static_cast<std::uint8_t>(netid);
    }
    RELEVE_TRY(known, check_network(frame, {&network, 1}));
    const json kencs = inputs.value("kencs", json::object());
    std::optional<crypto::Key128> kenc;
    if (const std::string keysel = std::to_string(frame.keysel); kencs.contains(keysel)) {
        RELEVE_TRY(key, key_input(kencs, keysel));
        kenc = key;
    }
    RELEVE_TRY(l7, open_exchange(frame, kenc ? &*kenc : nullptr, known->kmac));
    json out = describe(frame);
    out["l7"] = to_hex(l7);
    if (inputs.contains("reception_epoch")) {
        RELEVE_TRY(reception, number_input(inputs, "reception_epoch"));
        out["emission_epoch"] = emission_epoch(frame.tstamp, reception);
    }
    return computed(std::move(out));
}

result<json> build_downlink(const json& inputs, const json&)
{
    RELEVE_TRY(c, number_of_bits(inputs, "c", 8));
    RELEVE_TRY(address, address_input(inputs));
    RELEVE_TRY(ci, number_of_bits(inputs, "ci", 8));
    RELEVE_TRY(netid, number_of_bits(inputs, "netid", 8));
    RELEVE_TRY(keysel, number_of_bits(inputs, "keysel", 4));
    RELEVE_TRY(cpt, number_of_bits(inputs, "cpt", 16));
    RELEVE_TRY(app, number_of_bits(inputs, "app", 8));
    RELEVE_TRY(wts, number_of_bits(inputs, "wts", 1));
    RELEVE_TRY(tstamp, number_of_bits(inputs, "tstamp", 16));
    RELEVE_TRY(l7, bytes_input(inputs, "l7"));
    RELEVE_TRY(kenc, key_input(inputs, "kenc"));
    RELEVE_TRY(kmac, key_input(inputs, "kmac"));
    if (l7.empty() || l7.size() > l7_bytes_max || frame_type_name(static_cast<std::uint8_t>(c)).empty())
        return fail(errc::bad_parameter, "l7 or c");
    Outgoing out;
    if (inputs.contains("epoch_since_2013") && !inputs["epoch_since_2013"].is_null()) {
        RELEVE_TRY(epoch, number_input(inputs, "epoch_since_2013"));
        out.epoch = epoch;
    }
    out.c = static_cast<FrameType>(c);
    out.address = address;
    out.ci = static_cast<std::uint8_t>(ci);
    out.wts = static_cast<std::uint8_t>(wts);
    out.keysel = static_cast<std::uint8_t>(keysel);
    out.netid = static_cast<std::uint8_t>(netid);
    out.cpt = static_cast<std::uint16_t>(cpt);
    out.app = static_cast<std::uint8_t>(app);
    out.tstamp = static_cast<std::uint16_t>(tstamp);
    out.l7 = l7;
    return computed(json{{"frame", to_hex(encode_exchange(out, &kenc, kmac))}});
}

result<json> hashkenc(const json& inputs, const json&)
{
    return hash(inputs, "kenc", hashkenc_block, hashkenc_cmac, "hashkenc", 4);
}

result<json> hashkmac(const json& inputs, const json&)
{
    return hash(inputs, "kmac", hashkmac_block, hashkmac_cmac, "hashkmac", 2);
}

result<json> crc16(const json& inputs, const json&)
{
    RELEVE_TRY(data, bytes_input(inputs, "data"));
    const std::uint16_t crc = crc16_en13757(data);
    return computed(
        json{{"crc", to_hex(std::array{static_cast<std::byte>(crc >> 8), static_cast<std::byte>(crc)})}});
}

result<json> ctr(const json& inputs, const json&)
{
    RELEVE_TRY(key, key_input(inputs, "key"));
    RELEVE_TRY(block, bytes_input(inputs, "counter_block"));
    RELEVE_TRY(plaintext, bytes_input(inputs, "plaintext"));
    if (block.size() != 16)
        return fail(errc::bad_parameter, "a counter block has 16 bytes");
    return computed(
        json{{"ciphertext", to_hex(crypto::aes_ctr(key, ByteView{block}.first<16>(), plaintext))}});
}

result<json> tstamp(const json& inputs, const json&)
{
    RELEVE_TRY(stamp, number_of_bits(inputs, "tstamp", 16));
    RELEVE_TRY(reception, number_input(inputs, "reception_epoch"));
    return computed(json{{"emission_epoch", emission_epoch(stamp, reception)}});
}

} // namespace releve::app::vectors
