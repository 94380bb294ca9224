#include "bench_link.hpp"

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
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <iostream>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::uint64_t unanswered_max = 192; // of a connection: what waits in socket buffers is not measured
constexpr auto last_answers_at_most = std::chrono::seconds{30};

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

    asio::awaitable<void> count_answers()
    {
        Bytes buffer(64 * 1024);
        AnswerCounter answers;
        while (!(done_sending_ && confirmed_ >= sent_)) {
            error_code failed;
            const std::size_t count =
                co_await stream_.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
            if (failed)
                break;
            last_answer_ = std::chrono::steady_clock::now();
            for (std::size_t i = answers.take(ByteView{buffer}.first(count)); i > 0; --i)
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
            waits_ms_.push_back(
                std::chrono::duration<float, std::milli>(std::chrono::steady_clock::now() - pending_.front().second).count());
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
    std::deque<std::pair<std::uint64_t, SteadyTime>> pending_; // the count with which a write is answered, and when it began
    std::vector<float> waits_ms_;
    std::uint64_t sent_ = 0, confirmed_ = 0, bytes_ = 0;
    bool done_sending_ = false;
    SteadyTime last_answer_{};
};

void report(const std::vector<std::unique_ptr<Link>>& links, SteadyTime began, double cpu)
{
    nlohmann::json out;
    std::uint64_t unconfirmed = 0, bytes = 0;
    SteadyTime last = began;
    std::vector<float> waits;
    for (const auto& link : links) {
        out["frames"].push_back(link->confirmed());
        unconfirmed += link->sent() - link->confirmed();
        bytes += link->bytes();
        last = std::max(last, link->last_answer());
        waits.insert(waits.end(), link->waits_ms().begin(), link->waits_ms().end());
    }
    out["unconfirmed"] = unconfirmed;
    out["bytes"] = bytes;
    out["seconds"] = std::chrono::duration<double>(last - began).count();
    out["cpu_seconds"] = cpu;
    out["answer_p50_ms"] = percentile(waits, 0.5);
    out["answer_p99_ms"] = percentile(waits, 0.99);
    std::cout << out.dump() << std::endl;
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
    const auto all_of = [&](std::uint32_t connection) { return load->frames_of(connection, 0, load->items_of(connection)); };
    for (BenchLoad::Frames& frames : make_all(target.load.connections, all_of))
        links.push_back(std::make_unique<Link>(context, tls, std::move(frames)));
    const auto fail_loudly = [](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    };
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
        asio::co_spawn(context, link->count_answers(), fail_loudly);
    }
    context.run();
    report(links, began, own_cpu_seconds() - cpu_before);
    return 0;
}

// ---------------------------------------------------------------------- the other side of its pipes

result<BenchSender> BenchSender::start(const BenchTarget& target, int seconds)
{
    std::vector<std::string> words{"send", "--seconds", std::to_string(seconds)};
    std::ranges::move(words_of(target), std::back_inserter(words));
    RELEVE_TRY(process, BenchProcess::start(words));
    return BenchSender{std::move(process)};
}

result<void> BenchSender::wait_prepared()
{
    return process_.expect("prepared");
}

result<BenchSent> BenchSender::run()
{
    RELEVE_CHECK(process_.tell("go"));
    RELEVE_TRY(line, process_.hear());
    const auto in = nlohmann::json::parse(line, nullptr, false);
    if (in.is_discarded())
        return fail(errc::unavailable, "the sender: " + line);
    BenchSent sent;
    sent.frames = in.at("frames").get<std::vector<std::uint64_t>>();
    sent.unconfirmed = in.at("unconfirmed");
    sent.seconds = in.at("seconds");
    sent.cpu_seconds = in.at("cpu_seconds");
    sent.answer_p50_ms = in.at("answer_p50_ms");
    sent.answer_p99_ms = in.at("answer_p99_ms");
    sent.bytes = in.at("bytes");
    return sent;
}

} // namespace releve::app
