#include <releve/codec/dlms/push.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

using namespace releve;
using namespace releve::dlms;
using namespace std::chrono_literals;

namespace {

constexpr Obis curve_obis{{1, 1, 99, 1, 0, 255}};
constexpr Obis export_obis{{1, 2, 99, 1, 0, 255}};
constexpr Obis total_obis{{1, 1, 1, 8, 0, 255}};
constexpr Obis peak_obis{{1, 1, 9, 19, 0, 255}};
constexpr Obis setup_obis{{0, 1, 25, 9, 0, 255}};
constexpr ChannelId curve{1}, exported{2}, total{10}, peak{40};

using Role = PushElement::Role;
using Column = PushElement::Column;

PushElement element(Role role, Obis obis = {}, Stamp stamp = Stamp::end)
{
    PushElement out;
    out.role = role;
    out.obis = obis;
    out.stamp = stamp;
    return out;
}

PushElement profile(std::vector<Column> columns, Stamp stamp = Stamp::end)
{
    PushElement out = element(Role::profile, {}, stamp);
    out.columns = std::move(columns);
    return out;
}

const Column clock_column{Column::Role::clock, {}};
const Column status_column{Column::Role::status, {}};
const Column curve_column{Column::Role::value, curve_obis};
const Column export_column{Column::Role::value, export_obis};

MeterModel model_with(std::vector<PushLayout> layouts)
{
    MeterModel model;
    model.name = "test";
    ChannelModel channel;
    channel.channel = curve;
    channel.name = "curve";
    channel.obis = curve_obis;
    model.channels.push_back(channel);
    channel.channel = exported;
    channel.name = "exported";
    channel.obis = export_obis;
    model.channels.push_back(channel);
    channel.kind = ChannelKind::reading;
    channel.quantity = Quantity::cumulative;
    channel.channel = total;
    channel.name = "total";
    channel.obis = total_obis;
    channel.unit = Unit::watt_hour;
    model.channels.push_back(channel);
    channel.quantity = Quantity::other;
    channel.channel = peak;
    channel.name = "peak";
    channel.obis = peak_obis;
    channel.unit = Unit::volt_ampere;
    channel.scaler = -1;
    model.channels.push_back(channel);
    model.layouts = std::move(layouts);
    return model;
}

MeterModel describing_model()
{
    return model_with({{"described", true, {}}});
}

MeterModel curve_model(Stamp stamp = Stamp::end)
{
    return model_with({{"curve", false, {profile({clock_column, curve_column}, stamp)}}});
}

// --- data as a meter sends it

Data of(DataType type, std::int64_t number)
{
    Data data;
    data.type = type;
    data.number = number;
    return data;
}
Data number(std::int64_t value)
{
    return of(DataType::double_long_unsigned, value);
}
Data octets(ByteView bytes)
{
    Data data;
    data.type = DataType::octet_string;
    data.bytes.assign(bytes.begin(), bytes.end());
    return data;
}
Data code(const Obis& obis)
{
    return octets(to_bytes(obis));
}
Data list(DataType type, std::vector<Data> children)
{
    Data data;
    data.type = type;
    data.children = std::move(children);
    return data;
}
Data structure(std::vector<Data> children)
{
    return list(DataType::structure, std::move(children));
}
Data scaler_unit(int scaler, Unit unit)
{
    return structure({of(DataType::integer, scaler), of(DataType::enum_, static_cast<std::int64_t>(unit))});
}
Instant at(const char* text)
{
    return parse_instant(text).value();
}
Data clock(Instant instant)
{
    return octets(encode_date_time(date_time_at(instant, paris())));
}
Data clock(const char* text)
{
    return clock(at(text));
}
/// A clock with its deviation left open; the daylight-saving bit stays.
Data open_clock(Instant instant)
{
    DateTime value = date_time_at(instant, paris());
    value.deviation_min = -32768;
    return octets(encode_date_time(value));
}

result<PushContent> decode(const MeterModel& model, std::vector<Data> body, std::optional<DateTime> sent_at = {})
{
    return decode_push(model, {sent_at, structure(std::move(body))}, paris());
}

void expect_refused(const result<PushContent>& decoded, errc code, std::string_view detail)
{
    ASSERT_FALSE(decoded);
    EXPECT_EQ(error_name(decoded.error().code), error_name(code));
    EXPECT_NE(decoded.error().detail.find(detail), std::string::npos) << decoded.error().detail;
}

/// The rows of a civil day; `clocked` says how a row's clock is written, from its end.
template <class Clock>
std::vector<Data> day_rows(const char* day, Clock clocked)
{
    std::vector<Data> rows;
    const CivilDay civil = parse_day(day).value();
    const Instant start = paris().start_of(civil);
    for (Instant end = start + 30min; end <= start + paris().length_of(civil); end += 30min)
        rows.push_back(structure({clocked(end), number(static_cast<std::int64_t>(rows.size()))}));
    return rows;
}

void expect_whole_day(const result<PushContent>& decoded, const char* start, std::size_t slots)
{
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    ASSERT_EQ(decoded->intervals.size(), slots);
    for (std::size_t i = 0; i < slots; ++i)
        EXPECT_EQ(decoded->intervals[i],
                  (IntervalReading{curve, at(start) + i * 30min, static_cast<std::int64_t>(i), Quality::raw}));
}

TEST(Profile, CivilDaysOf46And48And50HalfHours)
{
    const auto closed = [](Instant end) { return clock(end); };
    const auto open = [](Instant end) { return open_clock(end); };
    const struct {
        const char* day;
        const char* start;
        std::size_t slots;
    } days[] = {{"2024-03-31", "2024-03-30T23:00:00Z", 46},
                {"2024-10-27", "2024-10-26T22:00:00Z", 50},
                {"2023-12-31", "2023-12-30T23:00:00Z", 48}};
    for (const auto& [day, start, slots] : days) {
        expect_whole_day(decode(curve_model(), {list(DataType::array, day_rows(day, closed))}), start, slots);
        expect_whole_day(decode(curve_model(), {list(DataType::array, day_rows(day, open))}), start, slots);
        bool first = true;
        const auto compressed = [&](Instant end) {
            return std::exchange(first, false) ? clock(end) : Data{};
        };
        expect_whole_day(decode(curve_model(), {list(DataType::array, day_rows(day, compressed))}), start, slots);
    }
}

TEST(Profile, AStartStampNamesTheSlotItself)
{
    const auto row = structure({clock("2024-01-10T12:00:00Z"), number(5)});
    const auto decoded = decode(curve_model(Stamp::start), {list(DataType::array, {row})});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->intervals, (std::vector{IntervalReading{curve, at("2024-01-10T12:00:00Z"), 5, Quality::raw}}));
}

TEST(Profile, NullDataRepeatsTheRowBefore)
{
    const auto rows = list(DataType::array, {structure({clock("2024-01-10T12:00:00Z"), Data{}}), // no value yet
                                             structure({Data{}, number(7)}), structure({Data{}, Data{}}),
                                             structure({clock("2024-01-10T20:00:00Z"), Data{}})});
    const auto decoded = decode(curve_model(), {rows});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->intervals, (std::vector{IntervalReading{curve, at("2024-01-10T12:00:00Z"), 7, Quality::raw},
                                               IntervalReading{curve, at("2024-01-10T12:30:00Z"), 7, Quality::raw},
                                               IntervalReading{curve, at("2024-01-10T19:30:00Z"), 7, Quality::raw}}));
    expect_refused(decode(curve_model(), {list(DataType::array, {structure({Data{}, number(1)})})}),
                   errc::time_undefined, "row 1: the first row has no clock");
}

TEST(Profile, CompactArrayAsReceived)
{
    // compact-array of structure {octet-string, long-unsigned}: two rows of 15 octets.
    const auto body = from_hex("0201 13 0202 09 12 1e"
                               "0c 07e8010a030d000000ffc400 0005"
                               "0c 07e8010a030d1e0000ffc400 0006");
    const auto data = decode_data(body.value());
    ASSERT_TRUE(data) << to_string(data.error());
    const auto decoded = decode_push(curve_model(), {std::nullopt, *data}, paris());
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->intervals, (std::vector{IntervalReading{curve, at("2024-01-10T11:30:00Z"), 5, Quality::raw},
                                               IntervalReading{curve, at("2024-01-10T12:00:00Z"), 6, Quality::raw}}));
}

TEST(Profile, DoubtfulStatusAndClockMakeReadingsQuestionable)
{
    const MeterModel model = model_with({{"curve", false, {profile({clock_column, status_column, curve_column})}}});
    DateTime doubtful = date_time_at(at("2024-01-10T14:00:00Z"), paris());
    doubtful.status = 0x02;
    Data bits;
    bits.type = DataType::bit_string;
    bits.bit_count = 8;
    bits.bytes = {std::byte{0x01}};
    const auto rows = list(DataType::array, {
        structure({clock("2024-01-10T12:00:00Z"), of(DataType::unsigned_, 0x80), number(1)}),
        structure({Data{}, of(DataType::unsigned_, 0x01), number(2)}),
        structure({Data{}, Data{}, number(3)}),
        structure({Data{}, of(DataType::unsigned_, 0), number(4)}),
        structure({octets(encode_date_time(doubtful)), Data{}, number(5)}),
        structure({clock("2024-01-10T15:00:00Z"), bits, number(6)})});
    const auto decoded = decode(model, {rows});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    std::vector<Quality> qualities;
    for (const IntervalReading& reading : decoded->intervals)
        qualities.push_back(reading.quality);
    EXPECT_EQ(qualities, (std::vector{Quality::raw, Quality::questionable, Quality::questionable, Quality::raw,
                                      Quality::questionable, Quality::questionable}));

    MeterModel lenient = model;
    lenient.quirks.doubtful_clock_mask = 0;
    const auto trusted = decode(lenient, {rows});
    ASSERT_TRUE(trusted);
    EXPECT_TRUE(std::ranges::all_of(trusted->intervals, [](const auto& r) { return r.quality == Quality::raw; }));
}

TEST(Profile, RefusesATimeOffTheGridOfTheCivilDay)
{
    for (const char* end : {"2024-01-10T12:15:00Z", "2024-01-10T12:00:01Z"})
        expect_refused(decode(curve_model(), {list(DataType::array, {structure({clock(end), number(1)})})}),
                       errc::undecoded, "layout curve: element 1: row 1: curve: a time that is not on the day's grid");
    // Two-hour slots from midnight: 02:00 summer time is on the grid of an ordinary day; on the day of the change the
    // slots of elapsed time begin at 00:00, 03:00 (two hours later), 05:00.
    MeterModel wide = curve_model(Stamp::start);
    wide.channels[0].step = 2h;
    const auto stamped = [](const char* start) {
        return std::vector{list(DataType::array, {structure({clock(start), number(1)})})};
    };
    EXPECT_TRUE(decode(wide, stamped("2024-03-31T01:00:00Z")));
    EXPECT_FALSE(decode(wide, stamped("2024-03-31T02:00:00Z")));
    MeterModel later = wide;
    later.channels[0].day_start = 5h;
    EXPECT_TRUE(decode(later, stamped("2024-03-31T02:00:00Z"))) << "22 hours after 05:00 winter time of the day before";
}

TEST(Profile, OneInstantHasOneValue)
{
    const auto row = [](int value) { return structure({clock("2024-01-10T12:00:00Z"), number(value)}); };
    const auto equal = decode(curve_model(), {list(DataType::array, {row(4), row(4)})});
    ASSERT_TRUE(equal);
    EXPECT_EQ(equal->intervals.size(), 1U);
    expect_refused(decode(curve_model(), {list(DataType::array, {row(4), row(5)})}), errc::undecoded,
                   "two different values");
}

TEST(Profile, SeveralChannelsAreSortedByChannelAndTime)
{
    const MeterModel model =
        model_with({{"both", false, {profile({export_column, clock_column, curve_column})}}});
    const auto decoded = decode(model, {list(DataType::array, {structure({number(1), clock("2024-01-10T12:30:00Z"), number(2)}),
                                                               structure({number(3), clock("2024-01-10T12:00:00Z"), number(4)})})});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->intervals, (std::vector{IntervalReading{curve, at("2024-01-10T11:30:00Z"), 4, Quality::raw},
                                               IntervalReading{curve, at("2024-01-10T12:00:00Z"), 2, Quality::raw},
                                               IntervalReading{exported, at("2024-01-10T11:30:00Z"), 3, Quality::raw},
                                               IntervalReading{exported, at("2024-01-10T12:00:00Z"), 1, Quality::raw}}));
}

TEST(Profile, RefusesRowsAndCellsOfAnotherKind)
{
    const auto rows = [](std::vector<Data> cells) {
        return std::vector{list(DataType::array, {structure(std::move(cells))})};
    };
    expect_refused(decode(curve_model(), rows({clock("2024-01-10T12:00:00Z")})), errc::undecoded, "columns");
    expect_refused(decode(curve_model(), rows({clock("2024-01-10T12:00:00Z"), number(1), number(1)})), errc::undecoded,
                   "columns");
    expect_refused(decode(curve_model(), rows({number(1), number(1)})), errc::undecoded, "a clock is expected");
    expect_refused(decode(curve_model(), rows({clock("2024-01-10T12:00:00Z"), of(DataType::float32, 0)})),
                   errc::undecoded, "a whole number is expected");
    expect_refused(decode(curve_model(), {number(1)}), errc::undecoded, "an array of rows is expected");
    const auto empty = decode(curve_model(), {list(DataType::array, {})});
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->intervals.empty());
}

MeterModel register_model()
{
    return model_with({{"one", false, {element(Role::logical_device_name), element(Role::push_setup, setup_obis),
                                       element(Role::clock), element(Role::reading, total_obis)}},
                       {"two", false, {element(Role::logical_device_name), element(Role::push_setup, curve_obis),
                                       element(Role::clock), element(Role::reading, peak_obis)}},
                       {"slot", false, {element(Role::clock), element(Role::reading, curve_obis), element(Role::ignored)}}});
}

TEST(Registers, ThePushSetupTellsLayoutsOfOneShapeApart)
{
    const auto name = octets(as_bytes("LKY0212345678901"));
    const auto one = decode(register_model(), {name, code(setup_obis), clock("2024-01-10T23:00:00Z"), number(1234)});
    ASSERT_TRUE(one) << to_string(one.error());
    EXPECT_EQ(one->layout, "one");
    EXPECT_EQ(one->logical_device_name, "LKY0212345678901");
    EXPECT_EQ(one->registers, (std::vector{RegisterReading{total, at("2024-01-10T23:00:00Z"), 1234, Quality::raw}}));
    const auto two = decode(register_model(), {name, code(curve_obis), clock("2024-01-10T23:00:00Z"), number(1234)});
    ASSERT_TRUE(two);
    EXPECT_EQ(two->layout, "two");
    EXPECT_EQ(two->registers[0].channel, peak);
    expect_refused(decode(register_model(), {name, code(total_obis), clock("2024-01-10T23:00:00Z"), number(1)}),
                   errc::undecoded, "layout one: element 2: another push setup");
    const auto unprintable = decode(register_model(), {octets(from_hex("4c4b5900ff").value()), code(setup_obis),
                                                       clock("2024-01-10T23:00:00Z"), number(1)});
    ASSERT_TRUE(unprintable);
    EXPECT_EQ(unprintable->logical_device_name, "");
}

TEST(Registers, TheBodysClockThenTheNotificationsThenNone)
{
    const MeterModel model = register_model();
    const auto name = octets(as_bytes("A"));
    const DateTime sent_at = date_time_at(at("2024-01-11T05:00:00Z"), paris());
    const auto with = [&](const Data& body_clock, std::optional<DateTime> sent) {
        return decode(model, {name, code(setup_obis), body_clock, number(1)}, sent);
    };
    EXPECT_EQ(with(clock("2024-01-10T23:00:00Z"), sent_at)->registers[0].at, at("2024-01-10T23:00:00Z"));
    EXPECT_EQ(with(Data{}, sent_at)->registers[0].at, at("2024-01-11T05:00:00Z"));
    expect_refused(with(Data{}, std::nullopt), errc::time_undefined, "neither the body nor the notification");
    expect_refused(with(octets(encode_date_time(DateTime{})), sent_at), errc::time_undefined, "leaves a field open");

    DateTime doubtful = sent_at;
    doubtful.status = 0x01;
    EXPECT_EQ(with(Data{}, doubtful)->registers[0].quality, Quality::questionable);
    EXPECT_EQ(with(octets(encode_date_time(doubtful)), {})->registers[0].quality, Quality::questionable);
}

TEST(Registers, TheClockMayBeOfTheDateTimeType)
{
    Data typed = clock("2024-01-10T23:00:00Z");
    typed.type = DataType::date_time;
    const auto decoded = decode(register_model(), {octets(as_bytes("A")), code(setup_obis), typed, number(1)});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->registers[0].at, at("2024-01-10T23:00:00Z"));
}

TEST(Registers, AnIntervalChannelIsTheSlotThatEndsAtTheClock)
{
    const auto decoded = decode(register_model(), {clock("2024-01-10T12:30:00Z"), number(640), number(99)});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->intervals, (std::vector{IntervalReading{curve, at("2024-01-10T12:00:00Z"), 640, Quality::raw}}));
    expect_refused(decode(register_model(), {clock("2024-01-10T12:31:00Z"), number(640), number(99)}), errc::undecoded,
                   "grid");
}

TEST(Registers, NullDataIsAbsentAndOverlongIsRefused)
{
    const auto with = [](Data value) {
        return decode(register_model(), {octets(as_bytes("A")), code(setup_obis), clock("2024-01-10T23:00:00Z"), value});
    };
    const auto absent = with(Data{});
    ASSERT_TRUE(absent);
    EXPECT_TRUE(absent->registers.empty());
    Data wide = of(DataType::long64_unsigned, 0);
    wide.unsigned_number = 0x7fff'ffff'ffff'ffff;
    ASSERT_TRUE(with(wide));
    EXPECT_EQ(with(wide)->registers[0].value, 0x7fff'ffff'ffff'ffff);
    wide.unsigned_number += 1;
    expect_refused(with(wide), errc::undecoded, "beyond 63 bits");
    expect_refused(with(of(DataType::boolean, 1)), errc::undecoded, "a whole number is expected");
    expect_refused(with(octets(as_bytes("1"))), errc::undecoded, "a number is expected");
}

TEST(Registers, TheClosestLayoutSaysWhyItDoesNotFit)
{
    const auto name = octets(as_bytes("A"));
    expect_refused(decode(register_model(), {name, code(setup_obis), clock("2024-01-10T23:00:00Z")}), errc::undecoded,
                   "layout one: 4 elements are expected, not 3");
    expect_refused(decode(register_model(), {}), errc::undecoded, "elements are expected, not 0");
    expect_refused(decode_push(register_model(), {std::nullopt, octets(as_bytes("opaque"))}, paris()), errc::undecoded,
                   "a structure is expected, not octet-string");
}

TEST(Described, FindsCodesAtAnyDepthWithScalerAndUnit)
{
    const auto decoded = decode(describing_model(),
                                {structure({code({{0, 0, 42, 0, 0, 255}}), octets(as_bytes("AIDON1"))}),
                                 list(DataType::array, {structure({code(total_obis), number(12), scaler_unit(3, Unit::watt_hour)}),
                                                        structure({code(peak_obis), number(5), scaler_unit(0, Unit::volt_ampere)})}),
                                 code({{1, 0, 32, 7, 0, 255}}), number(231), scaler_unit(0, Unit::volt),
                                 code({{0, 0, 1, 0, 0, 255}}), clock("2024-01-10T12:00:00Z")});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->logical_device_name, "AIDON1");
    EXPECT_EQ(decoded->ignored, 1U);
    EXPECT_EQ(decoded->registers, (std::vector{RegisterReading{total, at("2024-01-10T12:00:00Z"), 12000, Quality::raw},
                                               RegisterReading{peak, at("2024-01-10T12:00:00Z"), 50, Quality::raw}}));
}

TEST(Described, ConvertsTheScalerExactlyOrNotAtAll)
{
    const auto with = [](std::int64_t value, int scaler, Unit unit) {
        return decode(describing_model(), {clock("2024-01-10T12:00:00Z"), code(total_obis),
                                           of(DataType::long64, value), scaler_unit(scaler, unit)});
    };
    EXPECT_EQ(with(1200, -2, Unit::watt_hour)->registers[0].value, 12);
    EXPECT_EQ(with(0, -100, Unit::watt_hour)->registers[0].value, 0);
    EXPECT_EQ(with(-7, 2, Unit::watt_hour)->registers[0].value, -700);
    expect_refused(with(1205, -2, Unit::watt_hour), errc::undecoded, "does not convert exactly");
    expect_refused(with(1, 19, Unit::watt_hour), errc::undecoded, "does not convert exactly");
    expect_refused(with(1, 0, Unit::var_hour), errc::undecoded, "unit");
}

TEST(Described, RefusesWhatItCannotTell)
{
    const auto noon = clock("2024-01-10T12:00:00Z");
    expect_refused(decode(describing_model(), {code(total_obis), number(1)}), errc::time_undefined, "total");
    expect_refused(decode(describing_model(), {noon, clock("2024-01-10T13:00:00Z"), code(total_obis), number(1)}),
                   errc::undecoded, "two clocks");
    expect_refused(decode(describing_model(), {noon, code(total_obis), list(DataType::array, {number(1)})}),
                   errc::undecoded, "a list where one value");
    expect_refused(decode(describing_model(), {noon, code(total_obis), number(1), code(total_obis), number(2)}),
                   errc::undecoded, "two different values");
    expect_refused(decode(describing_model(), {noon, number(1), code({{1, 0, 32, 7, 0, 255}}), number(1)}),
                   errc::undecoded, "names no value of this model");
    expect_refused(decode(describing_model(), {noon, code(total_obis)}), errc::undecoded, "names no value");
}

TEST(Described, ACodeBeforeACodeStandsAlone)
{
    const auto decoded =
        decode(describing_model(), {code(setup_obis), code(total_obis), number(8), clock("2024-01-10T12:00:00Z")});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(decoded->registers, (std::vector{RegisterReading{total, at("2024-01-10T12:00:00Z"), 8, Quality::raw}}));
}

TEST(Described, ATextOfTwelveLettersIsNoClock)
{
    const auto decoded = decode(describing_model(), {clock("2024-01-10T12:00:00Z"), code(total_obis), number(8),
                                                     octets(as_bytes("181220000009"))});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
}

TEST(Push, EveryShortenedBodyIsRefused)
{
    const MeterModel model = model_with({{"day", false, {element(Role::logical_device_name), element(Role::clock),
                                                         profile({clock_column, curve_column}), element(Role::reading, total_obis)}},
                                         {"described", true, {}}});
    const Data body = structure({octets(as_bytes("LKY0212345678901")), clock("2024-03-31T22:00:00Z"),
                                 list(DataType::array, day_rows("2024-03-31", [](Instant end) { return clock(end); })),
                                 number(21000000)});
    ASSERT_TRUE(decode_push(model, {std::nullopt, body}, paris()));
    for (std::size_t kept = 0; kept < body.children.size(); ++kept) {
        Data shortened = body;
        shortened.children.resize(kept);
        EXPECT_FALSE(decode_push(model, {std::nullopt, shortened}, paris())) << kept;
    }
    Writer writer;
    write_data(writer, body);
    for (std::size_t length = 0; length < writer.size(); ++length)
        EXPECT_FALSE(decode_data(writer.view().first(length))) << length;
}

} // namespace
