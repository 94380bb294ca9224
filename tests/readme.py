#!/usr/bin/env python3
"""Runs README's examples: tests/readme.py [FILE...].

In a ```console block, a line that begins with "$ build/release/releve" is run (RELEVE_BINARY names another binary), and what
follows must be what it prints. A line "..." stands for any lines. Other commands (./dev, curl) are for people and are
not run here.
"""
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("RELEVE_BINARY", os.path.join(ROOT, "build/release/releve"))


def examples(text):
    """Yields (line number, command, expected lines)."""
    for block in re.finditer(r"^```console\n(.*?)^```", text, re.M | re.S):
        number = text[: block.start()].count("\n") + 2
        command, expected, started = None, [], 0
        for offset, line in enumerate(block.group(1).splitlines() + ["$"]):
            if command and command.endswith("\\"):
                command = command[:-1] + line
            elif line.startswith("$"):
                if command and command.startswith("build/release/releve "):
                    yield started, command, expected
                command, expected, started = line[1:].strip(), [], number + offset
            else:
                expected.append(line)


def matches(expected, printed):
    pieces = [re.escape(line.rstrip()) + "\n" if line.strip() != "..." else "(?:.*\n)*?" for line in expected]
    return re.fullmatch("".join(pieces), "".join(line.rstrip() + "\n" for line in printed)) is not None


def run(command):
    words = shlex.split(command)
    done = subprocess.run([BINARY, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


def main(paths):
    passed = failed = 0
    for path in paths:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for number, command, expected in examples(text):
            code, printed, complaint = run(command)
            if code == 0 and matches(expected, printed):
                passed += 1
                continue
            failed += 1
            print(f"{path}:{number}: {command}\n  exit {code}, printed:", *printed, complaint, sep="\n  ")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["README.md"]))
