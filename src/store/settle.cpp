#include "settle.hpp"

#include <releve/core/day_values.hpp>
#include <releve/engine/month_totals.hpp>

#include <algorithm>
#include <set>

namespace releve::store {

namespace {

using Days = std::chrono::days;

constexpr const char* ourselves = "releve";

CivilDay month_of(CivilDay day)
{
    const std::chrono::year_month_day date{day};
    return CivilDay{date.year() / date.month() / 1};
}

bool same_values(const DayBlock& a, const DayBlock& b)
{
    return std::ranges::equal(a.slots, b.slots, [](const auto& one, const auto& other) {
        return one.has_value() == other.has_value() &&
               (!one || (one->value == other->value && one->provenance.quality == other->provenance.quality));
    });
}

class MeterSettlement {
public:
    MeterSettlement(const MeterRows& rows, BatchNumber number, const Zone& zone) : rows_{rows}, zone_{zone}, desk_{rows, number} {}

    result<MeterChanges> run()
    {
        RELEVE_TRY(verdict, engine::judge_meter(*rows_.model, rows_.days, rows_.from, rows_.to));
        if (!rows_.later_days)
            changes_.memory = std::move(verdict.memory);
        note_failures(verdict.days);
        if (rows_.ledger)
            note_index_breaches(verdict.days);
        for (const CorrectionWork& correction : rows_.corrections)
            RELEVE_CHECK(correct(correction));
        for (const auto& judged : verdict.days)
            RELEVE_CHECK(lay_verdicts(judged));
        std::vector<MissingRun> runs;
        for (const auto& [channel, days] : rows_.days.channels) {
            RELEVE_TRY(own, missing_runs(channel, days, rows_.days.breaks));
            runs.insert(runs.end(), own.begin(), own.end());
        }
        RELEVE_CHECK(estimate_runs(rows_, runs, zone_, desk_));
        RELEVE_CHECK(note_gaps(runs));
        for (const auto& [channel, days] : rows_.days.channels)
            RELEVE_CHECK(sum_months(channel, days));
        changes_.overlays = desk_.take();
        for (const OverlayChange& change : changes_.overlays)
            if (change.of.second > rows_.to) {
                const CivilDay day = change.of.second;
                changes_.look_again = changes_.look_again ? DueDays{std::min(changes_.look_again->from, day), std::max(changes_.look_again->to, day)}
                                                          : DueDays{day, day};
            }
        return std::move(changes_);
    }

private:
    // ---- failures

    void note_failures(const std::vector<engine::JudgedChannelDay>& days)
    {
        std::set<std::int64_t> still;
        for (const auto& judged : days)
            for (const auto& failure : judged.failures) {
                const ChannelDay of{judged.channel, judged.day};
                const auto known = std::ranges::find_if(rows_.failures, [&](const StoredFailure& stored) {
                    return stored.of == of && stored.failure == failure && !still.contains(stored.id);
                });
                if (known != rows_.failures.end())
                    still.insert(known->id);
                else
                    changes_.failures.emplace_back(of, failure);
            }
        for (const StoredFailure& stored : rows_.failures)
            if (!still.contains(stored.id))
                changes_.cleared.push_back(stored.id);
    }

    /// The curve's sum against the index, as the rule found them.
    void note_index_breaches(const std::vector<engine::JudgedChannelDay>& days)
    {
        for (const auto& judged : days)
            for (const auto& failure : judged.failures)
                if (failure.rule == engine::ValidationRule::sum_check)
                    changes_.breaches.push_back({"index", {judged.channel, judged.day}, failure.detail[0], failure.value});
    }

    // ---- overlays

    result<std::optional<DayBlock>> measured(const ChannelDay& of) const
    {
        const auto channel = rows_.days.channels.find(of.first);
        if (channel == rows_.days.channels.end())
            return std::optional<DayBlock>{};
        const auto day = channel->second.find(of.second);
        if (day == channel->second.end())
            return std::optional<DayBlock>{};
        RELEVE_TRY(block, decode_day_block(day->second));
        return std::optional{std::move(block)};
    }

    void refuse(const CorrectionWork& correction, std::string why)
    {
        changes_.corrections.push_back({correction.id, false, std::move(why)});
    }

    result<void> correct(const CorrectionWork& correction)
    {
        const engine::CheckedModel::Channel* channel = rows_.model->find(correction.of.first);
        if (channel == nullptr) {
            refuse(correction, "channel: has no half-hours that could be corrected");
            return {};
        }
        RELEVE_TRY(block, measured(correction.of));
        const DayBlock shape = block ? *block : empty_block(*channel->model, correction.of.second, zone_);
        std::vector<OverlayValue> values;
        std::vector<std::uint32_t> taken_off;
        for (std::size_t i = 0; i < correction.slots.size(); ++i) {
            const auto slot = static_cast<std::uint32_t>(correction.slots[i]);
            if (slot >= shape.slots.size()) {
                refuse(correction, "slots: " + std::to_string(slot) + " is beyond the day");
                return {};
            }
            if (correction.action == "undo")
                taken_off.push_back(slot);
            else if (correction.action == "set")
                values.push_back({slot, correction.values.at(i), Quality::edited});
            else if (shape.slots[slot])
                values.push_back({slot, shape.slots[slot]->value, Quality::valid});
            else {
                refuse(correction, "slots: nothing was measured in slot " + std::to_string(slot));
                return {};
            }
        }
        const DayBlock* now = desk_.find(correction.of);
        std::optional<DayBlock> next;
        if (correction.action == "undo") {
            next = now != nullptr ? take_off(*now, taken_off) : std::nullopt;
        } else {
            RELEVE_TRY(laid, lay_over(now, shape, values, desk_.next_revision(correction.of), desk_.number().value));
            next = std::move(laid);
        }
        desk_.replace(correction.of, std::move(next), correction.action, correction.author, correction.reason);
        changes_.corrections.push_back({correction.id, true, {}});
        return {};
    }

    /// What failed a rule is doubtful unless somebody accepted this very value; what stands for nothing any more goes.
    result<void> lay_verdicts(const engine::JudgedChannelDay& judged)
    {
        const ChannelDay of{judged.channel, judged.day};
        const DayBlock* now = desk_.find(of);
        std::set<std::string> rules;
        std::set<std::uint32_t> doubtful;
        for (const auto& failure : judged.failures)
            if (failure.severity == engine::Severity::doubt) {
                rules.emplace(engine::validation_rule_row(failure.rule).name);
                for (std::uint32_t slot = failure.first_slot; slot <= failure.last_slot; ++slot)
                    doubtful.insert(slot);
            }
        if (now == nullptr && doubtful.empty())
            return {};
        RELEVE_TRY(block, measured(of));
        RELEVE_ASSERT(block.has_value());
        std::optional<DayBlock> next;
        if (now != nullptr) {
            note_errors(of, *block, *now);
            // An overlay of another shape was laid before the meter said how it divides the day: nothing of it fits.
            if (auto kept = still_needed(*block, *now))
                next = std::move(*kept);
        }
        std::vector<std::uint32_t> relieved;
        std::vector<OverlayValue> values;
        for (std::uint32_t slot = 0; slot < block->slots.size(); ++slot) {
            const auto* over = next && next->slots[slot] ? &*next->slots[slot] : nullptr;
            if (over != nullptr && over->provenance.quality == Quality::questionable && !doubtful.contains(slot))
                relieved.push_back(slot);
            if (doubtful.contains(slot) && block->slots[slot] && over == nullptr)
                values.push_back({slot, block->slots[slot]->value, Quality::questionable});
        }
        if (next)
            next = take_off(*next, relieved);
        if (!values.empty()) {
            RELEVE_TRY(laid, lay_over(next ? &*next : nullptr, *block, values, desk_.next_revision(of), desk_.number().value));
            next = std::move(laid);
        }
        std::string reason;
        for (const std::string& rule : rules)
            reason += (reason.empty() ? "" : ", ") + rule;
        desk_.replace(of, std::move(next), "check", ourselves, reason.empty() ? "what was measured stands for itself again" : reason);
        return {};
    }

    /// The true values of what was estimated have come.
    void note_errors(const ChannelDay& of, const DayBlock& block, const DayBlock& overlay)
    {
        EstimateErrorRow row{.of = of, .method = rows_.overlays.contains(of) ? rows_.overlays.at(of).method : std::string{}};
        for (std::size_t i = 0; i < std::min(block.slots.size(), overlay.slots.size()); ++i) {
            const auto& over = overlay.slots[i];
            if (!over || !is_estimate(over->provenance.quality) || !block.slots[i])
                continue;
            ++row.slots;
            row.estimated += over->value;
            row.measured += block.slots[i]->value;
            row.absolute += std::abs(over->value - block.slots[i]->value);
        }
        if (row.slots > 0)
            changes_.errors.push_back(std::move(row));
    }

    // ---- gaps

    /// A stored gap that a run overlaps goes on as that run; what ended before the first value that was looked at is as it was.
    result<void> note_gaps(const std::vector<MissingRun>& runs)
    {
        std::set<std::int64_t> still;
        for (const MissingRun& run : runs) {
            GapChange change{{}, run.channel, run.starts, run.ends, !has_hole(run, *rows_.model->find(run.channel)->model, zone_, desk_), false};
            const auto known = std::ranges::find_if(rows_.gaps, [&](const StoredGap& gap) {
                return gap.channel == run.channel && gap.ends > run.starts && gap.starts < run.ends && !still.contains(gap.id);
            });
            if (known != rows_.gaps.end()) {
                change.id = known->id;
                still.insert(known->id);
                if (known->starts == run.starts && known->ends == run.ends && known->estimated == change.estimated)
                    continue;
            }
            changes_.gaps.push_back(change);
        }
        for (const StoredGap& gap : rows_.gaps) {
            if (still.contains(gap.id) || rows_.model->find(gap.channel) == nullptr)
                continue;
            RELEVE_TRY(seen, seen_from(gap.channel));
            if (gap.ends > seen)
                changes_.gaps.push_back({gap.id, gap.channel, gap.starts, gap.ends, gap.estimated, true});
        }
        return {};
    }

    /// The first value that was looked at.
    result<Instant> seen_from(ChannelId channel) const
    {
        const auto days = rows_.days.channels.find(channel);
        if (days != rows_.days.channels.end())
            for (const auto& [day, data] : days->second) {
                DayValues values;
                RELEVE_CHECK(decode_day_values(data, values));
                for (std::uint32_t slot = 0; slot < values.slots; ++slot)
                    if (values.has(slot))
                        return values.first + values.step * static_cast<std::int64_t>(slot);
            }
        return Instant::max();
    }

    // ---- totals

    result<void> sum_months(ChannelId channel, const std::map<CivilDay, Bytes>& days)
    {
        const ChannelModel& model = *rows_.model->find(channel)->model;
        std::set<CivilDay> months;
        for (const auto& [day, data] : days)
            if (day >= rows_.from && day <= rows_.to)
                months.insert(month_of(day));
        for (const auto& [of, row] : rows_.overlays) // a day of estimates alone
            if (of.first == channel && of.second >= rows_.from && of.second <= rows_.to)
                months.insert(month_of(of.second));
        for (const CivilDay month : months)
            RELEVE_CHECK(sum_month(model, month, days));
        return {};
    }

    result<void> sum_month(const ChannelModel& channel, CivilDay month, const std::map<CivilDay, Bytes>& days)
    {
        const CivilDay end = CivilDay{std::chrono::year_month_day{month}.year() / std::chrono::year_month_day{month}.month() / std::chrono::last} + Days{1};
        // The last day may go on without a closer look.
        const CivilDay last = std::min(days.empty() ? month : days.rbegin()->first, end) - Days{1};
        std::vector<engine::DayTotal> totals;
        for (CivilDay day = month; day <= last; day += Days{1}) {
            const ChannelDay of{channel.channel, day};
            RELEVE_TRY(block, measured(of));
            const DayBlock* over = desk_.find(of);
            if (!block && over == nullptr)
                continue;
            RELEVE_TRY(slots, resolve(block ? &*block : nullptr, over, Checked{true}));
            RELEVE_TRY(total, engine::day_total(slots, block ? block->step : over->step, day, channel));
            totals.push_back(total);
        }
        const auto stored = rows_.months.find({channel.channel, month});
        if (last < month && stored == rows_.months.end())
            return {};
        StoredMonth now{last, {}};
        RELEVE_TRY(data, engine::encode_month(totals, month));
        now.data = std::move(data);
        if (stored == rows_.months.end() || stored->second.through != now.through || stored->second.data != now.data) {
            if (rows_.ledger && stored != rows_.months.end())
                RELEVE_CHECK(note_total_breaches(channel.channel, month, stored->second, totals));
            changes_.months.push_back({{channel.channel, month}, std::move(now)});
        }
        return {};
    }

    /// A stored total that is not what its half-hours come to, although none of them changed since.
    result<void> note_total_breaches(ChannelId channel, CivilDay month, const StoredMonth& stored,
                                     const std::vector<engine::DayTotal>& totals)
    {
        RELEVE_TRY(before, engine::decode_month(stored.data, month));
        for (const engine::DayTotal& total : totals) {
            if (total.day > stored.through)
                break;
            const auto was = std::ranges::find(before, total.day, &engine::DayTotal::day);
            if (was != before.end() && was->energy_wh != total.energy_wh)
                changes_.breaches.push_back({"stored_total", {channel, total.day}, total.energy_wh, was->energy_wh});
        }
        return {};
    }

    const MeterRows& rows_;
    const Zone& zone_;
    OverlayDesk desk_;
    MeterChanges changes_;
};

} // namespace

const DayBlock* OverlayDesk::find(const ChannelDay& of) const
{
    if (const auto change = changes_.find(of); change != changes_.end()) {
        const auto& block = change->second.versions.back().block;
        return block ? &*block : nullptr;
    }
    const auto row = rows_.overlays.find(of);
    return row == rows_.overlays.end() ? nullptr : &row->second.block;
}

std::int32_t OverlayDesk::next_revision(const ChannelDay& of) const
{
    if (const auto change = changes_.find(of); change != changes_.end())
        return change->second.versions.back().revision + 1;
    if (const auto row = rows_.overlays.find(of); row != rows_.overlays.end())
        return row->second.revision + 1;
    const auto last = rows_.last_revisions.find(of);
    return last == rows_.last_revisions.end() ? 1 : last->second + 1;
}

void OverlayDesk::replace(const ChannelDay& of, std::optional<DayBlock> block, std::string method, std::string author, std::string reason)
{
    const DayBlock* now = find(of);
    if (now == nullptr ? !block : block && same_values(*now, *block))
        return;
    OverlayVersion version{next_revision(of), std::move(block), std::move(method), std::move(author), std::move(reason)};
    OverlayChange& change = changes_.try_emplace(of, OverlayChange{of, rows_.overlays.contains(of), {}}).first->second;
    change.versions.push_back(std::move(version));
}

std::vector<OverlayChange> OverlayDesk::take()
{
    std::vector<OverlayChange> list;
    for (auto& [of, change] : changes_)
        list.push_back(std::move(change));
    return list;
}

result<MeterChanges> settle(const MeterRows& rows, BatchNumber number, const Zone& zone)
{
    return MeterSettlement{rows, number, zone}.run();
}

} // namespace releve::store
