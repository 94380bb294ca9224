#pragma once
// What a session hands over and gets back. net knows no store and no keys: frames go to a FrameSink that app owns,
// decisions come back to the session through its ReplyTarget.

#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace releve::net {

enum class FrameKind : std::uint8_t { dlms, wize, tic };

/// The gateway or concentrator that handed a frame over, as its certificate named it.
struct GatewayPeer {
    std::string id;
    bool crc_may_be_zero = false; // hands Wize frames over with their CRC set to 0000
};

/// One answer to write back, or only the news that a frame has been decided (empty `apdu`).
struct Reply {
    Bytes apdu;
    std::uint16_t source_wport = 0, destination_wport = 0; // already swapped
    FrameState state = FrameState::malformed;
    std::uint32_t index = 0;      // InboundFrame::index
    std::string detail{};         // of a refused frame: why
    std::chrono::milliseconds send_after{0}; // for a gateway: from the reception of the frame to sending `apdu` to its device
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
    std::optional<Error> refused_for;         // decided by whoever handed it over; it is only counted and kept
    std::shared_ptr<ReplyTarget> reply_to;    // empty for frames that do not come from a socket
    std::int64_t retry_of = 0;                // quarantine row being retried
    FrameKind kind = FrameKind::dlms;
    std::int16_t signal_dbm = 0;              // at the gateway; 0: not told
    std::uint32_t index = 0;                  // in its uplink batch
    std::shared_ptr<const GatewayPeer> gateway; // empty for a meter's own connection
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
