// releve bill compute|make|run|list|show|issue|cancel|due|correct

#include "bill_batches.hpp"

#include <releve/api/bill_page.hpp>
#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>

#include <charconv>
#include <cstdio>

namespace releve::app {

namespace {

struct BillArguments {
    std::string usage_point, from, to, as_of, prices_as_of, tariff, powers, parameters, format = "text", language = "en", reason, month, group;
    std::int64_t id = 0, resume = 0, run = 0;
    std::string state;
    int limit = 1'000;
    bool due = false; // correct: all that are
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
    std::unique_ptr<BillingDesk> desk;
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

result<Computed> compute(const ConfigFlags& flags, const BillArguments& given)
{
    RELEVE_TRY(desk, open_desk(flags));
    RELEVE_TRY(wanted, read_wanted(given));
    RELEVE_TRY(known, read_known(given.as_of));
    auto basis = desk->store->basis({given.usage_point}, wanted.span, known);
    if (!basis)
        return told(basis.error());
    RELEVE_TRY(book, desk->book(basis->tariffs, basis->known.terms));
    RELEVE_TRY(zone, zone_named(basis->zone));
    wanted.played = basis->played;
    engine::BillMaker maker{*book, *zone};
    auto bill = maker.make(basis->facts, wanted);
    if (!bill)
        return told(bill.error());
    return Computed{std::move(desk), std::move(*bill), std::move(*basis), std::move(book)};
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
    const auto computed = compute(flags, given);
    if (!computed)
        return complain(computed.error());
    computed->desk->store->note_access({given.usage_point}, "bill", computed->bill.span);
    return print(given, computed->bill, computed->basis.known, *computed->book, nullptr);
}

int make_bill(const ConfigFlags& flags, const BillArguments& given, std::optional<std::int64_t> corrects, std::optional<Cents> instead_of = {})
{
    const auto computed = compute(flags, given);
    if (!computed)
        return complain(computed.error());
    const auto id = computed->desk->store->save({.bill = &computed->bill, .document = engine::to_document(computed->bill), .terms = computed->basis.known.terms, .corrects = corrects});
    if (!id)
        return complain(id.error());
    std::printf("bill %lld: a draft of %s for %s, %s to %s; `releve bill issue %lld` issues it\n", static_cast<long long>(*id), to_string(computed->bill.total).c_str(),
                given.usage_point.c_str(), given.from.c_str(), given.to.c_str(), static_cast<long long>(*id));
    if (instead_of == computed->bill.total)
        std::printf("its total is that of bill %lld: there is nothing to correct in what is to be paid\n", static_cast<long long>(*corrects));
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
    return make_bill(flags, given, given.id, of->total);
}

/// An issued bill as it would be made now.
struct Again {
    engine::Bill bill;
    std::int64_t terms = 0;
    std::string_view cause; // why it differs; empty: it does not
};

bool differs(const store::StoredBill& old, const engine::Bill& bill) { return old.total != bill.total || old.energy_wh != bill.energy_wh; }

result<Again> make_again(BillingDesk& desk, BillMakers& makers, const store::StoredBill& old)
{
    RELEVE_TRY(basis, desk.store->basis(old.usage_point, old.span, {}));
    RELEVE_TRY(bill, makers.make(basis, old.span));
    Again again{std::move(bill), basis.known.terms, {}};
    if (!differs(old, again.bill))
        return again;
    again.cause = "readings and terms";
    // The version of terms is everybody's: what matters is told by the old readings under today's terms.
    const auto mixed_basis = desk.store->basis(old.usage_point, old.span, store::Knowledge{old.known.batch, basis.known.terms});
    const auto mixed = mixed_basis ? makers.make(*mixed_basis, old.span) : result<engine::Bill>{mixed_basis.error()};
    if (mixed && !differs(old, *mixed))
        again.cause = "readings";
    else if (mixed && mixed->total == again.bill.total && mixed->energy_wh == again.bill.energy_wh)
        again.cause = "terms";
    return again;
}

/// Calls `use` for each issued bill that would now be different, or that cannot be made now; tells on standard error how far it is.
template <class Use>
void for_each_due(BillingDesk& desk, const std::string& group, Use use)
{
    constexpr int looked_at_once = 500;
    BillMakers makers{desk};
    const std::int64_t total = desk.store->count_issued_bills(group);
    std::int64_t seen = 0;
    for (auto bills = desk.store->issued_bills(group, 0, looked_at_once); !bills.empty(); bills = desk.store->issued_bills(group, bills.back().bill.id, looked_at_once)) {
        for (const store::IssuedBill& one : bills) {
            if (!one.touched)
                continue;
            const auto again = make_again(desk, makers, one.bill);
            if (!again || !again->cause.empty())
                use(one.bill, again);
        }
        seen += static_cast<std::int64_t>(bills.size());
        if (total > looked_at_once)
            std::fprintf(stderr, "%lld of %lld issued bills\n", static_cast<long long>(seen), static_cast<long long>(total));
    }
}

int list_due(const ConfigFlags& flags, const BillArguments& given)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    std::printf("%-8s %-15s %-11s %-11s %12s %12s %12s %s\n", "id", "usage point", "from", "to", "old EUR", "new EUR", "difference", "cause");
    for_each_due(**desk, given.group, [](const store::StoredBill& old, const result<Again>& again) {
        std::printf("%-8lld %-15s %-11s %-11s %12s %12s %12s %s\n", static_cast<long long>(old.id), old.usage_point.value.c_str(), to_iso8601(old.span.from).c_str(),
                    to_iso8601(old.span.to).c_str(), to_string(old.total).c_str(), again ? to_string(again->bill.total).c_str() : "-",
                    again ? to_string(again->bill.total - old.total).c_str() : "-",
                    again ? std::string{again->cause}.c_str() : ("cannot be worked out now: " + to_string(again.error())).c_str());
    });
    return 0;
}

/// A draft for each that is due and has none that says the same.
int correct_due(const ConfigFlags& flags, const BillArguments& given)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    std::int64_t made = 0, there = 0, failed = 0;
    for_each_due(**desk, given.group, [&](const store::StoredBill& old, const result<Again>& again) {
        const auto draft = old.corrected_by ? (*desk)->store->bill(*old.corrected_by) : result<store::StoredBill>{fail(errc::not_found)};
        if (again && draft && !differs(*draft, again->bill)) {
            ++there;
            return;
        }
        const auto id = again ? (*desk)->store->save({.bill = &again->bill, .document = engine::to_document(again->bill), .terms = again->terms, .corrects = old.id})
                              : result<std::int64_t>{again.error()};
        if (!id) {
            ++failed;
            std::printf("bill %lld: cannot be corrected: %s\n", static_cast<long long>(old.id), to_string(id.error()).c_str());
            return;
        }
        ++made;
        std::printf("bill %lld: a draft of %s for %s, %s to %s; corrects bill %lld of %s (%s)\n", static_cast<long long>(*id), to_string(again->bill.total).c_str(),
                    old.usage_point.value.c_str(), to_iso8601(old.span.from).c_str(), to_iso8601(old.span.to).c_str(), static_cast<long long>(old.id),
                    to_string(old.total).c_str(), std::string{again->cause}.c_str());
    });
    std::printf("%lld drafts made, %lld were there already, %lld could not be made\n", static_cast<long long>(made), static_cast<long long>(there), static_cast<long long>(failed));
    return failed == 0 ? 0 : 1;
}

int list_bills(const ConfigFlags& flags, const BillArguments& given)
{
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    std::printf("%-8s %-15s %-11s %-11s %-10s %12s %12s %-10s %-10s %s\n", "id", "usage point", "from", "to", "state", "EUR", "kWh", "rests on", "as of", "corrects");
    const auto bills = (*desk)->store->bills({.usage_point = given.usage_point, .state = given.state, .run = given.run}, given.limit);
    for (const store::StoredBill& bill : bills)
        std::printf("%-8lld %-15s %-11s %-11s %-10s %12s %12s %-10s %-10s %s\n", static_cast<long long>(bill.id), bill.usage_point.value.c_str(),
                    to_iso8601(bill.span.from).c_str(), to_iso8601(bill.span.to).c_str(), std::string{store::bill_state_name(bill.state)}.c_str(),
                    to_string(bill.total).c_str(), to_string(shortest({bill.energy_wh, 3})).c_str(), std::string{engine::rests_name(bill.rests)}.c_str(),
                    (std::to_string(bill.known.batch.value) + "." + std::to_string(bill.known.terms)).c_str(), bill.corrects ? std::to_string(*bill.corrects).c_str() : "-");
    if (bills.size() == static_cast<std::size_t>(given.limit))
        std::fprintf(stderr, "the newest %d; --limit shows more\n", given.limit);
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
    (*desk)->store->note_access(stored->usage_point, "bill", stored->span);
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
    if (given.run != 0)
        return issue_run(**desk, given.run);
    if (const auto done = (*desk)->store->set_state(given.id, state, given.reason); !done)
        return complain(fail(errc::bad_config, done.error().detail));
    std::printf("bill %lld: %s\n", static_cast<long long>(given.id), std::string{store::bill_state_name(state)}.c_str());
    return 0;
}

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

int list_failures(const ConfigFlags& flags, const BillArguments& given)
{
    const auto desk = open_desk(flags);
    return desk ? show_run_failures(**desk, given.run) : complain(desk.error());
}

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
    return desk ? run_bills_of(**desk, span, given.group, given.resume) : complain(desk.error());
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
    list_command->add_option("--state", given.state, "Only those: draft, issued or cancelled")->check(CLI::IsMember({"draft", "issued", "cancelled"}));
    list_command->add_option("--limit", given.limit, "At most so many")->check(CLI::Range(1, 1'000'000));
    CLI::App* failures_command = app.add_subcommand("failures", "What a run could not bill, and why");
    failures_command->add_option("run", given.run, "Number of the run")->required();
    for (CLI::App* command : {show_command, cancel_command})
        command->add_option("id", given.id, "Number of the bill")->required();
    CLI::Option* issued = issue_command->add_option("id", given.id, "Number of the bill");
    CLI::Option* issued_run = issue_command->add_option("--run", given.run, "In place of a bill: all drafts of this run")->excludes(issued);
    list_command->add_option("--run", given.run, "Only those of this run");
    CLI::Option* corrected = correct_command->add_option("id", given.id, "Number of the bill");
    CLI::Option* all_due = correct_command->add_flag("--due", given.due, "In place of a number: all that `bill due` lists")->excludes(corrected);
    CLI::App* due_command = app.add_subcommand("due", "Issued bills that would now be different: readings, tariffs or contracts came since");
    due_command->add_option("--group", given.group, "Of its members only");
    correct_command->add_option("--group", given.group, "With --due: of its members only")->needs(all_due);
    cancel_command->add_option("--reason", given.reason, "Why, in 3 to 500 characters")->required();
    for (CLI::App* command : {compute_command, make_command, list_command, show_command, issue_command, cancel_command, correct_command, due_command, run_command, failures_command})
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
    if (due_command->parsed())
        return list_due(flags, given);
    if (correct_command->parsed() && !given.due && corrected->empty())
        return complain(fail(errc::bad_config, "id: is needed, or --due"));
    if (issue_command->parsed() && issued->empty() && issued_run->empty())
        return complain(fail(errc::bad_config, "id: is needed, or --run"));
    if (failures_command->parsed())
        return list_failures(flags, given);
    if (correct_command->parsed())
        return given.due ? correct_due(flags, given) : correct_bill(flags, given);
    return change_state(flags, given, issue_command->parsed() ? store::BillState::issued : store::BillState::cancelled);
}

} // namespace releve::app
