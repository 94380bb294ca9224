#include <releve/app/series_files.hpp>

#include <charconv>
#include <fstream>
#include <sstream>

namespace releve::app {

namespace {

/// Ten years of half-hours: a wrong year in one row must not ask for all the memory there is.
constexpr std::int64_t slots_max = 10 * 366 * 48;
constexpr std::int64_t power_w_max = 10'000'000;
constexpr std::int64_t energy_wh_max = 4'294'967'295; // what a double-long-unsigned register shows

/// One line at a time, cut into cells; knows where it stands for messages. Quoted cells do not occur in such
/// files.
class Table {
public:
    Table(std::string_view text, const std::string& file_name, char separator)
        : rest_(text), file_name_(file_name), separator_(separator)
    {
        if (rest_.starts_with("\xef\xbb\xbf"))
            rest_.remove_prefix(3);
    }

    bool next()
    {
        while (!rest_.empty()) {
            const std::size_t end = rest_.find('\n');
            std::string_view line = rest_.substr(0, end);
            rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
            ++line_;
            if (line.ends_with('\r'))
                line.remove_suffix(1);
            if (!line.empty()) {
                split(line);
                return true;
            }
        }
        cells_.clear();
        return false;
    }
    /// The row at hand names the columns.
    void take_header() { header_.assign(cells_.begin(), cells_.end()); }
    /// No such column: errc::bad_csv.
    [[nodiscard]] result<std::size_t> column(std::string_view name) const
    {
        for (std::size_t i = 0; i < header_.size(); ++i)
            if (header_[i] == name)
                return i;
        return fail(errc::bad_csv, where() + ": column '" + std::string{name} + "' is missing");
    }
    [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
    [[nodiscard]] std::string_view cell(std::size_t column) const
    {
        return column < cells_.size() ? cells_[column] : std::string_view{};
    }
    [[nodiscard]] std::size_t cells() const { return cells_.size(); }
    [[nodiscard]] std::string where() const { return file_name_ + ":" + std::to_string(line_); }
    [[nodiscard]] Error bad(std::size_t column, const std::string& reason) const
    {
        const std::string name = column < header_.size() ? header_[column] : std::to_string(column + 1);
        return fail(errc::bad_csv, where() + ": column '" + name + "': " + reason);
    }
    /// A row has as many cells as the header.
    [[nodiscard]] result<void> check_width() const
    {
        if (cells_.size() != header_.size())
            return fail(errc::bad_csv, where() + ": " + std::to_string(cells_.size()) +
                                           " cells, the header has " + std::to_string(header_.size()));
        return {};
    }
    [[nodiscard]] result<std::optional<std::int64_t>> number(std::size_t column, std::int64_t max) const
    {
        const std::string_view text = cell(column);
        if (text.empty())
            return std::optional<std::int64_t>{};
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > max)
            return bad(column, "a whole number from 0 to " + std::to_string(max) + " is expected");
        return std::optional{value};
    }

private:
    void split(std::string_view line)
    {
        cells_.clear();
        while (true) {
            const std::size_t end = line.find(separator_);
            cells_.push_back(line.substr(0, end));
            if (end == std::string_view::npos)
                return;
            line.remove_prefix(end + 1);
        }
    }

    std::string_view rest_;
    const std::string& file_name_;
    char separator_;
    std::size_t line_ = 0;
    std::vector<std::string> header_;
    std::vector<std::string_view> cells_;
};

/// How many slots after `first` the row's start lies; rows rise and stand on the half-hour.
result<std::size_t> slot_of(const Table& table, std::size_t column, std::optional<Instant>& first,
                            std::size_t slots)
{
    const auto start = parse_instant(table.cell(column));
    if (!start)
        return table.bad(column,
                         start.error().detail.empty() ? "a date and time is expected" : start.error().detail);
    if (start->time_since_epoch() % sim::slot_length != Seconds{0})
        return table.bad(column, "not on a half-hour");
    if (!first)
        first = *start;
    const std::int64_t slot = (*start - *first) / sim::slot_length;
    if (slot < static_cast<std::int64_t>(slots))
        return table.bad(column, "not after the row before");
    if (slot > slots_max)
        return table.bad(column, "more than ten years after the first row");
    return static_cast<std::size_t>(slot);
}

result<std::vector<sim::IndexRead>> in_order(std::vector<sim::IndexRead> reads, const std::string& file_name)
{
    if (reads.empty())
        return fail(errc::bad_csv, file_name + ": no row");
    return reads;
}

/// Which cells of a row are which index.
struct IndexColumns {
    std::size_t day = 0, total = 0;
    std::array<std::optional<std::size_t>, 10> supplier{};
    std::array<std::optional<std::size_t>, 4> distributor{};
};

result<IndexColumns> find_columns(const Table& table, std::string_view day, std::string_view total,
                                  const std::pair<std::string, std::string>& supplier,
                                  const std::pair<std::string, std::string>& distributor)
{
    IndexColumns columns;
    RELEVE_TRY(day_column, table.column(day));
    RELEVE_TRY(total_column, table.column(total));
    columns.day = day_column;
    columns.total = total_column;
    const auto optional = [&](const auto& affixes, std::size_t number) -> std::optional<std::size_t> {
        const auto found = table.column(affixes.first + std::to_string(number) + affixes.second);
        return found ? std::optional{*found} : std::nullopt;
    };
    for (std::size_t i = 0; i < columns.supplier.size(); ++i)
        columns.supplier[i] = optional(supplier, i + 1);
    for (std::size_t i = 0; i < columns.distributor.size(); ++i)
        columns.distributor[i] = optional(distributor, i + 1);
    return columns;
}

result<sim::IndexRead> parse_index_row(const Table& table, const IndexColumns& columns)
{
    sim::IndexRead read;
    const auto day = parse_day(table.cell(columns.day).substr(0, 10));
    if (!day)
        return table.bad(columns.day, "a date is expected");
    read.day = *day;
    RELEVE_TRY(total, table.number(columns.total, energy_wh_max));
    if (!total)
        return table.bad(columns.total, "a total is expected");
    read.total_wh = *total;
    const auto read_classes = [&](const auto& from, auto& to) -> result<void> {
        for (std::size_t i = 0; i < to.size(); ++i)
            if (from[i]) {
                RELEVE_TRY(value, table.number(*from[i], energy_wh_max));
                to[i] = value.value_or(0);
            }
        return {};
    };
    RELEVE_CHECK(read_classes(columns.supplier, read.supplier_wh));
    RELEVE_CHECK(read_classes(columns.distributor, read.distributor_wh));
    return read;
}

result<std::vector<sim::IndexRead>> parse_index_rows(Table& table, const IndexColumns& columns,
                                                     const std::string& file_name, bool until_next_header)
{
    std::vector<sim::IndexRead> reads;
    while (table.next()) {
        // The export ends with a block of another shape that names the supplier's calendar.
        if (until_next_header && table.cell(0) == "Periode")
            break;
        RELEVE_CHECK(table.check_width());
        RELEVE_TRY(read, parse_index_row(table, columns));
        // The two halves of an export that was cut share a midnight.
        if (!reads.empty() && reads.back() == read)
            continue;
        if (!reads.empty() && read.day <= reads.back().day)
            return table.bad(columns.day, "not after the row before");
        reads.push_back(read);
    }
    return in_order(std::move(reads), file_name);
}

result<std::vector<sim::IndexRead>> parse_customer_export(std::string_view csv, const std::string& file_name)
{
    Table table{csv, file_name, ';'};
    while (table.next() && table.cell(0) != "Horodate") {
    }
    table.take_header();
    RELEVE_TRY(columns, find_columns(table, "Horodate", "EAS T", {"EAS F", ""}, {"EAS D", ""}));
    return parse_index_rows(table, columns, file_name, true);
}

} // namespace

result<std::string> read_text_file(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    if (!file || std::filesystem::is_directory(path) || !(text << file.rdbuf()))
        return fail(errc::not_found_file, path.string());
    return std::move(text).str();
}

result<sim::Curve> parse_curve(std::string_view csv, const std::string& file_name)
{
    Table table{csv, file_name, ','};
    table.next();
    table.take_header();
    RELEVE_TRY(start_column, table.column("start_utc"));
    RELEVE_TRY(power_column, table.column("power_w"));
    sim::Curve curve;
    std::optional<Instant> first;
    while (table.next()) {
        RELEVE_CHECK(table.check_width());
        RELEVE_TRY(slot, slot_of(table, start_column, first, curve.power_w.size()));
        RELEVE_TRY(power, table.number(power_column, power_w_max));
        curve.power_w.resize(slot + 1);
        if (power)
            curve.power_w[slot] = static_cast<std::int32_t>(*power);
    }
    if (!first)
        return fail(errc::bad_csv, file_name + ": no row");
    curve.first = *first;
    return curve;
}

result<std::vector<sim::IndexRead>> parse_indexes(std::string_view csv, const std::string& file_name)
{
    const std::string_view first_line = csv.substr(0, csv.find('\n'));
    if (first_line.find(';') != std::string_view::npos)
        return parse_customer_export(csv, file_name);
    Table table{csv, file_name, ','};
    table.next();
    table.take_header();
    RELEVE_TRY(columns,
               find_columns(table, "day", "total_wh", {"supplier_", "_wh"}, {"distributor_", "_wh"}));
    return parse_index_rows(table, columns, file_name, false);
}

result<std::vector<NamedCurve>> parse_energy_table(std::string_view csv, const std::string& file_name)
{
    Table table{csv, file_name, ','};
    table.next();
    table.take_header();
    if (table.cell(0) != "start_utc")
        return fail(errc::bad_csv, table.where() + ": the first column must be 'start_utc'");
    std::vector<NamedCurve> homes;
    for (std::size_t i = 1; i < table.header().size(); ++i)
        homes.push_back({.name = table.header()[i], .curve = {}});
    std::optional<Instant> first;
    std::size_t slots = 0;
    while (table.next()) {
        RELEVE_CHECK(table.check_width());
        RELEVE_TRY(slot, slot_of(table, 0, first, slots));
        slots = slot + 1;
        for (std::size_t i = 0; i < homes.size(); ++i) {
            RELEVE_TRY(energy, table.number(i + 1, power_w_max / 2));
            homes[i].curve.power_w.resize(slots);
            if (energy)
                homes[i].curve.power_w[slot] = static_cast<std::int32_t>(*energy * 2);
        }
    }
    if (!first || homes.empty())
        return fail(errc::bad_csv, file_name + ": no row or no home");
    for (NamedCurve& home : homes)
        home.curve.first = *first;
    return homes;
}

} // namespace releve::app
