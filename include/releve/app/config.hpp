#pragma once
// All settings, their defaults and limits: one table. A value comes from the TOML file, then the environment
// (RELEVE_COLLECTOR_DLMS_TCP for collector.dlms_tcp), then flags (--set collector.dlms_tcp=...); the last wins.

#include <releve/core/error.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

struct Endpoint {
    std::string address;
    std::uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
};

struct Config {
    std::filesystem::path data_dir; // empty until finish(): the XDG state folder, /var/lib/releve as root
    struct Collector {
        std::optional<Endpoint> dlms_tcp, dlms_tls; // "" switches a listener off
        std::optional<Endpoint> uplink;
        std::filesystem::path tls_cert, tls_key, tls_client_ca, uplink_client_ca;
        std::string tls_client_certificate = "off";
        std::string tls_min_version = "1.3";
        std::string acknowledgement_system_title = "524c560000000001"; // RLV + 5 bytes
        std::int64_t handshake_timeout_s = 10, message_timeout_s = 20, idle_timeout_s = 900, write_timeout_s = 20;
        std::int64_t connections_max = 20'000, connections_per_address_max = 1'000, handshakes_max = 256,
                     handshakes_per_address_max = 16;
        std::int64_t uplink_connections_max = 500;
        std::int64_t frames_outstanding_max = 64;
        std::int64_t apdu_bytes_max = 65'535;
        std::int64_t queue_frames = 8'192;
        std::int64_t writers = 2, network_threads = 1;
        std::int64_t batch_frames = 1'000, batch_wait_ms = 5;
        std::int64_t checkpoint_s = 120;
        bool general_ciphering = false; // experimental: no public test vector exists
    } collector;
    struct Api {
        std::optional<Endpoint> listen = Endpoint{"127.0.0.1", 8080};
        std::int64_t database_threads = 2;
        bool metrics_open_to_loopback = true;
    } api;
    struct Database {
        std::string url; // empty: the embedded PostgreSQL
    } database;
    struct Keys {
        std::filesystem::path master_key_file; // empty: data_dir/master.key, made with mode 0600 on first use
    } keys;
    struct Models {
        std::filesystem::path dir; // further meter models, *.json
    } models;
    struct Retention {
        std::int64_t archive_days = 15, quarantine_days = 30;
        std::int64_t quarantine_rows = 100'000, quarantine_rows_per_meter = 1'000;
    } retention;
    struct Validation {
        std::filesystem::path rules; // a whole rule file; empty: the shipped rules
        std::int64_t estimate_after_h = 48;
    } validation;
    struct Log {
        std::string level = "info";
    } log;
};

struct Setting {
    std::string_view key;  // "collector.dlms_tcp"
    std::string_view form; // "host:port", "path", "1..64", "on or off"
    std::string_view help;
    bool secret = false;
    /// errc::bad_config with the reason only; the caller adds where the value stood.
    std::function<result<void>(Config&, std::string_view)> set;
    std::function<std::string(const Config&)> get;
};
[[nodiscard]] std::span<const Setting> settings();
[[nodiscard]] const Setting* find_setting(std::string_view key);
/// "RELEVE_COLLECTOR_DLMS_TCP".
[[nodiscard]] std::string environment_name(std::string_view key);

struct ConfigSources {
    std::optional<std::filesystem::path> file;
    std::function<const char*(const std::string&)> environment; // getenv; an argument so that tests own it
    std::vector<std::pair<std::string, std::string>> flags;     // key, value
};
/// errc::bad_config: "releve.toml:7: collector.dlms_tcp: expected host:port, got 'x'".
[[nodiscard]] result<Config> load_config(const ConfigSources& sources);
/// Sets what the text of a file says; `file` is its name in errors, which are those of load_config.
[[nodiscard]] result<void> apply_config_text(Config& config, std::string_view toml, const std::filesystem::path& file);
/// TOML with every effective value, secrets as "(set)" or "(not set)"; a password inside an URL is hidden.
[[nodiscard]] std::string show_config(const Config& config);

/// The flags every command that needs the configuration has: --config, --data-dir, --database, --set.
struct ConfigFlags {
    std::string file, data_dir, database;
    std::vector<std::string> set;
    [[nodiscard]] result<Config> load() const;
};

} // namespace releve::app
