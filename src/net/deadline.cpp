#include <releve/net/deadline.hpp>

namespace releve::net {

using Clock = std::chrono::steady_clock;

struct Deadline::State : std::enable_shared_from_this<State> {
    State(const boost::asio::any_io_executor& executor, std::function<void()> on_expired)
        : timer(executor), expired(std::move(on_expired))
    {}

    /// One wait is outstanding at most. Moving the point later costs nothing: the wait looks again when it ends.
    void wait_until(Clock::time_point when)
    {
        waiting_for = when;
        timer.expires_at(when);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) { self->woke(error); });
    }

    void woke(const boost::system::error_code& error)
    {
        if (error || closed)
            return; // cancelled: closed, or replaced by an earlier wait
        waiting_for = Clock::time_point::max();
        if (point == Clock::time_point::max())
            return;
        if (Clock::now() < point)
            return wait_until(point);
        has_expired = true;
        point = Clock::time_point::max();
        if (expired)
            expired();
    }

    boost::asio::steady_timer timer;
    std::function<void()> expired;
    Clock::time_point point = Clock::time_point::max();
    Clock::time_point waiting_for = Clock::time_point::max();
    bool has_expired = false;
    bool closed = false;
};

Deadline::Deadline(const boost::asio::any_io_executor& executor, std::function<void()> expired)
    : state_(std::make_shared<State>(executor, std::move(expired)))
{}

Deadline::~Deadline()
{
    state_->closed = true;
    state_->expired = nullptr;
    state_->timer.cancel();
}

void Deadline::arm(std::chrono::milliseconds from_now)
{
    state_->point = Clock::now() + from_now;
    if (state_->point < state_->waiting_for)
        state_->wait_until(state_->point);
}

void Deadline::disarm()
{
    state_->point = Clock::time_point::max();
}

bool Deadline::has_expired() const
{
    return state_->has_expired;
}

} // namespace releve::net
