// Gas as GRDF gives it: the answer of its site, { PCE: { releves: [...] } }, or of ADICT, an object of each period, one a line.
// What is "Publiée" is the read that is billed; what is "Informative" may change and is never billed.

#include "csv_records.hpp"
#include "import_parse.hpp"

#include <releve/core/decimal.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using Node = JsonTree::Node;

constexpr std::int64_t index_m3_max = 1'000'000'000;
constexpr std::int64_t gas_kwh_max = 1'000'000'000;
constexpr std::int64_t kwh_per_m3_e5_min = 100'000, kwh_per_m3_e5_max = 2'000'000;

/// A period in the words of the site or of ADICT.
struct GasFields {
    ImportPlace place; // of the energy
    Node point, from, to, index_from, index_to, coefficient, volume, energy, kind, status, passed_zero, direction;
    std::vector<Node> qualities; // of the consumption and of the reads around it
};

GasFields site_fields(Node period, Node point)
{
    return {.place = {period.line(), "energieConsomme"},
            .point = point,
            .from = period.at("dateDebutReleve"),
            .to = period.at("dateFinReleve"),
            .index_from = period.at("indexDebut"),
            .index_to = period.at("indexFin"),
            .coefficient = period.at("coeffConversion"),
            .volume = period.at("volumeBrutConsomme"),
            .energy = period.at("energieConsomme"),
            .kind = period.at("natureReleve"),
            .status = period.at("status"),
            .passed_zero = {},
            .direction = {},
            .qualities = {period.at("qualificationReleve")}};
}

GasFields adict_fields(Node period)
{
    const Node used = period.at("consommation"), from = period.at("releve_debut"), to = period.at("releve_fin");
    return {.place = {period.line(), "energie"},
            .point = period.at("pce").at("id_pce"),
            .from = used.at("date_debut_consommation"),
            .to = used.at("date_fin_consommation"),
            .index_from = from.at("index_brut_debut").at("valeur_index"),
            .index_to = to.at("index_brut_fin").at("valeur_index"),
            .coefficient = used.at("coeff_calcul").at("coeff_conversion"),
            .volume = used.at("volume_brut"),
            .energy = used.at("energie"),
            .kind = used.at("type_conso"),
            .status = used.at("statut_conso"),
            .passed_zero = used.at("flag_retour_zero"),
            .direction = used.at("sens_flux_gaz"),
            .qualities = {used.at("type_qualif_conso"), from.at("qualite_releve"), to.at("qualite_releve")}};
}

constexpr std::pair<std::string_view, Quality> gas_qualities[] = {
    {"mesure", Quality::raw}, {"estime", Quality::estimated_linear}, {"corrige", Quality::edited}};

/// Rounded half up to `scale` decimals, from the digits as they are written.
std::optional<std::int64_t> rounded_number(std::string_view text, int scale, std::int64_t max)
{
    if (text.find_first_not_of("-.0123456789") != std::string_view::npos)
        return {}; // an exponent, or no number at all
    // The first digit that falls away decides, so that those after it need not fit.
    const std::size_t point = text.find('.');
    const auto number =
        parse_decimal(text.substr(0, point == std::string_view::npos ? point : point + 2 + static_cast<std::size_t>(scale)));
    const auto found = number ? round_to(ratio_of(*number), scale) : fail(errc::bad_value);
    return found && found->digits >= 0 && found->digits <= max && !text.starts_with('-') ? std::optional{found->digits}
                                                                                         : std::nullopt;
}

/// A gas day begins at 06:00 local time. The site writes 06:00 with the offset 00:00 all year, so that only the date counts.
std::optional<CivilDay> gas_day_of(std::string_view text)
{
    const auto stamp = parse_stamp(text);
    if (!stamp)
        return {};
    const CivilDay day = std::chrono::floor<std::chrono::days>(stamp->local);
    return stamp->date_only || stamp->local - day == std::chrono::hours{6} ? std::optional{day} : std::nullopt;
}

class GasReader {
public:
    explicit GasReader(const ImportOptions& options) : draft_(ImportFormat::grdf, options) {}

    ImportDraft& draft() { return draft_; }

    result<void> read(const GasFields& fields)
    {
        if (is_absent(fields)) {
            draft_.add_empty_value();
            return {};
        }
        RELEVE_TRY(usage_point, draft_.usage_point({fields.place.line, key_of(fields.point, "id_pce")}, fields.point.text()));
        if (!usage_point)
            return {};
        ImportedGas gas{.usage_point = std::move(*usage_point)};
        if (set_kind(gas, fields) && set_days(gas, fields) && set_numbers(gas, fields) && check(gas, fields))
            draft_.add(std::move(gas), fields.place);
        return {};
    }

private:
    static std::string_view key_of(Node node, std::string_view otherwise) { return node.key().empty() ? otherwise : node.key(); }

    bool refuse(const GasFields& fields, Node field, std::string_view name, std::string reason)
    {
        draft_.add_problem({fields.place.line, key_of(field, name)}, std::move(reason));
        return false;
    }

    /// GRDF says that it has no data, or shows neither an index nor a figure.
    static bool is_absent(const GasFields& fields)
    {
        return folded(fields.qualities[0].text()).starts_with("absence") ||
               (!fields.energy && !fields.volume && !fields.index_to);
    }

    bool set_kind(ImportedGas& gas, const GasFields& fields)
    {
        const std::string kind = folded(fields.kind.text());
        gas.published = kind == "publiee";
        if (!gas.published && kind != "informative journalier")
            return refuse(fields, fields.kind, "type_conso",
                          "expected 'Publiée' or 'Informative Journalier', found " + shown(kind));
        if (const std::string direction = folded(fields.direction.text()); !direction.empty() && direction != "consommation")
            return refuse(fields, fields.direction, "sens_flux_gaz", "only 'Consommation' is read");
        gas.provisional = folded(fields.status.text()).starts_with("provisoire");
        for (const Node& written : fields.qualities) {
            if (!written && &written != &fields.qualities[0])
                continue;
            const auto* row =
                std::ranges::find(gas_qualities, folded(written.text()), &std::pair<std::string_view, Quality>::first);
            if (row == std::end(gas_qualities))
                return refuse(fields, written, "type_qualif_conso",
                              "expected 'Mesuré', 'Estimé' or 'Corrigé', found " + shown(std::string{written.text()}));
            gas.quality = worse(gas.quality, row->second);
        }
        return true;
    }

    bool set_days(ImportedGas& gas, const GasFields& fields)
    {
        const auto from = gas_day_of(fields.from.text()), to = gas_day_of(fields.to.text());
        if (!from || !to)
            return refuse(fields, from ? fields.to : fields.from, "date_debut_consommation",
                          "expected a gas day, like 2024-01-10T06:00:00+01:00");
        gas.from = *from;
        gas.to = *to;
        return gas.from < gas.to || refuse(fields, fields.to, "date_fin_consommation", "is not after the beginning");
    }

    /// A whole number if the file has one. False: it has something else.
    bool set_number(const GasFields& fields, Node field, std::int64_t max, std::optional<std::int64_t>& number)
    {
        if (!field)
            return true;
        number = rounded_number(field.text(), 0, max);
        return number ||
               refuse(fields, field, "",
                      "expected a number from 0 to " + std::to_string(max) + ", found " + shown(std::string{field.text()}));
    }

    bool set_numbers(ImportedGas& gas, const GasFields& fields)
    {
        if (!set_number(fields, fields.index_from, index_m3_max, gas.index_from_m3) ||
            !set_number(fields, fields.index_to, index_m3_max, gas.index_to_m3) ||
            !set_number(fields, fields.volume, index_m3_max, gas.volume_m3) ||
            !set_number(fields, fields.energy, gas_kwh_max, gas.energy_kwh))
            return false;
        if (!fields.coefficient)
            return true;
        const auto coefficient = rounded_number(fields.coefficient.text(), 5, kwh_per_m3_e5_max);
        if (!coefficient || *coefficient < kwh_per_m3_e5_min)
            return refuse(fields, fields.coefficient, "",
                          "expected from 1 to 20 kWh per m3, found " + shown(std::string{fields.coefficient.text()}));
        gas.kwh_per_m3_e5 = *coefficient;
        return true;
    }

    bool check(ImportedGas& gas, const GasFields& fields)
    {
        if (gas.published && (!gas.index_from_m3 || !gas.index_to_m3))
            return refuse(fields, gas.index_from_m3 ? fields.index_to : fields.index_from, "valeur_index",
                          "a published period has two indexes");
        if (gas.published && gas.kwh_per_m3_e5 == 0)
            return refuse(fields, fields.coefficient, "coeff_conversion", "a published period has a coefficient");
        gas.passed_zero = gas.index_from_m3 && gas.index_to_m3 && *gas.index_to_m3 < *gas.index_from_m3;
        const std::string flag = folded(fields.passed_zero.text());
        if (gas.passed_zero && flag != "true" && flag != "vrai")
            return refuse(fields, fields.index_to, "valeur_index",
                          "is lower than at the beginning, and it is not said that it passed zero");
        return true;
    }

    ImportDraft draft_;
};

} // namespace

result<ImportedFile> parse_grdf(const JsonTree& json, const ImportOptions& options)
{
    GasReader reader{options};
    const Node root = json.root();
    bool any = false;
    if (root.at("pce") || root.is(JsonTree::Kind::array)) {
        for (const Node& period : root.at("pce") ? std::vector{root} : root.items())
            if (period.at("pce")) {
                any = true;
                RELEVE_CHECK(reader.read(adict_fields(period)));
            }
    } else {
        for (const Node& point : root.items())
            if (point.at("releves").is(JsonTree::Kind::array)) {
                any = true;
                for (const Node& period : point.at("releves").items())
                    RELEVE_CHECK(reader.read(site_fields(period, point.at("idPce"))));
            }
    }
    if (!any)
        return fail(errc::bad_csv, "JSON, but neither R64 ('mesures') nor consumption of GRDF ('releves' of a PCE, or 'pce')");
    return std::move(reader.draft()).finish();
}

std::optional<result<ImportedFile>> parse_grdf_lines(std::string_view text, const ImportOptions& options)
{
    GasReader reader{options};
    bool any = false;
    std::size_t line = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view row = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++line;
        if (row.find_first_not_of(" \t\r") == std::string_view::npos)
            continue;
        const auto tree = JsonTree::parse(row, line);
        if (!tree || !tree->root().at("pce")) {
            if (!any)
                return {}; // a document of another kind
            reader.draft().add_problem({line, {}}, "not an object of a period");
            continue;
        }
        any = true;
        if (auto read = reader.read(adict_fields(tree->root())); !read)
            return read.error();
    }
    return any ? std::optional{std::move(reader.draft()).finish()} : std::nullopt;
}

} // namespace releve::app
