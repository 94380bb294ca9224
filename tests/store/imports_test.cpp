// Files of readings: staged, carried out once, and out again.

#include "import_fixture.hpp"

#include <releve/store/admin_store.hpp>

namespace releve::store::test {
namespace {

TEST_F(Imports, a_file_is_stored_under_a_meter_of_its_own)
{
    add_usage_point(home);
    const auto id = stage("a", {march(5, 8, 300), part({file_read("2024-03-05T23:00:00Z", 123'456)}, "2024-03-05T23:00:00Z", "2024-03-05T23:00:00Z")});
    carry_out();
    EXPECT_EQ(told(id), "done|145|0|0|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT m.address, m.protocol, m.model, i.purpose, lower(i.validity) AT TIME ZONE 'UTC', upper_inf(i.validity) "
                                 "FROM meter m JOIN installation i ON i.meter_id = m.id"),
              "0001000000000001|import|imported|metering|2024-03-04 23:00:00|t");
    const auto values = stored("2024-03-04T23:00:00Z", "2024-03-07T23:00:00Z");
    ASSERT_EQ(values.size(), 144U);
    EXPECT_EQ(values.front().at, at("2024-03-04T23:00:00Z"));
    EXPECT_EQ(values.back().value, 300);
    const auto reads = stored("2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z", "registers");
    ASSERT_EQ(reads.size(), 1U);
    EXPECT_EQ(reads[0].value, 123'456);
    // No frame was counted, archived or refused, and no counter of a meter used.
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*), (SELECT count(*) FROM frame_archive), (SELECT count(*) FROM meter_counter), "
                                 "(SELECT count(*) FROM quarantine), (SELECT sum(cardinality(meter_ids)) FROM batch) FROM import_part"),
              "0|0|0|0|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT who, what, day_from FROM access_log ORDER BY id LIMIT 1"), "tests|readings|2024-03-05");
}

TEST_F(Imports, the_same_file_again_is_answered_with_its_number)
{
    add_usage_point(home);
    const auto first = store.stage(import("a", {march(5, 8, 300)}));
    carry_out();
    const auto again = store.stage(import("a", {march(5, 8, 300)}));
    ASSERT_TRUE(first && again);
    EXPECT_EQ(again->id, first->id);
    EXPECT_TRUE(again->already);
    EXPECT_EQ(store.find(import("a", {}).sha256, ""), first->id);
    EXPECT_EQ(store.find(import("b", {}).sha256, ""), std::nullopt);
    // One of which something was refused is read again: it may be taken now.
    auto refused = import("c", {});
    refused.refused = 3;
    ASSERT_TRUE(store.stage(refused));
    EXPECT_FALSE(store.stage(refused)->already);
}

TEST_F(Imports, equal_values_of_another_file_change_nothing)
{
    add_usage_point(home);
    stage("a", {march(5, 8, 300)});
    carry_out();
    const std::string before = days(), numbered = batches();
    const auto id = stage("b", {march(6, 8, 300)});
    carry_out();
    EXPECT_EQ(days(), before);
    EXPECT_EQ(batches(), numbered);
    EXPECT_EQ(told(id), "done|0|96|0|0");
    const auto more = stage("c", {march(6, 9, 300)});
    carry_out();
    EXPECT_EQ(told(more), "done|48|96|0|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_history"), "0");
}

TEST_F(Imports, a_later_file_says_another_value_and_the_earlier_is_history)
{
    add_usage_point(home);
    stage("a", {march(5, 7, 300, Quality::estimated_linear)});
    carry_out();
    const auto id = stage("b", {march(6, 7, 310)});
    carry_out();
    EXPECT_EQ(told(id), "done|48|0|0|0");
    EXPECT_EQ(stored("2024-03-05T23:00:00Z", "2024-03-06T00:00:00Z").at(0).value, 310);
    EXPECT_EQ(stored("2024-03-04T23:00:00Z", "2024-03-05T00:00:00Z").at(0).quality, Quality::estimated_linear);
    EXPECT_EQ(ask(DbRole::owner, "SELECT day, rev, superseded_by FROM interval_history"), "2024-03-06|1|2");
    // The value itself again, now certain: its quality counts too.
    const auto certain = stage("c", {march(5, 6, 300)});
    carry_out();
    EXPECT_EQ(told(certain), "done|48|0|0|0");
    EXPECT_EQ(stored("2024-03-04T23:00:00Z", "2024-03-05T00:00:00Z").at(0).quality, Quality::raw);
}

TEST_F(Imports, what_a_meter_proved_stays)
{
    add_usage_point(home);
    stage("a", {march(5, 6, 300)});
    carry_out();
    std::vector<FrameWrite> frames{slots_of(frame(MeterId{1}, 7, "2024-03-06", 999), 0, 10)};
    ASSERT_TRUE(writer.write(numbers.request(frames)));
    const auto id = stage("b", {march(6, 7, 310)});
    carry_out();
    EXPECT_EQ(told(id), "done|38|0|0|10");
    const auto values = stored("2024-03-05T23:00:00Z", "2024-03-06T23:00:00Z");
    EXPECT_EQ(values.at(9).value, 999);
    EXPECT_EQ(values.at(10).value, 310);
}

TEST_F(Imports, times_of_a_meter_of_ours_are_not_taken)
{
    add_usage_point(home);
    install(add_meter("4c4b590000000001"), home, "2024-03-06T11:00:00Z");
    const auto id = stage("a", {march(5, 8, 300)});
    carry_out();
    EXPECT_EQ(told(id), "done|72|0|0|72");
    EXPECT_EQ(ask(DbRole::owner, "SELECT validity FROM installation i JOIN meter m ON m.id = i.meter_id WHERE m.protocol = 'import'"),
              "[\"2024-03-04 23:00:00+00\",\"2024-03-06 11:00:00+00\")");
    // The index at the very end is the closing one; a later one is the meter's own matter.
    const auto reads = stage("b", {part({file_read("2024-03-06T11:00:00Z", 5000)}, "2024-03-06T11:00:00Z", "2024-03-06T11:00:00Z"),
                                   part({file_read("2024-03-07T23:00:00Z", 6000)}, "2024-03-07T23:00:00Z", "2024-03-07T23:00:00Z")});
    carry_out();
    EXPECT_EQ(told(reads), "done|1|0|0|1");
    // A file of the meter's time alone makes no other meter.
    const auto late = stage("c", {march(10, 12, 300)});
    carry_out();
    EXPECT_EQ(told(late), "done|0|0|0|96");
}

TEST_F(Imports, an_older_file_widens_the_installation)
{
    add_usage_point(home);
    stage("a", {march(20, 21, 300)});
    carry_out();
    stage("b", {march(5, 6, 300)});
    carry_out();
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*), min(lower(validity)) FROM installation"), "1|2024-03-04 23:00:00+00");
    EXPECT_EQ(stored("2024-03-04T23:00:00Z", "2024-03-20T23:00:00Z").size(), 96U);
}

TEST_F(Imports, hours_stay_hours)
{
    add_usage_point(home);
    stage("a", {part({file_day("2024-03-05", 300), file_day("2024-03-06", 400, Quality::raw, 60)}, "2024-03-04T23:00:00Z", "2024-03-06T22:00:00Z")});
    carry_out();
    const auto values = stored("2024-03-05T23:00:00Z", "2024-03-06T23:00:00Z");
    ASSERT_EQ(values.size(), 24U);
    EXPECT_EQ(values[0].channel, "active_power_import_60");
    EXPECT_EQ(values[0].step, 3600s);
}

TEST_F(Imports, whole_kwh_say_nothing_else_than_known_wh)
{
    add_usage_point(home);
    const auto read = [](std::int64_t value, std::int64_t resolution) {
        return part({file_read("2024-03-05T23:00:00Z", value, resolution)}, "2024-03-05T23:00:00Z", "2024-03-05T23:00:00Z");
    };
    stage("kwh", {read(123'000, 1'000)});
    carry_out();
    const auto finer = stage("wh", {read(123'456, 1)});
    carry_out();
    EXPECT_EQ(told(finer), "done|1|0|0|0");
    const auto again = stage("kwh later", {read(123'000, 1'000)});
    carry_out();
    EXPECT_EQ(told(again), "done|0|1|0|0");
    EXPECT_EQ(stored("2024-03-05T23:00:00Z", "2024-03-06T00:00:00Z", "registers").at(0).value, 123'456);
}

TEST_F(Imports, no_half_hour_of_a_home_with_daily_totals_waits)
{
    add_usage_point(home, "root", "daily");
    const auto refused = store.stage(import("a", {march(5, 6, 300)}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::daily_only);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*), (SELECT count(*) FROM import) FROM import_part"), "0|0");
    // Of an index only the first of a day is kept.
    RegisterBlock reads{{{ChannelId{10}, at("2024-03-04T23:00:00Z"), 100, {}}, {ChannelId{10}, at("2024-03-05T12:00:00Z"), 200, {}}}};
    stage("b", {part({{ChannelId{0}, day("2024-03-05"), 1, encode_register_block(reads).value()}}, "2024-03-04T23:00:00Z", "2024-03-05T12:00:00Z")});
    carry_out();
    const auto kept = stored("2024-03-04T23:00:00Z", "2024-03-06T00:00:00Z", "registers");
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].value, 100);
}

TEST_F(Imports, what_waits_is_forgotten_when_the_home_chooses_daily_totals)
{
    add_usage_point(home);
    const auto id = stage("a", {march(5, 6, 300)});
    AdminStore admin{address, import_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-05-01T00:00:00Z")));
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM import_part"), "0");
    carry_out();
    EXPECT_EQ(told(id), "failed|0|0|48|0");
    EXPECT_EQ(store.find(import("a", {}).sha256, ""), std::nullopt); // once it chooses otherwise it may be read again
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_day"), "0");
}

TEST_F(Imports, a_choice_between_judging_and_writing_is_heard)
{
    add_usage_point(home);
    const auto id = stage("a", {march(5, 6, 300)});
    // A part of which the installation is over: nothing but the choice's version tells.
    install(add_meter("4c4b590000000001"), home, "2024-03-20T00:00:00Z");
    ImportCarrier carrier{address, import_model};
    const auto portion = carrier.next(at("2024-06-01T08:00:00Z"));
    ASSERT_TRUE(portion);
    AdminStore admin{address, import_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-05-01T00:00:00Z")));
    EXPECT_FALSE(write(carrier, *portion));
    EXPECT_EQ(reasons.at(0), import_choice_changed);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_day"), "0");
    EXPECT_FALSE(carrier.next(at("2024-06-01T08:00:00Z")));
    EXPECT_EQ(told(id), "failed|0|0|48|0");
}

TEST_F(Imports, a_part_of_a_choice_that_changed_elsewhere_waits_for_the_next_look)
{
    add_usage_point(home);
    add_usage_point("01000000000002");
    const auto id = stage("a", {march(5, 6, 300)});
    ImportCarrier carrier{address, import_model};
    const auto portion = carrier.next(at("2024-06-01T08:00:00Z"));
    ASSERT_TRUE(portion);
    AdminStore admin{address, import_model};
    install(add_meter("4c4b590000000001"), "01000000000002");
    ASSERT_TRUE(admin.choose_collection({"01000000000002"}, Collection::daily, "letter", at("2024-05-01T00:00:00Z")));
    EXPECT_FALSE(write(carrier, *portion));
    carry_out();
    EXPECT_EQ(told(id), "done|48|0|0|0");
}

TEST_F(Imports, an_interrupted_import_goes_on)
{
    add_usage_point(home);
    const auto id = stage("a", {march(5, 7, 300), march(7, 9, 310)});
    ImportCarrier killed{address, import_model};
    const auto lost = killed.next(at("2024-06-01T08:00:00Z")); // never written
    ASSERT_TRUE(lost);
    EXPECT_EQ(told(id), "staged|0|0|0|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM import_part"), "2");
    ImportPortion half = *lost;
    half.items.resize(1);
    ASSERT_TRUE(write(killed, half));
    EXPECT_EQ(told(id), "running|96|0|0|0");
    ASSERT_TRUE(write(killed, half)); // its answer was lost: written again it counts once
    EXPECT_EQ(told(id), "running|96|0|0|0");
    carry_out();
    EXPECT_EQ(told(id), "done|192|0|0|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*), max(rev), (SELECT count(*) FROM interval_history) FROM interval_day"), "4|1|0");
}

TEST_F(Imports, a_part_that_the_database_refuses_is_given_up_and_said)
{
    add_usage_point(home);
    const auto full = [](int minutes_past) {
        RegisterBlock block;
        for (int i = 0; i < 60; ++i)
            block.reads.push_back({ChannelId{10}, at("2024-03-05T00:00:00Z") + std::chrono::minutes{10 * i + minutes_past}, i, {}});
        return part({{ChannelId{0}, day("2024-03-05"), 1, encode_register_block(block).value()}}, "2024-03-05T00:00:00Z", "2024-03-05T10:00:00Z");
    };
    const auto id = stage("a", {full(0), full(5), march(6, 7, 300)});
    carry_out();
    EXPECT_EQ(told(id), "done|108|0|48|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT detail, (SELECT count(*) FROM quarantine) FROM import"),
              "01000000000001: too_large: more register reads than a day may have\n|0");
}

TEST_F(Imports, published_gas_is_known_from_a_version_on)
{
    owner("INSERT INTO usage_point (id, energy, organisation) VALUES ('GI000001', 'gas', 'root')");
    const auto gas = [](const char* from, const char* to, std::int64_t kwh) {
        const PublishedGasWrite row{day(from), day(to), 100, 110, 1'129'000, kwh, Quality::raw};
        return StagedPart{.usage_point = {"GI000001"}, .kind = ImportPartKind::gas, .serial = "", .first = at("2024-03-01T05:00:00Z"),
                          .last = at("2024-03-01T05:00:00Z"), .values = 1, .content = pack_published_gas({&row, 1})};
    };
    const auto said = [&] {
        return ask(DbRole::owner, "SELECT from_day, to_day, energy_kwh, known_from, known_to FROM published_gas ORDER BY id");
    };
    stage("a", {gas("2024-02-01", "2024-03-01", 112)});
    carry_out();
    EXPECT_EQ(said(), "2024-02-01|2024-03-01|112|1|-");
    const auto same = stage("b", {gas("2024-02-01", "2024-03-01", 112)});
    carry_out();
    EXPECT_EQ(told(same), "done|0|1|0|0");
    stage("c", {gas("2024-02-01", "2024-03-01", 113)});
    carry_out();
    EXPECT_EQ(said(), "2024-02-01|2024-03-01|112|1|2\n2024-02-01|2024-03-01|113|2|-");
    const auto overlapping = stage("d", {gas("2024-02-15", "2024-03-10", 50)});
    carry_out();
    EXPECT_EQ(told(overlapping), "done|0|0|1|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT detail FROM import WHERE id = " + std::to_string(overlapping)),
              "GI000001: 2024-02-15 to 2024-03-10 overlaps what was published for 2024-02-01 to 2024-03-01\n");
    EXPECT_EQ(ask(DbRole::owner, "SELECT version FROM terms_version"), "2");
}

TEST_F(Imports, usage_points_are_made_on_request_with_a_proof_for_half_hours)
{
    const std::vector<std::string> ids{home, "02000000000001", "not one"};
    EXPECT_EQ(store.create_points(ids, "electricity", {"nowhere", Collection::daily, ""}).error().code, errc::not_found);
    EXPECT_EQ(store.create_points(ids, "electricity", {"root", Collection::half_hour, ""}).error().code, errc::bad_parameter);
    EXPECT_EQ(store.create_points(ids, "electricity", {"root", Collection::half_hour, "signed on paper"}).value(), 2);
    EXPECT_EQ(store.create_points(ids, "electricity", {"root", Collection::daily, ""}).value(), 0);
    EXPECT_EQ(ask(DbRole::owner, "SELECT usage_point, collection, how, proof FROM collection_choice ORDER BY 1 LIMIT 1"),
              "01000000000001|half_hour|import|signed on paper");
}

TEST_F(Imports, numbers_of_a_flow_are_listed_by_series)
{
    for (const std::int64_t number : {3, 1, 5}) {
        StagedImport file = import(("file " + std::to_string(number)).c_str(), {});
        file.flow = "R151";
        file.series = "ERDF_1";
        file.number = number;
        ASSERT_TRUE(store.stage(file));
    }
    const auto flows = store.flows();
    ASSERT_EQ(flows.size(), 1U);
    EXPECT_EQ(flows[0].numbers, (std::vector<std::int64_t>{1, 3, 5}));
    EXPECT_TRUE(store.list(1).at(0).over());
}

TEST(ImportParts, are_read_as_they_were_written)
{
    const std::vector<ImportBlock> blocks{file_day("2024-03-31", 300), file_read("2024-03-05T23:00:00Z", 1, 1'000)};
    const Bytes content = pack_import_blocks(blocks);
    EXPECT_EQ(unpack_import_blocks(content).value(), blocks);
    for (std::size_t size = 0; size < content.size(); ++size) {
        const auto cut = unpack_import_blocks(ByteView{content}.first(size));
        EXPECT_TRUE(!cut || cut->size() < blocks.size()) << size;
    }
    const std::vector<PublishedGasWrite> gas{{day("2024-02-01"), day("2024-03-01"), 9'990, 10, 1'129'000, 226, Quality::edited}};
    EXPECT_EQ(unpack_published_gas(pack_published_gas(gas)).value(), gas);
    EXPECT_FALSE(unpack_published_gas(content));
}

} // namespace
} // namespace releve::store::test
