#include <releve/app/demo_certificates.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace releve::app {

namespace {

constexpr long certificate_days = 30;
constexpr std::size_t name_bytes_max = 64; // of a common name (RFC 5280)

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

struct Extension {
    int kind;
    const char* value;
};
/// Who is certified, and who signs it: no issuer is itself.
struct Subject {
    const char* name;
    EVP_PKEY* key;
    X509* issuer = nullptr;
    EVP_PKEY* issuer_key = nullptr;
    std::initializer_list<Extension> extensions;
};

bool add_extension(X509* certificate, X509* issuer, const Extension& wanted)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension{
        X509V3_EXT_conf_nid(nullptr, &context, wanted.kind, wanted.value)};
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Positive, and no two of an authority alike.
bool set_serial_number(X509* certificate)
{
    std::uint64_t number = 0;
    return RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (number >> 1) + 1) == 1;
}

/// Null when OpenSSL cannot.
Certificate sign(const Subject& subject)
{
    Certificate certificate{X509_new()};
    X509* raw = certificate.get();
    X509* issuer = subject.issuer ? subject.issuer : raw;
    X509_NAME* name = raw ? X509_get_subject_name(raw) : nullptr;
    const auto common_name = reinterpret_cast<const unsigned char*>(subject.name);
    const bool filled = name && X509_set_version(raw, 2) == 1 && set_serial_number(raw) &&
                        X509_gmtime_adj(X509_getm_notBefore(raw), -3600) &&
                        X509_gmtime_adj(X509_getm_notAfter(raw), certificate_days * 86'400) &&
                        X509_set_pubkey(raw, subject.key) == 1 &&
                        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
                        X509_set_issuer_name(raw, X509_get_subject_name(issuer)) == 1;
    const bool made = filled &&
                      std::ranges::all_of(subject.extensions,
                                          [&](const Extension& one) { return add_extension(raw, issuer, one); }) &&
                      X509_sign(raw, subject.issuer_key ? subject.issuer_key : subject.key, EVP_sha256()) > 0;
    if (!made)
        certificate.reset();
    return certificate;
}

Error cannot_make()
{
    return fail(errc::internal, "OpenSSL cannot make a certificate");
}

File create_file(const std::filesystem::path& path, mode_t mode)
{
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return File{descriptor < 0 ? nullptr : ::fdopen(descriptor, "w")};
}

result<void> write_key(const std::filesystem::path& path, EVP_PKEY* key)
{
    const File file = create_file(path, 0600);
    if (!file || PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail(errc::not_found_file, path.string() + ": cannot be written");
    return {};
}

result<void> write_certificate(const std::filesystem::path& path, X509* certificate)
{
    const File file = create_file(path, 0644);
    if (!file || PEM_write_X509(file.get(), certificate) != 1)
        return fail(errc::not_found_file, path.string() + ": cannot be written");
    return {};
}

} // namespace

result<void> make_demo_certificate(const std::filesystem::path& certificate, const std::filesystem::path& private_key)
{
    const Key key{EVP_EC_gen("P-256")};
    const Certificate made = key ? sign({.name = "releve demo",
                                         .key = key.get(),
                                         .extensions = {{NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"},
                                                        {NID_basic_constraints, "critical,CA:TRUE"}}})
                                 : Certificate{};
    if (!made)
        return cannot_make();
    RELEVE_CHECK(write_key(private_key, key.get()));
    return write_certificate(certificate, made.get());
}

struct DemoAuthority::Impl {
    Key key;
    Certificate certificate;
};

DemoAuthority::DemoAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DemoAuthority::DemoAuthority(DemoAuthority&& other) noexcept = default;
DemoAuthority::~DemoAuthority() = default;

result<DemoAuthority> DemoAuthority::make(const std::filesystem::path& certificate)
{
    Key key{EVP_EC_gen("P-256")};
    Certificate own = key ? sign({.name = "releve demo gateways",
                                  .key = key.get(),
                                  .extensions = {{NID_basic_constraints, "critical,CA:TRUE"},
                                                 {NID_key_usage, "critical,keyCertSign"}}})
                          : Certificate{};
    if (!own)
        return cannot_make();
    RELEVE_CHECK(write_certificate(certificate, own.get()));
    return DemoAuthority{std::make_unique<Impl>(Impl{std::move(key), std::move(own)})};
}

result<void> DemoAuthority::issue(const std::string& name, const std::filesystem::path& certificate,
                                  const std::filesystem::path& private_key) const
{
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (name.empty() || name.size() > name_bytes_max || !std::ranges::all_of(name, printable))
        return fail(errc::bad_value, "a certificate's name has 1 to 64 characters of ASCII");
    const Key key{EVP_EC_gen("P-256")};
    const Certificate made = key ? sign({.name = name.c_str(),
                                         .key = key.get(),
                                         .issuer = impl_->certificate.get(),
                                         .issuer_key = impl_->key.get(),
                                         .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                                        {NID_ext_key_usage, "clientAuth"}}})
                                 : Certificate{};
    if (!made)
        return cannot_make();
    RELEVE_CHECK(write_key(private_key, key.get()));
    return write_certificate(certificate, made.get());
}

} // namespace releve::app
