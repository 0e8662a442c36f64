#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""AWS KMS against the real sops, in two parts.

1. Where credentials come from: for each way to configure them sops and we decrypt the same document at the same fake (tests/fakes/aws.py, which
   recomputes signatures), and both must open it or both not, and ask for the same things.
2. What sops encrypts at moto, a double of AWS by other hands, we open there, too; with signatures checked by botocore. moto is put into a venv below
   build/peers with pip; where that can not be had this part is skipped.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from lib import peers
from lib.score import Score

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import secrets  # noqa: E402
from fakes.aws import ARN, OTHER_ROLE, ROLE, Aws, Container, Metadata, as_json, jwt  # noqa: E402

MOTO = ("moto[server]==5.2.5", "boto3==1.44.8")
TIMEOUT = 60
USER = {"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "user/secret"}
STATIC = "aws_access_key_id = AKIAUSER\naws_secret_access_key = user/secret\n"


class Both:
    """sops and we, in a home and a folder of their own."""

    def __init__(self, sops, ours, folder):
        self.sops, self.ours, self.folder = str(sops), str(ours), folder
        self.home = folder / "home"
        (self.home / ".aws").mkdir(parents=True)

    def profiles(self, config="", credentials=""):
        (self.home / ".aws/config").write_text(config)
        (self.home / ".aws/credentials").write_text(credentials)

    def run(self, argv, env, stdin=b""):
        return subprocess.run(argv, cwd=self.folder, env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", **env}, input=stdin, capture_output=True,
                              timeout=TIMEOUT, check=False)

    def decrypt(self, name, env):
        theirs = self.run([self.sops, "decrypt", name], env)
        return theirs, lambda: self.run([self.ours, "decrypt", name], env)


# part 1


def ways(both):
    """(name, environment, config file, credentials file, fields of the entry, opens). The fake has the user, ROLE, and OTHER_ROLE with an external id."""
    token = both.folder / "token"
    token.write_text(jwt())
    stale = both.folder / "stale"
    stale.write_text(jwt(lifetime=-1))
    helper = both.folder / "helper"
    helper.write_text("#!/bin/sh\ncat <<'END'\n%s\nEND\n" % json.dumps(
        {"Version": 1, "AccessKeyId": USER["AWS_ACCESS_KEY_ID"], "SecretAccessKey": USER["AWS_SECRET_ACCESS_KEY"]}))
    helper.chmod(0o700)
    irsa = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "wrong"}
    chain = (f"[profile a]\nrole_arn={OTHER_ROLE}\nsource_profile=b\nexternal_id=outside\nduration_seconds=3600\n"
             f"[profile b]\nrole_arn={ROLE}\nsource_profile=c\n")
    yield "environment", USER, "", "", {}
    yield "older names", {"AWS_ACCESS_KEY": "AKIAUSER", "AWS_SECRET_KEY": "user/secret"}, "", "", {}
    yield "wrong secret key", wrong, "", "", {}
    yield "nothing", {}, "", "", {}
    yield "irsa", irsa, "", "", {}
    yield "irsa with a session name", {**irsa, "AWS_ROLE_SESSION_NAME": "me"}, "", "", {}
    yield "irsa without role", {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}, "", "", {}
    yield "irsa with a role that does not trust", {**irsa, "AWS_ROLE_ARN": OTHER_ROLE + "x"}, "", "", {}
    yield "irsa without file", {**irsa, "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, "", "", {}
    yield "irsa fails before a good profile", {**irsa, "AWS_ROLE_ARN": OTHER_ROLE + "x"}, "", "[default]\n" + STATIC, {}
    yield "environment before irsa", {**irsa, **USER}, "", "", {}
    yield "environment before a profile", {**USER, "AWS_PROFILE": "p"}, "", "[p]\naws_access_key_id=x\naws_secret_access_key=y\n", {}
    yield "irsa before a profile", irsa, "", "[default]\naws_access_key_id=x\naws_secret_access_key=y\n", {}
    yield "entry's profile before environment", wrong, "[profile p]\n" + STATIC, "", {"aws_profile": "p"}
    yield "entry's profile is not there", USER, "[profile p]\n" + STATIC, "", {"aws_profile": "q"}
    yield "AWS_PROFILE is not there", {**USER, "AWS_PROFILE": "q"}, "[profile p]\n" + STATIC, "", {}
    yield "default profile", {}, "[default]\n" + STATIC, "", {}
    yield "[profile default]", {}, "[profile default]\n" + STATIC + "[default]\naws_access_key_id=x\naws_secret_access_key=y\n", "", {}
    yield "credentials file before config", {}, "[default]\naws_access_key_id=x\naws_secret_access_key=y\n", "[default]\n" + STATIC, {}
    yield "half a pair", {}, "", "[default]\naws_access_key_id = AKIAUSER\n", {}
    yield "section without 'profile'", {"AWS_PROFILE": "p"}, "[p]\n" + STATIC, "", {}
    yield "comments and quotes", {}, "# c\n[default] ; c\naws_access_key_id : AKIAUSER # c\nAWS_SECRET_ACCESS_KEY = \"user/secret\"\n", "", {}
    yield "chain of profiles", {"AWS_PROFILE": "a"}, chain, "[c]\n" + STATIC, {}
    yield "chain without its end", {"AWS_PROFILE": "a"}, chain, "", {}
    yield "chain without external id", {"AWS_PROFILE": "a"}, chain.replace("external_id=outside\n", ""), "[c]\n" + STATIC, {}
    yield "circle", {"AWS_PROFILE": "a"}, chain + f"[profile c]\nrole_arn={ROLE}\nsource_profile=a\n", "", {}
    yield "own source", {"AWS_PROFILE": "a"}, f"[profile a]\nrole_arn={ROLE}\nsource_profile=a\n{STATIC}", "", {}
    yield "source without role", {"AWS_PROFILE": "a"}, "[profile a]\nsource_profile=c\n", "[c]\n" + STATIC, {}
    yield "credential_source", {**USER, "AWS_PROFILE": ""}, f"[profile a]\nrole_arn={ROLE}\ncredential_source=Environment\n", "", {"aws_profile": "a"}
    yield "credential_source of another name", USER, f"[profile a]\nrole_arn={ROLE}\ncredential_source=Moon\n", "", {"aws_profile": "a"}
    yield "two ways at once", {"AWS_PROFILE": "a"}, f"[profile a]\nrole_arn={ROLE}\ncredential_source=Environment\nsource_profile=c\n", "[c]\n" + STATIC, {}
    yield "web identity of a profile", {}, f"[default]\nrole_arn={ROLE}\nweb_identity_token_file={token}\n", "", {}
    yield "role on web identity", {}, (f"[default]\nrole_arn={OTHER_ROLE}\nexternal_id=outside\nsource_profile=w\n[profile w]\nrole_arn={ROLE}\n"
                                       f"web_identity_token_file={token}\n"), "", {}
    yield "credential_process", {}, f"[default]\ncredential_process = {helper}\n", "", {}
    yield "mfa", {"AWS_PROFILE": "a"}, f"[profile a]\nrole_arn={ROLE}\nmfa_serial=x\nsource_profile=c\n", "[c]\n" + STATIC, {}
    yield "role of the entry", USER, "", "", {"role": ROLE}
    yield "role of the entry that is denied", USER, "", "", {"role": OTHER_ROLE}
    yield "role of the entry by irsa", irsa, "", "", {"role": ROLE}
    yield "role of the entry by a chain", {"AWS_PROFILE": "a"}, chain, "[c]\n" + STATIC, {"role": ROLE}
    yield "context", USER, "", "", {"context": {"b": "2", "a": "ü <&>\"\\"}}
    yield "other region", USER, "", "", {"arn": ARN.replace("us-east-1", "eu-central-1")}
    yield "alias", USER, "", "", {"arn": ARN.replace("key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/a/b")}


def make_aws():
    aws = Aws()
    aws.user("AKIAUSER", "user/secret")
    aws.role(ROLE)
    aws.role(OTHER_ROLE, external_id="outside")
    return aws


def sent(aws):
    """What was asked, with what both must say alike; retries count once."""
    out = []
    for request in aws.requests:
        form = request.form if "x-amz-target" not in request.headers else {"Action": "Decrypt", **{k: json.dumps(v, sort_keys=True) for k, v in request.json.items()}}
        if not form.get("RoleSessionName", "sops@").startswith(("sops@", "me")):
            form["RoleSessionName"] = "any"
        form.pop("WebIdentityToken", None)
        if form not in out[-1:]:
            out.append(form)
    return out


def compare(both, name, env, entry, score, fakes=()):
    (both.folder / "secret.json").write_text(secrets.text(0, kms=[entry]))
    results = []
    policy = both.folder / "policy.yaml"
    policy.write_text("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {aws: {credentialProcess: true}}\n")
    policy.chmod(0o600)
    for program in (both.sops, both.ours):
        with make_aws() as aws:
            for fake in fakes:
                fake.aws = aws
            where = {"AWS_ENDPOINT_URL": aws.url, "AWS_ENDPOINT_URL_STS": aws.url, "AWS_EC2_METADATA_DISABLED": "true", "KRM_SOPS_POLICY": str(policy)}
            done = both.run([program, "decrypt", "secret.json"], {**where, **env})
            results.append((done, sent(aws)))
    (theirs, asked), (mine, asked_by_us) = results
    good = (theirs.returncode == 0) == (mine.returncode == 0) and theirs.stdout == mine.stdout and (theirs.returncode != 0 or asked == asked_by_us)
    score.check(name, good, f"sops {theirs.returncode} {asked}\n  {theirs.stderr.decode()[-600:]}\nours {mine.returncode} {asked_by_us}\n  {mine.stderr.decode()}")
    return theirs.returncode == 0


def part_1(both, score):
    opened = 0
    for name, env, config, credentials, more in ways(both):
        both.profiles(config, credentials)
        with make_aws() as aws:
            entry = aws.entry(more.get("arn", ARN), secrets.data_key(0), more.get("context"))
        opened += compare(both, name, env, {**entry, **more}, score)
    both.profiles()
    with make_aws() as aws, Container(aws, "pod") as pod, Metadata(aws) as metadata:
        entry = aws.entry(ARN, secrets.data_key(0))
        token = both.folder / "pod"
        token.write_text("pod")
        uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": pod.url + "/v1/credentials"}
        opened += compare(both, "container", {**uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}, entry, score, (pod,))
        opened += compare(both, "container, token in a variable", {**uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod"}, entry, score, (pod,))
        opened += compare(both, "container, wrong token", {**uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "no"}, entry, score, (pod,))
        here = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url}
        opened += compare(both, "instance metadata", here, entry, score, (metadata,))
        opened += compare(both, "role by instance metadata", here, {**entry, "role": ROLE}, score, (metadata,))
    # A fake that lets nobody in would make all of these equal.
    score.check("enough of the ways open", opened >= 25, f"{opened} do")


# part 2


def moto_python():
    """The venv's python, or None and why."""
    folder = peers.BUILT / "moto"
    python = folder / "bin/python"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for argv in ([sys.executable, "-m", "venv", str(folder)], [str(python), "-m", "pip", "-q", "install", *MOTO]):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return None, f"no moto: {' '.join(argv[:4])}: {(done.stderr or done.stdout).strip()[-200:]}"
        (folder / "done").touch()
    return python, ""


class Moto:
    def __init__(self, python, checked):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {"AWS_ENDPOINT_URL": self.url, "AWS_ENDPOINT_URL_STS": self.url, "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
        self.python = python
        more = {"INITIAL_NO_AUTH_ACTION_COUNT": "5"} if checked else {}
        self.process = subprocess.Popen([str(python.parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], env={**os.environ, **more},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/moto-api/data.json", timeout=5).read()
                return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise SystemExit("moto does not answer")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def boto(self, text):
        """Runs Python in the venv; what it prints is JSON."""
        env = {"PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **self.env}
        done = subprocess.run([str(self.python), "-c", "import boto3, json\n" + text], env=env, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)


def free_port():
    import socket
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


PLAIN = "a: 1\nsecret: correct horse ü\nlist: [x, true]\n"
SETUP = """
iam = boto3.client('iam'); iam.create_user(UserName='u')
key = iam.create_access_key(UserName='u')['AccessKey']
iam.put_user_policy(UserName='u', PolicyName='p', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': ['kms:*', 'sts:*'], 'Resource': '*'}]}))
arn = boto3.client('kms').create_key()['KeyMetadata']['Arn']
print(json.dumps([key['AccessKeyId'], key['SecretAccessKey'], arn]))
"""


def round_trip(both, score, name, env, sops_args, opens=True, decrypt_env=None):
    (both.folder / "p.yaml").write_text(PLAIN)
    sealed = both.run([both.sops, "encrypt", *sops_args, "p.yaml"], env)
    if sealed.returncode != 0:
        score.check(name, False, sealed.stderr.decode()[-500:])
        return
    (both.folder / "e.yaml").write_bytes(sealed.stdout)
    theirs, mine = both.decrypt("e.yaml", decrypt_env or env)
    mine = mine()
    good = theirs.stdout == mine.stdout and (theirs.returncode == 0) == (mine.returncode == 0) == opens
    score.check(name, good, f"sops {theirs.returncode}, ours {mine.returncode}: {theirs.stderr.decode()[-300:]}\n{mine.stderr.decode()}")


def part_2(both, score, python):
    user = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with Moto(python, checked=False) as moto:
        arns = moto.boto("""
out = []
for region in ('us-east-1', 'eu-central-1'):
    kms = boto3.client('kms', region_name=region)
    out.append(kms.create_key()['KeyMetadata']['Arn'])
    kms.create_alias(AliasName='alias/sops', TargetKeyId=out[-1])
boto3.client('iam').create_role(RoleName='sops', AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
print(json.dumps(out))""")
        role = "arn:aws:iam::123456789012:role/sops"
        (both.folder / "jwt").write_text(jwt())
        env = {**moto.env, **user}
        irsa = {**moto.env, "AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(both.folder / "jwt")}
        both.profiles("[profile prod]\nsource_profile=base\nrole_arn=%s\n" % role, "[base]\naws_access_key_id=test\naws_secret_access_key=test\n")
        # Not a multi-region key: moto does not open what it has sealed with one.
        for name, arn in (("key", arns[0]), ("key in another region", arns[1]), ("alias", arns[1].rsplit(":", 1)[0] + ":alias/sops")):
            round_trip(both, score, f"moto: {name}", env, ["--kms", arn])
            round_trip(both, score, f"moto: {name} with context", env, ["--kms", arn, "--encryption-context", "b:2,a:1"])
            round_trip(both, score, f"moto: {name} by irsa", irsa, ["--kms", arn])
            round_trip(both, score, f"moto: {name} with role", env, ["--kms", f"{arn}+{role}"])
            round_trip(both, score, f"moto: {name} with role by irsa", irsa, ["--kms", f"{arn}+{role}", "--encryption-context", "x:y"])
            round_trip(both, score, f"moto: {name} with profile", moto.env, ["--kms", arn, "--aws-profile", "prod"])
        round_trip(both, score, "moto: several keys", env, ["--kms", ",".join(arns)])
    with Moto(python, checked=True) as moto:
        access, secret, arn = moto.boto(SETUP)
        env = {**moto.env, "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
        # The first calls after the set-up are still free; what they open says nothing.
        for _ in range(3):
            round_trip(both, Score(), "", env, ["--kms", arn])
        round_trip(both, score, "moto with signatures checked", env, ["--kms", arn, "--encryption-context", "a:1"])
        round_trip(both, score, "moto refuses a wrong signature", env, ["--kms", arn], opens=False, decrypt_env={**env, "AWS_SECRET_ACCESS_KEY": "x" + secret[1:]})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--only", default="12", help="parts to run")
    args = parser.parse_args()
    sops, ours, score = peers.need("sops", args.sops), peers.need_ours(args.program), Score()
    skipped = 0
    with tempfile.TemporaryDirectory() as folder:
        both = Both(sops, ours, pathlib.Path(folder))
        if "1" in args.only:
            part_1(both, score)
        python, why = moto_python() if "2" in args.only else (None, "not asked for")
        if python:
            part_2(both, score, python)
        else:
            skipped = 1
            print(f"SKIPPED moto: {why}")
    print(f"{score.passed} passed, {score.failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
