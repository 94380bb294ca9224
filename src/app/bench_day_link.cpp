#include "bench_day_link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

void AnswerTimes::note_answered(std::uint64_t up_to)
{
    for (; !pending_.empty() && pending_.front().first <= up_to; pending_.pop_front())
        note_wait(pending_.front().second);
}

void AnswerTimes::note_wait(SteadyTime began)
{
    last_answer_ = std::chrono::steady_clock::now();
    waits_ms_.push_back(std::chrono::duration<float, std::milli>(last_answer_ - began).count());
}

asio::awaitable<void> DayLink::connect(std::uint16_t port)
{
    co_await stream_.next_layer().async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    stream_.next_layer().set_option(tcp::no_delay(true));
    co_await stream_.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
}

bool DayLink::goes_on(SteadyTime give_up) const
{
    return next_ < frames_.lengths.size() && std::chrono::steady_clock::now() < give_up &&
           !(pace_ && pace_->over(BenchPace::electricity));
}

asio::awaitable<void> DayLink::send(SteadyTime until)
{
    // With a pace the span's end is the pace's to say.
    const SteadyTime give_up = pace_ ? until + last_answers_at_most : until;
    std::size_t at = 0;
    while (goes_on(give_up)) {
        if (full()) {
            error_code woken;
            timer_.expires_at(give_up);
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
            continue;
        }
        if (pace_ && pace_->ahead(BenchPace::electricity)) {
            co_await pace_->wait(BenchPace::electricity);
            continue;
        }
        const auto [count, size] = next_write(frames_, next_, frames_.lengths.size());
        sent_ += count;
        times_.note_sent(sent_);
        if (pace_)
            pace_->note_sent(BenchPace::electricity, count);
        error_code failed;
        co_await asio::async_write(stream_, asio::buffer(frames_.bytes.data() + at, size),
                                   asio::redirect_error(asio::use_awaitable, failed));
        if (failed)
            break;
        at += size;
        next_ += count;
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

asio::awaitable<void> DayLink::read_answers()
{
    Bytes buffer(64 * 1024);
    dlms::WrapperDeframer answers{limits::apdu_bytes_max};
    while (!(done_sending_ && confirmed_ >= sent_)) {
        error_code failed;
        const std::size_t count = co_await stream_.async_read_some(asio::buffer(buffer),
                                                                   asio::redirect_error(asio::use_awaitable, failed));
        if (failed)
            break;
        const auto ended = count_answers(answers, ByteView{buffer}.first(count));
        if (!ended)
            break;
        confirmed_ += *ended;
        times_.note_answered(confirmed_);
        if (!done_sending_ && !full())
            timer_.cancel();
    }
    timer_.cancel();
    close();
}

void DayLink::close()
{
    error_code ignored;
    stream_.next_layer().close(ignored);
    timer_.cancel();
}

} // namespace releve::app
