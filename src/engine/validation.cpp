// Judges one day. One pass over its values finds what most rules can be excused by; a rule looks at the slots
// one by one only where that is not enough.

#include <releve/engine/validation.hpp>

#include "validation_scale.hpp"
#include "validation_screen.hpp"

#include <algorithm>
#include <bit>

namespace releve::engine {

namespace {

using Rule = ValidationRule;

bool is_in(const SlotSet& set, std::uint32_t slot)
{
    return (set[slot / 64] >> (slot % 64) & 1U) != 0;
}

std::uint32_t count_below(const SlotSet& set, std::uint32_t end)
{
    int count = 0;
    for (std::uint32_t word = 0; word * 64 < end; ++word) {
        const std::uint32_t bits = std::min<std::uint32_t>(64, end - word * 64);
        count += std::popcount(set[word] & (~std::uint64_t{0} >> (64 - bits)));
    }
    return static_cast<std::uint32_t>(count);
}

} // namespace

/// A day with all that judges it; one function a rule, named like its row.
class JudgedDay {
public:
    JudgedDay(const DayValidator& ready, const DayValues& day, const DayContext& context,
              std::vector<ValidationFailure>& out)
        : ready_{ready}, day_{day}, context_{context}, out_{out}, screen_{screen_of(day, context.before)},
          is_whole_{day.is_whole()}
    {
    }

    void judge_gap() const
    {
        const std::uint32_t over = std::min(context_.slots_over, day_.slots);
        const std::uint32_t missing = is_whole_ ? 0 : over - count_below(day_.present, over);
        if (missing <= limit(Rule::gap, 0) || missing == 0)
            return;
        for_each_run(
            over, [&](std::uint32_t i) { return !day_.has(i); },
            [&](std::uint32_t first, std::uint32_t last) {
                report(Rule::gap, first, last, last - first + 1, missing);
            });
    }
    void judge_overlap() const { judge_repeated(Rule::overlap, context_.sent_changed); }
    void judge_duplicate() const { judge_repeated(Rule::duplicate, context_.sent_again); }

    void judge_interval_size() const
    {
        const Seconds sent = context_.sent.step.value_or(day_.step);
        if (sent != channel().step)
            report_day(Rule::interval_size, sent.count(), channel().step.count());
    }
    void judge_unit() const
    {
        if (context_.sent.unit && *context_.sent.unit != channel().unit)
            report_day(Rule::unit, static_cast<std::int64_t>(*context_.sent.unit),
                       static_cast<std::int64_t>(channel().unit));
    }
    void judge_multiplier() const
    {
        if (context_.sent.scaler && *context_.sent.scaler != channel().scaler)
            report_day(Rule::multiplier, *context_.sent.scaler, channel().scaler);
    }

    void judge_negative() const
    {
        if (screen_.least >= 0)
            return;
        for_each_run(
            day_.slots, [&](std::uint32_t i) { return day_.values[i] < 0; },
            [&](std::uint32_t first, std::uint32_t last) {
                report(Rule::negative, first, last, *std::min_element(at(first), at(last) + 1));
            });
    }
    void judge_high_power() const
    {
        if (!context_.subscribed_va || channel().quantity == Quantity::volume)
            return;
        const Wide allowed = Wide{*context_.subscribed_va} * limit(Rule::high_power, 0);
        if (is_surely_within(screen_.greatest, channel(), day_.step, allowed, 100))
            return;
        report_above(Rule::high_power, greatest_within(channel(), day_.step, allowed, 100),
                     *context_.subscribed_va);
    }
    void judge_high() const
    {
        if (!has_history())
            return;
        const Wide allowed = Wide{context_.history->greatest} * limit(Rule::high, 0);
        if (Wide{screen_.greatest} * 100 <= allowed)
            return;
        const std::int64_t highest = saturated(divide_rounding_down(allowed, 100));
        report_above(Rule::high, std::max(highest, floor_of(Rule::high)), context_.history->greatest,
                     context_.history->days);
    }
    /// The mean slot is compared, not the mean day: a day of 23 hours is not low for that.
    void judge_low() const
    {
        if (!has_history() || !is_whole_)
            return;
        const History& history = *context_.history;
        if (history.sum <= product(floor_of(Rule::low), history.slots))
            return;
        const Wide sum = sum_of(day_, screen_);
        const Wide usual = product(Wide{history.sum} * limit(Rule::low, 0), day_.slots);
        if (sum * 100 * history.slots < usual)
            report_day(Rule::low, saturated(sum), history.sum, history.days);
    }

    /// Up and down alike: the slot that comes back from a spike is told too.
    void judge_spike() const
    {
        if (!has_history())
            return;
        const Wide usual = Wide{context_.history->greatest} * limit(Rule::spike, 1);
        const std::int64_t floor = floor_of(Rule::spike);
        const auto is_far = [&](std::uint64_t step) {
            return Wide{step} > floor && Wide{step} * 100 > usual;
        };
        if (!is_far(screen_.greatest_step))
            return;
        bool has_previous = context_.before.has_last;
        std::int64_t previous = context_.before.last;
        for (std::uint32_t i = 0; i < day_.slots; ++i) {
            const std::int64_t value = day_.values[i];
            const std::uint64_t step = distance(value, previous);
            const bool has = day_.has(i);
            if (has && has_previous && is_far(step) &&
                Wide{step} * 100 > Wide{distance(value, 0)} * limit(Rule::spike, 0))
                report(Rule::spike, i, i, value, previous, context_.history->greatest);
            has_previous = has;
            previous = value;
        }
    }
    void judge_frozen() const
    {
        const std::int64_t floor = floor_of(Rule::frozen);
        judge_run(
            Rule::frozen, [&](std::int64_t value) { return value != 0 && value > floor; }, std::nullopt);
    }
    void judge_zero() const
    {
        if (!has_history())
            return;
        const History& history = *context_.history;
        if (Wide{history.zero_slots} * 100 < Wide{history.slots} * limit(Rule::zero, 1))
            judge_run(
                Rule::zero, [](std::int64_t value) { return value == 0; }, history.zero_slots);
    }

    void judge_sum_check() const
    {
        if (!context_.registers || !is_whole_ || !rule_kind_of(channel()))
            return;
        const RegisterDifference& counted = *context_.registers;
        const CommonUnit unit = common_unit(channel(), day_.step, counted.scaler);
        const Wide sum = product(sum_of(day_, screen_), unit.per_value);
        const Wide wanted = product(counted.amount, unit.per_amount);
        // One count of the register for each that is allowed, and the rounding of one slot.
        const Wide allowed_counts = product(Wide{limit(Rule::sum_check, 0)} * counted.count, unit.per_amount);
        Wide difference = 0;
        Wide allowed = 0;
        const bool beyond = __builtin_sub_overflow(sum, wanted, &difference);
        if (__builtin_add_overflow(allowed_counts, unit.per_value, &allowed))
            return;
        if (beyond || difference > allowed || difference < -allowed)
            report_day(Rule::sum_check, saturated(divide_rounding_down(sum, unit.per_amount)), counted.amount,
                       counted.scaler);
    }
    void judge_sibling() const
    {
        if (const auto& tariffs = context_.tariffs)
            if (Wide{distance(tariffs->parts, tariffs->total)} >
                Wide{limit(Rule::sibling, 0)} * tariffs->count)
                report_day(Rule::sibling, tariffs->parts, tariffs->total, 0);
        judge_both_directions();
    }
    void judge_inactive() const
    {
        if (!context_.active)
            report_above(Rule::inactive, floor_of(Rule::inactive));
    }
    void judge_clock() const
    {
        if (context_.clock_drift && Wide{distance(context_.clock_drift->count(), 0)} > limit(Rule::clock, 0))
            report_day(Rule::clock, context_.clock_drift->count());
    }

private:
    [[nodiscard]] const ChannelModel& channel() const { return ready_.channel_; }
    [[nodiscard]] std::int64_t limit(Rule rule, std::size_t index) const
    {
        return ready_.rules_[rule].limits[index];
    }
    [[nodiscard]] const std::int64_t* at(std::uint32_t slot) const { return day_.values.data() + slot; }
    [[nodiscard]] bool has_history() const
    {
        return context_.history && context_.history->days >= history_days_min;
    }
    /// A value is above `floor_w` (the last limit of every rule that has one) if it is greater than this.
    [[nodiscard]] std::int64_t floor_of(Rule rule) const
    {
        if (day_.step == channel().step)
            return ready_.floors_[static_cast<std::size_t>(rule)];
        return floor_for(ready_.rules_, rule, channel(), day_.step);
    }

    void report(Rule rule, std::uint32_t first, std::uint32_t last, std::int64_t value,
                std::int64_t detail_1 = 0, std::int64_t detail_2 = 0) const
    {
        const RuleLimits& limits = ready_.rules_[rule];
        out_.push_back({rule,
                        limits.severity,
                        static_cast<std::uint16_t>(first),
                        static_cast<std::uint16_t>(last),
                        value,
                        limits.limits,
                        {detail_1, detail_2}});
    }
    void report_day(Rule rule, std::int64_t value, std::int64_t detail_1 = 0, std::int64_t detail_2 = 0) const
    {
        report(rule, 0, day_.slots - 1, value, detail_1, detail_2);
    }
    void report_above(Rule rule, std::int64_t highest, std::int64_t detail_1 = 0,
                      std::int64_t detail_2 = 0) const
    {
        if (screen_.greatest <= highest)
            return;
        for_each_run(
            day_.slots, [&](std::uint32_t i) { return day_.values[i] > highest && day_.has(i); },
            [&](std::uint32_t first, std::uint32_t last) {
                report(rule, first, last, *std::max_element(at(first), at(last) + 1), detail_1, detail_2);
            });
    }

    void judge_repeated(Rule rule, const SlotSet& slots) const
    {
        const std::uint32_t repeated = count_below(slots, day_.slots);
        if (repeated <= limit(rule, 0))
            return;
        for_each_run(
            day_.slots, [&](std::uint32_t i) { return is_in(slots, i); },
            [&](std::uint32_t first, std::uint32_t last) {
                report(rule, first, last, last - first + 1, repeated);
            });
    }

    /// Slots that are at least the `run_slots`th in a row with one value, over midnight too.
    template <class Concerns>
    void judge_run(Rule rule, Concerns concerns, std::optional<std::int64_t> detail) const
    {
        const std::int64_t longest = limit(rule, 0);
        if (screen_.longest_run < longest)
            return;
        const DayTail& before = context_.before;
        std::int64_t run =
            before.has_last ? std::clamp<std::int64_t>(before.run, 0, std::max<std::int64_t>(longest - 1, 0))
                            : 0;
        std::int64_t previous = before.last;
        std::int64_t told = 0; // length of the run at the last slot that fails
        const auto fails = [&](std::uint32_t i) {
            const std::int64_t value = day_.values[i];
            if (!day_.has(i))
                run = 0;
            else
                run = run > 0 && value == previous ? run + 1 : 1;
            previous = value;
            const bool bad = run >= longest && run > 0 && concerns(value);
            if (bad)
                told = run;
            return bad;
        };
        for_each_run(day_.slots, fails, [&](std::uint32_t first, std::uint32_t last) {
            report(rule, first, last, day_.values[first], told, detail.value_or(0));
        });
    }

    void judge_both_directions() const
    {
        const std::int64_t floor = floor_of(Rule::sibling);
        const DayValues* other = context_.opposite;
        if (other == nullptr || context_.opposite_channel == nullptr || screen_.greatest <= floor ||
            other->first != day_.first || other->step != day_.step || other->slots != day_.slots)
            return;
        const std::int64_t other_floor =
            floor_for(ready_.rules_, Rule::sibling, *context_.opposite_channel, other->step);
        const auto are_both = [&](std::uint32_t i) {
            return day_.has(i) && other->has(i) && day_.values[i] > floor && other->values[i] > other_floor;
        };
        for_each_run(day_.slots, are_both, [&](std::uint32_t first, std::uint32_t last) {
            const auto highest =
                static_cast<std::uint32_t>(std::max_element(at(first), at(last) + 1) - at(0));
            report(Rule::sibling, first, last, day_.values[highest], other->values[highest], 1);
        });
    }

    static std::int64_t floor_for(const RuleSet& rules, Rule rule, const ChannelModel& channel, Seconds step)
    {
        const auto& names = validation_rule_row(rule).limits;
        const auto index =
            static_cast<std::size_t>(std::find(names.begin(), names.end(), "floor_w") - names.begin());
        return index < names.size() ? greatest_within(channel, step, rules[rule].limits[index]) : 0;
    }

    friend class DayValidator;

    const DayValidator& ready_;
    const DayValues& day_;
    const DayContext& context_;
    std::vector<ValidationFailure>& out_;
    DayScreen screen_;
    bool is_whole_;
};

namespace {

using Judge = void (JudgedDay::*)() const;
constexpr Judge judges[] = {
#define RELEVE_VALIDATION_RULE(name, ...) &JudgedDay::judge_##name,
#include "validation_rules.def"
};

} // namespace

DayValidator::DayValidator(const RuleSet& rules, const ChannelModel& channel)
    : rules_{rules}, channel_{channel}
{
    for (const ValidationRuleRow& row : validation_rule_rows()) {
        const auto index = static_cast<std::size_t>(row.rule);
        on_ |= std::uint32_t{rules[row.rule].on} << index;
        floors_[index] = JudgedDay::floor_for(rules, row.rule, channel, channel.step);
    }
}

void DayValidator::validate(const DayValues& day, const DayContext& context,
                            std::vector<ValidationFailure>& out) const
{
    RELEVE_ASSERT(day.slots <= limits::slots_per_day_max);
    if (day.slots == 0 || on_ == 0)
        return;
    const JudgedDay judged{*this, day, context, out};
    for (std::uint32_t left = on_; left != 0; left &= left - 1)
        (judged.*judges[std::countr_zero(left)])();
}

} // namespace releve::engine
