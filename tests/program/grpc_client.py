# SPDX-License-Identifier: Apache-2.0
"""A client of sops's key service: curl speaks HTTP/2, the messages are made here by hand."""
import struct
import subprocess


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(data, compressed=0):
    return bytes([compressed]) + struct.pack(">I", len(data)) + data


def question(age, enc=None, which=6):
    """A DecryptRequest for an entry of a document's `age` list: Key, whose member 6 is an age recipient, and the wrapped key."""
    return message(field(1, field(which, field(1, age["recipient"]))) + field(2, age["enc"] if enc is None else enc))


class Answer:
    def __init__(self, head, body):
        self.body = body
        lines = [line.partition(": ") for line in head.decode().splitlines() if ": " in line]
        self.fields = {name.lower(): value for name, _, value in lines}
        self.status = int(self.fields["grpc-status"]) if "grpc-status" in self.fields else None


def call(place, path, body, to="/KeyService/Decrypt"):
    (place.path / "question").write_bytes(body)
    done = subprocess.run(["curl", "-sS", "--max-time", "60", "--http2-prior-knowledge", "--unix-socket", path, "-H", "content-type: application/grpc", "-H", "te: trailers",
                           "--data-binary", f"@{place.path}/question", "-D", place.path / "head", "-o", place.path / "body", f"http://x{to}"],
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    body = place.path / "body"
    got = body.read_bytes() if body.exists() else b""
    body.unlink(missing_ok=True)
    return Answer((place.path / "head").read_bytes(), got)


# HTTP/2 by hand, for what no client sends

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, data=b""):
    return struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + data


def literal(name, value):
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


HEAD = b"".join(literal(*pair) for pair in ((b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/KeyService/Decrypt"), (b":authority", b"x")))
SETTINGS = frame(4, 0, 0)
