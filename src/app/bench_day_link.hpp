#pragma once
// One concentrator of a load: writes its frames as fast as they are taken, or as a pace lets it, and counts what comes back.
// Private to src/app.

#include "bench_link.hpp"

#include <releve/app/bench_pace.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <algorithm>
#include <deque>
#include <memory>

namespace releve::app {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Of a line of messages: those that wait, and how long the others did.
class AnswerTimes {
public:
    void note_sent(std::uint64_t up_to) { pending_.emplace_back(up_to, std::chrono::steady_clock::now()); }
    void note_answered(std::uint64_t up_to);
    /// Of one that was not told of before.
    void note_wait(SteadyTime began);
    [[nodiscard]] SteadyTime last_answer() const { return last_answer_; }
    [[nodiscard]] const std::vector<float>& waits_ms() const { return waits_ms_; }

private:
    // The count with which a write is answered, and when it began.
    std::deque<std::pair<std::uint64_t, SteadyTime>> pending_;
    std::vector<float> waits_ms_;
    SteadyTime last_answer_{};
};

class DayLink {
public:
    /// `pace` may be null, or outlives it.
    DayLink(boost::asio::io_context& context, boost::asio::ssl::context& tls, BenchLoad::Frames frames,
            BenchPace* pace = nullptr)
        : frames_(std::move(frames)), stream_(context, tls), timer_(context), pace_(pace)
    {}

    [[nodiscard]] boost::asio::awaitable<void> connect(std::uint16_t port);
    [[nodiscard]] boost::asio::awaitable<void> send(SteadyTime until);
    [[nodiscard]] boost::asio::awaitable<void> read_answers();

    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t confirmed() const { return confirmed_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] const AnswerTimes& times() const { return times_; }

private:
    [[nodiscard]] bool full() const { return sent_ - confirmed_ >= unanswered_max; }
    [[nodiscard]] bool goes_on(SteadyTime give_up) const;
    void close();

    BenchLoad::Frames frames_;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    boost::asio::steady_timer timer_;
    BenchPace* pace_;
    AnswerTimes times_;
    std::size_t next_ = 0; // frame
    std::uint64_t sent_ = 0, confirmed_ = 0, bytes_ = 0;
    bool done_sending_ = false;
};

/// What the links of one kind have sent; without the process's CPU time.
template <class Link>
[[nodiscard]] BenchSent sum_of(const std::vector<std::unique_ptr<Link>>& links, SteadyTime began)
{
    BenchSent all;
    SteadyTime last = began;
    std::vector<float> waits;
    for (const auto& link : links) {
        all.frames.push_back(link->confirmed());
        all.unconfirmed += link->sent() - link->confirmed();
        all.bytes += link->bytes();
        last = std::max(last, link->times().last_answer());
        const auto& waited = link->times().waits_ms();
        waits.insert(waits.end(), waited.begin(), waited.end());
    }
    all.seconds = std::chrono::duration<double>(last - began).count();
    all.answer_p50_ms = percentile(waits, 0.5);
    all.answer_p99_ms = percentile(waits, 0.99);
    return all;
}

} // namespace releve::app
