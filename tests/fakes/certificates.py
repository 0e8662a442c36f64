# SPDX-License-Identifier: Apache-2.0
"""Certificates for fakes, made by the openssl command when a test first wants them; nothing secret is committed, nothing runs out."""
import dataclasses
import pathlib
import ssl
import subprocess

LOOPBACK = "IP:127.0.0.1,DNS:localhost"


@dataclasses.dataclass(frozen=True)
class Certificate:
    cert: pathlib.Path
    key: pathlib.Path


class Certificates:
    """A folder with a CA (`ca`) and what it has signed: `server` for 127.0.0.1 and localhost, `named` for vault.example only, `expired`, `client`;
    `stranger` is signed by a CA that nobody trusts."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca_pair = self._ca("ca")
        self.ca = self.ca_pair.cert
        self.server = self._sign("server", self.ca_pair, LOOPBACK)
        self.named = self._sign("named", self.ca_pair, "DNS:vault.example")
        self.expired = self._sign("expired", self.ca_pair, LOOPBACK, days=-1)
        self.client = self._sign("client", self.ca_pair, "DNS:client")
        self.stranger = self._sign("stranger", self._ca("unknown"), LOOPBACK)

    def _openssl(self, *argv):
        subprocess.run(["openssl", *map(str, argv)], cwd=self.folder, check=True, capture_output=True)

    def _ca(self, name):
        pair = Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pair.key, "-out", pair.cert,
                      "-days", 2, "-subj", f"/CN=krm-sops test {name}", "-addext", "basicConstraints=critical,CA:TRUE")
        return pair

    def _sign(self, name, ca, names, days=2):
        pair = Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", request, "-CA", ca.cert, "-CAkey", ca.key, "-CAcreateserial", "-out", pair.cert, "-days", days,
                      "-extfile", extensions)
        return pair


def context(pair, client_ca=None):
    """What a server needs. client_ca: it asks for a certificate that this CA has signed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pair.cert, pair.key)
    if client_ca:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(client_ca)
    return made
