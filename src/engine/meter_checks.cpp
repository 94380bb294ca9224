#include <releve/engine/estimation.hpp>
#include <releve/engine/meter_checks.hpp>

#include <releve/core/wide.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

using Days = std::chrono::days;

constexpr std::size_t remembered_reads_max = 256; // an index a tariff and midnight; a curve that stopped adds to them

CivilDay first_of_month(CivilDay day, int months_later = 0)
{
    const std::chrono::year_month_day date{day};
    return CivilDay{(date.year() / date.month() + std::chrono::months{months_later}) / 1};
}

bool counts_same(const ChannelModel& reg, const ChannelModel& curve, RuleKind kind)
{
    if (reg.kind != ChannelKind::reading || reg.quantity != Quantity::cumulative)
        return false;
    if (kind == RuleKind::volume)
        return reg.unit == curve.unit;
    const std::uint8_t direction = kind == RuleKind::electricity_import ? 1 : 2;
    return reg.unit == Unit::watt_hour && reg.obis.groups[2] == direction && reg.obis.groups[3] == 8;
}

void add(History& sum, const History& other)
{
    sum.days += other.days;
    sum.slots += other.slots;
    sum.zero_slots += other.zero_slots;
    if (__builtin_add_overflow(sum.sum, other.sum, &sum.sum))
        sum.sum = other.sum > 0 ? INT64_MAX : INT64_MIN;
    sum.greatest = std::max(sum.greatest, other.greatest);
}

std::optional<std::int64_t> read_at(std::span<const BoundaryRead> reads, ChannelId channel, Instant at)
{
    const auto found = std::ranges::find_if(reads, [&](const BoundaryRead& read) { return read.channel == channel && read.at == at; });
    return found == reads.end() ? std::nullopt : std::optional{found->value};
}

std::optional<std::int64_t> counted_from(const ChannelModel& reg, std::int64_t before, std::int64_t after)
{
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(after, before, &difference))
        return std::nullopt;
    if (difference < 0 && reg.digits > 0 && reg.digits <= 18) {
        std::int64_t round = 1;
        for (int i = 0; i < reg.digits; ++i)
            round *= 10;
        // Not every step back is a rollover: half the register in a day is none.
        if (difference + round >= 0 && difference + round < round / 2)
            difference += round;
    }
    return difference;
}

std::optional<std::int64_t> counted_by(const ChannelModel& reg, std::span<const BoundaryRead> reads, Instant from, Instant to)
{
    const auto before = read_at(reads, reg.channel, from), after = read_at(reads, reg.channel, to);
    return before && after ? counted_from(reg, *before, *after) : std::nullopt;
}

/// Goes by the reads, not by the tariffs: a model has many more than a home has.
std::optional<TariffSums> tariffs_between(const CheckedModel::Channel& channel, std::span<const BoundaryRead> reads, Instant from,
                                          Instant to)
{
    if (channel.total == nullptr || channel.tariffs.empty())
        return std::nullopt;
    const auto total = counted_by(*channel.total, reads, from, to);
    if (!total)
        return std::nullopt;
    TariffSums sums{.parts = 0, .total = *total};
    std::size_t parts = 0, ends = 0;
    for (std::size_t i = 0; i < reads.size(); ++i) {
        const BoundaryRead& read = reads[i];
        if (read.at != from && read.at != to)
            continue;
        const auto place = std::ranges::find(channel.tariff_channels, read.channel) - channel.tariff_channels.begin();
        if (static_cast<std::size_t>(place) == channel.tariffs.size())
            continue;
        if (read.at == to) {
            ++ends;
            continue;
        }
        const ChannelModel& tariff = *channel.tariffs[static_cast<std::size_t>(place)];
        auto after = read_at(reads.subspan(i), read.channel, to); // mostly behind it
        if (!after)
            after = read_at(reads.first(i), read.channel, to);
        const auto part = after ? counted_from(tariff, read.value, *after) : std::nullopt;
        // A tariff that was read at one end only may hold what is missing.
        if (!part || tariff.scaler != channel.total->scaler || __builtin_add_overflow(sums.parts, *part, &sums.parts))
            return std::nullopt;
        ++parts;
    }
    return parts > 0 && parts == ends ? std::optional{sums} : std::nullopt;
}

Instant end_of(const DayValues& day)
{
    return day.first + day.step * static_cast<std::int64_t>(day.slots);
}

/// Behind the last value of a channel's last day nothing is missing yet.
std::uint32_t slots_until_last(const DayValues& day)
{
    std::uint32_t over = day.slots;
    while (over > 0 && !day.has(over - 1))
        --over;
    return over;
}

struct DayAround {
    bool is_last = false;
    const DayValues* opposite = nullptr;
    const DayRepeats* repeats = nullptr;
    std::span<const ClockCheck> clocks{};
};

/// The furthest it was off during the day.
std::optional<Seconds> clock_drift(std::span<const ClockCheck> clocks, Instant from, Instant to)
{
    std::optional<Seconds> furthest;
    for (const ClockCheck& clock : clocks)
        if (clock.at >= from && clock.at < to && (!furthest || std::chrono::abs(clock.off) > std::chrono::abs(*furthest)))
            furthest = clock.off;
    return furthest;
}

void judge_day(const CheckedModel& model, const CheckedModel::Channel& channel, const ChannelWalk& walk, const DayValues& day,
               std::span<const BoundaryRead> reads, const PointContext& point, const DayAround& around,
               std::vector<ValidationFailure>& out)
{
    DayContext context;
    context.before = walk.tail;
    context.history = walk.history();
    context.registers = counted_between(channel, reads, day.first, end_of(day));
    context.tariffs = tariffs_between(channel, reads, day.first, end_of(day));
    if (around.opposite != nullptr) {
        context.opposite = around.opposite;
        context.opposite_channel = model.find(*channel.opposite)->model;
    }
    context.subscribed_va = point.subscribed_va;
    context.active = point.active;
    if (around.repeats != nullptr) {
        context.sent_again = around.repeats->same;
        context.sent_changed = around.repeats->other;
    }
    context.clock_drift = clock_drift(around.clocks, day.first, end_of(day));
    if (around.is_last)
        context.slots_over = slots_until_last(day);
    channel.validator.validate(day, context, out);
}

} // namespace

CheckedModel::CheckedModel(const MeterModel& model, const RuleBook& rules) : model_{model}
{
    for (const ChannelModel& curve : model.channels) {
        const auto kind = rule_kind_of(curve);
        if (!kind)
            continue;
        Channel channel{&curve, DayValidator{rules[*kind], curve}};
        for (const ChannelModel& reg : model.channels)
            if (counts_same(reg, curve, *kind) && reg.obis.groups[4] == 0 && channel.total == nullptr)
                channel.total = &reg;
        for (const ChannelModel& reg : model.channels)
            if (counts_same(reg, curve, *kind) && reg.obis.groups[4] != 0 && channel.total != nullptr && reg.obis.groups[1] == channel.total->obis.groups[1])
                channel.tariffs.push_back(&reg);
        for (const ChannelModel* tariff : channel.tariffs)
            channel.tariff_channels.push_back(tariff->channel);
        channels_.push_back(std::move(channel));
    }
    for (Channel& channel : channels_)
        for (const Channel& other : channels_)
            if (rule_kind_of(*channel.model) != RuleKind::volume && rule_kind_of(*other.model) != RuleKind::volume &&
                rule_kind_of(*channel.model) != rule_kind_of(*other.model))
                channel.opposite = other.model->channel;
}

const CheckedModel::Channel* CheckedModel::find(ChannelId channel) const
{
    const auto found = std::ranges::find_if(channels_, [&](const Channel& one) { return one.model->channel == channel; });
    return found == channels_.end() ? nullptr : &*found;
}

std::vector<BoundaryRead> boundary_reads(const RegisterBlock& block, const MeterModel& model, const Zone& zone)
{
    std::vector<BoundaryRead> reads;
    for (const RegisterRead& read : block.reads) {
        const ChannelModel* channel = read.provenance.authenticated ? model.find(read.channel) : nullptr;
        if (channel == nullptr || channel->quantity != Quantity::cumulative)
            continue;
        const Seconds start = channel->day_start;
        if (zone.start_of(zone.day_of(read.at, start), start) == read.at)
            reads.push_back({read.channel, read.at, read.value});
    }
    return reads;
}

std::optional<RegisterDifference> counted_between(const CheckedModel::Channel& channel, std::span<const BoundaryRead> reads, Instant from,
                                                  Instant to)
{
    if (channel.total == nullptr)
        return std::nullopt;
    const auto amount = counted_by(*channel.total, reads, from, to);
    if (!amount)
        return std::nullopt;
    return RegisterDifference{.amount = *amount, .scaler = channel.total->scaler};
}

std::optional<std::int64_t> as_values_of(const ChannelModel& channel, Seconds step, const RegisterDifference& counted)
{
    if (std::abs(counted.scaler - channel.scaler) > 9)
        return std::nullopt;
    Wide over = counted.amount, under = 1;
    if (channel.quantity == Quantity::mean_power) {
        over *= 3600;
        under *= step.count();
    }
    for (int scaler = counted.scaler; scaler > channel.scaler; --scaler)
        over *= 10;
    for (int scaler = counted.scaler; scaler < channel.scaler; ++scaler)
        under *= 10;
    const Wide sum = (over >= 0 ? 2 * over + under : 2 * over - under) / (2 * under);
    if (sum < -estimation_value_max || sum > estimation_value_max)
        return std::nullopt;
    return static_cast<std::int64_t>(sum);
}

// ---------------------------------------------------------------------- the days before

void ChannelWalk::come_to(CivilDay day)
{
    const CivilDay of_day = first_of_month(day);
    if (!month)
        month = of_day;
    while (*month < of_day) {
        months = {months[1], months[2], History{}};
        month = first_of_month(*month, 1);
        if (months == std::array<History, 3>{})
            month = of_day; // nothing to carry over a long pause
    }
    if (last && *last + Days{1} != day)
        tail = {};
}

void ChannelWalk::walk_over(CivilDay day, const DayValues& values)
{
    tail = tail_of(values, tail);
    add_to(months[2], values);
    last = day;
}

std::optional<History> ChannelWalk::history() const
{
    History sum = months[0];
    add(sum, months[1]);
    return sum.days > 0 ? std::optional{sum} : std::nullopt;
}

bool DayRepeats::any() const
{
    return same != SlotSet{} || other != SlotSet{};
}

// ---------------------------------------------------------------------- what is remembered

namespace {

/// As ChannelWalk::walk_over leaves it; to come to the next day of the same month changes nothing more.
MeterMemory::Channel::End end_of_walk(const ChannelWalk& walk, const DayValues& day)
{
    MeterMemory::Channel::End end{.tail = tail_of(day, walk.tail), .month = walk.months[2], .is_whole = day.is_whole()};
    add_to(end.month, day);
    return end;
}

} // namespace

bool MeterMemory::take(const CheckedModel& model, std::span<const FreshDay> days, std::span<const BoundaryRead> fresh, const Zone& zone)
{
    for (std::size_t i = 0; i < days.size(); ++i) {
        // Only last days are judged: each of them before it is followed by another.
        if (i > 0 && days[i].day != days[i - 1].day && !keeps_all_rules(model))
            return false;
        if (!take_day(model, days[i]))
            return false;
    }
    return (fresh.empty() || take_reads(fresh, zone)) && keeps_all_rules(model);
}

bool MeterMemory::take_day(const CheckedModel& model, const FreshDay& fresh)
{
    if (model.find(fresh.channel) == nullptr)
        return true; // nobody judges it
    const auto known = std::ranges::find(channels, fresh.channel, &Channel::channel);
    if (known == channels.end())
        return false;
    if (fresh.day != known->day) {
        if (fresh.day != known->day + Days{1} || std::chrono::year_month_day{fresh.day}.day() == std::chrono::day{1})
            return false; // with a month the months before it change
        if (!known->end) {
            DayValues values;
            if (!decode_day_values(known->block, values))
                return false;
            known->end = end_of_walk(known->walk, values);
        }
        if (!known->end->is_whole)
            return false;
        known->walk.tail = known->end->tail;
        known->walk.months[2] = known->end->month;
        known->walk.last = known->day;
        known->day = fresh.day;
    }
    known->block.assign(fresh.block.begin(), fresh.block.end());
    known->end.reset();
    return true;
}

bool MeterMemory::take_reads(std::span<const BoundaryRead> fresh, const Zone& zone)
{
    if (channels.empty())
        return true; // registers alone are judged by nobody
    Instant earliest = Instant::max();
    for (const Channel& channel : channels)
        earliest = std::min(earliest, zone.start_of(channel.day));
    for (const BoundaryRead& read : fresh) {
        const auto known =
            std::ranges::find_if(reads, [&](const BoundaryRead& one) { return one.channel == read.channel && one.at == read.at; });
        if (known != reads.end() && known->value == read.value)
            continue;
        // Of what ended by then there is more to judge again.
        if (known != reads.end() || read.at <= earliest + Seconds{12 * 3600} || reads.size() >= remembered_reads_max)
            return false;
        reads.push_back(read);
    }
    std::erase_if(reads, [&](const BoundaryRead& read) { return read.at < earliest; });
    return true;
}

bool MeterMemory::keeps_all_rules(const CheckedModel& model)
{
    std::vector<ValidationFailure> failures;
    DayValues values, opposite;
    for (Channel& channel : channels) {
        const CheckedModel::Channel* judged = model.find(channel.channel);
        if (judged == nullptr || !decode_day_values(channel.block, values))
            return false;
        DayAround around{.is_last = true, .clocks = clocks};
        if (judged->opposite) {
            const auto other = std::ranges::find(channels, *judged->opposite, &Channel::channel);
            if (other != channels.end()) {
                // The day that is behind would have to be judged with this one's day before.
                if (other->day > channel.day)
                    return false;
                if (other->day == channel.day) {
                    if (!decode_day_values(other->block, opposite))
                        return false;
                    around.opposite = &opposite;
                }
            }
        }
        judge_day(model, *judged, channel.walk, values, reads, point, around, failures);
        if (!failures.empty())
            return false;
        if (!channel.end)
            channel.end = end_of_walk(channel.walk, values);
    }
    return true;
}

// ---------------------------------------------------------------------- a stretch of days

namespace {

class MeterJudge {
public:
    MeterJudge(const CheckedModel& model, const MeterDays& days, CivilDay from, CivilDay to)
        : model_{model}, days_{days}, from_{from}, to_{to}
    {}

    result<MeterVerdict> run()
    {
        for (const auto& [channel, days] : days_.channels)
            if (const CheckedModel::Channel* judged = model_.find(channel))
                RELEVE_CHECK(walk(*judged, days));
        remember_reads();
        verdict_.memory.point = days_.point;
        return std::move(verdict_);
    }

private:
    result<void> walk(const CheckedModel::Channel& channel, const std::map<CivilDay, Bytes>& days)
    {
        ChannelWalk walk;
        Instant began = Instant::max(); // of the day before
        for (auto day = days.begin(); day != days.end(); ++day) {
            RELEVE_CHECK(decode_day_values(day->second, values_));
            if (moved_between(began, end_of(values_)))
                walk = {};
            began = values_.first;
            walk.come_to(day->first);
            const bool is_last = std::next(day) == days.end();
            if (day->first >= from_ && day->first <= to_)
                RELEVE_CHECK(judge(channel, walk, day->first, is_last));
            if (is_last)
                verdict_.memory.channels.push_back({channel.model->channel, walk, day->first, day->second, end_of_walk(walk, values_)});
            else
                walk.walk_over(day->first, values_);
        }
        return {};
    }

    /// The day of a move itself is nobody's history either.
    [[nodiscard]] bool moved_between(Instant from, Instant to) const
    {
        return std::ranges::any_of(days_.breaks, [&](Instant moved) { return moved > from && moved < to; });
    }

    result<void> judge(const CheckedModel::Channel& channel, const ChannelWalk& walk, CivilDay day, bool is_last)
    {
        DayAround around{.is_last = is_last, .clocks = days_.clocks};
        if (channel.opposite)
            if (const auto other = days_.channels.find(*channel.opposite); other != days_.channels.end())
                if (const auto same = other->second.find(day); same != other->second.end()) {
                    RELEVE_CHECK(decode_day_values(same->second, opposite_));
                    around.opposite = &opposite_;
                }
        const auto repeats = days_.repeats.find({channel.model->channel, day});
        around.repeats = repeats == days_.repeats.end() ? nullptr : &repeats->second;
        JudgedChannelDay judged{channel.model->channel, day, {}};
        judge_day(model_, channel, walk, values_, days_.reads, days_.point, around, judged.failures);
        verdict_.days.push_back(std::move(judged));
        return {};
    }

    void remember_reads()
    {
        Instant earliest = Instant::max();
        for (const MeterMemory::Channel& channel : verdict_.memory.channels)
            if (DayValues last; decode_day_values(channel.block, last))
                earliest = std::min(earliest, last.first);
        for (const BoundaryRead& read : days_.reads)
            if (read.at >= earliest)
                verdict_.memory.reads.push_back(read);
        for (const ClockCheck& clock : days_.clocks)
            if (clock.at >= earliest)
                verdict_.memory.clocks.push_back(clock);
    }

    const CheckedModel& model_;
    const MeterDays& days_;
    CivilDay from_, to_;
    MeterVerdict verdict_;
    DayValues values_, opposite_;
};

} // namespace

result<MeterVerdict> judge_meter(const CheckedModel& model, const MeterDays& days, CivilDay from, CivilDay to)
{
    return MeterJudge{model, days, from, to}.run();
}

CivilDay last_day_touched_by(CivilDay changed)
{
    return first_of_month(changed, 3) - Days{1};
}

CivilDay first_day_looked_at(CivilDay day)
{
    return first_of_month(day, -2);
}

} // namespace releve::engine
