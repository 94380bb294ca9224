#include <releve/api/handlers.hpp>

#include "billing.hpp"
#include "body.hpp"
#include "paging.hpp"

#include <releve/api/bill_page.hpp>

namespace releve::api {
namespace {

constexpr std::size_t reason_bytes_max = 500;

bool wants_page(const Request& request)
{
    constexpr std::string_view offers[] = {"application/json", "text/csv", "text/html"};
    if (const auto format = request.parameter("format"); !format.empty())
        return format == "html";
    const auto chosen = negotiate(request.accept, offers);
    return chosen && *chosen == 2;
}

/// JSON, CSV or a page.
result<Response> respond_bill(const Call& call, const engine::Bill& bill, const store::Knowledge& known, const engine::TariffBook& book, const store::StoredBill* stored)
{
    const std::string_view format = call.request.parameter("format");
    RELEVE_TRY(language, read_language(call.request));
    if (wants_page(call.request)) {
        Response out;
        out.content_type = "text/html; charset=utf-8";
        out.body = bill_html(bill, book, stored, language);
        out.headers.emplace_back("Vary", "Accept, Accept-Language, Authorization");
        out.headers.emplace_back("Content-Language", language == Language::fr ? "fr" : "en");
        out.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
        return out;
    }
    if (!format.empty() && format != "json" && format != "csv")
        return fail(errc::not_acceptable, std::string{"format: json, csv"} + (stored != nullptr ? ", html and document" : " and html") + " are available");
    constexpr std::string_view offers[] = {"application/json", "text/csv"};
    const auto chosen = negotiate(call.request.accept, offers);
    if (format == "csv" || (format.empty() && chosen && *chosen == 1)) {
        Listing listing = bill_listing(bill, book);
        listing.file_name = file_name(call, "bill-" + to_iso8601(bill.span.from));
        return respond(listing, call.request);
    }
    Request asked = call.request;
    if (format == "json") // wins over Accept
        asked.accept.clear();
    return respond_json(bill_json(bill, known, book, stored), asked);
}

/// What-if: another tariff or power than the contract's.
result<std::optional<engine::ContractTerms>> read_instead(const Request& request)
{
    const std::string_view tariff = request.parameter("tariff");
    const std::string_view powers = request.parameter("powers_kva"), parameters = request.parameter("parameters");
    if (tariff.empty()) {
        if (!powers.empty() || !parameters.empty())
            return fail(errc::bad_parameter, "tariff: is required where powers_kva or parameters are given");
        return std::optional<engine::ContractTerms>{};
    }
    engine::ContractTerms terms;
    terms.tariff = tariff;
    const auto read_powers = store::parse_powers(powers);
    if (!read_powers)
        return fail(errc::bad_parameter, "powers_kva: " + read_powers.error().detail);
    terms.powers_va = *read_powers;
    const auto read_parameters = store::parse_parameters(parameters);
    if (!read_parameters)
        return fail(errc::bad_parameter, "parameters: " + read_parameters.error().detail);
    terms.parameters = *read_parameters;
    return std::optional{std::move(terms)};
}

std::string state_json(const store::StoredBill& bill) { return write_json(stored_bill_columns(), stored_bill_row(bill)); }

} // namespace

result<Response> compute_bill(const Call& call)
{
    RELEVE_TRY(span, read_days(call.request));
    engine::BillWanted wanted{.span = span};
    if (const auto text = call.request.parameter("prices_as_of"); !text.empty()) {
        const auto day = parse_day(text);
        if (!day)
            return fail(errc::bad_parameter, "prices_as_of: must be a date (2024-01-31)");
        wanted.prices_as_of = *day;
    }
    RELEVE_TRY(instead, read_instead(call.request));
    wanted.instead = std::move(instead);
    RELEVE_TRY(known, read_knowledge(call, span));
    RELEVE_TRY(made, make(call, wanted, known));
    return respond_bill(call, made.bill, made.basis.known, *made.book, nullptr);
}

result<Response> list_bills(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->bills(call.identity, point_of(call), page));
    Listing out{.items = "bills", .columns = stored_bill_columns(), .file_name = file_name(call, "bills")};
    for (const store::StoredBill& row : rows)
        out.rows.push_back(stored_bill_row(row));
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> make_bill(const Call& call)
{
    RELEVE_TRY(body, Body::read(call.request.body, "from to as_of corrects"));
    Request asked = call.request;
    asked.query.clear();
    for (const char* name : {"from", "to", "as_of"}) {
        constexpr std::size_t text_max = 64;
        RELEVE_TRY(text, body.text(name, {.min = 0, .max = text_max}));
        asked.query.emplace_back(name, std::move(text));
    }
    const Call inner{asked, call.services, call.own_metrics, call.identity, call.store};
    RELEVE_TRY(span, read_days(asked));
    RELEVE_TRY(known, read_knowledge(inner, span));
    RELEVE_TRY(made, make(call, {.span = span}, known));
    store::NewBill fresh{.bill = &made.bill, .document = engine::to_document(made.bill), .terms = made.basis.known.terms};
    RELEVE_TRY(corrects, body.text("corrects", {.min = 0, .max = 18}));
    if (!corrects.empty()) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(corrects.data(), corrects.data() + corrects.size(), number);
        if (error != std::errc{} || end != corrects.data() + corrects.size() || number < 1)
            return fail(errc::bad_parameter, "corrects: must be the `id` of a bill, as text");
        const auto corrected = call.store->bill(call.identity, point_of(call), number);
        if (!corrected && corrected.error().code == errc::not_found)
            return fail(errc::bad_parameter, "corrects: this usage point has no bill " + corrects);
        RELEVE_CHECK(corrected);
        fresh.corrects = number;
    }
    RELEVE_TRY(stored, call.store->save_bill(call.identity, fresh));
    RELEVE_TRY(response, respond_json(bill_json(made.bill, made.basis.known, *made.book, &stored), call.request));
    response.status = 201;
    response.headers.emplace_back("Location", "/api/v1/usage-points/" + point_of(call).value + "/bills/" + std::to_string(stored.id));
    return response;
}

result<Response> show_bill(const Call& call)
{
    RELEVE_TRY(kept, bill_in_path(call));
    if (call.request.parameter("format") == "document") { // what the fingerprint is of
        Response out;
        out.content_type = "text/plain; charset=utf-8";
        out.body = kept.stored.document;
        out.headers.emplace_back("Vary", "Accept, Authorization");
        return out;
    }
    return respond_bill(call, kept.bill, kept.stored.known, *kept.book, &kept.stored);
}

result<Response> change_bill_state(const Call& call)
{
    RELEVE_TRY(kept, bill_in_path(call));
    RELEVE_TRY(body, Body::read(call.request.body, "state reason"));
    RELEVE_TRY(name, body.text("state", {.min = 1, .max = 16}));
    RELEVE_TRY(reason, body.text("reason", {.min = 0, .max = reason_bytes_max}));
    const auto state = store::bill_state_from_name(name);
    if (!state || *state == store::BillState::draft)
        return fail(errc::bad_parameter, "state: must be issued or cancelled");
    RELEVE_TRY(stored, call.store->set_bill_state(call.identity, point_of(call), kept.stored.id, *state, reason));
    return respond_json(state_json(stored), call.request);
}

result<Response> list_contracts(const Call& call)
{
    const CivilDay open_end{std::chrono::year{2100} / 1 / 1};
    const CivilDay today = paris().day_of(call.services.clock()); // the day that the list of accesses names
    RELEVE_TRY(known, read_knowledge(call, {today, today + std::chrono::days{1}}));
    RELEVE_TRY(basis, call.store->bill_basis(call.identity, point_of(call), {today, today + std::chrono::days{1}}, known));
    Listing out{.before = {{"as_of", text_cell(std::to_string(basis.known.batch.value) + "." + std::to_string(basis.known.terms))}},
                .items = "contracts",
                .columns = {"from", "to", "tariff", "powers_kva", "parameters", "daily_capacity_kwh", "meter_calendar", "offpeak"},
                .file_name = file_name(call, "contracts")};
    for (const engine::ContractTerms& terms : basis.facts.contracts) {
        std::string offpeak;
        for (const engine::OffpeakPeriod& period : basis.facts.offpeak)
            if (period.span.from < terms.span.to && period.span.to > terms.span.from)
                offpeak = engine::to_offpeak_text(period.windows);
        out.rows.push_back({text_cell(to_iso8601(terms.span.from)), terms.span.to < open_end ? text_cell(to_iso8601(terms.span.to)) : no_cell(), text_cell(terms.tariff), optional_cell(store::powers_text(terms.powers_va)),
                            optional_cell(store::parameters_text(terms.parameters)), maybe_number_cell(terms.daily_capacity_kwh), optional_cell(terms.meter_calendar),
                            optional_cell(offpeak)});
    }
    return respond(out, call.request);
}

} // namespace releve::api
