#include <releve/app/vector_runner.hpp>

#include <releve/codec/wize/frame.hpp>

#include <algorithm>
#include <fstream>
#include <set>

namespace releve::app {

using nlohmann::json;

namespace {

/// Fields that speak to people; nothing is compared with them.
const std::set<std::string, std::less<>> prose{"reason", "note", "rule", "tstamp_base"};

std::string shortened(const json& value)
{
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    static constexpr std::size_t characters_max = 300;
    if (text.size() > characters_max)
        text = text.substr(0, characters_max) + "...";
    return text;
}

/// Goes down to the first value that differs, so that a tree of a thousand values names the one that is wrong.
void compare(const std::string& field, const json& expected, const json& got, const std::string& id,
             std::vector<VectorDifference>& differences)
{
    if (expected == got)
        return;
    if (expected.is_object() && got.is_object()) {
        for (const auto& [name, value] : expected.items())
            compare(field + "." + name, value, got.value(name, json{}), id, differences);
        for (const auto& [name, value] : got.items())
            if (!expected.contains(name))
                differences.push_back({id, field + "." + name, "(nothing)", shortened(value)});
        return;
    }
    if (expected.is_array() && got.is_array() && expected.size() == got.size()) {
        for (std::size_t i = 0; i < expected.size(); ++i)
            compare(field + "[" + std::to_string(i) + "]", expected[i], got[i], id, differences);
        return;
    }
    differences.push_back({id, field, shortened(expected), shortened(got)});
}

/// The check that refused, where the vector names it: the counted reason has to be the true one.
void compare_check(const json& expected, const Error& error, const std::string& id, std::vector<VectorDifference>& differences)
{
    const auto named = expected.find("first_failing_check");
    const auto check = wize::failed_check(error);
    const json got = check ? json(wize::check_name(*check)) : json();
    if (named != expected.end() && *named != got)
        differences.push_back({id, "first_failing_check", shortened(*named), to_string(error)});
}

std::vector<VectorDifference> differences_of(const std::string& id, const json& expected, const result<json>& got)
{
    std::vector<VectorDifference> differences;
    const json accept = expected.value("accept", json(true));
    // Computed by this vector's own inputs being wrong, not by a refusal.
    if (!got && got.error().code == errc::bad_parameter) {
        differences.push_back({id, "inputs", "usable", to_string(got.error())});
        return differences;
    }
    if (accept == "policy")
        return differences;
    const bool refused_as_expected = accept == false && !got;
    if (refused_as_expected) {
        compare_check(expected, got.error(), id, differences);
        return differences;
    }
    if (!got) {
        differences.push_back({id, "accept", shortened(accept), "refused: " + to_string(got.error())});
        return differences;
    }
    if (accept == false) {
        differences.push_back({id, "accept", "false", "accepted: " + shortened(*got)});
        return differences;
    }
    for (const auto& [name, value] : expected.items()) {
        const bool plain_accept = name == "accept" && !value.is_array();
        // A null says that the other implementation has nothing to compare with.
        if (prose.contains(name) || plain_accept || value.is_null())
            continue;
        if (!got->contains(name))
            differences.push_back({id, name, shortened(value), "(nothing)"});
        else
            compare(name, value, (*got)[name], id, differences);
    }
    return differences;
}

} // namespace

result<void> run_vectors(const json& vectors, VectorReport& report)
{
    if (!vectors.is_array())
        return fail(errc::malformed, "not an array of vectors");
    for (const json& vector : vectors) {
        const bool whole = vector.is_object() && vector.contains("id") && vector["id"].is_string() &&
                           vector.contains("kind") && vector["kind"].is_string() && vector.contains("inputs") &&
                           vector["inputs"].is_object() && vector.contains("expected") && vector["expected"].is_object();
        if (!whole)
            return fail(errc::malformed, "a vector has no id, kind, inputs or expected");
        const auto kind = vector["kind"].get<std::string>();
        const VectorKind compute = find_vector_kind(kind);
        if (compute == nullptr) {
            ++report.skipped;
            ++report.unknown_kinds[kind];
            continue;
        }
        const json& expected = vector["expected"];
        auto differences = differences_of(vector["id"].get<std::string>(), expected, compute(vector["inputs"], expected));
        ++(differences.empty() ? report.passed : report.failed);
        std::ranges::move(differences, std::back_inserter(report.differences));
    }
    return {};
}

result<json> load_vectors(const std::filesystem::path& file)
{
    std::ifstream stream{file, std::ios::binary};
    if (!stream || std::filesystem::is_directory(file))
        return fail(errc::not_found_file, file.string());
    json content = json::parse(stream, nullptr, false);
    if (content.is_discarded())
        return fail(errc::malformed, file.string() + " is not JSON");
    return computed(std::move(content));
}

} // namespace releve::app
