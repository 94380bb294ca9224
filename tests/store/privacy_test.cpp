#include "store_fixture.hpp"

#include <releve/store/admin_store.hpp>
#include <releve/store/api_store.hpp>

#include <algorithm>
#include <bitset>
#include <fstream>
#include <set>
#include <sstream>

namespace releve::store::test {

/// A home whose curve has values that nothing else has, looked for wherever something could be kept.
class Privacy : public StoreTest {
protected:
    static constexpr const char* home = "01000000000001";
    MeterId meter = add_meter("4c4b590000000001"), neighbour = add_meter("4c4b590000000002");
    BatchWriter writer{address, 1};
    Numbers numbers;

    static DayBlock curve()
    {
        DayBlock block = day_block("2024-03-20", 0, 1);
        for (std::size_t i = 0; i < block.slots.size(); ++i)
            block.slots[i]->value = 1000 + static_cast<std::int64_t>(i * i * 7 % 1789);
        return block;
    }
    FrameWrite frame_with_curve()
    {
        FrameWrite write = frame(meter, 1, "2024-03-20", 0);
        write.interval_days[0].part = part_of(curve());
        return write;
    }
    /// Every run of eight bytes of the curve's encoded values, and the frame that carried it.
    std::vector<std::string> marks()
    {
        Bytes encoded = encode_day_block(curve()).value();
        std::vector<std::string> hex;
        for (std::size_t at = encoded.size() / 2; at + 8 <= encoded.size(); at += 8)
            hex.push_back(to_hex(ByteView{encoded}.subspan(at, 8)));
        hex.push_back(to_hex(as_bytes("frame " + std::to_string(meter.value) + "/1")));
        return hex;
    }
    static FrameWrite index_frame(MeterId of, std::uint64_t counter, const char* when, std::int64_t value)
    {
        FrameWrite write = frame(of, counter, "2024-03-20", 0);
        write.interval_days.clear();
        write.archive.clear();
        write.register_days.push_back({day("2024-03-20"),
                                       {{{ChannelId{20}, at(when), value, {true, 1, counter, Quality::raw, 0}}}},
                                       false});
        return write;
    }
    std::string stored_indexes()
    {
        pg::Connection connection{address, DbRole::collect};
        const auto rows = connection.run("SELECT data FROM register_day");
        std::string text;
        for (int i = 0; i < rows.size(); ++i)
            for (const RegisterRead& read : decode_register_block(rows.bytes(i, 0)).value().reads)
                text += (text.empty() ? "" : " ") + std::to_string(read.value);
        return text;
    }
    std::string tables_with_the_curve() { return tables_with(marks()); }
    /// Names of the tables whose text, numbers or bytes hold a mark.
    std::string tables_with(const std::vector<std::string>& wanted)
    {
        const std::string tables =
            ask(DbRole::owner,
                "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname");
        std::istringstream lines{tables};
        std::string found;
        for (std::string table; std::getline(lines, table);) {
            const std::string rows = ask(DbRole::owner, "SELECT t::text FROM " + table + " t");
            const auto holds = [&](const std::string& mark) { return rows.find(mark) != std::string::npos; };
            if (std::ranges::any_of(wanted, holds))
                found += table + "\n";
        }
        return found;
    }
    static std::string bits_of(const std::string& mark) { return std::bitset<40>{std::stoull(mark)}.to_string(); }
    /// What checks, estimates and people leave about a day, all with that even number of digits in it.
    void leave_findings(MeterId of, const std::string& when, const std::string& mark)
    {
        const std::string id = std::to_string(of.value), day_of = "'" + when + "'", bytes = "'\\x" + mark + "'",
                          key = id + ", 1, " + day_of;
        owner("INSERT INTO check_due VALUES (" + id + ", " + day_of + ", " + day_of + ", " + mark +
              ") ON CONFLICT (meter_id) DO UPDATE SET day_from = excluded.day_from, day_to = excluded.day_to");
        owner("INSERT INTO validation_failure (meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, detail, "
              "batch) VALUES (" + key + ", 'high', 'doubt', 3, 4, " + mark + ", '{300}', '{}', 1)");
        owner("INSERT INTO handling (failure, step, note, who) SELECT max(id), 'noted', 'seen: " + mark +
              "', 'x' FROM validation_failure");
        owner("INSERT INTO day_repeat VALUES (" + key + ", rpad('" + bits_of(mark) + "', 320, '0')::bit(320), "
              "repeat('0', 320)::bit(320))");
        owner("INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch) VALUES (" + id + ", 1, '" + when + "T10:00:00Z', '" +
              when + "T11:00:00Z', now(), " + mark + ")");
        owner("INSERT INTO estimate_error VALUES (" + key + ", 'like_day', 1, 1, " + mark + ", 1, 1)");
        owner("INSERT INTO correction (meter_id, channel, day, action, slots, amounts, reason, author) VALUES (" + key +
              ", 'set', '{3}', '{" + mark + "}', 'was read', 'x')");
        owner("INSERT INTO interval_month VALUES (" + id + ", 1, date_trunc('month', " + day_of + "::date), " + day_of + ", 1, " +
              bytes + ") ON CONFLICT DO NOTHING");
        owner("INSERT INTO ledger_breach (kind, meter_id, channel, day, expected, found, found_at) VALUES ('index', " + key + ", 1, " +
              mark + ", now())");
        owner("INSERT INTO interval_overlay_day VALUES (" + key + ", 1, 1, " + bytes + ", 'set', 'x', 'was read')");
        owner("INSERT INTO overlay_history VALUES (" + key + ", 1, 1, 2, " + bytes + ", 'set', 'x', 'was read')");
    }
    void choose_daily()
    {
        AdminStore admin{address, test_model};
        ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-06-01T00:00:00Z")));
    }
};

TEST_F(Privacy, the_search_finds_what_is_kept)
{
    add_usage_point(home);
    install(meter, home);
    std::vector<FrameWrite> frames{frame_with_curve()};
    (void)writer.write(numbers.request(frames));
    EXPECT_EQ(tables_with_the_curve(), "frame_archive\ninterval_day_y2024m03\n");
}

TEST_F(Privacy, a_daily_home_leaves_a_total_and_no_curve_anywhere)
{
    add_usage_point(home, "root", "daily");
    install(meter, home);
    FrameWrite total = frame_with_curve();
    total.interval_days.clear();
    total.archive.clear();
    total.daily_totals.push_back(daily_write(home, "2024-03-20", 40'000, 1));
    std::vector<FrameWrite> frames{total};
    (void)writer.write(numbers.request(frames));
    EXPECT_EQ(tables_with_the_curve(), "");
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh FROM daily_total"), "40000");
    EXPECT_EQ(ask(DbRole::owner, "SELECT counters FROM batch"), "{1}");
}

TEST_F(Privacy, half_hours_judged_before_a_choice_of_daily_are_not_written_after_it)
{
    add_usage_point(home);
    install(meter, home);
    add_usage_point("01000000000002");
    install(neighbour, "01000000000002");
    AdminStore admin{address, test_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-04-01T00:00:00Z")));
    // The collector does not know of it yet.
    std::vector<FrameWrite> frames{frame_with_curve(), frame(neighbour, 1, "2024-03-20", 5)};
    const BatchResult result = writer.write(numbers.request(frames)).value();
    EXPECT_EQ(result.outcomes.at(0), FrameOutcome::refused) << "not confirmed: the meter sends it again";
    EXPECT_EQ(result.outcomes.at(1), FrameOutcome::committed);
    EXPECT_EQ(tables_with_the_curve(), "");
}

TEST_F(Privacy, a_refused_total_of_a_daily_home_leaves_no_body)
{
    add_usage_point(home, "root", "daily");
    install(meter, home);
    owner("ALTER TABLE daily_total ADD CONSTRAINT daily_total_poison CHECK (energy_wh <> 40000)");
    FrameWrite total = frame_with_curve();
    total.interval_days.clear();
    total.archive.clear();
    total.daily_totals.push_back(daily_write(home, "2024-03-20", 40'000, 1));
    std::vector<FrameWrite> frames{total};
    EXPECT_EQ(writer.write(numbers.request(frames)).value().outcomes.at(0), FrameOutcome::refused);
    EXPECT_EQ(ask(DbRole::owner, "SELECT reason, frame_bytes, frame FROM quarantine"), "store_refused|0|-");
    EXPECT_EQ(tables_with_the_curve(), "");
}

TEST_F(Privacy, choosing_daily_keeps_totals_and_erases_half_hours_everywhere)
{
    add_usage_point(home);
    install(meter, home);
    FrameWrite old = frame_with_curve(), newer = frame_with_curve(),
               other = frame(neighbour, 1, "2024-03-20", 5), undecoded = frame(meter, 9, "2024-03-21", 1);
    newer.counter = 2;
    for (auto& [index, slot] : newer.interval_days[0].part.values) {
        slot.value += 1;
        slot.provenance.counter = 2;
    }
    undecoded.interval_days.clear();
    undecoded.undecoded = true;
    for (auto* write : {&old, &newer, &other, &undecoded}) {
        std::vector<FrameWrite> frames{*write};
        (void)writer.write(numbers.request(frames));
    }
    EXPECT_NE(tables_with_the_curve().find("interval_history"), std::string::npos);
    const auto before = ask(DbRole::owner, "SELECT count(*) FROM interval_day");
    EXPECT_EQ(before, "2");

    AdminStore admin{address, test_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-04-01T00:00:00Z")));
    EXPECT_EQ(tables_with_the_curve(), "");
    EXPECT_EQ(ask(DbRole::owner, "SELECT meter_id FROM interval_day"), "2") << "the neighbour's day stays";
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM undecoded"), "0");
    EXPECT_EQ(ask(DbRole::owner,
                  "SELECT count(*) FROM frame_archive WHERE position('frame 2/1'::bytea IN data) > 0"),
              "1");

    std::int64_t watts = 0;
    for (const auto& slot : curve().slots)
        watts += slot->value + 1;
    const std::string key = add_token("household", {}, {home});
    ApiStore api{address, test_model};
    const auto who = api.authenticate(key, at("2024-06-01T00:00:00Z")).value();
    const auto days = api.daily(who, {home}, day("2024-03-20"), day("2024-03-21"), "").value().days;
    EXPECT_EQ(days.at(0).summary.energy_wh, watts / 2);
    EXPECT_EQ(days.at(0).summary.missing, 0);
    // The day once more, as a resend would bring it: counted once.
    FrameWrite resent = frame(meter, 2, "2024-03-20", 1);
    resent.interval_days.clear();
    resent.archive.clear();
    resent.daily_totals.push_back(daily_write(home, "2024-03-20", watts / 2, 2));
    std::vector<FrameWrite> frames{resent};
    (void)writer.write(numbers.request(frames));
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh, rev FROM daily_total"), std::to_string(watts / 2) + "|1");
}

TEST_F(Privacy, choosing_daily_erases_what_checks_estimates_and_people_said_of_half_hours)
{
    add_usage_point(home);
    install(meter, home);
    add_usage_point("01000000000002");
    install(neighbour, "01000000000002");
    const std::string mark = "7718281828", of_neighbour = "7314159265";
    leave_findings(meter, "2024-03-20", mark);
    leave_findings(neighbour, "2024-03-20", of_neighbour);
    const std::string everywhere = "check_due\ncorrection\nestimate_error\ngap\nhandling\ninterval_month\n"
                                   "interval_overlay_day_y2024m03\nledger_breach\noverlay_history\nday_repeat\n"
                                   "validation_failure\n";
    const auto sorted = [](const std::string& text) {
        std::istringstream in{text};
        std::set<std::string> lines;
        for (std::string line; std::getline(in, line);)
            lines.insert(line);
        return lines;
    };
    EXPECT_EQ(sorted(tables_with({mark, bits_of(mark)})), sorted(everywhere)) << "a table that is not looked into";
    choose_daily();
    EXPECT_EQ(tables_with({mark, bits_of(mark)}), "");
    EXPECT_EQ(sorted(tables_with({of_neighbour, bits_of(of_neighbour)})), sorted(everywhere)) << "the neighbour's rows stay";
}

TEST_F(Privacy, what_goes_on_in_another_home_is_cut_at_the_day_of_the_exchange)
{
    add_usage_point(home);
    add_usage_point("01000000000002");
    add_usage_point("01000000000003");
    const std::string id = std::to_string(meter.value);
    owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + id +
          ", '01000000000002', tstzrange(NULL, '2024-03-10T00:00:00Z')), (" + id +
          ", '01000000000001', tstzrange('2024-03-10T00:00:00Z', '2024-03-20T11:00:00Z')), (" + id +
          ", '01000000000003', tstzrange('2024-03-20T11:00:00Z', NULL))");
    owner("INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch, looks, next_look_at, estimated, closed) SELECT " + id +
          ", 1, '2024-03-09T12:00:00Z', '2024-03-21T06:00:00Z', now(), 17, 3, now(), true, 18");
    for (const char* month : {"2024-02-01", "2024-03-01", "2024-04-01"})
        owner("INSERT INTO interval_month VALUES (" + id + ", 1, '" + month + "', '" + month + "', 1, '\\x01')");
    for (const char* when : {"2024-03-09", "2024-03-10", "2024-03-20", "2024-03-21"})
        leave_findings(meter, when, "12");
    owner("DELETE FROM gap WHERE batch = 12; UPDATE check_due SET day_from = '2024-03-15', day_to = '2024-03-31'");
    choose_daily();
    EXPECT_EQ(ask(DbRole::owner, "SELECT starts AT TIME ZONE 'UTC', ends AT TIME ZONE 'UTC', batch, looks, estimated, closed, "
                                 "next_look_at IS NOT NULL FROM gap ORDER BY starts"),
              "2024-03-09 12:00:00|2024-03-10 00:00:00|17|3|t|18|t\n2024-03-20 11:00:00|2024-03-21 06:00:00|17|3|t|18|t");
    EXPECT_EQ(ask(DbRole::owner, "SELECT month FROM interval_month ORDER BY 1"), "2024-02-01\n2024-04-01");
    for (const char* table : {"validation_failure", "day_repeat", "estimate_error", "correction", "ledger_breach", "overlay_history"})
        EXPECT_EQ(ask(DbRole::owner, std::string{"SELECT day FROM "} + table + " ORDER BY 1"), "2024-03-09\n2024-03-21") << table;

    const auto due_after = [&](const char* from, const char* to) {
        owner(std::string{"DELETE FROM check_due; INSERT INTO check_due VALUES ("} + id + ", '" + from + "', '" + to + "', 1)");
        choose_daily();
        return ask(DbRole::owner, "SELECT day_from, day_to FROM check_due");
    };
    EXPECT_EQ(ask(DbRole::owner, "SELECT day_from, day_to FROM check_due"), "2024-03-21|2024-03-31");
    EXPECT_EQ(due_after("2024-03-01", "2024-03-15"), "2024-03-01|2024-03-09");
    EXPECT_EQ(due_after("2024-03-10", "2024-03-20"), "");
    EXPECT_EQ(due_after("2024-03-01", "2024-03-09"), "2024-03-01|2024-03-09");
    EXPECT_EQ(due_after("2024-03-21", "2024-03-21"), "2024-03-21|2024-03-21");
    EXPECT_EQ(due_after("2024-03-01", "2024-03-31"), "2024-03-01|2024-03-31");
}

TEST_F(Privacy, a_total_holds_what_was_measured_not_what_was_put_in_its_place)
{
    add_usage_point(home);
    install(meter, home);
    std::vector<FrameWrite> frames{slots_of(frame_with_curve(), 0, 40)};
    (void)writer.write(numbers.request(frames));
    DayBlock overlay = day_block("2024-03-20", 9'999, 1);
    for (std::size_t i = 0; i < overlay.slots.size(); ++i) {
        overlay.slots[i]->provenance.quality = i < 5 ? Quality::edited : Quality::estimated_linear;
        if (i >= 5 && i < 40)
            overlay.slots[i].reset();
    }
    owner("INSERT INTO interval_overlay_day VALUES (" + std::to_string(meter.value) + ", 1, '2024-03-20', 1, 2, '\\x" +
          to_hex(encode_day_block(overlay).value()) + "', 'linear', 'x', 'x')");
    choose_daily();
    std::int64_t watts = 0;
    for (std::size_t i = 0; i < 40; ++i)
        watts += curve().slots[i]->value;
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh, missing FROM daily_total"), std::to_string((watts + 1) / 2) + "|8");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_overlay_day"), "0");
}

TEST_F(Privacy, choosing_daily_erases_the_gas_day_in_which_the_meter_came)
{
    owner("INSERT INTO usage_point (id, energy, organisation, collection) VALUES ('" + std::string{home} +
          "', 'gas', 'root', 'half_hour')");
    install(meter, home, "2024-03-20T02:00:00Z"); // 03:00 in Paris: of the gas day before
    for (const char* when : {"2024-03-18", "2024-03-19", "2024-03-20"})
        owner("INSERT INTO interval_day VALUES (" + std::to_string(meter.value) + ", 7, '" + when + "', 1, 1, '\\x01')");
    choose_daily();
    EXPECT_EQ(ask(DbRole::owner, "SELECT day FROM interval_day"), "2024-03-18");
}

TEST_F(Privacy, indexes_of_a_daily_home_are_one_a_day_and_the_others_are_nowhere)
{
    add_usage_point(home, "root", "daily");
    install(meter, home);
    const auto read = [&](std::uint64_t counter, const char* when, std::int64_t value) {
        FrameWrite write = index_frame(meter, counter, when, value);
        write.register_days[0].first_reads_only = true;
        return write;
    };
    // In one batch, in another, earlier and later than what is there.
    std::vector<FrameWrite> batch{read(1, "2024-03-20T06:00:00Z", 600), read(2, "2024-03-20T07:00:00Z", 700)};
    (void)writer.write(numbers.request(batch));
    for (const auto& [counter, when, value] :
         {std::tuple{3U, "2024-03-20T05:00:00Z", 500}, std::tuple{4U, "2024-03-20T08:00:00Z", 800}}) {
        std::vector<FrameWrite> frames{read(counter, when, value)};
        (void)writer.write(numbers.request(frames));
    }
    EXPECT_EQ(stored_indexes(), "500");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM register_history"), "0");
}

TEST_F(Privacy, a_total_that_grows_half_hour_by_half_hour_leaves_no_history_to_subtract)
{
    add_usage_point(home, "root", "daily");
    install(meter, home);
    std::uint64_t present = 0;
    for (unsigned slot = 0; slot < 48; ++slot) {
        present |= std::uint64_t{1} << slot;
        FrameWrite write = frame(meter, slot + 1, "2024-03-20", 0);
        write.interval_days.clear();
        write.archive.clear();
        DailyTotalWrite total = daily_write(home, "2024-03-20", 100 * (slot + 1), slot + 1);
        total.present = {present, 0, 0, 0, 0};
        total.summary.missing = 47 - static_cast<int>(slot);
        write.daily_totals.push_back(total);
        std::vector<FrameWrite> frames{write};
        (void)writer.write(numbers.request(frames));
    }
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh, missing FROM daily_total"), "4800|0");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM daily_total_history"), "0");
    FrameWrite corrected = frame(meter, 99, "2024-03-20", 0);
    corrected.interval_days.clear();
    corrected.archive.clear();
    corrected.daily_totals.push_back(daily_write(home, "2024-03-20", 5000, 99));
    std::vector<FrameWrite> frames{corrected};
    (void)writer.write(numbers.request(frames));
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh FROM daily_total_history"), "4800") << "a whole day's is kept";
}

TEST_F(Privacy, indexes_judged_before_a_choice_of_daily_are_not_written_after_it)
{
    add_usage_point(home);
    install(meter, home);
    AdminStore admin{address, test_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-04-01T00:00:00Z")));
    std::vector<FrameWrite> frames{index_frame(meter, 1, "2024-03-20T06:00:00Z", 600)};
    EXPECT_EQ(writer.write(numbers.request(frames)).value().outcomes.at(0), FrameOutcome::refused);
    EXPECT_EQ(stored_indexes(), "");
}

TEST_F(Privacy, choosing_daily_on_a_day_of_two_meters_keeps_both_parts)
{
    add_usage_point(home);
    install(meter, home);
    owner("UPDATE installation SET validity = tstzrange(lower(validity), '2024-03-20T11:00:00Z')");
    install(neighbour, home, "2024-03-20T11:00:00Z");
    for (const MeterId who : {meter, neighbour}) {
        const std::uint32_t from = who == meter ? 0 : 24;
        std::vector<FrameWrite> frames{slots_of(frame(who, 1, "2024-03-20", 100), from, from + 24)};
        (void)writer.write(numbers.request(frames));
    }
    AdminStore admin{address, test_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-04-01T00:00:00Z")));
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh, missing FROM daily_total"), "2400|0");
}

TEST_F(Privacy, choosing_daily_leaves_one_index_a_day)
{
    add_usage_point(home);
    install(meter, home);
    std::uint64_t counter = 0;
    for (const auto& [when, value] : {std::pair{"2024-03-20T06:00:00Z", 600}, std::pair{"2024-03-20T05:00:00Z", 500},
                                      std::pair{"2024-03-20T06:00:00Z", 601}}) {
        std::vector<FrameWrite> frames{index_frame(meter, ++counter, when, value)};
        (void)writer.write(numbers.request(frames));
    }
    EXPECT_EQ(stored_indexes(), "500 601");
    EXPECT_NE(ask(DbRole::owner, "SELECT count(*) FROM register_history"), "0");
    AdminStore admin{address, test_model};
    ASSERT_TRUE(admin.choose_collection({home}, Collection::daily, "letter", at("2024-04-01T00:00:00Z")));
    EXPECT_EQ(stored_indexes(), "500");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM register_history"), "0");
}

TEST_F(Privacy, without_the_model_nothing_is_erased_unsummed)
{
    add_usage_point(home);
    install(meter, home);
    std::vector<FrameWrite> frames{frame_with_curve()};
    (void)writer.write(numbers.request(frames));
    EXPECT_EQ(AdminStore{address}
                  .choose_collection({home}, Collection::daily, "", at("2024-04-01T00:00:00Z"))
                  .error()
                  .code,
              errc::bad_model);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_day"), "1");
}

TEST_F(Privacy, the_servers_log_quotes_no_row)
{
    owner("ALTER TABLE interval_day ADD CONSTRAINT interval_day_poison CHECK (meter_id <> 1)");
    std::vector<FrameWrite> frames{frame_with_curve()};
    EXPECT_EQ(writer.write(numbers.request(frames)).value().outcomes.at(0), FrameOutcome::refused);
    const std::filesystem::path pgdata = ask(DbRole::owner, "SELECT current_setting('data_directory')");
    std::ifstream in{pgdata / "server.log"};
    std::ostringstream log;
    log << in.rdbuf();
    EXPECT_NE(log.str().find("interval_day_poison"), std::string::npos) << "the log is where we look";
    EXPECT_EQ(log.str().find("Failing row"), std::string::npos);
    EXPECT_EQ(log.str().find("INSERT INTO interval_day"), std::string::npos);
}

} // namespace releve::store::test
