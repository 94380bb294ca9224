#pragma once
// What people send over REST, read and kept: files of readings, documents of tariffs.

#include <releve/api/intake.hpp>
#include <releve/app/model_files.hpp>

#include <functional>
#include <memory>

namespace releve::app {

/// `models` gives those in force; called from any thread.
[[nodiscard]] std::shared_ptr<api::Intake> make_intake(store::DatabaseAddress address, std::function<std::shared_ptr<const ModelRegistry>()> models);

} // namespace releve::app
