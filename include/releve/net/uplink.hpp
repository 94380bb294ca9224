#pragma once
// Gateways and concentrators: batches of meter frames over TLS with client certificates, as messages of proto/uplink.proto
// or as another form on the same port (JSON over HTTPS, which app gives: net knows no JSON). The certificate says which
// gateway it is. A batch is acknowledged after each of its frames has been decided and committed, once for each
// (gateway, sequence), however often and over however many connections it is sent. Here: what is said, and how it is
// written and read; the sockets are uplink_server.

#include <releve/net/frame.hpp>

#include <variant>
#include <vector>

namespace releve::net {

/// What one connection may do; the deadlines are as in SessionLimits.
struct UplinkLimits {
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds message{60'000}; // 1 MiB over a slow radio link
    std::chrono::milliseconds idle{900'000};
    std::chrono::milliseconds write{20'000};
    std::size_t batch_bytes_max = 1024 * 1024; // of a binary message, and of a batch's frames in any form
    std::size_t batch_frames_max = 4'096;
    std::size_t batches_outstanding_max = 4;   // of one connection, without an answer; then it is not read
    std::chrono::milliseconds clock_ahead_max{300'000}; // of a gateway's reception time before ours
};
inline constexpr std::size_t gateway_id_bytes_max = 64;
inline constexpr std::size_t wize_frame_bytes_max = 256;
inline constexpr std::size_t tic_frame_bytes_max = 8'192;
inline constexpr std::size_t uplink_detail_bytes_max = 200;
inline constexpr std::size_t uplink_answer_bytes_max = 4 * 1024 * 1024; // a ToGateway message, for a client
inline constexpr std::uint32_t uplink_version = 1;
inline constexpr std::uint64_t uplink_sequence_max = 0x7fff'ffff'ffff'ffff;
inline constexpr std::int16_t signal_dbm_min = -200, signal_dbm_max = 100;

/// 1 to 64 of A-Z a-z 0-9 . _ -
[[nodiscard]] bool is_gateway_id(std::string_view text);

// ---------------------------------------------------------------- what is said

using InstantMs = std::chrono::sys_time<std::chrono::milliseconds>;
inline constexpr InstantMs uplink_time_max{std::chrono::milliseconds{253'402'300'799'999}}; // the end of 9999

struct UplinkHello {
    std::string gateway;
    std::uint32_t version = uplink_version;
    bool operator==(const UplinkHello&) const = default;
};
struct UplinkFrame {
    FrameKind kind = FrameKind::dlms;
    Bytes frame;
    InstantMs received_at{};
    std::int16_t signal_dbm = 0; // 0: not told
    std::uint16_t source_wport = 1, destination_wport = 1; // DLMS only
    bool operator==(const UplinkFrame&) const = default;
};
struct UplinkBatch {
    std::string gateway; // empty, or what the batch itself says
    std::uint64_t sequence = 0;
    std::vector<UplinkFrame> frames;
    bool operator==(const UplinkBatch&) const = default;
};
/// How far the gateway's batches have come: asked over HTTP; the binary form says it in answer to a hello.
struct UplinkStateQuery {};

struct UplinkWelcome {
    std::string gateway; // not on the line of the binary form
    std::uint64_t acknowledged_up_to = 0;
    std::uint32_t batch_bytes_max = 0, batch_frames_max = 0, outstanding_max = 0;
    bool operator==(const UplinkWelcome&) const = default;
};
enum class UplinkOutcome : std::uint8_t { accepted, duplicate, refused };
[[nodiscard]] UplinkOutcome outcome_of(FrameState state);
struct UplinkResult {
    std::uint32_t index = 0;
    UplinkOutcome outcome = UplinkOutcome::accepted;
    std::string reason; // frame_state_name of a refused frame
    std::string detail; // at most uplink_detail_bytes_max
    Bytes downlink;     // to the device; a DLMS confirmation goes to the frame's ports, exchanged
    std::chrono::milliseconds send_after{0}; // from the reception of the frame
    bool operator==(const UplinkResult&) const = default;
};
struct UplinkAck {
    std::uint64_t sequence = 0;
    std::uint32_t accepted = 0, duplicate = 0, refused = 0; // the batch's frames in all
    std::vector<UplinkResult> results;                      // what was not simply accepted, by rising index
    bool operator==(const UplinkAck&) const = default;
};
struct UplinkRefusal {
    std::uint64_t sequence = 0; // 0: about the connection, which ends
    Error error;
    bool operator==(const UplinkRefusal&) const = default;
};

using UplinkMessage = std::variant<UplinkHello, UplinkBatch>;
using UplinkAnswer = std::variant<UplinkWelcome, UplinkAck, UplinkRefusal>;

/// The outcomes of a batch's frames as an acknowledgement; `replies` has one for each index from 0 on, in any order.
[[nodiscard]] UplinkAck make_ack(std::uint64_t sequence, std::vector<Reply> replies);
/// Equal for equal frames in whatever form they came: the first 8 octets of SHA-256 over all that is told of each frame.
[[nodiscard]] std::uint64_t frames_digest(std::span<const UplinkFrame> frames);
/// What both forms check alike: errc::bad_value or errc::too_large naming the field ("frames[3].signal_dbm: ...").
[[nodiscard]] result<void> check_batch(const UplinkBatch& batch, const UplinkLimits& limits);

// ---------------------------------------------------------------- messages of proto/uplink.proto, without their length

[[nodiscard]] Bytes encode_message(const UplinkMessage& message);
/// A ToServer message. errc::malformed, errc::too_large, errc::bad_value; what it gives passes check_batch.
[[nodiscard]] result<UplinkMessage> decode_message(ByteView bytes, const UplinkLimits& limits);
[[nodiscard]] Bytes encode_answer(const UplinkAnswer& answer);
/// A ToGateway message. errc::malformed; errc::internal stands for an error's name that is not known here.
[[nodiscard]] result<UplinkAnswer> decode_answer(ByteView bytes);
/// An Ack message alone: what a ledger keeps.
[[nodiscard]] Bytes encode_ack(const UplinkAck& ack);
[[nodiscard]] result<UplinkAck> decode_ack(ByteView bytes);
/// As it goes on the line: with its 4 octets of length.
[[nodiscard]] Bytes with_length(ByteView message);

// ---------------------------------------------------------------- a form: octets to requests, answers to octets

/// Octets the peer waits for before it goes on ("100 Continue").
struct UplinkInterim {
    Bytes bytes;
};
using UplinkRequest = std::variant<UplinkHello, UplinkBatch, UplinkStateQuery, UplinkInterim>;

/// How one connection's octets are read and its answers written; no I/O. The binary one is net's, app gives the other.
class UplinkForm {
public:
    virtual ~UplinkForm() = default;
    virtual void feed(ByteView bytes) = 0;
    /// Nothing: more octets are needed. After an error, or once `ended`, no further call.
    [[nodiscard]] virtual result<std::optional<UplinkRequest>> next() = 0;
    /// Inside a message.
    [[nodiscard]] virtual bool begun() const = 0;
    /// The peer wants the connection to end after the answer to what it has sent.
    [[nodiscard]] virtual bool ended() const = 0;
    [[nodiscard]] virtual bool hello_first() const = 0;
    /// Answers to batches may come in any order; otherwise one request is read at a time.
    [[nodiscard]] virtual bool any_order() const = 0;
    /// `last`: the connection ends after it.
    [[nodiscard]] virtual Bytes render(const UplinkAnswer& answer, bool last) = 0;
};
[[nodiscard]] std::unique_ptr<UplinkForm> make_binary_form(const UplinkLimits& limits);

} // namespace releve::net
