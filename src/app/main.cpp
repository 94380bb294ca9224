// The one binary: a table of subcommands.

#include <releve/app/command.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

void print_help()
{
    std::puts("releve - the open head-end server for smart meters, from the meter's socket to the bill\n"
              "\nUsage: releve COMMAND [--help] ...\n");
    for (const auto& command : releve::app::commands())
        std::printf("  %-12s %s\n", std::string{command.name}.c_str(), std::string{command.summary}.c_str());
}

} // namespace

int main(int argc, char** argv)
try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
        print_help();
        return arguments.empty() ? 2 : 0;
    }
    if (arguments[0] == "--version") {
        std::puts("releve " RELEVE_VERSION);
        return 0;
    }
    for (const auto& command : releve::app::commands())
        if (command.name == arguments[0])
            return command.run(std::span{arguments}.subspan(1));
    std::fprintf(stderr, "releve: no command is named '%s' (see releve --help)\n", arguments[0].c_str());
    return 2;
} catch (const std::exception& e) {
    std::fprintf(stderr, "releve: %s\n", e.what());
    return 1;
}
