#pragma once
// What is known of gateways and their batches, from the database: one thread with one connection that answers questions and
// writes all acknowledgements that wait in one transaction.

#include <releve/net/uplink_server.hpp>
#include <releve/store/uplink_ledger.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <variant>

namespace releve::app {

class UplinkDesk final : public net::UplinkLedger {
public:
    /// `log`: one line, no personal data.
    UplinkDesk(store::DatabaseAddress address, std::function<Instant()> now, std::function<void(std::string_view)> log);
    ~UplinkDesk() override;
    UplinkDesk(const UplinkDesk&) = delete;
    UplinkDesk& operator=(const UplinkDesk&) = delete;

    void look_up(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest,
                 std::function<void(Looked)> done) override;
    void acknowledge(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest, Bytes ack,
                     std::function<void(bool)> done) override;
    void state_of(const std::string& gateway, std::function<void(State)> done) override;

    /// Does what waits, once, then answers everything "unavailable".
    void drain_and_stop();

private:
    struct Question {
        std::string gateway;
        std::uint64_t sequence, digest;
        std::function<void(Looked)> done;
    };
    struct StateQuestion {
        std::string gateway;
        std::function<void(State)> done;
    };
    struct Acknowledgement {
        store::UplinkAckRow row;
        std::function<void(bool)> done;
    };
    /// Its length is bounded by the port: connections times batches without an answer, and one question of a state each.
    struct Work {
        std::vector<Question> questions;
        std::vector<StateQuestion> states;
        std::vector<Acknowledgement> acknowledgements;
        [[nodiscard]] bool empty() const { return questions.empty() && states.empty() && acknowledgements.empty(); }
    };
    void run();
    void answer(const Question& question);
    void answer(const StateQuestion& question);
    void write(std::vector<Acknowledgement>& acknowledgements);
    [[nodiscard]] Looked find(const Question& question);

    store::UplinkLedgerStore store_;
    std::function<Instant()> now_;
    std::function<void(std::string_view)> log_;
    std::mutex mutex_; // everything below
    std::condition_variable wake_;
    Work work_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace releve::app
