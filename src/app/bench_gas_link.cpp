#include "bench_gas_link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <stdexcept>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// As concentrators of this market do: more would only wait in socket buffers.
constexpr std::size_t batches_outstanding_max = 4;
constexpr std::size_t length_bytes = 4;

} // namespace

asio::awaitable<void> GasLink::connect(std::uint16_t port)
{
    co_await stream_.next_layer().async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    stream_.next_layer().set_option(tcp::no_delay(true));
    co_await stream_.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    const Bytes hello = net::with_length(net::encode_message(net::UplinkHello{.gateway = gateway_}));
    co_await asio::async_write(stream_, asio::buffer(hello), asio::use_awaitable);
    const auto answer = co_await read_answer();
    const auto* welcome = answer ? std::get_if<net::UplinkWelcome>(&*answer) : nullptr;
    if (!welcome)
        throw std::runtime_error(gateway_ + ": is not welcome");
    outstanding_max_ = std::clamp<std::size_t>(welcome->outstanding_max, 1, batches_outstanding_max);
}

asio::awaitable<result<net::UplinkAnswer>> GasLink::read_answer()
{
    error_code failed;
    Bytes message(length_bytes);
    co_await asio::async_read(stream_, asio::buffer(message), asio::redirect_error(asio::use_awaitable, failed));
    const std::size_t size = failed ? 0 : Reader{message}.u32_be();
    if (size > net::uplink_answer_bytes_max)
        co_return fail(errc::too_large, "an answer of " + std::to_string(size) + " octets");
    message.resize(size);
    if (!failed)
        co_await asio::async_read(stream_, asio::buffer(message), asio::redirect_error(asio::use_awaitable, failed));
    if (failed)
        co_return fail(errc::unavailable, failed.message());
    co_return net::decode_answer(message);
}

bool GasLink::goes_on(SteadyTime give_up) const
{
    return next_ < batches_.size() && std::chrono::steady_clock::now() < give_up && !pace_->over(BenchPace::gas);
}

asio::awaitable<void> GasLink::send(SteadyTime until)
{
    const SteadyTime give_up = until + last_answers_at_most;
    while (goes_on(give_up)) {
        if (full()) {
            error_code woken;
            timer_.expires_at(give_up);
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
            continue;
        }
        if (pace_->ahead(BenchPace::gas)) {
            co_await pace_->wait(BenchPace::gas);
            continue;
        }
        const GasLoad::Batch& batch = batches_[next_++];
        sent_ += batch.frames;
        outstanding_.emplace(batch.sequence, std::chrono::steady_clock::now());
        pace_->note_sent(BenchPace::gas, batch.frames);
        error_code failed;
        co_await asio::async_write(stream_, asio::buffer(batch.message), asio::redirect_error(asio::use_awaitable, failed));
        if (failed)
            break;
        bytes_ += batch.message.size();
    }
    done_sending_ = true;
    if (outstanding_.empty())
        close();
    timer_.expires_after(last_answers_at_most);
    error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    close();
}

/// A batch that is refused is left unconfirmed, as a frame is that is not accepted.
void GasLink::note(const net::UplinkAnswer& answer)
{
    const auto* ack = std::get_if<net::UplinkAck>(&answer);
    const auto* refusal = std::get_if<net::UplinkRefusal>(&answer);
    const auto found = outstanding_.find(ack ? ack->sequence : refusal ? refusal->sequence : 0);
    if (found == outstanding_.end())
        return;
    times_.note_wait(found->second);
    outstanding_.erase(found);
    confirmed_ += ack ? ack->accepted : 0;
}

asio::awaitable<void> GasLink::read_answers()
{
    while (!(done_sending_ && outstanding_.empty())) {
        const auto answer = co_await read_answer();
        if (!answer)
            break;
        note(*answer);
        if (!done_sending_ && !full())
            timer_.cancel();
    }
    timer_.cancel();
    close();
}

void GasLink::close()
{
    error_code ignored;
    stream_.next_layer().close(ignored);
    timer_.cancel();
}

} // namespace releve::app
