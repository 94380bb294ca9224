#include <releve/sim/wize_meter.hpp>

#include <gtest/gtest.h>

namespace releve::sim {
namespace {

using namespace wize;

crypto::Key128 key(std::uint8_t octet)
{
    return *crypto::Key128::from(Bytes(16, std::byte{octet}));
}

const Instant now = parse_instant("2024-01-16T05:20:00Z").value();

WizeIdentity identity()
{
    WizeIdentity out;
    out.address = {std::byte{0x53}, std::byte{0x10}, std::byte{0x73}};
    out.kencs = {{1, key(1)}, {2, key(2)}, {15, key(15)}};
    out.network = {7, key(0x77)};
    return out;
}

WizeMeter meter_with(WizeMeter::Options options = {})
{
    return WizeMeter{identity(), options};
}

GasReport day()
{
    GasReport report;
    report.at = parse_instant("2024-01-16T05:00:00Z").value();
    report.index_dm3 = 12'345'678;
    report.hours_dm3.assign(24, 10);
    report.hours_dm3[3] = std::nullopt;
    report.alarms = 1;
    return report;
}

struct Opened {
    Bytes octets;
    ExchangeFrame frame;
    Bytes l7;
};

/// As a head-end opens it.
Opened opened(const WizeMeter& meter, Bytes octets)
{
    Opened out{std::move(octets), {}, {}};
    const WizeIdentity& who = meter.identity();
    out.frame = decode_exchange(out.octets).value();
    EXPECT_TRUE(check_network(out.frame, {&who.network, 1}));
    const auto kenc = who.kencs.find(out.frame.keysel);
    out.l7 =
        open_exchange(out.frame, kenc == who.kencs.end() ? nullptr : &kenc->second, who.network.kmac).value();
    return out;
}

Bytes command(ByteView l7, std::uint16_t cpt, std::uint8_t keysel = 1)
{
    const WizeIdentity who = identity();
    Outgoing out;
    out.address = who.address;
    out.keysel = keysel;
    out.netid = who.network.netid;
    out.cpt = cpt;
    out.l7 = l7;
    return encode_exchange(out, &who.kencs.at(keysel), who.network.kmac);
}

AdminResponse answer(WizeMeter& meter, const result<Bytes>& l7, std::uint16_t cpt, std::uint8_t keysel = 1)
{
    const WizeMeter before = meter;
    const auto frame = meter.answer(command(l7.value(), cpt, keysel), now);
    EXPECT_TRUE(frame);
    const Opened response = opened(before, frame.value());
    EXPECT_TRUE(response.frame.is(FrameType::response));
    EXPECT_EQ(response.frame.cpt, cpt);
    EXPECT_EQ(response.frame.keysel, keysel);
    return decode_response(response.l7).value();
}

TEST(WizeMeter, ReportsInTheDocumentedLayout)
{
    WizeMeter meter = meter_with({.counter = 0xffff});
    const Opened data = opened(meter, meter.report(day(), now));
    EXPECT_TRUE(data.frame.is(FrameType::data));
    EXPECT_EQ(data.frame.app, 0x20);
    EXPECT_EQ(data.frame.cpt, 0xffff);
    EXPECT_EQ(to_hex(ByteView{data.l7}.first(19)), "0114c3e65000bc614e0001000a000a000affff");
    EXPECT_EQ(data.l7.size(), 59U);
    EXPECT_EQ(emission_time(data.frame.tstamp, now + Seconds{3}, ClockBase::unix_epoch), now);
    EXPECT_EQ(opened(meter, meter.report(day(), now)).frame.cpt, 0); // wraps
}

TEST(WizeMeter, ItsClockMayBeWrongAndOfTheOtherBase)
{
    WizeMeter meter =
        meter_with({.clock_base = ClockBase::wize_epoch, .clock_error = Seconds{-900}, .priority = true});
    const Opened data = opened(meter, meter.report(day(), now));
    EXPECT_TRUE(data.frame.is(FrameType::data_prio));
    EXPECT_EQ(emission_time(data.frame.tstamp, now, ClockBase::wize_epoch), now - Seconds{900});
}

TEST(WizeMeter, PingsInClear)
{
    WizeMeter meter = meter_with();
    const Opened ping = opened(meter, meter.ping(now));
    EXPECT_TRUE(ping.frame.is(FrameType::instping));
    EXPECT_EQ(ping.frame.keysel, 0);
    EXPECT_TRUE(decode_instping(ping.l7));
}

TEST(WizeMeter, ReadsAndWritesParameters)
{
    WizeMeter meter = meter_with({.clock_error = Seconds{60}});
    const std::uint8_t ids[] = {0x20, 0x18};
    AdminResponse read = answer(meter, encode_read_parameters(ids), 1);
    ASSERT_EQ(read.values.size(), 2U);
    EXPECT_EQ(Reader{read.values[0].value}.u32_be(), device_epoch(now + Seconds{60}).value());
    EXPECT_EQ(to_hex(read.values[1].value), "00");

    const ParameterValue delay{0x18, Bytes{std::byte{9}}};
    EXPECT_EQ(answer(meter, encode_write_parameters({&delay, 1}), 2).error, 0);
    EXPECT_EQ(meter.parameter(Parameter::exch_rx_delay, now), delay.value);
    EXPECT_EQ(answer(meter, encode_clock_write(now), 3).error, 0);
    EXPECT_EQ(meter.options().clock_error, Seconds{0});
    EXPECT_EQ(answer(meter, encode_clock_correction(Seconds{-5}), 4).error, 0);
    EXPECT_EQ(meter.options().clock_error, Seconds{-5});
    const ParameterValue second_key{0x28, Bytes{std::byte{2}}};
    EXPECT_EQ(answer(meter, encode_write_parameters({&second_key, 1}), 5).error, 0);
    EXPECT_EQ(opened(meter, meter.report(day(), now)).frame.keysel, 2);
    EXPECT_EQ(meter.commands_done(), 5U);
}

TEST(WizeMeter, RefusesInTheWordsOfTheProtocol)
{
    WizeMeter meter = meter_with();
    std::uint16_t cpt = 100;
    const auto refused = [&](std::string_view l7) {
        const AdminResponse response = answer(meter, from_hex(l7), cpt++);
        return std::pair{std::string{response_error_name(response.command, response.error)}, response.faulty};
    };
    EXPECT_EQ(refused("107f"),
              (std::pair{std::string{"parameter unknown"}, std::optional<std::uint8_t>{0x7f}}));
    EXPECT_EQ(refused("1021"),
              (std::pair{std::string{"parameter not readable"}, std::optional<std::uint8_t>{0x21}}));
    std::string many = "10";
    for (int i = 0; i < 40; ++i)
        many += "36"; // nine octets each
    EXPECT_EQ(refused(many).first, "result too long");
    EXPECT_EQ(refused("207f00").first, "parameter unknown");
    EXPECT_EQ(refused("20010100").first, "parameter not writable");
    EXPECT_EQ(refused("202809").first, "value not allowed"); // it has no key 9
    EXPECT_EQ(refused("202000").first, "value not allowed"); // too short
    EXPECT_EQ(refused("99").first, "command unknown");
    EXPECT_EQ(refused("2801").first, "wrong length");
    EXPECT_EQ(refused("2018ff7f00").first, "parameter unknown"); // and then nothing is written
    EXPECT_TRUE(meter.parameter(Parameter::exch_rx_delay, now).empty());
    EXPECT_EQ(meter.commands_done(), 0U);
}

TEST(WizeMeter, TakesAKeyUnderKchgOnly)
{
    WizeMeter meter = meter_with();
    const auto l7 = encode_write_key({.type = 1, .index = 1, .key = key(0x5a).bytes()});
    EXPECT_EQ(answer(meter, l7, 1).error, 3);
    EXPECT_EQ(meter.identity().kencs.at(1), key(1));
    EXPECT_EQ(answer(meter, l7, 2, 15).error, 0);
    EXPECT_EQ(meter.identity().kencs.at(1), key(0x5a));
    EXPECT_FALSE(meter.answer(command(encode_exec_instping(), 3), now)); // the old key is gone
}

TEST(WizeMeter, TheSameCounterGetsTheSameResponseAndNothingIsDoneTwice)
{
    WizeMeter meter = meter_with();
    const Bytes correction = command(encode_clock_correction(Seconds{30}).value(), 9);
    const auto first = meter.answer(correction, now);
    ASSERT_TRUE(first);
    EXPECT_EQ(meter.answer(correction, now + Seconds{40'000}), first);
    EXPECT_EQ(meter.options().clock_error, Seconds{30});
    EXPECT_EQ(meter.commands_done(), 1U);
}

TEST(WizeMeter, IsSilentOnWhatIsNotForItOrNotAuthentic)
{
    WizeMeter meter = meter_with();
    const Bytes good = command(encode_exec_instping(), 9);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes altered = good;
        altered[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        EXPECT_FALSE(meter.answer(altered, now)) << bit;
        EXPECT_FALSE(meter.answer(ByteView{good}.first(bit / 8), now));
    }
    EXPECT_FALSE(meter.answer(meter.report(day(), now), now)); // another device's kind of frame
    WizeIdentity other = identity();
    other.address[7] = std::byte{1};
    WizeMeter neighbour{other, {}};
    EXPECT_FALSE(neighbour.answer(good, now));
    EXPECT_TRUE(meter.answer(good, now));
}

} // namespace
} // namespace releve::sim
