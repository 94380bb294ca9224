#include "bench_link.hpp"

#include <algorithm>
#include <iterator>

#include <sys/resource.h>

namespace releve::app {

namespace {

constexpr std::size_t chunk_bytes = 16 * 1024; // what a concentrator writes at a time: one TLS record

/// What a target is on the command line.
std::vector<std::string> words_of(const BenchTarget& target)
{
    const BenchLoad::Options& load = target.load;
    const auto kind = std::ranges::find(bench_kinds, load.kind, [](const auto& row) { return row.second; });
    std::vector<std::string> words{"--kind", kind->first,
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

} // namespace

result<BenchProcess> start_process(std::vector<std::string> words, const BenchTarget& target)
{
    std::ranges::move(words_of(target), std::back_inserter(words));
    return BenchProcess::start(words);
}

boost::asio::ssl::context client_tls(const std::filesystem::path& certificate)
{
    boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
    tls.load_verify_file(certificate.string());
    tls.set_verify_mode(boost::asio::ssl::verify_peer);
    return tls;
}

void fail_loudly(const std::exception_ptr& thrown)
{
    if (thrown)
        std::rethrow_exception(thrown);
}

std::optional<std::size_t> count_answers(dlms::WrapperDeframer& answers, ByteView bytes)
{
    answers.feed(bytes);
    for (std::size_t count = 0;; ++count) {
        const auto answer = answers.next();
        if (!answer)
            return std::nullopt;
        if (!*answer)
            return count;
    }
}

std::pair<std::size_t, std::size_t> next_write(const BenchLoad::Frames& frames, std::size_t next,
                                               std::size_t end)
{
    std::size_t count = 0, size = 0;
    while (next + count < end && (count == 0 || size + frames.lengths[next + count] <= chunk_bytes))
        size += frames.lengths[next + count++];
    return {count, size};
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
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

} // namespace releve::app
