#pragma once
// Files that people send: readings of a network operator, documents of tariffs. What is in them is read by `app`; here stands only
// what handlers ask of it.

#include <releve/store/api_store.hpp>
#include <releve/store/import_store.hpp>

namespace releve::api {

struct SentFile {
    std::string_view bytes;
    std::string name;        // as the sender calls it: flows are numbered in their names
    std::string usage_point; // where the file masks it; may be empty
};
struct TakenFile {
    store::ImportRow import;
    bool already = false; // it was there: nothing was done
};

/// Called from any database thread; each call asks the database under the rights of `who`. A lost connection throws.
class Intake {
public:
    virtual ~Intake() = default;

    /// Reads a file and leaves its days to the collector. errc::bad_csv: nothing of it can be read; errc::not_found: none of its usage
    /// points is one that `who` may see; errc::daily_only, errc::unavailable as ImportStore::stage.
    [[nodiscard]] virtual result<TakenFile> take(const store::Identity& who, const SentFile& file, Instant now) = 0;
    /// The newest first.
    [[nodiscard]] virtual std::vector<store::ImportRow> imports(const store::Identity& who, const store::Page& page) = 0;
    /// errc::not_found.
    [[nodiscard]] virtual result<store::ImportRow> import(const store::Identity& who, std::int64_t id) = 0;
    /// Of each series of numbered files the numbers between the lowest and the highest that did not come.
    [[nodiscard]] virtual std::vector<store::FlowSeen> missing(const store::Identity& who) = 0;

    struct AddedTariff {
        std::string kind, id;
        int edition = 0;
        bool added = false; // false: it was there
    };
    /// errc::bad_tariff names the line and the member; errc::forbidden.
    [[nodiscard]] virtual result<AddedTariff> add_tariff(const store::Identity& who, std::string_view json) = 0;
};

} // namespace releve::api
