#include <releve/app/uplink_json.hpp>

#include <releve/core/bytes.hpp>
#include <releve/core/time.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <limits>

namespace releve::app {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr std::size_t whole_seconds_chars = 19; // "2026-01-31T06:00:05"
constexpr std::array kinds = {std::pair{std::string_view{"dlms"}, net::FrameKind::dlms},
                              std::pair{std::string_view{"wize"}, net::FrameKind::wize},
                              std::pair{std::string_view{"tic"}, net::FrameKind::tic}};
constexpr std::array<std::string_view, 3> outcome_names = {"accepted", "duplicate", "refused"};

std::string_view kind_name(net::FrameKind kind)
{
    for (const auto& [name, value] : kinds)
        if (value == kind)
            return name;
    RELEVE_ASSERT(!"a kind without a name");
}

/// Follows the text from value to value. Each returns false after the first error, which ends the reading.
class BatchReader final : public nlohmann::json_sax<json> {
public:
    explicit BatchReader(const net::UplinkLimits& limits) : limits_(limits) {}

    [[nodiscard]] result<net::UplinkBatch> finish() &&
    {
        if (error_)
            return *error_;
        RELEVE_CHECK(net::check_batch(batch_, limits_));
        return std::move(batch_);
    }

    bool null() override { return refuse("null is not expected here"); }
    bool boolean(bool) override { return refuse("true and false are not expected here"); }
    bool number_float(number_float_t, const string_t&) override { return refuse("must be a whole number"); }
    bool binary(binary_t&) override { return refuse("not expected here"); }
    bool number_integer(number_integer_t value) override { return take_number(value); }
    bool number_unsigned(number_unsigned_t value) override
    {
        if (value > net::uplink_sequence_max)
            return refuse("too large a number");
        return take_number(static_cast<std::int64_t>(value));
    }
    bool string(string_t& value) override;
    bool key(string_t& name) override;
    bool start_object(std::size_t) override;
    bool end_object() override;
    bool start_array(std::size_t) override;
    bool end_array() override
    {
        place_ = Place::batch;
        field_.clear();
        return true;
    }
    bool parse_error(std::size_t offset, const std::string&, const nlohmann::detail::exception&) override
    {
        error_ = fail(errc::malformed, "not JSON", static_cast<std::ptrdiff_t>(offset));
        return false;
    }

private:
    enum class Place : std::uint8_t { outside, batch, frames, frame };
    static constexpr std::array<std::string_view, 3> batch_keys = {"gateway", "sequence", "frames"};
    static constexpr std::array<std::string_view, 6> frame_keys = {"kind",       "frame",        "received_at",
                                                                   "signal_dbm", "source_wport", "destination_wport"};
    static constexpr unsigned frame_needs = 0b000111, batch_needs = 0b110; // by their places above

    bool refuse(std::string_view why)
    {
        std::string name = place_ == Place::frames || place_ == Place::frame
                               ? "frames[" + std::to_string(batch_.frames.size() - (place_ == Place::frame ? 1 : 0)) + "]"
                               : std::string{};
        if (!field_.empty())
            name += (name.empty() ? "" : ".") + field_;
        error_ = fail(errc::bad_value, (name.empty() ? "" : name + ": ") + std::string{why});
        return false;
    }
    template <std::size_t N>
    bool note(const std::array<std::string_view, N>& keys, unsigned& seen, const std::string& name)
    {
        field_ = name.substr(0, 32);
        const auto at = std::ranges::find(keys, std::string_view{name});
        if (at == keys.end())
            return refuse("unknown key");
        const unsigned bit = 1U << (at - keys.begin());
        if ((seen & bit) != 0)
            return refuse("twice");
        seen |= bit;
        return true;
    }
    template <std::size_t N>
    bool need(const std::array<std::string_view, N>& keys, unsigned seen, unsigned needed)
    {
        for (std::size_t i = 0; i < N; ++i)
            if ((needed & ~seen & 1U << i) != 0) {
                field_ = keys[i];
                return refuse("missing");
            }
        field_.clear();
        return true;
    }
    bool take_number(std::int64_t value);
    bool take_port(std::int64_t value, std::uint16_t& port);

    const net::UplinkLimits& limits_;
    net::UplinkBatch batch_;
    Place place_ = Place::outside;
    std::string field_;
    unsigned batch_seen_ = 0, frame_seen_ = 0;
    std::optional<Error> error_;
};

bool BatchReader::key(string_t& name)
{
    return place_ == Place::frame ? note(frame_keys, frame_seen_, name) : note(batch_keys, batch_seen_, name);
}

bool BatchReader::start_object(std::size_t)
{
    if (place_ == Place::outside) {
        place_ = Place::batch;
        return true;
    }
    if (place_ != Place::frames)
        return refuse("an object is not expected here");
    if (batch_.frames.size() >= limits_.batch_frames_max) {
        error_ = fail(errc::too_large, "frames: at most " + std::to_string(limits_.batch_frames_max) + " in a batch");
        return false;
    }
    batch_.frames.emplace_back();
    frame_seen_ = 0;
    place_ = Place::frame;
    field_.clear();
    return true;
}

bool BatchReader::end_object()
{
    if (place_ == Place::batch)
        return need(batch_keys, batch_seen_, batch_needs);
    if (!need(frame_keys, frame_seen_, frame_needs))
        return false;
    const net::UplinkFrame& frame = batch_.frames.back();
    field_ = "source_wport";
    if (frame.kind != net::FrameKind::dlms && (frame_seen_ & 0b110000) != 0)
        return refuse("only a DLMS frame has ports");
    field_.clear();
    place_ = Place::frames;
    return true;
}

bool BatchReader::start_array(std::size_t)
{
    if (place_ != Place::batch || field_ != "frames")
        return refuse("a list is not expected here");
    place_ = Place::frames;
    field_.clear();
    return true;
}

bool BatchReader::string(string_t& value)
{
    if (place_ == Place::batch && field_ == "gateway") {
        batch_.gateway = value;
        return net::is_gateway_id(value) || refuse("not an id of a gateway");
    }
    if (place_ != Place::frame)
        return refuse("a text is not expected here");
    net::UplinkFrame& frame = batch_.frames.back();
    if (field_ == "kind") {
        const auto row = std::ranges::find(kinds, std::string_view{value}, &decltype(kinds)::value_type::first);
        if (row == kinds.end())
            return refuse("must be dlms, wize or tic");
        frame.kind = row->second;
        return true;
    }
    if (field_ == "frame") {
        auto bytes = from_hex(value);
        if (!bytes)
            return refuse("must be hexadecimal");
        frame.frame = std::move(*bytes);
        return true;
    }
    if (field_ == "received_at") {
        const auto instant = parse_instant_ms(value);
        if (!instant)
            return refuse("must be like 2026-01-31T06:00:05Z or 2026-01-31T06:00:05.250Z");
        frame.received_at = *instant;
        return true;
    }
    return refuse("a text is not expected here");
}

bool BatchReader::take_number(std::int64_t value)
{
    if (place_ == Place::batch && field_ == "sequence") {
        batch_.sequence = value > 0 ? static_cast<std::uint64_t>(value) : 0;
        return true;
    }
    if (place_ != Place::frame)
        return refuse("a number is not expected here");
    net::UplinkFrame& frame = batch_.frames.back();
    if (field_ == "source_wport")
        return take_port(value, frame.source_wport);
    if (field_ == "destination_wport")
        return take_port(value, frame.destination_wport);
    if (field_ != "signal_dbm")
        return refuse("a number is not expected here");
    if (value < net::signal_dbm_min || value > net::signal_dbm_max)
        return refuse("must be from -200 to 100");
    frame.signal_dbm = static_cast<std::int16_t>(value);
    return true;
}

bool BatchReader::take_port(std::int64_t value, std::uint16_t& port)
{
    if (value < 0 || value > std::numeric_limits<std::uint16_t>::max())
        return refuse("must be from 0 to 65535");
    port = static_cast<std::uint16_t>(value);
    return true;
}

std::string dump(const ordered_json& value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string to_iso8601(net::InstantMs instant)
{
    const auto whole = std::chrono::floor<std::chrono::seconds>(instant);
    std::string text = releve::to_iso8601(whole);
    if (const auto rest = (instant - whole).count(); rest != 0)
        text.insert(whole_seconds_chars, "." + std::to_string(1'000 + rest).substr(1));
    return text;
}

result<net::InstantMs> parse_instant_ms(std::string_view text)
{
    std::string whole{text};
    std::chrono::milliseconds rest{0};
    if (whole.size() > whole_seconds_chars && whole[whole_seconds_chars] == '.') {
        std::int64_t scale = 100, value = 0;
        std::size_t at = whole_seconds_chars + 1;
        for (; at < whole.size() && whole[at] >= '0' && whole[at] <= '9'; ++at, scale /= 10)
            value += (whole[at] - '0') * scale;
        const std::size_t decimals = at - whole_seconds_chars - 1;
        if (decimals == 0 || decimals > 3)
            return fail(errc::bad_time, "one to three decimals of a second");
        rest = std::chrono::milliseconds{value};
        whole.erase(whole_seconds_chars, decimals + 1);
    }
    RELEVE_TRY(seconds, parse_instant(whole));
    return net::InstantMs{seconds} + rest;
}

result<net::UplinkBatch> parse_uplink_batch(std::string_view text, const net::UplinkLimits& limits)
{
    BatchReader reader{limits};
    static_cast<void>(json::sax_parse(text, &reader));
    return std::move(reader).finish();
}

std::string render_uplink_batch(const net::UplinkBatch& batch)
{
    ordered_json out;
    if (!batch.gateway.empty())
        out["gateway"] = batch.gateway;
    out["sequence"] = batch.sequence;
    auto& frames = out["frames"] = ordered_json::array();
    for (const net::UplinkFrame& frame : batch.frames) {
        ordered_json one{{"kind", kind_name(frame.kind)},
                         {"frame", to_hex(frame.frame)},
                         {"received_at", to_iso8601(frame.received_at)}};
        if (frame.signal_dbm != 0)
            one["signal_dbm"] = frame.signal_dbm;
        if (frame.source_wport != 1)
            one["source_wport"] = frame.source_wport;
        if (frame.destination_wport != 1)
            one["destination_wport"] = frame.destination_wport;
        frames.push_back(std::move(one));
    }
    return dump(out);
}

std::string render_uplink_ack(const net::UplinkAck& ack)
{
    ordered_json out{{"sequence", ack.sequence},
                     {"accepted", ack.accepted},
                     {"duplicate", ack.duplicate},
                     {"refused", ack.refused}};
    auto& results = out["results"] = ordered_json::array();
    for (const net::UplinkResult& result : ack.results) {
        ordered_json one{{"index", result.index},
                         {"outcome", outcome_names.at(static_cast<std::size_t>(result.outcome))}};
        if (!result.reason.empty())
            one["reason"] = result.reason;
        if (!result.detail.empty())
            one["detail"] = result.detail;
        if (!result.downlink.empty()) {
            one["downlink"] = to_hex(result.downlink);
            one["send_after_ms"] = result.send_after.count();
        }
        results.push_back(std::move(one));
    }
    return dump(out);
}

std::string render_uplink_state(const net::UplinkWelcome& state)
{
    return dump(ordered_json{{"gateway", state.gateway},
                             {"acknowledged_up_to", state.acknowledged_up_to},
                             {"batch_bytes_max", state.batch_bytes_max},
                             {"batch_frames_max", state.batch_frames_max}});
}

std::string render_uplink_problem(const net::UplinkRefusal& refusal)
{
    const ErrorRow& row = error_row(refusal.error.code);
    ordered_json out{{"type", "/problems/" + std::string{row.name}},
                     {"title", row.label_en},
                     {"status", row.http_status},
                     {"detail", refusal.error.detail}};
    if (refusal.sequence != 0)
        out["sequence"] = refusal.sequence;
    out["plain"] = row.plain_en;
    return dump(out);
}

} // namespace releve::app
