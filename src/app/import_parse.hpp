#pragma once
// What the readers of operators' files have in common: the file as it grows, lines of CSV, a JSON document with lines, dates as
// they are written, and the usage point that counts.

#include <releve/app/import_files.hpp>

#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace releve::app {

inline constexpr std::int64_t import_power_w_max = 1'000'000'000;
inline constexpr std::int64_t import_energy_wh_max = 1'000'000'000'000;

/// Where a value stands. `field` points into the file's text, or is a literal.
struct ImportPlace {
    std::size_t line = 0;
    std::string_view field;
};

/// The file as it grows.
class ImportDraft {
public:
    ImportDraft(ImportFormat format, const ImportOptions& options) : options_(options) { file_.format = format; }

    void add_problem(ImportPlace place, std::string reason);
    void add_empty_value() { ++file_.empty_values; }
    void add(ImportedInterval interval, ImportPlace place);
    void add(ImportedRead read, ImportPlace place);
    void add(ImportedGas gas, ImportPlace place);
    void set_number(std::string_view flow) { file_.number = flow_number(options_.file_name, flow); }

    /// The usage point under which to keep what stands under the name `named`: none (and a problem, once a name) if it was
    /// masked and none was given. errc::bad_csv if it is another than the one given.
    [[nodiscard]] result<std::optional<std::string>> usage_point(ImportPlace place, std::string_view named);

    /// What was written twice only once, what excludes another value as a problem.
    [[nodiscard]] ImportedFile finish() &&;

private:
    const ImportOptions& options_;
    ImportedFile file_;
    std::vector<ImportPlace> interval_places_, read_places_, gas_places_;
    std::set<std::string, std::less<>> masked_names_;
};

/// Lines that are not empty, cut at semicolons, quotes around a cell left out. Quoted semicolons do not occur in such files.
class CsvLines {
public:
    explicit CsvLines(std::string_view text) : rest_(text) {}

    bool next();
    [[nodiscard]] std::size_t line() const { return line_; }
    [[nodiscard]] const std::vector<std::string_view>& cells() const { return cells_; }
    [[nodiscard]] std::string_view cell(std::size_t column) const
    {
        return column < cells_.size() ? cells_[column] : std::string_view{};
    }
    /// The first whose name is this one, written without accents and capitals.
    [[nodiscard]] std::optional<std::size_t> column(std::string_view folded_name) const;

private:
    std::string_view rest_;
    std::size_t line_ = 0;
    std::vector<std::string_view> cells_;
};

/// A JSON document as one table of nodes: numbers stay as they are written, objects know their line.
class JsonTree {
public:
    enum class Kind : std::uint8_t { none, null, boolean, number, text, array, object };

    class Node {
    public:
        Node() = default;
        Node(const JsonTree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
        [[nodiscard]] Kind kind() const { return tree_ ? tree_->rows_[index_].kind : Kind::none; }
        [[nodiscard]] bool is(Kind kind) const { return this->kind() == kind; }
        /// Neither missing nor null.
        [[nodiscard]] explicit operator bool() const { return kind() > Kind::null; }
        /// Of a text, a number (as written) or a boolean ("true"); empty otherwise.
        [[nodiscard]] std::string_view text() const
        {
            return tree_ ? tree_->slice(tree_->rows_[index_].text) : std::string_view{};
        }
        [[nodiscard]] std::string_view key() const { return tree_ ? tree_->slice(tree_->rows_[index_].key) : std::string_view{}; }
        [[nodiscard]] std::size_t line() const { return tree_ ? tree_->rows_[index_].line : 0; }
        /// The member; Kind::none if there is none.
        [[nodiscard]] Node at(std::string_view key) const;
        /// Elements of an array, members of an object.
        [[nodiscard]] std::vector<Node> items() const;

    private:
        const JsonTree* tree_ = nullptr;
        std::uint32_t index_ = 0;
    };

    /// errc::bad_csv, errc::too_large. Lines are counted from `first_line`.
    [[nodiscard]] static result<JsonTree> parse(std::string_view text, std::size_t first_line = 1);
    [[nodiscard]] Node root() const { return rows_.empty() ? Node{} : Node{this, 0}; }

private:
    friend class JsonTreeBuilder;
    struct Slice {
        std::uint32_t at = 0, size = 0;
    };
    struct Row {
        Slice key, text;
        std::uint32_t line = 0, first = 0, next = 0; // 0: none; the root is nobody's child
        Kind kind = Kind::null;
    };
    [[nodiscard]] std::string_view slice(Slice slice) const { return std::string_view{texts_}.substr(slice.at, slice.size); }

    std::vector<Row> rows_;
    std::string texts_;
};

/// Lower case, without accents and without white space around it.
[[nodiscard]] std::string folded(std::string_view text);
/// A whole number from 0 to `max`, digits only.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t max);
[[nodiscard]] std::string whole_number_expected(std::int64_t max, std::string_view found);

/// A date, or a date and time with or without an offset, from 2000 to 2099.
struct ImportStamp {
    std::chrono::local_seconds local{}; // as written
    std::optional<Instant> instant{};   // only with an offset
    bool date_only = false;
};
[[nodiscard]] std::optional<ImportStamp> parse_stamp(std::string_view text);

/// Of an index that stands for the start of a day: a date, a midnight or the minute after it are local midnight; any other time
/// is the instant at which somebody read the meter.
[[nodiscard]] std::optional<Instant> start_of_day_read(std::string_view text);

/// "T", "F1" to "F10", "D1" to "D4": total, supplier_1, distributor_1, ...
[[nodiscard]] std::optional<std::string> register_name_of(std::string_view code);
/// The register of Enedis' grid in which a distributor's class is counted: "HCB" 1, "HPB" 2, "HCH" 3, "HPH" 4, "BASE" 1, ...
[[nodiscard]] std::optional<int> distributor_rank_of(std::string_view class_id);

[[nodiscard]] result<ImportedFile> parse_enedis(std::string_view text, const ImportOptions& options);
[[nodiscard]] result<ImportedFile> parse_r63(std::string_view text, const ImportOptions& options);
[[nodiscard]] result<ImportedFile> parse_r64(const JsonTree& json, const ImportOptions& options);
[[nodiscard]] result<ImportedFile> parse_flow_xml(std::string_view text, const ImportOptions& options);
/// The answer of GRDF's site, or one or more objects of ADICT.
[[nodiscard]] result<ImportedFile> parse_grdf(const JsonTree& json, const ImportOptions& options);
/// One object a line (nd-json). None: not a line is one.
[[nodiscard]] std::optional<result<ImportedFile>> parse_grdf_lines(std::string_view text, const ImportOptions& options);

} // namespace releve::app
