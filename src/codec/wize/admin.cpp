#include <releve/codec/wize/admin.hpp>

#include <releve/codec/wize/frame.hpp>

#include <algorithm>
#include <iterator>

namespace releve::wize {

namespace {

enum Access : std::uint8_t { r = 1, w = 2, rw = 3 };

constexpr ParameterRow parameters[] = {
#define RELEVE_WIZE_PARAMETER(id, name, bytes, access, plain)                                                \
    {id, #name, bytes, (access & r) != 0, (access & w) != 0, plain},
#include "wize_parameters.def"
};

constexpr std::size_t key_field_bytes = 32;
constexpr std::size_t pongs_listed = 3;
constexpr std::uint8_t unknown_command = 0xff;

struct ErrorName {
    Command command;
    std::uint8_t code;
    std::string_view name;
};
constexpr ErrorName error_names[] = {
    {Command::read_parameters, 1, "parameter unknown"},
    {Command::read_parameters, 2, "parameter not readable"},
    {Command::read_parameters, 3, "result too long"},
    {Command::write_parameters, 1, "parameter unknown"},
    {Command::write_parameters, 2, "parameter not writable"},
    {Command::write_parameters, 3, "value not allowed"},
    {Command::write_key, 1, "wrong length"},
    {Command::write_key, 2, "key not allowed"},
    {Command::write_key, 3, "not sent under Kchg"},
    {Command::announce_download, 1, "value not allowed"},
    {Command::announce_download, 2, "wrong length"},
    {Command::announce_download, 3, "other initial software"},
    {Command::announce_download, 4, "other hardware"},
    {Command::announce_download, 5, "not sent under Kchg"},
    {Command::announce_download, 6, "start day not allowed"},
    {Command::announce_download, 7, "another update is going on"},
    {Command::announce_download, 8, "target software is older"},
    {Command::announce_download, 9, "target software is there already"},
    {Command::announce_download, 10, "outside of the window"},
};

result<Bytes> message_of(Writer writer)
{
    if (writer.size() > l7_bytes_max)
        return fail(errc::too_large, "a command of " + std::to_string(writer.size()) + " octets, at most " +
                                         std::to_string(l7_bytes_max) + " fit a frame");
    return std::move(writer).take();
}

Error bad_parameter(std::uint8_t id, const char* reason)
{
    return fail(errc::bad_value, "parameter " + to_hex(std::array{std::byte{id}}) + ": " + reason);
}

Bytes to_vector(ByteView bytes)
{
    return {bytes.begin(), bytes.end()};
}

Pong read_pong(Reader& reader)
{
    Pong pong;
    std::ranges::copy(reader.take(pong.gateway.size()), pong.gateway.begin());
    pong.modem = reader.u8();
    pong.rssi_up = reader.u8();
    pong.rssi_down = reader.u8();
    return pong;
}

void write_pong(Writer& writer, const Pong& pong)
{
    writer.bytes(pong.gateway).u8(pong.modem).u8(pong.rssi_up).u8(pong.rssi_down);
}

/// (id value)..., as a RESPONSE to READ lists them.
void read_values(Reader& reader, std::vector<ParameterValue>& values)
{
    while (reader.remaining() > 0) {
        const std::uint8_t id = reader.u8();
        const ParameterRow* row = find_parameter(id);
        if (row == nullptr)
            return reader.set_error(errc::undecoded, "parameter " + to_hex(std::array{std::byte{id}}) +
                                                         " is not known, nor where it ends");
        values.push_back({id, to_vector(reader.take(row->bytes))});
    }
}

/// count, then always three, filled up with anything.
void read_pongs(Reader& reader, AdminResponse& response)
{
    response.pongs_found = reader.u8();
    for (std::size_t i = 0; i < pongs_listed; ++i) {
        const Pong pong = read_pong(reader);
        if (i < response.pongs_found)
            response.pongs.push_back(pong);
    }
}

} // namespace

std::span<const ParameterRow> parameter_rows()
{
    return parameters;
}

const ParameterRow* find_parameter(std::uint8_t id)
{
    const auto row = std::ranges::find(parameters, id, &ParameterRow::id);
    return row == std::end(parameters) ? nullptr : &*row;
}

const ParameterRow* find_parameter(std::string_view name)
{
    const auto row = std::ranges::find(parameters, name, &ParameterRow::name);
    return row == std::end(parameters) ? nullptr : &*row;
}

result<Bytes> encode_read_parameters(std::span<const std::uint8_t> ids)
{
    if (ids.empty())
        return fail(errc::bad_value, "no parameter to read");
    Writer writer;
    writer.u8(static_cast<std::uint8_t>(Command::read_parameters));
    for (const std::uint8_t id : ids) {
        const ParameterRow* row = find_parameter(id);
        if (row == nullptr || !row->readable)
            return bad_parameter(id, row == nullptr ? "unknown" : "cannot be read");
        writer.u8(id);
    }
    return message_of(std::move(writer));
}

result<Bytes> encode_write_parameters(std::span<const ParameterValue> values)
{
    if (values.empty())
        return fail(errc::bad_value, "no parameter to write");
    Writer writer;
    writer.u8(static_cast<std::uint8_t>(Command::write_parameters));
    for (const ParameterValue& value : values) {
        const ParameterRow* row = find_parameter(value.id);
        if (row == nullptr || !row->writable)
            return bad_parameter(value.id, row == nullptr ? "unknown" : "cannot be written");
        if (value.value.size() != row->bytes)
            return bad_parameter(value.id, "a value of another size");
        writer.u8(value.id).bytes(value.value);
    }
    return message_of(std::move(writer));
}

result<Bytes> encode_write_key(const KeyToWrite& key)
{
    if (key.type != 1 && key.type != 2)
        return fail(errc::bad_value, "a device takes keys of type 1 and 2");
    if (key.type == 1 && (key.index == keysel_none || key.index >= keysel_change))
        return fail(errc::bad_value, "a Kenc has an index of 1 to 14");
    if (key.key.size() != 16 && key.key.size() != key_field_bytes)
        return fail(errc::bad_value, "a key has 16 octets, or 32 as it is stored");
    Writer writer;
    writer.u8(static_cast<std::uint8_t>(Command::write_key)).u8(key.type).bytes(key.key);
    for (std::size_t i = key.key.size(); i < key_field_bytes; ++i)
        writer.u8(0);
    writer.u8(key.index);
    return std::move(writer).take();
}

Bytes encode_exec_instping()
{
    return {static_cast<std::byte>(Command::exec_instping)};
}

result<Bytes> encode_clock_write(Instant at)
{
    RELEVE_TRY(epoch, device_epoch(at));
    Writer value;
    value.u32_be(epoch);
    const ParameterValue clock{static_cast<std::uint8_t>(Parameter::clock), std::move(value).take()};
    return encode_write_parameters({&clock, 1});
}

result<Bytes> encode_clock_correction(Seconds correction)
{
    if (correction < Seconds{-0x8000} || correction > Seconds{0x7fff})
        return fail(errc::bad_value, "a clock is corrected by at most 32767 s; set it instead");
    Writer value;
    value.u16_be(static_cast<std::uint16_t>(correction.count()));
    const ParameterValue offset{static_cast<std::uint8_t>(Parameter::clock_offset), std::move(value).take()};
    return encode_write_parameters({&offset, 1});
}

result<AdminResponse> decode_response(ByteView l7)
{
    Reader reader{l7};
    AdminResponse out;
    out.command = reader.u8();
    out.error = reader.u8();
    if (out.error == unknown_command)
        return reader.finish(std::move(out));
    out.software = reader.u16_be();
    out.rssi = reader.u8();
    if (reader.failed())
        return reader.error();
    if (out.error != 0) {
        if (reader.remaining() > 0)
            out.faulty = reader.u8();
        return reader.finish(std::move(out));
    }
    switch (static_cast<Command>(out.command)) {
    case Command::read_parameters:
        read_values(reader, out.values);
        break;
    case Command::exec_instping:
        read_pongs(reader, out);
        break;
    case Command::write_parameters:
    case Command::write_key:
    case Command::announce_download:
        break;
    default:
        reader.set_error(errc::undecoded, "an answer to command " + to_hex(l7.first(1)));
    }
    return reader.finish(std::move(out));
}

Bytes encode_response(const AdminResponse& response)
{
    Writer writer;
    writer.u8(response.command).u8(response.error);
    if (response.error == unknown_command)
        return std::move(writer).take();
    writer.u16_be(response.software).u8(response.rssi);
    if (response.error != 0) {
        if (response.faulty)
            writer.u8(*response.faulty);
        return std::move(writer).take();
    }
    for (const ParameterValue& value : response.values)
        writer.u8(value.id).bytes(value.value);
    if (static_cast<Command>(response.command) == Command::exec_instping) {
        writer.u8(response.pongs_found);
        for (std::size_t i = 0; i < pongs_listed; ++i)
            write_pong(writer, i < response.pongs.size() ? response.pongs[i] : Pong{});
    }
    return std::move(writer).take();
}

std::string_view response_error_name(std::uint8_t command, std::uint8_t error)
{
    if (error == 0)
        return "ok";
    if (error == unknown_command)
        return "command unknown";
    for (const ErrorName& row : error_names)
        if (static_cast<std::uint8_t>(row.command) == command && row.code == error)
            return row.name;
    return "an error that is not published";
}

namespace {

void read_writes(Reader& reader, std::vector<ParameterValue>& values)
{
    while (reader.remaining() > 0) {
        const std::uint8_t id = reader.u8();
        const ParameterRow* row = find_parameter(id);
        values.push_back({id, to_vector(reader.take(row == nullptr ? reader.remaining() : row->bytes))});
    }
}

} // namespace

result<AdminCommand> decode_command(ByteView l7)
{
    Reader reader{l7};
    AdminCommand out;
    out.command = static_cast<Command>(reader.u8());
    if (reader.failed())
        return reader.error();
    switch (out.command) {
    case Command::read_parameters:
        while (reader.remaining() > 0)
            out.ids.push_back(reader.u8());
        break;
    case Command::write_parameters:
        read_writes(reader, out.values);
        break;
    case Command::write_key: {
        out.key_type = reader.u8();
        const ByteView key = reader.take(key_field_bytes);
        if (!reader.failed())
            out.key = crypto::Key128{key.first<16>()};
        out.key_index = reader.u8();
        break;
    }
    case Command::exec_instping:
        break;
    default:
        reader.set_error(errc::unknown_apdu, "command " + to_hex(l7.first(1)));
    }
    return reader.finish(std::move(out));
}

result<InstPing> decode_instping(ByteView l7)
{
    Reader reader{l7};
    InstPing ping;
    ping.down_channel = reader.u8();
    ping.down_modulation = reader.u8();
    ping.rx_delay = reader.u8();
    ping.rx_length = reader.u8();
    return reader.finish(ping);
}

Bytes encode_instping(const InstPing& ping)
{
    Writer writer;
    writer.u8(ping.down_channel).u8(ping.down_modulation).u8(ping.rx_delay).u8(ping.rx_length);
    return std::move(writer).take();
}

result<Pong> decode_instpong(ByteView l7)
{
    Reader reader{l7};
    const Pong pong = read_pong(reader);
    return reader.finish(pong);
}

Bytes encode_instpong(const Pong& pong)
{
    Writer writer;
    write_pong(writer, pong);
    return std::move(writer).take();
}

} // namespace releve::wize
