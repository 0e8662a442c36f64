# SPDX-License-Identifier: Apache-2.0
"""Google Cloud on one port: KMS over REST, the token endpoints of users, of workload identity and of service accounts, and the metadata service.

A token is good where this fake has given it, where `tokens` has it, or where the service account whose public key is `public_key` has signed it for the
audience of KMS.
"""
import base64
import re
import time

from . import jwt
from .base import Fake
from .sealed import seal, unseal

AUDIENCE = "https://cloudkms.googleapis.com/"
PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
SUBJECT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
WORDS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


def refused(status, word=None):
    return status, {"error": {"code": status, "message": "canary-message", "status": word or WORDS[status]}}


class Google(Fake):
    def __init__(self, **more):
        super().__init__(**more)
        self.tokens = {}  # text: unix time of its end
        self.public_key = self.email = None
        self.user = None  # client_id, client_secret, refresh_token
        self.subject = self.pool = None  # what is exchanged, and its audience
        self.account = None  # that may be stood for
        self.machine = False
        self.cluster = None  # (project, location, name) of GKE's
        self.lifetime = 3600
        self.given = 0

    def environment(self):
        return {"SOPS_GCP_KMS_ENDPOINT": self.url, "KRM_SOPS_GCP_AUTH_ENDPOINT": self.url, "GCE_METADATA_HOST": self.address}

    def enc(self, resource, key):
        """What sops has in `enc`."""
        return base64.b64encode(seal(resource, key)).decode()

    def calls(self, pattern):
        return [request for request in self.requests if re.search(pattern, request.path)]

    def _give(self, name):
        self.given += 1
        token = f"canary-token-{name}-{self.given}"
        self.tokens[token] = time.time() + self.lifetime
        return token

    def _bearer_good(self, request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return False
        if token in self.tokens:
            return self.tokens[token] > time.time()
        return self.public_key is not None and token.count(".") == 2 and self._signed(token, AUDIENCE)

    def _signed(self, token, audience):
        read = jwt.verify(token, self.public_key)
        if not read:
            return False
        header, claims = read
        assert header["alg"] == "RS256" and header["kid"], header
        assert claims["iss"] == claims["sub"] == self.email and claims["aud"] == audience, claims
        assert claims["iat"] <= time.time() < claims["exp"] <= claims["iat"] + 3600, claims
        return True

    def _oauth2(self, request):
        form = request.form
        if form.pop("grant_type") != "refresh_token" or form != self.user:
            return 400, {"error": "invalid_grant", "error_description": "canary-message"}
        return 200, {"access_token": self._give("user"), "expires_in": self.lifetime, "token_type": "Bearer"}

    def _sts(self, request):
        form = request.form
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange" and form["subject_token_type"] == SUBJECT_TYPE, form
        assert form["requested_token_type"] == "urn:ietf:params:oauth:token-type:access_token" and PLATFORM in form["scope"], form
        subject = self.subject() if callable(self.subject) else self.subject
        if form["subject_token"] != subject or form["audience"] != self.pool:
            return 400, {"error": "invalid_grant", "error_description": "canary-message"}
        return 200, {"access_token": self._give("sts"), "expires_in": self.lifetime, "token_type": "Bearer"}

    def _impersonate(self, request, account):
        if not self._bearer_good(request):
            return refused(401)
        if account != self.account:
            return refused(403)
        assert request.json["scope"] == [PLATFORM]
        ends = time.time() + int(request.json["lifetime"].removesuffix("s"))
        return 200, {"accessToken": self._give("account"), "expireTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))}

    def _metadata(self, request):
        if request.headers.get("metadata-flavor") != "Google":
            return 403, "missing header"
        if not self.machine:
            return 404, "no service account", {"Metadata-Flavor": "Google"}
        return 200, {"access_token": self._give("machine"), "expires_in": self.lifetime, "token_type": "Bearer"}, {"Metadata-Flavor": "Google"}

    def _kms(self, request, resource, verb):
        if not self._bearer_good(request):
            return refused(401)
        if verb == "encrypt":
            wrapped = base64.b64encode(seal(resource, base64.b64decode(request.json["plaintext"], validate=True))).decode()
            return 200, {"name": resource + "/cryptoKeyVersions/1", "ciphertext": wrapped}
        key = unseal(resource, base64.b64decode(request.json.get("ciphertext", ""), validate=True))
        if key is None:
            return refused(400)
        return 200, {"plaintext": base64.b64encode(key).decode(), "usedPrimary": True, "protectionLevel": "SOFTWARE"}

    def answer(self, request):
        if request.method == "GET":
            if self.cluster and request.headers.get("metadata-flavor") == "Google":
                texts = dict(zip(("project/project-id", "instance/attributes/cluster-location", "instance/attributes/cluster-name"), self.cluster))
                path = request.path.removeprefix("/computeMetadata/v1/")
                return (200, texts[path] + "\n", {"Metadata-Flavor": "Google"}) if path in texts else refused(404)
            if request.path == "/computeMetadata/v1/instance/service-accounts/default/token":
                return self._metadata(request)
            return refused(404)
        kms = re.fullmatch(r"/v1/(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+):(encrypt|decrypt)", request.path)
        account = re.fullmatch(r"/v1/projects/-/serviceAccounts/([^/]+):generateAccessToken", request.path)
        if kms:
            return self._kms(request, *kms.groups())
        if account:
            return self._impersonate(request, account.group(1))
        if request.path == "/token":
            return self._oauth2(request)
        if request.path == "/v1/token":
            return self._sts(request)
        return refused(404)
