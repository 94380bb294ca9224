#pragma once
// Tokens at the door: the key of a token's text, and the brake on guessing. Knows no clock and no socket; used by one
// thread.

#include <releve/core/time.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace releve::api {

/// SHA-256 of the token's text in lower-case hex: what the store is asked for.
[[nodiscard]] std::string token_key(std::string_view token);

/// Counts failed sign-ins per address in windows of a minute. A token that worked not long ago is never held up, so
/// that one bad client behind a shared address does not lock out its neighbours. Both tables are bounded: the oldest
/// entry makes room.
class AttemptLimiter {
public:
    struct Options {
        int failures_max = 20; // per address and window
        Seconds window{60};
        std::size_t addresses_max = 10'000;
        std::size_t known_keys_max = 10'000;
    };
    explicit AttemptLimiter(Options options) : options_(options) {}

    [[nodiscard]] bool is_blocked(const std::string& address, const std::string& key, Instant now) const;
    void record_failure(const std::string& address, const std::string& key, Instant now);
    void record_success(const std::string& key);
    [[nodiscard]] std::size_t addresses() const { return windows_.size(); }

private:
    struct Window {
        Instant from{};
        int failures = 0;
    };
    Options options_;
    std::unordered_map<std::string, Window> windows_;
    std::deque<std::string> window_order_;
    std::unordered_set<std::string> known_;
    std::deque<std::string> known_order_;
};

} // namespace releve::api
