// The public vectors, and what must hold for everything near them: prefixes, flipped bits, changed bytes.

#include <releve/app/vector_runner.hpp>

#include <releve/app/describe.hpp>
#include <releve/core/limits.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using nlohmann::json;

json load(const char* name)
{
    return load_vectors(std::string(RELEVE_SOURCE_DIR) + "/tests/vectors/" + name).value();
}

std::vector<json> accepted_of_kind(std::string_view kind)
{
    std::vector<json> chosen;
    for (const json& vector : load("dlms.json"))
        if (vector["kind"] == kind && vector["expected"].value("accept", true))
            chosen.push_back(vector);
    return chosen;
}

VectorReport run(const json& vectors)
{
    VectorReport report;
    EXPECT_TRUE(run_vectors(vectors, report));
    return report;
}

Bytes flipped(ByteView bytes, std::size_t bit)
{
    Bytes copy(bytes.begin(), bytes.end());
    copy[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    return copy;
}

TEST(Vectors, AllPass)
{
    for (const char* name : {"dlms.json", "wize.json", "tic.json", "crypto-sanity.json"}) {
        const json vectors = load(name);
        const VectorReport report = run(vectors);
        for (const auto& d : report.differences)
            ADD_FAILURE() << d.id << ": " << d.field << ": expected " << d.expected << ", got " << d.got;
        EXPECT_EQ(report.passed, vectors.size());
        EXPECT_EQ(report.skipped, 0U);
    }
}

TEST(Vectors, WrongExpectationFails)
{
    json vectors = json::array({load("crypto-sanity.json")[0]});
    vectors[0]["expected"]["tag"] = "00";
    const VectorReport report = run(vectors);
    EXPECT_EQ(report.failed, 1U);
    ASSERT_EQ(report.differences.size(), 1U);
    EXPECT_EQ(report.differences[0].field, "tag");
    EXPECT_EQ(report.differences[0].expected, "\"00\"");
}

TEST(Vectors, UnknownKindIsSkippedAndNamed)
{
    const VectorReport report = run(json::parse(R"([{"id":"x","kind":"smoke-signal","inputs":{},"expected":{}}])"));
    EXPECT_EQ(report.skipped, 1U);
    EXPECT_EQ(report.unknown_kinds.at("smoke-signal"), 1U);
}

TEST(Vectors, MissingInputIsNotARefusal)
{
    const VectorReport report =
        run(json::parse(R"([{"id":"x","kind":"decode-data","inputs":{},"expected":{"accept":false}}])"));
    EXPECT_EQ(report.failed, 1U);
}

TEST(Vectors, WhatIsNoFileOfVectorsIsAnError)
{
    EXPECT_EQ(load_vectors("/nowhere/at/all.json").error().code, errc::not_found_file);
    VectorReport report;
    EXPECT_EQ(run_vectors(json::object(), report).error().code, errc::malformed);
    EXPECT_EQ(run_vectors(json::array({1}), report).error().code, errc::malformed);
}

/// Under the policy that demands both, an altered stream is refused or says what the authentic one says.
TEST(Tampering, WrappedPushNeverSaysAnythingElse)
{
    const VectorKind compute = find_vector_kind("wrapped-push");
    std::size_t altered_count = 0;
    for (const json& vector : accepted_of_kind("wrapped-push")) {
        if (!vector["expected"].contains("plaintext"))
            continue;
        const Bytes stream = *from_hex(vector["inputs"]["stream"].get<std::string>());
        json inputs = vector["inputs"];
        inputs["policy"] = "authenticated-and-encrypted required";
        ASSERT_TRUE(compute(inputs, {}));
        for (std::size_t size = 0; size < stream.size(); ++size) {
            inputs["stream"] = to_hex(ByteView{stream}.first(size));
            EXPECT_FALSE(compute(inputs, {})) << vector["id"] << " cut at " << size;
        }
        for (std::size_t bit = 0; bit < stream.size() * 8; ++bit, ++altered_count) {
            inputs["stream"] = to_hex(flipped(stream, bit));
            const auto got = compute(inputs, {});
            EXPECT_TRUE(!got || (*got)["plaintext"] == vector["expected"]["plaintext"]) << vector["id"] << " bit " << bit;
        }
    }
    EXPECT_GT(altered_count, 5'000U);
}

TEST(Tampering, ClearPushIsRefusedUnderPolicy)
{
    const VectorKind compute = find_vector_kind("wrapped-push");
    for (const json& vector : accepted_of_kind("wrapped-push")) {
        if (vector["expected"].contains("plaintext"))
            continue;
        json inputs = vector["inputs"];
        inputs["policy"] = "authenticated-and-encrypted required";
        EXPECT_EQ(compute(inputs, {}).error().code, errc::policy);
    }
}

result<dlms::Unprotected> open_authenticated(ByteView bytes, const dlms::SecurityKeys& keys,
                                             const std::optional<SystemTitle>& sender)
{
    RELEVE_TRY(apdu, dlms::decode_ciphered_apdu(bytes));
    RELEVE_CHECK(dlms::check_policy(dlms::Policy::authenticated, apdu.security_control));
    return dlms::unprotect(apdu, keys, sender);
}

TEST(Tampering, AuthenticatedApduNeverSaysAnythingElse)
{
    std::size_t vectors = 0;
    for (const json& vector : accepted_of_kind("unprotect-apdu")) {
        const json& inputs = vector["inputs"];
        const auto key = [&](const char* name) {
            return *crypto::Key128::from(*from_hex(inputs[name].get<std::string>()));
        };
        const dlms::SecurityKeys keys{key("encryption_key"), key("authentication_key")};
        std::optional<SystemTitle> sender;
        if (inputs.contains("system_title"))
            std::ranges::copy(*from_hex(inputs["system_title"].get<std::string>()), sender.emplace().begin());
        const Bytes apdu = *from_hex(inputs["apdu"].get<std::string>());
        const auto authentic = open_authenticated(apdu, keys, sender);
        if (!authentic)
            continue; // SC 20: nothing to promise
        ++vectors;
        for (std::size_t size = 0; size < apdu.size(); ++size)
            EXPECT_FALSE(open_authenticated(ByteView{apdu}.first(size), keys, sender)) << vector["id"] << size;
        for (std::size_t bit = 0; bit < apdu.size() * 8; ++bit) {
            const auto opened = open_authenticated(flipped(apdu, bit), keys, sender);
            EXPECT_TRUE(!opened || opened->plaintext == authentic->plaintext) << vector["id"] << " bit " << bit;
        }
    }
    EXPECT_GE(vectors, 5U);
}

TEST(Robustness, EveryPrefixOfAnApduIsRefused)
{
    for (const json& vector : accepted_of_kind("decode-apdu")) {
        const Bytes apdu = *from_hex(vector["inputs"]["apdu"].get<std::string>());
        for (std::size_t size = 0; size < apdu.size(); ++size)
            EXPECT_FALSE(dlms::decode_any_apdu(ByteView{apdu}.first(size))) << vector["id"] << " cut at " << size;
    }
}

/// Whatever decodes can be shown, and whatever does not has a place within the input.
TEST(Robustness, ChangedBytesDoNoHarm)
{
    for (const json& vector : accepted_of_kind("decode-apdu")) {
        const Bytes apdu = *from_hex(vector["inputs"]["apdu"].get<std::string>());
        const std::size_t step = 1 + apdu.size() / 40; // headers and small ones whole, long bodies here and there
        for (std::size_t i = 0; i < apdu.size(); i += step) {
            for (const unsigned value : {0x00U, 0x01U, 0x7fU, 0x84U, 0xffU}) {
                Bytes changed = apdu;
                changed[i] = static_cast<std::byte>(value);
                const FrameDescription frame = describe_frame(changed, {});
                EXPECT_FALSE(to_text(frame).empty());
                EXPECT_FALSE(to_json(frame).dump().empty());
                const std::ptrdiff_t offset = frame.problem ? frame.problem->offset : 0;
                EXPECT_LE(offset, static_cast<std::ptrdiff_t>(changed.size()));
            }
        }
    }
}

} // namespace
} // namespace releve::app
