#include "judge_case.hpp"

#include <releve/app/day_writes.hpp>
#include <releve/core/limits.hpp>

namespace releve::app {

FrameState state_of(errc code)
{
    switch (code) {
    case errc::bad_tag: return FrameState::bad_tag;
    case errc::wrong_key: return FrameState::wrong_key;
    case errc::policy: return FrameState::policy;
    case errc::unsupported_security: return FrameState::unsupported;
    case errc::no_system_title: return FrameState::unknown_meter;
    case errc::no_key: return FrameState::no_key;
    case errc::bad_crc: return FrameState::bad_crc;
    case errc::unknown_protocol: return FrameState::unknown_protocol;
    case errc::unknown_network: return FrameState::unknown_network;
    case errc::unknown_frame: return FrameState::unknown_frame;
    case errc::gateway_auth: return FrameState::gateway_auth;
    case errc::time_out_of_range: return FrameState::time_out_of_range;
    default: return FrameState::malformed;
    }
}

Case::Case(const Device* from, net::InboundFrame& which, const JudgeRules& under)
    : device(from), frame(which), rules(under), judgement{}
{
    if (device)
        route.title = device->title;
    else
        route = route_of(frame);
}

Judgement Case::refuse(FrameState state, std::string detail)
{
    judgement.state = state;
    judgement.detail = detail;
    judgement.write.reset();
    judgement.reply.clear();
    judgement.window.reset();
    store::QuarantineWrite row{.reason = state,
                               .detail = std::move(detail),
                               .received_at = frame.received_at,
                               .peer = frame.peer ? *frame.peer : "",
                               .system_title = route.title ? to_text(*route.title) : "",
                               .meter = std::nullopt,
                               .counter = std::nullopt,
                               .frame = {},
                               .digest = judgement.digest,
                               .retry_of = frame.retry_of,
                               .protocol = std::string{protocol_name(frame.kind)},
                               .gateway = frame.gateway ? frame.gateway->id : ""};
    if (device)
        row.meter = device->meter;
    row.counter = counter_as_sent;
    // What may be read half-hours of a home that agreed to daily totals only is not kept: a message that has been
    // opened, or that was never closed. One that no key opens stays, so that it can be retried.
    const bool readable = !plaintext.empty() || !sealed;
    const bool private_content = device && device->daily_only() && readable && !frame.transport_error;
    if (frame.apdu.size() > limits::quarantine_frame_bytes_max)
        row.detail += " (" + std::to_string(frame.apdu.size()) + " bytes: too long to be kept)";
    else if (!private_content && frame.kind != net::FrameKind::tic) // nobody has agreed to a stranger's live values
        row.frame = std::move(frame.apdu);
    judgement.refused = std::move(row);
    return std::move(judgement);
}

store::FrameWrite new_write(const Case& c)
{
    store::FrameWrite write;
    write.meter = c.device->meter;
    write.generation = c.judgement.window.value_or(0);
    write.counter = c.judgement.counter;
    write.digest = c.judgement.digest;
    write.received_at = c.frame.received_at;
    return write;
}

Judgement keep_undecoded(Case& c, const Error& error)
{
    if (!c.authenticated)
        return c.refuse(FrameState::malformed, to_string(error));
    if (c.device->daily_only())
        return c.refuse(FrameState::undecoded_not_kept, to_string(error));
    c.judgement.state = FrameState::undecoded;
    c.judgement.detail = to_string(error);
    store::FrameWrite write = new_write(c);
    write.archive = std::move(c.frame.apdu);
    write.undecoded = true;
    write.undecoded_reason = to_string(error);
    c.judgement.write = std::move(write);
    return std::move(c.judgement);
}

Judgement store_content(Case& c, const PushContent& content, const Provenance& provenance, FrameState accepted)
{
    auto days = make_day_writes(*c.device, content, provenance, c.frame.received_at, *c.rules.zone);
    if (!days && days.error().code == errc::time_out_of_range)
        return c.refuse(FrameState::time_out_of_range, days.error().detail);
    if (!days)
        return keep_undecoded(c, days.error());
    store::FrameWrite write = new_write(c);
    write.readings = days->readings;
    write.interval_days = std::move(days->interval_days);
    write.register_days = std::move(days->register_days);
    write.daily_totals = std::move(days->daily_totals);
    if (!days->any_daily && !c.device->daily_only())
        write.archive = std::move(c.frame.apdu);
    for (const AlarmReading& alarm : content.alarms)
        write.extra().events.push_back({alarm.name, {}, alarm.at});
    c.judgement.state = accepted;
    c.judgement.write = std::move(write);
    return std::move(c.judgement);
}

void add_clock_alarm(const Case& c, Seconds off, store::FrameWrite& write)
{
    write.extra().events.push_back({std::string{store::clock_alarm_event}, std::to_string(off.count()) + " s", c.frame.received_at});
}

ReplayVerdict check_replay(Case& c, WindowId id, std::uint64_t counter)
{
    c.judgement.window = id;
    c.judgement.counter = counter;
    const ReplayWindow* window = c.device->window(id);
    return window ? window->check(counter, c.judgement.digest) : ReplayVerdict::fresh;
}

} // namespace releve::app
