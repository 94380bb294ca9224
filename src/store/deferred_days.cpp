#include "deferred_days.hpp"

#include <algorithm>
#include <tuple>

namespace releve::store {

namespace {
constexpr std::uint32_t few_readings = 8;
}

bool can_wait(const FrameWrite& frame)
{
    return !frame.archive.empty() && !frame.undecoded && !frame.again && frame.readings <= few_readings &&
           !frame.interval_days.empty() && frame.register_days.empty() && frame.daily_totals.empty();
}

void DeferredDays::add(BatchNumber batch, std::span<const FrameWrite> frames)
{
    const std::size_t before = waiting_.size();
    for (const FrameWrite& frame : frames) {
        if (!can_wait(frame))
            continue;
        for (const auto& day : frame.interval_days)
            for (const DayPart::Value& value : day.part.values)
                waiting_.push_back({{frame.meter.value, day.channel.value, day.day}, day.part.first, day.part.step,
                                    day.part.slots, value});
    }
    if (waiting_.size() == before)
        return;
    waiting_batches_.push_back(batch.value);
    if (!oldest_)
        oldest_ = std::chrono::steady_clock::now();
}

std::vector<DeferredDays::Day> DeferredDays::next_slice(std::size_t days_max)
{
    if (!folding()) {
        folding_ = std::exchange(waiting_, {});
        folding_batches_ = std::exchange(waiting_batches_, {});
        done_ = 0;
        oldest_.reset();
        // Of one slot the values stay in the order they came; merging them gives the same whatever it is.
        std::ranges::stable_sort(folding_, [](const Reading& a, const Reading& b) {
            return std::tie(a.key, a.value.index) < std::tie(b.key, b.value.index);
        });
    }
    std::vector<Day> days;
    slice_end_ = done_;
    for (; slice_end_ < folding_.size(); ++slice_end_) {
        const Reading& reading = folding_[slice_end_];
        const auto fits = [&](const Day& day) {
            return day.key == reading.key && day.block.first == reading.first && day.block.step == reading.step &&
                   day.block.slots.size() == reading.slots;
        };
        if (days.empty() || !fits(days.back())) { // one that differs in shape is refused where the two meet
            if (days.size() == days_max)
                break;
            days.push_back({reading.key, block_of({reading.first, reading.step, reading.slots, {reading.value}})});
            continue;
        }
        DayBlock& block = days.back().block;
        auto& slot = block.slots[reading.value.index];
        if (!slot)
            slot = reading.value.slot;
        else
            block = merge(block, block_of({reading.first, reading.step, reading.slots, {reading.value}})).value().block;
    }
    return days;
}

std::vector<std::int64_t> DeferredDays::batches_after_slice() const
{
    return slice_end_ == folding_.size() ? folding_batches_ : std::vector<std::int64_t>{};
}

void DeferredDays::slice_done()
{
    done_ = slice_end_;
    if (folding())
        return;
    folding_.clear();
    folding_batches_.clear();
    done_ = slice_end_ = 0;
}

} // namespace releve::store
