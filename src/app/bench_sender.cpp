#include <releve/app/bench.hpp>

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
#include <csignal>
#include <cstdio>
#include <deque>
#include <iostream>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t chunk_bytes = 16 * 1024; // what a concentrator writes at a time: one TLS record
constexpr std::size_t header_bytes = 8;        // of the wrapper
constexpr std::uint64_t unanswered_max = 192; // of a connection: what waits in socket buffers is not measured
constexpr auto last_answers_at_most = std::chrono::seconds{30};

double cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

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
            std::size_t size = 0, count = 0;
            while (next + count < frames_.lengths.size() && (count == 0 || size + frames_.lengths[next + count] <= chunk_bytes))
                size += frames_.lengths[next + count++];
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
        std::size_t skip = 0; // bytes of the answer under way
        Bytes header;
        while (!(done_sending_ && confirmed_ >= sent_)) {
            error_code failed;
            const std::size_t count =
                co_await stream_.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
            if (failed)
                break;
            take(ByteView{buffer}.first(count), header, skip);
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
    void take(ByteView bytes, Bytes& header, std::size_t& skip)
    {
        std::size_t at = 0;
        while (at < bytes.size()) {
            if (skip > 0) {
                const std::size_t part = std::min(skip, bytes.size() - at);
                skip -= part;
                at += part;
                if (skip == 0)
                    note_answer();
                continue;
            }
            const std::size_t part = std::min(header_bytes - header.size(), bytes.size() - at);
            header.insert(header.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          bytes.begin() + static_cast<std::ptrdiff_t>(at + part));
            at += part;
            if (header.size() == header_bytes) {
                skip = Reader{ByteView{header}.subspan(6)}.u16_be();
                header.clear();
            }
        }
        last_answer_ = std::chrono::steady_clock::now();
    }

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

std::vector<BenchLoad::Frames> make_frames(const BenchLoad& load)
{
    const std::uint32_t connections = load.options().connections;
    std::vector<BenchLoad::Frames> frames(connections);
    std::atomic<std::uint32_t> next{0};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
        threads.emplace_back([&] {
            for (std::uint32_t connection = next++; connection < connections; connection = next++)
                frames[connection] = load.frames_of(connection);
        });
    threads.clear();
    return frames;
}

double percentile(std::vector<float>& sorted, double share)
{
    if (sorted.empty())
        return 0;
    return static_cast<double>(sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))]);
}

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
    std::sort(waits.begin(), waits.end());
    out["unconfirmed"] = unconfirmed;
    out["bytes"] = bytes;
    out["seconds"] = std::chrono::duration<double>(last - began).count();
    out["cpu_seconds"] = cpu;
    out["answer_p50_ms"] = percentile(waits, 0.5);
    out["answer_p99_ms"] = percentile(waits, 0.99);
    std::cout << out.dump() << std::endl;
}

} // namespace

int run_bench_send(const BenchLoad::Options& options, std::uint16_t port, const std::filesystem::path& certificate, int seconds)
{
    auto load = BenchLoad::make(options);
    if (!load) {
        std::cout << to_string(load.error()) << std::endl;
        return 2;
    }
    load->make_templates();
    asio::io_context context{1};
    asio::ssl::context tls{asio::ssl::context::tls_client};
    tls.load_verify_file(certificate.string());
    tls.set_verify_mode(asio::ssl::verify_peer);
    std::vector<std::unique_ptr<Link>> links;
    for (BenchLoad::Frames& frames : make_frames(*load))
        links.push_back(std::make_unique<Link>(context, tls, std::move(frames)));
    const auto fail_loudly = [](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    };
    for (const auto& link : links)
        asio::co_spawn(context, link->connect(port), fail_loudly);
    context.run();
    std::cout << "prepared" << std::endl;
    if (std::string go; !std::getline(std::cin, go))
        return 1;

    context.restart();
    const SteadyTime began = std::chrono::steady_clock::now();
    const double cpu_before = cpu_seconds();
    for (const auto& link : links) {
        asio::co_spawn(context, link->send(began + std::chrono::seconds{seconds}), fail_loudly);
        asio::co_spawn(context, link->count_answers(), fail_loudly);
    }
    context.run();
    report(links, began, cpu_seconds() - cpu_before);
    return 0;
}

// ---------------------------------------------------------------------- the other side of its pipes

namespace {

constexpr std::string_view kind_names[] = {"day", "day_and_indexes", "half_hour"};

}

result<BenchSender> BenchSender::start(const BenchLoad::Options& load, std::uint16_t port,
                                       const std::filesystem::path& certificate, int seconds)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
        return fail(errc::unavailable, "no pipe for the sender");
    std::vector<std::string> words{"releve", "bench", "send",
                                   "--kind", std::string{kind_names[static_cast<std::size_t>(load.kind)]},
                                   "--seed", std::to_string(load.seed),
                                   "--meters", std::to_string(load.meters),
                                   "--connections", std::to_string(load.connections),
                                   "--rounds", std::to_string(load.rounds),
                                   "--port", std::to_string(port),
                                   "--certificate", certificate.string(),
                                   "--seconds", std::to_string(seconds)};
    if (!load.demo_data.empty()) {
        words.emplace_back("--demo-data");
        words.push_back(load.demo_data.string());
    }
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    pid_t process = -1;
    const int failed = ::posix_spawn(&process, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    BenchSender sender;
    sender.process_ = failed == 0 ? process : -1;
    sender.to_ = to[1];
    sender.from_ = from[0];
    if (failed != 0)
        return fail(errc::unavailable, "the sender could not be started");
    return sender;
}

BenchSender::BenchSender(BenchSender&& other) noexcept
    : process_(std::exchange(other.process_, -1)), to_(std::exchange(other.to_, -1)), from_(std::exchange(other.from_, -1))
{}

BenchSender::~BenchSender()
{
    for (const int end : {to_, from_})
        if (end >= 0)
            ::close(end);
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
}

result<std::string> BenchSender::read_line()
{
    std::string line;
    char c = 0;
    while (::read(from_, &c, 1) == 1) {
        if (c == '\n')
            return line;
        line += c;
    }
    return fail(errc::unavailable, "the sender ended: " + line);
}

result<void> BenchSender::wait_prepared()
{
    RELEVE_TRY(line, read_line());
    if (line != "prepared")
        return fail(errc::unavailable, "the sender: " + line);
    return {};
}

result<BenchSent> BenchSender::run()
{
    if (::write(to_, "go\n", 3) != 3)
        return fail(errc::unavailable, "the sender does not listen");
    RELEVE_TRY(line, read_line());
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
