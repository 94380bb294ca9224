// A Wize exchange frame, layer by layer; part of app/describe.hpp.

#include <releve/app/describe.hpp>

#include <releve/codec/wize/admin.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/codec/wize/message.hpp>
#include <releve/core/quantity.hpp>

namespace releve::app {

using nlohmann::json;

namespace {

std::string plural(std::size_t count, const char* noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

Layer header_layer(const wize::ExchangeFrame& frame, ByteView input)
{
    const std::string type{wize::frame_type_name(frame.c)};
    return {.name = type.empty() ? "exchange frame of unknown type" : type,
            .offset = 0,
            .bytes = {input.begin(), input.end()},
            .content = {{"c", frame.c},
                        {"type", type},
                        {"address", to_hex(frame.address)},
                        {"ci", frame.ci},
                        {"keysel", frame.keysel},
                        {"netid", frame.netid},
                        {"cpt", frame.cpt},
                        {"app", frame.app},
                        {"tstamp", frame.tstamp},
                        {"crc", frame.crc}},
            .lines = {"address " + to_hex(frame.address) + ", network " + std::to_string(frame.netid),
                      "counter " + std::to_string(frame.cpt) + ", key " + std::to_string(frame.keysel) + ", application " +
                          std::to_string(frame.app) + ", time stamp " + std::to_string(frame.tstamp),
                      frame.crc == 0 ? "CRC 0000: taken as set so by a gateway" : "the CRC is right"}};
}

void describe_readings(Layer& layer, const PushContent& content, const MeterModel& model)
{
    layer.content = {{"layout", content.layout}, {"opaque", content.opaque}, {"registers", json::array()},
                     {"intervals", json::array()}, {"alarms", json::array()}};
    layer.lines.push_back("layout " + content.layout + " of the model " + model.name + (content.opaque ? ": not to be read" : ""));
    const auto add = [&](const char* list, ChannelId channel, const char* time_name, Instant at, std::int64_t value) {
        const ChannelModel* known = model.find(channel);
        const std::string name = known != nullptr ? known->name : std::to_string(channel.value);
        layer.content[list].push_back({{"channel", name}, {time_name, to_iso8601(at)}, {"value", value}});
        layer.lines.push_back(to_iso8601(at) + "  " + name + " " + (known != nullptr ? scaled_text(value, known->scaler) : std::to_string(value)) +
                              (known != nullptr ? " " + std::string(unit_symbol(known->unit)) : ""));
    };
    for (const RegisterReading& reading : content.registers)
        add("registers", reading.channel, "at", reading.at, reading.value);
    for (const IntervalReading& reading : content.intervals)
        add("intervals", reading.channel, "start", reading.start, reading.value);
    for (const AlarmReading& alarm : content.alarms) {
        layer.content["alarms"].push_back({{"name", alarm.name}, {"at", to_iso8601(alarm.at)}});
        layer.lines.push_back(to_iso8601(alarm.at) + "  alarm " + alarm.name);
    }
}

std::string parameter_text(std::uint8_t id)
{
    const wize::ParameterRow* row = wize::find_parameter(id);
    return "parameter " + to_hex(std::array{std::byte{id}}) + (row != nullptr ? " " + std::string(row->name) : "");
}

void describe_values(Layer& layer, const std::vector<wize::ParameterValue>& values)
{
    for (const wize::ParameterValue& value : values) {
        layer.content["values"].push_back({{"id", value.id}, {"value", to_hex(value.value)}});
        layer.lines.push_back(parameter_text(value.id) + " = " + to_hex(value.value));
    }
}

void describe_response(Layer& layer, const wize::AdminResponse& response)
{
    layer.content = {{"command", response.command}, {"error", response.error}, {"software", response.software}, {"rssi", response.rssi}};
    layer.lines.push_back("to command " + to_hex(std::array{std::byte{response.command}}) + ": " +
                          std::string(wize::response_error_name(response.command, response.error)));
    describe_values(layer, response.values);
    if (response.faulty)
        layer.lines.push_back("refused: " + parameter_text(*response.faulty));
    if (response.pongs_found > 0)
        layer.lines.push_back("heard by " + plural(response.pongs_found, "gateway"));
}

void describe_command(Layer& layer, const wize::AdminCommand& command)
{
    layer.content = {{"command", static_cast<int>(command.command)}};
    for (const std::uint8_t id : command.ids) {
        layer.content["ids"].push_back(id);
        layer.lines.push_back("read " + parameter_text(id));
    }
    describe_values(layer, command.values);
    if (command.command == wize::Command::write_key) {
        layer.content["key_index"] = command.key_index;
        layer.lines.push_back("write key " + std::to_string(command.key_index) + ": not shown");
    }
}

void describe_ping(Layer& layer, const wize::InstPing& ping)
{
    layer.content = {{"down_channel", ping.down_channel}, {"down_modulation", ping.down_modulation},
                     {"rx_delay_s", ping.rx_delay}, {"rx_length_5ms", ping.rx_length}};
    layer.lines.push_back("listens " + std::to_string(ping.rx_delay) + " s later on channel " + std::to_string(ping.down_channel));
}

/// What L7 says, into its layer.
result<void> describe_inside(Layer& layer, const wize::ExchangeFrame& frame, const MeterModel* model)
{
    using wize::FrameType;
    if ((frame.is(FrameType::data) || frame.is(FrameType::data_prio)) && model != nullptr) {
        RELEVE_TRY(content, wize::decode_message(*model, frame.app, layer.bytes));
        describe_readings(layer, content, *model);
    } else if (frame.is(FrameType::response)) {
        RELEVE_TRY(response, wize::decode_response(layer.bytes));
        describe_response(layer, response);
    } else if (frame.is(FrameType::command)) {
        const auto command = wize::decode_command(layer.bytes);
        // A key is not shown, also of a command that cannot be read.
        if (!layer.bytes.empty() && layer.bytes[0] == static_cast<std::byte>(wize::Command::write_key))
            layer.bytes.clear();
        RELEVE_CHECK(command);
        describe_command(layer, *command);
    } else if (frame.is(FrameType::instping)) {
        RELEVE_TRY(ping, wize::decode_instping(layer.bytes));
        describe_ping(layer, ping);
    }
    return {};
}

bool is_downlink(const wize::ExchangeFrame& frame)
{
    return frame.is(wize::FrameType::command) || frame.is(wize::FrameType::instpong);
}

/// L7 in clear, or nothing with a note that says which key is missing.
result<std::optional<Bytes>> open(FrameDescription& out, const wize::ExchangeFrame& frame, const WizeDecodeKeys& keys)
{
    if (keys.network) {
        const wize::NetworkKey network{frame.netid, *keys.network};
        RELEVE_CHECK(wize::check_network(frame, {&network, 1}, is_downlink(frame) ? wize::Sender::head_end : wize::Sender::device));
        out.layers.back().lines.emplace_back("HashKmac verifies");
    } else {
        out.notes.emplace_back("HashKmac was not checked: that takes --network-key.");
    }
    const bool in_clear = frame.keysel == wize::keysel_none;
    if (in_clear ? !keys.network.has_value() : !keys.device.has_value()) {
        if (!in_clear) {
            out.notes.push_back("What is inside is ciphered: give --key, the device's key " + std::to_string(frame.keysel) + ", to go on.");
            return std::optional<Bytes>{};
        }
        out.notes.emplace_back("What is inside is in clear; HashKenc was not checked either.");
        return std::optional{Bytes{frame.l7.begin(), frame.l7.end()}};
    }
    RELEVE_TRY(l7, wize::open_exchange(frame, in_clear ? nullptr : &*keys.device, keys.network.value_or(crypto::Key128{})));
    return std::optional{std::move(l7)};
}

result<void> describe_into(FrameDescription& out, ByteView input, const WizeDecodeKeys& keys, const MeterModel* model)
{
    const auto frame = wize::decode_exchange(input, {.old_ci = true, .crc_may_be_zero = true});
    if (!frame) {
        out.layers.push_back({.name = "undecoded", .offset = 0, .bytes = {input.begin(), input.end()}, .content = json::object(), .lines = {}});
        return frame.error();
    }
    out.layers.push_back(header_layer(*frame, input));
    RELEVE_TRY(l7, open(out, *frame, keys));
    if (!l7)
        return {};
    out.layers.push_back({.name = "L7", .offset = {}, .bytes = std::move(*l7), .content = json::object(),
                          .lines = {frame->keysel == wize::keysel_none ? "in clear: any gateway of the network could have sent this"
                                                                       : "deciphered; HashKenc verifies"}});
    return describe_inside(out.layers.back(), *frame, model);
}

} // namespace

FrameDescription describe_wize(ByteView input, const WizeDecodeKeys& keys, const MeterModel* model)
{
    FrameDescription out;
    if (const auto done = describe_into(out, input, keys, model); !done)
        out.problem = done.error();
    return out;
}

} // namespace releve::app
