// releve check vectors FILE..., releve check bills FILE...

#include <releve/app/bill_cases.hpp>
#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/tariff_files.hpp>
#include <releve/app/vector_runner.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>

namespace releve::app {

namespace {

int check_vectors(const std::vector<std::string>& files)
{
    VectorReport report;
    for (const std::string& file : files) {
        const auto vectors = load_vectors(file);
        const auto ran = vectors ? run_vectors(*vectors, report) : result<void>{vectors.error()};
        if (!ran) {
            std::cerr << "releve: " << file << ": " << to_string(ran.error()) << "\n";
            return 2;
        }
    }
    for (const VectorDifference& difference : report.differences)
        std::cout << difference.id << ": " << difference.field << ": expected " << difference.expected
                  << ", got " << difference.got << "\n";
    for (const auto& [kind, count] : report.unknown_kinds)
        std::cout << "skipped: kind " << kind << " is not known (" << count << ")\n";
    std::cout << report.passed << " passed, " << report.failed << " failed, " << report.skipped
              << " skipped\n";
    return report.failed == 0 ? 0 : 1;
}

result<std::string> read_cases(const std::string& file)
{
    std::ifstream stream{file, std::ios::binary};
    if (!stream || std::filesystem::is_directory(file))
        return fail(errc::not_found_file, file);
    std::string text(bill_case_bytes_max + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

int check_bills(const std::vector<std::string>& files)
{
    const auto book = load_shipped_tariffs();
    if (!book) {
        std::cerr << "releve: " << to_string(book.error()) << "\n";
        return 2;
    }
    BillCaseReport report;
    for (const std::string& file : files) {
        const auto text = read_cases(file);
        const auto ran = text ? run_bill_cases(*text, *book, report) : result<void>{text.error()};
        if (!ran) {
            std::cerr << "releve: " << file << ": " << to_string(ran.error()) << "\n";
            return 2;
        }
    }
    for (const BillCaseDifference& difference : report.differences)
        std::cout << difference.id << ": " << difference.field << ": expected " << difference.expected
                  << ", got " << difference.got << "\n";
    for (const auto& [topic, count] : report.unknown_topics)
        std::cout << "skipped: topic " << topic << " is not known (" << count << ")\n";
    std::cout << report.passed << " passed, " << report.failed << " failed, " << report.skipped
              << " skipped\n";
    return report.failed == 0 ? 0 : 1;
}

} // namespace

int run_check(std::span<const std::string> arguments)
{
    CLI::App cli{"Runs checks that need no server.", "releve check"};
    cli.require_subcommand(1);
    auto* vectors = cli.add_subcommand("vectors", "Runs test vectors and prints each difference.");
    std::vector<std::string> files;
    vectors->add_option("FILE", files, "JSON files of vectors")->required();
    auto* bills = cli.add_subcommand(
        "bills", "Runs worked cases of bills against the tariffs that ship and prints each difference.");
    bills->add_option("FILE", files, "JSON files of cases")->required();
    if (const auto code = parse_arguments(cli, arguments))
        return *code;
    return bills->parsed() ? check_bills(files) : check_vectors(files);
}

} // namespace releve::app
