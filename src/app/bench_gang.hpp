#pragma once
// What the attackers of a process share, and the messages they send. Private to src/app.

#include "bench_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <span>

namespace releve::app {

/// What all attackers of a process share; they live on one thread.
struct Gang {
    boost::asio::io_context& context;
    boost::asio::ssl::context& tls;
    std::uint16_t port;
    std::uint32_t addresses;
    std::vector<BenchLoad::Frames> captured{}, cloned{}; // in portions of one write
    std::uint64_t seed = 1, attempts = 0, connections = 0;

    [[nodiscard]] std::uint64_t random();
    void fill_randomly(std::span<std::byte> bytes);
};

/// Fills in what one who listened would have: the first messages of each connection, and what a clone of their meters
/// would say.
[[nodiscard]] result<void> capture_messages(Gang& gang, const BenchTarget& target, std::size_t captured);

/// Makes what is written at once, and says how many messages it holds. `turn` counts up.
using Portion = std::size_t(Gang& gang, std::uint64_t turn, Bytes& bytes);
Portion garbage;     // noise in a proper wrapper
Portion lies;        // lengths that promise what is not there
Portion wide;        // an unprotected notification with as many elements as fit
Portion strangers;   // each message under another title
Portion tag_guesses; // another reading, and a guess of the tag that would make it good
Portion replays;     // captured, and in turn of a clone
Portion repetitions; // captured

} // namespace releve::app
