#include "migration_files.hpp"
#include "pg.hpp"

#include <releve/crypto/aes.hpp>

#include <map>

namespace releve::store {

namespace {

std::string checksum(std::string_view text)
{
    return to_hex(crypto::sha256(as_bytes(text)));
}

int version_of(const MigrationFile& file)
{
    return std::stoi(std::string{file.name.substr(0, 3)});
}

struct Applied {
    std::string name, checksum;
};

std::map<int, Applied> load_applied(pg::Connection& connection)
{
    std::map<int, Applied> applied;
    const pg::Rows rows = connection.run("SELECT version, name, checksum FROM schema_migration");
    for (int i = 0; i < rows.size(); ++i)
        applied[rows.int4(i, 0)] = {rows.text(i, 1), rows.text(i, 2)};
    return applied;
}

/// What was applied must be what this binary holds.
result<void> compare(const std::map<int, Applied>& applied)
{
    std::map<int, const MigrationFile*> known;
    for (const MigrationFile& file : migration_files())
        known[version_of(file)] = &file;
    for (const auto& [version, row] : applied) {
        const auto found = known.find(version);
        if (found == known.end())
            return fail(errc::bad_config,
                        "the database was migrated by a newer version (" + row.name + "): run that version");
        if (checksum(found->second->text) != row.checksum)
            return fail(errc::bad_config,
                        std::string{found->second->name} +
                            " has changed since it was applied: migrations are never edited");
    }
    return {};
}

void apply(pg::Connection& connection, const MigrationFile& file)
{
    pg::Transaction transaction{connection};
    connection.exec(std::string{file.text});
    connection.run("INSERT INTO schema_migration (version, name, checksum) VALUES ($1::int4, $2, $3)",
                   pg::Params{}.add(version_of(file)).add(file.name).add(checksum(file.text)));
    transaction.commit();
}

} // namespace

result<int> migrate(const DatabaseAddress& address)
try {
    pg::Connection connection{address, DbRole::owner};
    // Two processes that start together apply everything once; the lock ends with the connection.
    connection.exec("SELECT pg_advisory_lock(7232654312345678)");
    connection.exec("CREATE TABLE IF NOT EXISTS schema_migration ("
                    "version integer CONSTRAINT schema_migration_pkey PRIMARY KEY, name text NOT NULL, "
                    "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    const auto applied = load_applied(connection);
    RELEVE_CHECK(compare(applied));
    int count = 0;
    for (const MigrationFile& file : migration_files()) {
        if (applied.contains(version_of(file)))
            continue;
        try {
            apply(connection, file);
        } catch (const pg::SqlError& error) {
            return fail(errc::internal, std::string{file.name} + ": " + error.what());
        }
        ++count;
    }
    return count;
} catch (const std::runtime_error& error) {
    return fail(errc::unavailable, error.what());
}

} // namespace releve::store
