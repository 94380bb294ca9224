#pragma once
// Channel days as people see them: what was measured, with the overlay laid over it. Shared by the sources of ApiStore.

#include "api_impl.hpp"

#include <releve/core/overlay.hpp>
#include <releve/engine/totals.hpp>

#include <functional>
#include <span>

namespace releve::store {

/// Days of one channel of one meter; `to` is not included.
struct Stretch {
    MeterId meter;
    ChannelId channel;
    CivilDay from{}, to{};
};

/// A day as it is stored.
struct FoundDay {
    std::size_t stretch = 0; // that asked for it
    CivilDay day{};
    std::vector<Bytes> measured; // one block, or none; under `as_of` also those that were superseded later
    std::optional<Bytes> overlay;
    bool due = false; // for checks: no rule has looked at it since it changed
};
/// Calls `use` for each stored day, by stretch and day. A day's blocks and whether it is due come from one statement, and
/// so from one instant. A stretch is asked for in one piece: at most 50 years.
[[nodiscard]] result<void> for_each_day(Work& work, std::span<const Stretch> stretches, const std::optional<BatchNumber>& as_of,
                                        const std::function<result<void>(const FoundDay&)>& use);

struct SeenDay {
    Instant first{};
    Seconds step{0};
    std::vector<ResolvedSlot> slots;
};
/// What `as_of` knew of it. An overlay of another shape than what was measured since says nothing. What no check doubts is
/// `valid` when the day is not due; under `as_of` it stays `raw`, because when a check passed is not kept.
[[nodiscard]] result<SeenDay> seen_day(const FoundDay& stored, const std::optional<BatchNumber>& as_of);

/// What one meter of a usage point counted of a day: slots of other times are empty.
struct SeenPart {
    const ChannelModel* channel = nullptr; // of this meter's model
    Validity validity;
    SeenDay day;
};
/// Parts by time; more than one on a day on which the meter was exchanged.
[[nodiscard]] result<std::map<CivilDay, std::vector<SeenPart>>> seen_days(Work& work, const SeenUsagePoint& point,
                                                                          const DaysWanted& wanted);
/// Of at least one part. Those of one shape are one day, rounded once; others are added up, each with the slots of its time.
[[nodiscard]] result<engine::DaySummary> summary_of(std::vector<SeenPart> parts);
void clip(SeenDay& day, const Validity& validity);

// ---- totals (api_totals.cpp)

enum class Flow : std::uint8_t { drawn, injected };
/// The interval channel of the meter's model that counts it: the main one, or that of exported energy. Null: none does.
[[nodiscard]] const ChannelModel* flow_channel(const MeterPeriod& period, Flow flow);

/// Civil days of the usage point that a meter's time touches, within [from, to); none: from = to.
[[nodiscard]] engine::CivilSpan days_of(const MeterPeriod& period, const Zone& zone, Seconds day_start, CivilDay from,
                                        CivilDay to);

using DayTotals = std::map<CivilDay, engine::DayTotal>;
struct TotalsWanted {
    const SeenUsagePoint* point = nullptr;
    Flow flow = Flow::drawn;
    CivilDay from{}, to{}; // to is not included
};
/// Days that have a total, of each that is wanted. From stored months where they know the whole day, else from its
/// half-hours, or from the daily totals of homes that keep no half-hours.
[[nodiscard]] result<std::vector<DayTotals>> day_totals(Work& work, std::span<const TotalsWanted> wanted,
                                                        const std::optional<BatchNumber>& as_of);
/// errc::bad_parameter for no days, or more than 50 years.
[[nodiscard]] result<void> check_total_days(CivilDay from, CivilDay to);
/// `injected` may be null.
[[nodiscard]] result<std::vector<TotalsRow>> totals_rows(engine::Period period, CivilDay from, CivilDay to,
                                                         const DayTotals& drawn, const DayTotals* injected);

// ---- arrays as PostgreSQL reads them: of numbers, days and ids, which need no quotes

template <class Range, class Text>
[[nodiscard]] std::string array_text(const Range& range, Text text)
{
    std::string out = "{";
    for (const auto& item : range)
        out += (out.size() > 1 ? "," : "") + text(item);
    return out + "}";
}

} // namespace releve::store
