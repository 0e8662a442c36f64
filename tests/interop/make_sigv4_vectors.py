#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/unit/aws_sigv4_vectors.h: requests to KMS and STS with the Authorization that botocore gives them.

    python3 -m venv v && v/bin/pip install botocore && v/bin/python tests/interop/make_sigv4_vectors.py

Reproducible: the draws are seeded, the time is put in.
"""
import datetime
import pathlib
import random
from unittest import mock

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OUT = pathlib.Path(__file__).resolve().parents[1] / "unit" / "aws_sigv4_vectors.h"
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HOSTS = ["kms.us-east-1.amazonaws.com", "sts.eu-central-1.amazonaws.com", "127.0.0.1:5555", "kms-fips.us-gov-west-1.amazonaws.com", "[::1]:8080"]


def draw(rng, alphabet, low, high):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


def request(rng):
    kms = rng.random() < 0.6
    headers = {"content-type": "application/x-amz-json-1.1" if kms else "application/x-www-form-urlencoded"}
    if kms:
        headers["x-amz-target"] = "TrentService.Decrypt"
    if rng.random() < 0.2:
        headers["x-amz-meta"] = "two  blanks   inside"
    return {
        "access": "AKIA" + draw(rng, ALNUM, 12, 16), "secret": draw(rng, ALNUM + "+/", 40, 40),
        "token": draw(rng, ALNUM + "+/=", 100, 400) if rng.random() < 0.5 else "",
        "seconds": rng.randint(0, 4102444800), "service": "kms" if kms else "sts",
        "region": rng.choice(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"]),
        "host": rng.choice(HOSTS), "path": rng.choice(["/", "/", "/kms/", "/a/b-c_d~e/"]),
        "headers": headers, "body": draw(rng, ALNUM + '{}":,=& +/', 0, 300),
    }


def sign(case):
    when = datetime.datetime.fromtimestamp(case["seconds"], datetime.timezone.utc)
    call = AWSRequest("POST", "https://" + case["host"] + case["path"], headers={**case["headers"], "host": case["host"]}, data=case["body"])
    with mock.patch("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: when.replace(tzinfo=None)):
        botocore.auth.SigV4Auth(Credentials(case["access"], case["secret"], case["token"] or None), case["service"], case["region"]).add_auth(call)
    return {name.lower(): str(value) for name, value in call.headers.items()}


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    rng = random.Random(4)
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0",
        " *",
        f" * Signatures made by botocore {botocore.__version__}: tests/interop/make_sigv4_vectors.py writes this file.",
        " */",
        "#ifndef AWS_SIGV4_VECTORS_H",
        "#define AWS_SIGV4_VECTORS_H",
        "",
        "static const struct sigv4_vector {",
        "\tlong long seconds;",
        "\tconst char *access, *secret, *service, *region, *path, *body;",
        "\tstruct {",
        "\t\tconst char *name, *value;",
        "\t} headers[8]; /* in their order; the rest is NULL */",
        "\tconst char *date, *authorization;",
        "} sigv4_vectors[] = {",
        "\t/* clang-format off */",
    ]
    for _ in range(40):
        case = request(rng)
        signed = sign(case)
        authorization = signed.pop("authorization")
        headers = "".join(f"{{{quote(name)}, {quote(value)}}}, " for name, value in sorted(signed.items()))
        words = ", ".join(quote(case[name]) for name in ("access", "secret", "service", "region", "path", "body"))
        lines.append(f"\t{{{case['seconds']}, {words}, {{{headers}}}, {quote(signed['x-amz-date'])}, {quote(authorization)}}},")
    lines += ["\t/* clang-format on */", "};", "", "#endif", ""]
    OUT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
