#include <releve/app/demo.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace releve::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::chrono::seconds answer_deadline{30};
constexpr std::uint64_t body_bytes_max = 16 * 1024 * 1024;

} // namespace

result<std::string> get_loopback(std::uint16_t port, const std::string& target, const std::string& token)
try {
    asio::io_context context;
    beast::tcp_stream stream{context};
    stream.expires_after(answer_deadline);
    stream.connect(asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port});
    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, "127.0.0.1:" + std::to_string(port));
    request.set(http::field::authorization, "Bearer " + token);
    request.set(http::field::accept, "application/json");
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(body_bytes_max);
    http::read(stream, buffer, parser);
    const auto& response = parser.get();
    if (response.result() != http::status::ok)
        return fail(errc::unavailable,
                    "the API answers " + std::to_string(response.result_int()) + " to " + target);
    return response.body();
} catch (const boost::system::system_error& lost) {
    return fail(errc::unavailable, std::string{"the API does not answer: "} + lost.code().message());
}

} // namespace releve::app
