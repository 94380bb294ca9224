// What the run of the public Wize vectors (vector_runner_test) does not show: policies both ways, and that a
// wrong expectation fails.

#include <releve/app/vector_runner.hpp>
#include <releve/codec/wize/admin.hpp>
#include <releve/codec/wize/frame.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using nlohmann::json;

json vector_of(std::string_view id)
{
    for (const json& vector :
         load_vectors(std::string(RELEVE_SOURCE_DIR) + "/tests/vectors/wize.json").value())
        if (vector["id"] == id)
            return vector;
    ADD_FAILURE() << "no vector " << id;
    return {};
}

VectorReport run(const json& vector)
{
    VectorReport report;
    EXPECT_TRUE(run_vectors(json::array({vector}), report));
    return report;
}

TEST(WizeVectors, ACrcOfZeroIsTakenFromAGatewayThatSaysSo)
{
    const json vector = vector_of("wize-wan-crc-zero");
    json inputs = vector["inputs"];
    const VectorKind compute = find_vector_kind("exchange-frame");
    const auto taken = compute(inputs, {});
    ASSERT_TRUE(taken);
    EXPECT_EQ((*taken)["l7"], vector["expected"]["l7"]);
    inputs.erase("transport");
    EXPECT_EQ(compute(inputs, {}).error().code, errc::bad_crc);
}

TEST(WizeVectors, TheOldCiIsTakenWhereItIsAccepted)
{
    json inputs = vector_of("wize-data-frame-grdf")["inputs"];
    const VectorKind compute = find_vector_kind("exchange-frame");
    EXPECT_TRUE(compute(inputs, {}));
    inputs["accepted_ci"] = {"20"};
    EXPECT_EQ(wize::failed_check(compute(inputs, {}).error()), wize::Check::ci);
}

TEST(WizeVectors, AnotherFailingCheckIsADifference)
{
    json vector = vector_of("wize-tampered-payload");
    EXPECT_EQ(run(vector).passed, 1U);
    vector["expected"]["first_failing_check"] = "hashkenc";
    const VectorReport report = run(vector);
    ASSERT_EQ(report.differences.size(), 1U);
    EXPECT_EQ(report.differences[0].field, "first_failing_check");
}

TEST(WizeVectors, EveryWrongExpectationFails)
{
    for (const char* id : {"wize-gen-data-00", "wize-down-instpong", "wize-ctr-32", "wize-hashkenc-grdf",
                           "wize-hashkmac-grdf", "wize-crc-grdf", "wize-tstamp-2"}) {
        const json vector = vector_of(id);
        for (const auto& [name, value] : vector["expected"].items()) {
            if (name == "accept" || name == "tstamp_base")
                continue;
            json altered = vector;
            altered["expected"][name] = "other";
            EXPECT_EQ(run(altered).failed, 1U) << id << ' ' << name;
        }
    }
}

TEST(WizeVectors, AnInputOutOfRangeIsNotARefusal)
{
    json vector = vector_of("wize-down-command-read-param");
    for (const auto& [name, value] :
         {std::pair<const char*, json>{"cpt", 65'536}, {"keysel", 16}, {"m", "53"}, {"l7", ""}, {"c", 1}}) {
        json altered = vector;
        altered["inputs"][name] = value;
        const VectorReport report = run(altered);
        ASSERT_EQ(report.differences.size(), 1U) << name;
        EXPECT_EQ(report.differences[0].field, "inputs") << name;
    }
}

/// The commands of the vectors are what the encoders of administration give.
TEST(WizeVectors, CommandsAreBuiltAsTheVectorsHaveThem)
{
    const auto l7 = [](const char* id) { return vector_of(id)["inputs"]["l7"].get<std::string>(); };
    const std::uint8_t ids[] = {1, 2, 0x20};
    EXPECT_EQ(to_hex(*wize::encode_read_parameters(ids)), l7("wize-down-command-read-param"));
    EXPECT_EQ(to_hex(wize::encode_exec_instping()), l7("wize-down-command-exec-instping"));
    EXPECT_EQ(to_hex(*wize::encode_write_key({.type = 1, .index = 1, .key = Bytes(32, std::byte{0x11})})),
              l7("wize-down-command-write-key-kchg"));
    const auto pong = wize::decode_instpong(*from_hex(l7("wize-down-instpong")));
    ASSERT_TRUE(pong);
    EXPECT_EQ(to_hex(wize::encode_instpong(*pong)), l7("wize-down-instpong"));
}

} // namespace
} // namespace releve::app
