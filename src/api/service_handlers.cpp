#include <releve/api/handlers.hpp>

#include "words.hpp"

#include <releve/api/listing.hpp>
#include <releve/api/web_files.hpp>
#include <releve/engine/gaps.hpp>
#include <releve/engine/validation.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace releve::api {
namespace {

using Json = nlohmann::ordered_json;

Json words_json(const Words& words)
{
    return {{"label", {{"en", words.label_en}, {"fr", words.label_fr}}},
            {"plain", {{"en", words.plain_en}, {"fr", words.plain_fr}}}};
}

Json words_json(std::span<const NamedWords> rows)
{
    Json out = Json::object();
    for (const auto& row : rows)
        out[std::string(row.name)] = words_json(row.words);
    return out;
}

std::string make_words()
{
    Json qualities = Json::object(), frame_states = Json::object(), errors = Json::object();
    Json rules = Json::object(), gaps = Json::object();
    for (const auto& row : engine::validation_rule_rows())
        rules[std::string(row.name)] = words_json(row.words);
    for (const auto& row : engine::gap_state_rows())
        gaps[std::string(row.name)] = words_json(row.words);
    for (const auto& row : quality_rows()) {
        auto& words = qualities[std::string(row.name)] = words_json(row.words);
        words["espi"] = row.espi;
    }
    for (const auto& row : frame_state_rows())
        frame_states[std::string(row.name)] = words_json(row.words);
    for (const auto& row : error_rows())
        errors[std::string(row.name)] = words_json({row.label_en, row.label_fr, row.plain_en, row.plain_fr});
    return Json{{"qualities", qualities},
                {"frame_states", frame_states},
                {"errors", errors},
                {"meter_states", words_json(meter_states)},
                {"roles", words_json(roles)},
                {"collections", words_json(collections)},
                {"accessed", words_json(accessed)},
                {"register_faults", words_json(register_faults)},
                {"command_states", words_json(command_states)},
                {"validation_rules", rules},
                {"severities", words_json(severities)},
                {"gap_states", gaps},
                {"revision_methods", words_json(revision_methods)},
                {"handling_steps", words_json(handling_steps)},
                {"correction_states", words_json(correction_states)},
                {"job_states", words_json(job_states)},
                {"breach_kinds", words_json(breach_kinds)},
                {"place_kinds", words_json(place_kinds)},
                {"outage_causes", words_json(outage_causes)},
                {"live_labels", words_json(live_labels)}}
               .dump() +
           "\n";
}

std::string problem_page(const ErrorRow& row, Language language)
{
    // Nothing here comes from the request: the words are rows of proto/errors.def, which hold no markup.
    const bool french = language == Language::fr;
    const auto label = std::string(french ? row.label_fr : row.label_en);
    std::string out = "<!doctype html>\n<html lang=\"";
    out.append(french ? "fr" : "en").append("\">\n<head><meta charset=\"utf-8\"><title>");
    out.append(label).append(" – Relevé</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n");
    out.append("<link rel=\"icon\" href=\"/icon.svg\"><link rel=\"stylesheet\" href=\"/style.css\"></head>\n");
    out.append("<body><main class=\"problem\"><h1>").append(label).append("</h1>\n<p>");
    out.append(french ? row.plain_fr : row.plain_en).append("</p>\n<p class=\"quiet\"><code>");
    out.append(row.name).append("</code> · HTTP ").append(std::to_string(row.http_status));
    out.append("</p></main></body></html>\n");
    return out;
}

} // namespace

result<Response> show_me(const Call& call)
{
    const auto& who = call.identity;
    Json body{{"role", store::role_name(who.role)}, {"label", who.label}, {"organisations", who.organisations}};
    body["usage_points"] = Json::array();
    for (const auto& id : who.usage_points)
        body["usage_points"].push_back(id.value);
    return respond_json(body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", call.request);
}

result<Response> show_words(const Call& call)
{
    static const std::string body = make_words();
    return respond_json(body, call.request);
}

result<Response> show_problem(const Call& call)
{
    const auto rows = error_rows();
    const auto found = std::ranges::find(rows, std::string_view(call.request.path_values.front()), &ErrorRow::name);
    if (found == rows.end())
        return fail(errc::not_found);
    constexpr std::string_view offers[] = {"application/json", "text/html"};
    RELEVE_TRY(chosen, negotiate(call.request.accept, offers));
    Response out;
    out.headers.emplace_back("Vary", "Accept, Accept-Language");
    if (chosen == 1) {
        out.content_type = "text/html; charset=utf-8";
        out.body = problem_page(*found, preferred_language(call.request.accept_language));
    } else {
        Json body{{"number", static_cast<int>(found->code)}, {"name", found->name}, {"status", found->http_status}};
        body.update(words_json({found->label_en, found->label_fr, found->plain_en, found->plain_fr}));
        out.content_type = "application/json";
        out.body = body.dump() + "\n";
    }
    return out;
}

result<Response> show_health(const Call& call)
{
    return respond_json("{\"status\":\"ok\"}\n", call.request);
}

result<Response> show_readiness(const Call& call)
{
    call.store->ping(); // throws when the database is lost, which becomes 503
    if (!call.services.ready())
        return fail(errc::unavailable);
    return respond_json("{\"status\":\"ready\"}\n", call.request);
}

result<Response> show_metrics(const Call& call)
{
    Response out;
    out.content_type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = call.services.metrics();
    out.body += call.own_metrics;
    return out;
}

result<Response> show_web_file(const Call& call)
{
    const auto name = call.request.path == "/" ? std::string_view("index.html")
                                               : std::string_view(call.request.path).substr(1);
    const auto files = web_files();
    const auto found = std::ranges::find(files, name, &WebFile::name);
    if (found == files.end())
        return fail(errc::not_found);
    Response out;
    out.content_type = found->content_type;
    out.headers.emplace_back("ETag", found->etag);
    out.headers.emplace_back("Cache-Control", "no-cache"); // kept, but asked for each time: a new release shows at once
    if (call.request.if_none_match == found->etag) {
        out.status = 304;
        return out;
    }
    out.body = found->content;
    return out;
}

} // namespace releve::api
