#pragma once
// The one error enumeration and the one result type. Rows live in proto/errors.def.
// Whatever depends on input is a `result`; a lost environment is an exception inside its shell; a bug is RELEVE_ASSERT.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace releve {

enum class errc : std::uint16_t {
#define RELEVE_ERROR(number, name, ...) name = number,
#include "errors.def"
};

/// What went wrong, where. `detail` is for engineers (names a field and a reason, never a key or a value of a person);
/// `offset` is a byte offset into the decoded input, or -1.
struct Error {
    errc code = errc::internal;
    std::string detail;
    std::ptrdiff_t offset = -1;

    bool operator==(const Error&) const = default;
};

template <class T>
using result = boost::system::result<T, Error>;

/// One row of proto/errors.def.
struct ErrorRow {
    errc code;
    std::string_view name;
    int http_status;
    std::string_view label_en, label_fr, plain_en, plain_fr;
};

[[nodiscard]] std::span<const ErrorRow> error_rows();
[[nodiscard]] const ErrorRow& error_row(errc code);
[[nodiscard]] std::string_view error_name(errc code);
/// "truncated: array announces 3 elements (at byte 2)": one line for logs and the command line.
[[nodiscard]] std::string to_string(const Error& error);

[[nodiscard]] inline Error fail(errc code, std::string detail = {}, std::ptrdiff_t offset = -1)
{
    return Error{code, std::move(detail), offset};
}

/// Thrown by `result::value()`; only `main` and the four catching places ever see it.
class ResultError;
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// A bug, never an input: prints the expression and ends the process, in release builds too.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

} // namespace releve

#define RELEVE_ASSERT(expression)                                                                            \
    ((expression) ? static_cast<void>(0) : ::releve::assertion_failed(#expression, __FILE__, __LINE__))

/// `RELEVE_TRY(name, expression)`: declares `name` as the value of a result, or returns its error from this function.
#define RELEVE_TRY_CONCAT_(a, b) a##b
#define RELEVE_TRY_CONCAT(a, b) RELEVE_TRY_CONCAT_(a, b)
#define RELEVE_TRY_(temporary, name, ...)                                                                    \
    auto temporary = (__VA_ARGS__);                                                                          \
    if (!temporary)                                                                                          \
        return std::move(temporary).error();                                                                 \
    auto name = std::move(*temporary)
#define RELEVE_TRY(name, ...) RELEVE_TRY_(RELEVE_TRY_CONCAT(releve_try_, __LINE__), name, __VA_ARGS__)
#define RELEVE_CHECK(...)                                                                                    \
    do {                                                                                                     \
        if (auto releve_check_ = (__VA_ARGS__); !releve_check_)                                              \
            return std::move(releve_check_).error();                                                         \
    } while (false)
