#include <releve/sim/meter.hpp>

#include <releve/sim/random.hpp>

#include <algorithm>
#include <array>

namespace releve::sim {

namespace {

using dlms::Data;
using dlms::DataType;

constexpr std::uint32_t invoke_flags = 0xc000'0000; // high priority, confirmed class
constexpr std::uint32_t invoke_confirmed = 0x4000'0000;
/// Counters are (half-hours since then) * 3 + kind.
constexpr Instant counter_epoch{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};

Data of_type(DataType type)
{
    Data data;
    data.type = type;
    return data;
}

Data number(DataType type, std::int64_t value)
{
    Data data = of_type(type);
    data.number = value;
    return data;
}

Data octets(ByteView bytes)
{
    Data data = of_type(DataType::octet_string);
    data.bytes.assign(bytes.begin(), bytes.end());
    return data;
}

Data clock(Instant at, const Zone& zone)
{
    return octets(dlms::encode_date_time(dlms::date_time_at(at, zone)));
}

Data register_value(std::int64_t value_wh)
{
    return number(DataType::double_long_unsigned, value_wh);
}

Data mean_power(std::int32_t watts)
{
    return number(watts <= 0xffff ? DataType::long_unsigned : DataType::double_long_unsigned, watts);
}

/// array of structure { clock of the interval's end, or null when it follows the row before; mean power }
Data profile(const Load& load, std::span<const Instant> starts, const Zone& zone, Seconds drift)
{
    Data rows = of_type(DataType::array);
    std::optional<Instant> previous;
    for (const Instant start : starts) {
        const auto power = power_w(load, start);
        if (!power)
            continue;
        Data row = of_type(DataType::structure);
        row.children.push_back(previous == start - slot_length ? Data{}
                                                               : clock(start + slot_length + drift, zone));
        row.children.push_back(mean_power(*power));
        rows.children.push_back(std::move(row));
        previous = start;
    }
    return rows;
}

constexpr std::array<std::string_view, 3> alarm_names{"power_lost", "power_restored", "cover_opened"};
constexpr Obis alarm_register{{0, 0, 97, 98, 0, 255}};
constexpr std::uint16_t data_class = 1;
constexpr std::int8_t value_attribute = 2;

std::vector<Instant> starts_of(const Push& push, const Zone& zone)
{
    switch (push.kind) {
    case PushKind::daily_index:
        return {};
    case PushKind::half_hour:
        return {push.at - slot_length};
    case PushKind::day:
    case PushKind::day_curve:
        return half_hours(zone.start_of(zone.day_of(push.at - Seconds{1})), push.at);
    }
    return {};
}

} // namespace

std::string_view alarm_name(MeterAlarm alarm)
{
    return alarm_names[static_cast<std::size_t>(alarm)];
}

std::optional<MeterAlarm> alarm_from_name(std::string_view name)
{
    const auto found = std::ranges::find(alarm_names, name);
    return found == alarm_names.end() ? std::nullopt
                                      : std::optional{static_cast<MeterAlarm>(found - alarm_names.begin())};
}

std::vector<Instant> half_hours(Instant from, Instant to)
{
    std::vector<Instant> starts;
    for (Instant at = from; at < to; at += slot_length)
        starts.push_back(at);
    return starts;
}

Meter::Meter(MeterIdentity identity, Load load, const Zone& zone, Options options)
    : identity_(std::move(identity)), load_(std::move(load)), zone_(&zone), options_(options)
{
}

bool Meter::has(const Push& push) const
{
    if (push.at < counter_epoch)
        return false;
    const bool with_indexes = push.kind == PushKind::day || push.kind == PushKind::daily_index;
    if (with_indexes && !index_at(load_, zone_->day_of(push.at)))
        return false;
    if (push.kind == PushKind::daily_index)
        return true;
    const auto starts = starts_of(push, *zone_);
    return std::ranges::any_of(starts, [this](Instant start) { return power_w(load_, start).has_value(); });
}

std::uint32_t Meter::counter_of(const Push& push) const
{
    const PushKind kind = push.kind == PushKind::day_curve ? PushKind::day : push.kind;
    const auto number = (push.at - counter_epoch) / slot_length * 3 + static_cast<int>(kind);
    return options_.counter_start + static_cast<std::uint32_t>(number);
}

dlms::Data Meter::body(const Push& push, Seconds drift) const
{
    Data body = of_type(DataType::structure);
    body.children.push_back(octets(as_bytes("LKY0" + identity_.serial)));
    body.children.push_back(clock(push.at + drift, *zone_));
    const auto starts = starts_of(push, *zone_);
    if (push.kind != PushKind::daily_index)
        body.children.push_back(profile(load_, starts, *zone_, drift));
    if (push.kind == PushKind::half_hour || push.kind == PushKind::day_curve)
        return body;
    const IndexRead read = *index_at(load_, zone_->day_of(push.at));
    const std::size_t suppliers = push.kind == PushKind::day ? read.supplier_wh.size() : 2;
    const std::size_t distributors = push.kind == PushKind::day ? read.distributor_wh.size() : 2;
    body.children.push_back(register_value(read.total_wh));
    for (std::size_t i = 0; i < suppliers; ++i)
        body.children.push_back(register_value(read.supplier_wh[i]));
    for (std::size_t i = 0; i < distributors; ++i)
        body.children.push_back(register_value(read.distributor_wh[i]));
    return body;
}

Frame Meter::build(const Push& push) const
{
    return build(push, {});
}

namespace {

dlms::LongInvokeId invoke_id_of(const SystemTitle& who, std::uint32_t counter, std::uint32_t variant, bool confirmed)
{
    // The id tells answers on a shared line apart: another one for every meter, push and variant.
    Reader title{who};
    const std::uint64_t id = mix(mix(title.u64_be(), counter), variant);
    dlms::LongInvokeId invoke_id;
    invoke_id.raw = (confirmed ? invoke_flags : invoke_flags & ~invoke_confirmed) |
                    static_cast<std::uint32_t>(id & 0x00ff'ffff);
    return invoke_id;
}

} // namespace

std::uint32_t Meter::counter_of(const AlarmReport& report) const
{
    const auto slot = (report.at - counter_epoch) / slot_length;
    const Instant start = counter_epoch + slot * slot_length;
    // The number of a day's push is only taken at midnight; there the next half-hour's number of indexes is free.
    const bool midnight = zone_->start_of(zone_->day_of(start)) == start;
    const auto number = midnight ? (slot + 1) * 3 + static_cast<int>(PushKind::daily_index)
                                 : slot * 3 + static_cast<int>(PushKind::day);
    return options_.counter_start + static_cast<std::uint32_t>(number);
}

Frame Meter::build(const AlarmReport& report) const
{
    Frame frame;
    frame.invocation_counter = counter_of(report);
    frame.security_control = options_.security_control;
    const dlms::EventNotification event{
        .date_time = dlms::date_time_at(report.at, *zone_),
        .class_id = data_class,
        .obis = alarm_register,
        .attribute = value_attribute,
        .value = number(DataType::double_long_unsigned, std::int64_t{1} << static_cast<int>(report.alarm))};
    frame.apdu = dlms::protect(dlms::encode_event_notification(event),
                               {.encryption = identity_.encryption, .authentication = identity_.authentication},
                               {.system_title = identity_.system_title,
                                .invocation_counter = frame.invocation_counter,
                                .security_control = frame.security_control});
    return frame;
}

Bytes Meter::notification(const Push& push) const
{
    const dlms::DateTime sent_at = dlms::date_time_at(push.at, *zone_);
    const auto octets_sent = dlms::encode_date_time(sent_at);
    return dlms::encode_data_notification(
        {.invoke_id = invoke_id_of(identity_.system_title, counter_of(push), 0, options_.confirmed),
         .date_time_octets = {octets_sent.begin(), octets_sent.end()},
         .date_time = sent_at,
         .body = body(push, {})});
}

Frame Meter::build(const Push& push, const Deviation& deviation) const
{
    const MeterIdentity& identity = deviation.identity != nullptr ? *deviation.identity : identity_;
    Frame frame;
    frame.invocation_counter = counter_of(push);
    frame.security_control = deviation.security_control.value_or(options_.security_control);
    frame.invoke_id = invoke_id_of(identity_.system_title, frame.invocation_counter, deviation.variant, options_.confirmed);
    const dlms::DateTime sent_at = dlms::date_time_at(push.at + deviation.clock_drift, *zone_);
    const auto octets_sent = dlms::encode_date_time(sent_at);
    frame.date_time_octets.assign(octets_sent.begin(), octets_sent.end());

    const dlms::DataNotification notification{.invoke_id = frame.invoke_id,
                                              .date_time_octets = frame.date_time_octets,
                                              .date_time = sent_at,
                                              .body = body(push, deviation.clock_drift)};
    frame.apdu = dlms::protect(dlms::encode_data_notification(notification),
                               {.encryption = identity.encryption, .authentication = identity.authentication},
                               {.system_title = identity.system_title,
                                .invocation_counter = frame.invocation_counter,
                                .security_control = frame.security_control});
    return frame;
}

result<void> Meter::check_confirm(const Frame& sent, ByteView apdu) const
{
    RELEVE_TRY(ciphered, dlms::decode_ciphered_apdu(apdu));
    if (!ciphered.system_title || *ciphered.system_title == identity_.system_title)
        return fail(errc::bad_value, "the confirmation does not name another system title than the meter's");
    if (ciphered.invocation_counter != sent.invocation_counter)
        return fail(errc::bad_value, "the confirmation has another invocation counter");
    if (ciphered.security_control != sent.security_control)
        return fail(errc::policy, "the confirmation is not protected as the push was");
    RELEVE_TRY(clear, dlms::unprotect(ciphered, {.encryption = identity_.encryption,
                                                 .authentication = identity_.authentication}));
    RELEVE_TRY(confirm, dlms::decode_data_notification_confirm(clear.plaintext));
    if (confirm.invoke_id != sent.invoke_id)
        return fail(errc::bad_value, "the confirmation has another invoke id");
    if (confirm.date_time_octets != sent.date_time_octets)
        return fail(errc::bad_value, "the confirmation has another date-time");
    return {};
}

} // namespace releve::sim
