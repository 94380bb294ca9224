#pragma once
// What the sources of ImportStore share.

#include "session.hpp"

#include <releve/store/import_store.hpp>

namespace releve::store {

struct ImportStore::Impl {
    Session session;
    std::string key; // of a token; empty: the command line
    std::int64_t token = 0;

    template <class Body>
    auto transaction(Body body)
    {
        return session.transaction([&](Work& work) {
            if (!key.empty())
                work.run("SELECT set_config('releve.token', $1, true)", {key});
            return body(work);
        });
    }
};

} // namespace releve::store
