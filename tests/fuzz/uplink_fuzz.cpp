// What is taken for a message of proto/uplink.proto is within its limits and is read again as itself; a stream of them gives
// the same requests and the same end however it is cut.

#include <releve/net/uplink.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;
using namespace releve::net;

struct Outcome {
    std::vector<UplinkMessage> messages;
    std::optional<Error> error;
    bool begun = false;
    bool operator==(const Outcome&) const = default;
};

Outcome read_stream(ByteView stream, std::size_t piece)
{
    const auto form = make_binary_form({});
    Outcome outcome;
    while (!outcome.error) {
        auto next = form->next();
        if (!next) {
            outcome.error = next.error();
        } else if (!*next) {
            if (stream.empty())
                break;
            const ByteView some = stream.first(std::min(piece, stream.size()));
            form->feed(some);
            stream = stream.subspan(some.size());
        } else if (auto* batch = std::get_if<UplinkBatch>(&**next)) {
            outcome.messages.emplace_back(std::move(*batch));
        } else {
            outcome.messages.emplace_back(std::get<UplinkHello>(std::move(**next)));
        }
    }
    outcome.begun = !outcome.error && form->begun();
    return outcome;
}

} // namespace

/// `which: u8` (0: a message, 1: an answer, 2: an acknowledgement, else a stream in pieces of that size) and its octets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1)
        return 0;
    const ByteView bytes = std::as_bytes(std::span{data, size}).subspan(1);
    const UplinkLimits limits;
    if (data[0] == 0) {
        const auto message = decode_message(bytes, limits);
        if (!message)
            return 0;
        if (const auto* batch = std::get_if<UplinkBatch>(&*message))
            RELEVE_ASSERT(check_batch(*batch, limits));
        RELEVE_ASSERT(decode_message(encode_message(*message), limits) == message);
    } else if (data[0] == 1) {
        const auto answer = decode_answer(bytes);
        RELEVE_ASSERT(!answer || decode_answer(encode_answer(*answer)) == answer);
    } else if (data[0] == 2) {
        const auto ack = decode_ack(bytes);
        RELEVE_ASSERT(!ack || decode_ack(encode_ack(*ack)) == ack);
    } else {
        RELEVE_ASSERT(read_stream(bytes, data[0]) == read_stream(bytes, bytes.size() + 1));
    }
    return 0;
}
