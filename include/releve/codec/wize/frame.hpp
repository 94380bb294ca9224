#pragma once
// Exchange frames of Wize (LAN version 1, that is Wize 1.0 to 1.3): EN 13757-4 mode N with one CRC, layer 6
// with two hashes.
//
//   L C M(2) A(6) CI | L6Ctrl L6NetwId L6Cpt(2) L6App L7(n) L6HashKenc(4) L6TStamp(2) | L6HashKmac(2) CRC(2)
//
// Checks come in the order in which their failure is the true one: length, CRC, CI, version
// (decode_exchange), network id, C, HashKmac (check_network), KEYSEL, HashKenc (open_exchange), and only then
// is L7 deciphered. Keys come as arguments; replay is not decided here. Version 0 (no L6NetwId, no L6App) is
// refused.

#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/crypto/secret.hpp>

#include <array>
#include <optional>
#include <span>

namespace releve::wize {

inline constexpr std::size_t frame_bytes_min = 27;  // one octet of L7
inline constexpr std::size_t frame_bytes_max = 255; // L = ff is a download frame
/// That we send: a known device computes HashKmac wrongly over one octet more.
inline constexpr std::size_t l7_bytes_max = 228;
inline constexpr std::uint8_t ci_wize = 0x20;
inline constexpr std::uint8_t ci_old = 0xb4;      // devices from before the registration of 20
inline constexpr std::uint8_t keysel_none = 0;    // L7 in clear, HashKenc under Kmac
inline constexpr std::uint8_t keysel_change = 15; // Kchg: key change, announcement of a download
inline constexpr Instant wize_epoch{std::chrono::sys_days{std::chrono::year{2013} / 1 / 1}};

enum class FrameType : std::uint8_t {
    instpong = 0x06,
    response = 0x08,
    command = 0x43,
    data = 0x44,
    instping = 0x46,
    data_prio = 0x54,
};
/// "data-prio"; empty for a C that is none of them.
[[nodiscard]] std::string_view frame_type_name(std::uint8_t c);

/// A frame taken apart; views point into the input.
struct ExchangeFrame {
    std::uint8_t c = 0;
    DeviceAddress address{}; // M and A as sent
    std::uint8_t ci = 0;
    std::uint8_t version = 0;
    std::uint8_t wts = 0; // bit 4 of L6Ctrl: some devices send 1, others 0; says nothing
    std::uint8_t keysel = 0;
    std::uint8_t netid = 0;
    std::uint16_t cpt = 0;
    std::uint8_t app = 0;
    ByteView l7;                         // as sent: ciphered unless KEYSEL is 0
    std::array<std::byte, 4> hashkenc{}; // of an INSTPONG: seconds since 2013
    std::uint16_t tstamp = 0;            // of an INSTPONG: TxFreqOffset, signed
    std::array<std::byte, 2> hashkmac{};
    std::uint16_t crc = 0;
    ByteView l6; // L6Ctrl to L6TStamp: what HashKmac covers

    [[nodiscard]] bool is(FrameType type) const { return c == static_cast<std::uint8_t>(type); }
};

/// Address of a frame from its first ten octets, without any check: for routing.
[[nodiscard]] std::optional<DeviceAddress> peek_address(ByteView frame);
/// All but the CRC: what two gateways that heard one emission have in common. Empty for less than a CRC.
[[nodiscard]] ByteView without_crc(ByteView frame);

struct FrameRules {
    bool old_ci = true; // CI b4 beside 20
    bool crc_may_be_zero =
        false; // the gateway hands frames over with their CRC set to 0000; the hashes still decide
};
/// errc::truncated or errc::bad_length when L is not the number of octets that follow, or no exchange
/// frame's; errc::bad_crc; errc::unknown_protocol for another CI or LAN version.
[[nodiscard]] result<ExchangeFrame> decode_exchange(ByteView frame, const FrameRules& rules = {});

struct NetworkKey {
    std::uint8_t netid = 0;
    crypto::Key128 kmac;
};
/// Who sent the frame: a device or, for the simulated one, the head-end.
enum class Sender : std::uint8_t { device, head_end };
/// The network key under which HashKmac verifies; a network may have several while its key changes.
/// errc::unknown_network when no key has the frame's network id; errc::unknown_frame when C is none that the
/// sender sends; errc::gateway_auth.
[[nodiscard]] result<const NetworkKey*> check_network(const ExchangeFrame& frame,
                                                      std::span<const NetworkKey> networks,
                                                      Sender sender = Sender::device);

/// L7 in clear. `kenc` is the device's key of the frame's KEYSEL, null if it is not known; with KEYSEL 0 L7
/// is not ciphered, which only shows that the sender has Kmac. An INSTPONG has no HashKenc. errc::no_key;
/// errc::bad_tag when HashKenc does not verify.
[[nodiscard]] result<Bytes> open_exchange(const ExchangeFrame& frame, const crypto::Key128* kenc,
                                          const crypto::Key128& kmac);

/// The checks in their order, by the names that test vectors use.
enum class Check : std::uint8_t { length, crc, ci, version, netid, c, hashkmac, keysel, hashkenc, decrypt };
[[nodiscard]] std::string_view check_name(Check check);
/// Which check an error of the three functions above is of; nothing for another error. Deciphering itself
/// cannot fail.
[[nodiscard]] std::optional<Check> failed_check(const Error& error);

/// A 16-bit counter past its wraps: the value nearest to `last` with these low 16 bits (of two the higher),
/// never negative. Without `last`, as it is.
[[nodiscard]] std::uint64_t extend_counter(std::uint16_t cpt, std::optional<std::uint64_t> last);
/// When a frame was sent: the instant nearest to its reception with these low 16 bits (of two the earlier).
[[nodiscard]] Instant emission_time(std::uint16_t tstamp, Instant received_at, ClockBase base);
[[nodiscard]] std::uint16_t tstamp_at(Instant at, ClockBase base);
/// Seconds since 2013 as devices count them. errc::bad_value outside of 2013 to 2149.
[[nodiscard]] result<std::uint32_t> device_epoch(Instant at);

struct Outgoing {
    FrameType c = FrameType::command;
    DeviceAddress address{};
    std::uint8_t ci = ci_wize;
    std::uint8_t wts = 1;
    std::uint8_t keysel = 1;
    std::uint8_t netid = 0;
    std::uint16_t cpt = 0;
    std::uint8_t app = 1;
    std::uint16_t tstamp = 0; // INSTPONG: TxFreqOffset
    std::uint32_t epoch = 0;  // INSTPONG only: seconds since 2013
    ByteView l7;              // in clear, 1 to l7_bytes_max octets
};
/// A frame of any type. `kenc` may be null with KEYSEL 0 only.
[[nodiscard]] Bytes encode_exchange(const Outgoing& frame, const crypto::Key128* kenc,
                                    const crypto::Key128& kmac);

/// The whole CMACs, of which a frame carries 4 and 2 octets, and the block that starts them: M A, then L6Cpt
/// for Kenc, then zeros.
[[nodiscard]] std::array<std::byte, 16> hashkenc_block(const ExchangeFrame& frame);
[[nodiscard]] std::array<std::byte, 16> hashkmac_block(const ExchangeFrame& frame);
[[nodiscard]] std::array<std::byte, 16> hashkenc_cmac(const ExchangeFrame& frame, const crypto::Key128& key);
[[nodiscard]] std::array<std::byte, 16> hashkmac_cmac(const ExchangeFrame& frame, const crypto::Key128& kmac);

/// EN 13757-4: polynomial 3d65, initial value 0, not reflected, complemented.
[[nodiscard]] std::uint16_t crc16_en13757(ByteView bytes);

} // namespace releve::wize
