#pragma once
// What a session hands over and gets back. net knows no store and no keys: frames go to a FrameSink that app owns,
// decisions come back to the session through its ReplyTarget.

#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/time.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace releve::net {

/// One answer to write back, or only the news that a frame has been decided (empty `apdu`).
struct Reply {
    Bytes apdu;
    std::uint16_t source_wport = 0, destination_wport = 0; // already swapped
};

/// A session, seen by the thread that decided. `deliver` may be called from any thread; after the session has ended it
/// does nothing.
class ReplyTarget {
public:
    virtual ~ReplyTarget() = default;
    virtual void deliver(std::vector<Reply> replies) = 0;
};

struct InboundFrame {
    Bytes apdu;                               // one whole APDU (put together if it came in blocks)
    std::uint16_t source_wport = 0, destination_wport = 0;
    Instant received_at{};
    std::shared_ptr<const std::string> peer;  // "203.0.113.7"
    std::optional<SystemTitle> session_title; // the only title seen so far on this connection, if there was exactly one
    std::optional<Error> transport_error;     // the bytes could not even be framed: `apdu` holds what there was
    std::shared_ptr<ReplyTarget> reply_to;    // empty for frames that do not come from a socket
    std::int64_t retry_of = 0;                // quarantine row being retried
};

class FrameSink {
public:
    virtual ~FrameSink() = default;
    /// False when the queue is full: the frame is untouched and the session must not read on until `when_space` fired.
    [[nodiscard]] virtual bool try_submit(InboundFrame& frame) = 0;
    /// Calls `wake` once, from any thread, when there is room again (at once if there is).
    virtual void when_space(std::function<void()> wake) = 0;
};

} // namespace releve::net
