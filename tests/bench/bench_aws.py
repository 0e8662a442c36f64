# SPDX-License-Identifier: Apache-2.0
"""50 Secrets whose data keys are behind AWS KMS, 20 ms away there and back: with static credentials over plain HTTP, and with TLS and IRSA. The fake
counts: one request for each distinct data key, one call to STS."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import certificates, secrets  # noqa: E402
from fakes.aws import ARN, ROLE, Aws, jwt  # noqa: E402

COUNT = len(secrets.KEYED)
ROUNDS = 15
AWAY = 0.02  # seconds


def measure(b, aws, env):
    """(figures, requests of one run by what they asked for)."""
    aws.user("AKIAUSER", "user/secret")
    aws.role(ROLE)
    text = secrets.stream([secrets.secret(number, kms=[aws.entry(ARN, secrets.data_key(number))]) for number in range(COUNT)])
    got = b.filter(ROUNDS, text, {**aws.env(), **env})
    return got, {name: aws.calls.count(name) / ROUNDS for name in set(aws.calls)}


def rows(b):
    """(work, figures of measure(), bound in ms, calls that are right)."""
    made = certificates.Certificates(b.folder)
    (b.folder / "token").write_text(jwt())
    with Aws(delay=AWAY) as aws:
        yield ("50 Secrets behind AWS KMS 20 ms away, static credentials",
               measure(b, aws, {"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "user/secret"}), 150, {"Decrypt": COUNT})
    with Aws(delay=AWAY, tls=certificates.context(made.server)) as aws:
        yield ("the same with TLS and IRSA",
               measure(b, aws, {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(b.folder / "token"), "AWS_CA_BUNDLE": str(made.ca)}), 250,
               {"Decrypt": COUNT, "AssumeRoleWithWebIdentity": 1})


def run(b, show):
    for work, (got, calls), bound, right in rows(b):
        told = ", ".join(f"{count:g} {name}" for name, count in sorted(calls.items()))
        b.row(work, f"{show(got)}; {told}", f"at most {bound} ms, one request a data key, one STS call", got[0] <= bound and calls == right)
