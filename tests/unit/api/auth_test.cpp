#include <releve/api/auth.hpp>

#include <gtest/gtest.h>

namespace releve::api {
namespace {

constexpr Instant noon{std::chrono::seconds{1'700'000'000}};

TEST(auth, the_key_of_a_token_is_its_sha_256)
{
    EXPECT_EQ(token_key("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(auth, blocks_an_address_until_its_window_ends)
{
    AttemptLimiter limiter({.failures_max = 2, .window = Seconds{60}});
    limiter.record_failure("a", "k1", noon);
    EXPECT_FALSE(limiter.is_blocked("a", "k", noon));
    limiter.record_failure("a", "k2", noon + Seconds{59});
    EXPECT_TRUE(limiter.is_blocked("a", "k", noon + Seconds{59}));
    EXPECT_FALSE(limiter.is_blocked("b", "k", noon));
    EXPECT_FALSE(limiter.is_blocked("a", "k", noon + Seconds{60}));
    limiter.record_failure("a", "k3", noon + Seconds{60});
    EXPECT_FALSE(limiter.is_blocked("a", "k", noon + Seconds{60})) << "a new window counts from one";
}

TEST(auth, a_token_that_worked_passes_until_it_fails)
{
    AttemptLimiter limiter({.failures_max = 1});
    limiter.record_success("good");
    limiter.record_failure("a", "bad", noon);
    EXPECT_TRUE(limiter.is_blocked("a", "bad", noon));
    EXPECT_FALSE(limiter.is_blocked("a", "good", noon));
    limiter.record_failure("a", "good", noon);
    EXPECT_TRUE(limiter.is_blocked("a", "good", noon)) << "revoked meanwhile";
}

TEST(auth, tables_of_strangers_are_bounded)
{
    AttemptLimiter limiter({.failures_max = 1, .addresses_max = 3, .known_keys_max = 2});
    for (const char* address : {"a", "b", "c", "d"})
        limiter.record_failure(address, "k", noon);
    EXPECT_EQ(limiter.addresses(), 3U);
    EXPECT_FALSE(limiter.is_blocked("a", "k", noon)) << "the oldest made room";
    EXPECT_TRUE(limiter.is_blocked("d", "k", noon));
    for (const char* key : {"k1", "k2", "k3"})
        limiter.record_success(key);
    EXPECT_TRUE(limiter.is_blocked("d", "k1", noon));
    EXPECT_FALSE(limiter.is_blocked("d", "k3", noon));
}

} // namespace
} // namespace releve::api
