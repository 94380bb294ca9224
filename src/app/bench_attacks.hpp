#pragma once
// The attacks of `releve bench hostile`, made by a process of its own from addresses that no honest meter has. Only
// ever against the benchmark's own server on this machine. Private to src/app.

#include "bench_link.hpp"

#include <span>

namespace releve::app {

/// One row: who connects from where, and which counters must name it afterwards.
struct AttackRow {
    std::string_view name, says;
    std::uint32_t addresses;   // 127.0.0.2 and those after it
    std::uint32_t connections; // 0: as many as the command says
    std::vector<std::string_view> counters; // of /metrics, without quotation marks
    [[nodiscard]] std::uint32_t connections_or(std::uint32_t asked) const
    {
        return connections > 0 ? connections : asked;
    }
};
[[nodiscard]] std::span<const AttackRow> attack_rows();

struct AttackReport {
    std::uint64_t attempts = 0, connections = 0; // what an attempt is, the attack's row says
    double seconds = 0, cpu_seconds = 0;
};

class Attackers {
public:
    /// `captured`: how many first frames of each connection have been confirmed: what one who listened would have.
    [[nodiscard]] static result<Attackers> start(const BenchTarget& target, std::string_view attack,
                                                 std::uint32_t connections, std::size_t captured);
    /// Begins; returns when the attack is under way.
    [[nodiscard]] result<void> begin();
    [[nodiscard]] result<AttackReport> end();

private:
    explicit Attackers(BenchProcess process) : process_(std::move(process)) {}
    BenchProcess process_;
};

/// Their own main: `releve bench attack ...`.
int run_bench_attack(const BenchTarget& target, std::string_view attack, std::uint32_t connections,
                     std::size_t captured);

} // namespace releve::app
