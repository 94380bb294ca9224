#include "admin_impl.hpp"
#include "quarantine_row.hpp"

#include <releve/crypto/aes.hpp>

namespace releve::store {

AdminStore::AdminStore(DatabaseAddress address, ModelLookup models)
    : impl_(std::make_unique<Impl>(Impl{Session{std::move(address), DbRole::work}, std::move(models)}))
{
}
AdminStore::~AdminStore() = default;

void note_change(Work& work, const AuditNote& note)
{
    work.run("INSERT INTO audit (action, organisation, usage_point, detail) VALUES ($1, nullif($2, ''), "
             "nullif($3, ''), $4)",
             {note.action, note.organisation, note.usage_point, note.detail});
}

void notify_devices(Work& work, const std::vector<std::string>& addresses)
{
    if (!addresses.empty())
        work.run("UPDATE choice_version SET version = version + 1");
    constexpr std::size_t many = 1'000;
    if (addresses.size() > many) {
        work.run("SELECT pg_notify('releve_devices', 'devices:*')");
        return;
    }
    for (const std::string& address : addresses)
        work.run("SELECT pg_notify('releve_devices', 'devices:' || $1)", {address});
}

result<ImportSummary> AdminStore::import_meters(std::span<const MeterImportRow> rows,
                                                const crypto::Key256& master, const std::string& organisation,
                                                bool dry_run)
{
    return impl_->session.transaction([&](Work& work) -> result<ImportSummary> {
        if (work.run("SELECT FROM organisation WHERE id = $1", {organisation}).empty())
            return fail(errc::not_found, "there is no organisation `" + organisation + "`");
        Import import{work, master, organisation};
        for (const MeterImportRow& row : rows)
            RELEVE_CHECK(import_row(import, row));
        const ImportSummary& sums = import.summary;
        note_change(work, {"import_meters",
                           organisation,
                           {},
                           std::to_string(rows.size()) + " rows, " + std::to_string(sums.meters_new) +
                               " new meters, " + std::to_string(sums.keys_new) + " new keys"});
        notify_devices(work, import.touched);
        if (dry_run)
            work.discard();
        return sums;
    });
}

// ---------------------------------------------------------------- tokens

namespace {

/// 32 random bytes as 43 characters that need no quoting anywhere.
std::string new_token_text()
{
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const Bytes random = crypto::random_bytes(32);
    std::string text = "rlv_";
    unsigned bits = 0, count = 0;
    for (const std::byte byte : random) {
        bits = bits << 8 | std::to_integer<unsigned>(byte);
        for (count += 8; count >= 6; count -= 6)
            text += letters[bits >> (count - 6) & 63U];
        bits &= (1U << count) - 1;
    }
    return text + letters[bits << (6 - count) & 63U];
}

std::string hash_of(const std::string& text)
{
    const std::string key = to_hex(crypto::sha256(as_bytes(text)));
    return to_hex(crypto::sha256(as_bytes(key)));
}

result<void> add_scope(Work& work, std::int64_t token, Role role, const std::string& scope)
{
    if (!work.run("SELECT FROM usage_point WHERE id = $1", {scope}).empty()) {
        work.run(
            "INSERT INTO token_usage_point (token, usage_point) VALUES ($1::int8, $2) ON CONFLICT DO NOTHING",
            {token, scope});
        return {};
    }
    if (work.run("SELECT FROM organisation WHERE id = $1", {scope}).empty())
        return fail(errc::not_found, "there is no usage point and no organisation `" + scope + "`");
    if (role == Role::household)
        return fail(errc::bad_parameter,
                    "a household's token opens usage points, not the organisation `" + scope + "`");
    work.run(
        "INSERT INTO token_organisation (token, organisation) VALUES ($1::int8, $2) ON CONFLICT DO NOTHING",
        {token, scope});
    return {};
}

} // namespace

result<std::string> AdminStore::create_token(const NewToken& token)
{
    if (token.scopes.empty())
        return fail(errc::bad_parameter, "a token needs a scope");
    return impl_->session.transaction([&](Work& work) -> result<std::string> {
        const std::string text = new_token_text();
        const std::int64_t id =
            work.run("INSERT INTO token (hash, role, label, expires_at) VALUES ($1, $2, $3, $4::timestamptz) "
                     "RETURNING id",
                     {hash_of(text), role_name(token.role), token.label, token.expires_at})
                .at(0)
                .integer(0);
        for (const std::string& scope : token.scopes)
            RELEVE_CHECK(add_scope(work, id, token.role, scope));
        note_change(work, {"create_token",
                           {},
                           {},
                           "token " + std::to_string(id) + ", " + std::string{role_name(token.role)}});
        return text;
    });
}

std::vector<TokenRow> AdminStore::list_tokens()
{
    return impl_->session
        .transaction([](Work& work) -> result<std::vector<TokenRow>> {
            const Table rows = work.run("SELECT t.id, t.role, t.label, extract(epoch FROM "
                                        "t.created_at)::int8, extract(epoch FROM t.expires_at)::int8, "
                                        "extract(epoch FROM t.revoked_at)::int8, ARRAY(SELECT organisation "
                                        "FROM token_organisation WHERE token = t.id "
                                        "UNION ALL SELECT usage_point FROM token_usage_point WHERE token = "
                                        "t.id ORDER BY 1) FROM token t ORDER BY t.id");
            std::vector<TokenRow> list;
            for (const Row& row : rows) {
                RELEVE_TRY(role, parse_role(row.text(1)));
                list.push_back({row.integer(0), role, row.text(2), row.list(6), row.instant(3),
                                row.instant(4), row.maybe_instant(5)});
            }
            return list;
        })
        .value();
}

result<void> AdminStore::revoke_token(std::int64_t id)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        if (work.run("UPDATE token SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1::int8 "
                     "RETURNING id",
                     {id})
                .empty())
            return fail(errc::not_found, "there is no token " + std::to_string(id));
        note_change(work, {"revoke_token", {}, {}, "token " + std::to_string(id)});
        return {};
    });
}

result<void> AdminStore::create_organisation(const std::string& id, const std::string& name,
                                             const std::string& parent)
{
    const std::string above = parent.empty() ? "root" : parent;
    try {
        return impl_->session.transaction([&](Work& work) -> result<void> {
            if (work.run("SELECT FROM organisation WHERE id = $1", {above}).empty())
                return fail(errc::not_found, "there is no organisation `" + above + "`");
            work.run("INSERT INTO organisation (id, name, parent) VALUES ($1, $2, $3)", {id, name, above});
            note_change(work, {"create_organisation", id, {}, name});
            return {};
        });
    } catch (const pg::SqlError& error) {
        if (error.sqlstate == "23505")
            return fail(errc::bad_parameter, "the organisation `" + id + "` exists already");
        if (error.sqlstate == "23514")
            return fail(errc::bad_parameter,
                        "an organisation's id is made of a-z, 0-9, dot, dash and underscore");
        throw;
    }
}

// ---------------------------------------------------------------- refused messages

namespace {

std::string quarantine_columns(const char* frame)
{
    return std::string{"SELECT id, reason, detail, extract(epoch FROM received_at)::int8, peer, "
                       "system_title, meter_id, counter, "
                       "frame_bytes, "} +
           frame + " FROM quarantine ";
}

} // namespace

std::vector<QuarantineRow> AdminStore::list_quarantine(const std::string& reason,
                                                       const std::string& system_title, int limit)
{
    return impl_->session
        .transaction([&](Work& work) -> result<std::vector<QuarantineRow>> {
            std::vector<QuarantineRow> list;
            for (const Row& row :
                 work.run(quarantine_columns("NULL") + "WHERE ($1 = '' OR reason = $1) AND ($2 = '' OR "
                                                       "system_title = $2) ORDER BY id DESC LIMIT $3::int4",
                          {reason, system_title, limit}))
                list.push_back(read_quarantine(row));
            return list;
        })
        .value();
}

result<QuarantineRow> AdminStore::show_quarantine(std::int64_t id)
{
    return impl_->session.transaction([&](Work& work) -> result<QuarantineRow> {
        const Table rows = work.run(quarantine_columns("frame") + "WHERE id = $1::int8", {id});
        if (rows.empty())
            return fail(errc::not_found, "there is no refused message " + std::to_string(id));
        QuarantineRow refused = read_quarantine(rows[0]);
        if (!rows[0].null(9))
            refused.frame = rows[0].bytes(9);
        return refused;
    });
}

std::int64_t AdminStore::request_retry(std::optional<std::int64_t> id, const std::string& system_title,
                                       const std::string& reason)
{
    return impl_->session
        .transaction([&](Work& work) -> result<std::int64_t> {
            const Table marked =
                work.run("UPDATE quarantine SET retry_requested = true WHERE frame IS NOT NULL "
                         "AND ($1::int8 IS NULL OR id = $1::int8) AND ($2 = '' OR system_title = $2) "
                         "AND ($3 = '' OR reason = $3) RETURNING id",
                         {id, system_title, reason});
            work.run("SELECT pg_notify('releve_retry', 'retry:')");
            return static_cast<std::int64_t>(marked.size());
        })
        .value();
}

void AdminStore::request_reprocess()
{
    (void)impl_->session.transaction([](Work& work) -> result<void> {
        work.run("SELECT pg_notify('releve_reprocess', 'reprocess:')");
        return {};
    });
}

} // namespace releve::store
