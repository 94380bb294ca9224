#pragma once
// The only place that knows how a network await gets its deadline: one timer a connection, re-armed by moving a time
// point. When it passes, `expired` runs once (it closes the socket, so the pending await ends with an error).

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace releve::net {

class Deadline {
public:
    /// `expired` runs on `executor`'s thread. It must not own the Deadline.
    Deadline(const boost::asio::any_io_executor& executor, std::function<void()> expired);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void arm(std::chrono::milliseconds from_now);
    void disarm();
    [[nodiscard]] bool has_expired() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace releve::net
