#pragma once
// The uplink's other form: batches as JSON, for gateways that speak HTTPS. Values only; the HTTP is uplink_http.
// {"gateway":"gw-1","sequence":7,"frames":[{"kind":"wize","frame":"<hex>","received_at":"2026-01-31T06:00:05.250Z",
//   "signal_dbm":-93}]}; a DLMS frame may carry "source_wport" and "destination_wport". `gateway`, `signal_dbm` and the
// ports may be left out.

#include <releve/net/uplink.hpp>

namespace releve::app {

/// Builds no tree: what it holds is at most what it gives. errc::malformed for what is not JSON, errc::bad_value and
/// errc::too_large naming the field ("frames[3].kind: ..."); what it gives passes net::check_batch.
[[nodiscard]] result<net::UplinkBatch> parse_uplink_batch(std::string_view text, const net::UplinkLimits& limits);
/// The other direction, for clients and tests.
[[nodiscard]] std::string render_uplink_batch(const net::UplinkBatch& batch);
[[nodiscard]] std::string render_uplink_ack(const net::UplinkAck& ack);
[[nodiscard]] std::string render_uplink_state(const net::UplinkWelcome& state);
/// RFC 9457; `sequence` is left out when it is 0.
[[nodiscard]] std::string render_uplink_problem(const net::UplinkRefusal& refusal);

/// With milliseconds where there are any: "2026-01-31T06:00:05.250Z".
[[nodiscard]] std::string to_iso8601(net::InstantMs instant);
/// As releve::parse_instant, and up to three decimals of a second. errc::bad_time.
[[nodiscard]] result<net::InstantMs> parse_instant_ms(std::string_view text);

} // namespace releve::app
