// A frame, envelope by envelope; part of app/describe.hpp.

#include <releve/app/describe.hpp>

#include <releve/codec/dlms/push.hpp>
#include <releve/codec/dlms/wrapper.hpp>
#include <releve/core/limits.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::app {

using nlohmann::json;
using namespace dlms;

namespace {

constexpr std::uint8_t block_transfer_tag = 0xe0;

/// What a notified value reports, in the words of the meter's model.
void describe_event(Layer& layer, const EventNotification& event, const MeterModel& model)
{
    const auto content = decode_event(model, event, {});
    if (!content) {
        layer.lines.push_back("event            " + content.error().detail);
        return;
    }
    layer.content["event"] = content->layout;
    layer.content["alarms"] = json::array();
    for (const AlarmReading& reading : content->alarms) {
        const AlarmModel& alarm = *model.find_alarm(reading.name);
        layer.content["alarms"].push_back(
            {{"name", alarm.name}, {"label", alarm.words.label_en}, {"plain", alarm.words.plain_en}});
        layer.lines.push_back("event            " + alarm.name + ": " + alarm.words.label_en + ". " + alarm.words.plain_en);
    }
    if (content->alarms.empty())
        layer.lines.emplace_back("event            nothing is reported (any more)");
    if (content->ignored > 0)
        layer.lines.push_back("event            bits without a name: " + std::to_string(content->ignored));
}

class Peeler {
public:
    Peeler(FrameDescription& frame, const DecodeKeys& keys, const MeterModel* model)
        : frame_(frame), keys_(keys), model_(model)
    {
    }

    void wrapper(ByteView input)
    {
        std::size_t offset = 0;
        while (offset < input.size() && !frame_.problem) {
            Reader reader{input.subspan(offset)};
            const std::uint16_t version = reader.u16_be();
            const std::uint16_t source = reader.u16_be();
            const std::uint16_t destination = reader.u16_be();
            const std::uint16_t length = reader.u16_be();
            if (reader.failed() || version != 1 || length > reader.remaining()) {
                problem(reader.failed() || version == 1
                            ? fail(errc::truncated, "the wrapper announces more bytes than there are")
                            : fail(errc::bad_version, "wrapper version " + std::to_string(version)),
                        offset);
                return;
            }
            Layer& layer = add("wrapper", offset, input.subspan(offset, 8 + std::size_t{length}));
            layer.content = {{"source_wport", source}, {"destination_wport", destination}, {"length", length}};
            layer.lines = {"version 1, wPort " + std::to_string(source) + " to " + std::to_string(destination) + ", " +
                           std::to_string(length) + " bytes"};
            if (length > 0)
                apdu(reader.take(length), offset + 8);
            offset += 8 + length;
        }
    }

    /// One APDU, or block transfer APDUs in a row.
    void apdu(ByteView bytes, std::optional<std::size_t> offset)
    {
        // Association in ciphered APDU in block transfer is three; nothing real goes deeper.
        if (++depth_ > 8)
            return problem(fail(errc::too_deep, "envelopes in envelopes"), offset);
        if (!bytes.empty() && std::to_integer<std::uint8_t>(bytes[0]) == block_transfer_tag)
            blocks(bytes, offset);
        else
            single(bytes, offset);
        --depth_;
    }

private:
    Layer& add(std::string name, std::optional<std::size_t> offset, ByteView bytes)
    {
        frame_.layers.push_back({std::move(name), offset, Bytes{bytes.begin(), bytes.end()}, json::object(), {}});
        return frame_.layers.back();
    }

    void problem(Error error, std::optional<std::size_t> offset)
    {
        if (frame_.problem)
            return;
        if (offset)
            error.offset = static_cast<std::ptrdiff_t>(*offset) + std::max<std::ptrdiff_t>(error.offset, 0);
        frame_.problem = std::move(error);
    }

    void single(ByteView bytes, std::optional<std::size_t> offset)
    {
        const auto decoded = decode_any_apdu(bytes);
        if (!decoded) {
            const auto name = bytes.empty() ? std::string_view{} : apdu_name(std::to_integer<std::uint8_t>(bytes[0]));
            add(name.empty() ? "undecoded" : std::string(name) + " (undecoded)", offset, bytes);
            return problem(decoded.error(), offset);
        }
        Layer& layer = add(std::string(apdu_name(std::to_integer<std::uint8_t>(bytes[0]))), offset, bytes);
        layer.content = to_json(*decoded);
        describe(layer.lines, *decoded);
        if (const auto* event = std::get_if<EventNotification>(&*decoded); event != nullptr && model_ != nullptr)
            describe_event(layer, *event, *model_);
        if (const auto* association = std::get_if<Association>(&*decoded)) {
            if (association->system_title)
                sender_ = association->system_title;
            if (association->user_information)
                apdu(*association->user_information, std::nullopt);
        }
        if (std::holds_alternative<Ciphered>(*decoded))
            open(bytes);
    }

    void open(ByteView bytes)
    {
        auto ciphered = *decode_ciphered_apdu(bytes);
        if (!keys_.encryption) {
            frame_.notes.push_back("What is inside is ciphered: give --key (and --auth-key) to go on.");
            return;
        }
        const bool tagged = (ciphered.security_control & sc::authentication) != 0 &&
                            ciphered.payload.size() >= crypto::gcm_tag_bytes;
        if (tagged && !keys_.authentication) {
            // Reading without checking is better than not reading, as long as it is said.
            frame_.notes.push_back("The tag was not checked: that takes --auth-key.");
            ciphered.security_control &= static_cast<std::uint8_t>(~sc::authentication);
            ciphered.payload = ciphered.payload.first(ciphered.payload.size() - crypto::gcm_tag_bytes);
        }
        const SecurityKeys keys{*keys_.encryption, keys_.authentication.value_or(crypto::Key128{})};
        const auto opened = unprotect(ciphered, keys, keys_.system_title ? keys_.system_title : sender_);
        if (!opened) {
            if (opened.error().code == errc::no_system_title)
                frame_.notes.push_back("This APDU does not name its sender: give --system-title.");
            return problem(opened.error(), std::nullopt);
        }
        Layer& layer = add("plaintext", std::nullopt, opened->plaintext);
        layer.content = {{"plaintext", to_hex(opened->plaintext)}, {"authenticated", opened->authenticated}};
        layer.lines = {std::to_string(opened->plaintext.size()) + " bytes, " +
                       (opened->authenticated ? "the tag verifies" : "not authenticated: nothing proves who sent this")};
        const Bytes plaintext = opened->plaintext;
        apdu(plaintext, std::nullopt);
    }

    void blocks(ByteView bytes, std::optional<std::size_t> offset)
    {
        while (!bytes.empty() && !frame_.problem) {
            Reader reader{bytes};
            reader.take(6);
            reader.take(read_length(reader));
            const std::size_t size = reader.failed() ? bytes.size() : reader.offset();
            const ByteView block = bytes.first(size);
            const auto decoded = decode_any_apdu(block);
            Layer& layer = add("general-block-transfer", offset, block);
            if (decoded) {
                layer.content = to_json(*decoded);
                describe(layer.lines, *decoded);
            }
            const auto whole = assembler_.feed(block);
            if (!whole)
                return problem(whole.error(), offset);
            bytes = bytes.subspan(size);
            if (offset)
                *offset += size;
            if (*whole)
                apdu(**whole, std::nullopt);
        }
    }

    FrameDescription& frame_;
    const DecodeKeys& keys_;
    const MeterModel* model_;
    std::optional<SystemTitle> sender_; // learned from an association
    BlockAssembler assembler_;          // across the messages of a stream
    unsigned depth_ = 0;

public:
    [[nodiscard]] bool waits_for_blocks() const { return assembler_.in_progress(); }
};

} // namespace

FrameDescription describe_frame(ByteView input, const DecodeKeys& keys, const MeterModel* model)
{
    FrameDescription frame;
    Peeler peeler{frame, keys, model};
    const bool wrapped = input.size() >= 2 && input[0] == std::byte{0} && input[1] == std::byte{1};
    if (wrapped)
        peeler.wrapper(input);
    else
        peeler.apdu(input, 0);
    if (peeler.waits_for_blocks())
        frame.notes.push_back("Blocks are missing: what they carry begins here but does not end.");
    return frame;
}

std::string to_text(const FrameDescription& frame)
{
    std::string text;
    for (std::size_t i = 0; i < frame.layers.size(); ++i) {
        const Layer& layer = frame.layers[i];
        // A plaintext is the APDU that follows: its bytes are shown once.
        const bool shown_next = i + 1 < frame.layers.size() && frame.layers[i + 1].bytes == layer.bytes;
        text += layer.name + "  " + std::to_string(layer.bytes.size()) + " bytes";
        text += layer.offset ? " at " + std::to_string(*layer.offset) : "";
        text += shown_next ? "\n" : "\n  " + to_hex(layer.bytes) + "\n";
        for (const std::string& line : layer.lines)
            text += "  " + line + "\n";
    }
    for (const std::string& note : frame.notes)
        text += note + "\n";
    if (frame.problem)
        text += "Stopped: " + to_string(*frame.problem) + "\n";
    return text;
}

json to_json(const FrameDescription& frame)
{
    json out{{"layers", json::array()}, {"notes", frame.notes}};
    for (const Layer& layer : frame.layers) {
        json one{{"name", layer.name}, {"bytes", to_hex(layer.bytes)}, {"content", layer.content}};
        one["offset"] = layer.offset ? json(*layer.offset) : json{};
        out["layers"].push_back(std::move(one));
    }
    if (frame.problem)
        out["problem"] = {{"error", error_name(frame.problem->code)},
                          {"detail", frame.problem->detail},
                          {"offset", frame.problem->offset}};
    return out;
}

} // namespace releve::app
