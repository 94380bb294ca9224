#pragma once
// The uplink over HTTP/1.1, one request at a time on a connection: POST /uplink/v1/batches and GET /uplink/v1/state.
// Octets in, requests out; the sockets are net's.

#include <releve/net/uplink.hpp>

namespace releve::app {

/// For UplinkOptions::make_text_form.
[[nodiscard]] std::unique_ptr<net::UplinkForm> make_http_form(const net::UplinkLimits& limits);

} // namespace releve::app
