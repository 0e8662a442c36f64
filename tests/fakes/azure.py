# SPDX-License-Identifier: Apache-2.0
"""Azure: Entra with the machine's identity on one port (Entra), and a key vault with TLS on another (Vault).

The vault's host must be below that of the resource whose tokens it takes, so a vault at 127.0.0.1:PORT takes those for https://0.0.1:PORT: the
operator's list of vaults (KRM_SOPS_AZURE_VAULT_SUFFIXES) has to name it.
"""
import base64
import hashlib
import re
import ssl
import time

from . import jwt
from .base import Fake
from .sealed import seal, unseal

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VERSION = "0123456789abcdef0123456789abcdef"


class Entra(Fake):
    def __init__(self, **more):
        super().__init__(**more)
        self.tokens = {}  # text: (resource, end)
        self.tenant, self.client = "canary-tenant", "canary-client"
        self.secret = self.federated = None
        self.certificate = self.public_key = None  # PEM files
        self.identity_header = None  # of App Service
        self.machine = False
        self.lifetime = 3600
        self.seen = set()  # ids of assertions

    def environment(self):
        return {"AZURE_AUTHORITY_HOST": self.url, "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def _give(self, resource):
        token = f"canary-token-{len(self.tokens) + 1}"
        self.tokens[token] = (resource, time.time() + self.lifetime)
        return token

    def _proven(self, form):
        if "client_secret" in form:
            return form["client_secret"] == self.secret
        assert form["client_assertion_type"] == ASSERTION_TYPE, form
        if self.federated:
            return form["client_assertion"] == (self.federated() if callable(self.federated) else self.federated)
        read = self.public_key and jwt.verify(form["client_assertion"], self.public_key)
        if not read:
            return False
        header, claims = read
        der = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
        assert header["alg"] == "PS256" and header["x5t#S256"] == jwt.encode(hashlib.sha256(der).digest()), header
        assert claims["aud"] == f"{self.url}/{self.tenant}/oauth2/v2.0/token" and claims["iss"] == claims["sub"] == self.client, claims
        assert claims["nbf"] <= time.time() + 1 < claims["exp"] <= claims["nbf"] + 600 and claims["jti"] not in self.seen, claims
        self.seen.add(claims["jti"])
        return True

    def _entra(self, request):
        form = request.form
        assert form["grant_type"] == "client_credentials"
        scope = form["scope"]
        assert scope.endswith("/.default"), scope
        if form["client_id"] != self.client or not self._proven(form):
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: canary-message", "error_codes": [7000215]}
        return 200, {"access_token": self._give(scope.removesuffix("/.default")), "expires_in": self.lifetime, "token_type": "Bearer"}

    def _identity(self, request, good):
        if not good:
            return 403, {"error": "canary-message"}
        if not self.machine:
            return 400, {"error": "invalid_request", "error_description": "Identity not found"}
        ends = str(int(time.time()) + self.lifetime)
        return 200, {"access_token": self._give(request.query["resource"]), "expires_on": ends, "resource": request.query["resource"], "token_type": "Bearer"}

    def answer(self, request):
        if request.path == f"/{self.tenant}/oauth2/v2.0/token" and request.method == "POST":
            return self._entra(request)
        if request.path == "/msi/token" and request.query.get("api-version") == "2019-08-01":
            return self._identity(request, request.headers.get("x-identity-header") == self.identity_header)
        if request.path == "/metadata/identity/oauth2/token" and request.query.get("api-version") == "2018-02-01":
            return self._identity(request, request.headers.get("metadata") == "true")
        return 404, {"error": "no such thing"}


class Vault(Fake):
    """One key, called "k", with one version."""

    def __init__(self, entra, **more):
        super().__init__(**more)
        self.entra = entra
        self.resource = f"https://{self.address.removeprefix('127.')}"

    def environment(self):
        return {"KRM_SOPS_AZURE_VAULT_SUFFIXES": self.address}

    def enc(self, key):
        """What sops has in `enc`."""
        return jwt.encode(seal(self.url + "/keys/k/" + VERSION, key))

    def _may(self, request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        resource, ends = self.entra.tokens.get(token, ("", 0))
        return scheme == "Bearer" and resource == self.resource and ends > time.time()

    def answer(self, request):
        if not self._may(request):
            assert not request.body, "a body without a token"
            challenge = f'Bearer authorization="https://login.microsoftonline.com/{self.entra.tenant}", resource="{self.resource}"'
            return 401, {"error": {"code": "Unauthorized", "message": "canary-message"}}, {"WWW-Authenticate": challenge}
        assert "api-version" in request.query
        kid = f"{self.url}/keys/k/{VERSION}"
        if request.method == "GET" and request.path.rstrip("/") == "/keys/k":
            return 200, {"key": {"kid": kid, "kty": "RSA", "key_ops": ["encrypt", "decrypt"], "n": jwt.encode(b"\xc1" * 256), "e": "AQAB"}, "attributes": {"enabled": True}}
        match = re.fullmatch(rf"/keys/k/{VERSION}/(encrypt|decrypt)", request.path)
        if not match or request.method != "POST":
            return 404, {"error": {"code": "KeyNotFound", "message": "canary-message"}}
        assert request.json["alg"] == "RSA-OAEP-256"
        value = jwt.decode(request.json.get("value", ""))
        made = seal(kid, value) if match.group(1) == "encrypt" else unseal(kid, value)
        if made is None:
            return 400, {"error": {"code": "BadParameter", "message": "canary-message"}}
        return 200, {"kid": kid, "value": jwt.encode(made)}


def pem_as_yaml(path, indent="  "):
    """The lines of a PEM file as a block of YAML."""
    return "".join(f"{indent}{line}\n" for line in path.read_text().splitlines())


def base64_der(path):
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(path.read_text())).decode()
