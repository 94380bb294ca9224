#include <releve/net/tls.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace releve::net {

namespace ssl = boost::asio::ssl;

result<ClientCertificate> parse_client_certificate(std::string_view text)
{
    if (text == "off")
        return ClientCertificate::off;
    if (text == "optional")
        return ClientCertificate::optional;
    if (text == "required")
        return ClientCertificate::required;
    return fail(errc::bad_config, "expected off, optional or required, got '" + std::string{text} + "'");
}

namespace {

/// The newest message of OpenSSL's queue; it names no key material.
std::string openssl_reason()
{
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    return reason ? reason : "not readable";
}

Error file_error(const std::filesystem::path& path, const char* what)
{
    return fail(errc::bad_config, std::string{what} + " '" + path.string() + "': " + openssl_reason());
}

void set_versions_and_ciphers(SSL_CTX* context, bool allow_tls12)
{
    SSL_CTX_set_min_proto_version(context, allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1");
    SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Meters stay connected; tickets would only be state to keep secret.
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

result<void> load_client_ca(SSL_CTX* context, const TlsFiles& files)
{
    if (files.client_certificate == ClientCertificate::off)
        return {};
    if (SSL_CTX_load_verify_file(context, files.client_ca.c_str()) != 1)
        return file_error(files.client_ca, "client CA");
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.client_ca.c_str()));
    const int mode = files.client_certificate == ClientCertificate::required
                         ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : SSL_VERIFY_PEER;
    SSL_CTX_set_verify(context, mode, nullptr);
    return {};
}

} // namespace

result<TlsContext> make_server_context(const TlsFiles& files)
{
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    SSL_CTX* const native = context->native_handle();
    ERR_clear_error();
    set_versions_and_ciphers(native, files.allow_tls12);
    if (SSL_CTX_use_certificate_chain_file(native, files.certificate.c_str()) != 1)
        return file_error(files.certificate, "certificate");
    if (SSL_CTX_use_PrivateKey_file(native, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1)
        return file_error(files.private_key, "private key");
    if (SSL_CTX_check_private_key(native) != 1)
        return file_error(files.private_key, "private key does not belong to the certificate:");
    RELEVE_CHECK(load_client_ca(native, files));
    return context;
}

std::string_view handshake_failure(const boost::system::error_code& error, bool timed_out)
{
    struct Row {
        int reason;
        std::string_view name;
    };
    static constexpr std::array rows = {
        Row{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "client_certificate_missing"},
        Row{SSL_R_CERTIFICATE_VERIFY_FAILED, "client_certificate_refused"},
        Row{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "server_certificate_refused"},
        Row{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "server_certificate_refused"},
        Row{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "server_certificate_refused"},
        Row{SSL_R_UNSUPPORTED_PROTOCOL, "protocol_version"},
        Row{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "protocol_version"},
        Row{SSL_R_NO_SHARED_CIPHER, "no_shared_cipher"},
        Row{SSL_R_WRONG_VERSION_NUMBER, "not_tls"},
        Row{SSL_R_HTTP_REQUEST, "not_tls"},
        Row{SSL_R_UNEXPECTED_MESSAGE, "not_tls"},
        Row{SSL_R_BAD_RECORD_TYPE, "not_tls"},
    };
    if (timed_out)
        return "timeout";
    if (error.category() == boost::asio::error::get_ssl_category()) {
        const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
        for (const Row& row : rows)
            if (row.reason == reason)
                return row.name;
        return "other";
    }
    return "closed";
}

} // namespace releve::net
