#include "bench_json.hpp"

#include <releve/net/deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <sstream>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using SteadyTime = Clock::time_point;

namespace {

using namespace std::chrono_literals;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr auto tick = 20ms; // a concentrator writes what has come together in this time
constexpr auto connection_lasts = 1s;
constexpr auto before_another_try = 50ms;

/// A span as one concentrator sees it.
struct Plan {
    SteadyTime began, until;
    double frames_a_tick = 0; // 0: all are due at once
    Clock::duration first_connection{};
};

/// What became of it.
struct Tally {
    std::size_t sent = 0, confirmed = 0, in_time = 0; // of its first frames
    std::uint64_t connections = 0, failed = 0, lost = 0;
    SteadyTime ended{}; // its part of the span
    std::vector<float> waits_ms;
};

class Concentrator {
public:
    Concentrator(asio::io_context& context, asio::ssl::context& tls, std::uint16_t port)
        : context_(context), tls_(tls), port_(port), wake_(context)
    {}

    void take(BenchLoad::Frames frames)
    {
        frames_ = std::move(frames);
        offsets_.assign(1, 0);
        for (const std::uint32_t length : frames_.lengths)
            offsets_.push_back(offsets_.back() + length);
    }

    asio::awaitable<void> run(Plan plan)
    {
        using namespace asio::experimental::awaitable_operators;
        plan_ = plan;
        tally_ = {};
        next_ = answered_ = 0;
        const SteadyTime give_up = plan.until + last_answers_at_most;
        leave_at_ = plan.began + plan.first_connection;
        while (Clock::now() < give_up && !finished()) {
            net::Deadline deadline{context_.get_executor(), [this] { close(); }};
            deadline.arm(std::chrono::ceil<std::chrono::milliseconds>(give_up - Clock::now()));
            while (leave_at_ <= Clock::now())
                leave_at_ += connection_lasts;
            const bool connected = co_await connect();
            if (connected) {
                ++tally_.connections;
                co_await (read_answers() || send_frames());
            }
            close();
            if (tally_.confirmed < next_) { // they are sent again: what was committed is confirmed again
                next_ = tally_.confirmed = first_of_connection_;
                ++tally_.lost;
            }
            if (connected)
                continue;
            ++tally_.failed;
            wake_.expires_after(before_another_try);
            co_await wake_.async_wait(no_throw);
        }
        tally_.ended = tally_.in_time == count() ? last_answer_ : plan.until;
    }

    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    [[nodiscard]] std::size_t count() const { return frames_.lengths.size(); }
    [[nodiscard]] bool finished() const
    {
        return tally_.confirmed >= tally_.sent && (Clock::now() >= plan_.until || tally_.confirmed >= count());
    }

    /// How many of the frames are due; after the end, those that were sent before it.
    [[nodiscard]] std::size_t due(SteadyTime now) const
    {
        if (now >= plan_.until)
            return tally_.sent;
        if (plan_.frames_a_tick == 0)
            return count();
        const auto ticks = (now - plan_.began) / tick + 1;
        return std::min(count(), static_cast<std::size_t>(plan_.frames_a_tick * static_cast<double>(ticks)));
    }

    [[nodiscard]] SteadyTime due_at(std::size_t frame) const
    {
        if (plan_.frames_a_tick == 0)
            return plan_.began;
        const double ticks = std::ceil(static_cast<double>(frame + 1) / plan_.frames_a_tick) - 1;
        return plan_.began + tick * static_cast<std::int64_t>(ticks);
    }

    asio::awaitable<bool> connect()
    {
        first_of_connection_ = tally_.confirmed;
        stream_.emplace(context_, tls_);
        auto& socket = stream_->next_layer();
        const auto [refused] = co_await socket.async_connect({asio::ip::address_v4::loopback(), port_}, no_throw);
        if (refused)
            co_return false;
        error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
        const auto [not_secured] = co_await stream_->async_handshake(asio::ssl::stream_base::client, no_throw);
        co_return !not_secured;
    }

    void close()
    {
        error_code ignored;
        if (stream_)
            stream_->next_layer().close(ignored);
        wake_.cancel();
    }

    /// Until all that was sent is answered and it is time to go.
    asio::awaitable<void> send_frames()
    {
        while (stream_->next_layer().is_open()) {
            const SteadyTime now = Clock::now();
            const bool leaving = now >= leave_at_ && now < plan_.until;
            const std::size_t end = leaving ? next_ : due(now);
            if (next_ < end && next_ - tally_.confirmed < unanswered_max) {
                const auto [frames, size] = next_write(frames_, next_, end);
                const std::size_t at = offsets_[next_];
                next_ += frames; // before the write: its answers may come while it ends
                tally_.sent = std::max(tally_.sent, next_);
                const auto [failed, written] =
                    co_await asio::async_write(*stream_, asio::buffer(frames_.bytes.data() + at, size), no_throw);
                if (failed)
                    break;
                continue;
            }
            if (tally_.confirmed >= next_ && (leaving || finished()))
                break;
            const SteadyTime next_tick = plan_.began + ((now - plan_.began) / tick + 1) * tick;
            wake_.expires_at(now < plan_.until ? std::min(next_tick, plan_.until) : now + tick);
            co_await wake_.async_wait(no_throw);
        }
        close();
    }

    asio::awaitable<void> read_answers()
    {
        Bytes buffer(64 * 1024);
        dlms::WrapperDeframer answers{limits::apdu_bytes_max};
        for (;;) {
            const auto [failed, size] = co_await stream_->async_read_some(asio::buffer(buffer), no_throw);
            if (failed)
                break;
            const auto ended = count_answers(answers, ByteView{buffer}.first(size));
            if (!ended)
                break;
            for (std::size_t i = *ended; i > 0; --i)
                note_answer();
            wake_.cancel();
        }
        close();
    }

    void note_answer()
    {
        if (++tally_.confirmed <= answered_)
            return; // of a frame sent again
        answered_ = tally_.confirmed;
        last_answer_ = Clock::now();
        const std::chrono::duration<float, std::milli> waited = last_answer_ - due_at(answered_ - 1);
        tally_.waits_ms.push_back(waited.count());
        if (last_answer_ < plan_.until)
            tally_.in_time = answered_;
    }

    asio::io_context& context_;
    asio::ssl::context& tls_;
    std::uint16_t port_;
    asio::steady_timer wake_;
    std::optional<asio::ssl::stream<tcp::socket>> stream_;
    BenchLoad::Frames frames_;
    std::vector<std::size_t> offsets_;
    Plan plan_;
    SteadyTime leave_at_, last_answer_;
    std::size_t first_of_connection_ = 0, next_ = 0; // of frames_
    std::size_t answered_ = 0;                       // the most that were ever confirmed, of frames_
    Tally tally_;
};

class Honest {
public:
    Honest(const BenchTarget& target, BenchLoad load)
        : target_(target), load_(std::move(load)), tls_(client_tls(target.certificate)),
          sent_(target.load.connections, 0)
    {
        for (std::uint32_t i = 0; i < target.load.connections; ++i)
            concentrators_.push_back(std::make_unique<Concentrator>(context_, tls_, target.port));
    }

    void prepare(std::size_t frames_each)
    {
        std::size_t rounds = 0;
        for (std::uint32_t i = 0; i < target_.load.connections; ++i)
            rounds = std::max(rounds, (sent_[i] + frames_each) / load_.meters_of(i) + 1);
        load_.make_templates(std::min(static_cast<std::uint32_t>(rounds), target_.load.rounds));
        auto frames = make_all(target_.load.connections,
                               [&](std::uint32_t i) { return load_.frames_of(i, sent_[i], frames_each); });
        for (std::uint32_t i = 0; i < target_.load.connections; ++i)
            concentrators_[i]->take(std::move(frames[i]));
    }

    HonestReport send(int seconds, double frames_a_second)
    {
        const auto links = static_cast<std::int64_t>(concentrators_.size());
        const SteadyTime began = Clock::now();
        const double cpu = own_cpu_seconds();
        context_.restart();
        for (std::int64_t i = 0; i < links; ++i) {
            const Plan plan{.began = began,
                            .until = began + std::chrono::seconds{seconds},
                            .frames_a_tick = frames_a_second * std::chrono::duration<double>(tick).count() /
                                             static_cast<double>(links),
                            .first_connection = std::chrono::milliseconds{connection_lasts} * (i + 1) / links};
            asio::co_spawn(context_, concentrators_[static_cast<std::size_t>(i)]->run(plan), fail_loudly);
        }
        context_.run();
        return report(began, own_cpu_seconds() - cpu);
    }

private:
    HonestReport report(SteadyTime began, double cpu)
    {
        HonestReport all;
        std::vector<float> waits;
        SteadyTime ended = began;
        for (std::uint32_t i = 0; i < concentrators_.size(); ++i) {
            const Tally& one = concentrators_[i]->tally();
            for (std::size_t frame = 0; frame < one.in_time; ++frame)
                all.readings_in_time += load_.slots_of(load_.item(i, sent_[i] + frame).round);
            all.confirmed.push_back(sent_[i] + one.confirmed);
            sent_[i] += one.sent;
            all.confirmed_in_time += one.in_time;
            all.unconfirmed += one.sent - one.confirmed;
            all.connections += one.connections;
            all.failed_connections += one.failed;
            all.lost_connections += one.lost;
            ended = std::max(ended, one.ended);
            waits.insert(waits.end(), one.waits_ms.begin(), one.waits_ms.end());
        }
        all.seconds = std::chrono::duration<double>(ended - began).count();
        all.cpu_seconds = cpu;
        all.answer_p50_ms = percentile(waits, 0.5);
        all.answer_p99_ms = percentile(waits, 0.99);
        return all;
    }

    const BenchTarget& target_;
    BenchLoad load_;
    asio::io_context context_{1};
    asio::ssl::context tls_;
    std::vector<std::unique_ptr<Concentrator>> concentrators_;
    std::vector<std::uint64_t> sent_; // by connection, since the beginning
};

} // namespace

int run_bench_honest(const BenchTarget& target)
{
    auto load = BenchLoad::make(target.load);
    if (!load) {
        std::cout << to_string(load.error()) << std::endl;
        return 2;
    }
    Honest honest{target, std::move(*load)};
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string what;
        std::size_t frames_each = 0;
        int seconds = 0;
        double frames_a_second = 0;
        if (words >> what; what == "prepare" && words >> frames_each) {
            honest.prepare(frames_each);
            std::cout << "prepared" << std::endl;
        } else if (what == "send" && words >> seconds >> frames_a_second) {
            say_report(honest.send(seconds, frames_a_second));
        }
    }
    return 0;
}

// ---------------------------------------------------------------------- the other side of its pipes

result<HonestMeters> HonestMeters::start(const BenchTarget& target, int seconds)
{
    RELEVE_TRY(process, start_process({"honest"}, target));
    RELEVE_CHECK(process.expect("ready", preparing_at_most));
    return HonestMeters{std::move(process), seconds};
}

result<void> HonestMeters::prepare(std::size_t frames_each)
{
    RELEVE_CHECK(process_.tell("prepare " + std::to_string(frames_each)));
    return process_.expect("prepared", preparing_at_most);
}

result<HonestReport> HonestMeters::send(double frames_a_second)
{
    RELEVE_CHECK(process_.tell("send " + std::to_string(seconds_) + " " + std::to_string(frames_a_second)));
    return hear_report<HonestReport>(process_, std::chrono::seconds{seconds_} + last_answers_at_most + reply_at_most);
}

} // namespace releve::app
