# SPDX-License-Identifier: Apache-2.0
"""A service that is far away: answers each request after a delay, any number at a time, in one thread that does little else, so that what is
measured is the client. It counts requests and connections."""
import asyncio
import base64
import json
import threading

PAD = 0x5A  # as fakes/vault.py wraps


def vault_answer(target, headers, body):
    """What Vault's transit engine would say."""
    del target, headers
    wrapped = base64.b64decode(json.loads(body)["ciphertext"].removeprefix("vault:v1:"))
    plain = bytes(byte ^ PAD for byte in reversed(wrapped))
    return {"data": {"plaintext": base64.b64encode(plain).decode()}}


class FarService:
    """answer(target, headers, body) -> an object, sent as JSON. headers: bytes as they came."""

    def __init__(self, answer, seconds, tls=None):
        self.answer, self.seconds, self.tls = answer, seconds, tls
        self.requests = self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
                body = await reader.readexactly(length)
                self.requests += 1
                await asyncio.sleep(self.seconds)
                reply = json.dumps(self.answer(head.split(b" ", 2)[1], head, body)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(reply), reply))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def __enter__(self):
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls, backlog=256)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
