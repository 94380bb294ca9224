#pragma once
// Where in a JSON text its values stand: the lines that a DOM has forgotten. Also tells what a DOM hides: a
// key that is there twice.

#include "json_node.hpp"

#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace releve::app {

/// Reads a text for nlohmann's parser and counts its lines: what the parser tells of has just been read.
class LineCounter {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    LineCounter(const char* at, std::size_t& line) : at_{at}, line_{&line} {}
    reference operator*() const { return *at_; }
    LineCounter& operator++()
    {
        *line_ += *at_ == '\n' ? 1 : 0;
        ++at_;
        return *this;
    }
    LineCounter operator++(int)
    {
        const LineCounter before = *this;
        ++*this;
        return before;
    }
    bool operator==(const LineCounter& other) const { return at_ == other.at_; }

private:
    const char* at_;
    std::size_t* line_;
};

class JsonLines {
public:
    /// Never fails: what is wrong with the text is problem().
    explicit JsonLines(std::string_view json);

    /// The first thing that is not JSON, is nested more than 16 deep, or repeats a key of its object.
    [[nodiscard]] const std::optional<JsonProblem>& problem() const { return problem_; }
    /// The line, from 1, where the key (or the object or list) at the pointer stands; of what is around it if
    /// the text has none there. Pointers as JsonNode writes them. After a problem only for its pointer.
    [[nodiscard]] std::size_t line_of(std::string_view pointer) const;

private:
    std::map<std::string, std::size_t, std::less<>> lines_;
    std::optional<JsonProblem> problem_;
    std::size_t problem_line_ = 0;
};

/// "file.json:14: /a/b: reason", as the lines of that text know it.
[[nodiscard]] std::string describe(const JsonLines& lines, const JsonProblem& problem,
                                   const std::string& file_name);

} // namespace releve::app
