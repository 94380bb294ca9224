// releve tariff list|show|check|add

#include <releve/app/bill_cases.hpp>
#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/series_files.hpp>
#include <releve/app/tariff_files.hpp>
#include <releve/app/tariff_shelf.hpp>
#include <releve/store/billing_store.hpp>

#include <algorithm>
#include <cstdio>

namespace releve::app {

namespace {

struct TariffArguments {
    std::string id;
    std::vector<std::string> files;
    bool shipped = false; // without a database
};

result<std::vector<store::TariffText>> known_texts(const ConfigFlags& flags, bool shipped)
{
    if (shipped)
        return shipped_tariff_texts();
    RELEVE_TRY(opened, open_configured(flags));
    store::BillingStore billing{opened.database.address, {}};
    return billing.tariffs();
}

/// First and last day for which all of a tariff's own components have a price.
std::string days_of(const engine::Tariff& tariff)
{
    std::optional<CivilDay> first;
    std::optional<CivilDay> last;
    bool open = false;
    for (const engine::Component& component : tariff.components)
        for (const engine::RateRow& row : component.rows) {
            first = first ? std::min(*first, row.from) : row.from;
            if (row.end)
                last = last ? std::max(*last, *row.end) : *row.end;
            else
                open = true;
        }
    return first ? to_iso8601(*first) + " to " + (open || !last ? "-" : to_iso8601(*last)) : "-";
}

int list_tariffs(const ConfigFlags& flags, bool shipped)
{
    const auto texts = known_texts(flags, shipped);
    if (!texts)
        return complain(texts.error());
    const auto book = read_book(*texts);
    if (!book)
        return complain(book.error());
    std::printf("%-22s %-15s %-8s %-11s %-26s %-8s %s\n", "id", "kind", "edition", "energy", "prices", "origin", "what it is");
    for (const store::TariffText& text : *texts) {
        const auto tariff = (*book)->tariffs.find(text.id);
        const auto calendar = (*book)->calendars.find(text.id);
        const bool is_tariff = text.kind == "tariff" && tariff != (*book)->tariffs.end();
        const std::string label = is_tariff                                                                ? tariff->second.words.label_en
                                  : text.kind == "calendar" && calendar != (*book)->calendars.end() ? calendar->second.words.label_en
                                                                                                           : std::string{};
        std::printf("%-22s %-15s %-8d %-11s %-26s %-8s %s\n", text.id.c_str(), text.kind.c_str(), text.edition, is_tariff ? tariff->second.energy.c_str() : "-",
                    is_tariff ? days_of(tariff->second).c_str() : "-", text.origin.c_str(), label.c_str());
    }
    return 0;
}

int show_tariff(const ConfigFlags& flags, const TariffArguments& given)
{
    const auto texts = known_texts(flags, given.shipped);
    if (!texts)
        return complain(texts.error());
    const auto found = std::ranges::find(*texts, given.id, &store::TariffText::id);
    if (found == texts->end())
        return complain(fail(errc::bad_config, "id: there is no document " + given.id));
    std::fwrite(found->content.data(), 1, found->content.size(), stdout);
    if (!found->content.ends_with('\n'))
        std::puts("");
    return 0;
}

struct ReadFiles {
    std::vector<store::TariffText> texts;
    std::vector<TariffDocument> documents;
};

result<ReadFiles> read_files(const std::vector<std::string>& files)
{
    constexpr std::string_view kinds[] = {"tariff", "calendar", "published_days"};
    ReadFiles out;
    for (const std::string& file : files) {
        RELEVE_TRY(text, read_text_file(file));
        RELEVE_TRY(document, parse_tariff_document(text, file));
        out.texts.push_back({document.id, std::string{kinds[document.content.index()]}, document.edition, std::move(text), "added", 0});
        out.documents.push_back(std::move(document));
    }
    return out;
}

/// The documents that are known, with these in the place of theirs. A fault of one is told with its file.
result<SharedBook> book_with(const std::vector<store::TariffText>& known, const ReadFiles& files)
{
    std::vector<TariffDocument> documents = files.documents;
    for (const store::TariffText& one : known) {
        if (std::ranges::any_of(files.texts, [&](const store::TariffText& text) { return one.id == text.id && one.kind == text.kind; }))
            continue;
        RELEVE_TRY(document, parse_tariff_document(one.content, one.id));
        documents.push_back(std::move(document));
    }
    RELEVE_TRY(book, make_book(documents));
    return std::make_shared<const engine::TariffBook>(std::move(book));
}

/// The documents' own worked cases. True if all pass.
result<bool> run_own_cases(const ReadFiles& files, const engine::TariffBook& book)
{
    bool all = true;
    for (const TariffDocument& document : files.documents) {
        BillCaseReport report;
        if (const auto ran = run_bill_cases(document.cases, book, report); !ran)
            return fail(errc::bad_tariff, document.file_name + ": /cases: " + ran.error().detail);
        for (const auto& difference : report.differences)
            std::printf("%s: %s: %s: expected %s, got %s\n", document.file_name.c_str(), difference.id.c_str(), difference.field.c_str(),
                        difference.expected.c_str(), difference.got.c_str());
        std::printf("%s: %s edition %d: %zu cases passed, %zu failed\n", document.file_name.c_str(), document.id.c_str(), document.edition, report.passed,
                    report.failed);
        all = all && report.failed == 0;
    }
    return all;
}

int check_tariffs(const TariffArguments& given)
{
    const auto files = read_files(given.files);
    if (!files)
        return complain(files.error());
    const auto shipped = shipped_tariff_texts();
    if (!shipped)
        return complain(shipped.error());
    const auto book = book_with(*shipped, *files);
    if (!book)
        return complain(book.error());
    const auto passed = run_own_cases(*files, **book);
    if (!passed)
        return complain(passed.error());
    return *passed ? 0 : 1;
}

int add_tariffs(const ConfigFlags& flags, const TariffArguments& given)
{
    const auto files = read_files(given.files);
    if (!files)
        return complain(files.error());
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::BillingStore billing{opened->database.address, {}};
    const auto book = book_with(billing.tariffs(), *files);
    if (!book)
        return complain(book.error());
    const auto passed = run_own_cases(*files, **book);
    if (!passed)
        return complain(passed.error());
    if (!*passed) {
        std::fprintf(stderr, "releve: nothing was added: a case of the document fails\n");
        return 1;
    }
    const auto added = billing.add_tariffs(files->texts);
    if (!added)
        return complain(fail(errc::bad_config, added.error().detail));
    std::printf("%lld of %zu documents added; bills that are computed from now on know them\n", static_cast<long long>(*added), files->texts.size());
    return 0;
}

} // namespace

int run_tariff(std::span<const std::string> arguments)
{
    CLI::App app{"Tariffs, calendars of price periods and published days: documents, each dated and versioned.", "releve tariff"};
    app.require_subcommand(1);
    ConfigFlags flags;
    TariffArguments given;
    CLI::App* list_command = app.add_subcommand("list", "What is known, and for which days it has prices");
    CLI::App* show_command = app.add_subcommand("show", "A document as it is stored");
    show_command->add_option("id", given.id, "As `tariff list` shows it")->required();
    for (CLI::App* command : {list_command, show_command})
        command->add_flag("--shipped", given.shipped, "Those that come with the program; needs no database");
    CLI::App* check_command = app.add_subcommand("check", "Whether documents are right, beside those that come with the program; runs their cases; needs no database");
    CLI::App* add_command = app.add_subcommand("add", "Make documents known; a changed one needs a greater edition");
    for (CLI::App* command : {check_command, add_command})
        command->add_option("files", given.files, "Documents as docs/TARIFFS.md describes them")->required()->type_name("FILE.json");
    for (CLI::App* command : {list_command, show_command, add_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (list_command->parsed())
        return list_tariffs(flags, given.shipped);
    if (show_command->parsed())
        return show_tariff(flags, given);
    return check_command->parsed() ? check_tariffs(given) : add_tariffs(flags, given);
}

} // namespace releve::app
