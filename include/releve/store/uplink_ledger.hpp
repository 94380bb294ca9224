#pragma once
// What gateways were answered, by gateway and sequence number, so that a batch that comes again gets the same answer. As role
// releve_collect; one object = one connection = one thread. A lost connection throws std::runtime_error and is made anew by
// the next call.

#include <releve/store/database.hpp>
#include <releve/store/records.hpp>

#include <memory>
#include <span>

namespace releve::store {

struct UplinkAckRow {
    std::string gateway;
    std::uint64_t sequence = 0, digest = 0; // digest: of the batch's content
    Bytes ack;                              // as it was sent
    Instant at{};
};

class UplinkLedgerStore {
public:
    explicit UplinkLedgerStore(DatabaseAddress address);
    ~UplinkLedgerStore();

    /// Nothing for one that is not registered.
    [[nodiscard]] std::optional<GatewayRow> gateway(const std::string& id);
    /// Nothing for a batch that has not been acknowledged, or whose answer has been let go by age.
    [[nodiscard]] std::optional<UplinkAckRow> find(const std::string& gateway, std::uint64_t sequence);
    /// All in one transaction; moves each gateway's `acknowledged_up_to` over the numbers that now follow without a gap. One
    /// that is there already stays as it is.
    void save(std::span<const UplinkAckRow> rows);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
