#include <releve/app/intake.hpp>

#include <releve/app/bill_cases.hpp>
#include <releve/app/import_stage.hpp>
#include <releve/app/tariff_files.hpp>
#include <releve/app/tariff_shelf.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/store/tariff_store.hpp>

#include <algorithm>

namespace releve::app {

namespace {

/// The first thing that is wrong, where nothing is right.
std::string nothing_read(const ImportedFile& file)
{
    if (file.problems.empty())
        return "no reading is in the file";
    const ImportProblem& first = file.problems.front();
    return "nothing of the file could be read: " + (first.line > 0 ? "line " + std::to_string(first.line) + ": " : "") + first.field + (first.field.empty() ? "" : ": ") +
           first.reason;
}

/// The document's own worked cases.
result<void> run_cases(const TariffDocument& document, const engine::TariffBook& book)
{
    BillCaseReport report;
    if (const auto ran = run_bill_cases(document.cases, book, report); !ran)
        return fail(errc::bad_tariff, document.file_name + ": /cases: " + ran.error().detail);
    if (report.failed == 0)
        return {};
    std::string told = document.file_name + ": /cases: " + std::to_string(report.failed) + " failed";
    if (!report.differences.empty()) {
        const auto& one = report.differences.front();
        told += ", as " + one.id + ": " + one.field + ": expected " + one.expected + ", got " + one.got;
    }
    return fail(errc::bad_tariff, told);
}

class DatabaseIntake final : public api::Intake {
public:
    DatabaseIntake(store::DatabaseAddress address, std::function<std::shared_ptr<const ModelRegistry>()> models)
        : address_(std::move(address)), models_(std::move(models))
    {
    }

    result<api::TakenFile> take(const store::Identity& who, const api::SentFile& sent, Instant now) override
    {
        // A household may have altered its file: what it says is never billed. The same bytes from an operator say more.
        const bool proven = who.role != store::Role::household;
        const auto sum = crypto::sha256(as_bytes(sent.bytes));
        const std::string options = (sent.usage_point.empty() ? "" : "usage_point=" + sent.usage_point) + (proven ? "" : ";household");
        store::ImportStore imports{address_, who.key, who.token_id};
        if (const auto before = imports.find(sum, options)) {
            RELEVE_TRY(row, imports.show(*before));
            return api::TakenFile{std::move(row), true};
        }
        RELEVE_TRY(file, parse_import(sent.bytes, {sent.name, sent.usage_point}));
        const auto ids = usage_points_of(file);
        if (ids.empty())
            return fail(errc::bad_csv, nothing_read(file));
        const auto points = imports.points(ids);
        if (points.empty())
            return fail(errc::not_found, "usage_point: you may see none of those that the file names");
        const auto models = models_();
        const MeterModel *power = models->find(imported_model), *gas = models->find(imported_gas_model);
        if (power == nullptr || gas == nullptr)
            return fail(errc::internal, "the models of imported readings are not loaded");
        StagedFile staged = stage_import(file, points, {*power, *gas, paris(), now, proven});
        staged.import.file_name = sent.name;
        staged.import.sha256.assign(sum.begin(), sum.end());
        staged.import.options = options;
        RELEVE_TRY(taken, imports.stage(staged.import));
        RELEVE_TRY(row, imports.show(taken.id));
        return api::TakenFile{std::move(row), taken.already};
    }

    std::vector<store::ImportRow> imports(const store::Identity& who, const store::Page& page) override
    {
        return store::ImportStore{address_, who.key, who.token_id}.list(page.limit, page.after.empty() ? 0 : std::stoll(page.after));
    }

    result<store::ImportRow> import(const store::Identity& who, std::int64_t id) override
    {
        return store::ImportStore{address_, who.key, who.token_id}.show(id);
    }

    std::vector<store::FlowSeen> missing(const store::Identity& who) override
    {
        auto flows = store::ImportStore{address_, who.key, who.token_id}.flows();
        for (store::FlowSeen& flow : flows)
            flow.numbers = missing_numbers(std::move(flow.numbers));
        std::erase_if(flows, [](const store::FlowSeen& flow) { return flow.numbers.empty(); });
        return flows;
    }

    result<AddedTariff> add_tariff(const store::Identity& who, std::string_view json) override
    {
        constexpr std::string_view kinds[] = {"tariff", "calendar", "published_days"};
        if (std::ranges::find(who.organisations, "root") == who.organisations.end()) // the database says so too
            return fail(errc::forbidden, "prices hold for everybody: only an operator of the whole adds them");
        RELEVE_TRY(document, parse_tariff_document(json, "document"));
        const store::TariffText text{document.id, std::string{kinds[document.content.index()]}, document.edition, std::string{json}, "added", 0};
        store::TariffStore tariffs{address_, who.key};
        auto known = tariffs.tariffs();
        std::erase_if(known, [&](const store::TariffText& one) { return one.id == text.id && one.kind == text.kind; });
        known.push_back(text);
        RELEVE_TRY(book, read_book(known));
        RELEVE_CHECK(run_cases(document, *book));
        RELEVE_TRY(added, tariffs.add(text));
        return AddedTariff{text.kind, text.id, text.edition, added};
    }

private:
    store::DatabaseAddress address_;
    std::function<std::shared_ptr<const ModelRegistry>()> models_;
};

} // namespace

std::shared_ptr<api::Intake> make_intake(store::DatabaseAddress address, std::function<std::shared_ptr<const ModelRegistry>()> models)
{
    return std::make_shared<DatabaseIntake>(std::move(address), std::move(models));
}

} // namespace releve::app
