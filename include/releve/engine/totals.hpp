#pragma once
// Totals of days, weeks, months and years, and what a group uses of its own production. A period's total is the sum of
// its days' totals in Wh, each rounded once (engine/consumption.hpp), and a group's is the sum of its members': at every
// level the figures that people see add up.

#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace releve::engine {

enum class Period : std::uint8_t { day, week, month, year };
[[nodiscard]] std::string_view period_name(Period period);
[[nodiscard]] std::optional<Period> period_from_name(std::string_view name);

struct CivilSpan {
    CivilDay from{};
    CivilDay to{}; // not included
    bool operator==(const CivilSpan&) const = default;
};
/// The whole period that holds `day`; a week begins on Monday (ISO 8601).
[[nodiscard]] CivilSpan period_around(CivilDay day, Period period);

/// What one channel's day, or the sum of several channels' same day, comes to.
struct DayTotal {
    CivilDay day{};
    std::int64_t energy_wh = 0; // of the slots there are
    std::int64_t slots = 0;
    std::int64_t missing = 0;   // of them
    std::int64_t estimated = 0; // of them: filled by an estimate or an edit
    Quality quality = Quality::missing;
    bool operator==(const DayTotal&) const = default;
};

struct PeriodTotal {
    CivilSpan span;     // cut to the days asked for
    bool whole = false; // the period is asked for from its first day to its last
    std::int64_t energy_wh = 0;
    std::int64_t days = 0; // that have a total; the others are missing as a whole
    std::int64_t slots = 0, missing = 0, estimated = 0; // of those days
    Quality quality = Quality::missing; // worst of its days; incomplete if days or slots are missing
    bool operator==(const PeriodTotal&) const = default;
};

/// One total for each period that touches [from, to), also for those without any day. `days` in any order; days out of
/// the range are left out. errc::bad_value: an empty range, one beyond 50 years, a day twice, sums beyond 64 bits.
[[nodiscard]] result<std::vector<PeriodTotal>> totals_by(Period period, std::span<const DayTotal> days, CivilDay from, CivilDay to);

/// The same day of two channels or two members as one. errc::bad_value: other days, or a sum beyond 64 bits.
[[nodiscard]] result<DayTotal> sum_of(const DayTotal& a, const DayTotal& b);

/// Drawn minus injected.
struct NetTotal {
    std::int64_t drawn_wh = 0, injected_wh = 0;
    [[nodiscard]] std::int64_t net_wh() const { return drawn_wh - injected_wh; }
    bool operator==(const NetTotal&) const = default;
};

/// What a group did in one slot, all members together, in one unit.
struct SlotBalance {
    std::optional<std::int64_t> drawn, injected; // none: nothing is known of it
};
struct OwnUse {
    /// By slot: the lesser of both; none where one of them is not known.
    std::vector<std::optional<std::int64_t>> used;
    std::int64_t drawn = 0, injected = 0, used_total = 0; // over the slots where both are known
    std::size_t unknown = 0;                              // slots that are not
    /// Of what was injected, what the group drew at the same time; null without injection. In per mille, rounded down.
    [[nodiscard]] std::optional<int> self_consumption_permille() const;
    /// Of what was drawn, what the group injected at the same time; null without consumption. In per mille, rounded down.
    [[nodiscard]] std::optional<int> self_sufficiency_permille() const;
};
/// A group's use of its own production, slot by slot: what is injected in one half-hour does not serve another.
/// errc::bad_value: a negative amount, or sums beyond 64 bits.
[[nodiscard]] result<OwnUse> own_use(std::span<const SlotBalance> slots);

} // namespace releve::engine
