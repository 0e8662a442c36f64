# SPDX-License-Identifier: Apache-2.0
"""Signature Version 4 from the client's side, as AWS's SDKs make it; the fakes of aws.py check it from the other one."""
import datetime
import hashlib

from .aws import ALGORITHM, digest


def sign(pair, host, body, target="TrentService.Decrypt", when=None, method="POST", region="eu-central-1", service="kms", left_out=(), **more):
    """The headers of a signed request. pair: access key and secret; when: seconds since 1970; more: further headers that are signed, with `_` for `-`;
    left_out: names that are sent, but not signed."""
    now = datetime.datetime.now(datetime.timezone.utc) if when is None else datetime.datetime.fromtimestamp(when, datetime.timezone.utc)
    date = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "content-type": "application/x-amz-json-1.1", "content-length": str(len(body)), "x-amz-date": date, "x-amz-target": target,
               **{name.replace("_", "-"): value for name, value in more.items()}}
    signed = sorted(set(headers) - set(left_out))
    canonical = "\n".join([method, "/", "", *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed),
                           hashlib.sha256(body).hexdigest()])
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    key = ("AWS4" + pair[1]).encode()
    for step in scope.split("/"):
        key = digest(key, step)
    signature = digest(key, "\n".join([ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])).hex()
    return {**headers, "authorization": f"{ALGORITHM} Credential={pair[0]}/{scope}, SignedHeaders={';'.join(signed)}, Signature={signature}"}
