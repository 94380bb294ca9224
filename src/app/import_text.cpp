#include "import_parse.hpp"

#include "csv_records.hpp"

#include <algorithm>
#include <charconv>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t csv_cells_max = 200; // Enedis' widest row has 55
constexpr std::string_view white_space = " \t\r\n";

std::string_view without_margins(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(white_space);
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

/// The letter under the accent of a two-byte UTF-8 character of the row 0xC3; 0 if it is none.
char letter_under_accent(unsigned char second)
{
    const unsigned lower = second | 0x20U;
    if (lower >= 0xa0 && lower <= 0xa5)
        return 'a';
    if (lower == 0xa7)
        return 'c';
    if (lower >= 0xa8 && lower <= 0xab)
        return 'e';
    if (lower >= 0xac && lower <= 0xaf)
        return 'i';
    if (lower >= 0xb2 && lower <= 0xb6)
        return 'o';
    return lower >= 0xb9 && lower <= 0xbc ? 'u' : '\0';
}

} // namespace

bool CsvLines::next()
{
    cells_.clear();
    while (!rest_.empty()) {
        const std::size_t end = rest_.find('\n');
        std::string_view row = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        ++line_;
        if (without_margins(row).empty())
            continue;
        for (std::size_t at = 0; at != std::string_view::npos && cells_.size() < csv_cells_max;) {
            at = row.find(';');
            std::string_view cell = without_margins(row.substr(0, at));
            if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
                cell = cell.substr(1, cell.size() - 2);
            cells_.push_back(cell);
            row.remove_prefix(at == std::string_view::npos ? row.size() : at + 1);
        }
        return true;
    }
    return false;
}

std::optional<std::size_t> CsvLines::column(std::string_view folded_name) const
{
    for (std::size_t i = 0; i < cells_.size(); ++i)
        if (folded(cells_[i]) == folded_name)
            return i;
    return {};
}

std::string folded(std::string_view text)
{
    text = without_margins(text);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\xc3' && i + 1 < text.size())
            if (const char letter = letter_under_accent(static_cast<unsigned char>(text[i + 1]))) {
                out.push_back(letter);
                ++i;
                continue;
            }
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return out;
}

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t max)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || !is_digits(text) || error != std::errc{} || end != text.data() + text.size() || value > max)
        return {};
    return value;
}

std::string whole_number_expected(std::int64_t max, std::string_view found)
{
    return "expected a whole number from 0 to " + std::to_string(max) + ", found " + shown(std::string{found});
}

std::optional<ImportStamp> parse_stamp(std::string_view text)
{
    ImportStamp stamp;
    if (const auto day = parse_day(text)) {
        stamp.local = *day;
        stamp.date_only = true;
    } else if (const auto naive = parse_instant(std::string{text.substr(0, 20)} + "Z")) {
        stamp.local = std::chrono::local_seconds{naive->time_since_epoch()};
    } else if (const auto instant = parse_instant(text)) {
        const auto local = parse_instant(std::string{text.substr(0, 19)} + "Z");
        stamp.local = std::chrono::local_seconds{local.value().time_since_epoch()};
        stamp.instant = *instant;
    } else {
        return {};
    }
    const CivilDay first{std::chrono::year{2000} / 1 / 1}, end{std::chrono::year{2100} / 1 / 1};
    return stamp.local >= first && stamp.local < end ? std::optional{stamp} : std::nullopt;
}

std::optional<Instant> start_of_day_read(std::string_view text)
{
    const auto stamp = parse_stamp(text);
    if (!stamp)
        return {};
    // R15 has reads at 00:01 which are those of midnight.
    const auto local = stamp->instant ? paris().to_local(*stamp->instant) : stamp->local;
    const CivilDay day = std::chrono::floor<std::chrono::days>(local);
    if (local - day <= 1min)
        return paris().start_of(day);
    return stamp->instant ? *stamp->instant : paris().to_instant(local);
}

std::optional<std::string> register_name_of(std::string_view code)
{
    if (code == "T")
        return "total";
    const bool supplier = code.starts_with('F'), distributor = code.starts_with('D');
    const auto number = supplier || distributor ? whole_number(code.substr(1), supplier ? 10 : 4) : std::nullopt;
    if (!number || *number == 0)
        return {};
    return (supplier ? "supplier_" : "distributor_") + std::to_string(*number);
}

std::optional<int> distributor_rank_of(std::string_view class_id)
{
    // HCE and HPE are the older names of HCB and HPB.
    constexpr std::pair<std::string_view, int> ranks[] = {{"BASE", 1}, {"HC", 1},  {"HP", 2},  {"HCB", 1}, {"HPB", 2},
                                                          {"HCH", 3},  {"HPH", 4}, {"HCE", 1}, {"HPE", 2}};
    const auto found = std::ranges::find(ranks, class_id, &std::pair<std::string_view, int>::first);
    return found == std::end(ranks) ? std::nullopt : std::optional{found->second};
}

} // namespace releve::app
