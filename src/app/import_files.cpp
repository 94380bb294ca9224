#include "import_parse.hpp"

#include "csv_records.hpp"

#include <releve/core/bytes.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <tuple>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view import_format_names[] = {"enedis_curve", "enedis_index", "r63", "r64", "r151", "r15", "grdf"};

/// Enedis' older tools write Windows-1252. Nothing that is looked for stands outside of Latin-1.
std::string windows_1252_to_utf8(std::string_view text)
{
    std::string utf8;
    utf8.reserve(text.size() + text.size() / 16);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80)
            utf8.push_back(c);
        else if (byte < 0xa0)
            utf8.push_back('?');
        else {
            utf8.push_back(static_cast<char>(0xc0 | (byte >> 6)));
            utf8.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
        }
    }
    return utf8;
}

enum class Relation { apart, repeated, contrary };

Relation relation(const ImportedInterval& before, const ImportedInterval& row)
{
    if (before.usage_point != row.usage_point || before.injected != row.injected || before.start + before.step <= row.start)
        return Relation::apart;
    return before == row ? Relation::repeated : Relation::contrary;
}

Relation relation(const ImportedRead& before, const ImportedRead& row)
{
    if (std::tie(before.usage_point, before.injected, before.register_name, before.at) !=
        std::tie(row.usage_point, row.injected, row.register_name, row.at))
        return Relation::apart;
    return before == row ? Relation::repeated : Relation::contrary;
}

Relation relation(const ImportedGas& before, const ImportedGas& row)
{
    if (before.usage_point != row.usage_point || before.published != row.published || before.provisional != row.provisional || before.to <= row.from)
        return Relation::apart;
    return before == row ? Relation::repeated : Relation::contrary;
}

auto order_of(const ImportedInterval& row) { return std::tie(row.usage_point, row.injected, row.start); }
auto order_of(const ImportedRead& row) { return std::tie(row.usage_point, row.injected, row.register_name, row.at); }
auto order_of(const ImportedGas& row) { return std::tie(row.usage_point, row.published, row.provisional, row.from); }

/// Calls `refuse(place, reason)` for what excludes a row that stands before it in time or, of the same time, in the file.
template <class Row, class Refuse>
void drop_repeated(std::vector<Row>& rows, const std::vector<ImportPlace>& places, Refuse refuse)
{
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return order_of(rows[a]) < order_of(rows[b]); });
    std::vector<bool> kept(rows.size(), true);
    std::optional<std::size_t> before;
    for (const std::size_t i : order) {
        const Relation found = before ? relation(rows[*before], rows[i]) : Relation::apart;
        kept[i] = found == Relation::apart;
        if (found == Relation::contrary)
            refuse(places[i], "line " + std::to_string(places[*before].line) + " has another value for this time");
        if (kept[i])
            before = i;
    }
    std::size_t end = 0;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (kept[i]) {
            if (end != i)
                rows[end] = std::move(rows[i]);
            ++end;
        }
    rows.resize(end);
}

result<ImportedFile> parse_json_import(std::string_view text, const ImportOptions& options)
{
    const auto json = JsonTree::parse(text);
    if (!json) {
        if (auto lines = parse_grdf_lines(text, options); lines && json.error().code != errc::too_large)
            return std::move(*lines);
        return json.error();
    }
    if (!json->root().at("mesures"))
        return parse_grdf(*json, options);
    if (const std::string_view flow = json->root().at("header").at("codeFlux").text(); !flow.empty() && flow != "R64")
        return fail(errc::bad_csv, "header: codeFlux: of the flows in JSON only R64 is read");
    return parse_r64(*json, options);
}

result<ImportedFile> parse_csv_import(std::string_view text, const ImportOptions& options)
{
    CsvLines lines{text};
    if (!lines.next())
        return fail(errc::bad_csv, "the file is empty");
    if (lines.column("type de donnees"))
        return parse_enedis(text, options);
    if (lines.column("horodate") && lines.cells().size() > 2)
        return parse_r63(text, options);
    if (lines.column("horodate"))
        return fail(errc::bad_csv, "line 1: the two lines before 'Horodate', with 'Identifiant PRM' and 'Unite', are missing");
    return fail(errc::bad_csv, "no format that is known: neither a customer's export of Enedis, R63 (CSV), R64 (JSON), R151, R15 "
                               "(XML), nor GRDF's consumption (JSON)");
}

} // namespace

std::string_view import_format_name(ImportFormat format) { return import_format_names[static_cast<std::size_t>(format)]; }

void ImportDraft::add_problem(ImportPlace place, std::string reason)
{
    if (file_.problems.size() < import_problems_max)
        file_.problems.push_back({.line = place.line, .field = std::string{place.field}, .reason = std::move(reason)});
    else
        ++file_.more_problems;
}

void ImportDraft::add(ImportedInterval interval, ImportPlace place)
{
    file_.intervals.push_back(std::move(interval));
    interval_places_.push_back(place);
}

void ImportDraft::add(ImportedRead read, ImportPlace place)
{
    file_.reads.push_back(std::move(read));
    read_places_.push_back(place);
}

void ImportDraft::add(ImportedGas gas, ImportPlace place)
{
    file_.gas.push_back(std::move(gas));
    gas_places_.push_back(place);
}

result<std::optional<std::string>> ImportDraft::usage_point(ImportPlace place, std::string_view named)
{
    const std::string& given = options_.usage_point;
    const bool right = is_usage_point(named);
    if (given.empty() && right)
        return std::optional{std::string{named}};
    // Whoever masked a file may have written zeros.
    if (!given.empty() && (!right || named == given || named.find_first_not_of('0') == std::string_view::npos))
        return std::optional{given};
    if (!given.empty())
        return fail(errc::bad_csv, "line " + std::to_string(place.line) + ": '" + std::string{place.field} +
                                       "' names another usage point than the one that was given (usage_point)");
    if (!masked_names_.contains(named) && masked_names_.size() < import_problems_max) {
        masked_names_.emplace(named);
        add_problem(
            place, "is not a usage point (14 digits, or GI and 6 digits), as where it was masked: give the usage point yourself");
    }
    return std::optional<std::string>{};
}

ImportedFile ImportDraft::finish() &&
{
    const auto refuse = [&](ImportPlace place, std::string reason) { add_problem(place, std::move(reason)); };
    drop_repeated(file_.intervals, interval_places_, refuse);
    drop_repeated(file_.reads, read_places_, refuse);
    drop_repeated(file_.gas, gas_places_, refuse);
    std::ranges::stable_sort(file_.problems, {}, &ImportProblem::line);
    return std::move(file_);
}

std::optional<FlowNumber> flow_number(std::string_view file_name, std::string_view flow)
{
    file_name.remove_prefix(std::min(file_name.size(), file_name.find_last_of("/\\") + 1));
    file_name = file_name.substr(0, file_name.find('.'));
    std::vector<std::string_view> words;
    for (std::size_t end = 0; end != std::string_view::npos;
         file_name.remove_prefix(end == std::string_view::npos ? 0 : end + 1)) {
        end = file_name.find('_');
        words.push_back(file_name.substr(0, end));
    }
    const auto first = std::ranges::find(words, flow);
    std::string series;
    for (auto word = first; word != words.end() && ++word != words.end();) {
        const std::string_view next = std::next(word) == words.end() ? std::string_view{} : *std::next(word);
        const bool before_rhythm = next.size() == 1 && next[0] >= 'A' && next[0] <= 'Z';
        const bool before_time = next.size() == 14 && is_digits(next);
        if (word->size() == 5 && is_digits(*word) && (before_rhythm || before_time))
            return FlowNumber{std::string{flow}, series, *whole_number(*word, 99'999)};
        series += (series.empty() ? "" : "_") + std::string{*word};
    }
    return {};
}

result<ImportedFile> parse_import(std::string_view bytes, const ImportOptions& options)
{
    if (bytes.size() > import_bytes_max)
        return fail(errc::too_large, "a file of more than " + std::to_string(import_bytes_max >> 20U) + " MiB");
    if (!options.usage_point.empty() && !is_usage_point(options.usage_point))
        return fail(errc::bad_csv, "usage_point: expected 14 digits (PRM, PCE), or GI and 6 digits");
    const std::string converted = is_utf8(bytes) ? std::string{} : windows_1252_to_utf8(bytes);
    std::string_view text = converted.empty() ? bytes : std::string_view{converted};
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return fail(errc::bad_csv, "the file is empty");
    if (text[first] == '<')
        return parse_flow_xml(text, options);
    if (text[first] == '{' || text[first] == '[')
        return parse_json_import(text, options);
    return parse_csv_import(text, options);
}

std::vector<std::int64_t> missing_numbers(std::vector<std::int64_t> seen)
{
    std::vector<std::int64_t> missing;
    std::ranges::sort(seen);
    for (std::size_t i = 1; i < seen.size(); ++i)
        for (std::int64_t number = seen[i - 1]; number < seen[i] && ++number < seen[i];) {
            if (missing.size() == missing_numbers_max)
                return missing;
            missing.push_back(number);
        }
    return missing;
}

} // namespace releve::app
