#pragma once
// `releve bench ingest --mix france`: what a head-end for both energies gets, electricity days over DLMS and gas days over
// Wize and the uplink, at the same time. Private to src/app.

#include <releve/app/bench.hpp>

namespace releve::app {

/// Where the server is, and what is sent.
struct FranceTarget {
    BenchTarget electricity;
    std::uint16_t uplink_port = 0;
    std::filesystem::path gateways; // a folder: ID.crt and ID.key of each
};
/// The clock of each kind and of both goes from the first byte sent to the last confirmation.
struct FranceSent {
    BenchSent electricity; // by connection
    BenchSent gas;         // by gateway; answers are to batches
    double seconds = 0;
    double cpu_seconds = 0; // of the sender in that time
};

/// As BenchSender.
class FranceSender {
public:
    [[nodiscard]] static result<FranceSender> start(const FranceTarget& target, int seconds);
    [[nodiscard]] result<void> wait_prepared();
    [[nodiscard]] result<FranceSent> run();

private:
    FranceSender(BenchProcess process, int seconds) : process_(std::move(process)), seconds_(seconds) {}
    BenchProcess process_;
    int seconds_;
};
/// The sender's own main: `releve bench send-france ...`.
int run_bench_send_france(const FranceTarget& target, int seconds);

[[nodiscard]] result<BenchReport> bench_france(const BenchIngestOptions& options);

} // namespace releve::app
