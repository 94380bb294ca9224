#pragma once
// SQL for the API and the command line, over libpqxx, whose versions 6.4 (Debian 12) and 7.10 (Debian 13)
// differ: the source of this header is the only one that sees it. Values travel as text. Throws
// pg::LostConnection, pg::SqlError.

#include "pg.hpp"

#include <releve/store/records.hpp>

#include <memory>
#include <type_traits>

namespace releve::store {

/// A value of a statement, as text; nothing = NULL.
struct Arg {
    std::optional<std::string> text;
    Arg(std::nullopt_t) {}
    Arg(std::string value) : text(std::move(value)) {}
    Arg(std::string_view value) : text(value) {}
    Arg(const char* value) : text(value) {}
    Arg(bool value) : text(value ? "true" : "false") {}
    Arg(Instant value) : text(to_iso8601(value)) {}
    Arg(CivilDay value) : text(to_iso8601(value)) {}
    Arg(ByteView value) : text("\\x" + to_hex(value)) {}
    Arg(const Bytes& value) : Arg(ByteView{value}) {}
    template <class Integer>
    requires std::is_integral_v<Integer> Arg(Integer value) : text(std::to_string(value)) {}
    template <class T>
    Arg(const std::optional<T>& value)
    {
        if (value)
            *this = Arg(*value);
    }
};

/// One row of an answer. Instants come as `extract(epoch from x)::int8`, days as date, bytea as hexadecimal.
class Row {
public:
    explicit Row(std::vector<std::optional<std::string>> cells) : cells_(std::move(cells)) {}
    [[nodiscard]] bool null(std::size_t i) const { return !cells_.at(i); }
    [[nodiscard]] const std::string& text(std::size_t i) const { return cells_.at(i).value(); }
    [[nodiscard]] std::int64_t integer(std::size_t i) const { return std::stoll(text(i)); }
    [[nodiscard]] bool boolean(std::size_t i) const { return text(i) == "t"; }
    [[nodiscard]] Instant instant(std::size_t i) const { return Instant{Seconds{integer(i)}}; }
    [[nodiscard]] std::optional<Instant> maybe_instant(std::size_t i) const;
    [[nodiscard]] CivilDay day(std::size_t i) const { return parse_day(text(i)).value(); }
    [[nodiscard]] Bytes bytes(std::size_t i) const { return from_hex(text(i).substr(2)).value(); }
    [[nodiscard]] Validity validity(std::size_t from, std::size_t to) const;
    [[nodiscard]] std::vector<std::string> list(std::size_t i) const;      // a text[] of simple words
    [[nodiscard]] std::vector<std::int64_t> integers(std::size_t i) const; // an array of any integers

private:
    std::vector<std::optional<std::string>> cells_;
};
using Table = std::vector<Row>;

/// An open transaction.
class Work {
public:
    Table run(const std::string& sql, const std::vector<Arg>& args = {});
    /// The same for a statement of a loop: parsed once per connection, which for short statements is most of their time.
    Table repeat(const std::string& sql, const std::vector<Arg>& args);
    /// At the end everything is rolled back, also after success.
    void discard() { discarded_ = true; }

private:
    friend class Session;
    bool discarded_ = false;
    struct Impl;
    explicit Work(Impl& impl) : impl_(impl) {}
    Impl& impl_;
};

/// A connection as one role, made when first needed and again after it was lost.
class Session {
public:
    Session(DatabaseAddress address, DbRole role);
    ~Session();
    Session(Session&&) noexcept;

    /// Runs `body(work)`, which gives a result<T>: commits a value, rolls an error back.
    template <class Body>
    auto transaction(Body body) -> decltype(body(std::declval<Work&>()))
    {
        using Answer = decltype(body(std::declval<Work&>()));
        std::optional<Answer> answer;
        run_transaction([&](Work& work) {
            answer.emplace(body(work));
            return answer->has_value();
        });
        return std::move(*answer);
    }

private:
    /// Commits when `body` gives true.
    void run_transaction(const std::function<bool(Work&)>& body);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
