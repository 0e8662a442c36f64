# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 for any fake, over TLS with ALPN, as Vault, Google and most other services speak it:

    class Vault2(Http2, Vault):
        pass

    with Vault2(tls=http2.context(certificates.server)) as fake: ...

Every stream is answered on its own, after the fake's delay, so many are under way on one connection. Faults that answer with a status work as they do with
HTTP/1.1; those of the protocol itself are here.
"""
import socket
import socketserver
import threading
import time
import urllib.parse

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from fakes import certificates
from fakes.base import Fake, Request

STREAMS = 100  # at a time, on one connection


def context(pair):
    made = certificates.context(pair)
    made.set_alpn_protocols(["h2", "http/1.1"])
    return made


def end_stream(code=h2.errors.ErrorCodes.INTERNAL_ERROR):
    """The stream ends without an answer, the connection goes on."""
    return lambda stream: stream.connection.send(lambda h2_side: h2_side.reset_stream(stream.number, code))


def go_away(stream):
    """The whole connection ends, as a server does it that is shut down: streams that it has not begun are to be asked elsewhere."""
    stream.connection.send(lambda h2_side: h2_side.close_connection(last_stream_id=0))


class Stream:
    """What a fault gets for a handler."""

    def __init__(self, connection, number):
        self.connection, self.number, self.fake = connection, number, connection.fake
        self.head, self.body = {}, b""

    def reply(self, status, body, headers):
        lines = [(":status", str(status)), *((name.lower(), value) for name, value in headers.items()), ("content-length", str(len(body)))]
        self.connection.send(lambda h2_side: h2_side.send_headers(self.number, lines))
        while body is not None and not self.fake.stopping.is_set():
            left = self.connection.send(lambda h2_side, rest=body: self.send_part(h2_side, rest))
            if left == body:
                time.sleep(0.005)
            body = left

    def send_part(self, h2_side, body):
        """As much as the client takes now; what is left, None after the last of it."""
        room = min(h2_side.local_flow_control_window(self.number), h2_side.max_outbound_frame_size)
        if room <= 0 < len(body):
            return body
        h2_side.send_data(self.number, body[:room], end_stream=len(body) <= room)
        return body[room:] if len(body) > room else None

    def serve(self):
        target = self.head[":path"]
        split = urllib.parse.urlsplit(target)
        headers = {name: value for name, value in self.head.items() if not name.startswith(":")} | {"host": self.head[":authority"]}
        request = Request(self.head[":method"], target, urllib.parse.unquote(split.path), dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True)),
                          headers, self.body, self.connection.number, time.monotonic())
        spoil, reply = self.fake.take(request)
        self.fake.stopping.wait(self.fake.delay)
        if spoil:
            spoil(self)
            return
        status, body, headers = (*reply, {})[:3]
        self.reply(status, *self.fake.encode(body, headers))


class Connection(socketserver.BaseRequestHandler):
    @property
    def fake(self):
        return self.server.fake

    def send(self, what):
        """Does it to the protocol's state, and writes what comes of it; what it returns, None where the client has gone or has reset the stream."""
        with self.lock:
            try:
                result = what(self.h2_side)
                self.request.sendall(self.h2_side.data_to_send())
                return result
            except (h2.exceptions.ProtocolError, OSError):
                return None

    def handle(self):
        with self.fake.lock:
            self.fake.connections += 1
            self.number = self.fake.connections
        self.request.settimeout(60)
        self.request = self.fake.tls.wrap_socket(self.request, server_side=True)
        if self.request.selected_alpn_protocol() != "h2":
            self.fake.errors.append(AssertionError("the client does not offer HTTP/2"))
            return
        self.lock, self.streams = threading.Lock(), {}
        self.h2_side = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2_side.local_settings.max_concurrent_streams = STREAMS
        self.send(lambda h2_side: h2_side.initiate_connection())
        try:
            while data := self.request.recv(65536):
                with self.lock:
                    events = self.h2_side.receive_data(data)
                for event in events:
                    self.take(event)
                self.send(lambda h2_side: None)
        except (OSError, h2.exceptions.ProtocolError):
            pass

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            stream = self.streams[event.stream_id] = Stream(self, event.stream_id)
            stream.head = dict(event.headers)
            with self.lock:
                self.fake.most = max(self.fake.most, self.h2_side.open_inbound_streams)
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id].body += event.data
            self.send(lambda h2_side: h2_side.acknowledge_received_data(event.flow_controlled_length, event.stream_id))
        elif isinstance(event, h2.events.StreamEnded):
            threading.Thread(target=self.streams.pop(event.stream_id).serve, daemon=True).start()

    def finish(self):
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Http2(Fake):
    """To stand before the fake's class. most: streams at a time."""

    handler = Connection

    def __init__(self, *argv, **more):
        super().__init__(*argv, **more)
        self.most = 0
