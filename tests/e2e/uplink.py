"""A gateway, written a second time and apart from the product: the messages of proto/uplink.proto by hand, over TLS with a
certificate, and the same content as JSON over HTTPS."""
import collections
import datetime
import http.client
import json
import socket
import struct

import certs
from dlms import UTC
from link import PATIENCE_S
from wize import GasMeter, day_end, gas_day_start

KINDS = {"dlms": 1, "wize": 2, "tic": 3}
OUTCOMES = ("accepted", "duplicate", "refused")
Heard = collections.namedtuple("Heard", "kind frame at dbm", defaults=("wize", b"", None, 0))

# ------------------------------------------------------------------ protobuf


def varint(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)


def octets(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def read_fields(message):
    """{field: [values]}; numbers or bytes."""
    fields, at = collections.defaultdict(list), 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = take()
        if key & 7 == 0:
            fields[key >> 3].append(take())
        else:
            assert key & 7 == 2, "no other wire type is in the protocol"
            size = take()
            fields[key >> 3].append(message[at:at + size])
            at += size
    return fields


def milliseconds(at):
    return round(at.timestamp() * 1000)


def frame_message(heard):
    message = number(1, KINDS[heard.kind]) + octets(2, heard.frame) + number(3, milliseconds(heard.at))
    return message + (number(4, (heard.dbm << 1) ^ (heard.dbm >> 63)) if heard.dbm else b"")


def batch_message(sequence, frames):
    return octets(2, number(1, sequence) + b"".join(octets(2, frame_message(heard)) for heard in frames))


class Ack:
    def __init__(self, fields):
        first = {field: values[0] for field, values in fields.items()}
        self.sequence = first[1]
        self.accepted, self.duplicate, self.refused = (first.get(field, 0) for field in (2, 3, 4))
        self.reasons, self.downlinks = {}, {}
        for result in fields[5]:
            one = {field: values[0] for field, values in read_fields(result).items()}
            if OUTCOMES[one.get(2, 0)] == "refused":
                self.reasons[one.get(1, 0)] = one[3].decode()
            if 5 in one:
                self.downlinks[one.get(1, 0)] = (one[5], one.get(6, 0))

    @property
    def counts(self):
        return self.accepted, self.duplicate, self.refused


class Refused(AssertionError):
    def __init__(self, fields):
        self.sequence = fields[1][0] if 1 in fields else 0
        self.name = fields[2][0].decode()
        super().__init__(f"{self.name}: {fields[3][0].decode() if 3 in fields else ''}")


class Gateway:
    """Its certificate, its numbers, and a connection when it has one."""

    def __init__(self, authority, server_authority, name, port):
        self.name, self.port, self.sequence, self.socket = name, port, 0, None
        self.tls = certs.client(server_authority, certificate=authority.issue(name))

    def connect(self, hello=None):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.tls.wrap_socket(plain, server_hostname="meters.example")
        self.send(octets(1, octets(1, (hello or self.name).encode()) + number(2, 1)))
        self.welcome = read_fields(self.receive(1))
        return self

    @property
    def acknowledged_up_to(self):
        return self.welcome[1][0] if 1 in self.welcome else 0

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def send(self, message):
        self.socket.sendall(struct.pack(">I", len(message)) + message)

    def read_exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def receive(self, field):
        message = read_fields(self.read_exactly(struct.unpack(">I", self.read_exactly(4))[0]))
        if 3 in message:
            raise Refused(read_fields(message[3][0]))
        return message[field][0]

    def next_sequence(self):
        self.sequence += 1
        return self.sequence

    def send_batch(self, sequence, frames):
        self.send(batch_message(sequence, frames))

    def receive_ack(self):
        return Ack(read_fields(self.receive(2)))

    def deliver(self, frames, sequence=None):
        """One batch, and what became of it."""
        sequence = sequence or self.next_sequence()
        self.send_batch(sequence, frames)
        ack = self.receive_ack()
        assert ack.sequence == sequence
        return ack

    def post(self, frames, sequence=None, **members):
        """The same as JSON over HTTPS; (status, JSON)."""
        body = {"gateway": self.name, "sequence": sequence or self.next_sequence(), "frames": [
            {"kind": heard.kind, "frame": heard.frame.hex(), "received_at": iso(heard.at),
             **({"signal_dbm": heard.dbm} if heard.dbm else {})} for heard in frames]}
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=self.lenient())
        try:
            link.request("POST", "/uplink/v1/batches", json.dumps({**body, **members}), {"Content-Type": "application/json"})
            answer = link.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            link.close()

    def lenient(self):
        """http.client asks for the address it connects to, which is not in the tests' certificate."""
        self.tls.check_hostname = False
        return self.tls


def now():
    return datetime.datetime.now(UTC).replace(microsecond=0)


def iso(at):
    return at.isoformat().replace("+00:00", "Z")


class GasNetwork:
    """A server with an uplink, a radio network, and the gateways of a test."""

    def __init__(self, make_server, folder, **settings):
        self.authority = certs.Authority(folder, "gateways.authority.example")
        self.server_authority = certs.Authority(folder, "meters.authority.example")
        certificate, key = self.server_authority.issue("meters.example")
        self.folder, self.kmac = folder, bytes(range(16))
        self.server = make_server(collector__uplink="127.0.0.1:0", collector__tls_cert=str(certificate),
                                  collector__tls_key=str(key), collector__uplink_client_ca=str(self.authority.file),
                                  **settings)
        kmac_file = folder / "kmac"
        kmac_file.write_text(self.kmac.hex())
        self.server.keep_secret(self.kmac)
        self.server.cli("network", "add", "--id", "1", "--kmac-file", kmac_file)

    def gateway(self, name, register=True, authority=None, **flags):
        if register:
            words = [f"--{flag.replace('_', '-')}" for flag, given in flags.items() if given]
            self.server.cli("gateway", "add", name, *words)
        return Gateway(authority or self.authority, self.server_authority, name, self.server.ports["gateways"])

    def values(self, meter, channel, day, days=1, after=0):
        """[(start, dm3)] from the beginning of a gas day on, `after` seconds beyond the end of the last."""
        end = gas_day_start(day + datetime.timedelta(days=days)) + datetime.timedelta(seconds=after)
        answer = self.server.get(f"/api/v1/usage-points/{meter.usage_point}/readings", from_=iso(gas_day_start(day)), to=iso(end),
                                 channel=channel)
        assert answer["unit"] == "m3"
        return [(row["start"], round(row["value"] * 1000)) for row in answer["readings"]]

    def hours(self, meter, day, days=1):
        return [value for _, value in self.values(meter, "volume", day, days)]

    def index(self, meter, day):
        """At the end of the gas day."""
        return dict(self.values(meter, "volume_index", day, after=1)).get(iso(day_end(day)))

    def meters(self, count, name, **columns):
        made = [GasMeter(f"{name} {number}", kmac=self.kmac, **columns) for number in range(count)]
        self.server.import_meters(*made)
        return made
