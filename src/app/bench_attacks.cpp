#include "bench_attacks.hpp"
#include "bench_gang.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

#include <netinet/in.h>
#include <unistd.h>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using namespace std::chrono_literals;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr auto between_slow_bytes = 100ms;
constexpr auto before_another_try = 20ms;
constexpr auto under_way_after = 300ms;

asio::awaitable<void> pause(Gang& gang, std::chrono::milliseconds time)
{
    asio::steady_timer timer{gang.context, time};
    co_await timer.async_wait(no_throw);
}

/// One connection from the attacker's own address. It is cut at the end, so that no port stays taken.
class Line {
public:
    Line(Gang& gang, std::uint32_t number, bool deaf = false)
        : gang_(gang), number_(number), deaf_(deaf), stream_(gang.context, gang.tls)
    {}
    ~Line()
    {
        error_code ignored;
        stream_.next_layer().set_option(asio::socket_base::linger{true, 0}, ignored);
        stream_.next_layer().close(ignored);
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    [[nodiscard]] tcp::socket& socket() { return stream_.next_layer(); }

    asio::awaitable<bool> connect()
    {
        using BindWithoutPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
        error_code error;
        const asio::ip::address_v4 own{0x7f00'0002 + number_ % gang_.addresses};
        socket().open(tcp::v4(), error);
        socket().set_option(BindWithoutPort{true}, error); // else ports run out long before connections do
        if (deaf_)
            socket().set_option(asio::socket_base::receive_buffer_size{4'096}, error);
        socket().bind({own, 0}, error);
        if (!error) {
            const auto [refused] = co_await socket().async_connect({asio::ip::address_v4::loopback(), gang_.port}, no_throw);
            error = refused;
        }
        if (error) {
            co_await pause(gang_, before_another_try);
            co_return false;
        }
        ++gang_.connections;
        socket().set_option(tcp::no_delay{true}, error);
        co_return true;
    }

    asio::awaitable<bool> connect_securely()
    {
        if (!co_await connect())
            co_return false;
        const auto [failed] = co_await stream_.async_handshake(asio::ssl::stream_base::client, no_throw);
        co_return !failed;
    }

    asio::awaitable<bool> write(const Bytes& bytes)
    {
        const auto [failed, count] = co_await asio::async_write(stream_, asio::buffer(bytes), no_throw);
        co_return !failed;
    }

    asio::awaitable<bool> write_unprotected(const Bytes& bytes)
    {
        const auto [failed, count] = co_await asio::async_write(socket(), asio::buffer(bytes), no_throw);
        co_return !failed;
    }

    /// Until the other side has had enough.
    asio::awaitable<void> listen()
    {
        Bytes buffer(16 * 1024);
        for (;;)
            if (const auto [ended, count] = co_await stream_.async_read_some(asio::buffer(buffer), no_throw); ended)
                co_return;
    }

    asio::awaitable<void> listen_unprotected()
    {
        Bytes buffer(1'024);
        for (;;)
            if (const auto [ended, count] = co_await socket().async_read_some(asio::buffer(buffer), no_throw); ended)
                co_return;
    }

private:
    Gang& gang_;
    std::uint32_t number_;
    bool deaf_; // takes as little as the system allows
    asio::ssl::stream<tcp::socket> stream_;
};

// ---------------------------------------------------------------------- connections

/// A ClientHello that never ends, a byte now and then. An attempt is a connection.
asio::awaitable<void> shake_hands_slowly(Gang& gang, std::uint32_t number)
{
    const auto hello = from_hex("160301020001 0001fc0303").value();
    for (;;) {
        Line line{gang, number};
        if (!co_await line.connect())
            continue;
        ++gang.attempts;
        for (std::size_t i = 0;; ++i) {
            Bytes next(1, i < hello.size() ? hello[i] : static_cast<std::byte>(gang.random()));
            if (!co_await line.write_unprotected(next))
                break;
            co_await pause(gang, between_slow_bytes);
        }
    }
}

/// A handshake by every other one, and then silence. An attempt is a connection.
asio::awaitable<void> say_nothing(Gang& gang, std::uint32_t number)
{
    for (;;) {
        Line line{gang, number};
        if (number % 2 == 0) {
            if (!co_await line.connect_securely())
                continue;
            ++gang.attempts;
            co_await line.listen();
        } else {
            if (!co_await line.connect())
                continue;
            ++gang.attempts;
            co_await line.listen_unprotected();
        }
    }
}

/// A message of 200 bytes, a byte now and then. An attempt is a message begun.
asio::awaitable<void> send_slowly(Gang& gang, std::uint32_t number)
{
    for (;;) {
        Line line{gang, number};
        if (!co_await line.connect_securely())
            continue;
        ++gang.attempts;
        Bytes message = from_hex("00010001000100c8").value();
        message.resize(message.size() + 200, std::byte{0xdb});
        for (const std::byte next : message) {
            if (!co_await line.write(Bytes(1, next)))
                break;
            co_await pause(gang, between_slow_bytes);
        }
    }
}

/// As many connections as it gets, each kept. An attempt is a connection, refused or not.
asio::awaitable<void> hold_connections(Gang& gang, std::uint32_t number)
{
    for (;;) {
        Line line{gang, number};
        if (!co_await line.connect())
            continue;
        ++gang.attempts;
        co_await line.listen_unprotected();
    }
}

/// One whole handshake after the other. An attempt is a handshake.
asio::awaitable<void> shake_hands_endlessly(Gang& gang, std::uint32_t number)
{
    for (;;) {
        Line line{gang, number};
        if (co_await line.connect_securely())
            ++gang.attempts;
    }
}

/// Random bytes where a handshake is expected. An attempt is a connection.
asio::awaitable<void> send_no_handshake(Gang& gang, std::uint32_t number)
{
    Bytes noise(4'096);
    gang.fill_randomly(noise, 0, noise.size());
    noise[0] = std::byte{0x47};
    for (;;) {
        Line line{gang, number};
        if (!co_await line.connect())
            continue;
        ++gang.attempts;
        if (co_await line.write_unprotected(noise))
            co_await line.listen_unprotected();
    }
}

// ---------------------------------------------------------------------- messages

/// Writes portions without end. An attempt is a message.
asio::awaitable<void> write_without_end(Gang& gang, Line& line, Portion* next, std::uint64_t turn)
{
    Bytes bytes;
    for (;;) {
        const std::size_t messages = next(gang, turn++, bytes);
        if (!co_await line.write(bytes))
            co_return;
        gang.attempts += messages;
    }
}

template <Portion* next>
asio::awaitable<void> flood(Gang& gang, std::uint32_t number)
{
    using namespace asio::experimental::awaitable_operators;
    for (;;) {
        Line line{gang, number};
        if (co_await line.connect_securely())
            co_await (write_without_end(gang, line, next, number) || line.listen());
    }
}

/// The same, but what comes back is never taken.
template <Portion* next>
asio::awaitable<void> flood_deaf(Gang& gang, std::uint32_t number)
{
    for (;;) {
        Line line{gang, number, true};
        if (co_await line.connect_securely())
            co_await write_without_end(gang, line, next, number);
    }
}

// ---------------------------------------------------------------------- the table

using Run = asio::awaitable<void> (*)(Gang&, std::uint32_t number);

struct Attack {
    AttackRow row;
    Run run;
};

const std::vector<Attack>& attacks()
{
    static const std::vector<Attack> all{
        {{"slow_handshakes", "TLS handshakes, a byte now and then", 4, 0, {"releve_tls_handshake_failures_total{reason=timeout}"}},
         shake_hands_slowly},
        {{"slow_bytes", "messages, a byte now and then", 4, 0, {"releve_timeouts_total{deadline=message}"}}, send_slowly},
        {{"half_open", "connections that say nothing, before the handshake or after it", 4, 0,
          {"releve_tls_handshake_failures_total{reason=timeout}", "releve_timeouts_total{deadline=idle}"}},
         say_nothing},
        {{"one_address", "more connections than one address may have", 1, 1'200, {"releve_connections_refused_total{limit=address}"}},
         hold_connections},
        {{"handshakes", "whole handshakes of one address, one after the other", 1, 0, {"releve_tls_handshakes_total"}},
         shake_hands_endlessly},
        {{"no_tls", "noise where a handshake is expected", 4, 0, {"releve_tls_handshake_failures_total{reason=not_tls}"}},
         send_no_handshake},
        {{"garbage", "noise in a proper wrapper", 4, 0, {"releve_frames_total{state=malformed}"}}, flood<garbage>},
        {{"lengths", "lengths that lie", 4, 0, {"releve_frames_total{state=malformed}"}}, flood<lies>},
        {{"wide", "unprotected messages of 32,000 elements", 4, 0, {"releve_frames_total{state=unknown_meter}"}}, flood<wide>},
        {{"strangers", "each message from another unknown meter", 4, 0,
          {"releve_frames_total{state=unknown_meter}", "releve_quarantine_not_kept_total"}},
         flood<strangers>},
        {{"replays", "captured messages, and other ones of a cloned meter under the same counters", 4, 0,
          {"releve_frames_total{state=duplicate}", "releve_frames_total{state=replay}"}},
         flood<replays>},
        {{"deaf", "captured messages whose confirmations are never taken", 2, 4,
          {"releve_answer_pauses_total", "releve_timeouts_total{deadline=write}"}},
         flood_deaf<repetitions>},
        {{"tag_guesses", "altered readings with a guessed tag", 4, 0, {"releve_frames_total{state=bad_tag}"}}, flood<tag_guesses>},
    };
    return all;
}

} // namespace

std::span<const AttackRow> attack_rows()
{
    static const std::vector<AttackRow> rows = [] {
        std::vector<AttackRow> made;
        for (const Attack& attack : attacks())
            made.push_back(attack.row);
        return made;
    }();
    return rows;
}

int run_bench_attack(const BenchTarget& target, std::string_view name, std::uint32_t connections, std::size_t captured)
{
    const auto attack = std::ranges::find(attacks(), name, [](const Attack& a) { return a.row.name; });
    if (attack == attacks().end())
        return 2;
    // It takes what the server and the honest meters leave of the processors, as if it came from another machine.
    static_cast<void>(::nice(10));
    asio::ssl::context tls = client_tls(target.certificate);
    asio::io_context context{1};
    Gang gang{.context = context, .tls = tls, .port = target.port, .addresses = attack->row.addresses};
    if (const auto done = capture_messages(gang, target, captured); !done) {
        std::cout << to_string(done.error()) << std::endl;
        return 2;
    }
    std::cout << "prepared" << std::endl;
    if (std::string begin; !std::getline(std::cin, begin))
        return 1;
    const auto began = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < (attack->row.connections > 0 ? attack->row.connections : connections); ++i)
        asio::co_spawn(context, attack->run(gang, i), [](const std::exception_ptr& thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
    asio::steady_timer under_way{context, under_way_after};
    under_way.async_wait([](const error_code&) { std::cout << "under way" << std::endl; });
    asio::posix::stream_descriptor told{context, ::dup(STDIN_FILENO)};
    std::string line;
    asio::async_read_until(told, asio::dynamic_buffer(line), '\n', [&](const error_code&, std::size_t) { context.stop(); });
    context.run();
    const nlohmann::json out{{"attempts", gang.attempts},
                             {"connections", gang.connections},
                             {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()},
                             {"cpu_seconds", own_cpu_seconds()}};
    std::cout << out.dump() << std::endl;
    std::_Exit(0); // thousands of coroutines in the middle of something: the kernel cuts their connections
}

// ---------------------------------------------------------------------- the other side of its pipes

result<Attackers> Attackers::start(const BenchTarget& target, std::string_view attack, std::uint32_t connections,
                                   std::size_t captured)
{
    std::vector<std::string> words{"attack",        "--attack",   std::string{attack},     "--attackers",
                                   std::to_string(connections), "--captured", std::to_string(captured)};
    std::ranges::move(words_of(target), std::back_inserter(words));
    RELEVE_TRY(process, BenchProcess::start(words));
    RELEVE_CHECK(process.expect("prepared"));
    return Attackers{std::move(process)};
}

result<void> Attackers::begin()
{
    RELEVE_CHECK(process_.tell("begin"));
    return process_.expect("under way");
}

result<AttackReport> Attackers::end()
{
    RELEVE_CHECK(process_.tell("end"));
    RELEVE_TRY(line, process_.hear());
    const auto in = nlohmann::json::parse(line, nullptr, false);
    if (in.is_discarded())
        return fail(errc::unavailable, "the attackers: " + line);
    AttackReport report;
    report.attempts = in.at("attempts");
    report.connections = in.at("connections");
    report.seconds = in.at("seconds");
    report.cpu_seconds = in.at("cpu_seconds");
    return report;
}

} // namespace releve::app
