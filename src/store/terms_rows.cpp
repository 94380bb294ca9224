// What people say of usage points and prices: contracts, off-peak hours, published gas, tariffs; as of a version.

#include "bill_rows.hpp"

namespace releve::store {

namespace {

constexpr const char* believed = " AND known_from <= $2::int8 AND (known_to IS NULL OR known_to > $2::int8)";

CivilDay last_day() { return CivilDay{std::chrono::year{2100} / 1 / 1}; }

} // namespace

result<Knowledge> settle_knowledge(Work& work, const std::optional<Knowledge>& asked, const char* complete)
{
    const Row row = work.run("SELECT " + std::string{complete} + "(), (SELECT version FROM terms_version)").at(0);
    const Knowledge now{BatchNumber{row.null(0) ? 0 : row.integer(0)}, row.integer(1)};
    if (!asked)
        return now;
    if (asked->batch > now.batch || asked->terms > now.terms || asked->batch.value < 0 || asked->terms < 0)
        return fail(errc::bad_parameter, "as_of: no answer has named this number yet");
    return *asked;
}

result<void> load_terms(Work& work, const SeenUsagePoint& point, std::int64_t terms, engine::BillFacts& facts)
{
    const std::vector<Arg> args{point.id.value, terms, point.zone};
    for (const Row& row : work.run(std::string{"SELECT (lower(validity) AT TIME ZONE $3)::date, (upper(validity) AT TIME ZONE $3)::date, tariff, parameters, "
                                               "subscribed_powers::text, daily_capacity_kwh, meter_calendar FROM contract WHERE usage_point = $1"} +
                                       believed + " ORDER BY 1",
                                   args)) {
        engine::ContractTerms& one = facts.contracts.emplace_back();
        one.span = {row.null(0) ? CivilDay{} : row.day(0), row.null(1) ? last_day() : row.day(1)};
        one.tariff = row.text(2);
        RELEVE_TRY(parameters, parse_parameters(row.text(3)));
        one.parameters = std::move(parameters);
        one.powers_va = row.integers(4);
        if (!row.null(5))
            one.daily_capacity_kwh = row.integer(5);
        one.meter_calendar = row.text(6);
    }
    for (const Row& row : work.run(std::string{"SELECT lower(validity), upper(validity), windows FROM offpeak_period WHERE usage_point = $1"} + believed +
                                       " AND $3 <> '' ORDER BY 1",
                                   args)) {
        RELEVE_TRY(windows, engine::parse_offpeak(row.text(2)));
        facts.offpeak.push_back({{row.null(0) ? CivilDay{} : row.day(0), row.null(1) ? last_day() : row.day(1)}, std::move(windows)});
    }
    if (point.energy != "gas")
        return {};
    for (const Row& row : work.run(std::string{"SELECT from_day, to_day, index_from_m3, index_to_m3, kwh_per_m3_e5, energy_kwh, quality FROM published_gas "
                                               "WHERE NOT provisional AND usage_point = $1"} +
                                       believed + " AND $3 <> '' ORDER BY 1",
                                   args))
        facts.published_gas.push_back({{row.day(0), row.day(1)}, row.integer(2), row.integer(3), row.integer(4), row.integer(5),
                                       static_cast<Quality>(row.integer(6))});
    std::vector<engine::ConversionCoefficient> coefficients;
    for (const Row& row : work.run(std::string{"SELECT greatest(lower(validity), '1990-01-01'), least(upper(validity), '2100-01-01'), kwh_per_m3_e5 "
                                               "FROM conversion_coefficient WHERE usage_point = $1"} +
                                       believed + " AND $3 <> ''",
                                   args))
        coefficients.push_back({row.day(0), row.null(1) ? last_day() : row.day(1), row.integer(2)});
    RELEVE_TRY(sorted, engine::sort_coefficients(std::move(coefficients)));
    facts.coefficients = std::move(sorted);
    return {};
}

std::vector<TariffText> load_tariffs(Work& work, std::optional<std::int64_t> terms)
{
    std::vector<TariffText> documents;
    for (const Row& row : work.run("SELECT DISTINCT ON (kind, id) id, kind, edition, content, origin, known_from FROM tariff_document "
                                   "WHERE known_from <= coalesce($1::int8, 9223372036854775807) ORDER BY kind, id, known_from DESC",
                                   {terms}))
        documents.push_back({row.text(0), row.text(1), static_cast<int>(row.integer(2)), row.text(3), row.text(4), row.integer(5)});
    return documents;
}

} // namespace releve::store
