// Bills as REST gives them: computed, kept, explained, compared.

#include "asking.hpp"

#include <releve/core/bytes.hpp>
#include <releve/core/decimal.hpp>
#include <releve/crypto/aes.hpp>

namespace releve::tests {
namespace {

struct bills : Asking {
    const std::string point = "/api/v1/usage-points/" + own_point;

    /// The digits of a number as they stand in the answer: no binary float on the way.
    static Cents digits(const std::string& body, const std::string& name, std::size_t from = 0)
    {
        const std::string key = "\"" + name + "\":";
        const std::size_t at = body.find(key, from) + key.size();
        const auto value = parse_decimal(body.substr(at, body.find_first_of(",}", at) - at));
        EXPECT_TRUE(value) << name;
        return Cents{round_to(ratio_of(value ? *value : Decimal{}), 2).value().digits};
    }
    std::string body(const std::string& target, const std::string& token = "household")
    {
        const auto reply = client.get(target, token);
        EXPECT_EQ(reply.result_int(), 200U) << target << reply.body();
        return reply.body();
    }
};

TEST_F(bills, a_computed_bill_is_the_sum_of_its_lines_and_says_on_what_it_rests)
{
    const std::string answer = body(point + "/bill?from=2024-03-01&to=2024-04-01");
    const Json bill = Json::parse(answer);
    EXPECT_EQ(bill["usage_point"], own_point);
    EXPECT_FALSE(bill["comparison"]);
    EXPECT_FALSE(bill.contains("state")) << "it is not kept";
    EXPECT_TRUE(bill["rests_on"] == "read" || bill["rests_on"] == "mixed");
    EXPECT_EQ(bill["rests_on"] == "mixed", !bill["estimated_days"].empty());
    Cents sum;
    std::size_t at = 0;
    for (const auto& line : bill["lines"]) {
        at = answer.find("\"amount_eur\":", at) + 1;
        if (!line["contained"])
            sum += digits(answer, "amount_eur", at - 1);
        EXPECT_FALSE(line["words"]["label"]["fr"].get<std::string>().empty());
        EXPECT_FALSE(line["working"].get<std::string>().empty());
    }
    EXPECT_EQ(sum, digits(answer, "total_eur"));
    const auto table = csv(point + "/bill?from=2024-03-01&to=2024-04-01", "household");
    EXPECT_EQ(static_cast<std::size_t>(std::count(table.begin(), table.end(), '\n')), bill["lines"].size() + 1);
}

TEST_F(bills, another_tariff_or_days_prices_are_a_comparison_and_are_not_kept)
{
    const auto bill = json(point + "/bill?from=2024-03-01&to=2024-03-08&prices_as_of=2024-02-10", "household");
    EXPECT_TRUE(bill["comparison"]);
    EXPECT_EQ(bill["prices_as_of"], "2024-02-10");
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&tariff=none", 422, "household").find("none"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&powers_kva=9", 400, "household").find("tariff:"), std::string::npos);
}

TEST_F(bills, what_is_asked_wrongly_is_named)
{
    EXPECT_NE(refusal(point + "/bill?to=2024-03-08").find("from:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-08&to=2024-03-08").find("to:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&prices_as_of=soon").find("prices_as_of:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&as_of=x").find("as_of:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&as_of=99999999999.1").find("as_of:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&lang=de&format=html").find("lang:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-01&to=2024-03-08&format=pdf", 406).find("format:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bill?from=2024-03-25&to=2024-04-25", 422).find("2024-04-"), std::string::npos) << "the day that is missing";
    EXPECT_NE(refusal(point + "/bill?from=2015-03-01&to=2015-03-08", 422).find("2015-03-01"), std::string::npos) << "no contract then";
}

TEST_F(bills, others_homes_do_not_exist_and_auditors_see_none)
{
    refusal("/api/v1/usage-points/" + other_point + "/bill?from=2024-03-01&to=2024-04-01", 404, "household");
    refusal("/api/v1/usage-points/" + other_point + "/bills", 404, "household");
    refusal(point + "/bills", 403, "auditor");
    refusal(point + "/bill?from=2024-03-01&to=2024-04-01", 403, "auditor");
    refusal(point + "/bills/4", 404, "household"); // the neighbour's
    refusal(point + "/bills/0", 404, "household");
    refusal(point + "/bills/x", 404, "household");
}

TEST_F(bills, a_kept_bill_has_the_hash_of_its_document)
{
    const auto list = json(point + "/bills", "household");
    ASSERT_EQ(list["bills"].size(), 4U);
    for (const auto& row : list["bills"]) {
        const std::string target = point + "/bills/" + std::to_string(row["id"].get<int>());
        const auto document = client.get(target + "?format=document", "household");
        EXPECT_EQ(to_hex(crypto::sha256(as_bytes(document.body()))), row["hash"].get<std::string>());
        EXPECT_EQ(json(target, "household")["hash"], row["hash"]);
    }
}

TEST_F(bills, a_page_holds_no_script_and_escapes_what_it_shows)
{
    server.world.played = "curve of <2013> & \"played\" as 2024";
    const auto reply = client.get(point + "/bill?from=2024-03-01&to=2024-04-01&format=html&lang=fr", "household");
    EXPECT_EQ(reply.result_int(), 200U);
    EXPECT_TRUE(reply[http::field::content_type].starts_with("text/html"));
    EXPECT_EQ(reply.body().find("<script"), std::string::npos);
    EXPECT_EQ(reply.body().find("http://"), std::string::npos);
    EXPECT_NE(reply.body().find("curve of &lt;2013&gt; &amp; &quot;played&quot;"), std::string::npos);
    EXPECT_NE(reply.body().find("À payer"), std::string::npos);
    EXPECT_NE(client.get(point + "/bill?from=2024-03-01&to=2024-04-01&format=html&lang=en", "household").body().find("To pay"), std::string::npos);
}

TEST_F(bills, a_line_is_opened_down_to_its_half_hours)
{
    const auto bill = json(point + "/bills/3", "household");
    std::size_t opened = 0;
    for (const auto& line : bill["lines"]) {
        if (line["unit"] != "kWh" || line["time_class"].is_null() || line["contained"])
            continue;
        const auto explained = json(point + "/bills/3/explain?line=" + std::to_string(line["line"].get<int>()), "household");
        ASSERT_FALSE(explained["readings"].empty());
        ++opened;
    }
    EXPECT_GE(opened, 2U) << "peak and off-peak";
    EXPECT_NE(refusal(point + "/bills/3/explain?line=999").find("line:"), std::string::npos);
    EXPECT_NE(refusal(point + "/bills/3/explain").find("line:"), std::string::npos);
}

TEST_F(bills, the_parts_of_a_comparison_add_up_to_the_cent)
{
    for (const char* with : {"previous", "same_period_last_year", ""}) {
        const std::string answer = body(point + "/bills/5/compare" + (*with != '\0' ? std::string{"?with="} + with : ""));
        Cents sum;
        for (std::size_t at = answer.find("\"amount_eur\":"); at != std::string::npos; at = answer.find("\"amount_eur\":", at + 1))
            sum += digits(answer, "amount_eur", at);
        EXPECT_EQ(sum, digits(answer, "difference_eur")) << with;
        for (const auto& part : Json::parse(answer)["parts"]) {
            EXPECT_FALSE(part["sentence"]["en"].get<std::string>().empty());
            EXPECT_FALSE(part["sentence"]["fr"].get<std::string>().empty());
        }
    }
    EXPECT_NE(refusal(point + "/bills/5/compare?with=never").find("with:"), std::string::npos);
    EXPECT_EQ(json(point + "/bill/compare?from=2024-03-01&to=2024-03-16&with=previous", "household")["before"]["to"], "2024-02-16");
}

TEST_F(bills, a_correction_is_proposed_when_readings_have_changed)
{
    const auto changed = json(point + "/bills/3/correction", "household");
    EXPECT_EQ(changed["corrects"], 3);
    const auto draft = json(point + "/bills/5/correction", "household");
    EXPECT_FALSE(draft["due"]) << "made of what is known now";
}

TEST_F(bills, tariffs_and_contracts_are_listed)
{
    const auto tariffs = json("/api/v1/tariffs", "auditor");
    ASSERT_FALSE(tariffs["documents"].empty());
    const auto contracts = json(point + "/contracts", "household");
    EXPECT_EQ(contracts["contracts"].size(), 2U);
    EXPECT_EQ(contracts["contracts"][0]["tariff"], "home_hphc");
    refusal("/api/v1/tariffs/none", 404);
}

} // namespace
} // namespace releve::tests
