#pragma once
// What the sources of AdminStore share.

#include "session.hpp"

#include <releve/store/admin_store.hpp>

namespace releve::store {

struct AdminStore::Impl {
    Session session;
    ModelLookup models;
};

struct AuditNote {
    const char* action;
    std::string organisation = {}, usage_point = {}, detail = {};
};
void note_change(Work& work, const AuditNote& note);

/// One meter row, and what belongs to it; the address of a meter that changed elsewhere joins `touched`.
struct Import {
    Work& work;
    const crypto::Key256& master;
    const std::string& organisation;
    ImportSummary summary = {};
    std::vector<std::string> touched = {}; // addresses of which the collector must hear
};
[[nodiscard]] result<void> import_row(Import& import, const MeterImportRow& row);

/// Half-hours of the usage point become daily totals, and are erased wherever they are.
[[nodiscard]] result<void> reduce_to_totals(Work& work, const UsagePointId& id, const ModelLookup& models);

/// As AdminStore::ask_job, in a transaction that is open. Hears of it at once: whoever carries jobs out.
[[nodiscard]] std::int64_t queue_job(Work& work, const JobAsked& asked);

/// Tells the collector to load these devices again; all of them when there are many.
void notify_devices(Work& work, const std::vector<std::string>& addresses);

} // namespace releve::store
