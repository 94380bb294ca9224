// Two stored blocks of any content: merging does not depend on the order or the repetition of what arrived,
// and what it gives can be stored.

#include <releve/core/block.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;

auto& slots_of(DayBlock& day)
{
    return day.slots;
}
auto& slots_of(RegisterBlock& registers)
{
    return registers.reads;
}

template <class Block>
Block without_batches(Block block)
{
    set_batch(block, 0);
    return block;
}

template <class Block>
void check_merge(const Block& a, const Block& b)
{
    const auto ab = merge(a, b);
    const auto ba = merge(b, a);
    RELEVE_ASSERT(ab.has_value() == ba.has_value());
    if (!ab) {
        RELEVE_ASSERT(ab.error().code == errc::too_large);
        return;
    }
    // The batch is no part of the order: of two equal values the stored side's stays.
    RELEVE_ASSERT(without_batches(ab->block) == without_batches(ba->block));
    RELEVE_ASSERT((ab->effect == MergeEffect::unchanged) == (ab->block == a));
    for (const Block& again : {a, b, ab->block}) {
        const auto more = merge(ab->block, again);
        RELEVE_ASSERT(more && more->effect == MergeEffect::unchanged && more->block == ab->block);
    }
    const auto bytes = encode_block(ab->block);
    RELEVE_ASSERT(bytes || bytes.error().code == errc::too_large);
    if (bytes) {
        const auto read = decode_block<Block>(*bytes);
        RELEVE_ASSERT(read && *read == ab->block);
    }
}

/// A home with daily totals keeps the same reads, whether the others went before or after the merge.
void check_kept_reads(const RegisterBlock& a, const RegisterBlock& b)
{
    auto all = merge(a, b);
    if (!all)
        return;
    RegisterBlock early = a;
    keep_first_reads(early);
    auto portions = merge(early, b);
    RELEVE_ASSERT(portions);
    keep_first_reads(all->block);
    keep_first_reads(portions->block);
    RELEVE_ASSERT(all->block == portions->block);
    RELEVE_ASSERT(!keep_first_reads(all->block));
}

/// Another value and provenance in some places, so that the two blocks differ where they have the same ones.
template <class Block>
Block altered(Block block, ByteView by)
{
    std::size_t at = 0;
    for (auto& element : slots_of(block)) {
        if (by.empty())
            break;
        const auto octet = std::to_integer<std::uint8_t>(by[at++ % by.size()]);
        auto change = [&](auto& item) {
            item.value ^= octet & 3;
            item.provenance.counter += (octet >> 2 & 3) == 1 ? 1 : 0;
            item.provenance.key_generation ^= octet >> 4 & 1;
            item.provenance.authenticated ^= (octet & 0x20) != 0;
            item.provenance.batch ^= octet >> 6;
        };
        if constexpr (requires { element.has_value(); }) {
            if (octet == 0xff)
                element.reset();
            if (element)
                change(*element);
        } else {
            change(element);
        }
    }
    return block;
}

} // namespace

/// length(2) one block, another block; the second also says how a third differs from the first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    Reader reader{std::as_bytes(std::span{data, size})};
    const std::size_t length = reader.u16_be();
    const ByteView first = reader.take(std::min(length, reader.remaining()));
    const ByteView second = reader.rest();
    if (const auto a = decode_day_block(first)) {
        check_merge(*a, altered(*a, second));
        if (auto b = decode_day_block(second)) {
            b->first = a->first;
            b->step = a->step;
            b->slots.resize(a->slots.size());
            check_merge(*a, *b);
        }
    }
    if (const auto a = decode_register_block(first)) {
        const RegisterBlock other = altered(*a, second);
        check_merge(*a, other);
        check_kept_reads(*a, other);
        if (const auto b = decode_register_block(second)) {
            check_merge(*a, *b);
            check_kept_reads(*a, *b);
        }
    }
    return 0;
}
