# The meter models that are compiled into the binary: a model ships when its file is in this list.
set(RELEVE_MODELS models/generic.json models/imported.json models/imported-gas.json models/linky.json wize/grdf-test.json wize/releve-gas.json)

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

# The tariff documents that are compiled into the binary: one of proto/tariffs ships when its file is in this list.
set(RELEVE_TARIFFS
  atrd.json atrt.json calendar_base.json calendar_four_class.json calendar_hphc.json calendar_hta_fixed.json
  calendar_hta_mobile.json calendar_midday.json calendar_tempo.json calendar_weekend.json cta_electricity.json
  cta_gas.json days_hta_peak.json days_tempo.json example_market_base_c4.json example_market_gas.json
  example_market_hphc.json excise_electricity.json excise_gas.json trv_base.json trv_base_ht.json trv_hphc.json
  trv_tempo.json trv_tempo_ht.json turpe_c4.json turpe_c5.json turpe_hta.json vat_electricity.json vat_gas.json)

# releve_embed_tariffs(TARGET): adds a source that defines releve::app::shipped_tariffs() and shipped_tariff_schema() with the
# files as text.
function(releve_embed_tariffs target)
  set(folder "${PROJECT_SOURCE_DIR}/proto/tariffs")
  set(schema_file "${PROJECT_SOURCE_DIR}/proto/tariff.schema.json")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${schema_file}")
  file(READ "${schema_file}" schema)
  set(rows "")
  foreach(file IN LISTS RELEVE_TARIFFS)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/${file}")
    file(READ "${folder}/${file}" text)
    string(APPEND rows "    {\"${file}\", R\"releve_tariff(${text})releve_tariff\"},\n")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_shipped_tariffs.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
// Written by cmake/embed.cmake from proto/tariff.schema.json and the files of proto/tariffs.
#include <releve/app/tariff_files.hpp>

namespace releve::app {

namespace {
constexpr ShippedTariff tariffs[] = {
@rows@};
} // namespace

std::span<const ShippedTariff> shipped_tariffs()
{
    return tariffs;
}

std::string_view shipped_tariff_schema()
{
    return R"releve_tariff(@schema@)releve_tariff";
}

} // namespace releve::app
]])
  target_sources(${target} PRIVATE "${source}")
endfunction()
