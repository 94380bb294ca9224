#pragma once
// The rules over a meter's days, one after the other: which register goes with which curve, what the days before say, and
// what is remembered of a meter so that its next day can be judged without asking anybody. A function of the data only: in
// whatever order readings came, the same days give the same failures.

#include <releve/core/block.hpp>
#include <releve/engine/validation.hpp>

#include <map>

namespace releve::engine {

/// A meter's model with the rules for each of its interval channels made ready. `model` must outlive it.
class CheckedModel {
public:
    struct Channel {
        const ChannelModel* model;
        DayValidator validator;
        std::optional<ChannelId> opposite{}; // of the other direction
        const ChannelModel* total = nullptr; // the register that counts the same
        std::vector<const ChannelModel*> tariffs{};
        std::vector<ChannelId> tariff_channels{}; // of these, in their order
    };
    CheckedModel(const MeterModel& model, const RuleBook& rules);
    [[nodiscard]] const Channel* find(ChannelId channel) const;
    [[nodiscard]] const MeterModel& model() const { return model_; }

private:
    const MeterModel& model_;
    std::vector<Channel> channels_; // those that are judged
};

/// What a register said at an instant at which days begin.
struct BoundaryRead {
    ChannelId channel;
    Instant at{};
    std::int64_t value = 0;
    bool operator==(const BoundaryRead&) const = default;
};
/// Those of the block's reads at the start of a civil day of their channel; of each channel and instant the authenticated.
[[nodiscard]] std::vector<BoundaryRead> boundary_reads(const RegisterBlock& block, const MeterModel& model, const Zone& zone);
/// What the register that goes with the channel counted in [from, to); nothing if it was not read at both. Past the last
/// digit it goes on at 0.
[[nodiscard]] std::optional<RegisterDifference> counted_between(const CheckedModel::Channel& channel, std::span<const BoundaryRead> reads,
                                                                Instant from, Instant to);

/// The amount as the sum of the channel's values of that step over the same time; rounded half away from zero. Nothing if it
/// is beyond estimation_value_max, or the scalers are further apart than 9.
[[nodiscard]] std::optional<std::int64_t> as_values_of(const ChannelModel& channel, Seconds step, const RegisterDifference& counted);

/// What the days of a channel up to and without the one that is judged say about it.
struct ChannelWalk {
    std::optional<CivilDay> last{};   // the last day walked over
    DayTail tail{};                   // at its end
    std::array<History, 3> months{};  // the two calendar months before the one that is under way, and that one
    std::optional<CivilDay> month{};  // first day of the one under way
    /// Makes ready for judging `day`, which is later than `last`.
    void come_to(CivilDay day);
    /// Past `day`, which it has come to.
    void walk_over(CivilDay day, const DayValues& values);
    /// Of the two months before.
    [[nodiscard]] std::optional<History> history() const;
    bool operator==(const ChannelWalk&) const = default;
};

/// What the contract says.
struct PointContext {
    std::optional<std::int64_t> subscribed_va{};
    bool active = true;
};

/// Slots of a day that came more than once.
struct DayRepeats {
    SlotSet same{}, other{}; // with one value; with different ones
    [[nodiscard]] bool any() const;
    bool operator==(const DayRepeats&) const = default;
};

/// How far a device's clock was found to be off.
struct ClockCheck {
    Instant at{};
    Seconds off{};
    bool operator==(const ClockCheck&) const = default;
};

/// A meter's days as they are stored, of one stretch of time.
struct MeterDays {
    std::map<ChannelId, std::map<CivilDay, Bytes>> channels; // encoded blocks; only those of channels that are judged
    std::vector<BoundaryRead> reads;
    std::vector<ClockCheck> clocks; // of the days that are judged, and later ones
    std::vector<Instant> breaks{};  // when it came to another place: what was before is no history of what comes after
    std::map<std::pair<ChannelId, CivilDay>, DayRepeats> repeats;
    PointContext point;
};

/// A channel's day as it is now stored.
struct FreshDay {
    ChannelId channel;
    CivilDay day{};
    ByteView block;
};

/// What is remembered of a meter whose days are all judged.
struct MeterMemory {
    struct Channel {
        ChannelId channel;
        ChannelWalk walk; // up to the day before
        CivilDay day{};   // the last there is
        Bytes block;
        /// What walking over that day will leave, once it was judged: the next one does not read it again.
        struct End {
            DayTail tail;
            History month;
            bool is_whole = false;
            bool operator==(const End&) const = default;
        };
        std::optional<End> end{};
        bool operator==(const Channel&) const = default;
    };
    std::vector<Channel> channels;
    std::vector<BoundaryRead> reads;  // from the start of the last day on
    std::vector<ClockCheck> clocks{}; // likewise; a new one is due for a closer look
    PointContext point{};

    /// What a batch brings, the days in their order: whether all of them keep all rules. False also if what is remembered does
    /// not tell enough. After false it tells nothing any more: it is asked of a copy.
    [[nodiscard]] bool take(const CheckedModel& model, std::span<const FreshDay> days, std::span<const BoundaryRead> fresh,
                            const Zone& zone);

    // ---- the steps of it
    /// The last day of a channel grown, or the next one. False: what is remembered does not tell enough.
    [[nodiscard]] bool take_day(const CheckedModel& model, const FreshDay& fresh);
    [[nodiscard]] bool take_reads(std::span<const BoundaryRead> fresh, const Zone& zone);
    /// Whether the last days of all channels keep all rules; remembers how they end.
    [[nodiscard]] bool keeps_all_rules(const CheckedModel& model);
};

struct JudgedChannelDay {
    ChannelId channel;
    CivilDay day{};
    std::vector<ValidationFailure> failures; // empty: keeps all rules
};
struct MeterVerdict {
    std::vector<JudgedChannelDay> days; // by channel, then day
    MeterMemory memory;
};
/// Judges the days in [from, to]. The days of the two calendar months before `from` must be among them.
/// errc::bad_block: a stored day that cannot be read.
[[nodiscard]] result<MeterVerdict> judge_meter(const CheckedModel& model, const MeterDays& days, CivilDay from, CivilDay to);

/// The days that a changed day can change the verdicts of, apart from those right after it: to the end of the second
/// calendar month after it.
[[nodiscard]] CivilDay last_day_touched_by(CivilDay changed);
/// The first day that judging `day` looks at.
[[nodiscard]] CivilDay first_day_looked_at(CivilDay day);

} // namespace releve::engine
