#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Google, Azure and Huawei: the real sops encrypts for each against the fakes of tests/fakes, then both programs decrypt with credentials of one kind
after the other: same status, same bytes. Also with entries that are damaged, with several of which one is good, and with key groups.

Both ask the same fake, so what sops sends and what we send is held to the same checks; signatures, tokens and audiences are the fake's business.
"""
import argparse
import json
import pathlib
import random
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes.azure import Entra, Vault  # noqa: E402
from fakes.certificates import Certificates, context  # noqa: E402
from fakes.gcp import Google  # noqa: E402
from fakes.hckms import Huawei  # noqa: E402
from lib import peers, process, table  # noqa: E402

RESOURCES = [f"projects/shop/locations/global/keyRings/r/cryptoKeys/k{number}" for number in range(3)] + ["projects/example.com:p/locations/eu/keyRings/r_1/cryptoKeys/k-1"]
DAMAGES = ("none", "enc cut", "enc of another key", "enc is no base64", "enc empty", "another key's name", "no such credential")
SERVICES = ("gcp_kms", "azure_kv", "hckms")
FEATURES = [*(f"service: {name}" for name in SERVICES), *(f"damage: {name}" for name in DAMAGES), "several entries", "key groups", "one of several is damaged",
            "ours: Huawei's project is looked up", "ours: Google's token is fetched",
            "format: yaml", "format: json", "format: dotenv", "format: binary"]
SUFFIX = {"yaml": "yaml", "json": "json", "dotenv": "env", "binary": "bin"}


class Clouds:
    """The fakes, and the environment in which either program finds them."""

    def __init__(self, folder):
        self.folder = folder
        certificates = Certificates(folder)
        self.google, self.huawei, self.entra = Google(), Huawei(), Entra()
        self.vault = Vault(self.entra, tls=context(certificates.server))
        self.google.tokens["token"] = 1e12
        self.google.user = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
        self.huawei.keys["ak"] = ("sk", None)
        self.entra.machine, self.entra.identity_header = True, "header"
        base = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SOPS_GCP_KMS_CLIENT_TYPE": "rest", "SSL_CERT_FILE": str(certificates.ca),
                     "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential", **self.google.environment(), **self.huawei.environment(),
                     **self.entra.environment(), **self.vault.environment()}
        self.good = {**base, "GOOGLE_OAUTH_ACCESS_TOKEN": "token", "HUAWEICLOUD_SDK_AK": "ak", "HUAWEICLOUD_SDK_SK": "sk",
                     "HUAWEICLOUD_SDK_PROJECT_ID": self.huawei.project, "IDENTITY_ENDPOINT": self.entra.url + "/msi/token", "IDENTITY_HEADER": "header"}
        # What is not there must be refused at once, by both.
        self.bad = {**self.good, "GOOGLE_OAUTH_ACCESS_TOKEN": "other", "HUAWEICLOUD_SDK_SK": "other", "IDENTITY_HEADER": "other"}

    def __enter__(self):
        for fake in (self.google, self.huawei, self.entra, self.vault):
            fake.__enter__()
        return self

    def __exit__(self, *exc):
        for fake in (self.vault, self.entra, self.huawei, self.google):
            fake.__exit__(*exc)


class Case:
    def __init__(self, seed, number, clouds):
        self.rng = random.Random(f"{seed}:{number}")
        self.name, self.clouds = f"{number:04d}", clouds
        self.features = set()

    def note(self, *names):
        self.features |= set(names)

    def entry(self, service):
        """A key as sops's creation rules name it."""
        if service == "gcp_kms":
            return {"resource_id": self.rng.choice(RESOURCES)}
        if service == "azure_kv":
            return {"vaultUrl": self.clouds.vault.url, "key": "k", "version": ""}
        return {"key_id": f"{self.clouds.huawei.region}:{self.rng.choice(['k1', 'k2', '0d0466b0-e727-4d9c-b35d-f84bb474a37f'])}"}

    def group(self):
        services = self.rng.sample(SERVICES, self.rng.choice([1, 1, 1, 2, 3]))
        if len(services) > 1:
            self.note("several entries")
        self.note(*(f"service: {service}" for service in services))
        rule = {}
        for service in services:
            name = {"azure_kv": "azure_keyvault"}.get(service, service)
            rule[name] = [self.entry(service)]
        return rule

    def rule(self):
        if self.rng.random() < 0.15:
            self.note("key groups")
            return {"key_groups": [self.group(), self.group()], "shamir_threshold": 2}
        return {"key_groups": [self.group()]}

    def plaintext(self):
        kind = self.rng.choice(["yaml", "yaml", "json", "dotenv", "binary"])
        self.note(f"format: {kind}")
        values = {f"key{number}": "".join(self.rng.choice("aé0 :#'\"\\") for _ in range(self.rng.randint(1, 20))) for number in range(3)}
        text = {"yaml": yaml.safe_dump(values, allow_unicode=True), "json": json.dumps(values), "dotenv": "A=1\nB=two words\n"}.get(kind, "\x00binary\xff")
        return kind, text.encode("latin-1" if kind == "binary" else "utf-8")

    def encrypt(self, sops, folder):
        kind, plaintext = self.plaintext()
        (folder / "creation.yaml").write_text(json.dumps({"creation_rules": [self.rule()]}))
        source = folder / f"plain.{SUFFIX[kind]}"
        source.write_bytes(plaintext)
        done = process.run([sops, "--config", folder / "creation.yaml", "encrypt", "--output-type", "json", source], self.clouds.good, folder)
        if done.status != 0:
            sys.exit(f"case {self.name}: sops does not encrypt: {done.stderr.decode(errors='replace')}")
        return kind, json.loads(done.stdout)

    def entries(self, document):
        block = document["sops"]
        for holder in block.get("key_groups") or [block]:
            for service in SERVICES:
                yield from ((service, entry) for entry in holder.get(service) or [])

    def damage(self, document):
        """Damages one entry, or takes the credentials away; the environment that the programs get."""
        what = self.rng.choice(DAMAGES)
        self.note(f"damage: {what}")
        every = list(self.entries(document))
        service, entry = self.rng.choice(every)
        if what not in ("none", "no such credential") and len(every) > 1:
            self.note("one of several is damaged")
        name = {"gcp_kms": "resource_id", "azure_kv": "name", "hckms": "key_id"}[service]
        if what == "enc cut":
            entry["enc"] = entry["enc"][:self.rng.randrange(4, len(entry["enc"])) // 4 * 4]
        elif what == "enc of another key":
            entry["enc"] = entry["enc"][:-8] + ("AAAAAAA" if service == "azure_kv" else "AAAAAAAA")
        elif what == "enc is no base64":
            entry["enc"] = "!" + entry["enc"]
        elif what == "enc empty":
            entry["enc"] = ""
        elif what == "another key's name":
            entry[name] += "x"
        return self.clouds.bad if what == "no such credential" else self.clouds.good

    def ours(self, env):
        """Where sops has a token or a project, we can be given what they are had for: sops asks only Google's own endpoint and Huawei's."""
        env = {**env, "KRM_SOPS_CA_FILE": env["SSL_CERT_FILE"]}
        if self.rng.random() < 0.5:
            self.note("ours: Huawei's project is looked up")
            del env["HUAWEICLOUD_SDK_PROJECT_ID"]
        if env["GOOGLE_OAUTH_ACCESS_TOKEN"] == "token" and self.rng.random() < 0.5:
            self.note("ours: Google's token is fetched")
            del env["GOOGLE_OAUTH_ACCESS_TOKEN"]
            env["GOOGLE_CREDENTIALS"] = json.dumps({"type": "authorized_user", **self.clouds.google.user})
        return env


def run_case(case, sops, program):
    """What is different, or ''."""
    folder = case.clouds.folder / case.name
    folder.mkdir()
    kind, document = case.encrypt(sops, folder)
    env = case.damage(document)
    path = folder / "sealed.json"
    path.write_text(json.dumps(document))
    flags = ["decrypt", "--input-type", "json", "--output-type", kind, path]
    theirs = process.run([sops, *flags], env, folder)
    ours = process.run([program, *flags], case.ours(env), folder)
    if theirs.status != ours.status or theirs.stdout != ours.stdout:
        return (f"case {case.name}: sops {theirs.status}, we {ours.status}; {sorted(case.features)}\n{path.read_text()}\n"
                f"{theirs.stderr.decode(errors='replace')}\n{ours.stderr.decode(errors='replace')}")
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", default=None)
    parser.add_argument("--program", required=True)
    args = parser.parse_args()
    seed = args.seed or str(random.randrange(1 << 32))
    sops = peers.find("sops")
    if not sops:
        print("no sops of the pinned version")
        return 77
    print(f"seed {seed}")
    rows, wrong = table.Table(FEATURES, args.count // 100), 0
    with tempfile.TemporaryDirectory(prefix="krm-sops-interop-") as folder, Clouds(pathlib.Path(folder)) as clouds:
        for number in range(args.count):
            case = Case(seed, number, clouds)
            different = run_case(case, sops, pathlib.Path(args.program).resolve())
            if different:
                wrong += 1
                print(different)
            rows.add(case.features, True, "different" if different else "same")
    rows.print()
    return rows.verdict(args.count, wrong, args.count)


if __name__ == "__main__":
    sys.exit(main())
