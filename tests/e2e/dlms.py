"""The meter's side of a DLMS/COSEM push, written a second time and apart from the product.

Bytes in, bytes out: no sockets, no clock. What it follows: A-XDR and the APDUs of IEC 62056-5-3, the wrapper of
IEC 62056-4-7, security suite 0 (AES-128-GCM, 12-byte tag). Frames are built here and confirmations are opened here, so
that a mistake the product makes both ways is still seen.
"""
import datetime
import hashlib
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

UTC = datetime.timezone.utc
HALF_HOUR = datetime.timedelta(minutes=30)
CONFIRMED, HIGH_PRIORITY = 0x40000000, 0x80000000
AUTHENTICATED, ENCRYPTED = 0x10, 0x20
BOTH = AUTHENTICATED | ENCRYPTED
TAG_BYTES = 12

GENERAL_GLO, GENERAL_CIPHERING, BLOCK_TRANSFER = 0xDB, 0xDD, 0xE0
DATA_NOTIFICATION, DATA_NOTIFICATION_CONFIRM = 0x0F, 0x10

# ------------------------------------------------------------------ A-XDR


def length(count):
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def null():
    return b"\x00"


def array(items):
    items = list(items)
    return b"\x01" + length(len(items)) + b"".join(items)


def structure(items):
    return b"\x02" + array(items)[1:]


def u32(value):
    return struct.pack(">BI", 0x06, value)


def octets(content):
    return b"\x09" + length(len(content)) + content


def u16(value):
    return struct.pack(">BH", 0x12, value)


def watts(value):
    return u16(value) if value < 0x10000 else u32(value)


# ------------------------------------------------------------------ time


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=UTC)


def last_sunday(year, month):
    day = datetime.date(year, month, 31)
    return day - datetime.timedelta(days=(day.weekday() + 1) % 7)


def paris_offset(instant):
    """European summer time: from the last Sunday of March to that of October, both at 01:00 UTC."""
    begin, end = (datetime.datetime.combine(last_sunday(instant.year, month), datetime.time(1), UTC) for month in (3, 10))
    return datetime.timedelta(hours=2 if begin <= instant < end else 1)


def day_start(day):
    """The instant at which a civil day begins in Paris."""
    midnight = datetime.datetime.combine(day, datetime.time(0), UTC)
    return midnight - paris_offset(midnight - datetime.timedelta(hours=2))


def half_hours(day):
    """Starts of the half-hours of a civil day: 46, 48 or 50 of them."""
    start, end = day_start(day), day_start(day + datetime.timedelta(days=1))
    return [start + HALF_HOUR * i for i in range((end - start) // HALF_HOUR)]


def energy_wh(watts_of_half_hours):
    """Rounded once, a half upwards."""
    return (sum(watts_of_half_hours) + 1) // 2


def date_time(instant):
    """The 12 octets of a COSEM date-time, as a meter in Paris says it. UTC = local + deviation."""
    offset = paris_offset(instant)
    local = instant + offset
    deviation = -int(offset.total_seconds()) // 60
    status = 0x80 if offset == datetime.timedelta(hours=2) else 0x00
    return struct.pack(">HBBBBBBBhB", local.year, local.month, local.day, local.isoweekday(), local.hour, local.minute,
                       local.second, 0, deviation, status)


# ------------------------------------------------------------------ protection


def protect(plaintext, title, counter, encryption_key, authentication_key, control=BOTH):
    """SC | IC | payload of suite 0 under any security control."""
    header = struct.pack(">BI", control, counter)
    nonce = title + struct.pack(">I", counter)
    if not control & BOTH:
        return header + plaintext
    encryptor = Cipher(algorithms.AES(encryption_key), modes.GCM(nonce)).encryptor()
    if control & AUTHENTICATED:
        hidden = b"" if control & ENCRYPTED else plaintext
        encryptor.authenticate_additional_data(bytes([control]) + authentication_key + hidden)
    text = plaintext
    if control & ENCRYPTED:
        text = encryptor.update(plaintext)
    encryptor.finalize()
    return header + text + (encryptor.tag[:TAG_BYTES] if control & AUTHENTICATED else b"")


def unprotect(content, title, encryption_key, authentication_key):
    """(control, counter, plaintext); raises InvalidTag."""
    control, counter = struct.unpack(">BI", content[:5])
    text = content[5:]
    nonce = title + struct.pack(">I", counter)
    if not control & AUTHENTICATED:
        decryptor = Cipher(algorithms.AES(encryption_key), modes.GCM(nonce)).encryptor()
        return control, counter, decryptor.update(text) if control & ENCRYPTED else text
    text, tag = text[:-TAG_BYTES], text[-TAG_BYTES:]
    mode = modes.GCM(nonce, tag, min_tag_length=TAG_BYTES)
    decryptor = Cipher(algorithms.AES(encryption_key), mode).decryptor()
    hidden = b"" if control & ENCRYPTED else text
    decryptor.authenticate_additional_data(bytes([control]) + authentication_key + hidden)
    plaintext = decryptor.update(text) if control & ENCRYPTED else text
    decryptor.finalize()
    return control, counter, plaintext


def general_glo(title, content):
    return bytes([GENERAL_GLO]) + length(len(title)) + title + length(len(content)) + content


def read_length(data, at):
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    return int.from_bytes(data[at + 1:at + 1 + size], "big"), at + 1 + size


def open_general_glo(apdu):
    """(title, content) of a general-glo-ciphering APDU with nothing behind it."""
    assert apdu[0] == GENERAL_GLO, f"APDU tag {apdu[0]:02x}"
    size, at = read_length(apdu, 1)
    title, at = apdu[at:at + size], at + size
    size, at = read_length(apdu, at)
    assert at + size == len(apdu), "bytes behind the APDU"
    return title, apdu[at:]


# ------------------------------------------------------------------ framing


def wrap(apdu, source=1, destination=1, version=1):
    return struct.pack(">HHHH", version, source, destination, len(apdu)) + apdu


def blocks(apdu, size):
    """General-block-transfer, streaming, `size` bytes of content a block."""
    pieces = [apdu[at:at + size] for at in range(0, len(apdu), size)]
    for number, piece in enumerate(pieces, 1):
        control = 0x40 | (0x80 if number == len(pieces) else 0)
        yield struct.pack(">BBHH", BLOCK_TRANSFER, control, number, 0) + length(len(piece)) + piece


# ------------------------------------------------------------------ meter


class Push:
    """One message as it leaves the meter, and what its confirmation must say."""

    def __init__(self, meter, apdu, plaintext, counter, control, invoke_id, sent_at):
        self.meter, self.apdu, self.plaintext, self.counter = meter, apdu, plaintext, counter
        self.control, self.invoke_id, self.sent_at = control, invoke_id, sent_at

    @property
    def frame(self):
        return wrap(self.apdu)


class Meter:
    """A Linky. `name` makes title, serial, usage point and keys; nothing of it is random, so that a failure repeats."""

    def __init__(self, name, **columns):
        digest = hashlib.sha256(f"releve end-to-end {name}".encode()).digest()
        number = int.from_bytes(digest[:6], "big")
        self.title = b"LKY" + digest[6:11]
        self.serial = f"LKY{number % 10**13:013d}"
        self.usage_point = f"{10**13 + number % 10**13}"
        self.encryption_key = hashlib.sha256(b"encryption" + digest).digest()[:16]
        self.authentication_key = hashlib.sha256(b"authentication" + digest).digest()[:16]
        self.counter = 100
        self.invoke_id = 0
        self.columns = columns

    def csv_row(self):
        row = {"system_title": self.title.hex(), "serial": self.serial, "protocol": "dlms", "model": "linky",
               "policy": "authenticated_encrypted", "replay": "strict", "encryption_key": self.encryption_key.hex(),
               "authentication_key": self.authentication_key.hex(), "usage_point": self.usage_point,
               "energy": "electricity", "installed_from": "2025-10-01", "collection": "half_hour", "concentrator": "",
               "area": ""}
        return {**row, **self.columns}

    # ---- layouts

    def _body(self, at, *values):
        return structure([octets(self.serial.encode()), octets(date_time(at)), *values])

    def daily_index(self, at, total, supplier=(0, 0), distributor=(0, 0)):
        return self._body(at, *map(u32, (total, *supplier, *distributor)))

    def single_value(self, start, value):
        return self._body(start + HALF_HOUR, watts(value))

    def profile(self, starts, values):
        """Rows end-stamped, the clock in each row: what a change of the clocks needs."""
        return array(structure([octets(date_time(start + HALF_HOUR)), watts(value)])
                     for start, value in zip(starts, values))

    def day(self, starts, values, total=0):
        indexes = [total] + [0] * 14
        return self._body(starts[-1] + HALF_HOUR, self.profile(starts, values), *map(u32, indexes))

    # ---- messages

    def push(self, body, sent_at=None, counter=None, confirmed=True, control=BOTH, encryption_key=None,
             authentication_key=None, title=None):
        """A protected DataNotification; control None: in clear."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        self.invoke_id = (self.invoke_id + 1) & 0xFFFFFF
        invoke_id = self.invoke_id | HIGH_PRIORITY | (CONFIRMED if confirmed else 0)
        stamp = date_time(sent_at) if sent_at else b""
        plaintext = bytes([DATA_NOTIFICATION]) + struct.pack(">I", invoke_id) + length(len(stamp)) + stamp + body
        apdu = plaintext
        if control is not None:
            title = title or self.title
            content = protect(plaintext, title, counter, encryption_key or self.encryption_key,
                              authentication_key or self.authentication_key, control)
            apdu = general_glo(title, content)
        return Push(self, apdu, plaintext, counter, control, invoke_id, stamp)


def find_fault_of_confirmation(push, apdu, acknowledgement_title):
    """Why the answer does not confirm the push, or None."""
    plaintext = apdu
    if push.control is not None:
        title, content = open_general_glo(apdu)
        if title != acknowledgement_title:
            return f"under the title {title.hex()}"
        try:
            control, counter, plaintext = unprotect(content, title, push.meter.encryption_key,
                                                    push.meter.authentication_key)
        except InvalidTag:
            return "its tag does not verify"
        if control != push.control:
            return f"protected {control:02x}, the push was {push.control:02x}"
        if counter != push.counter:
            return f"counter {counter}, the push had {push.counter}"
    expected = bytes([DATA_NOTIFICATION_CONFIRM]) + struct.pack(">I", push.invoke_id) + length(len(push.sent_at)) + push.sent_at
    return None if plaintext == expected else f"it says {plaintext.hex()}, expected {expected.hex()}"


