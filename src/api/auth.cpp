#include <releve/api/auth.hpp>

#include <releve/crypto/aes.hpp>

namespace releve::api {

std::string token_key(std::string_view token)
{
    return to_hex(crypto::sha256(as_bytes(token)));
}

bool AttemptLimiter::is_blocked(const std::string& address, const std::string& key, Instant now) const
{
    if (known_.contains(key))
        return false;
    const auto found = windows_.find(address);
    return found != windows_.end() && now < found->second.from + options_.window &&
           found->second.failures >= options_.failures_max;
}

void AttemptLimiter::record_failure(const std::string& address, const std::string& key, Instant now)
{
    // A token that was revoked stays in the order until its turn comes; it only must not be waved through.
    known_.erase(key);
    auto found = windows_.find(address);
    if (found == windows_.end()) {
        if (windows_.size() >= options_.addresses_max) {
            windows_.erase(window_order_.front());
            window_order_.pop_front();
        }
        window_order_.push_back(address);
        found = windows_.emplace(address, Window{now, 0}).first;
    } else if (now >= found->second.from + options_.window) {
        found->second = Window{now, 0};
    }
    ++found->second.failures;
}

void AttemptLimiter::record_success(const std::string& key)
{
    if (!known_.insert(key).second)
        return;
    known_order_.push_back(key);
    while (known_order_.size() > options_.known_keys_max) {
        known_.erase(known_order_.front());
        known_order_.pop_front();
    }
}

} // namespace releve::api
