// Any APDU in clear under two layouts: one that names its elements, one that describes itself. Reading it from its bytes
// says what reading its tree says, or nothing.

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/push.hpp>

#include <cstdint>

namespace {

using namespace releve;

ChannelModel channel(std::int16_t number, const char* name, Obis obis, ChannelKind kind)
{
    ChannelModel model;
    model.channel = ChannelId{number};
    model.name = name;
    model.obis = obis;
    model.kind = kind;
    model.quantity = kind == ChannelKind::reading ? Quantity::cumulative : Quantity::mean_power;
    return model;
}

MeterModel make_model()
{
    const Obis curve{{1, 1, 1, 7, 0, 255}}, index{{1, 1, 1, 8, 0, 255}};
    MeterModel model;
    model.name = "fuzz";
    model.channels = {channel(1, "power", curve, ChannelKind::interval), channel(2, "index", index, ChannelKind::reading)};
    using Role = PushElement::Role;
    using Column = PushElement::Column;
    PushElement profile{.role = Role::profile, .obis = curve, .columns = {}, .stamp = Stamp::end};
    profile.columns = {Column{Column::Role::clock, {}}, Column{Column::Role::status, {}}, Column{Column::Role::value, curve}};
    PushElement name{}, clock{}, reading{};
    name.role = Role::logical_device_name;
    clock.role = Role::clock;
    reading.role = Role::reading;
    reading.obis = index;
    model.layouts = {{"named", false, {name, clock, reading, profile}}, {"self-describing", true, {}}};
    return model;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const MeterModel model = make_model();
    static const Zone zone{"test", {{Instant{}, Seconds{3600}, false}}};
    const ByteView apdu = std::as_bytes(std::span{data, size});
    auto notification = dlms::decode_data_notification(apdu);
    const auto head = dlms::decode_data_notification_head(apdu);
    const auto direct = head ? dlms::decode_push_directly(model, head->date_time, head->body, zone) : std::nullopt;
    RELEVE_ASSERT(notification || !direct);
    if (!notification)
        return 0;
    const auto content = dlms::decode_push(model, {notification->date_time, std::move(notification->body)}, zone);
    RELEVE_ASSERT(!direct || (content && *direct == *content));
    if (content)
        for (const auto& interval : content->intervals)
            RELEVE_ASSERT(model.find(interval.channel) != nullptr);
    return 0;
}
