#pragma once
// TLS contexts of the listeners: TLS 1.3 (1.2 where configured), ECDSA and RSA certificates, client certificates off,
// optional or required. A reload makes a new context for new connections; open ones keep theirs.

#include <releve/core/error.hpp>

#include <boost/asio/ssl/context.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace releve::net {

enum class ClientCertificate : std::uint8_t { off, optional, required };
[[nodiscard]] result<ClientCertificate> parse_client_certificate(std::string_view text);

struct TlsFiles {
    std::filesystem::path certificate; // PEM, the chain
    std::filesystem::path private_key; // PEM, unencrypted
    std::filesystem::path client_ca;   // PEM, needed unless client certificates are off
    ClientCertificate client_certificate = ClientCertificate::off;
    bool allow_tls12 = false;
};

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// errc::bad_config naming the file and the reason (missing, not PEM, key does not match, expired is accepted).
/// ANSSI SDE-NT-35 v1.2: TLS 1.3 preferred, ECDHE and AEAD only under 1.2, no renegotiation.
[[nodiscard]] result<TlsContext> make_server_context(const TlsFiles& files);

/// Why a handshake failed, in a word that is a metric's label: "client_certificate_missing",
/// "client_certificate_refused", "protocol_version", "no_shared_cipher", "not_tls", "closed", "timeout", "other".
[[nodiscard]] std::string_view handshake_failure(const boost::system::error_code& error, bool timed_out);

} // namespace releve::net
