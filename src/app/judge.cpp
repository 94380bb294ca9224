#include "judge_case.hpp"

#include <releve/codec/dlms/push.hpp>
#include <releve/codec/tic/frame.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/core/limits.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::uint8_t tag_data_notification = 0x0f;
constexpr std::uint8_t tag_event_notification = 0xc2;
constexpr std::uint8_t tag_general_glo = 0xdb;
constexpr std::uint8_t tag_general_ciphering = 0xdd;
constexpr Seconds clock_ahead_max{60}; // clocks of networks and machines differ too

std::uint8_t first_octet(ByteView bytes)
{
    return bytes.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(bytes.front());
}

bool is_push_tag(std::uint8_t tag)
{
    return tag == tag_data_notification || tag == tag_event_notification;
}

/// Tries the device's keys, newest first: a meter goes on with its old key until it has taken the new one.
result<void> open_with_any_key(Case& c)
{
    std::optional<Error> first;
    for (std::size_t i = 0; i < c.device->keys.size(); ++i) {
        auto opened = dlms::unprotect(*c.ciphered, c.device->keys[i].keys, c.route.title);
        // Without a tag any key "opens": then only what looks like a push was opened by the right one.
        if (opened && !opened->authenticated && !is_push_tag(first_octet(opened->plaintext)))
            opened = fail(errc::wrong_key, "what this key deciphers is no push");
        if (opened) {
            c.generation = c.device->keys[i].generation;
            c.key_index = i;
            c.authenticated = opened->authenticated;
            c.plaintext = std::move(opened->plaintext);
            return {};
        }
        if (!first || opened.error().code == errc::bad_tag)
            first = opened.error();
    }
    RELEVE_ASSERT(first);
    return *first;
}

/// What a confirmed push is answered with: protected as it was, under our title and the meter's own counter, so that
/// the same push always gets the same bytes.
Bytes confirmation(const Case& c)
{
    if (!c.notification || !c.notification->invoke_id.confirmed())
        return {};
    Bytes confirm = dlms::encode_data_notification_confirm(c.notification->invoke_id, c.notification->date_time_octets);
    if (!c.ciphered)
        return confirm;
    const dlms::Protection protection{.tag = c.ciphered->tag == tag_general_ciphering ? tag_general_glo : c.ciphered->tag,
                                      .system_title = c.rules.acknowledgement_title,
                                      .invocation_counter = c.ciphered->invocation_counter,
                                      .security_control = c.ciphered->security_control};
    return dlms::protect(confirm, c.device->keys[c.key_index].keys, protection);
}

/// When it happened. A meter whose power has just come back may have lost its clock, and its event counts all the same: it is
/// dated by its reception then, and says so.
Instant date_event(Case& c, const dlms::EventNotification& event)
{
    const auto at = dlms::event_time(*c.device->model, event, *c.rules.zone);
    if (at && *at <= c.frame.received_at + limits::future_max && c.device->installation_at(*at)) {
        if (event.date_time->has_status(c.device->model->quirks.doubtful_clock_mask))
            c.event_detail += ", the clock is doubtful";
        return *at;
    }
    c.event_detail += ", dated by its reception: " + (at ? "the meter's clock says " + to_iso8601(*at) : at.error().detail);
    return c.frame.received_at;
}

/// What an event notification reports. Nobody is asked to confirm one.
result<PushContent> event_of(Case& c)
{
    RELEVE_TRY(event, dlms::decode_event_notification(c.plaintext));
    c.event_detail = to_string(event.obis) + " attribute " + std::to_string(event.attribute);
    RELEVE_TRY(content, dlms::decode_event(*c.device->model, event, date_event(c, event)));
    if (content.ignored > 0)
        c.event_detail += ", bits without a name: " + std::to_string(content.ignored);
    if (!c.authenticated)
        c.event_detail += ", not authenticated";
    return content;
}

/// What the notification says, under the meter's model. Repeats of a frame only need it to be one.
result<PushContent> content_of(Case& c)
{
    if (first_octet(c.plaintext) == tag_data_notification) {
        if (auto head = dlms::decode_data_notification_head(c.plaintext)) {
            auto content = dlms::decode_push_directly(*c.device->model, head->date_time, head->body, *c.rules.zone);
            if (content) {
                c.notification = std::move(*head);
                return std::move(*content);
            }
        }
        RELEVE_TRY(notification, dlms::decode_data_notification(c.plaintext));
        c.notification = {notification.invoke_id, std::move(notification.date_time_octets), notification.date_time, {}};
        return dlms::decode_push(*c.device->model, {notification.date_time, std::move(notification.body)}, *c.rules.zone);
    }
    if (first_octet(c.plaintext) == tag_event_notification)
        return event_of(c);
    return fail(errc::not_a_push, "the deciphered message is none that a meter sends on its own");
}

/// By how much a message was sent later than it was received. One that arrives late may have been on its way.
std::optional<Seconds> clock_ahead(const Case& c)
{
    if (!c.authenticated || !c.notification || !c.notification->date_time)
        return std::nullopt;
    const auto sent = dlms::to_instant(
        *c.notification->date_time,
        {.zone = c.rules.zone, .undefined_deviation_is_local = c.device->model->quirks.undefined_deviation_is_local});
    if (!sent || *sent <= c.frame.received_at + clock_ahead_max)
        return std::nullopt;
    return *sent - c.frame.received_at;
}

Judgement judge_content(Case& c)
{
    const auto content = content_of(c);
    c.judgement.reply = confirmation(c);
    if (!content)
        return keep_undecoded(c, content.error());
    const Provenance provenance{.authenticated = c.authenticated,
                                .key_generation = c.generation,
                                .counter = c.judgement.counter,
                                .quality = Quality::raw,
                                .batch = 0};
    const bool answered = c.notification && c.notification->invoke_id.confirmed();
    Judgement judgement =
        store_content(c, *content, provenance, answered ? FrameState::accepted : FrameState::accepted_unconfirmed);
    if (judgement.write && judgement.write->extras)
        for (store::FrameExtras::Event& event : judgement.write->extras->events)
            event.detail = c.event_detail;
    if (judgement.write)
        if (const auto ahead = clock_ahead(c))
            add_clock_alarm(c, *ahead, *judgement.write);
    return judgement;
}

Judgement judge_ciphered(Case& c)
{
    if (auto strong = dlms::check_policy(c.device->policy, c.ciphered->security_control); !strong)
        return c.refuse(strong.error());
    if (c.ciphered->tag == tag_general_ciphering && !c.rules.general_ciphering)
        return c.refuse(FrameState::unsupported, "general-ciphering is not switched on");
    if (c.device->keys.empty())
        return c.refuse(FrameState::no_key, "no key has been imported for this meter");
    if (auto opened = open_with_any_key(c); !opened)
        return c.refuse(opened.error());
    const auto window =
        static_cast<WindowId>(c.generation | (c.authenticated ? WindowId{0} : unauthenticated_window));
    const ReplayVerdict verdict =
        check_replay(c, window, std::uint64_t{c.generation} << 32 | c.ciphered->invocation_counter);
    if (verdict == ReplayVerdict::replay)
        return c.refuse(FrameState::replay, "invocation counter " + std::to_string(c.ciphered->invocation_counter) +
                                                " was used for another message or is too old");
    if (verdict == ReplayVerdict::duplicate) {
        static_cast<void>(content_of(c)); // for the confirmation, which is the same as the first time
        c.judgement.state = FrameState::duplicate;
        c.judgement.reply = confirmation(c);
        return std::move(c.judgement);
    }
    return judge_content(c);
}

Judgement judge_clear(Case& c)
{
    if (auto strong = dlms::check_policy(c.device->policy, std::nullopt); !strong)
        return c.refuse(strong.error());
    c.plaintext = c.frame.apdu;
    return judge_content(c);
}

result<Judgement> read_again(Case& c)
{
    if (c.device->kind == net::FrameKind::wize)
        return judge_wize_again(c);
    if (dlms::is_ciphered_tag(first_octet(c.frame.apdu))) {
        RELEVE_TRY(ciphered, dlms::decode_ciphered_apdu(c.frame.apdu));
        c.ciphered = ciphered;
        if (c.device->keys.empty())
            return fail(errc::no_key);
        RELEVE_CHECK(open_with_any_key(c));
    } else {
        c.plaintext = c.frame.apdu;
    }
    return judge_content(c);
}

/// The first value of a notification's list, if it is a text. What follows is not read: this is done for any stranger's
/// message, on the thread that reads for all.
std::string first_text(ByteView body)
{
    constexpr std::size_t longest = 64;
    Reader reader{body};
    const auto list = static_cast<dlms::DataType>(reader.u8());
    if ((list != dlms::DataType::array && list != dlms::DataType::structure) || dlms::read_length(reader) == 0)
        return {};
    dlms::Data first;
    first.type = static_cast<dlms::DataType>(reader.u8());
    if (!first.is_text())
        return {};
    const std::size_t size = dlms::read_length(reader);
    const std::string_view text = as_text(reader.take(std::min(size, longest + 1)));
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return printable && size <= longest ? std::string{text} : std::string{};
}

} // namespace

Route route_of(const net::InboundFrame& frame)
{
    Route route;
    if (frame.kind != net::FrameKind::dlms) {
        route.title = frame.kind == net::FrameKind::wize ? wize::peek_address(frame.apdu) : tic::peek_address(frame.apdu);
        return route;
    }
    if (frame.transport_error || frame.apdu.empty())
        return route;
    route.title = dlms::peek_system_title(frame.apdu);
    route.clear = !dlms::is_ciphered_tag(first_octet(frame.apdu));
    if (!route.title)
        route.title = frame.session_title;
    if (!route.clear || route.title)
        return route;
    if (const auto head = dlms::decode_data_notification_head(frame.apdu))
        route.logical_device_name = first_text(head->body);
    return route;
}

std::uint64_t frame_digest(ByteView apdu)
{
    const auto hash = crypto::sha256(apdu);
    Reader reader{ByteView{hash}.first(8)};
    return reader.u64_be();
}

Judgement judge(const Device* device, net::InboundFrame& frame, const JudgeRules& rules)
{
    // An address of another protocol is another device.
    Case c{device && device->kind == frame.kind ? device : nullptr, frame, rules};
    c.judgement.digest = frame_digest(frame.apdu);
    if (frame.transport_error)
        return c.refuse(FrameState::malformed, to_string(*frame.transport_error));
    if (frame.refused_for) {
        c.sealed = frame.kind == net::FrameKind::wize || dlms::is_ciphered_tag(first_octet(frame.apdu));
        return c.refuse(*frame.refused_for);
    }
    if (frame.kind != net::FrameKind::dlms)
        return frame.kind == net::FrameKind::wize ? judge_wize(c) : judge_tic(c);
    const std::uint8_t tag = first_octet(frame.apdu);
    if (dlms::is_ciphered_tag(tag)) {
        auto ciphered = dlms::decode_ciphered_apdu(frame.apdu);
        if (!ciphered)
            return c.refuse(FrameState::malformed, to_string(ciphered.error()));
        c.ciphered = *ciphered;
        c.sealed = true;
        c.counter_as_sent = ciphered->invocation_counter;
    } else if (!is_push_tag(tag)) {
        return c.refuse(FrameState::malformed, to_string(fail(errc::not_a_push, "tag " + std::to_string(tag))));
    }
    if (!c.device)
        return c.refuse(FrameState::unknown_meter, c.route.title ? "no meter has this system title"
                                                                 : "the message does not say which meter sent it");
    return c.ciphered ? judge_ciphered(c) : judge_clear(c);
}

result<store::FrameWrite> judge_again(const Device& device, const store::ArchivedFrame& row, const JudgeRules& rules)
{
    net::InboundFrame frame;
    frame.kind = device.kind;
    frame.apdu = row.frame;
    frame.received_at = row.received_at;
    Case c{&device, frame, rules};
    c.judgement.window = row.generation;
    c.judgement.counter = row.counter;
    c.judgement.digest = row.digest;
    RELEVE_TRY(judgement, read_again(c));
    if (!judgement.write || judgement.write->undecoded)
        return fail(errc::undecoded, judgement.detail);
    judgement.write->archive.clear(); // it is in the archive already
    return std::move(*judgement.write);
}

} // namespace releve::app
