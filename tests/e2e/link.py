"""A meter's connection: one socket, messages in and out, every wait with an end."""
import socket
import struct

from dlms import find_fault_of_confirmation

ACKNOWLEDGEMENT_TITLE = bytes.fromhex("524c560000000001")
PATIENCE_S = 60.0


class ClosedInside(AssertionError):
    """The stream ended in the middle of a message."""


class Link:
    def __init__(self, port, tls=None, address=None):
        source = (address, 0) if address else None
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="meters.example")
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, *what):
        """Pushes or bytes, all in one segment as far as the kernel allows."""
        self.socket.sendall(b"".join(w if isinstance(w, bytes) else w.frame for w in what))

    def holds_message(self):
        """Whether the next message has been read from the socket already."""
        return len(self.received) >= 8 and len(self.received) >= 8 + struct.unpack(">H", self.received[6:8])[0]

    def receive(self):
        """(source, destination, apdu) of the next message; None when the peer has closed."""
        while not self.holds_message():
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                if self.received:
                    raise ClosedInside(f"closed inside a message: {self.received.hex()}")
                return None
            self.received += piece
        version, source, destination, size = struct.unpack(">HHHH", self.received[:8])
        assert version == 1, f"wrapper version {version}"
        apdu, self.received = self.received[8:8 + size], self.received[8 + size:]
        return source, destination, apdu

    def receive_all(self):
        """Every APDU until the peer closes."""
        apdus = []
        while message := self.receive():
            apdus.append(message[2])
        return apdus

    def confirm(self, push):
        """The next message must confirm this push; gives its bytes."""
        message = self.receive()
        assert message, "closed instead of a confirmation"
        fault = find_fault_of_confirmation(push, message[2], ACKNOWLEDGEMENT_TITLE)
        assert fault is None, f"not a confirmation of this push: {fault}"
        return message[2]

    def exchange(self, push):
        self.send(push)
        return self.confirm(push)


def confirms(push, apdu):
    return find_fault_of_confirmation(push, apdu, ACKNOWLEDGEMENT_TITLE) is None
