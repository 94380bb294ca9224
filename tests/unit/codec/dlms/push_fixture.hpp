#pragma once
// A small model, and bodies as its meter would send them.

#include <releve/codec/dlms/push.hpp>

#include <gtest/gtest.h>

namespace releve::dlms::fixture {

using namespace std::chrono_literals;

inline constexpr Obis curve_obis{{1, 1, 99, 1, 0, 255}};
inline constexpr Obis export_obis{{1, 2, 99, 1, 0, 255}};
inline constexpr Obis total_obis{{1, 1, 1, 8, 0, 255}};
inline constexpr Obis peak_obis{{1, 1, 9, 19, 0, 255}};
inline constexpr Obis setup_obis{{0, 1, 25, 9, 0, 255}};
inline constexpr ChannelId curve{1}, exported{2}, total{10}, peak{40};

using Role = PushElement::Role;
using Column = PushElement::Column;

inline PushElement element(Role role, Obis obis = {}, Stamp stamp = Stamp::end)
{
    PushElement out;
    out.role = role;
    out.obis = obis;
    out.stamp = stamp;
    return out;
}

inline PushElement profile(std::vector<Column> columns, Stamp stamp = Stamp::end)
{
    PushElement out = element(Role::profile, {}, stamp);
    out.columns = std::move(columns);
    return out;
}

inline const Column clock_column{Column::Role::clock, {}};
inline const Column status_column{Column::Role::status, {}};
inline const Column curve_column{Column::Role::value, curve_obis};
inline const Column export_column{Column::Role::value, export_obis};

inline MeterModel model_with(std::vector<PushLayout> layouts)
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

inline MeterModel describing_model()
{
    return model_with({{"described", true, {}}});
}

inline MeterModel curve_model(Stamp stamp = Stamp::end)
{
    return model_with({{"curve", false, {profile({clock_column, curve_column}, stamp)}}});
}

// --- data as a meter sends it

inline Data of(DataType type, std::int64_t number)
{
    Data data;
    data.type = type;
    data.number = number;
    return data;
}
inline Data number(std::int64_t value)
{
    return of(DataType::double_long_unsigned, value);
}
inline Data octets(ByteView bytes)
{
    Data data;
    data.type = DataType::octet_string;
    data.bytes.assign(bytes.begin(), bytes.end());
    return data;
}
inline Data code(const Obis& obis)
{
    return octets(to_bytes(obis));
}
inline Data list(DataType type, std::vector<Data> children)
{
    Data data;
    data.type = type;
    data.children = std::move(children);
    return data;
}
inline Data structure(std::vector<Data> children)
{
    return list(DataType::structure, std::move(children));
}
inline Data scaler_unit(int scaler, Unit unit)
{
    return structure({of(DataType::integer, scaler), of(DataType::enum_, static_cast<std::int64_t>(unit))});
}
inline Instant at(const char* text)
{
    return parse_instant(text).value();
}
inline Data clock(Instant instant)
{
    return octets(encode_date_time(date_time_at(instant, paris())));
}
inline Data clock(const char* text)
{
    return clock(at(text));
}
/// A clock with its deviation left open; the daylight-saving bit stays.
inline Data open_clock(Instant instant)
{
    DateTime value = date_time_at(instant, paris());
    value.deviation_min = -32768;
    return octets(encode_date_time(value));
}

inline result<PushContent> decode(const MeterModel& model, std::vector<Data> body,
                                  std::optional<DateTime> sent_at = {})
{
    return decode_push(model, {sent_at, structure(std::move(body))}, paris());
}

inline void expect_refused(const result<PushContent>& decoded, errc code, std::string_view detail)
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

} // namespace releve::dlms::fixture
