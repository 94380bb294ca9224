#pragma once
// What the readers of exceptions share.

#include "api_impl.hpp"

namespace releve::store {

/// A token that sees exceptions of the fleet: errc::forbidden for others.
[[nodiscard]] result<void> may_run_fleet(const Identity& who);

/// Whose data was shown, and of which days: one row for each of them in their lists of accesses.
class ShownPoints {
public:
    void add(const UsagePointId& usage_point, CivilDay day);
    void note(Work& work, const Identity& who, const char* what) const;

private:
    struct Days {
        CivilDay from{}, to{}; // `to` is not included
    };
    std::map<UsagePointId, Days> points_;
};

/// "{1,-2}", as a parameter or a column of integers is written.
template <class Range>
[[nodiscard]] std::string array_text(const Range& numbers)
{
    std::string text = "{";
    for (const auto number : numbers)
        text += (text.size() > 1 ? "," : "") + std::to_string(number);
    return text + "}";
}

/// What was done about these events or failures (`subject`), oldest first.
[[nodiscard]] std::map<std::int64_t, std::vector<HandlingRow>> load_handling(Work& work, const char* subject,
                                                                             const std::vector<std::int64_t>& ids);
template <class RowType>
void add_handling_to(Work& work, const char* subject, std::vector<RowType>& rows)
{
    std::vector<std::int64_t> ids;
    for (const RowType& row : rows)
        ids.push_back(row.id);
    auto done = load_handling(work, subject, ids);
    for (RowType& row : rows)
        row.handling = std::move(done[row.id]);
}

/// A person's line of so many characters. errc::bad_parameter, naming the field.
[[nodiscard]] result<void> check_text(const char* field, const std::string& text, std::size_t least, std::size_t most);

/// Some rows of a page, of those that were looked at.
template <class RowType>
struct PartOfPage {
    std::vector<RowType> rows;
    std::string last; // that was looked at
    bool more = false;
};
/// Of a table whose first column is the id; several of its rows may have one.
template <class RowType>
[[nodiscard]] PartOfPage<RowType> part_of_page(std::vector<RowType> rows, const Table& table, int limit)
{
    std::size_t ids = 0;
    for (std::size_t i = 0; i < table.size(); ++i)
        ids += i == 0 || table[i].text(0) != table[i - 1].text(0) ? 1 : 0;
    return {std::move(rows), table.empty() ? "" : table.back().text(0), ids >= static_cast<std::size_t>(limit)};
}
/// `load(after)` gives parts until there is no more: a page is full although some rows are not shown.
template <class RowType, class Load>
[[nodiscard]] result<std::vector<RowType>> full_page(const Page& page, Load load)
{
    std::vector<RowType> list;
    std::string after = page.after;
    const auto limit = static_cast<std::size_t>(page.limit);
    for (bool more = true; more && list.size() < limit;) {
        RELEVE_TRY(part, load(after));
        more = part.more;
        after = part.last;
        for (RowType& row : part.rows)
            if (list.size() < limit)
                list.push_back(std::move(row));
    }
    return list;
}

} // namespace releve::store
