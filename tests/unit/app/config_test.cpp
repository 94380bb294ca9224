// Settings: file, environment, flags, in that order; mistakes are named with line and key; secrets stay secret.

#include <releve/app/config.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace releve::app {
namespace {

struct ConfigTest : testing::Test {
    std::filesystem::path file = std::filesystem::path{testing::TempDir()} / "releve-config-test.toml";
    std::map<std::string, std::string> environment;
    ConfigSources sources;

    ConfigTest()
    {
        sources.environment = [this](const std::string& name) -> const char* {
            const auto found = environment.find(name);
            return found == environment.end() ? nullptr : found->second.c_str();
        };
    }
    ~ConfigTest() override { std::filesystem::remove(file); }
    void write(std::string_view text)
    {
        std::ofstream{file} << text;
        sources.file = file;
    }
    std::string problem()
    {
        const auto loaded = load_config(sources);
        return loaded ? "" : loaded.error().detail;
    }
};

TEST_F(ConfigTest, the_contracts_keys_are_read)
{
    write("data_dir = '/tmp/r'\n[collector]\ndlms_tcp = '127.0.0.1:4059'\ndlms_tls = '[::1]:4060'\ntls_cert = 'c.pem'\n"
          "tls_key = 'k.pem'\n[api]\nlisten = '0.0.0.0:80'\n[database]\nurl = 'postgresql://u:pw@h/d'\n");
    const auto config = load_config(sources);
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->collector.dlms_tcp, (Endpoint{"127.0.0.1", 4059}));
    EXPECT_EQ(config->collector.dlms_tls, (Endpoint{"::1", 4060}));
    EXPECT_EQ(config->api.listen, (Endpoint{"0.0.0.0", 80}));
    EXPECT_EQ(config->data_dir, "/tmp/r");
    EXPECT_EQ(config->keys.master_key_file, "/tmp/r/master.key");
}

TEST_F(ConfigTest, the_environment_beats_the_file_and_flags_beat_both)
{
    write("[collector]\nwriters = 3\nqueue_frames = 100\nbatch_frames = 7\n");
    environment["RELEVE_COLLECTOR_QUEUE_FRAMES"] = "200";
    environment["RELEVE_COLLECTOR_BATCH_FRAMES"] = "8";
    sources.flags.emplace_back("collector.batch_frames", "9");
    const auto config = load_config(sources);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->collector.writers, 3);
    EXPECT_EQ(config->collector.queue_frames, 200);
    EXPECT_EQ(config->collector.batch_frames, 9);
}

TEST_F(ConfigTest, mistakes_are_named_with_file_line_and_key)
{
    write("[collector]\n\ndlms_tcp = 'nonsense'\n");
    EXPECT_EQ(problem(), file.string() + ":3: collector.dlms_tcp: expected host:port, got 'nonsense'");
    write("[collector]\nwriter = 2\n");
    EXPECT_EQ(problem(), file.string() + ":2: collector.writer: no such setting");
    write("[collector]\nwriters = 0\n");
    EXPECT_EQ(problem(), file.string() + ":2: collector.writers: expected a whole number from 1 to 64, got '0'");
    write("[collector\n");
    EXPECT_NE(problem().find(file.string() + ":1: "), std::string::npos);
    write("[collector]\ndlms_tls = '127.0.0.1:1'\n");
    EXPECT_EQ(problem(), "collector.dlms_tls: needs collector.tls_cert and collector.tls_key");
    sources.file.reset();
    environment["RELEVE_LOG_LEVEL"] = "loud";
    EXPECT_EQ(problem(), "RELEVE_LOG_LEVEL: expected one of: debug, info, warning, error, got 'loud'");
}

TEST_F(ConfigTest, a_missing_file_is_said)
{
    sources.file = "/nowhere/releve.toml";
    EXPECT_NE(problem().find("/nowhere/releve.toml"), std::string::npos);
}

TEST_F(ConfigTest, showing_hides_the_password_and_loads_again)
{
    sources.flags = {{"database.url", "postgresql://user:hunter2@host/db"}, {"data_dir", "/tmp/a \"b\""}};
    const auto config = load_config(sources);
    ASSERT_TRUE(config);
    const std::string shown = show_config(*config);
    EXPECT_EQ(shown.find("hunter2"), std::string::npos);
    EXPECT_NE(shown.find("user:(hidden)@host"), std::string::npos);
    sources.flags = {{"database.url", ""}};
    write(shown);
    const auto again = load_config(sources);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(again->data_dir, config->data_dir);
    EXPECT_EQ(again->collector.dlms_tcp, config->collector.dlms_tcp);
}

TEST_F(ConfigTest, control_characters_are_refused_wherever_they_come_from)
{
    write("data_dir = \"/tmp/a\\nb\"\n");
    EXPECT_EQ(problem(), file.string() + ":1: data_dir: expected path, without control characters");
    write("[database]\nurl = \"postgresql://h/d\\u0000\"\n");
    EXPECT_EQ(problem(), file.string() + ":2: database.url: expected postgresql://..., without control characters");
    sources.file.reset();
    environment["RELEVE_DATA_DIR"] = "a\tb";
    EXPECT_EQ(problem(), "RELEVE_DATA_DIR: expected path, without control characters");
    environment.clear();
    sources.flags = {{"log.level", "info\x7f"}};
    EXPECT_EQ(problem(), "log.level: expected one of a few words, without control characters");
}

TEST_F(ConfigTest, brackets_stand_around_a_whole_address)
{
    for (const char* text : {"[[::1]]:80", "[[a]]:80", "a]:80", "[a:80", "[]:80"}) {
        sources.flags = {{"api.listen", text}};
        EXPECT_EQ(problem(), "api.listen: expected host:port, got '" + std::string{text} + "'");
    }
}

TEST_F(ConfigTest, showing_hides_the_password_wherever_it_may_stand)
{
    const std::pair<const char*, const char*> urls[] = {
        {"postgresql://user:qx7zk9@host/db", "postgresql://user:(hidden)@host/db"},
        {"postgres://user:qx7:zk9@host/db?sslmode=require", "postgres://user:(hidden)@host/db?sslmode=require"},
        {"postgresql://host/db?user=me&password=qx7zk9&sslmode=require",
         "postgresql://host/db?user=me&password=(hidden)&sslmode=require"},
        {"postgresql://host/db?password=x&user=me", "postgresql://host/db?password=(hidden)&user=me"},
        {"postgresql:///db?password=qx7zk9", "postgresql:///db?password=(hidden)"},
        {"postgresql://host/db?sslpassword=qx7zk9", "postgresql://host/db?sslpassword=(hidden)"},
        {"postgresql://user:qx7?password=zk9@host/db", "postgresql://user:(hidden)@host/db"},
        {"postgresql://user:qx7?password=zk9@host/db?sslpassword=qx7zk9",
         "postgresql://user:(hidden)@host/db?sslpassword=(hidden)"},
        {"postgresql://host/db?a&b=password", "postgresql://host/db?a&b=password"},
    };
    for (const auto& [url, shown] : urls) {
        sources.flags = {{"database.url", url}};
        const std::string text = show_config(load_config(sources).value());
        EXPECT_NE(text.find("url = \"" + std::string{shown} + "\""), std::string::npos) << text;
        EXPECT_EQ(text.find("qx7"), std::string::npos) << text;
        EXPECT_EQ(text.find("zk9"), std::string::npos) << text;
    }
    for (const char* url : {"postgresql://user:qx7@zk9@host/db", "postgresql://user:qx7/zk9@host/db"}) {
        sources.flags = {{"database.url", url}};
        EXPECT_EQ(load_config(sources).error().detail, "database.url: in a password @ is written %40 and / is written %2F");
    }
}

TEST(Settings, each_has_a_key_of_its_own_and_help)
{
    std::map<std::string_view, int> keys;
    for (const Setting& setting : settings()) {
        EXPECT_EQ(++keys[setting.key], 1) << setting.key;
        EXPECT_FALSE(setting.help.empty()) << setting.key;
    }
}

} // namespace
} // namespace releve::app
