// Reading a push from its bytes says what reading its tree says, or nothing.

#include "fixture.hpp"

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/push.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using namespace std::chrono_literals;

struct PushDirectTest : testing::Test {
    testing_fixture::Home home;

    std::optional<PushContent> direct(ByteView notification) const
    {
        const auto head = dlms::decode_data_notification_head(notification);
        if (!head)
            return std::nullopt;
        return dlms::decode_push_directly(*home.device.model, head->date_time, head->body, paris());
    }
    result<PushContent> by_tree(ByteView notification) const
    {
        RELEVE_TRY(decoded, dlms::decode_data_notification(notification));
        return dlms::decode_push(*home.device.model, {decoded.date_time, std::move(decoded.body)}, paris());
    }
    /// True if the direct way answered.
    bool agree(ByteView notification) const
    {
        const auto found = direct(notification);
        if (!found)
            return false;
        const auto expected = by_tree(notification);
        EXPECT_TRUE(expected && *found == *expected) << to_hex(notification);
        return true;
    }
    std::vector<Bytes> pushes() const
    {
        std::vector<Bytes> all;
        for (const CivilDay day : {CivilDay{2024y / 1 / 11}, CivilDay{2024y / 4 / 1}, CivilDay{2024y / 10 / 28}})
            for (const sim::PushKind kind : {sim::PushKind::day, sim::PushKind::day_curve, sim::PushKind::half_hour, sim::PushKind::daily_index})
                all.push_back(home.meter.notification({kind, paris().start_of(day)}));
        return all;
    }
};

TEST_F(PushDirectTest, ordinary_pushes_are_read_directly_and_alike)
{
    for (const Bytes& notification : pushes())
        EXPECT_TRUE(agree(notification)) << to_hex(notification);
}

TEST_F(PushDirectTest, every_prefix_and_bit_flip_is_read_alike_or_not_directly)
{
    std::size_t answered = 0, flips = 0;
    for (Bytes notification : pushes()) {
        for (std::size_t size = 0; size < notification.size(); ++size)
            EXPECT_FALSE(agree(ByteView{notification}.first(size)));
        for (std::size_t bit = 0; bit < notification.size() * 8; ++bit) {
            const auto mask = static_cast<std::byte>(1U << bit % 8);
            notification[bit / 8] ^= mask;
            answered += agree(notification);
            ++flips;
            notification[bit / 8] ^= mask;
        }
    }
    EXPECT_GT(answered, flips / 4) << "values are most of the bits";
}

TEST_F(PushDirectTest, values_of_every_integer_type_and_what_is_none)
{
    // { name, clock, value }: the layout single_value.
    const auto body = [](const std::string& value) {
        const Bytes clock = from_hex("090c07e801010115000000ffc400").value();
        std::string text = "0f40000001" + to_hex(ByteView{clock}.subspan(1)) + "0203" + "0904" + to_hex(as_bytes("LKY0")) +
                           to_hex(clock) + value;
        return from_hex(text).value();
    };
    for (const char* value : {"0f05", "11ff", "10fff0", "12ffff", "05fffffff0", "06ffffffff", "14fffffffffffffff0"})
        EXPECT_TRUE(agree(body(value))) << value;
    for (const char* value : {"00", "15ffffffffffffffff", "1500000000000000ff", "0301", "1605", "23", "0900", "0a00", "0100", "0200",
                              "17000000ff", "0f0500", "190c", "12ff"})
        agree(body(value));
}

} // namespace
} // namespace releve::app
