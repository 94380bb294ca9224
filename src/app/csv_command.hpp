#pragma once
// What commands that take a CSV file in begin with: the file is read and judged as a whole before the database is opened.

#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/series_files.hpp>
#include <releve/store/admin_store.hpp>

namespace releve::app {

/// `parse(text)` gives rows and problems; without a problem `use(admin, rows)` gives the exit code.
template <class Parse, class Use>
int take_csv(const ConfigFlags& flags, const std::string& file, Parse parse, Use use)
{
    const auto text = read_text_file(file);
    if (!text)
        return complain(text.error());
    const auto csv = parse(*text);
    if (!csv.problems.empty())
        return complain_about(file, csv.problems);
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    return use(admin, csv);
}

} // namespace releve::app
