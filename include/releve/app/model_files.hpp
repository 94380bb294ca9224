#pragma once
// Loads and validates meter models (proto/models/*.json) at run time: a new model needs no build. JSON is seen only in
// the source. Errors name the file, the JSON pointer and the reason (errc::bad_model).

#include <releve/codec/dlms/push.hpp>
#include <releve/core/meter_model.hpp>

#include <filesystem>
#include <map>

namespace releve::app {

/// A test case inside a model file: an APDU in clear (hex) and what it must decode to.
struct ModelTestCase {
    std::string name;
    Bytes apdu;
    PushContent expected;
    bool refused = false; // must be errc::undecoded
};
struct ModelFile {
    MeterModel model;
    std::vector<ModelTestCase> cases;
};
[[nodiscard]] result<ModelFile> parse_model_file(std::string_view json, const std::string& file_name);

class ModelRegistry {
public:
    /// The models that ship with the binary (compiled in as text), then every *.json of `extra_dir` (may be empty), which
    /// replaces a model of the same name. Runs every file's own test cases; a failing one is errc::bad_model.
    [[nodiscard]] static result<ModelRegistry> load(const std::filesystem::path& extra_dir);
    [[nodiscard]] const MeterModel* find(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::map<std::string, MeterModel, std::less<>> models_;
};

} // namespace releve::app
