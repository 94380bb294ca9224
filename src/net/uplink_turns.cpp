#include "uplink_turns.hpp"

#include <boost/asio/post.hpp>

namespace releve::net {

UplinkTurns::UplinkTurns(boost::asio::any_io_executor executor, UplinkLedger& ledger, UplinkCounters& counters)
    : executor_(std::move(executor)), ledger_(ledger), counters_(counters)
{}

void UplinkTurns::begin(Key key, std::uint64_t digest, Heard heard)
{
    boost::asio::post(executor_, [self = shared_from_this(), key = std::move(key), digest, heard = std::move(heard)] {
        self->take(key, digest, heard);
    });
}

void UplinkTurns::finish(Key key, UplinkAck ack)
{
    boost::asio::post(executor_, [self = shared_from_this(), key = std::move(key), ack = std::move(ack)]() mutable {
        self->acknowledge(key, std::move(ack));
    });
}

void UplinkTurns::abandon(Key key)
{
    boost::asio::post(executor_, [self = shared_from_this(), key = std::move(key)] {
        self->answer(key, self->unavailable(key));
    });
}

void UplinkTurns::take(const Key& key, std::uint64_t digest, const Heard& heard)
{
    const auto [place, first] = under_way_.try_emplace(key);
    UnderWay& batch = place->second;
    if (!first && batch.digest != digest) {
        ++counters_.conflicts;
        heard({.kind = UplinkTurn::Kind::answered,
               .answer = UplinkRefusal{.sequence = key.sequence,
                                       .error = fail(errc::sequence_reused, "another content is under way")}});
        return;
    }
    batch.heard.push_back(heard);
    if (!first) {
        ++counters_.joined;
        heard({.kind = UplinkTurn::Kind::joined});
        return;
    }
    batch.digest = digest;
    ledger_.look_up(key.gateway, key.sequence, digest, [self = shared_from_this(), key](UplinkLedger::Looked looked) {
        boost::asio::post(self->executor_,
                          [self, key, looked = std::move(looked)] { self->take_looked(key, looked); });
    });
}

void UplinkTurns::take_looked(const Key& key, const UplinkLedger::Looked& looked)
{
    switch (looked.what) {
    case UplinkLedger::Found::fresh:
        under_way_.at(key).heard.front()({.kind = UplinkTurn::Kind::yours});
        return;
    case UplinkLedger::Found::acknowledged: {
        auto ack = decode_ack(looked.ack);
        if (!ack)
            return answer(key, UplinkRefusal{.sequence = key.sequence, .error = fail(errc::internal)});
        ++counters_.repeats;
        return answer(key, std::move(*ack));
    }
    case UplinkLedger::Found::reused:
        ++counters_.conflicts;
        return answer(key, UplinkRefusal{.sequence = key.sequence,
                                         .error = fail(errc::sequence_reused, "acknowledged with another content")});
    case UplinkLedger::Found::too_old:
        ++counters_.too_old;
        return answer(key, UplinkRefusal{.sequence = key.sequence, .error = fail(errc::sequence_too_old)});
    case UplinkLedger::Found::unavailable:
        break;
    }
    answer(key, unavailable(key));
}

void UplinkTurns::acknowledge(const Key& key, UplinkAck ack)
{
    Bytes bytes = encode_ack(ack);
    const std::uint64_t digest = under_way_.at(key).digest;
    ledger_.acknowledge(key.gateway, key.sequence, digest, std::move(bytes),
                        [self = shared_from_this(), key, ack = std::move(ack)](bool committed) {
                            boost::asio::post(self->executor_, [self, key, ack, committed] {
                                if (!committed)
                                    return self->answer(key, self->unavailable(key));
                                ++self->counters_.acknowledged;
                                self->answer(key, ack);
                            });
                        });
}

UplinkAnswer UplinkTurns::unavailable(const Key& key)
{
    ++counters_.unavailable;
    return UplinkRefusal{.sequence = key.sequence, .error = fail(errc::unavailable, "send the batch again")};
}

void UplinkTurns::answer(const Key& key, const UplinkAnswer& with)
{
    const auto done = under_way_.extract(key);
    RELEVE_ASSERT(!done.empty());
    for (const Heard& heard : done.mapped().heard)
        heard({.kind = UplinkTurn::Kind::answered, .answer = with});
}

} // namespace releve::net
