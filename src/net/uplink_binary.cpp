#include <releve/net/uplink.hpp>

namespace releve::net {

namespace {

constexpr std::size_t length_bytes = 4;

/// `length: u32 big-endian` `ToServer`, again and again.
class BinaryForm final : public UplinkForm {
public:
    explicit BinaryForm(const UplinkLimits& limits) : limits_(limits) {}

    void feed(ByteView bytes) override { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }

    result<std::optional<UplinkRequest>> next() override
    {
        const ByteView rest = ByteView{buffer_}.subspan(taken_);
        if (rest.size() < length_bytes)
            return nothing();
        const std::size_t length = Reader{rest}.u32_be();
        if (length > limits_.batch_bytes_max)
            return fail(errc::too_large, "a message of " + std::to_string(length) + " octets; at most " +
                                             std::to_string(limits_.batch_bytes_max) + " are taken");
        if (rest.size() < length_bytes + length)
            return nothing();
        taken_ += length_bytes + length;
        RELEVE_TRY(message, decode_message(rest.subspan(length_bytes, length), limits_));
        return std::visit([](auto&& one) { return std::optional{UplinkRequest{std::move(one)}}; }, std::move(message));
    }

    bool begun() const override { return taken_ < buffer_.size(); }
    bool ended() const override { return false; }
    bool hello_first() const override { return true; }
    bool any_order() const override { return true; }
    Bytes render(const UplinkAnswer& answer, bool) override { return with_length(encode_answer(answer)); }

private:
    /// Moves what is left to the front, once for each piece that was fed, and lets a large buffer go.
    std::optional<UplinkRequest> nothing()
    {
        if (taken_ == buffer_.size())
            buffer_ = {};
        else
            buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
        return std::nullopt;
    }

    UplinkLimits limits_;
    Bytes buffer_;
    std::size_t taken_ = 0; // octets of the buffer
};

} // namespace

std::unique_ptr<UplinkForm> make_binary_form(const UplinkLimits& limits)
{
    return std::make_unique<BinaryForm>(limits);
}

} // namespace releve::net
