#include "billing.hpp"

namespace releve::api {
namespace {

result<std::int64_t> whole(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0)
        return fail(errc::bad_parameter, "as_of: must be the number that an answer named, like 812 or 812.3");
    return number;
}

result<CivilDay> read_day(const Request& request, std::string_view name)
{
    RELEVE_TRY(moment, parse_moment(name, request.parameter(name)));
    const auto* day = std::get_if<CivilDay>(&moment);
    if (day == nullptr)
        return fail(errc::bad_parameter, std::string{name} + ": must be a date (2024-01-31): bills are of whole days");
    return *day;
}

} // namespace

result<Services::Book> book_of(const Call& call, std::int64_t version, std::optional<std::int64_t> terms)
{
    if (!call.services.tariff_book)
        return fail(errc::unavailable, "no tariffs are loaded");
    return call.services.tariff_book(version, [&] { return call.store->tariffs(call.identity, terms); });
}

result<Services::Book> book_of(const Call& call, const std::vector<store::TariffText>& texts)
{
    if (!call.services.tariff_book)
        return fail(errc::unavailable, "no tariffs are loaded");
    std::int64_t version = 0;
    for (const store::TariffText& text : texts)
        version = std::max(version, text.known_from);
    return call.services.tariff_book(version, [&]() -> result<std::vector<store::TariffText>> { return texts; });
}

result<engine::CivilSpan> read_days(const Request& request)
{
    RELEVE_TRY(from, read_day(request, "from"));
    RELEVE_TRY(to, read_day(request, "to"));
    if (to <= from)
        return fail(errc::bad_parameter, "to: must be after from");
    return engine::CivilSpan{from, to};
}

result<std::optional<store::Knowledge>> read_knowledge(const Call& call, const engine::CivilSpan& span)
{
    const std::string_view text = call.request.parameter("as_of");
    if (text.empty())
        return std::optional<store::Knowledge>{};
    const std::size_t point = text.find('.');
    RELEVE_TRY(batch, whole(text.substr(0, point)));
    if (point != std::string_view::npos) {
        RELEVE_TRY(terms, whole(text.substr(point + 1)));
        return std::optional{store::Knowledge{BatchNumber{batch}, terms}};
    }
    RELEVE_TRY(now, call.store->bill_basis(call.identity, point_of(call), {span.from, span.from + std::chrono::days{1}}, {}));
    return std::optional{store::Knowledge{BatchNumber{batch}, now.known.terms}};
}

result<Language> read_language(const Request& request)
{
    const std::string_view text = request.parameter("lang");
    if (text.empty())
        return preferred_language(request.accept_language);
    if (text != "en" && text != "fr")
        return fail(errc::bad_parameter, "lang: must be en or fr");
    return text == "fr" ? Language::fr : Language::en;
}

result<MadeBill> make(const Call& call, const engine::BillWanted& wanted, const std::optional<store::Knowledge>& known)
{
    MadeBill made;
    RELEVE_TRY(basis, call.store->bill_basis(call.identity, point_of(call), wanted.span, known));
    made.basis = std::move(basis);
    RELEVE_TRY(book, book_of(call, made.basis.tariffs, made.basis.known.terms));
    made.book = std::move(book);
    RELEVE_TRY(zone, zone_named(made.basis.zone));
    engine::BillMaker maker{*made.book, *zone};
    engine::BillWanted asked = wanted;
    asked.played = made.basis.played;
    RELEVE_TRY(bill, maker.make(made.basis.facts, asked));
    made.bill = std::move(bill);
    return made;
}

result<KeptBill> keep(const Call& call, store::StoredBill stored)
{
    auto bill = engine::parse_document(stored.document);
    if (!bill)
        return fail(errc::internal, "bill " + std::to_string(stored.id) + ": " + bill.error().detail);
    const std::int64_t terms = stored.known.terms;
    RELEVE_TRY(texts, call.store->tariffs(call.identity, terms));
    RELEVE_TRY(book, book_of(call, texts));
    return KeptBill{std::move(stored), std::move(*bill), std::move(book)};
}

result<KeptBill> bill_in_path(const Call& call)
{
    const std::string& text = call.request.path_values.at(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1)
        return fail(errc::not_found);
    RELEVE_TRY(stored, call.store->bill(call.identity, point_of(call), number));
    return keep(call, std::move(stored));
}

} // namespace releve::api
