"""Where a secret shows: the forms it may take, and searches of bytes, folders and processes for them."""
import base64
import pathlib

PIECE_BYTES = 64 * 1024 * 1024


def base64_forms(secret):
    """At each of the three places where it may begin in a longer text; what its neighbours decide is left out."""
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            text = alphabet(bytes(before) + secret).rstrip(b"=")
            first = -(-before * 8 // 6)
            last = (before + len(secret)) * 8 // 6
            yield text[first:last]


def forms_of(secret):
    """{form: its name} of a secret in bytes."""
    hexadecimal = secret.hex()
    numbers = [str(byte) for byte in secret]
    forms = {secret: "raw"}
    for separator in ("", " ", ":", "\\x", ", 0x"):
        text = separator.join(hexadecimal[at:at + 2] for at in range(0, len(hexadecimal), 2))
        forms[text.encode()] = f"hexadecimal {separator!r}"
        if len(separator) < 2:
            forms[text.upper().encode()] = f"HEXADECIMAL {separator!r}"
    for form in base64_forms(secret):
        forms[form] = "base64"
    for separator in (",", ", ", " "):
        forms[separator.join(numbers).encode()] = "numbers"
    octal = b"".join(b"\\%03o" % byte if byte < 32 or byte > 126 else bytes([byte]) for byte in secret)
    forms.setdefault(octal, "octal escapes")
    return forms


class Search:
    """For named secrets: {"encryption key": bytes}."""

    def __init__(self, **secrets):
        self.names = {}
        for name, secret in secrets.items():
            for form, kind in forms_of(secret).items():
                self.names.setdefault(form, f"{name.replace('_', ' ')} ({kind})")
        self.longest = max(map(len, self.names))

    def in_bytes(self, content):
        if isinstance(content, str):
            content = content.encode()
        return {name for form, name in self.names.items() if form in content}

    def in_file(self, path):
        found, rest = set(), b""
        with open(path, "rb") as file:
            while piece := file.read(PIECE_BYTES):
                found |= self.in_bytes(rest + piece)
                rest = piece[-self.longest:]
        return found

    def in_folder(self, folder, but=()):
        """{path: what is in it} of every file, also in its name."""
        folder, result = pathlib.Path(folder), {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            found = self.in_bytes(name)
            if name not in but and path.is_file() and not path.is_symlink():
                try:
                    found |= self.in_file(path)
                except FileNotFoundError:
                    pass  # a log or a temporary file that went meanwhile
            if found:
                result[name] = found
        return result

    def in_processes(self, pids=None):
        """{"pid name environ": what} of what /proc shows of these processes, or of all."""
        result = {}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            if pids is not None and int(process.name) not in pids:
                continue
            for what in ("environ", "cmdline", "comm"):
                try:
                    found = self.in_bytes((process / what).read_bytes())
                except (FileNotFoundError, ProcessLookupError):
                    continue  # it ended
                except PermissionError:
                    if what != "environ":
                        raise
                    continue  # another user's, or one that does not let us look; the other two are open to everybody
                if found:
                    result[f"{process.name} {what}"] = found
        return result


def family_of(*pids):
    """These processes, and all that run below them."""
    parents = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended
        if state != "Z":
            parents[int(process.name)] = int(parent)
    family = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def processes_of(server):
    """The server, its PostgreSQL and that one's sessions."""
    return family_of(server.process.pid, server.postmaster())
