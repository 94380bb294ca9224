#pragma once
// One gateway of a load: hands its batches over as fast as they are acknowledged, or as the pace lets it. Private to src/app.

#include "bench_day_link.hpp"
#include "bench_gas_load.hpp"

#include <map>

namespace releve::app {

class GasLink {
public:
    /// The pace outlives it.
    GasLink(boost::asio::io_context& context, boost::asio::ssl::context& tls, std::string gateway,
            std::vector<GasLoad::Batch> batches, BenchPace& pace)
        : gateway_(std::move(gateway)), batches_(std::move(batches)), stream_(context, tls), timer_(context), pace_(&pace)
    {}

    /// Until it has been welcomed. Throws when it is not.
    [[nodiscard]] boost::asio::awaitable<void> connect(std::uint16_t port);
    [[nodiscard]] boost::asio::awaitable<void> send(SteadyTime until);
    [[nodiscard]] boost::asio::awaitable<void> read_answers();

    [[nodiscard]] std::uint64_t sent() const { return sent_; }           // frames
    [[nodiscard]] std::uint64_t confirmed() const { return confirmed_; } // frames acknowledged as accepted
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] const AnswerTimes& times() const { return times_; }

private:
    [[nodiscard]] boost::asio::awaitable<result<net::UplinkAnswer>> read_answer();
    [[nodiscard]] bool full() const { return outstanding_.size() >= outstanding_max_; }
    [[nodiscard]] bool goes_on(SteadyTime give_up) const;
    void note(const net::UplinkAnswer& answer);
    void close();

    std::string gateway_;
    std::vector<GasLoad::Batch> batches_;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    boost::asio::steady_timer timer_;
    BenchPace* pace_;
    AnswerTimes times_;
    std::map<std::uint64_t, SteadyTime> outstanding_; // batches, by sequence: when they were sent
    std::size_t outstanding_max_ = 1;
    std::size_t next_ = 0; // batch
    std::uint64_t sent_ = 0, confirmed_ = 0, bytes_ = 0;
    bool done_sending_ = false;
};

} // namespace releve::app
