#pragma once
// Which gateway is at the other end of a connection, as its certificate says. Private to src/net.

#include <openssl/ssl.h>

#include <string>

namespace releve::net {

/// The one CN of the peer's subject; empty if there is none, several, or none that can be a gateway's id.
[[nodiscard]] std::string gateway_id_of(const SSL* connection);

} // namespace releve::net
