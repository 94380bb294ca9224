// releve bill compute|make|run|list|show|issue|cancel|correct

#include "billing_desk.hpp"

#include <releve/api/bill_page.hpp>
#include <releve/app/bill_run.hpp>
#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>

namespace releve::app {

namespace {

constexpr int run_failures_shown_max = 50;

struct BillArguments {
    std::string usage_point, from, to, as_of, prices_as_of, tariff, powers, parameters, format = "text", language = "en", reason, month, group;
    std::int64_t id = 0, resume = 0;
};

result<CivilDay> read_option_day(const char* option, const std::string& text)
{
    const auto day = parse_day(text);
    if (!day)
        return fail(errc::bad_config, std::string{option} + ": expected a date like 2024-01-10");
    return *day;
}

result<engine::BillWanted> read_wanted(const BillArguments& given)
{
    engine::BillWanted wanted;
    RELEVE_TRY(from, read_option_day("--from", given.from));
    RELEVE_TRY(to, read_option_day("--to", given.to));
    if (to <= from)
        return fail(errc::bad_config, "--to: is not after --from");
    wanted.span = {from, to};
    if (!given.prices_as_of.empty()) {
        RELEVE_TRY(day, read_option_day("--prices-as-of", given.prices_as_of));
        wanted.prices_as_of = day;
    }
    if (given.tariff.empty() && (!given.powers.empty() || !given.parameters.empty()))
        return fail(errc::bad_config, "--tariff: is needed where --powers or --parameters are given");
    if (!given.tariff.empty()) {
        engine::ContractTerms& terms = wanted.instead.emplace();
        terms.tariff = given.tariff;
        auto powers = store::parse_powers(given.powers);
        if (!powers)
            return fail(errc::bad_config, "--powers: " + powers.error().detail);
        terms.powers_va = std::move(*powers);
        auto parameters = store::parse_parameters(given.parameters);
        if (!parameters)
            return fail(errc::bad_config, "--parameters: " + parameters.error().detail);
        terms.parameters = std::move(*parameters);
    }
    return wanted;
}

result<std::optional<store::Knowledge>> read_known(const std::string& text)
{
    if (text.empty())
        return std::optional<store::Knowledge>{};
    store::Knowledge known;
    const char* end = text.data() + text.size();
    const auto batch = std::from_chars(text.data(), end, known.batch.value);
    if (batch.ec != std::errc{} || batch.ptr == end || *batch.ptr != '.')
        return fail(errc::bad_config, "--as-of: expected two numbers as a bill shows them, like 812.3");
    const auto terms = std::from_chars(batch.ptr + 1, end, known.terms);
    if (terms.ec != std::errc{} || terms.ptr != end)
        return fail(errc::bad_config, "--as-of: expected two numbers as a bill shows them, like 812.3");
    return std::optional{known};
}

struct Computed {
    engine::Bill bill;
    store::BillBasis basis;
    SharedBook book;
};

/// What a person typed is named by its option; the rest of what can be wrong, by itself.
Error told(Error error)
{
    if (error.code == errc::not_found)
        return fail(errc::bad_config, "usage_point: " + error.detail);
    return error;
}

result<Computed> compute(BillingDesk& desk, const BillArguments& given)
{
    RELEVE_TRY(wanted, read_wanted(given));
    RELEVE_TRY(known, read_known(given.as_of));
    auto basis = desk.store->basis({given.usage_point}, wanted.span, known);
    if (!basis)
        return told(basis.error());
    RELEVE_TRY(book, desk.book(basis->tariffs, basis->known.terms));
    RELEVE_TRY(zone, zone_named(basis->zone));
    wanted.played = basis->played;
    engine::BillMaker maker{*book, *zone};
    auto bill = maker.make(basis->facts, wanted);
    if (!bill)
        return told(bill.error());
    return Computed{std::move(*bill), std::move(*basis), std::move(book)};
}

int print(const BillArguments& given, const engine::Bill& bill, const store::Knowledge& known, const engine::TariffBook& book, const store::StoredBill* stored)
{
    const api::Language language = given.language == "fr" ? api::Language::fr : api::Language::en;
    std::string out;
    if (given.format == "json")
        out = api::bill_json(bill, known, book, stored);
    else if (given.format == "csv")
        out = api::write_csv(api::bill_listing(bill, book));
    else if (given.format == "html")
        out = api::bill_html(bill, book, stored, language);
    else if (given.format == "document")
        out = engine::to_document(bill);
    else
        out = api::bill_text(bill, book, language) + (stored != nullptr ? std::string{} : "as of " + std::to_string(known.batch.value) + "." + std::to_string(known.terms) + "\n");
    std::fwrite(out.data(), 1, out.size(), stdout);
    return 0;
}

int compute_bill(const ConfigFlags& flags, const BillArguments& given)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    const auto computed = compute(**desk, given);
    if (!computed)
        return complain(computed.error());
    return print(given, computed->bill, computed->basis.known, *computed->book, nullptr);
}

int make_bill(const ConfigFlags& flags, const BillArguments& given, std::optional<std::int64_t> corrects)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    const auto computed = compute(**desk, given);
    if (!computed)
        return complain(computed.error());
    const auto id = (*desk)->store->save({.bill = &computed->bill, .document = engine::to_document(computed->bill), .terms = computed->basis.known.terms, .corrects = corrects});
    if (!id)
        return complain(id.error());
    std::printf("bill %lld: a draft of %s for %s, %s to %s; `releve bill issue %lld` issues it\n", static_cast<long long>(*id), to_string(computed->bill.total).c_str(),
                given.usage_point.c_str(), given.from.c_str(), given.to.c_str(), static_cast<long long>(*id));
    return 0;
}

/// The same days again with what is known now.
int correct_bill(const ConfigFlags& flags, BillArguments given)
{
    std::optional<store::StoredBill> of;
    {
        const auto desk = open_desk(flags);
        if (!desk)
            return complain(desk.error());
        const auto found = (*desk)->store->bill(given.id);
        if (!found)
            return complain(fail(errc::bad_config, "id: " + found.error().detail));
        of = *found;
    }
    given.usage_point = of->usage_point.value;
    given.from = to_iso8601(of->span.from);
    given.to = to_iso8601(of->span.to);
    return make_bill(flags, given, given.id);
}

int list_bills(const ConfigFlags& flags, const BillArguments& given)
{
    constexpr int shown_max = 1'000;
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    std::printf("%-8s %-15s %-11s %-11s %-10s %12s %12s %-10s %-10s %s\n", "id", "usage point", "from", "to", "state", "EUR", "kWh", "rests on", "as of", "corrects");
    for (const store::StoredBill& bill : (*desk)->store->bills(given.usage_point, shown_max))
        std::printf("%-8lld %-15s %-11s %-11s %-10s %12s %12s %-10s %-10s %s\n", static_cast<long long>(bill.id), bill.usage_point.value.c_str(),
                    to_iso8601(bill.span.from).c_str(), to_iso8601(bill.span.to).c_str(), std::string{store::bill_state_name(bill.state)}.c_str(),
                    to_string(bill.total).c_str(), to_string(shortest({bill.energy_wh, 3})).c_str(), std::string{engine::rests_name(bill.rests)}.c_str(),
                    (std::to_string(bill.known.batch.value) + "." + std::to_string(bill.known.terms)).c_str(), bill.corrects ? std::to_string(*bill.corrects).c_str() : "-");
    return 0;
}

int show_bill(const ConfigFlags& flags, const BillArguments& given)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    const auto stored = (*desk)->store->bill(given.id);
    if (!stored)
        return complain(fail(errc::bad_config, "id: " + stored.error().detail));
    const auto bill = engine::parse_document(stored->document);
    if (!bill)
        return complain(bill.error());
    const auto book = read_book((*desk)->store->tariffs(stored->known.terms));
    if (!book)
        return complain(book.error());
    return print(given, *bill, stored->known, **book, &*stored);
}

int change_state(const ConfigFlags& flags, const BillArguments& given, store::BillState state)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    if (const auto done = (*desk)->store->set_state(given.id, state, given.reason); !done)
        return complain(fail(errc::bad_config, done.error().detail));
    std::printf("bill %lld: %s\n", static_cast<long long>(given.id), std::string{store::bill_state_name(state)}.c_str());
    return 0;
}

std::atomic<bool> stop_run{false};

/// Whole months, or what --from and --to say.
result<engine::CivilSpan> read_span(const BillArguments& given)
{
    if (given.month.empty()) {
        RELEVE_TRY(wanted, read_wanted(given));
        return wanted.span;
    }
    const auto first = parse_day(given.month + "-01");
    if (!first)
        return fail(errc::bad_config, "--month: expected a month like 2025-09");
    const std::chrono::year_month_day date{*first};
    return engine::CivilSpan{*first, CivilDay{(date.year() / date.month() + std::chrono::months{1}) / 1}};
}

void show_run_progress(std::int64_t done, std::int64_t total)
{
    std::fprintf(stderr, "%lld of %lld usage points\n", static_cast<long long>(done), static_cast<long long>(total));
}

/// Many at a time. An interrupt ends it after the portion at hand; the same run goes on with --resume.
int run_many(const ConfigFlags& flags, const BillArguments& given)
{
    std::optional<engine::CivilSpan> span;
    if (given.resume == 0) {
        const auto read = read_span(given);
        if (!read)
            return complain(read.error());
        span = *read;
    }
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    const store::DatabaseAddress& database = (*desk)->opened.database.address;
    store::BillBulk bulk{database};
    const auto run = span ? result<store::BulkRun>{bulk.begin(*span, given.group)} : bulk.resume(given.resume);
    if (!run)
        return complain(fail(errc::bad_config, "--resume: " + run.error().detail));
    for (const int signal : {SIGINT, SIGTERM})
        std::signal(signal, [](int) { stop_run = true; });
    const store::ModelLookup models = [registry = &(*desk)->models](std::string_view name) { return registry->find(name); };
    const auto done = run_bills(database, models, *run, {.progress = show_run_progress, .stop = &stop_run});
    if (!done)
        return complain(done.error());
    std::printf("run %lld: %lld drafts, %s EUR in all; %lld could not be billed%s\n", static_cast<long long>(run->id), static_cast<long long>(done->billed),
                to_string(Cents{done->total_cents}).c_str(), static_cast<long long>(done->failed), done->finished ? "" : "; stopped, go on with --resume");
    for (const auto& [point, reason] : bulk.failures(run->id, run_failures_shown_max))
        std::printf("  %s: %s\n", point.value.c_str(), reason.c_str());
    return done->finished && done->failed == 0 ? 0 : 1;
}

} // namespace

int run_bill(std::span<const std::string> arguments)
{
    CLI::App app{"What a usage point should pay, and where every cent comes from.", "releve bill"};
    app.require_subcommand(1);
    ConfigFlags flags;
    BillArguments given;
    CLI::App* compute_command = app.add_subcommand("compute", "Work a bill out and print it; nothing is kept");
    CLI::App* make_command = app.add_subcommand("make", "Work a bill out and keep it as a draft");
    CLI::App* list_command = app.add_subcommand("list", "Bills, the newest first");
    CLI::App* show_command = app.add_subcommand("show", "A bill as it was made");
    CLI::App* issue_command = app.add_subcommand("issue", "A draft becomes the bill of its days and never changes again");
    CLI::App* cancel_command = app.add_subcommand("cancel", "A draft or an issued bill is void, for a reason");
    CLI::App* correct_command = app.add_subcommand("correct", "A draft for the days of an issued bill, with what is known now; issued, it takes its place");
    for (CLI::App* command : {compute_command, make_command}) {
        command->add_option("usage_point", given.usage_point, "The number on the bill")->required();
        command->add_option("--from", given.from, "First day, like 2024-01-10")->required();
        command->add_option("--to", given.to, "First day after it")->required();
        command->add_option("--as-of", given.as_of, "As known then: the two numbers of an earlier bill, like 812.3");
    }
    compute_command->add_option("--prices-as-of", given.prices_as_of, "A comparison: all prices of this day");
    compute_command->add_option("--tariff", given.tariff, "A comparison: as if this had been the contract's tariff");
    compute_command->add_option("--powers", given.powers, "With --tariff: kVA like 9, or one a class like 36;36;36;100");
    compute_command->add_option("--parameters", given.parameters, "With --tariff: like fta=BTINFMUDT;user=household_le36");
    for (CLI::App* command : {compute_command, show_command}) {
        command->add_option("--format", given.format, "text, json, csv, html or document")->check(CLI::IsMember({"text", "json", "csv", "html", "document"}));
        command->add_option("--lang", given.language, "en or fr")->check(CLI::IsMember({"en", "fr"}));
    }
    CLI::App* run_command = app.add_subcommand("run", "Drafts for all usage points with a contract, or those of a group");
    run_command->add_option("--month", given.month, "Like 2025-09");
    run_command->add_option("--from", given.from, "In place of --month: first day");
    run_command->add_option("--to", given.to, "In place of --month: first day after it");
    run_command->add_option("--group", given.group, "Its members only");
    run_command->add_option("--resume", given.resume, "Number of a run that was stopped: it goes on");
    list_command->add_option("usage_point", given.usage_point, "The number on the bill; all if not given");
    for (CLI::App* command : {show_command, issue_command, cancel_command, correct_command})
        command->add_option("id", given.id, "Number of the bill")->required();
    cancel_command->add_option("--reason", given.reason, "Why, in 3 to 500 characters")->required();
    for (CLI::App* command : {compute_command, make_command, list_command, show_command, issue_command, cancel_command, correct_command, run_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (compute_command->parsed())
        return compute_bill(flags, given);
    if (make_command->parsed())
        return make_bill(flags, given, {});
    if (run_command->parsed())
        return run_many(flags, given);
    if (list_command->parsed())
        return list_bills(flags, given);
    if (show_command->parsed())
        return show_bill(flags, given);
    if (correct_command->parsed())
        return correct_bill(flags, given);
    return change_state(flags, given, issue_command->parsed() ? store::BillState::issued : store::BillState::cancelled);
}

} // namespace releve::app
