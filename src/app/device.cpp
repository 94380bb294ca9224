#include <releve/app/device.hpp>

#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::app {

const store::InstallationRow* Device::installation_at(Instant at) const
{
    const auto found = std::find_if(installations.begin(), installations.end(),
                                    [&](const store::InstallationRow& i) { return i.validity.contains(at); });
    return found == installations.end() ? nullptr : &*found;
}

bool Device::daily_only() const
{
    return installations.empty() || std::any_of(installations.begin(), installations.end(), [](const auto& i) {
               return i.collection == store::Collection::daily;
           });
}

const crypto::Key128* Device::kenc(std::uint8_t keysel) const
{
    const auto found = std::ranges::find(keys, keysel, &DeviceKeys::key_id); // newest first
    return found == keys.end() ? nullptr : &found->keys.encryption;
}

const ReplayWindow* Device::window(WindowId id) const
{
    const auto found = windows.find(id);
    return found == windows.end() ? nullptr : &found->second;
}

ReplayWindow& Device::window_for_update(WindowId id)
{
    return windows.try_emplace(id, replay_mode).first->second;
}

void Device::prefetch() const
{
    constexpr std::size_t line = 64;
    for (std::size_t offset = 0; offset < sizeof *this; offset += line)
        __builtin_prefetch(reinterpret_cast<const char*>(this) + offset);
}

void Device::prefetch_parts() const
{
    __builtin_prefetch(keys.data());
    __builtin_prefetch(installations.data());
    if (!windows.empty() && !windows.begin()->second.recent().empty())
        __builtin_prefetch(&windows.begin()->second.recent().back());
}

result<SystemTitle> parse_system_title(std::string_view hex)
{
    RELEVE_TRY(bytes, from_hex(hex));
    SystemTitle title;
    if (bytes.size() != title.size())
        return fail(errc::bad_value, "a system title has 16 hex digits");
    std::copy(bytes.begin(), bytes.end(), title.begin());
    return title;
}

std::string to_text(const SystemTitle& title)
{
    return to_hex(title);
}

namespace {
constexpr std::pair<std::string_view, net::FrameKind> protocols[] = {
    {"dlms", net::FrameKind::dlms}, {"wize", net::FrameKind::wize}, {"tic", net::FrameKind::tic}};
} // namespace

std::string_view protocol_name(net::FrameKind kind)
{
    return std::ranges::find(protocols, kind, [](const auto& row) { return row.second; })->first;
}

result<net::FrameKind> parse_protocol(std::string_view text)
{
    for (const auto& [name, kind] : protocols)
        if (name == text)
            return kind;
    return fail(errc::bad_value, "expected dlms, wize or tic, got '" + std::string{text.substr(0, 40)} + "'");
}

result<ReplayMode> parse_replay_mode(std::string_view text)
{
    if (text.empty() || text == "strict")
        return ReplayMode::strict;
    if (text == "window")
        return ReplayMode::window;
    return fail(errc::bad_value, "expected strict or window, got '" + std::string{text.substr(0, 40)} + "'");
}

namespace {
result<crypto::Key128> unwrap(const crypto::Key256& master, const store::DeviceRow& row, const store::WrappedKey& key,
                              ByteView wrapped, std::string_view role)
{
    RELEVE_TRY(secret, crypto::unwrap_secret(master, wrapped, store::key_context(row.meter, key.generation, role)));
    auto unwrapped = crypto::Key128::from(secret);
    crypto::wipe(secret.data(), secret.size());
    return unwrapped;
}

result<PendingCommand> pending_command(const crypto::Key256& master, const store::CommandRow& row)
{
    RELEVE_TRY(message, crypto::unwrap_secret(master, row.payload, store::command_context(row.meter, row.counter)));
    return PendingCommand{row.id, row.key_id, row.counter, std::move(message), row.expires_at};
}
} // namespace

result<Device> make_device(const store::DeviceRow& row, const crypto::Key256& master, const ModelRegistry& models)
{
    Device device;
    device.meter = row.meter;
    RELEVE_TRY(kind, parse_protocol(row.protocol));
    device.kind = kind;
    device.serial = row.serial;
    device.installations = row.installations;
    RELEVE_TRY(title, parse_system_title(row.address));
    device.title = title;
    RELEVE_TRY(policy, dlms::parse_policy(row.policy));
    device.policy = policy;
    RELEVE_TRY(mode, parse_replay_mode(row.replay));
    // Gateways reorder what a gas meter sends; live values only go forward.
    if (kind != net::FrameKind::dlms)
        mode = kind == net::FrameKind::wize ? ReplayMode::window : ReplayMode::strict;
    device.replay_mode = mode;
    device.model = models.find(row.model);
    if (!device.model)
        return fail(errc::bad_model, "no meter model is named '" + row.model + "'");
    if (device.model->protocol != row.protocol)
        return fail(errc::bad_model, "the model " + row.model + " is of the protocol " + device.model->protocol);
    for (const store::WrappedKey& key : row.keys) {
        DeviceKeys keys{.generation = key.generation, .key_id = key.key_id, .keys = {}};
        RELEVE_TRY(encryption, unwrap(master, row, key, key.encryption, "encryption"));
        keys.keys.encryption = encryption;
        if (!key.authentication.empty()) {
            RELEVE_TRY(authentication, unwrap(master, row, key, key.authentication, "authentication"));
            keys.keys.authentication = authentication;
        }
        device.keys.push_back(keys);
    }
    for (const store::CommandRow& command : row.commands)
        if (auto pending = pending_command(master, command)) // one that cannot be opened expires
            device.commands.push_back(std::move(*pending));
    return device;
}

void restore_replay(Device& device, const store::ReplayRow& row)
{
    for (const store::CounterRow& counter : row.recent)
        device.window_for_update(counter.generation).accept(counter.counter, counter.digest);
    device.last_accepted_at = row.last_accepted_at;
}

store::ReplayRow saved_replay(const Device& device)
{
    store::ReplayRow row{.meter = device.meter, .recent = {}, .last_accepted_at = device.last_accepted_at};
    for (const auto& [id, window] : device.windows)
        for (const auto& entry : window.recent())
            row.recent.push_back({device.meter, id, entry.counter, entry.digest});
    return row;
}

} // namespace releve::app
