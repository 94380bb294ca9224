#include "collector.hpp"

#include <releve/app/environment.hpp>
#include <releve/crypto/aes.hpp>

#include <spdlog/spdlog.h>

#include <csignal>
#include <future>

#include <unistd.h>

namespace releve::app {

using namespace std::chrono_literals;

namespace {

constexpr auto housekeeping_every = 10min;
constexpr auto drain_at_most = 30s;
constexpr auto load_all_after = 5min;
constexpr auto give_way_after = 2min;
constexpr auto predecessor_at_most = 15s; // a killed one's connection ends when the database has noticed
constexpr auto goodbye_at_most = 5s;
constexpr std::size_t retries_at_once = 4'000;
constexpr std::chrono::days partitions_ahead{62};
constexpr std::chrono::days month_rests{7}; // by then most of what comes late has come
constexpr auto night_begins = 1h, night_ends = 5h;

class DatabaseWriter final : public ReadingWriter {
public:
    DatabaseWriter(store::DatabaseAddress address, std::size_t writer) : writer_(std::move(address), static_cast<int>(writer)) {}
    std::optional<store::BatchResult> write(const store::BatchWriter::Request& request) override
    {
        return writer_.write(request);
    }
    std::size_t deferred() const override { return writer_.deferred(); }
    bool fold_is_due() const override { return writer_.fold_is_due(); }
    std::optional<bool> fold(const store::BatchWriter::Request& request) override { return writer_.fold(request); }
    std::size_t due() const override { return writer_.due(); }
    bool look_is_due(bool busy) const override { return writer_.look_is_due(busy); }
    void look_later(std::span<const MeterId> meters) override { writer_.look_later(meters); }
    void forget(std::span<const MeterId> meters) override { writer_.forget(meters); }
    std::optional<std::size_t> look(const store::BatchWriter::Request& request) override { return writer_.look(request); }
    std::vector<std::string> take_unjudged() override { return writer_.take_unjudged(); }

private:
    store::BatchWriter writer_;
};

net::InboundFrame frame_of(store::QuarantineRow row)
{
    net::InboundFrame frame;
    frame.apdu = std::move(row.frame);
    frame.received_at = row.received_at;
    frame.peer = std::make_shared<const std::string>(row.peer);
    frame.retry_of = row.id;
    if (const auto kind = parse_protocol(row.protocol))
        frame.kind = *kind;
    if (frame.kind == net::FrameKind::wize) // whether its CRC had to be there was asked when it came
        frame.gateway = std::make_shared<const net::GatewayPeer>(net::GatewayPeer{row.gateway, true});
    if (auto title = parse_system_title(row.system_title))
        frame.session_title = *title;
    return frame;
}

} // namespace

result<void> ModelShelf::load(const std::filesystem::path& dir)
{
    RELEVE_TRY(registry, ModelRegistry::load(dir));
    const std::scoped_lock lock{mutex_};
    all_.push_back(std::make_shared<const ModelRegistry>(std::move(registry)));
    return {};
}

std::shared_ptr<const ModelRegistry> ModelShelf::current() const
{
    const std::scoped_lock lock{mutex_};
    RELEVE_ASSERT(!all_.empty());
    return all_.back();
}

Collector::Collector(const Config& config, store::DatabaseAddress address, crypto::Key256 master, ModelShelf& models,
                     Counters& counters)
    : config_(config), address_(std::move(address)), master_(master), models_(models), counters_(counters)
{}

result<std::unique_ptr<Collector>> Collector::start(const Config& config, store::DatabaseAddress address,
                                                    crypto::Key256 master, ModelShelf& models, Counters& counters)
{
    std::unique_ptr<Collector> self{new Collector{config, std::move(address), master, models, counters}};
    RELEVE_CHECK(self->load_rules());
    RELEVE_CHECK(self->claim_database());
    self->make_partitions();
    self->start_ingest();
    self->load_all_devices();
    self->hand_over_due(true);
    self->begin_reading_deferred();
    RELEVE_CHECK(self->read_all_deferred());
    RELEVE_CHECK(self->open_listeners());
    const auto now = std::chrono::steady_clock::now();
    self->next_checkpoint_ = now + std::chrono::seconds{config.collector.checkpoint_s};
    self->next_housekeeping_ = now + housekeeping_every;
    self->maintenance_ = std::thread{[collector = self.get()] { collector->run_maintenance(); }};
    return self;
}

Collector::~Collector()
{
    stop();
}

store::CollectStore& Collector::store()
{
    if (!store_)
        store_ = std::make_unique<store::CollectStore>(address_);
    return *store_;
}

result<void> Collector::claim_database()
{
    const auto until = std::chrono::steady_clock::now() + predecessor_at_most;
    while (!store().claim()) {
        if (std::chrono::steady_clock::now() > until)
            return fail(errc::unavailable, "another collector works on this database; stop it first");
        std::this_thread::sleep_for(100ms);
    }
    return {};
}

void Collector::make_partitions()
{
    const CivilDay today = paris().day_of(wall_clock());
    const CivilDay from = std::min(today, store().earliest_installation().value_or(today));
    store::CollectStore::ensure_partitions(address_, from, today + partitions_ahead);
}

void Collector::start_ingest()
{
    const auto& c = config_.collector;
    IngestOptions options;
    options.writers = static_cast<std::size_t>(c.writers);
    options.queue_frames = static_cast<std::size_t>(c.queue_frames);
    options.batch_frames = static_cast<std::size_t>(c.batch_frames);
    options.batch_wait = std::chrono::milliseconds{c.batch_wait_ms};
    options.rules.acknowledgement_title = parse_system_title(c.acknowledgement_system_title).value();
    options.rules.general_ciphering = c.general_ciphering;
    options.rules.zone = &paris();
    options.now = wall_clock;
    options.make_writer = [address = address_](std::size_t writer) { return std::make_unique<DatabaseWriter>(address, writer); };
    options.log = [](std::string_view line) { spdlog::error("{}", line); };
    ingest_ = std::make_unique<Ingest>(std::move(options), counters_.ingest, store().last_batch());
    ingest_->on_reprocessed([this](std::vector<std::int64_t> ids) {
        const std::scoped_lock lock{done_mutex_};
        reprocessed_.insert(reprocessed_.end(), ids.begin(), ids.end());
    });
    ingest_->on_fold_refused([this] { fold_refused_ = true; });
    ingest_->on_import_refused([this](std::vector<store::ImportRefusal> refused) {
        const std::scoped_lock lock{done_mutex_};
        std::ranges::move(refused, std::back_inserter(imports_refused_));
    });
}

// ---------------------------------------------------------------------- devices

void Collector::load_all_devices()
{
    auto [version, rows] = store().load_devices();
    std::vector<std::string> addresses;
    for (const store::DeviceRow& row : rows)
        addresses.push_back(row.address);
    const auto states = store().load_replay_states();
    auto retries = store().load_retries(addresses, retries_at_once);
    for (store::QuarantineRow& row : store().load_requested_retries(retries_at_once))
        retries.push_back(std::move(row)); // asked for while no collector ran
    // Whether or not its meter is served now or says anything more, the next checkpoint takes these out of the batches.
    for (const store::ReplayRow& state : states)
        if (state.from_batches)
            unsaved_[state.meter] = state;
    choice_version_ = version;
    load_all_at_.reset();
    load_check_plan();
    apply_rows(std::move(rows), states, std::move(retries), version);
}

void Collector::load_devices(const std::vector<std::string>& addresses)
{
    make_partitions(); // a newly installed meter may bring readings of earlier months
    auto [version, rows] = store().load_devices(addresses);
    // Until all are loaded again every batch looks the choices of its meters up: correct, and a little slower.
    if (version != choice_version_ && !load_all_at_)
        load_all_at_ = std::chrono::steady_clock::now() + load_all_after;
    apply_rows(std::move(rows), {}, store().load_retries(addresses, retries_at_once), std::nullopt);
}

std::shared_ptr<const std::vector<wize::NetworkKey>> Collector::load_networks()
{
    auto networks = std::make_shared<std::vector<wize::NetworkKey>>();
    for (const store::NetworkRow& row : store().load_networks()) {
        auto kmac = crypto::unwrap_secret(master_, row.kmac, store::network_key_context(row.netid));
        if (!kmac) {
            spdlog::error("network {}: {}", row.netid, to_string(kmac.error()));
            continue;
        }
        if (const auto key = crypto::Key128::from(*kmac))
            networks->push_back({row.netid, *key});
        crypto::wipe(kmac->data(), kmac->size());
    }
    return networks;
}

void Collector::apply_rows(std::vector<store::DeviceRow> rows, const std::vector<store::ReplayRow>& states,
                           std::vector<store::QuarantineRow> retries, std::optional<std::int64_t> choice_version)
{
    std::map<MeterId, const store::ReplayRow*> state_of;
    for (const store::ReplayRow& row : states)
        state_of[row.meter] = &row;
    const auto models = models_.current();
    DeviceChange change;
    change.choice_version = choice_version;
    if (choice_version) // all devices: a changed network is told as a change of all
        change.networks = load_networks();
    for (const store::DeviceRow& row : rows) {
        if (row.protocol == "import")
            continue; // nothing calls under its address
        auto device = make_device(row, master_, *models);
        if (!device) {
            spdlog::error("meter {}: {}", row.address, to_string(device.error()));
            continue;
        }
        if (to_text(device->title) == config_.collector.acknowledgement_system_title) {
            spdlog::error("meter {}: has the system title of our own confirmations; it is not served", row.address);
            continue;
        }
        if (const auto found = state_of.find(row.meter); found != state_of.end())
            restore_replay(*device, *found->second);
        served_.insert(row.meter);
        change.devices.push_back(std::move(*device));
    }
    for (store::QuarantineRow& row : retries)
        change.retries.push_back(frame_of(std::move(row)));
    ingest_->apply(std::move(change));
}

// ---------------------------------------------------------------------- maintenance

void Collector::run_maintenance()
{
    while (!stopping_) {
        try {
            maintain_once();
            claim_lost_since_.reset();
        } catch (const store::ClaimLost& e) {
            give_way(e.what());
        } catch (const std::exception& e) {
            ++counters_.ingest.database_lost;
            spdlog::error("maintenance: {}", e.what());
            claim_lost_since_.reset();
            breathe();
        }
    }
}

/// Our old connection may still count as ours for a while; then the place is another's, and this process ends.
void Collector::give_way(const char* why)
{
    const auto now = std::chrono::steady_clock::now();
    if (!claim_lost_since_) {
        claim_lost_since_ = now;
        spdlog::warn("maintenance: {}", why);
    } else if (now - *claim_lost_since_ > give_way_after) {
        spdlog::critical("{}: this one stops, so that each meter has one", why);
        ::kill(::getpid(), SIGTERM);
        claim_lost_since_ = now + std::chrono::hours{1}; // said once
    }
    breathe();
}

void Collector::breathe()
{
    reload_requested_ = true; // a notification may have been missed: a key, a choice
    for (int i = 0; i < 10 && !stopping_; ++i)
        std::this_thread::sleep_for(100ms);
}

void Collector::maintain_once()
{
    for (const std::string& payload : store().wait_for_notifications(undecoded_after_ || deferred_after_ || !imports_under_way_.expired() ? 20ms : 500ms))
        take_notification(payload);
    if (reload_requested_.exchange(false) || (load_all_at_ && std::chrono::steady_clock::now() > *load_all_at_))
        load_all_devices();
    {
        std::vector<std::int64_t> done;
        {
            const std::scoped_lock lock{done_mutex_};
            done.swap(reprocessed_);
        }
        if (!done.empty()) {
            store().forget_undecoded(done);
            spdlog::info("{} messages that no layout explained are now readings", done.size());
        }
    }
    try_undecoded();
    if (fold_refused_.exchange(false)) {
        make_partitions();
        load_all_devices();
        begin_reading_deferred();
    }
    read_deferred();
    run_imports();
    const auto now = std::chrono::steady_clock::now();
    run_jobs();
    if (now >= next_checkpoint_) {
        checkpoint();
        if (const auto silent = store().note_silences(wall_clock(), listening_since_); silent > 0)
            spdlog::warn("{} meters were not heard for far longer than is usual for them", silent);
        next_checkpoint_ = now + std::chrono::seconds{config_.collector.checkpoint_s};
    }
    if (now >= next_housekeeping_) {
        make_partitions();
        const auto& r = config_.retention;
        store().prune({.archive_days = static_cast<int>(r.archive_days),
                       .quarantine_days = static_cast<int>(r.quarantine_days),
                       .quarantine_rows = r.quarantine_rows,
                       .quarantine_rows_per_title = r.quarantine_rows_per_meter},
                      wall_clock());
        store().expire_commands(wall_clock());
        if (store().look_at_gaps(wall_clock(), std::chrono::hours{config_.validation.estimate_after_h}))
            hand_over_due(false);
        close_a_month();
        next_housekeeping_ = now + housekeeping_every;
    }
}

/// At night, one table at a time: it is locked while it is repacked.
void Collector::close_a_month()
{
    const Instant now = wall_clock();
    const CivilDay today = paris().day_of(now);
    const Instant midnight = paris().start_of(today, Seconds{0});
    if (now < midnight + night_begins || now >= midnight + night_ends)
        return;
    if (store::CollectStore::close_months(address_, today - month_rests, 1) > 0)
        spdlog::info("a month that has ended was repacked");
}

void Collector::take_notification(const std::string& payload)
{
    const auto colon = payload.find(':');
    const std::string kind = payload.substr(0, colon);
    const std::string what = colon == std::string::npos ? "" : payload.substr(colon + 1);
    if (kind == "devices" && what == "*") {
        make_partitions();
        load_all_devices();
    } else if (kind == "devices") {
        std::vector<std::string> addresses;
        for (std::size_t at = 0; at < what.size();) {
            const auto comma = std::min(what.find(',', at), what.size());
            addresses.push_back(what.substr(at, comma - at));
            at = comma + 1;
        }
        load_devices(addresses);
    } else if (kind == "retry") {
        DeviceChange change;
        for (store::QuarantineRow& row : store().load_requested_retries(retries_at_once))
            change.retries.push_back(frame_of(std::move(row)));
        ingest_->apply(std::move(change));
    } else if (kind == "check") {
        load_check_plan();
        hand_over_due(false);
    } else if (kind == "reprocess") {
        reprocess();
    }
}

/// Under the models as they are on disk now, so that a model added as a file explains what waited for it.
void Collector::reprocess()
{
    if (auto loaded = models_.load(config_.models.dir); !loaded) {
        spdlog::error("reprocess: {}", to_string(loaded.error()));
        return;
    }
    load_all_devices();
    undecoded_after_ = 0;
    undecoded_tried_ = 0;
}

void Collector::checkpoint()
{
    Ingest::Checkpoint state = ingest_->checkpoint();
    for (store::ReplayRow& row : state.rows)
        unsaved_[row.meter] = std::move(row);
    if (unsaved_.empty() && state.up_to == saved_up_to_)
        return;
    std::vector<store::ReplayRow> rows;
    for (const auto& [meter, row] : unsaved_)
        rows.push_back(row);
    store().save_replay_states(rows, state.up_to);
    saved_up_to_ = state.up_to;
    unsaved_.clear(); // only now: what was not saved is saved with the next ones
}

void Collector::stop()
{
    if (stopping_.exchange(true))
        return;
    for (net::Listener* listener : {tcp_.get(), tls_.get()})
        if (listener)
            listener->stop_accepting();
    if (uplink_)
        uplink_->stop_accepting();
    if (ingest_) {
        // The batch that is being written is no longer in the queue: only the writers' end tells that all is committed.
        auto drained = std::async(std::launch::async, [this] { ingest_->drain_and_stop(); });
        if (drained.wait_for(drain_at_most) != std::future_status::ready) {
            spdlog::error("stop: the database does not take what was received; none of it was confirmed");
            ingest_->abandon();
        }
        drained.get();
    }
    if (maintenance_.joinable())
        maintenance_.join();
    if (desk_)
        desk_->drain_and_stop(); // what the writers have decided is acknowledged
    for (net::Listener* listener : {tcp_.get(), tls_.get()})
        if (listener)
            listener->close_sessions();
    if (uplink_)
        uplink_->close_sessions();
    const auto until = std::chrono::steady_clock::now() + goodbye_at_most;
    while (open_sessions() > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(10ms);
    guards_.clear();
    for (const auto& context : contexts_)
        context->stop();
    for (std::thread& thread : network_threads_)
        thread.join();
    if (open_sessions() > 0) {
        // Sessions that did not go hold sockets of several contexts: the process is about to end, let them be.
        for (auto& context : contexts_)
            static_cast<void>(context.release());
    }
    try {
        if (ingest_)
            checkpoint();
    } catch (const std::exception& e) {
        spdlog::warn("stop: the counters were not written down ({}); they are found again from the batches", e.what());
    }
}

} // namespace releve::app
