#include <releve/app/config.hpp>

#include <releve/core/bytes.hpp>

#include <toml++/toml.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

namespace releve::app {

namespace {

Error bad(const std::string& form, std::string_view got)
{
    return fail(errc::bad_config, "expected " + form + ", got '" + std::string{got.substr(0, 60)} + "'");
}

result<Endpoint> parse_endpoint(std::string_view text)
{
    const auto colon = text.rfind(':');
    Endpoint endpoint;
    if (colon == std::string_view::npos || colon == 0)
        return bad("host:port", text);
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (host.find_first_of("[]") != std::string_view::npos)
        return bad("host:port", text);
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size())
        return bad("host:port", text);
    endpoint.address = host;
    return endpoint;
}

std::string to_text(const std::optional<Endpoint>& endpoint)
{
    if (!endpoint)
        return "";
    const bool v6 = endpoint->address.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint->address + "]" : endpoint->address) + ":" + std::to_string(endpoint->port);
}

/// The row for a member of one of Config's groups, by the member's type.
template <class Group, class Member>
struct Place {
    Group Config::*group;
    Member Group::*member;
    Member& in(Config& config) const { return config.*group.*member; }
    const Member& in(const Config& config) const { return config.*group.*member; }
};

template <class Group>
Setting endpoint(std::string_view key, Place<Group, std::optional<Endpoint>> at, std::string_view help)
{
    return {key, "host:port, or empty to switch off", help, false,
            [at](Config& config, std::string_view text) -> result<void> {
                if (text.empty()) {
                    at.in(config).reset();
                    return {};
                }
                RELEVE_TRY(value, parse_endpoint(text));
                at.in(config) = value;
                return {};
            },
            [at](const Config& config) { return to_text(at.in(config)); }};
}

template <class Group>
Setting path(std::string_view key, Place<Group, std::filesystem::path> at, std::string_view help)
{
    return {key, "path", help, false,
            [at](Config& config, std::string_view text) -> result<void> {
                at.in(config) = std::string{text};
                return {};
            },
            [at](const Config& config) { return at.in(config).string(); }};
}

template <class Group>
Setting number(std::string_view key, Place<Group, std::int64_t> at, std::int64_t low, std::int64_t high,
               std::string_view help)
{
    return {key, "a whole number", help, false,
            [at, low, high](Config& config, std::string_view text) -> result<void> {
                std::int64_t value = 0;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
                if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high)
                    return bad("a whole number from " + std::to_string(low) + " to " + std::to_string(high), text);
                at.in(config) = value;
                return {};
            },
            [at](const Config& config) { return std::to_string(at.in(config)); }};
}

template <class Group>
Setting flag(std::string_view key, Place<Group, bool> at, std::string_view help)
{
    return {key, "true or false", help, false,
            [at](Config& config, std::string_view text) -> result<void> {
                if (text != "true" && text != "false")
                    return bad("true or false", text);
                at.in(config) = text == "true";
                return {};
            },
            [at](const Config& config) { return std::string{at.in(config) ? "true" : "false"}; }};
}

template <class Group>
Setting choice(std::string_view key, Place<Group, std::string> at, std::vector<std::string> values,
               std::string_view help)
{
    std::string form;
    for (const std::string& value : values)
        form += (form.empty() ? "" : ", ") + value;
    return {key, "one of a few words", help, false,
            [at, values, form](Config& config, std::string_view text) -> result<void> {
                if (std::find(values.begin(), values.end(), text) == values.end())
                    return bad("one of: " + form, text);
                at.in(config) = text;
                return {};
            },
            [at](const Config& config) { return at.in(config); }};
}

Setting data_dir_setting()
{
    return {"data_dir", "path", "Where everything is kept that is not in your own database.", false,
            [](Config& config, std::string_view text) -> result<void> {
                config.data_dir = std::string{text};
                return {};
            },
            [](const Config& config) { return config.data_dir.string(); }};
}

Setting system_title_setting()
{
    return {"collector.acknowledgement_system_title", "16 hex digits",
            "Our name in confirmations. No meter may have it; do not change it later.", false,
            [](Config& config, std::string_view text) -> result<void> {
                const auto bytes = from_hex(text);
                if (!bytes || bytes->size() != 8)
                    return bad("16 hex digits", text);
                config.collector.acknowledgement_system_title = to_hex(*bytes);
                return {};
            },
            [](const Config& config) { return config.collector.acknowledgement_system_title; }};
}

Setting database_url_setting()
{
    return {"database.url", "postgresql://...", "Your own PostgreSQL; empty: Relevé runs one itself.", true,
            [](Config& config, std::string_view text) -> result<void> {
                if (!text.empty() && !text.starts_with("postgresql://") && !text.starts_with("postgres://"))
                    return fail(errc::bad_config, "expected an URL that begins with postgresql://");
                // Else the database's client takes the password for a host, and says that it does not find it.
                const std::string_view login = text.substr(0, std::min(text.rfind('@'), text.size()));
                if (login.size() < text.size() && login.find_first_of("@/", login.find("://") + 3) != login.npos)
                    return fail(errc::bad_config, "in a password @ is written %40 and / is written %2F");
                config.database.url = text;
                return {};
            },
            [](const Config& config) { return config.database.url; }};
}

std::vector<Setting> make_settings()
{
    using C = Config::Collector;
    using A = Config::Api;
    using R = Config::Retention;
    const auto c = [](auto member) { return Place<C, std::remove_reference_t<decltype(C{}.*member)>>{&Config::collector, member}; };
    const auto a = [](auto member) { return Place<A, std::remove_reference_t<decltype(A{}.*member)>>{&Config::api, member}; };
    const auto r = [](auto member) { return Place<R, std::remove_reference_t<decltype(R{}.*member)>>{&Config::retention, member}; };
    return {
        data_dir_setting(),
        endpoint("collector.dlms_tcp", c(&C::dlms_tcp), "Meters' pushes over plain TCP."),
        endpoint("collector.dlms_tls", c(&C::dlms_tls), "Meters' pushes over TLS; needs tls_cert and tls_key."),
        endpoint("collector.uplink", c(&C::uplink),
                 "Gateways and concentrators, over TLS; needs tls_cert, tls_key and uplink_client_ca."),
        path("collector.uplink_client_ca", c(&C::uplink_client_ca), "Who signs gateways' certificates, PEM."),
        number("collector.uplink_connections_max", c(&C::uplink_connections_max), 1, 100'000, "Open connections of gateways."),
        path("collector.tls_cert", c(&C::tls_cert), "Certificate chain, PEM."),
        path("collector.tls_key", c(&C::tls_key), "Its private key, PEM."),
        path("collector.tls_client_ca", c(&C::tls_client_ca), "Who may sign clients' certificates, PEM."),
        choice("collector.tls_client_certificate", c(&C::tls_client_certificate), {"off", "optional", "required"},
               "Whether clients must show a certificate."),
        choice("collector.tls_min_version", c(&C::tls_min_version), {"1.2", "1.3"}, "Oldest TLS version accepted."),
        system_title_setting(),
        number("collector.handshake_timeout_s", c(&C::handshake_timeout_s), 1, 300, "TLS handshake."),
        number("collector.message_timeout_s", c(&C::message_timeout_s), 1, 3'600, "From first to last byte of a message."),
        number("collector.idle_timeout_s", c(&C::idle_timeout_s), 1, 86'400, "Between messages."),
        number("collector.write_timeout_s", c(&C::write_timeout_s), 1, 3'600, "Until a confirmation is taken."),
        number("collector.connections_max", c(&C::connections_max), 1, 1'000'000, "Open connections at each port."),
        number("collector.connections_per_address_max", c(&C::connections_per_address_max), 1, 1'000'000,
               "Open connections of one address."),
        number("collector.handshakes_max", c(&C::handshakes_max), 1, 10'000, "TLS handshakes at a time."),
        number("collector.handshakes_per_address_max", c(&C::handshakes_per_address_max), 1, 10'000,
               "TLS handshakes of one address at a time."),
        number("collector.frames_outstanding_max", c(&C::frames_outstanding_max), 1, 10'000,
               "Messages of a connection that are not committed yet; then it is not read."),
        number("collector.apdu_bytes_max", c(&C::apdu_bytes_max), 64, 65'535, "Longest message."),
        number("collector.queue_frames", c(&C::queue_frames), 16, 1'000'000,
               "Messages waiting for each writer; when full, sockets are not read."),
        number("collector.writers", c(&C::writers), 1, 64, "Threads that decrypt and write, one connection each."),
        number("collector.network_threads", c(&C::network_threads), 1, 64, "Threads that read sockets."),
        number("collector.batch_frames", c(&C::batch_frames), 1, 1'000, "Messages committed together at most."),
        number("collector.batch_wait_ms", c(&C::batch_wait_ms), 0, 1'000, "How long a message waits for company."),
        number("collector.checkpoint_s", c(&C::checkpoint_s), 1, 3'600,
               "How often counters are written down and silent meters are looked for."),
        flag("collector.general_ciphering", c(&C::general_ciphering), "Accept general-ciphering (experimental)."),
        endpoint("api.listen", a(&A::listen), "REST API and web page."),
        number("api.database_threads", a(&A::database_threads), 1, 64, "Threads that read the database."),
        flag("api.metrics_open_to_loopback", a(&A::metrics_open_to_loopback), "/metrics without a token on this machine."),
        database_url_setting(),
        path("keys.master_key_file", Place<Config::Keys, std::filesystem::path>{&Config::keys, &Config::Keys::master_key_file},
             "32 bytes, mode 0600; made on first use in data_dir when not given."),
        path("models.dir", Place<Config::Models, std::filesystem::path>{&Config::models, &Config::Models::dir},
             "Folder with further meter models (*.json)."),
        number("retention.archive_days", r(&R::archive_days), 1, 3'650, "How long messages are kept as received."),
        number("retention.quarantine_days", r(&R::quarantine_days), 1, 3'650, "How long refused messages are kept."),
        number("retention.quarantine_rows", r(&R::quarantine_rows), 100, 100'000'000, "How many refused messages are kept."),
        number("retention.quarantine_rows_per_meter", r(&R::quarantine_rows_per_meter), 10, 1'000'000, "And of one meter."),
        path("validation.rules", Place<Config::Validation, std::filesystem::path>{&Config::validation, &Config::Validation::rules},
             "File of rules for readings, all of them; the shipped ones when not given."),
        number("validation.estimate_after_h",
               Place<Config::Validation, std::int64_t>{&Config::validation, &Config::Validation::estimate_after_h}, 1, 8'760,
               "How long readings may still come before they are estimated."),
        choice("log.level", Place<Config::Log, std::string>{&Config::log, &Config::Log::level},
               {"debug", "info", "warning", "error"}, "What is logged."),
    };
}

std::string value_text(const toml::node& node)
{
    if (const auto text = node.value<std::string>())
        return *text;
    if (const auto number = node.value_exact<std::int64_t>())
        return std::to_string(*number);
    if (const auto truth = node.value_exact<bool>())
        return *truth ? "true" : "false";
    return "(not a text, whole number or truth value)";
}

Error at_line(const std::filesystem::path& file, std::size_t line, const std::string& what)
{
    return fail(errc::bad_config, file.string() + ":" + std::to_string(line) + ": " + what);
}

/// A zero byte would end a path or an URL early for whom it is passed to, and no file or log wants the others.
result<void> apply(Config& config, const Setting& setting, std::string_view text)
{
    if (std::ranges::any_of(text, [](unsigned char c) { return std::iscntrl(c) != 0; }))
        return fail(errc::bad_config, "expected " + std::string{setting.form} + ", without control characters");
    return setting.set(config, text);
}

result<void> apply_table(Config& config, const std::filesystem::path& file, const toml::table& table,
                         const std::string& prefix)
{
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string{name.str()};
        const std::size_t line = node.source().begin.line;
        if (const toml::table* inner = node.as_table(); inner && prefix.empty()) {
            RELEVE_CHECK(apply_table(config, file, *inner, key + "."));
            continue;
        }
        const Setting* setting = find_setting(key);
        if (!setting)
            return at_line(file, line, key + ": no such setting");
        if (auto set = apply(config, *setting, value_text(node)); !set)
            return at_line(file, line, key + ": " + set.error().detail);
    }
    return {};
}

template <class Parse>
result<void> apply_toml(Config& config, const std::filesystem::path& file, Parse parse)
try {
    const toml::table table = parse();
    return apply_table(config, file, table, "");
} catch (const toml::parse_error& e) {
    return at_line(file, e.source().begin.line, std::string{e.description()});
}

result<void> apply_environment(Config& config, const ConfigSources& sources)
{
    if (!sources.environment)
        return {};
    for (const Setting& setting : settings()) {
        const std::string name = environment_name(setting.key);
        const char* value = sources.environment(name);
        if (!value)
            continue;
        if (auto set = apply(config, setting, value); !set)
            return fail(errc::bad_config, name + ": " + set.error().detail);
    }
    return {};
}

result<void> apply_flags(Config& config, const ConfigSources& sources)
{
    for (const auto& [key, value] : sources.flags) {
        const Setting* setting = find_setting(key);
        if (!setting)
            return fail(errc::bad_config, key + ": no such setting");
        if (auto set = apply(config, *setting, value); !set)
            return fail(errc::bad_config, key + ": " + set.error().detail);
    }
    return {};
}

std::filesystem::path default_data_dir(const ConfigSources& sources)
{
    if (::geteuid() == 0)
        return "/var/lib/releve";
    const auto variable = [&](const char* name) -> std::string {
        const char* value = sources.environment ? sources.environment(name) : nullptr;
        return value ? value : "";
    };
    if (const std::string state = variable("XDG_STATE_HOME"); !state.empty())
        return std::filesystem::path{state} / "releve";
    return std::filesystem::path{variable("HOME")} / ".local/state/releve";
}

/// What no single setting can say.
result<void> check_together(const Config& config)
{
    const auto& collector = config.collector;
    if (collector.dlms_tls && (collector.tls_cert.empty() || collector.tls_key.empty()))
        return fail(errc::bad_config, "collector.dlms_tls: needs collector.tls_cert and collector.tls_key");
    if (collector.uplink && (collector.tls_cert.empty() || collector.tls_key.empty() || collector.uplink_client_ca.empty()))
        return fail(errc::bad_config,
                    "collector.uplink: needs collector.tls_cert, collector.tls_key and collector.uplink_client_ca");
    if (collector.tls_client_certificate != "off" && collector.tls_client_ca.empty())
        return fail(errc::bad_config, "collector.tls_client_certificate: needs collector.tls_client_ca");
    return {};
}

/// "postgresql://user:secret@host/db?password=secret" without the secrets.
std::string without_password(std::string url)
{
    constexpr std::string_view hidden = "(hidden)", parameter = "password="; // and sslpassword=
    const auto login = url.find("://"), end = url.rfind('@');
    if (login != std::string::npos && end != std::string::npos)
        if (const auto colon = url.find(':', login + 3); colon < end)
            url.replace(colon + 1, end - colon - 1, hidden);
    for (std::size_t at = url.find(parameter); at != std::string::npos; at = url.find(parameter, at)) {
        at += parameter.size();
        url.replace(at, std::min(url.find('&', at), url.size()) - at, hidden);
    }
    return url;
}

} // namespace

std::span<const Setting> settings()
{
    static const std::vector<Setting> table = make_settings();
    return table;
}

const Setting* find_setting(std::string_view key)
{
    for (const Setting& setting : settings())
        if (setting.key == key)
            return &setting;
    return nullptr;
}

std::string environment_name(std::string_view key)
{
    std::string name = "RELEVE_";
    for (char c : key)
        name.push_back(c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
    return name;
}

result<void> apply_config_text(Config& config, std::string_view toml, const std::filesystem::path& file)
{
    return apply_toml(config, file, [&] { return ::toml::parse(toml, file.string()); });
}

result<Config> load_config(const ConfigSources& sources)
{
    Config config;
    if (sources.file)
        RELEVE_CHECK(apply_toml(config, *sources.file, [&] { return toml::parse_file(sources.file->string()); }));
    RELEVE_CHECK(apply_environment(config, sources));
    RELEVE_CHECK(apply_flags(config, sources));
    RELEVE_CHECK(check_together(config));
    if (config.data_dir.empty())
        config.data_dir = default_data_dir(sources);
    config.data_dir = std::filesystem::absolute(config.data_dir);
    if (config.keys.master_key_file.empty())
        config.keys.master_key_file = config.data_dir / "master.key";
    return config;
}

std::string show_config(const Config& config)
{
    std::string text;
    std::string group;
    for (const Setting& setting : settings()) {
        const auto dot = setting.key.find('.');
        const std::string in = dot == std::string_view::npos ? "" : std::string{setting.key.substr(0, dot)};
        if (in != group)
            text += "\n[" + (group = in) + "]\n";
        const std::string value = setting.get(config);
        const bool bare = setting.form == "a whole number" || setting.form == "true or false";
        const std::string shown = setting.secret ? without_password(value) : value;
        std::string quoted = "\"";
        for (char c : shown)
            quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
        quoted += "\"";
        text += std::string{setting.key.substr(dot == std::string_view::npos ? 0 : dot + 1)} + " = " +
                (bare ? shown : quoted) + "  # " + std::string{setting.help} + "\n";
    }
    return text;
}

result<Config> ConfigFlags::load() const
{
    ConfigSources sources;
    sources.environment = [](const std::string& name) { return std::getenv(name.c_str()); };
    if (!file.empty())
        sources.file = file;
    if (!data_dir.empty())
        sources.flags.emplace_back("data_dir", data_dir);
    if (!database.empty())
        sources.flags.emplace_back("database.url", database);
    for (const std::string& text : set) {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            return fail(errc::bad_config, "--set " + text + ": expected key=value");
        sources.flags.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return load_config(sources);
}

} // namespace releve::app
