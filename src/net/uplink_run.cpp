#include "uplink_run.hpp"

#include <boost/asio/post.hpp>

namespace releve::net {

UplinkRun::UplinkRun(boost::asio::any_io_executor executor, std::shared_ptr<UplinkTurns> turns, UplinkTurns::Key key,
                     std::size_t frames)
    : executor_(std::move(executor)), turns_(std::move(turns)), key_(std::move(key)), frames_(frames)
{
    decided_.reserve(frames);
}

UplinkRun::~UplinkRun()
{
    if (!finished_)
        turns_->abandon(key_);
}

void UplinkRun::deliver(std::vector<Reply> replies)
{
    boost::asio::post(executor_, [self = shared_from_this(), replies = std::move(replies)]() mutable {
        self->take(std::move(replies));
    });
}

void UplinkRun::take(std::vector<Reply> replies)
{
    for (Reply& reply : replies)
        decided_.push_back(std::move(reply));
    RELEVE_ASSERT(!finished_ && decided_.size() <= frames_);
    if (decided_.size() < frames_)
        return;
    finished_ = true;
    turns_->finish(key_, make_ack(key_.sequence, std::move(decided_)));
}

} // namespace releve::net
