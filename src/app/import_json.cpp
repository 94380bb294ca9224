#include "import_parse.hpp"
#include "json_lines.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::size_t json_nodes_max = 6'000'000; // as many as a full file of R64 has
constexpr std::size_t json_depth_max = 32;

} // namespace

/// Called by nlohmann's reader for each value; false ends the reading.
class JsonTreeBuilder {
public:
    JsonTreeBuilder(const std::size_t& line, std::size_t nodes_max) : line_(line), nodes_max_(nodes_max) {}

    bool null() { return add(JsonTree::Kind::null); }
    bool boolean(bool value) { return add(JsonTree::Kind::boolean, value ? "true" : "false"); }
    bool number_integer(std::int64_t value) { return add(JsonTree::Kind::number, std::to_string(value)); }
    bool number_unsigned(std::uint64_t value) { return add(JsonTree::Kind::number, std::to_string(value)); }
    bool number_float(double, const std::string& written) { return add(JsonTree::Kind::number, written); }
    bool string(const std::string& value) { return add(JsonTree::Kind::text, value); }
    bool binary(const std::vector<std::uint8_t>&) { return false; }
    bool key(const std::string& name)
    {
        key_ = keep(name);
        return true;
    }
    bool start_object(std::size_t) { return open(JsonTree::Kind::object); }
    bool start_array(std::size_t) { return open(JsonTree::Kind::array); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) { return false; }

    [[nodiscard]] bool too_large() const { return too_large_; }
    JsonTree tree;

private:
    JsonTree::Slice keep(std::string_view text)
    {
        const JsonTree::Slice slice{static_cast<std::uint32_t>(tree.texts_.size()), static_cast<std::uint32_t>(text.size())};
        tree.texts_ += text;
        return slice;
    }
    bool add(JsonTree::Kind kind, std::string_view text = {})
    {
        if (tree.rows_.size() == nodes_max_) {
            too_large_ = true;
            return false;
        }
        const auto index = static_cast<std::uint32_t>(tree.rows_.size());
        tree.rows_.push_back({.key = key_, .text = keep(text), .line = static_cast<std::uint32_t>(line_), .kind = kind});
        key_ = {};
        if (!open_.empty()) {
            auto& [parent, last] = open_.back();
            (last == 0 ? tree.rows_[parent].first : tree.rows_[last].next) = index;
            last = index;
        }
        return true;
    }
    bool open(JsonTree::Kind kind)
    {
        if (open_.size() == json_depth_max || !add(kind))
            return false;
        open_.emplace_back(static_cast<std::uint32_t>(tree.rows_.size() - 1), 0U);
        return true;
    }
    bool close()
    {
        open_.pop_back();
        return true;
    }

    const std::size_t& line_;
    std::size_t nodes_max_;
    JsonTree::Slice key_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open_; // a container and its last child
    bool too_large_ = false;
};

JsonTree::Node JsonTree::Node::at(std::string_view key) const
{
    if (!is(Kind::object))
        return {};
    for (std::uint32_t i = tree_->rows_[index_].first; i != 0; i = tree_->rows_[i].next)
        if (tree_->slice(tree_->rows_[i].key) == key)
            return {tree_, i};
    return {};
}

std::vector<JsonTree::Node> JsonTree::Node::items() const
{
    std::vector<Node> nodes;
    if (is(Kind::object) || is(Kind::array))
        for (std::uint32_t i = tree_->rows_[index_].first; i != 0; i = tree_->rows_[i].next)
            nodes.emplace_back(tree_, i);
    return nodes;
}

result<JsonTree> JsonTree::parse(std::string_view text, std::size_t first_line)
{
    std::size_t line = first_line;
    // A node is larger in memory than it may be in the text; those of the formats have 11 octets and more each.
    constexpr std::size_t octets_a_node = 4, few = 1'024;
    const std::size_t nodes_max = std::min(json_nodes_max, text.size() / octets_a_node + few);
    JsonTreeBuilder builder{line, nodes_max};
    const bool read = nlohmann::json::sax_parse(LineCounter{text.data(), line}, LineCounter{text.data() + text.size(), line}, &builder);
    if (builder.too_large())
        return fail(errc::too_large, "a JSON document of more than " + std::to_string(nodes_max) + " values");
    if (!read)
        return fail(errc::bad_csv, "line " + std::to_string(line) + ": not JSON");
    return std::move(builder.tree);
}

} // namespace releve::app
