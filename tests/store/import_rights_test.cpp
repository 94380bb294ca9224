// Files of readings and tariffs under the rights of a token.

#include "import_fixture.hpp"

#include <releve/store/tariff_store.hpp>

namespace releve::store::test {
namespace {

TEST_F(Imports, a_token_stages_and_sees_what_is_of_its_towns)
{
    owner("INSERT INTO organisation VALUES ('east', 'East', 'root'), ('west', 'West', 'root')");
    add_usage_point(home, "east");
    add_usage_point("02000000000001", "west");
    const std::string east = add_token("energy_manager", {"east"}, {}), household = add_token("household", {}, {home});
    const auto token_of = [&](const std::string& key) { return std::stoll(ask(DbRole::api, "SELECT id FROM releve_identity()", key)); };
    ImportStore of_east{address, east, token_of(east)};
    const auto staged = of_east.stage(import("a", {march(5, 6, 300)}));
    ASSERT_TRUE(staged) << to_string(staged.error());
    carry_out();
    EXPECT_EQ(of_east.list(10).size(), 1U);
    EXPECT_EQ(of_east.list(10).at(0).asked_by, "energy_manager");
    EXPECT_EQ(of_east.points(std::vector<std::string>{home, "02000000000001"}).size(), 1U);
    StagedPart of_west = march(5, 6, 300);
    of_west.usage_point.value = "02000000000001";
    EXPECT_THROW(static_cast<void>(of_east.stage(import("b", {of_west}))), pg::SqlError);
    ImportStore at_home{address, household, token_of(household)};
    EXPECT_THROW(static_cast<void>(at_home.stage(import("c", {march(6, 7, 300)}))), pg::SqlError) << "as if it were proven";
    EXPECT_EQ(at_home.list(10).size(), 1U) << "a home sees what was said of it";
    // Of a file of two towns only who sees both sees anything; and nobody reads what waits.
    stage("d", {march(8, 9, 300), of_west});
    EXPECT_EQ(of_east.list(10).size(), 1U);
    EXPECT_EQ(store.list(10).size(), 2U);
    EXPECT_EQ(ask(DbRole::api, "SELECT content FROM import_part", east), "error 42501");
    EXPECT_EQ(ask(DbRole::api, "SELECT releve_place_import('" + std::string{home} + "', '', now(), now())", east), "error 42501");
}

TEST_F(Imports, problems_name_others_and_are_for_who_sent_the_file)
{
    add_usage_point(home);
    const std::string household = add_token("household", {}, {home}), manager = add_token("energy_manager", {"root"}, {});
    const auto seen_by = [&](const std::string& key) {
        return ImportStore{address, key, std::stoll(ask(DbRole::api, "SELECT id FROM releve_identity()", key))}.list(10).size();
    };
    auto in_part = import("a", {march(5, 6, 300)});
    in_part.refused = 1;
    in_part.lines = {{0, "02000000000001", "there is no such usage point"}};
    ASSERT_TRUE(store.stage(in_part));
    EXPECT_EQ(seen_by(household), 0U);
    EXPECT_EQ(seen_by(manager), 1U) << "who sees everything";
    ASSERT_TRUE(store.stage(import("b", {march(6, 7, 300)})));
    EXPECT_EQ(seen_by(household), 1U);
}

/// Row-level security by itself: nothing here goes by what the product asks before it writes, nor by what may be read afterwards.
TEST_F(Imports, the_database_refuses_each_import_that_a_token_may_not_write)
{
    owner("INSERT INTO organisation VALUES ('east', 'East', 'root'), ('west', 'West', 'root')");
    add_usage_point(home, "east");
    add_usage_point("02000000000001", "west");
    add_usage_point("01000000000009", "east", "daily");
    const std::string east = add_token("energy_manager", {"east"}, {}), household = add_token("household", {}, {home}), auditor = add_token("auditor", {"east"}, {});
    int files = 0;
    const auto write = [&](const std::string& key, const std::string& points, const std::string& state = "staged", const std::string& proven = "true",
                           const std::string& token = "(SELECT id FROM releve_identity())") {
        return ask(DbRole::api,
                   "INSERT INTO import (file_name, sha256, format, usage_points, state, asked_by, token, whole, proven) VALUES ('x', sha256('" + std::to_string(++files) +
                       "'), 'r63', '{" + points + "}', '" + state + "', 'x', " + token + ", true, " + proven + ")",
                   key);
    };
    EXPECT_EQ(write(east, home), "");
    EXPECT_EQ(write(household, home, "staged", "false"), "");
    EXPECT_EQ(write(household, home), "error 42501") << "a household proves nothing";
    EXPECT_EQ(write(household, "02000000000001", "staged", "false"), "error 42501") << "a neighbour's";
    EXPECT_EQ(write(auditor, home), "error 42501");
    EXPECT_EQ(write(east, "02000000000001"), "error 42501") << "another town's";
    EXPECT_EQ(write(east, home + std::string{",02000000000001"}), "error 42501") << "one of two";
    EXPECT_EQ(write(east, ""), "error 42501");
    EXPECT_EQ(write(east, home, "running"), "error 42501");
    EXPECT_EQ(write(east, home, "staged", "true", "(SELECT id FROM releve_identity()) + 1"), "error 42501") << "in another's name";
    EXPECT_EQ(write(east, home, "staged", "true", "NULL"), "error 42501");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM import"), "2");

    ASSERT_EQ(write(east, home + std::string{",01000000000009"}), "");
    const auto import_at = [&](int place) { return ask(DbRole::owner, "SELECT id FROM import ORDER BY id LIMIT 1 OFFSET " + std::to_string(place)); };
    const std::string of_one = import_at(0), of_household = import_at(1), of_two = import_at(2);
    int parts = 0;
    const auto add = [&](const std::string& key, const std::string& import, const std::string& point, const std::string& kind = "intervals") {
        return ask(DbRole::api,
                   "INSERT INTO import_part (import, part, usage_point, kind, starts, ends, amount, content) VALUES (" + import + ", " + std::to_string(++parts) + ", '" +
                       point + "', '" + kind + "', now(), now(), 1, 'x')",
                   key);
    };
    EXPECT_EQ(add(east, of_one, home), "");
    EXPECT_EQ(add(east, of_two, "01000000000009", "registers"), "");
    EXPECT_EQ(add(household, of_household, home), "");
    EXPECT_EQ(add(east, of_two, "01000000000009"), "error 42501") << "a curve of a home with daily totals";
    EXPECT_EQ(add(east, of_one, "01000000000009", "registers"), "error 42501") << "not named by the import";
    EXPECT_EQ(add(east, of_household, home), "error 42501") << "of another token's import";
    EXPECT_EQ(add(household, of_household, home, "gas"), "error 42501") << "told to bills";
    owner("UPDATE import SET state = 'done' WHERE id = " + of_one);
    EXPECT_EQ(add(east, of_one, home), "error 42501") << "one that is over";
}

TEST_F(Imports, what_a_household_says_is_not_proven_and_takes_no_place)
{
    add_usage_point(home);
    const std::string key = add_token("household", {}, {home});
    ImportStore at_home{address, key, std::stoll(ask(DbRole::api, "SELECT id FROM releve_identity()", key))};
    const auto stage_at_home = [&](const char* name, std::vector<StagedPart> parts) {
        auto said = import(name, std::move(parts));
        said.proven = false;
        said.lines = {{6, "Val\teur", std::string(500, 'x')}};
        const auto staged = at_home.stage(said);
        EXPECT_TRUE(staged) << to_string(staged.error());
        return staged ? staged->id : 0;
    };
    const auto first = stage_at_home("a", {march(5, 7, 300), part({file_read("2024-03-05T23:00:00Z", 5'000)}, "2024-03-05T23:00:00Z", "2024-03-05T23:00:00Z")});
    carry_out();
    EXPECT_EQ(told(first), "done|97|0|0|0");
    const auto quality_of = [&](const char* from, const char* to, const std::string& channel = "") { return stored(from, to, channel).at(0).quality; };
    EXPECT_EQ(quality_of("2024-03-04T23:00:00Z", "2024-03-05T23:00:00Z"), Quality::unauthenticated);
    EXPECT_EQ(quality_of("2024-03-05T00:00:00Z", "2024-03-07T00:00:00Z", "registers"), Quality::unauthenticated);
    // The operator's file takes its place, and the household's does not come back.
    stage("b", {march(6, 7, 310, Quality::questionable)});
    carry_out();
    EXPECT_EQ(stored("2024-03-05T23:00:00Z", "2024-03-06T00:00:00Z").at(0).value, 310);
    const auto again = stage_at_home("c", {march(5, 7, 1)});
    carry_out();
    EXPECT_EQ(told(again), "done|48|48|0|0");
    EXPECT_EQ(stored("2024-03-05T23:00:00Z", "2024-03-06T00:00:00Z").at(0).value, 310);
    EXPECT_EQ(quality_of("2024-03-05T23:00:00Z", "2024-03-06T00:00:00Z"), Quality::questionable);
    EXPECT_EQ(stored("2024-03-04T23:00:00Z", "2024-03-05T00:00:00Z").at(0).value, 1) << "what it said itself";
    const auto row = at_home.show(again).value();
    EXPECT_FALSE(row.proven);
    EXPECT_EQ(row.lines, (std::vector<ImportLine>{{6, "Val eur", std::string(400, 'x')}}));
}

TEST_F(Imports, so_many_files_of_a_token_wait_and_no_more)
{
    add_usage_point(home);
    const std::string key = add_token("operator", {"root"}, {});
    ImportStore of_token{address, key, std::stoll(ask(DbRole::api, "SELECT id FROM releve_identity()", key))};
    for (std::int64_t i = 0; i < import_waiting_max; ++i)
        ASSERT_TRUE(of_token.stage(import(std::to_string(i).c_str(), {march(5, 6, 300)})));
    EXPECT_EQ(of_token.stage(import("more", {march(5, 6, 300)})).error().code, errc::unavailable);
    stage("of the command line", {march(5, 6, 300)});
    carry_out();
    EXPECT_TRUE(of_token.stage(import("more", {march(5, 6, 300)})));
    EXPECT_EQ(of_token.list(2).size(), 2U);
    EXPECT_EQ(of_token.list(2, 3).at(0).id, 2);
}

TEST_F(Imports, a_tariff_is_added_by_an_operator_of_everything)
{
    owner("INSERT INTO organisation VALUES ('east', 'East', 'root')");
    TariffStore of_root{address, add_token("operator", {"root"}, {})};
    const auto document = [](int edition, const char* content) { return TariffText{"own", "tariff", edition, content, "added", 0}; };
    EXPECT_TRUE(of_root.add(document(1, "{}")).value());
    EXPECT_FALSE(of_root.add(document(1, "{}")).value());
    EXPECT_EQ(of_root.add(document(1, "{ }")).error().code, errc::bad_tariff);
    EXPECT_EQ(ask(DbRole::owner, "SELECT version FROM terms_version"), "1");
    EXPECT_TRUE(of_root.add(document(2, "{ }")).value());
    EXPECT_EQ(of_root.tariffs().at(0).edition, 2);
    EXPECT_EQ(ask(DbRole::owner, "SELECT known_from, edition, origin, added_by FROM tariff_document ORDER BY 1"), "1|1|added|operator\n2|2|added|operator");
    EXPECT_EQ(ask(DbRole::owner, "SELECT who, detail FROM audit WHERE action = 'add_tariff' ORDER BY id LIMIT 1"), "operator|own edition 1");
    const auto by = [&](const std::string& role, const std::string& scope) {
        return ask(DbRole::api, "SELECT releve_add_tariff('tariff', 'own', 9, '{}')", add_token(role, {scope}, {}));
    };
    EXPECT_EQ(by("operator", "east"), "error 42501");
    EXPECT_EQ(by("energy_manager", "root"), "error 42501");
    EXPECT_EQ(by("auditor", "root"), "error 42501");
    EXPECT_EQ(ask(DbRole::api, "SELECT releve_add_tariff('tariff', 'own', 9, '{}')"), "error 42501") << "nobody";
    EXPECT_EQ(ask(DbRole::api, "INSERT INTO tariff_document (id, known_from, kind, edition, content, origin) VALUES ('x', 1, 'tariff', 1, '{}', 'added')"), "error 42501");
}

} // namespace
} // namespace releve::store::test
