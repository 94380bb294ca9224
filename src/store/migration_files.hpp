#pragma once
// The files of sql/ as compiled into the binary, in the order of their numbers.

#include <span>
#include <string_view>

namespace releve::store {

struct MigrationFile {
    std::string_view name; // "001_people.sql"
    std::string_view text;
};
[[nodiscard]] std::span<const MigrationFile> migration_files();

} // namespace releve::store
