#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documents for PGP keys of every kind that the system's gpg makes, encrypted by the real sops, as they are and damaged: `decrypt` with the
user's keyring must print what `sops decrypt` prints, byte for byte, or fail as it does. Keys have passphrases too, which the agent knows or
does not know.
"""
import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from lib import peers, process, table

# name -> primary key, subkey; None: one key for both
KEYS = {
    "rsa2048": ("rsa2048", "rsa2048"),
    "rsa3072": ("rsa3072", "rsa3072"),
    "cv25519": ("ed25519", "cv25519"),
    "nistp256": ("nistp256", "nistp256"),
    "nistp384": ("nistp384", "nistp384"),
    "nistp521": ("nistp521", "nistp521"),
    "brainpool": ("brainpoolP384r1", "brainpoolP384r1"),
    "elgamal": ("dsa2048", "elg2048"),
    "passphrase, cached": ("ed25519", "cv25519"),
    "passphrase, nobody to ask": ("rsa2048", "rsa2048"),
    "of a stranger": ("ed25519", "cv25519"),
}
FORMATS = ["yaml", "json", "dotenv", "ini", "binary"]
DAMAGES = ["armor cut", "bytes of the message changed", "key id changed", "message of another key", "message for a passphrase", "not armored"]
FEATURES = [*KEYS, *FORMATS, *DAMAGES, "several recipients", "two key groups"]
# Two, as the agent tries what opened one key on others too.
PASSPHRASES = {"passphrase, cached": "interop passphrase", "passphrase, nobody to ask": "another passphrase"}
PLAIN = {
    "yaml": b"a: one\nb:\n    - 2\n    - true\n# three\nc: \"4\"\n",
    "json": b'{"a": "one", "b": [2, true]}',
    "dotenv": b"A=one\nB=two\n",
    "ini": b"[a]\nb = one\n",
    "binary": bytes(range(256)),
}


class Keyring:
    """A home with a secret key of each kind, but the stranger's, and its agent, which knows one of the passphrases."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
        self.home.chmod(0o700)
        (self.home / "gpg-agent.conf").write_text("allow-preset-passphrase\n")
        self.env = {"GNUPGHOME": str(self.home), "HOME": str(self.home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        self.prints = {name: self.make(name, *kinds) for name, kinds in KEYS.items()}
        self.gpg("--delete-secret-keys", "--yes", self.prints["of a stranger"])
        self.restart_agent()

    def gpg(self, *argv, data=b""):
        done = subprocess.run(["gpg", "--batch", *argv], env=self.env, input=data, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"gpg.py: gpg {argv}: {done.stderr.decode()}")
        return done.stdout

    def make(self, name, primary, sub):
        secret = ["--pinentry-mode", "loopback", "--passphrase", PASSPHRASES.get(name, "")]
        user = name.replace(",", "")
        self.gpg(*secret, "--quick-generate-key", user, primary, "sign", "never")
        fingerprint = re.search(r"^fpr:::::::::(\w+):", self.gpg("--with-colons", "--list-keys", f"={user}").decode(), re.M).group(1)
        self.gpg(*secret, "--quick-add-key", fingerprint, sub, "encrypt", "never")
        return fingerprint

    def restart_agent(self):
        """It forgets what it has cached, and learns one passphrase."""
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=self.env, check=True)
        listing = self.gpg("--with-colons", "--with-keygrip", "--list-keys", self.prints["passphrase, cached"]).decode()
        for grip in re.findall(r"^grp:::::::::(\w+):", listing, re.M):
            subprocess.run(["gpg-connect-agent", f"PRESET_PASSPHRASE {grip} -1 {PASSPHRASES['passphrase, cached'].encode().hex()}", "/bye"], env=self.env, check=True, capture_output=True)

    def remove(self):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.env, check=False)
        shutil.rmtree(self.home, ignore_errors=True)


class Case:
    def __init__(self, rng, keyring, sops, folder):
        self.rng, self.keyring, self.sops, self.folder = rng, keyring, sops, folder
        self.format = rng.choice(FORMATS)
        self.features = {self.format}
        self.lacks_checksum = False  # and nothing else

    def names(self):
        names = self.rng.sample(list(KEYS), self.rng.choice([1, 1, 1, 2, 3]))
        if len(names) > 1:
            self.features.add("several recipients")
        return names

    def encrypt(self):
        names = self.names()
        prints = [self.keyring.prints[name] for name in names]
        argv = ["encrypt", "--pgp", ",".join(prints)]
        if len(prints) == 2 and self.rng.random() < 0.5:
            (self.folder / ".sops.yaml").write_text(f"creation_rules: [{{key_groups: [{{pgp: [{prints[0]}]}}, {{pgp: [{prints[1]}]}}]}}]\n")
            argv = ["--config", self.folder / ".sops.yaml", "encrypt"]
            self.features.add("two key groups")
        self.features.update(names)
        plain = self.folder / "plain"
        plain.write_bytes(PLAIN[self.format])
        types = ["--input-type", self.format, "--output-type", self.format]
        done = process.run([self.sops, *argv, *types, plain], self.keyring.env, self.folder)
        if done.status:
            sys.exit(f"gpg.py: sops encrypt: {done.stderr.decode()}")
        return done.stdout

    def damage(self, text):
        kind = self.rng.choice(DAMAGES)
        blocks = list(re.finditer(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", text, re.S))
        block = self.rng.choice(blocks)
        armor = block.group(0)
        newline = re.match(rb"-----BEGIN PGP MESSAGE-----(\\n|\s+?(?:\n *)?)", armor).group(1)
        lines = [line for line in re.split(rb"\\n|\n *", armor)]
        raw = subprocess.run(["gpg", "--dearmor"], input=b"\n".join(lines), capture_output=True, env=self.keyring.env, check=True).stdout
        if kind == "armor cut":
            whole = len(lines)
            del lines[-self.rng.randint(2, whole - 2):-1]
            self.lacks_checksum = len(lines) == whole - 1
        elif kind == "not armored":
            lines = [b"nothing", b"of", b"the", b"kind"]
        elif kind == "message for a passphrase":
            return kind, None
        elif kind == "message of another key":
            other = self.rng.choice(list(KEYS))
            made = self.keyring.gpg("--armor", "--trust-model", "always", "-r", self.keyring.prints[other], "--encrypt", data=self.rng.randbytes(32))
            lines = made.strip().split(b"\n")
        else:
            at = self.rng.randrange(4, 12) if kind == "key id changed" else self.rng.randrange(12, len(raw))
            raw = raw[:at] + bytes([raw[at] ^ 1 << self.rng.randrange(8)]) + raw[at + 1:]
            made = subprocess.run(["gpg", "--enarmor"], input=raw, capture_output=True, env=self.keyring.env, check=True).stdout
            lines = [line for line in made.replace(b"ARMORED FILE", b"MESSAGE").strip().split(b"\n") if not line.startswith(b"Comment")]
        self.features.add(kind)
        joint = b"\\n" if newline == b"\\n" or b"\\n" in armor else re.search(rb"\n *", armor).group(0)
        return kind, text[:block.start()] + joint.join(lines) + text[block.end():]

    def passphrase_message(self, text):
        self.features.add("message for a passphrase")
        made = self.keyring.gpg("--armor", "--pinentry-mode", "loopback", "--passphrase", "x", "--symmetric", data=self.rng.randbytes(32)).strip()
        block = re.search(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", text, re.S)
        joint = b"\\n" if b"\\n" in block.group(0) else re.search(rb"\n *", block.group(0)).group(0)
        return text[:block.start()] + joint.join(made.split(b"\n")) + text[block.end():]


def compare(case, text, program):
    file = case.folder / "secret.enc"
    file.write_bytes(text)
    types = ["--input-type", case.format, "--output-type", case.format]
    theirs = process.run([case.sops, "decrypt", *types, file], case.keyring.env, case.folder)
    ours = process.run([program, "decrypt", *types, file], case.keyring.env, case.folder)
    if case.lacks_checksum and ours.status == 0 and theirs.status == 128:
        return "differs_needs_no_checksum_of_armor", False
    if ours.crashed or ours.stdout != theirs.stdout or ours.status != theirs.status:
        return f"sops {theirs.status} {theirs.stdout[:60]!r} {theirs.stderr[-300:]!r}\nours {ours.status} {ours.stdout[:60]!r} {ours.stderr[-600:]!r}", theirs.status == 0
    return "", theirs.status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    program, sops = peers.need_ours(args.program), peers.find("sops")
    if not sops or not shutil.which("gpg"):
        print("no sops or no gpg here")
        return 77
    print(f"seed {args.seed}; {subprocess.run(['gpg', '--version'], capture_output=True, text=True, check=True).stdout.splitlines()[0]}")
    keyring, rng, told, different = Keyring(), random.Random(args.seed), table.Table(FEATURES, 5), 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="krm-sops-gpg-"))
    try:
        for number in range(args.count):
            case = Case(rng, keyring, sops, folder)
            text = case.encrypt()
            if rng.random() < 0.4:
                kind, damaged = case.damage(text)
                text = case.passphrase_message(text) if damaged is None else damaged
            what, opens = compare(case, text, program)
            known = what.startswith("differs_")
            told.add(case.features, opens, "known" if known else "different" if what else "same")
            if what and not known:
                different += 1
                print(f"case {number}: {sorted(case.features)}\n{what}")
    finally:
        keyring.remove()
        shutil.rmtree(folder)
    told.print()
    return told.verdict(args.count, different, args.count)


if __name__ == "__main__":
    sys.exit(main())
