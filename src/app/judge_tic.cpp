// What becomes of a dongle's frame: live values, unprotected, beside everything that is billed.

#include "judge_case.hpp"

#include <releve/codec/tic/frame.hpp>

namespace releve::app {

Judgement judge_tic(Case& c)
{
    const auto frame = tic::decode_frame(c.frame.apdu);
    if (!frame)
        return c.refuse(FrameState::malformed, to_string(frame.error()));
    if (!c.device)
        return c.refuse(FrameState::unknown_meter, "no dongle is registered for this meter's number");
    const store::InstallationRow* place = c.device->installation_at(c.frame.received_at);
    if (!place)
        return c.refuse(FrameState::time_out_of_range, "outside of the time the dongle is installed");
    if (place->collection == store::Collection::daily) {
        c.judgement.state = FrameState::not_agreed;
        return std::move(c.judgement);
    }
    // There is no counter on this line: live values only go forward, one frame a second.
    const auto second = static_cast<std::uint64_t>(c.frame.received_at.time_since_epoch().count());
    switch (check_replay(c, unauthenticated_window, second)) {
    case ReplayVerdict::fresh: break;
    case ReplayVerdict::duplicate: c.judgement.state = FrameState::duplicate; return std::move(c.judgement);
    case ReplayVerdict::replay: c.judgement.state = FrameState::outdated; return std::move(c.judgement);
    }
    store::FrameWrite write = new_write(c);
    for (const tic::LiveReading& live : tic::live_readings(*frame, c.frame.received_at))
        write.extra().live.push_back(
            {std::string{live.label}, c.frame.received_at, live.value, live.unit, live.scaler, live.is_power});
    c.judgement.state = FrameState::accepted_unconfirmed;
    c.judgement.write = std::move(write);
    return std::move(c.judgement);
}

} // namespace releve::app
