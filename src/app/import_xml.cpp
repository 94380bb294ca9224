// R151 and R15: indexes of small meters, daily and at the end of each month, as XML: En_Tete_Flux, then PRM elements with Id_PRM
// and Donnees_Releve, and in these Classe_Temporelle_Distributeur and Classe_Temporelle (the supplier's grid). The two differ in
// what a date is: of R151 the END of the day, so that the index is that of the next midnight; of R15 its START.

#include "csv_records.hpp"
#include "import_parse.hpp"

#include <releve/core/decimal.hpp>

#include <pugixml.hpp>

#include <algorithm>

namespace releve::app {

namespace {

/// Elements come in the order of the text, so that lines are counted once.
class XmlLines {
public:
    explicit XmlLines(std::string_view text) : text_(text) {}
    std::size_t line_of(pugi::xml_node node)
    {
        const std::ptrdiff_t offset = node.offset_debug();
        if (offset < 0)
            return 0;
        const auto end = std::min(static_cast<std::size_t>(offset), text_.size());
        if (end < at_)
            at_ = 0, line_ = 1;
        line_ += static_cast<std::size_t>(
            std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
        at_ = end;
        return line_;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0, line_ = 1;
};

std::string_view child_text(pugi::xml_node node, const char* name) { return node.child(name).child_value(); }

/// "ns2:R15": "R15".
std::string_view local_name(std::string_view name) { return name.substr(std::min(name.size(), name.find(':') + 1)); }

constexpr std::pair<std::string_view, Quality> xml_natures[] = {
    {"", Quality::raw}, {"REEL", Quality::raw}, {"ESTIME", Quality::estimated_linear}, {"CORRIGE", Quality::edited}};

class FlowReader {
public:
    FlowReader(std::string_view text, ImportFormat format, const ImportOptions& options)
        : draft_(format, options), lines_(text), r151_(format == ImportFormat::r151)
    {
        draft_.set_number(r151_ ? "R151" : "R15");
    }

    result<ImportedFile> read(pugi::xml_node flow)
    {
        const pugi::xml_node head = flow.child("En_Tete_Flux");
        if (!head)
            return fail(errc::bad_csv, "'En_Tete_Flux' is missing");
        unit_ = child_text(head, "Unite_Mesure_Index");
        for (const pugi::xml_node point : flow.children("PRM")) {
            RELEVE_TRY(usage_point, draft_.usage_point({lines_.line_of(point), "Id_PRM"}, child_text(point, "Id_PRM")));
            if (!usage_point)
                continue;
            for (const pugi::xml_node reading : point.children("Donnees_Releve"))
                read_reading(*usage_point, reading);
        }
        return std::move(draft_).finish();
    }

private:
    [[nodiscard]] std::optional<Instant> instant_of(std::string_view written) const
    {
        if (!r151_)
            return start_of_day_read(written);
        const auto stamp = parse_stamp(written);
        if (!stamp || !stamp->date_only)
            return {};
        return paris().start_of(std::chrono::floor<std::chrono::days>(stamp->local) + std::chrono::days{1});
    }

    void read_reading(const std::string& usage_point, pugi::xml_node reading)
    {
        const std::size_t line = lines_.line_of(reading);
        const auto at = instant_of(child_text(reading, "Date_Releve"));
        if (!at)
            return draft_.add_problem({line, "Date_Releve"}, r151_ ? "expected a date like 2024-01-10"
                                                                   : "expected a time like 2024-01-10T00:00:00+01:00");
        const std::string_view status = child_text(reading, "Statut_Releve");
        if (!status.empty() && status != "INITIAL" && status != "RECTIFICATIF")
            return draft_.add_problem({line, "Statut_Releve"},
                                      "only INITIAL and RECTIFICATIF are read, found " + shown(std::string{status}));
        const auto* nature =
            std::ranges::find(xml_natures, child_text(reading, "Nature_Index"), &std::pair<std::string_view, Quality>::first);
        ImportedRead read{.usage_point = usage_point, .register_name = {}, .at = *at, .serial = {}};
        read.quality = nature == std::end(xml_natures) ? Quality::questionable : nature->second;
        for (const pugi::xml_node time_class : reading.children()) {
            const std::string_view name = time_class.name();
            if (name == "Classe_Temporelle_Distributeur" || name == "Classe_Temporelle")
                read_class(read, time_class, name == "Classe_Temporelle_Distributeur");
        }
    }

    void read_class(ImportedRead read, pugi::xml_node time_class, bool distributor)
    {
        // 1: indexes; 2: consumption; 3 to 6: collective self-consumption.
        if (const std::string_view measured = child_text(time_class, "Classe_Mesure"); !measured.empty() && measured != "1")
            return;
        const std::size_t line = lines_.line_of(time_class);
        const auto problem = [&](std::string_view field, std::string reason) {
            draft_.add_problem({line, field}, std::move(reason));
        };
        const std::string_view unit = r151_ ? unit_ : child_text(time_class, "Unite_Mesure");
        if (unit != "Wh" && unit != "kWh")
            return problem(r151_ ? "Unite_Mesure_Index" : "Unite_Mesure",
                           "expected Wh or kWh, found " + shown(std::string{unit}));
        const std::string_view direction = child_text(time_class, "Sens_Mesure");
        if (!direction.empty() && direction != "0" && direction != "1")
            return problem("Sens_Mesure", "expected 0 or 1, found " + shown(std::string{direction}));
        read.injected = direction == "1";
        if (const auto wrong = set_register(read, time_class, distributor))
            return problem("Rang_Cadran", *wrong);
        if (child_text(time_class, "Valeur").empty())
            return draft_.add_empty_value();
        if (const auto wrong = set_value(read, time_class, unit == "kWh" ? 1'000 : 1))
            return problem(wrong->first, wrong->second);
        if (const std::string_view doubt = child_text(time_class, "Indice_Vraisemblance"); !doubt.empty() && doubt != "0")
            read.quality = worse(read.quality, Quality::questionable);
        const std::string_view serial = child_text(time_class, "Num_Serie");
        if (!is_plain_text(serial) || serial.size() > serial_bytes_max)
            return problem("Num_Serie", "expected plain text");
        read.serial = serial;
        read.passed_zero = child_text(time_class, "Indicateur_Passage_A_Zero") == "1";
        draft_.add(std::move(read), {line, "Valeur"});
    }

    /// The rank is that of the meter's register. Where the class says another, neither is believed.
    static std::optional<std::string> set_register(ImportedRead& read, pugi::xml_node time_class, bool distributor)
    {
        const std::string_view written = child_text(time_class, "Rang_Cadran");
        const auto by_class = distributor ? distributor_rank_of(child_text(time_class, "Id_Classe_Temporelle")) : std::nullopt;
        const std::int64_t rank_max = distributor ? 4 : 10;
        const auto rank = written.empty() && by_class ? std::optional<std::int64_t>{*by_class} : whole_number(written, rank_max);
        if (!rank || *rank == 0)
            return "expected a number from 1 to " + std::to_string(rank_max) + ", found " + shown(std::string{written});
        if (by_class && *by_class != *rank)
            return "is not the register in which this class is counted";
        read.register_name = (distributor ? "distributor_" : "supplier_") + std::to_string(*rank);
        return {};
    }

    static std::optional<std::pair<std::string_view, std::string>> set_value(ImportedRead& read, pugi::xml_node time_class,
                                                                             std::int64_t unit_wh)
    {
        const std::string_view digits = child_text(time_class, "Nb_Chiffres_Cadran"),
                               factor = child_text(time_class, "Coefficient_Lecture");
        const auto coefficient = parse_decimal(factor.empty() ? "1" : factor);
        const auto whole = coefficient ? shortest(*coefficient) : Decimal{};
        if (whole.scale != 0 || whole.digits < 1 || whole.digits > coefficient_max)
            return {{"Coefficient_Lecture", "expected a whole number from 1 to " + std::to_string(coefficient_max)}};
        read.resolution_wh = unit_wh * whole.digits;
        std::int64_t max = import_energy_wh_max / read.resolution_wh;
        if (const auto shown_digits = whole_number(digits, 15); shown_digits && *shown_digits > 0) {
            std::int64_t rolls_over_at = 1;
            for (std::int64_t i = 0; i < *shown_digits && rolls_over_at <= max; ++i)
                rolls_over_at *= 10;
            if (rolls_over_at <= max) {
                max = rolls_over_at - 1;
                read.rolls_over_at_wh = rolls_over_at * read.resolution_wh;
            }
        } else if (!digits.empty()) {
            return {{"Nb_Chiffres_Cadran", "expected a number from 1 to 15, found " + shown(std::string{digits})}};
        }
        const std::string_view written = child_text(time_class, "Valeur");
        const auto value = whole_number(written, max);
        if (!value)
            return {{"Valeur", whole_number_expected(max, written)}};
        read.value_wh = *value * read.resolution_wh;
        return {};
    }

    static constexpr std::int64_t coefficient_max = 10'000;
    static constexpr std::size_t serial_bytes_max = 40;

    ImportDraft draft_;
    XmlLines lines_;
    bool r151_;
    std::string_view unit_;
};

} // namespace

result<ImportedFile> parse_flow_xml(std::string_view text, const ImportOptions& options)
{
    constexpr std::ptrdiff_t tags_max = 4'000'000; // a full file of R151 has fewer; each costs more memory than it has octets
    if (std::ranges::count(text, '<') > tags_max)
        return fail(errc::too_large, "more than " + std::to_string(tags_max) + " tags");
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) {
        const auto end = text.begin() + std::min(parsed.offset, static_cast<std::ptrdiff_t>(text.size()));
        return fail(errc::bad_csv,
                    "line " + std::to_string(1 + std::count(text.begin(), end, '\n')) + ": not XML: " + parsed.description());
    }
    const pugi::xml_node flow = document.document_element();
    const std::string_view name = local_name(flow.name());
    if (name != "R151" && name != "R15")
        return fail(errc::bad_csv, "of the flows in XML only R151 and R15 are read, found " + shown(std::string{name}));
    return FlowReader{text, name == "R151" ? ImportFormat::r151 : ImportFormat::r15, options}.read(flow);
}

} // namespace releve::app
