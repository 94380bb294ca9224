// The collector's part in files of readings: what was staged is carried out by the writers, a portion at a time.

#include "collector.hpp"

#include <releve/app/environment.hpp>

#include <spdlog/spdlog.h>

namespace releve::app {

/// The next portion when the writers are done with the one before: what that brought is compared with what comes.
void Collector::run_imports()
{
    if (!imports_under_way_.expired() || stopping_)
        return;
    const auto models = models_.current();
    if (!carrier_ || carrier_models_ != models) {
        carrier_ = std::make_unique<store::ImportCarrier>(address_, [models](std::string_view name) { return models->find(name); });
        carrier_models_ = models;
    }
    std::vector<store::ImportRefusal> refused;
    {
        const std::scoped_lock lock{done_mutex_};
        refused.swap(imports_refused_);
    }
    if (!refused.empty()) {
        carrier_->refuse(refused);
        spdlog::warn("import {}: {} parts were refused: {}", refused.front().part.import, refused.size(), refused.front().reason);
    }
    auto portion = carrier_->next(wall_clock());
    if (!portion)
        return;
    if (!imports_from_ || portion->first < *imports_from_) {
        make_partitions();
        imports_from_ = portion->first;
    }
    DeviceChange change;
    change.imported_under = portion->choice_version;
    for (store::ImportPortion::Item& item : portion->items)
        if (const auto title = parse_system_title(item.address))
            change.imported.emplace_back(*title, std::move(item.write));
    imports_under_way_ = apply_portion(std::move(change));
}

} // namespace releve::app
