#include "block_format.hpp"

#include <releve/core/day_values.hpp>

namespace releve {

using namespace block_format;

namespace {

/// Values that stand one behind the other go to their slots, the last one first: none is written over before it has moved.
void spread(DayValues& day, std::size_t count)
{
    for (std::size_t slot = day.slots; slot-- > 0;)
        day.values[slot] = day.has(slot) ? day.values[--count] : 0;
}

} // namespace

result<void> decode_day_values(ByteView bytes, DayValues& out)
{
    Reader in{bytes};
    const DayHead head = read_day_head(in);
    if (in.failed())
        return as_bad_block(in.error());

    out.first = head.first;
    out.step = head.step;
    out.slots = head.slots;
    const std::size_t count = read_presence(in, head, out.present);
    out.worst = count == 0 ? Quality::missing : Quality::valid;
    for (RunReader runs{in, count}; runs.more() && !in.failed();)
        out.worst = worse(out.worst, runs.next_run().quality);
    if (!in.failed())
        read_values(in, head.shift, std::span{out.values}.first(count));
    const auto done = in.finish(true);
    if (!done)
        return as_bad_block(done.error()); // what a cut block says of its slots and their count need not agree
    if (head.some_missing)
        spread(out, count);
    return {};
}

void set_values(const DayBlock& block, DayValues& out)
{
    RELEVE_ASSERT(block.slots.size() <= limits::slots_per_day_max);
    out.first = block.first;
    out.step = block.step;
    out.slots = static_cast<std::uint32_t>(block.slots.size());
    out.present.fill(0);
    bool some = false;
    out.worst = Quality::valid;
    for (std::size_t i = 0; i < block.slots.size(); ++i) {
        out.values[i] = block.slots[i] ? block.slots[i]->value : 0;
        if (!block.slots[i])
            continue;
        some = true;
        out.present[i / 64] |= std::uint64_t{1} << i % 64;
        out.worst = worse(out.worst, block.slots[i]->provenance.quality);
    }
    if (!some)
        out.worst = Quality::missing;
}

} // namespace releve
