#include "block_format.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace releve {

using namespace block_format;

namespace {

struct Shape {
    bool full = true; // no slot is missing
    unsigned shift =
        0; // low bits that are 0 in every value; a Linky counts whole Wh, so that its half-hours are even W
};

Shape shape_of(const DayBlock& block)
{
    std::uint64_t used_bits = 0;
    Shape shape;
    for (const auto& slot : block.slots) {
        if (slot)
            used_bits |= static_cast<std::uint64_t>(slot->value);
        else
            shape.full = false;
    }
    if (used_bits != 0)
        shape.shift = static_cast<unsigned>(std::countr_zero(used_bits));
    return shape;
}

void write_presence(Writer& out, const DayBlock& block)
{
    for (std::size_t i = 0; i < block.slots.size(); i += 8) {
        const std::size_t end = std::min(i + 8, block.slots.size());
        unsigned bits = 0;
        for (std::size_t slot = i; slot < end; ++slot)
            bits |= static_cast<unsigned>(block.slots[slot].has_value()) << (slot - i);
        out.u8(static_cast<std::uint8_t>(bits));
    }
}

void write_values(Writer& out, const DayBlock& block, unsigned shift)
{
    std::array<std::byte, limits::slots_per_day_max * varint_bytes_max> buffer;
    std::byte* end = buffer.data();
    std::uint64_t before = 0;
    for (const auto& slot : block.slots) {
        if (!slot)
            continue;
        const auto value = static_cast<std::uint64_t>(slot->value >> shift);
        end = put_varint(end, to_zigzag(value - before));
        before = value;
    }
    out.bytes({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
}

} // namespace

DayBlock block_of(const DayPart& part)
{
    DayBlock block{.first = part.first, .step = part.step, .slots = {}};
    block.slots.resize(part.slots);
    for (const DayPart::Value& value : part.values)
        block.slots.at(value.index) = value.slot;
    return block;
}

void set_batch(DayBlock& block, std::int64_t number)
{
    for (auto& slot : block.slots)
        if (slot)
            slot->provenance.batch = number;
}

result<Bytes> encode_day_block(const DayBlock& block)
{
    if (block.slots.size() > limits::slots_per_day_max)
        return fail(errc::too_large, "more slots than a day may have");
    if (block.slots.empty() || block.step.count() < 1 || block.step.count() > step_max_s ||
        !fits_format(block.first))
        return fail(errc::bad_block, "no slots, or a step or first instant out of range");

    Bytes memory;
    memory.reserve(32 + block.slots.size() * 3);
    Writer out{std::move(memory)};
    const Shape shape = shape_of(block);
    out.u8(day_version_1).u32_be(static_cast<std::uint32_t>(block.first.time_since_epoch().count()));
    out.varint(static_cast<std::uint64_t>(block.step.count()));
    out.varint(block.slots.size() << 1 | (shape.full ? 0 : 1)).u8(static_cast<std::uint8_t>(shape.shift));
    if (!shape.full)
        write_presence(out, block);
    RunWriter runs{out};
    for (const auto& slot : block.slots)
        if (slot)
            runs.add(slot->provenance);
    runs.finish();
    write_values(out, block, shape.shift);
    if (out.size() > limits::block_bytes_max)
        return fail(errc::too_large, "more bytes than a stored day may have");
    return std::move(out).take();
}

// day_block := 0x11 first step count shift [presence] run* value*
//   first     4 bytes big-endian, seconds since 1970-01-01T00:00Z
//   step      varint, 1 to 86400 seconds
//   count     varint: slots * 2 + (1 if some are missing), 1 to 300 slots
//   shift     1 byte, 0 to 63: the greatest number of low bits that are 0 in every value; 0 if there is none
//   but 0 presence  one bit a slot, the first slot in bit 0 of the first byte; spare bits 0; only if some are
//   missing run       see block_format.cpp; the runs cover the present slots in order; none if no slot is
//   present value     zigzag varint for each present slot, of v - v of the present slot before (0 at first),
//   modulo 2^64, where
//             v = value / 2^shift
result<DayBlock> decode_day_block(ByteView bytes)
{
    Reader in{bytes};
    const DayHead head = read_day_head(in);
    if (in.failed())
        return as_bad_block(in.error());

    DayBlock block{.first = head.first, .step = head.step, .slots = {}};
    block.slots.resize(head.slots);
    PresenceBits present;
    const std::size_t count = read_presence(in, head, present);
    RunReader runs{in, count};
    for (std::size_t i = 0; i < head.slots && !in.failed(); ++i)
        if (has_bit(present, i))
            block.slots[i].emplace().provenance = runs.next();

    std::array<std::int64_t, limits::slots_per_day_max> values;
    if (!in.failed())
        read_values(in, head.shift, std::span{values}.first(count));
    auto value = values.begin();
    if (!in.failed())
        for (auto& slot : block.slots)
            if (slot)
                slot->value = *value++;
    auto decoded = in.finish(std::move(block));
    if (!decoded)
        return as_bad_block(decoded.error());
    return decoded;
}

} // namespace releve
