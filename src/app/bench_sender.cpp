#include "bench_json.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <deque>
#include <iostream>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

/// One concentrator: writes its frames, as fast as they are taken, and counts what comes back.
class Link {
public:
    Link(asio::io_context& context, asio::ssl::context& tls, BenchLoad::Frames frames)
        : frames_(std::move(frames)), stream_(context, tls), timer_(context)
    {}

    asio::awaitable<void> connect(std::uint16_t port)
    {
        co_await stream_.next_layer().async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
        stream_.next_layer().set_option(tcp::no_delay(true));
        co_await stream_.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    }

    asio::awaitable<void> send(SteadyTime until)
    {
        std::size_t at = 0, next = 0;
        while (next < frames_.lengths.size() && std::chrono::steady_clock::now() < until) {
            if (sent_ - confirmed_ >= unanswered_max) {
                error_code woken;
                timer_.expires_at(until);
                co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
                continue;
            }
            const auto [count, size] = next_write(frames_, next, frames_.lengths.size());
            sent_ += count;
            pending_.emplace_back(sent_, std::chrono::steady_clock::now());
            error_code failed;
            co_await asio::async_write(stream_, asio::buffer(frames_.bytes.data() + at, size),
                                       asio::redirect_error(asio::use_awaitable, failed));
            if (failed)
                break;
            at += size;
            next += count;
            bytes_ += size;
        }
        done_sending_ = true;
        if (confirmed_ >= sent_)
            close();
        timer_.expires_after(last_answers_at_most);
        error_code cancelled;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        close();
    }

    asio::awaitable<void> read_answers()
    {
        Bytes buffer(64 * 1024);
        dlms::WrapperDeframer answers{limits::apdu_bytes_max};
        while (!(done_sending_ && confirmed_ >= sent_)) {
            error_code failed;
            const std::size_t count = co_await stream_.async_read_some(
                asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
            if (failed)
                break;
            const auto ended = count_answers(answers, ByteView{buffer}.first(count));
            if (!ended)
                break;
            last_answer_ = std::chrono::steady_clock::now();
            for (std::size_t i = *ended; i > 0; --i)
                note_answer();
            if (!done_sending_ && sent_ - confirmed_ < unanswered_max)
                timer_.cancel();
        }
        timer_.cancel();
        close();
    }

    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t confirmed() const { return confirmed_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] SteadyTime last_answer() const { return last_answer_; }
    [[nodiscard]] const std::vector<float>& waits_ms() const { return waits_ms_; }

private:
    void note_answer()
    {
        ++confirmed_;
        while (!pending_.empty() && pending_.front().first <= confirmed_) {
            const std::chrono::duration<float, std::milli> waited =
                std::chrono::steady_clock::now() - pending_.front().second;
            waits_ms_.push_back(waited.count());
            pending_.pop_front();
        }
    }

    void close()
    {
        error_code ignored;
        stream_.next_layer().close(ignored);
        timer_.cancel();
    }

    BenchLoad::Frames frames_;
    asio::ssl::stream<tcp::socket> stream_;
    asio::steady_timer timer_;
    // The count with which a write is answered, and when it began.
    std::deque<std::pair<std::uint64_t, SteadyTime>> pending_;
    std::vector<float> waits_ms_;
    std::uint64_t sent_ = 0, confirmed_ = 0, bytes_ = 0;
    bool done_sending_ = false;
    SteadyTime last_answer_{};
};

void report(const std::vector<std::unique_ptr<Link>>& links, SteadyTime began, double cpu)
{
    BenchSent all;
    SteadyTime last = began;
    std::vector<float> waits;
    for (const auto& link : links) {
        all.frames.push_back(link->confirmed());
        all.unconfirmed += link->sent() - link->confirmed();
        all.bytes += link->bytes();
        last = std::max(last, link->last_answer());
        waits.insert(waits.end(), link->waits_ms().begin(), link->waits_ms().end());
    }
    all.seconds = std::chrono::duration<double>(last - began).count();
    all.cpu_seconds = cpu;
    all.answer_p50_ms = percentile(waits, 0.5);
    all.answer_p99_ms = percentile(waits, 0.99);
    say_report(all);
}

} // namespace

int run_bench_send(const BenchTarget& target, int seconds)
{
    auto load = BenchLoad::make(target.load);
    if (!load) {
        std::cout << to_string(load.error()) << std::endl;
        return 2;
    }
    load->make_templates(target.load.rounds);
    asio::io_context context{1};
    asio::ssl::context tls = client_tls(target.certificate);
    std::vector<std::unique_ptr<Link>> links;
    const auto all_of = [&](std::uint32_t connection) {
        return load->frames_of(connection, 0, load->items_of(connection));
    };
    for (BenchLoad::Frames& frames : make_all(target.load.connections, all_of))
        links.push_back(std::make_unique<Link>(context, tls, std::move(frames)));
    for (const auto& link : links)
        asio::co_spawn(context, link->connect(target.port), fail_loudly);
    context.run();
    std::cout << "prepared" << std::endl;
    if (std::string go; !std::getline(std::cin, go))
        return 1;

    context.restart();
    const SteadyTime began = std::chrono::steady_clock::now();
    const double cpu_before = own_cpu_seconds();
    for (const auto& link : links) {
        asio::co_spawn(context, link->send(began + std::chrono::seconds{seconds}), fail_loudly);
        asio::co_spawn(context, link->read_answers(), fail_loudly);
    }
    context.run();
    report(links, began, own_cpu_seconds() - cpu_before);
    return 0;
}

// ---------------------------------------------------------------------- the other side of its pipes

result<BenchSender> BenchSender::start(const BenchTarget& target, int seconds)
{
    RELEVE_TRY(process, start_process({"send", "--seconds", std::to_string(seconds)}, target));
    return BenchSender{std::move(process), seconds};
}

result<void> BenchSender::wait_prepared()
{
    return process_.expect("prepared", preparing_at_most);
}

result<BenchSent> BenchSender::run()
{
    RELEVE_CHECK(process_.tell("go"));
    return hear_report<BenchSent>(process_, std::chrono::seconds{seconds_} + last_answers_at_most + reply_at_most);
}

} // namespace releve::app
