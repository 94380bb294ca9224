#include <releve/store/collect_store.hpp>

#include "pg.hpp"

namespace releve::store {

namespace {

using namespace std::chrono;

struct Month {
    std::string first, next, suffix; // "2024-03-01", "2024-04-01", "y2024m03"
};

std::vector<Month> months_between(CivilDay from, CivilDay to)
{
    const auto month_of = [](CivilDay day) {
        const year_month_day date{day};
        return date.year() / date.month();
    };
    std::vector<Month> months;
    for (auto month = month_of(from); month <= month_of(to); month += std::chrono::months{1}) {
        const std::string first = to_iso8601(local_days{month / 1});
        const std::string next = to_iso8601(local_days{(month + std::chrono::months{1}) / 1});
        months.push_back({first, next, "y" + first.substr(0, 4) + "m" + first.substr(5, 2)});
    }
    return months;
}

/// Attaching takes a weaker lock on the parent than CREATE TABLE ... PARTITION OF: writers go on meanwhile.
void make_partition(pg::Connection& connection, const std::string& table, const Month& month)
{
    const std::string name = table + "_" + month.suffix;
    if (connection
            .run("SELECT FROM pg_class WHERE relname = $1 AND relnamespace = 'public'::regnamespace",
                 pg::Params{}.add(name))
            .size() > 0)
        return;
    pg::Transaction transaction{connection};
    connection.exec("CREATE TABLE public." + name + " (LIKE public." + table +
                    " INCLUDING ALL) WITH (fillfactor = 50)");
    connection.exec("ALTER TABLE public." + table + " ATTACH PARTITION public." + name +
                    " FOR VALUES FROM ('" + month.first + "') TO ('" + month.next + "')");
    transaction.commit();
}

} // namespace

void CollectStore::ensure_partitions(const DatabaseAddress& address, CivilDay from, CivilDay to)
{
    pg::Connection connection{address, DbRole::owner};
    connection.exec("SELECT pg_advisory_lock(7232654312345679)");
    for (const Month& month : months_between(from, to))
        for (const char* table : {"interval_day", "register_day", "interval_overlay_day"})
            make_partition(connection, table, month);
}

int CollectStore::close_months(const DatabaseAddress& address, CivilDay before, int most)
{
    pg::Connection connection{address, DbRole::owner};
    connection.exec("SELECT pg_advisory_lock(7232654312345679)");
    connection.exec("SET lock_timeout = '2s'");
    const pg::Rows open = connection.run(
        "SELECT c.relname::text, i.inhparent::regclass::text FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid "
        "WHERE i.inhparent IN ('interval_day'::regclass, 'register_day'::regclass) AND 'fillfactor=50' = ANY (c.reloptions) "
        "AND right(c.relname, 8) < $1 ORDER BY 1",
        pg::Params{}.add(months_between(before, before).front().suffix));
    int closed = 0;
    for (int i = 0; i < open.size() && closed < most; ++i) {
        const std::string name = open.text(i, 0);
        try {
            pg::Transaction transaction{connection};
            connection.exec("ALTER TABLE public." + name + " SET (fillfactor = 100)");
            connection.exec("CLUSTER public." + name + " USING " + name + "_pkey");
            transaction.commit();
            connection.exec("ANALYZE public." + name);
            ++closed;
        } catch (const pg::SqlError& error) {
            if (!error.transient())
                throw; // else it is in use: the next time
        }
    }
    return closed;
}

} // namespace releve::store
