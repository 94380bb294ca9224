"""Faults at random while a fleet pushes: whatever ends, and whenever, what was confirmed is there, once and unaltered.

A fleet of meters behind concentrators pushes half-hours with confirmation and sends again what was not confirmed. After
random numbers of confirmations something ends: the server (SIGKILL), its database (stopped at once, or killed), both, a
connection in the middle of a message, all connections, the server gracefully; its disk is full for a while, its clock
steps by an hour. Beside it gateways hand over what they heard of gas meters (gas.py). At checkpoints and at the end the store holds exactly the fleet's readings, and says of earlier
instants what it said then. All chances come from the seed; what the machine makes of them differs from run to run.
"""
import argparse
import collections
import contextlib
import datetime
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from clock import Clock  # noqa: E402
from dlms import Meter, half_hours  # noqa: E402
from gas import Gas  # noqa: E402
from link import ClosedInside, confirms  # noqa: E402
from product import Releve, eventually  # noqa: E402

FIRST_DAY = datetime.date(2025, 10, 25)  # the day of 50 half-hours is the second one
DAYS_MAX, WINDOW, CHECK_EVERY = 90, 8, 10
PATIENCE_S = 120  # for confirmations, while the database may be coming up again
FULL_DISK_S = 2  # how long a full disk stays so
STARTS = [start for n in range(DAYS_MAX) for start in half_hours(FIRST_DAY + datetime.timedelta(days=n))]


class NotInTime(AssertionError):
    """Confirmations that were waited for have not come."""


class PushingMeter:
    """A meter with what it has still to say, what waits for an answer, and what was confirmed."""

    def __init__(self, seed, number):
        self.meter = Meter(f"soak {seed} {number}", replay="window" if number % 2 else "strict")
        self.number, self.made = number, 0
        self.pushes, self.waiting, self.confirmed = [], collections.deque(), 0
        self.resends = 0

    def value(self, index):
        return 100 * (self.number + 1) + (index * 7_919) % 5_003

    def next_push(self):
        """What comes next, which is an earlier one after a lost connection; None when there is nothing more."""
        index = self.confirmed + len(self.waiting)
        if index == len(STARTS):
            return None
        if index == self.made:
            self.pushes.append(self.meter.push(self.meter.single_value(STARTS[index], self.value(index))))
            self.made += 1
        else:
            self.resends += 1
        self.waiting.append(self.pushes[index])
        return self.pushes[index]


class Concentrator:
    """One connection for several meters."""

    def __init__(self, meters):
        self.meters, self.link = meters, None

    expects_answer = True

    def connect(self, server):
        self.link = server.connect()
        self.fill()

    def fill(self):
        for meter in self.meters:
            while len(meter.waiting) < WINDOW:
                push = meter.next_push()
                if push is None:
                    break
                self.link.send(push)

    def explain(self, apdu):
        for meter in self.meters:
            for n, push in enumerate(meter.pushes):
                if confirms(push, apdu):
                    return (f"meter {meter.number}, message {n}, when {meter.confirmed} were confirmed "
                            f"and {len(meter.waiting)} wait")
        return "of no message of these meters"

    def lose(self):
        """The connection is gone: what waits is sent again."""
        if self.link:
            self.link.close()
        self.link = None
        for meter in self.meters:
            meter.waiting.clear()

    def take(self):
        """Confirmations that have come; how many. Raises ConnectionError at the end of the stream."""
        count = 0
        while True:
            try:
                message = self.link.receive()
            except ClosedInside as cut:
                raise ConnectionError(str(cut)) from cut
            if message is None:
                raise ConnectionError("closed")
            owner = next((m for m in self.meters if m.waiting and confirms(m.waiting[0], message[2])), None)
            assert owner, f"a confirmation of nothing that waits: {self.explain(message[2])}"
            owner.waiting.popleft()
            owner.confirmed += 1
            count += 1
            if not self.link.holds_message():
                return count

    def cut_inside(self, share):
        """A message that ends in the middle."""
        meter = self.meters[0]
        frame = (meter.pushes or [meter.meter.push(meter.meter.single_value(STARTS[0], 1))])[-1].frame
        self.link.send(frame[:1 + int(share * (len(frame) - 1))])


class SmallDisk:
    """A file system of its own under the server's data, as root; filled and emptied again."""
    MEGABYTES = 400

    def __init__(self, folder):
        self.folder, self.ballast = folder, folder / "ballast"
        folder.mkdir(parents=True, exist_ok=True)
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.MEGABYTES}m,mode=755", "releve-soak", str(folder)],
            capture_output=True, check=False).returncode == 0

    def fill(self):
        with contextlib.suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))

    def empty(self):
        self.ballast.unlink(missing_ok=True)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Soak:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.meters = [PushingMeter(options.seed, number) for number in range(options.meters)]
        self.concentrators = [Concentrator(self.meters[n::4]) for n in range(4)]
        self.faults = collections.Counter()
        self.peak_kb, self.history, self.full_disks_noticed = 0, [], 0
        self.said = []  # (meter, instant, what was known of it then)
        self.server = self.disk = self.clock = self.gas = None
        self.certificates = pathlib.Path(tempfile.mkdtemp(prefix="releve-soak-"))

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def make_server(self, **settings):
        self.server = Releve(collector__batch_frames=16, collector__batch_wait_ms=1, **settings)
        self.disk = SmallDisk(self.server.data)
        self.clock = Clock(self.server.folder)
        self.server.environment = self.clock.environment
        return self.server.start()

    # ---- the fleet

    @property
    def links(self):
        """All that speak to the server: concentrators, and gateways."""
        return [*self.concentrators, *self.gas.gateways]

    def pump(self, confirmations, seconds=PATIENCE_S, until=lambda: True):
        """Pushes until so many more were confirmed, or nothing is left to say; connects where a connection was lost."""
        done = 0
        deadline = time.monotonic() + seconds
        while not until() or (done < confirmations and any(meter.confirmed < len(STARTS) for meter in self.meters)):
            if time.monotonic() > deadline:
                raise NotInTime(f"only {done} of {confirmations} confirmations in {seconds} s")
            for concentrator in self.concentrators:
                if concentrator.link is None:
                    concentrator.connect(self.server)
            for gateway in self.gas.gateways:
                self.speak(gateway)
            links = {link.link.socket: link for link in self.links if link.link and link.expects_answer}
            readable, _, _ = select.select(list(links), [], [], 1.0)
            for ready in readable:
                link = links[ready]
                try:
                    done += link.take()
                    link.fill()
                except (ConnectionError, OSError):
                    link.lose()
        return done

    def speak(self, gateway):
        """Connects it, or lets it send what it has."""
        if not gateway.may_speak:
            return
        try:
            if gateway.link is None:
                gateway.connect(self.server)
            else:
                gateway.fill()
        except (ConnectionError, OSError):
            gateway.lose()

    def lose_all(self):
        for link in self.links:
            link.lose()

    # ---- what happens to it

    def kill_server(self):
        self.server.kill()
        self.lose_all()
        self.server.start()

    def kill_both(self):
        self.server.kill_with_database()
        self.lose_all()
        self.server.start()

    def end_database(self, number):
        postmaster = self.server.postmaster()
        os.kill(postmaster, number)
        try:
            os.waitpid(postmaster, 0)  # one that a killed server left behind is ours, and its number taken until then
        except ChildProcessError:
            pass

    def stop_database(self):
        self.end_database(signal.SIGQUIT)

    def kill_database(self):
        self.end_database(signal.SIGKILL)

    def stop_server(self):
        assert self.server.stop() == 0
        self.lose_all()
        self.server.start()

    def cut_link(self):
        self.lose_all()

    def reset_inside_a_message(self):
        link, share = self.random.choice(self.links), self.random.random()
        if link.link is None:  # nobody is there to be cut off
            link = self.concentrators[0]
        with contextlib.suppress(ConnectionError, OSError):
            link.cut_inside(share)
            link.link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.lose()

    def fill_disk(self):
        """For as long as it takes to notice: what is sent meanwhile is not confirmed, or fits into what was free."""
        self.disk.fill()
        try:
            self.pump(200, FULL_DISK_S)
        except NotInTime:
            self.full_disks_noticed += 1
        finally:
            self.disk.empty()

    def step_clock(self):
        self.clock.set(self.random.choice([wrong for wrong in (-3600, 0, 3600) if wrong != self.clock.wrong_by]))

    def fault(self):
        kinds = [(self.kill_server, 6), (self.kill_both, 2), (self.stop_database, 2), (self.kill_database, 1),
                 (self.cut_link, 1), (self.reset_inside_a_message, 2), (self.stop_server, 1)]
        if self.disk.mounted:
            kinds.append((self.fill_disk, 1))
        if self.clock.environment:
            kinds.append((self.step_clock, 1))
        act = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        self.note_memory()
        eventually(lambda: self.server.postmaster() is not None)
        self.faults[act.__name__] += 1
        self.history.append((datetime.datetime.now().strftime("%H:%M:%S.%f")[:12], act.__name__))
        act()

    def note_memory(self):
        try:
            status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
            self.peak_kb = max(self.peak_kb, int(status.split("VmHWM:")[1].split()[0]))
        except (OSError, IndexError):
            pass

    # ---- what must hold

    def check(self, final=False):
        eventually(lambda: self.server.ask("/readyz").status == 200)
        self.server.settled()
        for meter in self.meters:
            made = max(meter.made, 1)
            days = (STARTS[made - 1].date() - FIRST_DAY).days + 2
            stored = {}
            for first in range(0, days, 30):
                day = FIRST_DAY + datetime.timedelta(days=first)
                stored.update(self.server.readings(meter.meter, day, days=min(30, days - first)))
            expected = {STARTS[i]: meter.value(i) for i in range(meter.made)}
            altered = {start: value for start, value in stored.items() if expected.get(start) != value}
            assert not altered, f"meter {meter.number}: altered or never sent: {altered}"
            lost = [STARTS[i] for i in range(meter.confirmed) if STARTS[i] not in stored]
            assert not lost, f"meter {meter.number}: confirmed and lost: {lost[:5]}"
            if final:
                assert len(stored) == meter.made, f"meter {meter.number}: {len(stored)} of {meter.made}"
        self.gas.check(final)
        self.check_what_was_said()
        if final:
            pushed = sum(meter.made for meter in self.meters)
            made, readings = pushed + self.gas.frames, pushed + self.gas.readings
            counted = self.server.sql("SELECT sum(frames), sum(readings) FROM batch")[0]
            assert counted == (str(made), str(readings)), \
                f"{made} messages with {readings} readings, but the batches' are {counted}; kept twice: {self.kept_twice()}"
            archived = self.server.sql("SELECT sum(cardinality(meter_ids)) FROM frame_archive")[0][0]
            assert archived == str(made), f"{made} messages, but {archived} in the archive"

    def as_of(self, meter, instant):
        return self.server.readings(meter.meter, FIRST_DAY, days=30, as_of=instant)

    def check_what_was_said(self):
        """What was known at an instant is the same whenever it is asked, whatever has happened since."""
        for meter, instant, answer in self.said:
            now = self.as_of(meter, instant)
            assert now == answer, f"meter {meter.number} as of {instant}: {len(answer)} values then, {len(now)} now"
        just_now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.clock.wrong_by - 2)
        instant = just_now.strftime("%Y-%m-%dT%H:%M:%SZ")
        meter = self.random.choice(self.meters)
        self.said.append((meter, instant, self.as_of(meter, instant)))

    def kept_twice(self):
        """Messages that are in the archive more than once, with the batches they came in: an archive part is a row of
        frames, each meter, key generation, counter, digest, instant, length (variable) and bytes."""
        places = collections.defaultdict(list)
        for batch, data in self.server.sql("SELECT batch, encode(data, 'hex') FROM frame_archive ORDER BY batch"):
            data, at = bytes.fromhex(data), 0
            while at < len(data):
                meter, _, counter = struct.unpack_from(">iHQ", data, at)
                at, size, shift, more = at + 30, 0, 0, True
                while more:
                    size, more, shift, at = size | (data[at] & 127) << shift, data[at] & 128, shift + 7, at + 1
                at += size
                places[meter, counter].append(int(batch))
        return {message: batches for message, batches in places.items() if len(batches) > 1}

    def check_replay(self):
        """Earlier messages are known, and their counters are used up."""
        before = self.server.frames()
        with self.server.connect() as link:
            for meter in self.meters:
                for push in meter.pushes[-WINDOW:]:
                    link.exchange(push)
        known = sum(len(meter.pushes[-WINDOW:]) for meter in self.meters)
        assert self.server.frames_since(before) == {"duplicate": known}, self.server.frames_since(before)
        for meter in self.meters:
            with self.server.connect() as link:
                link.send(meter.meter.push(meter.meter.single_value(STARTS[0], 1), counter=meter.pushes[-1].counter))
        eventually(lambda: self.server.frames_since(before) == {"duplicate": known, "replay": len(self.meters)})

    def run(self):
        began = time.monotonic()
        self.gas = Gas(self.make_server, self.certificates, self.options.seed)
        self.server.import_meters(*[meter.meter for meter in self.meters])
        for number in range(self.options.kills):
            if self.options.seconds and time.monotonic() - began > self.options.seconds:
                break
            self.gas.go_on()
            self.pump(self.random.randrange(1, 60), until=self.gas.handed_over())
            self.fault()
            if number % CHECK_EVERY == CHECK_EVERY - 1:
                self.check()
                self.say(f"soak: {number + 1} of {self.options.kills} faults, "
                         f"{sum(m.confirmed for m in self.meters)} messages confirmed, nothing lost")
        self.gas.come_back()
        self.pump(50, until=lambda: self.gas.idle)
        self.lose_all()
        with self.server.connect() as link:  # what was made is said to the end, and nothing new
            for meter in self.meters:
                for push in meter.pushes[meter.confirmed:]:
                    link.exchange(push)
                    meter.confirmed += 1
        self.gas.check_answers()
        self.check(final=True)
        self.check_replay()
        self.note_memory()
        self.server.close()
        return {"seed": self.options.seed, "faults": sum(self.faults.values()), **self.faults,
                "messages": sum(m.made for m in self.meters), "resends": sum(m.resends for m in self.meters),
                "gas_days": self.gas.frames, "batches": sum(len(g.batches) for g in self.gas.gateways),
                "batches_repeated": sum(g.repeats for g in self.gas.gateways),
                "full_disks_noticed": self.full_disks_noticed, "answers_as_of": len(self.said),
                "peak_resident_mb": round(self.peak_kb / 1024, 1), "seconds": round(time.monotonic() - began, 1)}

    def tell_more(self):
        """What may explain a failure."""
        if not self.server:
            return
        self.say(f"{self.history}\n{self.server.log_text()[-3000:]}")
        try:
            self.say(self.server.frames())
            self.say(self.server.sql("SELECT reason, detail, system_title, counter FROM quarantine"))
        except (AssertionError, OSError) as error:
            self.say(error)

    def end(self):
        """After a failure as well: no process and no file of it stays."""
        if self.gas:
            self.lose_all()
        if self.server:
            self.server.discard()
            self.disk.close()
            shutil.rmtree(self.server.folder, ignore_errors=True)  # the disk stood in it
        shutil.rmtree(self.certificates, ignore_errors=True)


def in_own_mounts():
    """The small disk is seen by this process and its children only, and goes with them."""
    if os.geteuid() == 0 and not os.environ.get("SOAK_OWN_MOUNTS"):
        os.environ["SOAK_OWN_MOUNTS"] = "1"
        with contextlib.suppress(OSError):
            os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="faults in all")
    parser.add_argument("--seconds", type=int, default=0, help="no new fault after so long")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--meters", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    in_own_mounts()
    print(f"soak: seed {options.seed}", file=sys.stderr, flush=True)
    soak = Soak(options)
    try:
        summary = soak.run()
    except AssertionError as failure:
        soak.tell_more()
        print(f"seed {options.seed}: {failure}\n0 passed, 1 failed")
        return 1
    finally:
        soak.end()
    if options.json:
        print(json.dumps({"bench": "soak", **summary}))
    else:
        print(", ".join(f"{name} {value}" for name, value in summary.items()))
        print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
