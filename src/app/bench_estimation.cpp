// Hides blocks of real readings, estimates them by each method, and compares with what was read.

#include "bench_server.hpp"

#include <releve/app/bench.hpp>
#include <releve/app/demo.hpp>
#include <releve/app/series_files.hpp>
#include <releve/engine/estimation.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <span>

namespace releve::app {

namespace {

using engine::EstimationMethod;
using engine::EstimationQuestion;

struct BlockLength {
    const char* name;
    Seconds length;
};
constexpr std::array<BlockLength, 3> lengths{
    {{"hour", std::chrono::hours{1}}, {"day", std::chrono::days{1}}, {"week", std::chrono::days{7}}}};
constexpr std::uint64_t draws_per_gap_max = 20; // before the data are said to be too few
constexpr int progress_every = 500;             // gaps

/// The values that readings are hidden in: mean powers in W, as all files here have them once read.
struct Series {
    std::string name;
    Instant first{};
    std::vector<std::optional<std::int64_t>> power_w;
};

Series series_of(std::string name, const sim::Curve& curve)
{
    return {std::move(name), curve.first, {curve.power_w.begin(), curve.power_w.end()}};
}

result<std::vector<Series>> read_series(const std::filesystem::path& file)
{
    RELEVE_TRY(text, read_text_file(file));
    std::vector<Series> all;
    if (text.substr(0, text.find('\n')).find("power_w") != std::string::npos) {
        RELEVE_TRY(curve, parse_curve(text, file.filename().string()));
        all.push_back(series_of(file.filename().string(), curve));
        return all;
    }
    RELEVE_TRY(homes, parse_energy_table(text, file.filename().string()));
    for (const NamedCurve& home : homes)
        all.push_back(series_of(home.name, home.curve));
    return all;
}

result<std::vector<Series>> load_series(const BenchEstimationOptions& options)
{
    if (!options.data.empty())
        return read_series(options.data);
    RELEVE_TRY(folder, find_demo_data(options.demo_data));
    RELEVE_TRY(all, read_series(folder / "linky-curve.csv"));
    RELEVE_TRY(london, read_series(folder / "london-homes.csv"));
    std::ranges::move(london, std::back_inserter(all));
    return all;
}

/// Sums over all gaps of one length.
struct Score {
    std::int64_t absolute = 0, difference = 0, read = 0;

    void add(const engine::EstimateError& error)
    {
        absolute += error.absolute;
        difference += error.difference;
        read += error.read;
    }
    [[nodiscard]] double per_mille(std::int64_t of) const
    {
        return read > 0 ? 1'000.0 * static_cast<double>(of) / static_cast<double>(read) : 0;
    }
};

/// One way to answer: a method or what `estimate` chooses, with the register's difference or without it.
struct Contender {
    std::string name;
    std::optional<EstimationMethod> method; // none: the default
    bool counted = false;
    bool evenly = false; // nothing around the gap is told
};

std::vector<Contender> contenders()
{
    std::vector<Contender> all;
    for (const bool counted : {false, true}) {
        for (const auto& row : engine::estimation_method_rows())
            if (counted || row.method != EstimationMethod::prorated)
                all.push_back({std::string{row.name}, row.method, counted});
        all.push_back({"default", std::nullopt, counted});
    }
    all.push_back({"evenly", EstimationMethod::prorated, true, true});
    return all;
}

class EstimationBench {
public:
    EstimationBench(const BenchEstimationOptions& options, std::vector<Series> series)
        : options_{options}, series_{std::move(series)}
    {
    }

    result<BenchReport> run()
    {
        for (const BlockLength& length : lengths)
            RELEVE_CHECK(measure(length));
        return std::move(report_);
    }

private:
    struct Gap {
        const Series* series = nullptr;
        std::size_t first = 0, count = 0;

        [[nodiscard]] std::span<const std::optional<std::int64_t>> hidden() const
        {
            return std::span{series->power_w}.subspan(first, count);
        }
    };

    /// Anywhere in any of the series; none where readings are missing already.
    std::optional<Gap> draw(std::size_t count)
    {
        const auto random = [&](std::size_t bound) { return sim::mix(options_.seed, draws_++) % bound; };
        const Series& series = series_[random(series_.size())];
        if (series.power_w.size() < count)
            return std::nullopt;
        const Gap gap{&series, random(series.power_w.size() - count + 1), count};
        const bool whole = std::ranges::all_of(gap.hidden(), [](auto& value) { return value.has_value(); });
        return whole ? std::optional{gap} : std::nullopt;
    }

    [[nodiscard]] static EstimationQuestion question_of(const Gap& gap, const Contender& contender)
    {
        EstimationQuestion question;
        question.first = gap.series->first;
        question.step = sim::slot_length;
        question.values = gap.series->power_w;
        question.gap_first = gap.first;
        question.gap_count = gap.count;
        question.zone = &paris();
        if (contender.evenly) {
            question.values = gap.hidden();
            question.gap_first = 0;
        }
        if (contender.counted) {
            question.counted = 0;
            for (const auto& value : gap.hidden())
                *question.counted += *value;
        }
        return question;
    }

    /// Of all contenders, or of none: they are compared over the same gaps.
    [[nodiscard]] result<std::vector<engine::EstimateError>> errors_of(const Gap& gap) const
    {
        std::vector<engine::EstimateError> errors;
        for (const Contender& contender : contenders_) {
            const EstimationQuestion question = question_of(gap, contender);
            RELEVE_TRY(estimate, contender.method ? engine::estimate_by(*contender.method, question)
                                                  : engine::estimate(question));
            if (!estimate)
                return std::vector<engine::EstimateError>{};
            RELEVE_TRY(error, engine::error_of(estimate->values, gap.hidden()));
            errors.push_back(error);
        }
        return errors;
    }

    result<void> measure(const BlockLength& length)
    {
        std::map<std::string, Score> scores[2]; // without the register's difference, with it
        for (const Contender& contender : contenders_)
            scores[contender.counted][contender.name] = {};
        int gaps = 0;
        std::uint64_t unanswered = 0;
        const std::uint64_t draws_max = draws_per_gap_max * static_cast<std::uint64_t>(options_.gaps);
        for (std::uint64_t draws = 0; gaps < options_.gaps && draws < draws_max; ++draws) {
            const auto gap = draw(static_cast<std::size_t>(length.length / sim::slot_length));
            if (!gap)
                continue;
            RELEVE_TRY(errors, errors_of(*gap));
            if (errors.empty()) {
                ++unanswered;
                continue;
            }
            for (std::size_t i = 0; i < contenders_.size(); ++i)
                scores[contenders_[i].counted][contenders_[i].name].add(errors[i]);
            if (++gaps % progress_every == 0)
                say_progress(std::string{length.name} + ": " + std::to_string(gaps) + " gaps");
        }
        if (gaps < options_.gaps)
            report_.problems.push_back(std::string{length.name} + ": only " + std::to_string(gaps) +
                                       " gaps could be estimated by every method");
        for (const bool counted : {false, true})
            add_results(length, counted, scores[counted], gaps, unanswered);
        return {};
    }

    void add_results(const BlockLength& length, bool counted, const std::map<std::string, Score>& scores,
                     int gaps, std::uint64_t unanswered)
    {
        const auto error_of = [&](const char* name) {
            const Score& score = scores.at(name);
            return BenchFigure{name, score.per_mille(score.absolute)};
        };
        for (const Contender& contender : contenders_) {
            if (contender.counted != counted || contender.evenly ||
                contender.method == EstimationMethod::linear)
                continue;
            const Score& score = scores.at(contender.name);
            BenchResult result{
                .name = length.name + ("_" + contender.name) + (counted ? "_with_register" : ""),
                .unit = "per mille of what was read",
                .value = score.per_mille(score.absolute),
                .larger_is_better = false,
                .baselines = {error_of("linear")},
                .details = {{"difference_of_sums_per_mille", score.per_mille(score.difference)},
                            {"gaps", static_cast<double>(gaps)},
                            {"gaps_not_estimated", static_cast<double>(unanswered)},
                            {"seed", static_cast<double>(options_.seed)}}};
            if (counted)
                result.baselines.push_back(error_of("evenly"));
            report_.results.push_back(std::move(result));
        }
    }

    const BenchEstimationOptions& options_;
    std::vector<Series> series_;
    std::vector<Contender> contenders_ = contenders();
    std::uint64_t draws_ = 0;
    BenchReport report_{.bench = "estimation", .results = {}, .problems = {}};
};

} // namespace

result<BenchReport> bench_estimation(const BenchEstimationOptions& options)
{
    RELEVE_TRY(series, load_series(options));
    say_progress(std::to_string(series.size()) + " series, seed " + std::to_string(options.seed));
    return EstimationBench{options, std::move(series)}.run();
}

} // namespace releve::app
