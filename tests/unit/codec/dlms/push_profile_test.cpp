#include "push_fixture.hpp"

#include <algorithm>
#include <utility>

using namespace releve;
using namespace releve::dlms;
using namespace releve::dlms::fixture;
using namespace std::chrono_literals;

namespace {

void expect_whole_day(const result<PushContent>& decoded, const char* start, std::size_t slots)
{
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    ASSERT_EQ(decoded->intervals.size(), slots);
    for (std::size_t i = 0; i < slots; ++i)
        EXPECT_EQ(decoded->intervals[i], (IntervalReading{curve, at(start) + i * 30min,
                                                          static_cast<std::int64_t>(i), Quality::raw}));
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
        expect_whole_day(decode(curve_model(), {list(DataType::array, day_rows(day, compressed))}), start,
                         slots);
    }
}

TEST(Profile, AStartStampNamesTheSlotItself)
{
    const auto row = structure({clock("2024-01-10T12:00:00Z"), number(5)});
    const auto decoded = decode(curve_model(Stamp::start), {list(DataType::array, {row})});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->intervals,
              (std::vector{IntervalReading{curve, at("2024-01-10T12:00:00Z"), 5, Quality::raw}}));
}

TEST(Profile, NullDataRepeatsTheRowBefore)
{
    const auto rows =
        list(DataType::array, {structure({clock("2024-01-10T12:00:00Z"), Data{}}), // no value yet
                               structure({Data{}, number(7)}), structure({Data{}, Data{}}),
                               structure({clock("2024-01-10T20:00:00Z"), Data{}})});
    const auto decoded = decode(curve_model(), {rows});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->intervals,
              (std::vector{IntervalReading{curve, at("2024-01-10T12:00:00Z"), 7, Quality::raw},
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
    EXPECT_EQ(decoded->intervals,
              (std::vector{IntervalReading{curve, at("2024-01-10T11:30:00Z"), 5, Quality::raw},
                           IntervalReading{curve, at("2024-01-10T12:00:00Z"), 6, Quality::raw}}));
}

TEST(Profile, DoubtfulStatusAndClockMakeReadingsQuestionable)
{
    const MeterModel model =
        model_with({{"curve", false, {profile({clock_column, status_column, curve_column})}}});
    DateTime doubtful = date_time_at(at("2024-01-10T14:00:00Z"), paris());
    doubtful.status = 0x02;
    Data bits;
    bits.type = DataType::bit_string;
    bits.bit_count = 8;
    bits.bytes = {std::byte{0x01}};
    const auto rows = list(
        DataType::array,
        {structure({clock("2024-01-10T12:00:00Z"), of(DataType::unsigned_, 0x80), number(1)}),
         structure({Data{}, of(DataType::unsigned_, 0x01), number(2)}),
         structure({Data{}, Data{}, number(3)}), structure({Data{}, of(DataType::unsigned_, 0), number(4)}),
         structure({octets(encode_date_time(doubtful)), Data{}, number(5)}),
         structure({clock("2024-01-10T15:00:00Z"), bits, number(6)})});
    const auto decoded = decode(model, {rows});
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    std::vector<Quality> qualities;
    for (const IntervalReading& reading : decoded->intervals)
        qualities.push_back(reading.quality);
    EXPECT_EQ(qualities, (std::vector{Quality::raw, Quality::questionable, Quality::questionable,
                                      Quality::raw, Quality::questionable, Quality::questionable}));

    MeterModel lenient = model;
    lenient.quirks.doubtful_clock_mask = 0;
    const auto trusted = decode(lenient, {rows});
    ASSERT_TRUE(trusted);
    EXPECT_TRUE(
        std::ranges::all_of(trusted->intervals, [](const auto& r) { return r.quality == Quality::raw; }));
}

TEST(Profile, RefusesATimeOffTheGridOfTheCivilDay)
{
    for (const char* end : {"2024-01-10T12:15:00Z", "2024-01-10T12:00:01Z"})
        expect_refused(decode(curve_model(), {list(DataType::array, {structure({clock(end), number(1)})})}),
                       errc::undecoded,
                       "layout curve: element 1: row 1: curve: a time that is not on the day's grid");
    // Two-hour slots from midnight: 02:00 summer time is on the grid of an ordinary day; on the day of the
    // change the slots of elapsed time begin at 00:00, 03:00 (two hours later), 05:00.
    MeterModel wide = curve_model(Stamp::start);
    wide.channels[0].step = 2h;
    const auto stamped = [](const char* start) {
        return std::vector{list(DataType::array, {structure({clock(start), number(1)})})};
    };
    EXPECT_TRUE(decode(wide, stamped("2024-03-31T01:00:00Z")));
    EXPECT_FALSE(decode(wide, stamped("2024-03-31T02:00:00Z")));
    MeterModel later = wide;
    later.channels[0].day_start = 5h;
    EXPECT_TRUE(decode(later, stamped("2024-03-31T02:00:00Z")))
        << "22 hours after 05:00 winter time of the day before";
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
    const auto decoded = decode(
        model, {list(DataType::array, {structure({number(1), clock("2024-01-10T12:30:00Z"), number(2)}),
                                       structure({number(3), clock("2024-01-10T12:00:00Z"), number(4)})})});
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->intervals,
              (std::vector{IntervalReading{curve, at("2024-01-10T11:30:00Z"), 4, Quality::raw},
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
    expect_refused(decode(curve_model(), rows({clock("2024-01-10T12:00:00Z"), number(1), number(1)})),
                   errc::undecoded, "columns");
    expect_refused(decode(curve_model(), rows({number(1), number(1)})), errc::undecoded,
                   "a clock is expected");
    expect_refused(decode(curve_model(), rows({clock("2024-01-10T12:00:00Z"), of(DataType::float32, 0)})),
                   errc::undecoded, "a whole number is expected");
    expect_refused(decode(curve_model(), {number(1)}), errc::undecoded, "an array of rows is expected");
    const auto empty = decode(curve_model(), {list(DataType::array, {})});
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->intervals.empty());
}

} // namespace
