// A stream of any bytes gives the same messages and the same end however it is cut.

#include <releve/codec/dlms/wrapper.hpp>
#include <releve/core/limits.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;

struct Outcome {
    std::vector<dlms::WrapperMessage> messages;
    std::optional<Error> error;
    std::size_t pending = 0;
    bool operator==(const Outcome&) const = default;
};

Outcome deframe(ByteView stream, std::size_t piece)
{
    dlms::WrapperDeframer deframer{limits::apdu_bytes_max};
    Outcome outcome;
    while (!outcome.error) {
        auto message = deframer.next();
        if (!message) {
            outcome.error = message.error();
        } else if (*message) {
            outcome.messages.push_back(std::move(**message));
        } else if (stream.empty()) {
            break;
        } else {
            const ByteView next = stream.first(std::min(piece, stream.size()));
            deframer.feed(next);
            stream = stream.subspan(next.size());
        }
    }
    if (!outcome.error)
        outcome.pending = deframer.pending_bytes();
    return outcome;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteView bytes = std::as_bytes(std::span{data, size});
    if (size < 1)
        return 0;
    const ByteView stream = bytes.subspan(1);
    RELEVE_ASSERT(deframe(stream, 1 + data[0]) == deframe(stream, stream.size() + 1));
    return 0;
}
