// What the collector reads again from the archive: messages that no layout explained when they came, and those that a process
// which is gone has confirmed and left there.

#include "collector.hpp"

#include <releve/app/environment.hpp>

#include <csignal>

#include <spdlog/spdlog.h>

namespace releve::app {

using namespace std::chrono_literals;

namespace {
constexpr std::size_t undecoded_at_once = 100;
constexpr std::size_t deferred_at_once = 4'000;
} // namespace

/// One portion at a time, the next when the writers are done with it: there may be more of them than memory. Expires then.
std::weak_ptr<void> Collector::apply_portion(DeviceChange change)
{
    change.while_applied = std::make_shared<int>();
    const std::weak_ptr<void> under_way = change.while_applied;
    ingest_->apply(std::move(change));
    return under_way;
}

void Collector::try_undecoded()
{
    if (!undecoded_after_ || !undecoded_under_way_.expired())
        return;
    auto rows = store().load_undecoded(*undecoded_after_, undecoded_at_once);
    if (rows.empty()) {
        if (undecoded_tried_ > 0)
            spdlog::info("{} messages that no layout explained were tried under the models of now", undecoded_tried_);
        undecoded_after_.reset();
        return;
    }
    undecoded_after_ = rows.back().id;
    undecoded_tried_ += rows.size();
    DeviceChange change;
    change.undecoded = std::move(rows);
    undecoded_under_way_ = apply_portion(std::move(change));
}

void Collector::begin_reading_deferred()
{
    deferred_after_ = BatchNumber{0};
    deferred_up_to_ = store().last_batch();
    deferred_read_ = 0;
}

/// What a process that is gone has confirmed and left in the archive, one portion at a time as above.
void Collector::read_deferred()
{
    if (!deferred_after_ || !deferred_under_way_.expired() || stopping_)
        return;
    if (!deferred_batches_.empty())
        store().finish_deferred(deferred_batches_);
    deferred_batches_.clear();
    auto rows = store().load_deferred(*deferred_after_, deferred_up_to_, deferred_at_once);
    if (rows.empty()) {
        if (deferred_read_ > 0)
            spdlog::info("{} messages that were confirmed and only archived have been brought into their days", deferred_read_);
        deferred_after_.reset();
        return;
    }
    deferred_after_ = rows.back().batch;
    deferred_read_ += rows.size();
    for (store::DeferredRow& row : rows) {
        row.served = served_.contains(row.meter);
        if (deferred_batches_.empty() || deferred_batches_.back() != row.batch.value)
            deferred_batches_.push_back(row.batch.value);
    }
    DeviceChange change;
    change.deferred = std::move(rows);
    deferred_under_way_ = apply_portion(std::move(change));
}

/// Before anything new comes and anybody is told that we are ready: what was confirmed is where it is looked for.
result<void> Collector::read_all_deferred()
{
    while (deferred_after_) {
        read_deferred();
        while (!deferred_under_way_.expired()) {
            if (is_waiting({SIGTERM, SIGINT})) {
                ingest_->abandon(); // a lost database would hold it up
                return fail(errc::unavailable, "told to stop before all that was confirmed was in its days; the next start goes on");
            }
            std::this_thread::sleep_for(5ms);
        }
    }
    return {};
}

} // namespace releve::app
