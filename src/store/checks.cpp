#include "checks.hpp"

#include <algorithm>

namespace releve::store {

namespace {

using Days = std::chrono::days;

constexpr std::size_t remembered_max = 2'000'000; // meters, about 1 kB each
constexpr std::size_t bits_stored = 320;

CivilDay end_of_month(CivilDay day)
{
    const std::chrono::year_month_day date{day};
    return CivilDay{date.year() / date.month() / std::chrono::last};
}

template <class Range>
auto of_meter(Range& sorted, std::int32_t meter)
{
    const auto id = [](const auto& item) {
        if constexpr (requires { item.key; })
            return item.key.meter;
        else
            return item.meter;
    };
    const auto found = std::ranges::equal_range(sorted, meter, {}, id);
    return std::span{found.begin(), found.end()};
}

} // namespace

std::string to_bits(const engine::SlotSet& slots)
{
    std::string bits(bits_stored, '0');
    for (std::size_t i = 0; i < bits_stored; ++i)
        if ((slots.at(i / 64) >> (i % 64) & 1U) != 0)
            bits[i] = '1';
    return bits;
}

engine::SlotSet from_bits(std::string_view bits)
{
    engine::SlotSet slots{};
    for (std::size_t i = 0; i < std::min(bits.size(), bits_stored); ++i)
        if (bits[i] == '1')
            slots.at(i / 64) |= std::uint64_t{1} << (i % 64);
    return slots;
}

void Checks::use(std::shared_ptr<const CheckPlan> plan)
{
    if (plan_ == plan)
        return;
    remembered_.clear();
    models_.clear();
    plan_ = std::move(plan);
}

result<const engine::CheckedModel*> Checks::model(const std::string& name, const std::string& group)
{
    auto& ready = models_[{name, group}];
    if (!ready) {
        const MeterModel* model = plan_->models(name);
        if (model == nullptr)
            return fail(errc::bad_model, name);
        const auto own = plan_->group_rules.find(group);
        ready = std::make_unique<engine::CheckedModel>(*model, own == plan_->group_rules.end() ? plan_->rules : own->second);
    }
    return ready.get();
}

// ---------------------------------------------------------------------- a batch

void Checks::note_day(const SeriesKey& key, ByteView block)
{
    if (plan_)
        days_.push_back({key, Bytes{block.begin(), block.end()}});
}

void Checks::note_repeats(const SeriesKey& key, const engine::DayRepeats& repeats)
{
    if (!plan_ || !repeats.any())
        return;
    engine::DayRepeats& noted = repeats_[key];
    for (std::size_t i = 0; i < noted.same.size(); ++i) {
        noted.same[i] |= repeats.same[i];
        noted.other[i] |= repeats.other[i];
    }
}

void Checks::note_reads(std::int32_t meter, const RegisterBlock& block)
{
    if (plan_)
        reads_.push_back({meter, &block});
}

void Checks::note_clocks(std::span<const FrameWrite> frames)
{
    if (!plan_)
        return;
    for (const FrameWrite& frame : frames)
        if (frame.extras)
            for (const FrameExtras::Event& event : frame.extras->events)
                if (event.kind == clock_alarm_event) { // a gas day begins the civil day before
                    const CivilDay day = plan_->zone->day_of(event.at);
                    add_due(frame.meter.value, day - Days{1}, day);
                }
}

void Checks::add_due(std::int32_t meter, CivilDay from, CivilDay to)
{
    const auto [place, fresh] = now_due_.try_emplace(meter, Range{from, to});
    if (fresh)
        return;
    place->second.from = std::min(place->second.from, from);
    place->second.to = std::max(place->second.to, to);
}

void Checks::judge(std::int32_t meter, std::span<const ChangedDay> days, std::span<const ChangedReads> reads)
{
    if (const auto known = remembered_.find(meter); known != remembered_.end()) {
        Remembered now = known->second;
        fresh_days_.clear();
        for (const ChangedDay& day : days)
            fresh_days_.push_back({ChannelId{day.key.channel}, day.key.day, day.block});
        fresh_reads_.clear();
        for (const ChangedReads& changed : reads)
            for (const engine::BoundaryRead& read : engine::boundary_reads(*changed.block, now.model->model(), *plan_->zone))
                fresh_reads_.push_back(read);
        if (now.memory.take(*now.model, fresh_days_, fresh_reads_, *plan_->zone)) {
            passed_.emplace_back(meter, std::move(now));
            return;
        }
    }
    for (const ChangedDay& day : days)
        add_due(meter, day.key.day, day.key.day);
    for (const ChangedReads& changed : reads)
        for (const RegisterRead& read : changed.block->reads) // the day that ends there, and the one that begins
            add_due(meter, plan_->zone->day_of(read.at) - Days{1}, plan_->zone->day_of(read.at));
}

void Checks::write_repeats(pg::Connection& connection)
{
    if (repeats_.empty())
        return;
    std::vector<std::array<std::string, 2>> bits;
    for (const auto& [key, repeats] : repeats_) {
        bits.push_back({to_bits(repeats.same), to_bits(repeats.other)});
        add_due(key.meter, key.day, key.day);
    }
    pg::Params params;
    params.array(repeats_, [](const auto& row) { return row.first.meter; })
        .array(repeats_, [](const auto& row) { return row.first.channel; })
        .array(repeats_, [](const auto& row) { return row.first.day; })
        .array(bits, [](const auto& row) { return std::string_view{row[0]}; })
        .array(bits, [](const auto& row) { return std::string_view{row[1]}; });
    static const pg::Statement insert{
        "repeat_insert", "INSERT INTO day_repeat AS t (meter_id, channel, day, same, other) "
                         "SELECT m, c, d, s::bit(320), o::bit(320) FROM unnest($1::int4[], $2::int2[], $3::date[], $4::text[], $5::text[]) "
                         "AS k (m, c, d, s, o) ON CONFLICT (meter_id, channel, day) DO UPDATE SET same = t.same | excluded.same, "
                         "other = t.other | excluded.other WHERE (t.same | excluded.same, t.other | excluded.other) <> (t.same, t.other)"};
    connection.run(insert, params);
}

void Checks::write_due(pg::Connection& connection, BatchNumber number)
{
    if (!plan_)
        return;
    std::ranges::stable_sort(days_, {}, [](const ChangedDay& day) { return std::tuple{day.key.meter, day.key.day, day.key.channel}; });
    std::ranges::stable_sort(reads_, {}, &ChangedReads::meter);
    write_repeats(connection);
    std::set<std::int32_t> meters;
    for (const ChangedDay& day : days_)
        meters.insert(day.key.meter);
    for (const ChangedReads& reads : reads_)
        meters.insert(reads.meter);
    for (const std::int32_t meter : meters)
        judge(meter, of_meter(days_, meter), of_meter(reads_, meter));
    std::erase_if(now_due_, [this](const auto& row) {
        const auto known = due_.find(row.first);
        return known != due_.end() && known->second && known->second->contains(row.second);
    });
    if (now_due_.empty())
        return;
    for (auto& [meter, range] : now_due_)
        range.to = end_of_month(range.to);
    pg::Params params;
    params.array(now_due_, [](const auto& row) { return row.first; })
        .array(now_due_, [](const auto& row) { return row.second.from; })
        .array(now_due_, [](const auto& row) { return row.second.to; })
        .add(number.value);
    static const pg::Statement insert{
        "due_insert", "INSERT INTO check_due AS t (meter_id, day_from, day_to, batch) "
                      "SELECT m, f, l, $4::int8 FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l) "
                      "ON CONFLICT (meter_id) DO UPDATE SET day_from = least(t.day_from, excluded.day_from), "
                      "day_to = greatest(t.day_to, excluded.day_to), batch = excluded.batch, job = NULL"};
    connection.run(insert, params);
}

void Checks::keep()
{
    for (auto& [meter, remembered] : passed_)
        remembered_.insert_or_assign(meter, std::move(remembered));
    for (const auto& [meter, range] : now_due_) {
        remembered_.erase(meter);
        const auto [known, fresh] = due_.try_emplace(meter, range);
        if (!fresh && known->second)
            known->second = Range{std::min(known->second->from, range.from), std::max(known->second->to, range.to)};
        else
            known->second = range;
    }
    if (!due_.empty() && !due_since_)
        due_since_ = std::chrono::steady_clock::now();
    drop();
}

void Checks::drop()
{
    days_.clear();
    reads_.clear();
    repeats_.clear();
    now_due_.clear();
    passed_.clear();
}

void Checks::forget()
{
    for (const auto& [meter, range] : now_due_) // perhaps it was committed all the same
        due_.try_emplace(meter);
    drop();
    remembered_.clear();
    for (auto& [meter, range] : due_)
        range.reset();
    if (!due_.empty() && !due_since_)
        due_since_ = std::chrono::steady_clock::now();
}

void Checks::forget(std::span<const MeterId> meters)
{
    for (const MeterId meter : meters)
        remembered_.erase(meter.value);
}

void Checks::forget_if_older(std::int64_t choice_version)
{
    if (std::exchange(choice_version_, choice_version) == choice_version)
        return;
    for (auto& [meter, range] : due_)
        range.reset();
}

// ---------------------------------------------------------------------- the closer look

void Checks::look_later(std::span<const MeterId> meters)
{
    for (const MeterId meter : meters)
        due_[meter.value] = std::nullopt;
    if (!due_.empty() && !due_since_)
        due_since_ = std::chrono::steady_clock::now();
}

std::vector<std::int32_t> Checks::next_due(std::size_t most) const
{
    std::vector<std::int32_t> meters;
    for (auto meter = due_.begin(); meter != due_.end() && meters.size() < most; ++meter)
        meters.push_back(meter->first);
    return meters;
}

void Checks::looked_at(std::int32_t meter, const engine::CheckedModel* model, engine::MeterMemory memory)
{
    if (remembered_.size() >= remembered_max)
        remembered_.clear(); // their next days are looked at closer
    remembered_.insert_or_assign(meter, Remembered{model, std::move(memory)});
    nothing_due(meter);
}

void Checks::nothing_due(std::int32_t meter)
{
    due_.erase(meter);
    if (due_.empty())
        due_since_.reset();
}

} // namespace releve::store
