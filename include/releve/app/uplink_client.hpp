#pragma once
// A gateway's side of the uplink, for the simulator, the benchmark and tests: TLS with a client certificate, hello, batches
// with several outstanding, acknowledgements, and after a lost connection the unacknowledged ones again.

#include <releve/app/fleet_client.hpp>
#include <releve/net/uplink.hpp>

namespace releve::app {

struct UplinkClientOptions {
    std::string gateway; // as in the certificate
    std::string host = "127.0.0.1";
    std::string port;
    ClientTls tls;
    std::size_t outstanding_max = 4;  // the server's own limit holds as well
    std::chrono::milliseconds connect_deadline{10'000}, answer_deadline{30'000};
    std::chrono::milliseconds retry_first{100}, retry_max{5'000}; // between attempts
    int attempts = 10; // without any progress, of connecting and of a batch that is "unavailable"
};

struct UplinkClientReport {
    std::size_t batches = 0, frames = 0;      // acknowledged
    std::size_t accepted = 0, duplicate = 0, refused = 0; // frames of them
    std::size_t resent = 0;                   // batches sent once more
    std::size_t skipped = 0;                  // batches that the server had acknowledged before: not sent
    std::size_t connections = 0, lost_connections = 0;
    std::size_t refused_batches = 0;          // sequence_reused and the like: given up
    std::string problem;                      // the last thing that went wrong, for people
    bool complete = false;                    // every batch acknowledged, skipped or refused
};

/// Where batches come from and acknowledgements go, called on the client's thread.
struct UplinkClientWork {
    /// The next one; nothing: there are no more. Sequences in any order. Each is kept until it is answered, so memory is
    /// bounded by outstanding_max of them.
    std::function<std::optional<net::UplinkBatch>()> next;
    /// For each acknowledged batch, in the order of the answers; may be empty.
    std::function<void(const net::UplinkBatch& batch, const net::UplinkAck& ack)> acknowledged;
    /// Ends the run early, between two answers; may be empty.
    std::function<bool()> stop;
    /// Batches up to the server's acknowledged_up_to are not sent (true), or sent all the same.
    bool skip_acknowledged = true;
};

/// Runs on the caller's thread until all is acknowledged or given up. errc::bad_config for TLS files that cannot be
/// used; errc::unknown_gateway, errc::bad_value ... when the server refuses the hello.
[[nodiscard]] result<UplinkClientReport> send_batches(const UplinkClientWork& work, const UplinkClientOptions& options);

} // namespace releve::app
