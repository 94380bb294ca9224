#pragma once
// What judging has in common, whatever the protocol. Private to src/app.

#include <releve/app/judge.hpp>
#include <releve/codec/dlms/apdu.hpp>

namespace releve::app {

[[nodiscard]] FrameState state_of(errc code);

/// Everything known of a frame while it is judged.
struct Case {
    const Device* device;
    net::InboundFrame& frame;
    const JudgeRules& rules;
    Route route;
    std::optional<dlms::CipheredApdu> ciphered;    // of DLMS
    bool sealed = false;                           // nobody without the key reads it
    std::optional<std::uint64_t> counter_as_sent{};
    std::uint16_t generation = 0;
    std::size_t key_index = 0;
    bool authenticated = false;
    Bytes plaintext;
    std::optional<dlms::DataNotificationHead> notification; // of one whose body could be read, at least as a value
    std::string event_detail; // what is stored with an event beside its name and time
    Judgement judgement;

    Case(const Device* from, net::InboundFrame& which, const JudgeRules& under);

    Judgement refuse(FrameState state, std::string detail);
    Judgement refuse(const Error& error) { return refuse(state_of(error.code), to_string(error)); }
};

[[nodiscard]] store::FrameWrite new_write(const Case& c);
/// Genuine, but not understood: kept and confirmed with the judgement's reply, unless it comes from a home whose half-hours may
/// not be kept.
[[nodiscard]] Judgement keep_undecoded(Case& c, const Error& error);
/// Cuts readings into days and makes the write of them; `accepted` is the state if all is well.
[[nodiscard]] Judgement store_content(Case& c, const PushContent& content, const Provenance& provenance, FrameState accepted);
/// An event of the time of reception: the device's clock is so far off.
void add_clock_alarm(const Case& c, Seconds off, store::FrameWrite& write);
/// Whether the frame's counter was seen before; sets the judgement's window and counter.
[[nodiscard]] ReplayVerdict check_replay(Case& c, WindowId window, std::uint64_t counter);

[[nodiscard]] Judgement judge_wize(Case& c);
[[nodiscard]] Judgement judge_tic(Case& c);
/// An accepted frame from the archive, opened and read again; the judgement's window, counter and digest are set.
[[nodiscard]] result<Judgement> judge_wize_again(Case& c);

} // namespace releve::app
