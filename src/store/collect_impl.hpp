#pragma once
// What the sources of CollectStore share.

#include "pg.hpp"

#include <releve/store/collect_store.hpp>

namespace releve::store {

struct CollectStore::Impl : pg::KeptConnection<CollectStore::Impl> {
    DatabaseAddress address;
    bool claimed = false;

    [[nodiscard]] static bool take_claim(pg::Connection& connection);
    /// Connects when needed, and listens from the first moment: what changes while devices are loaded is
    /// heard later.
    pg::Connection& connected();
};

} // namespace releve::store
