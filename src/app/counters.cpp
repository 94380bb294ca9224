#include <releve/app/counters.hpp>

#include <algorithm>
#include <cmath>

namespace releve::app {

namespace {

class Text {
public:
    void family(std::string_view name, std::string_view type, std::string_view help)
    {
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
        text_.append(name).append(" ").append(type).append("\n");
    }
    void value(std::string_view name, std::string_view labels, std::string number)
    {
        text_.append(name);
        if (!labels.empty())
            text_.append("{").append(labels).append("}");
        text_.append(" ").append(number).append("\n");
    }
    void single(std::string_view name, std::string_view type, std::string_view help, std::string number)
    {
        family(name, type, help);
        value(name, "", std::move(number));
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string label(std::string_view name, std::string_view value)
{
    return std::string{name} + "=\"" + std::string{value} + "\"";
}

/// Microseconds as seconds, without a binary fraction.
std::string seconds(std::uint64_t microseconds)
{
    std::string fraction = std::to_string(microseconds % 1'000'000);
    return std::to_string(microseconds / 1'000'000) + "." + std::string(6 - fraction.size(), '0') + fraction;
}

void write_handshake_failures(Text& text, const char* family, const char* help, const net::NetCounters& net)
{
    text.family(family, "counter", help);
    for (std::size_t i = 0; i < net.handshake_failures.size(); ++i)
        text.value(family, label("reason", net::NetCounters::handshake_failure_names[i]), std::to_string(net.handshake_failures[i]));
}

void write_net(Text& text, const net::NetCounters& net, std::size_t open_connections)
{
    text.single("releve_connections_open", "gauge", "Open meter connections.", std::to_string(open_connections));
    text.single("releve_connections_accepted_total", "counter", "Connections accepted.", std::to_string(net.accepted));
    text.family("releve_connections_refused_total", "counter", "Connections refused by a limit.");
    text.value("releve_connections_refused_total", label("limit", "total"), std::to_string(net.refused_total_limit));
    text.value("releve_connections_refused_total", label("limit", "address"), std::to_string(net.refused_address_limit));
    text.value("releve_connections_refused_total", label("limit", "descriptors"), std::to_string(net.accept_failures));
    text.single("releve_tls_handshakes_total", "counter", "TLS handshakes that succeeded.", std::to_string(net.handshakes));
    write_handshake_failures(text, "releve_tls_handshake_failures_total", "Failed TLS handshakes by reason.", net);
    text.family("releve_timeouts_total", "counter", "Connections ended by a deadline.");
    text.value("releve_timeouts_total", label("deadline", "idle"), std::to_string(net.idle_timeouts));
    text.value("releve_timeouts_total", label("deadline", "message"), std::to_string(net.message_timeouts));
    text.value("releve_timeouts_total", label("deadline", "write"), std::to_string(net.write_timeouts));
    text.single("releve_received_bytes_total", "counter", "Bytes read from meters.", std::to_string(net.bytes_in));
    text.single("releve_sent_bytes_total", "counter", "Bytes written to meters.", std::to_string(net.bytes_out));
    text.single("releve_read_pauses_total", "counter", "Times a socket was not read because the queue was full.",
                std::to_string(net.read_pauses));
    text.single("releve_answer_pauses_total", "counter", "Times a socket was not read because its peer took no answers.",
                std::to_string(net.answer_pauses));
}

void write_ingest(Text& text, const IngestCounters& ingest)
{
    text.family("releve_frames_total", "counter", "Received frames by what became of them.");
    for (const FrameStateRow& row : frame_state_rows())
        text.value("releve_frames_total", label("state", row.name), std::to_string(ingest.of(row.state)));
    text.single("releve_readings_total", "counter", "Readings committed.", std::to_string(ingest.readings));
    text.single("releve_batches_total", "counter", "Batches decided.", std::to_string(ingest.batches));
    text.single("releve_transactions_total", "counter", "Transactions committed.", std::to_string(ingest.transactions));
    text.single("releve_store_retries_total", "counter", "Transactions tried again.", std::to_string(ingest.store_retries));
    const auto commits = ingest.commits.snapshot();
    std::uint64_t so_far = 0;
    text.family("releve_commit_seconds", "histogram", "How long a batch took to be committed.");
    for (std::size_t i = 0; i < commits.size(); ++i) {
        so_far += commits[i];
        if (i % 6 == 0 && i < 60)
            text.value("releve_commit_seconds_bucket", label("le", std::to_string(LatencyHistogram::bound_ms(i) / 1'000)),
                       std::to_string(so_far));
    }
    text.value("releve_commit_seconds_bucket", label("le", "+Inf"), std::to_string(so_far));
    text.value("releve_commit_seconds_sum", "", seconds(ingest.commit_microseconds));
    text.value("releve_commit_seconds_count", "", std::to_string(so_far));
    text.single("releve_database_lost_total", "counter", "Times the database did not answer.",
                std::to_string(ingest.database_lost));
    text.single("releve_quarantine_not_kept_total", "counter", "Refused frames that were counted but not kept.",
                std::to_string(ingest.quarantine_not_kept));
    text.single("releve_queued_frames", "gauge", "Frames waiting for a writer.", std::to_string(ingest.queued_frames));
    text.single("releve_deferred_readings", "gauge", "Readings confirmed and archived that are not yet in their days.",
                std::to_string(ingest.deferred_readings));
    text.single("releve_meters", "gauge", "Meters known to the collector.", std::to_string(ingest.devices));
}

void write_uplink(Text& text, const net::UplinkCounters& uplink)
{
    text.family("releve_uplink_batches_total", "counter", "Batches of gateways by what became of them.");
    const auto batches = [&](const char* outcome, const std::atomic<std::uint64_t>& count) {
        text.value("releve_uplink_batches_total", label("outcome", outcome), std::to_string(count));
    };
    batches("acknowledged", uplink.acknowledged);
    batches("repeated", uplink.repeats);
    batches("joined", uplink.joined);
    batches("conflict", uplink.conflicts);
    batches("too_old", uplink.too_old);
    batches("unavailable", uplink.unavailable);
    batches("unknown_gateway", uplink.unknown_gateways);
    batches("malformed", uplink.bad_messages);
    text.single("releve_uplink_batches_read_total", "counter", "Batches of known gateways.", std::to_string(uplink.batches));
    text.single("releve_uplink_frames_total", "counter", "Frames that gateways handed over.", std::to_string(uplink.net.frames_in));
    text.single("releve_uplink_clocks_ahead_total", "counter", "Frames of gateways whose clock is ahead of ours.",
                std::to_string(uplink.clocks_ahead));
    text.single("releve_uplink_received_bytes_total", "counter", "Bytes read from gateways.", std::to_string(uplink.net.bytes_in));
    write_handshake_failures(text, "releve_uplink_handshake_failures_total", "Failed TLS handshakes of gateways by reason.",
                             uplink.net);
}

} // namespace

void LatencyHistogram::add(std::chrono::microseconds duration)
{
    const double ms = static_cast<double>(duration.count()) / 1'000;
    std::size_t index = 0;
    while (index + 1 < class_count && bound_ms(index) < ms)
        ++index;
    ++counts_[index];
}

LatencyHistogram::Snapshot LatencyHistogram::snapshot() const
{
    Snapshot copy{};
    std::copy(counts_.begin(), counts_.end(), copy.begin());
    return copy;
}

double LatencyHistogram::bound_ms(std::size_t index)
{
    return 0.1 * std::pow(1.25, static_cast<double>(index));
}

double LatencyHistogram::percentile_ms(const Snapshot& before, const Snapshot& after, double share)
{
    std::uint64_t all = 0, seen = 0;
    for (std::size_t i = 0; i < class_count; ++i)
        all += after[i] - before[i];
    for (std::size_t i = 0; i < class_count && all > 0; ++i) {
        seen += after[i] - before[i];
        if (static_cast<double>(seen) >= share * static_cast<double>(all))
            return bound_ms(i);
    }
    return 0;
}

std::string metrics_text(const Counters& counters, std::size_t open_connections)
{
    Text text;
    write_ingest(text, counters.ingest);
    write_net(text, counters.net, open_connections);
    write_uplink(text, counters.uplink);
    return text.take();
}

} // namespace releve::app
