// The fleet's sockets against a small head-end of the test's own.

#include <releve/app/fleet_client.hpp>

#include <releve/codec/dlms/wrapper.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Takes connections one after the other and confirms what opens under the fleet's keys, as a collector
/// would.
class SmallHeadEnd {
public:
    struct Manners {
        std::size_t deaf_frames = 0;    // the first ones get no answer, and the line is dropped
        bool confirms_anything = false; // replays and SC 20 too
        bool spoils_answers = false;    // flips a bit in each
    };
    SmallHeadEnd(const sim::Fleet& fleet, Manners manners)
        : fleet_(fleet), manners_(manners), acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
          thread_([this] { serve(); })
    {
    }
    ~SmallHeadEnd()
    {
        stopping_ = true;
        // Wakes the accept.
        tcp::socket knock{context_};
        error_code ignored;
        knock.connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }
    [[nodiscard]] std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
    /// Distinct authentic frames; only after the fleet has ended.
    [[nodiscard]] std::size_t stored() const
    {
        const std::scoped_lock lock{mutex_};
        return stored_.size();
    }
    [[nodiscard]] std::size_t cut_off() const
    {
        const std::scoped_lock lock{mutex_};
        return cut_off_;
    }

    /// How often each value of the alarm register came.
    [[nodiscard]] std::map<int, std::size_t> alarms() const
    {
        const std::scoped_lock lock{mutex_};
        return alarms_;
    }

private:
    void serve()
    {
        for (;;) {
            error_code failed;
            tcp::socket socket{context_};
            acceptor_.accept(socket, failed);
            if (failed || stopping_)
                return;
            converse(socket);
        }
    }

    void converse(tcp::socket& socket)
    {
        dlms::WrapperDeframer deframer{65'535};
        std::array<std::byte, 1000> buffer{};
        for (;;) {
            error_code failed;
            const std::size_t count = socket.read_some(asio::buffer(buffer), failed);
            if (failed) {
                const std::scoped_lock lock{mutex_};
                cut_off_ += deframer.pending_bytes() > 0 ? 1 : 0;
                return;
            }
            deframer.feed(ByteView{buffer}.first(count));
            while (const auto message = deframer.next().value()) {
                const auto answer = judge(message->apdu);
                if (answer && manners_.deaf_frames > 0 && manners_.deaf_frames-- > 0)
                    return;
                if (!answer)
                    continue;
                Writer out;
                dlms::write_wrapper(out, 1, 1, *answer);
                asio::write(socket, asio::buffer(std::move(out).take()), failed);
            }
        }
    }

    std::optional<Bytes> judge(const Bytes& apdu)
    {
        const auto ciphered = dlms::decode_ciphered_apdu(apdu).value();
        const auto meter = std::ranges::find_if(fleet_.meters(), [&](const sim::Meter& one) {
            return one.identity().system_title == ciphered.system_title;
        });
        if (meter == fleet_.meters().end())
            return std::nullopt;
        const dlms::SecurityKeys keys{.encryption = meter->identity().encryption,
                                      .authentication = meter->identity().authentication};
        const auto clear = dlms::unprotect(ciphered, keys);
        if (!clear || (!clear->authenticated && !manners_.confirms_anything))
            return std::nullopt;
        const std::scoped_lock lock{mutex_};
        if (clear->plaintext.front() == std::byte{0xc2}) {
            const auto event = dlms::decode_event_notification(clear->plaintext).value();
            ++alarms_[static_cast<int>(event.value.number)];
            return std::nullopt;
        }
        const auto counter = std::pair{*ciphered.system_title, ciphered.invocation_counter};
        const auto known = stored_.try_emplace(counter, apdu).first;
        if (known->second != apdu && !manners_.confirms_anything)
            return std::nullopt;
        const auto notification = dlms::decode_data_notification(clear->plaintext).value();
        SystemTitle own{};
        std::ranges::copy(as_bytes("RLV\1\1\1\1\1"), own.begin());
        Bytes answer = dlms::protect(
            dlms::encode_data_notification_confirm(notification.invoke_id, notification.date_time_octets),
            keys,
            {.system_title = own,
             .invocation_counter = ciphered.invocation_counter,
             .security_control = ciphered.security_control});
        if (manners_.spoils_answers)
            answer.back() ^= std::byte{1};
        return answer;
    }

    const sim::Fleet& fleet_;
    Manners manners_;
    std::map<std::pair<SystemTitle, std::uint32_t>, Bytes> stored_;
    std::size_t cut_off_ = 0;
    std::map<int, std::size_t> alarms_;
    mutable std::mutex mutex_;
    std::atomic<bool> stopping_{false};
    asio::io_context context_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

class FleetClientTest : public testing::Test {
protected:
    FleetClientTest()
        : fleet_({.seed = 1, .meters = 5, .meter = {}}, paris()),
          pushes_(sim::schedule(paris(), CivilDay{2024y / 1 / 1}, 6, sim::Every::day))
    {
        for (std::size_t i = 0; i < fleet_.meters().size(); ++i)
            work_.push_back({.meter = &fleet_.meters()[i], .number = i, .pushes = pushes_});
        options_.linger = 50ms;
    }
    FleetReport push(const std::string& port, std::vector<std::string> faults = {})
    {
        sim::FaultPlan plan{1};
        for (const std::string& fault : faults)
            EXPECT_TRUE(plan.add(fault));
        plan.settle(work_.size(), pushes_.size());
        options_.port = port;
        return push_fleet(work_, plan, options_).value();
    }

    sim::Fleet fleet_;
    std::vector<sim::Push> pushes_;
    std::vector<MeterWork> work_;
    ClientOptions options_;
};

TEST_F(FleetClientTest, EveryPushIsConfirmedOnce)
{
    SmallHeadEnd head_end{fleet_, {}};
    const FleetReport report = push(head_end.port());
    EXPECT_EQ(report.pushed, 30u);
    EXPECT_EQ(report.confirmed, 30u);
    EXPECT_EQ(report.resent, 0u);
    EXPECT_EQ(report.connections, 1u);
    EXPECT_EQ(report.lost_connections, 0u);
    EXPECT_TRUE(report.good());
    EXPECT_EQ(head_end.stored(), 30u);
}

TEST_F(FleetClientTest, ALostLineIsTakenUpAgainAndNothingIsLost)
{
    SmallHeadEnd head_end{fleet_, {.deaf_frames = 3}};
    const FleetReport report = push(head_end.port());
    EXPECT_EQ(report.confirmed, 30u);
    EXPECT_EQ(report.pushed, 30u);
    EXPECT_EQ(report.lost_connections, 3u);
    EXPECT_GT(report.resent, 0u);
    EXPECT_TRUE(report.good());
    EXPECT_EQ(head_end.stored(), 30u);
}

TEST_F(FleetClientTest, BadMessagesAreCountedApartAndNoneIsConfirmed)
{
    SmallHeadEnd head_end{fleet_, {}};
    const FleetReport report =
        push(head_end.port(), {"wrong_key=2x", "bad_tag=3x", "replay=4x", "downgrade=5x", "unknown=6x",
                               "duplicate=7x", "silence=1x", "truncated=2x"});
    EXPECT_TRUE(report.good()) << report.problem;
    EXPECT_EQ(report.breaches, 0u);
    EXPECT_GE(report.pushed, 29u - 1u);
    EXPECT_EQ(report.confirmed, report.pushed);
    EXPECT_EQ(head_end.stored(), report.confirmed);
    std::size_t bad = 0;
    for (const auto& [fault, tally] : report.faults) {
        EXPECT_EQ(tally.confirmed, fault == sim::Fault::duplicate ? tally.sent : 0u)
            << sim::fault_name(fault);
        bad += fault == sim::Fault::duplicate || fault == sim::Fault::truncated ? 0 : tally.sent;
    }
    EXPECT_GE(report.faults.at(sim::Fault::truncated).sent, 1u);
    EXPECT_EQ(head_end.cut_off(), report.faults.at(sim::Fault::truncated).sent);
    EXPECT_GT(bad, 10u);
}

TEST_F(FleetClientTest, AHeadEndThatConfirmsAReplayIsCaught)
{
    SmallHeadEnd head_end{fleet_, {.confirms_anything = true}};
    const FleetReport report = push(head_end.port(), {"replay=2x", "downgrade=2x"});
    EXPECT_GE(report.breaches, 3u);
    EXPECT_FALSE(report.good());
}

TEST_F(FleetClientTest, AlteredConfirmationsAreNone)
{
    SmallHeadEnd head_end{fleet_, {.spoils_answers = true}};
    options_.answer_deadline = 20ms;
    options_.attempts = 2;
    const FleetReport report = push(head_end.port());
    EXPECT_EQ(report.confirmed, 0u);
    EXPECT_EQ(report.never_confirmed, 30u);
    EXPECT_GT(report.unexpected_answers, 0u);
    EXPECT_FALSE(report.good());
}

TEST_F(FleetClientTest, NobodyListeningLeavesAllUnconfirmed)
{
    asio::io_context context;
    tcp::acceptor taken{context, {asio::ip::address_v4::loopback(), 0}};
    const std::string port = std::to_string(taken.local_endpoint().port());
    taken.close();
    options_.attempts = 1;
    const FleetReport report = push(port);
    EXPECT_EQ(report.never_confirmed, 30u);
    EXPECT_NE(report.problem.find("cannot connect"), std::string::npos);
}

TEST_F(FleetClientTest, MetersCanHaveALineEach)
{
    // The small head-end serves one line at a time, so they take turns.
    SmallHeadEnd head_end{fleet_, {}};
    options_.connections = 5;
    const FleetReport report = push(head_end.port());
    EXPECT_EQ(report.confirmed, 30u);
    EXPECT_EQ(report.connections, 5u);
}

TEST_F(FleetClientTest, AStormIsSentAsItWasPlanted)
{
    const Instant night = paris().start_of(CivilDay{2024y / 1 / 3}) + 20h;
    const sim::Storm storm{.places = {{"north", "C1", 3}},
                           .causes = {{.kind = sim::Cause::Kind::area_lost, .at = night, .place = "north",
                                       .last_gasp_percent = 100,
                                       .back = sim::Return{.after = 10h, .over = 2h, .hole_percent = 33}},
                                      {.kind = sim::Cause::Kind::alarm_flood, .at = night, .place = {}, .meters = 2,
                                       .times = 4}}};
    const sim::StormPlan plan = sim::plan_storm(storm, work_.size(), 1).value();
    std::vector<std::vector<sim::Act>> acts;
    for (const sim::Fate& fate : plan.fates)
        acts.push_back(sim::acts_of(fate, storm, pushes_));
    for (std::size_t i = 0; i < work_.size(); ++i)
        work_[i].acts = acts[i];
    SmallHeadEnd head_end{fleet_, {}};
    const FleetReport report = push(head_end.port());
    const auto planted = sim::planted_by(plan, storm, pushes_);
    EXPECT_EQ(planted[0].holes, 1u);
    EXPECT_EQ(planted[0].missing, 1u) << "the midnight in the storm";
    EXPECT_EQ(planted[0].late, 2u);
    EXPECT_EQ(report.pushed, 29u);
    EXPECT_EQ(report.confirmed, 29u);
    EXPECT_EQ(report.alarms, planted[0].alarms + planted[1].alarms);
    EXPECT_TRUE(report.good()) << report.problem;
    EXPECT_EQ(head_end.stored(), 29u);
    EXPECT_EQ(head_end.alarms(), (std::map<int, std::size_t>{{1, 3}, {2, 3}, {4, 8}}));
}

TEST_F(FleetClientTest, BadTlsFilesAreNamed)
{
    options_.tls = ClientTls{.ca = "no/such.pem", .insecure = false, .certificate = {}, .private_key = {}};
    const auto report = push_fleet(work_, sim::FaultPlan{}, options_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, errc::bad_config);
    EXPECT_NE(report.error().detail.find("no/such.pem"), std::string::npos);
}

} // namespace
} // namespace releve::app
