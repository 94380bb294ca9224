"""The gas of the soak: Wize meters, and gateways that hear them and hand over what they heard when they have a link.

Each gas day of a meter is heard by one to three gateways. One gateway may be away for a while and returns with its backlog.
Batches are sent in any order, several at a time, and now and then one that was acknowledged is sent again. What waits for an
answer when a connection ends is sent again under its number.
"""
import concurrent.futures
import datetime
import random
import time

from uplink import GasNetwork, Heard, Refused
from wize import HOUR, GasMeter, gas_day_start

FIRST_DAY = datetime.date(2023, 10, 27)  # the gas day of 25 hours is the second one
METERS, GATEWAYS, DAYS_MAX = 6, 3, 900
DAYS_AT_ONCE, BATCH_FRAMES, WINDOW = 3, 5, 3
REPEATED, HEARD = 0.4, 0.6  # shares of batches, and of frames at each gateway
AGAIN_S = 0.2  # after the server has asked for patience
MINUTE = datetime.timedelta(minutes=1)


def day_number(number):
    return FIRST_DAY + datetime.timedelta(days=number)


def day_end(number):
    return gas_day_start(day_number(number + 1))


def hours_of(number):
    """Starts of the hours of a gas day: 23 to 25."""
    start = gas_day_start(day_number(number))
    return [start + HOUR * n for n in range((day_end(number) - start) // HOUR)]


class GasGateway:
    """One gateway with what it has still to hand over. Used as a concentrator is: connect, fill, take, lose."""

    def __init__(self, gateway, chance):
        self.gateway, self.chance, self.link = gateway, chance, None
        self.batches, self.waiting, self.outstanding, self.acks = {}, set(), set(), {}
        self.repeatable, self.away, self.not_before, self.repeats = [], False, 0.0, 0

    @property
    def idle(self):
        return not self.waiting and not self.outstanding

    @property
    def expects_answer(self):
        """Otherwise what can be read is TLS's own."""
        return bool(self.outstanding)

    @property
    def may_speak(self):
        return not self.away and time.monotonic() >= self.not_before and not (self.idle and self.link is None)

    def hear(self, keys_and_frames):
        """What was heard, as batches under the next numbers."""
        self.repeatable = []
        for at in range(0, len(keys_and_frames), BATCH_FRAMES):
            sequence = self.gateway.next_sequence()
            self.batches[sequence] = keys_and_frames[at:at + BATCH_FRAMES]
            self.waiting.add(sequence)

    def connect(self, server):
        self.gateway.port = server.ports["gateways"]
        try:
            self.gateway.connect()
        except Refused as refused:
            self.be_patient(refused)
            return
        self.link = self.gateway
        self.fill()

    def send_batch(self, sequence):
        self.outstanding.add(sequence)
        self.gateway.send_batch(sequence, [heard for _, heard in self.batches[sequence]])

    def fill(self):
        while self.link and len(self.outstanding) < WINDOW and self.waiting:
            again = sorted(set(self.repeatable) - self.outstanding)
            if again and self.chance.random() < REPEATED:
                self.repeats += 1
                self.send_batch(self.chance.choice(again))
            else:
                sequence = self.chance.choice(sorted(self.waiting))
                self.waiting.remove(sequence)
                self.send_batch(sequence)

    def be_patient(self, refused):
        """Another refusal than "come again" is a failure."""
        if refused.name != "unavailable":
            raise refused
        self.lose()
        self.not_before = time.monotonic() + AGAIN_S

    def take(self):
        """Acknowledgements that have come; how many were new. Raises ConnectionError at the end of the stream."""
        new = 0
        while self.link:
            try:
                ack = self.gateway.receive_ack()
            except Refused as refused:
                self.be_patient(refused)
                break
            new += self.note(ack)
            if not self.gateway.socket.pending():
                break
        return new

    def note(self, ack):
        sequence = ack.sequence
        assert sequence in self.outstanding, f"{self.gateway.name}: an acknowledgement of batch {sequence}, which does not wait"
        self.outstanding.remove(sequence)
        assert ack.refused == 0, f"{self.gateway.name}, batch {sequence}: refused {ack.reasons}"
        assert sum(ack.counts) == len(self.batches[sequence]), f"{self.gateway.name}, batch {sequence}: {ack.counts}"
        if sequence in self.acks:
            assert self.acks[sequence] == ack.counts, f"{self.gateway.name}, batch {sequence}: another answer than before"
            return 0
        self.acks[sequence] = ack.counts
        self.repeatable.append(sequence)
        return 1

    def lose(self):
        """The connection is gone: what waits for an answer is sent again."""
        self.gateway.close()
        self.link = None
        self.waiting |= {sequence for sequence in self.outstanding if sequence not in self.acks}
        self.outstanding.clear()

    def cut_inside(self, share):
        """A batch that ends in the middle: a length, and less than that."""
        message = bytes(1000)
        self.gateway.socket.sendall(len(message).to_bytes(4, "big") + message[:int(share * len(message))])


class Gas:
    def __init__(self, make_server, folder, seed):
        self.network = GasNetwork(make_server, folder)
        self.server, self.chance, self.days = self.network.server, random.Random(f"{seed} gas"), 0
        self.meters = [GasMeter(f"soak {seed} {number}", kmac=self.network.kmac) for number in range(METERS)]
        with concurrent.futures.ThreadPoolExecutor() as at_once:
            registered = at_once.map(self.network.gateway, [f"gw-{n}" for n in range(GATEWAYS)])
            self.server.import_meters(*self.meters)
        self.gateways = [GasGateway(gateway, self.chance) for gateway in registered]
        self.index = dict.fromkeys(range(METERS), 1_000_000)

    def value(self, meter, start):
        return 10 * meter + int(start.timestamp()) // 3600 * 7_919 % 997

    def frame(self, meter, number):
        deltas = [self.value(meter, start) for start in hours_of(number)]
        self.index[meter] += sum(deltas)
        end = day_end(number)
        octets = self.meters[meter].day(end, self.index[meter], deltas, sent_at=end + MINUTE)
        return octets, end + MINUTE + datetime.timedelta(seconds=5)

    def go_on(self):
        """The next days are heard, once those before have been handed over; whoever was away is back."""
        if self.days >= DAYS_MAX or not all(gateway.idle or gateway.away for gateway in self.gateways):
            return
        heard = [[] for _ in self.gateways]
        for number in range(self.days, self.days + DAYS_AT_ONCE):
            for meter in range(METERS):
                octets, at = self.frame(meter, number)
                sure = self.chance.randrange(GATEWAYS)
                for n, own in enumerate(heard):
                    if n == sure or self.chance.random() < HEARD:
                        own.append(((meter, number), Heard("wize", octets, at, self.chance.randrange(-110, -60))))
        self.days += DAYS_AT_ONCE
        away = self.chance.randrange(-1, GATEWAYS)
        for n, (gateway, own) in enumerate(zip(self.gateways, heard)):
            self.chance.shuffle(own)
            gateway.hear(own)
            gateway.away = n == away
            if gateway.away:
                gateway.lose()

    def handed_over(self):
        """A question: whether a few more batches were acknowledged, or all that can be."""
        wanted = self.acknowledged + self.chance.randrange(3)
        return lambda: self.acknowledged >= wanted or all(gateway.idle or gateway.away for gateway in self.gateways)

    @property
    def acknowledged(self):
        return sum(len(gateway.acks) for gateway in self.gateways)

    def come_back(self):
        for gateway in self.gateways:
            gateway.away = False

    @property
    def idle(self):
        return all(gateway.idle for gateway in self.gateways)

    @property
    def frames(self):
        """Made so far, each once."""
        return METERS * self.days

    @property
    def readings(self):
        """Hours, and the index beside them."""
        return METERS * sum(len(hours_of(number)) + 1 for number in range(self.days))

    def stored(self, meter):
        """{start: dm3}, asked in portions; the API tells m3."""
        found = {}
        for first in range(0, self.days, 30):
            from_, to = (gas_day_start(day_number(number)) for number in (first, min(first + 30, self.days)))
            answer = self.server.get(f"/api/v1/usage-points/{self.meters[meter].usage_point}/readings", channel="volume",
                                     **{"from_": from_.isoformat().replace("+00:00", "Z"),
                                        "to": to.isoformat().replace("+00:00", "Z")})
            found.update({datetime.datetime.fromisoformat(row["start"].replace("Z", "+00:00")): round(1000 * row["value"])
                          for row in answer["readings"]})
        return found

    def check(self, final=False):
        acknowledged = {key for gateway in self.gateways for sequence in gateway.acks
                        for key, _ in gateway.batches[sequence]}
        if final:
            assert len(acknowledged) == self.frames, f"{len(acknowledged)} of {self.frames} gas days acknowledged"
        for meter in range(METERS):
            stored = self.stored(meter)
            heard = {start for number in range(self.days) for start in hours_of(number)}
            altered = {start: value for start, value in stored.items()
                       if start not in heard or value != self.value(meter, start)}
            assert not altered, f"gas meter {meter}: altered or never sent: {sorted(altered.items())[:5]}"
            lost = [start for number in range(self.days) if (meter, number) in acknowledged
                    for start in hours_of(number) if start not in stored]
            assert not lost, f"gas meter {meter}: acknowledged and lost: {lost[:5]}"

    def check_answers(self):
        """Whatever is sent again is answered as before, and stored no second time."""
        for gateway in self.gateways:
            gateway.connect(self.server)
            for sequence in gateway.repeatable:
                gateway.send_batch(sequence)
                gateway.take()
            gateway.lose()
