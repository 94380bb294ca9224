#pragma once
// Keys of meters as the command line stores them: wrapped, by generations, each once.

#include "session.hpp"

#include <releve/crypto/secret.hpp>

namespace releve::store {

struct MeterKey {
    std::uint8_t key_id = 0; // KEYSEL of a Wize meter
    ByteView encryption, authentication;
    Instant valid_from{};
};

/// True when the key is one of the two newest of its number, which are both accepted.
[[nodiscard]] bool knows_key(Work& work, const crypto::Key256& master, MeterId meter, const MeterKey& key);
/// Stores it as the meter's next generation, unless it is known. True when there was a new key.
bool store_key(Work& work, const crypto::Key256& master, MeterId meter, const MeterKey& key);

} // namespace releve::store
