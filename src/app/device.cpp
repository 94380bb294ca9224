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
} // namespace

result<Device> make_device(const store::DeviceRow& row, const crypto::Key256& master, const ModelRegistry& models)
{
    Device device;
    device.meter = row.meter;
    device.serial = row.serial;
    device.installations = row.installations;
    RELEVE_TRY(title, parse_system_title(row.address));
    device.title = title;
    RELEVE_TRY(policy, dlms::parse_policy(row.policy));
    device.policy = policy;
    RELEVE_TRY(mode, parse_replay_mode(row.replay));
    device.replay_mode = mode;
    device.model = models.find(row.model);
    if (!device.model)
        return fail(errc::bad_model, "no meter model is named '" + row.model + "'");
    for (const store::WrappedKey& key : row.keys) {
        DeviceKeys keys{.generation = key.generation, .keys = {}};
        RELEVE_TRY(encryption, unwrap(master, row, key, key.encryption, "encryption"));
        keys.keys.encryption = encryption;
        if (!key.authentication.empty()) {
            RELEVE_TRY(authentication, unwrap(master, row, key, key.authentication, "authentication"));
            keys.keys.authentication = authentication;
        }
        device.keys.push_back(keys);
    }
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
