#include "migration_files.hpp"
#include "store_fixture.hpp"

#include <releve/crypto/aes.hpp>

namespace releve::store::test {

class Migrate : public StoreTest {};

TEST_F(Migrate, applying_twice_changes_nothing)
{
    EXPECT_EQ(migrate(address).value(), 0);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM schema_migration"), "11");
}

TEST_F(Migrate, a_changed_file_is_refused)
{
    owner("UPDATE schema_migration SET checksum = repeat('0', 64) WHERE version = 2");
    const auto refused = migrate(address);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::bad_config);
    EXPECT_NE(refused.error().detail.find("002_meters.sql"), std::string::npos);
}

TEST_F(Migrate, a_newer_database_is_refused)
{
    owner("INSERT INTO schema_migration (version, name, checksum) VALUES (999, '999_later.sql', '')");
    const auto refused = migrate(address);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find("999_later.sql"), std::string::npos);
}

/// An empty database, brought as far as `last`.
DatabaseAddress database_of_version(int last)
{
    DatabaseAddress made = cluster().address();
    const auto named = [&](const std::string& name) {
        DatabaseAddress other = made;
        other.conninfo.replace(other.conninfo.rfind("dbname="), std::string::npos, "dbname=" + name);
        return other;
    };
    static int count = 0;
    const std::string name = "version_" + std::to_string(last) + "_" + std::to_string(++count);
    pg::Connection{named("postgres"), DbRole::owner}.exec("CREATE DATABASE " + name);
    made = named(name);
    pg::Connection connection{made, DbRole::owner};
    connection.exec("CREATE TABLE schema_migration (version integer CONSTRAINT schema_migration_pkey PRIMARY KEY, name text NOT NULL, "
                    "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    for (const MigrationFile& file : migration_files().first(static_cast<std::size_t>(last))) {
        connection.exec(std::string{file.text});
        connection.run("INSERT INTO schema_migration (version, name, checksum) VALUES ($1::int4, $2, $3)",
                       pg::Params{}
                           .add(std::stoi(std::string{file.name.substr(0, 3)}))
                           .add(file.name)
                           .add(to_hex(crypto::sha256(as_bytes(file.text)))));
    }
    return made;
}

TEST_F(Migrate, totals_with_missing_slots_keep_their_meaning_when_estimates_come)
{
    address = database_of_version(8);
    add_usage_point("01000000000001");
    for (const int quality : {0, 1, 2, 3, 4, 5}) {
        const std::string day = "'2024-03-" + std::to_string(10 + quality) + "'", number = std::to_string(quality);
        owner("INSERT INTO daily_total VALUES ('01000000000001', " + day + ", 1, 1, 1, 1, 48, 0, " + number + ", " + number +
              ", 1, now(), decode(repeat('00', 40), 'hex'), true, 1, 1, 3600000)");
    }
    owner("UPDATE daily_total SET worst = 1 WHERE quality = 4; UPDATE daily_total SET quality = 1 WHERE worst = 5");
    owner("INSERT INTO daily_total_history SELECT *, 2 FROM daily_total");
    EXPECT_EQ(migrate(address).value(), static_cast<int>(migration_files().size()) - 8);
    for (const char* table : {"daily_total", "daily_total_history"})
        EXPECT_EQ(ask(DbRole::owner, std::string{"SELECT quality, worst FROM "} + table + " ORDER BY day"),
                  "0|0\n1|1\n2|2\n3|3\n9|1\n1|10")
            << table;
}

TEST_F(Migrate, meters_of_before_there_were_rules_are_due_for_checks)
{
    address = database_of_version(8);
    add_usage_point("01000000000001");
    const MeterId moved = add_meter("4c4b590000000001"), unknown_since = add_meter("4c4b590000000002"),
                  nowhere = add_meter("4c4b590000000003");
    (void)nowhere;
    owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + std::to_string(moved.value) +
          ", '01000000000001', tstzrange('2024-03-01T12:00:00Z', '2024-03-20T12:00:00Z')), (" + std::to_string(moved.value) +
          ", '01000000000001', tstzrange('2024-03-21T12:00:00Z', NULL))");
    add_usage_point("01000000000002");
    owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" + std::to_string(unknown_since.value) +
          ", '01000000000002', tstzrange(NULL, NULL))");
    ASSERT_TRUE(migrate(address));
    EXPECT_EQ(ask(DbRole::owner, "SELECT meter_id, day_from, day_to = current_date + 1, job FROM check_due ORDER BY 1"),
              "1|2024-02-29|t|-\n2|1969-12-31|t|-");
}

TEST_F(Migrate, an_external_database_works_as_our_roles_through_set_role)
{
    DatabaseAddress external = address;
    external.conninfo += " user=releve_owner";
    external.embedded = false;
    pg::Connection connection{external, DbRole::api};
    EXPECT_EQ(connection.run("SELECT current_user::text").text(0, 0), "releve_api");
}

TEST_F(Migrate, partitions_are_made_ahead_once_and_granted_to_nobody)
{
    CollectStore::ensure_partitions(address, day("2025-11-15"), day("2026-02-01"));
    CollectStore::ensure_partitions(address, day("2025-11-15"), day("2026-02-01"));
    EXPECT_EQ(
        ask(DbRole::owner, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'interval_day'::regclass"),
        "6");
    EXPECT_EQ(
        ask(DbRole::owner,
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'register_day_y2025m12'"),
        "FOR VALUES FROM ('2025-12-01') TO ('2026-01-01')");
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "0");
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day_y2025m12"), "error 42501");
}

TEST_F(Migrate, every_constraint_has_a_name_of_our_own)
{
    // A generated name would end in a number or lack the table's name.
    EXPECT_EQ(ask(DbRole::owner, "SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
                                 "JOIN pg_namespace n ON n.oid = t.relnamespace "
                                 "WHERE n.nspname = 'public' AND NOT t.relispartition AND (conname !~ ('^' "
                                 "|| t.relname) OR conname ~ '[0-9]$')"),
              "");
}

} // namespace releve::store::test
