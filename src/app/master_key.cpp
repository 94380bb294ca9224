#include <releve/app/master_key.hpp>

#include <releve/app/environment.hpp>
#include <releve/app/series_files.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/crypto/passphrase.hpp>
#include <releve/store/collect_store.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace releve::app {

namespace {

constexpr std::string_view copy_title = "Relevé master key, sealed under a passphrase (scrypt, AES-256-GCM)";

Error key_file_error(const std::filesystem::path& path, const std::string& what)
{
    return fail(errc::bad_config, "keys.master_key_file '" + path.string() + "': " + what);
}

struct Descriptor {
    int fd = -1;
    ~Descriptor()
    {
        if (fd >= 0)
            ::close(fd);
    }
};

result<crypto::Key256> parse_master_key(const std::filesystem::path& path, Bytes content)
{
    if (content.size() != 32) {
        auto from_text = from_hex(as_text(content));
        crypto::wipe(content.data(), content.size());
        if (!from_text || from_text->size() != 32)
            return key_file_error(path, "must hold 32 bytes, or 64 hexadecimal digits");
        content = std::move(*from_text);
    }
    auto key = crypto::Key256::from(content);
    crypto::wipe(content.data(), content.size());
    return key;
}

result<crypto::Key256> read_master_key(const std::filesystem::path& path, bool strict_mode)
{
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status{};
    if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
        return key_file_error(path, std::strerror(errno));
    if (strict_mode && (status.st_mode & 077) != 0)
        return key_file_error(path, "is readable by others: chmod 600");
    Bytes content(256);
    const ssize_t count = ::read(file.fd, content.data(), content.size());
    if (count < 0)
        return key_file_error(path, std::strerror(errno));
    content.resize(static_cast<std::size_t>(count));
    return parse_master_key(path, std::move(content));
}

/// Renames, but not over a file that is there. A stick for a safe knows no links, some network folders no such rename.
int put_in_place(const std::filesystem::path& fresh, const std::filesystem::path& path)
{
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
        return 0;
    return errno == EINVAL && ::link(fresh.c_str(), path.c_str()) == 0 ? 0 : errno;
}

/// Under a temporary name first, so that a crash never leaves half a key. 0, EEXIST when a file is there, or why not.
int write_key_file(const std::filesystem::path& path, ByteView content)
{
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    std::filesystem::path fresh = path;
    fresh += ".new." + std::to_string(::getpid());
    int reason = write_new_file(fresh, content);
    if (reason == 0)
        reason = put_in_place(fresh, path);
    ::unlink(fresh.c_str());
    return reason;
}

result<crypto::Key256> make_master_key(const std::filesystem::path& path)
{
    Bytes secret = crypto::random_bytes(32);
    const int reason = write_key_file(path, secret);
    auto key = crypto::Key256::from(secret);
    crypto::wipe(secret.data(), secret.size());
    if (reason == EEXIST) // another process made it in the meantime: its key counts
        return read_master_key(path, true);
    if (reason != 0)
        return key_file_error(path, std::strerror(reason));
    return key;
}

std::filesystem::path file_of(const Config& config)
{
    return config.keys.master_key_file.empty() ? config.data_dir / "master.key" : config.keys.master_key_file;
}

/// The configured key, if it is there.
result<std::optional<crypto::Key256>> find_master_key(const Config& config)
{
    if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY")) {
        const auto credential = std::filesystem::path{directory} / "releve-master-key";
        if (std::filesystem::exists(credential))
            return read_master_key(credential, false); // systemd sees to who may read it
    }
    if (!std::filesystem::exists(file_of(config)))
        return std::optional<crypto::Key256>{};
    return read_master_key(file_of(config), true);
}

} // namespace

result<crypto::Key256> load_master_key(const Config& config, const store::DatabaseAddress& database)
{
    RELEVE_TRY(found, find_master_key(config));
    const auto stored = store::CollectStore::some_key(database);
    if (!found && !stored)
        return make_master_key(file_of(config));
    if (!found)
        return key_file_error(file_of(config),
                              "is not there, and the meters' keys in the database open with nothing else. Put it back, or a copy of "
                              "it with `releve master-key import`; until then `releve serve --role api` shows the readings");
    if (!stored)
        return *found;
    auto opened = crypto::unwrap_secret(*found, stored->wrapped, stored->context);
    if (!opened)
        return key_file_error(file_of(config), "is another key than the one the meters' keys in the database are kept under");
    crypto::wipe(opened->data(), opened->size());
    return *found;
}

result<void> export_master_key(const Config& config, const std::filesystem::path& copy, std::string_view passphrase)
{
    RELEVE_TRY(found, find_master_key(config));
    if (!found)
        return key_file_error(file_of(config), "is not there");
    RELEVE_TRY(sealed, crypto::seal_with_passphrase(found->bytes(), passphrase));
    const std::string text = std::string{copy_title} + "\n" + to_hex(sealed) + "\n";
    if (const int reason = write_key_file(std::filesystem::absolute(copy), as_bytes(text)); reason != 0)
        return fail(errc::bad_config, copy.string() + ": " + std::strerror(reason));
    return {};
}

result<std::filesystem::path> import_master_key(const Config& config, const std::filesystem::path& copy, std::string_view passphrase)
{
    RELEVE_TRY(text, read_text_file(copy));
    std::istringstream lines{text};
    std::string title, hex;
    std::getline(lines, title);
    std::getline(lines, hex);
    const auto sealed = from_hex(hex);
    if (title != copy_title || !sealed)
        return fail(errc::bad_config, copy.string() + ": is no copy of a master key");
    auto secret = crypto::open_with_passphrase(*sealed, passphrase);
    if (!secret || secret->size() != 32)
        return fail(errc::bad_config, copy.string() + ": " + (secret ? "holds no master key" : secret.error().detail));
    const int reason = write_key_file(file_of(config), *secret);
    auto key = crypto::Key256::from(*secret);
    crypto::wipe(secret->data(), secret->size());
    if (reason == EEXIST) {
        const auto present = read_master_key(file_of(config), true);
        if (present && crypto::equal_in_constant_time(present->bytes(), key->bytes()))
            return file_of(config);
        return key_file_error(file_of(config), "holds another key already; move it away first");
    }
    if (reason != 0)
        return key_file_error(file_of(config), std::strerror(reason));
    return file_of(config);
}

} // namespace releve::app
