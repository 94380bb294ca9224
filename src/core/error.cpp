#include <releve/core/error.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace releve {

namespace {
constexpr ErrorRow rows[] = {
#define RELEVE_ERROR(number, name, ...) ErrorRow{errc::name, #name, __VA_ARGS__},
#include "errors.def"
};
} // namespace

std::span<const ErrorRow> error_rows()
{
    return rows;
}

const ErrorRow& error_row(errc code)
{
    for (const ErrorRow& row : rows)
        if (row.code == code)
            return row;
    RELEVE_ASSERT(!"every errc has a row");
    std::abort();
}

std::string_view error_name(errc code)
{
    return error_row(code).name;
}

std::string to_string(const Error& error)
{
    std::string text{error_name(error.code)};
    if (!error.detail.empty())
        text.append(": ").append(error.detail);
    if (error.offset >= 0)
        text.append(" (at byte ").append(std::to_string(error.offset)).append(")");
    return text;
}

class ResultError : public std::runtime_error {
public:
    explicit ResultError(const Error& error) : std::runtime_error(to_string(error)) {}
};

void throw_exception_from_error(const Error& error, const boost::source_location&)
{
    throw ResultError(error);
}

void assertion_failed(const char* expression, const char* file, int line)
{
    std::fprintf(stderr, "releve: internal error: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

} // namespace releve
