#pragma once
// Loads and validates meter models (proto/models/*.json, proto/wize/*.json) at run time: a new model needs no build. JSON is
// seen only in the source. Errors name the file, the JSON pointer and the reason (errc::bad_model).

#include <releve/codec/dlms/push.hpp>
#include <releve/core/meter_model.hpp>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace releve::app {

/// A test case inside a model file: a message in clear and what it must decode to.
struct ModelTestCase {
    std::string name;
    Bytes message;        // an APDU; of the protocol wize L7
    std::uint8_t app = 0; // wize: L6App
    PushContent expected;
    bool refused = false;          // must be refused with `reason`
    errc reason = errc::undecoded; // or errc::time_undefined
};
struct ModelFile {
    MeterModel model;
    std::vector<ModelTestCase> cases;
};
[[nodiscard]] result<ModelFile> parse_model_file(std::string_view json, const std::string& file_name);
/// Decodes every case of the file in Europe/Paris. errc::bad_model names the first that differs, and how.
[[nodiscard]] result<void> run_cases(const ModelFile& file, const std::string& file_name);

/// A file of proto/models or proto/wize as compiled in (cmake/embed.cmake lists them and writes this function).
struct ShippedModel {
    std::string_view file_name;
    std::string_view json;
};
[[nodiscard]] std::span<const ShippedModel> shipped_models();

class ModelRegistry {
public:
    /// The models that ship with the binary (compiled in as text) and "tic", which has neither channels nor layouts, then every *.json of `extra_dir` (may be
    /// empty), which replaces a shipped model of the same name. Runs every file's own test cases; a failing
    /// one is errc::bad_model, as are two files of one name in `extra_dir`; errc::not_found_file if it or a
    /// file in it cannot be read.
    [[nodiscard]] static result<ModelRegistry> load(const std::filesystem::path& extra_dir);
    [[nodiscard]] const MeterModel* find(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::map<std::string, MeterModel, std::less<>> models_;
};

} // namespace releve::app
