#pragma once
// One batch at a time for each (gateway, sequence), whichever connections bring it: the first to come hands it over, the
// others hear the same answer. Asks the ledger before and tells it after. Private to src/net.

#include <releve/net/uplink_server.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <map>

namespace releve::net {

struct UplinkTurn {
    enum class Kind : std::uint8_t { yours, joined, answered } kind;
    UplinkAnswer answer{}; // of `answered`
};

/// Its state belongs to one thread, `executor`'s; the functions may be called from any. Bounded by the connections and
/// what each may have outstanding.
class UplinkTurns : public std::enable_shared_from_this<UplinkTurns> {
public:
    struct Key {
        std::string gateway;
        std::uint64_t sequence;
        auto operator<=>(const Key&) const = default;
    };
    /// Once with `answered`, or first with `yours` or `joined` and later with `answered`; on the thread of the turns.
    using Heard = std::function<void(UplinkTurn)>;

    UplinkTurns(boost::asio::any_io_executor executor, UplinkLedger& ledger, UplinkCounters& counters);

    void begin(Key key, std::uint64_t digest, Heard heard);
    /// Whose turn it is says one of these: every frame is decided, or not all of them will be.
    void finish(Key key, UplinkAck ack);
    void abandon(Key key);

private:
    struct UnderWay {
        std::uint64_t digest = 0;
        std::vector<Heard> heard; // the first has the turn
    };
    void take(const Key& key, std::uint64_t digest, const Heard& heard);
    void take_looked(const Key& key, const UplinkLedger::Looked& looked);
    void acknowledge(const Key& key, UplinkAck ack);
    void answer(const Key& key, const UplinkAnswer& with);
    [[nodiscard]] UplinkAnswer unavailable(const Key& key);

    boost::asio::any_io_executor executor_;
    UplinkLedger& ledger_;
    UplinkCounters& counters_;
    std::map<Key, UnderWay> under_way_;
};

} // namespace releve::net
