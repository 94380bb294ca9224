#include "json_node.hpp"

#include <algorithm>
#include <limits>

namespace releve::app {

namespace {
const nlohmann::json nothing;
}

void JsonNode::fail(const std::string& reason) const
{
    if (!*problem_)
        *problem_ = JsonProblem{pointer_, reason};
}

void JsonNode::only(std::initializer_list<std::string_view> keys) const
{
    if (!value_->is_object())
        return fail("must be an object");
    for (const auto& [key, value] : value_->items())
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            return JsonNode{value, pointer_ + "/" + key, *problem_}.fail("unknown key");
}

bool JsonNode::has(std::string_view key) const
{
    return value_->is_object() && value_->contains(key);
}

JsonNode JsonNode::at(std::string_view key) const
{
    JsonNode member{has(key) ? *value_->find(key) : nothing, pointer_ + "/" + std::string{key}, *problem_};
    if (!has(key))
        member.fail("missing");
    return member;
}

std::vector<JsonNode> JsonNode::items() const
{
    std::vector<JsonNode> out;
    if (!value_->is_array()) {
        fail("must be a list");
        return out;
    }
    for (std::size_t i = 0; i < value_->size(); ++i)
        out.emplace_back((*value_)[i], pointer_ + "/" + std::to_string(i), *problem_);
    return out;
}

std::vector<std::pair<std::string, JsonNode>> JsonNode::members() const
{
    std::vector<std::pair<std::string, JsonNode>> out;
    if (!value_->is_object()) {
        fail("must be an object");
        return out;
    }
    for (const auto& [key, value] : value_->items())
        out.emplace_back(key, JsonNode{value, pointer_ + "/" + key, *problem_});
    return out;
}

std::string JsonNode::text() const
{
    if (value_->is_string())
        return value_->get_ref<const std::string&>();
    fail("must be a text");
    return {};
}

std::int64_t JsonNode::integer(std::int64_t lowest, std::int64_t highest) const
{
    const bool beyond =
        value_->is_number_unsigned() &&
        value_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value_->is_number_integer() && !beyond) {
        const auto number = value_->get<std::int64_t>();
        if (number >= lowest && number <= highest)
            return number;
    }
    fail("must be a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
    return lowest;
}

bool JsonNode::boolean() const
{
    if (value_->is_boolean())
        return value_->get<bool>();
    fail("must be true or false");
    return false;
}

} // namespace releve::app
