#include "block_format.hpp"

#include <tuple>

namespace releve {

using namespace block_format;

namespace {

std::uint64_t seconds_of(Instant instant)
{
    return static_cast<std::uint64_t>(instant.time_since_epoch().count());
}

bool in_order(const RegisterRead& before, const RegisterRead& after)
{
    return std::tie(before.channel, before.at) < std::tie(after.channel, after.at);
}

void write_read(Writer& out, const RegisterRead& base, const RegisterRead& before, const RegisterRead& read)
{
    const bool same_channel = read.channel == before.channel;
    const RegisterRead& reference = same_channel ? before : base;
    const std::uint64_t later = seconds_of(read.at) - seconds_of(reference.at);
    const auto channels = static_cast<std::uint64_t>(read.channel.value - before.channel.value);
    out.varint(channels << 1 | (later != 0 ? 1 : 0));
    if (later != 0)
        out.varint(same_channel ? later : to_zigzag(later));
    const std::uint64_t value_before = same_channel ? static_cast<std::uint64_t>(before.value) : 0;
    out.varint(to_zigzag(static_cast<std::uint64_t>(read.value) - value_before));
}

/// `base` is the first read of the block, `before` the one just read.
RegisterRead read_read(Reader& in, const RegisterRead& base, const RegisterRead& before)
{
    const std::uint64_t head = read_varint(in);
    const std::uint64_t channels = head >> 1;
    const bool same_channel = channels == 0;
    const std::uint64_t later = (head & 1) == 0 ? 0 : same_channel ? read_varint(in) : read_delta(in);
    if ((later == 0) != ((head & 1) == 0) || (same_channel && later == 0))
        in.set_error(errc::bad_block, "an instant that says nothing new");
    const std::uint64_t instant = seconds_of(same_channel ? before.at : base.at) + later;
    // A difference that large would wrap back into the range.
    const bool wraps = same_channel && later > static_cast<std::uint64_t>(instant_max_s);
    if (channels > 0xffff || wraps || instant > static_cast<std::uint64_t>(instant_max_s))
        in.set_error(errc::bad_block, "instant or channel out of range");
    const std::uint64_t delta = read_delta(in);
    if (in.failed())
        return {};

    const std::int64_t channel = before.channel.value + static_cast<std::int64_t>(channels);
    if (channel > std::numeric_limits<std::int16_t>::max())
        in.set_error(errc::bad_block, "no such channel");
    const std::uint64_t value_before = same_channel ? static_cast<std::uint64_t>(before.value) : 0;
    RegisterRead read;
    read.channel.value = static_cast<std::int16_t>(channel);
    read.at = Instant{Seconds{static_cast<std::int64_t>(instant)}};
    read.value = static_cast<std::int64_t>(value_before + delta);
    return read;
}

} // namespace

void set_batch(RegisterBlock& block, std::int64_t number)
{
    for (RegisterRead& read : block.reads)
        read.provenance.batch = number;
}

result<Bytes> encode_register_block(const RegisterBlock& block)
{
    const auto& reads = block.reads;
    if (reads.size() > limits::register_reads_per_day_max)
        return fail(errc::too_large, "more register reads than a day may have");
    if (reads.empty())
        return fail(errc::bad_block, "no reads");
    for (std::size_t i = 0; i < reads.size(); ++i)
        if (!fits_format(reads[i].at) || (i > 0 && !in_order(reads[i - 1], reads[i])))
            return fail(errc::bad_block, "an instant out of range, or reads out of order");

    Bytes memory;
    memory.reserve(32 + reads.size() * 6);
    Writer out{std::move(memory)};
    const RegisterRead& base = reads.front();
    out.u8(register_version_1).varint(reads.size()).u32_be(static_cast<std::uint32_t>(seconds_of(base.at)));
    out.zigzag(base.channel.value);
    RunWriter runs{out};
    for (const RegisterRead& read : reads)
        runs.add(read.provenance);
    runs.finish();
    out.zigzag(base.value);
    for (std::size_t i = 1; i < reads.size(); ++i)
        write_read(out, base, reads[i - 1], reads[i]);
    if (out.size() > limits::block_bytes_max)
        return fail(errc::too_large, "more bytes than a stored day may have");
    return std::move(out).take();
}

// register_block := 0x21 count first channel run* value read*
//   count    varint, 1 to 96 reads
//   first    4 bytes big-endian, seconds since 1970-01-01T00:00Z: instant of the first read
//   channel  zigzag varint: channel of the first read
//   run      see block_format.cpp; the runs cover the reads in order
//   value    zigzag varint: value of the first read
//   read     head [instant] value, for each read after the first
//     head     varint: (channel - channel before) * 2 + (1 if an instant follows)
//     instant  same channel: varint, seconds after the read before, not 0
//              next channel: zigzag varint, seconds after `first`; it is left out if 0
//     value    zigzag varint: same channel: value - value before, modulo 2^64; next channel: the value
result<RegisterBlock> decode_register_block(ByteView bytes)
{
    Reader in{bytes};
    RegisterBlock block;
    read_version(in, register_version_1);
    const std::uint64_t count = read_varint(in);
    if (count < 1 || count > limits::register_reads_per_day_max)
        in.set_error(errc::bad_block, "number of reads out of range");
    RegisterRead base;
    base.at = Instant{Seconds{in.u32_be()}};
    const auto channel = static_cast<std::int64_t>(read_delta(in));
    if (channel != static_cast<std::int16_t>(channel))
        in.set_error(errc::bad_block, "no such channel");
    if (in.failed())
        return as_bad_block(in.error());

    base.channel.value = static_cast<std::int16_t>(channel);
    block.reads.resize(static_cast<std::size_t>(count), base);
    RunReader runs{in, block.reads.size()};
    for (RegisterRead& read : block.reads)
        read.provenance = runs.next();
    block.reads.front().value = static_cast<std::int64_t>(read_delta(in));
    for (std::size_t i = 1; i < block.reads.size() && !in.failed(); ++i) {
        const Provenance provenance = block.reads[i].provenance;
        block.reads[i] = read_read(in, block.reads.front(), block.reads[i - 1]);
        block.reads[i].provenance = provenance;
    }
    auto decoded = in.finish(std::move(block));
    if (!decoded)
        return as_bad_block(decoded.error());
    return decoded;
}

} // namespace releve
