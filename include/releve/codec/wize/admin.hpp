#pragma once
// Application messages of administration (L6App 1 by default): COMMANDs to a device, its RESPONSEs, and the
// two of installation (INSTPING, INSTPONG). Parameters and their sizes are the rows of
// proto/wize_parameters.def. ANNDOWNLOAD is not built: its answer is read as far as its head.
//
//   COMMAND   10 id... | 20 (id value)... | 28 key-type key(32) index | 40
//   RESPONSE  id error [SwVersion(2) RSSI [(id value)... | faulty id | count pong(9) pong(9) pong(9)]]

#include <releve/core/bytes.hpp>
#include <releve/core/time.hpp>
#include <releve/crypto/secret.hpp>

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace releve::wize {

inline constexpr std::uint8_t admin_app = 1;
inline constexpr std::uint8_t install_app = 2;

enum class Command : std::uint8_t {
    read_parameters = 0x10,
    write_parameters = 0x20,
    write_key = 0x28,
    announce_download = 0x30,
    exec_instping = 0x40,
};

enum class Parameter : std::uint8_t {
#define RELEVE_WIZE_PARAMETER(id, name, ...) name = id,
#include "wize_parameters.def"
};
struct ParameterRow {
    std::uint8_t id;
    std::string_view name; // "exch_rx_delay"
    std::size_t bytes;
    bool readable, writable; // by radio
    std::string_view plain;  // what it is, in English, with its unit
};
[[nodiscard]] std::span<const ParameterRow> parameter_rows();
[[nodiscard]] const ParameterRow* find_parameter(std::uint8_t id);
[[nodiscard]] const ParameterRow* find_parameter(std::string_view name);

struct ParameterValue {
    std::uint8_t id = 0;
    Bytes value; // big-endian
    bool operator==(const ParameterValue&) const = default;
};

/// errc::bad_value for no parameter, an unknown one, or one that cannot be read; errc::too_large for a
/// message beyond a frame.
[[nodiscard]] result<Bytes> encode_read_parameters(std::span<const std::uint8_t> ids);
/// errc::bad_value, also for a value of another size than the parameter's; errc::too_large.
[[nodiscard]] result<Bytes> encode_write_parameters(std::span<const ParameterValue> values);
/// A key that a device is to take, sent with KEYSEL 15.
struct KeyToWrite {
    std::uint8_t type = 1;  // devices take 1 and 2; 1 in the one published example, where it is a Kenc
    std::uint8_t index = 1; // of a Kenc: its KEYSEL, 1 to 14
    ByteView key;           // 16 octets, which zeros fill up, or all 32
};
/// errc::bad_value for another type, index or size.
[[nodiscard]] result<Bytes> encode_write_key(const KeyToWrite& key);
[[nodiscard]] Bytes encode_exec_instping();
/// Sets the clock: the device applies it at its next maintenance window (00:00 UTC). errc::bad_value outside
/// of 2013 to 2149.
[[nodiscard]] result<Bytes> encode_clock_write(Instant at);
/// Adds the seconds to the clock once. errc::bad_value beyond 16 bits.
[[nodiscard]] result<Bytes> encode_clock_correction(Seconds correction);

/// An INSTPONG as a RESPONSE to EXECINSTPING lists it, and the L7 of an INSTPONG itself. RSSI as sent, its
/// scale is the radio's.
struct Pong {
    std::array<std::byte, 6> gateway{};
    std::uint8_t modem = 0;
    std::uint8_t rssi_up = 0, rssi_down = 0;
    bool operator==(const Pong&) const = default;
};
struct AdminResponse {
    std::uint8_t command = 0; // id, as sent
    std::uint8_t error = 0;   // 0 ok, ff unknown command
    std::uint16_t software = 0;
    std::uint8_t rssi = 0;
    std::vector<ParameterValue> values; // of READ
    std::optional<std::uint8_t> faulty; // parameter that READ or WRITE refused
    std::uint8_t pongs_found = 0;       // of EXECINSTPING, which lists three at most
    std::vector<Pong> pongs;
    bool operator==(const AdminResponse&) const = default;
};
/// errc::truncated, errc::trailing_bytes; errc::undecoded for a parameter or a command that is not known.
[[nodiscard]] result<AdminResponse> decode_response(ByteView l7);
[[nodiscard]] Bytes encode_response(const AdminResponse& response);
/// "ok", "parameter unknown", ...: in English, for operators and logs.
[[nodiscard]] std::string_view response_error_name(std::uint8_t command, std::uint8_t error);

/// A COMMAND as a device reads it.
struct AdminCommand {
    Command command = Command::read_parameters;
    std::vector<std::uint8_t> ids;            // READ
    std::vector<ParameterValue> values;       // WRITE
    std::uint8_t key_type = 0, key_index = 0; // WRITE_KEY
    crypto::Key128 key;                       // the first 16 of its 32 octets
};
/// errc::truncated, errc::trailing_bytes, errc::bad_value; errc::unknown_apdu for another command. A
/// parameter to write that is not known is the last of `values`, and its value is all the rest.
[[nodiscard]] result<AdminCommand> decode_command(ByteView l7);

struct InstPing {
    std::uint8_t down_channel = 0, down_modulation = 0, rx_delay = 0,
                 rx_length = 0; // delay in s, length in 5 ms
    bool operator==(const InstPing&) const = default;
};
/// errc::truncated, errc::trailing_bytes.
[[nodiscard]] result<InstPing> decode_instping(ByteView l7);
[[nodiscard]] Bytes encode_instping(const InstPing& ping);
[[nodiscard]] result<Pong> decode_instpong(ByteView l7);
[[nodiscard]] Bytes encode_instpong(const Pong& pong);

} // namespace releve::wize
