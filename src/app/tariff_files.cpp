#include <releve/app/tariff_files.hpp>

#include "json_lines.hpp"
#include "tariff_parse.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace releve::app {

using engine::Calendar;
using engine::PublishedDays;
using engine::Tariff;
using engine::TariffBook;

namespace {

constexpr std::size_t document_bytes_max = 1'048'576;
constexpr std::size_t text_bytes_max = 4'000; // the schema's expressions call themselves once a character

/// A tariff may name a calendar too, so it is looked for first.
struct Kind {
    std::string_view name, list; // a member that names the document, and one that only this kind has
};
constexpr Kind kinds[] = {{"tariff", "components"}, {"published_days", "runs"}, {"calendar", "classes"}};

std::optional<JsonProblem> long_text(const nlohmann::json& value, const std::string& pointer)
{
    if (value.is_string() && value.get_ref<const std::string&>().size() > text_bytes_max)
        return JsonProblem{pointer, "longer than " + std::to_string(text_bytes_max) + " bytes"};
    if (value.is_structured())
        for (const auto& [key, member] : value.items())
            if (auto problem = long_text(member, pointer + "/" + key))
                return problem;
    return std::nullopt;
}

/// The schema's root is what a document of the kind must be, so that its complaints are about that kind
/// alone.
nlohmann::json schema_of(std::string_view kind)
{
    const auto whole = nlohmann::json::parse(shipped_tariff_schema(), nullptr, false);
    RELEVE_ASSERT(whole.is_object());
    nlohmann::json root = whole.at("definitions").at(std::string{kind});
    root["definitions"] = whole.at("definitions");
    return root;
}

/// What stands between the first two quotes from `at` on.
std::string quoted(const std::string& text, std::size_t at)
{
    const std::size_t from = text.find('\'', at), to = text.find('\'', from + 1);
    return from == std::string::npos || to == std::string::npos ? std::string{}
                                                                : text.substr(from + 1, to - from - 1);
}

JsonProblem told(const valijson::ValidationResults::Error& error, const nlohmann::json& document)
{
    std::string pointer;
    const nlohmann::json* value = &document;
    for (std::size_t i = 1; i < error.context.size(); ++i) { // the first is the root; others are in brackets
        const std::string key = error.context[i].substr(1, error.context[i].size() - 2);
        pointer += "/" + key;
        value = value->is_array() ? &value->at(std::stoul(key)) : &value->at(key);
    }
    const std::string& said = error.description;
    if (said.starts_with("Missing required property"))
        return {pointer + "/" + quoted(said, 0), "missing"};
    if (const auto at = said.find("constraints: '"); at != std::string::npos)
        return {pointer + "/" + quoted(said, at), "unknown key"};
    if (said.find("'type'") != std::string::npos)
        return {pointer, value->is_number()
                             ? "must not be a number; prices and rates are texts, as \"0.1952\""
                             : "is of another type than the schema wants"};
    if (said.find("enum") != std::string::npos)
        return {pointer, "is none of the words that the schema allows"};
    if (said.find("'pattern'") != std::string::npos)
        return {pointer, "does not have the form that the schema wants"};
    return {pointer, said};
}

std::optional<JsonProblem> schema_problem(const nlohmann::json& document, std::string_view kind)
{
    using Adapter = valijson::adapters::NlohmannJsonAdapter;
    const nlohmann::json root = schema_of(kind);
    valijson::Schema schema;
    valijson::SchemaParser{}.populateSchema(Adapter{root}, schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema, Adapter{document}, &results))
        return std::nullopt;
    valijson::ValidationResults::Error first; // the innermost
    RELEVE_ASSERT(results.popError(first));
    return told(first, document);
}

TariffDocument read_document(const nlohmann::json& json, std::optional<JsonProblem>& problem)
{
    TariffDocument out;
    const JsonNode root{json, "", problem};
    const auto* const kind = std::ranges::find_if(
        kinds, [&](const Kind& one) { return root.has(one.name) || root.has(one.list); });
    if (kind == std::end(kinds)) {
        root.fail("must name what it is: tariff, calendar or published_days");
        return out;
    }
    problem = long_text(json, "");
    if (!problem)
        problem = schema_problem(json, kind->name);
    if (problem)
        return out;
    out.id = root.at(kind->name).text();
    out.edition = static_cast<int>(root.at("edition").integer(1, 1'000'000));
    out.cases = root.has("cases") ? json.at("cases").dump() : "[]";
    if (kind->name == "tariff")
        out.content = tariffs::read_tariff(json, root);
    else if (kind->name == "calendar")
        out.content = tariffs::read_calendar(root);
    else
        out.content = tariffs::read_published_days(json, root);
    return out;
}

/// The documents that count, of each kind by id.
struct Latest {
    std::map<std::string, const TariffDocument*, std::less<>> tariffs, calendars, published;
};

Error bad(const TariffDocument& document, const std::string& reason)
{
    return fail(errc::bad_tariff, document.file_name + ": " + reason);
}

result<Latest> latest_of(std::span<const TariffDocument> documents)
{
    Latest out;
    std::set<std::pair<const void*, std::pair<std::string, int>>> editions;
    for (const TariffDocument& document : documents) {
        auto& of_kind = std::holds_alternative<Tariff>(document.content)     ? out.tariffs
                        : std::holds_alternative<Calendar>(document.content) ? out.calendars
                                                                             : out.published;
        const bool is_new = editions.insert({&of_kind, {document.id, document.edition}}).second;
        const TariffDocument*& best = of_kind[document.id];
        if (!is_new)
            return bad(document, "edition: " + std::to_string(document.edition) + " of " + document.id +
                                     " stands in another document too; give it a later one");
        if (best == nullptr || best->edition < document.edition)
            best = &document;
    }
    return out;
}

std::optional<std::string> fault_of_days(const Calendar& calendar, const TariffBook& book)
{
    if (calendar.published.empty())
        return std::nullopt;
    const auto days = book.published.find(calendar.published);
    if (days == book.published.end())
        return "published: there are no published days " + calendar.published;
    for (std::size_t i = 0; i < calendar.rules.size(); ++i) {
        const std::string& kind = calendar.rules[i].day_kind;
        if (!kind.empty() &&
            std::ranges::find(days->second.kinds, kind, &std::pair<char, std::string>::second) ==
                days->second.kinds.end())
            return "rules/" + std::to_string(i) + ": the published days " + calendar.published +
                   " have no kind " + kind;
    }
    return std::nullopt;
}

/// The tariff and all that it brings in, as far as it is there.
void collect(const TariffBook& book, const std::string& id, std::set<std::string, std::less<>>& reached)
{
    const auto found = book.tariffs.find(id);
    if (found == book.tariffs.end() || !reached.insert(id).second)
        return;
    for (const engine::Include& include : found->second.includes)
        collect(book, include.tariff, reached);
}

std::optional<std::string> fault_of_includes(const Tariff& tariff, const TariffBook& book)
{
    for (std::size_t i = 0; i < tariff.includes.size(); ++i) {
        const engine::Include& include = tariff.includes[i];
        const std::string place = "includes/" + std::to_string(i) + ": ";
        const auto found = book.tariffs.find(include.tariff);
        if (found == book.tariffs.end())
            return place + "there is no tariff " + include.tariff;
        if (found->second.energy != tariff.energy)
            return place + include.tariff + " is for " + found->second.energy;
        std::set<std::string, std::less<>> reached;
        collect(book, include.tariff, reached);
        if (reached.contains(tariff.id))
            return place + include.tariff + " brings " + tariff.id + " in again";
        const bool is_vat = std::ranges::any_of(found->second.components, [](const engine::Component& one) { return one.section == engine::Section::vat; });
        if (is_vat && include.contained != tariff.prices_include_vat)
            return place + "contained: does not go with prices_include_vat";
        for (const auto& [name, value] : include.set) {
            const auto allows = [&](const std::string& id) {
                const auto& models = book.tariffs.at(id).parameters;
                const auto model = std::ranges::find(models, name, &engine::ParameterModel::name);
                return model != models.end() &&
                       (model->values.empty() ||
                        std::ranges::find(model->values, value) != model->values.end());
            };
            if (std::ranges::none_of(reached, allows))
                return place + "set/" + name + ": " + include.tariff +
                       " has no such parameter, or not the value " + value;
        }
    }
    return std::nullopt;
}

/// Shares are of components of other tariffs too, so a wrong name shows only when all are there.
std::optional<std::string> fault_of_shares(const Tariff& tariff,
                                           const std::set<std::string, std::less<>>& components)
{
    for (const engine::Component& component : tariff.components)
        for (const std::string& of : component.of)
            if (component.basis == engine::Basis::share ? !components.contains(of)
                                                        : tariff.find(of) == nullptr)
                return "components/" + component.id + ": of: there is no component " + of;
    return std::nullopt;
}

result<void> add_calendars(const Latest& latest, TariffBook& book)
{
    for (const auto& [id, document] : latest.published)
        book.published.emplace(id, std::get<PublishedDays>(document->content));
    for (const auto& [id, document] : latest.calendars) {
        const Calendar& calendar = std::get<Calendar>(document->content);
        if (const auto fault = engine::find_fault(calendar))
            return bad(*document, *fault);
        if (const auto fault = fault_of_days(calendar, book))
            return bad(*document, *fault);
        book.calendars.emplace(id, calendar);
    }
    return {};
}

} // namespace

result<TariffDocument> parse_tariff_document(std::string_view json, const std::string& file_name)
{
    if (json.size() > document_bytes_max)
        return fail(errc::bad_tariff,
                    file_name + ": larger than " + std::to_string(document_bytes_max) + " bytes");
    const JsonLines lines{json};
    std::optional<JsonProblem> problem = lines.problem();
    TariffDocument out;
    if (!problem)
        out = read_document(nlohmann::json::parse(json, nullptr, false), problem);
    if (problem)
        return fail(errc::bad_tariff, describe(lines, *problem, file_name));
    out.file_name = file_name;
    return out;
}

result<TariffBook> make_book(std::span<const TariffDocument> documents)
{
    RELEVE_TRY(latest, latest_of(documents));
    TariffBook book;
    RELEVE_CHECK(add_calendars(latest, book));
    std::set<std::string, std::less<>> components;
    for (const auto& [id, document] : latest.tariffs) {
        Tariff& tariff = book.tariffs[id] = std::get<Tariff>(document->content);
        if (const auto fault = engine::complete(tariff, book.calendars))
            return bad(*document, *fault);
        for (const engine::Component& component : tariff.components)
            components.insert(component.id);
    }
    for (const auto& [id, document] : latest.tariffs) {
        const Tariff& tariff = book.tariffs.at(id);
        if (const auto fault = fault_of_includes(tariff, book))
            return bad(*document, *fault);
        if (const auto fault = fault_of_shares(tariff, components))
            return bad(*document, *fault);
    }
    return book;
}

result<TariffBook> load_shipped_tariffs()
{
    std::vector<TariffDocument> documents;
    for (const ShippedTariff& shipped : shipped_tariffs()) {
        RELEVE_TRY(document, parse_tariff_document(shipped.json, std::string{shipped.file_name}));
        documents.push_back(std::move(document));
    }
    return make_book(documents);
}

} // namespace releve::app
