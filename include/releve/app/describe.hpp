#pragma once
// Decoded frames as JSON (the shapes of the vector files) and as layered text for people. Shows what is in a frame,
// never a key. JSON is seen here and in the sources of app only.

#include <releve/codec/dlms/apdu_any.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/core/meter_model.hpp>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace releve::app {

/// {"t": "long-unsigned", "v": 50}; lists hold their elements, null-data has no "v".
[[nodiscard]] nlohmann::json to_json(const dlms::Data& data);
/// {"tag": 15, "apdu": "data-notification", ...}
[[nodiscard]] nlohmann::json to_json(const dlms::AnyApdu& apdu);

/// One line a value, indented by `depth`, with OBIS codes, units, scaled values and date-times spelled out.
void describe(std::vector<std::string>& lines, const dlms::Data& data, unsigned depth);
/// The fields of an APDU as lines.
void describe(std::vector<std::string>& lines, const dlms::AnyApdu& apdu);
/// "30: authenticated, encrypted, unicast key, suite 0"
[[nodiscard]] std::string describe_security_control(std::uint8_t security_control);
/// value * 10^scaler as a decimal number, exact: "12.345".
[[nodiscard]] std::string scaled_text(std::int64_t value, int scaler);

struct DecodeKeys {
    std::optional<crypto::Key128> encryption, authentication;
    std::optional<SystemTitle> system_title; // of the sender, where the APDU names none
};

/// One envelope of a frame, the outermost first.
struct Layer {
    std::string name;
    std::optional<std::size_t> offset; // in the input; nothing for bytes that were deciphered or put together
    Bytes bytes;
    nlohmann::json content;
    std::vector<std::string> lines;
};
struct FrameDescription {
    std::vector<Layer> layers;
    std::optional<Error> problem;   // why the rest could not be decoded
    std::vector<std::string> notes; // what would be needed to see more
};
/// A wrapper stream (one or several messages), or one APDU, or general-block-transfer APDUs in a row. `model` (may be null)
/// says in words what an event notification reports.
[[nodiscard]] FrameDescription describe_frame(ByteView input, const DecodeKeys& keys, const MeterModel* model = nullptr);

struct WizeDecodeKeys {
    std::optional<crypto::Key128> device;  // the Kenc or Kchg of the frame's KEYSEL
    std::optional<crypto::Key128> network; // Kmac
};
/// A Wize exchange frame, up or down. `model` (may be null) explains what a DATA frame says. A CRC of 0000 counts as set
/// by a gateway. A key that the frame brings is not shown.
[[nodiscard]] FrameDescription describe_wize(ByteView input, const WizeDecodeKeys& keys, const MeterModel* model);

[[nodiscard]] std::string to_text(const FrameDescription& frame);
[[nodiscard]] nlohmann::json to_json(const FrameDescription& frame);

} // namespace releve::app
