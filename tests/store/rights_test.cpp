#include "store_fixture.hpp"

namespace releve::store::test {

/// Two towns under a syndicate, a home in each, with a row of everything.
class Rights : public StoreTest {
protected:
    void SetUp() override
    {
        owner("INSERT INTO organisation VALUES ('syndicate', 'Syndicate', 'root'), ('east', 'East', "
              "'syndicate'), ('west', 'West', 'root')");
        add_home("01000000000001", "4c4b590000000001", "east");
        add_home("02000000000002", "4c4b590000000002", "west");
        owner("INSERT INTO quarantine (reason, detail, received_at, peer, system_title, digest, frame_bytes) "
              "VALUES ('unknown_meter', '', now(), '', '', 0, 0)");
    }
    void add_home(const std::string& point, const std::string& title, const std::string& organisation)
    {
        add_usage_point(point, organisation);
        const MeterId meter = add_meter(title);
        const std::string id = std::to_string(meter.value), town = "'" + organisation + "'",
                          quoted = "'" + point + "'";
        owner("UPDATE meter SET organisation = " + town + " WHERE id = " + id);
        install(meter, point, "2024-03-10T00:00:00Z");
        owner("INSERT INTO site (organisation, name, kind) VALUES (" + town +
              ", 'home', 'dwelling'); UPDATE usage_point SET site = "
              "(SELECT max(id) FROM site) WHERE id = " +
              quoted);
        owner("INSERT INTO collection_choice (usage_point, collection, validity, how, proof) VALUES (" +
              quoted + ", 'half_hour', tstzrange('2024-01-01', NULL), 'test', 'test')");
        owner("INSERT INTO contract (usage_point, tariff, validity) VALUES (" + quoted +
              ", 'base', tstzrange(NULL, NULL))");
        owner("INSERT INTO channel (meter_id, channel, reading_type, unit, scaler, step_s) VALUES (" + id +
              ", 1, 'x', 27, 0, 1800)");
        owner("INSERT INTO meter_key VALUES (" + id +
              ", 1, '\\x01', '\\x02', '\\x03', tstzrange(NULL, NULL))");
        owner("INSERT INTO meter_counter VALUES (" + id + ", '{1}', '{1}', '{1}', now())");
        for (const char* when : {"2024-03-09", "2024-03-10"}) {
            owner("INSERT INTO interval_day VALUES (" + id + ", 1, '" + when + "', 1, 1, '\\x01')");
            owner("INSERT INTO register_day VALUES (" + id + ", '" + when + "', 1, 1, '\\x01')");
            owner("INSERT INTO interval_overlay_day VALUES (" + id + ", 1, '" + when +
                  "', 1, 1, '\\x01', 'm', 'a', 'r')");
        }
        owner("INSERT INTO daily_total VALUES (" + quoted +
              ", '2024-03-10', 1, 1, 1, 1, 48, 0, 1, 1, 1, now(), "
              "decode(repeat('00', 40), 'hex'), true, 1, 1, 3600000)");
        owner("INSERT INTO interval_history SELECT meter_id, channel, day, rev, batch, 2, data FROM "
              "interval_day "
              "WHERE meter_id = " +
              id);
        owner("INSERT INTO register_history SELECT meter_id, day, rev, batch, 2, data FROM register_day "
              "WHERE meter_id = " +
              id);
        owner("INSERT INTO daily_total_history SELECT *, 2 FROM daily_total WHERE usage_point = " + quoted);
        owner("INSERT INTO access_log (token, role, who, usage_point, what) VALUES (0, 'operator', 'x', " +
              quoted + ", 'daily')");
        owner("INSERT INTO audit (action, usage_point) VALUES ('x', " + quoted + ")");
        owner("INSERT INTO quarantine (reason, detail, received_at, peer, system_title, meter_id, digest, "
              "frame_bytes) "
              "VALUES ('bad_tag', '', now(), '', '', " +
              id + ", 0, 0)");
        owner("INSERT INTO batch (batch, writer, frames, readings, refused, watermark, committed_at, "
              "meter_ids) VALUES (" +
              id + ", 1, 1, 48, 0, 0, now(), '{" + id + "}')");
    }
    /// Counts of the rows that token sees in each protected table.
    std::map<std::string, std::string> seen(const std::string& key)
    {
        std::map<std::string, std::string> counts;
        for (const char* table : {"organisation",
                                  "site",
                                  "usage_point",
                                  "collection_choice",
                                  "contract",
                                  "meter",
                                  "channel",
                                  "installation",
                                  "meter_counter",
                                  "interval_day",
                                  "register_day",
                                  "interval_overlay_day",
                                  "daily_total",
                                  "interval_history",
                                  "register_history",
                                  "daily_total_history",
                                  "access_log",
                                  "audit",
                                  "quarantine",
                                  "batch",
                                  "releve_recently_heard()"}) {
            const char* column = std::string_view{table} == "quarantine"      ? "id"
                                 : std::string_view{table} == "meter_counter" ? "meter_id"
                                 : std::string_view{table} == "batch"         ? "batch"
                                                                              : "*";
            counts[table] =
                ask(DbRole::api,
                    "SELECT count(q) FROM (SELECT " + std::string{column} + " FROM " + table + ") q", key);
        }
        return counts;
    }
    std::map<std::string, std::string> expected(const std::string& all,
                                                std::map<std::string, std::string> but = {})
    {
        for (const auto& [table, count] : seen("")) {
            (void)count;
            but.try_emplace(table, all);
        }
        return but;
    }
};

TEST_F(Rights, without_a_valid_token_nothing_is_visible)
{
    const auto none = expected("0");
    EXPECT_EQ(seen(""), none);
    EXPECT_EQ(seen("guess"), none);
    EXPECT_EQ(seen(add_token("operator", {"root"}, {}, "2024-01-01T00:00:00Z")), none);
    const std::string revoked = add_token("operator", {"root"}, {});
    owner("UPDATE token SET revoked_at = now()");
    EXPECT_EQ(seen(revoked), none);
    // What is stored opens nothing.
    const std::string hash = ask(DbRole::owner, "SELECT hash FROM token LIMIT 1");
    EXPECT_EQ(seen(hash), none);
}

TEST_F(Rights, a_household_sees_its_own_usage_point)
{
    const std::string key = add_token("household", {}, {"01000000000001"});
    EXPECT_EQ(seen(key), expected("1", {{"audit", "0"}, {"quarantine", "0"}, {"batch", "0"}}));
    EXPECT_EQ(ask(DbRole::api, "SELECT id FROM usage_point", key), "01000000000001");
    EXPECT_EQ(ask(DbRole::api, "SELECT day FROM interval_day WHERE meter_id = 1", key), "2024-03-10")
        << "not before its installation";
    EXPECT_EQ(ask(DbRole::api, "SELECT count(*) FROM interval_day WHERE meter_id = 2", key), "0");
    EXPECT_EQ(ask(DbRole::api, "SELECT usage_point FROM access_log", key), "01000000000001");
}

TEST_F(Rights, an_energy_manager_sees_the_subtree_and_no_refused_messages)
{
    const std::string key = add_token("energy_manager", {"syndicate"}, {});
    EXPECT_EQ(seen(key),
              expected("1", {{"organisation", "2"}, {"audit", "0"}, {"quarantine", "0"}, {"batch", "0"}}));
    EXPECT_EQ(ask(DbRole::api, "SELECT id FROM usage_point", key), "01000000000001");
}

TEST_F(Rights, an_operator_of_a_town_sees_its_meters_and_their_refused_messages)
{
    const std::string key = add_token("operator", {"east"}, {});
    EXPECT_EQ(seen(key), expected("1", {{"batch", "2"}}));
    EXPECT_EQ(ask(DbRole::api, "SELECT meter_id FROM quarantine", key), "1");
}

TEST_F(Rights, an_operator_of_everything_sees_strangers_too)
{
    const std::string key = add_token("operator", {"root"}, {});
    EXPECT_EQ(seen(key), expected("2", {{"organisation", "4"}, {"quarantine", "3"}}));
}

TEST_F(Rights, an_auditor_sees_who_read_and_no_reading)
{
    const std::string key = add_token("auditor", {"east"}, {});
    EXPECT_EQ(seen(key), expected("0", {{"organisation", "1"},
                                        {"site", "1"},
                                        {"usage_point", "1"},
                                        {"collection_choice", "1"},
                                        {"access_log", "1"},
                                        {"audit", "1"},
                                        {"quarantine", "1"}}));
}

TEST_F(Rights, half_hours_are_hidden_as_soon_as_the_choice_is_daily)
{
    const std::string key = add_token("household", {}, {"01000000000001"});
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(seen(key), expected("1", {{"audit", "0"},
                                        {"quarantine", "0"},
                                        {"batch", "0"},
                                        {"interval_day", "0"},
                                        {"interval_history", "0"},
                                        {"interval_overlay_day", "0"}}));
}

TEST_F(Rights, access_rows_tell_the_truth_about_who_asked)
{
    const std::string key = add_token("household", {}, {"01000000000001"});
    const std::string insert = "INSERT INTO access_log (token, role, who, usage_point, what) SELECT ";
    EXPECT_EQ(ask(DbRole::api, insert + "releve_token(), 'household', 'me', '01000000000001', 'daily'", key),
              "");
    EXPECT_EQ(
        ask(DbRole::api, insert + "releve_token() + 1, 'household', 'me', '01000000000001', 'daily'", key),
        "error 42501");
    EXPECT_EQ(ask(DbRole::api, insert + "releve_token(), 'operator', 'me', '01000000000001', 'daily'", key),
              "error 42501");
    EXPECT_EQ(ask(DbRole::api, insert + "releve_token(), 'household', 'me', '02000000000002', 'daily'", key),
              "error 42501");
    EXPECT_EQ(ask(DbRole::api, "DELETE FROM access_log", key), "error 42501");
    EXPECT_EQ(ask(DbRole::api, "UPDATE access_log SET who = 'nobody'", key), "error 42501");
}

TEST_F(Rights, each_role_is_refused_what_is_not_its_business)
{
    const auto denied = [&](DbRole role, const char* sql) {
        EXPECT_EQ(ask(role, sql), "error 42501") << sql;
    };
    for (const char* sql :
         {"SELECT * FROM meter_key", "SELECT hash FROM token", "SELECT id FROM token",
          "SELECT frame FROM quarantine", "SELECT * FROM frame_archive", "SELECT * FROM undecoded",
          "SELECT counters FROM meter_counter", "SELECT meter_ids FROM batch",
          "SELECT * FROM overlay_history", "SELECT * FROM known_at", "DELETE FROM interval_history",
          "SELECT releve_batch_by_clock(now())", "SELECT * FROM token_usage_point",
          "SELECT * FROM schema_migration", "UPDATE usage_point SET collection = 'half_hour'",
          "INSERT INTO organisation VALUES ('x', 'x', 'root')", "SET ROLE releve_collect",
          "CREATE TABLE mine (x int)"})
        denied(DbRole::api, sql);
    for (const char* sql : {"SELECT encryption FROM meter_key", "SELECT authentication FROM meter_key",
                            "SELECT * FROM meter_key", "SELECT hash FROM token",
                            "SELECT * FROM meter_counter", "UPDATE meter_key SET encryption = ''",
                            "INSERT INTO interval_day VALUES (1, 1, '2024-03-01', 1, 1, '\\x01')",
                            "DELETE FROM access_log", "DELETE FROM audit", "SELECT releve_token()"})
        denied(DbRole::work, sql);
    for (const char* sql : {"SELECT * FROM token", "SELECT * FROM access_log", "DELETE FROM interval_day",
                            "UPDATE meter SET model = 'x'", "UPDATE frame_archive SET data = ''",
                            "SELECT * FROM audit", "SELECT releve_token()"})
        denied(DbRole::collect, sql);
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM meter_key"), "2");
    EXPECT_EQ(ask(DbRole::work, "SELECT count(fingerprint) FROM meter_key"), "2");
}

TEST_F(Rights, every_table_that_a_role_may_read_is_under_row_level_security)
{
    EXPECT_EQ(ask(DbRole::owner,
                  "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
                  "AND NOT c.relrowsecurity ORDER BY 1"),
              "schema_migration");
    EXPECT_EQ(ask(DbRole::owner,
                  "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace "
                  "AND NOT 'search_path=pg_catalog, pg_temp' = ANY (proconfig)"),
              "");
}

} // namespace releve::store::test
