#include "store_fixture.hpp"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace releve::store::test {

namespace {

std::unique_ptr<Cluster> open_cluster(const Folder& folder)
{
    auto opened = Cluster::open({folder.path() / "data", nullptr, true});
    EXPECT_TRUE(opened) << (opened ? "" : to_string(opened.error()));
    return opened ? std::move(*opened) : nullptr;
}

std::string ask_text(const Cluster& cluster, const std::string& sql)
{
    pg::Connection connection{cluster.address(), DbRole::owner};
    return connection.run(sql).text(0, 0);
}

} // namespace

TEST(Cluster, is_made_started_stopped_and_started_again)
{
    const Folder folder;
    {
        const auto cluster = open_cluster(folder);
        ASSERT_TRUE(cluster);
        EXPECT_TRUE(cluster->owner());
        ASSERT_EQ(migrate(cluster->address()).value(), 11);
        pg::Connection{cluster->address(), DbRole::owner}.exec(
            "INSERT INTO organisation VALUES ('town', 'Town', 'root')");
    }
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "data/postgresql/postmaster.pid"));
    const auto again = open_cluster(folder);
    ASSERT_TRUE(again);
    EXPECT_EQ(ask_text(*again, "SELECT name FROM organisation WHERE id = 'town'"), "Town");
}

TEST(Cluster, is_durable_private_and_needs_no_shared_memory_device)
{
    const auto setting = [](const char* name) {
        return ask_text(cluster(), std::string{"SELECT current_setting('"} + name + "')");
    };
    for (const char* name : {"fsync", "synchronous_commit", "full_page_writes", "data_checksums"})
        EXPECT_EQ(setting(name), "on") << name;
    EXPECT_EQ(setting("listen_addresses"), "");
    EXPECT_EQ(setting("unix_socket_permissions"), "0700");
    EXPECT_EQ(setting("dynamic_shared_memory_type"), "mmap");
    EXPECT_EQ(setting("log_error_verbosity"), "terse");
    EXPECT_EQ(ask_text(cluster(), "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"),
              "peer");
}

TEST(Cluster, a_second_opening_connects_and_the_last_one_stops_the_server)
{
    const Folder folder;
    auto first = open_cluster(folder);
    auto second = open_cluster(folder);
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(first->owner());
    EXPECT_FALSE(second->owner());
    first.reset();
    EXPECT_EQ(ask_text(*second, "SELECT 'still there'"), "still there");
    second.reset();
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "data/postgresql/postmaster.pid"));
}

TEST(Cluster, what_a_killed_run_left_running_is_adopted)
{
    const Folder folder;
    const pid_t child = fork();
    if (child == 0) {
        const auto lost = Cluster::open({folder.path() / "data", nullptr, true});
        if (lost)
            raise(SIGKILL);
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_TRUE(std::filesystem::exists(folder.path() / "data/postgresql/postmaster.pid"));
    auto adopted = open_cluster(folder);
    ASSERT_TRUE(adopted);
    EXPECT_TRUE(adopted->owner());
    EXPECT_EQ(ask_text(*adopted, "SELECT current_database()::text"), "releve");
    adopted.reset();
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "data/postgresql/postmaster.pid"));
}

TEST(Cluster, a_crashed_server_recovers_what_was_committed)
{
    const Folder folder;
    auto cluster = open_cluster(folder);
    ASSERT_TRUE(cluster);
    pg::Connection{cluster->address(), DbRole::owner}.exec(
        "CREATE TABLE kept AS SELECT 'kept'::text AS word");
    kill(std::stoi(ask_text(*cluster, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")),
         SIGKILL);
    cluster.reset();
    cluster = open_cluster(folder);
    ASSERT_TRUE(cluster);
    EXPECT_EQ(ask_text(*cluster, "SELECT word FROM kept"), "kept");
}

TEST(Cluster, a_long_data_path_gets_a_short_socket_folder)
{
    const Folder folder;
    const auto deep = folder.path() / std::string(120, 'd') / "data";
    auto opened = Cluster::open({deep, nullptr, true});
    ASSERT_TRUE(opened) << to_string(opened.error());
    const auto sockets =
        ask_text(**opened, "SELECT trim(both '\"' from current_setting('unix_socket_directories'))");
    EXPECT_LT(sockets.size(), 90U);
    EXPECT_EQ(std::filesystem::status(sockets).permissions(), std::filesystem::perms{0700});
    opened->reset();
    EXPECT_FALSE(std::filesystem::exists(sockets)) << "nothing stays behind outside of the data folder";
}

TEST(Cluster, data_of_a_version_that_is_not_installed_is_refused_in_words)
{
    const Folder folder;
    std::filesystem::create_directories(folder.path() / "data/postgresql");
    FILE* file = fopen((folder.path() / "data/postgresql/PG_VERSION").c_str(), "w");
    ASSERT_NE(file, nullptr);
    fputs("12\n", file);
    fclose(file);
    const auto opened = Cluster::open({folder.path() / "data", nullptr, true});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::unavailable);
    EXPECT_NE(opened.error().detail.find("PostgreSQL 12"), std::string::npos) << opened.error().detail;
}

} // namespace releve::store::test
