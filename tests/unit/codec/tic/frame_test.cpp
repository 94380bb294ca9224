#include "tic_fixture.hpp"

#include <algorithm>

namespace releve::tic {
namespace {

using namespace test;

Bytes frame_of(std::string_view groups)
{
    return bytes_of("\x02" + std::string{groups} + "\x03");
}

errc error_of(std::string_view groups)
{
    const auto frame = decode_frame(frame_of(groups));
    return frame ? errc::internal : frame.error().code;
}

const Instant noon = parse_instant("2024-06-01T10:00:00Z").value();

TEST(TicGroup, HistoricAndStandard)
{
    EXPECT_EQ(decode_group(as_bytes("\nHCHC 094939439 8\r")).value(), (Group{"HCHC", "094939439", {}}));
    EXPECT_EQ(decode_group(as_bytes("\nEAST\t023591827\t4\r")).value(), (Group{"EAST", "023591827", {}}));
    EXPECT_EQ(decode_group(as_bytes("\nSMAXSN-1\tE200425151325\t04700\tQ\r")).value(),
              (Group{"SMAXSN-1", "04700", "E200425151325"}));
}

TEST(TicGroup, SpacesAreData)
{
    EXPECT_EQ(decode_group(as_bytes("\nPTEC HP..  \r")).value(), (Group{"PTEC", "HP..", {}})); // the checksum is a space
    EXPECT_EQ(decode_group(as_bytes("\nDATE\tE200426181830\t\tA\r")).value(), (Group{"DATE", "", "E200426181830"}));
    const Bytes message = load_inputs("group").at(8);
    EXPECT_EQ(decode_group(message).value(), (Group{"MSG1", "PAS DE          MESSAGE         ", {}}));
}

TEST(TicGroup, ChecksumsOfAllVectors)
{
    for (const Bytes& group : load_inputs("group")) {
        EXPECT_TRUE(decode_group(group)) << as_text(group);
        for (std::size_t size = 0; size < group.size(); ++size)
            EXPECT_FALSE(decode_group(ByteView{group}.first(size))) << as_text(group) << " cut at " << size;
    }
    EXPECT_EQ(decode_group(as_bytes("\nHCHC 094939438 8\r")).error().code, errc::bad_checksum);
    EXPECT_EQ(decode_group(as_bytes("\nEAST\t023591827\t5\r")).error().code, errc::bad_checksum);
}

/// The group with a checksum that is right, so that only its form can be wrong.
result<Group> decode_summed(Mode mode, Group group)
{
    const Bytes frame = encode_frame(mode, std::span{&group, 1});
    auto decoded = decode_group(ByteView{frame}.subspan(1, frame.size() - 2));
    return decoded ? result<Group>{group} : std::move(decoded).error(); // not views into `frame`
}

TEST(TicGroup, FormOfAKnownLabel)
{
    const auto fits = [](Mode mode, const Group& group) { return decode_summed(mode, group).has_value(); };
    EXPECT_TRUE(fits(Mode::historic, {"PAPP", "02160", {}}));
    EXPECT_FALSE(fits(Mode::historic, {"PAPP", "0216p", {}}));
    EXPECT_FALSE(fits(Mode::historic, {"PAPP", "", {}}));
    EXPECT_FALSE(fits(Mode::historic, {"ADCO", "02102212007`", {}}));
    EXPECT_TRUE(fits(Mode::standard, {"STGE", "003A0001", {}}));
    EXPECT_FALSE(fits(Mode::standard, {"STGE", "003A000", {}}));
    EXPECT_FALSE(fits(Mode::standard, {"EAST", "023591827", "E200425151325"}));
    EXPECT_FALSE(fits(Mode::standard, {"SMAXSN", "04700", {}}));
    EXPECT_TRUE(fits(Mode::standard, {"SMAXSN", "00000", "H000000000000"}));
    EXPECT_TRUE(fits(Mode::standard, {"SMAXSN", "04700", "             "}));
    EXPECT_FALSE(fits(Mode::standard, {"SMAXSN", "04700", "X200425151325"}));
    EXPECT_FALSE(fits(Mode::standard, {"MSG1", "two\tfields\there", {}}));
    EXPECT_FALSE(fits(Mode::standard, {"MSG1", "bell \a", {}}));
    EXPECT_TRUE(fits(Mode::standard, {"NEWLABEL", "whatever", {}})); // of a later edition
    EXPECT_FALSE(fits(Mode::standard, {"TOOLONGLABEL", "1", {}}));
    EXPECT_FALSE(fits(Mode::standard, {"low", "1", {}}));
    EXPECT_FALSE(fits(Mode::standard, {"", "1", {}}));
}

TEST(TicFrame, VectorsGoRoundTrip)
{
    for (const Bytes& bytes : load_inputs("frame")) {
        const auto frame = decode_frame(bytes);
        ASSERT_TRUE(frame) << as_text(bytes);
        EXPECT_EQ(frame->bad_groups, 0U);
        EXPECT_EQ(frame->text, bytes);
        EXPECT_EQ(encode_frame(frame->mode, frame->groups), bytes);
    }
}

TEST(TicFrame, ParityBitsAreIgnored)
{
    for (const Bytes& bytes : load_inputs("frame")) {
        Bytes all = bytes;
        for (std::byte& octet : all)
            octet |= std::byte{0x80};
        const Frame plain = decode_frame(bytes).value();
        for (const Bytes& sent : {all, with_parity(bytes)}) {
            const auto frame = decode_frame(sent);
            ASSERT_TRUE(frame);
            EXPECT_EQ(frame->text, bytes);
            EXPECT_EQ(frame->groups, plain.groups);
            EXPECT_EQ(peek_address(sent), peek_address(bytes));
        }
    }
}

TEST(TicFrame, StaysWholeWhenMoved)
{
    Frame frame = decode_frame(load_inputs("frame").front()).value();
    const Frame moved = std::move(frame);
    ASSERT_NE(moved.find("HCHP"), nullptr);
    EXPECT_EQ(moved.find("HCHP")->value, "127970334");
    EXPECT_EQ(moved.find("EAST"), nullptr);
}

TEST(TicFrame, EveryPrefixIsRefused)
{
    for (const Bytes& bytes : load_inputs("frame")) {
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_EQ(decode_frame(ByteView{bytes}.first(size)).error().code, errc::truncated) << size;
        EXPECT_EQ(decode_frame(ByteView{bytes}.subspan(1)).error().code, errc::malformed);
    }
}

/// Whose bytes hold `offset`: 0 for the first group.
std::size_t group_at(ByteView bytes, std::size_t offset)
{
    return static_cast<std::size_t>(std::ranges::count(bytes.first(offset + 1), std::byte{'\n'})) - 1;
}

/// What the checksum cannot see and no form forbids: bit 6 of a character of a text.
bool is_unseen(const Frame& original, std::size_t group, std::size_t bit)
{
    const LabelRow* row = find_label(original.mode, original.groups[group].label);
    return bit % 8 == 6 && row != nullptr && row->kind == Kind::text;
}

/// A flipped bit costs the group it is in, no other one, and never makes another value of a number.
TEST(TicFrame, EveryFlippedBitCostsItsGroupAlone)
{
    std::size_t unseen = 0;
    for (const Bytes& bytes : load_inputs("frame")) {
        const Frame original = decode_frame(bytes).value();
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            SCOPED_TRACE("bit " + std::to_string(bit) + " of " + std::string{as_text(bytes)});
            const std::size_t at = bit / 8;
            const auto flipped = decode_frame(flip_bit(bytes, bit));
            if (bit % 8 == 7) {
                ASSERT_TRUE(flipped);
                ASSERT_EQ(flipped->groups, original.groups);
            } else if (at == 0 || at + 1 == bytes.size()) {
                ASSERT_FALSE(flipped);
            } else {
                ASSERT_TRUE(flipped);
                const std::size_t lost = group_at(bytes, at);
                auto expected = original.groups;
                if (flipped->groups.size() == expected.size() && is_unseen(original, lost, bit)) {
                    ++unseen;
                    expected[lost].value = flipped->groups[lost].value;
                } else {
                    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(lost));
                    ASSERT_GT(flipped->bad_groups, 0U);
                    ASSERT_TRUE(flipped->first_problem);
                }
                ASSERT_EQ(flipped->groups, expected);
            }
        }
    }
    EXPECT_GT(unseen, 0U);
}

TEST(TicFrame, GroupsFailOneByOne)
{
    for (const Bytes& bytes : load_inputs("frame", false)) {
        const auto frame = decode_frame(bytes);
        if (!frame) {
            EXPECT_EQ(frame.error().code, errc::truncated);
            continue;
        }
        EXPECT_EQ(frame->bad_groups, 1U);
        ASSERT_TRUE(frame->first_problem);
        EXPECT_EQ(frame->first_problem->code, errc::bad_checksum);
        const std::string damaged = frame->mode == Mode::historic ? "HCHP" : "EAST";
        EXPECT_EQ(frame->first_problem->detail, damaged);
        EXPECT_EQ(frame->find(damaged), nullptr);
        EXPECT_NE(frame->find(frame->mode == Mode::historic ? "PAPP" : "SINSTS"), nullptr);
    }
}

TEST(TicFrame, WithoutAGoodGroupItIsRefused)
{
    EXPECT_EQ(error_of(""), errc::malformed);
    EXPECT_EQ(error_of("\nHCHC 094939438 8\r"), errc::bad_checksum);
    EXPECT_EQ(error_of("\nHCHC 094939438 8\r\nnonsense\r"), errc::bad_checksum); // the first one's reason
    EXPECT_EQ(error_of("\nnonsense\r\nHCHC 094939438 8\r"), errc::malformed);
    EXPECT_EQ(error_of("\n\r"), errc::malformed);
    EXPECT_EQ(error_of("\r\n"), errc::malformed);
    EXPECT_EQ(decode_frame({}).error().code, errc::truncated);
    EXPECT_EQ(decode_frame(bytes_of("\x03")).error().code, errc::malformed);
}

TEST(TicFrame, TheFirstGoodGroupTellsTheMode)
{
    const auto frame = decode_frame(frame_of("\nHCHC 094939438 8\r\nEAST\t023591827\t4\r\nHCHC 094939439 8\r")).value();
    EXPECT_EQ(frame.mode, Mode::standard);
    ASSERT_EQ(frame.groups.size(), 1U);
    EXPECT_EQ(frame.groups[0].label, "EAST");
    EXPECT_EQ(frame.bad_groups, 2U);
}

TEST(TicFrame, LimitsAreKept)
{
    const std::vector<Group> full(groups_max, Group{"MSG2", "", {}});
    EXPECT_EQ(decode_frame(encode_frame(Mode::standard, full)).value().groups.size(), groups_max);
    std::vector<Group> more = full;
    more.push_back({"MSG2", "", {}});
    EXPECT_EQ(decode_frame(encode_frame(Mode::standard, more)).error().code, errc::too_large);
    std::string bad;
    for (std::size_t i = 0; i <= groups_max; ++i)
        bad += "\n\r";
    EXPECT_EQ(error_of(bad), errc::too_large);

    const auto sized = [](std::size_t size) {
        const std::string value(size - std::string_view{"\x02\nMSG1\t\tc\r\x03"}.size(), 'x');
        const Group group{"MSG1", value, {}};
        return encode_frame(Mode::standard, std::span{&group, 1});
    };
    ASSERT_EQ(sized(frame_bytes_max).size(), frame_bytes_max);
    EXPECT_TRUE(decode_frame(sized(frame_bytes_max)));
    EXPECT_EQ(decode_frame(sized(frame_bytes_max + 1)).error().code, errc::too_large);
    EXPECT_FALSE(peek_address(sized(frame_bytes_max + 1)));
}

std::string address_of(ByteView frame)
{
    const auto address = peek_address(frame);
    return address ? to_hex(*address) : "none";
}

Bytes one_group(Mode mode, const Group& group)
{
    return encode_frame(mode, std::span{&group, 1});
}

TEST(TicAddress, IsTheMetersNumber)
{
    EXPECT_EQ(address_of(load_inputs("frame").front()), "0000050022120078");
    EXPECT_EQ(address_of(load_captured()), "0000000000000000"); // read no further than needed
    EXPECT_EQ(address_of(one_group(Mode::standard, {"ADSC", "041876097012", {}})), "0000041876097012");
    EXPECT_EQ(address_of(one_group(Mode::historic, {"ADSC", "041876097012", {}})), "none");
    EXPECT_EQ(address_of(one_group(Mode::standard, {"ADCO", "041876097012", {}})), "none");
    EXPECT_EQ(address_of(one_group(Mode::standard, {"ADSC", "04187609701", {}})), "none");
    EXPECT_EQ(address_of(load_inputs("frame").back()), "none"); // that capture has no address
}

TEST(TicAddress, ADamagedOneIsNone)
{
    const Bytes frame = load_inputs("frame").front();
    for (std::size_t bit = 2 * 8; bit < 20 * 8; ++bit)
        if (bit % 8 != 7) {
            EXPECT_EQ(address_of(flip_bit(frame, bit)), "none") << bit;
        }
    for (std::size_t size = 0; size < frame.size(); ++size)
        EXPECT_EQ(address_of(ByteView{frame}.first(size)), "none") << size;
}

TEST(TicLive, HistoricAtReception)
{
    const auto readings = live_readings(decode_frame(load_inputs("frame").front()).value(), noon);
    const std::vector<LiveReading> expected{
        {"HCHC", 94'939'439, Unit::watt_hour, 0, true, false, noon},
        {"HCHP", 127'970'334, Unit::watt_hour, 0, true, false, noon},
        {"IINST", 9, Unit::ampere, 0, false, false, noon},
        {"PAPP", 2'160, Unit::volt_ampere, 0, false, true, noon},
    };
    EXPECT_EQ(readings, expected);
}

TEST(TicLive, StandardAtItsOwnDate)
{
    const auto readings = live_readings(decode_frame(load_inputs("frame").back()).value(), noon);
    const Instant date = parse_instant("2020-04-26T16:18:30Z").value();
    ASSERT_EQ(readings.size(), 13U); // total, ten rates, voltage, power: no daily peaks and no half-hour means
    EXPECT_EQ(readings.front(), (LiveReading{"EAST", 6'231'973, Unit::watt_hour, 0, true, false, date}));
    EXPECT_EQ(readings[11], (LiveReading{"URMS1", 235, Unit::volt, 0, false, false, date}));
    EXPECT_EQ(readings[12], (LiveReading{"SINSTS", 1'163, Unit::volt_ampere, 0, false, true, date}));
}

TEST(TicLive, WithoutATrustedDateAtReception)
{
    for (const char* date : {"e200426181830", "             ", "H000000000000"}) {
        const Group groups[] = {{"DATE", "", date}, {"SINSTS", "00279", {}}};
        const auto readings = live_readings(decode_frame(encode_frame(Mode::standard, groups)).value(), noon);
        ASSERT_EQ(readings.size(), 1U);
        EXPECT_EQ(readings[0].at, noon) << date;
    }
}

TEST(TicLive, ALabelCountsOnce)
{
    const Group groups[] = {{"PAPP", "00100", {}}, {"PAPP", "00200", {}}, {"NEW", "00300", {}}};
    const auto readings = live_readings(decode_frame(encode_frame(Mode::historic, groups)).value(), noon);
    ASSERT_EQ(readings.size(), 1U);
    EXPECT_EQ(readings[0].value, 100);
}

} // namespace
} // namespace releve::tic
