#pragma once
// Two kinds of frames that are sent at the same time in a fixed ratio. Progress is the share of a side's frames that has been
// handed to its sockets; a side that is ahead of the other by more than the slack waits. When the span is over, the side that
// is behind still sends up to the share of the other. Belongs to one thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>

namespace releve::app {

class BenchPace {
public:
    enum Side : std::size_t { electricity, gas };
    using Counts = std::array<std::uint64_t, 2>;

    /// `totals`: frames that there are of each side, in the ratio to keep. `slack`: frames of each, in the same ratio.
    BenchPace(boost::asio::io_context& context, Counts totals, Counts slack);

    void note_sent(Side side, std::uint64_t frames);
    /// The side has nothing left to send in this span.
    [[nodiscard]] bool over(Side side) const;
    [[nodiscard]] bool ahead(Side side) const;
    /// Until the other side has sent something, or the span is over.
    [[nodiscard]] boost::asio::awaitable<void> wait(Side side);
    /// Ends the span then.
    [[nodiscard]] boost::asio::awaitable<void> run(std::chrono::steady_clock::time_point until);

private:
    /// a of one side's total against b of the other's.
    [[nodiscard]] bool less(Side a_side, std::uint64_t a, std::uint64_t b) const;

    Counts totals_, slack_;
    Counts sent_{}, target_{};
    bool ended_ = false;
    std::array<boost::asio::steady_timer, 2> bells_; // of those who wait
};

} // namespace releve::app
