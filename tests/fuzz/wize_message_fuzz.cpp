// Any bytes as L7 after their L6App: under a layout with every kind of field, and as a message of
// administration. What is read is written again as the same octets, but for bits without a name and octets
// that are not read.

#include <releve/codec/wize/admin.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/codec/wize/message.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;
using namespace releve::wize;
using Role = WizeField::Role;

constexpr std::uint8_t gas_app = 0x20;
constexpr std::size_t clock_offset = 1, values_offset = 11;

WizeField field(Role role, std::size_t bytes, Obis obis = {})
{
    WizeField out;
    out.role = role;
    out.bytes = bytes;
    out.obis = obis;
    return out;
}

/// 01 | clock(4) | index(4) | alarms(1) | ignored(1) | volumes(2)..., and an opaque one.
MeterModel make_model()
{
    const Obis index_obis{{7, 0, 3, 0, 0, 255}}, volume_obis{{7, 0, 99, 1, 0, 255}};
    MeterModel model;
    model.name = "fuzz";
    model.protocol = "wize";
    model.words = {"A", "B", "C", "D"};
    ChannelModel index, volume;
    index.channel = ChannelId{1};
    index.name = "index";
    index.obis = index_obis;
    index.kind = ChannelKind::reading;
    index.quantity = Quantity::cumulative;
    index.digits = 9;
    volume.channel = ChannelId{2};
    volume.name = "volume";
    volume.obis = volume_obis;
    volume.quantity = Quantity::volume;
    volume.unit = Unit::cubic_metre;
    volume.step = Seconds{3600};
    index.words = volume.words = model.words;
    model.channels = {index, volume};
    WizeField version = field(Role::constant, 1), reading = field(Role::reading, 4, index_obis),
              volumes = field(Role::deltas, 2, volume_obis), alarms = field(Role::alarms, 1);
    version.equals = 1;
    reading.missing = 0xffff'ffff;
    volumes.missing = 0xffff;
    alarms.alarms = {{0, "tamper", model.words}, {7, "battery", model.words}};
    model.wize_layouts = {
        {"day",
         gas_app,
         std::nullopt,
         false,
         {version, field(Role::clock, 4), reading, alarms, field(Role::ignored, 1), volumes}},
        {"sealed", gas_app, 12, true, {}}};
    RELEVE_ASSERT(!find_fault(model));
    return model;
}

void check_message(std::uint8_t app, ByteView l7)
{
    static const MeterModel model = make_model();
    const auto content = decode_message(model, app, l7);
    if (!content) {
        RELEVE_ASSERT(content.error().code == errc::undecoded);
        return;
    }
    RELEVE_ASSERT(app == gas_app && content->opaque == (content->layout == "sealed"));
    if (content->opaque)
        return;
    const bool read_whole = content->ignored == 0 && l7[values_offset - 1] == std::byte{0};
    const Instant clock = wize_epoch + Seconds{Reader{l7.subspan(clock_offset)}.u32_be()};
    const auto again = encode_message({model, *content, clock, (l7.size() - values_offset) / 2});
    RELEVE_ASSERT(again || l7.size() > l7_bytes_max);
    RELEVE_ASSERT(!again || !read_whole || std::ranges::equal(*again, l7));
    RELEVE_ASSERT(!again || *decode_message(model, app, *again) == [&] {
        PushContent named = *content;
        named.ignored = 0;
        return named;
    }());
}

void check_administration(ByteView l7)
{
    if (const auto response = decode_response(l7)) {
        const auto again = decode_response(encode_response(*response));
        RELEVE_ASSERT(again && *again == *response);
        RELEVE_ASSERT(!response_error_name(response->command, response->error).empty());
    }
    if (const auto command = decode_command(l7); command && command->command == Command::read_parameters)
        if (const auto again = encode_read_parameters(command->ids))
            RELEVE_ASSERT(std::ranges::equal(*again, l7));
    if (const auto ping = decode_instping(l7))
        RELEVE_ASSERT(std::ranges::equal(encode_instping(*ping), l7));
    if (const auto pong = decode_instpong(l7))
        RELEVE_ASSERT(std::ranges::equal(encode_instpong(*pong), l7));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const ByteView l7 = std::as_bytes(std::span{data, size}).subspan(1);
    check_message(data[0], l7);
    check_administration(l7);
    return 0;
}
