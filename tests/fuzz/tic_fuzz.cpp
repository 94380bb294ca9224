// A line of any bytes gives the same frames however it is cut; what a frame says does not depend on parity bits, is said
// again by what is written from it, and is what a look at its address alone said.

#include <releve/codec/tic/frame.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;

struct Outcome {
    std::vector<Bytes> frames;
    std::size_t pending = 0, dropped = 0;
    bool operator==(const Outcome&) const = default;
};

Outcome deframe(ByteView stream, std::size_t piece)
{
    tic::Deframer deframer;
    Outcome outcome;
    while (!stream.empty()) {
        const ByteView next = stream.first(std::min(piece, stream.size()));
        std::ranges::move(deframer.feed(next), std::back_inserter(outcome.frames));
        stream = stream.subspan(next.size());
        RELEVE_ASSERT(deframer.pending_bytes() <= tic::frame_bytes_max);
    }
    outcome.pending = deframer.pending_bytes();
    outcome.dropped = deframer.dropped_frames();
    return outcome;
}

void check_frame(ByteView bytes)
{
    const auto frame = tic::decode_frame(bytes);
    if (!frame)
        return;
    RELEVE_ASSERT(!frame->groups.empty() && frame->groups.size() + frame->bad_groups <= tic::groups_max);
    RELEVE_ASSERT((frame->bad_groups > 0) == frame->first_problem.has_value());
    const Bytes written = tic::encode_frame(frame->mode, frame->groups);
    const auto again = tic::decode_frame(written);
    RELEVE_ASSERT(again && again->mode == frame->mode && again->groups == frame->groups && again->bad_groups == 0);

    Bytes marked(bytes.begin(), bytes.end());
    for (std::byte& octet : marked)
        octet ^= std::byte{0x80};
    RELEVE_ASSERT(tic::decode_frame(marked).value().groups == frame->groups);
    RELEVE_ASSERT(tic::peek_address(marked) == tic::peek_address(bytes));
    RELEVE_ASSERT(tic::peek_address(written) == tic::peek_address(bytes));
    for (const auto& live : tic::live_readings(*frame, Instant{}))
        RELEVE_ASSERT(live.value >= 0 && tic::find_label(frame->mode, live.label) != nullptr);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1)
        return 0;
    const ByteView stream = std::as_bytes(std::span{data, size}).subspan(1);
    const Outcome whole = deframe(stream, stream.size() + 1);
    RELEVE_ASSERT(deframe(stream, 1 + data[0]) == whole);
    for (const Bytes& frame : whole.frames)
        check_frame(frame);
    check_frame(stream);
    return 0;
}
