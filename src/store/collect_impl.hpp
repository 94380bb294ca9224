#pragma once
// What the sources of CollectStore share.

#include "pg.hpp"

#include <releve/store/collect_store.hpp>

namespace releve::store {

struct CollectStore::Impl {
    DatabaseAddress address;
    std::optional<pg::Connection> connection;
    bool claimed = false;

    [[nodiscard]] static bool take_claim(pg::Connection& connection);
    /// Connects when needed, and listens from the first moment: what changes while devices are loaded is
    /// heard later.
    pg::Connection& connected();
    /// Runs `work(connection)`; a lost connection is forgotten, so that the next call makes a new one.
    template <class Work>
    auto with_connection(Work work)
    {
        try {
            return work(connected());
        } catch (const pg::LostConnection&) {
            connection.reset();
            throw;
        }
    }
};

} // namespace releve::store
