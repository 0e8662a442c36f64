#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vault's transit engine against the real thing: an OpenBao or Vault server in dev mode, started here, with and without TLS. The real sops encrypts, then both
programs decrypt with each kind of token, at each state that a key, a token or a server can be in: same status, same bytes. And the login by service account as
Flux does it, at the server's JWT method, with tokens that a fake of the Kubernetes API signs: what the real server thinks of audience, role and signature.

Needs `bao` or `vault` on PATH.
"""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from lib import peers, process
from lib.score import Score

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import secrets  # noqa: E402
from fakes.base import Server  # noqa: E402
from fakes.certificates import Certificates, context  # noqa: E402
from fakes.kubernetes import Kubernetes, kubeconfig, service_account  # noqa: E402

ROOT = "root-token"
START = 30  # seconds
NO_KEY = 128
COUNT = 50  # data keys at once
DECRYPT = 'path "+/transit/decrypt/*" { capabilities = ["update"] }\npath "transit/decrypt/*" { capabilities = ["update"] }\n'
KEYS = {"aes": "aes256-gcm96", "chacha": "chacha20-poly1305", "rsa": "rsa-2048"}
PLAIN = {"yaml": b"a: b\nc: [1, two]\n", "json": b'{"a": {"b": [null, "c"]}}', "env": b"A=1\nB=two words\n", "ini": b"[s]\na = b\n", "bin": b"\x00bytes\xff"}
TYPES = {"yaml": "yaml", "json": "json", "env": "dotenv", "ini": "ini", "bin": "binary"}


def free_port():
    with Server(("127.0.0.1", 0), None) as server:
        return server.server_address[1]


class Bao:
    """A server in dev mode. It also takes the port behind its own."""

    def __init__(self, program, folder, tls=False):
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.log = open(folder / f"server-{self.port}.log", "wb")  # pylint: disable=consider-using-with
        argv = [program, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{self.port}"]
        self.ca, self.opener = None, urllib.request.build_opener(urllib.request.ProxyHandler({}))
        if tls:
            argv += ["-dev-tls", f"-dev-tls-cert-dir={folder}"]
        env = {"HOME": str(folder), "PATH": os.environ["PATH"], "SKIP_SETCAP": "1"}
        self.process = subprocess.Popen(argv, env=env, stdout=self.log, stderr=self.log)
        if tls:
            self.ca = self.wait(lambda: next(folder.glob("*ca.pem")))
            self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust(self.ca)))
        self.wait(lambda: self.ask("GET", "sys/health"))

    def wait(self, probe):
        end = time.monotonic() + START
        while True:
            try:
                return probe()
            except (OSError, StopIteration):
                if time.monotonic() > end or self.process.poll() is not None:
                    sys.exit(f"the server did not start: {pathlib.Path(self.log.name).read_text()[-2000:]}")
                time.sleep(0.1)

    def ask(self, method, path, body=None, token=ROOT, namespace=None):
        headers = {"X-Vault-Token": token, **({"X-Vault-Namespace": namespace} if namespace else {})}
        request = urllib.request.Request(f"{self.url}/v1/{path}", method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
        with self.opener.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def token(self, **more):
        return self.ask("POST", "auth/token/create", {"policies": ["dec"], "ttl": "10m", **more})["auth"]["client_token"]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def trust(ca):
    return ssl.create_default_context(cafile=ca)


def fill(bao, namespace=None):
    for mount in ("transit", "sops/transit"):
        bao.ask("POST", f"sys/mounts/{mount}", {"type": "transit"}, namespace=namespace)
        for name, kind in KEYS.items():
            bao.ask("POST", f"{mount}/keys/{name}", {"type": kind}, namespace=namespace)
    bao.ask("PUT", "sys/policies/acl/dec", {"policy": DECRYPT}, namespace=namespace)


class Both:
    """sops and we, in a home and a folder of their own."""

    def __init__(self, sops, ours, folder, score):
        self.sops, self.ours, self.folder, self.score = sops, ours, folder, score
        self.home = folder / "home"
        self.home.mkdir()

    def env(self, bao, **more):
        base = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "VAULT_ADDR": bao.url, **({"VAULT_CACERT": str(bao.ca)} if bao.ca else {})}
        return {name: value for name, value in {**base, **more}.items() if value is not None}

    def encrypt(self, bao, path, suffix="json", **more):
        """A document whose only key is that one, as sops makes it."""
        source = self.folder / f"plain.{suffix}"
        source.write_bytes(PLAIN[suffix])
        done = process.run([self.sops, "encrypt", "--hc-vault-transit", f"{bao.url}/v1/{path}", "--output-type", "json", source],
                           self.env(bao, VAULT_TOKEN=ROOT, **more), self.folder)
        if done.status != 0:
            sys.exit(f"sops does not encrypt at {path}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def compare(self, name, text, env, status=0, suffix="json", told=""):
        """Both decrypt: the same status, the one that is expected, and the same bytes; told: what our message says."""
        (self.folder / "sealed.json").write_bytes(text)
        argv = ["decrypt", "--input-type", "json", "--output-type", TYPES[suffix], "sealed.json"]
        theirs = process.run([self.sops, *argv], env, self.folder)
        ours = process.run([self.ours, *argv], env, self.folder)
        good = ours.status == theirs.status == status and ours.stdout == theirs.stdout
        if not good:
            why = f"sops {theirs.status}, we {ours.status}: {theirs.stderr.decode(errors='replace')[-600:]} {ours.stderr.decode(errors='replace')}"
        else:
            good = told in ours.stderr.decode()
            why = f"'{told}' is not told: {ours.stderr.decode()}"
        self.score.check(name, good, why)


def tokens(both, bao):
    """Where a token comes from, and what it may do."""
    good = bao.token()
    text = both.encrypt(bao, "sops/transit/keys/aes")
    both.compare("token of the environment", text, both.env(bao, VAULT_TOKEN=good))
    (both.home / ".vault-token").write_text(good + "\n")
    both.compare("token of the home", text, both.env(bao))
    both.compare("environment before home", text, both.env(bao, VAULT_TOKEN="s.wrong"), NO_KEY, told="permission denied")
    (both.home / ".vault-token").unlink()
    both.compare("no token", text, both.env(bao), NO_KEY, told="found no Vault token")
    bare = bao.token(policies=["default"])
    both.compare("a token that may not", text, both.env(bao, VAULT_TOKEN=bare), NO_KEY, told="permission denied")
    short = bao.token(ttl="1s", explicit_max_ttl="1s")
    time.sleep(1.5)
    both.compare("a token that has ended", text, both.env(bao, VAULT_TOKEN=short), NO_KEY, told="permission denied")
    once = bao.token(num_uses=1)
    both.compare("a batch token", text, both.env(bao, VAULT_TOKEN=bao.token(type="batch")))
    (both.folder / "sealed.json").write_bytes(text)
    ours = process.run([both.ours, "decrypt", "sealed.json"], both.env(bao, VAULT_TOKEN=once), both.folder)
    both.score.check("a token for one use is enough", ours.status == 0, ours.stderr)


def keys(both, bao):
    """Each kind of key and format, and what becomes of a key."""
    env = both.env(bao, VAULT_TOKEN=bao.token())
    for mount in ("transit", "sops/transit"):
        for name in KEYS:
            for suffix in PLAIN:
                both.compare(f"{mount} {name} {suffix}", both.encrypt(bao, f"{mount}/keys/{name}", suffix), env, suffix=suffix)
    text = both.encrypt(bao, "transit/keys/aes")
    bao.ask("POST", "transit/keys/aes/rotate", {})
    both.compare("a key that was rotated", text, env)
    both.compare("its new version", both.encrypt(bao, "transit/keys/aes"), env)
    bao.ask("POST", "transit/keys/aes/config", {"min_decryption_version": 2})
    both.compare("a version that is too old", text, env, NO_KEY, told="disallowed by policy (too old)")
    document = json.loads(both.encrypt(bao, "transit/keys/aes"))
    (entry,) = document["sops"]["hc_vault"]
    for name, value, told in (("cut", entry["enc"][:40], "invalid ciphertext"), ("of another key", document_of(both, bao)["enc"], "HTTP status 400"),
                              ("version that is not there", entry["enc"].replace("vault:v2:", "vault:v9:"), "HTTP status 400"),
                              ("changed", entry["enc"][:-8] + ("AAAA" if entry["enc"][-8:-4] != "AAAA" else "BBBB") + entry["enc"][-4:], "HTTP status 400")):
        one = {**document, "sops": {**document["sops"], "hc_vault": [{**entry, "enc": value}]}}
        both.compare(f"ciphertext {name}", json.dumps(one).encode(), env, NO_KEY, told=told)
    for field, value, told in (("key_name", "none", "encryption key not found"), ("engine_path", "nowhere/transit", "HTTP status 40")):
        one = {**document, "sops": {**document["sops"], "hc_vault": [{**entry, field: value}]}}
        both.compare(f"another {field}", json.dumps(one).encode(), env, NO_KEY, told=told)


def document_of(both, bao):
    (entry,) = json.loads(both.encrypt(bao, "sops/transit/keys/chacha"))["sops"]["hc_vault"]
    return entry


def namespaces(both, bao):
    try:
        bao.ask("POST", "sys/namespaces/team", {})
    except urllib.error.HTTPError:
        print("namespaces: this server has none")
        return
    fill(bao, "team")
    text = both.encrypt(bao, "sops/transit/keys/aes", VAULT_NAMESPACE="team")
    both.compare("a namespace", text, both.env(bao, VAULT_TOKEN=ROOT, VAULT_NAMESPACE="team"))
    both.compare("the namespace is not said", text, both.env(bao, VAULT_TOKEN=ROOT), NO_KEY, told="HTTP status 400")
    both.compare("another namespace", text, both.env(bao, VAULT_TOKEN=ROOT, VAULT_NAMESPACE="other"), NO_KEY, told="HTTP status 40")


def trusted(both, bao):
    text = both.encrypt(bao, "transit/keys/aes")
    both.compare("own certificate authority", text, both.env(bao, VAULT_TOKEN=ROOT))
    both.compare("the system's certificates do not do", text, both.env(bao, VAULT_TOKEN=ROOT, VAULT_CACERT=None, SSL_CERT_FILE="/dev/null"), NO_KEY, told="TLS with")


class Relay:
    """Passes connections on to a server, and counts them."""

    def __init__(self, port):
        self.to, self.connections = port, 0
        relay = self

        class Pass(socketserver.BaseRequestHandler):
            def handle(self):
                relay.connections += 1
                with socket.create_connection(("127.0.0.1", relay.to)) as there:
                    back = threading.Thread(target=copy, args=(there, self.request), daemon=True)
                    back.start()
                    copy(self.request, there)
                    back.join()

        self.server = Server(("127.0.0.1", 0), Pass)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def copy(one, other):
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def together(both, bao):
    """50 data keys behind the real server, which speaks HTTP/2 over TLS: one connection."""
    relay = Relay(bao.port)
    try:
        items = []
        for number in range(COUNT):
            sealed = bao.ask("POST", "transit/encrypt/aes", {"plaintext": base64.b64encode(secrets.data_key(number)).decode()})["data"]["ciphertext"]
            entry = {"vault_address": relay.url, "engine_path": "transit", "key_name": "aes", "created_at": "2026-01-01T00:00:00Z", "enc": sealed}
            items.append(secrets.secret(number, hc_vault=[entry]))
        env = both.env(bao, VAULT_TOKEN=bao.token(), VAULT_ADDR=relay.url)
        done = process.run([both.ours, "filter"], env, both.folder, secrets.stream(items).encode())
        good = done.status == 0 and all(secrets.plain(number).encode() in done.stdout for number in range(COUNT)) and relay.connections == 1
        both.score.check("50 data keys share one connection", good, f"{done.status}, {relay.connections} connections: {done.stderr.decode(errors='replace')}")
    finally:
        relay.stop()


class Signing(Kubernetes):
    """Tokens with a signature that a JWT method can check."""

    def __init__(self, key, *objects, **more):
        super().__init__(*objects, **more)
        self.key = key

    def make_token(self, request, path, namespace, name):
        made = super().make_token(request, path, namespace, name)
        if made[0] == 201:
            made[1]["status"]["token"] = sign(made[1]["status"]["token"], self.key)
        return made


def sign(token, key):
    text = token.rsplit(".", 1)[0]
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key)], input=text.encode(), capture_output=True, check=True)
    return text + "." + base64.urlsafe_b64encode(done.stdout).rstrip(b"=").decode()


def openssl(*argv):
    subprocess.run(["openssl", *argv], check=True, capture_output=True)


def logins(both, bao, folder):
    """serviceAccountName of a configuration: the API server's token, the server's own check of it."""
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(folder / "jwt.key"))
    openssl("pkey", "-in", str(folder / "jwt.key"), "-pubout", "-out", str(folder / "jwt.pub"))
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(folder / "other.key"))
    bao.ask("POST", "sys/auth/jwt", {"type": "jwt"})
    bao.ask("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [(folder / "jwt.pub").read_text()]})
    role = {"role_type": "jwt", "user_claim": "sub", "bound_subject": "system:serviceaccount:flux-system:decryptor", "token_policies": ["dec"], "token_ttl": "10m"}
    bao.ask("POST", "auth/jwt/role/flux-system_decryptor", {**role, "bound_audiences": [bao.url]})
    bao.ask("POST", "auth/jwt/role/elsewhere", {**role, "bound_audiences": ["https://vault.example"]})
    certificates = Certificates(folder)
    accounts = [service_account("flux-system", name) for name in ("decryptor", "stranger")]
    text = both.encrypt(bao, "sops/transit/keys/aes")
    items = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"values.json": base64.b64encode(text).decode()}}]
    cases = (("login", "decryptor", "jwt.key", {}, ""), ("an account without a role", "stranger", "jwt.key", {}, "could not be found"),
             ("a signature of another", "decryptor", "other.key", {}, "HTTP status 40"),
             ("a role for another audience", "decryptor", "jwt.key", {"KRM_SOPS_VAULT_ROLE": "elsewhere"}, "HTTP status 40"),
             ("a method that is not there", "decryptor", "jwt.key", {"KRM_SOPS_VAULT_LOGIN": "auth/none/login"}, "HTTP status 40"))
    for name, account, key, more, told in cases:
        with Signing(folder / key, *accounts, tls=context(certificates.server)) as cluster:
            config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"},
                      "spec": {"decryption": {"provider": "sops", "serviceAccountName": account}}}
            stdin = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config}).encode()
            env = {**both.env(bao), "KRM_SOPS_VAULT_LOGIN": "auth/jwt/login", "KUBECONFIG": str(kubeconfig(folder, cluster, certificates)), **more}
            done = process.run([both.ours, "--cluster", "--namespace", "flux-system"], env, both.folder, stdin)
            message = done.stderr.decode(errors="replace")
            good = done.status == 0 and b"ENC[" not in done.stdout if not told else done.status == 1 and done.stdout == b"" and told in message
            both.score.check(f"service account: {name}", good, f"{done.status}: {message}")


def sealed(both, bao):
    text = both.encrypt(bao, "transit/keys/aes")
    bao.ask("PUT", "sys/seal", {})
    both.compare("a server that is sealed", text, both.env(bao, VAULT_TOKEN=ROOT, VAULT_MAX_RETRIES="0"), NO_KEY, told="Vault is sealed")
    bao.stop()
    both.compare("a server that is gone", text, both.env(bao, VAULT_TOKEN=ROOT, VAULT_MAX_RETRIES="0"), NO_KEY, told="connecting to")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", required=True)
    args = parser.parse_args()
    sops, server = peers.find("sops"), shutil.which("bao") or shutil.which("vault")
    if not sops or not server:
        print("no sops of the pinned version" if not sops else "neither bao nor vault on PATH")
        return 77
    print(subprocess.run([server, "version"], capture_output=True, text=True, check=False).stdout.strip())
    score, running = Score(), []
    with tempfile.TemporaryDirectory(prefix="krm-sops-interop-") as folder:
        folder = pathlib.Path(folder)
        both = Both(sops, pathlib.Path(args.program).resolve(), folder, score)
        try:
            for tls in (False, True):
                place = folder / ("tls" if tls else "plain")
                place.mkdir()
                running.append(Bao(server, place, tls))
                fill(running[-1])
            plain, secure = running
            tokens(both, plain)
            keys(both, plain)
            namespaces(both, plain)
            trusted(both, secure)
            together(both, secure)
            logins(both, plain, folder)
            logins(both, secure, folder)
            sealed(both, plain)
        finally:
            for one in running:
                one.stop()
    print(f"{score.passed} passed, {score.failed} failed")
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
