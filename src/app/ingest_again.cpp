// Frames that were committed before and are read once more: under another model, or from the archive. And parts of files, which
// are no frames: no device has a say in them.

#include "ingest_shard.hpp"

namespace releve::app {

/// A committed frame names its meter by number.
std::unordered_map<MeterId, Device*> Ingest::Shard::devices_by_meter()
{
    std::unordered_map<MeterId, Device*> own;
    for (auto& [title, device] : devices_)
        own.emplace(device.meter, &device);
    return own;
}

void Ingest::Shard::reprocess(const std::vector<store::UndecodedRow>& rows)
{
    const auto own = devices_by_meter();
    Batch batch;
    for (const store::UndecodedRow& row : rows) {
        const auto found = own.find(row.meter);
        if (found == own.end())
            continue;
        auto write = judge_again(*found->second, row, rules_);
        if (!write)
            continue;
        batch.writes.push_back(std::move(*write));
        batch.reprocessed.push_back(row.id);
    }
    if (!batch.writes.empty())
        commit(batch);
}

namespace {

/// A confirmed frame that cannot be read, or whose readings are refused: it waits with those that no layout explains.
store::FrameWrite waiting_frame(const store::ArchivedFrame& row, std::string reason)
{
    store::FrameWrite write;
    write.meter = row.meter;
    write.generation = row.generation;
    write.counter = row.counter;
    write.digest = row.digest;
    write.received_at = row.received_at;
    write.archive = row.frame;
    write.again = true;
    write.undecoded = true;
    write.undecoded_reason = std::move(reason);
    return write;
}

} // namespace

/// Under the devices as they are now.
void Ingest::Shard::read_again(const std::vector<store::DeferredRow>& rows)
{
    const auto own = devices_by_meter();
    Batch batch;
    std::vector<const store::DeferredRow*> of_batch; // one for each write
    const auto flush = [&] {
        if (batch.writes.empty())
            return;
        const auto result = write(batch);
        Batch refused;
        for (std::size_t i = 0; result && i < of_batch.size(); ++i)
            if (result->outcomes[i] == store::FrameOutcome::refused && !batch.writes[i].undecoded)
                refused.writes.push_back(waiting_frame(*of_batch[i], result->reasons[i]));
        if (!refused.writes.empty())
            static_cast<void>(write(refused));
        batch = {};
        of_batch.clear();
    };
    for (const store::DeferredRow& row : rows) {
        const auto found = own.find(row.meter);
        if (found == own.end() && (row.served || index_ != 0))
            continue; // another writer's
        auto write = found == own.end() ? fail(errc::unknown_meter, "its meter is not served")
                                        : judge_again(*found->second, row, rules_);
        if (!write)
            write = waiting_frame(row, to_string(write.error()));
        write->again = true;
        batch.writes.push_back(std::move(*write));
        of_batch.push_back(&row);
        if (batch.writes.size() >= owner_.options_.batch_frames)
            flush();
    }
    flush();
}

void Ingest::Shard::write_imported(DeviceChange& change)
{
    Batch batch;
    batch.judged_under = change.imported_under;
    for (auto& [title, write] : change.imported)
        batch.writes.push_back(std::move(write));
    const auto result = write(batch);
    if (!result)
        return; // the next start finds the parts where they are
    std::vector<store::ImportRefusal> refused;
    for (std::size_t i = 0; i < batch.writes.size(); ++i)
        if (result->outcomes[i] == store::FrameOutcome::refused)
            refused.push_back({*batch.writes[i].imported, result->reasons[i]});
    if (!refused.empty() && owner_.import_refused_)
        owner_.import_refused_(std::move(refused));
}

} // namespace releve::app
