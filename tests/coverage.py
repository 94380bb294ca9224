#!/usr/bin/env python3
"""Line coverage of the pure folders, from what a build with --coverage left behind: tests/coverage.py [--forget] BUILD.

Prints a row a folder and passes those at or above the bar; writes the lines that never ran to BUILD/uncovered.txt.
--forget removes the counts of earlier runs.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["core", "crypto", "codec", "engine", "sim"]
BAR_PERCENT = 95


def folder_of(path):
    """Of a source or header of a pure folder, else nothing."""
    parts = path.parts
    folder = parts[1:2] if parts[:1] == ("src",) else parts[2:3] if parts[:2] == ("include", "releve") else ()
    return folder[0] if folder and folder[0] in FOLDERS else None


def reports(build):
    """What gcov says of each object; one that was never linked into a test ran nowhere, and counts."""
    files = sorted(str(path) for path in build.rglob("*.gcno"))
    for start in range(0, len(files), 50):
        command = ["gcov", "--json-format", "--stdout", *files[start:start + 50]]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        yield from (json.loads(line) for line in output.splitlines() if line)


def count_lines(build):
    """path -> line -> how often it ran, in all objects and instances together."""
    counts = {}
    for report in reports(build):
        for file in report["files"]:
            path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]), ROOT)
            if folder_of(pathlib.PurePath(path)):
                lines = counts.setdefault(path, {})
                for line in file["lines"]:
                    lines[line["line_number"]] = lines.get(line["line_number"], 0) + line["count"]
    return counts


def ranges(numbers):
    """[1, 2, 3, 7] as "1-3, 7"."""
    runs = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def row(name, lines, covered):
    percent = 100 * covered / lines if lines else 0
    print(f"{name:10} {lines:7} {covered:8} {percent:7.1f} %")
    return percent


def main(build):
    counts = count_lines(build)
    with open(build / "uncovered.txt", "w", encoding="utf-8") as uncovered:
        for path, lines in sorted(counts.items()):
            if missing := [number for number, count in lines.items() if count == 0]:
                uncovered.write(f"{path}: {ranges(missing)}\n")
    print(f"{'folder':10} {'lines':>7} {'covered':>8} {'percent':>9}")
    passed = 0
    totals = [0, 0]
    for folder in FOLDERS:
        found = [count for path, lines in counts.items() if folder_of(pathlib.PurePath(path)) == folder for count in lines.values()]
        covered = sum(count > 0 for count in found)
        passed += row(folder, len(found), covered) >= BAR_PERCENT
        totals = [totals[0] + len(found), totals[1] + covered]
    row("all", *totals)
    print(f"Lines that never ran: {os.path.relpath(build / 'uncovered.txt', ROOT)}")
    print(f"{passed} passed, {len(FOLDERS) - passed} failed")
    return 0 if passed == len(FOLDERS) else 1


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--forget"] and len(arguments) == 2:
        for counts in pathlib.Path(arguments[1]).rglob("*.gcda"):
            counts.unlink()
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        sys.exit(main(pathlib.Path(arguments[0]).resolve()))
    else:
        sys.exit(__doc__)
