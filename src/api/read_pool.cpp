#include <releve/api/read_pool.hpp>

#include <spdlog/spdlog.h>

namespace releve::api {

ReadPool::ReadPool(Options options, StoreFactory factory) : options_(options), factory_(std::move(factory))
{
    RELEVE_ASSERT(options_.threads > 0);
    for (unsigned i = 0; i < options_.threads; ++i)
        threads_.emplace_back([this] { run_thread(); });
}

ReadPool::~ReadPool() { stop(); }

void ReadPool::stop()
{
    std::deque<Job> left;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        left.swap(queue_);
    }
    wake_.notify_all();
    for (auto& job : left)
        job.failed(fail(errc::unavailable, "the server is stopping"));
    for (auto& thread : threads_)
        if (thread.joinable())
            thread.join();
}

bool ReadPool::submit(Job job)
{
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= options_.queue_max) {
            refused_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
}

void ReadPool::run_thread()
{
    std::unique_ptr<ReadStore> store;
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty())
                return;
            job = std::move(queue_.front());
            queue_.pop_front();
        }
        try {
            if (!store)
                store = factory_();
            job.work(*store);
        } catch (const std::exception& lost) {
            // The connection may be in any state: the next job opens a new one.
            spdlog::warn("api: a database thread lost its connection: {}", lost.what());
            store.reset();
            job.failed(fail(errc::unavailable));
        }
    }
}

} // namespace releve::api
