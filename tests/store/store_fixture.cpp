#include "store_fixture.hpp"

#include <releve/crypto/aes.hpp>

#include <chrono>
#include <cstdlib>
#include <thread>

#include <sys/stat.h>

namespace releve::store::test {

namespace fs = std::filesystem;

Folder::Folder()
{
    std::string name = "/tmp/releve-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
        std::abort();
    chmod(name.c_str(), 0711);
    path_ = name;
}

Folder::~Folder()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

namespace {

struct Run {
    Folder folder;
    std::unique_ptr<Cluster> cluster;
    int databases = 0;
};

/// Stopped when the tests are over, before static objects go.
class RunEnvironment : public ::testing::Environment {
public:
    static std::unique_ptr<Run> run;
    void TearDown() override { run.reset(); }
};
std::unique_ptr<Run> RunEnvironment::run;
const auto* const environment = ::testing::AddGlobalTestEnvironment(new RunEnvironment);

DatabaseAddress with_database(DatabaseAddress address, const std::string& name)
{
    address.conninfo.replace(address.conninfo.rfind("dbname="), std::string::npos, "dbname=" + name);
    return address;
}

Run& current()
{
    if (!RunEnvironment::run) {
        auto run = std::make_unique<Run>();
        run->cluster = Cluster::open({run->folder.path() / "data", nullptr, true}).value();
        const DatabaseAddress& address = run->cluster->address();
        (void)migrate(address).value();
        CollectStore::ensure_partitions(address, day("2024-03-01"), day("2024-04-30"));
        RunEnvironment::run = std::move(run);
    }
    return *RunEnvironment::run;
}

} // namespace

Cluster& cluster()
{
    return *current().cluster;
}

DatabaseAddress fresh_database()
{
    Run& run = current();
    const std::string name = "test_" + std::to_string(++run.databases);
    pg::Connection connection{with_database(run.cluster->address(), "postgres"), DbRole::owner};
    connection.exec("CREATE DATABASE " + name + " TEMPLATE releve");
    return with_database(run.cluster->address(), name);
}

Instant at(const char* text)
{
    return parse_instant(text).value();
}

CivilDay day(const char* text)
{
    return parse_day(text).value();
}

std::string StoreTest::ask(DbRole role, const std::string& sql, const std::string& token_key)
{
    pg::Connection connection{address, role};
    try {
        pg::Transaction transaction{connection};
        if (!token_key.empty())
            connection.run("SELECT set_config('releve.token', $1, true)", pg::Params{}.add(token_key));
        const std::unique_ptr<PGresult, void (*)(PGresult*)> answer{PQexec(connection.raw(), sql.c_str()),
                                                                    PQclear};
        if (const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE))
            return std::string{"error "} + state;
        std::string text;
        for (int row = 0; row < PQntuples(answer.get()); ++row) {
            text += row > 0 ? "\n" : "";
            for (int column = 0; column < PQnfields(answer.get()); ++column)
                text += std::string{column > 0 ? "|" : ""} + (PQgetisnull(answer.get(), row, column) != 0
                                                                  ? "-"
                                                                  : PQgetvalue(answer.get(), row, column));
        }
        transaction.commit();
        return text;
    } catch (const pg::SqlError& error) {
        return "error " + error.sqlstate;
    }
}

void wait_until(const std::function<bool()>& holds)
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) {
            ADD_FAILURE() << "waited for a minute";
            return;
        }
        std::this_thread::yield();
    }
}

void StoreTest::wait_until_some(const std::string& rows)
{
    SCOPED_TRACE(rows);
    pg::Connection watch{address, DbRole::owner};
    wait_until([&] { return watch.run("SELECT count(*) " + rows).int8(0, 0) > 0; });
}

void StoreTest::owner(const std::string& sql)
{
    pg::Connection connection{address, DbRole::owner};
    connection.exec(sql);
}

MeterId StoreTest::add_meter(const std::string& title)
{
    pg::Connection connection{address, DbRole::owner};
    return MeterId{
        connection
            .run("INSERT INTO meter (address, protocol, model, policy, replay, organisation) "
                 "VALUES ($1, 'dlms', 'test', 'authenticated_encrypted', 'strict', 'root') RETURNING id",
                 pg::Params{}.add(title))
            .int4(0, 0)};
}

void StoreTest::add_usage_point(const std::string& id, const std::string& organisation,
                                const std::string& collection)
{
    owner("INSERT INTO usage_point (id, energy, organisation, collection) VALUES ('" + id +
          "', 'electricity', '" + organisation + "', '" + collection + "')");
}

void StoreTest::install(MeterId meter, const std::string& usage_point, const char* from)
{
    owner("INSERT INTO installation (meter_id, usage_point, validity) VALUES (" +
          std::to_string(meter.value) + ", '" + usage_point + "', tstzrange('" + from + "', NULL))");
}

std::string StoreTest::add_token(const std::string& role, const std::vector<std::string>& organisations,
                                 const std::vector<std::string>& usage_points, const char* expires)
{
    static int count = 0;
    const std::string key = to_hex(crypto::sha256(as_bytes("token " + std::to_string(++count))));
    const std::string hash = to_hex(crypto::sha256(as_bytes(key)));
    pg::Connection connection{address, DbRole::owner};
    const auto id = connection
                        .run("INSERT INTO token (hash, role, label, expires_at) VALUES ($1, $2, $2, "
                             "$3::timestamptz) RETURNING id",
                             pg::Params{}.add(hash).add(role).add(at(expires)))
                        .int8(0, 0);
    for (const auto& organisation : organisations)
        connection.run("INSERT INTO token_organisation VALUES ($1::int8, $2)",
                       pg::Params{}.add(id).add(organisation));
    for (const auto& point : usage_points)
        connection.run("INSERT INTO token_usage_point VALUES ($1::int8, $2)",
                       pg::Params{}.add(id).add(point));
    return key;
}

const MeterModel* test_model(std::string_view name)
{
    static const MeterModel model = [] {
        MeterModel made;
        made.name = "test";
        ChannelModel power;
        power.channel = ChannelId{1};
        power.name = "active_power_import";
        power.main = true;
        ChannelModel index;
        index.channel = ChannelId{20};
        index.name = "active_energy_import";
        index.kind = ChannelKind::reading;
        index.quantity = Quantity::cumulative;
        index.unit = Unit::watt_hour;
        made.channels = {power, index};
        return made;
    }();
    return name == model.name ? &model : nullptr;
}

DailyTotalWrite daily_write(const char* usage_point, const char* text, std::int64_t energy_wh,
                            std::uint64_t counter)
{
    DailyTotalWrite write;
    write.usage_point = {usage_point};
    write.day = day(text);
    write.channel = ChannelId{1};
    write.summary = {energy_wh, 48, 0, Quality::raw, 900, paris().start_of(day(text))};
    write.energy_mj = energy_wh * 3'600'000;
    write.present = {0xFFFF'FFFF'FFFFU, 0, 0, 0, 0};
    write.provenance = {true, 1, counter, Quality::raw, 0};
    return write;
}

DayBlock day_block(const char* text, std::int64_t value, std::uint64_t counter)
{
    DayBlock block{paris().start_of(day(text)), Seconds{1800}, {}};
    const Provenance provenance{true, 1, counter, Quality::raw, 0};
    block.slots.assign(static_cast<std::size_t>(paris().length_of(day(text)) / block.step),
                       Slot{value, provenance});
    return block;
}

DayPart part_of(const DayBlock& block)
{
    DayPart part{.first = block.first, .step = block.step, .slots = static_cast<std::uint32_t>(block.slots.size()), .values = {}};
    for (std::size_t i = 0; i < block.slots.size(); ++i)
        if (block.slots[i])
            part.values.push_back({static_cast<std::uint32_t>(i), *block.slots[i]});
    return part;
}

FrameWrite frame(MeterId meter, std::uint64_t counter, const char* text, std::int64_t value)
{
    FrameWrite write;
    write.meter = meter;
    write.generation = 1;
    write.counter = counter;
    write.digest = 0xF000'0000'0000'0000U + counter;
    write.received_at = at("2024-06-01T08:00:00Z");
    write.readings = 48;
    const std::string text_of_frame = "frame " + std::to_string(meter.value) + "/" + std::to_string(counter);
    const auto archived = as_bytes(text_of_frame);
    write.archive.assign(archived.begin(), archived.end());
    write.interval_days.push_back({ChannelId{1}, day(text), part_of(day_block(text, value, counter))});
    return write;
}

FrameWrite slots_of(FrameWrite write, std::uint32_t from, std::uint32_t to)
{
    auto& values = write.interval_days[0].part.values;
    std::erase_if(values, [&](const auto& value) { return value.index < from || value.index >= to; });
    write.readings = static_cast<std::uint32_t>(values.size());
    return write;
}

BatchWriter::Request Numbers::request(std::span<FrameWrite> frames,
                                      std::span<const QuarantineWrite> quarantine)
{
    BatchWriter::Request request;
    request.frames = frames;
    request.quarantine = quarantine;
    request.next_batch = [this] { return BatchNumber{++last}; };
    request.watermark = [this] { return BatchNumber{last}; };
    request.now = at("2024-06-01T08:00:01Z");
    request.wait = [this](const std::string&, std::chrono::milliseconds) { return waits == 0 || --waits > 0; };
    return request;
}

} // namespace releve::store::test
