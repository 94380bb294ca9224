#include <releve/core/block.hpp>
#include <releve/core/limits.hpp>

#include <algorithm>
#include <tuple>

namespace releve {

namespace {

/// Everything that decides, in this order. Two frames that claim the same counter are settled by value;
/// quality comes last, so that of two equal values the doubtful one stays doubtful whatever came first. The
/// batch has no say.
template <class Item>
auto rank(const Item& item)
{
    const Provenance& p = item.provenance;
    return std::tie(p.authenticated, p.key_generation, p.counter, item.value, p.quality);
}

void raise(MergeEffect& effect, MergeEffect to)
{
    effect = std::max(effect, to);
}

using Position = std::pair<ChannelId, Instant>;

Position position(const RegisterRead& read)
{
    return {read.channel, read.at};
}

bool is_sorted(const RegisterBlock& block)
{
    const auto out_of_order = [](const RegisterRead& a, const RegisterRead& b) {
        return position(a) >= position(b);
    };
    return std::adjacent_find(block.reads.begin(), block.reads.end(), out_of_order) == block.reads.end();
}

/// Two messages about one slot, each the meter's own. The same message again says nothing new.
bool told_twice(const Slot& a, const Slot& b)
{
    const auto who = [](const Slot& slot) { return std::tie(slot.provenance.key_generation, slot.provenance.counter); };
    return a.provenance.authenticated && b.provenance.authenticated && who(a) != who(b);
}

} // namespace

result<Merged<DayBlock>> merge(const DayBlock& stored, const DayBlock& incoming)
{
    if (stored.first != incoming.first || stored.step != incoming.step ||
        stored.slots.size() != incoming.slots.size())
        return fail(errc::bad_block, "two days of different shape do not merge");
    Merged<DayBlock> merged{.block = stored};
    for (std::size_t i = 0; i < stored.slots.size(); ++i) {
        const auto& offered = incoming.slots[i];
        auto& slot = merged.block.slots[i];
        if (!offered)
            continue;
        if (slot && told_twice(*slot, *offered))
            (slot->value == offered->value ? merged.same : merged.other).at(i / 64) |= std::uint64_t{1} << (i % 64);
        if (slot && rank(*offered) <= rank(*slot))
            continue;
        raise(merged.effect, slot ? MergeEffect::changed : MergeEffect::added);
        slot = offered;
    }
    return merged;
}

result<Merged<RegisterBlock>> merge(const RegisterBlock& stored, const RegisterBlock& incoming)
{
    if (!is_sorted(stored) || !is_sorted(incoming))
        return fail(errc::bad_block, "register reads out of order");
    Merged<RegisterBlock> merged;
    auto& reads = merged.block.reads;
    reads.reserve(std::max(stored.reads.size(), incoming.reads.size()));
    auto kept = stored.reads.begin();
    for (const RegisterRead& offered : incoming.reads) {
        while (kept != stored.reads.end() && position(*kept) < position(offered))
            reads.push_back(*kept++);
        if (kept == stored.reads.end() || position(*kept) != position(offered)) {
            raise(merged.effect, MergeEffect::added);
            reads.push_back(offered);
            continue;
        }
        const bool wins = rank(offered) > rank(*kept);
        if (wins)
            raise(merged.effect, MergeEffect::changed);
        reads.push_back(wins ? offered : *kept);
        ++kept;
    }
    reads.insert(reads.end(), kept, stored.reads.end());
    if (reads.size() > limits::register_reads_per_day_max)
        return fail(errc::too_large, "more register reads than a day may have");
    return merged;
}

bool keep_first_reads(RegisterBlock& sorted)
{
    auto& reads = sorted.reads;
    std::size_t kept = 0;
    for (const RegisterRead& read : reads) {
        if (kept == 0 || reads[kept - 1].channel != read.channel)
            reads[kept++] = read;
        else if (read.provenance.authenticated && !reads[kept - 1].provenance.authenticated)
            reads[kept - 1] = read;
    }
    const bool others = kept < reads.size();
    reads.resize(kept);
    return others;
}

} // namespace releve
