# cmake -DOUTPUT=web_files.cpp -DFOLDER=src/web -DFILES=a,b -P embed_web.cmake
# Writes the page's files as C++ arrays, each with its content type and an ETag of its content.
string(REPLACE "," ";" FILES "${FILES}")
set(arrays "")
set(rows "")
foreach(name IN LISTS FILES)
  file(READ "${FOLDER}/${name}" hex HEX)
  file(SHA256 "${FOLDER}/${name}" digest)
  string(SUBSTRING "${digest}" 0 16 digest)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "${name}" identifier)
  get_filename_component(suffix "${name}" LAST_EXT)
  if(suffix STREQUAL ".html")
    set(type "text/html; charset=utf-8")
  elseif(suffix STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  elseif(suffix STREQUAL ".js")
    set(type "text/javascript; charset=utf-8")
  elseif(suffix STREQUAL ".svg")
    set(type "image/svg+xml")
  else()
    message(FATAL_ERROR "${name}: no content type is known for ${suffix}")
  endif()
  string(APPEND arrays "constexpr unsigned char ${identifier}[] = {${bytes}0x00};\n")
  string(APPEND rows "        {\"${name}\", \"${type}\", \"\\\"${digest}\\\"\", text(${identifier}, sizeof ${identifier} - 1)},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include <releve/api/web_files.hpp>

#include <array>

namespace releve::api {
namespace {

${arrays}
std::string_view text(const unsigned char* bytes, std::size_t size)
{
    return {reinterpret_cast<const char*>(bytes), size};
}

} // namespace

std::span<const WebFile> web_files()
{
    static const auto files = std::to_array<WebFile>({
${rows}    });
    return files;
}

} // namespace releve::api
")
