#include <releve/app/uplink_http.hpp>

#include <releve/app/uplink_json.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace releve::app {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t uplink_header_bytes_max = 8 * 1024;
constexpr std::size_t text_per_byte = 3; // two digits for each octet, and the names around a frame
constexpr std::string_view batches_path = "/uplink/v1/batches", state_path = "/uplink/v1/state";
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

Bytes to_bytes(std::string_view text)
{
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

class HttpForm final : public net::UplinkForm {
public:
    explicit HttpForm(const net::UplinkLimits& limits) : limits_(limits) { begin_request(); }

    void feed(ByteView bytes) override { unread_ += as_text(bytes); }
    result<std::optional<net::UplinkRequest>> next() override;
    bool begun() const override { return !unread_.empty() || parser_->got_some(); }
    bool ended() const override { return !keep_; }
    bool hello_first() const override { return false; }
    bool any_order() const override { return false; }
    Bytes render(const net::UplinkAnswer& answer, bool last) override;

private:
    void begin_request();
    /// False when more octets are needed.
    [[nodiscard]] result<bool> read();
    [[nodiscard]] result<void> check_header();

    net::UplinkLimits limits_;
    std::string unread_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::string_view allow_; // what the path of the request takes
    bool header_checked_ = false, keep_ = true;
};

void HttpForm::begin_request()
{
    parser_.emplace();
    parser_->header_limit(uplink_header_bytes_max);
    parser_->body_limit(text_per_byte * limits_.batch_bytes_max);
    header_checked_ = false;
}

Error error_of(const boost::system::error_code& error)
{
    if (error == http::error::header_limit)
        return fail(errc::headers_too_large);
    if (error == http::error::body_limit)
        return fail(errc::too_large, "the body is larger than is taken");
    return fail(errc::malformed, "not HTTP/1.1: " + error.message());
}

result<bool> HttpForm::read()
{
    boost::system::error_code error;
    std::size_t taken = 0;
    while (!error && !parser_->is_done() && !(parser_->is_header_done() && !header_checked_)) {
        const std::size_t count = parser_->put(asio::buffer(unread_) + taken, error);
        taken += count;
        if (error == http::error::need_more || (!error && count == 0)) {
            unread_.erase(0, taken);
            return false;
        }
    }
    unread_.erase(0, taken);
    if (error)
        return error_of(error);
    return true;
}

result<void> HttpForm::check_header()
{
    const auto& header = parser_->get();
    keep_ = header.keep_alive();
    allow_ = header.target() == batches_path ? "POST" : header.target() == state_path ? "GET" : "";
    if (allow_.empty())
        return fail(errc::not_found, "only /uplink/v1/batches and /uplink/v1/state are here");
    if (header.method_string() != allow_)
        return fail(errc::method_not_allowed, "only " + std::string{allow_});
    const std::string_view type = header[http::field::content_type];
    if (allow_ == "POST" && type.substr(0, type.find(';')) != "application/json")
        return fail(errc::bad_value, "content-type: must be application/json");
    return {};
}

result<std::optional<net::UplinkRequest>> HttpForm::next()
{
    for (;;) {
        RELEVE_TRY(got_on, read());
        if (!got_on)
            return std::nullopt;
        if (!header_checked_) {
            RELEVE_CHECK(check_header());
            header_checked_ = true;
            if (!parser_->is_done() && boost::beast::iequals(parser_->get()[http::field::expect], "100-continue"))
                return net::UplinkRequest{net::UplinkInterim{to_bytes(go_on)}};
        }
        if (!parser_->is_done())
            continue;
        const std::string body = std::move(parser_->get().body());
        begin_request();
        if (allow_ == "GET")
            return net::UplinkRequest{net::UplinkStateQuery{}};
        RELEVE_TRY(batch, parse_uplink_batch(body, limits_));
        return net::UplinkRequest{std::move(batch)};
    }
}

Bytes HttpForm::render(const net::UplinkAnswer& answer, bool last)
{
    int status = 200;
    std::string type = "application/json", body, more;
    if (const auto* ack = std::get_if<net::UplinkAck>(&answer)) {
        body = render_uplink_ack(*ack);
    } else if (const auto* state = std::get_if<net::UplinkWelcome>(&answer)) {
        body = render_uplink_state(*state);
    } else {
        const auto& refusal = std::get<net::UplinkRefusal>(answer);
        status = error_row(refusal.error.code).http_status;
        type = "application/problem+json";
        body = render_uplink_problem(refusal);
        if (refusal.error.code == errc::method_not_allowed)
            more = "Allow: " + std::string{allow_} + "\r\n";
        if (refusal.error.code == errc::unavailable)
            more = "Retry-After: 5\r\n";
    }
    const std::string_view reason = http::obsolete_reason(static_cast<http::status>(status));
    return to_bytes("HTTP/1.1 " + std::to_string(status) + " " + std::string{reason} + "\r\nContent-Type: " + type +
                    "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nCache-Control: no-store\r\n" + more +
                    (last ? "Connection: close\r\n" : "") + "\r\n" + body);
}

} // namespace

std::unique_ptr<net::UplinkForm> make_http_form(const net::UplinkLimits& limits)
{
    return std::make_unique<HttpForm>(limits);
}

} // namespace releve::app
