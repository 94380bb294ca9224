#pragma once
// One meter's queue of messages: which comes next, whether it waits for an answer. No socket here.

#include <releve/app/fleet_client.hpp>

#include <deque>

namespace releve::app {

class Lane {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    Lane(const MeterWork& work, const sim::FaultPlan& faults) : work_(work), faults_(&faults) {}

    [[nodiscard]] const sim::Meter& meter() const { return *work_.meter; }
    /// The next message; nothing when all is said.
    [[nodiscard]] const sim::Delivery* head()
    {
        while (ready_.empty() && next_push_ < work_.pushes.size())
            for (auto& delivery :
                 sim::deliveries(*work_.meter, work_.number, work_.pushes, next_push_++, *faults_))
                ready_.push_back(std::move(delivery));
        return ready_.empty() ? nullptr : &ready_.front();
    }
    [[nodiscard]] sim::Delivery pop()
    {
        sim::Delivery delivery = std::move(ready_.front());
        ready_.pop_front();
        attempts = 0;
        return delivery;
    }

    int attempts = 0;    // of the head
    TimePoint sent_at{}; // of the head

private:
    MeterWork work_;
    const sim::FaultPlan* faults_;
    std::size_t next_push_ = 0;
    std::deque<sim::Delivery> ready_;
};

} // namespace releve::app
