#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/master_key.hpp>
#include <releve/app/series_files.hpp>

#include <cstdio>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace releve::app {

namespace {

struct Wiped {
    std::string text;
    ~Wiped() { crypto::wipe(text.data(), text.size()); }
};

/// The terminal, without showing what is typed.
class Terminal {
public:
    Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC))
    {
        if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0)
            return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
    }
    ~Terminal()
    {
        if (silent_)
            ::tcsetattr(fd_, TCSAFLUSH, &before_);
        if (fd_ >= 0)
            ::close(fd_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    [[nodiscard]] bool ready() const { return silent_; }
    std::string ask(const char* question)
    {
        std::string line;
        static_cast<void>(::dprintf(fd_, "%s", question));
        for (char c = 0; ::read(fd_, &c, 1) == 1 && c != '\n';)
            line += c;
        static_cast<void>(::dprintf(fd_, "\n"));
        return line;
    }

private:
    int fd_;
    termios before_{};
    bool silent_ = false;
};

/// A file's first line, or what is typed: twice when it is new.
result<void> read_passphrase(const std::string& file, bool fresh, std::string& passphrase)
{
    if (!file.empty()) {
        RELEVE_TRY(content, read_text_file(file));
        const Wiped text{std::move(content)};
        passphrase = text.text.substr(0, text.text.find('\n'));
        return {};
    }
    Terminal terminal;
    if (!terminal.ready())
        return fail(errc::bad_config, "there is no terminal to ask for the passphrase: name a file with --passphrase-file");
    passphrase = terminal.ask("Passphrase: ");
    if (fresh && Wiped{terminal.ask("Once more: ")}.text != passphrase)
        return fail(errc::bad_config, "the two passphrases differ");
    return {};
}

} // namespace

int run_master_key(std::span<const std::string> arguments)
{
    CLI::App app{"A copy of the master key under a passphrase, for keeping elsewhere. Without the master key no meter key can be "
                 "read any more.",
                 "releve master-key"};
    app.require_subcommand(1);
    ConfigFlags flags;
    std::string copy, passphrase_file;
    CLI::App* export_command = app.add_subcommand("export", "Write the copy");
    CLI::App* import_command = app.add_subcommand("import", "Put the key of a copy where the settings look for it");
    for (CLI::App* command : {export_command, import_command}) {
        command->add_option("file", copy, "The copy")->required()->type_name("FILE");
        command->add_option("--passphrase-file", passphrase_file, "Whose first line is the passphrase; else it is asked for")
            ->type_name("FILE");
        add_config_flags(*command, flags);
    }
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    protect_memory();
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    Wiped passphrase;
    if (const auto read = read_passphrase(passphrase_file, export_command->parsed(), passphrase.text); !read)
        return complain(read.error());
    if (export_command->parsed()) {
        if (const auto done = export_master_key(*config, copy, passphrase.text); !done)
            return complain(done.error());
        std::printf("%s holds the master key under the passphrase\n", copy.c_str());
        return 0;
    }
    const auto file = import_master_key(*config, copy, passphrase.text);
    if (!file)
        return complain(file.error());
    std::printf("the master key is in %s\n", file->c_str());
    return 0;
}

} // namespace releve::app
