#pragma once
// The socket shell of the simulator: pushes what virtual meters have to say over TCP or TLS, waits for the
// confirmation of each confirmed push before the meter's next, resends after a lost connection, and counts.
// Several meters share a connection, as behind a concentrator.

#include <releve/sim/fleet.hpp>
#include <releve/sim/storm.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace releve::app {

struct ClientTls {
    std::filesystem::path ca;          // PEM; empty: the system's authorities
    bool insecure = false;             // takes any certificate
    std::filesystem::path certificate; // the client's own, PEM; empty: none
    std::filesystem::path private_key;
};

/// One meter and what it pushes; all outlive the call.
struct MeterWork {
    const sim::Meter* meter = nullptr;
    std::size_t number = 0; // in the fleet: faults are drawn by it
    std::span<const sim::Push> pushes;
    /// In a storm: what is sent of the pushes, and which alarms, in order. Nothing: all pushes when they are due.
    std::optional<std::span<const sim::Act>> acts{};
};

struct FleetReport {
    struct Tally {
        std::size_t sent = 0, confirmed = 0;
    };
    std::size_t pushed = 0;          // honest messages, each counted once
    std::size_t confirmed = 0;       // of them
    std::size_t resent = 0;          // after a lost connection or a missing answer
    std::size_t never_confirmed = 0; // honest, given up
    std::size_t alarms = 0;          // sent once, confirmed by nobody
    std::size_t connections = 0, lost_connections = 0;
    std::size_t unexpected_answers = 0; // that fit nothing sent
    std::map<sim::Fault, Tally> faults; // bad messages and what they got
    std::size_t breaches = 0;           // confirmations of messages that must not be confirmed
    std::chrono::duration<double> elapsed{0};
    std::string problem; // the last thing that went wrong on a line, for people
    /// Every honest message was confirmed and no bad one was.
    [[nodiscard]] bool good() const { return never_confirmed == 0 && breaches == 0; }
};

struct ClientOptions {
    std::string host = "127.0.0.1";
    std::string port = "4059";
    std::optional<ClientTls> tls;
    std::size_t connections = 1;
    std::size_t in_flight_max = 32; // messages of one connection that wait for an answer
    std::chrono::milliseconds connect_deadline{10'000}, answer_deadline{30'000};
    std::chrono::milliseconds linger{500}; // for answers nobody should send, at the end
    int attempts = 5;                      // of one message, and of connecting in a row
    /// When a push is due; empty: as fast as answers come.
    std::function<std::chrono::steady_clock::time_point(Instant at)> due;
    std::function<void(const FleetReport&)> progress; // after each answer
    bool stop_on_signals = false;                     // SIGINT and SIGTERM end the run early
};

/// Runs on the caller's thread until all is said. errc::bad_config for TLS files that cannot be used; a
/// server that cannot be reached leaves messages never confirmed.
[[nodiscard]] result<FleetReport> push_fleet(std::span<const MeterWork> work, const sim::FaultPlan& faults,
                                             const ClientOptions& options);

} // namespace releve::app
