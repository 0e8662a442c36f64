# SPDX-License-Identifier: Apache-2.0
"""What all fakes share: an HTTP/1.1 server on a free port of the loopback, with keep-alive, one thread a connection, a log of what was asked, and
faults on demand.

A new fake is a class with answer():

    class Clock(Fake):
        def answer(self, request):
            if request.method != "GET" or request.path != "/time":
                return 404, {"error": "no such thing"}
            return 200, {"time": 12}                    # or (status, body, {"Header": "value"}); a body of bytes or text is sent as it is

    with Clock() as fake:                                 # Clock(tls=context(certificates.server)): the same with TLS
        fake.fail(faults.status(503), times=2)            # the next two requests; times=None: all; only=lambda request: ...: those
        ...fake.url, fake.requests, fake.connections...

answer() is called for one request at a time, so it may keep state without locks; what takes time belongs into `delay` (seconds before each answer, many at
a time). An exception in answer() is answered with status 500 and raised again when the fake ends, so that an assert in it fails the test.
"""
import dataclasses
import http.server
import json
import socketserver
import ssl
import threading
import time
import urllib.parse

BODY_MAX = 1024 * 1024  # bytes of a request


@dataclasses.dataclass
class Request:
    method: str
    target: str  # as it was sent
    path: str  # decoded
    query: dict  # the first value of each
    headers: dict  # names in lower case
    body: bytes
    connection: int  # number of the connection, from 1
    time: float  # of time.monotonic()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def fake(self):
        return self.server.fake

    def log_message(self, *_):
        pass

    def raw(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def drop(self):
        self.close_connection = True
        self.server.close_request(self.connection)

    def reply(self, status, body, headers):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.raw(body if status != 204 else b"")

    def setup(self):
        with self.fake.lock:
            self.fake.connections += 1
            self.number = self.fake.connections
        self.request.settimeout(60)
        if self.fake.tls:
            self.request = self.fake.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def _read(self):
        split = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        assert length <= BODY_MAX
        query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
        return Request(self.command, self.path, urllib.parse.unquote(split.path), query, {name.lower(): value for name, value in self.headers.items()},
                       self.rfile.read(length), self.number, time.monotonic())

    def _serve(self):
        request = self._read()
        spoil, reply = self.fake.take(request)
        delay = self.fake.delay_of(request)
        if delay:
            self.fake.stopping.wait(delay)
        if spoil:
            spoil(self)
            return
        status, body, headers = (*reply, {})[:3]
        self.reply(status, *self.fake.encode(body, headers))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A client that hangs up, or does not like our certificate, is no fault of the fake's."""


class Fake:
    handler = Handler

    def __init__(self, tls=None, delay=0):
        self.tls, self.delay = tls, delay
        self.requests, self.connections, self.errors = [], 0, []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self._faults = []
        self._server = Server(("127.0.0.1", 0), self.handler)
        self._server.fake = self
        self.port = self._server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def answer(self, request):
        return 404, {"error": f"nothing at {request.path}"}

    def delay_of(self, request):
        return self.delay

    def encode(self, body, headers):
        """What answer() gave, as it is sent."""
        if not isinstance(body, (bytes, str)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        return body.encode() if isinstance(body, str) else body, headers

    def fail(self, fault, times=1, only=None):
        with self.lock:
            self._faults.append([fault, times, only])

    def heal(self):
        with self.lock:
            self._faults.clear()

    def take(self, request):
        """Logs the request; what becomes of it: a fault, or an answer."""
        with self.lock:
            self.requests.append(request)
            for entry in self._faults:
                fault, times, only = entry
                if times == 0 or (only and not only(request)):
                    continue
                entry[1] = times - 1 if times else None
                return fault, None
            try:
                return None, self.answer(request)
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(error)
                return None, (500, {"error": "the fake failed"})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.errors and kind is None:
            raise self.errors[0]


class Listener:
    """Takes connections and hands each to handle(): what is no server of HTTP."""

    def __init__(self):
        listener = self

        class Handle(socketserver.StreamRequestHandler):
            def handle(self):
                listener.handle(self.rfile, self.wfile)

        self._server = Server(("127.0.0.1", 0), Handle)
        self.port = self._server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def handle(self, read, write):
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Proxy(Listener):
    """A proxy that lets nobody through, and notes where he wanted to: "host:port" of each CONNECT."""

    def __init__(self):
        super().__init__()
        self.asked, self.url = [], f"http://{self.address}"

    def handle(self, read, write):
        self.asked.append(read.readline().split()[1].decode())
        while read.readline().strip():
            pass
        write.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Trap(Listener):
    """Listens and counts who comes: for hosts that nobody may talk to."""

    def __init__(self):
        super().__init__()
        self.connections = 0

    def handle(self, read, write):
        self.connections += 1
