#include <releve/codec/dlms/wrapper.hpp>

namespace releve::dlms {

namespace {
constexpr std::uint16_t version = 1;
constexpr std::size_t header_bytes = 8;

std::size_t announced_length(ByteView header)
{
    return std::to_integer<std::size_t>(header[6]) << 8 | std::to_integer<std::size_t>(header[7]);
}
} // namespace

void write_wrapper(Writer& writer, std::uint16_t source_wport, std::uint16_t destination_wport, ByteView apdu)
{
    RELEVE_ASSERT(apdu.size() <= 0xffff);
    writer.u16_be(version).u16_be(source_wport).u16_be(destination_wport);
    writer.u16_be(static_cast<std::uint16_t>(apdu.size())).bytes(apdu);
}

WrapperDeframer::WrapperDeframer(std::size_t apdu_bytes_max) : apdu_bytes_max_(apdu_bytes_max) {}

void WrapperDeframer::feed(ByteView bytes)
{
    if (error_)
        return;
    // What was delivered is dropped here and not message by message, so that a segment full of messages moves once.
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

ByteView WrapperDeframer::unfinished() const
{
    return ByteView{buffer_}.subspan(start_);
}

result<std::optional<WrapperMessage>> WrapperDeframer::next()
{
    while (!error_) {
        const ByteView bytes = unfinished();
        Reader reader{bytes};
        // A stranger shows itself in two bytes: no need to wait for a whole header.
        if (bytes.size() >= 2 && reader.u16_be() != version) {
            error_ = fail(errc::bad_version, "wrapper version " + to_hex(bytes.first(2)) + " instead of 0001", 0);
            break;
        }
        if (bytes.size() < header_bytes)
            return std::optional<WrapperMessage>{};
        const std::size_t length = announced_length(bytes);
        if (length > apdu_bytes_max_) {
            error_ = fail(errc::too_large,
                          "a message of " + std::to_string(length) + " bytes, of at most " +
                              std::to_string(apdu_bytes_max_),
                          6);
            break;
        }
        if (bytes.size() < header_bytes + length)
            return std::optional<WrapperMessage>{};
        start_ += header_bytes + length;
        if (length == 0)
            continue;
        WrapperMessage message;
        message.source_wport = reader.u16_be();
        message.destination_wport = reader.u16_be();
        const ByteView apdu = bytes.subspan(header_bytes, length);
        message.apdu.assign(apdu.begin(), apdu.end());
        return std::optional{std::move(message)};
    }
    return *error_;
}

std::size_t WrapperDeframer::pending_bytes() const
{
    const ByteView bytes = unfinished();
    if (bytes.empty())
        return 0;
    if (bytes.size() < header_bytes)
        return header_bytes - bytes.size();
    const std::size_t whole = header_bytes + announced_length(bytes);
    return whole > bytes.size() ? whole - bytes.size() : 0;
}

} // namespace releve::dlms
