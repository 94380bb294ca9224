#include "wize_frames.hpp"

#include <releve/codec/wize/admin.hpp>

#include <gtest/gtest.h>

#include <set>

namespace releve::wize {
namespace {

constexpr std::uint8_t id_of(Parameter parameter)
{
    return static_cast<std::uint8_t>(parameter);
}

TEST(WizeParameters, AreNamedOnceAndRise)
{
    std::set<std::string_view> names;
    int before = 0;
    for (const ParameterRow& row : parameter_rows()) {
        EXPECT_GT(row.id, before);
        before = row.id;
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_TRUE(row.readable || row.writable) << row.name;
        EXPECT_FALSE(row.plain.empty()) << row.name;
        EXPECT_EQ(find_parameter(row.id), &row);
        EXPECT_EQ(find_parameter(row.name), &row);
    }
    EXPECT_EQ(find_parameter(std::uint8_t{0xff}), nullptr);
    EXPECT_EQ(find_parameter("voltage"), nullptr);
}

TEST(WizeCommands, ReadNamesTheParameterItCannotRead)
{
    const std::uint8_t good[] = {id_of(Parameter::clock), id_of(Parameter::exch_rx_delay)};
    EXPECT_EQ(to_hex(*encode_read_parameters(good)), "102018");
    const std::uint8_t unknown[] = {0x7f}, write_only[] = {id_of(Parameter::clock_offset)};
    EXPECT_EQ(encode_read_parameters(unknown).error().detail, "parameter 7f: unknown");
    EXPECT_EQ(encode_read_parameters(write_only).error().detail, "parameter 21: cannot be read");
    EXPECT_EQ(encode_read_parameters({}).error().code, errc::bad_value);
    EXPECT_EQ(encode_read_parameters(std::vector(228, std::uint8_t{1})).error().code, errc::too_large);
    EXPECT_TRUE(encode_read_parameters(std::vector(227, std::uint8_t{1})));
}

TEST(WizeCommands, WriteTakesValuesOfTheParametersSize)
{
    const ParameterValue delay{id_of(Parameter::exch_rx_delay), hex("07")};
    EXPECT_EQ(to_hex(*encode_write_parameters({&delay, 1})), "201807");
    for (const ParameterValue& wrong : {ParameterValue{0x18, hex("0007")}, ParameterValue{0x18, {}},
                                        ParameterValue{0x01, hex("0100")}, ParameterValue{0x7f, hex("00")}})
        EXPECT_EQ(encode_write_parameters({&wrong, 1}).error().code, errc::bad_value);
    EXPECT_EQ(encode_write_parameters({}).error().code, errc::bad_value);
    EXPECT_EQ(encode_write_parameters(std::vector(114, delay)).error().code, errc::too_large);
}

TEST(WizeCommands, ClockIsWrittenInSecondsSince2013)
{
    EXPECT_EQ(to_hex(*encode_clock_write(wize_epoch + Seconds{0x12345678})), "202012345678");
    EXPECT_EQ(encode_clock_write(wize_epoch - Seconds{1}).error().code, errc::bad_value);
    EXPECT_EQ(to_hex(*encode_clock_correction(Seconds{-2})), "2021fffe");
    EXPECT_EQ(to_hex(*encode_clock_correction(Seconds{300})), "2021012c");
    EXPECT_EQ(encode_clock_correction(Seconds{32'768}).error().code, errc::bad_value);
    EXPECT_EQ(encode_clock_correction(Seconds{-32'769}).error().code, errc::bad_value);
}

TEST(WizeCommands, AKeyHas32OctetsOnTheAir)
{
    const Bytes sixteen(16, std::byte{0x11});
    const auto l7 = encode_write_key({.type = 1, .index = 3, .key = sixteen});
    ASSERT_TRUE(l7);
    EXPECT_EQ(to_hex(*l7), "2801" + std::string(32, '1') + std::string(32, '0') + "03");
    const auto command = decode_command(*l7);
    ASSERT_TRUE(command);
    EXPECT_EQ(command->command, Command::write_key);
    EXPECT_EQ(command->key_type, 1);
    EXPECT_EQ(command->key_index, 3);
    EXPECT_EQ(command->key, *crypto::Key128::from(sixteen));
    EXPECT_FALSE(encode_write_key({.type = 3, .index = 1, .key = sixteen}));
    EXPECT_FALSE(encode_write_key({.type = 1, .index = 0, .key = sixteen}));
    EXPECT_FALSE(encode_write_key({.type = 1, .index = 15, .key = sixteen}));
    EXPECT_FALSE(encode_write_key({.type = 1, .index = 1, .key = ByteView{sixteen}.first(15)}));
}

TEST(WizeCommands, ADeviceReadsThem)
{
    const auto read = decode_command(hex("10012001"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->ids, (std::vector<std::uint8_t>{1, 0x20, 1}));
    const auto write = decode_command(hex("2018072000000001"));
    ASSERT_TRUE(write);
    EXPECT_EQ(write->values, (std::vector<ParameterValue>{{0x18, hex("07")}, {0x20, hex("00000001")}}));
    const auto unknown = decode_command(hex("207f0102"));
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->values, (std::vector<ParameterValue>{{0x7f, hex("0102")}}));
    EXPECT_EQ(decode_command({}).error().code, errc::truncated);
    EXPECT_EQ(decode_command(hex("20200000")).error().code, errc::truncated);
    EXPECT_EQ(decode_command(hex("4000")).error().code, errc::trailing_bytes);
    EXPECT_EQ(decode_command(hex("30")).error().code, errc::unknown_apdu);
    EXPECT_EQ(decode_command(hex("28010203")).error().code, errc::truncated);
}

TEST(WizeResponses, OfReadHoldValues)
{
    const auto response = decode_response(hex("1000010080200000003c1805"));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->software, 0x0100);
    EXPECT_EQ(response->rssi, 0x80);
    EXPECT_EQ(response->values, (std::vector<ParameterValue>{{0x20, hex("0000003c")}, {0x18, hex("05")}}));
    EXPECT_EQ(decode_response({}).error().code, errc::truncated);
    EXPECT_EQ(decode_response(hex("99")).error().code, errc::truncated);
    EXPECT_EQ(decode_response(hex("10000100807f")).error().code, errc::undecoded);
    EXPECT_EQ(decode_response(hex("100001008020")).error().code, errc::truncated);
}

TEST(WizeResponses, NameWhatWasRefused)
{
    const auto response = decode_response(hex("200201008021"));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->faulty, 0x21);
    EXPECT_EQ(response_error_name(response->command, response->error), "parameter not writable");
    const auto unknown = decode_response(hex("99ff"));
    ASSERT_TRUE(unknown);
    EXPECT_EQ(response_error_name(0x99, 0xff), "command unknown");
    EXPECT_EQ(response_error_name(0x20, 0), "ok");
    EXPECT_EQ(response_error_name(0x20, 0x77), "an error that is not published");
    EXPECT_EQ(decode_response(hex("99ff00")).error().code, errc::trailing_bytes);
    EXPECT_EQ(decode_response(hex("9900010080")).error().code, errc::undecoded);
    EXPECT_EQ(decode_response(hex("20000100800a")).error().code, errc::trailing_bytes);
}

TEST(WizeResponses, OfAnInstallationTestListThreePongsAtMost)
{
    AdminResponse response;
    response.command = 0x40;
    response.pongs_found = 5;
    response.pongs = {{.modem = 1, .rssi_up = 2, .rssi_down = 3}, {.modem = 4}, {.modem = 5}};
    const Bytes l7 = encode_response(response);
    EXPECT_EQ(l7.size(), 5 + 1 + 3 * 9U);
    EXPECT_EQ(decode_response(l7).value(), response);
    response.pongs_found = 1;
    response.pongs.resize(1);
    EXPECT_EQ(decode_response(encode_response(response)).value(), response);
}

TEST(WizeResponses, EveryPrefixIsRefusedOrShorter)
{
    for (const char* text : {"1000010080200000003c", "2000010080", "99ff"}) {
        const Bytes l7 = hex(text);
        for (std::size_t size = 0; size < l7.size(); ++size) {
            const auto got = decode_response(ByteView{l7}.first(size));
            EXPECT_TRUE(!got || encode_response(*got) ==
                                    Bytes(l7.begin(), l7.begin() + static_cast<std::ptrdiff_t>(size)));
        }
    }
}

TEST(WizeInstall, PingAndPong)
{
    const InstPing ping{.down_channel = 120, .down_modulation = 1, .rx_delay = 5, .rx_length = 8};
    EXPECT_EQ(to_hex(encode_instping(ping)), "78010508");
    EXPECT_EQ(decode_instping(hex("78010508")).value(), ping);
    EXPECT_EQ(decode_instping(hex("780105")).error().code, errc::truncated);
    EXPECT_EQ(decode_instping(hex("7801050800")).error().code, errc::trailing_bytes);
    const auto pong = decode_instpong(hex("99178115056801a0a5"));
    ASSERT_TRUE(pong);
    EXPECT_EQ(pong->modem, 1);
    EXPECT_EQ(pong->rssi_up, 0xa0);
    EXPECT_EQ(to_hex(encode_instpong(*pong)), "99178115056801a0a5");
}

} // namespace
} // namespace releve::wize
