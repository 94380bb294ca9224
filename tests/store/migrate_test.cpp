#include "store_fixture.hpp"

namespace releve::store::test {

class Migrate : public StoreTest {};

TEST_F(Migrate, applying_twice_changes_nothing)
{
    EXPECT_EQ(migrate(address).value(), 0);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM schema_migration"), "8");
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
