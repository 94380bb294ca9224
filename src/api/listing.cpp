#include <releve/api/listing.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

namespace releve::api {
namespace {

std::string json_string(std::string_view text)
{
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append(std::string& out, const Cell& cell)
{
    switch (cell.kind) {
    case Cell::Kind::nothing: out += "null"; return;
    case Cell::Kind::number:
    case Cell::Kind::json: out += cell.text; return;
    case Cell::Kind::text: out += json_string(cell.text); return;
    }
}

void append(std::string& out, const std::vector<Field>& fields)
{
    for (const auto& [name, cell] : fields) {
        if (out.back() != '{')
            out += ',';
        out += json_string(name) + ':';
        append(out, cell);
    }
}

/// "name": as JSON writes a member, made once for all rows; the group is that of a member of an inner object.
struct MemberKey {
    std::string group, name;
};
std::vector<MemberKey> member_keys(const std::vector<std::string_view>& columns)
{
    std::vector<MemberKey> keys;
    for (const auto column : columns) {
        const auto point = column.find('.');
        if (point == std::string_view::npos)
            keys.push_back({{}, json_string(column) + ':'});
        else
            keys.push_back({json_string(column.substr(0, point)) + ':', json_string(column.substr(point + 1)) + ':'});
    }
    return keys;
}

void append(std::string& out, std::span<const MemberKey> keys, std::span<const Cell> cells)
{
    for (std::size_t i = 0; i < cells.size(); ++i) {
        out += i > 0 ? "," : "";
        out += keys[i].name;
        append(out, cells[i]);
    }
}

void append_row(std::string& out, std::span<const MemberKey> keys, std::span<const Cell> row)
{
    RELEVE_ASSERT(keys.size() == row.size());
    out += '{';
    for (std::size_t i = 0, next = 0; i < row.size(); i = next) {
        for (next = i + 1; next < row.size() && !keys[i].group.empty() && keys[next].group == keys[i].group;)
            ++next;
        const auto cells = row.subspan(i, next - i);
        out += i > 0 ? "," : "";
        out += keys[i].group;
        if (keys[i].group.empty()) {
            append(out, keys.subspan(i, 1), cells);
        } else if (std::ranges::all_of(cells, [](const Cell& cell) { return cell.kind == Cell::Kind::nothing; })) {
            out += "null";
        } else {
            out += '{';
            append(out, keys.subspan(i, next - i), cells);
            out += '}';
        }
    }
    out += '}';
}

void append_csv(std::string& out, const Cell& cell)
{
    if (cell.kind != Cell::Kind::text && cell.kind != Cell::Kind::json) {
        out += cell.text;
        return;
    }
    std::string text = cell.text;
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        text.insert(text.begin(), '\'');
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"')
            out += '"';
        out += c;
    }
    out += '"';
}

enum class Format : std::uint8_t { json, csv };

result<Format> choose_format(const Request& request)
{
    if (const auto named = request.parameter("format"); !named.empty()) {
        if (named == "json")
            return Format::json;
        if (named == "csv")
            return Format::csv;
        return fail(errc::not_acceptable, "format: json and csv are available");
    }
    constexpr std::string_view offers[] = {"application/json", "text/csv"};
    const auto chosen = negotiate(request.accept, offers);
    if (!chosen)
        return fail(errc::not_acceptable, "Accept: application/json and text/csv are available");
    return *chosen == 0 ? Format::json : Format::csv;
}

} // namespace

std::string scaled_digits(std::int64_t value, int scaler)
{
    const bool negative = value < 0;
    std::string digits = std::to_string(value).substr(negative ? 1 : 0);
    if (scaler >= 0 && value != 0)
        digits.append(static_cast<std::size_t>(scaler), '0');
    if (scaler < 0) {
        const auto places = static_cast<std::size_t>(-scaler);
        if (digits.size() <= places)
            digits.insert(0, places + 1 - digits.size(), '0');
        digits.insert(digits.size() - places, 1, '.');
    }
    return negative ? "-" + digits : digits;
}

std::string write_json(const Listing& listing)
{
    const auto keys = member_keys(listing.columns);
    std::string out = "{";
    append(out, listing.before);
    if (out.back() != '{')
        out += ',';
    out += json_string(listing.items) + ":[";
    bool first = true;
    for (const auto& row : listing.rows) {
        if (!first)
            out += ',';
        append_row(out, keys, row);
        first = false;
    }
    out += ']';
    append(out, listing.after);
    out += "}\n";
    return out;
}

std::string write_object(const std::vector<std::string_view>& columns, const std::vector<Cell>& row)
{
    std::string out;
    append_row(out, member_keys(columns), row);
    return out;
}

std::string write_json(const std::vector<std::string_view>& columns, const std::vector<Cell>& row)
{
    return write_object(columns, row) + '\n';
}

std::string write_csv(const Listing& listing)
{
    std::string out;
    const auto end_line = [&out] { out.replace(out.size() - 1, 1, "\r\n"); };
    for (const auto column : listing.columns)
        out.append(column) += ',';
    for (const auto& [name, cell] : listing.csv_constants)
        out.append(name) += ',';
    end_line();
    for (const auto& row : listing.rows) {
        for (const auto& cell : row) {
            append_csv(out, cell);
            out += ',';
        }
        for (const auto& [name, cell] : listing.csv_constants) {
            append_csv(out, cell);
            out += ',';
        }
        end_line();
    }
    return out;
}

result<Response> respond(const Listing& listing, const Request& request)
{
    RELEVE_TRY(format, choose_format(request));
    Response out;
    out.headers.emplace_back("Vary", "Accept, Authorization");
    if (format == Format::json) {
        out.content_type = "application/json";
        out.body = write_json(listing);
    } else {
        out.content_type = "text/csv; charset=utf-8; header=present";
        out.body = write_csv(listing);
        out.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + listing.file_name + ".csv\"");
    }
    return out;
}

result<Response> respond_json(std::string body, const Request& request)
{
    constexpr std::string_view offers[] = {"application/json"};
    if (!negotiate(request.accept, offers))
        return fail(errc::not_acceptable, "Accept: application/json is available");
    Response out;
    out.content_type = "application/json";
    out.body = std::move(body);
    out.headers.emplace_back("Vary", "Accept, Authorization");
    return out;
}

} // namespace releve::api
