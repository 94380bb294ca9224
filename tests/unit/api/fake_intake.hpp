#pragma once
// An Intake in memory: keeps what it was given, and lets a test hold it.

#include <releve/api/intake.hpp>

#include <algorithm>
#include <mutex>
#include <semaphore>

namespace releve::tests {

class FakeIntake final : public api::Intake {
public:
    std::vector<store::ImportRow> rows;
    std::vector<std::string> files; // their bytes
    std::vector<std::string> tariffs;
    std::counting_semaphore<64>*gate = nullptr, *entered = nullptr; // when set, taking a file waits

    result<api::TakenFile> take(const store::Identity& who, const api::SentFile& file, Instant now) override
    {
        if (gate != nullptr) {
            entered->release();
            gate->acquire();
        }
        const std::lock_guard lock(mutex_);
        if (file.bytes.starts_with("nothing"))
            return fail(errc::bad_csv, "nothing of the file could be read: line 1: Valeur: is no number");
        if (const auto before = std::ranges::find(files, file.bytes); before != files.end() && !rows.empty())
            return api::TakenFile{rows.at(static_cast<std::size_t>(before - files.begin())), true};
        store::ImportRow row;
        row.id = static_cast<std::int64_t>(rows.size()) + 1;
        row.file_name = file.name;
        row.format = "enedis_curve";
        row.flow = "R151";
        row.number = row.id;
        row.state = "staged";
        row.asked_by = who.label;
        row.asked_at = now;
        row.proven = who.role != store::Role::household;
        row.usage_points = {file.usage_point.empty() ? "14123456789012" : file.usage_point};
        row.problems = 3;
        row.lines = {{6, "Valeur", "\"many\" is no number"}, {0, "14999999999999", "there is no such usage point (48 values)"}};
        row.detail = "14123456789012: only daily totals are kept of it\n";
        rows.push_back(row);
        files.emplace_back(file.bytes);
        return api::TakenFile{row, false};
    }
    std::vector<store::ImportRow> imports(const store::Identity&, const store::Page& page) override
    {
        const std::lock_guard lock(mutex_);
        std::vector<store::ImportRow> out;
        for (auto row = rows.rbegin(); row != rows.rend() && out.size() < static_cast<std::size_t>(page.limit); ++row)
            if (page.after.empty() || row->id < std::stoll(page.after))
                out.push_back(*row);
        return out;
    }
    result<store::ImportRow> import(const store::Identity&, std::int64_t id) override
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::ranges::find(rows, id, &store::ImportRow::id);
        if (found == rows.end())
            return fail(errc::not_found, "there is no import " + std::to_string(id));
        return *found;
    }
    std::vector<store::FlowSeen> missing(const store::Identity&) override { return {{"R151", "ERDF_1", {2, 4}}}; }
    result<AddedTariff> add_tariff(const store::Identity&, std::string_view json) override
    {
        const std::lock_guard lock(mutex_);
        if (!json.starts_with("{"))
            return fail(errc::bad_tariff, "document:1: /tariff: missing");
        const bool added = std::ranges::find(tariffs, json) == tariffs.end();
        if (added)
            tariffs.emplace_back(json);
        return AddedTariff{"tariff", "own", 2, added};
    }

private:
    std::mutex mutex_;
};

} // namespace releve::tests
