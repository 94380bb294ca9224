#include "uplink_session.hpp"

#include "uplink_identity.hpp"
#include "uplink_run.hpp"

#include <releve/net/deadline.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace releve::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;         // of one reading
constexpr std::size_t untaken_bytes_max = 64 * 1024;   // answers beside those that are being written
constexpr std::chrono::milliseconds farewell{1'000};   // for a peer that is still sending when it is refused
constexpr std::size_t farewell_bytes_max = 4'194'304;

auto errors_to(error_code& error)
{
    return asio::redirect_error(asio::use_awaitable, error);
}

InboundFrame to_inbound(UplinkFrame frame, std::uint32_t index)
{
    InboundFrame out;
    out.apdu = std::move(frame.frame);
    if (frame.kind == FrameKind::dlms) {
        out.source_wport = frame.source_wport;
        out.destination_wport = frame.destination_wport;
    }
    out.received_at = std::chrono::floor<std::chrono::seconds>(frame.received_at);
    out.kind = frame.kind;
    out.signal_dbm = frame.signal_dbm;
    out.index = index;
    return out;
}

class UplinkSession final : public Session, public std::enable_shared_from_this<UplinkSession> {
public:
    UplinkSession(tcp::socket socket, SessionSetup setup, std::shared_ptr<const UplinkShared> shared)
        : setup_(std::move(setup)),
          shared_(std::move(shared)),
          stream_(std::move(socket), *setup_.tls),
          executor_(stream_.get_executor()),
          wake_reader_(executor_, asio::steady_timer::time_point::max()),
          wake_writer_(executor_, asio::steady_timer::time_point::max()),
          read_deadline_(executor_, [this] { close_socket(); }),
          write_deadline_(executor_, [this] { close_socket(); })
    {
        error_code ignored;
        const auto endpoint = stream_.next_layer().remote_endpoint(ignored);
        peer_ = std::make_shared<const std::string>(ignored ? "unknown" : endpoint.address().to_string());
    }

    void start() override { asio::co_spawn(executor_, run_reader(shared_from_this()), asio::detached); }

    void stop_reading() override
    {
        asio::post(executor_, [self = shared_from_this()] {
            self->stopping_ = true;
            self->wake();
        });
    }

    void close_when_written() override
    {
        asio::post(executor_, [self = shared_from_this()] {
            self->stopping_ = true;
            self->closing_ = true;
            if (self->outstanding_ > 0)
                self->read_deadline_.arm(self->limits().write); // for their acknowledgements
            self->wake();
        });
    }

private:
    using Self = std::shared_ptr<UplinkSession>;

    /// Something that another thread will say.
    template <class Value>
    struct Awaited {
        std::optional<Value> value;
    };

    [[nodiscard]] const UplinkLimits& limits() const { return shared_->limits; }
    [[nodiscard]] UplinkCounters& counters() const { return shared_->counters; }

    void wake()
    {
        wake_writer_.cancel();
        wake_reader_.cancel();
    }

    void close_socket()
    {
        error_code ignored;
        stream_.next_layer().close(ignored);
        closing_ = true;
        cut_ = true;
        wake();
    }

    // ------------------------------------------------------------------ reading

    static asio::awaitable<void> run_reader(Self self)
    {
        const bool secure = co_await self->handshake();
        self->setup_.handshake_done();
        if (secure) {
            asio::co_spawn(self->executor_, run_writer(self), asio::detached);
            co_await self->read_pieces();
            // The peer may have closed only its own direction.
            while (self->outstanding_ > 0 && !self->cut_)
                co_await self->sleep(self->wake_reader_);
            if (self->refused_)
                co_await self->let_it_finish();
        }
        self->reader_ended_ = true;
        self->closing_ = true;
        self->wake();
        if (!secure)
            self->end();
    }

    asio::awaitable<bool> handshake()
    {
        error_code error;
        stream_.next_layer().set_option(tcp::no_delay(true), error);
        read_deadline_.arm(limits().handshake);
        co_await stream_.async_handshake(asio::ssl::stream_base::server, errors_to(error));
        read_deadline_.disarm();
        if (error) {
            setup_.counters.count_handshake_failure(handshake_failure(error, read_deadline_.has_expired()));
            co_return false;
        }
        ++setup_.counters.handshakes;
        gateway_.id = gateway_id_of(stream_.native_handle());
        co_return true;
    }

    asio::awaitable<void> read_pieces()
    {
        Bytes buffer(piece_bytes);
        read_deadline_.arm(limits().idle);
        while (!closing_ && !stopping_) {
            error_code error;
            const std::size_t count = co_await stream_.async_read_some(asio::buffer(buffer), errors_to(error));
            if (error) {
                if (read_deadline_.has_expired())
                    ++(form_ && form_->begun() ? setup_.counters.message_timeouts : setup_.counters.idle_timeouts);
                co_return;
            }
            setup_.counters.bytes_in += count;
            read_deadline_.disarm(); // waiting for ourselves is not the peer's fault
            if (!form_)
                choose_form(buffer.front());
            form_->feed(ByteView{buffer}.first(count));
            if (!co_await take_requests())
                co_return;
            arm_for_reading();
        }
    }

    void choose_form(std::byte first)
    {
        const bool text = first >= std::byte{'A'} && first <= std::byte{'Z'};
        form_ = text && shared_->make_text_form ? shared_->make_text_form() : make_binary_form(limits());
    }

    /// The message deadline runs from a message's first octet and is not extended by further ones.
    void arm_for_reading()
    {
        using std::chrono::steady_clock;
        if (!form_->begun())
            message_deadline_.reset();
        else if (!message_deadline_)
            message_deadline_ = steady_clock::now() + limits().message;
        read_deadline_.arm(message_deadline_ ? std::chrono::duration_cast<std::chrono::milliseconds>(
                                                   *message_deadline_ - steady_clock::now())
                                             : limits().idle);
    }

    /// False when nothing more is to be read.
    asio::awaitable<bool> take_requests()
    {
        while (!closing_ && !stopping_) {
            auto next = form_->next();
            if (!next) {
                ++counters().bad_messages;
                refuse(next.error());
                co_return false;
            }
            if (!*next)
                co_return true;
            message_deadline_.reset();
            if (auto* interim = std::get_if<UplinkInterim>(&**next))
                write(interim->bytes);
            else if (!co_await take_request(std::move(**next)))
                co_return false;
            const std::size_t most = form_->any_order() ? limits().batches_outstanding_max : 1;
            while ((outstanding_ >= most || answers_pile_up()) && !cut_)
                co_await sleep(wake_reader_);
        }
        co_return false;
    }

    asio::awaitable<bool> take_request(UplinkRequest request)
    {
        const auto* const hello = std::get_if<UplinkHello>(&request);
        auto* const batch = std::get_if<UplinkBatch>(&request);
        if (form_->hello_first() && (hello != nullptr) == greeted_) {
            ++counters().bad_messages;
            co_return refuse(fail(errc::malformed, greeted_ ? "a second hello" : "the first message must be a hello"));
        }
        if (hello && hello->version != uplink_version)
            co_return refuse(fail(errc::bad_version, "version: only 1 is known"));
        if (!known_ || !batch) {
            UplinkLedger::State state = co_await ask_state();
            if (!admit(state, hello ? hello->gateway : std::string{}))
                co_return false;
            if (!batch)
                answer(UplinkWelcome{.gateway = gateway_.id,
                                     .acknowledged_up_to = state.acknowledged_up_to,
                                     .batch_bytes_max = static_cast<std::uint32_t>(limits().batch_bytes_max),
                                     .batch_frames_max = static_cast<std::uint32_t>(limits().batch_frames_max),
                                     .outstanding_max = static_cast<std::uint32_t>(limits().batches_outstanding_max)});
        }
        greeted_ = true;
        if (!batch)
            co_return true;
        if (!batch->gateway.empty() && batch->gateway != gateway_.id)
            co_return refuse_stranger("the batch names another gateway than the certificate");
        co_await take_batch(std::move(*batch));
        co_return true;
    }

    asio::awaitable<UplinkLedger::State> ask_state()
    {
        if (gateway_.id.empty())
            co_return UplinkLedger::State{};
        auto told = std::make_shared<Awaited<UplinkLedger::State>>();
        shared_->ledger.state_of(gateway_.id, [self = shared_from_this(), told](UplinkLedger::State state) {
            asio::post(self->executor_, [self, told, state = std::move(state)] {
                told->value = state;
                self->wake_reader_.cancel();
            });
        });
        while (!told->value)
            co_await sleep(wake_reader_);
        co_return std::move(*told->value);
    }

    bool admit(const UplinkLedger::State& state, const std::string& named)
    {
        if (gateway_.id.empty())
            return refuse_stranger("the certificate's CN is not an id of a gateway");
        if (!named.empty() && named != gateway_.id)
            return refuse_stranger("the hello names another gateway than the certificate");
        if (!state.available) {
            ++counters().unavailable;
            return refuse(fail(errc::unavailable, "connect again"));
        }
        if (!state.known)
            return refuse_stranger("no gateway of this id is registered");
        gateway_.crc_may_be_zero = state.peer.crc_may_be_zero;
        known_ = std::make_shared<const GatewayPeer>(gateway_);
        return true;
    }

    // ------------------------------------------------------------------ batches

    /// Returns when the batch is handed over, or somebody else has it, or it needed no handing over.
    asio::awaitable<void> take_batch(UplinkBatch batch)
    {
        ++counters().batches;
        ++outstanding_;
        UplinkTurns::Key key{.gateway = gateway_.id, .sequence = batch.sequence};
        auto told = std::make_shared<Awaited<UplinkTurn::Kind>>();
        shared_->turns->begin(key, frames_digest(batch.frames), [self = shared_from_this(), told](UplinkTurn turn) {
            asio::post(self->executor_, [self, told, turn = std::move(turn)] {
                told->value = told->value.value_or(turn.kind);
                if (turn.kind == UplinkTurn::Kind::answered) {
                    --self->outstanding_;
                    self->answer(turn.answer);
                }
                self->wake_reader_.cancel();
            });
        });
        while (!told->value)
            co_await sleep(wake_reader_);
        if (*told->value != UplinkTurn::Kind::yours)
            co_return;
        auto run = std::make_shared<UplinkRun>(executor_, shared_->turns, std::move(key), batch.frames.size());
        for (std::size_t i = 0; i < batch.frames.size() && !stopping_; ++i) {
            InboundFrame frame = to_inbound(std::move(batch.frames[i]), static_cast<std::uint32_t>(i));
            frame.peer = peer_;
            frame.gateway = known_;
            frame.reply_to = run;
            check_clock(frame);
            ++setup_.counters.frames_in;
            while (!setup_.sink.try_submit(frame) && !stopping_)
                co_await wait_for_space();
        }
    }

    void check_clock(InboundFrame& frame)
    {
        if (frame.received_at <= setup_.now() + limits().clock_ahead_max)
            return;
        ++counters().clocks_ahead;
        frame.refused_for = fail(errc::time_out_of_range, "the gateway's clock is ahead");
    }

    asio::awaitable<void> wait_for_space()
    {
        ++setup_.counters.read_pauses;
        auto room = std::make_shared<Awaited<bool>>();
        setup_.sink.when_space([weak = weak_from_this(), executor = executor_, room] {
            asio::post(executor, [weak, room] {
                room->value = true;
                if (const Self self = weak.lock())
                    self->wake_reader_.cancel();
            });
        });
        while (!room->value && !stopping_)
            co_await sleep(wake_reader_);
    }

    // ------------------------------------------------------------------ answers

    /// False, for those who end with it.
    bool refuse(Error error)
    {
        refused_ = true;
        answer(UplinkRefusal{.sequence = 0, .error = std::move(error)});
        closing_ = true;
        return false;
    }

    bool refuse_stranger(std::string_view why)
    {
        ++counters().unknown_gateways;
        return refuse(fail(errc::unknown_gateway, std::string{why}));
    }

    void answer(const UplinkAnswer& with)
    {
        const bool last = refused_ || form_->ended();
        closing_ = closing_ || last;
        write(form_->render(with, last));
    }

    void write(ByteView bytes)
    {
        if (!cut_)
            out_.insert(out_.end(), bytes.begin(), bytes.end());
        wake_writer_.cancel();
    }

    [[nodiscard]] bool answers_pile_up() const { return out_.size() >= untaken_bytes_max; }

    static asio::awaitable<void> run_writer(Self self)
    {
        while (!self->cut_) {
            if (self->out_.empty()) {
                if (self->closing_ && self->outstanding_ == 0 && self->may_leave())
                    break;
                co_await self->sleep(self->wake_writer_);
                continue;
            }
            const Bytes now = std::exchange(self->out_, {});
            self->wake_reader_.cancel();
            error_code error;
            self->write_deadline_.arm(self->limits().write);
            const std::size_t count = co_await asio::async_write(self->stream_, asio::buffer(now), errors_to(error));
            self->write_deadline_.disarm();
            self->setup_.counters.bytes_out += count;
            if (!error)
                continue;
            if (self->write_deadline_.has_expired())
                ++self->setup_.counters.write_timeouts;
            break;
        }
        self->end();
    }

    /// One who was refused is told first that nothing more will come.
    bool may_leave()
    {
        if (!refused_ || reader_ended_)
            return true;
        error_code ignored;
        stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
        return false;
    }

    /// Closing at once on a peer that is still sending would take our last answer away from it.
    asio::awaitable<void> let_it_finish()
    {
        Bytes waste(piece_bytes);
        error_code error;
        read_deadline_.arm(farewell);
        for (std::size_t count = 0; count < farewell_bytes_max && !cut_ && !error;)
            count += co_await stream_.next_layer().async_read_some(asio::buffer(waste), errors_to(error));
    }

    /// Until the timer is cancelled; the caller looks at its condition again.
    asio::awaitable<void> sleep(asio::steady_timer& timer)
    {
        error_code woken;
        co_await timer.async_wait(errors_to(woken));
    }

    void end()
    {
        close_socket();
        out_.clear();
        read_deadline_.disarm();
        write_deadline_.disarm();
        if (auto ended = std::exchange(setup_.ended, nullptr))
            ended();
    }

    SessionSetup setup_;
    std::shared_ptr<const UplinkShared> shared_;
    asio::ssl::stream<tcp::socket> stream_;
    asio::any_io_executor executor_;
    asio::steady_timer wake_reader_, wake_writer_; // never expire: cancelled to wake
    Deadline read_deadline_, write_deadline_;
    std::optional<std::chrono::steady_clock::time_point> message_deadline_;
    std::shared_ptr<const std::string> peer_;
    std::unique_ptr<UplinkForm> form_; // chosen by the first octet
    GatewayPeer gateway_; // the id of the certificate; the rest once it is known
    std::shared_ptr<const GatewayPeer> known_;
    Bytes out_;
    std::size_t outstanding_ = 0; // batches without an answer
    bool greeted_ = false;
    bool refused_ = false;      // the connection ends for what the peer said
    bool reader_ended_ = false;
    bool stopping_ = false;     // hand over nothing more
    bool closing_ = false;      // end once everything is written
    bool cut_ = false;          // the socket is closed
};

} // namespace

std::shared_ptr<Session> make_uplink_session(tcp::socket socket, SessionSetup setup,
                                             std::shared_ptr<const UplinkShared> shared)
{
    return std::make_shared<UplinkSession>(std::move(socket), std::move(setup), std::move(shared));
}

} // namespace releve::net
