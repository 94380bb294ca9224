#include "bench_gang.hpp"

#include <releve/core/ids.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::size_t wrapper_bytes = 8, title_at = wrapper_bytes + 2, tag_bytes = 12; // of general-glo
constexpr std::size_t lies_before_the_last = 64;

/// In portions of one write each.
std::vector<BenchLoad::Frames> portions_of(const BenchLoad::Frames& frames)
{
    std::vector<BenchLoad::Frames> portions;
    std::size_t at = 0;
    for (std::size_t next = 0; next < frames.lengths.size();) {
        const auto [count, size] = next_write(frames, next, frames.lengths.size());
        const auto begin = [](const auto& all, std::size_t i) { return all.begin() + static_cast<std::ptrdiff_t>(i); };
        portions.push_back({Bytes(begin(frames.bytes, at), begin(frames.bytes, at + size)),
                            {begin(frames.lengths, next), begin(frames.lengths, next + count)}});
        next += count;
        at += size;
    }
    return portions;
}

/// Messages as meters send them, each with a change that `twist` makes: given where one begins and how long it is.
template <class Twist>
std::size_t twisted(const std::vector<BenchLoad::Frames>& portions, std::uint64_t turn, Bytes& bytes, Twist twist)
{
    const BenchLoad::Frames& portion = portions[turn % portions.size()];
    bytes = portion.bytes;
    std::size_t at = 0;
    for (const std::uint32_t length : portion.lengths) {
        twist(at, length);
        at += length;
    }
    return portion.lengths.size();
}

} // namespace

std::uint64_t Gang::random()
{
    return sim::mix(0x686f'7374'696c'65, seed++);
}

void Gang::fill_randomly(Bytes& bytes, std::size_t at, std::size_t size)
{
    for (std::size_t i = 0; i < size; i += 8) {
        const std::uint64_t value = random();
        for (std::size_t k = i; k < std::min(size, i + 8); ++k)
            bytes[at + k] = static_cast<std::byte>(value >> (k - i) * 8);
    }
}

result<void> capture_messages(Gang& gang, const BenchTarget& target, std::size_t captured)
{
    RELEVE_TRY(load, BenchLoad::make(target.load));
    load.make_templates(target.load.rounds);
    for (std::uint32_t connection = 0; connection < target.load.connections; ++connection) {
        // A clone needs the next round's values.
        const std::size_t cloned = std::min(captured, load.items_of(connection) / target.load.rounds);
        std::ranges::move(portions_of(load.frames_of(connection, 0, captured)), std::back_inserter(gang.captured));
        std::ranges::move(portions_of(load.cloned_frames_of(connection, 0, cloned)), std::back_inserter(gang.cloned));
    }
    return {};
}

std::size_t garbage(Gang& gang, std::uint64_t, Bytes& bytes)
{
    constexpr std::size_t messages = 48, size = 320;
    bytes.resize(messages * (wrapper_bytes + size));
    gang.fill_randomly(bytes, 0, bytes.size());
    const auto wrapper = from_hex("0001000100010140").value();
    for (std::size_t i = 0; i < messages; ++i)
        std::ranges::copy(wrapper, bytes.begin() + static_cast<std::ptrdiff_t>(i * (wrapper_bytes + size)));
    return messages;
}

std::size_t lies(Gang&, std::uint64_t turn, Bytes& bytes)
{
    static constexpr std::string_view apdus[] = {
        "db08524c560100000001 84fffffff0 30 00000001 0102030405060708",     // a ciphered part of 4 GB
        "db08524c560100000001 82ffff 30 00000001 0102030405060708",         // of 64 kB
        "dbff524c560100000001 10 30 00000001 0102030405060708",             // a title of 255 bytes
        "0f00000001 00 0284 7fffffff 0000",                                 // a structure of 2 billion elements
        "0f00000001 00 01840fffffff 0600000000 0600000001",                 // an array of 268 million
        "0f00000001 00 020109 83ffffff 00",                                 // a text of 16 MB
        "0f00000001 0c 07e8",                                               // a date that ends early
        "0f00000001 00 0102020202020202020202020202020202020202020202020202020202020202", // nested without end
        "e08100010000 83ffffff 00",                                         // a block of 16 MB
        "c2",                                                               // nothing after the tag
    };
    Writer out;
    std::size_t messages = 0;
    while (out.size() < 8 * 1024)
        for (const std::string_view text : apdus) {
            const auto apdu = from_hex(text).value();
            out.u16_be(1).u16_be(1).u16_be(1).u16_be(static_cast<std::uint16_t>(apdu.size())).bytes(apdu);
            ++messages;
        }
    if (turn % lies_before_the_last == 0) { // the wrapper promises 64 kB, then another message takes their place
        out.u16_be(1).u16_be(1).u16_be(1).u16_be(0xffff).bytes(Bytes(40'000)).u16_be(2);
        ++messages;
    }
    bytes = std::move(out).take();
    return messages;
}

std::size_t wide(Gang&, std::uint64_t, Bytes& bytes)
{
    constexpr std::uint16_t elements = 32'000;
    Writer out;
    out.u16_be(1).u16_be(1).u16_be(1).u16_be(5 + 1 + 4 + 2 * elements);
    out.u8(0x0f).u32_be(1).u8(0).u8(0x01).u8(0x82).u16_be(elements);
    for (std::uint16_t i = 0; i < elements; ++i)
        out.u8(0x0f).u8(0x01);
    bytes = std::move(out).take();
    return 1;
}

std::size_t strangers(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    return twisted(gang.captured, turn, bytes,
                   [&](std::size_t at, std::size_t) { gang.fill_randomly(bytes, at + title_at, sizeof(SystemTitle)); });
}

std::size_t tag_guesses(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    return twisted(gang.captured, turn, bytes, [&](std::size_t at, std::size_t size) {
        bytes[at + size - tag_bytes - 2] ^= std::byte{1};
        gang.fill_randomly(bytes, at + size - tag_bytes, tag_bytes);
    });
}

std::size_t replays(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    const auto& portions = turn % 2 == 0 ? gang.captured : gang.cloned;
    return twisted(portions, turn, bytes, [](std::size_t, std::size_t) {});
}

std::size_t repetitions(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    return twisted(gang.captured, turn, bytes, [](std::size_t, std::size_t) {});
}

} // namespace releve::app
