#pragma once
// limit and after of a list, and the key that asks for the page after this one.

#include <releve/api/listing.hpp>
#include <releve/store/api_store.hpp>

#include <charconv>

namespace releve::api {

[[nodiscard]] inline result<store::Page> read_page(const Request& request)
{
    constexpr int limit_max = 1'000;
    store::Page page;
    if (const auto text = request.parameter("limit"); !text.empty()) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page.limit);
        if (error != std::errc{} || end != text.data() + text.size() || page.limit < 1 || page.limit > limit_max)
            return fail(errc::bad_parameter, "limit: must be a number from 1 to 1000");
    }
    page.after = request.parameter("after");
    if (page.after.size() > 64)
        return fail(errc::bad_parameter, "after: at most 64 characters");
    return page;
}

/// The same of a list whose rows have numbers.
[[nodiscard]] inline result<store::Page> read_numbered_page(const Request& request)
{
    RELEVE_TRY(page, read_page(request));
    constexpr std::size_t digits_max = 18;
    if (page.after.size() > digits_max || page.after.find_first_not_of("0123456789") != std::string::npos)
        return fail(errc::bad_parameter, "after: must be the `next` of the page before");
    return page;
}

/// "next": what to give as `after`, or null when this page was not full.
template <class Rows, class Key>
[[nodiscard]] Field next_page(const store::Page& page, const Rows& rows, Key key)
{
    const bool full = rows.size() >= static_cast<std::size_t>(page.limit);
    return {"next", full ? text_cell(key(rows.back())) : no_cell()};
}

} // namespace releve::api
