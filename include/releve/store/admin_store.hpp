#pragma once
// What the command line changes: meters and keys, tokens, collection choices, refused messages. As role
// releve_work.

#include <releve/crypto/secret.hpp>
#include <releve/store/database.hpp>
#include <releve/store/records.hpp>

#include <memory>
#include <span>

namespace releve::store {

struct NewToken {
    Role role = Role::household;
    std::vector<std::string> scopes; // usage point ids or organisation ids, told apart by what exists
    Instant expires_at{};
    std::string label;
};

class AdminStore {
public:
    /// `models` are needed to reduce half-hours to totals: without them choose_collection to `daily` is
    /// errc::bad_model where there are any.
    explicit AdminStore(DatabaseAddress address, ModelLookup models = {});
    ~AdminStore();

    /// One transaction; a row that cannot be (meter already installed elsewhere, ...) is errc::bad_csv naming
    /// its line and column. New or changed keys get the next generation. Another meter at a usage point is an
    /// exchange: the one before ends there. `collection` counts when the usage point is new; later only
    /// choose_collection changes it. Notifies releve_devices. `dry_run` rolls back.
    [[nodiscard]] result<ImportSummary> import_meters(std::span<const MeterImportRow> rows,
                                                      const crypto::Key256& master,
                                                      const std::string& organisation, bool dry_run);
    /// The token's text, shown once: "rlv_" + 43 characters. errc::not_found for a scope that does not exist.
    [[nodiscard]] result<std::string> create_token(const NewToken& token);
    [[nodiscard]] std::vector<TokenRow> list_tokens();
    [[nodiscard]] result<void> revoke_token(std::int64_t id);
    [[nodiscard]] result<void> create_organisation(const std::string& id, const std::string& name,
                                                   const std::string& parent);
    /// Records the choice (who, when, proof) and applies it from now on; to `daily`: half-hours kept so far
    /// are reduced to totals and erased in the same transaction.
    /// Waits for confirmed half-hours that are still in the archive only; errc::unavailable when no collector takes them
    /// further within 30 s.
    [[nodiscard]] result<void> choose_collection(const UsagePointId& id, Collection collection,
                                                 const std::string& proof, Instant now);

    [[nodiscard]] std::vector<QuarantineRow> list_quarantine(const std::string& reason,
                                                             const std::string& system_title, int limit);
    [[nodiscard]] result<QuarantineRow> show_quarantine(std::int64_t id);
    /// Marks for retry (all of a title, of a reason, or one id) and notifies the collector. How many.
    [[nodiscard]] std::int64_t request_retry(std::optional<std::int64_t> id, const std::string& system_title,
                                             const std::string& reason);
    void request_reprocess();

private:
    [[nodiscard]] result<void> choose_collection_at_once(const UsagePointId& id, Collection collection, const std::string& proof,
                                                         Instant now, bool& wait);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
