"""The gas meter's side of Wize, written a second time and apart from the product: bytes in, bytes out.

What it follows: the LAN frame of Wize 1.x (EN 13757-4 mode N with one CRC), AES-128-CTR, the two hashes by AES-CMAC; and
the product's own layout `releve-gas`, as docs/WIZE.md describes it.
"""
import datetime
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from dlms import UTC, paris_offset

DATA, DATA_PRIO, RESPONSE, COMMAND, INSTPING = 0x44, 0x54, 0x08, 0x43, 0x46
WIZE_EPOCH = datetime.datetime(2013, 1, 1, tzinfo=UTC)
HOUR, MINUTE = datetime.timedelta(hours=1), datetime.timedelta(minutes=1)
GAS_APP, ADMIN_APP = 0x20, 0x01
NOT_MEASURED = 0xFFFF


def crc16(data):
    """Polynomial 3d65, initial value 0, complemented."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x3D65 if crc & 0x8000 else 0)
        crc &= 0xFFFF
    return struct.pack(">H", crc ^ 0xFFFF)


def cmac(key, message):
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def ctr(key, address, counter, c, text):
    first = address + struct.pack(">HB", counter, c) + bytes(5)
    coder = Cipher(algorithms.AES(key), modes.CTR(first)).encryptor()
    return coder.update(text) + coder.finalize()


def seconds_since(epoch, at):
    return int((at - epoch).total_seconds())


def frame(address, c, l7, *, kmac, kenc=None, counter=0, keysel=1, network=1, app=GAS_APP, ci=0x20, version=1, stamp=0):
    """One exchange frame. With keysel 0 it is not ciphered."""
    key = kenc if keysel else kmac
    body = ctr(key, address, counter, c, l7) if keysel else l7
    layer6 = struct.pack(">BBHB", version << 5 | 1 << 4 | keysel, network, counter, app) + body
    layer6 += cmac(key, address + struct.pack(">H", counter) + bytes(6) + body)[:4] + struct.pack(">H", stamp & 0xFFFF)
    octets = bytes([c]) + address + bytes([ci]) + layer6 + cmac(kmac, address + bytes(8) + layer6)[:2]
    octets = bytes([len(octets) + 2]) + octets
    return octets + crc16(octets)


def gas_day_start(day):
    """06:00 in Paris, as an instant."""
    local = datetime.datetime.combine(day, datetime.time(6), UTC)
    return local - paris_offset(local - HOUR)


def day_end(day):
    return gas_day_start(day + datetime.timedelta(days=1))


class GasMeter:
    """A Gazpar-like meter with a life of its own, derived from its name."""

    energy, protocol, model = "gas", "wize", "releve-gas"

    def __init__(self, name, network=1, kmac=None, **columns):
        seed = hashlib.sha256(name.encode()).digest()
        self.address = bytes.fromhex("5310") + seed[:4] + bytes([0x00, 0x03])
        self.kenc, self.kmac, self.network = seed[4:20], kmac or bytes(16), network
        self.usage_point = str(int.from_bytes(seed[20:26], "big") % 10**14).zfill(14)
        self.counter, self.columns = 0, columns

    @property
    def title(self):
        return self.address.hex()

    def csv_row(self):
        row = {"system_title": self.title, "serial": self.title[4:12], "protocol": self.protocol, "model": self.model,
               "key_id": "1", "encryption_key": self.kenc.hex(), "authentication_key": "", "usage_point": self.usage_point,
               "energy": self.energy, "installed_from": "2018-01-01", "collection": "half_hour"}
        return {**row, **self.columns}

    def next_counter(self):
        self.counter = (self.counter + 1) & 0xFFFF
        return self.counter

    def build(self, l7, at, c=DATA, **fields):
        """A frame sent at `at`; its counter is the next one unless told."""
        counter = fields.pop("counter", None)
        counter = self.next_counter() if counter is None else counter
        stamp = seconds_since(datetime.datetime(1970, 1, 1, tzinfo=UTC), at)
        fields = {"kmac": self.kmac, "kenc": self.kenc, "network": self.network, "stamp": stamp, **fields}
        return frame(self.address, c, l7, counter=counter, **fields)

    def day(self, end, index_dm3, deltas, alarms=0, sent_at=None, **fields):
        """The message of the gas day that ends at `end`: the index there, and what each hour before added (at least one,
        which may be unknown)."""
        values = [NOT_MEASURED if value is None else value for value in deltas or (None,)]
        l7 = struct.pack(">BIIH", 1, seconds_since(WIZE_EPOCH, end), index_dm3, alarms)
        l7 += b"".join(struct.pack(">H", value) for value in values)
        return self.build(l7, sent_at or end, **fields)

    def open(self, octets):
        """(counter, L7) of a frame to this meter, after its checks."""
        assert octets[0] == len(octets) - 1 and crc16(octets[:-2]) == octets[-2:]
        c, address, layer6 = octets[1], octets[2:10], octets[11:-4]
        assert address == self.address and octets[-4:-2] == cmac(self.kmac, address + bytes(8) + layer6)[:2]
        counter, keysel, body = layer6[2:4], layer6[0] & 15, layer6[5:-6]
        assert keysel and layer6[-6:-2] == cmac(self.kenc, address + counter + bytes(6) + body)[:4]
        number = int.from_bytes(counter, "big")
        return number, ctr(self.kenc, address, number, c, body)

    def answer(self, command, at, error=0, values=b""):
        """A RESPONSE to a COMMAND frame: it repeats the COMMAND's counter."""
        counter, l7 = self.open(command)
        body = bytes([l7[0], error]) + struct.pack(">HB", 0x0105, 77) + values
        return self.build(body, at, RESPONSE, counter=counter, app=ADMIN_APP)
