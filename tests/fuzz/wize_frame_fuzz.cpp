// Any bytes as an exchange frame: taken apart within bounds. The same bytes sent: open as themselves, and are
// refused for a bit that changed on the way.

#include <releve/codec/wize/frame.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;
using namespace releve::wize;

const crypto::Key128 kenc = *crypto::Key128::from(Bytes(16, std::byte{0x3c}));
const NetworkKey network{1, *crypto::Key128::from(Bytes(16, std::byte{0xc3}))};

void check_as_received(ByteView bytes)
{
    const auto strict = decode_exchange(bytes, {.old_ci = false});
    const auto frame = decode_exchange(bytes, {.crc_may_be_zero = true});
    RELEVE_ASSERT(!strict || frame);
    if (!frame) {
        RELEVE_ASSERT(failed_check(frame.error()));
        return;
    }
    RELEVE_ASSERT(peek_address(bytes) == frame->address);
    RELEVE_ASSERT(frame->version == 1 && frame->keysel <= 15 && !frame->l7.empty());
    RELEVE_ASSERT(frame->l7.size() + frame_bytes_min - 1 == bytes.size());
    // A gateway's HashKmac of 16 bits can be met by chance; what then opens has the length it was sent with.
    const auto known = check_network(*frame, {&network, 1});
    const auto opened = open_exchange(*frame, &kenc, network.kmac);
    RELEVE_ASSERT(known || failed_check(known.error()));
    RELEVE_ASSERT(!opened || opened->size() == frame->l7.size());
}

/// control(1) type(1) bit(2) counter(2) l7
void check_as_sent(Reader in)
{
    static constexpr FrameType types[] = {FrameType::data, FrameType::data_prio, FrameType::response,
                                          FrameType::instping};
    Outgoing out;
    out.keysel = in.u8() & 0x0f;
    out.c = types[in.u8() % std::size(types)];
    const std::size_t bit = in.u16_be();
    out.cpt = in.u16_be();
    out.netid = network.netid;
    out.l7 = in.rest().first(std::min(in.remaining(), l7_bytes_max));
    if (in.failed() || out.l7.empty())
        return;
    Bytes sent = encode_exchange(out, &kenc, network.kmac);
    const auto frame = decode_exchange(sent);
    RELEVE_ASSERT(frame && frame->cpt == out.cpt && frame->keysel == out.keysel);
    RELEVE_ASSERT(check_network(*frame, {&network, 1}));
    const auto opened = open_exchange(*frame, &kenc, network.kmac);
    RELEVE_ASSERT(opened && std::ranges::equal(*opened, out.l7));
    sent[bit / 8 % sent.size()] ^= static_cast<std::byte>(1U << bit % 8);
    RELEVE_ASSERT(!decode_exchange(sent));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteView bytes = std::as_bytes(std::span{data, size});
    check_as_received(bytes);
    check_as_sent(Reader{bytes});
    return 0;
}
