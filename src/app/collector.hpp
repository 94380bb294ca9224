#pragma once
// The collector's half of the server: devices, writers, listeners, and the thread that looks after them. Private to
// src/app.

#include <releve/app/config.hpp>
#include <releve/app/ingest.hpp>
#include <releve/app/uplink_desk.hpp>
#include <releve/net/listener.hpp>
#include <releve/net/uplink_server.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

namespace releve::app {

/// The models in use; earlier ones stay alive, because devices point into them.
class ModelShelf {
public:
    [[nodiscard]] result<void> load(const std::filesystem::path& dir);
    [[nodiscard]] std::shared_ptr<const ModelRegistry> current() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const ModelRegistry>> all_;
};

class Collector {
public:
    [[nodiscard]] static result<std::unique_ptr<Collector>> start(const Config& config, store::DatabaseAddress address,
                                                                  crypto::Key256 master, ModelShelf& models,
                                                                  Counters& counters);
    ~Collector();

    [[nodiscard]] std::uint16_t tcp_port() const { return tcp_ ? tcp_->port() : std::uint16_t{0}; }
    [[nodiscard]] std::uint16_t tls_port() const { return tls_ ? tls_->port() : std::uint16_t{0}; }
    [[nodiscard]] std::uint16_t uplink_port() const { return uplink_ ? uplink_->port() : std::uint16_t{0}; }
    [[nodiscard]] std::size_t open_sessions() const;
    [[nodiscard]] result<void> reload_tls();
    /// All devices again, under the models of now.
    void reload_devices() { reload_requested_ = true; }
    void stop();

private:
    Collector(const Config& config, store::DatabaseAddress address, crypto::Key256 master, ModelShelf& models,
              Counters& counters);
    void load_all_devices();
    void load_devices(const std::vector<std::string>& addresses);
    void apply_rows(std::vector<store::DeviceRow> rows, const std::vector<store::ReplayRow>& states,
                    std::vector<store::QuarantineRow> retries, std::optional<std::int64_t> choice_version);
    [[nodiscard]] std::shared_ptr<const std::vector<wize::NetworkKey>> load_networks();
    [[nodiscard]] result<void> claim_database();
    void make_partitions();
    void start_ingest();
    [[nodiscard]] result<void> open_listeners();
    [[nodiscard]] result<std::unique_ptr<net::Listener>> open_listener(const Endpoint& endpoint, net::TlsContext tls);
    [[nodiscard]] result<net::TlsContext> make_tls() const;
    [[nodiscard]] result<net::TlsContext> make_uplink_tls() const;
    [[nodiscard]] result<void> open_uplink(const Endpoint& endpoint);
    [[nodiscard]] std::vector<boost::asio::io_context*> io_contexts() const;

    void run_maintenance();
    void maintain_once();
    void take_notification(const std::string& payload);
    void reprocess();
    [[nodiscard]] std::weak_ptr<void> apply_portion(DeviceChange change);
    void try_undecoded();
    void close_a_month();
    void begin_reading_deferred();
    void read_deferred();
    [[nodiscard]] result<void> read_all_deferred();
    [[nodiscard]] result<void> load_rules();
    void load_check_plan();
    void hand_over_due(bool all);
    void run_jobs();
    void run_imports();
    void give_way(const char* why);
    void breathe();
    void checkpoint();
    store::CollectStore& store();

    const Config& config_;
    store::DatabaseAddress address_;
    crypto::Key256 master_;
    ModelShelf& models_;
    Counters& counters_;
    std::unique_ptr<store::CollectStore> store_; // the maintenance thread's, and before it runs the starter's
    std::unique_ptr<Ingest> ingest_;
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
    std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
    std::vector<std::thread> network_threads_;
    std::unique_ptr<UplinkDesk> desk_;
    std::unique_ptr<net::Listener> tcp_, tls_;
    std::unique_ptr<net::UplinkServer> uplink_;
    std::thread maintenance_;
    std::atomic<bool> stopping_{false}, reload_requested_{false};
    std::chrono::steady_clock::time_point next_checkpoint_, next_housekeeping_;
    std::optional<std::chrono::steady_clock::time_point> claim_lost_since_;
    std::optional<std::int64_t> undecoded_after_ = 0; // a model may have been added while no collector ran
    std::weak_ptr<void> undecoded_under_way_;
    std::size_t undecoded_tried_ = 0;
    std::set<MeterId> served_;
    std::optional<BatchNumber> deferred_after_;     // while what earlier processes deferred is read
    BatchNumber deferred_up_to_;
    std::vector<std::int64_t> deferred_batches_;    // of the portion under way
    std::weak_ptr<void> deferred_under_way_;
    std::size_t deferred_read_ = 0;
    std::atomic<bool> fold_refused_{false};
    std::int64_t choice_version_ = -1;
    std::optional<std::chrono::steady_clock::time_point> load_all_at_;
    engine::RuleBook rules_;
    std::map<std::string, std::string> group_rules_; // as the plan in use was made
    std::shared_ptr<const ModelRegistry> plan_models_;
    std::shared_ptr<const store::CheckPlan> plan_;
    Instant listening_since_{};
    BatchNumber saved_up_to_{};
    std::map<MeterId, store::ReplayRow> unsaved_; // what the next checkpoint writes down, with what the writers then have
    std::mutex done_mutex_;
    std::vector<std::int64_t> reprocessed_;
    std::vector<store::ImportRefusal> imports_refused_;
    std::unique_ptr<store::ImportCarrier> carrier_;
    std::shared_ptr<const ModelRegistry> carrier_models_;
    std::weak_ptr<void> imports_under_way_;
    std::optional<CivilDay> imports_from_; // months up from here have partitions
};

} // namespace releve::app
