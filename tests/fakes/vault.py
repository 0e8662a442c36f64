# SPDX-License-Identifier: Apache-2.0
"""Vault's transit engine and its login by service account, as far as sops and Flux use them."""
import base64
import json

from fakes.base import Fake
from fakes.documents import CREATED

PAD = b"\x5a"


class Vault(Fake):
    """tokens: those that may decrypt; roles: {role: service account token, or what returns it} for the login, which gives out tokens of its own."""

    def __init__(self, engine="sops/transit", tokens=("s.fake-token-7Jq2",), namespace=None, roles=None, lease=600, **more):
        super().__init__(**more)
        self.engine, self.namespace, self.lease = engine, namespace, lease
        self.tokens, self.roles, self.logins = set(tokens), roles or {}, 0

    def wrap(self, secret):
        """What `enc` says of that data key: not the key itself, so that a canary test can tell."""
        return "vault:v1:" + base64.b64encode(bytes(byte ^ PAD[0] for byte in reversed(secret))).decode()

    def entry(self, secret, key="k1", **more):
        return {"vault_address": self.url, "engine_path": self.engine, "key_name": key, "created_at": CREATED, "enc": self.wrap(secret), **more}

    @property
    def decrypts(self):
        return [request for request in self.requests if "/decrypt/" in request.path]

    def answer(self, request):
        assert request.headers.get("x-vault-request") == "true"
        if request.headers.get("x-vault-namespace") != self.namespace:
            return 404, {"errors": [f'no handler for route "{request.path[4:]}". route entry not found.']}
        if request.method not in ("PUT", "POST"):
            return 405, {"errors": []}
        if request.path.startswith("/v1/auth/"):
            return self.log_in(request)
        if request.headers.get("x-vault-token") not in self.tokens:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if not request.path.startswith(f"/v1/{self.engine}/decrypt/"):
            return 404, {"errors": [f'no handler for route "{request.path[4:]}". route entry not found.']}
        if request.path.rsplit("/", 1)[1] == "unknown":
            return 400, {"errors": ["encryption key not found"]}
        return self.decrypt(request.json["ciphertext"])

    def decrypt(self, ciphertext):
        if not ciphertext.startswith("vault:v1:"):
            return 400, {"errors": ["invalid ciphertext: no prefix"]}
        plain = bytes(byte ^ PAD[0] for byte in reversed(base64.b64decode(ciphertext[9:], validate=True)))
        if len(plain) not in (32, 33):
            return 400, {"errors": ["cipher: message authentication failed"]}
        data = {"plaintext": base64.b64encode(plain).decode()}
        return 200, {"request_id": "0", "lease_id": "", "data": data, "warnings": None, "auth": None}

    def log_in(self, request):
        assert request.path in ("/v1/auth/kubernetes/login", "/v1/auth/jwt/login")
        assert "x-vault-token" not in request.headers
        if request.json["role"] not in self.roles:
            return 400, {"errors": [f'role "{request.json["role"]}" could not be found']}
        expected = self.roles[request.json["role"]]
        if (expected() if callable(expected) else expected) != request.json["jwt"]:
            return 403, {"errors": ["permission denied"]}
        self.logins += 1
        token = f"s.login-{self.logins}-Zk8w"
        self.tokens.add(token)
        return 200, {"data": None, "auth": {"client_token": token, "lease_duration": self.lease, "renewable": True}}


def account_token(namespace, name, audience, **claims):
    """An unsigned service account token: nobody here checks signatures."""
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    body = {"aud": audience, "sub": f"system:serviceaccount:{namespace}:{name}", **claims}
    return ".".join([part({"alg": "RS256"}), part(body), "c2lnbmF0dXJl"])
