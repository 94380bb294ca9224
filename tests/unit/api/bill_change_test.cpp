// What people change through the bill routes: make, issue, cancel, and tell an index.

#include "asking.hpp"

namespace releve::tests {
namespace {

struct bill_changes : Asking {
    const std::string point = "/api/v1/usage-points/" + own_point;
};

TEST_F(bill_changes, a_bill_is_made_issued_and_cancelled_for_a_reason)
{
    const auto made = client.post(point + "/bills", "energy_manager", R"({"from":"2023-11-01","to":"2023-12-01"})");
    ASSERT_EQ(made.result_int(), 201U) << made.body();
    const auto bill = Json::parse(made.body());
    EXPECT_EQ(bill["state"], "draft");
    const std::string place = point + "/bills/" + std::to_string(bill["id"].get<int>());
    EXPECT_EQ(made[http::field::location], place);
    EXPECT_EQ(Json::parse(client.post(place + "/state", "operator", R"({"state":"issued"})").body())["state"], "issued");
    EXPECT_EQ(client.post(place + "/state", "operator", R"({"state":"issued"})").result_int(), 409U);
    EXPECT_NE(post_refusal(place + "/state", R"({"state":"cancelled"})").find("reason:"), std::string::npos);
    EXPECT_NE(post_refusal(place + "/state", R"({"state":"draft"})").find("state:"), std::string::npos);
    EXPECT_EQ(Json::parse(client.post(place + "/state", "operator", R"({"state":"cancelled","reason":"wrong days"})").body())["state"], "cancelled");
    EXPECT_EQ(client.post(place + "/state", "operator", R"({"state":"cancelled","reason":"again"})").result_int(), 409U);
}

TEST_F(bill_changes, a_household_neither_makes_nor_issues)
{
    EXPECT_EQ(client.post(point + "/bills", "household", R"({"from":"2023-11-01","to":"2023-12-01"})").result_int(), 403U);
    EXPECT_EQ(client.post(point + "/bills/5/state", "household", R"({"state":"issued"})").result_int(), 403U);
    EXPECT_NE(post_refusal(point + "/bills", R"({"from":"2023-11-01"})").find("to:"), std::string::npos);
    EXPECT_NE(post_refusal(point + "/bills", R"({"from":"2023-11-01","to":"2023-12-01","corrects":"x"})").find("corrects:"), std::string::npos);
    EXPECT_NE(post_refusal(point + "/bills", R"({"from":"2023-11-01","to":"2023-12-01","price":"1"})").find("price:"), std::string::npos);
}

TEST_F(bill_changes, an_index_that_somebody_read_is_kept_beside_the_readings)
{
    const auto told = client.post(point + "/index-readings", "household", R"({"value":"18665","at":"2024-04-01T18:00:00+02:00","note":"on the display"})");
    ASSERT_EQ(told.result_int(), 201U) << told.body();
    EXPECT_EQ(Json::parse(told.body())["value"], 18665);
    EXPECT_EQ(json(point + "/index-readings", "household")["index_readings"][0]["at"], "2024-04-01T16:00:00Z");
    EXPECT_NE(post_refusal(point + "/index-readings", R"({"value":"-1"})").find("value:"), std::string::npos);
    EXPECT_NE(post_refusal(point + "/index-readings", R"({"value":"12.5"})").find("value:"), std::string::npos);
    EXPECT_NE(post_refusal(point + "/index-readings", R"({"value":"1","register":"moon"})").find("register:"), std::string::npos);
    EXPECT_NE(post_refusal(point + "/index-readings", R"({"value":"1","at":"2034-04-01T18:00:00Z"})").find("at:"), std::string::npos);
    EXPECT_EQ(client.post(point + "/index-readings", "auditor", R"({"value":"1"})").result_int(), 403U);
}

} // namespace
} // namespace releve::tests
