#pragma once
// What an uplink server stands between: certificates of an authority made for the occasion, a sink that decides as told, a
// ledger in memory, and a gateway that says whatever octets it is given.

#include <releve/net/uplink_server.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ssl.hpp>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace releve::app::test {

/// Files of a certificate authority and of those it vouches for, in a folder of their own that is removed with it.
class Authority {
public:
    Authority();
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;

    struct Files {
        std::filesystem::path certificate, private_key;
    };
    [[nodiscard]] std::filesystem::path ca() const { return folder_ / "ca.pem"; }
    /// A certificate with these CNs in its subject, good for 127.0.0.1.
    [[nodiscard]] Files issue(const std::vector<std::string>& common_names);
    [[nodiscard]] net::TlsContext server_context();

private:
    struct Keys;
    std::filesystem::path folder_;
    std::unique_ptr<Keys> keys_;
    int issued_ = 0;
};

/// Keeps frames until `decide`d, or decides each at once.
class FakeSink : public net::FrameSink {
public:
    bool try_submit(net::InboundFrame& frame) override;
    void when_space(std::function<void()> wake) override;

    void set_room(std::size_t frames);
    void decide_at_once(std::function<net::Reply(const net::InboundFrame&)> decide);
    /// Decides what is kept and frees its room: the first `count`.
    void decide(std::size_t count);
    /// Lets go of all that is kept without a word.
    void forget();
    void wait_for_frames(std::size_t seen);
    void wait_for_refusals(std::size_t refusals);
    struct Seen {
        net::FrameKind kind;
        std::string hex, peer, gateway;
        Instant received_at;
        std::int16_t signal_dbm;
        std::uint32_t index;
        std::uint16_t source_wport, destination_wport;
        std::optional<Error> refused_for;
    };
    [[nodiscard]] std::vector<Seen> seen() const;

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Seen> seen_;
    std::vector<net::InboundFrame> kept_;
    std::vector<std::function<void()>> waiting_;
    std::size_t room_ = 1'000'000, refusals_ = 0;
    std::function<net::Reply(const net::InboundFrame&)> decide_;
};

class FakeLedger : public net::UplinkLedger {
public:
    void look_up(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest,
                 std::function<void(Looked)> done) override;
    void acknowledge(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest, Bytes ack,
                     std::function<void(bool)> done) override;
    void state_of(const std::string& gateway, std::function<void(State)> done) override;

    std::set<std::string> known{"gw-1"};
    std::set<std::uint64_t> held;    // sequences whose acknowledgement is not committed before `release`
    std::set<std::uint64_t> failing; // are not committed at all
    std::uint64_t floor = 0;         // up to here nothing is known any more
    std::size_t unavailable = 0;     // look-ups that fail, to begin with
    bool reachable = true;           // state_of
    void release(std::uint64_t sequence);
    void wait_for_held(std::uint64_t sequence);
    [[nodiscard]] std::size_t kept() const;

private:
    struct Row {
        std::uint64_t digest;
        Bytes ack;
    };
    void commit(const std::string& gateway, std::uint64_t sequence, Row row);
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::pair<std::string, std::uint64_t>, Row> rows_;
    std::map<std::uint64_t, std::function<void()>> waiting_;
};

/// A server on two threads.
class RunningUplink {
public:
    RunningUplink(Authority& authority, FakeSink& sink, FakeLedger& ledger, net::UplinkLimits limits = {});
    ~RunningUplink();
    net::UplinkServer& operator*() { return *server_; }
    net::UplinkServer* operator->() { return server_.get(); }
    [[nodiscard]] const net::UplinkCounters& counters() const { return counters_; }
    static constexpr Instant now{std::chrono::seconds{1'769'839'200}}; // 2026-01-31T06:00:00Z

private:
    boost::asio::io_context contexts_[2];
    std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
    net::UplinkCounters counters_;
    std::unique_ptr<net::UplinkServer> server_;
    std::vector<std::thread> threads_;
};

/// A gateway that waits for each answer. Its handshake is made by the first use: `connected` says whether it was.
class Gateway {
public:
    Gateway(std::uint16_t port, Authority& authority, const std::vector<std::string>& common_names);
    /// With these files, or none.
    Gateway(std::uint16_t port, const Authority::Files& files);

    void send(ByteView bytes);
    void send(const net::UplinkMessage& message) { send(net::with_length(net::encode_message(message))); }
    /// The next answer; nothing at the end of the connection.
    [[nodiscard]] std::optional<net::UplinkAnswer> answer();
    [[nodiscard]] net::UplinkWelcome greet(const std::string& as = "gw-1");
    /// What it says in text form up to the end of a body of Content-Length.
    [[nodiscard]] std::string text_answer();
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool ended();

private:
    void open(std::uint16_t port);
    boost::asio::io_context context_;
    boost::asio::ssl::context tls_;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_{context_, tls_};
    std::string text_;
    bool connected_ = false;
};

/// Until it holds; the test's own time limit is the only one.
template <class Condition>
void wait_until(Condition condition)
{
    while (!condition())
        std::this_thread::yield();
}

} // namespace releve::app::test
