// proto/openapi.yaml says what the route table says: paths, verbs, operations, roles, query parameters, error statuses.
// A line-based reader is enough for a document whose shape is ours.

#include <releve/api/routes.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace releve::api {
namespace {

struct Operation {
    std::string operation_id, roles;
    std::set<std::string> parameters;
    std::set<std::string> statuses;
    bool is_public = false, has_body = false;
};

std::string trimmed(const std::string& line) { return line.substr(std::min(line.find_first_not_of(' '), line.size())); }

/// Names in the query by the names of their components; two may share one, of which one is required. Those of paths are empty.
std::map<std::string, std::string> read_parameters()
{
    std::ifstream file(RELEVE_SOURCE_DIR "/proto/openapi.yaml");
    std::map<std::string, std::string> out;
    std::string line, component;
    bool inside = false;
    while (std::getline(file, line)) {
        const auto text = trimmed(line);
        const auto indent = line.size() - text.size();
        if (indent == 2)
            inside = text == "parameters:";
        else if (inside && indent == 4)
            component = text.substr(0, text.size() - 1);
        else if (inside && indent == 6 && text.starts_with("name: "))
            out[component] = text.substr(6);
        else if (inside && text == "in: path")
            out[component].clear();
    }
    return out;
}

/// "get /path" to what stands under it.
std::map<std::string, Operation> read_operations()
{
    std::ifstream file(RELEVE_SOURCE_DIR "/proto/openapi.yaml");
    std::map<std::string, Operation> out;
    std::string line, path;
    Operation* current = nullptr;
    bool inside = false;
    while (std::getline(file, line)) {
        const auto text = trimmed(line);
        const auto indent = line.size() - text.size();
        if (indent == 0)
            inside = text == "paths:";
        if (!inside || text.empty())
            continue;
        const auto value = text.find(": ") == std::string::npos ? std::string{} : text.substr(text.find(": ") + 2);
        if (indent == 2)
            path = text.substr(0, text.size() - 1);
        else if (indent == 4)
            current = &out[text.substr(0, text.size() - 1) + " " + path];
        else if (text.starts_with("operationId: "))
            current->operation_id = value;
        else if (text.starts_with("x-roles: "))
            current->roles = value;
        else if (text == "requestBody:")
            current->has_body = true;
        else if (text == "security: []")
            current->is_public = true;
        else if (text.starts_with("- $ref: '#/components/parameters/"))
            current->parameters.insert(text.substr(33, text.size() - 34));
        else if (indent == 8 && text.starts_with("'"))
            current->statuses.insert(text.substr(1, 3));
    }
    return out;
}

std::string roles_of(const Rule& rule)
{
    std::string out;
    for (const auto role : {store::Role::operator_, store::Role::energy_manager, store::Role::household, store::Role::auditor})
        if (!rule.is_public() && rule.allows(role))
            out += (out.empty() ? "" : ", ") + std::string(store::role_name(role));
    return out.empty() ? out : "[" + out + "]";
}

TEST(openapi, equals_the_route_table)
{
    auto operations = read_operations();
    const auto parameters = read_parameters();
    EXPECT_EQ(operations.size(), routes().size());
    for (const auto& route : routes()) {
        const auto found = operations.find((route.verb == Verb::get ? "get " : "post ") + std::string(route.path));
        ASSERT_NE(found, operations.end()) << route.path << " is not in proto/openapi.yaml";
        const auto& operation = found->second;
        EXPECT_EQ(operation.operation_id, route.operation_id);
        EXPECT_EQ(operation.roles, roles_of(route.rule)) << route.path;
        EXPECT_EQ(operation.is_public, route.rule.is_public()) << route.path;
        std::set<std::string> expected;
        std::istringstream names{std::string(route.parameters)};
        for (std::string name; names >> name;)
            expected.insert(name);
        std::set<std::string> written;
        for (const auto& component : operation.parameters)
            if (const auto& name = parameters.at(component); !name.empty())
                written.insert(name);
        EXPECT_EQ(written, expected) << route.path;
        EXPECT_EQ(operation.statuses.contains("401"), !route.rule.is_public()) << route.path;
        EXPECT_EQ(operation.statuses.contains("415"), route.verb == Verb::post) << route.path;
        EXPECT_EQ(operation.has_body, route.verb == Verb::post) << route.path;
        operations.erase(found);
    }
    for (const auto& [name, operation] : operations)
        ADD_FAILURE() << name << " is in proto/openapi.yaml and not in the route table";
}

} // namespace
} // namespace releve::api
