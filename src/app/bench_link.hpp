#pragma once
// What the sending processes of the benchmarks share: how they are started, TLS, limits of a connection, counting
// answers and time. Private to src/app.

#include <releve/app/bench.hpp>
#include <releve/codec/dlms/wrapper.hpp>
#include <releve/core/limits.hpp>

#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>

namespace releve::app {

/// Of a connection: what waits in socket buffers is not measured.
inline constexpr std::uint64_t unanswered_max = 192;
/// After the end of a span, for the answers to what was sent in it.
inline constexpr std::chrono::seconds last_answers_at_most{30};
/// For a process to make all its frames.
inline constexpr std::chrono::seconds preparing_at_most{900};
/// For a process to answer when it has nothing left to do.
inline constexpr std::chrono::seconds reply_at_most{60};

/// `releve bench WORDS...` with this target.
[[nodiscard]] result<BenchProcess> start_process(std::vector<std::string> words, const BenchTarget& target);

/// Trusts this certificate alone.
[[nodiscard]] boost::asio::ssl::context client_tls(const std::filesystem::path& certificate);

/// At the end of a coroutine: what was thrown ends the process.
void fail_loudly(const std::exception_ptr& thrown);

/// How many answers ended in these bytes, wherever they are cut; nothing if they are no wrapped messages.
[[nodiscard]] std::optional<std::size_t> count_answers(dlms::WrapperDeframer& answers, ByteView bytes);

/// As many frames from `next` on as a concentrator writes at a time: how many, and their bytes.
[[nodiscard]] std::pair<std::size_t, std::size_t> next_write(const BenchLoad::Frames& frames, std::size_t next,
                                                             std::size_t end);

/// Of each connection, made on all processors.
template <class Make>
[[nodiscard]] auto make_all(std::uint32_t connections, const Make& make)
{
    std::vector<decltype(make(connections))> made(connections);
    std::atomic<std::uint32_t> next{0};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
        threads.emplace_back([&] {
            for (std::uint32_t connection = next++; connection < connections; connection = next++)
                made[connection] = make(connection);
        });
    threads.clear();
    return made;
}

/// Sorts; 0 of nothing.
[[nodiscard]] double percentile(std::vector<float>& values, double share);

/// CPU time of this process, in seconds.
[[nodiscard]] double own_cpu_seconds();

} // namespace releve::app
