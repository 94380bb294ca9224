#pragma once
// Certificates that the demo and the benchmarks make for themselves, for this machine and 30 days: a server's own, and those
// of gateways. Nobody else should trust them.

#include <releve/core/error.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace releve::app {

/// A self-signed EC P-256 certificate for 127.0.0.1 and localhost, valid for 30 days; the key with mode 0600.
[[nodiscard]] result<void> make_demo_certificate(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& private_key);

/// Signs clients' certificates. Its key stays in memory and ends with it.
class DemoAuthority {
public:
    /// Writes its own certificate, which is what a server is told to trust. errc::not_found_file when that cannot be.
    [[nodiscard]] static result<DemoAuthority> make(const std::filesystem::path& certificate);
    DemoAuthority(DemoAuthority&& other) noexcept;
    DemoAuthority& operator=(DemoAuthority&&) = delete;
    ~DemoAuthority();
    /// A client's certificate with this common name (1 to 64 octets of ASCII), and its key with mode 0600.
    /// errc::bad_value for another name, errc::not_found_file when a file cannot be written.
    [[nodiscard]] result<void> issue(const std::string& name, const std::filesystem::path& certificate,
                                     const std::filesystem::path& private_key) const;

private:
    struct Impl;
    explicit DemoAuthority(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::app
