# SPDX-License-Identifier: Apache-2.0
"""AWS as far as a key service sees it: KMS and STS at one address, which recompute each signature; the credential endpoint of a container and EC2
instance metadata at others. Nothing but Python's standard library.

    with Aws() as aws:
        aws.user("AKIA...", "secret")                   # who may call
        aws.role(ROLE, audience="sts.amazonaws.com")    # what may be taken on
        entry = aws.entry(ARN, data_key, context={"a": "1"}, role=ROLE)    # of a document's `kms` list
"""
import base64
import datetime
import hashlib
import hmac
import json
import time
import urllib.parse

from .base import Fake

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:iam::111122223333:role/sops"
OTHER_ROLE = "arn:aws:iam::111122223333:role/other"
ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_MAX = 300  # seconds
CONTEXT_KEY = b"what the fake wraps with"


def digest(key, text):
    return hmac.new(key, text.encode() if isinstance(text, str) else text, hashlib.sha256).digest()


def jwt(audience="sts.amazonaws.com", lifetime=3600, subject="system:serviceaccount:flux-system:kustomize-controller", mark=""):
    """A token as the kubelet writes it, but for its signature, which the fake does not look at."""
    part = lambda data: base64.urlsafe_b64encode(data).decode().rstrip("=")
    claims = {"aud": [audience], "exp": int(time.time()) + lifetime, "sub": subject, "mark": mark}
    return ".".join([part(b'{"alg":"RS256"}'), part(json.dumps(claims).encode()), part(b"signature" * 20)])


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Refused(Exception):
    def __init__(self, status, code, message="it is refused"):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class Aws(Fake):
    """KMS and STS. calls: what was asked and answered, "Decrypt", "AssumeRole", ...; skew: seconds that its clock is ahead; lifetime: of what STS gives."""

    def __init__(self, **more):
        super().__init__(**more)
        self.users, self.roles, self.keys = {}, {}, {}
        self.calls, self.seen_tokens, self.sessions = [], [], []
        self.skew, self.lifetime = 0, 3600
        self.given = 0

    def user(self, access, secret, token="", lifetime=None):
        self.users[access] = {"secret": secret, "token": token, "ends": self.now() + lifetime if lifetime is not None else None}

    def role(self, arn, audience="sts.amazonaws.com", external_id=None):
        self.roles[arn] = {"audience": audience, "external_id": external_id}

    def env(self, **more):
        """Where it is, for both services."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_DISABLED": "true", **more}

    def count(self, name):
        return self.calls.count(name)

    def end_all(self):
        """All temporary credentials end now."""
        for user in self.users.values():
            if user["ends"] is not None:
                user["ends"] = 0

    # what documents hold

    def wrap(self, arn, data_key, context):
        mask = digest(CONTEXT_KEY, arn + json.dumps(context or {}, sort_keys=True)) * (len(data_key) // 32 + 1)
        sealed = bytes(a ^ b for a, b in zip(data_key, mask))
        return sealed + digest(mask, data_key)[:16]

    def unwrap(self, arn, blob, context):
        mask = digest(CONTEXT_KEY, arn + json.dumps(context or {}, sort_keys=True)) * (len(blob) // 32 + 1)
        data_key = bytes(a ^ b for a, b in zip(blob[:-16], mask))
        if not hmac.compare_digest(digest(mask[:len(data_key) // 32 * 32 + 32], data_key)[:16], blob[-16:]):
            raise Refused(400, "InvalidCiphertextException")
        return data_key

    def entry(self, arn, data_key, context=None, **more):
        return {"arn": arn, "created_at": "2026-01-01T00:00:00Z", "enc": base64.b64encode(self.wrap(arn, data_key, context)).decode(),
                "aws_profile": "", **({"context": context} if context else {}), **more}

    # requests

    def now(self):
        return time.time() + self.skew

    def answer(self, request):
        kms = request.headers.get("x-amz-target", "").startswith("TrentService.")
        headers = {"Date": datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")}
        try:
            return (200, self.kms(request) if kms else self.sts(request), headers)
        except Refused as refused:
            if kms:
                return refused.status, {"__type": "com.amazonaws.kms#" + refused.code, "message": refused.message}, headers
            return refused.status, (f"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{refused.code}</Code>"
                                    f"<Message>{refused.message}</Message></Error><RequestId>x</RequestId></ErrorResponse>"), headers

    def caller(self, request, service):
        """Who signed the request; the signature is computed anew from what came."""
        text = request.headers.get("authorization", "")
        if not text.startswith(ALGORITHM + " "):
            raise Refused(403, "MissingAuthenticationToken")
        fields = dict(part.strip().split("=", 1) for part in text[len(ALGORITHM):].split(","))
        access, date, region, name, end = fields["Credential"].split("/")
        user = self.users.get(access)
        if not user:
            raise Refused(403, "UnrecognizedClientException" if service == "kms" else "InvalidClientTokenId")
        amz_date, names = request.headers["x-amz-date"], fields["SignedHeaders"].split(";")
        assert names == sorted(names) and {"host", "x-amz-date", "content-type"} <= set(names), names
        assert all(header in names for header in request.headers if header.startswith("x-amz-")), names
        assert (name, end, date) == (service, "aws4_request", amz_date[:8]), text
        canonical = "\n".join([request.method, request.target, "", *(f"{header}:{' '.join(request.headers[header].split())}" for header in names), "",
                               ";".join(names), hashlib.sha256(request.body).hexdigest()])
        scope = f"{date}/{region}/{service}/aws4_request"
        key = ("AWS4" + user["secret"]).encode()
        for step in (date, region, service, "aws4_request"):
            key = digest(key, step)
        want = digest(key, "\n".join([ALGORITHM, amz_date, scope, hashlib.sha256(canonical.encode()).hexdigest()])).hex()
        if want != fields["Signature"]:
            raise Refused(400, "InvalidSignatureException", f"the canonical string should have been {canonical}")
        if request.headers.get("x-amz-security-token", "") != user["token"]:
            raise Refused(403, "UnrecognizedClientException")
        when = datetime.datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(when - self.now()) > SKEW_MAX:
            raise Refused(400, "InvalidSignatureException", "Signature expired")
        if user["ends"] is not None and user["ends"] <= self.now():
            raise Refused(400, "ExpiredTokenException")
        return access, region

    def kms(self, request):
        self.calls.append("Decrypt")
        _, region = self.caller(request, "kms")
        body = request.json
        assert request.headers["x-amz-target"] == "TrentService.Decrypt" and request.headers["content-type"] == "application/x-amz-json-1.1"
        assert set(body) == {"CiphertextBlob", "EncryptionContext", "KeyId"}, body
        arn = body["KeyId"]
        if arn.split(":")[3] != region:
            raise Refused(400, "NotFoundException")
        plain = self.unwrap(arn, base64.b64decode(body["CiphertextBlob"], validate=True), body["EncryptionContext"])
        return {"KeyId": arn, "Plaintext": base64.b64encode(plain).decode(), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def sts(self, request):
        form = request.form
        self.calls.append(form["Action"])
        assert form["Version"] == "2011-06-15" and request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.sessions.append(form["RoleSessionName"])
        role = self.roles.get(form["RoleArn"])
        if form["Action"] == "AssumeRoleWithWebIdentity":
            assert "authorization" not in request.headers
            self.check_token(form["WebIdentityToken"], role)
        else:
            self.caller(request, "sts")
            if role is None or role["external_id"] != form.get("ExternalId"):
                raise Refused(403, "AccessDenied")
        return self.give(form["Action"])

    def check_token(self, token, role):
        self.seen_tokens.append(token)
        claims = claims_of(token)
        if claims["exp"] <= self.now():
            raise Refused(400, "ExpiredTokenException")
        if role is None:
            raise Refused(403, "AccessDenied")
        if role["audience"] not in claims["aud"]:
            raise Refused(400, "InvalidIdentityToken", "Incorrect token audience")

    def make(self):
        """A new temporary user: access key, secret key, token, end."""
        self.given += 1
        made = (f"ASIA{self.given:016}", f"temporary/secret+{self.given}", f"temporary/token+{self.given}==", self.now() + self.lifetime)
        self.user(made[0], made[1], made[2], self.lifetime)
        return made

    def give(self, action):
        access, secret, token, ends = self.make()
        when = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (f"<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials><AccessKeyId>{access}</AccessKeyId>"
                f"<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken><Expiration>{when}</Expiration></Credentials>"
                f"</{action}Result><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></{action}Response>")


def as_json(made, token="Token"):
    when = datetime.datetime.fromtimestamp(made[3], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"Code": "Success", "AccessKeyId": made[0], "SecretAccessKey": made[1], token: made[2], "Expiration": when}


class Container(Fake):
    """The credential endpoint of EKS Pod Identity and ECS, for whoever shows the token."""

    def __init__(self, aws, token, **more):
        super().__init__(**more)
        self.aws, self.token = aws, token

    def answer(self, request):
        if request.method != "GET" or request.path != "/v1/credentials":
            return 404, {"code": "NotFound"}
        if request.headers.get("authorization", "") != self.token:
            return 401, {"code": "Unauthorized", "message": "Authorization " + request.headers.get("authorization", "")}
        return 200, as_json(self.aws.make())


class Metadata(Fake):
    """EC2 instance metadata, version 2 only."""

    def __init__(self, aws, role="node-role", **more):
        super().__init__(**more)
        self.aws, self.name = aws, role

    def answer(self, request):
        if request.path == "/latest/api/token":
            assert request.method == "PUT" and request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "300"
            return 200, "metadata-token==", {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": "300"}
        if request.headers.get("x-aws-ec2-metadata-token") != "metadata-token==":
            return 401, ""
        roles = "/latest/meta-data/iam/security-credentials/"
        if request.path == roles:
            return (200, self.name + "\n") if self.name else (404, "")
        assert request.path == roles + urllib.parse.quote(self.name)
        return 200, as_json(self.aws.make())
