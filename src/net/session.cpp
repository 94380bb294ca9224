#include <releve/net/session.hpp>

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/codec/dlms/wrapper.hpp>
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
using TlsStream = asio::ssl::stream<tcp::socket>;

namespace {

constexpr std::uint8_t tag_general_block_transfer = 0xe0;
constexpr std::size_t read_buffer_bytes = 16 * 1024;
constexpr std::size_t unwritten_bytes_max = 64 * 1024; // answers beside those that are being written
constexpr int send_buffer_bytes = 64 * 1024;           // of the system: else it may grow to 4 MB for one who takes nothing

tcp::socket& socket_of(tcp::socket& stream)
{
    return stream;
}

tcp::socket& socket_of(TlsStream& stream)
{
    return stream.next_layer();
}

auto awaiting(error_code& error)
{
    return asio::redirect_error(asio::use_awaitable, error);
}

template <class Stream>
class SessionOn final : public Session, public ReplyTarget, public std::enable_shared_from_this<SessionOn<Stream>> {
public:
    SessionOn(Stream stream, SessionSetup setup)
        : setup_(std::move(setup)),
          stream_(std::move(stream)),
          executor_(stream_.get_executor()),
          deframer_(setup_.limits.apdu_bytes_max),
          wake_reader_(executor_, asio::steady_timer::time_point::max()),
          wake_writer_(executor_, asio::steady_timer::time_point::max()),
          read_deadline_(executor_, [this] { close_socket(); }),
          write_deadline_(executor_, [this] { close_socket(); })
    {
        error_code ignored;
        const auto endpoint = socket_of(stream_).remote_endpoint(ignored);
        peer_ = std::make_shared<const std::string>(ignored ? "unknown" : endpoint.address().to_string());
    }

    void start() override
    {
        asio::co_spawn(executor_, run_reader(this->shared_from_this()), asio::detached);
    }

    void stop_reading() override
    {
        asio::post(executor_, [self = this->shared_from_this()] { self->stopping_ = true; });
    }

    void close_when_written() override
    {
        asio::post(executor_, [self = this->shared_from_this()] {
            self->stopping_ = true;
            self->closing_ = true;
            self->wake_writer_.cancel();
            self->wake_reader_.cancel();
        });
    }

    void deliver(std::vector<Reply> replies) override
    {
        asio::post(executor_, [self = this->shared_from_this(), replies = std::move(replies)]() mutable {
            self->take_replies(std::move(replies));
        });
    }

private:
    using Self = std::shared_ptr<SessionOn>;

    void close_socket()
    {
        error_code ignored;
        socket_of(stream_).close(ignored);
        closing_ = true;
        wake_writer_.cancel();
        wake_reader_.cancel();
    }

    void take_replies(std::vector<Reply> replies)
    {
        RELEVE_ASSERT(outstanding_ >= replies.size());
        outstanding_ -= replies.size();
        Writer writer;
        for (const Reply& reply : replies)
            if (!reply.apdu.empty())
                dlms::write_wrapper(writer, reply.source_wport, reply.destination_wport, reply.apdu);
        const ByteView bytes = writer.view();
        out_.insert(out_.end(), bytes.begin(), bytes.end());
        wake_writer_.cancel();
        wake_reader_.cancel();
    }

    // ------------------------------------------------------------------ reading

    static asio::awaitable<void> run_reader(Self self)
    {
        const bool secure = co_await self->handshake();
        self->setup_.handshake_done();
        if (secure) {
            asio::co_spawn(self->executor_, run_writer(self), asio::detached);
            co_await self->read_messages();
        }
        // What was handed over is still answered: the peer may have closed only its own direction.
        while (self->outstanding_ > 0)
            co_await self->sleep(self->wake_reader_);
        self->closing_ = true;
        self->wake_writer_.cancel();
        if (!secure)
            self->end();
    }

    asio::awaitable<bool> handshake()
    {
        error_code error;
        socket_of(stream_).set_option(tcp::no_delay(true), error);
        socket_of(stream_).set_option(asio::socket_base::send_buffer_size(send_buffer_bytes), error);
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            read_deadline_.arm(setup_.limits.handshake);
            co_await stream_.async_handshake(asio::ssl::stream_base::server, awaiting(error));
            read_deadline_.disarm();
            if (error) {
                setup_.counters.count_handshake_failure(handshake_failure(error, read_deadline_.has_expired()));
                co_return false;
            }
            ++setup_.counters.handshakes;
        }
        co_return true;
    }

    asio::awaitable<void> read_messages()
    {
        std::vector<std::byte> buffer(read_buffer_bytes);
        bool in_message = false;
        read_deadline_.arm(setup_.limits.idle);
        while (!closing_) {
            error_code error;
            const std::size_t count = co_await stream_.async_read_some(asio::buffer(buffer), awaiting(error));
            if (error) {
                co_await report_end_of_stream(in_message);
                co_return;
            }
            setup_.counters.bytes_in += count;
            deframer_.feed(ByteView{buffer}.first(count));
            read_deadline_.disarm(); // waiting for ourselves is not the peer's fault
            if (!co_await hand_over_messages())
                co_return;
            const bool begun = deframer_.pending_bytes() > 0;
            // The message deadline runs from a message's first byte and is not extended by further bytes.
            if (!begun)
                message_deadline_.reset();
            else if (!message_deadline_)
                message_deadline_ = std::chrono::steady_clock::now() + setup_.limits.message;
            in_message = begun;
            read_deadline_.arm(begun ? std::chrono::duration_cast<std::chrono::milliseconds>(
                                           *message_deadline_ - std::chrono::steady_clock::now())
                                     : setup_.limits.idle);
        }
    }

    /// False when the stream is lost.
    asio::awaitable<bool> hand_over_messages()
    {
        for (;;) {
            auto next = deframer_.next();
            if (!next) {
                co_await hand_over_broken(next.error());
                co_return false;
            }
            if (!*next)
                co_return true;
            message_deadline_.reset();
            // A wait is rare, and a coroutine of its own for each message is not free.
            if (auto frame = assemble(std::move(**next)); frame && !submit(*frame))
                co_await wait_after(std::move(*frame));
        }
    }

    /// Nothing if more blocks are to come.
    std::optional<InboundFrame> assemble(dlms::WrapperMessage message)
    {
        std::optional<InboundFrame> whole_frame{std::in_place};
        InboundFrame& frame = *whole_frame;
        frame.source_wport = message.source_wport;
        frame.destination_wport = message.destination_wport;
        if (std::to_integer<std::uint8_t>(message.apdu.front()) == tag_general_block_transfer) {
            auto whole = blocks_.feed(message.apdu);
            if (whole && !*whole)
                return std::nullopt;
            if (whole)
                frame.apdu = std::move(**whole);
            else {
                frame.apdu = std::move(message.apdu);
                frame.transport_error = whole.error();
            }
        } else {
            frame.apdu = std::move(message.apdu);
        }
        note_title(frame.apdu);
        return whole_frame;
    }

    /// glo- ciphered APDUs carry no system title; they may be told by the one meter this connection has named.
    void note_title(ByteView apdu)
    {
        const auto title = dlms::peek_system_title(apdu);
        if (!title)
            return;
        if (title_ && *title_ != *title)
            several_titles_ = true;
        title_ = title;
    }

    asio::awaitable<void> hand_over_broken(const Error& error)
    {
        InboundFrame frame;
        const ByteView rest = deframer_.unfinished();
        frame.apdu.assign(rest.begin(), rest.end());
        frame.transport_error = error;
        if (!submit(frame))
            co_await wait_after(std::move(frame));
    }

    asio::awaitable<void> report_end_of_stream(bool in_message)
    {
        if (read_deadline_.has_expired())
            ++(in_message ? setup_.counters.message_timeouts : setup_.counters.idle_timeouts);
        if (in_message || blocks_.in_progress())
            co_await hand_over_broken(fail(errc::truncated, "the connection ended inside a message"));
    }

    /// Hands a frame over. False if nothing may be read before `wait_after`.
    bool submit(InboundFrame& frame)
    {
        if (stopping_)
            return true;
        frame.received_at = setup_.now();
        frame.peer = peer_;
        frame.reply_to = this->shared_from_this();
        if (title_ && !several_titles_)
            frame.session_title = title_;
        ++setup_.counters.frames_in;
        ++outstanding_; // before it can be decided
        taken_ = setup_.sink.try_submit(frame);
        return taken_ && outstanding_ < setup_.limits.outstanding_max && !answers_pile_up();
    }

    /// While the queue is full, too many frames of this connection are undecided or too many answers are not taken.
    asio::awaitable<void> wait_after(InboundFrame frame)
    {
        for (; !taken_; taken_ = setup_.sink.try_submit(frame)) {
            if (stopping_) {
                --outstanding_; // never accepted, never answered: the meter sends it again
                co_return;
            }
            ++setup_.counters.read_pauses;
            space_ = false;
            setup_.sink.when_space([weak = this->weak_from_this(), executor = executor_] {
                asio::post(executor, [weak] {
                    if (const Self self = weak.lock()) {
                        self->space_ = true;
                        self->wake_reader_.cancel();
                    }
                });
            });
            while (!space_)
                co_await sleep(wake_reader_);
        }
        while (outstanding_ >= setup_.limits.outstanding_max)
            co_await sleep(wake_reader_);
        if (!answers_pile_up())
            co_return;
        ++setup_.counters.answer_pauses;
        while (answers_pile_up())
            co_await sleep(wake_reader_);
    }

    /// A peer that goes on sending and takes no answers; one whose writer has ended gets none.
    [[nodiscard]] bool answers_pile_up() const { return out_.size() >= unwritten_bytes_max && !closing_; }

    // ------------------------------------------------------------------ writing

    static asio::awaitable<void> run_writer(Self self)
    {
        while (!self->closing_ || !self->out_.empty()) {
            if (self->out_.empty()) {
                co_await self->sleep(self->wake_writer_);
                continue;
            }
            const Bytes now = std::exchange(self->out_, {});
            self->wake_reader_.cancel();
            error_code error;
            self->write_deadline_.arm(self->setup_.limits.write);
            const std::size_t count = co_await asio::async_write(self->stream_, asio::buffer(now), awaiting(error));
            self->write_deadline_.disarm();
            self->setup_.counters.bytes_out += count;
            if (!error)
                continue;
            if (self->write_deadline_.has_expired())
                ++self->setup_.counters.write_timeouts;
            self->out_.clear();
            break;
        }
        self->end();
    }

    /// Until the timer is cancelled; the caller looks at its condition again.
    asio::awaitable<void> sleep(asio::steady_timer& timer)
    {
        error_code woken;
        co_await timer.async_wait(awaiting(woken));
    }

    void end()
    {
        close_socket();
        read_deadline_.disarm();
        write_deadline_.disarm();
        if (auto ended = std::exchange(setup_.ended, nullptr))
            ended();
    }

    SessionSetup setup_;
    Stream stream_;
    asio::any_io_executor executor_;
    dlms::WrapperDeframer deframer_;
    dlms::BlockAssembler blocks_;
    asio::steady_timer wake_reader_, wake_writer_; // never expire: cancelled to wake
    Deadline read_deadline_, write_deadline_;
    std::optional<std::chrono::steady_clock::time_point> message_deadline_;
    std::shared_ptr<const std::string> peer_;
    std::optional<SystemTitle> title_;
    bool several_titles_ = false;
    Bytes out_;
    std::size_t outstanding_ = 0;
    bool taken_ = true; // the last frame
    bool space_ = true;
    bool stopping_ = false; // hand over nothing more
    bool closing_ = false;  // end once everything is written
};

} // namespace

std::shared_ptr<Session> Session::make(tcp::socket socket, SessionSetup setup)
{
    if (!setup.tls)
        return std::make_shared<SessionOn<tcp::socket>>(std::move(socket), std::move(setup));
    TlsStream stream{std::move(socket), *setup.tls};
    return std::make_shared<SessionOn<TlsStream>>(std::move(stream), std::move(setup));
}

} // namespace releve::net
