#pragma once
// What the sending processes of the benchmarks share: their arguments, TLS, counting answers and time. Private to src/app.

#include <releve/app/bench.hpp>

#include <boost/asio/ssl/context.hpp>

#include <functional>

namespace releve::app {

/// As words for `releve bench ...`.
[[nodiscard]] std::vector<std::string> words_of(const BenchTarget& target);

/// Trusts this certificate alone.
[[nodiscard]] boost::asio::ssl::context client_tls(const std::filesystem::path& certificate);

/// Finds the ends of answers in what comes back, wherever it is cut.
class AnswerCounter {
public:
    /// How many ended in these bytes.
    [[nodiscard]] std::size_t take(ByteView bytes);

private:
    Bytes header_;
    std::size_t skip_ = 0; // bytes of the answer under way
};

/// As many frames from `next` on as a concentrator writes at a time: how many, and their bytes.
[[nodiscard]] std::pair<std::size_t, std::size_t> next_write(const BenchLoad::Frames& frames, std::size_t next, std::size_t end);

/// Of each connection, made on all processors.
[[nodiscard]] std::vector<BenchLoad::Frames> make_all(std::uint32_t connections,
                                                      const std::function<BenchLoad::Frames(std::uint32_t)>& make);

/// Sorts; 0 of nothing.
[[nodiscard]] double percentile(std::vector<float>& values, double share);

/// CPU time of this process, in seconds.
[[nodiscard]] double own_cpu_seconds();

} // namespace releve::app
