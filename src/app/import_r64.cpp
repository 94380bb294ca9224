// R64: indexes as Enedis sends them on demand, as JSON: header, mesures[] of a usage point each, contexte[], grandeur[], and
// below it calendrier[].classeTemporelle[] (of the supplier's and the distributor's grid) and cadranTotalisateur, each with
// valeur[] {d: the START of a day, v: the index, iv: 0 where it is not in doubt}.

#include "csv_records.hpp"
#include "import_parse.hpp"

namespace releve::app {

namespace {

/// "IDX_EAS_F1": supplier_1.
std::optional<std::string> r64_register_of(std::string_view code)
{
    const std::size_t at = code.rfind('_');
    return at == std::string_view::npos ? std::nullopt : register_name_of(code.substr(at + 1));
}

class R64Reader {
public:
    explicit R64Reader(const ImportOptions& options) : draft_(ImportFormat::r64, options) {}

    result<ImportedFile> read(JsonTree::Node root)
    {
        draft_.set_number("R64");
        if (!root.at("mesures").is(JsonTree::Kind::array))
            return fail(errc::bad_csv, "'mesures' must be an array");
        for (const auto& point : root.at("mesures").items()) {
            RELEVE_TRY(usage_point, draft_.usage_point({point.line(), "idPrm"}, point.at("idPrm").text()));
            if (!usage_point)
                continue;
            read_.usage_point = std::move(*usage_point);
            for (const auto& context : point.at("contexte").items())
                for (const auto& quantity : context.at("grandeur").items())
                    read_quantity(quantity);
        }
        return std::move(draft_).finish();
    }

private:
    void read_quantity(JsonTree::Node quantity)
    {
        if (quantity.at("grandeurPhysique").text() != "EA")
            return; // powers, times, reactive energy
        const std::string_view direction = quantity.at("grandeurMetier").text(), unit = quantity.at("unite").text();
        if (direction != "CONS" && direction != "PROD")
            return draft_.add_problem({quantity.line(), "grandeurMetier"}, "expected CONS or PROD");
        if (unit != "Wh" && unit != "kWh")
            return draft_.add_problem({quantity.line(), "unite"}, "expected Wh or kWh, found " + shown(std::string{unit}));
        read_.injected = direction == "PROD";
        read_.resolution_wh = unit == "kWh" ? 1'000 : 1;
        for (const auto& calendar : quantity.at("calendrier").items())
            for (const auto& time_class : calendar.at("classeTemporelle").items())
                read_class(calendar, time_class);
        if (const auto total = quantity.at("cadranTotalisateur"))
            read_values("total", total);
    }

    void read_class(JsonTree::Node calendar, JsonTree::Node time_class)
    {
        if (const std::string_view code = time_class.at("codeCadran").text(); !code.empty()) {
            if (const auto name = r64_register_of(code))
                return read_values(*name, time_class);
            return draft_.add_problem({time_class.line(), "codeCadran"},
                                      "expected a code like IDX_EAS_F1, found " + shown(std::string{code}));
        }
        // Some files leave the register out; of the distributor's grid the class tells it.
        const bool distributor = calendar.at("idCalendrier").text().starts_with("DI");
        const auto rank = distributor ? distributor_rank_of(time_class.at("idClasseTemporelle").text()) : std::nullopt;
        if (!rank)
            return draft_.add_problem({time_class.line(), "codeCadran"}, "is missing, and the class does not tell the register");
        read_values("distributor_" + std::to_string(*rank), time_class);
    }

    void read_values(const std::string& register_name, JsonTree::Node owner)
    {
        for (const auto& value : owner.at("valeur").items()) {
            const auto at = start_of_day_read(value.at("d").text());
            if (!at) {
                draft_.add_problem({value.line(), "d"}, "expected a time like 2024-01-10 00:00:00");
                continue;
            }
            const auto written = value.at("v");
            if (!written || written.text().empty()) {
                draft_.add_empty_value();
                continue;
            }
            const std::int64_t max = import_energy_wh_max / read_.resolution_wh;
            const auto index = whole_number(written.text(), max);
            if (!index) {
                draft_.add_problem({value.line(), "v"}, whole_number_expected(max, written.text()));
                continue;
            }
            const std::string_view doubt = value.at("iv").text();
            ImportedRead read = read_;
            read.register_name = register_name;
            read.at = *at;
            read.value_wh = *index * read_.resolution_wh;
            read.quality = doubt.empty() || doubt == "0" ? Quality::raw : Quality::questionable;
            draft_.add(std::move(read), {value.line(), "v"});
        }
    }

    ImportDraft draft_;
    ImportedRead read_; // what its grandeur and usage point say of an index
};

} // namespace

result<ImportedFile> parse_r64(const JsonTree& json, const ImportOptions& options)
{
    return R64Reader{options}.read(json.root());
}

} // namespace releve::app
