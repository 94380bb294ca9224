#pragma once
// libpq with binary parameters and results, for the collector's bulk work (libpqxx 6.4 has no binary path).
// One connection belongs to one thread. A lost connection throws LostConnection, a refused statement throws
// SqlError.

#include <releve/core/bytes.hpp>
#include <releve/core/time.hpp>
#include <releve/store/database.hpp>

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

namespace releve::store::pg {

struct LostConnection : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// `what()` is the primary message only: details quote values of rows.
struct SqlError : std::runtime_error {
    SqlError(std::string state, const std::string& message)
        : std::runtime_error(message), sqlstate(std::move(state))
    {
    }
    std::string sqlstate;
    /// May succeed when tried again: serialisation, deadlock, resources, shutdown.
    [[nodiscard]] bool transient() const;
    /// The schema or the rights are wrong: no frame is to blame.
    [[nodiscard]] bool systemic() const;
};

/// Values of one statement, all in PostgreSQL's binary format.
class Params {
public:
    Params& add(std::int16_t value);
    Params& add(std::int32_t value);
    Params& add(std::int64_t value);
    Params& add(bool value);
    Params& add(std::string_view value);
    Params& add(const std::string& value) { return add(std::string_view{value}); }
    Params& add(const char* value) { return add(std::string_view{value}); }
    Params& add(ByteView value);
    Params& add(CivilDay value);
    Params& add(Instant value);
    Params& add_null();

    /// One-dimensional array of what `element(item)` gives: one of the types above or an optional of one.
    template <class Range, class Element>
    Params& array(const Range& range, Element element);

    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] const std::vector<std::optional<Bytes>>& values() const { return values_; }

private:
    std::vector<std::optional<Bytes>> values_;
};

/// Rows in binary format. Columns are read as the type their SQL has; RELEVE_ASSERT on another size.
class Rows {
public:
    explicit Rows(PGresult* result) : result_(result) {}
    [[nodiscard]] int size() const { return PQntuples(result_.get()); }
    [[nodiscard]] std::int64_t affected() const;
    [[nodiscard]] bool null(int row, int column) const
    {
        return PQgetisnull(result_.get(), row, column) == 1;
    }
    [[nodiscard]] ByteView bytes(int row, int column) const;
    [[nodiscard]] std::string text(int row, int column) const
    {
        return std::string{as_text(bytes(row, column))};
    }
    [[nodiscard]] bool boolean(int row, int column) const;
    [[nodiscard]] std::int16_t int2(int row, int column) const;
    [[nodiscard]] std::int32_t int4(int row, int column) const;
    [[nodiscard]] std::int64_t int8(int row, int column) const;
    [[nodiscard]] CivilDay day(int row, int column) const;
    [[nodiscard]] Instant instant(int row, int column) const;
    [[nodiscard]] std::vector<std::int64_t> integers(int row, int column) const; // int2[], int4[] or int8[]

private:
    struct Clear {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

/// A statement with a name is prepared once per connection.
struct Statement {
    const char* name;
    const char* sql;
};

class Connection {
public:
    Connection(const DatabaseAddress& address, DbRole role);
    /// One or more statements without parameters.
    void exec(const std::string& sql);
    Rows run(const Statement& statement, const Params& params);
    Rows run(const std::string& sql, const Params& params = {});
    [[nodiscard]] PGconn* raw() const { return connection_.get(); }

private:
    Rows check(PGresult* result) const;
    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
    std::set<std::string> prepared_;
};

/// Base of what works over one connection that its `connected()` makes when there is none.
template <class Derived>
struct KeptConnection {
    std::optional<Connection> connection{};

    /// Runs `work(connection)`; a lost connection is forgotten, so that the next call makes a new one.
    template <class Work>
    auto with_connection(Work work)
    {
        try {
            return work(static_cast<Derived&>(*this).connected());
        } catch (const LostConnection&) {
            connection.reset();
            throw;
        }
    }
};

/// BEGIN now; ROLLBACK when it goes away without commit().
class Transaction {
public:
    explicit Transaction(Connection& connection) : connection_(connection) { connection_.exec("BEGIN"); }
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Connection& connection_;
    bool open_ = true;
};

// ---------------------------------------------------------------- array encoding

namespace detail {
inline constexpr std::int32_t postgres_epoch_day = 10'957; // 2000-01-01
[[nodiscard]] std::int64_t to_microseconds(Instant instant);

constexpr std::uint32_t oid(std::int16_t)
{
    return 21;
}
constexpr std::uint32_t oid(std::int32_t)
{
    return 23;
}
constexpr std::uint32_t oid(std::int64_t)
{
    return 20;
}
constexpr std::uint32_t oid(bool)
{
    return 16;
}
constexpr std::uint32_t oid(std::string_view)
{
    return 25;
}
inline std::uint32_t oid(ByteView)
{
    return 17;
}
inline std::uint32_t oid(CivilDay)
{
    return 1082;
}
inline std::uint32_t oid(Instant)
{
    return 1184;
}
template <class T>
std::uint32_t oid(const std::optional<T>&)
{
    return oid(T{});
}

void put(Writer& writer, std::int16_t value);
void put(Writer& writer, std::int32_t value);
void put(Writer& writer, std::int64_t value);
void put(Writer& writer, bool value);
void put(Writer& writer, std::string_view value);
void put(Writer& writer, ByteView value);
void put(Writer& writer, CivilDay value);
void put(Writer& writer, Instant value);
template <class T>
void put(Writer& writer, const std::optional<T>& value)
{
    if (value)
        put(writer, *value);
    else
        writer.u32_be(0xFFFFFFFFU);
}
} // namespace detail

template <class Range, class Element>
Params& Params::array(const Range& range, Element element)
{
    using Value = std::decay_t<decltype(element(*std::begin(range)))>;
    Writer writer;
    const auto count = static_cast<std::uint32_t>(std::size(range));
    // dimensions, "may hold nulls", element type, then size and lower bound of the one dimension
    writer.u32_be(count == 0 ? 0 : 1).u32_be(1).u32_be(detail::oid(Value{}));
    if (count != 0)
        writer.u32_be(count).u32_be(1);
    for (const auto& item : range)
        detail::put(writer, element(item));
    values_.emplace_back(std::move(writer).take());
    return *this;
}

} // namespace releve::store::pg
