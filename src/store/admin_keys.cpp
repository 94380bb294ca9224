#include "admin_keys.hpp"

#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::store {

namespace {

/// Tells equal keys from changed ones to whoever holds the master key, and nothing to anybody else.
Bytes fingerprint(const crypto::Key256& master, MeterId meter, const MeterKey& key)
{
    Writer writer;
    writer.bytes(master.bytes())
        .text("releve key fingerprint 1")
        .u32_be(static_cast<std::uint32_t>(meter.value));
    writer.varint(key.encryption.size()).bytes(key.encryption);
    writer.varint(key.authentication.size()).bytes(key.authentication);
    Bytes secret = std::move(writer).take();
    const auto digest = crypto::sha256(secret);
    crypto::wipe(secret.data(), secret.size());
    return {digest.begin(), digest.end()};
}

Bytes wrap(const crypto::Key256& master, ByteView key, const Bytes& context)
{
    return key.empty() ? Bytes{} : crypto::wrap_secret(master, key, context);
}

bool is_known(Work& work, MeterId meter, std::uint8_t key_id, const Bytes& mark)
{
    const Table newest =
        work.repeat("SELECT fingerprint FROM meter_key WHERE meter_id = $1::int4 AND key_id = $2::int2 "
                    "ORDER BY generation DESC LIMIT 2",
                    {meter.value, key_id});
    return std::ranges::any_of(newest, [&](const Row& row) { return row.bytes(0) == mark; });
}

} // namespace

bool knows_key(Work& work, const crypto::Key256& master, MeterId meter, const MeterKey& key)
{
    return is_known(work, meter, key.key_id, fingerprint(master, meter, key));
}

bool store_key(Work& work, const crypto::Key256& master, MeterId meter, const MeterKey& key)
{
    const Bytes mark = fingerprint(master, meter, key);
    // An older list imported again must not make its key the newest: its counters would begin anew.
    if (is_known(work, meter, key.key_id, mark))
        return false;
    const Table newest = work.repeat(
        "SELECT coalesce(max(generation), 0) FROM meter_key WHERE meter_id = $1::int4", {meter.value});
    const auto generation = static_cast<std::uint16_t>(newest.at(0).integer(0) + 1);
    work.repeat(
        "INSERT INTO meter_key (meter_id, generation, encryption, authentication, fingerprint, validity, "
        "key_id) VALUES "
        "($1::int4, $2::int2, $3::bytea, $4::bytea, $5::bytea, tstzrange($6::timestamptz, NULL), $7::int2)",
        {meter.value, generation, wrap(master, key.encryption, key_context(meter, generation, "encryption")),
         wrap(master, key.authentication, key_context(meter, generation, "authentication")), mark,
         key.valid_from, key.key_id});
    return true;
}

} // namespace releve::store
