#pragma once
// What becomes of one frame: the order of checks, from bytes to readings, a confirmation and a reason. Knows no socket,
// clock or database; changes nothing. The writer thread applies the judgement once it has decided to commit it.

#include <releve/app/device.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/net/frame.hpp>

namespace releve::app {

struct JudgeRules {
    SystemTitle acknowledgement_title{};
    bool general_ciphering = false;
    const Zone* zone = nullptr; // of the usage points' civil days
    std::shared_ptr<const std::vector<wize::NetworkKey>> networks; // radio networks that are ours
    Instant now{};              // a command is only sent while its meter still listens
};

struct Judgement {
    FrameState state = FrameState::malformed;
    std::string detail;
    std::optional<store::FrameWrite> write;       // accepted, accepted_unconfirmed, undecoded
    std::optional<store::QuarantineWrite> refused;
    Bytes reply;                                  // to send once committed; empty: nothing to answer
    std::chrono::milliseconds send_after{0};      // of a reply that a gateway is to send
    std::optional<store::ReceptionWrite> reception; // where an authentic frame was heard, also one heard before
    /// Where to note the counter when the frame is committed; nothing for clear frames.
    std::optional<WindowId> window;
    std::uint64_t counter = 0, digest = 0;
};

/// `device`: of the frame's title, null when none is known. Takes the frame's bytes if they are to be kept.
[[nodiscard]] Judgement judge(const Device* device, net::InboundFrame& frame, const JudgeRules& rules);

/// For a frame that was judged `undecoded` before and is authentic and committed: decodes it again under the device's
/// model, without the replay check. errc::undecoded if it still is.
[[nodiscard]] result<store::FrameWrite> judge_again(const Device& device, const store::ArchivedFrame& row,
                                                    const JudgeRules& rules);

/// The title that a frame names, or that its logical device name or its connection tells.
struct Route {
    std::optional<SystemTitle> title;
    bool clear = false; // the APDU itself is not ciphered
    std::string logical_device_name;
};
[[nodiscard]] Route route_of(const net::InboundFrame& frame);

[[nodiscard]] std::uint64_t frame_digest(ByteView apdu);

} // namespace releve::app
