#include "bench_gang.hpp"
#include "bench_json.hpp"

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

#include <algorithm>
#include <cerrno>
#include <cstring>
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
    Line(Gang& gang, std::uint32_t number) : gang_(gang), number_(number), stream_(gang.context, gang.tls) {}
    ~Line()
    {
        error_code ignored;
        plain().set_option(asio::socket_base::linger{true, 0}, ignored);
        plain().close(ignored);
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    [[nodiscard]] Gang& gang() { return gang_; }
    /// Of the attacker, from 0.
    [[nodiscard]] std::uint32_t number() const { return number_; }
    [[nodiscard]] tcp::socket& plain() { return stream_.next_layer(); }
    [[nodiscard]] asio::ssl::stream<tcp::socket>& secure() { return stream_; }

    /// `deaf`: takes as little as the system allows.
    asio::awaitable<bool> connect(bool deaf)
    {
        using BindWithoutPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
        error_code error;
        const asio::ip::address_v4 own{0x7f00'0002 + number_ % gang_.addresses};
        plain().open(tcp::v4(), error);
        plain().set_option(BindWithoutPort{true}, error); // else ports run out long before connections do
        if (deaf)
            plain().set_option(asio::socket_base::receive_buffer_size{4'096}, error);
        plain().bind({own, 0}, error);
        if (!error) {
            const tcp::endpoint server{asio::ip::address_v4::loopback(), gang_.port};
            const auto [refused] = co_await plain().async_connect(server, no_throw);
            error = refused;
        }
        if (error) {
            co_await pause(gang_, before_another_try);
            co_return false;
        }
        ++gang_.connections;
        plain().set_option(tcp::no_delay{true}, error);
        co_return true;
    }

    asio::awaitable<bool> shake_hands()
    {
        const auto [failed] = co_await stream_.async_handshake(asio::ssl::stream_base::client, no_throw);
        co_return !failed;
    }

private:
    Gang& gang_;
    std::uint32_t number_;
    asio::ssl::stream<tcp::socket> stream_;
};

template <class Stream>
asio::awaitable<bool> write(Stream& stream, const Bytes& bytes)
{
    const auto [failed, count] = co_await asio::async_write(stream, asio::buffer(bytes), no_throw);
    co_return !failed;
}

/// A byte now and then.
template <class Stream>
asio::awaitable<void> write_slowly(Gang& gang, Stream& stream, const Bytes& bytes)
{
    for (const std::byte next : bytes) {
        if (!co_await write(stream, Bytes(1, next)))
            co_return;
        co_await pause(gang, between_slow_bytes);
    }
}

/// Until the other side has had enough.
template <class Stream>
asio::awaitable<void> listen(Stream& stream)
{
    Bytes buffer(4'096);
    for (;;)
        if (const auto [ended, count] = co_await stream.async_read_some(asio::buffer(buffer), no_throw); ended)
            co_return;
}

// ---------------------------------------------------------------------- connections

/// What an attacker does on a connection until it is over; the next one follows at once.
using Talk = asio::awaitable<void>(Line& line);

/// A ClientHello that does not end while anyone waits for it. An attempt is a connection.
asio::awaitable<void> shake_hands_slowly(Line& line)
{
    ++line.gang().attempts;
    Bytes hello = from_hex("1603010200 01 0001fc 0303").value();
    const std::size_t begun = hello.size();
    hello.resize(5 + 0x200 - 1); // one byte less than its record promises
    line.gang().fill_randomly(std::span{hello}.subspan(begun));
    co_await write_slowly(line.gang(), line.plain(), hello);
}

/// A handshake by every other one, and then silence. An attempt is a connection.
asio::awaitable<void> say_nothing(Line& line)
{
    const bool secure = line.number() % 2 == 0;
    if (secure && !co_await line.shake_hands())
        co_return;
    ++line.gang().attempts;
    if (secure)
        co_await listen(line.secure());
    else
        co_await listen(line.plain());
}

/// A message of 200 bytes, a byte now and then. An attempt is a message begun.
asio::awaitable<void> send_slowly(Line& line)
{
    ++line.gang().attempts;
    Bytes message = from_hex("00010001000100c8").value();
    message.resize(message.size() + 200, std::byte{0xdb});
    co_await write_slowly(line.gang(), line.secure(), message);
}

/// As many connections as it gets, each kept. An attempt is a connection, refused or not.
asio::awaitable<void> hold_connection(Line& line)
{
    ++line.gang().attempts;
    co_await listen(line.plain());
}

/// One whole handshake after the other. An attempt is a handshake.
asio::awaitable<void> hang_up(Line& line)
{
    ++line.gang().attempts;
    co_return;
}

/// Random bytes where a handshake is expected. An attempt is a connection.
asio::awaitable<void> send_no_handshake(Line& line)
{
    ++line.gang().attempts;
    Bytes noise(4'096);
    line.gang().fill_randomly(noise);
    noise[0] = std::byte{0x47};
    if (co_await write(line.plain(), noise))
        co_await listen(line.plain());
}

// ---------------------------------------------------------------------- messages

/// Writes portions without end, and never takes what comes back. An attempt is a message.
template <Portion* next>
asio::awaitable<void> flood_deaf(Line& line)
{
    Bytes bytes;
    for (std::uint64_t turn = line.number();; ++turn) {
        const std::size_t messages = next(line.gang(), turn, bytes);
        if (!co_await write(line.secure(), bytes))
            co_return;
        line.gang().attempts += messages;
    }
}

/// The same, but listens.
template <Portion* next>
asio::awaitable<void> flood(Line& line)
{
    using namespace asio::experimental::awaitable_operators;
    co_await (flood_deaf<next>(line) || listen(line.secure()));
}

// ---------------------------------------------------------------------- the table

struct Attack {
    AttackRow row;
    bool handshake; // before the talk begins
    Talk* talk;
    bool deaf = false;
};

asio::awaitable<void> attack_again_and_again(Gang& gang, std::uint32_t number, const Attack& attack)
{
    for (;;) {
        Line line{gang, number};
        if (co_await line.connect(attack.deaf) && (!attack.handshake || co_await line.shake_hands()))
            co_await attack.talk(line);
    }
}

const std::vector<Attack>& attacks()
{
    static const std::vector<Attack> all{
        {{"slow_handshakes", "TLS handshakes, a byte now and then", 4, 0,
          {"releve_tls_handshake_failures_total{reason=timeout}"}},
         false, shake_hands_slowly},
        {{"slow_bytes", "messages, a byte now and then", 4, 0, {"releve_timeouts_total{deadline=message}"}},
         true, send_slowly},
        {{"half_open", "connections that say nothing, before the handshake or after it", 4, 0,
          {"releve_tls_handshake_failures_total{reason=timeout}", "releve_timeouts_total{deadline=idle}"}},
         false, say_nothing},
        {{"one_address", "more connections than one address may have", 1, 1'200,
          {"releve_connections_refused_total{limit=address}"}},
         false, hold_connection},
        {{"handshakes", "whole handshakes of one address, one after the other", 1, 0, {"releve_tls_handshakes_total"}},
         true, hang_up},
        {{"no_tls", "noise where a handshake is expected", 4, 0,
          {"releve_tls_handshake_failures_total{reason=not_tls}"}},
         false, send_no_handshake},
        {{"garbage", "noise in a proper wrapper", 4, 0, {"releve_frames_total{state=malformed}"}},
         true, flood<garbage>},
        {{"lengths", "lengths that lie", 4, 0, {"releve_frames_total{state=malformed}"}}, true, flood<lies>},
        {{"wide", "unprotected messages of 32,000 elements", 4, 0, {"releve_frames_total{state=unknown_meter}"}},
         true, flood<wide>},
        {{"strangers", "each message from another unknown meter", 4, 0,
          {"releve_frames_total{state=unknown_meter}", "releve_quarantine_not_kept_total"}},
         true, flood<strangers>},
        {{"replays", "captured messages, and other ones of a cloned meter under the same counters", 4, 0,
          {"releve_frames_total{state=duplicate}", "releve_frames_total{state=replay}"}},
         true, flood<replays>},
        {{"deaf", "captured messages whose confirmations are never taken", 2, 4,
          {"releve_answer_pauses_total", "releve_timeouts_total{deadline=write}"}},
         true, flood_deaf<repetitions>, true},
        {{"tag_guesses", "altered readings with a guessed tag", 4, 0, {"releve_frames_total{state=bad_tag}"}},
         true, flood<tag_guesses>},
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
    if (errno = 0; ::nice(10) == -1 && errno != 0)
        std::cerr << "bench: the attack runs at full priority: " << std::strerror(errno) << std::endl;
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
    for (std::uint32_t i = 0; i < connections; ++i)
        asio::co_spawn(context, attack_again_and_again(gang, i, *attack), fail_loudly);
    asio::steady_timer under_way{context, under_way_after};
    under_way.async_wait([](const error_code&) { std::cout << "under way" << std::endl; });
    asio::posix::stream_descriptor told{context, ::dup(STDIN_FILENO)};
    std::string line;
    asio::async_read_until(told, asio::dynamic_buffer(line), '\n',
                           [&](const error_code&, std::size_t) { context.stop(); });
    context.run();
    const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - began;
    say_report(AttackReport{.attempts = gang.attempts,
                            .connections = gang.connections,
                            .seconds = lasted.count(),
                            .cpu_seconds = own_cpu_seconds()});
    std::_Exit(0); // thousands of coroutines in the middle of something: the kernel cuts their connections
}

// ---------------------------------------------------------------------- the other side of its pipes

result<Attackers> Attackers::start(const BenchTarget& target, std::string_view attack, std::uint32_t connections,
                                   std::size_t captured)
{
    RELEVE_TRY(process, start_process({"attack", "--attack", std::string{attack}, "--attackers",
                                       std::to_string(connections), "--captured", std::to_string(captured)},
                                      target));
    RELEVE_CHECK(process.expect("prepared", preparing_at_most));
    return Attackers{std::move(process)};
}

result<void> Attackers::begin()
{
    RELEVE_CHECK(process_.tell("begin"));
    return process_.expect("under way", reply_at_most);
}

result<AttackReport> Attackers::end()
{
    RELEVE_CHECK(process_.tell("end"));
    return hear_report<AttackReport>(process_, reply_at_most);
}

} // namespace releve::app
