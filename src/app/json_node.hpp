#pragma once
// A value of a data file together with its place in it. Reading is sticky, as with bytes: the first wrong
// value wins, with its JSON pointer and the reason, and everything read after it is empty.

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace releve::app {

struct JsonProblem {
    std::string pointer;
    std::string reason;
};

class JsonNode {
public:
    JsonNode(const nlohmann::json& value, std::string pointer, std::optional<JsonProblem>& problem)
        : value_(&value), pointer_(std::move(pointer)), problem_(&problem)
    {
    }

    void fail(const std::string& reason) const;
    /// An object with no other members than these.
    void only(std::initializer_list<std::string_view> keys) const;
    [[nodiscard]] bool has(std::string_view key) const;
    [[nodiscard]] bool is_null() const { return value_->is_null(); }
    [[nodiscard]] bool is_array() const { return value_->is_array(); }
    /// The member; a problem if it is missing.
    [[nodiscard]] JsonNode at(std::string_view key) const;
    [[nodiscard]] std::vector<JsonNode> items() const;
    /// Of an object, by name.
    [[nodiscard]] std::vector<std::pair<std::string, JsonNode>> members() const;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::int64_t integer(std::int64_t lowest, std::int64_t highest) const;
    [[nodiscard]] bool boolean() const;
    /// The value of the row whose name is written here.
    template <class T>
    [[nodiscard]] T one_of(std::span<const std::pair<std::string_view, T>> rows) const
    {
        const std::string written = text();
        std::string names;
        for (const auto& [name, value] : rows) {
            if (name == written)
                return value;
            names += (names.empty() ? "" : ", ") + std::string{name};
        }
        fail("must be one of " + names);
        return rows.front().second;
    }

private:
    const nlohmann::json* value_;
    std::string pointer_;
    std::optional<JsonProblem>* problem_;
};

} // namespace releve::app
