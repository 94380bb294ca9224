#!/usr/bin/env python3
"""Writes the part of the fuzz corpus that comes from elsewhere in the tree: run it again when that changes.

seed_corpus.py [FOLDER] writes FOLDER/<target>/<name>, from the test vectors, the meter models and the examples of the
documentation; the folder is `corpus` beside this file unless given. The words of text formats go to `dictionary`.
"""
import json
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
APDU_BYTES_MAX = 350  # of the test cases kept in a model


def seed_vectors(write):
    for vector in json.loads((ROOT / "tests/vectors/dlms.json").read_text()):
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
        if "raw_data_blocks" in inputs:
            write("transfer", name, transfer([bytes.fromhex(block) for block in inputs["raw_data_blocks"]]))


def seed_tic(write):
    for vector in json.loads((ROOT / "tests/vectors/tic.json").read_text()):
        inputs = vector["inputs"]
        frame = bytes.fromhex(inputs["frame"]) if "frame" in inputs else b"\x02" + bytes.fromhex(inputs["group"]) + b"\x03"
        write("tic", vector["id"], b"\x07" + frame)  # the first byte says how the line is cut
    captured = (ROOT / "tests/data/tic-historic-tempo.bin").read_bytes()
    write("tic", "captured", b"\x40" + captured[100:])
    write("tic", "interrupted", b"\x01" + captured[:100] + b"\x04" + captured[:300])
    parity = bytes(octet | 0x80 * (octet.bit_count() % 2) for octet in captured[:275])
    write("tic", "parity", b"\x10" + parity)


def seed_wize(write):
    for vector in json.loads((ROOT / "tests/vectors/wize.json").read_text()):
        name, inputs, expected = vector["id"], vector["inputs"], vector["expected"]
        if "frame" in inputs or "frame" in expected:
            write("wize_frame", name, bytes.fromhex(inputs.get("frame") or expected["frame"]))
        if "app" in expected and "l7" in expected:
            write("wize_message", name, bytes([expected["app"]]) + bytes.fromhex(expected["l7"]))
        elif "l7" in inputs:
            write("wize_message", name, bytes([inputs["app"]]) + bytes.fromhex(inputs["l7"]))
    write("wize_message", "empty", b"\x01")
    write("wize_frame", "sent", bytes.fromhex("0100000a1234") + b"any message")
    day = "2001" + "00e10000" + "000004d2" + "80" + "00"
    for name, octets in {"hours": day + "0007ffff0001", "sealed": "20" + "00" * 12, "no-name": day[:20] + "ff00" + "0007",
                         "read": "01" + "1000010080200000003c1805", "refused": "01" + "200201008021", "write": "01" + "2018072000000001",
                         "pongs": "01" + "4000010080" + "01" + "00" * 27}.items():
        write("wize_message", name, bytes.fromhex(octets))


def transfer(contents):
    """A script of transfer_fuzz: the blocks of one whole transfer, each as it stands."""
    script = b"\x10"  # the first byte says how large the blocks are in which the rest is cut
    for number, content in enumerate(contents, 1):
        control = 0xc0 if number == len(contents) else 0x40
        length = bytes([len(content)]) if len(content) < 0x80 else b"\x81" + bytes([len(content)])
        block = b"\xe0" + struct.pack(">BHH", control, number, number - 1) + length + content
        script += b"\x00" + struct.pack(">H", len(block)) + block
    return script


def seed_transfer(write):
    write("transfer", "too-many-bytes", b"\x00" + b"\xbf\x00\xff" * 2)
    write("transfer", "too-many-blocks", b"\x00" + b"\xbf\x00\x01" * 17)
    write("transfer", "one-given-up", b"\x00" + b"\x83\x00\x02" + transfer([b"again", b"from the first"])[1:])
    write("transfer", "one-lost", b"\x00" + b"\x83\x00\x02" + b"\xc0\x01\x02" + b"\xc1\x00\x02")


def clock(hour, status="00"):
    return bytes.fromhex(f"090c07e8010f01{hour:02x}000000ffc4{status}")


def seed_pushes(write):
    """Of the layout that push_fuzz names."""
    def push(clocks, *rows):
        cells = b"".join(b"\x02\x03" + row for row in rows)
        return (bytes.fromhex("0f4000000100020409044c4b5931") + clocks + bytes.fromhex("0600001388") + b"\x01" +
                bytes([len(rows)]) + cells)

    first = clock(11) + bytes.fromhex("1102120064")
    write("push", "named", push(clock(12), first, bytes.fromhex("00110012ff9c"), bytes.fromhex("000000")))
    write("push", "named-doubtful", push(clock(12, "03"), clock(11, "82") + bytes.fromhex("11001005dc")))
    write("push", "named-twice", push(b"\x00", first, first, clock(10) + bytes.fromhex("00140000000000000001")))


def varint(number):
    low, rest = number & 0x7f, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def zigzag(number):
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def run(batch, counter):
    """Of authenticated values under key generation 1 (docs/BLOCK-FORMAT.md)."""
    return b"\xf9" + varint(1) + zigzag(counter) + zigzag(batch)


def day(values, counter, batch):
    present = [value for value in values if value is not None]
    bits = sum(1 << i for i, value in enumerate(values) if value is not None)
    missing = len(present) < len(values)
    out = b"\x11" + struct.pack(">I", 1711753200) + varint(1800) + varint(len(values) << 1 | missing) + b"\x00"
    out += bits.to_bytes((len(values) + 7) // 8, "little") if missing else b""
    out += run(batch, counter)
    for before, value in zip([0] + present, present):
        out += zigzag(value - before)
    return out


def registers(reads, counter, batch):
    """(seconds after the first, value) of one channel."""
    out = b"\x21" + varint(len(reads)) + struct.pack(">I", 1711753200) + zigzag(5) + run(batch, counter) + zigzag(reads[0][1])
    for (at_before, before), (at, value) in zip(reads, reads[1:]):
        out += varint(1) + varint(at - at_before) + zigzag(value - before)
    return out


def seed_blocks(write):
    full = day(range(801, 849), 7, 3)
    part = day([900 + i if i % 3 else None for i in range(48)] + [901, 903], 9, 4)
    early, late = registers([(0, 1000), (3600, 1010)], 7, 3), registers([(1800, 1005), (3600, 1011), (7200, 1017)], 9, 4)
    for name, block in ("day", full), ("day-of-50", part), ("registers", early):
        write("block", name, block)
    for name, one, other in ("days", full, part), ("day-twice", full, full), ("registers", early, late), ("mixed", full, early):
        write("merge", name, struct.pack(">H", len(one)) + one + other)


def seed_models(write):
    """Each test case of the models that ship, as a model of its own with what the case needs."""
    for path in sorted([*(ROOT / "proto/models").glob("*.json"), *(ROOT / "proto/wize").glob("*.json")]):
        model = json.loads(path.read_text())
        for number, case in enumerate(model["tests"]):
            message = "".join(case.get("apdu") or case["l7"])
            if len(message) > 2 * APDU_BYTES_MAX:
                continue
            layout = case.get("expect", {}).get("layout", model["layouts"][-1]["name"])
            layouts = [each for each in model["layouts"] if each["name"] == layout]
            named = json.dumps([layouts, case])
            channels = [each for each in model["channels"] if each["obis"] in named or f'"{each["name"]}"' in named]
            few = {**model, "channels": channels or model["channels"][:3], "layouts": layouts, "tests": [case]}
            write("model", f"{path.stem}-{number}", json.dumps(few, ensure_ascii=False).encode())


def seed_settings(write):
    text = (ROOT / "docs/OPERATIONS.md").read_text()
    for number, found in enumerate(re.finditer(r"```toml\n(.*?)```", text, re.S)):
        write("config", f"operating-{number}", found.group(1).encode())
    write("config", "wrong-line", b"[collector]\n\nwriters = 0\n")
    write("config", "control-character", b'data_dir = "/tmp/a\\nb"\n')
    write("config", "zero-byte", b'[database]\nurl = "postgresql://h/d\\u0000"\n')
    write("config", "brackets", b'[api]\nlisten = "[[a]]:80"\n')
    write("config", "kinds", b"collector.writers = 3\nlog.level = 'debug'\n[api]\nmetrics_open_to_loopback = false\n"
          b"listen = \"[::1]:80\"\n[retention]\narchive_days = 3_650\n[database]\nurl = 'postgresql://u:p@h/d?password=x'\n")


def seed_meters(write):
    key = "000102030405060708090a0b0c0d0e0f"
    least = "system_title,serial,protocol,model,installed_from\n4c4b590012345678,1,dlms,linky,2024-01-10\n"
    most = ("system_title,serial,protocol,model,policy,replay,encryption_key,authentication_key,usage_point,energy,"
            "installed_from,collection,concentrator,area\n4C4B590012345678,LKY02123,dlms,linky,,window," + key + "," + key +
            ',14290000000001,electricity,2024-01-10T06:00:00+01:00,half_hour,"C1, north",Lyon\r\n')
    clear = "\ufeff" + least.replace("installed_from", "installed_from,policy").replace("2024-01-10", '2024-01-10,"clear"')
    wize = ("system_title,serial,protocol,model,encryption_key,key_id,usage_point,energy,installed_from\n"
            + "".join(f"8d04785634120103,,wize,releve-gas,{key},{number},21000000000001,gas,2024-01-10\n" for number in (1, 15)))
    tic = "system_title,serial,protocol,model,usage_point,installed_from\n021728123456,,tic,tic,14290000000001,2024-01-10\n"
    write("meter_csv", "wize", wize.encode())
    write("meter_csv", "tic", tic.encode())
    write("meter_csv", "zero-byte", least.replace("1,dlms", '"\0",dlms').encode())
    write("meter_csv", "latin-1", least.replace("1,dlms", "compteur d'\xe9t\xe9,dlms").encode("latin-1"))
    write("meter_csv", "year-10000", least.replace("2024-01-10", "9999-12-31T23:59:59-23:59").encode())
    for name, text in ("least", least), ("most", most), ("clear", clear), ("wrong", most.replace("linky", "nope")):
        write("meter_csv", name, text.encode())


SOURCES = {"config": ["config"], "model": ["model_parse", "model_parse_wize"], "meter_csv": ["meter_csv"]}


def write_dictionaries():
    """Every short quoted word of the source that reads a text, and what follows a group's name in it."""
    (HERE / "dictionary").mkdir(exist_ok=True)
    for target, sources in SOURCES.items():
        text = "".join(re.sub(r"(?m)^#include .*$", "", (ROOT / f"src/app/{source}.cpp").read_text()) for source in sources)
        words = set(re.findall(r'"((?:[a-z]+\.)?[a-z][a-z0-9_]{1,40})=?"', text))
        words |= {word.rpartition(".")[2] for word in words}
        (HERE / "dictionary" / target).write_text("".join(f'"{word}"\n' for word in sorted(words)))
    labels = re.findall(r'(?m)^RELEVE_TIC\("([^"]+)"', (ROOT / "proto/tic.def").read_text())
    (HERE / "dictionary/tic").write_text("".join(f'"{label}"\n' for label in sorted(set(labels))))


def main(folder: pathlib.Path) -> None:
    def write(target: str, name: str, content: bytes) -> None:
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)

    for seed in (seed_vectors, seed_tic, seed_wize, seed_pushes, seed_transfer, seed_blocks, seed_models, seed_settings, seed_meters):
        seed(write)
    write_dictionaries()


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else HERE / "corpus")
