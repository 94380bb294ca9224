#include <releve/app/uplink_client.hpp>

#include "fleet_link.hpp"

#include <releve/net/deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <deque>
#include <exception>

namespace releve::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto told = asio::as_tuple(asio::use_awaitable);

class UplinkLink {
public:
    UplinkLink(asio::io_context& context, asio::ssl::context& tls, const UplinkClientWork& work,
               const UplinkClientOptions& options)
        : context_(context), tls_(tls), work_(work), options_(options), wake_(context),
          deadline_(context.get_executor(), [this] { close(); })
    {
    }

    asio::awaitable<void> run();
    [[nodiscard]] result<UplinkClientReport> finish() &&;

private:
    using Stream = asio::ssl::stream<tcp::socket>;
    struct Outgoing {
        net::UplinkBatch batch;
        bool sent = false;
    };

    asio::awaitable<error_code> connect();
    asio::awaitable<bool> greet();
    asio::awaitable<void> send_batches();
    asio::awaitable<void> read_answers();
    asio::awaitable<std::optional<net::UplinkAnswer>> read_answer();

    [[nodiscard]] std::optional<Outgoing> next();
    void take_ack(const net::UplinkAck& ack);
    /// False when the connection is to be made again, or for good.
    [[nodiscard]] bool take_refusal(const net::UplinkRefusal& refusal);
    void requeue_waiting();
    void close();
    [[nodiscard]] bool finished() const
    {
        return fatal_ || stopped_ || (exhausted_ && again_.empty() && waiting_.empty());
    }

    asio::io_context& context_;
    asio::ssl::context& tls_;
    const UplinkClientWork& work_;
    const UplinkClientOptions& options_;
    UplinkClientReport report_;
    std::optional<Stream> stream_;
    asio::steady_timer wake_;
    net::Deadline deadline_;
    std::deque<Outgoing> again_;                // were not answered on a lost connection
    std::map<std::uint64_t, Outgoing> waiting_; // for an answer, by sequence
    std::uint64_t acknowledged_up_to_ = 0;
    std::size_t outstanding_max_ = 1;
    bool exhausted_ = false, stopped_ = false;
    bool progress_ = false; // since the last connection was made
    std::optional<Error> fatal_;
};

asio::awaitable<void> UplinkLink::run()
{
    using namespace asio::experimental::awaitable_operators;
    int failures = 0;
    auto pause = options_.retry_first;
    while (!finished()) {
        progress_ = false;
        const error_code failed = co_await connect();
        if (failed) {
            report_.problem = "cannot connect: " + failed.message();
        } else {
            ++report_.connections;
            const bool welcome = co_await greet();
            if (welcome)
                co_await (read_answers() || send_batches());
        }
        close();
        deadline_.disarm();
        if (finished())
            co_return;
        report_.lost_connections += failed ? 0 : 1;
        requeue_waiting();
        if (progress_) {
            failures = 0;
            pause = options_.retry_first;
        }
        if (++failures >= options_.attempts)
            co_return;
        wake_.expires_after(pause);
        co_await wake_.async_wait(told);
        pause = std::min(pause * 2, options_.retry_max);
    }
}

asio::awaitable<error_code> UplinkLink::connect()
{
    stream_.emplace(context_, tls_);
    tcp::resolver resolver{context_};
    deadline_.arm(options_.connect_deadline);
    const auto [unresolved, endpoints] = co_await resolver.async_resolve(options_.host, options_.port, told);
    if (unresolved)
        co_return unresolved;
    const auto [refused, endpoint] = co_await asio::async_connect(stream_->next_layer(), endpoints, told);
    if (refused)
        co_return refused;
    error_code ignored;
    stream_->next_layer().set_option(tcp::no_delay{true}, ignored);
    if (!options_.tls.insecure)
        stream_->set_verify_callback(asio::ssl::host_name_verification{options_.host});
    SSL_set_tlsext_host_name(stream_->native_handle(), options_.host.c_str());
    const auto [not_secured] = co_await stream_->async_handshake(asio::ssl::stream_base::client, told);
    co_return not_secured;
}

/// Whether batches may follow.
asio::awaitable<bool> UplinkLink::greet()
{
    const Bytes hello = net::with_length(net::encode_message(net::UplinkHello{.gateway = options_.gateway}));
    const auto [failed, count] = co_await asio::async_write(*stream_, asio::buffer(hello), told);
    const auto answer = co_await read_answer();
    if (!answer) {
        report_.problem = failed ? failed.message() : "no welcome";
        co_return false;
    }
    if (const auto* refusal = std::get_if<net::UplinkRefusal>(&*answer))
        co_return take_refusal(*refusal);
    const auto* welcome = std::get_if<net::UplinkWelcome>(&*answer);
    if (!welcome)
        co_return false;
    acknowledged_up_to_ = welcome->acknowledged_up_to;
    outstanding_max_ = std::max<std::size_t>(
        1, std::min<std::size_t>(options_.outstanding_max, welcome->outstanding_max));
    co_return true;
}

std::optional<UplinkLink::Outgoing> UplinkLink::next()
{
    if (!again_.empty()) {
        Outgoing first = std::move(again_.front());
        again_.pop_front();
        return first;
    }
    while (!exhausted_) {
        auto batch = work_.next();
        if (!batch)
            exhausted_ = true;
        else if (work_.skip_acknowledged && batch->sequence <= acknowledged_up_to_)
            ++report_.skipped;
        else
            return Outgoing{.batch = std::move(*batch)};
    }
    return std::nullopt;
}

asio::awaitable<void> UplinkLink::send_batches()
{
    while (!finished()) {
        auto outgoing = waiting_.size() < outstanding_max_ ? next() : std::nullopt;
        if (!outgoing) {
            if (finished())
                break;
            wake_.expires_at(asio::steady_timer::time_point::max());
            co_await wake_.async_wait(told);
            continue;
        }
        report_.resent += outgoing->sent ? 1 : 0;
        outgoing->sent = true;
        const Bytes message = net::with_length(net::encode_message(outgoing->batch));
        const std::uint64_t sequence = outgoing->batch.sequence;
        waiting_.insert_or_assign(sequence, std::move(*outgoing));
        const auto [failed, count] = co_await asio::async_write(*stream_, asio::buffer(message), told);
        if (failed) {
            report_.problem = failed.message();
            break;
        }
    }
    close();
}

asio::awaitable<std::optional<net::UplinkAnswer>> UplinkLink::read_answer()
{
    deadline_.arm(options_.answer_deadline);
    std::array<std::byte, 4> head{};
    const auto [cut, some] = co_await asio::async_read(*stream_, asio::buffer(head), told);
    const std::size_t length = Reader{head}.u32_be();
    if (cut || length > net::uplink_answer_bytes_max)
        co_return std::nullopt;
    Bytes message(length);
    const auto [cut_inside, rest] = co_await asio::async_read(*stream_, asio::buffer(message), told);
    if (cut_inside)
        co_return std::nullopt;
    auto answer = net::decode_answer(message);
    if (!answer)
        co_return std::nullopt;
    co_return std::move(*answer);
}

asio::awaitable<void> UplinkLink::read_answers()
{
    while (!finished()) {
        const auto answer = co_await read_answer();
        if (!answer) {
            report_.problem = deadline_.has_expired() ? "no answer in time" : "the connection was lost";
            break;
        }
        if (const auto* ack = std::get_if<net::UplinkAck>(&*answer))
            take_ack(*ack);
        else if (const auto* refusal = std::get_if<net::UplinkRefusal>(&*answer); refusal && !take_refusal(*refusal))
            break;
        stopped_ = stopped_ || (work_.stop && work_.stop());
        wake_.cancel();
    }
    close();
}

void UplinkLink::take_ack(const net::UplinkAck& ack)
{
    const auto outgoing = waiting_.extract(ack.sequence);
    if (outgoing.empty())
        return;
    const net::UplinkBatch& batch = outgoing.mapped().batch;
    progress_ = true;
    ++report_.batches;
    report_.frames += batch.frames.size();
    report_.accepted += ack.accepted;
    report_.duplicate += ack.duplicate;
    report_.refused += ack.refused;
    if (work_.acknowledged)
        work_.acknowledged(batch, ack);
}

bool UplinkLink::take_refusal(const net::UplinkRefusal& refusal)
{
    report_.problem = to_string(refusal.error);
    if (refusal.error.code == errc::unavailable)
        return false; // the same again, in a while
    if (refusal.sequence == 0) {
        fatal_ = refusal.error;
        return false;
    }
    report_.refused_batches += waiting_.erase(refusal.sequence);
    progress_ = true;
    return true;
}

void UplinkLink::requeue_waiting()
{
    for (auto at = waiting_.rbegin(); at != waiting_.rend(); ++at)
        again_.push_front(std::move(at->second));
    waiting_.clear();
}

void UplinkLink::close()
{
    if (!stream_)
        return;
    error_code ignored;
    stream_->next_layer().shutdown(tcp::socket::shutdown_both, ignored);
    stream_->next_layer().close(ignored);
}

result<UplinkClientReport> UplinkLink::finish() &&
{
    if (fatal_)
        return *fatal_;
    report_.complete = exhausted_ && again_.empty() && waiting_.empty();
    return std::move(report_);
}

} // namespace

result<UplinkClientReport> send_batches(const UplinkClientWork& work, const UplinkClientOptions& options)
{
    asio::io_context context{1};
    asio::ssl::context tls{asio::ssl::context::tls_client};
    RELEVE_CHECK(set_up_client_tls(tls, options.tls));
    UplinkLink link{context, tls, work, options};
    asio::co_spawn(context, link.run(), [&context](const std::exception_ptr& thrown) {
        context.stop(); // the deadline's timer may still be there
        if (thrown)
            std::rethrow_exception(thrown);
    });
    context.run();
    return std::move(link).finish();
}

} // namespace releve::app
