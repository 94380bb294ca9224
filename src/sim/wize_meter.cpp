#include <releve/sim/wize_meter.hpp>

#include <algorithm>

namespace releve::sim {

using namespace wize;

namespace {

constexpr std::uint8_t layout_version = 1;
constexpr std::uint32_t not_measured = 0xffff;
constexpr std::uint16_t software_version = 0x0100;
constexpr std::uint8_t rssi = 0x80;

// Error codes of RESPONSEs.
constexpr std::uint8_t unknown = 1, denied = 2, illegal_or_too_long = 3;
constexpr std::uint8_t key_length = 1, key_illegal = 2, key_not_under_kchg = 3;
constexpr std::uint8_t unknown_command = 0xff;

/// 01 time(4) index(4) alarms(2) hour(2)...: written out here and not by the layout that is to read it.
Bytes message_of(const GasReport& report)
{
    Writer writer;
    writer.u8(layout_version).u32_be(device_epoch(report.at).value());
    writer.u32_be(static_cast<std::uint32_t>(report.index_dm3)).u16_be(report.alarms);
    for (const auto& hour : report.hours_dm3)
        writer.u16_be(hour.value_or(not_measured));
    return std::move(writer).take();
}

Bytes big_endian(std::uint64_t number, std::size_t bytes)
{
    Bytes out;
    for (std::size_t i = bytes; i-- > 0;)
        out.push_back(static_cast<std::byte>(number >> 8 * i));
    return out;
}

void refuse(AdminResponse& response, std::uint8_t error, std::optional<std::uint8_t> faulty = std::nullopt)
{
    response.error = error;
    response.faulty = faulty;
    response.values.clear();
}

/// What a COMMAND that cannot be read is answered with.
std::uint8_t error_of(ByteView l7, const Error& error)
{
    if (error.code == errc::unknown_apdu || l7.empty())
        return unknown_command;
    switch (static_cast<Command>(std::to_integer<std::uint8_t>(l7[0]))) {
    case Command::write_parameters:
        return illegal_or_too_long;
    case Command::write_key:
        return key_length;
    default:
        return unknown_command;
    }
}

} // namespace

WizeMeter::WizeMeter(WizeIdentity identity, Options options)
    : identity_(std::move(identity)), options_(options)
{
    RELEVE_ASSERT(options_.keysel == keysel_none || kenc(options_.keysel) != nullptr);
}

const crypto::Key128* WizeMeter::kenc(std::uint8_t keysel) const
{
    const auto found = identity_.kencs.find(keysel);
    return found == identity_.kencs.end() ? nullptr : &found->second;
}

Bytes WizeMeter::send(FrameType type, std::uint8_t keysel, std::uint8_t app, std::uint16_t cpt, ByteView l7,
                      Instant now) const
{
    Outgoing out;
    out.c = type;
    out.address = identity_.address;
    out.ci = options_.ci;
    out.keysel = keysel;
    out.netid = identity_.network.netid;
    out.cpt = cpt;
    out.app = app;
    out.tstamp = tstamp_at(now + options_.clock_error, options_.clock_base);
    out.l7 = l7;
    return encode_exchange(out, kenc(keysel), identity_.network.kmac);
}

Bytes WizeMeter::report(const GasReport& report, Instant now)
{
    RELEVE_ASSERT(report.index_dm3 >= 0 && report.index_dm3 < 1'000'000'000 &&
                  report.hours_dm3.size() <= 100);
    const FrameType type = options_.priority ? FrameType::data_prio : FrameType::data;
    return send(type, options_.keysel, options_.app, options_.counter++, message_of(report), now);
}

Bytes WizeMeter::ping(Instant now)
{
    const InstPing ping{.down_channel = 120, .down_modulation = 0, .rx_delay = 10, .rx_length = 5};
    return send(FrameType::instping, keysel_none, install_app, options_.counter++, encode_instping(ping),
                now);
}

std::optional<Bytes> WizeMeter::answer(ByteView command_frame, Instant now)
{
    const auto frame = decode_exchange(command_frame);
    if (!frame || frame->address != identity_.address || !frame->is(FrameType::command))
        return std::nullopt;
    if (!check_network(*frame, {&identity_.network, 1}, Sender::head_end))
        return std::nullopt;
    const auto l7 = open_exchange(*frame, kenc(frame->keysel), identity_.network.kmac);
    if (!l7)
        return std::nullopt;
    if (answered_ && answered_->cpt == frame->cpt)
        return answered_->frame;
    // A key that the COMMAND writes does not yet protect its RESPONSE.
    const WizeMeter before = *this;
    const Bytes response = encode_response(carry_out(*l7, frame->keysel, now));
    answered_ = Answered{
        frame->cpt, before.send(FrameType::response, frame->keysel, admin_app, frame->cpt, response, now)};
    return answered_->frame;
}

AdminResponse WizeMeter::carry_out(ByteView l7, std::uint8_t keysel, Instant now)
{
    AdminResponse response;
    response.command = l7.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(l7[0]);
    response.software = software_version;
    response.rssi = rssi;
    const auto command = decode_command(l7);
    if (!command) {
        response.error = error_of(l7, command.error());
        return response;
    }
    switch (command->command) {
    case Command::read_parameters:
        read(*command, now, response);
        break;
    case Command::write_parameters:
        write(*command, now, response);
        break;
    case Command::write_key:
        write_key(*command, keysel, response);
        break;
    case Command::exec_instping:
        break; // no gateway answered
    case Command::announce_download:
        break; // decode_command knows none
    }
    commands_done_ += response.error == 0 ? 1 : 0;
    return response;
}

Bytes WizeMeter::parameter(Parameter parameter, Instant now) const
{
    const ParameterRow& row = *find_parameter(static_cast<std::uint8_t>(parameter));
    const auto known = [&](std::uint64_t number) { return big_endian(number, row.bytes); };
    switch (parameter) {
    case Parameter::hardware_version:
    case Parameter::software_version:
        return known(software_version);
    case Parameter::application:
        return known(options_.app);
    case Parameter::clock:
        return known(device_epoch(now + options_.clock_error).value());
    case Parameter::current_key:
        return known(options_.keysel);
    case Parameter::key_count:
        return known(identity_.kencs.size() - identity_.kencs.count(keysel_change));
    case Parameter::network_id:
        return known(identity_.network.netid);
    default:
        break;
    }
    const auto found = written_.find(row.id);
    return found == written_.end() ? Bytes{} : found->second;
}

void WizeMeter::read(const AdminCommand& command, Instant now, AdminResponse& response) const
{
    std::size_t size = 5;
    for (const std::uint8_t id : command.ids) {
        const ParameterRow* row = find_parameter(id);
        if (row == nullptr || !row->readable)
            return refuse(response, row == nullptr ? unknown : denied, id);
        size += 1 + row->bytes;
        if (size > l7_bytes_max)
            return refuse(response, illegal_or_too_long, id);
        Bytes value = parameter(static_cast<Parameter>(id), now);
        value.resize(row->bytes); // zeros where nobody wrote
        response.values.push_back({id, std::move(value)});
    }
}

bool WizeMeter::may_be(const ParameterValue& value) const
{
    if (value.id != static_cast<std::uint8_t>(Parameter::current_key))
        return true;
    const auto keysel = std::to_integer<std::uint8_t>(value.value[0]);
    return keysel != keysel_none && keysel != keysel_change && kenc(keysel) != nullptr;
}

void WizeMeter::write(const AdminCommand& command, Instant now, AdminResponse& response)
{
    for (const ParameterValue& value : command.values) {
        const ParameterRow* row = find_parameter(value.id);
        if (row == nullptr || !row->writable)
            return refuse(response, row == nullptr ? unknown : denied, value.id);
        if (!may_be(value))
            return refuse(response, illegal_or_too_long, value.id);
    }
    for (const ParameterValue& value : command.values)
        set(value, now);
}

void WizeMeter::set(const ParameterValue& value, Instant now)
{
    Reader reader{value.value};
    switch (static_cast<Parameter>(value.id)) {
    case Parameter::application:
        options_.app = reader.u8();
        break;
    case Parameter::current_key:
        options_.keysel = reader.u8();
        break;
    case Parameter::clock:
        options_.clock_error = wize_epoch + Seconds{reader.u32_be()} - now;
        break;
    case Parameter::clock_offset:
        options_.clock_error += Seconds{reader.i16_be()};
        break;
    default:
        written_[value.id] = value.value;
    }
}

void WizeMeter::write_key(const AdminCommand& command, std::uint8_t keysel, AdminResponse& response)
{
    if (keysel != keysel_change)
        return refuse(response, key_not_under_kchg);
    const bool of_device =
        command.key_type == 1 && command.key_index != keysel_none && command.key_index < keysel_change;
    if (!of_device && command.key_type != 2)
        return refuse(response, key_illegal, std::uint8_t{0});
    if (of_device)
        identity_.kencs[command.key_index] = command.key;
    else
        identity_.network.kmac = command.key;
}

} // namespace releve::sim
