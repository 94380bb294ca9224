// releve import readings|list

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/import_stage.hpp>
#include <releve/app/ingest.hpp>
#include <releve/app/model_files.hpp>
#include <releve/app/rule_files.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/store/billing_store.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

namespace releve::app {

namespace {

constexpr std::size_t problems_shown_max = 50;
constexpr std::size_t told_from_bytes = 4 << 20; // a file that takes a while
constexpr auto carried_out_within = std::chrono::seconds{60};
constexpr auto look_again_after = std::chrono::milliseconds{50};

struct ImportArguments {
    std::vector<std::string> files;
    std::string usage_point, organisation, collection = "daily", proof;
    int limit = 50, played_weeks = 0;
    bool missing = false;
};

void show_problem(const std::string& file, const ImportProblem& problem)
{
    const std::string line = problem.line > 0 ? "line " + std::to_string(problem.line) + ": " : "";
    std::fprintf(stderr, "%s: %s%s%s%s\n", file.c_str(), line.c_str(), problem.field.c_str(), problem.field.empty() ? "" : ": ",
                 problem.reason.c_str());
}

void show_problems(const std::string& file, const std::vector<ImportProblem>& problems, std::size_t more)
{
    for (std::size_t i = 0; i < problems.size() && i < problems_shown_max; ++i)
        show_problem(file, problems[i]);
    if (problems.size() > problems_shown_max)
        more += problems.size() - problems_shown_max;
    if (more > 0)
        std::fprintf(stderr, "%s: and %zu more\n", file.c_str(), more);
}

result<std::string> read_bytes(const std::string& path)
{
    std::ifstream stream{path, std::ios::binary | std::ios::ate};
    const auto size = stream ? static_cast<std::int64_t>(stream.tellg()) : -1;
    if (size < 0)
        return fail(errc::bad_csv, path + ": cannot be read");
    if (static_cast<std::size_t>(size) > import_bytes_max)
        return fail(errc::bad_csv, path + ": larger than " + std::to_string(import_bytes_max >> 20) + " MiB");
    std::string text(static_cast<std::size_t>(size), '\0');
    stream.seekg(0);
    if (!stream.read(text.data(), size))
        return fail(errc::bad_csv, path + ": cannot be read");
    return text;
}

std::string name_of(const std::string& path)
{
    return std::filesystem::path{path}.filename().string();
}

/// Where no server runs on the embedded database, this process is the collector for as long as it carries parts out.
class OwnCollector {
public:
    OwnCollector(const ConfiguredDatabase& opened, const ModelRegistry& models, const store::CheckPlan& plan)
        : address_(opened.database.address), models_(models), plan_(std::make_shared<const store::CheckPlan>(plan)), store_(address_)
    {
    }
    [[nodiscard]] bool claim() { return address_.embedded && store_.claim(); }

    void carry_out()
    {
        store::BatchWriter writer{address_, 0};
        BatchNumbers numbers{store_.last_batch()};
        store::ImportCarrier carrier{address_, [this](std::string_view name) { return models_.find(name); }};
        std::optional<CivilDay> from, to; // of the months that have partitions
        while (auto portion = carrier.next(wall_clock())) {
            if (!from || portion->first < *from || portion->last > *to) {
                from = std::min(from.value_or(portion->first), portion->first);
                to = std::max(to.value_or(portion->last), portion->last);
                store::CollectStore::ensure_partitions(address_, *from, *to);
            }
            std::vector<store::FrameWrite> writes;
            for (store::ImportPortion::Item& item : portion->items)
                writes.push_back(std::move(item.write));
            std::vector<BatchNumber> used;
            auto request = make_request(numbers, used);
            request.frames = writes;
            request.choice_version = portion->choice_version;
            const auto written = writer.write(request);
            if (!written)
                throw std::runtime_error("the database does not take the readings; `releve serve` will go on with them");
            for (const BatchNumber number : used)
                numbers.decided(number);
            std::vector<store::ImportRefusal> refused;
            for (std::size_t i = 0; i < writes.size(); ++i)
                if (written->outcomes[i] == store::FrameOutcome::refused)
                    refused.push_back({*writes[i].imported, written->reasons[i]});
            carrier.refuse(refused);
        }
        look(writer, numbers);
    }

private:
    store::BatchWriter::Request make_request(BatchNumbers& numbers, std::vector<BatchNumber>& used)
    {
        attempts_ = 0;
        return {.frames = {},
                .quarantine = {},
                .resolved = {},
                .next_batch =
                    [&] {
                        used.push_back(numbers.next());
                        return used.back();
                    },
                .watermark = [&] { return numbers.watermark(); },
                .now = wall_clock(),
                .wait =
                    [this](const std::string&, std::chrono::milliseconds pause) {
                        std::this_thread::sleep_for(pause);
                        return ++attempts_ < 10;
                    },
                .checks = plan_};
    }

    /// What is left of it is looked at by the next server.
    void look(store::BatchWriter& writer, BatchNumbers& numbers)
    {
        while (writer.due() > 0) {
            std::vector<BatchNumber> used;
            if (!writer.look(make_request(numbers, used)))
                return;
            for (const BatchNumber number : used)
                numbers.decided(number);
        }
    }

    store::DatabaseAddress address_;
    const ModelRegistry& models_;
    std::shared_ptr<const store::CheckPlan> plan_;
    store::CollectStore store_;
    int attempts_ = 0;
};

class ReadingsImport {
public:
    ReadingsImport(const ImportArguments& given, const ConfiguredDatabase& opened, const ModelRegistry& models, store::CheckPlan plan)
        : given_(given), opened_(opened), models_(models), plan_(std::move(plan)), store_(opened.database.address)
    {
    }

    /// 0: all of it; 1: with problems; 2: nothing could be read.
    int take(const std::string& path)
    {
        const auto text = read_bytes(path);
        if (!text)
            return complain(text.error());
        if (text->size() >= told_from_bytes)
            std::fprintf(stderr, "%s: reading %zu MiB\n", path.c_str(), text->size() >> 20);
        const auto sum = crypto::sha256(as_bytes(*text));
        std::string options = given_.usage_point.empty() ? "" : "usage_point=" + given_.usage_point;
        if (given_.played_weeks != 0)
            options += ";played_weeks=" + std::to_string(given_.played_weeks);
        if (const auto before = store_.find(sum, options)) {
            std::printf("%s: already imported as number %lld; nothing changed\n", path.c_str(), static_cast<long long>(*before));
            return 0;
        }
        auto file = parse_import(*text, {name_of(path), given_.usage_point});
        if (!file)
            return complain(fail(errc::bad_csv, path + ": " + file.error().detail));
        const auto played = given_.played_weeks == 0 ? std::map<std::string, std::string>{} : play_later(*file, given_.played_weeks, paris());
        const auto points = find_points(*file);
        if (!points)
            return complain(points.error());
        const StageContext context{*models_.find(imported_model), *models_.find(imported_gas_model), paris(), wall_clock()};
        StagedFile staged = stage_import(*file, *points, context);
        for (const auto& [usage_point, said] : played)
            if (std::ranges::any_of(staged.import.parts, [&](const store::StagedPart& part) { return part.usage_point.value == usage_point; }))
                if (const auto told = billing_.set_played({usage_point}, said); !told)
                    return complain(fail(errc::bad_config, "--played-weeks: " + told.error().detail));
        staged.import.file_name = name_of(path);
        staged.import.sha256.assign(sum.begin(), sum.end());
        staged.import.options = options;
        show_problems(path, file->problems, file->more_problems);
        show_problems(path, staged.problems, 0);
        if (file->intervals.empty() && file->reads.empty() && file->gas.empty() && !file->problems.empty()) {
            std::fprintf(stderr, "releve: %s: nothing of it could be read\n", path.c_str());
            return 2;
        }
        const auto taken = store_.stage(staged.import);
        if (!taken)
            return complain(fail(errc::bad_csv, path + ": " + taken.error().detail));
        if (text->size() >= told_from_bytes)
            std::fprintf(stderr, "%s: read; %zu parts to carry out\n", path.c_str(), staged.import.parts.size());
        return finish(path, taken->id, !file->problems.empty() || !staged.problems.empty());
    }

private:
    result<std::map<std::string, store::ImportPoint>> find_points(const ImportedFile& file)
    {
        const auto ids = usage_points_of(file);
        if (!given_.organisation.empty()) {
            const auto collection = store::parse_collection(given_.collection);
            if (!collection)
                return fail(errc::bad_config, "--collection: " + collection.error().detail);
            const char* energy = file.format == ImportFormat::grdf ? "gas" : "electricity";
            const auto made = store_.create_points(ids, energy, {given_.organisation, *collection, given_.proof});
            if (!made)
                return fail(errc::bad_config, made.error().code == errc::not_found ? "--create: " + made.error().detail : "--" + made.error().detail);
        }
        return store_.points(ids);
    }

    int finish(const std::string& path, std::int64_t id, bool problems)
    {
        carry_out(id);
        const auto until = std::chrono::steady_clock::now() + carried_out_within;
        for (;;) {
            const auto row = store_.show(id);
            if (!row)
                return complain(row.error());
            if (row->over())
                return summarise(path, *row, problems);
            if (std::chrono::steady_clock::now() > until) {
                std::fprintf(stderr, "releve: %s: import %lld waits: no server has carried out all of it within %d s; one that runs will\n",
                             path.c_str(), static_cast<long long>(id), static_cast<int>(carried_out_within.count()));
                return 1;
            }
            std::this_thread::sleep_for(look_again_after);
        }
    }

    /// A server that runs does it; else, on the embedded database, this process.
    void carry_out(std::int64_t)
    {
        OwnCollector own{opened_, models_, plan_};
        if (own.claim())
            own.carry_out();
    }

    static int summarise(const std::string& path, const store::ImportRow& row, bool problems)
    {
        for (std::istringstream lines{row.detail}; !lines.eof();)
            if (std::string line; std::getline(lines, line) && !line.empty()) {
                std::fprintf(stderr, "%s: %s\n", path.c_str(), line.c_str());
                problems = true;
            }
        std::printf("%s: import %lld: %lld values imported, %lld unchanged, %lld refused, %lld of times that a meter of ours reports, %lld "
                    "holes\n",
                    path.c_str(), static_cast<long long>(row.id), static_cast<long long>(row.imported), static_cast<long long>(row.unchanged),
                    static_cast<long long>(row.refused), static_cast<long long>(row.own_meter), static_cast<long long>(row.empty_values));
        return problems ? 1 : 0;
    }

    const ImportArguments& given_;
    const ConfiguredDatabase& opened_;
    const ModelRegistry& models_;
    store::CheckPlan plan_;
    store::ImportStore store_;
    store::BillingStore billing_{opened_.database.address, plan_.models};
};

result<store::CheckPlan> check_plan(const Config& config, const store::DatabaseAddress& address, const ModelRegistry& models)
{
    store::CheckPlan plan;
    plan.models = [&models](std::string_view name) { return models.find(name); };
    RELEVE_TRY(rules, load_rules(config.validation.rules));
    plan.rules = rules;
    plan.estimate_after = std::chrono::hours{config.validation.estimate_after_h};
    for (const auto& [group, text] : store::CollectStore{address}.load_group_rules())
        if (const auto change = parse_rule_override(text, "rules of group " + group))
            plan.group_rules.emplace(group, overlay_rules(plan.rules, *change));
    return plan;
}

int import_readings(const ConfigFlags& flags, const ImportArguments& given)
{
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    const auto models = ModelRegistry::load(opened->config.models.dir);
    if (!models)
        return complain(models.error());
    const auto plan = check_plan(opened->config, opened->database.address, *models);
    if (!plan)
        return complain(plan.error());
    ReadingsImport import{given, *opened, *models, *plan};
    int worst = 0;
    for (const std::string& file : given.files) {
        worst = std::max(worst, import.take(file));
        std::fflush(stdout);
    }
    return worst;
}

int list_imports(const ConfigFlags& flags, const ImportArguments& given)
{
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::ImportStore store{opened->database.address};
    if (given.missing) {
        std::printf("%-8s %-48s %10s  %s\n", "flow", "series", "files", "missing numbers");
        for (const store::FlowSeen& flow : store.flows()) {
            std::string missing;
            for (const std::int64_t number : missing_numbers(flow.numbers))
                missing += (missing.empty() ? "" : ", ") + std::to_string(number);
            std::printf("%-8s %-48s %10zu  %s\n", flow.flow.c_str(), flow.series.empty() ? "-" : flow.series.c_str(), flow.numbers.size(),
                        missing.empty() ? "-" : missing.c_str());
        }
        return 0;
    }
    std::printf("%-6s %-12s %-8s %10s %10s %9s %9s %8s %8s %-20s  %s\n", "number", "format", "state", "imported", "unchanged", "refused",
                "own", "holes", "problems", "asked", "file");
    for (const store::ImportRow& row : store.list(given.limit))
        std::printf("%-6lld %-12s %-8s %10lld %10lld %9lld %9lld %8lld %8lld %-20s  %s\n", static_cast<long long>(row.id), row.format.c_str(),
                    row.state.c_str(), static_cast<long long>(row.imported), static_cast<long long>(row.unchanged),
                    static_cast<long long>(row.refused), static_cast<long long>(row.own_meter), static_cast<long long>(row.empty_values),
                    static_cast<long long>(row.problems), to_iso8601(row.asked_at).c_str(), row.file_name.c_str());
    return 0;
}

} // namespace

int run_import(std::span<const std::string> arguments)
{
    CLI::App app{"Readings from files that a network operator gives: customer exports, R63, R64, R151, R15, GRDF.", "releve import"};
    app.require_subcommand(1);
    ConfigFlags flags;
    ImportArguments given;
    CLI::App* readings = app.add_subcommand("readings", "Take files in; one that is in already changes nothing");
    CLI::App* list = app.add_subcommand("list", "Files that were taken in, and numbers of flow files that did not come");
    readings->add_option("files", given.files, "Files of one of these formats")->required()->type_name("FILE...");
    readings->add_option("--usage-point", given.usage_point, "The number on the bill, where a file masks it");
    auto* create = readings->add_option("--create", given.organisation, "Make usage points that do not exist, of this organisation")
                       ->type_name("ORGANISATION");
    auto* collection = readings->add_option("--collection", given.collection, "What is collected of those: daily (else), or half_hour")->needs(create);
    readings->add_option("--proof", given.proof, "Of half-hours: how it is known that the occupant agreed")->needs(collection);
    readings->add_option("--played-weeks", given.played_weeks, "For a demo: so many weeks later than they were metered; it is said on every bill")->check(CLI::Range(1, 2'000));
    list->add_flag("--missing", given.missing, "Numbers of flow files between those that came");
    list->add_option("--limit", given.limit, "At most so many, the newest first")->check(CLI::Range(1, 100'000));
    for (CLI::App* command : {readings, list})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    return readings->parsed() ? import_readings(flags, given) : list_imports(flags, given);
}

} // namespace releve::app
