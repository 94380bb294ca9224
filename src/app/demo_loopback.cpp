#include <releve/app/demo.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace releve::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::chrono::seconds answer_deadline{30};
constexpr std::uint64_t body_bytes_max = 16 * 1024 * 1024;
constexpr long certificate_days = 30;

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using File = std::unique_ptr<std::FILE, Freed<std::fclose>>;

bool add_extension(X509* certificate, int kind, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension{
        X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate self_signed(EVP_PKEY* key)
{
    Certificate certificate{X509_new()};
    X509* raw = certificate.get();
    X509_NAME* name = raw ? X509_get_subject_name(raw) : nullptr;
    const auto common_name = reinterpret_cast<const unsigned char*>("releve demo");
    const bool made = name && X509_set_version(raw, 2) == 1 &&
                      ASN1_INTEGER_set_int64(X509_get_serialNumber(raw), 1) == 1 &&
                      X509_gmtime_adj(X509_getm_notBefore(raw), -3600) &&
                      X509_gmtime_adj(X509_getm_notAfter(raw), certificate_days * 86'400) &&
                      X509_set_pubkey(raw, key) == 1 &&
                      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
                      X509_set_issuer_name(raw, name) == 1 &&
                      add_extension(raw, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost") &&
                      add_extension(raw, NID_basic_constraints, "critical,CA:TRUE") &&
                      X509_sign(raw, key, EVP_sha256()) > 0;
    if (!made)
        certificate.reset();
    return certificate;
}

File create_file(const std::filesystem::path& path, mode_t mode)
{
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return File{descriptor < 0 ? nullptr : ::fdopen(descriptor, "w")};
}

} // namespace

result<void> make_demo_certificate(const std::filesystem::path& certificate,
                                   const std::filesystem::path& private_key)
{
    const Key key{EVP_EC_gen("P-256")};
    const Certificate made = key ? self_signed(key.get()) : Certificate{};
    if (!made)
        return fail(errc::internal, "OpenSSL cannot make a certificate");
    const File key_file = create_file(private_key, 0600);
    if (!key_file ||
        PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail(errc::not_found_file, private_key.string() + ": cannot be written");
    const File certificate_file = create_file(certificate, 0644);
    if (!certificate_file || PEM_write_X509(certificate_file.get(), made.get()) != 1)
        return fail(errc::not_found_file, certificate.string() + ": cannot be written");
    return {};
}

result<std::string> get_loopback(std::uint16_t port, const std::string& target, const std::string& token)
try {
    asio::io_context context;
    beast::tcp_stream stream{context};
    stream.expires_after(answer_deadline);
    stream.connect(asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port});
    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, "127.0.0.1:" + std::to_string(port));
    request.set(http::field::authorization, "Bearer " + token);
    request.set(http::field::accept, "application/json");
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(body_bytes_max);
    http::read(stream, buffer, parser);
    const auto& response = parser.get();
    if (response.result() != http::status::ok)
        return fail(errc::unavailable,
                    "the API answers " + std::to_string(response.result_int()) + " to " + target);
    return response.body();
} catch (const boost::system::system_error& lost) {
    return fail(errc::unavailable, std::string{"the API does not answer: "} + lost.code().message());
}

} // namespace releve::app
