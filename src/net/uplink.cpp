#include <releve/net/uplink.hpp>

#include <releve/core/limits.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::net {

bool is_gateway_id(std::string_view text)
{
    const auto allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !text.empty() && text.size() <= gateway_id_bytes_max && std::ranges::all_of(text, allowed);
}

UplinkOutcome outcome_of(FrameState state)
{
    switch (state) {
    case FrameState::accepted:
    case FrameState::accepted_unconfirmed:
    case FrameState::undecoded:
    case FrameState::not_agreed:
        return UplinkOutcome::accepted;
    case FrameState::duplicate:
        return UplinkOutcome::duplicate;
    default:
        return UplinkOutcome::refused;
    }
}

namespace {

/// At most uplink_detail_bytes_max octets, no broken character at the end; nothing of what is not text at all.
std::string clip_detail(std::string text)
{
    if (text.size() > uplink_detail_bytes_max) {
        text.resize(uplink_detail_bytes_max);
        for (int i = 0; i < 3 && !is_utf8(text); ++i)
            text.pop_back();
    }
    return is_utf8(text) ? text : std::string{};
}

std::uint32_t& count_of(UplinkAck& ack, UplinkOutcome outcome)
{
    switch (outcome) {
    case UplinkOutcome::accepted:
        return ack.accepted;
    case UplinkOutcome::duplicate:
        return ack.duplicate;
    case UplinkOutcome::refused:
        break;
    }
    return ack.refused;
}

std::string name_of_frame(std::size_t index, std::string_view field)
{
    return "frames[" + std::to_string(index) + "]." + std::string{field};
}

std::size_t frame_bytes_max(FrameKind kind)
{
    switch (kind) {
    case FrameKind::wize:
        return wize_frame_bytes_max;
    case FrameKind::tic:
        return tic_frame_bytes_max;
    case FrameKind::dlms:
        break;
    }
    return limits::apdu_bytes_max;
}

} // namespace

UplinkAck make_ack(std::uint64_t sequence, std::vector<Reply> replies)
{
    std::ranges::sort(replies, {}, &Reply::index);
    UplinkAck ack{.sequence = sequence, .results = {}};
    for (std::size_t i = 0; i < replies.size(); ++i) {
        Reply& reply = replies[i];
        RELEVE_ASSERT(reply.index == i);
        const UplinkOutcome outcome = outcome_of(reply.state);
        ++count_of(ack, outcome);
        if (outcome == UplinkOutcome::accepted && reply.apdu.empty())
            continue;
        UplinkResult result{.index = reply.index,
                            .outcome = outcome,
                            .reason = {},
                            .detail = {},
                            .downlink = std::move(reply.apdu),
                            .send_after = reply.send_after};
        if (outcome == UplinkOutcome::refused) {
            result.reason = frame_state_name(reply.state);
            result.detail = clip_detail(std::move(reply.detail));
        }
        ack.results.push_back(std::move(result));
    }
    return ack;
}

std::uint64_t frames_digest(std::span<const UplinkFrame> frames)
{
    Writer writer;
    writer.u32_be(static_cast<std::uint32_t>(frames.size()));
    for (const UplinkFrame& frame : frames) {
        writer.u8(static_cast<std::uint8_t>(frame.kind))
            .u64_be(static_cast<std::uint64_t>(frame.received_at.time_since_epoch().count()))
            .u16_be(static_cast<std::uint16_t>(frame.signal_dbm))
            .u16_be(frame.source_wport)
            .u16_be(frame.destination_wport)
            .u32_be(static_cast<std::uint32_t>(frame.frame.size()))
            .bytes(frame.frame);
    }
    const auto hash = crypto::sha256(writer.view());
    return Reader{hash}.u64_be();
}

result<void> check_batch(const UplinkBatch& batch, const UplinkLimits& limits)
{
    if (batch.sequence == 0 || batch.sequence > uplink_sequence_max)
        return fail(errc::bad_value, "sequence: must be from 1 to 2^63 - 1");
    if (!batch.gateway.empty() && !is_gateway_id(batch.gateway))
        return fail(errc::bad_value, "gateway: not an id of a gateway");
    if (batch.frames.empty())
        return fail(errc::bad_value, "frames: at least one is needed");
    if (batch.frames.size() > limits.batch_frames_max)
        return fail(errc::too_large, "frames: at most " + std::to_string(limits.batch_frames_max) + " in a batch");
    std::size_t total = 0;
    for (std::size_t i = 0; i < batch.frames.size(); ++i) {
        const UplinkFrame& frame = batch.frames[i];
        const std::size_t most = frame_bytes_max(frame.kind);
        total += frame.frame.size();
        if (frame.frame.empty())
            return fail(errc::bad_value, name_of_frame(i, "frame: empty"));
        if (frame.frame.size() > most)
            return fail(errc::too_large, name_of_frame(i, "frame: at most ") + std::to_string(most) + " octets");
        if (frame.received_at < InstantMs{} || frame.received_at > uplink_time_max)
            return fail(errc::bad_value, name_of_frame(i, "received_at: not from 1970 to 9999"));
        if (frame.signal_dbm < signal_dbm_min || frame.signal_dbm > signal_dbm_max)
            return fail(errc::bad_value, name_of_frame(i, "signal_dbm: must be from -200 to 100"));
    }
    if (total > limits.batch_bytes_max)
        return fail(errc::too_large,
                    "frames: at most " + std::to_string(limits.batch_bytes_max) + " octets in a batch");
    return {};
}

Bytes with_length(ByteView message)
{
    Writer writer;
    writer.u32_be(static_cast<std::uint32_t>(message.size())).bytes(message);
    return std::move(writer).take();
}

} // namespace releve::net
