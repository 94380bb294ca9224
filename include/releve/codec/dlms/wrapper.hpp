#pragma once
// Wrapper framing over a byte stream (IEC 62056-4-7): version 0001, source and destination wPort, length, APDU.
// Sans-I/O: bytes in, messages out. There is no resynchronisation mark; a bad version means the stream is lost.

#include <releve/core/bytes.hpp>

#include <optional>

namespace releve::dlms {

struct WrapperMessage {
    std::uint16_t source_wport = 0;
    std::uint16_t destination_wport = 0;
    Bytes apdu;
    bool operator==(const WrapperMessage&) const = default;
};

void write_wrapper(Writer& writer, std::uint16_t source_wport, std::uint16_t destination_wport, ByteView apdu);

class WrapperDeframer {
public:
    /// `apdu_bytes_max`: a longer announced length is errc::too_large before anything is kept.
    explicit WrapperDeframer(std::size_t apdu_bytes_max);
    void feed(ByteView bytes);
    /// The next whole message; nothing if more bytes are needed. Messages of length 0 are skipped. errc::bad_version,
    /// errc::too_large: final, every later call gives the same.
    [[nodiscard]] result<std::optional<WrapperMessage>> next();
    /// Bytes still missing of the message that has begun (its header included); 0 between messages.
    [[nodiscard]] std::size_t pending_bytes() const;
    /// Bytes received of the message that has begun.
    [[nodiscard]] ByteView unfinished() const;

private:
    std::size_t apdu_bytes_max_;
    Bytes buffer_;
    std::size_t start_ = 0;
    std::optional<Error> error_;
};

} // namespace releve::dlms
