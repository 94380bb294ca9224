#pragma once
// Files of operators under tests/data, and what the readers say of them.

#include <releve/app/import_files.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace releve::app {

/// `name` is a path below tests/data.
inline std::string sample_file(const std::string& name)
{
    std::ifstream file{std::filesystem::path{RELEVE_SOURCE_DIR} / "tests" / "data" / name, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

inline ImportedFile read_import(const std::string& text, const std::string& usage_point = "", const std::string& name = "file")
{
    return parse_import(text, {.file_name = name, .usage_point = usage_point}).value();
}

/// Why it is not read at all.
inline std::string refused_import(const std::string& text, const std::string& usage_point = "")
{
    const auto file = parse_import(text, {.file_name = "file", .usage_point = usage_point});
    return file ? "accepted" : to_string(file.error());
}

inline std::vector<std::string> problems_in(const ImportedFile& file)
{
    std::vector<std::string> lines;
    for (const ImportProblem& problem : file.problems)
        lines.push_back(std::to_string(problem.line) + " " + problem.field + ": " + problem.reason);
    return lines;
}

} // namespace releve::app
