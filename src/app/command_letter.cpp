// releve letter: a sheet of paper for each home of a group, for the print shop.

#include "billing_desk.hpp"

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/letter_figures.hpp>
#include <releve/store/admin_store.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace releve::app {

namespace {

constexpr std::size_t telephone_max = 40, sender_max = 80; // octets: more does not fit the page
constexpr std::size_t progress_every = 100;

struct LetterArguments {
    std::string group, usage_point, month, telephone, sender, language = "fr", output;
    bool force = false;
};

result<engine::CivilSpan> read_month(const std::string& text)
{
    const auto first = parse_day(text + "-01");
    if (!first)
        return fail(errc::bad_config, "--month: expected a month like 2025-09");
    return engine::period_around(*first, engine::Period::month);
}

engine::CivilSpan a_year_before(engine::CivilSpan month)
{
    return engine::period_around(CivilDay{std::chrono::year_month_day{month.from} - std::chrono::years{1}}, engine::Period::month);
}

result<void> check_line(const char* option, const std::string& text, std::size_t octets_max)
{
    if (text.size() > octets_max || std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        return fail(errc::bad_config, std::string{option} + ": expected one line of at most " + std::to_string(octets_max) + " octets");
    return {};
}

result<void> check_arguments(const LetterArguments& given)
{
    if (given.group.empty() == given.usage_point.empty())
        return fail(errc::bad_config, "--group: give this or --usage-point, and one of them only");
    if (given.telephone.find_first_of("0123456789") == std::string::npos)
        return fail(errc::bad_config, "--telephone: expected a telephone number");
    RELEVE_CHECK(check_line("--telephone", given.telephone, telephone_max));
    RELEVE_CHECK(check_line("--from-name", given.sender, sender_max));
    std::error_code ignored;
    if (!given.force && std::filesystem::exists(given.output, ignored))
        return fail(errc::bad_config, given.output + ": is there already; --force writes over it");
    return {};
}

/// By usage point, each once.
result<std::vector<UsagePointId>> homes_of(const BillingDesk& desk, const LetterArguments& given, engine::CivilSpan month)
{
    std::vector<UsagePointId> homes;
    if (!given.usage_point.empty()) {
        homes.push_back({given.usage_point});
        return homes;
    }
    store::AdminStore admin{desk.opened.database.address};
    const auto members = admin.list_members(given.group);
    if (!members)
        return fail(errc::bad_config, "--group: " + members.error().detail);
    for (const store::GroupMemberRow& member : *members)
        if (member.from < month.to && (!member.to || *member.to > month.from))
            homes.push_back(member.usage_point);
    std::ranges::sort(homes);
    homes.erase(std::ranges::unique(homes).begin(), homes.end());
    return homes;
}

/// Homes one after another; what their bills share is kept.
class LetterDesk {
public:
    LetterDesk(BillingDesk& desk, const LetterArguments& given) : desk_(&desk), given_(&given) {}

    result<std::string> page_of(const UsagePointId& home, engine::CivilSpan month)
    {
        RELEVE_TRY(basis, desk_->store->basis(home, month, {}));
        RELEVE_TRY(zone, zone_named(basis.zone));
        RELEVE_TRY(bill, makers_.make(basis, month));
        LetterFacts facts{.bill = std::move(bill), .telephone = given_->telephone, .sender = given_->sender};
        facts.language = given_->language == "en" ? api::Language::en : api::Language::fr;
        facts.days = engine::day_energies(basis.facts, month, *zone);
        facts.night_least_w = night_least_w(basis.facts, month, *zone);
        facts.peak = peak_use(facts.bill, basis.facts, makers_.book());
        // What cannot be known of the year before is said in the letter; it is no reason to write none.
        const engine::CivilSpan before = a_year_before(month);
        if (const auto then = desk_->store->basis(home, before, basis.known))
            if (auto of_then = makers_.make(*then, before))
                facts.year_before = std::move(*of_then);
        desk_->store->note_access(home, "bill", month);
        return letter_page(facts);
    }

private:
    BillingDesk* desk_;
    const LetterArguments* given_;
    BillMakers makers_{*desk_};
};

/// Written beside its place, for its owner only, and put there when it is whole.
class LetterFile {
public:
    explicit LetterFile(const std::string& path) : path_(path), fresh_(path + ".part")
    {
        const int fd = ::open(fresh_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0)
            file_ = ::fdopen(fd, "w");
        note(file_ != nullptr);
    }
    LetterFile(const LetterFile&) = delete;
    LetterFile& operator=(const LetterFile&) = delete;
    ~LetterFile()
    {
        if (file_ == nullptr)
            return;
        std::fclose(file_);
        ::unlink(fresh_.c_str());
    }
    void write(std::string_view text)
    {
        if (good_)
            note(std::fwrite(text.data(), 1, text.size(), file_) == text.size());
    }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] Error fault() const { return fail(errc::bad_config, path_ + ": " + std::strerror(reason_)); }
    [[nodiscard]] result<void> keep()
    {
        if (good_)
            note(std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0 && std::rename(fresh_.c_str(), path_.c_str()) == 0);
        if (!good_)
            return fault();
        std::fclose(file_);
        file_ = nullptr;
        return {};
    }

private:
    void note(bool done)
    {
        good_ = done;
        reason_ = done ? 0 : errno;
    }

    std::string path_, fresh_;
    std::FILE* file_ = nullptr;
    bool good_ = false;
    int reason_ = 0;
};

void tell_refusal(const UsagePointId& home, const Error& error)
{
    const std::string_view plain = error_row(error.code).plain_en;
    std::fprintf(stderr, "no letter for %s: %.*s%s\n", home.value.c_str(), static_cast<int>(plain.size()), plain.data(),
                 error.detail.empty() ? "" : (" (" + error.detail + ")").c_str());
}

int write_letters(BillingDesk& desk, const LetterArguments& given, engine::CivilSpan month)
{
    const auto homes = homes_of(desk, given, month);
    if (!homes)
        return complain(homes.error());
    LetterFile file{given.output};
    if (!file.good())
        return complain(file.fault());
    LetterDesk letters{desk, given};
    std::size_t written = 0;
    file.write(letter_head(given.language == "en" ? api::Language::en : api::Language::fr));
    for (std::size_t i = 0; i < homes->size() && file.good(); ++i) {
        const auto page = letters.page_of((*homes)[i], month);
        if (page) {
            file.write(*page);
            ++written;
        } else {
            tell_refusal((*homes)[i], page.error());
        }
        if ((i + 1) % progress_every == 0)
            std::fprintf(stderr, "%zu of %zu homes\n", i + 1, homes->size());
    }
    file.write(letter_tail());
    if (written == 0 && file.good()) {
        std::printf("0 letters: nothing was written\n");
        return 1;
    }
    if (const auto kept = file.keep(); !kept)
        return complain(kept.error());
    std::printf("%zu %s in %s\n", written, written == 1 ? "letter" : "letters", given.output.c_str());
    return written == homes->size() ? 0 : 1;
}

} // namespace

int run_letter(std::span<const std::string> arguments)
{
    CLI::App app{"A home's month on one sheet of paper: one page a home, in one file for the print shop.", "releve letter"};
    ConfigFlags flags;
    LetterArguments given;
    app.add_option("--group", given.group, "A letter for each of its members of that month");
    app.add_option("--usage-point", given.usage_point, "In place of --group: the number on the bill of one home");
    app.add_option("--month", given.month, "Like 2025-09")->required();
    app.add_option("--telephone", given.telephone, "Number at which people reach somebody, as it is to be printed")->required();
    app.add_option("--from-name", given.sender, "Who writes the letters");
    app.add_option("--lang", given.language, "fr or en")->check(CLI::IsMember({"fr", "en"}));
    app.add_option("--output", given.output, "File to write; else letters-MONTH.html");
    app.add_flag("--force", given.force, "Write over a file that is there");
    add_config_flags(app, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    protect_memory();
    const auto month = read_month(given.month);
    if (!month)
        return complain(month.error());
    if (given.output.empty())
        given.output = "letters-" + given.month + ".html";
    if (const auto checked = check_arguments(given); !checked)
        return complain(checked.error());
    const auto desk = open_desk(flags);
    if (!desk)
        return complain(desk.error());
    return write_letters(**desk, given, *month);
}

} // namespace releve::app
