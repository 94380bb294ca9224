#include <releve/api/handlers.hpp>

#include "billing.hpp"

namespace releve::api {
namespace {

result<std::optional<std::int64_t>> read_version(const Request& request)
{
    const std::string_view text = request.parameter("as_of");
    if (text.empty())
        return std::optional<std::int64_t>{};
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc{} || end != text.data() + text.size() || version < 0)
        return fail(errc::bad_parameter, "as_of: must be a version, as `known_from` names it");
    return std::optional{version};
}

} // namespace

result<Response> list_tariffs(const Call& call)
{
    RELEVE_TRY(version, read_version(call.request));
    RELEVE_TRY(texts, call.store->tariffs(call.identity, version));
    RELEVE_TRY(book, book_of(call, texts));
    Listing out{.items = "documents",
                .columns = {"id", "kind", "edition", "origin", "known_from", "energy", "label_en", "label_fr", "plain_en", "plain_fr"},
                .file_name = "releve-tariffs"};
    for (const store::TariffText& text : texts) {
        const auto tariff = book->tariffs.find(text.id);
        const auto calendar = book->calendars.find(text.id);
        const bool is_tariff = text.kind == "tariff" && tariff != book->tariffs.end();
        const OwnWords words = is_tariff                                                       ? tariff->second.words
                               : text.kind == "calendar" && calendar != book->calendars.end() ? calendar->second.words
                                                                                               : OwnWords{};
        out.rows.push_back({text_cell(text.id), text_cell(text.kind), number_cell(text.edition), text_cell(text.origin), number_cell(text.known_from),
                            is_tariff ? text_cell(tariff->second.energy) : no_cell(), optional_cell(words.label_en), optional_cell(words.label_fr), optional_cell(words.plain_en),
                            optional_cell(words.plain_fr)});
    }
    return respond(out, call.request);
}

result<Response> show_tariff(const Call& call)
{
    RELEVE_TRY(version, read_version(call.request));
    RELEVE_TRY(texts, call.store->tariffs(call.identity, version));
    const auto found = std::ranges::find(texts, call.request.path_values.front(), &store::TariffText::id);
    if (found == texts.end())
        return fail(errc::not_found);
    return respond_json(found->content, call.request);
}

result<Response> add_tariff(const Call& call)
{
    if (!call.services.intake)
        return fail(errc::unavailable, "files are not taken here");
    RELEVE_TRY(added, call.services.intake->add_tariff(call.identity, call.request.body));
    RELEVE_TRY(response, respond_json(write_json({"id", "kind", "edition", "added"}, {text_cell(added.id), text_cell(added.kind), number_cell(added.edition),
                                                                                     boolean_cell(added.added)}),
                                      call.request));
    response.status = added.added ? 201 : 200;
    response.headers.emplace_back("Location", "/api/v1/tariffs/" + added.id);
    return response;
}

} // namespace releve::api
