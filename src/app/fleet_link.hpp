#pragma once
// One connection of the fleet and the meters behind it: a coroutine that connects, sends and reads until all
// is said.

#include "fleet_lane.hpp"

#include <releve/codec/dlms/wrapper.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>

namespace releve::app {

/// errc::bad_config naming the file.
[[nodiscard]] result<void> set_up_client_tls(boost::asio::ssl::context& context, const ClientTls& tls);

class FleetLink {
public:
    FleetLink(boost::asio::io_context& context, boost::asio::ssl::context& tls, const ClientOptions& options,
              FleetReport& report);

    void add(Lane& lane) { idle_.push_back(&lane); }
    /// Ends when every message of its meters was confirmed or given up.
    boost::asio::awaitable<void> run();

private:
    using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;
    using TimePoint = Lane::TimePoint;
    /// A message not waited for, whose confirmation is noticed all the same.
    struct Watched {
        const sim::Meter* meter;
        sim::Delivery delivery;
    };

    boost::asio::awaitable<boost::system::error_code> connect();
    boost::asio::awaitable<void> send_messages();
    boost::asio::awaitable<void> read_answers();
    boost::asio::awaitable<void> end_line();
    boost::asio::awaitable<boost::system::error_code> write(Bytes bytes);

    /// Messages that may go now; true when the last one was cut and the connection must end.
    bool take_batch(Writer& batch);
    bool take_from(Lane& lane, Writer& batch);
    void take_answer(ByteView apdu);
    void count_confirmed(const sim::Delivery& delivery);
    void requeue_waiting();
    void give_up();
    [[nodiscard]] bool finished() const { return idle_.empty() && asleep_.empty() && waiting_.empty(); }
    [[nodiscard]] TimePoint wake_time(TimePoint linger_until) const;
    void close();

    boost::asio::io_context& context_;
    boost::asio::ssl::context& tls_;
    const ClientOptions& options_;
    FleetReport& report_;
    std::optional<Stream> stream_;
    boost::asio::steady_timer wake_;
    std::deque<Lane*> idle_;                 // may have something to send
    std::multimap<TimePoint, Lane*> asleep_; // their next message is not due yet
    std::list<Lane*> waiting_;               // for an answer, oldest first
    std::deque<Watched> watched_;
    bool progress_ = false; // since the last connection was made
};

} // namespace releve::app
