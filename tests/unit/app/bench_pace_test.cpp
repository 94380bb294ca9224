// Two kinds of frames in a fixed ratio: who waits, who is let go, and how a span ends.

#include <releve/app/bench_pace.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

namespace asio = boost::asio;
constexpr auto electricity = BenchPace::electricity, gas = BenchPace::gas;

struct BenchPaceTest : testing::Test {
    asio::io_context context;
    BenchPace pace{context, {3'500, 1'100}, {35, 11}};

    asio::awaitable<void> wait_for(BenchPace::Side side, int& let_go)
    {
        while (pace.ahead(side))
            co_await pace.wait(side);
        ++let_go;
    }
    void end_span()
    {
        asio::co_spawn(context, pace.run(std::chrono::steady_clock::now()), asio::detached);
        while (!pace.over(electricity) && !pace.over(gas))
            context.run_one();
        context.poll();
    }
};

TEST_F(BenchPaceTest, ASideIsAheadByMoreThanTheSlackOnly)
{
    EXPECT_FALSE(pace.ahead(electricity));
    EXPECT_FALSE(pace.ahead(gas));
    pace.note_sent(gas, 11);
    EXPECT_FALSE(pace.ahead(gas));
    pace.note_sent(gas, 1);
    EXPECT_TRUE(pace.ahead(gas));
    EXPECT_FALSE(pace.ahead(electricity)) << "one of the two may always send";
    pace.note_sent(electricity, 3);
    EXPECT_TRUE(pace.ahead(gas)) << "12 of 1,100 is more than 3 + 35 of 3,500";
    pace.note_sent(electricity, 1);
    EXPECT_FALSE(pace.ahead(gas));
    pace.note_sent(electricity, 70);
    EXPECT_TRUE(pace.ahead(electricity));
}

TEST_F(BenchPaceTest, WhoWaitsIsLetGoByTheOtherSide)
{
    int let_go = 0;
    pace.note_sent(gas, 500);
    asio::co_spawn(context, wait_for(gas, let_go), asio::detached);
    context.poll();
    EXPECT_EQ(let_go, 0);
    pace.note_sent(electricity, 100); // not enough
    context.poll();
    EXPECT_EQ(let_go, 0);
    pace.note_sent(electricity, 1'500);
    context.poll();
    EXPECT_EQ(let_go, 1);
}

TEST_F(BenchPaceTest, AtTheEndTheSideThatIsBehindSendsUpToTheOther)
{
    pace.note_sent(gas, 220);
    pace.note_sent(electricity, 690);
    EXPECT_FALSE(pace.over(gas)) << "the span goes on";
    end_span();
    EXPECT_TRUE(pace.over(gas));
    EXPECT_FALSE(pace.over(electricity));
    EXPECT_FALSE(pace.ahead(electricity));
    pace.note_sent(electricity, 9);
    EXPECT_FALSE(pace.over(electricity));
    pace.note_sent(electricity, 1);
    EXPECT_TRUE(pace.over(electricity)) << "700 of 3,500 are 220 of 1,100";
    EXPECT_TRUE(pace.over(gas)) << "what is sent too much moves nobody's end";
}

TEST_F(BenchPaceTest, TheEndLetsGoWhoeverWaits)
{
    int let_go = 0;
    pace.note_sent(electricity, 3'500);
    asio::co_spawn(context, wait_for(electricity, let_go), asio::detached);
    context.poll();
    EXPECT_EQ(let_go, 0);
    end_span();
    EXPECT_EQ(let_go, 1);
    EXPECT_TRUE(pace.over(electricity));
}

} // namespace
} // namespace releve::app
