#pragma once
// Database threads for handlers: blocking store calls run here, coroutines await them. One ReadStore a thread, opened
// on first use and again after an exception. The queue is bounded: when it is full the caller gets errc::unavailable.

#include <releve/api/read_store.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace releve::api {

class ReadPool {
public:
    struct Options {
        unsigned threads = 2;
        std::size_t queue_max = 256; // jobs that wait, beyond those that run
    };
    ReadPool(Options options, StoreFactory factory);
    ~ReadPool();
    ReadPool(const ReadPool&) = delete;
    ReadPool& operator=(const ReadPool&) = delete;

    /// Finishes what runs, fails what waits (errc::unavailable), joins. No job is taken afterwards.
    void stop();
    /// Jobs refused because the queue was full.
    [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

    /// `work` is called with a ReadStore& on a database thread and gives a result<T>. errc::unavailable when the queue is
    /// full, `work` threw, or `patience` is over (the work then ends unheard). The awaiting io_context must be run by
    /// one thread.
    template <class Work>
    boost::asio::awaitable<std::invoke_result_t<Work&, ReadStore&>> run(std::chrono::milliseconds patience, Work work)
    {
        using Answer = std::invoke_result_t<Work&, ReadStore&>;
        struct Pending {
            explicit Pending(const boost::asio::any_io_executor& executor) : bell(executor) {}
            boost::asio::steady_timer bell;
            std::optional<Answer> answer;
        };
        auto executor = co_await boost::asio::this_coro::executor;
        auto pending = std::make_shared<Pending>(executor);
        auto deliver = [pending, executor](Answer answer) {
            boost::asio::post(executor, [pending, answer = std::move(answer)]() mutable {
                pending->answer = std::move(answer);
                pending->bell.cancel();
            });
        };
        Job job;
        job.work = [work = std::optional{std::move(work)}, deliver](ReadStore& store) mutable {
            Answer answer = (*work)(store);
            work.reset(); // what it held is given back before its answer is heard
            deliver(std::move(answer));
        };
        job.failed = [deliver](Error error) { deliver(std::move(error)); };
        if (!submit(std::move(job)))
            co_return fail(errc::unavailable, "too many requests wait for the database");
        // The timer is both the deadline and the bell: cancelling it early means that the answer is there.
        pending->bell.expires_after(patience);
        co_await pending->bell.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (!pending->answer)
            co_return fail(errc::unavailable, "the database took too long");
        co_return std::move(*pending->answer);
    }

private:
    struct Job {
        std::function<void(ReadStore&)> work;
        std::function<void(Error)> failed;
    };
    [[nodiscard]] bool submit(Job job);
    void run_thread();

    Options options_;
    StoreFactory factory_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;
    bool stopping_ = false;
    std::atomic<std::uint64_t> refused_{0};
    std::vector<std::thread> threads_;
};

} // namespace releve::api
