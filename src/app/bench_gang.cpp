#include "bench_gang.hpp"

#include <releve/core/ids.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::size_t title_at = 8 + 2; // behind the wrapper, the APDU's tag and the title's length
constexpr std::uint16_t wport = 1;
constexpr std::uint64_t lies_before_the_last = 64; // portions

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

/// Messages as meters send them, each with a change that `twist` makes.
template <class Twist>
std::size_t twisted(const std::vector<BenchLoad::Frames>& portions, std::uint64_t turn, Bytes& bytes, Twist twist)
{
    const BenchLoad::Frames& portion = portions[turn % portions.size()];
    bytes = portion.bytes;
    std::size_t at = 0;
    for (const std::uint32_t length : portion.lengths) {
        twist(std::span{bytes}.subspan(at, length));
        at += length;
    }
    return portion.lengths.size();
}

struct Lies {
    Bytes bytes; // of whole messages, so that others can follow
    std::size_t messages = 0;
    Bytes last; // its wrapper promises 64 kB, then another message takes their place
};

Lies make_lies()
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
    Lies all;
    Writer out;
    while (out.size() < 8 * 1024)
        for (const std::string_view text : apdus) {
            dlms::write_wrapper(out, wport, wport, from_hex(text).value());
            ++all.messages;
        }
    all.bytes = std::move(out).take();
    Writer last;
    dlms::write_wrapper(last, wport, wport, Bytes(0xffff));
    all.last = std::move(last).take();
    all.last.resize(40'000);
    return all;
}

/// An unprotected notification.
Bytes make_wide()
{
    constexpr std::uint16_t elements = 32'000;
    Writer apdu;
    apdu.u8(0x0f).u32_be(1).u8(0).u8(0x01).u8(0x82).u16_be(elements);
    for (std::uint16_t i = 0; i < elements; ++i)
        apdu.u8(0x0f).u8(0x01);
    Writer out;
    dlms::write_wrapper(out, wport, wport, apdu.view());
    return std::move(out).take();
}

} // namespace

std::uint64_t Gang::random()
{
    return sim::mix(0x686f'7374'696c'65, seed++);
}

void Gang::fill_randomly(std::span<std::byte> bytes)
{
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        const std::uint64_t value = random();
        for (std::size_t k = i; k < std::min(bytes.size(), i + 8); ++k)
            bytes[k] = static_cast<std::byte>(value >> (k - i) * 8);
    }
}

result<void> capture_messages(Gang& gang, const BenchTarget& target, std::size_t captured)
{
    RELEVE_TRY(load, BenchLoad::make(target.load));
    load.make_templates(target.load.rounds);
    for (std::uint32_t connection = 0; connection < target.load.connections; ++connection) {
        // Of one round: a clone needs the values of the next.
        const std::size_t count = std::min(captured, load.meters_of(connection));
        std::ranges::move(portions_of(load.frames_of(connection, 0, count)), std::back_inserter(gang.captured));
        std::ranges::move(portions_of(load.cloned_frames_of(connection, 0, count)), std::back_inserter(gang.cloned));
    }
    return {};
}

std::size_t garbage(Gang& gang, std::uint64_t, Bytes& bytes)
{
    constexpr std::size_t messages = 48;
    Bytes noise(320);
    Writer out{std::move(bytes)};
    for (std::size_t i = 0; i < messages; ++i) {
        gang.fill_randomly(noise);
        dlms::write_wrapper(out, wport, wport, noise);
    }
    bytes = std::move(out).take();
    return messages;
}

std::size_t lies(Gang&, std::uint64_t turn, Bytes& bytes)
{
    static const Lies all = make_lies();
    bytes = all.bytes;
    if (turn % lies_before_the_last != 0)
        return all.messages;
    bytes.insert(bytes.end(), all.last.begin(), all.last.end());
    return all.messages + 1;
}

std::size_t wide(Gang&, std::uint64_t, Bytes& bytes)
{
    static const Bytes message = make_wide();
    bytes = message;
    return 1;
}

std::size_t strangers(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    return twisted(gang.captured, turn, bytes, [&](std::span<std::byte> message) {
        gang.fill_randomly(message.subspan(title_at, sizeof(SystemTitle)));
    });
}

std::size_t tag_guesses(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    return twisted(gang.captured, turn, bytes, [&](std::span<std::byte> message) {
        message[message.size() - crypto::gcm_tag_bytes - 2] ^= std::byte{1};
        gang.fill_randomly(message.last(crypto::gcm_tag_bytes));
    });
}

std::size_t replays(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    const auto& portions = turn % 2 == 0 ? gang.captured : gang.cloned;
    return twisted(portions, turn, bytes, [](std::span<std::byte>) {});
}

std::size_t repetitions(Gang& gang, std::uint64_t turn, Bytes& bytes)
{
    return twisted(gang.captured, turn, bytes, [](std::span<std::byte>) {});
}

} // namespace releve::app
