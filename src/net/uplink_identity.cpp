#include "uplink_identity.hpp"

#include <releve/net/uplink.hpp>

#include <openssl/x509.h>

namespace releve::net {

std::string gateway_id_of(const SSL* connection)
{
    const std::unique_ptr<X509, decltype(&X509_free)> certificate{SSL_get1_peer_certificate(connection), &X509_free};
    const X509_NAME* const subject = certificate ? X509_get_subject_name(certificate.get()) : nullptr;
    const int place = subject ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;
    if (place < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, place) >= 0)
        return {};
    unsigned char* octets = nullptr;
    const int length = ASN1_STRING_to_UTF8(&octets, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
    if (length < 0)
        return {};
    std::string text{reinterpret_cast<const char*>(octets), static_cast<std::size_t>(length)};
    OPENSSL_free(octets);
    return is_gateway_id(text) ? text : std::string{};
}

} // namespace releve::net
