#include "session.hpp"

#include <pqxx/pqxx>

#include <map>

namespace releve::store {

std::optional<Instant> Row::maybe_instant(std::size_t i) const
{
    return null(i) ? std::nullopt : std::optional{instant(i)};
}

Validity Row::validity(std::size_t from, std::size_t to) const
{
    return {null(from) ? Instant::min() : instant(from), maybe_instant(to)};
}

std::vector<std::string> Row::list(std::size_t i) const
{
    std::vector<std::string> words;
    const std::string inside = text(i).substr(1, text(i).size() - 2);
    for (std::size_t at = 0; at < inside.size();) {
        const std::size_t comma = std::min(inside.find(',', at), inside.size());
        words.push_back(inside.substr(at, comma - at));
        at = comma + 1;
    }
    return words;
}

std::vector<std::int64_t> Row::integers(std::size_t i) const
{
    std::vector<std::int64_t> numbers;
    for (const std::string& number : list(i))
        numbers.push_back(std::stoll(number));
    return numbers;
}

namespace {

#if PQXX_VERSION_MAJOR >= 7
pqxx::params params_of(const std::vector<Arg>& args)
{
    pqxx::params params;
    for (const Arg& arg : args) {
        if (arg.text)
            params.append(*arg.text);
        else
            params.append();
    }
    return params;
}
#else
std::vector<const char*> params_of(const std::vector<Arg>& args)
{
    std::vector<const char*> values;
    for (const Arg& arg : args)
        values.push_back(arg.text ? arg.text->c_str() : nullptr);
    return values;
}
#endif

pqxx::result execute(pqxx::work& work, const std::string& sql, const std::vector<Arg>& args)
{
    if (args.empty())
        return work.exec(sql);
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
    return work.exec(sql, params_of(args));
#elif PQXX_VERSION_MAJOR == 7
    return work.exec_params(sql, params_of(args));
#else
    return work.exec_params(sql, pqxx::prepare::make_dynamic_params(params_of(args)));
#endif
}

pqxx::result execute_prepared(pqxx::work& work, const std::string& name, const std::vector<Arg>& args)
{
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
    return work.exec(pqxx::prepped{name}, params_of(args));
#elif PQXX_VERSION_MAJOR == 7
    return work.exec_prepared(name, params_of(args));
#else
    return work.exec_prepared(name, pqxx::prepare::make_dynamic_params(params_of(args)));
#endif
}

/// The first line of PostgreSQL's message, without "ERROR:"; the lines below quote rows.
std::string first_line(const std::string& message)
{
    std::string line = message.substr(0, message.find('\n'));
    if (const auto colon = line.find(":  "); colon != std::string::npos && colon < 10)
        line.erase(0, colon + 3);
    return line;
}

Table copy(const pqxx::result& rows)
{
    Table table;
    for (auto row = rows.begin(); row != rows.end(); ++row) {
        std::vector<std::optional<std::string>> cells;
        for (auto field = row->begin(); field != row->end(); ++field)
            cells.push_back(field->is_null()
                                ? std::nullopt
                                : std::optional<std::string>{std::string(field->c_str(), field->size())});
        table.emplace_back(std::move(cells));
    }
    return table;
}

} // namespace

/// Names of the statements that a connection has prepared, by their text.
using Prepared = std::map<std::string, std::string, std::less<>>;

struct Work::Impl {
    pqxx::work& work;
    pqxx::connection& connection;
    Prepared& prepared;

    /// `statement()` as a table; what PostgreSQL refuses, without its rows.
    template <class Statement>
    Table table(Statement statement)
    try {
        return copy(statement());
    } catch (const pqxx::broken_connection&) {
        throw;
    } catch (const pqxx::sql_error& error) {
        throw pg::SqlError(error.sqlstate(), first_line(error.what()));
    }
};

Table Work::run(const std::string& sql, const std::vector<Arg>& args)
{
    return impl_.table([&] { return execute(impl_.work, sql, args); });
}

Table Work::repeat(const std::string& sql, const std::vector<Arg>& args)
{
    return impl_.table([&] {
        auto found = impl_.prepared.find(sql);
        if (found == impl_.prepared.end()) {
            const std::string name = "repeated_" + std::to_string(impl_.prepared.size());
            impl_.connection.prepare(name, sql);
            found = impl_.prepared.emplace(sql, name).first;
        }
        return execute_prepared(impl_.work, found->second, args);
    });
}

struct Session::Impl {
    DatabaseAddress address;
    DbRole role;
    std::unique_ptr<pqxx::connection> connection;
    Prepared prepared;

    void connect()
    {
        if (connection)
            return;
        prepared.clear();
        connection = std::make_unique<pqxx::connection>(address.conninfo_for(role));
    }
};

Session::Session(DatabaseAddress address, DbRole role)
    : impl_(std::make_unique<Impl>(Impl{std::move(address), role, nullptr, {}}))
{
}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::run_transaction(const std::function<bool(Work&)>& body)
try {
    impl_->connect();
    pqxx::work transaction{*impl_->connection};
    // In each transaction, because libpqxx 6 connects again by itself, and a new session would keep the
    // login's rights.
    if (const std::string role = impl_->address.after_connect(impl_->role); !role.empty())
        transaction.exec("SET LOCAL" + role.substr(3));
    Work::Impl inner{transaction, *impl_->connection, impl_->prepared};
    Work work{inner};
    if (body(work) && !work.discarded_)
        transaction.commit();
} catch (const pqxx::broken_connection&) {
    impl_->connection.reset();
    throw pg::LostConnection("the connection to the database was lost");
} catch (const pqxx::in_doubt_error&) {
    impl_->connection.reset();
    throw pg::LostConnection(
        "the connection to the database was lost at the very end: look before you repeat");
} catch (const pqxx::sql_error& error) {
    throw pg::SqlError(error.sqlstate(), first_line(error.what()));
} catch (const pg::SqlError& error) {
    if (error.sqlstate.substr(0, 2) != "57")
        throw;
    // The server is going down, whatever this session still looks like.
    impl_->connection.reset();
    throw pg::LostConnection("the database is shutting down");
}

} // namespace releve::store
