#!/usr/bin/env python3
"""Writes the part of the fuzz corpus that comes from the test vectors: run it again when these change.

seed_corpus.py [FOLDER] writes FOLDER/<target>/<vector>; the folder is `corpus` beside this file unless given.
"""
import json
import pathlib
import sys


def main(folder: pathlib.Path) -> None:
    vectors = json.loads((pathlib.Path(__file__).parent.parent / "vectors" / "dlms.json").read_text())

    def write(target: str, name: str, content: bytes) -> None:
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)

    for vector in vectors:
        name, inputs, expected = vector["id"], vector["inputs"], vector["expected"]
        if "stream" in inputs:
            stream = bytes.fromhex(inputs["stream"])
            write("wrapper", name, b"\x07" + stream)  # the first byte says how the stream is cut
            write("security", name, stream[8:])
        if "chunks" in inputs:
            write("wrapper", name, b"\x07" + bytes.fromhex("".join(inputs["chunks"])))
        if "apdu" in inputs:
            write("apdu", name, bytes.fromhex(inputs["apdu"]))
            write("security", name, bytes.fromhex(inputs["apdu"]))
        if "data" in inputs:
            write("data", name, bytes.fromhex(inputs["data"]))
        if expected.get("plaintext"):
            write("apdu", name + "-plain", bytes.fromhex(expected["plaintext"]))
        plaintext = bytes.fromhex(expected.get("plaintext") or inputs.get("apdu", ""))
        if plaintext[:1] == b"\x0f":
            write("push", name, plaintext)
            write("data", name, plaintext[6 + plaintext[5]:])


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else pathlib.Path(__file__).parent / "corpus")
