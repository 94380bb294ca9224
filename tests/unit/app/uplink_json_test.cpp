// Batches as JSON: the same as the binary form's, with every wrong field named.

#include <releve/app/uplink_http.hpp>
#include <releve/app/uplink_json.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace releve::app {
namespace {

using nlohmann::json;

const std::string example = R"({"gateway":"gw-1","sequence":7,"frames":[
  {"kind":"wize","frame":"1A44","received_at":"2026-01-31T06:00:05.250Z","signal_dbm":-93},
  {"received_at":"2026-01-31T07:00:05+01:00","frame":"0f 00","kind":"dlms","source_wport":102,"destination_wport":0}]})";

Bytes octets(std::string_view text)
{
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

TEST(UplinkJson, ABatchIsRead)
{
    const auto batch = parse_uplink_batch(example, {}).value();
    EXPECT_EQ(batch.gateway, "gw-1");
    EXPECT_EQ(batch.sequence, 7u);
    ASSERT_EQ(batch.frames.size(), 2u);
    EXPECT_EQ(batch.frames[0].kind, net::FrameKind::wize);
    EXPECT_EQ(to_hex(batch.frames[0].frame), "1a44");
    EXPECT_EQ(batch.frames[0].received_at.time_since_epoch().count(), 1'769'839'205'250);
    EXPECT_EQ(batch.frames[0].signal_dbm, -93);
    EXPECT_EQ(batch.frames[1].received_at.time_since_epoch().count(), 1'769'839'205'000);
    EXPECT_EQ(batch.frames[1].source_wport, 102);
    EXPECT_EQ(batch.frames[1].destination_wport, 0);
}

TEST(UplinkJson, WhatIsWrittenIsReadAgainAndBothFormsHaveOneDigest)
{
    const auto batch = parse_uplink_batch(example, {}).value();
    EXPECT_EQ(parse_uplink_batch(render_uplink_batch(batch), {}).value(), batch);
    const auto other = net::decode_message(net::encode_message(batch), {}).value();
    EXPECT_EQ(net::frames_digest(std::get<net::UplinkBatch>(other).frames), net::frames_digest(batch.frames));
}

/// The error after `change` at the example's parsed form.
std::string refused(const std::function<void(json&)>& change)
{
    json value = json::parse(example);
    change(value);
    const auto batch = parse_uplink_batch(value.dump(), {});
    return batch ? "taken" : std::string{error_name(batch.error().code)} + ": " + batch.error().detail;
}

TEST(UplinkJson, EveryWrongFieldIsNamed)
{
    struct Row {
        const char* pointer;
        json value; // discarded: the member is left out
        const char* error;
    };
    const json gone(json::value_t::discarded);
    const std::vector<Row> rows = {
        {"/gateway", "a b", "bad_value: gateway: not an id of a gateway"},
        {"/gateway", 7, "bad_value: gateway: a number is not expected here"},
        {"/sequence", gone, "bad_value: sequence: missing"},
        {"/sequence", 0, "bad_value: sequence: must be from 1 to 2^63 - 1"},
        {"/sequence", -1, "bad_value: sequence: must be from 1 to 2^63 - 1"},
        {"/sequence", 18446744073709551615ULL, "bad_value: sequence: too large a number"},
        {"/sequence", 1.5, "bad_value: sequence: must be a whole number"},
        {"/sequence", "7", "bad_value: sequence: a text is not expected here"},
        {"/sequence", json::array(), "bad_value: sequence: a list is not expected here"},
        {"/frames", gone, "bad_value: frames: missing"},
        {"/frames", json::object(), "bad_value: frames: an object is not expected here"},
        {"/frames", json::array(), "bad_value: frames: at least one is needed"},
        {"/more", 1, "bad_value: more: unknown key"},
        {"/frames/1/kind", gone, "bad_value: frames[1].kind: missing"},
        {"/frames/1/kind", "oms", "bad_value: frames[1].kind: must be dlms, wize or tic"},
        {"/frames/1/kind", "tic", "bad_value: frames[1].source_wport: only a DLMS frame has ports"},
        {"/frames/1/frame", gone, "bad_value: frames[1].frame: missing"},
        {"/frames/1/frame", "0g", "bad_value: frames[1].frame: must be hexadecimal"},
        {"/frames/1/frame", "", "bad_value: frames[1].frame: empty"},
        {"/frames/1/frame", nullptr, "bad_value: frames[1].frame: null is not expected here"},
        {"/frames/1/received_at", gone, "bad_value: frames[1].received_at: missing"},
        {"/frames/1/received_at", "2026-01-31",
         "bad_value: frames[1].received_at: must be like 2026-01-31T06:00:05Z or 2026-01-31T06:00:05.250Z"},
        {"/frames/1/received_at", 5, "bad_value: frames[1].received_at: a number is not expected here"},
        {"/frames/1/signal_dbm", -201, "bad_value: frames[1].signal_dbm: must be from -200 to 100"},
        {"/frames/1/signal_dbm", true, "bad_value: frames[1].signal_dbm: true and false are not expected here"},
        {"/frames/1/source_wport", 65'536, "bad_value: frames[1].source_wport: must be from 0 to 65535"},
        {"/frames/1/rssi", 1, "bad_value: frames[1].rssi: unknown key"},
        {"/frames/1", 5, "bad_value: frames[1]: a number is not expected here"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(refused([&](json& value) {
                      const json::json_pointer at{row.pointer};
                      if (row.value.is_discarded())
                          value[at.parent_pointer()].erase(at.back());
                      else
                          value[at] = row.value;
                  }),
                  row.error)
            << row.pointer;
}

TEST(UplinkJson, WhatIsNoBatchIsRefused)
{
    const auto error = [](std::string_view text) {
        const auto batch = parse_uplink_batch(text, {});
        return batch ? std::string{"taken"} : std::string{error_name(batch.error().code)};
    };
    EXPECT_EQ(error(""), "malformed");
    EXPECT_EQ(error("{"), "malformed");
    EXPECT_EQ(error("\xff"), "malformed");
    EXPECT_EQ(error("7"), "bad_value");
    EXPECT_EQ(error("[]"), "bad_value");
    EXPECT_EQ(error(std::string(100'000, '[')), "bad_value");
    EXPECT_EQ(error(R"({"sequence":1,"sequence":2})"), "bad_value");
    EXPECT_EQ(error(example + "x"), "malformed");
    for (std::size_t length = 0; length < example.size(); ++length)
        ASSERT_EQ(error(std::string_view{example}.substr(0, length)), "malformed") << length;
    const net::UplinkLimits one_frame{.batch_frames_max = 1};
    EXPECT_EQ(parse_uplink_batch(example, one_frame).error().code, errc::too_large);
}

TEST(UplinkJson, InstantsHaveUpToThreeDecimals)
{
    const auto ms = [](std::string_view text) {
        const auto instant = parse_instant_ms(text);
        return instant ? instant->time_since_epoch().count() : -1;
    };
    EXPECT_EQ(ms("1970-01-01T00:00:01Z"), 1'000);
    EXPECT_EQ(ms("1970-01-01T00:00:01.5Z"), 1'500);
    EXPECT_EQ(ms("1970-01-01T00:00:01.07Z"), 1'070);
    EXPECT_EQ(ms("1970-01-01T01:00:01.007+01:00"), 1'007);
    for (const char* bad : {"1970-01-01T00:00:01.Z", "1970-01-01T00:00:01.0001Z", "1970-01-01T00:00:01.5", "", "."})
        EXPECT_EQ(ms(bad), -1) << bad;
    for (const std::int64_t count : {0, 1, 999, 1'000})
        EXPECT_EQ(ms(to_iso8601(net::InstantMs{std::chrono::milliseconds{count}})), count);
}

TEST(UplinkJson, AnswersAreWritten)
{
    net::UplinkAck ack{.sequence = 7, .accepted = 1, .duplicate = 0, .refused = 1, .results = {}};
    ack.results.push_back({.index = 0,
                           .outcome = net::UplinkOutcome::accepted,
                           .reason = {},
                           .detail = {},
                           .downlink = octets("\x01\x02"),
                           .send_after = std::chrono::milliseconds{5'000}});
    ack.results.push_back({.index = 1,
                           .outcome = net::UplinkOutcome::refused,
                           .reason = "bad_tag",
                           .detail = "why",
                           .downlink = {}});
    EXPECT_EQ(render_uplink_ack(ack),
              R"({"sequence":7,"accepted":1,"duplicate":0,"refused":1,"results":[)"
              R"({"index":0,"outcome":"accepted","downlink":"0102","send_after_ms":5000},)"
              R"({"index":1,"outcome":"refused","reason":"bad_tag","detail":"why"}]})");
    const json problem =
        json::parse(render_uplink_problem({.sequence = 7, .error = fail(errc::sequence_reused, "why")}));
    EXPECT_EQ(problem["type"], "/problems/sequence_reused");
    EXPECT_EQ(problem["status"], 409);
    EXPECT_EQ(problem["sequence"], 7);
    EXPECT_EQ(problem["detail"], "why");
}

/// What the form makes of a stream that comes in pieces of this size.
std::vector<std::string> read_in_pieces(std::string_view stream, std::size_t piece)
{
    const auto form = make_http_form({});
    std::vector<std::string> seen;
    for (;;) {
        auto next = form->next();
        if (!next) {
            seen.push_back(std::string{error_name(next.error().code)});
            return seen;
        }
        if (!*next) {
            if (stream.empty())
                return seen;
            form->feed(as_bytes(stream.substr(0, piece)));
            stream.remove_prefix(std::min(piece, stream.size()));
        } else if (const auto* batch = std::get_if<net::UplinkBatch>(&**next))
            seen.push_back("batch " + std::to_string(batch->sequence));
        else
            seen.push_back(std::holds_alternative<net::UplinkInterim>(**next) ? "interim" : "state");
        if (form->ended())
            seen.push_back("ended");
    }
}

std::string post(const std::string& body, const std::string& more = "")
{
    return "POST /uplink/v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(UplinkHttp, RequestsAreReadAlikeHoweverTheyAreCut)
{
    const std::string stream = post(example) + "GET /uplink/v1/state HTTP/1.1\r\nHost: x\r\n\r\n" +
                               post(example, "Expect: 100-continue\r\n") +
                               "POST /uplink/v1/batches HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n" +
                               [] {
                                   char size[16];
                                   std::snprintf(size, sizeof size, "%zx", example.size());
                                   return std::string{size} + "\r\n" + example + "\r\n0\r\n\r\n";
                               }();
    for (const std::size_t piece : {1UL, 7UL, 100UL, 100'000UL})
        EXPECT_EQ(read_in_pieces(stream, piece),
                  (std::vector<std::string>{"batch 7", "state", "interim", "batch 7", "batch 7"}))
            << piece;
}

TEST(UplinkHttp, WhatIsNotServedIsNamed)
{
    const auto last = [](const std::string& request) { return read_in_pieces(request, 1'000'000).back(); };
    EXPECT_EQ(last("GET / HTTP/1.1\r\n\r\n"), "not_found");
    EXPECT_EQ(last("GET /uplink/v1/batches HTTP/1.1\r\n\r\n"), "method_not_allowed");
    EXPECT_EQ(last("POST /uplink/v1/state HTTP/1.1\r\n\r\n"), "method_not_allowed");
    EXPECT_EQ(last("POST /uplink/v1/batches HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"),
              "bad_value");
    EXPECT_EQ(last("HELLO\r\n\r\n"), "malformed");
    EXPECT_EQ(last("GET /uplink/v1/state HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
              "headers_too_large");
    EXPECT_EQ(last("POST /uplink/v1/batches HTTP/1.1\r\nContent-Type: application/json\r\n"
                   "Content-Length: 3145729\r\n\r\n"),
              "too_large");
    EXPECT_EQ(last("GET /uplink/v1/state HTTP/1.1\r\nConnection: close\r\n\r\n"), "ended");
}

} // namespace
} // namespace releve::app
