#pragma once
// One connection of a meter, gateway or concentrator: bytes in, whole frames to the sink, confirmations back. The
// framing is sans-I/O (codec/dlms/wrapper); this is only the shell with its deadlines. Lives on one thread.
// The second kind of session is a gateway's uplink (uplink_server).

#include <releve/net/frame.hpp>
#include <releve/net/listener.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace releve::net {

/// What a session needs from the one that made it. `handshake_done` and `ended` run on the session's thread.
struct SessionSetup {
    SessionLimits limits;
    FrameSink& sink;
    NetCounters& counters;
    TlsContext tls; // empty: plain TCP
    std::function<Instant()> now;
    std::function<void()> handshake_done;
    std::function<void()> ended;
};

class Session {
public:
    virtual ~Session() = default;
    [[nodiscard]] static std::shared_ptr<Session> make(boost::asio::ip::tcp::socket socket, SessionSetup setup);
    /// Starts its two coroutines, which keep the session alive until the connection has ended.
    virtual void start() = 0;
    // Thread-safe:
    virtual void stop_reading() = 0;
    virtual void close_when_written() = 0;
};

} // namespace releve::net
