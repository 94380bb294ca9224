#include <releve/app/demo_certificates.hpp>

#include <releve/net/tls.hpp>

#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

namespace releve::app {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

Certificate read_certificate(const fs::path& path)
{
    const std::unique_ptr<std::FILE, Freed<std::fclose>> file{std::fopen(path.c_str(), "r")};
    return Certificate{file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr};
}

std::string common_name(X509* certificate)
{
    char name[80] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return name;
}

/// As a server does that trusts this authority alone.
bool is_trusted_client(X509* authority, X509* client)
{
    const std::unique_ptr<X509_STORE, Freed<X509_STORE_free>> store{X509_STORE_new()};
    const std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> context{X509_STORE_CTX_new()};
    X509_STORE_add_cert(store.get(), authority);
    X509_STORE_CTX_init(context.get(), store.get(), client, nullptr);
    X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
    return X509_verify_cert(context.get()) == 1;
}

class DemoAuthorityTest : public testing::Test {
protected:
    void SetUp() override { fs::create_directories(folder); }
    void TearDown() override { fs::remove_all(folder); }
    const fs::path folder = fs::path{testing::TempDir()} / "releve-demo-authority";
};

TEST_F(DemoAuthorityTest, SignsClientsUnderTheirName)
{
    const DemoAuthority authority = DemoAuthority::make(folder / "ca.pem").value();
    ASSERT_TRUE(authority.issue("gw-1", folder / "1.crt", folder / "1.key"));
    ASSERT_TRUE(authority.issue("gw-2", folder / "2.crt", folder / "2.key"));
    const Certificate ca = read_certificate(folder / "ca.pem"), first = read_certificate(folder / "1.crt"),
                      second = read_certificate(folder / "2.crt");
    ASSERT_TRUE(ca && first && second);
    EXPECT_EQ(common_name(first.get()), "gw-1");
    EXPECT_TRUE(is_trusted_client(ca.get(), first.get()));
    EXPECT_TRUE(is_trusted_client(ca.get(), second.get()));
    EXPECT_NE(ASN1_INTEGER_cmp(X509_get_serialNumber(first.get()), X509_get_serialNumber(second.get())), 0);
    EXPECT_EQ(fs::status(folder / "1.key").permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_TRUE(net::make_server_context({.certificate = folder / "1.crt", .private_key = folder / "1.key", .client_ca = {}}));
}

TEST_F(DemoAuthorityTest, AnothersClientIsAStrangerAndAClientSignsNobody)
{
    const DemoAuthority authority = DemoAuthority::make(folder / "ca.pem").value();
    const DemoAuthority other = DemoAuthority::make(folder / "other.pem").value();
    ASSERT_TRUE(other.issue("gw-1", folder / "1.crt", folder / "1.key"));
    const Certificate ca = read_certificate(folder / "ca.pem"), stranger = read_certificate(folder / "1.crt");
    EXPECT_FALSE(is_trusted_client(ca.get(), stranger.get()));
    EXPECT_EQ(X509_check_ca(stranger.get()), 0);
}

TEST_F(DemoAuthorityTest, RefusesNamesAndFilesThatCannotBe)
{
    const DemoAuthority authority = DemoAuthority::make(folder / "ca.pem").value();
    for (const std::string& name : {std::string{}, std::string(65, 'a'), std::string{"caf\xc3\xa9"}, std::string{"a\0b", 3}})
        EXPECT_EQ(authority.issue(name, folder / "c", folder / "k").error().code, errc::bad_value) << name;
    EXPECT_TRUE(authority.issue(std::string(64, 'a'), folder / "c", folder / "k"));
    EXPECT_EQ(authority.issue("gw", folder / "no" / "c", folder / "k").error().code, errc::not_found_file);
    EXPECT_EQ(authority.issue("gw", folder / "c", folder / "no" / "k").error().code, errc::not_found_file);
    EXPECT_FALSE(DemoAuthority::make(folder / "no" / "ca.pem"));
}

} // namespace
} // namespace releve::app
