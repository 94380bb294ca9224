#include <releve/store/bench_store.hpp>

#include "pg.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include <dirent.h>
#include <unistd.h>

namespace releve::store {

namespace {

using namespace std::chrono;

/// utime, stime, and those of children that have ended, in clock ticks; and the parent.
struct ProcessTimes {
    long parent = 0;
    double own = 0, ended_children = 0;
};

std::optional<ProcessTimes> times_of(long process)
{
    std::ifstream in{"/proc/" + std::to_string(process) + "/stat"};
    std::string line;
    if (!std::getline(in, line))
        return std::nullopt;
    std::istringstream rest{line.substr(line.rfind(')') + 2)};
    std::vector<std::string> words{std::istream_iterator<std::string>{rest}, {}};
    if (words.size() < 15)
        return std::nullopt;
    const auto number = [&](std::size_t i) { return std::stod(words[i]); };
    return ProcessTimes{std::stol(words[1]), number(11) + number(12), number(13) + number(14)};
}

} // namespace

struct BenchStore::Impl {
    DatabaseAddress address;
    pg::Connection connection;
};

BenchStore::BenchStore(DatabaseAddress address)
    : impl_(std::make_unique<Impl>(Impl{address, pg::Connection{address, DbRole::owner}}))
{
}
BenchStore::~BenchStore() = default;

void BenchStore::for_each_day(CivilDay from, CivilDay to, const std::function<void(const StoredDay&)>& take)
{
    constexpr const char* portion = "20000";
    pg::Connection& db = impl_->connection;
    pg::Transaction transaction{db};
    db.exec("DECLARE stored NO SCROLL CURSOR FOR SELECT m.address, t.channel, t.day, t.data FROM interval_day t "
            "JOIN meter m ON m.id = t.meter_id WHERE t.day >= '" +
            to_iso8601(from) + "' AND t.day < '" + to_iso8601(to) + "'");
    for (;;) {
        const pg::Rows rows = db.run(std::string{"FETCH "} + portion + " FROM stored");
        for (int i = 0; i < rows.size(); ++i)
            take({rows.text(i, 0), ChannelId{rows.int2(i, 1)}, rows.day(i, 2), rows.bytes(i, 3)});
        if (rows.size() == 0)
            break;
    }
    transaction.commit();
}

StoredBytes BenchStore::bytes(CivilDay from, CivilDay to)
{
    const auto of_months = [&](const std::string& table) {
        return impl_->connection
            .run("SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class c JOIN pg_inherits i ON "
                 "i.inhrelid = c.oid WHERE i.inhparent = '" +
                 table + "'::regclass AND substr(c.relname, length('" + table + "') + 3) BETWEEN '" +
                 to_iso8601(from).substr(0, 4) + "m" + to_iso8601(from).substr(5, 2) + "' AND '" +
                 to_iso8601(to - days{1}).substr(0, 4) + "m" + to_iso8601(to - days{1}).substr(5, 2) + "'")
            .int8(0, 0);
    };
    const auto whole = [&](const std::string& table) {
        return impl_->connection.run("SELECT pg_total_relation_size('" + table + "')::int8").int8(0, 0);
    };
    return {of_months("interval_day"), of_months("register_day"), whole("interval_history"), whole("frame_archive")};
}

std::int64_t BenchStore::archived_frames()
{
    return impl_->connection.run("SELECT coalesce(sum(cardinality(meter_ids)), 0)::int8 FROM frame_archive").int8(0, 0);
}

std::int64_t BenchStore::due_meters()
{
    return impl_->connection.run("SELECT count(*) FROM check_due").int8(0, 0);
}

std::int64_t BenchStore::refused_messages()
{
    return impl_->connection.run("SELECT count(*) FROM quarantine").int8(0, 0);
}

std::int64_t BenchStore::wal_bytes()
{
    return impl_->connection.run("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8").int8(0, 0);
}

void BenchStore::settle()
{
    impl_->connection.exec("CHECKPOINT");
}

double BenchStore::server_cpu_seconds()
{
    const auto backend = times_of(impl_->connection.run("SELECT pg_backend_pid()::int8").int8(0, 0));
    if (!backend)
        return 0;
    const auto server = times_of(backend->parent);
    if (!server)
        return 0;
    double ticks = server->own + server->ended_children;
    DIR* all = opendir("/proc");
    while (const dirent* entry = all ? readdir(all) : nullptr) {
        const long process = std::strtol(entry->d_name, nullptr, 10);
        if (process <= 0)
            continue;
        if (const auto times = times_of(process); times && times->parent == backend->parent)
            ticks += times->own;
    }
    if (all)
        closedir(all);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// ---------------------------------------------------------------------- one row a reading

namespace {

constexpr const char* columns = "(meter_id, channel, ts, value, rev, quality)";
constexpr std::int16_t channel = 1, quality = 19;
constexpr std::int32_t revision = 1;

void make_table(pg::Connection& db, const std::vector<std::vector<BaselineReading>>& batches)
{
    std::set<sys_days> days;
    for (const auto& batch : batches)
        for (const BaselineReading& reading : batch)
            days.insert(floor<std::chrono::days>(reading.at));
    db.exec("DROP TABLE IF EXISTS bench_row; CREATE TABLE bench_row (meter_id int4, channel int2, ts timestamptz, value "
            "int4, rev int4, quality int2, PRIMARY KEY (meter_id, channel, ts)) PARTITION BY RANGE (ts)");
    for (const sys_days day : days) {
        const auto text = [](sys_days d) { return to_iso8601(CivilDay{d.time_since_epoch()}); };
        std::string name = text(day);
        std::erase(name, '-');
        db.exec("CREATE TABLE bench_row_" + name + " PARTITION OF bench_row FOR VALUES FROM ('" + text(day) +
                "T00:00:00Z') TO ('" + text(day + std::chrono::days{1}) + "T00:00:00Z')");
    }
}

std::int64_t microseconds_of(Instant at)
{
    return (at - Instant{sys_days{year{2000} / 1 / 1}}).count() * 1'000'000;
}

Bytes copy_data(const std::vector<BaselineReading>& batch)
{
    Writer out;
    out.text("PGCOPY\n").u8(0xff).text("\r\n").u8(0).u32_be(0).u32_be(0);
    for (const BaselineReading& reading : batch) {
        out.u16_be(6).u32_be(4).u32_be(static_cast<std::uint32_t>(reading.meter)).u32_be(2).u16_be(channel);
        out.u32_be(8).u64_be(static_cast<std::uint64_t>(microseconds_of(reading.at)));
        out.u32_be(4).u32_be(static_cast<std::uint32_t>(reading.value)).u32_be(4).u32_be(revision).u32_be(2).u16_be(quality);
    }
    out.u16_be(0xffff);
    return std::move(out).take();
}

void copy_in(pg::Connection& db, const Bytes& data)
{
    db.exec(std::string{"BEGIN"});
    PQclear(PQexec(db.raw(), (std::string{"COPY bench_row "} + columns + " FROM STDIN (FORMAT binary)").c_str()));
    const bool sent =
        PQputCopyData(db.raw(), reinterpret_cast<const char*>(data.data()), static_cast<int>(data.size())) == 1 &&
        PQputCopyEnd(db.raw(), nullptr) == 1;
    PGresult* result = PQgetResult(db.raw());
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    while (PGresult* more = PQgetResult(db.raw()))
        PQclear(more);
    if (!sent || !done)
        throw std::runtime_error(std::string{"COPY: "} + PQerrorMessage(db.raw()));
    db.exec("COMMIT");
}

pg::Params upsert_params(const std::vector<BaselineReading>& batch)
{
    pg::Params params;
    params.array(batch, [](const BaselineReading& r) { return r.meter; })
        .array(batch, [](const BaselineReading&) { return channel; })
        .array(batch, [](const BaselineReading& r) { return r.at; })
        .array(batch, [](const BaselineReading& r) { return r.value; })
        .array(batch, [](const BaselineReading&) { return revision; })
        .array(batch, [](const BaselineReading&) { return quality; });
    return params;
}

constexpr pg::Statement upsert{
    "bench_upsert",
    "INSERT INTO bench_row AS row (meter_id, channel, ts, value, rev, quality) SELECT * FROM unnest($1::int4[], "
    "$2::int2[], $3::timestamptz[], $4::int4[], $5::int4[], $6::int2[]) ON CONFLICT (meter_id, channel, ts) DO UPDATE SET "
    "value = excluded.value, rev = excluded.rev, quality = excluded.quality WHERE row.rev < excluded.rev"};

} // namespace

double measure_baseline(const DatabaseAddress& address, Baseline how, int connections, int seconds,
                        const std::vector<std::vector<BaselineReading>>& batches)
{
    pg::Connection owner{address, DbRole::owner};
    make_table(owner, batches);
    std::vector<Bytes> copies;
    std::vector<pg::Params> upserts;
    for (const auto& batch : batches) {
        if (how == Baseline::plain_copy)
            copies.push_back(copy_data(batch));
        else
            upserts.push_back(upsert_params(batch));
    }
    std::vector<pg::Connection> links;
    for (int i = 0; i < connections; ++i)
        links.emplace_back(address, DbRole::owner);
    owner.exec("CHECKPOINT");

    std::atomic<std::size_t> next{0}, written{0};
    std::atomic<bool> failed{false};
    const auto began = steady_clock::now();
    const auto until = began + std::chrono::seconds{seconds};
    std::vector<std::jthread> threads;
    for (pg::Connection& link : links)
        threads.emplace_back([&] {
            try {
                for (std::size_t i = next++; i < batches.size() && steady_clock::now() < until; i = next++) {
                    if (how == Baseline::plain_copy)
                        copy_in(link, copies[i]);
                    else
                        link.run(upsert, upserts[i]);
                    written += batches[i].size();
                }
            } catch (const std::exception&) {
                failed = true;
            }
        });
    threads.clear();
    const double elapsed = duration<double>(steady_clock::now() - began).count();
    const std::int64_t rows = owner.run("SELECT count(*) FROM bench_row").int8(0, 0);
    owner.exec("DROP TABLE bench_row");
    if (failed || rows != static_cast<std::int64_t>(written))
        throw std::runtime_error("the baseline did not write what it counted");
    return static_cast<double>(written) / elapsed;
}

} // namespace releve::store
