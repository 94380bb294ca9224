#pragma once
// The port for gateways and concentrators (see uplink.hpp): TLS with client certificates, both forms, backpressure, and each
// batch acknowledged once. net knows no store: what is known of gateways and their batches is the UplinkLedger's.
// Memory of a connection: one message being read (batch_bytes_max, three times that as text), one batch being handed over
// (batch_bytes_max and batch_frames_max frames' fixed parts), and the outcomes of batches_outstanding_max batches. What was
// handed over belongs to the sink, which has its own bound.

#include <releve/net/listener.hpp>
#include <releve/net/uplink.hpp>

namespace releve::net {

/// What is known of gateways and their batches. All functions are thread-safe and do not block; `done` is called once, from
/// any thread.
class UplinkLedger {
public:
    virtual ~UplinkLedger() = default;

    enum class Found : std::uint8_t { fresh, acknowledged, reused, too_old, unavailable };
    struct Looked {
        Found what = Found::unavailable;
        Bytes ack; // of an acknowledged one: what `acknowledge` was given
    };
    virtual void look_up(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest,
                         std::function<void(Looked)> done) = 0;
    /// Once every frame of the batch is decided. `done(true)` after this is committed; only then is `ack` sent.
    virtual void acknowledge(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest, Bytes ack,
                             std::function<void(bool)> done) = 0;
    struct State {
        bool available = true; // false: nobody knows right now
        bool known = false;    // a gateway of this id is registered
        GatewayPeer peer;
        std::uint64_t acknowledged_up_to = 0; // and every batch before it
    };
    virtual void state_of(const std::string& gateway, std::function<void(State)> done) = 0;
};

struct UplinkCounters {
    NetCounters net; // connections, handshakes, octets, frames, pauses, timeouts
    std::atomic<std::uint64_t> batches{0};        // read, well-formed, of a known gateway
    std::atomic<std::uint64_t> acknowledged{0};   // acknowledgements sent for the first time
    std::atomic<std::uint64_t> repeats{0};        // answered with the acknowledgement of before
    std::atomic<std::uint64_t> joined{0};         // sent again while the first was still under way
    std::atomic<std::uint64_t> conflicts{0};      // a sequence with another content than before
    std::atomic<std::uint64_t> too_old{0};
    std::atomic<std::uint64_t> unavailable{0};    // told to come again
    std::atomic<std::uint64_t> unknown_gateways{0}; // nobody registered it, or another id than the certificate's was named
    std::atomic<std::uint64_t> bad_messages{0};   // neither form could be made of it
    std::atomic<std::uint64_t> clocks_ahead{0};   // frames
};

struct UplinkOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; // 0: any, see port()
    TlsContext tls;         // must require client certificates
    UplinkLimits limits;
    ListenerLimits connections{.connections_max = 500, .connections_per_address_max = 100};
    std::function<Instant()> now;
    /// For a connection that begins with an upper-case letter; empty: refused.
    std::function<std::unique_ptr<UplinkForm>()> make_text_form;
};

class UplinkServer {
public:
    /// `contexts` as for Listener. What is referred to outlives the contexts. errc::bad_config when the port cannot be
    /// bound or `tls` asks for no client certificate.
    [[nodiscard]] static result<std::unique_ptr<UplinkServer>> open(std::vector<boost::asio::io_context*> contexts,
                                                                    UplinkOptions options, FrameSink& sink,
                                                                    UplinkLedger& ledger, UplinkCounters& counters);
    ~UplinkServer();
    UplinkServer(const UplinkServer&) = delete;
    UplinkServer& operator=(const UplinkServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::size_t open_sessions() const;
    // Thread-safe, as in Listener:
    void replace_tls(TlsContext context);
    void stop_accepting();
    void close_sessions();

private:
    explicit UplinkServer(std::unique_ptr<Listener> listener);
    std::unique_ptr<Listener> listener_;
};

} // namespace releve::net
