#include <releve/net/uplink.hpp>

#include <google/protobuf/stubs/logging.h>

#include <uplink.pb.h>

#include <algorithm>
#include <array>

namespace releve::net {

namespace wire = releve::uplink::v1;

namespace {

constexpr std::array frame_kinds = {std::pair{wire::FRAME_KIND_DLMS, FrameKind::dlms},
                                    std::pair{wire::FRAME_KIND_WIZE, FrameKind::wize},
                                    std::pair{wire::FRAME_KIND_TIC, FrameKind::tic}};
constexpr std::array outcomes = {std::pair{wire::OUTCOME_ACCEPTED, UplinkOutcome::accepted},
                                 std::pair{wire::OUTCOME_DUPLICATE, UplinkOutcome::duplicate},
                                 std::pair{wire::OUTCOME_REFUSED, UplinkOutcome::refused}};

template <class Rows>
auto to_wire(const Rows& rows, typename Rows::value_type::second_type value)
{
    const auto row = std::ranges::find(rows, value, &Rows::value_type::second);
    RELEVE_ASSERT(row != rows.end());
    return row->first;
}

template <class Rows>
std::optional<typename Rows::value_type::second_type> from_wire(const Rows& rows, int value)
{
    for (const auto& [written, meant] : rows)
        if (written == value)
            return meant;
    return std::nullopt;
}

Bytes to_bytes(const std::string& text)
{
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

template <class Message>
result<Message> parse(ByteView bytes, const char* name)
{
    // Else it prints what strangers send.
    [[maybe_unused]] static google::protobuf::LogHandler* const silenced = google::protobuf::SetLogHandler(nullptr);
    Message message;
    if (bytes.size() > INT32_MAX || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return fail(errc::malformed, std::string{"not a "} + name + " message");
    return message;
}

Bytes serialize(const google::protobuf::MessageLite& message)
{
    Bytes bytes(message.ByteSizeLong());
    RELEVE_ASSERT(message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
    return bytes;
}

// ---------------------------------------------------------------- to the server

void write(wire::Batch& to, const UplinkBatch& batch)
{
    to.set_gateway_id(batch.gateway);
    to.set_sequence(batch.sequence);
    to.mutable_frames()->Reserve(static_cast<int>(batch.frames.size()));
    for (const UplinkFrame& frame : batch.frames) {
        wire::Frame& out = *to.add_frames();
        out.set_kind(to_wire(frame_kinds, frame.kind));
        out.set_frame(frame.frame.data(), frame.frame.size());
        out.set_received_at(frame.received_at.time_since_epoch().count());
        out.set_signal_dbm(frame.signal_dbm);
        if (frame.source_wport != 1)
            out.set_source_wport(frame.source_wport);
        if (frame.destination_wport != 1)
            out.set_destination_wport(frame.destination_wport);
    }
}

/// What has no place in an UplinkFrame; check_batch says the rest.
result<UplinkFrame> read(const wire::Frame& from, const std::string& place)
{
    const auto kind = from_wire(frame_kinds, from.kind());
    if (!kind)
        return fail(errc::bad_value, place + ".kind: must be DLMS, WIZE or TIC");
    if (from.signal_dbm() < signal_dbm_min || from.signal_dbm() > signal_dbm_max)
        return fail(errc::bad_value, place + ".signal_dbm: must be from -200 to 100");
    UplinkFrame frame{.kind = *kind,
                      .frame = to_bytes(from.frame()),
                      .received_at = InstantMs{std::chrono::milliseconds{from.received_at()}},
                      .signal_dbm = static_cast<std::int16_t>(from.signal_dbm())};
    if (*kind != FrameKind::dlms && (from.has_source_wport() || from.has_destination_wport()))
        return fail(errc::bad_value, place + ".source_wport: only a DLMS frame has ports");
    if (from.source_wport() > UINT16_MAX || from.destination_wport() > UINT16_MAX)
        return fail(errc::bad_value, place + ".source_wport: must be from 0 to 65535");
    if (from.has_source_wport())
        frame.source_wport = static_cast<std::uint16_t>(from.source_wport());
    if (from.has_destination_wport())
        frame.destination_wport = static_cast<std::uint16_t>(from.destination_wport());
    return frame;
}

result<UplinkBatch> read(const wire::Batch& from, const UplinkLimits& limits)
{
    if (from.frames_size() > static_cast<std::int64_t>(limits.batch_frames_max))
        return fail(errc::too_large, "frames: at most " + std::to_string(limits.batch_frames_max) + " in a batch");
    UplinkBatch batch{.gateway = from.gateway_id(), .sequence = from.sequence(), .frames = {}};
    batch.frames.reserve(static_cast<std::size_t>(from.frames_size()));
    for (int i = 0; i < from.frames_size(); ++i) {
        RELEVE_TRY(frame, read(from.frames(i), "frames[" + std::to_string(i) + "]"));
        batch.frames.push_back(std::move(frame));
    }
    RELEVE_CHECK(check_batch(batch, limits));
    return batch;
}

// ---------------------------------------------------------------- to the gateway

void write(wire::Ack& to, const UplinkAck& ack)
{
    to.set_sequence(ack.sequence);
    to.set_accepted(ack.accepted);
    to.set_duplicate(ack.duplicate);
    to.set_refused(ack.refused);
    for (const UplinkResult& result : ack.results) {
        wire::FrameResult& out = *to.add_results();
        out.set_index(result.index);
        out.set_outcome(to_wire(outcomes, result.outcome));
        out.set_reason(result.reason);
        out.set_detail(result.detail);
        out.set_downlink(result.downlink.data(), result.downlink.size());
        out.set_send_after_ms(static_cast<std::uint32_t>(result.send_after.count()));
    }
}

result<UplinkAck> read(const wire::Ack& from)
{
    UplinkAck ack{.sequence = from.sequence(),
                  .accepted = from.accepted(),
                  .duplicate = from.duplicate(),
                  .refused = from.refused(),
                  .results = {}};
    for (const wire::FrameResult& result : from.results()) {
        const auto outcome = from_wire(outcomes, result.outcome());
        if (!outcome)
            return fail(errc::malformed, "results.outcome: not known");
        ack.results.push_back({.index = result.index(),
                               .outcome = *outcome,
                               .reason = result.reason(),
                               .detail = result.detail(),
                               .downlink = to_bytes(result.downlink()),
                               .send_after = std::chrono::milliseconds{result.send_after_ms()}});
    }
    return ack;
}

void write(wire::ToGateway& to, const UplinkWelcome& welcome)
{
    to.mutable_welcome()->set_acknowledged_up_to(welcome.acknowledged_up_to);
    to.mutable_welcome()->set_batch_bytes_max(welcome.batch_bytes_max);
    to.mutable_welcome()->set_batch_frames_max(welcome.batch_frames_max);
    to.mutable_welcome()->set_outstanding_max(welcome.outstanding_max);
}

void write(wire::ToGateway& to, const UplinkAck& ack)
{
    write(*to.mutable_ack(), ack);
}

void write(wire::ToGateway& to, const UplinkRefusal& refusal)
{
    to.mutable_error()->set_sequence(refusal.sequence);
    to.mutable_error()->set_name(std::string{error_name(refusal.error.code)});
    to.mutable_error()->set_detail(refusal.error.detail);
}

errc error_from_name(std::string_view name)
{
    const auto rows = error_rows();
    const auto row = std::ranges::find(rows, name, &ErrorRow::name);
    return row == rows.end() ? errc::internal : row->code;
}

} // namespace

Bytes encode_message(const UplinkMessage& message)
{
    wire::ToServer out;
    if (const auto* hello = std::get_if<UplinkHello>(&message)) {
        out.mutable_hello()->set_gateway_id(hello->gateway);
        out.mutable_hello()->set_version(hello->version);
    } else {
        write(*out.mutable_batch(), std::get<UplinkBatch>(message));
    }
    return serialize(out);
}

result<UplinkMessage> decode_message(ByteView bytes, const UplinkLimits& limits)
{
    RELEVE_TRY(in, parse<wire::ToServer>(bytes, "ToServer"));
    switch (in.message_case()) {
    case wire::ToServer::kHello:
        return UplinkMessage{UplinkHello{.gateway = in.hello().gateway_id(), .version = in.hello().version()}};
    case wire::ToServer::kBatch: {
        RELEVE_TRY(batch, read(in.batch(), limits));
        return UplinkMessage{std::move(batch)};
    }
    case wire::ToServer::MESSAGE_NOT_SET:
        break;
    }
    return fail(errc::malformed, "neither a hello nor a batch");
}

Bytes encode_answer(const UplinkAnswer& answer)
{
    wire::ToGateway out;
    std::visit([&out](const auto& one) { write(out, one); }, answer);
    return serialize(out);
}

result<UplinkAnswer> decode_answer(ByteView bytes)
{
    RELEVE_TRY(in, parse<wire::ToGateway>(bytes, "ToGateway"));
    switch (in.message_case()) {
    case wire::ToGateway::kWelcome:
        return UplinkAnswer{UplinkWelcome{.gateway = {},
                                          .acknowledged_up_to = in.welcome().acknowledged_up_to(),
                                          .batch_bytes_max = in.welcome().batch_bytes_max(),
                                          .batch_frames_max = in.welcome().batch_frames_max(),
                                          .outstanding_max = in.welcome().outstanding_max()}};
    case wire::ToGateway::kAck: {
        RELEVE_TRY(ack, read(in.ack()));
        return UplinkAnswer{std::move(ack)};
    }
    case wire::ToGateway::kError:
        return UplinkAnswer{UplinkRefusal{.sequence = in.error().sequence(),
                                          .error = fail(error_from_name(in.error().name()), in.error().detail())}};
    case wire::ToGateway::MESSAGE_NOT_SET:
        break;
    }
    return fail(errc::malformed, "neither a welcome, nor an acknowledgement, nor an error");
}

Bytes encode_ack(const UplinkAck& ack)
{
    wire::Ack out;
    write(out, ack);
    return serialize(out);
}

result<UplinkAck> decode_ack(ByteView bytes)
{
    RELEVE_TRY(in, parse<wire::Ack>(bytes, "Ack"));
    return read(in);
}

} // namespace releve::net
