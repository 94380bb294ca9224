#include "admin_impl.hpp"
#include "admin_keys.hpp"

#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::store {

namespace {

Error refuse(const MeterImportRow& row, const char* column, const std::string& why)
{
    return fail(errc::bad_csv, "row " + std::to_string(row.line) + ", column " + column + ": " + why);
}

/// What the database refuses although we looked: the constraint's name tells the column.
Error refused_by_database(const MeterImportRow& row, const pg::SqlError& error)
{
    const std::string message = error.what();
    const auto about = [&](const char* name) { return message.find(name) != std::string::npos; };
    if (about("usage_point_id_form"))
        return refuse(row, "usage_point", "must be 14 digits, or GI and 6 digits");
    if (about("usage_point_energy"))
        return refuse(row, "energy", "must be electricity or gas");
    if (about("meter_address_form"))
        return refuse(row, "system_title", "must be 16 hexadecimal digits");
    if (about("installation_"))
        return refuse(row, "installed_from",
                      "overlaps an earlier installation of this meter or at this usage point");
    return refuse(row, "system_title", message);
}

struct MeterState {
    std::int32_t id = 0;
    bool changed = false;
};

result<MeterState> import_meter(Import& import, const MeterImportRow& row)
{
    const Table found =
        import.work.repeat("SELECT id, organisation FROM meter WHERE address = $1", {row.system_title});
    const std::vector<Arg> values{row.system_title, row.serial, row.protocol,     row.model,
                                  row.policy,       row.replay, row.concentrator, row.area};
    if (found.empty()) {
        std::vector<Arg> all = values;
        all.emplace_back(import.organisation);
        ++import.summary.meters_new;
        const Table made = import.work.repeat(
            "INSERT INTO meter (address, serial, protocol, model, policy, replay, concentrator, area, "
            "organisation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            all);
        return MeterState{static_cast<std::int32_t>(made.at(0).integer(0)), true};
    }
    if (found[0].text(1) != import.organisation)
        return refuse(row, "system_title",
                      "this meter belongs to the organisation `" + found[0].text(1) + "`");
    const Table updated =
        import.work.repeat("UPDATE meter SET serial = $2, protocol = $3, model = $4, policy = "
                           "$5, replay = $6, concentrator = $7, area = $8 "
                           "WHERE address = $1 AND (serial, protocol, model, policy, replay, "
                           "concentrator, area) IS DISTINCT FROM "
                           "($2, $3, $4, $5, $6, $7, $8) RETURNING id",
                           values);
    import.summary.meters_updated += static_cast<std::int64_t>(updated.size());
    return MeterState{static_cast<std::int32_t>(found[0].integer(0)), !updated.empty()};
}

/// True when there was a new key.
bool import_key(Import& import, MeterId meter, const MeterImportRow& row)
{
    if (row.encryption_key.empty() && row.authentication_key.empty())
        return false;
    // Valid from the installation on, not from now: messages that waited for this key were received before.
    const bool fresh = store_key(import.work, import.master, meter,
                                 {row.key_id, row.encryption_key, row.authentication_key, row.installed_from});
    import.summary.keys_new += fresh ? 1 : 0;
    return fresh;
}

result<void> import_usage_point(Import& import, const MeterImportRow& row)
{
    const Table found =
        import.work.repeat("SELECT energy, organisation FROM usage_point WHERE id = $1", {row.usage_point});
    if (found.empty()) {
        import.work.repeat(
            "INSERT INTO usage_point (id, energy, collection, organisation) VALUES ($1, $2, $3, $4)",
            {row.usage_point, row.energy, collection_name(row.collection), import.organisation});
        import.work.repeat("INSERT INTO collection_choice (usage_point, collection, validity, how, proof) "
                           "VALUES ($1, $2, tstzrange(now(), NULL), 'import', $3)",
                           {row.usage_point, collection_name(row.collection),
                            "row " + std::to_string(row.line) + " of the import"});
        ++import.summary.usage_points_new;
        return {};
    }
    if (found[0].text(0) != row.energy)
        return refuse(row, "energy", "this usage point has " + found[0].text(0));
    if (found[0].text(1) != import.organisation)
        return refuse(row, "usage_point", "belongs to the organisation `" + found[0].text(1) + "`");
    return {};
}

/// A household's dongle hangs where a meter is already, and neither is exchanged for the other.
const char* purpose_of(const MeterImportRow& row)
{
    return row.protocol == "tic" ? "live" : "metering";
}

/// The open installation for the same purpose of another meter at the usage point ends where this one begins.
result<void> end_predecessor(Import& import, const MeterImportRow& row)
{
    const Table before = import.work.repeat(
        "SELECT i.id, extract(epoch FROM lower(i.validity))::int8, m.address FROM installation i "
        "JOIN meter m ON m.id = i.meter_id WHERE i.usage_point = $1 AND i.purpose = $2 AND "
        "upper_inf(i.validity)",
        {row.usage_point, purpose_of(row)});
    if (before.empty())
        return {};
    if (before[0].instant(1) >= row.installed_from)
        return refuse(row, "installed_from",
                      "another meter has been at this usage point since " + to_iso8601(before[0].instant(1)));
    import.work.repeat(
        "UPDATE installation SET validity = tstzrange(lower(validity), $2::timestamptz) WHERE id = $1::int8",
        {before[0].integer(0), row.installed_from});
    import.touched.push_back(before[0].text(2));
    return {};
}

/// What only files told of the time of a meter of ours gives way to it.
void give_way(Import& import, const MeterImportRow& row)
{
    const std::vector<Arg> from{row.usage_point, row.installed_from};
    import.work.repeat("DELETE FROM installation i USING meter m WHERE m.id = i.meter_id AND m.protocol = 'import' AND i.usage_point = $1 AND lower(i.validity) >= $2::timestamptz", from);
    import.work.repeat("UPDATE installation i SET validity = tstzrange(lower(i.validity), $2::timestamptz) FROM meter m WHERE m.id = i.meter_id AND m.protocol = 'import' "
                       "AND i.usage_point = $1 AND i.validity @> $2::timestamptz AND lower(i.validity) < $2::timestamptz",
                       from);
}

/// True when an installation was made or changed.
result<bool> import_installation(Import& import, MeterId meter, const MeterImportRow& row)
{
    const Table now = import.work.repeat(
        "SELECT id, usage_point, extract(epoch FROM lower(validity))::int8, purpose FROM installation "
        "WHERE meter_id = $1::int4 AND upper_inf(validity)",
        {meter.value});
    if (!now.empty()) {
        if (now[0].text(1) != row.usage_point)
            return refuse(row, "usage_point", "this meter is installed at " + now[0].text(1));
        if (now[0].text(3) != purpose_of(row))
            return refuse(row, "protocol", "this meter is installed for another purpose: " + now[0].text(3));
        if (now[0].instant(2) < row.installed_from)
            return refuse(row, "installed_from",
                          "this meter has been there since " + to_iso8601(now[0].instant(2)));
        if (now[0].instant(2) == row.installed_from)
            return false;
        give_way(import, row);
        import.work.repeat(
            "UPDATE installation SET validity = tstzrange($2::timestamptz, NULL) WHERE id = $1::int8",
            {now[0].integer(0), row.installed_from});
        return true;
    }
    if (std::string_view{purpose_of(row)} == "metering")
        give_way(import, row);
    RELEVE_CHECK(end_predecessor(import, row));
    import.work.repeat(
        "INSERT INTO installation (meter_id, usage_point, validity, purpose) VALUES ($1::int4, $2, "
        "tstzrange($3::timestamptz, NULL), $4)",
        {meter.value, row.usage_point, row.installed_from, purpose_of(row)});
    return true;
}

result<void> import_whole_row(Import& import, const MeterImportRow& row)
{
    RELEVE_TRY(meter, import_meter(import, row));
    const MeterId id{meter.id};
    bool changed = import_key(import, id, row) || meter.changed;
    if (!row.usage_point.empty()) {
        RELEVE_CHECK(import_usage_point(import, row));
        RELEVE_TRY(installed, import_installation(import, id, row));
        changed = changed || installed;
    }
    if (changed)
        import.touched.push_back(row.system_title);
    return {};
}

} // namespace

result<void> import_row(Import& import, const MeterImportRow& given)
{
    MeterImportRow row = given;
    std::ranges::transform(row.system_title, row.system_title.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    result<void> done;
    try {
        done = import_whole_row(import, row);
    } catch (const pg::SqlError& error) {
        const bool by_input = error.sqlstate.substr(0, 2) == "23" || error.sqlstate.substr(0, 2) == "22";
        if (!by_input)
            throw;
        done = refused_by_database(row, error);
    }
    crypto::wipe(row.encryption_key.data(), row.encryption_key.size());
    crypto::wipe(row.authentication_key.data(), row.authentication_key.size());
    return done;
}

} // namespace releve::store
