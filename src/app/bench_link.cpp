#include "bench_link.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include <sys/resource.h>

namespace releve::app {

namespace {
constexpr std::string_view kind_names[] = {"day", "day_and_indexes", "half_hour"};
constexpr std::size_t chunk_bytes = 16 * 1024; // what a concentrator writes at a time: one TLS record
constexpr std::size_t header_bytes = 8;        // of the wrapper
} // namespace

std::vector<std::string> words_of(const BenchTarget& target)
{
    const BenchLoad::Options& load = target.load;
    std::vector<std::string> words{"--kind", std::string{kind_names[static_cast<std::size_t>(load.kind)]},
                                   "--seed", std::to_string(load.seed),
                                   "--meters", std::to_string(load.meters),
                                   "--connections", std::to_string(load.connections),
                                   "--rounds", std::to_string(load.rounds),
                                   "--port", std::to_string(target.port),
                                   "--certificate", target.certificate.string()};
    if (!load.demo_data.empty()) {
        words.emplace_back("--demo-data");
        words.push_back(load.demo_data.string());
    }
    return words;
}

boost::asio::ssl::context client_tls(const std::filesystem::path& certificate)
{
    boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
    tls.load_verify_file(certificate.string());
    tls.set_verify_mode(boost::asio::ssl::verify_peer);
    return tls;
}

std::size_t AnswerCounter::take(ByteView bytes)
{
    std::size_t answers = 0, at = 0;
    while (at < bytes.size()) {
        if (skip_ > 0) {
            const std::size_t part = std::min(skip_, bytes.size() - at);
            skip_ -= part;
            at += part;
            answers += skip_ == 0;
            continue;
        }
        const std::size_t part = std::min(header_bytes - header_.size(), bytes.size() - at);
        header_.insert(header_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                       bytes.begin() + static_cast<std::ptrdiff_t>(at + part));
        at += part;
        if (header_.size() == header_bytes) {
            skip_ = Reader{ByteView{header_}.subspan(6)}.u16_be();
            header_.clear();
        }
    }
    return answers;
}

std::pair<std::size_t, std::size_t> next_write(const BenchLoad::Frames& frames, std::size_t next, std::size_t end)
{
    std::size_t count = 0, size = 0;
    while (next + count < end && (count == 0 || size + frames.lengths[next + count] <= chunk_bytes))
        size += frames.lengths[next + count++];
    return {count, size};
}

std::vector<BenchLoad::Frames> make_all(std::uint32_t connections, const std::function<BenchLoad::Frames(std::uint32_t)>& make)
{
    std::vector<BenchLoad::Frames> frames(connections);
    std::atomic<std::uint32_t> next{0};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
        threads.emplace_back([&] {
            for (std::uint32_t connection = next++; connection < connections; connection = next++)
                frames[connection] = make(connection);
        });
    threads.clear();
    return frames;
}

double percentile(std::vector<float>& values, double share)
{
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    return static_cast<double>(
        values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))]);
}

double own_cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

} // namespace releve::app
