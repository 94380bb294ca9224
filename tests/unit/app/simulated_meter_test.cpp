// The simulator speaks what the shipped model file of its meter describes.

#include <releve/app/fleet_import.hpp>
#include <releve/app/meter_csv.hpp>
#include <releve/app/model_files.hpp>
#include <releve/codec/dlms/push.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using namespace std::chrono_literals;

class SimulatedMeterTest : public testing::Test {
protected:
    SimulatedMeterTest()
        : models_(ModelRegistry::load({}).value()), fleet_({.seed = 1, .meters = 3, .meter = {}}, paris())
    {
    }
    PushContent content(const sim::Push& push) const
    {
        const sim::Meter& meter = fleet_.meters()[0];
        const sim::Frame frame = meter.build(push);
        const auto ciphered = dlms::decode_ciphered_apdu(frame.apdu).value();
        const auto clear = dlms::unprotect(ciphered, {.encryption = meter.identity().encryption,
                                                      .authentication = meter.identity().authentication})
                               .value();
        const auto notification = dlms::decode_data_notification(clear.plaintext).value();
        return dlms::decode_push(*models_.find("linky"), {notification.date_time, notification.body}, paris())
            .value();
    }

    ModelRegistry models_;
    sim::Fleet fleet_;
};

TEST_F(SimulatedMeterTest, EveryKindOfPushIsExplainedByTheShippedModel)
{
    const Instant midnight = paris().start_of(CivilDay{2024y / 4 / 1});
    const PushContent day = content({sim::PushKind::day, midnight});
    EXPECT_EQ(day.layout, "day");
    EXPECT_EQ(day.intervals.size(), 46u);
    EXPECT_EQ(day.intervals.front().channel, models_.find("linky")->main_channel()->channel);
    EXPECT_EQ(day.intervals.front().start, paris().start_of(CivilDay{2024y / 3 / 31}));
    EXPECT_EQ(day.registers.size(), 15u);
    EXPECT_EQ(day.ignored, 0u);
    EXPECT_EQ(content({sim::PushKind::daily_index, midnight}).registers.size(), 5u);
    EXPECT_EQ(content({sim::PushKind::half_hour, midnight}).intervals.size(), 1u);
}

TEST_F(SimulatedMeterTest, ItsImportIsTakenAsItIsWritten)
{
    std::vector<store::MeterImportRow> rows;
    for (const sim::Meter& meter : fleet_.meters())
        rows.push_back(import_row(meter, {.replay = "strict",
                                          .collection = store::Collection::daily,
                                          .installed_from = paris().start_of(CivilDay{2024y / 1 / 1}),
                                          .concentrator = "C1",
                                          .area = "A1"}));
    const MeterCsv read = parse_meter_csv(import_csv(rows), models_, "524c560000000001");
    EXPECT_EQ(read.problems, std::vector<std::string>{});
    ASSERT_EQ(read.rows.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(read.rows[i].system_title, rows[i].system_title);
        EXPECT_EQ(read.rows[i].encryption_key, rows[i].encryption_key);
        EXPECT_EQ(read.rows[i].authentication_key, rows[i].authentication_key);
        EXPECT_EQ(read.rows[i].usage_point, rows[i].usage_point);
        EXPECT_EQ(read.rows[i].installed_from, rows[i].installed_from);
        EXPECT_EQ(read.rows[i].policy, rows[i].policy);
        EXPECT_EQ(read.rows[i].area, "A1");
    }
}

} // namespace
} // namespace releve::app
