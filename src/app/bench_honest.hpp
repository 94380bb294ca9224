#pragma once
// Honest meters while others attack: concentrators that keep to a rate, connect anew every second and send again what a
// lost connection left unanswered. A process of its own. Private to src/app.

#include "bench_link.hpp"

namespace releve::app {

/// What became of a span. Frames count as confirmed in time up to its end; what was sent is waited for after it.
struct HonestReport {
    std::vector<std::uint64_t> confirmed; // of its first frames, by connection, since the process began
    std::uint64_t confirmed_in_time = 0, readings_in_time = 0, unconfirmed = 0;
    std::uint64_t connections = 0, failed_connections = 0, lost_connections = 0;
    double seconds = 0; // the span; less if all that was prepared was confirmed before
    double cpu_seconds = 0;
    double answer_p50_ms = 0, answer_p99_ms = 0; // from when a frame was due, not from when it could be sent
};

class HonestMeters {
public:
    /// Waits until it is there. A span lasts so long.
    [[nodiscard]] static result<HonestMeters> start(const BenchTarget& target, int seconds);
    /// Makes the next frames, so many for each connection.
    [[nodiscard]] result<void> prepare(std::size_t frames_each);
    /// Sends them for a span: at that rate of all together, or as fast as they are taken if it is 0.
    [[nodiscard]] result<HonestReport> send(double frames_a_second);

private:
    HonestMeters(BenchProcess process, int seconds) : process_(std::move(process)), seconds_(seconds) {}
    BenchProcess process_;
    int seconds_;
};

/// Its own main: `releve bench honest ...`.
int run_bench_honest(const BenchTarget& target);

} // namespace releve::app
