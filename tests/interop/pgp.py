#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our OpenPGP (lib/keys/pgp_*.c) to gpg and to go-crypto, the library of sops. Keys are made on the spot.

- messages: random ones of gpg and of go-crypto, in all forms that either writes; we open each to the bytes that went in, and so do they
- damage:   messages changed in their armor or in their packets; what gpg refuses we refuse, what it opens without a complaint we open, but for
            armor with characters too many (differs_refuses_damaged_pgp_armor), and what a change has made of it that is not encrypted at all
            (differs_refuses_pgp_that_is_not_encrypted)
- keys:     secret keys changed in the same ways; what gpg imports without a complaint we take, and we open with it
- inflate:  compressed data, whole and changed, against Python's zlib

What only GnuPG is left with (bzip2, 3DES, text, signatures, EAX) is made too: there we say so and open nothing.
"""
import argparse
import base64
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from lib import peers  # noqa: E402
from lib.pgp_go import GoPeer  # noqa: E402

KEPT = peers.ROOT / "tests" / "data" / "pgp"
SAVED = peers.ROOT / "build" / "interop" / "pgp"
UNSUPPORTED = "no 3:"  # ERR_UNSUPPORTED
BROKEN = re.compile("malformed PGP (key|packet)")
ARMOR = "PGP armor (has (a )?malformed (base64|checksum)|ends with no END line|is cut short)"
GPG_KEYS = {"ecc": ("eddsa", "ed25519", "ecdh", "cv25519"), "rsa": ("rsa", "2048", "rsa", "3072")}
GO_KEYS = {"goecc": "cv25519", "gorsa": "rsa2048", "x25519": "x25519", "v6": "v6", "v6rsa": "v6rsa"}
# Of these a gpg of 2.2 that exits with 0 has still complained.
COMPLAINTS = re.compile(r"WARNING|invalid|malformed|unexpected|unknown|CRC|quoted|skipped|premature", re.I)


class Gpg:
    def __init__(self, home):
        self.home = home
        home.mkdir(mode=0o700)

    def run(self, *args, data=b"", home=None):
        argv = ["gpg", "--homedir", str(home or self.home), "--batch", "--yes", "--trust-model", "always", *map(str, args)]
        env = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(argv, input=data, capture_output=True, check=False, env=env)

    def need(self, *args, data=b""):
        done = self.run(*args, data=data)
        if done.returncode != 0:
            raise SystemExit(f"pgp: gpg {' '.join(map(str, args))}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def generate(self, name, kind, length, sub_kind, sub_length):
        size = "Curve" if kind == "eddsa" else "Length"
        self.need("--gen-key", data=(f"Key-Type: {kind}\nKey-{size}: {length}\nKey-Usage: cert\nSubkey-Type: {sub_kind}\nSubkey-{size}: {sub_length}\n"
                                     f"Name-Real: {name}\nName-Email: {name}@example.org\nExpire-Date: 0\n%no-protection\n%commit\n").encode())
        return self.need("--armor", "--export-secret-keys", f"={name} <{name}@example.org>")

    def close(self):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=False)


class Ours:
    def __init__(self, tool):
        self.process = subprocess.Popen([tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, kind, data=b""):
        self.process.stdin.write(b"%s %d\n%s" % (kind.encode(), len(data), data))
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode()
        if not line.endswith("\n"):
            raise SystemExit(f"pgp: our tool ended at '{kind}' with {data[:300]!r}")
        return line[:-1]


class Tally:
    def __init__(self):
        self.table = collections.Counter()
        self.passed = self.failed = 0

    def add(self, part, what, problem, data=b""):
        self.table[part, what] += 1
        if not problem:
            self.passed += 1
            return
        self.failed += 1
        if self.failed <= 20:
            SAVED.mkdir(parents=True, exist_ok=True)
            (SAVED / str(self.failed)).write_bytes(data)
            print(f"FAILED {part} {what}: {problem}: {SAVED / str(self.failed)}", flush=True)

    def print(self):
        for (part, what), count in sorted(self.table.items()):
            print(f"  {part:10}{what:44}{count:7}")


def plaintext(rng):
    kind = rng.randrange(10)
    if kind < 6:
        return rng.randbytes(32)
    if kind < 8:
        return rng.randbytes(rng.randint(1, 200))
    words = [rng.randbytes(rng.randint(1, 9)) for _ in range(20)]
    return b"".join(rng.choice(words) for _ in range(rng.randint(1, 2500)))


def gpg_message(rng, gpg, names, data):
    """A message, and the word that says whether it is left to GnuPG."""
    args, left = [], False
    for name in names:
        args += ["-R" if rng.random() < 0.2 else "-r", f"={name} <{name}@example.org>"]
    if rng.random() < 0.5:
        algo = rng.choice(["none", "zip", "zlib", "bzip2"])
        args += ["--compress-algo", algo]
        left |= algo == "bzip2"
    if rng.random() < 0.5:
        args += ["-z", rng.randint(1, 9)]
    if rng.random() < 0.5:
        cipher = rng.choice(["aes", "aes192", "aes256", "3des"])
        args += ["--cipher-algo", cipher]
        left |= cipher == "3des"
    if rng.random() < 0.1:
        args += ["--textmode"]
        left = True
    if rng.random() < 0.2:
        args += ["--comment", rng.choice(["x", "a: b", "'"])]
    if rng.random() < 0.8:
        args += ["--armor"]
    if rng.random() < 0.1:
        args += ["--set-filename", "some-name"]
    return gpg.need(*args, "--encrypt", data=data), left


def go_message(rng, go, keys, data):
    form = rng.choice(["mdc", "mdc", "v2", "aead"])
    mode = rng.choice([1, 2, 2, 3, 3]) if form == "v2" else 0
    request = {"form": form, "mode": mode, "cipher": rng.choice([7, 8, 9]), "chunk": 1 << rng.randint(6, 16), "compress": rng.choice([0, 0, 1, 2]),
               "hidden": rng.random() < 0.2, "text": rng.random() < 0.1, "wrap": rng.random() < 0.2}
    answer = go.need(op="encrypt", keys=keys, data=base64.b64encode(data).decode(), **request)
    return answer["message"].encode(), form, mode == 1 or request["text"]


def crc24(data):
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = (crc << 1) ^ (0x864CFB if crc & 0x800000 else 0)
        crc &= 0xFFFFFF
    return crc.to_bytes(3, "big")


def dearmor(text):
    body = text.replace(b"\r", b"").split(b"\n\n", 1)[1].split(b"\n-----", 1)[0].split(b"\n=")[0]
    return base64.b64decode(body)


def armor(data, label):
    text = base64.b64encode(data).decode()
    lines = "".join(text[at:at + 64] + "\n" for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n\n{lines}={base64.b64encode(crc24(data)).decode()}\n-----END {label}-----\n".encode()


def change_bytes(rng, data):
    for _ in range(rng.choice([1, 1, 1, 2])):
        at, kind = rng.randrange(len(data)), rng.randrange(7)
        if kind < 3:
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
        elif kind == 3:
            data = data[:at] + bytes([rng.choice([0, 1, 3, 18, 25, 0x40, 0x7f, 0x80, 0xff, rng.randrange(256)])]) + data[at + 1:]
        elif kind == 4:
            data = data[:at] + data[at + rng.randint(1, 8):]
        elif kind == 5:
            data = data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at:]
        else:
            data = data[:at] or b"\x80"
        data = data or b"\x80"
    return data


def change_head(rng, data):
    """Where it hurts: lengths, versions, algorithms at the head of packets."""
    limit = min(len(data), 24)
    at = rng.choice([rng.randrange(limit), len(data) - 1 - rng.randrange(min(len(data), 24))])
    return data[:at] + bytes([rng.choice([0, 1, 2, 3, 4, 6, 0x80, 0xc0, 0xff, data[at] ^ 1])]) + data[at + 1:]


def packets(data):
    """(tag, body) of each; None where one is in parts, has no end of its own or is cut short."""
    found, at = [], 0
    while at < len(data):
        head = data[at]
        if head & 0x40:
            tag, first = head & 0x3f, data[at + 1] if at + 1 < len(data) else 0
            if 224 <= first < 255:
                return None
            size, length = (1, first) if first < 192 else (2, (first - 192 << 8) + (data[at + 2:at + 3] or b"\0")[0] + 192) if first < 224 else (5, int.from_bytes(data[at + 2:at + 6], "big"))
        else:
            tag, kind = head >> 2 & 15, head & 3
            if kind == 3:
                return None
            size, length = 1 << kind, int.from_bytes(data[at + 1:at + 1 + (1 << kind)], "big")
        body = data[at + 1 + size:at + 1 + size + length]
        if len(body) < length:
            return None
        found.append((tag, body))
        at += 1 + size + length
    return found


def repack(rng, data):
    """The same packets with other heads: old and new format, lengths of all sizes, parts."""
    found = packets(data)
    if found is None:
        return data
    out = b""
    for tag, body in found:
        form = rng.randrange(4)
        if form == 0 and tag < 16:
            out += bytes([0x80 | tag << 2 | 2]) + len(body).to_bytes(4, "big") + body
        elif form == 1 and tag in (8, 9, 11, 18) and len(body) > 4:  # gpg 2.2 reads no AEAD packet in parts as small as these
            cut = 1 << rng.randint(0, len(body).bit_length() - 1)
            cut = cut if cut <= len(body) else 1
            rest = body[cut:]
            out += bytes([0xc0 | tag, 224 + cut.bit_length() - 1]) + body[:cut] + b"\xff" + len(rest).to_bytes(4, "big") + rest
        elif form == 2 and len(body) < 192:
            out += bytes([0xc0 | tag, len(body)]) + body
        else:
            out += bytes([0xc0 | tag, 0xff]) + len(body).to_bytes(4, "big") + body
        if rng.random() < 0.1:
            out += rng.choice([b"\xca\x03PGP", b"\xca\x00", b"\xd5\x02xx", b"\xfd\x01x"])
    return out


def change_text(rng, text):
    lines = text.split(b"\n")
    at, kind = rng.randrange(len(lines)), rng.randrange(9)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, rng.choice([b"", b" ", b"x: y", b"x", b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----", b"=AAAA", b"AAAA", b"- x", b"\t"]))
    elif kind == 2:
        lines[at] += rng.choice([b" ", b"\r", b"\t", b"=", b"A", b"-", b" x"])
    elif kind == 3:
        lines[at] = rng.choice([b" ", b"\t", b"A", b"-"]) + lines[at]
    elif kind == 4:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 5:
        return text.replace(b"\n", rng.choice([b"\r\n", b" \n", b"\n\n"]))
    elif kind == 6:
        return text[:rng.randrange(len(text))]
    elif kind == 7:
        return rng.choice([text + text, b"words\n" + text + b"words\n", text + b"\n\n" + text[:80], b"\n\n" + text])
    else:
        return change_bytes(rng, text)
    return b"\n".join(lines)


def mutant(rng, text, label):
    if text[:1] == b"-":
        kind = rng.randrange(10)
        if kind < 3:
            return change_text(rng, text), "armor"
        text = dearmor(text)
    kind = rng.randrange(10)
    data, name = (change_bytes(rng, text), "bytes") if kind < 4 else (change_head(rng, text), "heads") if kind < 8 else (repack(rng, text), "other heads")
    return (armor(data, label), name) if rng.random() < 0.7 else (data, name)


def gpg_opens(gpg, theirs, message, data):
    """Whether gpg 2.2 opens a message to the data. With several keys that could fit it exits with 2 where one that it tried does not
    (differs_opens_with_the_key_that_fits). With some RSA keys of go-crypto's libgcrypt 1.10 finds now and then that it is the wrong
    key, or "End of file", whatever the message: where its decryption with the key failed it is asked again."""
    for _ in range(6):
        text = theirs.stderr.decode(errors="replace")
        if theirs.stdout == data and (theirs.returncode == 0 or "decryption failed" not in text.replace("public key decryption failed", "")):
            return True
        if "Wrong secret key used" not in text and "public key decryption failed" not in text:
            break
        theirs = gpg.run("--decrypt", data=message)
    return False


def messages(args, rng, gpg, go, ours, keys, tally, pool):
    gpg_names = list(GPG_KEYS) + ["goecc", "gorsa"]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as threads:
        jobs = []
        for _ in range(args.count):
            data = plaintext(rng)
            names = rng.sample(gpg_names, rng.choice([1, 1, 1, 2]))
            jobs.append((data, threads.submit(gpg_message, random.Random(rng.random()), gpg, names, data)))
        for data, job in jobs:
            message, left = job.result()
            got = ours.ask("open", message)
            fine = got.startswith(UNSUPPORTED) if left else got == "opened " + data.hex()
            tally.add("messages", "gpg, left to it" if left else "gpg", "" if fine else f"we say {got[:100]}", message)
            if len(data) < 300:
                pool.append(message)
    for _ in range(args.count):
        data = plaintext(rng)
        names = rng.sample(list(keys), rng.choice([1, 1, 2]))
        message, form, left = go_message(rng, go, [keys[name] for name in names], data)
        got = ours.ask("open", message)
        fine = got.startswith(UNSUPPORTED) if left else got == "opened " + data.hex()
        tally.add("messages", f"go-crypto {form}" + (", left to gpg" if left else ""), "" if fine else f"we say {got[:100]}", message)
        again = go.ask(op="decrypt", keys=[keys[name] for name in names], message=message.decode())
        if not left and base64.b64decode(again.get("data", "")) != data:
            tally.add("messages", "go-crypto opens its own", again.get("error", "other bytes"), message)
        if form in ("mdc", "aead") and set(names) <= set(gpg_names) and rng.random() < 0.2:
            done = gpg.run("--decrypt", data=message)
            tally.add("messages", f"gpg opens go-crypto's {form}", "" if left or gpg_opens(gpg, done, message, data) else done.stderr.decode()[-200:], message)
            if len(data) < 300:
                pool.append(message)


BEFORE_DATA = (1, 3, 10, 12, 21, 61)  # session keys, and what says nothing: marker, trust, padding, comment


def known_difference(message):
    """What gpg reads and we refuse, though it is armored well."""
    for tag, body in packets(dearmor(message) if message[:1] == b"-" else message) or []:
        if tag == 0:
            return "differs_refuses_reserved_packets"
        if tag == 1 and body[9:10] == b"\x12" and body[12:13] != b"\x40":
            return "differs_needs_the_prefix_of_points"
        if tag in (9, 18, 20):
            break
        if tag not in BEFORE_DATA:
            return "differs_refuses_packets_out_of_place"
    return ""


def hidden_rsa_by_another_number(message):
    """differs_takes_hidden_rsa_by_any_number: version 3, no key id, algorithm 2 or 3."""
    try:
        found = packets(dearmor(message) if message[:1] == b"-" else message) or []
    except (IndexError, ValueError):  # armor that is damaged, too
        return False
    return any(tag == 1 and body[:9] == b"\3" + bytes(8) and body[9:10] in (b"\2", b"\3") for tag, body in found)


def damage(args, rng, gpg, ours, tally, pool):
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as threads:
        jobs = []
        for _ in range(args.damaged):
            message, kind = mutant(rng, rng.choice(pool), "PGP MESSAGE")
            jobs.append((message, kind, threads.submit(gpg.run, "--decrypt", data=message)))
        for message, kind, job in jobs:
            theirs, got = job.result(), ours.ask("open", message)
            text = theirs.stderr.decode(errors="replace")
            if got.startswith("opened "):
                same = gpg_opens(gpg, theirs, message, bytes.fromhex(got[7:]))
                # differs_needs_no_checksum_of_armor
                same |= "radix64 character 2D" in text
                same |= hidden_rsa_by_another_number(message)
                # differs_needs_nothing_behind_the_checksum
                same |= "malformed CRC" in text and message[-5:-4] == b"="
                # differs_opens_what_rfc_9580_has: versions of session keys that are not known are passed over
                same |= "with unknown version" in text
                # differs_opens_with_the_key_that_fits: at some damage gpg does not go on to the next
                same |= "public key decryption failed" in text and text.count("encrypted with") > 1
                problem = "" if same else f"we open it, gpg says {theirs.returncode} {text[-300:]}"
                word = "opened by both"
            elif theirs.returncode != 0 or theirs.stdout == b"":
                problem, word = "", "refused by both"
            elif got.startswith(UNSUPPORTED):
                problem, word = "", "left to gpg"
            elif "encrypted with" not in text:
                problem, word = "", "differs_refuses_pgp_that_is_not_encrypted"
            elif kind != "armor" and known_difference(message):
                problem, word = "", known_difference(message)
            elif kind == "armor" and re.search(ARMOR, got):
                problem, word = "", "differs_refuses_damaged_pgp_armor"
            elif COMPLAINTS.search(text):
                problem, word = "", "gpg complains, and opens"
            else:
                problem, word = f"gpg opens it, we say {got[:100]}; {text[-300:]}", "opened by gpg"
            tally.add("damage", f"{kind}, {word}", problem, message)


def import_verdict(gpg, text, base):
    """gpg --import into an empty home: exit status, number of secret keys, complaints."""
    with tempfile.TemporaryDirectory(dir=base) as name:
        done = gpg.run("--import", "--import-options", "keep-ownertrust", data=text, home=name)
        subprocess.run(["gpgconf", "--homedir", name, "--kill", "gpg-agent"], check=False)
        found = re.search(r"secret keys imported: (\d+)", done.stderr.decode(errors="replace"))
        return done.returncode, int(found.group(1)) if found else 0, done.stderr.decode(errors="replace")


def damaged_keys(args, rng, gpg, tool, folder, tally, keys):
    pool = [keys[name].encode() for name in ("ecc", "rsa", "goecc", "gorsa")]
    pool += [pool[0] + pool[1], dearmor(pool[0]), dearmor(pool[0]) + dearmor(pool[1])]
    ours = Ours(tool)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as threads:
        jobs = []
        for _ in range(args.keys):
            text, kind = mutant(rng, rng.choice(pool), "PGP PRIVATE KEY BLOCK")
            jobs.append((text, kind, threads.submit(import_verdict, gpg, text, folder)))
        for text, kind, job in jobs:
            status, count, said = job.result()
            ours.ask("forget")
            got = ours.ask("keys", text)
            known = (BROKEN.search(got) and "differs_refuses_broken_pgp_keys") or (kind == "armor" and "PGP armor" in got and "differs_refuses_damaged_pgp_armor")
            problem = f"gpg imports {count}, we say {got}; {said[-300:]}" if status == 0 and count and not COMPLAINTS.search(said) and got.startswith("no") and not known else ""
            word = "taken" if not got.startswith("no") else known or "refused"
            tally.add("keys", f"{kind}, {word}, gpg {'imports' if status == 0 and count else 'does not'}", problem, text)


def inflate(args, rng, ours, tally):
    for _ in range(args.inflate):
        data = plaintext(rng) if rng.random() < 0.9 else b""
        bare = rng.random() < 0.5
        packer = zlib.compressobj(rng.randint(0, 9), zlib.DEFLATED, -15 if bare else rng.randint(9, 15), rng.randint(1, 9), rng.randint(0, 4))
        packed = packer.compress(data)
        if rng.random() < 0.2:
            packed += packer.flush(rng.choice([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH]))
        packed += packer.flush()
        changed = rng.random() < 0.6
        if changed:
            packed = change_bytes(rng, packed)
        reader = zlib.decompressobj(-15 if bare else 15)
        try:
            want = reader.decompress(packed, 1 << 24)
            want = "opened " + want.hex() if reader.eof else "no"
        except zlib.error:
            want = "no"
        got = ours.ask("inflate", (b"\0" if bare else b"\1") + packed)
        tally.add("inflate", f"{'bare' if bare else 'zlib'}{', changed' if changed else ''}, {want.split(' ')[0]}", "" if got == want else f"we say {got[:100]}, zlib {want[:100]}", packed)


def new_keys(gpg, go):
    keys = {name: gpg.generate(name, *kinds).decode() for name, kinds in GPG_KEYS.items()}
    keys |= {name: go.need(op="key", kind=kind, name=name)["key"] for name, kind in GO_KEYS.items()}
    gpg.need("--import", data=(keys["goecc"] + keys["gorsa"]).encode())
    return keys


def kept_keys(gpg):
    """The keys of the tests' data, made by the same programs: with a seed the damage is done to the same bytes each time."""
    keys = {name: (KEPT / f"{name}.asc").read_text() for name in (*GPG_KEYS, *GO_KEYS)}
    for name in (*GPG_KEYS, "goecc", "gorsa"):
        gpg.need("--import", data=keys[name].encode())
    return keys


def kept_messages(gpg, ours):
    """Those that both open; none that is long."""
    messages = [path.read_bytes() for path in sorted(KEPT.glob("*.msg"))]
    return [text for text in messages if len(text) < 2000 and ours.ask("open", text).startswith("opened ") and gpg.run("--decrypt", data=text).returncode == 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", default="build/tools", help="folder of pgp_peer")
    parser.add_argument("--count", type=int, default=2000, help="messages of each side")
    parser.add_argument("--damaged", type=int, default=3000)
    parser.add_argument("--keys", type=int, default=500)
    parser.add_argument("--inflate", type=int, default=20000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"pgp: seed {seed}", flush=True)
    rng, tally, pool = random.Random(seed), Tally(), []
    tool = pathlib.Path(args.tools).resolve() / "pgp_peer"
    with tempfile.TemporaryDirectory(prefix="pgp") as name:
        folder = pathlib.Path(name)
        (folder / "go").mkdir()
        gpg, go, ours = Gpg(folder / "home"), GoPeer(folder / "go"), Ours(tool)
        print(f"pgp: {gpg.run('--version').stdout.decode().splitlines()[0]}, {go.version}", flush=True)
        keys = new_keys(gpg, go) if args.seed is None else kept_keys(gpg)
        for name, text in keys.items():
            got = ours.ask("keys", text.encode())
            tally.add("keys", "taken whole", "" if not got.startswith("no") else got, text.encode())
        messages(args, rng, gpg, go, ours, keys, tally, pool)
        if args.seed is not None:
            pool = kept_messages(gpg, ours)
        damage(args, rng, gpg, ours, tally, pool)
        damaged_keys(args, rng, gpg, tool, folder, tally, keys)
        inflate(args, rng, ours, tally)
        if tally.failed:
            (SAVED / "keys.asc").write_text("\n".join(keys.values()))
        go.close()
        gpg.close()
    tally.print()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
