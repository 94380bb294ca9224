#pragma once
// What the kinds of test vectors share: inputs as bytes and keys. Private to src/app.

#include <releve/app/vector_runner.hpp>
#include <releve/codec/dlms/security.hpp>

namespace releve::app::vectors {

/// errc::bad_parameter if it is missing or no hexadecimal text.
[[nodiscard]] result<Bytes> bytes_input(const nlohmann::json& inputs, std::string_view name);
[[nodiscard]] result<std::uint32_t> number_input(const nlohmann::json& inputs, std::string_view name);
[[nodiscard]] result<crypto::Key128> key_input(const nlohmann::json& inputs, std::string_view name);
/// The text at a JSON pointer, empty if there is none. Unlike json::value it never throws.
[[nodiscard]] std::string text_at(const nlohmann::json& json, const char* pointer);
/// encryption_key and authentication_key.
[[nodiscard]] result<dlms::SecurityKeys> keys_input(const nlohmann::json& inputs);
[[nodiscard]] result<SystemTitle> system_title_input(const nlohmann::json& inputs, std::string_view name);
[[nodiscard]] std::string hex_octet(std::uint8_t octet);

[[nodiscard]] result<nlohmann::json> hls5_gmac(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> hls5_verify(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> hls5_session(const nlohmann::json& inputs, const nlohmann::json& expected);

[[nodiscard]] result<nlohmann::json> key_wrap(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> key_unwrap(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> cmac(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> gcm(const nlohmann::json& inputs, const nlohmann::json& expected);

[[nodiscard]] result<nlohmann::json> tic_frame(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> tic_group(const nlohmann::json& inputs, const nlohmann::json& expected);

[[nodiscard]] result<nlohmann::json> exchange_frame(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> build_downlink(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> hashkenc(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> hashkmac(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> crc16(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> ctr(const nlohmann::json& inputs, const nlohmann::json& expected);
[[nodiscard]] result<nlohmann::json> tstamp(const nlohmann::json& inputs, const nlohmann::json& expected);

} // namespace releve::app::vectors
