# The one place that says how everything is compiled and how a library or a test is declared.

find_program(CCACHE_PROGRAM ccache)
# An object that counts its lines holds the place where it writes them: one of another folder must not come from the cache.
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT RELEVE_COVERAGE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(releve_options INTERFACE)
target_include_directories(releve_options INTERFACE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/proto")
target_compile_options(releve_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${RELEVE_WERROR}>:-Werror>
  # GCC 12's own std headers trip these at -O2; they say nothing about our code.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # Many sources at a time: what an anonymous namespace holds is then not in the main file, and meant to be so.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  # RELEVE_ASSERT(!"what cannot be") is meant.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-string-conversion>)
target_compile_definitions(releve_options INTERFACE RELEVE_VERSION="${PROJECT_VERSION}")
if(RELEVE_SANITIZE)
  target_compile_options(releve_options INTERFACE -fsanitize=${RELEVE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(releve_options INTERFACE -fsanitize=${RELEVE_SANITIZE})
  if(RELEVE_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(releve_options INTERFACE -Wno-tsan) # Asio has fences, which GCC's does not follow
  endif()
endif()
if(RELEVE_COVERAGE)
  target_compile_options(releve_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(releve_options INTERFACE --coverage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # Frame pointers: a profile of the running product tells who called whom, for about a hundredth of its speed.
  target_compile_options(releve_options INTERFACE -fno-omit-frame-pointer -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2)
  target_link_options(releve_options INTERFACE -Wl,-z,relro,-z,now)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(releve_options INTERFACE -Wno-stringop-overflow -Wno-array-bounds) # GCC 12 finds them in the + of std::string itself
  endif()
endif()

# Three precompiled headers for the whole project, by what a source may include: `pure` (the standard library and core),
# `shell` (sockets, JSON and logging as well), `test` (GoogleTest and pure). They are only there to build faster: the asan,
# clang and fuzz presets do without, so a source that forgets an include does not go unseen.
option(RELEVE_PCH "Precompiled headers" OFF)
function(releve_precompiled kind)
  add_library(releve_pch_${kind} STATIC "${PROJECT_SOURCE_DIR}/cmake/precompiled/empty.cpp")
  target_link_libraries(releve_pch_${kind} PRIVATE releve_options ${ARGN})
  target_precompile_headers(releve_pch_${kind} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled/${kind}.hpp")
endfunction()
function(releve_use_precompiled target kind)
  if(RELEVE_PCH)
    target_precompile_headers(${target} REUSE_FROM releve_pch_${kind})
  endif()
endfunction()

# Sources as the functions below take them: "a.cpp b.cpp" in one pair of quotes are compiled together where CMAKE_UNITY_BUILD is
# on (release, CI), a name without quotes alone. Where no quotes are, CMake takes eight at a time.
# Those of a group share one anonymous namespace: each may have a helper of a name that none of the others has. A new source goes
# to its kin; where the compiler then complains about a name (RELEVE_UNITY=1 ./dev build dev, in a fresh build folder), to
# another group, or on its own.
function(releve_sources target)
  foreach(entry IN LISTS ARGN)
    set(sources "${entry}")
    if(NOT IS_ABSOLUTE "${entry}") # what is generated lies in a folder that may have blanks in its name
      separate_arguments(sources UNIX_COMMAND "${entry}")
    endif()
    target_sources(${target} PRIVATE ${sources})
    list(LENGTH sources count)
    if(count GREATER 1)
      list(GET sources 0 first)
      string(MAKE_C_IDENTIFIER "${target}_${first}" group)
      set_source_files_properties(${sources} PROPERTIES UNITY_GROUP ${group})
      set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
    endif()
  endforeach()
endfunction()

# releve_library(NAME SOURCES ... DEPS ... PRIVATE_DEPS ... [PRECOMPILED shell]): a static library of one folder of src/.
function(releve_library name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC)
  releve_sources(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC releve_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED pure)
  endif()
  releve_use_precompiled(${name} ${ARG_PRECOMPILED})
endfunction()

# Many sources at a time: a local of one test may have the name of another file's helper, of which it knows nothing.
add_library(releve_test_options INTERFACE)
target_compile_options(releve_test_options INTERFACE $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-shadow>)

# releve_test(NAME SOURCES ... DEPS ... LABEL l [SHARDS n]): one GoogleTest binary, registered under the label, or n times with
# an n-th of its tests each, which ctest then runs side by side.
function(releve_test name)
  cmake_parse_arguments(ARG "" "LABEL;SHARDS" "SOURCES;DEPS" ${ARGN})
  add_executable(${name})
  releve_sources(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main releve_test_options)
  target_compile_definitions(${name} PRIVATE RELEVE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  releve_use_precompiled(${name} test)
  set(labels "${ARG_LABEL}")
  # What needs no socket, thread or database: cheap enough to build once more under sanitizers.
  if(CMAKE_CURRENT_SOURCE_DIR MATCHES "/tests/unit/(core|crypto|codec|engine|sim)$")
    list(APPEND labels pure)
    if(NOT TARGET pure_tests)
      add_custom_target(pure_tests)
    endif()
    add_dependencies(pure_tests ${name})
  endif()
  if(NOT ARG_SHARDS)
    set(ARG_SHARDS 1)
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}_${shard} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}_${shard} PROPERTIES LABELS "${labels}" TIMEOUT 600
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
