# SPDX-License-Identifier: Apache-2.0
"""The ways in which a server fails instead of answering. Each takes the handler of one request and spoils its connection as it says."""
import json
import socket
import struct

ENDLESS = 64 * 1024 * 1024  # bytes: far past every limit that a client should have


def status(code, body=None, **headers):
    """An answer with that status. body: an object is sent as JSON, text and bytes as they are. A header's "_" stands for "-"."""

    def spoil(handler):
        plain = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps({} if body is None else body).encode()
        handler.reply(code, plain, {name.replace("_", "-"): str(value) for name, value in headers.items()})

    return spoil


def redirect(url, code=307):
    """Sends the client, and what it was about to show, elsewhere."""
    return status(code, b"", Location=url)


def reset(handler):
    """The connection ends with RST."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.drop()


def close(handler):
    """The connection ends without an answer."""
    handler.drop()


def slow(handler):
    """Nothing is ever answered; ends when the fake does."""
    handler.fake.stopping.wait()
    handler.drop()


def trickle(handler):
    """The answer comes a byte at a time and never ends."""
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not handler.fake.stopping.wait(0.05):
        handler.raw(b" ")
    handler.drop()


def cut(handler):
    """The answer ends before its length."""
    handler.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"data":')
    handler.drop()


def garbage(handler):
    """What is answered is not HTTP."""
    handler.raw(b"SSH-2.0-OpenSSH_9.2\r\n" + bytes(range(256)))
    handler.drop()


def no_json(handler):
    """A page of some proxy with status 200."""
    handler.reply(200, b"<html><body>Welcome to the hotel's network</body></html>", {"Content-Type": "text/html"})


def huge(handler):
    """An answer whose length is not said and that goes on and on."""
    handler.raw(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"data":{"plaintext":"')
    for _ in range(ENDLESS // 65536):
        handler.raw(b"A" * 65536)
    handler.drop()


def huge_length(handler):
    """The same, said before."""
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % ENDLESS)
    handler.drop()


def huge_headers(handler):
    """Headers that go on and on."""
    handler.raw(b"HTTP/1.1 200 OK\r\n")
    for number in range(ENDLESS // 1024):
        handler.raw(b"X-%d: %s\r\n" % (number, b"a" * 1000))
    handler.drop()
