#pragma once
// Runs test vectors: arrays of {id, kind, inputs, expected}, as collected for DLMS and crypto. Each kind is computed
// from its inputs only and compared field by field with what is expected.

#include <releve/core/error.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace releve::app {

struct VectorDifference {
    std::string id, field, expected, got;
};
struct VectorReport {
    std::size_t passed = 0, failed = 0, skipped = 0;
    std::vector<VectorDifference> differences;
    std::map<std::string, std::size_t> unknown_kinds; // skipped vectors by kind
};
/// Adds the outcome of every vector of an array to the report. errc::malformed if it is no array of vectors.
[[nodiscard]] result<void> run_vectors(const nlohmann::json& vectors, VectorReport& report);
/// errc::not_found_file, errc::malformed.
[[nodiscard]] result<nlohmann::json> load_vectors(const std::filesystem::path& file);

/// A JSON value converts to almost anything, an error included, so a result of one has to be told which it is.
[[nodiscard]] inline result<nlohmann::json> computed(nlohmann::json value)
{
    return {boost::system::in_place_value, std::move(value)};
}

/// What a kind computes; an error means that the input was refused.
using VectorKind = result<nlohmann::json> (*)(const nlohmann::json& inputs, const nlohmann::json& expected);
/// Nothing for a kind that is not known.
[[nodiscard]] VectorKind find_vector_kind(std::string_view name);

} // namespace releve::app
