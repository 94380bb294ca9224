// The collector's part in the checks of readings: which rules are in force, which meters are due.

#include "collector.hpp"

#include <releve/app/environment.hpp>
#include <releve/app/rule_files.hpp>

#include <spdlog/spdlog.h>

namespace releve::app {

result<void> Collector::load_rules()
{
    RELEVE_TRY(rules, app::load_rules(config_.validation.rules));
    rules_ = rules;
    listening_since_ = wall_clock();
    return {};
}

/// A new plan makes the writers forget what they know of their meters, so there is one only if something changed.
void Collector::load_check_plan()
{
    const auto models = models_.current();
    auto texts = store().load_group_rules();
    if (plan_ && plan_models_ == models && texts == group_rules_)
        return;
    auto plan = std::make_shared<store::CheckPlan>();
    plan->models = [models](std::string_view name) { return models->find(name); };
    plan->rules = rules_;
    plan->estimate_after = std::chrono::hours{config_.validation.estimate_after_h};
    for (const auto& [group, text] : texts) {
        if (const auto change = parse_rule_override(text, "rules of group " + group))
            plan->group_rules.emplace(group, overlay_rules(rules_, *change));
        else
            spdlog::error("{}", to_string(change.error())); // the group is judged by the common rules
    }
    plan_models_ = models;
    group_rules_ = std::move(texts);
    plan_ = plan;
    DeviceChange change;
    change.checks = plan_;
    ingest_->apply(std::move(change));
}

void Collector::hand_over_due(bool all)
{
    DeviceChange change;
    for (const auto& due : store().load_due(all))
        if (const auto title = parse_system_title(due.address))
            change.due.emplace_back(*title, due.meter);
    if (!change.due.empty())
        ingest_->apply(std::move(change));
}

void Collector::run_jobs()
{
    const auto step = store().run_jobs(wall_clock());
    if (!step)
        return;
    if (step->finished)
        spdlog::info("job {} ({}): done, {} meters", step->job, step->kind, step->done);
    else
        hand_over_due(false);
}

} // namespace releve::app
