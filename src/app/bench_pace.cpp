#include <releve/app/bench_pace.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace releve::app {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

BenchPace::Side other(BenchPace::Side side)
{
    return side == BenchPace::gas ? BenchPace::electricity : BenchPace::gas;
}

} // namespace

BenchPace::BenchPace(asio::io_context& context, Counts totals, Counts slack)
    : totals_(totals), slack_(slack), bells_{asio::steady_timer{context}, asio::steady_timer{context}}
{
    for (asio::steady_timer& bell : bells_)
        bell.expires_at(asio::steady_timer::time_point::max());
}

bool BenchPace::less(Side a_side, std::uint64_t a, std::uint64_t b) const
{
    return a * totals_[other(a_side)] < b * totals_[a_side];
}

void BenchPace::note_sent(Side side, std::uint64_t frames)
{
    sent_[side] += frames;
    bells_[other(side)].cancel();
}

bool BenchPace::over(Side side) const
{
    return ended_ && sent_[side] >= target_[side];
}

bool BenchPace::ahead(Side side) const
{
    const Side behind = other(side);
    return !ended_ && less(behind, sent_[behind] + slack_[behind], sent_[side]);
}

asio::awaitable<void> BenchPace::wait(Side side)
{
    error_code rung;
    co_await bells_[side].async_wait(asio::redirect_error(asio::use_awaitable, rung));
}

asio::awaitable<void> BenchPace::run(std::chrono::steady_clock::time_point until)
{
    asio::steady_timer end{co_await asio::this_coro::executor, until};
    error_code never;
    co_await end.async_wait(asio::redirect_error(asio::use_awaitable, never));
    ended_ = true;
    target_ = sent_;
    const Side first = less(electricity, sent_[electricity], sent_[gas]) ? gas : electricity;
    const Side last = other(first);
    target_[last] = sent_[first] * totals_[last] / totals_[first];
    for (asio::steady_timer& bell : bells_)
        bell.cancel();
}

} // namespace releve::app
