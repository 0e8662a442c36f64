#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: the figures of the README, measured on this machine in one run, with the real sops beside us where it is installed.

Input is forged (tests/tools/forge.c), processes are started and measured by tests/bench/run.c. Prints a Markdown table; exit status
1 where a goal is missed.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import bench_aws
import bench_build
import bench_sidecar
from far_service import FarService, vault_answer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from fakes.certificates import Certificates, context  # pylint: disable=wrong-import-position


class Bench:
    def __init__(self, args, folder):
        self.program = str(pathlib.Path(args.program).resolve())
        self.forge = str(pathlib.Path(args.tools).resolve() / "forge")
        self.yaml_parse = str(pathlib.Path(args.tools).resolve() / "yaml_parse")
        self.sops, self.kustomize = find_peer("sops"), find_peer("kustomize")
        self.folder = folder
        self.runner = str(folder / "run")
        subprocess.run([os.environ.get("CC", "gcc"), "-O2", "-o", self.runner, str(ROOT / "tests/bench/run.c")], check=True)
        keys = folder / "keys.txt"
        keys.write_bytes(self.forged("identity"))
        self.env = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "SOPS_AGE_KEY_FILE": str(keys)}
        # Not where the input lies: it would be found there as the source of its own items, and read once more.
        self.place = folder / "work"
        self.place.mkdir()
        self.rows = []
        self.missed = 0

    def forged(self, *words):
        return subprocess.run([self.forge, *map(str, words)], check=True, capture_output=True).stdout

    def file(self, name, *words):
        path = self.folder / name
        path.write_bytes(self.forged(*words))
        return str(path)

    def run(self, rounds, commands, stdin="/dev/null"):
        """[(median ms, p90 ms, cpu ms, peak MiB)] for the commands, interleaved."""
        argv = [self.runner, str(rounds), "-i", stdin]
        for command in commands:
            argv += ["--", *command]
        done = subprocess.run(argv, env=self.env, cwd=self.place, stdout=subprocess.PIPE, check=True, text=True)
        rows = [line.split() for line in done.stdout.splitlines()]
        return [(int(m) / 1000, int(p) / 1000, int(c) / 1000, int(k) / 1024) for m, p, c, k in rows]

    def filter(self, rounds, text, env):
        """The figures of `filter` on a text, with an environment of PATH, HOME and env."""
        usual, self.env = self.env, {"PATH": self.env["PATH"], "HOME": self.env["HOME"], **env}
        try:
            # Not below the working directory, where it would be found as the source of its Secrets.
            with tempfile.NamedTemporaryFile("w", prefix="krm-sops-bench-") as file:
                file.write(text)
                file.flush()
                return self.run(rounds, [[self.program, "filter"]], file.name)[0]
        finally:
            self.env = usual

    def row(self, work, figures, goal, met):
        self.missed += 0 if met else 1
        self.rows.append((work, figures, goal, "yes" if met else "**no**"))
        print(f"{'ok  ' if met else 'MISS'} {work}: {figures} (goal: {goal})", flush=True)


def find_peer(name):
    """The pinned program of `make check-interop` first, then what is on PATH."""
    pinned = ROOT / "build/peers/bin" / name
    return str(pinned) if pinned.is_file() else shutil.which(name)


def show(r):
    return f"{r[0]:.1f} ms (p90 {r[1]:.1f}), {r[3]:.1f} MiB"


def versus_sops(b, work, path, rounds, factor, mebibytes):
    ours = [b.program, "decrypt", path]
    theirs = [[b.sops, "decrypt", path]] if b.sops else []
    got = b.run(rounds, [ours, *theirs])
    text = show(got[0])
    met = got[0][3] <= mebibytes
    if theirs:
        ratio = got[1][0] / got[0][0]
        text += f"; sops {show(got[1])}: {ratio:.1f} times"
        met = met and ratio >= factor
    b.row(work, text, f"{factor} times faster than sops, at most {mebibytes} MiB", met)


def many_secrets(b):
    medians = {}
    for count, rounds in ((10, 51), (1000, 51), (10000, 9)):
        path = b.file(f"list-{count}.yaml", "list", count, 0)
        medians[count] = b.run(rounds, [[b.program]], path)[0]
    b.row("a ResourceList with 1,000 encrypted Secrets, each with its own data key", show(medians[1000]), "at most 100 ms",
          medians[1000][0] <= 100)
    low = (medians[1000][0] - medians[10][0]) / 990
    high = (medians[10000][0] - medians[1000][0]) / 9000
    b.row("its slope from 10 to 1,000 and from 1,000 to 10,000 items", f"{low * 1000:.1f} and {high * 1000:.1f} us an item",
          "equal within 25 %", abs(high - low) <= 0.25 * low)


def plain_items(b):
    path = b.file("plain.yaml", "list", 10, 10000)
    ours, bare = b.run(51, [[b.program], [b.yaml_parse, path]], path)
    ratio = ours[0] / bare[0]
    b.row("a ResourceList with 10,000 plain items and 10 encrypted",
          f"{show(ours)}; libyaml's bare parse {bare[0]:.1f} ms: {ratio:.2f} times", "at most 1.6 times libyaml's bare parse",
          ratio <= 1.6)


def exec_function(b):
    path = b.file("one.yaml", "list", 1, 0)
    got = b.run(1000, [[b.program]], path)[0]
    b.row("1,000 runs as an exec function, one small Secret each", f"{got[2]:.2f} s of CPU in all; {show(got)} each",
          "at most 5 s of CPU", got[2] <= 5)


class PgpSet:
    """100 Secrets, each with a data key of its own for one PGP key: a ResourceList for us, 100 messages for gpg."""
    COUNT = 100

    def __init__(self, b, name, parameters):
        self.folder = b.folder / name
        self.home, keys = self.folder / "home", self.folder / "keys"
        self.folder.mkdir()
        self.home.mkdir(mode=0o700)
        keys.mkdir()
        self.env = {**b.env, "GNUPGHOME": str(self.home)}
        self.gpg("--gen-key", data=f"{parameters}\nName-Real: {name}\nExpire-Date: 0\n%no-protection\n%commit\n".encode())
        fpr = next(line.split(":")[9] for line in self.gpg("--with-colons", "--list-keys").decode().split("\n") if line.startswith("fpr"))
        (keys / "sops.asc").write_bytes(self.gpg("--armor", "--export-secret-keys"))
        items = []
        for i in range(self.COUNT):
            plain = self.folder / f"{i}.yaml"
            plain.write_text(f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s{i}\ndata:\n  password: aHVzaA==\n")
            argv = [b.sops, "encrypt", "--pgp", fpr, "--encrypted-regex", "^data$", str(plain)]
            text = subprocess.run(argv, env=self.env, check=True, capture_output=True, text=True).stdout
            items.append("- " + text.replace("\n", "\n  ").rstrip() + "\n")
            found = re.search(r"-----BEGIN.*?-----END PGP MESSAGE-----", text, re.S).group(0)
            (self.folder / f"{i}.enc").write_text(re.sub(r"(?m)^ +", "", found))
        self.list = self.folder / "list.yaml"
        config = "functionConfig: {apiVersion: krm-sops.dev/v1alpha1, kind: Decrypt, metadata: {name: d, namespace: n}, spec: {decryption: {provider: sops, secretRef: {name: s}}}}\n"
        self.list.write_text("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n" + config + "items:\n" + "".join(items))
        self.ours = [b.program, "--keys-flat", str(keys)]
        self.theirs = ["sh", "-c", f"for i in $(seq 0 {self.COUNT - 1}); do gpg --homedir {self.home} --quiet --batch -d {self.folder}/$i.enc || exit 1; done"]

    def gpg(self, *words, data=b""):
        return subprocess.run(["gpg", "--homedir", str(self.home), "--quiet", "--batch", *words], input=data, check=True, capture_output=True).stdout

    def close(self):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=False)


def pgp_messages(b):
    if not b.sops or not shutil.which("gpg"):
        print("no sops or no gpg here: PGP is not measured")
        return
    for what, factor, parameters in (("RSA-3072", 4, "Key-Type: rsa\nKey-Length: 3072\nKey-Usage: cert\nSubkey-Type: rsa\nSubkey-Length: 3072"),
                                     ("Curve25519", 10, "Key-Type: eddsa\nKey-Curve: ed25519\nKey-Usage: cert\nSubkey-Type: ecdh\nSubkey-Curve: cv25519")):
        pgp = PgpSet(b, what, parameters)
        ours, theirs = b.run(9, [pgp.ours, pgp.theirs], str(pgp.list))
        pgp.close()
        ratio = theirs[0] / ours[0]
        b.row(f"100 Secrets by PGP ({what}), each with its own data key", f"{show(ours)}; 100 times `gpg -d`, agent running, {theirs[0]:.0f} ms: {ratio:.1f} times",
              f"{factor} times faster than gpg", ratio >= factor)


def far_away(b):
    """50 Secrets whose data keys lie 20 ms away, there and back."""
    count, rounds, pair = 50, 21, Certificates(b.folder)
    for tls, goal in ((None, 150), (context(pair.server), 250)):
        with FarService(vault_answer, 0.020, tls) as far:
            path = b.file("far.yaml", "vault", far.url, count)
            b.env.update(VAULT_ADDR=far.url, VAULT_TOKEN="s.bench", VAULT_CACERT=str(pair.ca))
            got = b.run(rounds, [[b.program]], path)[0]
            once = far.requests == count * rounds
        b.row(f"50 Secrets behind a Vault 20 ms away{', with TLS' if tls else ''}", f"{show(got)}; {far.requests / rounds:.1f} requests each",
              f"at most {goal} ms, one request a data key", got[0] <= goal and once)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--tools", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="krm-sops-bench-") as folder:
        b = Bench(args, pathlib.Path(folder))
        if not b.sops:
            print("no sops here: figures without a comparison")
        versus_sops(b, "`decrypt` of one small age document, whole process", b.file("small.yaml", "manifest", 1), 101, 5, 6)
        versus_sops(b, "a document of 10,000 values (1.6 MB)", b.file("doc.yaml", "doc", 10000), 51, 10, 16)
        many_secrets(b)
        plain_items(b)
        exec_function(b)
        bench_build.run(b, show)
        pgp_messages(b)
        bench_aws.run(b, show)
        far_away(b)
        bench_sidecar.run(b)
    print("\n| work | measured | goal | met |\n| --- | --- | --- | --- |")
    for row in b.rows:
        print("| " + " | ".join(row) + " |")
    return 1 if b.missed else 0


if __name__ == "__main__":
    sys.exit(main())
