#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our reading of keys to sops and age themselves: private SSH keys, identity files, SOPS_AGE_KEY, armored age files and the words of a
command, as they are and mangled in many ways, go to both; the verdicts must be the same. tests/interop/age_peer is the other side: it is
built in a temporary folder, with the versions that sops's own go.mod names. Keys and files are made on the spot by ssh-keygen, openssl,
age-keygen and age.

Differences that are on purpose (docs/differs.md) are not made: scrypt stanzas, RSA below 2048 bits, plugin identities, file keys that are
not 16 bytes.
"""
import argparse
import base64
import collections
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from lib import peers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SOPS = "github.com/getsops/sops/v3"
SPACES = ["", " ", "\t", "\r", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u0085", "\v", "\f", "  "]
MARKS = [b"#", b"\n", b"\r", b" ", b"\t", b"-", b"=", b"1", b"A", b"q", b"/", b"+", b"\0", b"\xff", b"\xc3\xa4", b"\r\n", b"-----"]


def run(*argv, cwd=None, data=None):
    done = subprocess.run([str(arg) for arg in argv], cwd=cwd, input=data, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"age_peer: {argv[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def build_go(folder):
    found = subprocess.run(["go", "mod", "download", "-json", f"{SOPS}@v{peers.PINNED['sops'][0]}"], cwd=folder, capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"age_peer: sops's source is not to be had: {found.stderr.strip()}")
    source = pathlib.Path(json.loads(found.stdout)["Dir"])
    text = (source / "go.mod").read_text()
    (folder / "go.mod").write_text(text.replace(f"module {SOPS}", "module age_peer", 1))
    shutil.copyfile(source / "go.sum", folder / "go.sum")
    shutil.copyfile(HERE / "age_peer" / "main.go", folder / "main.go")
    run("go", "mod", "edit", f"-require={SOPS}@v{peers.PINNED['sops'][0]}", cwd=folder)
    run("go", "build", "-mod=mod", "-buildvcs=false", "-o", "age_peer", ".", cwd=folder)
    return folder / "age_peer"


class Material:
    """Keys of all kinds, and an age file for each."""

    def __init__(self, folder, age, keygen):
        self.identities, self.ssh, self.encs = [], {}, {}
        recipients = {}
        for name, args in (("a", []), ("b", []), ("pq", ["-pq"])):
            text = run(keygen, *args)
            self.identities.append(text)
            recipients[name] = re.search(rb"public key: (\S+)", text).group(1).decode()
        for name, args in (("ed25519", ["-t", "ed25519"]), ("rsa", ["-t", "rsa", "-b", "2048"]), ("ecdsa", ["-t", "ecdsa"])):
            run("ssh-keygen", "-q", "-N", "", "-f", folder / name, *args)
            self.ssh[name] = (folder / name).read_bytes()
            if name != "ecdsa":
                recipients[name] = (folder / f"{name}.pub").read_text().strip()
        run("ssh-keygen", "-q", "-N", "passphrase", "-f", folder / "locked", "-t", "ed25519")
        self.ssh["locked"] = (folder / "locked").read_bytes()
        shutil.copy(folder / "rsa", folder / "rsa.pem")
        run("ssh-keygen", "-q", "-p", "-N", "", "-m", "PEM", "-f", folder / "rsa.pem")
        self.ssh["pkcs1"] = (folder / "rsa.pem").read_bytes()
        self.ssh["pkcs8"] = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", folder / "rsa.pem")
        self.ssh["pkcs1 locked"] = run("openssl", "rsa", "-traditional", "-aes256", "-passout", "pass:x", "-in", folder / "rsa.pem")
        self.ssh["ed25519 pkcs8"] = run("openssl", "genpkey", "-algorithm", "ed25519")
        self.ssh["x25519 pkcs8"] = run("openssl", "genpkey", "-algorithm", "x25519")
        self.plain = os.urandom(32)
        for name, recipient in recipients.items():
            self.encs[name] = run(age, "-a", "-r", recipient, data=self.plain)
        classic = [arg for name in ("b", "rsa", "ed25519", "a") for arg in ("-r", recipients[name])]
        self.encs["many"] = run(age, "-a", *classic, data=self.plain)
        stranger = re.search(rb"public key: (\S+)", run(keygen)).group(1).decode()
        self.encs["stranger"] = run(age, "-a", "-r", stranger, data=self.plain)
        self.encs["empty"] = run(age, "-a", "-r", recipients["a"], data=b"")


class Mangler:
    def __init__(self, rng):
        self.rng = rng

    def bytes(self, data):
        """One to three small changes."""
        rng = self.rng
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            at = rng.randrange(len(data) + 1)
            kind = rng.randrange(7)
            if kind == 0 and at < len(data):
                data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
            elif kind == 1:
                data = data[:at] + data[at + rng.randint(1, 4):]
            elif kind == 2:
                data = data[:at] + rng.choice(MARKS) + data[at:]
            elif kind == 3:
                data = data[:at] + rng.choice(MARKS) + data[at + 1:]
            elif kind == 4:
                data = data[:at]
            elif kind == 5 and data:
                other = rng.randrange(len(data))
                data = data[:at] + data[other:other + rng.randint(1, 40)] + data[at:]
            else:
                data = data.replace(b"\n", rng.choice([b"\r\n", b"\n\n", b" \n", b"\n "]), rng.choice([1, 1, -1]))
        return data

    def lines(self, data):
        rng, parts = self.rng, data.split(b"\n")
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.randrange(len(parts))
            kind = rng.randrange(5)
            if kind == 0:
                del parts[at]
            elif kind == 1:
                parts.insert(at, parts[rng.randrange(len(parts))] if parts else b"")
            elif kind == 2:
                parts.insert(at, rng.choice([b"", b" ", b"# x", b"x: y", b"AAAA", b"-> x", b"--- x", b"-----BEGIN X-----", b"-----END X-----"]))
            elif kind == 3 and len(parts) > 1:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            elif parts:
                cut = rng.randrange(len(parts[at]) + 1)
                parts[at:at + 1] = [parts[at][:cut], parts[at][cut:]]
            if not parts:
                parts = [b""]
        return b"\n".join(parts)

    def text(self, data):
        return self.lines(data) if self.rng.random() < 0.4 else self.bytes(data)


def unpem(text):
    lines = text.decode().strip().split("\n")
    body = [line for line in lines[1:-1] if ":" not in line]
    return lines[0], base64.b64decode("".join(body)), lines[-1]


def pem(begin, data, end, columns=64, eol="\n"):
    text = base64.b64encode(data).decode()
    return (begin + eol + "".join(text[at:at + columns] + eol for at in range(0, len(text), columns)) + end + eol).encode()


def ssh_case(rng, mangler, material):
    name = rng.choice(list(material.ssh))
    text = material.ssh[name]
    kind = rng.randrange(10)
    if kind < 4:
        return mangler.text(text)
    if kind < 9 and "locked" not in name:
        begin, data, end = unpem(text)
        if kind < 6:  # the numbers of a container: the ends of its parts are where it hurts
            at = rng.randrange(len(data))
            data = data[:at] + bytes([rng.choice([0, 1, 0x7f, 0x80, 0xff, data[at] ^ 1, data[at] ^ 0x80])]) + data[at + 1:]
        else:
            data = mangler.bytes(data)
        return pem(begin, data, end, rng.choice([64, 70, 76, 1000]), rng.choice(["\n", "\r\n"]))
    other = material.ssh[rng.choice(list(material.ssh))]
    return rng.choice([text + other, b"text before\n" + text, other[:rng.randrange(len(other))] + text, text[:-10] + b"\n" + other])


def keyfile_case(rng, mangler, material):
    out = b""
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        text = rng.choice(material.identities)
        if rng.random() < 0.6:
            text = text.split(b"\n")[-2] + rng.choice([b"\n", b"\r\n", b"", b"\n\n"])
        out += text
    return mangler.text(out) if rng.random() < 0.6 else out


def words_case(rng, mangler, material):
    keys = [text.split(b"\n")[-2] for text in material.identities]
    out = b""
    for _ in range(rng.choice([1, 2, 3])):
        out += rng.choice(SPACES).encode() + rng.choice(keys + [b"# x", b"#", b"x"] if rng.random() < 0.3 else keys)
        out += rng.choice(SPACES).encode()
    return (mangler.text(out) if rng.random() < 0.3 else out).replace(b"\0", b"")


def enc_case(rng, mangler, material):
    text = material.encs[rng.choice(list(material.encs))]
    kind = rng.randrange(10)
    if kind == 0:
        return text
    if kind < 4:
        return mangler.text(text)
    begin, data, end = unpem(text)
    split = data.index(b"\n--- ") + 49
    if kind < 8:
        head = mangler.text(data[:split])
        data = (head if b"scrypt" not in head else data[:split]) + data[split:]
    else:
        data = data[:split] + mangler.bytes(data[split:])
    return pem(begin, data, end)


def split_case(rng, mangler, material):
    parts = ["a", "b c", " ", "  ", "\t", "\n", "\r", "'", '"', "\\", "#", "\\'", '\\"', "\\\\", "ä", "$x", "x#y", "''", '""', "\v", "op://x/y"]
    return "".join(rng.choice(parts) for _ in range(rng.randint(0, 14))).encode()


CASES = {"ssh": ssh_case, "lines": keyfile_case, "words": words_case, "enc": enc_case, "split": split_case}


def answers(program, cases, home):
    feed = b"".join(b"%s %d\n%s" % (kind.encode(), len(data), data) for kind, data in cases)
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run([program], input=feed, capture_output=True, env=env)
    if done.returncode != 0:
        sys.exit(f"age_peer: {program}: exit status {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout.decode().split("\n")[:-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", default="build/tools", help="folder of age_peer")
    parser.add_argument("--count", type=int, default=3000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--show", type=int, default=200, help="bytes of a failed case that are printed")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"age_peer: seed {seed}")
    rng = random.Random(seed)
    age, keygen = peers.find("age"), peers.find("age-keygen")
    if not age or not keygen:
        sys.exit("age_peer: no age of the pinned version at hand")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for sub in ("go", "home", "keys"):
            (folder / sub).mkdir()
        go = build_go(folder / "go")
        material = Material(folder / "keys", age, keygen)
        mangler = Mangler(rng)
        first = [("keep", material.identities[0] + material.identities[2]), ("keepssh", material.ssh["ed25519"]),
                 ("keepssh", material.ssh["rsa"]), ("file", material.encs["a"])]
        cases = first + [(kind, make(rng, mangler, material)) for kind, make in CASES.items() for _ in range(args.count)]
        ours = answers(pathlib.Path(args.tools).resolve() / "age_peer", cases, folder / "home")
        theirs = answers(go, cases, folder / "home")
    table = collections.Counter()
    failed = 0
    assert len(ours) == len(theirs) == len(cases)
    for (kind, data), our, their in zip(cases, ours, theirs):
        table[kind, their.split(" ")[0] if kind != "lines" else ("no" if their == "no" else "read")] += 1
        # age reads armor as a stream: what is wrong behind the header is not seen where nobody is meant by it.
        if our == "badarmor" and their in ("no", "nomatch"):
            continue
        if our != their:
            failed += 1
            if failed <= 20:
                print(f"FAILED {kind}: ours {our[:80]!r}, theirs {their[:80]!r}: {data[:args.show]!r}")
    for (kind, verdict), count in sorted(table.items()):
        print(f"  {kind:8}{verdict:14}{count:7}")
    print(f"age_peer: {len(cases)} cases, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
