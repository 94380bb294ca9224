#!/usr/bin/env python3
"""The house rules, run by a machine: tests/tidy.py [--self-test | --update].

A rule is a function from a tree (path -> text) to problems, one line each. Every rule comes with a tree it must refuse
and a tree it must let pass; --self-test runs those, so that a rule that can no longer fail is noticed.
--update records the checksums of migrations that no release holds yet; it never changes one that is released
("# released up to NNN" in sql/checksums.txt).
"""
import hashlib
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ["core", "crypto", "codec", "engine", "sim", "store", "net", "api", "app"]
PURE = ["core", "crypto", "codec", "engine", "sim"]

# Which folder may include which (style: dependencies point one way).
MAY_INCLUDE = {
    "core": {"core"},
    "crypto": {"core", "crypto"},
    "codec": {"core", "crypto", "codec"},
    "engine": {"core", "engine"},
    "sim": {"core", "crypto", "codec", "sim"},
    "store": {"core", "crypto", "engine", "store"},
    "net": {"core", "crypto", "codec", "net"},
    "api": {"core", "crypto", "engine", "store", "api"},
    "app": set(FOLDERS),
}

# An outside library, by the beginning of its header, and the folders that may see it.
LIBRARIES = {
    "openssl/": ["crypto", "net", "app"],
    "date/": ["core"],
    "boost/asio": ["store", "net", "api", "app"],
    "boost/beast": ["api", "app"],
    "spdlog/": ["store", "net", "api", "app"],
    "pqxx/": ["store"],
    "libpq-fe.h": ["store"],
    "libpq/": ["store"],
    "nlohmann/": ["api", "app"],
    "CLI/": ["app"],
    "toml++/": ["app"],
    "google/protobuf": ["net"],
    "uplink.pb.h": ["net"],
}

# Header-only libraries whose code is compiled in one source for the whole program.
COMPILED_ONCE = {("src/net/asio_impl.cpp", "boost/beast/src.hpp")}

# What would bring input and output, clocks or threads into a pure folder.
IMPURE_HEADERS = {
    "iostream", "fstream", "ostream", "filesystem", "thread", "mutex", "shared_mutex", "condition_variable", "future",
    "semaphore", "latch", "barrier", "stop_token", "csignal", "unistd.h", "fcntl.h", "stdio.h", "time.h", "ctime",
}
IMPURE_PREFIXES = ("sys/", "netinet/", "arpa/", "linux/")
IMPURE_WORDS = [r"std::cout", r"std::cerr", r"\bprintf\(", r"_clock::now", r"std::random_device", r"\bgetenv\b", r"\bfopen\b"]
# The one place of the pure folders that prints: the last words of an assertion.
MAY_PRINT = {"src/core/error.cpp"}

LINES_MAX = 500
LONG_FILES = {}  # path -> why it may be longer

TEXT = (".cpp", ".hpp", ".def", ".proto", ".py", ".sql", ".md", ".json", ".yaml", ".yml", ".toml", ".cmake", ".txt", ".js", ".mjs",
        ".html", ".css", ".csv", ".sh", "Dockerfile", "/dev", "/run")
SKIP = ("build", ".git", "node_modules", "__pycache__", ".cache", ".pytest_cache")


def code_files(tree, folders=("include/", "src/")):
    return {p: t for p, t in tree.items() if p.startswith(folders) and p.endswith((".cpp", ".hpp"))}


def folder_of(path):
    found = re.match(r"(?:include/releve|src)/(\w+)/", path)
    return found.group(1) if found and found.group(1) in FOLDERS else None


def without_comments(text):
    """Blanks comments, keeps strings and line numbers."""
    pattern = r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
    keep = lambda m: m.group(0) if m.group(0)[0] == '"' else re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(pattern, keep, text, flags=re.S)


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1)


def lines_matching(pattern, text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(pattern, line):
            yield number, line.strip()


def include_directions(tree):
    for path, text in code_files(tree).items():
        folder = folder_of(path)
        for number, header in includes(text):
            found = re.match(r"releve/(\w+)/", header)
            target = found.group(1) if found else None
            if header.startswith(".."):
                yield f"{path}:{number}: includes by a relative path ({header})"
            elif folder and target and target not in MAY_INCLUDE[folder]:
                yield f"{path}:{number}: {folder} may not include {target} ({header})"


def outside_libraries(tree):
    for path, text in code_files(tree).items():
        folder = folder_of(path)
        for number, header in includes(text):
            for prefix, allowed in LIBRARIES.items():
                if folder and header.startswith(prefix) and folder not in allowed and (path, header) not in COMPILED_ONCE:
                    yield f"{path}:{number}: {folder} may not use {header}"
            if header.startswith("openssl/") and path.startswith("include/releve/crypto/"):
                yield f"{path}:{number}: OpenSSL is seen in src/crypto only, not in its public headers"


def pure_folders(tree):
    for path, text in code_files(tree).items():
        if folder_of(path) not in PURE:
            continue
        for number, header in includes(text):
            if header in IMPURE_HEADERS or header.startswith(IMPURE_PREFIXES):
                yield f"{path}:{number}: a pure folder may not include <{header}>"
        if path not in MAY_PRINT:
            for number, line in lines_matching("|".join(IMPURE_WORDS), without_comments(text)):
                yield f"{path}:{number}: not in a pure folder: {line}"


def sql_in_store(tree):
    for path, text in code_files(tree).items():
        if folder_of(path) != "store":
            pattern = r'\b(SELECT\s+[\w*(]|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE)'
            for number, line in lines_matching(pattern, without_comments(text)):
                yield f"{path}:{number}: SQL outside of src/store: {line}"


def headers_are_guarded(tree):
    for path, text in code_files(tree).items():
        if path.endswith(".hpp"):
            if "#pragma once" not in text:
                yield f"{path}: no #pragma once"
            for number, _ in lines_matching(r"^\s*using namespace", text):
                yield f"{path}:{number}: using namespace in a header"


# Written in two pieces, so that this file does not find itself.
UNFINISHED = [r"\bTO" r"DO\b(?!\(#\d+\))", r"\bFIX" r"ME\b", r"\bX" r"XX\b"]
MACHINE_PATHS = [r"/wo" r"rk/", r"\.\./sha" r"red\b", r"\.libr" r"ary\b"]
WEAK_TESTS = [r"GTEST_" r"SKIP", r"\bDISA" r"BLED_", r"EXPECT_TRUE\(tr" r"ue\)", r"ASSERT_TRUE\(tr" r"ue\)", r"sleep_" r"for",
              r"sleep_" r"until", r"\btime\.sl" r"eep", r"pytest\.sk" r"ip", r"mark\.(sk" r"ip|xfail)", r"waitForTime" r"out"]


def unfinished_words(tree):
    for path, text in tree.items():
        if path.startswith(("include/", "src/", "sql/", "proto/", "tests/")) and not path.startswith("tests/data/"):
            for number, line in lines_matching("|".join(UNFINISHED), text):
                yield f"{path}:{number}: unfinished without an issue's number: {line[:80]}"


def machine_paths(tree):
    for path, text in tree.items():
        for number, line in lines_matching("|".join(MACHINE_PATHS), text):
            yield f"{path}:{number}: names a place outside of the project: {line[:80]}"


def weak_tests(tree):
    for path, text in tree.items():
        if path.startswith("tests/") and path.endswith((".cpp", ".hpp", ".py", ".js", ".mjs", ".ts")):
            for number, line in lines_matching("|".join(WEAK_TESTS), text):
                yield f"{path}:{number}: a test that skips, waits or proves nothing: {line[:80]}"


def file_sizes(tree):
    for path, text in tree.items():
        lines = text.count("\n")
        if path.endswith((".cpp", ".hpp", ".py", ".js")) and lines > LINES_MAX and path not in LONG_FILES:
            yield f"{path}: {lines} lines; over {LINES_MAX} there is a second responsibility in it"


def recorded_checksums(tree):
    rows = (line.split() for line in tree.get("sql/checksums.txt", "").splitlines())
    return {row[1]: row[0] for row in rows if len(row) == 2}


def released_up_to(tree):
    found = re.search(r"^# released up to (\d{3})$", tree.get("sql/checksums.txt", ""), re.M)
    return found.group(1) if found else "000"


def migrations(tree):
    return {p[len("sql/"):]: t for p, t in tree.items() if re.match(r"sql/\d{3}_\w+\.sql$", p)}


def migration_checksums(tree):
    recorded, found = recorded_checksums(tree), migrations(tree)
    for name, text in sorted(found.items()):
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name not in recorded:
            yield f"sql/{name}: not in sql/checksums.txt (tests/tidy.py --update records it)"
        elif recorded[name] != digest and name[:3] <= released_up_to(tree):
            yield f"sql/{name}: changed after its release; write the next migration instead"
        elif recorded[name] != digest:
            yield f"sql/{name}: changed since it was recorded (not released yet: tests/tidy.py --update)"
    for name in sorted(set(recorded) - set(found)):
        yield f"sql/{name}: recorded in sql/checksums.txt but gone"
    numbers = [name[:3] for name in found]
    for number in sorted({n for n in numbers if numbers.count(n) > 1}):
        yield f"sql/: two migrations have the number {number}"
    for name, text in sorted(found.items()):
        if not text.lstrip().startswith("--"):
            yield f"sql/{name}: begins without a comment that says why and which locks"


PEOPLE_WORDS = ["label_en", "label_fr", "plain_en", "plain_fr"]


def tables_have_words(tree):
    """Tables that declare labels must fill all four, in every row."""
    for path, text in tree.items():
        declared = re.search(r"^//\s*(RELEVE_\w+)\(([^)]*label_en[^)]*)\)", text, re.M) if path.endswith(".def") else None
        if not declared:
            continue
        macro, columns = declared.group(1), [c.strip() for c in declared.group(2).split(",")]
        for number, line in lines_matching(rf"^{macro}\(", text):
            cells = [c.strip() for c in re.findall(r'\s*("(?:\\.|[^"\\])*"|[^,"]+)', line[len(macro) + 1 : line.rindex(")")])]
            if len(cells) != len(columns):
                yield f"{path}:{number}: {len(cells)} columns instead of {len(columns)}"
                continue
            for word in PEOPLE_WORDS:
                if word in columns and not cells[columns.index(word)].strip('" '):
                    yield f"{path}:{number}: {word} is empty"


def readme_commands(tree):
    for command in ("./dev demo", "./dev test"):
        if not re.search(rf"^\s*(\$ )?{re.escape(command)}", tree.get("README.md", ""), re.M):
            yield f"README.md: does not show {command} as a command"


def command_names(tree):
    for path, text in tree.items():
        if path.startswith("src/app/") and path.endswith(".cpp") and "Command" in text:
            yield from re.findall(r'\{\s*"([a-z][a-z-]*)"\s*,[^{}]*?\brun_\w+\s*\}', text)


def commands_are_documented(tree):
    docs = "\n".join(t for p, t in tree.items() if p == "README.md" or (p.startswith("docs/") and p.endswith(".md")))
    for name in sorted(set(command_names(tree))):
        if not re.search(rf"\breleve {re.escape(name)}\b", docs):
            yield f"docs/: `releve {name}` is described nowhere"


def documentation(tree):
    return {p: t for p, t in tree.items() if p.endswith(".md") and ("/" not in p or p.startswith("docs/"))}


def settings_are_documented(tree):
    for path, text in code_files(tree, ("src/app/config",)).items():
        for key in sorted(set(re.findall(r'"((?:collector|api|database|keys|models|retention|log)\.[a-z0-9_]+)"', text))):
            if f"`{key}`" not in tree.get("docs/OPERATIONS.md", ""):
                yield f"docs/OPERATIONS.md: `{key}` ({path}) is described nowhere"


def documents_name_what_exists(tree):
    """A path in backticks that points into the sources must be there."""
    folders = {path[: at.start()] for path in tree for at in re.finditer("/", path)}
    for path, text in documentation(tree).items():
        for found in re.finditer(r"`((?:tests|src|include|proto|sql|docs|docker|cmake|data)/[\w./-]+)`", text):
            target = found.group(1).rstrip("/")
            if target not in tree and target not in folders:
                yield f"{path}:{text[: found.start()].count(chr(10)) + 1}: {target} does not exist"


def threats_name_tests(tree):
    """The last column of each row of docs/THREATS.md: `e2e/file.py::test`, or `unit/file.cpp` `Suite.name`, or several.
    What is not stopped, and so has no test, stands below the tables."""
    for number, line in lines_matching(r"^\|", tree.get("docs/THREATS.md", "")):
        cell, path, text, named = line.split("|")[-2], "", "", 0
        if cell.strip() in ("test", "---"):
            continue
        for word in re.findall(r"`([^`]*)`", cell):
            found = re.fullmatch(r"((?:e2e|store|unit)/[\w/.]+)?(?:::(\w+))?|(\w+\.\w+)", word)
            file, function, test = found.groups() if found else ("", "", word)
            if file:
                path, text = "tests/" + file, tree.get("tests/" + file)
            wanted = rf"def {function}\(" if function else r"TEST(_F|_P)?\(" + (test or "").replace(".", ", ") + r"\)"
            if text is None or ((function or test) and not re.search(wanted, text)):
                yield f"docs/THREATS.md:{number}: {path} has no test {function or test}"
            named += bool(function or test)
        if not named:
            yield f"docs/THREATS.md:{number}: names no test"


def presets_are_documented(tree):
    """docs/HACKING.md has a row for each preset, and says which of them use precompiled headers."""
    if "CMakePresets.json" not in tree:
        return
    presets = {preset["name"]: preset for preset in json.loads(tree["CMakePresets.json"])["configurePresets"]}

    def is_on(name, variable):
        preset = presets[name]
        value = preset.get("cacheVariables", {}).get(variable)
        return value == "ON" if value else any(is_on(other, variable) for other in preset.get("inherits", []))

    shown = {name for name, preset in presets.items() if not preset.get("hidden")}
    text = tree.get("docs/HACKING.md", "")
    said = re.search(r"((?:`\w+`(?:, | and |\s))+)use precompiled headers", text)
    for what, wanted, found in (
        ("rows of presets", shown, re.findall(r"^\| `(\w+)` \|", text, re.M)),
        ("presets with precompiled headers", {name for name in shown if is_on(name, "RELEVE_PCH")},
         re.findall(r"`(\w+)`", said.group(1)) if said else []),
    ):
        if wanted != set(found):
            there = ", ".join(sorted(wanted))
            yield f"docs/HACKING.md: {what}: {', '.join(sorted(found))}; CMakePresets.json has {there}"


def routes_have_a_rule(tree):
    """Every path of the OpenAPI document names who may call it."""
    text = tree.get("proto/openapi.yaml", "")
    for found in re.finditer(r"^    (get|post|put|patch|delete):\n((?:      .*\n|\n)*)", text, re.M):
        if "x-role" not in found.group(2) and "security:" not in found.group(2):
            number = text[: found.start()].count("\n") + 1
            yield f"proto/openapi.yaml:{number}: this operation names neither x-role nor security"


def sql(text):
    return {"sql/001_first.sql": text, "sql/checksums.txt": hashlib.sha256(text.encode()).hexdigest() + "  001_first.sql\n"}


ROW = '// RELEVE_X(number, name, label_en, label_fr, plain_en, plain_fr)\nRELEVE_X(1, a, "A", "B", "C, c", {})\n'
GET = "paths:\n  /x:\n    get:\n      summary: x\n"
THREATS = "| attack | what stops it | test |\n| --- | --- | --- |\n"
THREAT = THREATS + "| attack | what stops it | `unit/a_test.cpp` `A.b`, `e2e/test_a.py::test_c` |\n"
TESTS = {"tests/unit/a_test.cpp": "TEST(A, b)\n", "tests/e2e/test_a.py": "def test_c():\n"}
ON, OFF = {"cacheVariables": {"RELEVE_PCH": "ON"}}, {"cacheVariables": {"RELEVE_PCH": "OFF"}}
PRESETS = json.dumps({"configurePresets": [
    {"name": "base", "hidden": True, **ON}, {"name": "a"}, {"name": "b", "inherits": ["base"]},
    {"name": "c", "inherits": ["base"], **OFF}, {"name": "d", **ON}]})
PRESET_ROWS = "| `a` | x |\n| `b` | x |\n| `c` | x |\n| `d` | x |\n"
PRECOMPILED = "{} use precompiled headers"
# Rule, a tree it must refuse, a tree it must let pass.
RULES = [
    (threats_name_tests, {"docs/THREATS.md": THREAT, **TESTS, "tests/e2e/test_a.py": "def test_d():\n"},
     {"docs/THREATS.md": THREAT, **TESTS}),
    (threats_name_tests, {"docs/THREATS.md": THREAT, **TESTS, "tests/unit/a_test.cpp": "TEST(A, x)\n"}, {}),
    (threats_name_tests, {"docs/THREATS.md": THREATS + "| attack | what stops it | a look at it |\n"},
     {"docs/THREATS.md": THREATS + "\nNot stopped: attack.\n"}),
    (threats_name_tests, {"docs/THREATS.md": THREATS + "| attack | what stops | `unit/a_test.cpp` |\n", **TESTS}, {}),
    (threats_name_tests, {"docs/THREATS.md": THREAT.replace("` |", "`, `unit/a_test.cpp A.b` |"), **TESTS}, {}),
    (presets_are_documented, {"CMakePresets.json": PRESETS, "docs/HACKING.md": PRESET_ROWS + PRECOMPILED.format("`d`")},
     {"CMakePresets.json": PRESETS, "docs/HACKING.md": PRESET_ROWS + PRECOMPILED.format("`b` and `d`")}),
    (presets_are_documented, {"CMakePresets.json": PRESETS, "docs/HACKING.md": PRECOMPILED.format("`b` and `d`")}, {}),
    (include_directions, {"src/core/a.cpp": "#include <releve/store/pool.hpp>\n"}, {"src/store/a.cpp": "#include <releve/core/time.hpp>\n"}),
    (include_directions, {"src/net/a.cpp": '#include "../app/b.hpp"\n'}, {"src/net/a.cpp": '#include "b.hpp"\n'}),
    (outside_libraries, {"src/engine/a.cpp": "#include <nlohmann/json.hpp>\n"}, {"src/api/a.cpp": "#include <nlohmann/json.hpp>\n"}),
    (outside_libraries, {"include/releve/crypto/a.hpp": "#include <openssl/evp.h>\n"}, {"src/crypto/a.cpp": "#include <openssl/evp.h>\n"}),
    (outside_libraries, {"src/api/a.cpp": "#include <openssl/evp.h>\n"}, {"src/net/a.cpp": "#include <openssl/ssl.h>\n"}),
    (outside_libraries, {"src/app/a.cpp": "#include <date/tz.h>\n"}, {"src/core/time.cpp": "#include <date/tz.h>\n"}),
    (pure_folders, {"src/sim/a.cpp": "#include <thread>\n"}, {"src/net/a.cpp": "#include <thread>\n"}),
    (pure_folders, {"src/core/a.cpp": "auto t = std::chrono::system_clock::now();\n"}, {"src/core/a.cpp": "// no system_clock::now here\n"}),
    (sql_in_store, {"src/api/a.cpp": 'auto q = "SELECT id FROM meter";\n'}, {"src/store/a.cpp": 'auto q = "SELECT id FROM meter";\n'}),
    (headers_are_guarded, {"include/releve/core/a.hpp": "int x;\n"}, {"include/releve/core/a.hpp": "#pragma once\n"}),
    (headers_are_guarded, {"src/core/a.hpp": "#pragma once\nusing namespace std;\n"}, {"src/core/a.hpp": "#pragma once\n"}),
    (unfinished_words, {"src/core/a.cpp": "// TO" "DO later\n"}, {"src/core/a.cpp": "// TO" "DO(#12) later\n"}),
    (machine_paths, {"docs/A.md": "see /wo" "rk/main\n"}, {"docs/A.md": "the framework/main part\n"}),
    (weak_tests, {"tests/unit/a_test.cpp": "GTEST_" "SKIP();\n"}, {"tests/unit/a_test.cpp": "EXPECT_EQ(a, b);\n"}),
    (weak_tests, {"tests/e2e/test_a.py": "time.sl" "eep(1)\n"}, {"tests/e2e/test_a.py": "wait_until(ready)\n"}),
    (file_sizes, {"src/core/a.cpp": "\n" * (LINES_MAX + 1)}, {"src/core/a.cpp": "\n" * LINES_MAX}),
    (migration_checksums, {**sql("-- why\n"), "sql/001_first.sql": "-- edited\n"}, sql("-- why\n")),
    (migration_checksums, {"sql/002_new.sql": "-- why\n"}, sql("-- why\n")),
    (migration_checksums, {"sql/checksums.txt": "00  001_first.sql\n"}, {}),
    (migration_checksums, {**sql("-- why\n"), "sql/001_twin.sql": "-- why\n"}, sql("-- why\n")),
    (migration_checksums, sql("CREATE TABLE a ();\n"), sql("-- why\nCREATE TABLE a ();\n")),
    (tables_have_words, {"proto/a.def": ROW.format('""')}, {"proto/a.def": ROW.format('"D"')}),
    (tables_have_words, {"proto/a.def": ROW.format('"D", "E"')}, {"proto/a.def": ROW.format('"D"')}),
    (readme_commands, {"README.md": "run it\n"}, {"README.md": "```\n./dev demo\n$ ./dev test\n```\n"}),
    (commands_are_documented, {"src/app/main.cpp": 'Command t[] = {{"serve", "runs", run_serve}};\n'},
     {"src/app/main.cpp": 'Command t[] = {{"serve", "runs", run_serve}};\n', "docs/OPERATIONS.md": "`releve serve`\n"}),
    (settings_are_documented, {"src/app/config.cpp": 'row("api.listen")'}, {"src/app/config.cpp": 'row("api.listen")', "docs/OPERATIONS.md": "`api.listen`"}),
    (documents_name_what_exists, {"docs/A.md": "see `src/core/gone.cpp`"}, {"docs/A.md": "see `src/core`", "src/core/a.cpp": ""}),
    (routes_have_a_rule, {"proto/openapi.yaml": GET}, {"proto/openapi.yaml": GET + "      x-role: operator\n"}),
]


def read_tree():
    tree = {}
    for directory, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in SKIP]
        for name in files:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, ROOT)
            if ("/" + relative).endswith(TEXT) and os.path.getsize(path) < 1_000_000:
                with open(path, encoding="utf-8", errors="replace") as file:
                    tree[relative] = file.read()
    return tree


def check():
    tree = read_tree()
    failed = 0
    rules = list(dict.fromkeys(rule for rule, _, _ in RULES))
    for rule in rules:
        problems = list(rule(tree))
        failed += bool(problems)
        for problem in problems:
            print(f"{rule.__name__}: {problem}")
    print(f"{len(rules) - failed} passed, {failed} failed")
    return 1 if failed else 0


def self_test():
    failed = 0
    edited = {**sql("-- why\n"), "sql/001_first.sql": "-- edited\n"}
    edited["sql/checksums.txt"] = "# released up to 001\n" + edited["sql/checksums.txt"]
    if updated_checksums(edited) != edited["sql/checksums.txt"]:
        print("--update changes the checksum of a released migration")
        failed += 1
    for rule, bad, good in RULES:
        if not list(rule(bad)):
            print(f"{rule.__name__}: lets pass what it must refuse: {bad}")
            failed += 1
        elif list(rule(good)):
            print(f"{rule.__name__}: refuses what is right: {list(rule(good))}")
            failed += 1
    print(f"{len(RULES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


def updated_checksums(tree):
    """What sql/checksums.txt should say: released rows as they are, the others as the files are now."""
    released = released_up_to(tree)
    rows = {name: digest for name, digest in recorded_checksums(tree).items() if name[:3] <= released}
    for name, text in migrations(tree).items():
        if name[:3] > released:
            rows[name] = hashlib.sha256(text.encode()).hexdigest()
    return f"# released up to {released}\n" + "".join(f"{rows[name]}  {name}\n" for name in sorted(rows))


def update():
    with open(os.path.join(ROOT, "sql/checksums.txt"), "w", encoding="utf-8") as file:
        file.write(updated_checksums(read_tree()))
    return 0


if __name__ == "__main__":
    actions = {(): check, ("--self-test",): self_test, ("--update",): update}
    action = actions.get(tuple(sys.argv[1:]))
    sys.exit(action() if action else __doc__)
