#pragma once
// Frames and keys that the tests of this folder share.

#include <releve/codec/wize/frame.hpp>

namespace releve::wize {

inline Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

inline crypto::Key128 key(std::string_view text)
{
    return *crypto::Key128::from(hex(text));
}

/// The published DATA frame of GRDF, CI b4.
inline const Bytes grdf_frame =
    hex("45445310730315000003b421010000009598aafae6b02ca1da1bcdd26a4fda4d070c059b5441d4ce9533cf23f3fa32da"
        "c2519e63e0a7aa280c27dcc33df993030000b9812223");
inline const crypto::Key128 grdf_kenc = key("2b7e151628aed2a6abf7158809cf4f3c");
inline const std::vector<NetworkKey> grdf_networks{{1, key("16033c93f6cf973e0afb0e23f6c8a3c7")}};

inline const crypto::Key128 kenc = key("767c7d0af3d49190a0e55ba9ac2a3681");
inline const std::vector<NetworkKey> networks{{9, key("e209a51d6f085cdbdb9c099c914cab12")},
                                              {1, key("6b59329091cedec45efe2fb06d620f48")}};
inline const crypto::Key128& kmac = networks[1].kmac;
inline const DeviceAddress address{std::byte{0x53}, std::byte{0x10}, std::byte{0x73}, std::byte{0x03},
                                   std::byte{0x15}, std::byte{0x00}, std::byte{0x00}, std::byte{0x03}};

inline Outgoing data_frame(ByteView l7)
{
    Outgoing out;
    out.c = FrameType::data;
    out.address = address;
    out.netid = 1;
    out.cpt = 0x1234;
    out.app = 0x20;
    out.tstamp = 0xabcd;
    out.l7 = l7;
    return out;
}

/// All the checks in a row, as one who knows one Kenc (of KEYSEL 1) makes them.
inline result<Bytes> open_all(ByteView bytes, const FrameRules& rules = {})
{
    RELEVE_TRY(frame, decode_exchange(bytes, rules));
    RELEVE_TRY(network, check_network(frame, networks));
    return open_exchange(frame, frame.keysel == 1 ? &kenc : nullptr, network->kmac);
}

inline void repair_crc(Bytes& frame)
{
    const std::uint16_t crc = crc16_en13757(without_crc(frame));
    frame[frame.size() - 2] = static_cast<std::byte>(crc >> 8);
    frame[frame.size() - 1] = static_cast<std::byte>(crc);
}

} // namespace releve::wize
