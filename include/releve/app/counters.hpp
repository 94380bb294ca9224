#pragma once
// What the collector counts, for /metrics and for tests. Names follow Prometheus; every name and label is in one table
// of the source.

#include <releve/core/quantity.hpp>
#include <releve/net/listener.hpp>
#include <releve/net/uplink_server.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <string>

namespace releve::app {

/// Durations in classes whose bounds grow by a quarter, from 0.1 ms on.
class LatencyHistogram {
public:
    static constexpr std::size_t class_count = 64;
    using Snapshot = std::array<std::uint64_t, class_count>;
    void add(std::chrono::microseconds duration);
    [[nodiscard]] Snapshot snapshot() const;
    /// The upper bound of a class.
    [[nodiscard]] static double bound_ms(std::size_t index);
    /// Of what was added between two snapshots; 0 if nothing was.
    [[nodiscard]] static double percentile_ms(const Snapshot& before, const Snapshot& after, double share);

private:
    std::array<std::atomic<std::uint64_t>, class_count> counts_{};
};

struct IngestCounters {
    static constexpr std::size_t state_count = 32;
    std::array<std::atomic<std::uint64_t>, state_count> frames{}; // by FrameState
    std::atomic<std::uint64_t> readings{0}, batches{0}, transactions{0}, store_retries{0};
    std::atomic<std::uint64_t> quarantine_not_kept{0}; // counted but beyond what is kept a second
    std::atomic<std::uint64_t> commit_microseconds{0};
    LatencyHistogram commits; // a batch, from its first statement to its commit
    std::atomic<std::uint64_t> database_lost{0};
    std::atomic<std::int64_t> queued_frames{0};
    std::atomic<std::int64_t> devices{0};
    std::atomic<std::int64_t> deferred_readings{0}; // confirmed and archived, not yet in their days
    void count(FrameState state) { ++frames[static_cast<std::size_t>(state)]; }
    [[nodiscard]] std::uint64_t of(FrameState state) const { return frames[static_cast<std::size_t>(state)]; }
};

struct Counters {
    net::NetCounters net;
    net::UplinkCounters uplink;
    IngestCounters ingest;
};

/// Prometheus text format 0.0.4.
[[nodiscard]] std::string metrics_text(const Counters& counters, std::size_t open_connections);

} // namespace releve::app
