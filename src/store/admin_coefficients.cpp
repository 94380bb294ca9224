// Conversion coefficients of gas usage points, both as they were true and as they were known.

#include "admin_impl.hpp"

namespace releve::store {

namespace {

Error refuse(const Coefficient& coefficient, const char* column, const std::string& why)
{
    if (coefficient.line == 0)
        return fail(errc::bad_parameter, std::string{column} + ": " + why);
    return fail(errc::bad_csv, "row " + std::to_string(coefficient.line) + ", column " + column + ": " + why);
}

/// Holds the usage point's row: knowledge of it changes one step after the other.
result<std::string> hold_usage_point(Work& work, const Coefficient& coefficient)
{
    const Table found = work.run("SELECT energy, organisation FROM usage_point WHERE id = $1 FOR NO KEY UPDATE",
                                 {coefficient.usage_point});
    if (found.empty())
        return refuse(coefficient, "usage_point", "there is no usage point " + coefficient.usage_point);
    if (found[0].text(0) != "gas")
        return refuse(coefficient, "usage_point", coefficient.usage_point + " has " + found[0].text(0) + ", not gas");
    return found[0].text(1);
}

bool is_believed(Work& work, const Coefficient& coefficient)
{
    return !work.run("SELECT FROM conversion_coefficient WHERE usage_point = $1 AND upper_inf(known) AND kwh_per_m3_e5 = $4::int8 "
                     "AND validity @> daterange($2::date, $3::date)",
                     {coefficient.usage_point, coefficient.from, coefficient.to, coefficient.kwh_per_m3_e5})
                .empty();
}

/// The instant of this change, after every earlier one of the usage point: now(), the transaction's begin, may lie before what
/// another has changed while this one waited. As text, in microseconds.
std::string moment_of_change(Work& work, const std::string& usage_point)
{
    return work
        .run("SELECT greatest(clock_timestamp(), max(lower(known)) + interval '1 microsecond')::text FROM conversion_coefficient "
             "WHERE usage_point = $1",
             {usage_point})
        .at(0)
        .text(0);
}

void replace_belief(Work& work, const Coefficient& coefficient)
{
    const std::string moment = moment_of_change(work, coefficient.usage_point);
    const std::int64_t terms = work.run("SELECT releve_next_terms()").at(0).integer(0); // for bills
    work.run("UPDATE conversion_coefficient SET known = tstzrange(lower(known), $4::timestamptz), known_to = $5::int8 WHERE usage_point = $1 AND "
             "upper_inf(known) AND validity && daterange($2::date, $3::date)",
             {coefficient.usage_point, coefficient.from, coefficient.to, moment, terms});
    work.run("INSERT INTO conversion_coefficient (usage_point, kwh_per_m3_e5, validity, known, known_from) SELECT c.usage_point, "
             "c.kwh_per_m3_e5, kept, tstzrange($4::timestamptz, NULL), $5::int8 FROM conversion_coefficient c, "
             "unnest(datemultirange(c.validity) - datemultirange(daterange($2::date, $3::date))) AS kept "
             "WHERE c.usage_point = $1 AND upper(c.known) = $4::timestamptz",
             {coefficient.usage_point, coefficient.from, coefficient.to, moment, terms});
    work.run("INSERT INTO conversion_coefficient (usage_point, kwh_per_m3_e5, validity, known, known_from) VALUES ($1, $5::int8, "
             "daterange($2::date, $3::date), tstzrange($4::timestamptz, NULL), $6::int8)",
             {coefficient.usage_point, coefficient.from, coefficient.to, moment, coefficient.kwh_per_m3_e5, terms});
}

result<void> check_range(const Coefficient& coefficient)
{
    if (coefficient.kwh_per_m3_e5 < 100'000 || coefficient.kwh_per_m3_e5 > 2'000'000)
        return refuse(coefficient, "kwh_per_m3", "must be from 1 to 20 kWh per m3");
    if (coefficient.to && *coefficient.to <= coefficient.from)
        return refuse(coefficient, "to", "is not after `from`");
    return {};
}

std::string note_of(const Coefficient& coefficient)
{
    return std::to_string(coefficient.kwh_per_m3_e5) + "e-5 kWh per m3 from " + to_iso8601(coefficient.from) +
           (coefficient.to ? " to " + to_iso8601(*coefficient.to) : "");
}

/// True when it changed what is believed.
result<bool> set_one(Work& work, const Coefficient& coefficient)
{
    RELEVE_CHECK(check_range(coefficient));
    RELEVE_TRY(organisation, hold_usage_point(work, coefficient));
    if (is_believed(work, coefficient))
        return false;
    replace_belief(work, coefficient);
    note_change(work, {"set_coefficient", organisation, coefficient.usage_point, note_of(coefficient)});
    return true;
}

} // namespace

result<std::int64_t> AdminStore::set_coefficients(std::span<const Coefficient> coefficients)
{
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        work.run("SELECT pg_advisory_xact_lock(hashtextextended('releve terms', 0))"); // before any usage point, as all who change terms
        std::int64_t changed = 0;
        for (const Coefficient& coefficient : coefficients) {
            RELEVE_TRY(fresh, set_one(work, coefficient));
            changed += fresh ? 1 : 0;
        }
        return changed;
    });
}

result<std::vector<KnownCoefficient>> AdminStore::list_coefficients(const std::string& usage_point,
                                                                    std::optional<Instant> as_known_at)
{
    return impl_->session.transaction([&](Work& work) -> result<std::vector<KnownCoefficient>> {
        if (work.run("SELECT FROM usage_point WHERE id = $1", {usage_point}).empty())
            return fail(errc::not_found, "there is no usage point " + usage_point);
        std::vector<KnownCoefficient> list;
        for (const Row& row :
             work.run("SELECT lower(validity), upper(validity), kwh_per_m3_e5, extract(epoch FROM lower(known))::int8, "
                      "extract(epoch FROM upper(known))::int8 FROM conversion_coefficient WHERE usage_point = $1 AND CASE WHEN "
                      "$2::timestamptz IS NULL THEN upper_inf(known) ELSE known @> $2::timestamptz END ORDER BY validity",
                      {usage_point, as_known_at})) {
            KnownCoefficient known;
            known.usage_point = usage_point;
            known.from = row.day(0);
            known.to = row.null(1) ? std::nullopt : std::optional{row.day(1)};
            known.kwh_per_m3_e5 = row.integer(2);
            known.known_from = row.instant(3);
            known.known_to = row.maybe_instant(4);
            list.push_back(std::move(known));
        }
        return list;
    });
}

} // namespace releve::store
