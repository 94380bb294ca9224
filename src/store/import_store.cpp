// Who reads a file leaves its days here, under the choices of now.

#include "admin_impl.hpp"
#include "batch_rows.hpp"
#include "import_session.hpp"

#include <algorithm>
#include <charconv>

namespace releve::store {

namespace {

/// Identifiers of usage points, which need no quoting: as a text[].
std::string id_list(std::span<const std::string> ids)
{
    std::string text = "{";
    for (const std::string& id : ids)
        text += (text.size() > 1 ? "," : "") + id;
    return text + "}";
}

bool is_usage_point_id(const std::string& id)
{
    const auto digits = [](std::string_view part) { return part.find_first_not_of("0123456789") == std::string_view::npos; };
    return (id.size() == 14 && digits(id)) || (id.size() == 8 && id.starts_with("GI") && digits(std::string_view{id}.substr(2)));
}

std::vector<std::string> real_ids(std::span<const std::string> ids)
{
    std::vector<std::string> real;
    for (const std::string& id : ids)
        if (is_usage_point_id(id))
            real.push_back(id);
    return real;
}

constexpr const char* row_columns =
    "SELECT id, file_name, format, flow, series, number, array_to_string(usage_points, ','), state, asked_by, "
    "extract(epoch FROM asked_at)::int8, extract(epoch FROM finished_at)::int8, problems, empty_values, refused, imported, unchanged, "
    "own_meter, parts, parts_done + parts_refused, detail, proven, problem_lines FROM import ";

/// A line each: number, field and reason, between them what no line of them holds.
std::string text_of(const std::vector<ImportLine>& lines)
{
    const auto plain = [](std::string word) {
        constexpr std::size_t word_bytes_max = 400;
        std::ranges::replace_if(word, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        std::size_t end = std::min(word.size(), word_bytes_max);
        while (end > 0 && end < word.size() && (static_cast<unsigned char>(word[end]) & 0xc0) == 0x80)
            --end; // whole characters
        return word.substr(0, end);
    };
    std::string text;
    for (std::size_t i = 0; i < lines.size() && i < import_lines_max; ++i)
        text += std::to_string(lines[i].line) + '\t' + plain(lines[i].field) + '\t' + plain(lines[i].reason) + '\n';
    return text;
}

std::vector<ImportLine> lines_of(std::string_view text)
{
    std::vector<ImportLine> lines;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const std::size_t field = one.find('\t'), reason = one.find('\t', field + 1);
        std::int64_t number = 0;
        std::from_chars(one.data(), one.data() + std::min(field, one.size()), number);
        if (reason != std::string_view::npos)
            lines.push_back({number, std::string{one.substr(field + 1, reason - field - 1)}, std::string{one.substr(reason + 1)}});
    }
    return lines;
}

ImportRow import_row_of(const Row& row)
{
    ImportRow import;
    import.id = row.integer(0);
    import.file_name = row.text(1);
    import.format = row.text(2);
    import.flow = row.text(3);
    import.series = row.text(4);
    if (!row.null(5))
        import.number = row.integer(5);
    const std::string& points = row.text(6);
    for (std::size_t at = 0; at < points.size();) {
        const std::size_t comma = std::min(points.find(',', at), points.size());
        import.usage_points.push_back(points.substr(at, comma - at));
        at = comma + 1;
    }
    import.state = row.text(7);
    import.asked_by = row.text(8);
    import.asked_at = row.instant(9);
    import.finished_at = row.maybe_instant(10);
    import.problems = row.integer(11);
    import.empty_values = row.integer(12);
    import.refused = row.integer(13);
    import.imported = row.integer(14);
    import.unchanged = row.integer(15);
    import.own_meter = row.integer(16);
    import.parts = row.integer(17);
    import.parts_over = row.integer(18);
    import.detail = row.text(19);
    import.proven = row.boolean(20);
    import.lines = lines_of(row.text(21));
    return import;
}

/// A choice of daily totals comes before this import or erases what of it waits.
result<void> hold_choices(Work& work, const StagedImport& import)
{
    work.run("SELECT pg_advisory_xact_lock_shared($1)", {collection_choice_lock});
    std::vector<std::string> with_curve;
    for (const StagedPart& part : import.parts)
        if (part.kind == ImportPartKind::intervals && (with_curve.empty() || with_curve.back() != part.usage_point.value))
            with_curve.push_back(part.usage_point.value);
    const Table daily = work.run("SELECT id FROM usage_point WHERE id = ANY ($1::text[]) AND collection = 'daily' LIMIT 1", {id_list(with_curve)});
    if (!daily.empty())
        return fail(errc::daily_only, "only daily totals are kept of " + daily[0].text(0));
    return {};
}

std::int64_t insert_import(Work& work, const StagedImport& import, const std::optional<std::int64_t>& token)
{
    return work
        .run("INSERT INTO import (file_name, sha256, options, format, flow, series, number, usage_points, state, finished_at, asked_by, "
             "token, whole, problems, empty_values, refused, parts, proven, problem_lines) VALUES (left($1, 255), $2::bytea, $3, $4, $5, $6, $7::int8, $8::text[], "
             "$9, CASE $9 WHEN 'done' THEN now() END, " +
                 std::string{token ? "(SELECT label FROM releve_identity())" : "session_user"} +
                 ", $10::int8, $11::bool, $12::int8, $13::int8, $14::int8, $15::int4, $16::bool, $17) RETURNING id",
             {import.file_name, import.sha256, import.options, import.format, import.flow, import.series, import.number,
              id_list(import.usage_points), import.parts.empty() ? "done" : "staged", token, import.refused == 0, import.problems,
              import.empty_values, import.refused, import.parts.size(), import.proven, text_of(import.lines)})
        .at(0)
        .integer(0);
}

} // namespace

ImportStore::ImportStore(DatabaseAddress address, std::string token_key, std::int64_t token_id)
    : impl_(std::make_unique<Impl>(
          Impl{Session{std::move(address), token_key.empty() ? DbRole::work : DbRole::api}, std::move(token_key), token_id}))
{
}
ImportStore::~ImportStore() = default;

std::map<std::string, ImportPoint> ImportStore::points(std::span<const std::string> ids)
{
    return impl_->transaction([&](Work& work) -> result<std::map<std::string, ImportPoint>> {
        std::map<std::string, ImportPoint> points;
        for (const Row& row :
             work.run("SELECT id, energy, organisation, collection FROM usage_point WHERE id = ANY ($1::text[])", {id_list(real_ids(ids))})) {
            RELEVE_TRY(collection, parse_collection(row.text(3)));
            points[row.text(0)] = {row.text(1), row.text(2), collection};
        }
        return points;
    })
        .value();
}

result<std::int64_t> ImportStore::create_points(std::span<const std::string> ids, const std::string& energy, const NewImportPoints& how)
{
    if (how.collection == Collection::half_hour && how.proof.empty())
        return fail(errc::bad_parameter, "proof: half-hours are kept of a home whose occupant agreed: say how it is known");
    return impl_->transaction([&](Work& work) -> result<std::int64_t> {
        if (work.run("SELECT FROM organisation WHERE id = $1", {how.organisation}).empty())
            return fail(errc::not_found, "there is no organisation `" + how.organisation + "`");
        std::int64_t made = 0;
        for (const std::string& id : real_ids(ids)) {
            if (work.run("INSERT INTO usage_point (id, energy, collection, organisation) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING "
                         "RETURNING id",
                         {id, energy, collection_name(how.collection), how.organisation})
                    .empty())
                continue;
            ++made;
            work.run("INSERT INTO collection_choice (usage_point, collection, validity, how, proof) VALUES ($1, $2, tstzrange(now(), NULL), "
                     "'import', $3)",
                     {id, collection_name(how.collection), how.proof.empty() ? "import of readings" : how.proof});
            note_change(work, {"create_usage_point", how.organisation, id, std::string{collection_name(how.collection)} + ": " + how.proof});
        }
        return made;
    });
}

std::optional<std::int64_t> ImportStore::find(ByteView sha256, const std::string& options)
{
    return impl_->transaction([&](Work& work) -> result<std::optional<std::int64_t>> {
        const Table rows = work.run("SELECT id FROM import WHERE sha256 = $1::bytea AND options = $2 AND whole", {sha256, options});
        return rows.empty() ? std::optional<std::int64_t>{} : rows[0].integer(0);
    })
        .value();
}

result<ImportStore::Staged> ImportStore::stage(const StagedImport& import)
{
    try {
        return impl_->transaction([&](Work& work) -> result<Staged> {
            RELEVE_CHECK(hold_choices(work, import));
            const std::optional<std::int64_t> token = impl_->key.empty() ? std::nullopt : std::optional{impl_->token};
            if (token && work.run("SELECT count(*) FROM import WHERE token = $1::int8 AND state IN ('staged', 'running')", {token}).at(0).integer(0) >=
                             import_waiting_max)
                return fail(errc::unavailable, std::to_string(import_waiting_max) + " files of this token wait to be carried out");
            Staged staged{insert_import(work, import, token), false};
            for (std::size_t i = 0; i < import.parts.size(); ++i) {
                const StagedPart& part = import.parts[i];
                work.repeat("INSERT INTO import_part (import, part, usage_point, kind, serial, starts, ends, amount, content) VALUES ($1::int8, "
                            "$2::int4, $3, $4, $5, $6::timestamptz, $7::timestamptz, $8::int4, $9::bytea)",
                            {staged.id, i + 1, part.usage_point.value, import_part_kind_name(part.kind), part.serial, part.first, part.last,
                             part.values, part.content});
            }
            return staged;
        });
    } catch (const pg::SqlError& error) {
        if (error.sqlstate != "23505" || std::string_view{error.what()}.find("import_once") == std::string_view::npos)
            throw;
    }
    const auto before = find(import.sha256, import.options);
    return before ? Staged{*before, true} : result<Staged>{fail(errc::unavailable, "the same file is being imported")};
}

result<ImportRow> ImportStore::show(std::int64_t id)
{
    return impl_->transaction([&](Work& work) -> result<ImportRow> {
        const Table rows = work.run(std::string{row_columns} + "WHERE id = $1::int8", {id});
        if (rows.empty())
            return fail(errc::not_found, "there is no import " + std::to_string(id));
        return import_row_of(rows[0]);
    });
}

std::vector<ImportRow> ImportStore::list(int limit, std::int64_t before)
{
    return impl_->transaction([&](Work& work) -> result<std::vector<ImportRow>> {
        std::vector<ImportRow> list;
        for (const Row& row : work.run(std::string{row_columns} + "WHERE $2::int8 = 0 OR id < $2::int8 ORDER BY id DESC LIMIT $1::int4", {limit, before}))
            list.push_back(import_row_of(row));
        return list;
    })
        .value();
}

std::vector<FlowSeen> ImportStore::flows()
{
    return impl_->transaction([](Work& work) -> result<std::vector<FlowSeen>> {
        std::vector<FlowSeen> flows;
        for (const Row& row : work.run("SELECT DISTINCT flow, series, number FROM import WHERE number IS NOT NULL ORDER BY 1, 2, 3")) {
            if (flows.empty() || flows.back().flow != row.text(0) || flows.back().series != row.text(1))
                flows.push_back({row.text(0), row.text(1), {}});
            flows.back().numbers.push_back(row.integer(2));
        }
        return flows;
    })
        .value();
}

} // namespace releve::store
