#include <releve/codec/wize/frame.hpp>

#include <releve/crypto/aes.hpp>

#include <algorithm>
#include <iterator>

namespace releve::wize {

namespace {

constexpr std::uint8_t lan_version = 1;
constexpr std::size_t crc_bytes = 2;
constexpr std::size_t hashkmac_bytes = 2;
constexpr std::size_t l6_offset = 11;        // L6Ctrl
constexpr std::size_t l6_head_bytes = 5;     // L6Ctrl L6NetwId L6Cpt L6App
constexpr std::size_t l6_tail_bytes = 4 + 2; // L6HashKenc L6TStamp
constexpr std::ptrdiff_t ci_offset = 10;
constexpr std::ptrdiff_t version_offset = 11;

struct TypeRow {
    FrameType type;
    std::string_view name;
    Sender sender;
};
constexpr TypeRow types[] = {
    {FrameType::data, "data", Sender::device},         {FrameType::data_prio, "data-prio", Sender::device},
    {FrameType::response, "response", Sender::device}, {FrameType::instping, "instping", Sender::device},
    {FrameType::command, "command", Sender::head_end}, {FrameType::instpong, "instpong", Sender::head_end},
};

const TypeRow* find_type(std::uint8_t c)
{
    const auto row =
        std::ranges::find(types, c, [](const TypeRow& t) { return static_cast<std::uint8_t>(t.type); });
    return row == std::end(types) ? nullptr : &*row;
}

std::string hex_of(std::uint8_t octet)
{
    return to_hex(std::array{std::byte{octet}});
}

/// L counts what follows it, is none of a download, and leaves room for one octet of L7.
result<void> check_length(ByteView frame)
{
    if (frame.empty())
        return fail(errc::truncated, "no frame", 0);
    const std::size_t whole = std::size_t{std::to_integer<std::uint8_t>(frame[0])} + 1;
    if (whole > frame_bytes_max)
        return fail(errc::bad_length, "L is that of a download frame", 0);
    if (whole < frame_bytes_min)
        return fail(errc::bad_length, "L leaves no room for an application message", 0);
    if (frame.size() < whole)
        return fail(errc::truncated, "L announces " + std::to_string(whole - frame.size()) + " octets more",
                    0);
    if (frame.size() > whole)
        return fail(errc::bad_length, "L leaves " + std::to_string(frame.size() - whole) + " octets over", 0);
    return {};
}

template <std::size_t size>
std::array<std::byte, size> read_array(Reader& reader)
{
    std::array<std::byte, size> out{};
    std::ranges::copy(reader.take(size), out.begin());
    return out;
}

/// M A L6Cpt C 00x5: the last octets count blocks.
std::array<std::byte, 16> counter_block(const ExchangeFrame& frame)
{
    auto block = hashkenc_block(frame);
    block[10] = std::byte{frame.c};
    return block;
}

/// CMAC of a starting block and the octets behind it.
std::array<std::byte, 16> cmac_after(const std::array<std::byte, 16>& block, ByteView text,
                                     const crypto::Key128& key)
{
    std::array<std::byte, 16 + frame_bytes_max> message;
    RELEVE_ASSERT(text.size() <= frame_bytes_max);
    const auto end = std::ranges::copy(text, std::ranges::copy(block, message.begin()).out).out;
    return crypto::aes_cmac(key, {message.begin(), end});
}

template <std::size_t size>
bool starts_with(const std::array<std::byte, 16>& cmac, const std::array<std::byte, size>& hash)
{
    return crypto::equal_in_constant_time(ByteView{cmac}.first(size), hash);
}

Instant epoch_of(ClockBase base)
{
    return base == ClockBase::wize_epoch ? wize_epoch : Instant{};
}

constexpr std::array<std::uint16_t, 256> make_crc_table()
{
    std::array<std::uint16_t, 256> table{};
    for (unsigned i = 0; i < table.size(); ++i) {
        unsigned crc = i << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x3d65 : crc << 1;
        table[i] = static_cast<std::uint16_t>(crc);
    }
    return table;
}
constexpr auto crc_table = make_crc_table();

} // namespace

std::string_view frame_type_name(std::uint8_t c)
{
    const TypeRow* row = find_type(c);
    return row == nullptr ? std::string_view{} : row->name;
}

std::uint16_t crc16_en13757(ByteView bytes)
{
    std::uint16_t crc = 0;
    for (const std::byte octet : bytes)
        crc = static_cast<std::uint16_t>(crc << 8 ^
                                         crc_table[(crc >> 8 ^ std::to_integer<unsigned>(octet)) & 0xff]);
    return static_cast<std::uint16_t>(~crc);
}

std::optional<DeviceAddress> peek_address(ByteView frame)
{
    if (frame.size() < static_cast<std::size_t>(ci_offset))
        return std::nullopt;
    DeviceAddress address;
    std::ranges::copy(frame.subspan(2, address.size()), address.begin());
    return address;
}

ByteView without_crc(ByteView frame)
{
    return frame.first(frame.size() - std::min(frame.size(), crc_bytes));
}

result<ExchangeFrame> decode_exchange(ByteView bytes, const FrameRules& rules)
{
    RELEVE_CHECK(check_length(bytes));
    ExchangeFrame frame;
    Reader reader{bytes};
    reader.u8();
    frame.c = reader.u8();
    frame.address = read_array<8>(reader);
    frame.ci = reader.u8();
    const std::uint8_t control = reader.u8();
    frame.version = control >> 5;
    frame.wts = control >> 4 & 1;
    frame.keysel = control & 0x0f;
    frame.netid = reader.u8();
    frame.cpt = reader.u16_be();
    frame.app = reader.u8();
    frame.l7 = reader.take(reader.remaining() - l6_tail_bytes - hashkmac_bytes - crc_bytes);
    frame.hashkenc = read_array<4>(reader);
    frame.tstamp = reader.u16_be();
    frame.l6 = bytes.subspan(l6_offset, l6_head_bytes + frame.l7.size() + l6_tail_bytes);
    frame.hashkmac = read_array<2>(reader);
    frame.crc = reader.u16_be();

    if (frame.crc != crc16_en13757(without_crc(bytes)) && !(rules.crc_may_be_zero && frame.crc == 0))
        return fail(errc::bad_crc, "CRC mismatch", static_cast<std::ptrdiff_t>(bytes.size() - crc_bytes));
    if (frame.ci != ci_wize && !(rules.old_ci && frame.ci == ci_old))
        return fail(errc::unknown_protocol, "CI " + hex_of(frame.ci), ci_offset);
    if (frame.version != lan_version)
        return fail(errc::unknown_protocol, "LAN version " + std::to_string(frame.version), version_offset);
    return reader.finish(frame);
}

result<const NetworkKey*> check_network(const ExchangeFrame& frame, std::span<const NetworkKey> networks,
                                        Sender sender)
{
    const auto is_its = [&](const NetworkKey& network) { return network.netid == frame.netid; };
    if (std::ranges::none_of(networks, is_its))
        return fail(errc::unknown_network, "network id " + std::to_string(frame.netid));
    const TypeRow* type = find_type(frame.c);
    if (type == nullptr)
        return fail(errc::unknown_frame, "C " + hex_of(frame.c));
    if (type->sender != sender)
        return fail(errc::unknown_frame, std::string{type->name} + " is not what " +
                                             (sender == Sender::device ? "a device" : "a head-end") +
                                             " sends");
    for (const NetworkKey& network : networks)
        if (is_its(network) && starts_with(hashkmac_cmac(frame, network.kmac), frame.hashkmac))
            return &network;
    return fail(errc::gateway_auth, "HashKmac mismatch");
}

result<Bytes> open_exchange(const ExchangeFrame& frame, const crypto::Key128* kenc,
                            const crypto::Key128& kmac)
{
    const bool ciphered = frame.keysel != keysel_none;
    if (ciphered && kenc == nullptr)
        return fail(errc::no_key, "KEYSEL " + std::to_string(frame.keysel));
    const crypto::Key128& key = ciphered ? *kenc : kmac;
    if (!frame.is(FrameType::instpong) && !starts_with(hashkenc_cmac(frame, key), frame.hashkenc))
        return fail(errc::bad_tag, "HashKenc mismatch");
    return ciphered ? crypto::aes_ctr(key, counter_block(frame), frame.l7)
                    : Bytes{frame.l7.begin(), frame.l7.end()};
}

std::string_view check_name(Check check)
{
    static constexpr std::string_view names[] = {"length", "crc",      "ci",     "version",  "netid",
                                                 "c",      "hashkmac", "keysel", "hashkenc", "decrypt"};
    return names[static_cast<std::size_t>(check)];
}

std::optional<Check> failed_check(const Error& error)
{
    switch (error.code) {
    case errc::truncated:
    case errc::bad_length:
        return Check::length;
    case errc::bad_crc:
        return Check::crc;
    case errc::unknown_protocol:
        return error.offset == version_offset ? Check::version : Check::ci;
    case errc::unknown_network:
        return Check::netid;
    case errc::unknown_frame:
        return Check::c;
    case errc::gateway_auth:
        return Check::hashkmac;
    case errc::no_key:
        return Check::keysel;
    case errc::bad_tag:
        return Check::hashkenc;
    default:
        return std::nullopt;
    }
}

std::uint64_t extend_counter(std::uint16_t cpt, std::optional<std::uint64_t> last)
{
    if (!last)
        return cpt;
    constexpr std::uint64_t wrap = 0x1'0000;
    // How far ahead of `last`, 0 to 65535; more than half a wrap ahead is nearer behind.
    const std::uint64_t ahead = (cpt - *last) % wrap;
    return ahead <= wrap / 2 || *last + ahead < wrap ? *last + ahead : *last + ahead - wrap;
}

std::uint16_t tstamp_at(Instant at, ClockBase base)
{
    return static_cast<std::uint16_t>((at - epoch_of(base)).count());
}

Instant emission_time(std::uint16_t tstamp, Instant received_at, ClockBase base)
{
    // How long ago, 0 to 65535 seconds; more than half a wrap ago is nearer in the future.
    const auto ago = static_cast<std::uint16_t>(tstamp_at(received_at, base) - tstamp);
    return received_at - Seconds{ago <= 0x8000 ? ago : ago - 0x1'0000};
}

result<std::uint32_t> device_epoch(Instant at)
{
    const auto seconds = (at - wize_epoch).count();
    if (seconds < 0 || seconds > 0xffff'ffff)
        return fail(errc::bad_value, "no time between 2013 and 2149");
    return static_cast<std::uint32_t>(seconds);
}

namespace {

std::array<std::byte, 16> address_block(const DeviceAddress& address)
{
    std::array<std::byte, 16> block{};
    std::ranges::copy(address, block.begin());
    return block;
}

} // namespace

std::array<std::byte, 16> hashkenc_block(const ExchangeFrame& frame)
{
    auto block = address_block(frame.address);
    block[8] = static_cast<std::byte>(frame.cpt >> 8);
    block[9] = static_cast<std::byte>(frame.cpt);
    return block;
}

std::array<std::byte, 16> hashkmac_block(const ExchangeFrame& frame)
{
    return address_block(frame.address);
}

std::array<std::byte, 16> hashkenc_cmac(const ExchangeFrame& frame, const crypto::Key128& key)
{
    return cmac_after(hashkenc_block(frame), frame.l7, key);
}

std::array<std::byte, 16> hashkmac_cmac(const ExchangeFrame& frame, const crypto::Key128& kmac)
{
    return cmac_after(hashkmac_block(frame), frame.l6, kmac);
}

Bytes encode_exchange(const Outgoing& out, const crypto::Key128* kenc, const crypto::Key128& kmac)
{
    const bool ciphered = out.keysel != keysel_none;
    RELEVE_ASSERT(!out.l7.empty() && out.l7.size() <= l7_bytes_max);
    RELEVE_ASSERT(out.keysel <= keysel_change && out.wts <= 1 && (!ciphered || kenc != nullptr));

    ExchangeFrame frame;
    frame.c = static_cast<std::uint8_t>(out.c);
    frame.address = out.address;
    frame.cpt = out.cpt;
    const Bytes text =
        ciphered ? crypto::aes_ctr(*kenc, counter_block(frame), out.l7) : Bytes{out.l7.begin(), out.l7.end()};
    frame.l7 = text;

    Writer writer;
    writer.u8(static_cast<std::uint8_t>(frame_bytes_min - 2 + text.size()));
    writer.u8(frame.c).bytes(out.address).u8(out.ci);
    writer.u8(static_cast<std::uint8_t>(lan_version << 5 | out.wts << 4 | out.keysel));
    writer.u8(out.netid).u16_be(out.cpt).u8(out.app).bytes(text);
    if (out.c == FrameType::instpong)
        writer.u32_be(out.epoch);
    else
        writer.bytes(ByteView{hashkenc_cmac(frame, ciphered ? *kenc : kmac)}.first(4));
    writer.u16_be(out.tstamp);
    frame.l6 = writer.view().subspan(l6_offset);
    writer.bytes(ByteView{hashkmac_cmac(frame, kmac)}.first(hashkmac_bytes));
    writer.u16_be(crc16_en13757(writer.view()));
    return std::move(writer).take();
}

} // namespace releve::wize
