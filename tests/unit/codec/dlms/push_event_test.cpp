// What event notifications report, under a small model.

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/push.hpp>

#include <gtest/gtest.h>

namespace releve::dlms {
namespace {

constexpr Instant at{std::chrono::seconds{1'700'000'000}};

MeterModel event_model()
{
    MeterModel model;
    model.name = "test";
    model.events = {{"register", {{0, 0, 97, 98, 0, 255}}, 2, EventModel::Form::bits,
                     {{0, "lost", {}}, {9, "back", {}}, {63, "far", {}}}},
                    {"code", {{0, 0, 96, 11, 0, 255}}, 2, EventModel::Form::values, {{0, "lost", {}}, {900, "opened", {}}}}};
    return model;
}

/// An APDU without a time: the rest of it follows the class.
result<PushContent> decoded(std::string_view object_and_value)
{
    const auto event = decode_event_notification(from_hex("c2000001" + std::string{object_and_value}).value());
    EXPECT_TRUE(event) << object_and_value;
    return decode_event(event_model(), *event, at);
}

std::vector<std::string> names(const result<PushContent>& content)
{
    std::vector<std::string> out;
    if (!content)
        return {to_string(content.error())};
    for (const AlarmReading& alarm : content->alarms) {
        EXPECT_EQ(alarm.at, at);
        out.push_back(alarm.name);
    }
    return out;
}

using Names = std::vector<std::string>;

TEST(Event, a_set_of_bits_is_a_number_or_a_bit_string)
{
    EXPECT_EQ(names(decoded("0000616200ff02 0600000001")), Names{"lost"});
    EXPECT_EQ(names(decoded("0000616200ff02 120201")), (Names{"back", "lost"})) << "by name";
    EXPECT_EQ(names(decoded("0000616200ff02 1101")), Names{"lost"});
    EXPECT_EQ(names(decoded("0000616200ff02 15 8000000000000001")), (Names{"far", "lost"})) << "beyond 63 bits";
    EXPECT_EQ(names(decoded("0000616200ff02 040a 8040")), (Names{"back", "lost"})) << "bit 0 is sent first";
    EXPECT_EQ(names(decoded("0000616200ff02 0440 0000000000000001")), Names{"far"});
    EXPECT_EQ(names(decoded("0000616200ff02 1100")), Names{}) << "nothing any more";
    EXPECT_EQ(decoded("0000616200ff02 1101")->layout, "register");
}

TEST(Event, bits_without_a_name_are_counted_unless_there_is_nothing_else)
{
    const auto some = decoded("0000616200ff02 1107");
    EXPECT_EQ(names(some), Names{"lost"});
    EXPECT_EQ(some->ignored, 2U);
    EXPECT_EQ(decoded("0000616200ff02 1106").error().code, errc::undecoded);
}

TEST(Event, a_value_is_one_of_the_table)
{
    EXPECT_EQ(names(decoded("0000600b00ff02 120384")), Names{"opened"});
    EXPECT_EQ(names(decoded("0000600b00ff02 0f00")), Names{"lost"});
    EXPECT_EQ(decoded("0000600b00ff02 1101").error().detail, "event code: the value 1 has no name");
}

TEST(Event, what_the_model_does_not_describe_is_undecoded)
{
    for (const char* text : {"0000616200ff03 1101", "0000616201ff02 1101",                   // attribute, object
                             "0000616200ff02 0fff", "0000616200ff02 00", "0000616200ff02 0901 01", // negative, nothing, text
                             "0000616200ff02 0201 1101", "0000616200ff02 0441 000000000000000001", // list, 65 bits
                             "0000600b00ff02 0901 01", "0000600b00ff02 15 ffffffffffffffff"}) {
        const auto content = decoded(text);
        ASSERT_FALSE(content) << text;
        EXPECT_EQ(content.error().code, errc::undecoded) << text;
    }
}

TEST(Event, its_time_is_the_notifications_own)
{
    MeterModel model = event_model();
    EventNotification event;
    EXPECT_EQ(event_time(model, event, paris()).error().code, errc::time_undefined);
    event.date_time = date_time_at(at, paris());
    EXPECT_EQ(event_time(model, event, paris()).value(), at);
    event.date_time->deviation_min = -32768;
    EXPECT_EQ(event_time(model, event, paris()).value(), at) << "civil time";
    model.quirks.undefined_deviation_is_local = false;
    EXPECT_EQ(event_time(model, event, paris()).value(), at + Seconds{3600});
    event.date_time->hour = 0xff;
    EXPECT_EQ(event_time(model, event, paris()).error().code, errc::time_undefined);
}

TEST(Event, no_prefix_is_one_and_no_flipped_bit_names_what_the_model_does_not)
{
    const Bytes apdu = from_hex("c2010c07e8010f01121e0000ffc40000010000616200ff020600000001").value();
    for (std::size_t size = 0; size < apdu.size(); ++size)
        EXPECT_FALSE(decode_event_notification(ByteView{apdu}.first(size))) << size;
    for (std::size_t bit = 0; bit < apdu.size() * 8; ++bit) {
        Bytes altered = apdu;
        altered[bit / 8] ^= std::byte{static_cast<unsigned char>(1U << (bit % 8))};
        const auto event = decode_event_notification(altered);
        if (!event)
            continue;
        const auto content = decode_event(event_model(), *event, at);
        const bool described = event->obis == event_model().events[0].obis && event->attribute == 2;
        EXPECT_TRUE(described || !content) << "bit " << bit;
        EXPECT_TRUE(content || content.error().code == errc::undecoded) << "bit " << bit;
    }
}

} // namespace
} // namespace releve::dlms
