#include "ingest_shard.hpp"

namespace releve::app {

BatchNumber BatchNumbers::next()
{
    const std::scoped_lock lock{mutex_};
    open_.insert(++last_);
    return {last_};
}

void BatchNumbers::decided(BatchNumber number)
{
    const std::scoped_lock lock{mutex_};
    open_.erase(number.value);
}

BatchNumber BatchNumbers::watermark() const
{
    const std::scoped_lock lock{mutex_};
    return {open_.empty() ? last_ : *open_.begin() - 1};
}

Ingest::Ingest(IngestOptions options, IngestCounters& counters, BatchNumber last_batch)
    : options_(std::move(options)), counters_(counters), numbers_(last_batch)
{
    RELEVE_ASSERT(options_.writers > 0 && options_.rules.zone);
    for (std::size_t i = 0; i < options_.writers; ++i)
        shards_.push_back(std::make_unique<Shard>(*this, i));
}

Ingest::~Ingest()
{
    abandon();
    drain_and_stop();
}

Ingest::Shard& Ingest::shard_of(const SystemTitle& title)
{
    return *shards_[TitleHash{}(title) % shards_.size()];
}

bool Ingest::try_submit(net::InboundFrame& frame)
{
    Route route = route_of(frame);
    if (!route.title && !route.logical_device_name.empty()) {
        const std::scoped_lock lock{mutex_};
        if (const auto found = titles_by_name_.find(route.logical_device_name); found != titles_by_name_.end())
            route.title = found->second;
    }
    Shard& shard = route.title ? shard_of(*route.title) : *shards_.front();
    return shard.try_push(frame, route.title);
}

void Ingest::when_space(std::function<void()> wake)
{
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& shard : shards_)
            if (shard->full()) {
                waiters_.push_back(std::move(wake));
                return;
            }
    }
    wake();
}

void Ingest::space_again()
{
    std::vector<std::function<void()>> waiters;
    {
        const std::scoped_lock lock{mutex_};
        waiters.swap(waiters_);
    }
    for (const auto& wake : waiters)
        wake();
}

void Ingest::apply(DeviceChange change)
{
    std::vector<DeviceChange> parts(shards_.size());
    const auto part_of = [&](const SystemTitle& title) -> DeviceChange& {
        return parts[TitleHash{}(title) % shards_.size()];
    };
    {
        const std::scoped_lock lock{mutex_};
        for (const Device& device : change.devices)
            if (device.policy == dlms::Policy::clear)
                titles_by_name_[device.serial] = device.title;
    }
    for (Device& device : change.devices)
        part_of(device.title).devices.push_back(std::move(device));
    for (net::InboundFrame& frame : change.retries)
        if (const Route route = route_of(frame); route.title)
            part_of(*route.title).retries.push_back(std::move(frame));
    for (const auto& due : change.due)
        part_of(due.first).due.push_back(due);
    for (auto& imported : change.imported)
        part_of(imported.first).imported.push_back(std::move(imported));
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        parts[i].imported_under = change.imported_under;
        parts[i].checks = change.checks;
        // A waiting frame is known by its meter's number only; each writer takes those of its own meters.
        parts[i].undecoded = change.undecoded;
        parts[i].deferred = change.deferred;
        parts[i].while_applied = change.while_applied;
        parts[i].choice_version = change.choice_version;
        parts[i].networks = change.networks;
        shards_[i]->post(std::move(parts[i]));
    }
}

void Ingest::on_reprocessed(std::function<void(std::vector<std::int64_t>)> done)
{
    reprocessed_ = std::move(done);
}

void Ingest::on_fold_refused(std::function<void()> refused)
{
    fold_refused_ = std::move(refused);
}

void Ingest::on_import_refused(std::function<void(std::vector<store::ImportRefusal>)> refused)
{
    import_refused_ = std::move(refused);
}

Ingest::Checkpoint Ingest::checkpoint()
{
    // The watermark first: what is decided by now is in the writers' memory when they are asked.
    Checkpoint checkpoint{.rows = {}, .up_to = numbers_.watermark()};
    std::vector<std::future<std::vector<store::ReplayRow>>> parts;
    for (const auto& shard : shards_)
        parts.push_back(shard->collect_replay_states());
    for (auto& part : parts) {
        std::vector<store::ReplayRow> rows = part.get();
        std::move(rows.begin(), rows.end(), std::back_inserter(checkpoint.rows));
    }
    return checkpoint;
}

std::size_t Ingest::queued() const
{
    std::size_t count = 0;
    for (const auto& shard : shards_)
        count += shard->queued();
    return count;
}

void Ingest::drain_and_stop()
{
    for (const auto& shard : shards_)
        shard->stop(true);
    for (const auto& shard : shards_)
        shard->join();
    space_again();
}

void Ingest::abandon()
{
    for (const auto& shard : shards_)
        shard->stop(false);
}

} // namespace releve::app
