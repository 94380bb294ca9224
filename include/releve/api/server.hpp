#pragma once
// The HTTP server of the API: connections, limits and deadlines, sign-in, and the way from a request through the route
// table to a response. Lives on one io_context that one thread runs. GET, HEAD, and POST with a small body of JSON, or, where
// its route says so, with a file.

#include <releve/api/auth.hpp>
#include <releve/api/read_pool.hpp>
#include <releve/api/routes.hpp>

#include <boost/asio/io_context.hpp>

namespace releve::api {

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; // 0: any free one, see Server::port()
    std::size_t connections_max = 512;
    std::chrono::milliseconds idle_max{15'000};    // until a whole request header is there, and then its body
    std::chrono::milliseconds request_max{30'000}; // for the database's answer
    std::chrono::milliseconds write_max{30'000};   // for the client to take the response
    std::size_t large_bodies_max = 4;                  // held at a time; more are 503
    std::chrono::milliseconds large_body_max{120'000}; // until all of one is there
    AttemptLimiter::Options attempts;
};

class Server {
public:
    /// `io`, `pool` and what `services` refers to outlive the server's last connection (see stop).
    /// `files`: a pool of its own for requests with large bodies; null: `pool`.
    Server(boost::asio::io_context& io, ServerOptions options, ReadPool& pool, Services services, ReadPool* files = nullptr);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Listens and starts accepting. errc::unavailable with the system's words (address in use, ...).
    [[nodiscard]] result<void> start();
    /// The port listened on, after start.
    [[nodiscard]] std::uint16_t port() const;
    /// On the io_context's thread: stops accepting, closes idle connections, lets running requests finish and their
    /// responses go out, then calls `stopped` (once, on the same thread). Bounded by the deadlines above.
    void stop(std::function<void()> stopped = {});

private:
    struct Impl;
    std::shared_ptr<Impl> impl_; // shared with the connections' coroutines
};

} // namespace releve::api
