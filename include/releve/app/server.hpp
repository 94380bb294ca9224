#pragma once
// The whole product in one process: database, models, keys, collector, API. Owns everything; starts and stops it in a
// stated order.

#include <releve/app/config.hpp>
#include <releve/app/counters.hpp>
#include <releve/crypto/secret.hpp>
#include <releve/store/database.hpp>

#include <memory>

namespace releve::app {

struct ServerOptions {
    bool collect = true; // listeners and writers
    bool api = true;     // REST and page
    std::function<void(std::string_view)> say; // progress for people, before it is ready
};

class Server {
public:
    [[nodiscard]] static result<std::unique_ptr<Server>> start(const Config& config, ServerOptions options);
    ~Server(); // stops
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    struct Ports {
        std::uint16_t dlms_tcp = 0, dlms_tls = 0, uplink = 0, api = 0; // 0: not listening
    };
    [[nodiscard]] Ports ports() const;
    [[nodiscard]] const store::DatabaseAddress& database() const;
    [[nodiscard]] const crypto::Key256& master_key() const;
    [[nodiscard]] const Counters& counters() const;
    /// "ready: meters on 127.0.0.1:4059 (TCP), ..."
    [[nodiscard]] std::string ready_line() const;

    /// Certificates and meter models are read again; what is open stays open. The first error, if any; the old ones go
    /// on then.
    [[nodiscard]] result<void> reload();
    /// Stop accepting, commit what is queued, answer it, close, write the counters down. Bounded: what the database
    /// does not take within 30 s is left unconfirmed. Idempotent.
    void stop();

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::app
