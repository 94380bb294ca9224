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
        while (ready_.empty() && next_ < (work_.acts ? work_.acts->size() : work_.pushes.size()))
            for (auto& delivery : deliveries(next_++))
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
    [[nodiscard]] std::vector<sim::Delivery> deliveries(std::size_t index) const
    {
        return work_.acts
                   ? sim::deliveries(*work_.meter, work_.number, work_.pushes, (*work_.acts)[index], *faults_)
                   : sim::deliveries(*work_.meter, work_.number, work_.pushes, index, *faults_);
    }

    MeterWork work_;
    const sim::FaultPlan* faults_;
    std::size_t next_ = 0; // push or act
    std::deque<sim::Delivery> ready_;
};

} // namespace releve::app
