// What becomes of a Wize frame. The checks come in the order in which their failure is the true reason.

#include "judge_case.hpp"

#include <releve/codec/wize/admin.hpp>
#include <releve/codec/wize/message.hpp>
#include <releve/core/limits.hpp>

#include <algorithm>

namespace releve::app {

namespace {

// A RESPONSE repeats its COMMAND's counter, so it has a window of its own.
constexpr WindowId data_window = 1, response_window = 2, install_window = 3;
constexpr std::uint64_t jump_max = 4'096; // of a counter: five years of two messages a day
constexpr const char* install_event = "installation_ping";

struct Opened {
    wize::ExchangeFrame frame;
    crypto::Key128 kmac;
};

bool is_data(const wize::ExchangeFrame& frame)
{
    return frame.is(wize::FrameType::data) || frame.is(wize::FrameType::data_prio);
}

/// What every copy of an emission has in common, and a stored answer that is sent again: whatever else differs is not under the
/// device's key.
std::uint64_t emission_digest(const wize::ExchangeFrame& frame)
{
    Writer writer;
    writer.u8(frame.c).bytes(frame.address).u16_be(frame.cpt).u8(frame.app).bytes(frame.hashkenc);
    return frame_digest(writer.view());
}

WindowId window_of(const wize::ExchangeFrame& frame)
{
    return is_data(frame) ? data_window : frame.is(wize::FrameType::response) ? response_window : install_window;
}

/// Up to what needs no knowledge of the device.
result<Opened> check_outside(Case& c)
{
    const wize::FrameRules rules{.old_ci = !c.device || c.device->model->wize.old_ci,
                                 .crc_may_be_zero = c.frame.gateway && c.frame.gateway->crc_may_be_zero};
    RELEVE_TRY(frame, wize::decode_exchange(c.frame.apdu, rules));
    c.sealed = frame.keysel != wize::keysel_none;
    c.counter_as_sent = frame.cpt;
    static const std::vector<wize::NetworkKey> none;
    RELEVE_TRY(network, wize::check_network(frame, c.rules.networks ? *c.rules.networks : none));
    return Opened{frame, network->kmac};
}

result<void> open_inside(Case& c, const Opened& opened)
{
    // Without a key only installation is spoken of; anybody with the network's key could have written the rest.
    if (!c.sealed && !opened.frame.is(wize::FrameType::instping))
        RELEVE_CHECK(dlms::check_policy(c.device->policy, std::nullopt));
    // A meter goes on with its old key of a number until it has taken the new one.
    result<Bytes> l7 = wize::open_exchange(opened.frame, nullptr, opened.kmac);
    for (std::size_t i = 0; !l7 && i < c.device->keys.size(); ++i)
        if (c.device->keys[i].key_id == opened.frame.keysel) {
            l7 = wize::open_exchange(opened.frame, &c.device->keys[i].keys.encryption, opened.kmac);
            c.key_index = i;
        }
    if (!l7)
        return l7.error();
    c.plaintext = std::move(*l7);
    c.authenticated = c.sealed;
    return {};
}

/// Of a number that has an old and a new key, the one that the meter has just used.
const crypto::Key128* command_key(const Case& c, const Opened& opened, std::uint8_t key_id)
{
    if (c.sealed && opened.frame.keysel == key_id)
        return &c.device->keys[c.key_index].keys.encryption;
    return c.device->kenc(key_id);
}

void note_clock(Case& c, const wize::ExchangeFrame& frame, store::FrameWrite& write)
{
    const WizeOptions& options = c.device->model->wize;
    const Seconds off = wize::emission_time(frame.tstamp, c.frame.received_at, options.clock_base) - c.frame.received_at;
    if (std::chrono::abs(off) > options.clock_alarm)
        add_clock_alarm(c, off, write);
}

/// While the device still listens: the oldest command that is not too old, as a frame for the gateway.
void add_command(Case& c, const Opened& opened, store::FrameWrite& write)
{
    if (c.device->commands.empty() || !c.frame.gateway || !c.frame.reply_to)
        return;
    const Seconds delay = c.device->model->wize.receive_delay;
    if (c.rules.now > c.frame.received_at + delay)
        return;
    for (const PendingCommand& command : c.device->commands) {
        const crypto::Key128* key = command_key(c, opened, command.key_id);
        if (command.expires_at <= c.rules.now || !key)
            continue;
        const wize::Outgoing out{.c = wize::FrameType::command,
                                 .address = c.device->title,
                                 .ci = opened.frame.ci,
                                 .keysel = command.key_id,
                                 .netid = opened.frame.netid,
                                 .cpt = command.counter,
                                 .app = wize::admin_app,
                                 .tstamp = wize::tstamp_at(c.rules.now, c.device->model->wize.clock_base),
                                 .l7 = command.message};
        c.judgement.reply = wize::encode_exchange(out, key, opened.kmac);
        c.judgement.send_after = delay;
        write.extra().command_sent = command.id;
        return;
    }
}

Judgement judge_data(Case& c, const Opened& opened)
{
    auto content = wize::decode_message(*c.device->model, opened.frame.app, c.plaintext);
    if (content && content->opaque) // kept until a layout says more
        content = fail(errc::undecoded, "the layout " + content->layout + " is opaque");
    // C is not under the device's key: an answer made to look like data is garbled, and must not move the counter.
    const ReplayWindow* window = c.device->window(data_window);
    if (!content && window && window->last() && c.judgement.counter > *window->last() + limits::replay_window)
        return c.refuse(FrameState::replay, "not understood, and its counter jumps");
    const Provenance provenance{.authenticated = c.authenticated,
                                .key_generation = 0, // the extended counter goes on under every key
                                .counter = c.judgement.counter,
                                .quality = Quality::raw,
                                .batch = 0};
    Judgement judgement = content ? store_content(c, *content, provenance, FrameState::accepted_unconfirmed)
                                  : keep_undecoded(c, content.error());
    if (!judgement.write)
        return judgement;
    note_clock(c, opened.frame, *judgement.write);
    c.judgement = std::move(judgement);
    add_command(c, opened, *c.judgement.write);
    return std::move(c.judgement);
}

std::string result_text(const wize::AdminResponse& response)
{
    std::string text{wize::response_error_name(response.command, response.error)};
    if (response.faulty)
        text += " (parameter " + std::to_string(*response.faulty) + ")";
    for (const wize::ParameterValue& value : response.values) {
        const wize::ParameterRow* row = wize::find_parameter(value.id);
        text += "; " + (row ? std::string{row->name} : std::to_string(value.id)) + " = " + to_hex(value.value);
    }
    return text;
}

/// The answer to the command whose counter it repeats. Nothing else moves the window: C is not under the device's key.
Judgement judge_response(Case& c, const Opened& opened)
{
    const auto command = std::ranges::find(c.device->commands, opened.frame.cpt, &PendingCommand::counter);
    const auto response = wize::decode_response(c.plaintext);
    const bool fits = command != c.device->commands.end() && response && !command->message.empty() &&
                      response->command == std::to_integer<std::uint8_t>(command->message.front());
    if (!fits)
        return c.refuse(FrameState::unknown_frame, "answers no command that waits");
    store::FrameWrite write = new_write(c);
    write.extra().command_result = {command->id, response->error == 0, result_text(*response)};
    c.judgement.state = FrameState::accepted_unconfirmed;
    c.judgement.write = std::move(write);
    return std::move(c.judgement);
}

Judgement judge_install(Case& c)
{
    const auto ping = wize::decode_instping(c.plaintext);
    if (!ping)
        return c.refuse(FrameState::malformed, to_string(ping.error()));
    // Whoever has the network's key may have sent it: it moves no counter, and one a day is noted.
    c.judgement.window.reset();
    store::FrameWrite write = new_write(c);
    write.extra().events.push_back({install_event, "channel " + std::to_string(ping->down_channel),
                                    Instant{std::chrono::floor<std::chrono::days>(c.frame.received_at)}});
    c.judgement.state = FrameState::accepted_unconfirmed;
    c.judgement.write = std::move(write);
    return std::move(c.judgement);
}

Judgement judge_inside(Case& c, const Opened& opened)
{
    if (is_data(opened.frame))
        return judge_data(c, opened);
    return opened.frame.is(wize::FrameType::response) ? judge_response(c, opened) : judge_install(c);
}

} // namespace

Judgement judge_wize(Case& c)
{
    const auto opened = check_outside(c);
    if (!opened)
        return c.refuse(opened.error());
    if (!c.device)
        return c.refuse(FrameState::unknown_meter, "no meter has this address");
    if (auto inside = open_inside(c, *opened); !inside)
        return c.refuse(inside.error());
    c.judgement.digest = emission_digest(opened->frame);
    const WindowId id = window_of(opened->frame);
    const ReplayWindow* window = c.device->window(id);
    const std::uint64_t counter = wize::extend_counter(opened->frame.cpt, window ? window->last() : std::nullopt);
    const ReplayVerdict verdict = check_replay(c, id, counter);
    if (verdict == ReplayVerdict::replay)
        return c.refuse(FrameState::replay, "counter " + std::to_string(opened->frame.cpt) +
                                                " was used for another message or is too old");
    if (window && window->last() && counter > *window->last() + jump_max)
        return c.refuse(FrameState::replay, "counter " + std::to_string(opened->frame.cpt) + " jumps too far ahead");
    if (is_data(opened->frame) && c.frame.gateway && c.frame.reply_to) // one that is tried again is not heard again
        c.judgement.reception =
            store::ReceptionWrite{c.device->meter, counter, c.frame.gateway->id, c.frame.signal_dbm, c.frame.received_at, 1};
    if (verdict == ReplayVerdict::duplicate) {
        c.judgement.state = FrameState::duplicate;
        return std::move(c.judgement);
    }
    return judge_inside(c, *opened);
}

result<Judgement> judge_wize_again(Case& c)
{
    // Its CRC and its network were looked at when it came, under the key of then.
    RELEVE_TRY(frame, wize::decode_exchange(c.frame.apdu, {.old_ci = true, .crc_may_be_zero = true}));
    c.sealed = frame.keysel != wize::keysel_none;
    const Opened opened{frame, {}};
    RELEVE_CHECK(open_inside(c, opened));
    return judge_inside(c, opened);
}

} // namespace releve::app
