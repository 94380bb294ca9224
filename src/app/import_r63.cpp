// R63: a load curve as Enedis sends it to a town or a company that asked for it. One header, columns in any order, more of them
// than are read; stamps are the END of the interval, with an offset or in local time without one:
//
//   Horodate;Valeur;Unité;Identifiant PRM;Pas
//   2024-01-10 00:30:00;512;W;14 digits;PT30M

#include "csv_records.hpp"
#include "import_parse.hpp"

#include <algorithm>
#include <array>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

enum R63Column : std::uint8_t {
    stamp_column,
    value_column,
    unit_column,
    point_column,
    step_column,
    direction_column,
    nature_column,
    doubt_column
};
struct R63ColumnRow {
    std::string_view folded_name, name;
    bool required;
};
constexpr std::array<R63ColumnRow, 8> r63_columns = {{
    {"horodate", "Horodate", true},
    {"valeur", "Valeur", true},
    {"unite", "Unité", true},
    {"identifiant prm", "Identifiant PRM", true},
    {"pas", "Pas", true},
    {"grandeur metier", "Grandeur métier", false},
    {"nature", "Nature", false},
    {"indice de vraisemblance", "Indice de vraisemblance", false},
}};

constexpr std::pair<std::string_view, Seconds> r63_steps[] = {{"PT5M", 5min},   {"PT10M", 10min}, {"PT15M", 15min},
                                                              {"PT30M", 30min}, {"PT60M", 60min}, {"PT1H", 60min}};

/// Letters of Enedis' load curves: real or raw, also around a power cut (S, T, F, G); estimated, rebuilt or taken from another
/// curve; corrected or entered by hand.
constexpr std::pair<std::string_view, Quality> r63_natures[] = {
    {"", Quality::raw},
    {"R", Quality::raw},
    {"B", Quality::raw},
    {"S", Quality::raw},
    {"T", Quality::raw},
    {"F", Quality::raw},
    {"G", Quality::raw},
    {"E", Quality::estimated_linear},
    {"H", Quality::estimated_linear},
    {"P", Quality::estimated_linear},
    {"K", Quality::estimated_linear},
    {"C", Quality::edited},
    {"D", Quality::edited},
};

struct R63Row {
    ImportStamp stamp;
    std::optional<Instant> end;
    ImportedInterval interval; // without its start
    std::size_t line = 0;
    bool filled = false; // with a value that is right; the others tell which of two hours the rows around them are
};

/// Ends of intervals in local time without an offset: each is an instant, but for the hour that October has twice.
class NaiveSeries {
public:
    NaiveSeries(std::vector<R63Row*> rows, ImportDraft& draft) : rows_(std::move(rows)), draft_(draft) {}

    void resolve()
    {
        if (!rows_.empty() && rows_.back()->stamp.local < rows_.front()->stamp.local)
            std::ranges::reverse(rows_); // the file counts down
        for (const R63Row* row : rows_)
            ++written_[row->stamp.local].total;
        for (R63Row* row : rows_)
            if (row->stamp.instant)
                before_ = row->end = row->stamp.instant;
            else if (resolve(*row); row->end)
                before_ = row->end;
    }

private:
    struct Written {
        int total = 0, seen = 0;
    };

    void resolve(R63Row& row)
    {
        const auto local = row.stamp.local;
        const Instant first = paris().to_instant(local), second = paris().to_instant(local, true);
        Written& written = written_[local];
        ++written.seen;
        if (first == second) {
            // In March 02:00 is the instant of the change; the hour after it does not exist.
            if (paris().to_local(first) == local || paris().to_local(first) - local == 1h)
                row.end = first;
            else
                draft_.add_problem({row.line, "Horodate"}, "a local time that does not exist on that day");
        } else if (written.total == 2) {
            row.end = written.seen == 1 ? first : second;
        } else if (!before_ || *before_ < first) {
            row.end = first;
        } else if (*before_ < second) {
            row.end = second;
        } else {
            draft_.add_problem({row.line, "Horodate"},
                               "this hour exists twice on that day, and the order of the lines does not tell which");
        }
    }

    std::vector<R63Row*> rows_;
    ImportDraft& draft_;
    std::map<std::chrono::local_seconds, Written> written_;
    std::optional<Instant> before_;
};

class R63Reader {
public:
    R63Reader(std::string_view text, const ImportOptions& options) : lines_(text), draft_(ImportFormat::r63, options) {}

    result<ImportedFile> read()
    {
        draft_.set_number("R63");
        lines_.next();
        header_cells_ = lines_.cells().size();
        for (std::size_t i = 0; i < r63_columns.size(); ++i) {
            columns_[i] = lines_.column(r63_columns[i].folded_name);
            if (!columns_[i] && r63_columns[i].required)
                return fail(errc::bad_csv, "line 1: column '" + std::string{r63_columns[i].name} + "' is missing");
        }
        while (lines_.next())
            RELEVE_CHECK(read_row());
        resolve_naive();
        for (R63Row& row : rows_) {
            if (!row.end || !row.filled)
                continue;
            row.interval.start = *row.end - row.interval.step;
            if (row.end->time_since_epoch() % row.interval.step != 0s)
                draft_.add_problem(place(row.line, stamp_column), "does not lie on a mark of its step");
            else
                draft_.add(std::move(row.interval), place(row.line, value_column));
        }
        return std::move(draft_).finish();
    }

private:
    [[nodiscard]] std::string_view cell(R63Column column) const
    {
        return columns_[column] ? lines_.cell(*columns_[column]) : std::string_view{};
    }
    [[nodiscard]] static ImportPlace place(std::size_t line, R63Column column) { return {line, r63_columns[column].name}; }
    void problem(R63Column column, std::string reason) { draft_.add_problem(place(lines_.line(), column), std::move(reason)); }

    result<void> read_row()
    {
        if (lines_.cells().size() != header_cells_) {
            draft_.add_problem({lines_.line(), {}}, "has " + std::to_string(lines_.cells().size()) + " cells, the header has " +
                                                        std::to_string(header_cells_));
            return {};
        }
        RELEVE_TRY(point, draft_.usage_point(place(lines_.line(), point_column), cell(point_column)));
        if (!point)
            return {};
        R63Row row{.stamp = {}, .end = {}, .interval = {.usage_point = std::move(*point)}, .line = lines_.line()};
        const auto stamp = parse_stamp(cell(stamp_column));
        const std::string direction = folded(cell(direction_column));
        row.interval.injected = direction.starts_with("prod");
        if (!stamp || stamp->date_only) {
            problem(stamp_column, "expected a time like 2024-01-10 00:30:00, with or without an offset");
        } else if (!row.interval.injected && !direction.empty() && !direction.starts_with("cons")) {
            problem(direction_column, "expected CONS or PROD, found " + shown(direction));
        } else {
            row.stamp = *stamp;
            row.filled = read_value(row.interval);
            rows_.push_back(std::move(row));
        }
        return {};
    }

    bool read_value(ImportedInterval& interval)
    {
        const auto* step = std::ranges::find(r63_steps, cell(step_column), &std::pair<std::string_view, Seconds>::first);
        if (step == std::end(r63_steps))
            return problem(step_column,
                           "expected PT5M, PT10M, PT15M, PT30M or PT60M, found " + shown(std::string{cell(step_column)})),
                   false;
        interval.step = step->second;
        if (cell(unit_column) != "W")
            return problem(unit_column, "expected W, found " + shown(std::string{cell(unit_column)})), false;
        if (cell(value_column).empty())
            return draft_.add_empty_value(), false;
        const auto power = whole_number(cell(value_column), import_power_w_max);
        if (!power)
            return problem(value_column, whole_number_expected(import_power_w_max, cell(value_column))), false;
        interval.power_w = *power;
        const auto* nature = std::ranges::find(r63_natures, cell(nature_column), &std::pair<std::string_view, Quality>::first);
        interval.quality = nature == std::end(r63_natures) ? Quality::questionable : nature->second;
        if (!cell(doubt_column).empty() && cell(doubt_column) != "0")
            interval.quality = worse(interval.quality, Quality::questionable);
        return true;
    }

    void resolve_naive()
    {
        std::map<std::pair<std::string_view, bool>, std::vector<R63Row*>> series;
        for (R63Row& row : rows_)
            series[{row.interval.usage_point, row.interval.injected}].push_back(&row);
        for (auto& [key, rows] : series)
            NaiveSeries{std::move(rows), draft_}.resolve();
    }

    CsvLines lines_;
    ImportDraft draft_;
    std::size_t header_cells_ = 0;
    std::array<std::optional<std::size_t>, r63_columns.size()> columns_{};
    std::vector<R63Row> rows_;
};

} // namespace

result<ImportedFile> parse_r63(std::string_view text, const ImportOptions& options) { return R63Reader{text, options}.read(); }

} // namespace releve::app
