#include "check_rows.hpp"

#include <algorithm>
#include <array>

namespace releve::store {

namespace {

/// Days may be shared by two homes, if the meter was moved: only what lies within the time at a home that the token sees is
/// shown of them.
constexpr const char* failures_of =
    "SELECT f.id, f.meter_id, f.channel, f.day, f.rule, f.severity, f.first_slot, f.last_slot, f.value, f.limits, f.detail, "
    "f.batch, f.cleared, m.model, u.id, u.zone, u.energy, extract(epoch FROM lower(i.validity))::int8, "
    "extract(epoch FROM upper(i.validity))::int8 FROM f JOIN meter m ON m.id = f.meter_id "
    "JOIN installation i ON i.meter_id = f.meter_id AND i.purpose = 'metering' "
    "JOIN usage_point u ON u.id = i.usage_point AND u.collection = 'half_hour' "
    "AND i.validity && releve_hours_of(f.day, u.zone, u.energy) ORDER BY f.id DESC, lower(i.validity)";

/// The failures that are looked at, as SQL that names its arguments.
struct FailureQuery {
    std::string where;
    std::vector<Arg> args;

    void add(const std::string& condition, Arg value)
    {
        args.push_back(std::move(value));
        where += (where.empty() ? " WHERE " : " AND ") + condition + std::to_string(args.size());
    }
    [[nodiscard]] std::string sql(int limit) const
    {
        return "WITH f AS (SELECT id, meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, detail, "
               "batch, "
               "cleared FROM validation_failure" +
               where + " ORDER BY id DESC LIMIT " + std::to_string(limit) + ") " + failures_of;
    }
};

FailureQuery failure_query(const FailureFilter& filter, const std::string& after)
{
    FailureQuery query;
    if (!filter.rule.empty())
        query.add("rule = $", filter.rule);
    if (!filter.severity.empty())
        query.add("severity = $", filter.severity);
    if (filter.meter)
        query.add("meter_id = $", filter.meter->value);
    if (filter.usage_point)
        query.add("meter_id IN (SELECT meter_id FROM installation WHERE purpose = 'metering' AND usage_point = $",
                  filter.usage_point->value);
    if (filter.usage_point)
        query.where += ")";
    if (filter.from)
        query.add("day >= $", *filter.from);
    if (filter.to)
        query.add("day < $", *filter.to);
    if (!after.empty())
        query.add("id < $", after);
    if (!filter.cleared)
        query.where += query.where.empty() ? " WHERE cleared IS NULL" : " AND cleared IS NULL";
    return query;
}

std::vector<std::pair<std::string, std::int64_t>> named_limits(const std::string& rule_name, const ChannelModel* channel,
                                                               const std::vector<std::int64_t>& limits)
{
    std::vector<std::pair<std::string, std::int64_t>> named;
    const auto rule = engine::validation_rule_from_name(rule_name);
    if (!rule)
        return named;
    const auto kind = channel != nullptr ? engine::rule_kind_of(*channel) : std::nullopt;
    for (std::size_t i = 0; i < std::min(limits.size(), engine::rule_limits_max); ++i)
        if (const auto name = engine::limit_name(*rule, i, kind.value_or(engine::RuleKind::electricity_import)); !name.empty())
            named.emplace_back(name, limits[i]);
    return named;
}

/// A row of failures_of.
struct SeenFailure {
    FailureRow row;
    Validity at_home;

    /// Nothing of another home is in it.
    [[nodiscard]] bool within() const { return row.from >= at_home.from && (!at_home.to || row.to <= *at_home.to); }
};

result<SeenFailure> read_failure(const Row& cells, const ModelLookup& models)
{
    SeenFailure seen;
    FailureRow& row = seen.row;
    const ChannelId number{static_cast<std::int16_t>(cells.integer(2))};
    const MeterModel* model = models ? models(cells.text(13)) : nullptr;
    const ChannelModel* channel = model != nullptr ? model->find(number) : nullptr;
    SeenUsagePoint point;
    point.zone = cells.text(15);
    RELEVE_TRY(zone, zone_of(point));
    row.id = cells.integer(0);
    row.meter = MeterId{static_cast<std::int32_t>(cells.integer(1))};
    row.usage_point = {cells.text(14)};
    row.day = cells.day(3);
    row.rule = cells.text(4);
    row.severity = cells.text(5);
    row.value = cells.integer(8);
    row.limits = named_limits(row.rule, channel, cells.integers(9));
    row.detail = cells.integers(10);
    row.batch = BatchNumber{cells.integer(11)};
    if (!cells.null(12))
        row.cleared = BatchNumber{cells.integer(12)};
    seen.at_home = cells.validity(17, 18);
    if (channel == nullptr) { // the model's file is gone: the day is all that can be said
        row.channel = std::to_string(number.value);
        row.unit = Unit::no_unit;
        row.from = zone->start_of(row.day);
        row.to = row.from + zone->length_of(row.day);
        return seen;
    }
    row.channel = channel->name;
    row.unit = channel->unit;
    row.scaler = channel->scaler;
    const Instant start = zone->start_of(row.day, channel->day_start);
    row.from = start + channel->step * cells.integer(6);
    row.to = start + channel->step * (cells.integer(7) + 1);
    return seen;
}

/// Whether the token sees every home at which the meter was around that day.
bool sees_all_homes(Work& work, const FailureRow& row)
{
    return work.run("SELECT releve_whole_month($1::int4, date_trunc('month', $2::date)::date)", {row.meter.value, row.day})
        .at(0)
        .boolean(0);
}

/// Of each failure the home that it belongs to.
result<std::vector<FailureRow>> one_home_each(Work& work, const Table& table, const ModelLookup& models)
{
    std::vector<FailureRow> list;
    for (std::size_t i = 0, next = 0; i < table.size(); i = next) {
        std::optional<SeenFailure> best;
        for (next = i; next < table.size() && table[next].text(0) == table[i].text(0); ++next) {
            RELEVE_TRY(seen, read_failure(table[next], models));
            if (!best || (!best->within() && seen.within()))
                best = std::move(seen);
        }
        if (best->within() || sees_all_homes(work, best->row))
            list.push_back(std::move(best->row));
    }
    return list;
}

result<void> check_filter(const FailureFilter& filter)
{
    if (!filter.rule.empty() && !engine::validation_rule_from_name(filter.rule))
        return fail(errc::bad_parameter, "rule: there is none of this name");
    if (!filter.severity.empty() && filter.severity != "note" && filter.severity != "doubt")
        return fail(errc::bad_parameter, "severity: must be note or doubt");
    return {};
}

result<FailureRow> load_failure(Work& work, const ModelLookup& models, std::int64_t id)
{
    FailureQuery query;
    query.add("id = $", id);
    RELEVE_TRY(list, one_home_each(work, work.run(query.sql(1), query.args), models));
    if (list.empty())
        return fail(errc::not_found);
    return std::move(list.front());
}

result<void> check_handling(const Identity& who, const std::string& step, const std::string& note)
{
    constexpr std::array steps{"taken", "noted", "closed", "reopened"};
    if (who.role != Role::operator_)
        return fail(errc::forbidden);
    if (std::ranges::find(steps, step) == steps.end())
        return fail(errc::bad_parameter, "step: must be taken, noted, closed or reopened");
    RELEVE_CHECK(check_text("note", note, 0, 500));
    if (step == "noted" && note.empty())
        return fail(errc::bad_parameter, "note: a step `noted` says something");
    return {};
}

struct HandlingNote {
    const char* subject; // the column: event or failure
    std::int64_t id;
    const std::string& step;
    const std::string& note;
};
std::vector<HandlingRow> add_handling(Work& work, const Identity& who, const HandlingNote& added)
{
    work.run(std::string{"INSERT INTO handling ("} + added.subject +
                 ", step, note, who, token) VALUES ($1::int8, $2, $3, $4, $5::int8)",
             {added.id, added.step, added.note, who.label, who.token_id});
    return load_handling(work, added.subject, {added.id})[added.id];
}

} // namespace

result<void> may_run_fleet(const Identity& who)
{
    if (who.role != Role::operator_ && who.role != Role::energy_manager)
        return fail(errc::forbidden);
    return {};
}

void ShownPoints::add(const UsagePointId& usage_point, CivilDay day)
{
    const CivilDay next = day + std::chrono::days{1};
    const auto [place, fresh] = points_.try_emplace(usage_point, Days{day, next});
    place->second.from = std::min(place->second.from, day);
    place->second.to = std::max(place->second.to, next);
}

void ShownPoints::note(Work& work, const Identity& who, const char* what) const
{
    if (points_.empty())
        return;
    std::string points = "{", from = "{", to = "{"; // ids and days need no quotes
    for (const auto& [point, days] : points_) {
        const char* comma = points.size() > 1 ? "," : "";
        points += comma + point.value;
        from += comma + to_iso8601(days.from);
        to += comma + to_iso8601(days.to);
    }
    work.run("INSERT INTO access_log (token, role, who, usage_point, what, day_from, day_to) "
             "SELECT $1::int8, $2, $3, p.id, $4, p.day_from, p.day_to "
             "FROM unnest($5::text[], $6::date[], $7::date[]) AS p (id, day_from, day_to)",
             {who.token_id, role_name(who.role), who.label, what, points + "}", from + "}", to + "}"});
}

std::map<std::int64_t, std::vector<HandlingRow>> load_handling(Work& work, const char* subject, const std::vector<std::int64_t>& ids)
{
    std::map<std::int64_t, std::vector<HandlingRow>> done;
    if (ids.empty())
        return done;
    for (const Row& row : work.run(std::string{"SELECT "} + subject + ", step, note, who, extract(epoch FROM at)::int8 FROM handling WHERE " +
                                       subject + " = ANY ($1::int8[]) ORDER BY id",
                                   {array_text(ids)}))
        done[row.integer(0)].push_back({row.text(1), row.text(2), row.text(3), row.instant(4)});
    return done;
}

result<void> check_text(const char* field, const std::string& text, std::size_t least, std::size_t most)
{
    std::size_t characters = 0, seen = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            return fail(errc::bad_parameter, std::string{field} + ": one line, without control characters");
        characters += (byte & 0xC0U) != 0x80 ? 1 : 0; // UTF-8: bytes that begin a character
        seen += byte != ' ' ? 1 : 0;
    }
    if (characters < least || characters > most || seen < least)
        return fail(errc::bad_parameter,
                    std::string{field} + ": " + std::to_string(least) + " to " + std::to_string(most) + " characters");
    return {};
}

result<std::vector<FailureRow>> ApiStore::failures(const Identity& who, const FailureFilter& filter, const Page& page)
{
    RELEVE_CHECK(may_read(who));
    RELEVE_CHECK(check_filter(filter));
    return impl_->as(who, [&](Work& work) -> result<std::vector<FailureRow>> {
        RELEVE_TRY(list, full_page<FailureRow>(page, [&](const std::string& after) -> result<PartOfPage<FailureRow>> {
                       const FailureQuery query = failure_query(filter, after);
                       const Table table = work.run(query.sql(page.limit), query.args);
                       RELEVE_TRY(rows, one_home_each(work, table, impl_->models));
                       std::erase_if(rows, [&](const FailureRow& row) {
                           return filter.usage_point && row.usage_point != *filter.usage_point;
                       });
                       return part_of_page(std::move(rows), table, page.limit);
                   }));
        if (who.role == Role::operator_)
            add_handling_to(work, "failure", list);
        ShownPoints shown;
        for (const FailureRow& row : list)
            shown.add(row.usage_point, row.day);
        shown.note(work, who, "checks");
        return list;
    });
}

result<FailureRow> ApiStore::failure(const Identity& who, std::int64_t id)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<FailureRow> {
        RELEVE_TRY(row, load_failure(work, impl_->models, id));
        row.handling = load_handling(work, "failure", {id})[id];
        note_access(work, who, {row.usage_point, "checks", row.day, row.day + std::chrono::days{1}});
        return row;
    });
}

result<std::vector<HandlingRow>> ApiStore::handle_event(const Identity& who, std::int64_t event, const std::string& step,
                                                        const std::string& note)
{
    RELEVE_CHECK(check_handling(who, step, note));
    return impl_->as(who, [&](Work& work) -> result<std::vector<HandlingRow>> {
        if (work.run("SELECT FROM event WHERE id = $1::int8", {event}).empty())
            return fail(errc::not_found);
        return add_handling(work, who, {"event", event, step, note});
    });
}

result<std::vector<HandlingRow>> ApiStore::handle_failure(const Identity& who, std::int64_t failure, const std::string& step,
                                                          const std::string& note)
{
    RELEVE_CHECK(check_handling(who, step, note));
    return impl_->as(who, [&](Work& work) -> result<std::vector<HandlingRow>> {
        RELEVE_CHECK(load_failure(work, impl_->models, failure));
        return add_handling(work, who, {"failure", failure, step, note});
    });
}

} // namespace releve::store
