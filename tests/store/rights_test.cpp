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
        owner("INSERT INTO job (kind) VALUES ('ledger')");
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
        add_findings(id, point, organisation);
    }
    /// What checks and people said of the home, on its first day and on the day before.
    void add_findings(const std::string& id, const std::string& point, const std::string& organisation)
    {
        owner("INSERT INTO check_due VALUES (" + id + ", '2024-03-09', '2024-03-10', 1)");
        owner("INSERT INTO silence VALUES (" + id + ", '2024-03-10', now())");
        for (const char* when : {"2024-03-09", "2024-03-10"}) {
            const std::string key = id + ", 1, '" + when + "'";
            owner("INSERT INTO validation_failure (meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, detail, "
                  "batch) VALUES (" + key + ", 'high', 'doubt', 0, 0, 1, '{1}', '{}', 1)");
            owner("INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch) VALUES (" + id + ", 1, '" + when +
                  "T10:00:00Z', '" + when + "T11:00:00Z', now(), 1)");
            owner("INSERT INTO estimate_error VALUES (" + key + ", 'linear', 1, 1, 1, 1, 1)");
            owner("INSERT INTO overlay_history VALUES (" + key + ", 1, 1, 2, '\\x01', 'm', 'a', 'r')");
            owner("INSERT INTO day_repeat VALUES (" + key + ", repeat('0', 320)::bit(320), repeat('1', 320)::bit(320))");
            owner("INSERT INTO correction (meter_id, channel, day, action, slots, reason, author) VALUES (" + key +
                  ", 'accept', '{1}', 'was seen', 'x')");
        }
        owner("INSERT INTO interval_month VALUES (" + id + ", 1, '2024-03-01', '2024-03-10', 1, '\\x01')");
        owner("INSERT INTO event (meter_id, kind, at, received_at, detail, batch) VALUES (" + id + ", 'cover_opened', now(), now(), '', 1)");
        owner("INSERT INTO handling (failure, step, who) SELECT id, 'taken', 'x' FROM validation_failure WHERE meter_id = " + id);
        owner("INSERT INTO handling (event, step, who) SELECT id, 'taken', 'x' FROM event WHERE meter_id = " + id);
        owner("INSERT INTO usage_group VALUES ('group-" + organisation + "', '" + organisation + "')");
        owner("INSERT INTO usage_group_member VALUES ('group-" + organisation + "', '" + point + "', daterange('2024-01-01', NULL))");
        owner("INSERT INTO group_rules VALUES ('group-" + organisation + "', '{}')");
        owner("INSERT INTO ledger_breach (kind, meter_id, channel, day, expected, found, found_at) VALUES ('index', " + id +
              ", 1, '2024-03-10', 1, 2, now())");
        owner("INSERT INTO ledger_breach (kind, usage_group, channel, day, expected, found, found_at) VALUES ('group', 'group-" +
              organisation + "', 1, '2024-03-10', 1, 2, now())");
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
                                  "check_due",
                                  "validation_failure",
                                  "gap",
                                  "estimate_error",
                                  "correction",
                                  "interval_month",
                                  "overlay_history",
                                  "usage_group",
                                  "usage_group_member",
                                  "handling",
                                  "ledger_breach",
                                  "job",
                                  "silence",
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
    /// What is for those who run it.
    static std::map<std::string, std::string> without_operations(std::map<std::string, std::string> but = {})
    {
        for (const char* table : {"audit", "quarantine", "batch", "handling", "job"})
            but.try_emplace(table, "0");
        return but;
    }
    static std::map<std::string, std::string> without_operations_and_groups(std::map<std::string, std::string> but = {})
    {
        for (const char* table : {"usage_group", "usage_group_member", "ledger_breach"})
            but.try_emplace(table, "0");
        return without_operations(std::move(but));
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
    EXPECT_EQ(seen(key), expected("1", without_operations_and_groups()));
    EXPECT_EQ(ask(DbRole::api, "SELECT id FROM usage_point", key), "01000000000001");
    for (const char* table : {"interval_day", "interval_overlay_day", "overlay_history", "validation_failure", "estimate_error",
                              "correction"})
        EXPECT_EQ(ask(DbRole::api, std::string{"SELECT meter_id, day FROM "} + table, key), "1|2024-03-10")
            << table << ": not before its installation";
    EXPECT_EQ(ask(DbRole::api, "SELECT meter_id, starts AT TIME ZONE 'UTC' FROM gap", key), "1|2024-03-10 10:00:00");
    EXPECT_EQ(ask(DbRole::api, "SELECT count(*) FROM interval_day WHERE meter_id = 2", key), "0");
    EXPECT_EQ(ask(DbRole::api, "SELECT usage_point FROM access_log", key), "01000000000001");
}

TEST_F(Rights, an_energy_manager_sees_the_subtree_and_no_refused_messages)
{
    const std::string key = add_token("energy_manager", {"syndicate"}, {});
    EXPECT_EQ(seen(key), expected("1", without_operations({{"organisation", "2"}, {"ledger_breach", "2"}})));
    EXPECT_EQ(ask(DbRole::api, "SELECT usage_group, usage_point FROM usage_group_member", key), "group-east|01000000000001");
    EXPECT_EQ(ask(DbRole::api, "SELECT id FROM usage_point", key), "01000000000001");
}

TEST_F(Rights, an_operator_of_a_town_sees_its_meters_and_their_refused_messages)
{
    const std::string key = add_token("operator", {"east"}, {});
    EXPECT_EQ(seen(key), expected("1", {{"batch", "2"}, {"handling", "2"}, {"ledger_breach", "2"}}));
    EXPECT_EQ(ask(DbRole::api, "SELECT meter_id FROM quarantine", key), "1");
}

TEST_F(Rights, an_operator_of_everything_sees_strangers_too)
{
    const std::string key = add_token("operator", {"root"}, {});
    EXPECT_EQ(seen(key), expected("2", {{"organisation", "4"},
                                        {"quarantine", "3"},
                                        {"handling", "4"},
                                        {"ledger_breach", "4"},
                                        {"job", "1"}}));
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
    const std::string key = add_token("household", {}, {"01000000000001"}), operators = add_token("operator", {"east"}, {});
    owner("UPDATE usage_point SET collection = 'daily'");
    const std::map<std::string, std::string> hidden{{"interval_day", "0"},         {"interval_history", "0"},
                                                    {"interval_overlay_day", "0"}, {"overlay_history", "0"},
                                                    {"validation_failure", "0"},   {"gap", "0"},
                                                    {"estimate_error", "0"},       {"correction", "0"},
                                                    {"interval_month", "0"}};
    EXPECT_EQ(seen(key), expected("1", without_operations_and_groups(hidden)));
    auto of_operator = hidden;
    of_operator.insert({{"batch", "2"}, {"ledger_breach", "2"}, {"handling", "1"}});
    EXPECT_EQ(seen(operators), expected("1", of_operator));
    EXPECT_EQ(ask(DbRole::api, "SELECT event IS NOT NULL FROM handling", operators), "t") << "of the failure it is hidden with it";
}

TEST_F(Rights, a_month_that_the_meter_spent_in_two_homes_is_shown_to_who_sees_both)
{
    owner("DELETE FROM installation WHERE meter_id = 2; UPDATE installation SET validity = tstzrange('2024-03-10', '2024-03-20'); "
          "INSERT INTO installation (meter_id, usage_point, validity) VALUES (1, '02000000000002', "
          "tstzrange('2024-03-25', '2024-03-30'))");
    const auto months = [&](const std::string& key) { return ask(DbRole::api, "SELECT count(*) FROM interval_month", key); };
    EXPECT_EQ(months(add_token("household", {}, {"01000000000001"})), "0");
    EXPECT_EQ(months(add_token("operator", {"east"}, {})), "0");
    EXPECT_EQ(months(add_token("household", {}, {"01000000000001", "02000000000002"})), "1");
    const std::string everything = add_token("operator", {"root"}, {});
    EXPECT_EQ(months(everything), "1");
    owner("UPDATE usage_point SET collection = 'daily' WHERE id = '02000000000002'");
    EXPECT_EQ(months(everything), "0");
}

TEST_F(Rights, only_an_operator_corrects_and_only_what_it_sees_under_its_own_token)
{
    const std::string key = add_token("operator", {"east"}, {}), manager = add_token("energy_manager", {"syndicate"}, {}),
                      household = add_token("household", {}, {"01000000000001"});
    const auto correct = [&](const std::string& who, const std::string& meter, const std::string& day, const std::string& token) {
        return ask(DbRole::api,
                   "INSERT INTO correction (meter_id, channel, day, action, slots, amounts, reason, author, token) SELECT " + meter +
                       ", 1, '" + day + "', 'set', '{3}', '{500}', 'was read', 'me', " + token,
                   who);
    };
    const std::string refused = "error 42501";
    EXPECT_EQ(correct(key, "1", "2024-03-10", "releve_token()"), "");
    EXPECT_EQ(correct(household, "1", "2024-03-10", "releve_token()"), refused);
    EXPECT_EQ(correct(manager, "1", "2024-03-10", "releve_token()"), refused);
    EXPECT_EQ(correct("", "1", "2024-03-10", "releve_token()"), refused);
    EXPECT_EQ(correct(key, "2", "2024-03-10", "releve_token()"), refused) << "another town's meter";
    EXPECT_EQ(correct(key, "1", "2024-03-08", "releve_token()"), refused) << "before it was installed";
    EXPECT_EQ(correct(key, "1", "2024-03-10", "releve_token() + 1"), refused);
    EXPECT_EQ(correct(key, "1", "2024-03-10", "NULL"), refused);
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(correct(key, "1", "2024-03-10", "releve_token()"), refused);
    EXPECT_EQ(ask(DbRole::owner, "SELECT state, author FROM correction WHERE amounts = '{500}'"), "waiting|me");
    for (const char* sql : {"INSERT INTO correction (meter_id, channel, day, action, slots, reason, author, state) VALUES "
                            "(1, 1, '2024-03-10', 'undo', '{3}', 'was read', 'me', 'done')",
                            "UPDATE correction SET state = 'done'", "DELETE FROM correction"})
        EXPECT_EQ(ask(DbRole::api, sql, key), refused) << sql;
}

TEST_F(Rights, only_an_operator_handles_what_it_sees_under_its_own_token)
{
    const std::string key = add_token("operator", {"east"}, {}), manager = add_token("energy_manager", {"syndicate"}, {}),
                      household = add_token("household", {}, {"01000000000001"}), auditor = add_token("auditor", {"east"}, {});
    const auto handle = [&](const std::string& who, const char* column, int meter, const std::string& token) {
        const std::string table = std::string_view{column} == "event" ? "event" : "validation_failure";
        const std::string subject = ask(DbRole::owner, "SELECT max(id) FROM " + table + " WHERE meter_id = " + std::to_string(meter));
        return ask(DbRole::api,
                   std::string{"INSERT INTO handling ("} + column + ", step, note, who, token) SELECT " + subject +
                       ", 'closed', 'all well', 'me', " + token,
                   who);
    };
    const std::string refused = "error 42501";
    for (const char* column : {"event", "failure"}) {
        EXPECT_EQ(handle(key, column, 1, "releve_token()"), "") << column;
        EXPECT_EQ(handle(key, column, 2, "releve_token()"), refused) << column << " of another town";
        EXPECT_EQ(handle(key, column, 1, "releve_token() + 1"), refused) << column;
        for (const std::string& other : {household, manager, auditor, std::string{}})
            EXPECT_EQ(handle(other, column, 1, "releve_token()"), refused) << column;
    }
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM handling WHERE who = 'me'"), "2");
    EXPECT_EQ(ask(DbRole::api, "UPDATE handling SET note = ''", key), refused);
    EXPECT_EQ(ask(DbRole::api, "DELETE FROM handling", key), refused);
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
          "SELECT * FROM day_repeat", "SELECT * FROM group_rules", "SELECT * FROM known_at", "DELETE FROM interval_history",
          "INSERT INTO job (kind) VALUES ('ledger')", "UPDATE job SET state = 'stopped'", "DELETE FROM gap",
          "UPDATE validation_failure SET cleared = 1", "INSERT INTO usage_group VALUES ('x', 'root')",
          "DELETE FROM usage_group_member", "UPDATE ledger_breach SET cleared_at = now()", "DELETE FROM check_due",
          "DELETE FROM interval_month", "UPDATE interval_overlay_day SET batch = 1", "DELETE FROM overlay_history",
          "SELECT releve_batch_by_clock(now())", "SELECT * FROM token_usage_point",
          "SELECT * FROM schema_migration", "UPDATE usage_point SET collection = 'half_hour'",
          "INSERT INTO organisation VALUES ('x', 'x', 'root')", "SET ROLE releve_collect",
          "CREATE TABLE mine (x int)"})
        denied(DbRole::api, sql);
    for (const char* sql : {"SELECT encryption FROM meter_key", "SELECT authentication FROM meter_key",
                            "SELECT * FROM meter_key", "SELECT hash FROM token",
                            "SELECT * FROM meter_counter", "UPDATE meter_key SET encryption = ''",
                            "INSERT INTO interval_day VALUES (1, 1, '2024-03-01', 1, 1, '\\x01')",
                            "INSERT INTO interval_overlay_day VALUES (1, 1, '2024-03-01', 1, 1, '\\x01', 'm', 'a', 'r')",
                            "UPDATE validation_failure SET cleared = 1", "DELETE FROM job", "DELETE FROM handling",
                            "DELETE FROM access_log", "DELETE FROM audit", "SELECT releve_token()"})
        denied(DbRole::work, sql);
    for (const char* sql : {"SELECT * FROM token", "SELECT * FROM access_log", "DELETE FROM interval_day",
                            "UPDATE meter SET model = 'x'", "UPDATE frame_archive SET data = ''",
                            "SELECT * FROM audit", "DELETE FROM correction", "INSERT INTO job (kind) VALUES ('ledger')",
                            "UPDATE group_rules SET rules = '{}'", "SELECT * FROM handling", "DELETE FROM overlay_history",
                            "SELECT releve_token()"})
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
