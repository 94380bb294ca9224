# The meter models that are compiled into the binary: a model ships when its file is in this list.
set(RELEVE_MODELS models/generic.json models/linky.json wize/grdf-test.json wize/releve-gas.json)

# releve_embed_models(TARGET): adds a source that defines releve::app::shipped_models() with the files as text.
function(releve_embed_models target)
  set(folder "${PROJECT_SOURCE_DIR}/proto")
  set(rows "")
  foreach(file IN LISTS RELEVE_MODELS)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/${file}")
    file(READ "${folder}/${file}" text)
    get_filename_component(name "${file}" NAME)
    string(APPEND rows "    {\"${name}\", R\"releve_model(${text})releve_model\"},\n")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_shipped_models.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
// Written by cmake/embed.cmake from the files of proto/models and proto/wize.
#include <releve/app/model_files.hpp>

namespace releve::app {

namespace {
constexpr ShippedModel models[] = {
@rows@};
} // namespace

std::span<const ShippedModel> shipped_models()
{
    return models;
}

} // namespace releve::app
]])
  target_sources(${target} PRIVATE "${source}")
endfunction()

# releve_embed_rules(TARGET): adds a source that defines releve::app::shipped_rules() with the file as text.
function(releve_embed_rules target)
  set(file "${PROJECT_SOURCE_DIR}/proto/validation/default.json")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(READ "${file}" text)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_shipped_rules.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
// Written by cmake/embed.cmake from proto/validation/default.json.
#include <releve/app/rule_files.hpp>

namespace releve::app {

std::string_view shipped_rules()
{
    return R"releve_rules(@text@)releve_rules";
}

} // namespace releve::app
]])
  target_sources(${target} PRIVATE "${source}")
endfunction()
