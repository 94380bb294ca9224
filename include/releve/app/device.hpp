#pragma once
// A meter as the collector holds it: keys unwrapped, model found, replay state. Belongs to one writer thread.

#include <releve/app/model_files.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/codec/replay.hpp>
#include <releve/net/frame.hpp>
#include <releve/store/records.hpp>

#include <map>

namespace releve::app {

struct DeviceKeys {
    std::uint16_t generation = 0;
    std::uint8_t key_id = 0; // KEYSEL of a Wize meter
    dlms::SecurityKeys keys; // of a Wize meter only `encryption`, its Kenc
};

/// A command that waits until its meter listens, or for the meter's answer.
struct PendingCommand {
    CommandId id;
    std::uint8_t key_id = 1;
    std::uint16_t counter = 0; // the same each time it is sent: a device then repeats its answer
    Bytes message;             // L7 in clear
    Instant expires_at{};
};

/// Replay windows are kept per key generation; unauthenticated frames have windows of their own, so that a forged
/// counter cannot block genuine frames.
using WindowId = std::uint16_t;
inline constexpr WindowId unauthenticated_window = 0x8000;

struct Device {
    // What an accepted frame changes.
    std::map<WindowId, ReplayWindow> windows;
    std::optional<Instant> last_accepted_at;
    bool replay_dirty = false;

    MeterId meter;
    net::FrameKind kind = net::FrameKind::dlms;
    DeviceAddress title{};
    std::string serial;
    dlms::Policy policy = dlms::Policy::authenticated_encrypted;
    ReplayMode replay_mode = ReplayMode::strict;
    const MeterModel* model = nullptr;
    std::vector<DeviceKeys> keys; // newest first
    std::vector<store::InstallationRow> installations;
    std::vector<PendingCommand> commands; // oldest first

    [[nodiscard]] const store::InstallationRow* installation_at(Instant at) const;
    /// What may be kept of frames that cannot be assigned to a day: the strictest of all installations.
    [[nodiscard]] bool daily_only() const;
    /// The newest key of a Wize meter's KEYSEL, or null.
    [[nodiscard]] const crypto::Key128* kenc(std::uint8_t keysel) const;
    [[nodiscard]] const ReplayWindow* window(WindowId id) const;
    [[nodiscard]] ReplayWindow& window_for_update(WindowId id);

    /// Ask for what judging a frame will read: the device itself, and once that is here, what it points to.
    void prefetch() const;
    void prefetch_parts() const;
};

/// errc::bad_value for a title, policy or replay word that is not right, errc::bad_model for an unknown model,
/// errc::key_wrap for a key the master key does not open.
[[nodiscard]] result<Device> make_device(const store::DeviceRow& row, const crypto::Key256& master,
                                         const ModelRegistry& models);
[[nodiscard]] result<SystemTitle> parse_system_title(std::string_view hex);
[[nodiscard]] std::string_view protocol_name(net::FrameKind kind); // "dlms", "wize", "tic"
[[nodiscard]] result<net::FrameKind> parse_protocol(std::string_view text);
[[nodiscard]] std::string to_text(const SystemTitle& title);
[[nodiscard]] result<ReplayMode> parse_replay_mode(std::string_view text);

void restore_replay(Device& device, const store::ReplayRow& row);
[[nodiscard]] store::ReplayRow saved_replay(const Device& device);

} // namespace releve::app
