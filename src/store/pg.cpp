#include "pg.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace releve::store::pg {

namespace detail {

std::int64_t to_microseconds(Instant instant)
{
    using namespace std::chrono;
    return (instant - Instant{sys_days{year{2000} / 1 / 1}}).count() * 1'000'000;
}

void put(Writer& writer, std::int16_t value)
{
    writer.u32_be(2).u16_be(static_cast<std::uint16_t>(value));
}
void put(Writer& writer, std::int32_t value)
{
    writer.u32_be(4).u32_be(static_cast<std::uint32_t>(value));
}
void put(Writer& writer, std::int64_t value)
{
    writer.u32_be(8).u64_be(static_cast<std::uint64_t>(value));
}
void put(Writer& writer, bool value)
{
    writer.u32_be(1).u8(value ? 1 : 0);
}
void put(Writer& writer, std::string_view value)
{
    put(writer, as_bytes(value));
}
void put(Writer& writer, ByteView value)
{
    writer.u32_be(static_cast<std::uint32_t>(value.size())).bytes(value);
}
void put(Writer& writer, CivilDay value)
{
    put(writer, day_number(value) - postgres_epoch_day);
}
void put(Writer& writer, Instant value)
{
    put(writer, to_microseconds(value));
}

/// What `put` writes, without the length in front.
template <class T>
Bytes scalar(T value)
{
    Writer writer;
    put(writer, value);
    Bytes bytes = std::move(writer).take();
    bytes.erase(bytes.begin(), bytes.begin() + 4);
    return bytes;
}

} // namespace detail

Params& Params::add(std::int16_t value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(std::int32_t value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(std::int64_t value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(bool value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(std::string_view value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(ByteView value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(CivilDay value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add(Instant value)
{
    values_.emplace_back(detail::scalar(value));
    return *this;
}
Params& Params::add_null()
{
    values_.emplace_back(std::nullopt);
    return *this;
}

bool SqlError::transient() const
{
    // 25006: the server became read-only, as during a failover.
    static constexpr std::array<std::string_view, 6> classes{"08", "40", "53", "55", "57", "58"};
    return sqlstate == "25006" || std::ranges::count(classes, std::string_view{sqlstate}.substr(0, 2)) != 0;
}

bool SqlError::systemic() const
{
    static constexpr std::array<std::string_view, 5> classes{"0A", "28", "3D", "3F", "42"};
    return std::ranges::count(classes, std::string_view{sqlstate}.substr(0, 2)) != 0;
}

std::int64_t Rows::affected() const
{
    return std::strtoll(PQcmdTuples(result_.get()), nullptr, 10);
}
ByteView Rows::bytes(int row, int column) const
{
    const auto* data = reinterpret_cast<const std::byte*>(PQgetvalue(result_.get(), row, column));
    return {data, static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
bool Rows::boolean(int row, int column) const
{
    RELEVE_ASSERT(bytes(row, column).size() == 1);
    return bytes(row, column)[0] != std::byte{0};
}
std::int16_t Rows::int2(int row, int column) const
{
    RELEVE_ASSERT(bytes(row, column).size() == 2);
    return Reader{bytes(row, column)}.i16_be();
}
std::int32_t Rows::int4(int row, int column) const
{
    RELEVE_ASSERT(bytes(row, column).size() == 4);
    return Reader{bytes(row, column)}.i32_be();
}
std::int64_t Rows::int8(int row, int column) const
{
    RELEVE_ASSERT(bytes(row, column).size() == 8);
    return Reader{bytes(row, column)}.i64_be();
}
CivilDay Rows::day(int row, int column) const
{
    return day_from_number(int4(row, column) + detail::postgres_epoch_day);
}
Instant Rows::instant(int row, int column) const
{
    using namespace std::chrono;
    return Instant{sys_days{year{2000} / 1 / 1}} + floor<seconds>(microseconds{int8(row, column)});
}
std::vector<std::int64_t> Rows::integers(int row, int column) const
{
    Reader reader{bytes(row, column)};
    const std::uint32_t dimensions = reader.u32_be();
    reader.u32_be();
    reader.u32_be();
    std::vector<std::int64_t> values;
    if (dimensions == 0)
        return values;
    values.resize(reader.u32_be());
    reader.u32_be();
    for (auto& value : values) {
        const std::uint32_t size = reader.u32_be();
        value = size == 2 ? reader.i16_be() : size == 4 ? reader.i32_be() : reader.i64_be();
    }
    RELEVE_ASSERT(!reader.failed());
    return values;
}

namespace {

/// libpq quotes an address that it cannot read, password and all: of that only its first words are told.
std::string why_not_connected(const std::string& conninfo, PGconn* connection)
{
    const std::string message = PQerrorMessage(connection);
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> readable{
        PQconninfoParse(conninfo.c_str(), nullptr), PQconninfoFree};
    return readable ? message : "its address cannot be read: " + message.substr(0, message.find('"'));
}

} // namespace

Connection::Connection(const DatabaseAddress& address, DbRole role)
    : connection_(PQconnectdb(address.conninfo_for(role).c_str()))
{
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw LostConnection("cannot connect to the database: " +
                             why_not_connected(address.conninfo_for(role), connection_.get()));
    // Notices may quote statements; nobody reads them.
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    if (const std::string first = address.after_connect(role); !first.empty())
        exec(first);
}

Rows Connection::check(PGresult* result) const
{
    Rows rows{result};
    const auto status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return rows;
    // An error without a state is libpq's own: the connection is breaking, whatever its status still says.
    const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    if (state == nullptr || PQstatus(connection_.get()) != CONNECTION_OK)
        throw LostConnection("the connection to the database was lost");
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    throw SqlError(state, message ? message : "unknown database error");
}

void Connection::exec(const std::string& sql)
{
    (void)check(PQexec(connection_.get(), sql.c_str()));
}

namespace {

struct Raw {
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
    explicit Raw(const Params& params)
    {
        static constexpr char nothing[] = ""; // an empty value is not a null
        for (const auto& value : params.values()) {
            values.push_back(!value           ? nullptr
                             : value->empty() ? nothing
                                              : reinterpret_cast<const char*>(value->data()));
            lengths.push_back(value ? static_cast<int>(value->size()) : 0);
            formats.push_back(1);
        }
    }
};

} // namespace

Rows Connection::run(const Statement& statement, const Params& params)
{
    if (!prepared_.contains(statement.name)) {
        (void)check(PQprepare(connection_.get(), statement.name, statement.sql, 0, nullptr));
        prepared_.insert(statement.name);
    }
    const Raw raw{params};
    return check(PQexecPrepared(connection_.get(), statement.name, params.count(), raw.values.data(),
                                raw.lengths.data(), raw.formats.data(), 1));
}

Rows Connection::run(const std::string& sql, const Params& params)
{
    const Raw raw{params};
    return check(PQexecParams(connection_.get(), sql.c_str(), params.count(), nullptr, raw.values.data(),
                              raw.lengths.data(), raw.formats.data(), 1));
}

Transaction::~Transaction()
{
    if (!open_)
        return;
    // Nothing is lost when this fails: the server rolls back what it never heard the end of.
    PQclear(PQexec(connection_.raw(), "ROLLBACK"));
}

void Transaction::commit()
{
    connection_.exec("COMMIT");
    open_ = false;
}

} // namespace releve::store::pg
