// What a customer downloads from Enedis: a load curve ("Enedis_Conso_Heure"), indexes ("Enedis_Conso_Jour"), or several such
// parts one after another:
//
//   Identifiant PRM;Type de donnees;...;Unite;Pas en minutes     what follows
//   14 digits;Courbe de charge;...;W;
//   Horodate;Valeur                                              its columns
//   2022-10-24T00:30:00+02:00;252                                ends of intervals
//   Periode;Identifiant calendrier fournisseur;...               after indexes: names of the classes, not read
//
// Parts of another kind (the highest power of each day) are passed over.

#include "csv_records.hpp"
#include "import_parse.hpp"

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

bool is_curve_step(Seconds step) { return step == 5min || step == 10min || step == 15min || step == 30min || step == 60min; }

/// The step of each of a curve's stamps, from their distances: the file does not say it, and it changes within a file. 0: it
/// cannot be told. A distance is a step only if the interval would lie on a mark of it.
class StepFinder {
public:
    StepFinder(const std::vector<Instant>& stamps, Seconds written) : stamps_(stamps), written_(written) {}

    std::vector<Seconds> find()
    {
        std::vector<Seconds> steps;
        for (std::size_t i = 0; i < stamps_.size(); ++i)
            steps.push_back(step(i, steps.empty() ? Seconds{0} : steps.back()));
        for (std::size_t i = steps.size(); i-- > 1;) // the first stand alone before a hole
            if (steps[i - 1] == 0s)
                steps[i - 1] = on_mark(i - 1, steps[i]);
        return steps;
    }

private:
    /// The step if the stamp lies on a mark of it, otherwise 0.
    [[nodiscard]] Seconds on_mark(std::size_t i, Seconds step) const
    {
        return step != 0s && stamps_[i].time_since_epoch() % step == 0s ? step : Seconds{0};
    }
    /// From the stamp before, where that can be a step; otherwise 0.
    [[nodiscard]] Seconds distance(std::size_t i) const
    {
        if (i == 0 || i >= stamps_.size())
            return Seconds{0};
        const Seconds found = stamps_[i] - stamps_[i - 1];
        return is_curve_step(found) ? on_mark(i, found) : Seconds{0};
    }
    /// The distance is not longer than the step so far, or the next one is the same: a single longer one is a value that is
    /// missing in a finer curve. Where both are possible the shorter is taken, which invents no measurement.
    [[nodiscard]] bool is_step(std::size_t i, Seconds before) const
    {
        const Seconds found = distance(i);
        return found != 0s && (before == 0s || found <= before || distance(i + 1) == found);
    }
    [[nodiscard]] Seconds step(std::size_t i, Seconds before) const
    {
        if (is_step(i, before))
            return distance(i);
        if (distance(i) == 0s && is_step(i + 1, before)) // after a hole, or the first
            return distance(i + 1);
        return on_mark(i, before != 0s ? before : written_);
    }

    const std::vector<Instant>& stamps_;
    Seconds written_;
};

enum class PartKind { none, curve, indexes, other };

/// One part of the file: what its two first lines say, and what its table holds.
struct EnedisPart {
    PartKind kind = PartKind::none;
    std::optional<std::string> usage_point;
    bool injected = false;
    Seconds written_step{0};
};

struct CurvePoint {
    Instant end{};
    std::optional<std::int64_t> power_w; // none: an empty cell, or a wrong one
    std::size_t line = 0;
    bool empty = false;
};

struct RegisterColumn {
    std::size_t column = 0;
    std::string_view field; // "EAS F1"
    std::string register_name;
};

class EnedisReader {
public:
    EnedisReader(std::string_view text, const ImportOptions& options)
        : lines_(text), indexes_(ImportFormat::enedis_index, options), curve_(ImportFormat::enedis_curve, options),
          draft_(&indexes_)
    {
    }

    result<ImportedFile> read()
    {
        while (more_ = lines_.next(), more_ || !points_.empty()) {
            const std::string first = folded(lines_.cell(0));
            if (more_ && !is_title(first))
                read_row();
            else
                end_table();
            if (first == "identifiant prm")
                RELEVE_CHECK(read_part());
            else if (first == "horodate")
                RELEVE_CHECK(read_columns());
        }
        if (tables_ == 0)
            return fail(errc::bad_csv,
                        "neither 'Courbe de charge' nor 'Index' in 'Type de donnees', or no line 'Horodate' below");
        return std::move(*draft_).finish();
    }

private:
    static bool is_title(const std::string& first)
    {
        return first == "identifiant prm" || first == "horodate" || first == "periode";
    }

    result<void> read_part()
    {
        const CsvLines titles = lines_;
        part_ = {};
        refused_ = false;
        if (!lines_.next())
            return {};
        const auto cell = [&](std::string_view name) {
            const auto column = titles.column(name);
            return column ? lines_.cell(*column) : std::string_view{};
        };
        const auto place = [&](std::string_view name) {
            return ImportPlace{lines_.line(), titles.cell(titles.column(name).value_or(titles.cells().size()))};
        };
        const std::string kind = folded(cell("type de donnees"));
        part_.kind = kind == "courbe de charge" ? PartKind::curve : kind == "index" ? PartKind::indexes : PartKind::other;
        if (part_.kind == PartKind::other)
            return {};
        if (tables_ == 0)
            draft_ = part_.kind == PartKind::curve ? &curve_ : &indexes_;
        const std::string_view unit = part_.kind == PartKind::curve ? "W" : "Wh";
        if (cell("unite") != unit)
            refuse_part(place("unite"), "expected " + std::string{unit} + ", found " + shown(std::string{cell("unite")}));
        if (const std::string measured = folded(cell("grandeur physique")); !measured.empty() && measured != "energie active")
            refuse_part(place("grandeur physique"), "expected 'Energie active'");
        const std::string direction = folded(cell("grandeur metier"));
        part_.injected = direction == "production";
        if (!part_.injected && !direction.empty() && direction != "consommation")
            refuse_part(place("grandeur metier"), "expected 'Consommation' or 'Production'");
        if (const auto minutes = whole_number(cell("pas en minutes"), 60);
            minutes && is_curve_step(std::chrono::minutes{*minutes}))
            part_.written_step = std::chrono::minutes{*minutes};
        RELEVE_TRY(point, draft_->usage_point(place("identifiant prm"), cell("identifiant prm")));
        part_.usage_point = point;
        return {};
    }

    void refuse_part(ImportPlace place, std::string reason)
    {
        draft_->add_problem(place, std::move(reason));
        refused_ = true;
    }

    result<void> read_columns()
    {
        const bool skipped = part_.kind == PartKind::none || part_.kind == PartKind::other;
        if (part_.kind == PartKind::none)
            return fail(errc::bad_csv, "line " + std::to_string(lines_.line()) +
                                           ": two lines with 'Identifiant PRM' and 'Unite' must stand before");
        in_table_ = !skipped && !refused_ && part_.usage_point;
        tables_ += skipped ? 0U : 1U;
        header_cells_ = lines_.cells().size();
        registers_.clear();
        value_column_ = lines_.column("valeur").value_or(0);
        read_kind_column_ = lines_.column("type de releve");
        for (std::size_t i = 0; i < header_cells_; ++i) {
            const std::string_view name = lines_.cell(i);
            const bool index = name.starts_with("EAS ") || name.starts_with("EAI ");
            if (auto register_name = index ? register_name_of(name.substr(4)) : std::nullopt)
                registers_.push_back({i, name, std::move(*register_name)});
        }
        const bool missing = part_.kind == PartKind::curve ? value_column_ == 0 : registers_.empty();
        if (missing && !skipped)
            return fail(errc::bad_csv, "line " + std::to_string(lines_.line()) + ": column '" +
                                           (part_.kind == PartKind::curve ? "Valeur" : "EAS T") + "' is missing");
        return {};
    }

    void read_row()
    {
        if (!in_table_)
            return;
        if (lines_.cells().size() != header_cells_)
            draft_->add_problem({lines_.line(), {}}, "has " + std::to_string(lines_.cells().size()) + " cells, the header has " +
                                                         std::to_string(header_cells_));
        else if (part_.kind == PartKind::curve)
            read_point();
        else
            read_indexes();
    }

    void read_point()
    {
        const auto stamp = parse_stamp(lines_.cell(0));
        if (!stamp || !stamp->instant || stamp->instant->time_since_epoch() % 5min != 0s)
            return draft_->add_problem({lines_.line(), "Horodate"},
                                       "expected a time with its offset, on five minutes, like 2024-01-10T00:30:00+01:00");
        CurvePoint point{.end = *stamp->instant, .power_w = {}, .line = lines_.line(), .empty = false};
        const std::string_view cell = lines_.cell(value_column_);
        point.empty = cell.empty();
        point.power_w = whole_number(cell, import_power_w_max);
        if (!point.power_w && !point.empty)
            draft_->add_problem({lines_.line(), "Valeur"}, whole_number_expected(import_power_w_max, cell));
        points_.push_back(point);
    }

    /// The values of a curve are known once all its stamps are.
    void end_table()
    {
        std::vector<Instant> stamps;
        std::map<Instant, bool> empty; // and without a value in another line
        for (const CurvePoint& point : points_) {
            stamps.push_back(point.end);
            if (point.empty)
                empty.try_emplace(point.end, true);
        }
        for (const CurvePoint& point : points_)
            if (const auto found = empty.find(point.end); found != empty.end() && !point.empty)
                found->second = false;
        for (const auto& [at, is_empty] : empty)
            if (is_empty)
                draft_->add_empty_value();
        std::ranges::sort(stamps);
        stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
        const std::vector<Seconds> steps = StepFinder{stamps, part_.written_step}.find();
        for (const CurvePoint& point : points_) {
            if (!point.power_w)
                continue;
            const Seconds step = steps[static_cast<std::size_t>(std::ranges::lower_bound(stamps, point.end) - stamps.begin())];
            if (step == 0s)
                draft_->add_problem({point.line, "Horodate"}, "no neighbour from which to tell how long the value's interval is");
            else
                draft_->add({.usage_point = *part_.usage_point,
                             .injected = part_.injected,
                             .start = point.end - step,
                             .step = step,
                             .power_w = *point.power_w},
                            {point.line, "Valeur"});
        }
        points_.clear();
        in_table_ = false;
    }

    /// In summer the rows are stamped 01:00+02:00, midnight of legal winter time, and yet the index is that of local midnight:
    /// the sum of the load curve over local days proves it to the Wh. Exports are known that are an hour early in winter.
    [[nodiscard]] std::optional<Instant> midnight_of(std::string_view cell) const
    {
        const auto stamp = parse_stamp(cell);
        if (!stamp || (!stamp->instant && !stamp->date_only))
            return {};
        const auto local = stamp->instant ? paris().to_local(*stamp->instant) : stamp->local;
        const CivilDay day = std::chrono::floor<std::chrono::days>(local + 1h);
        return local - day <= 1h ? std::optional{paris().start_of(day)} : std::nullopt;
    }

    void read_indexes()
    {
        const auto at = midnight_of(lines_.cell(0));
        if (!at)
            return draft_->add_problem({lines_.line(), "Horodate"},
                                       "expected a midnight with its offset, like 2024-01-10T00:00:00+01:00");
        const bool estimated = read_kind_column_ && folded(lines_.cell(*read_kind_column_)).find("estim") != std::string::npos;
        bool any = false;
        for (const auto& [column, field, register_name] : registers_) {
            const std::string_view cell = lines_.cell(column);
            if (cell.empty())
                continue;
            any = true;
            const auto value = whole_number(cell, import_energy_wh_max);
            if (!value) {
                draft_->add_problem({lines_.line(), field}, whole_number_expected(import_energy_wh_max, cell));
                continue;
            }
            draft_->add({.usage_point = *part_.usage_point,
                         .injected = part_.injected,
                         .register_name = register_name,
                         .at = *at,
                         .value_wh = *value,
                         .quality = estimated ? Quality::estimated_linear : Quality::raw,
                         .serial = {}},
                        {lines_.line(), field});
        }
        if (!any)
            draft_->add_empty_value();
    }

    CsvLines lines_;
    ImportDraft indexes_, curve_;
    ImportDraft* draft_; // the first part's
    bool more_ = true, refused_ = false, in_table_ = false;
    std::size_t tables_ = 0;

    EnedisPart part_;
    std::size_t header_cells_ = 0, value_column_ = 0;
    std::optional<std::size_t> read_kind_column_;
    std::vector<RegisterColumn> registers_;
    std::vector<CurvePoint> points_;
};

} // namespace

result<ImportedFile> parse_enedis(std::string_view text, const ImportOptions& options)
{
    return EnedisReader{text, options}.read();
}

} // namespace releve::app
