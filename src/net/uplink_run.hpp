#pragma once
// A batch on its way through the sink: collects what became of its frames and, when none is missing, has the batch
// acknowledged. It outlives its connection: what was handed over counts even if the gateway has gone. Private to src/net.

#include "uplink_turns.hpp"

namespace releve::net {

class UplinkRun final : public ReplyTarget, public std::enable_shared_from_this<UplinkRun> {
public:
    UplinkRun(boost::asio::any_io_executor executor, std::shared_ptr<UplinkTurns> turns, UplinkTurns::Key key,
              std::size_t frames);
    /// The sink let go of frames without a word about them: the gateway is told to come again.
    ~UplinkRun() override;
    UplinkRun(const UplinkRun&) = delete;
    UplinkRun& operator=(const UplinkRun&) = delete;

    void deliver(std::vector<Reply> replies) override;

private:
    void take(std::vector<Reply> replies);

    boost::asio::any_io_executor executor_;
    std::shared_ptr<UplinkTurns> turns_;
    UplinkTurns::Key key_;
    std::size_t frames_;
    std::vector<Reply> decided_;
    bool finished_ = false;
};

} // namespace releve::net
