"""The wall clock of a product under test, through Debian's libfaketime. The steady clock, and so every deadline, stays true,
and so does its PostgreSQL, which gets no environment of ours."""
import glob


class Clock:
    """A file says what time it is: by how much the clock is wrong, or where it stands still."""

    def __init__(self, folder):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        self.file, self.wrong_by = folder / "clock", 0
        self.environment = {}
        if libraries:
            self.environment = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(self.file), "TZ": "UTC",
                                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            self.set(0)

    def set(self, seconds):
        self.wrong_by = seconds
        self.write(f"{seconds:+d}s")

    def stand_at(self, instant):
        """Until it is moved again."""
        self.write(instant.strftime("%Y-%m-%d %H:%M:%S"))

    def write(self, text):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text + "\n")
        fresh.rename(self.file)
