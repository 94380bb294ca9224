#pragma once
// Accepts connections of one port and runs a session for each, within limits. One io_context per thread: a session
// lives on the thread it was given to; the listener lives on its own.

#include <releve/net/frame.hpp>
#include <releve/net/tls.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

namespace releve::net {

struct SessionLimits {
    std::chrono::milliseconds handshake{10'000}; // TLS handshake
    std::chrono::milliseconds message{20'000};   // from the first to the last byte of one message
    std::chrono::milliseconds idle{900'000};     // between messages
    std::chrono::milliseconds write{20'000};     // a confirmation taken by the peer
    std::size_t apdu_bytes_max = 65'535;
    std::size_t outstanding_max = 64;            // frames of one connection that are not decided yet
};
struct ListenerLimits {
    std::size_t connections_max = 20'000;
    std::size_t connections_per_address_max = 1'000; // of IPv6: per /64
    // At a time; further connections wait their turn, one address after the other.
    std::size_t handshakes_max = 256, handshakes_per_address_max = 16;
};

/// Counters of the network side; read by anyone, written by the network threads.
struct NetCounters {
    std::atomic<std::uint64_t> accepted{0}, closed{0}, refused_total_limit{0}, refused_address_limit{0}, accept_failures{0};
    std::atomic<std::uint64_t> handshakes{0}; // TLS, those that succeeded
    std::atomic<std::uint64_t> bytes_in{0}, bytes_out{0}, frames_in{0}, read_pauses{0}, answer_pauses{0};
    std::atomic<std::uint64_t> idle_timeouts{0}, message_timeouts{0}, write_timeouts{0};
    /// By the names of handshake_failure(), in their order of `handshake_failure_names`; "no_turn" for a connection that
    /// waited for its handshake until it was dropped.
    static constexpr std::array<std::string_view, 10> handshake_failure_names = {
        "client_certificate_missing", "client_certificate_refused", "server_certificate_refused", "protocol_version",
        "no_shared_cipher", "not_tls", "closed", "timeout", "no_turn", "other"};
    std::array<std::atomic<std::uint64_t>, handshake_failure_names.size()> handshake_failures{};
    void count_handshake_failure(std::string_view name);
};

class Session;
struct SessionSetup;

struct ListenerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; // 0: any, see port()
    TlsContext tls;         // empty: plain TCP
    SessionLimits session;
    ListenerLimits limits;
    std::function<Instant()> now;
    /// What runs on a connection; empty: Session::make.
    std::function<std::shared_ptr<Session>(boost::asio::ip::tcp::socket, SessionSetup&&)> make_session;
};

class Listener {
public:
    /// `contexts`: where sessions run, in turn; the first also accepts. errc::bad_config when the port cannot be bound.
    [[nodiscard]] static result<std::unique_ptr<Listener>> open(std::vector<boost::asio::io_context*> contexts,
                                                                ListenerOptions options, FrameSink& sink,
                                                                NetCounters& counters);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::size_t open_sessions() const;
    // All of these are thread-safe.
    /// For new connections only.
    void replace_tls(TlsContext context);
    /// No new connections, and sessions hand over nothing more; they still answer what they handed over.
    void stop_accepting();
    /// Each session ends once its pending replies are written.
    void close_sessions();

private:
    struct Impl;
    explicit Listener(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

} // namespace releve::net
