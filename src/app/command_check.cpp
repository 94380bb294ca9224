// releve check vectors FILE...

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/vector_runner.hpp>

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
        std::cout << difference.id << ": " << difference.field << ": expected " << difference.expected << ", got "
                  << difference.got << "\n";
    for (const auto& [kind, count] : report.unknown_kinds)
        std::cout << "skipped: kind " << kind << " is not known (" << count << ")\n";
    std::cout << report.passed << " passed, " << report.failed << " failed, " << report.skipped << " skipped\n";
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
    if (const auto code = parse_arguments(cli, arguments))
        return *code;
    return check_vectors(files);
}

} // namespace releve::app
