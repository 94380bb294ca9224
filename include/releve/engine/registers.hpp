#pragma once
// From what registers said to what was consumed between two reads. Exact integers, and a function of the set
// of reads: their order, repetitions and batches change nothing. Knows neither days
// (engine/register_days.hpp) nor estimation; import and export are registers of their own and never netted
// here. A large step forwards is counted: whether it is believable is a question of validation.

#include <releve/core/block.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace releve::engine {

/// What a register said at an instant, in its own unit and scaler.
struct IndexRead {
    Instant at{};
    std::int64_t value = 0;
    Quality quality = Quality::raw;
    bool authenticated = false;
    bool operator==(const IndexRead&) const = default;
};
[[nodiscard]] inline IndexRead index_read_of(const RegisterRead& read)
{
    return {read.at, read.value, read.provenance.quality, read.provenance.authenticated};
}

/// The last instant that a stored read can have.
inline constexpr Instant last_read_at{Seconds{4'294'967'295}};

/// One channel of one meter while it was at the usage point. The read at `from` is its opening index, the one
/// at `to` its closing index; a meter that is still there, or whose dates do not matter, keeps the defaults.
struct RegisterSeries {
    int digits = 0; // the index after 10^digits - 1 is 0; 1 to 18, or 0: not known, then it never rolls over
    int scaler = 0; // of the reads
    Instant from{};
    Instant to = last_read_at;
    std::vector<IndexRead> reads; // in any order, repeated or not
};

/// What happens at a read below the one before, where neither a rollover nor a reset explains it.
enum class BackwardsStep : std::uint8_t {
    flag,   // the step is not counted; counting goes on from the lower index
    refuse, // the lower read is left out; counting goes on from the higher index, once the register passes it
};

struct RegisterOptions {
    /// No more than this can be consumed in a day, in the unit of the answer: a register that came back to a
    /// lower index rolled over (or was reset) only if what it then counted stays within. One count more is
    /// allowed, since a coarse register can count at any instant. 0: no rollover and no reset is believed
    /// beyond that count.
    std::int64_t max_per_day = 0;
    /// Of the amounts. A register that counts finer is cut to it at each index, so that amounts add up to the
    /// difference of the cut indexes; a coarser one is exact.
    int scaler = 0;
    BackwardsStep backwards = BackwardsStep::flag;
    /// Reads that nothing proves are left out as if they had not come: what is billed is asked for so. Else
    /// they divide what was consumed between proven reads, and never change it.
    bool authenticated_only = true;
};

/// What one register counted from one read to the next.
struct Consumption {
    Instant from{};
    Instant to{};
    std::int64_t amount = 0;        // never negative
    Quality quality = Quality::raw; // the worse of both reads
    bool rollover = false;
    bool operator==(const Consumption&) const = default;
};

struct RegisterFault {
    enum class Kind : std::uint8_t {
        conflicting,          // `before` was taken, `after` not: same instant, or unproven against proven
        outside_installation, // `after` was read while the meter was not there: left out
        out_of_range,         // `after` is negative or has too many digits: left out
        backwards,            // from `before` to `after`, see BackwardsStep
        reset,                // the register began again near 0: the step is not counted
        implausible_rollover, // past the last digit, but by more than max_per_day: the step is not counted
        unread_exchange,      // a meter was replaced at `at` without closing and opening index
    };
    Kind kind{};
    Instant at{};
    std::int64_t before = 0; // in the register's own unit and scaler
    std::int64_t after = 0;
    auto operator<=>(const RegisterFault&) const = default;
};

/// Closing index of a meter and opening index of the next: between them nothing was consumed.
struct Exchange {
    Instant closed{};
    Instant opened{};
    auto operator<=>(const Exchange&) const = default;
};

/// Intervals are sorted and do not overlap; none spans a fault or an exchange. Within what is counted, the
/// amounts sum to the difference of the indexes plus 10^digits for each rollover. Together they fit 64 bits.
struct RegisterResult {
    std::vector<Consumption> intervals;
    std::vector<RegisterFault> faults; // by instant
    std::vector<Exchange> exchanges;
    bool operator==(const RegisterResult&) const = default;
};

/// The series are those of the meters that followed each other at one usage point, for one channel. Of two
/// reads of one instant the authenticated one is taken, then the one of better quality, then the greater. A
/// hole so long that a register may have rolled over twice counts the least that is possible.
/// errc::bad_value: digits not 0 to 18, scalers more than 18 apart, max_per_day negative, an installation
/// that ends before it begins, two that overlap, or amounts beyond 64 bits.
[[nodiscard]] result<RegisterResult> consumption_of(std::span<const RegisterSeries> series,
                                                    const RegisterOptions& options);

/// What was counted from `from` to `to`, both ends of intervals; nothing if a part of it was not counted.
[[nodiscard]] std::optional<Consumption> consumption_between(const RegisterResult& counted, Instant from,
                                                             Instant to);

/// Registers that count in turn (tariff classes) as one register: its intervals go from one instant that all
/// were read at to the next. Faults are those of all. errc::bad_value if the amounts go beyond 64 bits.
[[nodiscard]] result<RegisterResult> sum_of(std::span<const RegisterResult> registers);

/// A total register beside the sum of its parts, in intervals that both have.
struct TotalCheck {
    Instant from{};
    Instant to{};
    std::int64_t parts = 0;
    std::int64_t total = 0;
    [[nodiscard]] std::int64_t difference() const { return parts - total; }
    bool operator==(const TotalCheck&) const = default;
};
/// Where all were cut to a coarser unit, the difference of a period stays within one for each register.
[[nodiscard]] result<std::vector<TotalCheck>> compare_with_total(std::span<const RegisterResult> parts,
                                                                 const RegisterResult& total);

} // namespace releve::engine
