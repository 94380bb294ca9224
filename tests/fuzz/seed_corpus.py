#!/usr/bin/env python3
"""Writes a first corpus for the fuzz targets from the test vectors: seed_corpus.py FOLDER makes FOLDER/<target>/<name>."""
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
            write("apdu_any", name, bytes.fromhex(inputs["apdu"]))
            write("security", name, bytes.fromhex(inputs["apdu"]))
        if "data" in inputs:
            write("data", name, bytes.fromhex(inputs["data"]))
        plaintext = bytes.fromhex(expected.get("plaintext") or inputs.get("apdu", ""))
        if plaintext:
            write("apdu_any", name + "-plain", plaintext)
        if plaintext[:1] == b"\x0f":
            write("push", name, plaintext)
            write("data", name, plaintext[6 + plaintext[5]:])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seed_corpus.py FOLDER")
    main(pathlib.Path(sys.argv[1]))
