#include "fleet_link.hpp"

#include <releve/net/deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/ssl.h>

#include <algorithm>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::uint16_t management_wport = 1;
constexpr std::size_t batch_bytes_max = 65'536;
constexpr std::size_t watched_max = 256;
constexpr std::chrono::milliseconds backoff_first{100};
constexpr std::chrono::milliseconds backoff_max{5'000};

} // namespace

FleetLink::FleetLink(asio::io_context& context, asio::ssl::context& tls, const ClientOptions& options,
                     FleetReport& report)
    : context_(context), tls_(tls), options_(options), report_(report), wake_(context)
{
}

asio::awaitable<void> FleetLink::run()
{
    using namespace asio::experimental::awaitable_operators;
    int failures = 0;
    auto backoff = backoff_first;
    while (!finished()) {
        const error_code failed = co_await connect();
        if (!failed) {
            ++report_.connections;
            progress_ = false;
            co_await (read_answers() || send_messages());
            close();
            requeue_waiting();
            if (progress_) {
                failures = 0;
                backoff = backoff_first;
                continue;
            }
        } else {
            close();
            report_.problem = "cannot connect: " + failed.message();
        }
        if (++failures >= options_.attempts)
            co_return give_up();
        wake_.expires_after(backoff);
        co_await wake_.async_wait(no_throw);
        backoff = std::min(backoff * 2, backoff_max);
    }
}

asio::awaitable<error_code> FleetLink::connect()
{
    stream_.emplace(context_, tls_);
    auto& socket = stream_->next_layer();
    tcp::resolver resolver{context_};
    net::Deadline deadline{context_.get_executor(), [this, &resolver] {
                               resolver.cancel();
                               close();
                           }};
    deadline.arm(options_.connect_deadline);
    const auto [unresolved, endpoints] =
        co_await resolver.async_resolve(options_.host, options_.port, no_throw);
    if (unresolved)
        co_return unresolved;
    const auto [refused, endpoint] = co_await asio::async_connect(socket, endpoints, no_throw);
    if (refused)
        co_return refused;
    error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    if (!options_.tls)
        co_return error_code{};
    if (!options_.tls->insecure)
        stream_->set_verify_callback(asio::ssl::host_name_verification{options_.host});
    SSL_set_tlsext_host_name(stream_->native_handle(), options_.host.c_str());
    const auto [not_secured] = co_await stream_->async_handshake(asio::ssl::stream_base::client, no_throw);
    co_return not_secured;
}

void FleetLink::close()
{
    if (!stream_)
        return;
    error_code ignored;
    stream_->next_layer().shutdown(tcp::socket::shutdown_both, ignored);
    stream_->next_layer().close(ignored);
}

asio::awaitable<error_code> FleetLink::write(Bytes bytes)
{
    if (options_.tls) {
        const auto [failed, count] = co_await asio::async_write(*stream_, asio::buffer(bytes), no_throw);
        co_return failed;
    }
    const auto [failed, count] =
        co_await asio::async_write(stream_->next_layer(), asio::buffer(bytes), no_throw);
    co_return failed;
}

asio::awaitable<void> FleetLink::send_messages()
{
    std::optional<TimePoint> linger_until;
    for (;;) {
        Writer batch;
        const bool cut = take_batch(batch);
        const bool sent = batch.size() != 0;
        if (sent) {
            const error_code failed = co_await write(std::move(batch).take());
            if (cut && !failed)
                co_await end_line();
            if (failed || cut)
                break;
        }
        if (!waiting_.empty() && Clock::now() - waiting_.front()->sent_at >= options_.answer_deadline) {
            report_.problem = "no answer in time";
            break;
        }
        if (finished()) {
            // Time for answers that nobody should send.
            if (watched_.empty())
                break;
            linger_until = linger_until.value_or(Clock::now() + options_.linger);
            if (Clock::now() >= *linger_until)
                break;
        }
        if (sent && !idle_.empty() && waiting_.size() < options_.in_flight_max)
            continue;
        wake_.expires_at(wake_time(linger_until.value_or(TimePoint::max())));
        co_await wake_.async_wait(no_throw);
        if (!stream_->next_layer().is_open())
            break;
    }
    // The reader ends with its socket.
    close();
}

FleetLink::TimePoint FleetLink::wake_time(TimePoint linger_until) const
{
    TimePoint when = linger_until;
    if (!asleep_.empty())
        when = std::min(when, asleep_.begin()->first);
    if (!waiting_.empty())
        when = std::min(when, waiting_.front()->sent_at + options_.answer_deadline);
    return when;
}

bool FleetLink::take_batch(Writer& batch)
{
    while (!asleep_.empty() && asleep_.begin()->first <= Clock::now()) {
        idle_.push_back(asleep_.begin()->second);
        asleep_.erase(asleep_.begin());
    }
    while (!idle_.empty() && waiting_.size() < options_.in_flight_max && batch.size() < batch_bytes_max) {
        Lane* lane = idle_.front();
        idle_.pop_front();
        if (take_from(*lane, batch))
            return true;
    }
    return false;
}

bool FleetLink::take_from(Lane& lane, Writer& batch)
{
    while (const sim::Delivery* head = lane.head()) {
        if (options_.due)
            if (const TimePoint due = options_.due(head->at); due > Clock::now()) {
                asleep_.emplace(due, &lane);
                return false;
            }
        if (head->cut) {
            Writer message;
            dlms::write_wrapper(message, management_wport, management_wport, head->frame.apdu);
            batch.bytes(message.view().first(message.size() / 2));
            ++report_.faults[*head->fault].sent;
            static_cast<void>(lane.pop());
            idle_.push_front(&lane);
            return true;
        }
        dlms::write_wrapper(batch, management_wport, management_wport, head->frame.apdu);
        if (lane.attempts == 0)
            ++(head->fault ? report_.faults[*head->fault].sent : head->alarm ? report_.alarms : report_.pushed);
        const bool answered = head->frame.invoke_id.confirmed();
        if (head->expect == sim::Expect::confirm && answered) {
            lane.sent_at = Clock::now();
            report_.resent += lane.attempts++ > 0 ? 1 : 0;
            waiting_.push_back(&lane);
            return false;
        }
        if (watched_.size() == watched_max)
            watched_.pop_front();
        sim::Delivery delivery = lane.pop();
        if (answered)
            watched_.push_back({&lane.meter(), std::move(delivery)});
    }
    return false;
}

asio::awaitable<void> FleetLink::read_answers()
{
    dlms::WrapperDeframer deframer{limits::apdu_bytes_max};
    Bytes buffer(16'384);
    for (bool framed = true; framed;) {
        error_code failed;
        std::size_t count = 0;
        if (options_.tls)
            std::tie(failed, count) = co_await stream_->async_read_some(asio::buffer(buffer), no_throw);
        else
            std::tie(failed, count) =
                co_await stream_->next_layer().async_read_some(asio::buffer(buffer), no_throw);
        if (failed) {
            // Aborted: we closed it ourselves, and have said why.
            if (!finished() && failed != asio::error::operation_aborted)
                report_.problem = "connection lost: " + failed.message();
            break;
        }
        deframer.feed(ByteView{buffer}.first(count));
        for (;;) {
            const auto message = deframer.next();
            framed = message.has_value();
            if (!framed)
                report_.problem = "answer: " + to_string(message.error());
            if (!framed || !*message)
                break;
            take_answer((*message)->apdu);
        }
        wake_.cancel();
    }
    close();
    wake_.cancel();
}

void FleetLink::take_answer(ByteView apdu)
{
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
        Lane& lane = **at;
        if (!lane.meter().check_confirm(lane.head()->frame, apdu))
            continue;
        progress_ = true;
        count_confirmed(lane.pop());
        waiting_.erase(at);
        idle_.push_back(&lane);
        if (options_.progress)
            options_.progress(report_);
        return;
    }
    for (auto at = watched_.begin(); at != watched_.end(); ++at) {
        if (!at->meter->check_confirm(at->delivery.frame, apdu))
            continue;
        count_confirmed(at->delivery);
        watched_.erase(at);
        return;
    }
    ++report_.unexpected_answers;
}

void FleetLink::count_confirmed(const sim::Delivery& delivery)
{
    ++(delivery.fault ? report_.faults[*delivery.fault].confirmed : report_.confirmed);
    report_.breaches += delivery.expect == sim::Expect::nothing ? 1 : 0;
}

/// The line is cut on purpose. Only our side is shut at first: closing at once would take the bytes back that
/// the other side has not read yet.
asio::awaitable<void> FleetLink::end_line()
{
    error_code ignored;
    stream_->next_layer().shutdown(tcp::socket::shutdown_send, ignored);
    const TimePoint until = Clock::now() + options_.linger;
    while (stream_->next_layer().is_open() && Clock::now() < until) {
        wake_.expires_at(until);
        co_await wake_.async_wait(no_throw);
    }
    // That is nobody's failed attempt.
    progress_ = true;
    for (Lane* lane : waiting_)
        lane->attempts = 1;
}

void FleetLink::requeue_waiting()
{
    report_.lost_connections += finished() ? 0 : 1;
    for (Lane* lane : waiting_) {
        if (lane->attempts >= options_.attempts) {
            ++report_.never_confirmed;
            static_cast<void>(lane->pop());
        }
        idle_.push_back(lane);
    }
    waiting_.clear();
    watched_.clear();
}

void FleetLink::give_up()
{
    for (const auto& [due, lane] : asleep_)
        idle_.push_back(lane);
    asleep_.clear();
    for (Lane* lane : idle_)
        while (lane->head() != nullptr)
            report_.never_confirmed += lane->pop().expect == sim::Expect::confirm ? 1 : 0;
    idle_.clear();
}

} // namespace releve::app
