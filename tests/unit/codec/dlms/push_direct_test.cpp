// Reading a push from its bytes says what reading its tree says, or nothing.

#include "push_fixture.hpp"

#include <gtest/gtest.h>

namespace releve::dlms {
namespace {

using namespace fixture;

const MeterModel two_layouts = model_with(
    {{"day",
      false,
      {element(Role::logical_device_name), element(Role::clock), element(Role::reading, total_obis),
       profile({clock_column, status_column, curve_column, export_column})}},
     {"single",
      false,
      {element(Role::logical_device_name), element(Role::clock), element(Role::reading, curve_obis),
       element(Role::reading, total_obis)}}});

const Data name = octets(as_bytes("LKY1"));
const Data noon = clock("2024-01-15T12:00:00Z");

Data row(Data clock_cell, Data status, Data drawn, Data fed)
{
    return structure({std::move(clock_cell), std::move(status), std::move(drawn), std::move(fed)});
}
Data rows(std::vector<Data> children)
{
    return list(DataType::array, std::move(children));
}
Data status(std::int64_t bits)
{
    return of(DataType::unsigned_, bits);
}
Data two_rows()
{
    return rows({row(clock("2024-01-15T11:00:00Z"), status(0), number(100), number(0)),
                 row({}, status(2), {}, number(7))});
}
Bytes encoded(const Data& data)
{
    Writer writer;
    write_data(writer, data);
    return std::move(writer).take();
}

result<PushContent> by_tree(const MeterModel& model, ByteView body, std::optional<DateTime> sent_at = {})
{
    RELEVE_TRY(tree, decode_data(body));
    return decode_push(model, {sent_at, std::move(tree)}, paris());
}

/// Whatever the direct way says, the tree must say.
std::optional<PushContent> directly(const MeterModel& model, ByteView body,
                                    std::optional<DateTime> sent_at = {})
{
    auto found = decode_push_directly(model, sent_at, body, paris());
    if (found) {
        const auto expected = by_tree(model, body, sent_at);
        EXPECT_TRUE(expected && *found == *expected) << to_hex(body);
    }
    return found;
}
std::optional<PushContent> directly(std::vector<Data> body, std::optional<DateTime> sent_at = {})
{
    return directly(two_layouts, encoded(structure(std::move(body))), sent_at);
}

/// Left to the tree, which can read it.
void expect_left_to_the_tree(const MeterModel& model, const Bytes& body)
{
    EXPECT_FALSE(directly(model, body)) << to_hex(body);
    const auto tree = by_tree(model, body);
    EXPECT_TRUE(tree) << to_hex(body) << to_string(tree.error());
}
void expect_left_to_the_tree(std::vector<Data> body)
{
    expect_left_to_the_tree(two_layouts, encoded(structure(std::move(body))));
}

void expect_refused_both_ways(std::vector<Data> body)
{
    const Bytes bytes = encoded(structure(std::move(body)));
    EXPECT_FALSE(directly(two_layouts, bytes)) << to_hex(bytes);
    EXPECT_FALSE(by_tree(two_layouts, bytes)) << to_hex(bytes);
}

TEST(PushDirect, an_ordinary_push_is_read)
{
    const auto content = directly({name, noon, number(5000), two_rows()});
    ASSERT_TRUE(content);
    EXPECT_EQ(content->layout, "day");
    EXPECT_EQ(content->logical_device_name, "LKY1");
    ASSERT_EQ(content->registers.size(), 1U);
    EXPECT_EQ(content->registers[0],
              (RegisterReading{total, at("2024-01-15T12:00:00Z"), 5000, Quality::raw}));
    ASSERT_EQ(content->intervals.size(), 4U);
    // The second row repeats the value of the first, at the time that follows, under a clock it calls
    // doubtful.
    EXPECT_EQ(content->intervals[1],
              (IntervalReading{curve, at("2024-01-15T11:00:00Z"), 100, Quality::questionable}));
    EXPECT_EQ(content->intervals[3],
              (IntervalReading{exported, at("2024-01-15T11:00:00Z"), 7, Quality::questionable}));
}

TEST(PushDirect, every_prefix_and_bit_flip_is_read_alike_or_not)
{
    Bytes body = encoded(structure({name, noon, number(5000), two_rows()}));
    for (std::size_t size = 0; size < body.size(); ++size)
        EXPECT_FALSE(directly(two_layouts, ByteView{body}.first(size))) << size;
    std::size_t answered = 0;
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
        const auto mask = static_cast<std::byte>(1U << bit % 8);
        body[bit / 8] ^= mask;
        answered += directly(two_layouts, body).has_value();
        body[bit / 8] ^= mask;
    }
    EXPECT_GT(answered, body.size()) << "values are many of the bits";
    body.push_back(std::byte{0});
    EXPECT_FALSE(directly(two_layouts, body)) << "a byte too many";
}

TEST(PushDirect, a_register_of_any_integer_type_or_absent)
{
    for (const DataType type :
         {DataType::integer, DataType::unsigned_, DataType::long_, DataType::long_unsigned,
          DataType::double_long, DataType::double_long_unsigned, DataType::long64}) {
        const auto content = directly({name, noon, of(type, 77), rows({})});
        ASSERT_TRUE(content) << type_name(type);
        EXPECT_EQ(content->registers.at(0).value, 77) << type_name(type);
    }
    const auto absent = directly({name, noon, Data{}, rows({})});
    ASSERT_TRUE(absent);
    EXPECT_TRUE(absent->registers.empty());
}

TEST(PushDirect, what_is_rare_is_left_to_the_tree)
{
    Data wide = of(DataType::long64_unsigned, 5);
    wide.unsigned_number = 5;
    expect_left_to_the_tree({name, noon, wide, rows({})});
    Data typed_clock = noon;
    typed_clock.type = DataType::date_time;
    expect_left_to_the_tree({name, typed_clock, number(1), rows({})});
    Data utf8 = name;
    utf8.type = DataType::utf8_string;
    expect_left_to_the_tree({utf8, noon, number(1), rows({})});
    Data bits = of(DataType::bit_string, 0);
    bits.bytes = {std::byte{2}};
    bits.bit_count = 8;
    expect_left_to_the_tree({name, noon, number(1), rows({row(noon, bits, number(1), number(2))})});
    expect_left_to_the_tree(
        {name, noon, number(1), rows(std::vector<Data>(401, row(noon, status(0), number(1), number(2))))});
    // { name, clock, value, compact array of { octet-string, unsigned, long, long } }
    Bytes compact = encoded(structure({name, noon, number(1), Data{}}));
    compact.pop_back();
    const Bytes rest = *from_hex("13 02 04 09 11 10 10 12 0c 07e8010f010c000000ffc400 00 0001 0002");
    compact.insert(compact.end(), rest.begin(), rest.end());
    expect_left_to_the_tree(two_layouts, compact);
}

TEST(PushDirect, layouts_that_describe_or_name_themselves_are_left_to_the_tree)
{
    expect_left_to_the_tree(describing_model(), encoded(structure({noon, code(total_obis), number(5)})));
    const MeterModel named = model_with({{"named",
                                          false,
                                          {element(Role::push_setup, setup_obis), element(Role::clock),
                                           element(Role::reading, total_obis)}}});
    expect_left_to_the_tree(named, encoded(structure({code(setup_obis), noon, number(5)})));
    const MeterModel loose =
        model_with({{"loose",
                     false,
                     {element(Role::ignored), element(Role::clock), element(Role::reading, total_obis)}}});
    expect_left_to_the_tree(loose, encoded(structure({rows({}), noon, number(5)})));
}

TEST(PushDirect, a_body_of_another_shape_is_tried_under_the_next_layout)
{
    const auto content = directly({name, noon, number(46), number(5000)});
    ASSERT_TRUE(content);
    EXPECT_EQ(content->layout, "single");
    EXPECT_EQ(content->intervals.at(0),
              (IntervalReading{curve, at("2024-01-15T11:30:00Z"), 46, Quality::raw}));
    const MeterModel longer =
        model_with({{"two", false, {element(Role::clock), element(Role::clock)}},
                    {"rows", false, {profile({clock_column, curve_column})}},
                    {"other rows", false, {profile({clock_column, curve_column, export_column})}},
                    {"text", false, {element(Role::logical_device_name)}},
                    {"clock", false, {element(Role::clock)}},
                    {"value", false, {element(Role::reading, total_obis)}}});
    const auto layout_of = [&](std::vector<Data> body) {
        const auto found = directly(longer, encoded(structure(std::move(body))),
                                    date_time_at(at("2024-01-15T12:00:00Z"), paris()));
        return found ? found->layout : "nothing";
    };
    EXPECT_EQ(layout_of({noon, noon}), "two");
    EXPECT_EQ(layout_of({rows({structure({noon, number(1)})})}), "rows");
    EXPECT_EQ(layout_of({rows({structure({noon, number(1), number(2)})})}), "other rows");
    EXPECT_EQ(layout_of({octets(as_bytes("twelve bytes"))}), "text");
    EXPECT_EQ(layout_of({Data{}}), "clock");
    EXPECT_EQ(layout_of({number(3)}), "value");
    EXPECT_EQ(layout_of({rows({number(3)})}), "nothing"); // an array of no rows
    EXPECT_EQ(layout_of({noon, name}), "nothing");
    EXPECT_EQ(layout_of({noon, noon, noon}), "nothing");
}

TEST(PushDirect, what_the_tree_refuses_is_not_read)
{
    expect_refused_both_ways({name, octets(as_bytes("twelve bytes")), number(1), rows({})});
    expect_refused_both_ways({name, noon, name, rows({})});
    expect_refused_both_ways({name, noon, of(DataType::enum_, 5), rows({})});
    expect_refused_both_ways({name, noon, structure({}), rows({})});
    expect_refused_both_ways({name, noon, number(1), rows({number(1)})});
    expect_refused_both_ways({name, noon, number(1), rows({structure({noon, number(1)})})});
    expect_refused_both_ways({name, noon, number(1), structure({})});
    expect_refused_both_ways({number(1), noon, number(1), rows({})});
    expect_refused_both_ways({name, number(1), number(1), rows({})});
    // Rows: no clock to begin with, a clock of letters, of a number, off the grid, and no number for a value.
    expect_refused_both_ways({name, noon, number(1), rows({row({}, status(0), number(1), number(2))})});
    const auto clocked = [](Data clock_cell) {
        return rows({row(std::move(clock_cell), status(0), number(1), number(2))});
    };
    expect_refused_both_ways({name, noon, number(1), clocked(octets(as_bytes("twelve bytes")))});
    expect_refused_both_ways({name, noon, number(1), clocked(number(5))});
    expect_refused_both_ways({name, noon, number(1), clocked(clock("2024-01-15T11:00:01Z"))});
    Data unknown_time = noon;
    unknown_time.bytes[5] = std::byte{0xff}; // the hour
    expect_refused_both_ways({name, noon, number(1), clocked(unknown_time)});
    expect_refused_both_ways({name, noon, number(1), rows({row(noon, status(0), name, number(2))})});
    // One instant with two values.
    expect_refused_both_ways(
        {name, noon, number(1),
         rows({row(noon, status(0), number(1), number(2)), row(noon, status(0), number(3), number(2))})});
    EXPECT_FALSE(directly(two_layouts, encoded(number(1)))) << "no structure";
}

TEST(PushDirect, the_time_may_be_the_notifications_own)
{
    const std::vector<Data> body{name, {}, number(5), rows({})};
    EXPECT_FALSE(directly(body));
    const auto content = directly(body, date_time_at(at("2024-01-15T10:00:00Z"), paris()));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->registers.at(0).at, at("2024-01-15T10:00:00Z"));
}

} // namespace
} // namespace releve::dlms
