# SPDX-License-Identifier: Apache-2.0
"""Huawei Cloud on one port: KMS with its signature recomputed, the list of projects, a pod's identity."""
import base64
import hashlib
import hmac
import re
import time
import urllib.parse

from .base import Fake
from .sealed import seal, unseal

AUTHORIZATION = re.compile(r"SDK-HMAC-SHA256 Access=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")


def refused(status, code):
    return status, {"error_code": code, "error_msg": "canary-message"}


class Huawei(Fake):
    def __init__(self, region="local-1", **more):
        super().__init__(**more)
        self.region = region
        self.keys = {}  # access: (secret, security token or None)
        self.project = "canary-project"
        self.pod_token = None

    def environment(self):
        name = "HUAWEICLOUD_SDK_REGION_KMS_" + self.region.upper().replace("-", "_")
        return {name: self.url, "HUAWEICLOUD_SDK_IAM_ENDPOINT": self.url}

    def enc(self, key_id, key):
        """What sops has in `enc`: Huawei's text, in which sops has had base64 wrapped."""
        return base64.b64encode(seal(key_id, base64.b64encode(key))).decode()

    def signed(self, request):
        """Is it signed by one of the keys, now, and with all that matters?"""
        match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if not match or match.group(1) not in self.keys:
            return False
        secret, token = self.keys[match.group(1)]
        names = match.group(2).split(";")
        assert names == sorted(names) and "x-sdk-date" in names, names
        date = request.headers["x-sdk-date"]
        assert abs(time.time() - time.mktime(time.strptime(date, "%Y%m%dT%H%M%SZ")) + time.timezone) < 900, date
        if token and (request.headers.get("x-security-token") != token or "x-security-token" not in names):
            return False
        path, _, query = request.target.partition("?")
        query = "&".join(sorted(f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}" for k, v in urllib.parse.parse_qsl(query)))
        canonical = "\n".join([request.method, path if path.endswith("/") else path + "/", query, *(f"{name}:{request.headers[name].strip()}" for name in names), "",
                               match.group(2), hashlib.sha256(request.body).hexdigest()])
        text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        return hmac.compare_digest(hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(), match.group(3))

    def _kms(self, request, verb):
        body = request.json
        assert body["encryption_algorithm"] == "SYMMETRIC_DEFAULT"
        if verb == "encrypt":
            return 200, {"key_id": body["key_id"], "cipher_text": base64.b64encode(seal(body["key_id"], body["plain_text"].encode())).decode()}
        text = unseal(body["key_id"], base64.b64decode(body.get("cipher_text", "")))
        if text is None:
            return 400, {"error": {"error_code": "KMS.0205", "error_msg": "canary-message"}}
        return 200, {"key_id": body["key_id"], "plain_text": text.decode(), "plain_text_base64": base64.b64encode(text).decode()}

    def answer(self, request):
        if request.path == "/pod" and request.method == "POST":
            if request.headers.get("authorization") != self.pod_token:
                return refused(401, "APIGW.0301")
            access = next(iter(self.keys))
            ends = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() + 3600))
            return 200, {"credential": {"access": access, "secret": self.keys[access][0], "securitytoken": self.keys[access][1], "expires_at": ends}}
        if not self.signed(request):
            return refused(401, "APIGW.0301")
        if request.method == "GET" and request.path.rstrip("/") == "/v3/projects":
            return 200, {"projects": [{"id": self.project, "name": self.region}] if request.query.get("name") == self.region else []}
        match = re.fullmatch(rf"/v1.0/{self.project}/kms/(encrypt|decrypt)-data/?", request.path)
        if request.method == "POST" and match:
            return self._kms(request, match.group(1))
        return 404, {"error": {"error_code": "KMS.0404", "error_msg": "canary-message"}}
