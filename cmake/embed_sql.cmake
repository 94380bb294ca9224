# Writes one C++ source with the text of the SQL files given: cmake -DOUTPUT=... -DFILES="a.sql|b.sql" -P embed_sql.cmake
# A raw string keeps them as they are, so that a checksum of the text is a checksum of the file.
string(REPLACE "|" ";" FILES "${FILES}")
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" text)
  string(APPEND rows "    {\"${name}\", R\"releve_sql(${text})releve_sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}.new" "#include \"migration_files.hpp\"

namespace releve::store {

static const MigrationFile files[] = {
${rows}};

std::span<const MigrationFile> migration_files()
{
    return files;
}

} // namespace releve::store
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
